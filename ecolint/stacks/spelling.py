"""How values are spelled: from what a file says to the value of a key, and back to what a file should say."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Mapping, Sequence

from ecolint import catalog
from ecolint.model import Data, Entry, Items, Scalar, Symbol, Table, Template, Written

DTYPES: Mapping[str, str] = {
    "float16": "float16",
    "half": "float16",
    "fp16": "float16",
    "bfloat16": "bfloat16",
    "bf16": "bfloat16",
    "float32": "float32",
    "float": "float32",
    "fp32": "float32",
    "auto": "auto",
}
"""Spellings of number formats, after the library prefix is dropped (torch.half is torch.float16)."""

DECIMAL = {"k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
BINARY = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
"""What the letter behind a number multiplies it with."""

TRUE = frozenset({"true", "1", "yes", "on", "t", "y"})
FALSE = frozenset({"false", "0", "no", "off", "f", "n"})


HUBS = {"hf": True, "ollama": False}
"""Schemes of addresses that name a model of a hub, and whether a revision stands behind a colon."""


class Unreadable(Exception):
    """The data is known but is no value of this type: the key is then unknown."""


def _bool(data: Data) -> Scalar:
    if isinstance(data, bool):
        return data
    if data in (0, 1):
        return bool(data)
    if isinstance(data, str):
        word = data.strip().lower()
        if word in TRUE:
            return True
        if word in FALSE:
            return False
    raise Unreadable


def _flag(data: Data) -> Scalar:
    """A flag whose presence counts: written without a value, or with an empty one, it is on."""
    return True if data in (None, "") else _bool(data)


def _int(data: Data) -> Scalar:
    if isinstance(data, bool) or not isinstance(data, (int, float, str)):
        raise Unreadable
    if isinstance(data, str):
        match = re.fullmatch(r"\s*(-?\d+)(?:(\.\d+)?([kmgt])|([KMGT]?))\s*", data)
        if not match:
            raise Unreadable
        if match[3]:  # decimal, as fractions may only be
            return round(float(match[1] + (match[2] or "")) * DECIMAL[match[3]])
        return int(match[1]) * BINARY[match[4]]
    if not math.isfinite(data) or data != int(data):
        raise Unreadable
    return int(data)


def _model_uri(data: Data) -> Scalar:
    """A model by its address: "hf://org/name:revision" is the repository, "ollama://name:tag" the name; any other
    address stays as it is."""
    written = _str(data)
    if not isinstance(written, str):
        return written
    scheme, found, rest = written.strip().partition("://")
    if not found or scheme not in HUBS:
        return written
    rest = rest.partition("?")[0].strip("/")
    return rest.partition(":")[0] if HUBS[scheme] else rest


def _count(data: Data) -> Scalar:
    """How many there are: none at all, `auto` or -1 is a gap that something fills."""
    found = _int(data)
    if isinstance(found, int) and found > 0:
        return found
    raise Unreadable


def _float(data: Data) -> Scalar:
    if isinstance(data, bool) or not isinstance(data, (int, float, str)):
        raise Unreadable
    try:
        return float(data)
    except ValueError:
        raise Unreadable from None


def _str(data: Data) -> Scalar:
    """A text; a number may be one, but a switch names nothing (`pretrained: true`)."""
    if data is None or isinstance(data, str):
        return data
    if isinstance(data, (int, float)) and not isinstance(data, bool):
        return str(data)
    raise Unreadable


def _word(data: Data) -> Scalar:
    """A choice: compared without regard to case; it may be a switch too."""
    value = str(data) if isinstance(data, bool) else _str(data)
    return value.lower() if isinstance(value, str) else value


def _choice(data: Data) -> Scalar:
    """A choice that may also be the member of an enumeration, by its qualified name."""
    return data.name.lower() if isinstance(data, Symbol) else _word(data)


def _dtype(data: Data) -> Scalar:
    value = data.name if isinstance(data, Symbol) else _word(data)
    if value is None:
        return None
    found = DTYPES.get(str(value).removeprefix("torch."))
    if found is None:
        raise Unreadable
    return found


def _call(data: Data) -> Scalar:
    """An object by its class: the callee's qualified name, a symbol's name, or the name given as text; else "dict"."""
    if isinstance(data, Table):
        return data.name or "dict"
    return data.name if isinstance(data, Symbol) else _str(data)


def _only(data: Data) -> Data:
    """The one thing in a list of one choice."""
    if isinstance(data, Items) and len(data.items) == 1 and not data.open and len(data.items[0]) == 1:
        return data.items[0][0].data
    return data


_PARTS = frozenset({"name", "memory", "count"})
"""Keys of a request for GPUs that is written in parts."""


def _request(data: Data) -> str:
    """A request for GPUs as one text, "H100:8": as it is written, `{H100: 8}`, `{name: A100, memory: 80GB, count: 2}`.

    Several cards to choose from are none that anybody could name.
    """
    data = _only(data)
    if isinstance(data, int | str) and not isinstance(data, bool):
        return str(data)
    if not isinstance(data, Table) or data.open or not data.entries:
        raise Unreadable
    said = {entry.name: _said(entry) for entry in data.entries}
    if said.keys() & _PARTS:
        return ":".join(str(part) for name in ("name", "memory", "count") if (part := said.get(name)) is not None)
    if len(said) > 1:
        raise Unreadable
    ((name, count),) = said.items()
    return name if count is None else f"{name}:{count}"


def _said(entry: Entry) -> Scalar:
    """The scalar of an entry, or of the one thing in its list."""
    one = entry.value[0] if len(entry.value) == 1 else None
    data = _only(one.data) if one is not None and one.kind == "known" else Items(())
    if isinstance(data, (Symbol, Items, Table, Template)):
        raise Unreadable
    return data


def _gpu(data: Data, platform: str) -> Scalar:
    """A platform's spelling of a GPU, as the catalogue's name; an object or a symbol spells it in its last part."""
    data = _only(data)
    named = isinstance(data, Symbol) or (isinstance(data, Table) and data.name)
    name = data.name.rpartition(".")[2] if isinstance(data, (Table, Symbol)) and named else _request(data)
    found = catalog.gpu(name, platform)
    if found is None:
        raise Unreadable
    return found.name


def _instance_gpu(data: Data) -> Scalar:
    """A cloud instance type, as the catalogue's name of its GPU; a part of a card is not the card."""
    found = catalog.instance(data) if isinstance(data, str) else None
    if found is None or found.gpu is None or found.gpu_count < 1:
        raise Unreadable
    return found.gpu.name


