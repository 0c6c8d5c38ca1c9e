"""The tracing room: what a loop's variable becomes on its way into a call, by the shapes of lines alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from ecolint.readers.python.lines import Line, Script
from ecolint.readers.python.words import index

BATCH = re.compile(r"batch|loader|chunk|shard|^bs$|(^|_)groups?$", re.IGNORECASE)
"""Names of things that hold several items."""

Quality = Literal["sure", "soft", "history", "many"]
"""How a name holds what a loop goes over: the item itself, something that a function made of it, a collection that
grows with every round, or several items."""

ORDER: tuple[Quality, ...] = ("sure", "soft", "history", "many")
MAX_BACK = 40
"""Lines before a call that are looked at for what its arguments are made of."""

_SLICE = re.compile(r"(?<=[\w)\]])\[[^\[\]{}'\"]*:[^\[\]{}'\"]*\]")
_METHOD = re.compile(r"([^\W\d][\w.]*)\.(\w+)\s*\(")
_GROWS = re.compile(r"(?:append|extend|insert|add|push|put)")
_CALLEE = re.compile(r"(\w+)\s*\(")
_PLAIN_CALL = re.compile(
    r"tok|encod|process|template|format|strip|tensor|replace|(?:str|len|dict|list|to|cuda|cpu|join|get|copy|unsqueeze"
    r"|repeat|lower|upper|iter|next|enumerate|zip|SamplingParams|GenerationConfig)$",
    re.IGNORECASE,
)
_PADDED = re.compile(r"\bpadding\s*=\s*(?:True|['\"](?:longest|max_length)['\"])")
_SEVERAL = re.compile(
    r"\.splitlines\(|\[\s*['\"]\w+s['\"]\s*\]|(?:^|[=(,:])\s*\[[^\[\]{}]*(?:,[^\[\]{}]*\w|\bfor\b)[^\[\]{}]*\]"
)
_OWNERS = frozenset({"self", "cls"})


@dataclass(frozen=True, slots=True)
class Derived:
    """A name that a line derives from a loop's variable."""

    line: int
    name: str
    quality: Quality


@dataclass(frozen=True, slots=True)
class Step:
    """What a line binds or fills, the text that it makes it from, and whether what was there before stays in it."""

    bound: frozenset[str]
    made: str
    fills: bool = False
    grows: bool = False


def identifiers(text: str) -> set[str]:
    """The plain names in a text, strings and comments apart."""
    return set(index(text).names)


def plain_calls(text: str) -> bool:
    """True where a text calls nothing but what tokenises, formats or moves a single item."""
    return all(_PLAIN_CALL.search(name) for name in _CALLEE.findall(text))


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
        bound = frozenset(identifiers(target)) - _OWNERS
        grows = target.rstrip().endswith(("+", "|"))
        fills = grows or "[" in target or "." in target
        return Step(bound, made, fills, grows or (not fills and bool(bound & identifiers(made))))
    match = _METHOD.match(text)
    root = match.group(1).partition(".")[0] if match else ""
    if match is None or root in _OWNERS:
        return None
    return Step(frozenset({root}), text[match.end() - 1 :], True, _GROWS.match(match.group(2)) is not None)


def follow(script: Script, header: Line, targets: set[str]) -> list[Derived]:
    """What the lines of a block derive from its variables, in order."""
    derived: dict[str, Quality] = dict.fromkeys(targets, "sure")
    fresh: set[str] = set()
    found: list[Derived] = []
    for line in script.lines[header.index + 1 : header.tail + 1]:
        one = step(script, line)
        if one is None:
            continue
        sources = identifiers(one.made) & derived.keys()
        for name in one.bound - derived.keys() if sources else ():
            qualities = [derived[source] for source in sources]
            if _SLICE.search(one.made) or BATCH.search(name):
                qualities.append("many")
            elif one.grows and name not in fresh:
                qualities.append("history")
            elif (one.fills and not line.equals) or not plain_calls(one.made):
                qualities.append("soft")
            derived[name] = max(qualities, key=ORDER.index)
            found.append(Derived(line.index, name, derived[name]))
        if not (one.fills or one.grows):
            fresh |= one.bound
    return found


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
