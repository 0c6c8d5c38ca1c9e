"""The index of words: where each identifier stands in a text, apart from strings and comments."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import field

from ecolint.shaped import dataclass

_PIECE = re.compile(
    r"""(?P<prefix>[A-Za-z]{0,2})(?P<quote>\"{3}|'{3}|"|')|(?P<comment>\#[^\r\n]*)"""
    r"""|(?P<attribute>\.\s*[^\W\d]\w*)|(?P<name>[^\W\d]\w*)(?P<bound>\s*=(?!=))?|\d[\w.]*"""
)
_ENDS = {quote: re.compile(r"\\.|" + quote, re.DOTALL) for quote in ('"""', "'''")} | {
    quote: re.compile(r"\\.|" + quote + r"|[\r\n]", re.DOTALL) for quote in ('"', "'")
}
_BRACES = re.compile(r"\{\{|\{(?P<inside>[^{}]*)")
_INSIDE = re.compile(r"'[^']*'|\"[^\"]*\"|(?P<attribute>\.\s*[^\W\d]\w*)|(?P<name>[^\W\d]\w*)")
_NOWHERE: list[int] = []


@dataclass(slots=True)
class Words:
    """Sorted offsets by word: `names` are reads of plain names, `attributes` what follows a dot, `keywords` what an `=`
    follows. Words in the braces of f-strings count too."""

    names: dict[str, list[int]] = field(default_factory=dict)
    attributes: dict[str, list[int]] = field(default_factory=dict)
    keywords: dict[str, list[int]] = field(default_factory=dict)

    def reads(self, name: str, start: int, end: int) -> list[int]:
        """Where a plain name is read between two offsets."""
        found = self.names.get(name, _NOWHERE)
        return found[bisect_left(found, start) : bisect_right(found, end)]

    def count(self, name: str, start: int, end: int) -> int:
        """How often a plain name is read between two offsets."""
        found = self.names.get(name, _NOWHERE)
        return bisect_right(found, end) - bisect_left(found, start)

    def anywhere(self, name: str) -> list[int]:
        """Every offset where the word stands as a name or an attribute."""
        return sorted(self.names.get(name, _NOWHERE) + self.attributes.get(name, _NOWHERE))


def index(text: str) -> Words:
    """The index of a text, in one pass."""
    words = Words()
    position, search = 0, _PIECE.search
    while (piece := search(text, position)) is not None:
        position = piece.end()
        quote = piece["quote"]
        if quote:
            position = _string_end(text, position, quote)
            if "f" in piece["prefix"].lower():
                _in_braces(words, text, piece.end(), position)
        elif piece["name"]:
            group = words.keywords if piece["bound"] else words.names
            group.setdefault(piece["name"], []).append(piece.start())
        elif piece["attribute"]:
            attribute = str(piece["attribute"])[1:].strip()
            words.attributes.setdefault(attribute, []).append(position - len(attribute))
    return words


def _in_braces(words: Words, text: str, start: int, end: int) -> None:
    """Add the words in the braces of an f-string."""
    for braces in _BRACES.finditer(text, start, end):
        for word in _INSIDE.finditer(text, *braces.span("inside")) if braces["inside"] else ():
            if word["name"]:
                words.names.setdefault(word["name"], []).append(word.start())
            elif word["attribute"]:
                attribute = word["attribute"][1:].strip()
                words.attributes.setdefault(attribute, []).append(word.end() - len(attribute))


def _string_end(text: str, position: int, quote: str) -> int:
    search = _ENDS[quote].search
    while (match := search(text, position)) is not None:
        position = match.end()
        if match.group() == quote:
            return position
        if match.group() in "\r\n":
            return match.start()
    return len(text)
