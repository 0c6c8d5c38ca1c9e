"""The room where accelerator and instance names, as platforms and people spell them, become GPUs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from ecolint.catalog.tables import number, records, several
from ecolint.shaped import dataclass


@dataclass(frozen=True, slots=True)
class Gpu:
    """One accelerator: a row of gpus.csv. None means not verified. `evidence` is its key in measurements.csv."""

    name: str
    vendor: str
    architecture: str
    compute_capability: str
    vram_gb: float
    bandwidth_gbs: float | None
    native_fp8: bool | None
    native_bf16: bool | None
    evidence: str | None
    tdp_w: float | None = None
    max_power_w: float | None = None
    """The highest that its power limit can be set to."""

    @property
    def evidence_key(self) -> str:
        """What rows of measurements call the card: their own key for it, else its name here."""
        return self.evidence or self.name


@dataclass(frozen=True, slots=True)
class Instance:
    """A cloud instance type: a row of instances.csv. `gpu_count` is below 1 where a part of a GPU is rented."""

    provider: str
    name: str
    gpu: Gpu | None
    gpu_count: float
    vram_gb_per_gpu: float


PLATFORMS: Mapping[str, str] = {
    "gfd": "gpu_product_labels",
    "gke": "gke_accelerator",
    "ray": "ray_accelerator_type",
    "skypilot": "skypilot",
    "dstack": "dstack",
    "modal": "modal",
    "truss": "truss",
    "vertex": "vertex",
    "karpenter": "karpenter",
    "runpod": "runpod",
    "endpoints": "endpoints",
    "fly": "fly",
    "cerebrium": "cerebrium",
    "beam": "beam",
}
"""The platforms whose own spellings are known, and their column in gpus.csv.

Ray, SkyPilot, dstack, Modal, Truss, Vertex AI, GKE and Karpenter: as the rows' sources say. RunPod: runpod/docs at
0a0dd1bc, references/gpu-types.mdx, and docs.runpod.io/references/gpu-types for the newest. Hugging Face Endpoints:
hf-endpoints-documentation at 0735a8b4, docs/source/pricing.mdx (an `nvidia-a100` has 80 GB). Fly.io: superfly/docs at
012d16e5, gpus/. Cerebrium: its page "Using GPUs" (ADA_L40 is an L40S).
Beam: beam-cloud/beta9 at 09edbf0f, sdk/src/beta9/type.py.
"""

_PREFIXES = ("nvidia", "geforce", "tesla", "amd", "instinct", "intel", "google", "gpu")
_MEMORY = re.compile(r"[\s:_-](\d{2,3})\s?(?:gb?|gib)\b")
_BETWEEN = re.compile(r":(?:(\d{1,4})\s?gi?b?)?\.\.(?:(\d{1,4})\s?gi?b?)?$")
"""Memory from one size to another, either of which may be left open: "A100:40GB..", "L4:..48GB"."""
_TIMES = re.compile(r"(\d{1,3})\s?[x×]\s?(?=\w)")
_AGAIN = re.compile(r"[\s-]x\s?(\d{1,2})$")
_COUNT = re.compile(r"(?:^|:)(\d{1,3})$")
_COUNTS = re.compile(r"(?:^|:)(?:\d{1,3}\.\.(?:\d{1,3})?|\.\.\d{1,3})$")
_PART = re.compile(r":\d?\.\d+$")
_SHARED = re.compile(r"-shared$")
_BARE = re.compile(r"\d{4}(?:ti|d)?")
"""GeForce numbers as people say them: 4090, 2080ti."""
_MIG = re.compile(r"(?:^|[^a-z])mig(?:[^a-z]|$)")

_Index = Mapping[str, tuple[Gpu, ...]]


def requested(written: str) -> tuple[str, int | None]:
    """A request for GPUs as the card that it names (in lower case, maybe empty) and how many; None: from a range.

    "H100:8", "8x H100", "nvidia-h100 x8" and "A100:80GB:2" say how many; a card alone, or its memory, asks for one.
    A part of a card ("L4:0.5") is none that anybody could name.
    """
    text = written.strip().lower()
    if _PART.search(text):
        return "", None
    if before := _TIMES.match(text):
        return text[before.end() :], int(before[1])
    if many := _COUNTS.search(text):
        return text[: many.start()], None
    behind = _AGAIN.search(text) or _COUNT.search(text)
    return (text[: behind.start()], int(behind[1])) if behind else (text, 1)


def gpus(name: str, platform: str | None = None) -> tuple[Gpu, ...]:
    """Every GPU that `name` can mean, the platform's own spelling first; empty where it is unknown or a MIG slice.

    Case, spaces, dashes and underscores do not matter; how many are asked for, a `-SHARED` suffix and a vendor's name
    before the card are ignored, and a memory size behind it ("L4 24GB", "A100:40GB..80GB") must be the card's.
    """
    lowered = _SHARED.sub("", requested(name)[0])
    if _MIG.search(lowered):
        return ()
    key = _key(lowered)
    indexes = _indexes()
    order = [indexes[platform]] if platform and platform in indexes else []
    for index in (*order, indexes[""], indexes["any"]):
        found = index.get(key)
        if found:
            return found
    found = _general(key)
    if found:
        return found
    if between := _BETWEEN.search(lowered):
        least, most = float(between[1] or 0), float(between[2] or "inf")
        return tuple(card for card in _general(_key(lowered[: between.start()])) if least <= card.vram_gb <= most)
    memory = _MEMORY.search(lowered)
    if memory is None:
        return ()
    cards = _general(_key(_MEMORY.sub("", lowered)))
    return tuple(card for card in cards if card.vram_gb == float(memory[1]))


def gpu(name: str, platform: str | None = None) -> Gpu | None:
    """The GPU that `name` means, or None where it is unknown or its candidates differ in what matters.

    Candidates that agree on vendor, architecture and memory (H100 PCIe and SXM5) stand for the same choice to a reader:
    the SXM part is taken as the canonical one, else the first in file order.
    """
    return canonical(gpus(name, platform))


def canonical(candidates: Sequence[Gpu]) -> Gpu | None:
    """The one card that stands for candidates which agree on vendor, architecture and memory, else None."""
    if not candidates:
        return None
    if len({(card.vendor, card.architecture, card.vram_gb) for card in candidates}) > 1:
        return None
    return next((card for card in candidates if "SXM" in card.name), candidates[0])


def vendor(name: str) -> str | None:
    """Whose hardware a name means, also where the catalogue lacks the card ("AMD-Instinct-MI210"), else None."""
    candidates = gpus(name)
    if candidates:
        return candidates[0].vendor
    words = re.findall(r"[a-z]+", name.lower())
    return next((known for word in words if (known := _vendors().get(word))), None)


def instance(name: str) -> Instance | None:
    """The cloud instance type of this name ("g5.xlarge", "Standard_NC24ads_A100_v4", "a2-highgpu-1g"), else None.

    SageMaker's `ml.g6e.xlarge` is the machine that EC2 calls `g6e.xlarge`.
    """
    known = _instances()
    lowered = name.strip().lower()
    return known.get(lowered) or known.get(lowered.removeprefix("ml."))


@lru_cache(maxsize=1)
def all_gpus() -> tuple[Gpu, ...]:
    """Every GPU of the catalogue, in file order."""
    return tuple(_gpu(row) for row in records("gpus.csv"))


@lru_cache(maxsize=1)
def _vendors() -> Mapping[str, str]:
    return {row["word"]: row["vendor"] for row in records("vendors.csv")}


@lru_cache(maxsize=1)
def _instances() -> Mapping[str, Instance]:
    by_name = {card.name: card for card in all_gpus()}
    return {
        row["instance_type"].lower(): Instance(
            provider=row["provider"],
            name=row["instance_type"],
            gpu=by_name.get(row["gpu"]),
            gpu_count=float(row["gpu_count"]),
            vram_gb_per_gpu=float(row["vram_gb_per_gpu"]),
        )
        for row in records("instances.csv")
    }


@lru_cache(maxsize=1)
def _indexes() -> Mapping[str, _Index]:
    """Spelling → candidates: per platform, "" for catalogue names and general aliases, "any" for all platforms'."""
    built: dict[str, dict[str, list[Gpu]]] = {name: {} for name in (*PLATFORMS, "", "any")}
    for card, row in zip(all_gpus(), records("gpus.csv"), strict=True):
        for spelling in (card.name, *several(row["aliases"])):
            _add(built[""], spelling, card)
        for platform, column in PLATFORMS.items():
            for spelling in several(row[column]):
                _add(built[platform], spelling, card)
                _add(built["any"], spelling, card)
    return {name: {key: tuple(cards) for key, cards in index.items()} for name, index in built.items()}


