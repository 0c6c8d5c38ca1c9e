"""How tables are laid out on a terminal: columns as wide as their widest cell."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """The rows as lines without their ends, columns two blanks apart and nothing behind the last cell."""
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(map(padded, row, widths)) for row in rows)
    return [line.rstrip() for line in lines]


def padded(text: str, columns: int) -> str:
    """Text with blanks behind it, so that it takes so many columns at least."""
    return text + " " * (columns - width(text))


def width(text: str) -> int:
    """How many terminal columns a text takes."""
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if character.isascii():
        return 1
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1
