"""Where findings stand, in lines and columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ecolint.cells import Cells
from ecolint.lines import Lines
from ecolint.shaped import dataclass

if TYPE_CHECKING:
    from ecolint.model import Place, Span


@dataclass(frozen=True, slots=True)
class Range:
    """Lines and columns from 1; columns in Unicode code points, the end exclusive. In a notebook those of `cell`."""

    line: int
    column: int
    end_line: int
    end_column: int
    cell: int | None = None

    def __str__(self) -> str:
        """The start as every report writes it behind a path."""
        cell = f"cell {self.cell}:" if self.cell is not None else ""
        return f"{cell}{self.line}:{self.column}"


class Sources:
    """The texts of a report, with their cells and lines worked out once each."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts
        self._cells: dict[str, Cells] = {}
        self._lines: dict[tuple[str, int | None], Lines] = {}

    def lines(self, path: str, cell: int | None = None) -> Lines:
        """The lines of a file, or of a notebook's cell; of an empty one where its text is not there."""
        if (path, cell) not in self._lines:
            self._lines[path, cell] = Lines(self._of(path).source(cell))
        return self._lines[path, cell]

    def _of(self, path: str) -> Cells:
        if path not in self._cells:
            self._cells[path] = Cells(self._texts.get(path, ""))
        return self._cells[path]

    def range(self, place: Place) -> Range:
        """A place as lines and columns."""
        return self.span(place.path, place.span)

    def span(self, path: str, span: Span) -> Range:
        """A span of a file as lines and columns."""
        cells = self._of(path)
        cell = cells.of(span.start)
        lines, base = self.lines(path, cell), cells.start(cell)
        end = max(span.start, span.end)
        return Range(*lines.position(span.start - base), *lines.position(end - base), cell)
