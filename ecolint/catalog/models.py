"""The room where model names and paths, as people write them, become sizes and shapes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Literal

from ecolint.catalog.tables import number, records, several, whole
from ecolint.shaped import dataclass


@dataclass(frozen=True, slots=True)
class Model:
    """A model's size (billions of parameters) and shape.

    `how` says how it is known: "catalog" by its id, a variant of the same organisation or a name without any; "alias"
    by a catalogued name under another organisation or with another version, so that the weights may be somebody's own
    (mirrors included); "name" by the size that its name states.
    None means not verified. `active_b` is what one token uses of a mixture of experts, else the total.
    """

    name: str
    total_b: float | None
    active_b: float | None
    layers: int | None = None
    hidden_size: int | None = None
    heads: int | None = None
    kv_heads: int | None = None
    head_dim: int | None = None
    max_context: int | None = None
    kv_bytes_per_token_fp16: float | None = None
    """An upper bound where attention is windowed."""
    checkpoint: str | None = None
    """The number format of the published weights where that is no plain one: fp8, mxfp4, int4."""
    windowed: bool = False
    """Some layers keep only a window of the sequence in their KV cache."""
    context_holds: Literal["variants", "id", "bound", ""] = ""
    """What `max_context` is: the window in the published configuration of this model and of its variants, of this very
    id (no variant has a longer one), an upper bound of it, or not verified as any of them."""
    how: Literal["catalog", "alias", "name"] = "catalog"


@dataclass(frozen=True, slots=True)
class Size:
    """Sizes read from a name, in billions of parameters; None where the name does not say."""

    total_b: float | None
    active_b: float | None


_TAIL = re.compile(
    r"[-.](?:instruct|chat|it|hf|base|gptq|awq|gguf|ggml|bnb|unsloth|quantized|dynamic|[48]bit|int[48]|fp8|fp16|bf16|f16|f32|nf4"
    r"|w[48]a(?:8|16)|\d{2,3}g|q\d(?:-\w)*|bin|pt|safetensors)$"
)
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
_VERSION = re.compile(r"-(?:v\d+\.\d+|2[45]\d\d)$")
_SIZED = re.compile(r"\d[bm](?:\d|-|$)")
_HEX = re.compile(r"[0-9a-f]{7,}")

_EDGE = r"(?<![a-z0-9.])"
_EXPERTS = re.compile(_EDGE + r"(\d+)x(\d+(?:\.\d+)?)b(?![a-z0-9])")
_ACTIVE = re.compile(_EDGE + r"a(\d+(?:\.\d+)?)b(?![a-z0-9])")
_PER_EXPERT = re.compile(_EDGE + r"(\d+)b-\d+e(?![a-z0-9])")
_BILLIONS = re.compile(_EDGE + r"(\d+(?:\.\d+)?|(?<=-)\d_\d)b(?![a-z0-9])")
_BLOOM_STYLE = re.compile(_EDGE + r"(\d+)b(\d)(?![a-z0-9])")
_ATTACHED = re.compile(r"(?<![a-z])[a-z]{4,}(\d+)b(?![a-z0-9])")
_MILLIONS = re.compile(_EDGE + r"(\d{2,4})m(?![a-z0-9])")


@lru_cache(maxsize=1024)
def model(name: str) -> Model | None:
    """The model that a hub id, bare name, alias, file name or local path means, else None.

    In this order: a catalogue id; a catalogue name under any organisation or folder, without regard to case and to
    suffixes that change no parameter (-Instruct, -chat-hf, -GPTQ, a version whose shape is the same); a size that the
    name states ("1.5B", "135M", "30B-A3B", "8x7B": at most the product); otherwise nothing.
    """
    text = name.strip().strip("/")
    if not text or "\n" in text or len(text) > 500:
        return None
    known = _catalogued(text, _owner(name.strip()))
    if known is not None:
        return known if known.total_b is not None else _with_size_of_name(known, text)
    for part in _parts(text):
        size = size_in_name(part)
        if size is not None:
            return Model(part, size.total_b, size.active_b, how="name")
    return None


def published(name: str) -> Model | None:
    """The model whose own repository on the hub this is: no path, no mirror, no name without an organisation."""
    found = model(name) if _HUB_ID.fullmatch(name) else None
    return found if found is not None and found.how == "catalog" else None


def named(name: str) -> tuple[str, ...]:
    """What of a hub id or path can name the model, last first, in lower case and with dashes for other separators."""
    return tuple(_key(part) for part in _parts(name.strip().strip("/")))


def size_in_name(name: str) -> Size | None:
    """The sizes that a name states, or None where it states none or several that differ."""
    text = name.lower()
    experts = {float(n) * float(each) for n, each in _EXPERTS.findall(text)}
    if experts:
        return _of_experts(text, experts)
    active = {float(each) for each in _ACTIVE.findall(text)}
    per_expert = {float(each) for each in _PER_EXPERT.findall(text)}
    if per_expert:
        return Size(None, per_expert.pop()) if len(per_expert) == 1 else None
    totals = {float(each.replace("_", ".")) for each in _BILLIONS.findall(text)}
    totals |= {float(f"{whole_part}.{tenth}") for whole_part, tenth in _BLOOM_STYLE.findall(text)}
    if not totals:
        totals = {float(each) for each in _ATTACHED.findall(text)}
    if not totals and not active:
        totals = {float(each) / 1000 for each in _MILLIONS.findall(text)}
    totals = {total for total in totals if 0.01 <= total <= 3000}
    if len(totals) > 1 or len(active) > 1:
        return None
    total = next(iter(totals), None)
    if active:
        return Size(total, next(iter(active)))
    return None if total is None else Size(total, total)


@lru_cache(maxsize=1)
def all_models() -> tuple[Model, ...]:
    """Every model of the catalogue, in file order."""
    return tuple(_model(row) for row in records("models.csv"))


def _of_experts(text: str, products: set[float]) -> Size | None:
    """Experts share their attention layers, so "8x7B" is less than 56; the catalogue knows the families it holds."""
    if len(products) > 1:
        return None
    token = _EXPERTS.search(text)
    for known in all_models():
        bare = known.name.lower().split("/")[-1]
        if token and token[0] in bare and bare.split("-")[0] in text:
            return Size(known.total_b, known.active_b)
    return Size(products.pop(), None)


def _with_size_of_name(known: Model, text: str) -> Model:
    """A catalogued shape whose total was never verified: the name's own size, marked as such."""
    size = size_in_name(text.split("/")[-1])
    if size is None:
        return known
    return replace(known, total_b=size.total_b, active_b=size.active_b, how="name")