def _device(data: Data) -> Scalar:
    """A torch device: its text, its number, or `torch.device(…)`; a map of modules where all go to one."""
    if isinstance(data, Table):
        if data.name not in ("torch.device", ""):
            raise Unreadable
        named = {one.data for entry in data.entries if entry.name != "1" for one in entry.value if _plain(one.data)}
        if len(named) != 1 or data.open:
            raise Unreadable
        data = named.pop()
    if isinstance(data, bool):
        raise Unreadable
    if isinstance(data, int):
        return f"cuda:{data}" if data >= 0 else "cpu"  # pipelines count GPUs from 0 and call the CPU -1
    return _word(data)


def _plain(data: Data) -> bool:
    return isinstance(data, str | int)


def _gpu_count(data: Data) -> Scalar:
    """How many GPUs a platform's spelling asks for: "H100:8" eight, a bare name or object one."""
    data = _only(data)
    if isinstance(data, Symbol) or (isinstance(data, Table) and data.name):
        return 1
    counts = {catalog.requested(written)[1] if (written := one.strip()) else None for one in _choices(data)}
    count = counts.pop() if len(counts) == 1 else None
    if count is None:
        raise Unreadable
    return count


def _choices(data: Data) -> list[str]:
    """Each request that would do, where there is a choice: a list, a set, a mapping of names to counts."""
    if isinstance(data, Items) and not data.open and all(len(item) == 1 for item in data.items):
        return [_request(item[0].data) for item in data.items]
    if isinstance(data, Table) and not data.open and not {entry.name for entry in data.entries} & _PARTS:
        said = {entry.name: _said(entry) for entry in data.entries}
        return [name if count is None else f"{name}:{count}" for name, count in said.items()]
    return [_request(data)]


def _gpu_request(data: Data) -> Scalar:
    """What a container is given: a number of GPUs, or a list of devices; how many are "all" nobody can tell."""
    written = _str(data)
    fields = [part.strip("\"' ") for part in str(written).strip("\"'").split(",")]
    if not fields[0].startswith("device="):
        counts = [part for part in fields if part.isdigit() or part.startswith("count=")]
        return _int(counts[0].removeprefix("count=") if counts else data)
    devices = [fields[0].removeprefix("device="), *(part for part in fields[1:] if "=" not in part)]
    if "all" in devices or not all(devices):
        raise Unreadable
    return len(devices)


def _devices(data: Data) -> Scalar:
    """How many devices a list of indices or UUIDs names; "all" and slices of a card are no number of cards."""
    devices = [one.strip() for one in str(_str(data)).split(",")]
    if not all(re.fullmatch(r"\d+|GPU-[0-9a-fA-F-]+", one) for one in devices):
        raise Unreadable
    return len(set(devices))


