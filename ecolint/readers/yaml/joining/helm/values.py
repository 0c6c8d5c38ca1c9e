"""What a template's expressions are worth: texts with the origin of each character, nodes of values files, unknowns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from itertools import repeat
from typing import TypeAlias

from ecolint.model import Scalar
from ecolint.readers.yaml.nodes import MAX_DEPTH, Node, resolved, scalar_data
from ecolint.readers.yaml.scalars import offsets
from ecolint.shaped import dataclass


class Nothing(Enum):
    """A value that cannot be told."""

    UNKNOWN = 0


UNKNOWN = Nothing.UNKNOWN


@dataclass(frozen=True, slots=True)
class Str:
    """A text and where each character comes from: an offset, or its complement where installations may differ."""

    text: str
    where: Sequence[int]

    def __add__(self, other: Str) -> Str:
        return Str(self.text + other.text, [*self.where, *other.where])

    def cut(self, start: int, end: int) -> Str:
        """A part of it."""
        return Str(self.text[start:end], self.where[start:end])


Worth: TypeAlias = "Nothing | Scalar | Str | Node | Mapping[str, Worth] | Sequence[Worth]"


def joined(parts: Sequence[Str]) -> Str:
    """Texts in a row."""
    where: list[int] = []
    for part in parts:
        where.extend(part.where)
    return Str("".join(part.text for part in parts), where)


def made(text: str, at: int) -> Str:
    """A text that an action at an offset makes."""
    return Str(text, list(repeat(at, len(text))))


def field_of(value: Worth, name: str) -> Worth:
    """A field of a mapping; None where there is none."""
    if isinstance(value, Node):
        bare = resolved(value)[0]
        if bare.kind != "mapping":
            return None
        found = [one for key, one in bare.pairs() if key.value == name]
        if not found and any(key.value == "<<" for key, _ in bare.pairs()):
            return UNKNOWN
        return resolved(found[-1])[0] if found else None
    if isinstance(value, Mapping):
        return value.get(name)
    return UNKNOWN if value is UNKNOWN else None


def plain(value: Worth) -> Worth:
    """A scalar as Python data; collections as they are."""
    if isinstance(value, Node) and value.kind == "scalar":
        known, data = scalar_data(value)
        return data if known and "{{" not in value.value else UNKNOWN
    if isinstance(value, Str):
        return UNKNOWN if "{{" in value.text else value.text
    return value


def truth(value: Worth) -> bool | None:
    """Whether a value counts as true; None where that cannot be told."""
    if isinstance(value, Str) and "{{" in value.text:
        return True if value.text.partition("{{")[0].strip() else None
    value = plain(value)
    if value is UNKNOWN:
        return None
    if isinstance(value, Node):
        return bool(value.children)
    return bool(value)


class Printer:
    """Turns values into text, with the text that nodes stand in."""

    def __init__(self, text: str) -> None:
        self.text = text

    def printed(self, value: Worth, at: int) -> Str | None:
        """A value as a template writes it; None where nobody can tell, or nothing is given."""
        if isinstance(value, Str):
            return value
        if value is UNKNOWN or value is None or isinstance(value, (Mapping, list, tuple)):
            return None
        if isinstance(value, Node):
            return self._scalar(value)
        return made(str(value).lower() if isinstance(value, bool) else str(value), at)

    def _scalar(self, node: Node) -> Str | None:
        known, data = scalar_data(node) if node.kind == "scalar" else (False, None)
        if not known or data is None:
            return None
        text = str(data).lower() if isinstance(data, bool) else node.value
        where = offsets(self.text, node) if text == node.value else None
        if where is None or len(where) != len(text):
            where = [node.start] * len(text)
        return Str(text, [~one for one in where])

    def yaml(self, value: Worth, at: int) -> Str | None:
        """A value as `toYaml` writes it, a part of a values file as it stands there; None where that is not told."""
        if isinstance(value, Node):
            return self._dumped(value, at, 0) if value.pieces else None if _anchored(value) else self._written(value)
        if isinstance(value, (list, tuple)) and value:
            lines = [self.yaml(one, at) for one in value]
            parts = [part for line in lines for part in (made("- ", at), line, made("\n", at)) if part is not None]
            return None if None in lines else joined(parts[:-1])
        if isinstance(value, Str):
            return made('"', at) + value + made('"', at) if "\n" not in value.text and '"' not in value.text else None
        return self.printed(value, at)

    def _dumped(self, node: Node, at: int, depth: int) -> Str | None:
        """A mapping that was put together from several, key by key."""
        if node.kind != "mapping" or depth > MAX_DEPTH or not node.children:
            return None
        parts: list[Str] = []
        for key, value in node.pairs():
            bare = resolved(value)[0]
            inner = self._dumped(bare, at, depth + 1) if bare.pieces else self.yaml(bare, at)
            if inner is None or not key.value.isprintable():
                return None
            block = bare.kind != "scalar" and (bare.style == "block" or bool(bare.pieces))
            parts += [made("\n", at)] if parts else []
            parts += [Str(f"{key.value}:", [~key.start] * (len(key.value) + 1))]
            parts += [indented(inner, 2, at, True)] if block else [made(" ", at), inner]
        return joined(parts)

    def _written(self, node: Node) -> Str | None:
        if node.kind == "scalar" and (node.style in ("|", ">") or node.end <= node.start):
            return None
        text = self.text
        column = node.start - (text.rfind("\n", 0, node.start) + 1) if node.style == "block" else 0
        parts: list[Str] = []
        at = node.start
        while at < node.end:
            end = text.find("\n", at, node.end)
            end = end + 1 if end >= 0 else node.end
            skip = 0
            while at > node.start and skip < column and text[at + skip : at + skip + 1] == " ":
                skip += 1
            parts.append(Str(text[at + skip : end], [~one for one in range(at + skip, end)]))
            at = end
        return joined(parts)


def _anchored(node: Node) -> bool:
    """Whether a part of a file refers to other parts of it."""
    stack = [node]
    while stack:
        one = stack.pop()
        if one.kind == "alias" or one.shared or (one.kind == "scalar" and "{{" in one.value):
            return True
        if one.pieces:
            return True
        stack.extend(one.children)
    return False


def indented(text: Str, width: int, at: int, first: bool) -> Str:
    """Every line behind so many spaces; `first` puts a line break before them."""
    parts: list[Str] = [made("\n", at)] if first else []
    start = 0
    while True:
        end = text.text.find("\n", start)
        stop = end + 1 if end >= 0 else len(text.text)
        parts += [made(" " * width, at), text.cut(start, stop)]
        if end < 0:
            return joined(parts)
        start = stop
