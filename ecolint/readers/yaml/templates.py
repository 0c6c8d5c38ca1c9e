"""Go templates in YAML: where they stand, what they make conditional, and the text with them masked at equal length."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable

from ecolint.model import ALWAYS, Branches
from ecolint.shaped import dataclass

_FIRST_WORD = re.compile(r"\{\{-?\s*([A-Za-z]+)?")
_OPENING = frozenset({"if", "with", "range", "define", "block"})
_SILENT = frozenset({"if", "with", "else", "end", "define", "block", "break", "continue"})
MAX_BRANCHES = 16
"""Nested decisions that are told apart; deeper ones are left out of an entry's branches."""


@dataclass(frozen=True, slots=True)
class Templates:
    """The template actions of one document. All offsets are those of the document's own text.

    `masked` is as long as the text. `spans` are the actions in order. `making` are the starts of lines that consist
    of actions alone and may write further text (`include`, `toYaml`, `range`).
    """

    masked: str
    spans: tuple[tuple[int, int], ...] = ()
    making: tuple[int, ...] = ()
    _starts: tuple[int, ...] = ()
    _turns: tuple[tuple[int, Branches], ...] = ()

    def touch(self, start: int, end: int) -> bool:
        """Whether an action overlaps the range."""
        if not self.spans:
            return False
        at = bisect_left(self._starts, end)
        return at > 0 and self.spans[at - 1][1] > start

    def made_in(self, start: int, end: int) -> bool:
        """Whether a line that may write further text begins in the range."""
        at = bisect_left(self.making, start)
        return at < len(self.making) and self.making[at] < end

    def branches(self, position: int) -> Branches:
        """The arms of `if`, `with` and `range` that the position stands in."""
        at = bisect_right(self._turns, position, key=lambda turn: turn[0])
        return self._turns[at - 1][1] if at else ALWAYS


def find(text: str, label: str) -> Templates:
    """Find `{{ … }}` in a document; `label` makes the ids of its decisions unique. Linear in the text."""
    spans: list[tuple[int, int]] = []
    at = text.find("{{")
    while at >= 0:
        close = text.find("}}", at + 2)
        if close < 0:
            break
        spans.append((at, close + 2))
        at = text.find("{{", close + 2)
    if not spans:
        return Templates(text)
    pieces: list[str] = []
    making: list[int] = []
    done = 0
    for (start, end), alone in zip(spans, _alone(text, spans), strict=True):
        action = text[start:end]
        pieces.append(text[done:start])
        filler = " " if alone else "x"
        pieces.append("".join(c if c in "\r\n" else filler for c in action))
        if alone and _makes_text(action):
            making.append(start)
        done = end
    pieces.append(text[done:])
    return Templates(
        "".join(pieces), tuple(spans), tuple(making), tuple(start for start, _ in spans), _turns(text, spans, label)
    )


def bound(parts: Iterable[tuple[int, Templates]], masked: str) -> Templates:
    """The templates of several texts that are bound into one, each with the offset at which its text begins there."""
    spans: list[tuple[int, int]] = []
    making: list[int] = []
    turns: list[tuple[int, Branches]] = []
    for base, part in parts:
        spans += [(base + start, base + end) for start, end in part.spans]
        making += [base + start for start in part.making]
        turns += [(base, ALWAYS), *((base + at, arms) for at, arms in part._turns)]
    return Templates(masked, tuple(spans), tuple(making), tuple(start for start, _ in spans), tuple(turns))


def _alone(text: str, spans: list[tuple[int, int]]) -> list[bool]:
    """For each action, whether its line or lines hold nothing but actions and space."""
    result: list[bool] = []
    group: list[int] = []
    clean = True
    for index, (start, end) in enumerate(spans):
        before = spans[index - 1][1] if index else 0
        gap = text[before:start]
        broken = gap.rfind("\n")
        if broken >= 0 or not index:
            clean = not gap[broken + 1 :].strip()
        elif gap.strip():
            clean = False
        group.append(index)
        following = spans[index + 1][0] if index + 1 < len(spans) else len(text)
        line_end = text.find("\n", end, following)
        if line_end >= 0 or index + 1 == len(spans):
            rest = text[end : line_end if line_end >= 0 else len(text)]
            result.extend([clean and not rest.strip()] * len(group))
            group = []
    return result


def _makes_text(action: str) -> bool:
    first = _FIRST_WORD.match(action)
    word = first.group(1) if first else None
    inner = action[2:].lstrip("-").lstrip()
    if inner.startswith("/*") or (inner.startswith("$") and "=" in inner):
        return False
    return word not in _SILENT


def _turns(text: str, spans: list[tuple[int, int]], label: str) -> tuple[tuple[int, Branches], ...]:
    """Positions at which the set of surrounding arms changes, with the set from there on."""
    stack: list[tuple[str, int, bool]] = []
    turns: list[tuple[int, Branches]] = []
    for start, end in spans:
        first = _FIRST_WORD.match(text, start)
        word = first.group(1) if first else None
        if word in _OPENING:
            stack.append((f"{label}:{start}", 0, word not in ("define", "block")))
        elif word == "else" and stack:
            name, arm, counts = stack[-1]
            stack[-1] = (name, arm + 1, counts)
        elif word == "end" and stack:
            stack.pop()
        else:
            continue
        arms = frozenset((name, arm) for name, arm, counts in stack[:MAX_BRANCHES] if counts)
        turns.append((end, arms))
    return tuple(turns)
