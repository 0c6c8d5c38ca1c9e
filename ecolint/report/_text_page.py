"""The sheet that the text report is written on: rows, labelled paragraphs, colours where they may be."""

from __future__ import annotations

from ecolint.columns import padded
from ecolint.report import Look
from ecolint.report._paragraphs import wrapped
from ecolint.report._printable import one_line

COLOURS = {"red": "1;31", "yellow": "1;33", "green": "1;32", "gray": "1;90", "orange": "1;38;5;208"}
BOLD, FAINT, MINUS, PLUS = "1", "2", "31", "32"
LABEL = 10
WRAP = 100


class Page:
    """Rows of output, coloured where the look allows."""

    def __init__(self, look: Look) -> None:
        self.look, self.voice = look, look.voice
        self.rows: list[str] = []

    def paint(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.look.colour and text else text

    def add(self, row: str = "") -> None:
        self.rows.append(row)

    def field(self, label: str, text: str) -> None:
        """A labelled paragraph, wrapped under its own start."""
        for number, line in enumerate(self.wrapped(text, WRAP - LABEL - 2)):
            self.add(f"  {self.head(label if number == 0 else '')}{line}")

    def head(self, label: str) -> str:
        """What stands before a line: a label in its column, or nothing."""
        return self.paint(padded(self.voice(label), LABEL), BOLD) if label else " " * LABEL

    def wrapped(self, text: str, columns: int) -> list[str]:
        """The lines of a sentence."""
        return wrapped(one_line(self.voice(text)), columns, self.voice)