def _catalogued(text: str, owner: str | None) -> Model | None:
    exact, bare, bases = _indexes()
    if found := exact.get(text.lower()):
        return found
    foreign = "/" in text or "\\" in text
    for part in _parts(text):
        key = _key(part)
        # A short plain word in a path ("bloom") may be anything; a size or a version makes it unmistakable.
        if foreign and not re.search(r"\d", key):
            continue
        if found := bare.get(key):
            return _owned(found, owner, as_named=True)
        base = _base(key)
        candidates = bases.get(base, ()) if _SIZED.search(base) or not foreign else ()
        if candidates and _same_shape(candidates):
            one = candidates[0]
            contexts = {each.max_context for each in candidates}
            plain = _without_tails(key)
            same_version = any(_without_tails(_key(each.name.split("/")[-1])) == plain for each in candidates)
            keeps_context = same_version and len(contexts) == 1
            one = replace(_as_variant(one, keeps_context), windowed=any(each.windowed for each in candidates))
            return _owned(one, owner, as_named=same_version or plain == base)
    return None


def _as_variant(known: Model, keeps_context: bool) -> Model:
    """A row for a name that is not quite its own: a window that holds for the row's id is a bound for its variants."""
    if not keeps_context:
        return replace(known, max_context=None, context_holds="")
    return replace(known, context_holds="bound") if known.context_holds == "id" else known


def _owned(known: Model, owner: str | None, as_named: bool) -> Model:
    """The model as an alias where another organisation offers it, or nobody says who and the name is not quite its."""
    official = as_named if owner is None else owner == known.name.split("/")[0].lower()
    return known if official else replace(known, how="alias")


