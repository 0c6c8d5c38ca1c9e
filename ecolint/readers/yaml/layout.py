"""Edits of YAML collections that keep the layout: add, remove and replace items of block and flow style."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ecolint.model import CannotEdit, Edit, Source, Span
from ecolint.readers.yaml.nodes import Node

Part = tuple[int, int]
"""Start and end of an item or pair."""

_COMMENT = re.compile(r"[ \t]+#[^\r\n]*")
_COMMENT_LINE = re.compile(r"^[ \t]*(#[^\n]*(?:\n|\Z))", re.MULTILINE)


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
            dash = self.text.find("-", self.code_from(cursor))
            end = max(child.end, dash + 1)
            parts.append((dash, end))
            cursor = end
        return parts

    def code_from(self, at: int) -> int:
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

    def change(self, gone: Sequence[int], new: Sequence[str]) -> list[Edit]:
        """Remove parts by index and add `new` ones at the end, each given as one line without dash or indentation.

        A trailing comment goes with its part; comments that have a line of their own stay. Removing all without adding
        leaves the empty collection.
        """
        indexes = sorted(set(gone))
        if self.flow:
            return Flow(self, indexes).edits(new)
        every = bool(self.parts) and len(indexes) == len(self.parts)
        if every and not new:
            return self._emptied()
        return self.remove(indexes, every) + self._add(new, every)

    def _emptied(self) -> list[Edit]:
        start = self.parts[0][0]
        empty = "{}" if self.node.kind == "mapping" else "  []"
        if self.node.kind == "mapping" and not self.column(start):
            raise CannotEdit("it is the only setting of the file")
        edits = [self.edit(start, self.past_comment(self.parts[0][1]), empty)]
        return edits + (self.remove(range(1, len(self.parts)), False) if len(self.parts) > 1 else [])

    def past_comment(self, at: int) -> int:
        """The end of the comment that follows on the same line; the offset itself where there is none."""
        match = _COMMENT.match(self.text, at)
        return match.end() if match else at

    def comment_line(self, start: int, end: int) -> int:
        """Where the first comment that has a line of its own begins in a range; the range's end where there is none."""
        match = _COMMENT_LINE.search(self.text, self.next_line(start), end) if start < end else None
        return match.start(1) if match else end

    def remove(self, indexes: Sequence[int], every: bool) -> list[Edit]:
        """Remove block parts with their lines. `every` keeps the line break before them, for what comes instead."""
        edits: list[Edit] = []
        for first, last in self._runs(indexes):
            start, end = self.parts[first][0], self.parts[last][1]
            line = self.line_start(start)
            if self.text[line:start].strip():  # stands behind a dash: what comes next takes its place
                if last + 1 == len(self.parts):
                    raise CannotEdit("nothing would be left where it stands")
                edits.append(self.edit(start, self.comment_line(end, self.parts[last + 1][0]), ""))
                continue
            after = self.next_line(end)
            if after == len(self.text) and self.text[after - 1] != "\n":  # the file's last line, without a line break
                line = self._before_break(line) if not every else line
            edits.append(self.edit(line, after, ""))
        return edits

    def _runs(self, indexes: Sequence[int]) -> list[Part]:
        """First and last of neighbours that no comment line stands between."""
        runs: list[Part] = []
        for index in indexes:
            start = self.parts[index][0]
            if runs and runs[-1][1] == index - 1 and self.comment_line(self.parts[index - 1][1], start) == start:
                runs[-1] = (runs[-1][0], index)
            else:
                runs.append((index, index))
        return runs

    def _before_break(self, line: int) -> int:
        if line and self.text[line - 1] == "\n":
            line -= 1
            if line and self.text[line - 1] == "\r":
                line -= 1
        return line

    def _add(self, new: Sequence[str], all_gone: bool) -> list[Edit]:
        if not new:
            return []
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


