"""What the variables of a script hold at one point of it, through branches, loops and additions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace

from ecolint.model import ALWAYS
from ecolint.readers.shell.commands import Word
from ecolint.readers.shell.ropes import MAX_OPTIONS, MAX_PIECES, Option, Piece, Rope
from ecolint.shaped import dataclass


@dataclass(frozen=True, slots=True)
class Held:
    """What a variable holds: a text in one of several ways, or the words of an array.

    `set` is False for what the script itself has not assigned.
    """

    options: tuple[Option, ...] = ()
    words: tuple[Word, ...] | None = None


def unknown(start: int, end: int, several: bool = True) -> Held:
    """A variable that is assigned what nobody can know."""
    return Held(((ALWAYS, (Piece(None, start, end, several=several),)),))


EMPTY = Held(((ALWAYS, ()),))
Changes = dict[str, "Held | None"]


@dataclass(slots=True)
class Variables:
    """The variables of a script so far, None for those that are known to come from somewhere unseen."""

    held: dict[str, Held | None]
    _frames: list[Changes] = field(default_factory=list)

    def get(self, name: str) -> Held | None:
        """What a variable holds; None where this script does not say it."""
        return self.held.get(name)

    def put(self, name: str, value: Held | None) -> None:
        """Assign a variable."""
        if self._frames:
            self._frames[-1].setdefault(name, self.held.get(name))
        self.held[name] = value

    def aside(self, run: Callable[[], None]) -> Changes:
        """Run part of a script; returns the variables that it changed, with the change taken back."""
        self._frames.append({})
        run()
        before = self._frames.pop()
        after = {name: self.held.get(name) for name in before}
        self.held.update(before)
        return after

    def merge(self, decision: str, arms: Sequence[tuple[int, Changes]], tested: str = "") -> None:
        """Go on behind a decision: every arm with what it changed; an arm that changes nothing is empty.

        `tested` is what the decision asks: a variable that is given a value where it has none is given a default.
        """
        names = dict.fromkeys(name for _, changes in arms for name in changes)
        for name in names:
            before = self.held.get(name)
            values = [(arm, changes.get(name, before)) for arm, changes in arms]
            empty = name in tested and ("-z" in tested or "-n" in tested)
            self.put(name, _merged(decision, before, values, empty))

    def doubt(self, names: Mapping[str, bool]) -> None:
        """Enter a loop that assigns these names, True where one adds to itself: what they held may be changed."""
        for name, grows in names.items():
            before = self.held.get(name)
            if grows and before is not None and before.words is not None:
                self.put(name, Held(words=(*before.words, Word(None, 0, 0, several=True))))
            elif grows:
                options = before.options if before is not None else EMPTY.options
                more = Piece(None, 0, 0, several=True, splits=True)
                self.put(name, Held(tuple((branches, (*rope, more)) for branches, rope in options)))
            elif before is not None:
                self.put(name, defaulted(before))


def _merged(decision: str, before: Held | None, values: Sequence[tuple[int, Held | None]], tested: bool) -> Held | None:
    if all(value == values[0][1] for _, value in values):
        return values[0][1]
    grown = _grown(decision, before, values)
    if grown is not None:
        return grown
    if any(value is not None and value.words is not None for _, value in values):
        return _arrays(decision, values)
    ways = [
        (branches | {(decision, arm)}, rope)
        for arm, value in values
        for branches, rope in (value.options if value is not None else () if tested else EMPTY.options)
    ]
    known = [(branches, rope) for branches, rope in ways if not _unseen(rope)]
    foreign = before is None or all(_unseen(rope) for _, rope in before.options)
    if len(known) == 1 and (not foreign or tested) and (len(ways) > 1 or tested):
        # What may come from outside instead is what this script has as its default.
        return Held(((ALWAYS, _defaults(known[0][1])),))
    if not ways or len(ways) > MAX_OPTIONS or (tested and not known):
        return unknown(0, 0)
    return Held(tuple(ways))


def _grown(decision: str, before: Held | None, values: Sequence[tuple[int, Held | None]]) -> Held | None:
    """A text or an array that the arms only add to: what each adds stands there under its arm."""
    before = before if before is not None else EMPTY
    if before.words is not None:
        words = list(before.words)
        for arm, value in values:
            if value is None or value.words is None or value.words[: len(before.words)] != before.words:
                return None
            added = value.words[len(before.words) :]
            words += [replace(word, branches=word.branches | {(decision, arm)}) for word in added]
        return Held(words=tuple(words)) if len(words) <= MAX_PIECES else unknown(0, 0)
    if len(before.options) != 1 or not before.options[0][1]:
        return None
    branches, base = before.options[0]
    rope = list(base)
    for arm, value in values:
        if value is None or len(value.options) != 1 or value.options[0][0] != branches:
            return None
        own = value.options[0][1]
        if own[: len(base)] != base:
            return None
        rope += [replace(piece, branches=piece.branches | {(decision, arm)}) for piece in own[len(base) :]]
    return Held(((branches, tuple(rope)),)) if len(rope) <= MAX_PIECES else unknown(0, 0)


def _arrays(decision: str, values: Sequence[tuple[int, Held | None]]) -> Held:
    """An array that is made anew in several arms: the words of each under its arm."""
    words: list[Word] = []
    for arm, value in values:
        if value is None:
            continue
        if value.words is None:
            return unknown(0, 0)
        words += [replace(word, branches=word.branches | {(decision, arm)}) for word in value.words]
    return Held(words=tuple(words)) if len(words) <= MAX_PIECES else unknown(0, 0)


def defaulted(held: Held) -> Held:
    """The same, as what holds unless something else is said."""
    if held.words is not None:
        return held
    return Held(tuple((branches, _defaults(rope)) for branches, rope in held.options))


def _defaults(rope: Rope) -> Rope:
    return tuple(replace(piece, how="default") if piece.text is not None else piece for piece in rope)


def _unseen(rope: Rope) -> bool:
    return bool(rope) and all(piece.text is None for piece in rope)
