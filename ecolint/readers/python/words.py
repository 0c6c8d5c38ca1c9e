"""The index of words: where each identifier stands in a text, apart from strings and comments."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import field

from ecolint.shaped import dataclass

_TEXT = (
    r"""(?:\"{3}[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*(?:\"{3}|\Z)|'{3}[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*(?:'{3}|\Z)"""
    r"""|"[^"\\\r\n]*(?:\\.[^"\\\r\n]*)*(?:"|(?=[\r\n])|\Z)|'[^'\\\r\n]*(?:\\.[^'\\\r\n]*)*(?:'|(?=[\r\n])|\Z))"""
)
"""A string as written; one that is never closed ends with its line, or with the text."""
_PIECE = re.compile(
    rf"""([^\W\d]\w*)(?:(\s*=(?!=))|(?=["'])((?<=\b[A-Za-z]){_TEXT}|(?<=\b[A-Za-z][A-Za-z]){_TEXT}))?"""
    rf"""|\.\s*([^\W\d]\w*)|{_TEXT}|\#[^\r\n]*|\d[\w.]*""",
    re.DOTALL,
)
_NAME, _BOUND, _PREFIXED, _ATTRIBUTE = 1, 2, 3, 4
"""The last group of a piece: a name, with the `=` behind it, with the string that it prefixes; a name behind a dot."""
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
    names, attributes = words.names, words.attributes
    for piece in _PIECE.finditer(text):
        last = piece.lastindex
        if last == _NAME:
            names.setdefault(piece[_NAME], []).append(piece.start())
        elif last == _ATTRIBUTE:
            attributes.setdefault(piece[_ATTRIBUTE], []).append(piece.start(_ATTRIBUTE))
        elif last == _BOUND:
            words.keywords.setdefault(piece[_NAME], []).append(piece.start())
        elif last == _PREFIXED and "f" in piece[_NAME].lower():
            _in_braces(words, text, piece.start(_PREFIXED), piece.end())
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
