"""Character offsets to lines and columns, with the line ends that editors count: LF, CRLF and CR."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cached_property

_LINE_END = re.compile(r"\r\n|\n|\r")


class Lines:
    """The lines of one text. Lines and columns count from 1, columns in Unicode code points."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def _starts(self) -> list[int]:
        """Where each line begins: found when somebody asks for the first."""
        return [0, *(match.end() for match in _LINE_END.finditer(self.text))]

    def __len__(self) -> int:
        return len(self._starts)

    def line_of(self, offset: int) -> int:
        """The line that holds the character at `offset`; an offset past the end belongs to the last line."""
        return bisect_right(self._starts, offset)

    def position(self, offset: int) -> tuple[int, int]:
        """(line, column) of `offset`, which is held inside the text."""
        offset = max(0, min(offset, len(self.text)))
        line = self.line_of(offset)
        return line, offset - self._starts[line - 1] + 1

    def start(self, line: int) -> int:
        """Where `line` begins."""
        return self._starts[line - 1]

    def line(self, number: int) -> str:
        """The text of a line without its line end."""
        end = self._starts[number] if number < len(self._starts) else len(self.text)
        return self.text[self._starts[number - 1] : end].rstrip("\r\n")
