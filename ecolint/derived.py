"""Facts that follow from others, from the catalogue and from what the user's settings say of every deployment."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import field, replace
from typing import Any, TypeVar, cast

from ecolint import catalog, memory
from ecolint.meaning import DOUBT, NOTHING
from ecolint.model import Fact, How, Scalar
from ecolint.shaped import dataclass
from ecolint.stacks.vocabulary import Vocabulary

CONTAINERS = frozenset({"compressed-tensors", "modelopt", "modelopt_mixed", "quark", "inc", "auto-round"})
"""Formats that say no more than which library saved the weights; in what, their own folder or name tells."""
SIXTEEN_BIT = {"float16": "fp16", "bfloat16": "bf16", "float32": "fp32"}

Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the user's settings and the project say about every deployment of a file."""

    vocabularies: tuple[Vocabulary, ...] = ()
    gpu: str | None = None
    context: str | None = None
    versions: Mapping[str, str] | None = None
    saved: Callable[[str], Mapping[str, Fact]] | None = None
    """What a folder of the project says of the weights in it, by the model's name as it is written."""
    _known: dict[tuple[int, Hashable], tuple[object, Any]] = field(default_factory=dict, compare=False, repr=False)

    def once(self, about: object, what: Hashable, make: Callable[[], Made]) -> Made:
        """What is worked out about one object, this very one, under these circumstances: made once."""
        key = (id(about), what)
        if key not in self._known:
            self._known[key] = about, make()  # the object is kept, so that no other one gets its id
        return cast(Made, self._known[key][1])


def derive(facts: Mapping[str, Fact], circumstances: Circumstances) -> dict[str, Fact]:
    """Add what follows from the catalogue and the user's settings: size, GPU memory, precision, context."""
    found = dict(facts)
    if circumstances.gpu is not None and found.get("gpu", NOTHING).kind != "known":
        found["gpu"] = Fact("known", circumstances.gpu, how="setting")
    if circumstances.context is not None:
        found["context"] = Fact("known", circumstances.context, how="setting")
    model = found.get("model", NOTHING)
    saved = circumstances.saved(str(model.value)) if circumstances.saved and model.kind == "known" else {}
    _derive_format(found, saved)
    _derive_size(found, saved)
    _derive_gpu(found)
    found["precision"] = precision(found)
    memory.add_up(found)
    return found


def _derive_format(facts: dict[str, Fact], saved: Mapping[str, Fact]) -> None:
    """What the weights were saved in, where nothing that is written asks for something else.

    What a folder of the project says of itself goes before a repository's name, which is no more than a hint. Neither
    is ever assured: a folder is found by guessing where a program starts.
    """
    model, quantization = facts.get("model", NOTHING), facts.get("quantization", NOTHING)
    if model.kind != "known":
        return
    dtype = facts.get("dtype", NOTHING)
    if dtype.kind == "absent" or dtype.value == "auto":
        told = saved.get("dtype", NOTHING)
        if told.value in ("float16", "bfloat16"):  # what engines make of float32 is their own choice
            facts["dtype"] = _brought(told, model)
    contained = quantization.value in CONTAINERS
    if not (unsaid(quantization) or contained):
        return
    brought = _brought_by(saved, model) if saved else _named(model)
    if not brought or (contained and brought["quantization"].kind != "known"):
        return
    for name, fact in brought.items():
        if name == "quantization" or facts.get(name, NOTHING).kind != "known":
            sure = fact.assured and quantization.kind != "unknown"
            facts[name] = replace(fact, sources=(*quantization.sources, *fact.sources), assured=sure)
    if dtype.value == "float32" and dtype.how == "default" and not dtype.sources:
        facts["dtype"] = DOUBT  # they come with a number format of their own


def _brought_by(saved: Mapping[str, Fact], model: Fact) -> dict[str, Fact]:
    """What a folder says of weights that are quantized."""
    if saved.get("quantization", NOTHING).value == "none":
        return {}
    names = ("quantization", "backend", "int8_threshold", "compute_dtype")
    return {name: _brought(saved[name], model) for name in names if saved.get(name, NOTHING).kind != "absent"}


def _brought(told: Fact, model: Fact) -> Fact:
    return replace(told, sources=(*model.sources, *told.sources), how="checkpoint", assured=False)


