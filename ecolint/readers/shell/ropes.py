"""From the pieces of a shell word, literal or expanded, to the words that a program would get."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from ecolint.model import ALWAYS, HOLE, Branches, How
from ecolint.readers.shell.commands import Choice, Word
from ecolint.shaped import dataclass

_FLAG = re.compile(r"(--?[A-Za-z][\w.-]*)=")
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Piece:
    """Part of a word: its text, or None where unknown, and where it was written.

    `exact` where that place holds the text as it is; `splits` where unquoted text is split at spaces; `several` where
    an unknown piece may be no word or many; `branches` are the arms that must be taken for it to be there.
    """

    text: str | None
    start: int
    end: int
    how: How = "literal"
    exact: bool = False
    splits: bool = False
    several: bool = False
    shared: bool = False
    branches: Branches = ALWAYS
    site: tuple[int, int] | None = None
    """Where the variable stands that brings the piece in."""


Rope = tuple[Piece, ...]
Option = tuple[Branches, Rope]
"""A text under the arms that it needs."""

MAX_OPTIONS = 8
"""Texts that one word is told apart into; where there are more of them it is unknown."""
MAX_PIECES = 120
"""Pieces of one text; longer ones are unknown."""


def consistent(branches: Branches) -> bool:
    """Whether no decision goes two ways."""
    return len({decision for decision, _ in branches}) == len(branches)


def product(parts: Sequence[Sequence[Option]]) -> list[Option] | None:
    """Every consistent way to put options together; None where there are too many."""
    found: list[Option] = [(ALWAYS, ())]
    for options in parts:
        if len(options) == 1 and not options[0][0]:
            found = [(branches, rope + options[0][1]) for branches, rope in found]
            continue
        found = [(a | b, left + right) for a, left in found for b, right in options if consistent(a | b)]
        if len(found) > MAX_OPTIONS:
            return None
    return found


_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)\})\Z")
_MANY_WORDS = re.compile(r"arg|opt|flag|param|extra|cmd|command|config|add", re.IGNORECASE)
"""In the name of a variable: it holds words of a command line, and not one value."""


class Weaver:
    """Makes words of ropes. `unknown` says that something else writes part of a range of the script."""

    def __init__(self, script: str, unknown: Callable[[int, int], bool]) -> None:
        self.script, self.unknown = script, unknown

    def words(self, start: int, end: int, options: Sequence[Option] | None, quoted: bool) -> list[Word]:
        """The words that stand between two offsets, given every way in which they can read."""
        if options is None:
            return [Word(None, start, end, quoted=quoted)]
        if self.unknown(start, end):
            return self._templated(start, end, quoted)
        if len(options) == 1:
            branches, rope = options[0]
            return self._under(branches, self._split(start, end, rope, quoted))
        ways = [(branches, self._split(start, end, rope, quoted)) for branches, rope in options]
        if all(len(words) == 1 and not words[0].several for _, words in ways):
            choices = tuple(
                replace(choice, branches=choice.branches | branches | word.branches)
                for branches, (word,) in ways
                for choice in word.all()
            )
            texts = {choice.text for choice in choices}
            return [Word(texts.pop() if len(texts) == 1 else None, start, end, "constant", quoted, False, choices)]
        return [word for branches, words in ways for word in self._under(branches, words)]

    def _under(self, branches: Branches, words: list[Word]) -> list[Word]:
        return [replace(word, branches=word.branches | branches) for word in words] if branches else words

    def _templated(self, start: int, end: int, quoted: bool) -> list[Word]:
        """A word that something else writes, or a flag of which it writes the value."""
        flag = _FLAG.match(self.script[start:end].lstrip("'\""))
        if flag and not self.unknown(start, start + flag.end()):
            return [Word(flag.group(1), start, end, quoted=quoted), Word(None, start, end, quoted=quoted)]
        return [Word(None, start, end, quoted=quoted)]

    def _split(self, start: int, end: int, rope: Rope, quoted: bool) -> list[Word]:
        """The words of one rope: unquoted text is split at its spaces."""
        found: list[Word] = []
        parts: list[Piece] = []

        def close() -> None:
            if parts:
                found.extend(_joined(start, end, parts, quoted))
                parts.clear()

        splits = False
        for piece in rope:
            if not piece.splits or piece.text is None:
                parts.append(piece)
                continue
            splits = True
            at = 0
            for gap in _SPACE.finditer(piece.text):
                if gap.start() > at:
                    parts.append(_slice(piece, at, gap.start()))
                if gap.end() > gap.start():
                    close()
                at = gap.end()
            if at < len(piece.text):
                parts.append(_slice(piece, at, len(piece.text)))
        close()
        if not found and (quoted or not splits):
            found = _joined(start, end, list(rope), quoted)
        if len(found) == 1 and found[0].several and self._names_one(start, end):
            return [replace(found[0], several=False)]
        return found

    def _names_one(self, start: int, end: int) -> bool:
        """Whether a word is a variable that, by its name, stands for one value though nothing quotes it."""
        named = _VARIABLE.match(self.script, start, end)
        return named is not None and _MANY_WORDS.search(named.group(1) or named.group(2)) is None


def _slice(piece: Piece, start: int, end: int) -> Piece:
    text = piece.text or ""
    if not piece.exact:
        return replace(piece, text=text[start:end])
    return replace(piece, text=text[start:end], start=piece.start + start, end=piece.start + end)


def _joined(start: int, end: int, parts: Sequence[Piece], quoted: bool) -> list[Word]:
    """One word of its pieces; a flag with its unknown value as two."""
    parts = [part for part in parts if part.text != ""] or list(parts[:1])
    branches = parts[0].branches if parts else ALWAYS
    mixed = any(part.branches != branches for part in parts)
    if mixed:
        branches = ALWAYS
    how: How = next((part.how for part in parts if part.how not in ("literal",)), "literal")
    if any(part.how == "default" for part in parts):
        how = "default"
    lead = ""
    for index, part in enumerate(parts):
        if part.text is None or (mixed and part.branches):
            flag = _FLAG.match(lead)
            several = len(parts) == 1 and part.several and part.splits
            known = lead[flag.end() :] if flag else lead
            rest = "".join(HOLE if p.text is None or (mixed and p.branches) else p.text for p in parts[index + 1 :])
            word = Word(None, start, end, how, quoted, several, branches=branches, lead=known, rest=rest)
            return [Word(flag.group(1), start, end, "literal", quoted, branches=branches), word] if flag else [word]
        lead += part.text
    if how == "literal" and not branches:
        return [Word(lead, start, end, how, quoted)]
    shared = any(part.shared for part in parts)
    one = parts[0] if len(parts) == 1 and parts[0].exact else None
    choice = (
        Choice(lead, one.start, one.end, how, ALWAYS, shared) if one else Choice(lead, start, end, how, ALWAYS, True)
    )
    return [Word(lead, start, end, how, quoted, False, (choice,), branches)]
