"""GitHub's Markdown: text that stays text whatever it holds, code spans, fences and tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ecolint.report._printable import one_line

_INLINE = re.compile(r"[\\`*\[\]<|~$]|&(?=[#A-Za-z])|(?<![^\W_])_|_(?![^\W_])")
_FIRST = re.compile(r"[#>]|[+-](?=\s|$)|[-=]+\s*$|\d+(?=[.)](?:\s|$))")
_PIPE = re.compile(r"(?<!\\)\|")
_TICKS = re.compile(r"`+")


def plain(text: str) -> str:
    """Text on one line in which nothing is markup: no code, links, HTML, tables, formulas or lists."""
    escaped = inline(text)
    found = _FIRST.match(escaped)
    if found is None:
        return escaped
    at = found.end() if found[0].isdigit() else 0
    return f"{escaped[:at]}\\{escaped[at:]}"


def inline(text: str) -> str:
    """`plain` for where no block can begin: in a cell, behind other text."""
    return _INLINE.sub(r"\\\g<0>", one_line(text).strip())


def code(text: str) -> str:
    """A code span, on one line; nothing for no text."""
    text = one_line(text)
    if not text.strip():
        return plain(text)
    ticks = "`" * (_longest(text) + 1)
    pad = " " if text[0] == "`" or text[-1] == "`" or text[0] == text[-1] == " " else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"


def fenced(rows: Sequence[str], language: str = "") -> list[str]:
    """Lines as a block of code, in a fence that none of them can close."""
    fence = "`" * max(3, 1 + max(map(_longest, rows), default=0))
    return [f"{fence}{language}", *rows, fence]


def cell_code(text: str) -> str:
    """A code span for a cell of a table; plain text where a code span could not say it."""
    return inline(text) if "\\|" in text else code(text)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A table of cells that are Markdown already. Pipes in them are escaped: in a table they end cells in code too."""
    return [_row(heads), "|" + " --- |" * len(heads), *map(_row, rows)]


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(_PIPE.sub(r"\|", each) for each in cells) + " |"


def _longest(text: str) -> int:
    """The longest run of backticks."""
    return max((len(run) for run in _TICKS.findall(text)), default=0)