def _named(model: Fact) -> dict[str, Fact]:
    """What a name, or the catalogue, says of the format of the weights."""
    told = catalog.checkpoint(str(model.value))
    if told is None:
        return {}
    how: How = "catalog" if told.catalogued else "name"
    sure = model.assured and told.catalogued
    values = {"quantization": told.quantization, "backend": told.backend, "int8_threshold": told.int8_threshold}
    found = {name: Fact("known", one, model.sources, how, sure) for name, one in values.items() if one is not None}
    return {"quantization": DOUBT, **found}


def unsaid(quantization: Fact) -> bool:
    """Whether nothing that is seen to be written says how the weights are quantized."""
    if quantization.kind == "unknown":
        return True  # whatever is written where nobody can see it, the weights stay as they were saved
    none = quantization.kind == "absent" or (quantization.value == "none" and quantization.how == "default")
    return none and not quantization.sources


def _derive_size(facts: dict[str, Fact], saved: Mapping[str, Fact]) -> None:
    """The size by the model's name; else by the shape, or the origin, that its own folder tells of."""
    model, shaped = facts.get("model", NOTHING), facts.get("params_b", NOTHING)
    entry = catalog.model(str(model.value)) if model.kind == "known" else None
    if entry is None and saved:
        origin, shaped = saved.get("model", NOTHING), saved.get("params_b", NOTHING)
        entry = catalog.model(str(origin.value)) if origin.kind == "known" else None
    if shaped.kind == "known" and (entry is None or saved or entry.how == "name"):
        size = replace(shaped, sources=(*model.sources, *shaped.sources), how="derived", assured=False)
        facts["params_b"] = facts["active_params_b"] = size
        return
    if entry is None and model.kind != "known":
        facts["params_b"] = facts["active_params_b"] = replace(model, value=None)
        return
    for name, billions in (
        ("params_b", entry.total_b if entry else None),
        ("active_params_b", entry.active_b if entry else None),
    ):
        if billions is None or entry is None:
            facts[name] = replace(DOUBT, sources=model.sources)
        else:
            sure = model.assured and entry.how == "catalog" and not saved
            facts[name] = Fact("known", billions, model.sources, "catalog" if entry.how == "catalog" else "name", sure)


def _derive_gpu(facts: dict[str, Fact]) -> None:
    gpu = facts.get("gpu", NOTHING)
    if gpu.kind != "known":
        return
    entry = catalog.gpu(str(gpu.value))
    if entry is None:
        return
    facts["gpu"] = replace(gpu, value=entry.name)
    # Who gets a slice of a card, or takes turns on it, does not have its memory.
    whole = facts.get("gpu_share", NOTHING).kind == "absent"
    facts["gpu_memory_gb"] = replace(gpu, value=entry.vram_gb, how="catalog") if whole else DOUBT
    facts["architecture"] = replace(gpu, value=entry.architecture, how="catalog")


def precision(facts: Mapping[str, Fact]) -> Fact:
    """The evidence key of a deployment's number formats."""
    quantization = facts.get("quantization", NOTHING)
    if quantization.kind == "unknown":
        return DOUBT
    kind = quantization.value if quantization.kind == "known" else "none"
    parts = [quantization]
    if kind == "int8" and facts.get("backend", NOTHING).value == "bitsandbytes":
        threshold = facts.get("int8_threshold", NOTHING)
        if threshold.kind != "known":
            return DOUBT
        parts.append(threshold)
        key: Scalar = "int8_pure" if threshold.value == 0 else "int8_default"
    elif kind == "fp8" and facts.get("backend", NOTHING).value == "torchao":
        parts.append(facts.get("execution", NOTHING))
        if parts[-1].kind == "unknown":
            return DOUBT
        key = "fp8_eager" if parts[-1].value == "eager" else "fp8"
    elif kind == "none":
        dtype = facts.get("dtype", NOTHING)
        parts.append(dtype)
        if dtype.kind != "known" or dtype.value not in SIXTEEN_BIT:
            # "auto" and an unset dtype take what the checkpoint holds, which is not in the linted file.
            return DOUBT
        key = SIXTEEN_BIT[str(dtype.value)]
    else:
        key = kind
    sources = tuple(dict.fromkeys(p for part in parts for p in part.sources))
    return Fact("known", key, sources, "derived", all(part.assured for part in parts))
