"""The passing room: which functions of a module may give back a model, and which a text may call, by words alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ecolint.readers.python.gates import Gate

_FROM = re.compile(r"\bfrom[ \t\\\n]+([\w.]+)[ \t\\\n]*\Z")
_NAMES = re.compile(r"[ \t\\]*(?:\(([^)]*)\)|((?:\\\r?\n|[^\n])*))")
_ONE = re.compile(r"([\w.]+)(?:\s+as\s+(\w+))?")
_REMARK = re.compile(r"#[^\n]*")
_DEF = re.compile(rb"^(?:async[ \t]+)?def[ \t]+(\w+)|^(?=[^\s#)\]}'\"])", re.MULTILINE)
_MEMBER = re.compile(r"\s*\.\s*([^\W\d]\w*)\s*\(")
_CALLED = re.compile(r"[\s\\]*\(")
_BEFORE = 200
"""Characters before `import` in which the module stands that it imports from."""


class Import(NamedTuple):
    """A module or a member of one, and the name that it is bound to here. `member` is empty for a module."""

    module: str
    member: str
    bound: str


def imports(text: str) -> Iterator[Import]:
    """What the imports of a text bring, and what only looks like one."""
    at = text.find("import")
    while at >= 0:
        end = at + len("import")
        if not (_word(text[at - 1 : at]) or _word(text[end : end + 1])):
            origin = _FROM.search(text, max(0, at - _BEFORE), at)
            listed = _NAMES.match(text, end)
            names = _REMARK.sub("", (listed[1] or listed[2] or "").replace("\\", " ")) if listed else ""
            for one in _ONE.finditer(names):
                if origin is not None:
                    yield Import(origin[1], one[1], one[2] or one[1])
                elif one[1][0] != ".":
                    yield Import(one[1], "", one[2] or one[1].partition(".")[0])
        at = text.find("import", end)


def calls(text: str, name: str) -> bool:
    """Whether a text calls a function by a plain name."""
    return any(_CALLED.match(text, end) for end in ends(text, name))


def called_members(text: str, name: str) -> set[str]:
    """The members of a name that a text calls."""
    return {match[1] for end in ends(text, name) if (match := _MEMBER.match(text, end))}


def ends(text: str, name: str) -> Iterator[int]:
    """Where a word ends, each time that it stands in a text.

    Looked for by its letters first: an expression that begins with a border is slow."""
    at = text.find(name)
    while at >= 0:
        end = at + len(name)
        if not (_word(text[at - 1 : at]) or _word(text[end : end + 1])):
            yield end
        at = text.find(name, end)


def _word(char: str) -> bool:
    return char.isalnum() or char == "_"


def givers(data: bytes, gate: Gate) -> frozenset[str]:
    """The functions of a module that may give back a model which a wanted call of it makes.

    A function that holds such a call may, and whatever mentions one that may; every one, where a call stands outside
    all functions.
    """
    told = gate.told(data)
    if told is None or not told.starts:
        return frozenset()
    data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in data else data
    blocks = [(match.start(), match[1]) for match in _DEF.finditer(data)]
    ends = [start for start, _ in blocks[1:]] + [len(data)]
    functions = {name: data[start:end] for (start, name), end in zip(blocks, ends, strict=True) if name}
    found: set[bytes] = set()
    for at in gate.starting(data):
        inside = next((name for (start, name), end in zip(blocks, ends, strict=True) if start <= at < end), None)
        if inside is None:
            return frozenset(name.decode("utf-8", "replace") for name in functions)
        found.add(inside)
    queue = list(found)
    while queue:
        name = queue.pop()
        for other, block in functions.items():
            if other not in found and name in block:
                found.add(other)
                queue.append(other)
    return frozenset(name.decode("utf-8", "replace") for name in found)