def _general(key: str) -> tuple[Gpu, ...]:
    """Catalogue names and general aliases, with the vendor's names before the card or without them."""
    index = _indexes()[""]
    spellings = _shorter(key)
    if _BARE.fullmatch(spellings[-1]):
        spellings = (*spellings, f"rtx{spellings[-1]}")
    return next((cards for spelling in spellings if (cards := index.get(spelling))), ())


def _add(index: dict[str, list[Gpu]], spelling: str, card: Gpu) -> None:
    cards = index.setdefault(_key(spelling.lower()), [])
    if card not in cards:
        cards.append(card)


def _key(lowered: str) -> str:
    # "+" stays: Modal's "B200+" is another promise than "B200".
    return re.sub(r"[^a-z0-9+.]", "", lowered)


def _shorter(key: str) -> tuple[str, ...]:
    """The spelling itself, then without the vendor's names before the card."""
    spellings = [key]
    rest = key
    while prefix := next((word for word in _PREFIXES if rest.startswith(word)), None):
        rest = rest[len(prefix) :]
        spellings.append(rest)
    return tuple(spellings)


def _gpu(row: Mapping[str, str]) -> Gpu:
    return Gpu(
        name=row["gpu"],
        vendor=row["vendor"],
        architecture=row["architecture"],
        compute_capability=row["compute_capability"],
        vram_gb=float(row["vram_gb"]),
        bandwidth_gbs=number(row["memory_bandwidth_gbs"]),
        native_fp8=_yes(row["native_fp8"]),
        native_bf16=_yes(row["native_bf16"]),
        evidence=row["evidence"] or None,
        tdp_w=number(row["tdp_w"]),
        max_power_w=number(row["max_settable_power_w"]),
    )


def _yes(text: str) -> bool | None:
    return {"yes": True, "no": False}.get(text)
