"""Edits of YAML collections that keep the layout: add, remove and replace items of block and flow style."""

from __future__ import annotations

from collections.abc import Sequence

from ecolint.model import CannotEdit, Edit, Source, Span
from ecolint.readers.yaml.nodes import Node

Part = tuple[int, int]
"""Start and end of an item or pair."""


class Collection:
    """One sequence or mapping in the file: its parts in order and how they are laid out."""

    def __init__(self, source: Source, node: Node) -> None:
        self.path = source.path
        self.text = source.text
        self.node = node
        self.flow = node.style == "flow"
        self.newline = "\r\n" if "\r\n" in source.text else "\n"
        if node.kind == "mapping":
            self.parts: list[Part] = [(key.start, self._pair_end(key, value)) for key, value in node.pairs()]
        elif self.flow:
            self.parts = [(child.start, child.end) for child in node.children]
        else:
            self.parts = self._dashed()

    def _pair_end(self, key: Node, value: Node) -> int:
        if value.end > value.start and value.end > key.end:
            return value.end
        colon = self.text.find(":", key.end, max(value.reach, key.end) + 2)
        return colon + 1 if colon >= 0 else key.end

    def _dashed(self) -> list[Part]:
        """Block items from their dash on."""
        parts: list[Part] = []
        cursor = self.node.start
        for child in self.node.children:
            dash = self.text.find("-", self._code_from(cursor))
            end = max(child.end, dash + 1)
            parts.append((dash, end))
            cursor = end
        return parts

    def _code_from(self, at: int) -> int:
        """The first offset that is neither space nor comment."""
        text = self.text
        while at < len(text):
            if text[at] in " \t\r\n":
                at += 1
            elif text[at] == "#":
                end = text.find("\n", at)
                at = end if end >= 0 else len(text)
            else:
                break
        return at

    # --- edits --------------------------------------------------------------------------------------------------------

    def edit(self, start: int, end: int, text: str) -> Edit:
        """Replace a range."""
        return Edit(self.path, Span(start, end), text)

    def remove(self, gone: Sequence[int], adding: bool) -> list[Edit]:
        """Remove parts by index. Removing all leaves the empty collection, unless something is `adding`."""
        indexes = sorted(set(gone))
        if not indexes:
            return []
        every = len(indexes) == len(self.parts)
        if self.flow:
            return self._remove_flow(indexes, every)
        if every and not adding:
            return [self._emptied()]
        return self._remove_block(indexes, every)

    def _emptied(self) -> Edit:
        start, end = self.parts[0][0], self.parts[-1][1]
        if self.text[self.line_start(start) : start].strip(" ") == "" and not self.column(start):
            if self.node.kind == "mapping":
                raise CannotEdit("it is the only setting of the file")
            return self.edit(start, end, "  []")
        return self.edit(start, end, "{}" if self.node.kind == "mapping" else "  []")

    def _remove_flow(self, indexes: list[int], every: bool) -> list[Edit]:
        parts = self.parts
        if every:
            return [self.edit(parts[0][0], self.node.end - 1, "")]
        edits: list[Edit] = []
        for first, last in _runs(indexes):
            if last + 1 < len(parts):
                edits.append(self.edit(parts[first][0], parts[last + 1][0], ""))
            else:
                edits.append(self.edit(parts[first - 1][1], parts[last][1], ""))
        return edits

    def _remove_block(self, indexes: list[int], every: bool) -> list[Edit]:
        edits: list[Edit] = []
        for first, last in _runs(indexes):
            start, end = self.parts[first][0], self.parts[last][1]
            line = self.line_start(start)
            if self.text[line:start].strip():  # stands behind a dash: the next part takes its place
                if last + 1 == len(self.parts):
                    raise CannotEdit("nothing would be left where it stands")
                edits.append(self.edit(start, self.parts[last + 1][0], ""))
                continue
            after = self.next_line(end)
            if after > end and self.text[after - 1] != "\n":  # the file's last line, without a line break
                after = len(self.text)
                line = self._before_break(line) if not every else line
            elif after == end == len(self.text):
                line = self._before_break(line) if not every else line
            edits.append(self.edit(line, after, ""))
        return edits

    def _before_break(self, line: int) -> int:
        if line and self.text[line - 1] == "\n":
            line -= 1
            if line and self.text[line - 1] == "\r":
                line -= 1
        return line

    def add(self, new: Sequence[str], all_gone: bool) -> list[Edit]:
        """Add parts at the end, each given as one line of text without dash or indentation."""
        if not new:
            return []
        if self.flow:
            return [self._add_flow(new, all_gone)]
        if not self.parts:
            raise CannotEdit("there is no item whose layout could be followed")
        end = self.parts[-1][1]
        column = self.column(self.parts[0][0])
        dash = "- " if self.node.kind == "sequence" else ""
        lines = [f"{' ' * column}{dash}{part}" for part in new]
        at = self.next_line(end)
        if at and self.text[at - 1] == "\n":
            return [self.edit(at, at, "".join(line + self.newline for line in lines))]
        if all_gone:
            return [self.edit(at, at, self.newline.join(lines))]
        return [self.edit(at, at, "".join(self.newline + line for line in lines))]

    def _add_flow(self, new: Sequence[str], all_gone: bool) -> Edit:
        if not self.parts or all_gone:
            at = self.node.end - 1
            return self.edit(at, at, ", ".join(new))
        start, end = self.parts[-1]
        before = self.parts[-2][1] if len(self.parts) > 1 else self.node.start + 1
        gap = self.text[before:start].lstrip(",")
        blank = gap.strip() == "" and "\n" in gap
        separator = "," + (gap[gap.find("\r\n") if "\r\n" in gap else gap.find("\n") :] if blank else " ")
        return self.edit(end, end, "".join(separator + part for part in new))

    # --- lines --------------------------------------------------------------------------------------------------------

    def line_start(self, at: int) -> int:
        """Where the line of an offset begins."""
        return self.text.rfind("\n", 0, at) + 1

    def next_line(self, at: int) -> int:
        """Where the line after an offset's begins; the end of the text where there is none."""
        end = self.text.find("\n", at)
        return end + 1 if end >= 0 else len(self.text)

    def column(self, at: int) -> int:
        """An offset's column. Tabs cannot indent YAML."""
        return at - self.line_start(at)


def _runs(indexes: Sequence[int]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for index in indexes:
        if runs and runs[-1][1] == index - 1:
            runs[-1] = (runs[-1][0], index)
        else:
            runs.append((index, index))
    return runs
