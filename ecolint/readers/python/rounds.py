"""The round room: whether what a call in a loop gives goes into what it is given in the next round."""

from __future__ import annotations

import re
from dataclasses import field

from ecolint.readers.python.lines import Line, Script
from ecolint.readers.python.parsing import Stats
from ecolint.readers.python.tracing import identifiers
from ecolint.shaped import dataclass

MAX_ROUND = 200
"""Lines before and after a call within which what it gives is followed back into it."""

_METHOD = re.compile(r"([^\W\d][\w.]*)\.(\w+)\s*\(")
_OWN = re.compile(r"(?<![\w.])(?:self|cls)\.[^\W\d]\w*")
_STORES = re.compile(r"(?:append|extend|insert|add|push|put|update|set|record)")
_SLOT = re.compile(r"[^\W\d][\w.]*(\[.*\])[\w.\s\[\]'\"]*$", re.DOTALL)
_FOR = re.compile(r"(?:async\s+)?for\s+(.+?)\s*\bin\b(.*)", re.DOTALL)
_OWNERS = frozenset({"self", "cls"})


@dataclass(frozen=True, slots=True)
class Step:
    """What a line binds or fills, the names that it makes it from, and those that choose the slot it fills.

    `fills`: what was there before stays beside it; `grows`: what was there before is part of it.
    """

    bound: frozenset[str]
    made: frozenset[str]
    fills: bool = False
    grows: bool = False
    slot: frozenset[str] = frozenset()
    keeps: bool = True


@dataclass(slots=True)
class Rounds:
    """Answers about loops of one script, remembering what each line does."""

    script: Script
    stats: Stats
    steps: dict[int, Step | None] = field(default_factory=dict)

    def flow_back(self, header: Line, targets: set[str], used: set[str], call: Line, of_object: bool = False) -> bool:
        """True where what a call in a loop gives goes into what it is given in the next round, by whatever name or only
        by attributes of the own object."""
        own = self._step(call)
        results = set(own.bound) if own is not None and self._carries(own, targets) else set()
        if not results:
            return False
        lines = self.script.lines
        for line in lines[call.index + 1 : min(header.tail, call.index + MAX_ROUND) + 1]:
            one = self._step(line)
            if one is not None and one.made & results and self._carries(one, targets):
                results |= one.bound
        needed, fresh = set(used), set(targets)
        for line in reversed(lines[max(header.index + 1, call.index - MAX_ROUND) : call.index]):
            one = self._step(line)
            if one is not None and one.bound & needed:
                needed |= one.made
                if not (one.fills or one.grows):
                    fresh |= one.bound
        carried = (results & needed) - fresh - _OWNERS
        return any("." in name for name in carried) if of_object else bool(carried)

    def keeps(self, function: Line, used: set[str], call: Line) -> bool:
        """True where a method keeps what a call gives in its object, and uses it for the next call."""
        return self.flow_back(function, set(), used, call, of_object=True)

    def _carries(self, one: Step, targets: set[str]) -> bool:
        """True where a line keeps what it makes for the next round; a slot of this round's own is not read again."""
        return one.keeps and not one.slot & targets

    def _step(self, line: Line) -> Step | None:
        self.stats.steps += 1
        if line.index not in self.steps:
            self.steps[line.index] = step(self.script, line)
        return self.steps[line.index]


def step(script: Script, line: Line) -> Step | None:
    """What a line of a block does to names; None for lines that bind and fill nothing."""
    text = script.body(line)
    if line.kind == "for":
        match = _FOR.match(text)
        return Step(names(match.group(1)), names(match.group(2))) if match else None
    if line.kind == "with":
        before, _, after = text.partition(" as ")
        return Step(names(after), names(before))
    if line.kind:
        return None
    if line.equals:
        return _assignment(text, line)
    match = _METHOD.match(text)
    roots = names(match.group(1)) - _OWNERS if match else frozenset()
    if match is None or not roots:
        return None
    stores = _STORES.match(match.group(2)) is not None
    return Step(roots, names(text[match.end() - 1 :]), True, stores, keeps=stores)


def _assignment(text: str, line: Line) -> Step:
    target = (
        text[: line.equals[0] - line.start].split(":")[0]
        if "[" not in text[: line.equals[0] - line.start]
        else (text[: line.equals[0] - line.start])
    )
    made = names(text[line.equals[-1] - line.start + 1 :])
    target = target.rstrip()
    operated = target.endswith(("+", "|", "*", "-", "/"))
    target = target.rstrip("+|*-/ ")
    slot = _SLOT.match(target)
    bound = names(target) - _OWNERS
    inside = names(slot.group(1)) if slot else frozenset()
    bound -= inside
    fills = operated or "[" in target or "." in target
    return Step(bound, made, fills, operated or (not fills and bool(bound & made)), inside)


def names(text: str) -> frozenset[str]:
    """The names in a text, attributes of the own object among them."""
    return frozenset(identifiers(text)) | frozenset(_OWN.findall(text))
