"""A notebook as one text: the source of every cell in order, each closed by a mark, so that offsets say the cell."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate

MARK = "\n\x1e\n"
"""What closes a cell in a notebook's script: a line that holds a record separator, which no code may hold."""


class Cells:
    """The cells of one text, counted from 1; a text without marks is no notebook's and has none."""

    def __init__(self, text: str) -> None:
        self.text = text
        pieces = text.split(MARK) if MARK in text else [text]
        self._starts = [0, *accumulate(len(piece) + len(MARK) for piece in pieces[:-1])]
        self._marked = len(pieces) > 1

    def of(self, offset: int) -> int | None:
        """The cell that an offset stands in, a cell's mark included; None where there are no cells."""
        return min(bisect_right(self._starts, offset), len(self._starts) - 1) if self._marked else None

    def start(self, cell: int | None) -> int:
        """Where a cell begins; the beginning of the text for None."""
        return self._starts[cell - 1] if cell is not None else 0

    def source(self, cell: int | None) -> str:
        """The text of one cell without its mark; the whole text for None."""
        return self.text[self._starts[cell - 1] : self._starts[cell] - len(MARK)] if cell is not None else self.text


def where(text: str, offset: int) -> tuple[int, int | None]:
    """The line of an offset and the cell that the line is counted in: `(line, None)` outside notebooks."""
    from ecolint.lines import Lines

    cells = Cells(text)
    cell = cells.of(offset)
    return Lines(cells.source(cell)).line_of(offset - cells.start(cell)), cell
