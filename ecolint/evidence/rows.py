"""The room where measured rows and printed claims are read, and each row is tied to the catalogue."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Literal

from ecolint import catalog
from ecolint.dataset import SOURCES
from ecolint.shaped import dataclass
from ecolint.speech import Said, joined, quote, say

FOLDER = Path(__file__).parent

Status = Literal["absolute", "ratio-only", "rejected"]

STATUSES: tuple[Status, ...] = ("absolute", "ratio-only", "rejected")


@dataclass(frozen=True, slots=True)
class Row:
    """One measured row. Energy is gross NVML board energy in joules per 1,000 generated tokens.

    `model` is the catalogue's model and `size_b` its active parameters; `architecture` is the catalogue's. `record` is
    the row as shipped, column → text. `file` is the user's file that it stands in, None where it is shipped.
    """

    row_id: str
    source: str
    session: str
    gpu: str
    gpu_name: str
    architecture: str
    bandwidth_gbs: float | None
    model: str
    size_b: float
    precision: str
    batch: int
    energy: float | None
    baseline: str | None
    ratio: float | None
    status: Status
    reason: str
    record: Mapping[str, str]
    file: str | None = None

    @property
    def usable(self) -> bool:
        """False for rejected rows, which nothing is ever computed from."""
        return self.status != "rejected"


@dataclass(frozen=True, slots=True)
class Claim:
    """A headline that a source prints. `quotable` is False where the rows show it to be false or misread.

    `low` and `high` are its range in percent, where it prints one, of what `takes` uses against what `against` does:
    precisions, batch sizes, "quantized" or "batched"; both empty where it compares neither. `disputed` where it prints
    no range and its note says what the rows show instead.
    """

    claim_id: str
    source: str
    pattern: str
    scope: str
    text: str
    note: str
    quotable: bool
    low: float | None = None
    high: float | None = None
    takes: str = ""
    against: str = ""
    disputed: bool = False

    @property
    def sentence(self) -> str:
        """The claim as it is quoted."""
        return f"{self.pattern}, {self.scope}: {self.text}"


@lru_cache(maxsize=1)
def rows() -> tuple[Row, ...]:
    """Every shipped row, rejected ones included, in file order."""
    return tuple(row(record) for record in _records("measurements.csv"))


@lru_cache(maxsize=1)
def claims() -> Mapping[str, Claim]:
    """Every shipped claim by its id. Claims are quoted, never computed with."""
    return {
        record["claim_id"]: Claim(
            claim_id=record["claim_id"],
            source=record["source"],
            pattern=record["pattern"],
            scope=record["scope"],
            text=record["text"],
            note=record["note"],
            quotable=record["quotable"] != "no",
            low=float(record["low_pct"]) if record["low_pct"] else None,
            high=float(record["high_pct"]) if record["high_pct"] else None,
            takes=record["takes"],
            against=record["against"],
            disputed=record["disputed"] == "yes",
        )
        for record in _records("claims.csv")
    }


def row(record: Mapping[str, str]) -> Row:
    """A row of the measurements' schema. ValueError names a GPU or model that the catalogue does not hold."""
    cards = cards_of(record["gpu"])
    known = catalog.model(record["model"])
    if not cards:
        raise ValueError(f"{record['row_id']}: no GPU in the catalogue has the evidence key {record['gpu']!r}")
    if known is None or known.active_b is None:
        raise ValueError(f"{record['row_id']}: the catalogue has no size for the model {record['model']!r}")
    card = cards[0]
    status = next((each for each in STATUSES if each == record["status"]), None)
    if status is None:
        raise ValueError(f"{record['row_id']}: status {record['status']!r} is not one of {', '.join(STATUSES)}")
    return Row(
        row_id=record["row_id"],
        source=record["source"],
        session=record["session"],
        gpu=record["gpu"],
        gpu_name=card.name if len(cards) == 1 else record["gpu"].upper(),
        architecture=card.architecture,
        bandwidth_gbs=card.bandwidth_gbs,
        model=known.name,
        size_b=known.active_b,
        precision=record["precision"],
        batch=int(record["batch_size"]),
        energy=float(record["energy_j_per_1k_tokens"]) if record["energy_j_per_1k_tokens"] else None,
        baseline=record["baseline_row_id"] or None,
        ratio=float(record["ratio_vs_fp16"]) if record["ratio_vs_fp16"] else None,
        status=status,
        reason=record["reason"],
        record=record,
    )


def describe_row(row_id: str) -> Said:
    """One line about a row: "A2-01: RTX 5090, Qwen2-1.5B, fp16, batch 1: 2411 J/1k tokens (EcoCompute skill v2.5.0)".

    KeyError where there is no such row. A rejected row is described with its reason and without its figures.
    """
    return describe(_by_id()[row_id])


def describe(found: Row) -> Said:
    """One line about a row, shipped or the user's own."""
    batch = say("batch {batch}", batch=found.batch)
    what = joined([f"{found.row_id}: {found.gpu_name}", found.record["model"], found.precision, batch])
    source = SOURCES.get(found.source, found.source)
    if not found.usable:
        return say("{what}: rejected, {reason} ({source})", what=what, reason=quote(found.reason), source=source)
    figures: list[Said] = []
    if found.energy is not None and found.status == "absolute":
        figures.append(say("{energy:.0f} J/1k tokens", energy=found.energy))
    if found.ratio is not None:
        figures.append(say("{ratio:.2f} times FP16", ratio=found.ratio))
    told = joined(figures) if figures else say("no usable figure of its own")
    return say("{what}: {figures} ({source})", what=what, figures=told, source=source)


@lru_cache(maxsize=1)
def _by_id() -> Mapping[str, Row]:
    return {each.row_id: each for each in rows()}


def cards_of(gpu: str) -> tuple[catalog.Gpu, ...]:
    """The cards that a row's `gpu` stands for: by their evidence key, else by a name that means one card."""
    found = _cards().get(gpu)
    if found is not None:
        return found
    card = catalog.gpu(gpu) if gpu else None
    if card is None:
        return ()
    return _cards()[card.evidence] if card.evidence else (card,)


@lru_cache(maxsize=1)
def _cards() -> Mapping[str, tuple[catalog.Gpu, ...]]:
    """Cards by evidence key. A key may stand for several (A800): the record leaves open whether it was PCIe or SXM."""
    found: dict[str, tuple[catalog.Gpu, ...]] = {}
    for card in catalog.all_gpus():
        if card.evidence:
            found[card.evidence] = (*found.get(card.evidence, ()), card)
    return found


def _records(name: str) -> Iterator[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