def _owner(text: str) -> str | None:
    """The organisation that a hub id or a hub's cache folder names, in lower case; None for bare names and paths."""
    parts = [part for part in re.split(r"[/\\]", text) if part]
    cached = next((part for part in parts if part.startswith("models--")), None)
    if cached is not None:
        return cached.split("--")[1].lower()
    return parts[0].lower() if len(parts) == 2 and not _is_local(text) else None


def _is_local(text: str) -> bool:
    return text.startswith(("/", ".", "~")) or "\\" in text


def _parts(text: str) -> tuple[str, ...]:
    """The parts of an id or path that can name the model, last first; revision hashes are no names."""
    parts = [part for part in re.split(r"[/\\]", text) if part not in ("", ".", "..", "~")]
    names: list[str] = []
    for part in reversed(parts):
        if _HEX.fullmatch(part.lower()) or part in ("snapshots", "main"):
            continue
        names.append(part.split("--")[-1] if part.startswith("models--") else part)
    local = _is_local(text) or len(parts) > 2
    return tuple(names[:4]) if local else tuple(names[:1])


def _key(name: str) -> str:
    """A spelling without case and separators' whims: `Llama2_7B`, `llama-2:7b` and `Llama-2-7b` are one."""
    text = re.sub(r"[_:\s]", "-", name.lower())
    return re.sub(r"^([a-z]+)-(?=\d)", r"\1", text.removeprefix("meta-"))


def _without_tails(key: str) -> str:
    while (shorter := _TAIL.sub("", key)) != key:
        key = shorter
    return key


def _base(key: str) -> str:
    """A key without suffixes that change no parameter; a version goes only where a size is left to go by."""
    while True:
        shorter = _without_tails(key)
        versionless = _VERSION.sub("", shorter)
        if versionless != shorter and _SIZED.search(versionless):
            shorter = versionless
        if shorter == key:
            return key
        key = shorter


@lru_cache(maxsize=1)
def _indexes() -> tuple[Mapping[str, Model], Mapping[str, Model], Mapping[str, tuple[Model, ...]]]:
    """Catalogue ids; bare names and aliases; base names with every model that shares them."""
    exact: dict[str, Model] = {}
    bare: dict[str, Model] = {}
    bases: dict[str, list[Model]] = {}
    for known, row in zip(all_models(), records("models.csv"), strict=True):
        exact[known.name.lower()] = known
        for spelling in (known.name.split("/")[-1], *several(row["aliases"])):
            key = _key(spelling)
            bare.setdefault(key, known)
            same = bases.setdefault(_base(key), [])
            if known not in same:
                same.append(known)
    return exact, bare, {base: tuple(same) for base, same in bases.items()}


def _same_shape(candidates: Iterable[Model]) -> bool:
    """True where models differ in nothing but a vocabulary's rounding: equal shape, totals within one per cent."""
    listed = list(candidates)
    first = listed[0]
    return all(
        (each.layers, each.hidden_size, each.kv_heads) == (first.layers, first.hidden_size, first.kv_heads)
        and (
            each.total_b == first.total_b
            or (each.total_b is not None and first.total_b is not None and abs(each.total_b / first.total_b - 1) < 0.01)
        )
        for each in listed[1:]
    )


def _model(row: Mapping[str, str]) -> Model:
    total, active = number(row["total_params"]), number(row["active_params"])
    return Model(
        name=row["model"],
        total_b=None if total is None else total / 1e9,
        active_b=None if active is None else active / 1e9,
        layers=whole(row["layers"]),
        hidden_size=whole(row["hidden_size"]),
        heads=whole(row["num_heads"]),
        kv_heads=whole(row["num_kv_heads"]),
        head_dim=whole(row["head_dim"]),
        max_context=whole(row["max_context"]),
        kv_bytes_per_token_fp16=number(row["kv_bytes_per_token_fp16"]),
        checkpoint=row["checkpoint"] or None,
        windowed=row["attention"] == "windowed",
        context_holds=_holds(row["context_holds"]),
    )


def _holds(text: str) -> Literal["variants", "id", "bound", ""]:
    match text:
        case "variants" | "id" | "bound":
            return text
    return ""
