"""The tracing room: what names are made of on their way into a call, by the shapes of lines alone."""

from __future__ import annotations

import re

from ecolint.readers.python.lines import Line, Script
from ecolint.readers.python.words import index
from ecolint.shaped import dataclass

BATCH = re.compile(r"batch|loader|chunk|shard|^bs$|(^|_)groups?$", re.IGNORECASE)
"""Names of things that hold several items."""

MAX_BACK = 40
"""Lines before a call that are looked at for what its arguments are made of."""

_METHOD = re.compile(r"([^\W\d][\w.]*)\.\w+\s*\(")
_PADDED = re.compile(r"\bpadding\s*=\s*(?:True|['\"](?:longest|max_length)['\"])")
_SEVERAL = re.compile(
    r"\.splitlines\(|\[\s*['\"]\w+s['\"]\s*\]|(?:^|[=(,:])\s*\[[^\[\]{}]*(?:,[^\[\]{}]*\w|\bfor\b)[^\[\]{}]*\]"
)
_OWNERS = frozenset({"self", "cls"})


@dataclass(frozen=True, slots=True)
class Step:
    """What a line binds or fills, and the text that it makes it from."""

    bound: frozenset[str]
    made: str


def identifiers(text: str) -> set[str]:
    """The plain names in a text, strings and comments apart."""
    return set(index(text).names)


def step(script: Script, line: Line) -> Step | None:
    """What a line of a block does to names; None for lines that bind and fill nothing."""
    text = script.body(line)
    if line.kind == "for":
        match = re.match(r"(?:async\s+)?for\s+(.+?)\s*\bin\b(.*)", text, re.DOTALL)
        return Step(frozenset(identifiers(match.group(1))), match.group(2)) if match else None
    if line.kind == "with":
        before, _, after = text.partition(" as ")
        return Step(frozenset(identifiers(after)), before)
    if line.kind:
        return None
    if line.equals:
        target = text[: line.equals[0] - line.start].split(":")[0]
        made = text[line.equals[-1] - line.start + 1 :]
        return Step(frozenset(identifiers(target)) - _OWNERS, made)
    match = _METHOD.match(text)
    root = match.group(1).partition(".")[0] if match else ""
    if match is None or root in _OWNERS:
        return None
    return Step(frozenset({root}), text[match.end() - 1 :])


def follow(script: Script, header: Line, names: set[str], before: Line) -> set[str]:
    """The names that a block starts with, and those that its lines before another make of them."""
    derived = set(names)
    for line in script.lines[header.index + 1 : min(header.tail + 1, before.index)]:
        one = step(script, line)
        if one is not None and not derived.isdisjoint(identifiers(one.made)):
            derived |= one.bound
    return derived


def made_of_several(script: Script, call: Line, arguments: str) -> bool:
    """True where a call's arguments are padded, as several inputs of different length must be, and come from a list."""
    texts, needed = [arguments], identifiers(arguments)
    floor = max(call.scope + 1, call.index - MAX_BACK, 0)
    for line in reversed(script.lines[floor : call.index]):
        one = step(script, line)
        if one is not None and line.scope == call.scope and one.bound & needed:
            needed |= identifiers(one.made)
            if line.kind != "for":
                texts.append(one.made)
    return any(map(_PADDED.search, texts)) and (
        any(map(_SEVERAL.search, texts)) or any(BATCH.search(name) for name in needed)
    )
