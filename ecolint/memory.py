"""The room where memory is added up: what weights and KV cache take at least, and what the GPUs have at most, in GiB.

Nothing here overstates: what cannot be counted is left out of what is needed (activations, graphs, the scales of
quantized weights), and a card counts with its nominal size in GiB, which is more than a driver leaves (an L4 of 24 GB
has 22,888 MiB). Cards, lengths and shares that somebody may override are not taken for what runs: they are there to be
adapted to one another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ecolint import catalog
from ecolint.model import Fact

GIB = 2**30
NOTHING = Fact("absent")
DOUBT = Fact("unknown")

SPARE = 0.1
"""Part of the memory that a proposed length leaves free, for what is not counted. A convention."""
SHORTEST = 2048
"""Tokens below which no length is proposed: fewer hardly serve anybody."""

_PLAIN_CACHE = frozenset({"auto", "float16", "bfloat16", "half", "bf16", "fp16"})
_HALVED_CACHE = frozenset({"fp8", "fp8_e4m3", "fp8_e5m2", "fp8_e4m3fn", "fp8_inc", "int8"})


def add_up(facts: dict[str, Fact]) -> None:
    """Add what memory the deployment needs and has, where all that matters is known."""
    model = _known(facts, "model")
    entry = catalog.published(str(model.value)) if model is not None else None
    facts["model_context"] = _window(model, entry)
    facts["weights_gib"] = _weights(facts, entry)
    facts["kv_tokens"] = _tokens(facts, entry)
    facts["kv_cache_gib"] = _cache(facts, entry)
    weights, cache = facts["weights_gib"], facts["kv_cache_gib"]
    parts = [weights, cache] if cache.kind == "known" else [weights]
    facts["memory_needed_gib"] = _derived(sum(map(_float, parts)), parts) if weights.kind == "known" else weights
    facts["memory_available_gib"] = _available(facts, entry)
    facts["fitting_length"] = _fitting(facts, entry)


def _window(model: Fact | None, entry: catalog.Model | None) -> Fact:
    """The longest window that the model is known to have."""
    if model is None or entry is None or entry.max_context is None or not entry.context_holds:
        return DOUBT
    return Fact("known", entry.max_context, model.sources, "catalog", model.assured)


def _weights(facts: Mapping[str, Fact], entry: catalog.Model | None) -> Fact:
    """What the weights take at least: all parameters, at the least width of their format."""
    model, quantization = facts.get("model", NOTHING), facts.get("quantization", NOTHING)
    if entry is None or entry.total_b is None or quantization.kind == "unknown":
        return DOUBT
    parts = [model, quantization]
    if quantization.kind == "known" and quantization.value != "none":
        number_format = str(quantization.value)
    elif catalog.requantized(str(model.value)):
        return DOUBT
    elif entry.checkpoint is not None:
        number_format = entry.checkpoint
    else:
        # An unset or unknown format takes 16 bits at least.
        dtype = facts.get("dtype", NOTHING)
        number_format = "float32" if dtype.value == "float32" else "float16"
        parts.append(dtype)
    width = catalog.least_bytes(number_format)
    return DOUBT if width is None else _derived(entry.total_b * 1e9 * width / GIB, parts)


def _tokens(facts: Mapping[str, Fact], entry: catalog.Model | None) -> Fact:
    """How many tokens the engine keeps room for at least."""
    room = _known(facts, "kv_room")
    if room is None:
        return facts.get("kv_room", NOTHING)
    length = facts.get("context_length", NOTHING)
    if length.kind == "absent" and room.value == "window":
        certain = entry is not None and entry.context_holds in ("variants", "id")
        extended = facts.get("context_extended", NOTHING)
        if entry is None or not certain or entry.max_context is None or extended.value is not False:
            return DOUBT
        return Fact("known", entry.max_context, facts["model"].sources, "catalog", facts["model"].assured)
    overridable = not (length.assured and room.assured)
    if length.kind != "known" or overridable or not isinstance(length.value, int | float) or length.value <= 0:
        return DOUBT if length.kind != "absent" else NOTHING
    if room.value != "batch":
        return length
    batch = facts.get("batch_size", NOTHING)
    if batch.kind != "known" or not isinstance(batch.value, int | float):
        return batch
    return _derived(batch.value * length.value, [length, batch])


def _cache(facts: Mapping[str, Fact], entry: catalog.Model | None) -> Fact:
    """What the KV cache of these tokens takes; unknown where layers keep only a window of them."""
    tokens, bytes_each = facts["kv_tokens"], _bytes_per_token(facts, entry)
    if tokens.kind != "known" or bytes_each is None:
        return NOTHING if tokens.kind == "absent" else DOUBT
    return _derived(_float(tokens) * bytes_each / GIB, [tokens, facts.get("kv_cache_dtype", NOTHING), facts["model"]])


def _bytes_per_token(facts: Mapping[str, Fact], entry: catalog.Model | None) -> float | None:
    if entry is None or entry.windowed or entry.kv_bytes_per_token_fp16 is None:
        return None
    number_format = facts.get("kv_cache_dtype", NOTHING)
    if number_format.kind == "unknown":
        return None
    word = "auto" if number_format.kind == "absent" else str(number_format.value)
    if word in _PLAIN_CACHE:
        return entry.kv_bytes_per_token_fp16
    return entry.kv_bytes_per_token_fp16 / 2 if word in _HALVED_CACHE else None


def _available(facts: Mapping[str, Fact], entry: catalog.Model | None) -> Fact:
    """What the engine may take of the GPUs that one copy of the weights is spread over."""
    memory, uncounted = facts.get("gpu_memory_gb", NOTHING), facts.get("uncounted", NOTHING)
    share = facts.get("memory_share", NOTHING)
    cards = facts.get("sharding", NOTHING)
    if cards.kind == "absent":
        cards = facts.get("gpu_count", NOTHING)
    if memory.kind != "known" or cards.kind != "known" or share.kind == "unknown" or uncounted.kind != "absent":
        return DOUBT
    if not (memory.assured and cards.assured and share.assured):
        return DOUBT
    reserved = facts.get("reserved_gpus", NOTHING)
    if cards.how == "default" and reserved.kind == "known" and _float(reserved) > _float(cards):
        return DOUBT  # who reserves several GPUs and names no number hardly means one
    if facts.get("device", NOTHING).kind == "unknown":
        return DOUBT  # it may run on the CPU
    copies = facts.get("data_parallel", NOTHING)
    mixture = entry is None or entry.active_b != entry.total_b
    if copies.kind == "unknown" or (copies.kind == "known" and copies.value != 1 and mixture):
        return DOUBT  # copies may share the experts of a mixture among them
    part = 1.0 if share.kind == "absent" else _float(share)
    if not 0 < part <= 1 or _float(cards) <= 0:
        return DOUBT
    return _derived(_float(memory) * part * _float(cards), [memory, share, cards])


def _fitting(facts: Mapping[str, Fact], entry: catalog.Model | None) -> Fact:
    """The longest power of two of tokens that fits beside the weights and leaves some memory free."""
    available, weights, room = facts["memory_available_gib"], facts["weights_gib"], _known(facts, "kv_room")
    bytes_each = _bytes_per_token(facts, entry)
    parts = [available, weights]
    if room is None or room.value == "batch" or bytes_each is None or any(part.kind != "known" for part in parts):
        return NOTHING
    tokens = (_float(available) * (1 - SPARE) - _float(weights)) * GIB / bytes_each
    if tokens < SHORTEST:
        return NOTHING
    return _derived(1 << (int(tokens).bit_length() - 1), parts)


def _known(facts: Mapping[str, Fact], name: str) -> Fact | None:
    fact = facts.get(name, NOTHING)
    return fact if fact.kind == "known" else None


def _float(fact: Fact) -> float:
    return float(fact.value) if isinstance(fact.value, int | float) else 0.0


def _derived(value: float, parts: Iterable[Fact]) -> Fact:
    parts = list(parts)
    sources = tuple(dict.fromkeys(place for part in parts for place in part.sources))
    assured = all(part.assured for part in parts if part.kind == "known")
    return Fact("known", value, sources, "derived", assured)
