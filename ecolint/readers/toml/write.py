"""Rewrites TOML tables in place and keeps every other byte."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence

from ecolint.model import (
    AddEntry,
    CannotEdit,
    Change,
    Construct,
    Edit,
    Entry,
    RemoveEntry,
    Source,
    Span,
    Symbol,
    Table,
    Written,
)
from ecolint.readers.toml.tree import File, Group, Pair, Unreadable

_BARE = re.compile(r"[A-Za-z0-9_-]+\Z")
_LITERAL = re.compile(r"[\t\x20-\x26\x28-\x7e\x80-\ud7ff\ue000-\U0010ffff]*\Z")
_DELETE = re.compile(r"[\x7f\ud800-\udfff]")


def edits(source: Source, table: Table, changes: Sequence[Change]) -> tuple[Edit, ...]:
    """Non-overlapping edits for all changes of one table, in order. Raises CannotEdit."""
    if not table.writable:
        raise CannotEdit("the table is not written out in one place")
    try:
        file = File(source.path, source.text)
    except Unreadable as error:
        raise CannotEdit(error.reason) from error
    place = table.place.span
    there = (one for one in file.groups() if Span(one.start, one.end) == place)
    group = next((one for one in there if file.table(one) == table), None)  # an outer table may have the same place
    if group is None or group.kind == "implicit":
        raise CannotEdit("the table does not stand where it was read")
    layout = _Layout(file, group)
    made: list[Edit] = []
    gone: list[int] = []
    new: list[str] = []
    for change in changes:
        if isinstance(change, AddEntry):
            new.append(f"{layout.prefix}{_key(change.name)} = {_text(change.value)}")
        elif isinstance(change, RemoveEntry):
            gone.append(layout.index(change.entry))
        else:
            made.append(layout.set(layout.index(change.entry), change.value))
    return tuple(sorted(made + layout.remove(gone) + layout.add(new, gone)))


class _Layout:
    """A table's pairs in order and how they are laid out."""

    def __init__(self, file: File, group: Group) -> None:
        self.file = file
        self.text = file.text
        self.group = group
        self.inline = group.kind == "inline"
        self.newline = "\r\n" if "\r\n" in file.text else "\n"
        self.pairs: list[Pair] = [pair for pair, _ in group.pairs]
        self.spans = [file.span(pair.key, pair.value) for pair in self.pairs]
        self.prefix = group.pairs[-1][1] if group.kind == "dotted" and group.pairs else ""
        self.braced = self.inline or (group.kind == "dotted" and self._in_braces())

    def _in_braces(self) -> bool:
        node = self.pairs[0].key.parent if self.pairs else None
        while node is not None:
            if node.type == "inline_table":
                return True
            node = node.parent
        return False

    def edit(self, start: int, end: int, text: str) -> Edit:
        """Replace a range."""
        return Edit(self.file.path, Span(start, end), text)

    def index(self, entry: Entry) -> int:
        """Which pair an entry is."""
        for index, span in enumerate(self.spans):
            if span == entry.place.span:
                return index
        raise CannotEdit("the setting is a table of its own")

    def set(self, index: int, value: Written) -> Edit:
        """Give a pair another value."""
        node = self.pairs[index].value
        span = self.file.span(node)
        old = self.text[span.start : span.end]
        return self.edit(span.start, span.end, _text(value, literal=old.startswith("'") and not old.startswith("'''")))

    def remove(self, gone: Sequence[int]) -> list[Edit]:
        """Remove pairs with their lines, or with their commas in an inline table."""
        made: list[Edit] = []
        indexes = sorted(set(gone))
        if not self.braced:
            for index in indexes:
                span = self.spans[index]
                start, end = self.line_start(span.start), self.next_line(span.end)
                if end == len(self.text) and not self.text.endswith("\n") and start and index:
                    start -= len(self.newline) if self.text[:start].endswith(self.newline) else 1
                made.append(self.edit(start, end, ""))
            return made
        if not self.inline and indexes:
            raise CannotEdit("the setting is a dotted key inside an inline table")
        if len(indexes) == len(self.spans) and indexes:
            return [self.edit(self.spans[0].start, self.spans[-1].end, "")]
        kept = [index for index in range(len(self.spans)) if index not in indexes]
        for index in indexes:
            if index < kept[-1]:
                made.append(self.edit(self.spans[index].start, self.spans[index + 1].start, ""))
            else:
                made.append(self.edit(self.spans[index - 1].end, self.spans[index].end, ""))
        return made

    def add(self, new: Sequence[str], gone: Sequence[int]) -> list[Edit]:
        """Add pairs after the last one; into an empty table after its header."""
        if not new:
            return []
        if self.inline:
            return [self._add_inline(new, len(set(gone)) == len(self.spans))]
        if self.braced:
            raise CannotEdit("the setting is a dotted key inside an inline table")
        at, indent = self._after_last()
        lines = [indent + line for line in new]
        if not at or self.text[at - 1] == "\n":
            return [self.edit(at, at, "".join(line + self.newline for line in lines))]
        return [self.edit(at, at, "".join(self.newline + line for line in lines))]

    def _after_last(self) -> tuple[int, str]:
        group = self.group
        if self.spans:
            last = self.spans[-1]
            line = self.line_start(last.start)
            return self.next_line(last.end), self.text[line : last.start]
        if group.kind != "root":
            return self.next_line(group.end), ""
        comments = [self.file.at(node.start_byte) for node in self.file.tree.named_children[:1]]
        return (self.line_start(comments[0]) if comments else 0), ""

    def _add_inline(self, new: Sequence[str], all_gone: bool) -> Edit:
        if self.spans and not all_gone:
            at = self.spans[-1].end
            return self.edit(at, at, "".join(f", {pair}" for pair in new))
        at = self.spans[-1].end if self.spans else self.group.start + 1
        inside = self.text[at : self.group.end - 1]
        text = ", ".join(new)
        return self.edit(at, at, text if self.spans else f" {text}{'' if inside else ' '}")

    def line_start(self, at: int) -> int:
        """Where the line of an offset begins."""
        return self.text.rfind("\n", 0, at) + 1

    def next_line(self, at: int) -> int:
        """Where the next line begins; the end of the text where there is none."""
        end = self.text.find("\n", at)
        return end + 1 if end >= 0 else len(self.text)


def _key(name: str) -> str:
    return name if _BARE.match(name) else _basic(name)


def _text(value: Written, literal: bool = False) -> str:
    """TOML for a value; a string keeps its single quotes where it can."""
    if isinstance(value, (Symbol, Construct)) or value is None:
        raise CannotEdit("TOML has no way to write that")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        if math.isnan(value) or math.isinf(value):
            return "nan" if math.isnan(value) else ("inf" if value > 0 else "-inf")
        return repr(value)
    if literal and _LITERAL.match(value):
        return f"'{value}'"
    return _basic(value)


def _basic(value: str) -> str:
    return _DELETE.sub(lambda match: f"\\u{ord(match.group()):04x}", json.dumps(value, ensure_ascii=False))