def _parts(data: Data) -> Scalar:
    """How many devices get a part of what is split in proportions, `3,1`: one that gets none is not counted."""
    try:
        parts = [float(one) for one in re.split(r"[,/]", str(_str(data)))]
    except ValueError:
        raise Unreadable from None
    return sum(part > 0 for part in parts)


def _gres(data: Data) -> tuple[str, int]:
    """A cluster's generic resource: "gpu:a100:4", "a100:4", "gpu:4" or "4", as the type (maybe empty) and the count."""
    parts = [part for part in str(_str(data)).split("(")[0].split(":") if part not in ("gpu", "gres/gpu")]
    count = _int(parts.pop()) if parts and parts[-1].isdigit() else 1
    if len(parts) > 1 or not isinstance(count, int) or "," in str(data):
        raise Unreadable
    return (parts[0] if parts else ""), count


def _gres_gpu(data: Data) -> Scalar:
    return _gpu(_gres(data)[0].upper(), "")


def _instance_count(data: Data) -> Scalar:
    """A cloud instance type, as the number of its GPUs."""
    found = catalog.instance(data) if isinstance(data, str) else None
    if found is None or found.gpu is None:
        raise Unreadable
    return _int(found.gpu_count)


READ: Mapping[str, Callable[[Data], Scalar]] = {
    "bool": _bool,
    "flag": _flag,
    "int": _int,
    "count": _count,
    "float": _float,
    "str": _str,
    "model_uri": _model_uri,
    "word": _word,
    "raw": _word,
    "choice": _choice,
    "dtype": _dtype,
    "call": _call,
    "device": _device,
    "gpu": lambda data: _gpu(data, ""),
    "gpu_count": _gpu_count,
    "gpu_request": _gpu_request,
    "devices": _devices,
    "parts": _parts,
    "gres_gpu": _gres_gpu,
    "gres_count": lambda data: _gres(data)[1],
    "instance_gpu": _instance_gpu,
    "instance_gpu_count": _instance_count,
}
"""Readers of values by the `type` a vocabulary gives a key. An empty text is a value of type "raw" alone."""


def read(data: Data, kind: str) -> Scalar:
    """The value of a key of this type ("gpu:gke" names the platform that spells it). Raises Unreadable."""
    name, _, argument = kind.partition(":")
    return _gpu(data, argument) if name == "gpu" else READ[name](data)


def behind(data: Data, leads: Sequence[str], image: bool) -> str | None:
    """What stands behind the first of these leads in a text, of an image without its tag or digest; None without one.

    `x.io/nim/meta/llama:1.2` behind `/nim/` is `meta/llama`.
    """
    text = data if isinstance(data, str) else ""
    for lead in leads:
        _, found, rest = text.partition(lead)
        if found and rest:
            return re.split(r"[:@]", rest)[0] if image else rest
    return None


def write(value: Scalar, kind: str, *, symbol: str | None = None, text: bool = False) -> Written:
    """What to write for a key's value: a literal, a symbol ("torch.{}") in code, or text for words and variables."""
    if symbol is not None and isinstance(value, str) and value != "auto":
        return Symbol(symbol.format(value))
    if kind == "float" and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if not text or value is None:
        return value
    return str(value).lower() if isinstance(value, bool) else str(value)


ALIKE = 0.8
"""How alike two words must be, from 0 to 1, for one to be a misspelling of the other."""
LEAST = 5
"""Letters that the end of a word must have to stand for the whole of it."""


def meant(word: str, known: Sequence[str]) -> str | None:
    """The known word that was probably meant: the one spelled most alike, or else the only one that ends in the word
    (`quant_type` for `bnb_4bit_quant_type`)."""
    close = difflib.get_close_matches(word, known, 1, ALIKE)
    if close:
        return close[0]
    ending = [one for one in known if one.endswith(f"_{word}")] if len(word) >= LEAST else []
    return ending[0] if len(ending) == 1 else None


def kebab(name: str) -> str:
    """max_num_seqs → max-num-seqs."""
    return name.replace("_", "-")


def camel(name: str) -> str:
    """max_num_seqs → maxNumSeqs."""
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def spell(pattern: str, name: str) -> str:
    """Fill "{snake}", "{kebab}", "{camel}" or "{SNAKE}" with a key's name."""
    forms = {"{snake}": name, "{kebab}": kebab(name), "{camel}": camel(name), "{SNAKE}": name.upper()}
    for form, written in forms.items():
        pattern = pattern.replace(form, written)
    return pattern