class Flow:
    """Changes of a flow collection: `[a, b]` or `{a: 1}`, in one line or one part to a line."""

    def __init__(self, layout: Collection, gone: Sequence[int]) -> None:
        self.layout = layout
        self.text = layout.text
        self.parts = layout.parts
        self.gone = gone
        self.kept = [index for index in range(len(self.parts)) if index not in set(gone)]
        self.trailing = bool(self.parts) and self.comma(len(self.parts) - 1) is not None

    def comma(self, index: int) -> int | None:
        """Where the comma behind a part stands."""
        at = self.layout.code_from(self.parts[index][1])
        return at if self.text[at : at + 1] == "," else None

    def past(self, index: int) -> int:
        """The end of a part with its comma and the comment behind either on the same line."""
        end = self.layout.past_comment(self.parts[index][1])
        comma = self.comma(index)
        if comma is not None and "\n" not in self.text[end:comma]:
            end = self.layout.past_comment(comma + 1)
        return end

    def has_lines(self, first: int, last: int) -> bool:
        """Whether nothing else stands on the lines of these parts."""
        start, end = self.parts[first][0], self.past(last)
        before = self.text[self.layout.line_start(start) : start]
        return not before.strip() and "\n" in self.text[end:] and not self.text[end : self.text.find("\n", end)].strip()

    def edits(self, new: Sequence[str]) -> list[Edit]:
        """Everything to be done."""
        edit, closing = self.layout.edit, self.layout.node.end - 1
        if not self.kept:
            made = [edit(self.parts[0][0], closing, "")] if self.parts else []
            return [*made, edit(closing, closing, ", ".join(new))] if new else made
        made = [each for run in _runs(self.gone) for each in self.remove(*run)]
        last = self.kept[-1]
        comma = self.comma(last)
        if not new:
            if comma is not None and last + 1 < len(self.parts) and not self.trailing:
                made.append(edit(comma, comma + 1, ""))
            return made
        if self.has_lines(last, last) and (
            last == len(self.parts) - 1 or self.has_lines(last + 1, len(self.parts) - 1)
        ):
            return made + self.add_lines(new, last, comma)
        if comma is not None and last + 1 < len(self.parts) and not self.trailing:
            made.append(edit(comma, comma + 1, ""))
        start, end = self.parts[last]
        line = self.layout.line_start(start)
        own = "\n" in self.text[self.layout.node.start : start] and not self.text[line:start].strip()
        gap = self.layout.newline + self.text[line:start] if own else " "
        made.append(edit(end, end, "".join(f",{gap}{part}" for part in new)))
        return made

    def add_lines(self, new: Sequence[str], last: int, comma: int | None) -> list[Edit]:
        """New parts on lines of their own behind the last kept one's."""
        start, end = self.parts[last]
        indent = self.text[self.layout.line_start(start) : start]
        made = [self.layout.edit(end, end, ",")] if comma is None else []
        closing = "," if self.trailing else ""
        lines = [f"{indent}{part}," for part in new[:-1]] + [f"{indent}{new[-1]}{closing}"]
        at = self.layout.next_line(self.past(last))
        return [*made, self.layout.edit(at, at, "".join(line + self.layout.newline for line in lines))]

    def remove(self, first: int, last: int) -> list[Edit]:
        """Remove neighbours; the comma before them is the caller's where they end the collection."""
        layout = self.layout
        if self.has_lines(first, last):
            return self.remove_lines(first, last)
        start, end = self.parts[first][0], self.past(last)
        if last + 1 < len(self.parts):
            stop = layout.comment_line(end, self.parts[last + 1][0])
            return [layout.edit(start, stop, "" if self.text[start - 1] in " \t\n" or self.text[stop] != "#" else " ")]
        if "#" in self.text[self.parts[first - 1][1] : start]:  # a comment stays behind what is kept
            return [layout.edit(start, end, "")]
        before, after = self.comma(first - 1), self.comma(last)
        begin = max(self.past(first - 1), (before or 0) + 1)
        return [layout.edit(begin, max(end, (after or 0) + 1), "")]

    def remove_lines(self, first: int, last: int) -> list[Edit]:
        """Remove whole lines, but for comments that have a line of their own."""
        layout = self.layout
        at = layout.line_start(self.parts[first][0])
        edits: list[Edit] = []
        for index in range(first, last + 1):
            if (
                index > first
                and layout.comment_line(self.past(index - 1), self.parts[index][0]) != self.parts[index][0]
            ):
                edits.append(layout.edit(at, layout.next_line(self.past(index - 1)), ""))
                at = layout.line_start(self.parts[index][0])
        return [*edits, layout.edit(at, layout.next_line(self.past(last)), "")]


def _runs(indexes: Sequence[int]) -> list[Part]:
    runs: list[Part] = []
    for index in indexes:
        if runs and runs[-1][1] == index - 1:
            runs[-1] = (runs[-1][0], index)
        else:
            runs.append((index, index))
    return runs
