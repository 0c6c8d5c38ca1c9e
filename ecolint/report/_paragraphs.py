"""Paragraphs on a terminal: words stay whole, and a line may end between two characters of Chinese."""

from __future__ import annotations

import re

from ecolint.columns import width
from ecolint.speech import LOCALES, Voice

_PIECE = r"\s+|[\u2e80-\u9fff\uff00-\uffef]|[^\s\u2e80-\u9fff\uff00-\uffef]+"
_NEVER_FIRST = frozenset("，。；：、！？）》」』】”’…%")
_NEVER_LAST = frozenset("（《「『【“‘")


def wrapped(text: str, columns: int, voice: Voice) -> list[str]:
    """The lines of a paragraph, at least one."""
    if voice.locale == LOCALES[0]:
        if 0 < len(text) <= columns and text.isprintable() and text == text.strip():
            return [text]  # most runs say one short line
        import textwrap

        return textwrap.wrap(text, columns, break_long_words=False, break_on_hyphens=False) or [""]
    lines = [""]
    for piece in _unbroken(text.strip()):
        if width(lines[-1] + piece.rstrip()) > columns and lines[-1].strip():
            lines[-1] = lines[-1].rstrip()
            lines.append("")
        lines[-1] += piece if lines[-1] else piece.lstrip()
    return [*lines[:-1], lines[-1].rstrip()]


def _unbroken(text: str) -> list[str]:
    """The pieces between which a line may end: no punctuation is parted from what it belongs to."""
    found: list[str] = []
    for piece in re.findall(_PIECE, text):
        if found and (piece[0] in _NEVER_FIRST or found[-1][-1] in _NEVER_LAST or piece.isspace()):
            found[-1] += piece
        else:
            found.append(piece)
    return found
