"""Rewrites protocol buffers in text format in place and keeps every other byte."""

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
from ecolint.readers.pbtxt.tables import blocks, mapped, table_of, wrapper
from ecolint.readers.pbtxt.tree import Field, Node, Unreadable, parse

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


def edits(source: Source, table: Table, changes: Sequence[Change]) -> tuple[Edit, ...]:
    """Non-overlapping edits for all changes of one table, in order. Raises CannotEdit."""
    try:
        file = parse(source.text)
    except Unreadable as error:
        raise CannotEdit(error.reason) from error
    at = table.place.span
    there = (node for node in blocks(file.root) if Span(node.start, node.end) == at)
    block = next((node for node in there if table_of(source.path, node) == table), None)
    if block is None:
        raise CannotEdit("the block does not stand where it was read")
    return tuple(sorted(_Writer(source, block, block is file.root).write(changes)))


class _Writer:
    def __init__(self, source: Source, block: Node, root: bool) -> None:
        self.source, self.text, self.block, self.root = source, source.text, block, root
        self.newline = "\r\n" if "\r\n" in source.text else "\n"

    def write(self, changes: Sequence[Change]) -> list[Edit]:
        """The edits of all changes."""
        made: list[Edit] = []
        new: list[str] = []
        for change in changes:
            if isinstance(change, AddEntry):
                new.append(self.added(change.name, change.value))
            elif isinstance(change, RemoveEntry):
                made.append(self.removed(self.field(change.entry)))
            else:
                made.append(self.set(self.field(change.entry), change.value))
        return [*made, *self.inserted(new)]

    def field(self, entry: Entry) -> Field:
        """Which field an entry is."""
        for one in self.block.fields:
            if Span(one.start, one.end) == entry.place.span:
                return one
        raise CannotEdit("the setting does not stand where it was read")

    def edit(self, start: int, end: int, text: str) -> Edit:
        return Edit(self.source.path, Span(start, end), text)

    def set(self, one: Field, value: Written) -> Edit:
        """Give a field another value; what was a text stays one."""
        pair = mapped(one)
        node = pair[1] if pair is not None else one.value
        if node.kind not in ("scalar", "filled"):
            raise CannotEdit("the setting is a block or a list")
        return self.edit(node.start, node.end, _text(value, node.quoted))

    def removed(self, one: Field) -> Edit:
        """Take a field away, with its line where nothing else stands on it, and with what separates it."""
        end = one.end
        while end < len(self.text) and self.text[end] in " \t,;":
            end += 1
        begin = self.text.rfind("\n", 0, one.start) + 1
        alone = not self.text[begin : one.start].strip() and self.text[end : end + 2].startswith(("\n", "\r\n"))
        if alone or (end == len(self.text) and not self.text[begin : one.start].strip()):
            stop = self.text.find("\n", end)
            return self.edit(begin, stop + 1 if stop >= 0 else end, "")
        return self.edit(one.start, end, "")

    def added(self, name: str, value: Written) -> str:
        """A new field as it is written, or a new entry of a map in the manner of its others."""
        if _NAME.match(name):
            return f"{name}: {_text(value, _quotes(value))}"
        holder, _, key = name.partition(".")
        for one in self.block.fields:
            pair = mapped(one) if one.name == holder else None
            if pair is None:
                continue
            inner = next(field.value for field in one.value.fields if field.name == "value")
            wrapped = wrapper(inner)
            said = _text(value, pair[1].quoted or _quotes(value))
            told = f"{{ {wrapped.name}: {said} }}" if wrapped is not None else said
            return f"{holder} {{{self.newline}  key: {json.dumps(key)}{self.newline}  value: {told}{self.newline}}}"
        raise CannotEdit("the block that it goes into is not written")

    def inserted(self, new: Sequence[str]) -> list[Edit]:
        """New fields behind the last one of the block."""
        if not new:
            return []
        last = self.block.fields[-1] if self.block.fields else None
        if last is None:
            at = len(self.text) if self.root else self.block.start + 1
            lead, gap = ("", self.newline) if self.root else (" ", " ")
            return [self.edit(at, at, lead + "".join(one + gap for one in new))]
        begin = self.text.rfind("\n", 0, last.start) + 1
        indent = self.text[begin : last.start]
        if indent.strip():  # beside others on one line
            return [self.edit(last.end, last.end, "".join(f" {one}" for one in new))]
        lines = "".join(self.newline + indent + one.replace(self.newline, self.newline + indent) for one in new)
        return [self.edit(last.end, last.end, lines)]


def _quotes(value: Written) -> str:
    return '"' if isinstance(value, str) else ""


def _text(value: Written, quotes: str) -> str:
    """A value as the text format writes it, in these quotes."""
    if isinstance(value, (Symbol, Construct)) or value is None:
        raise CannotEdit("a text format has no way to write that")
    if isinstance(value, float) and not math.isfinite(value):
        raise CannotEdit("that is no number")
    said = str(value).lower() if isinstance(value, bool) else str(value)
    if not quotes:
        if isinstance(value, str) and not _NAME.match(value):
            raise CannotEdit("a choice is one word")
        return said
    inside = json.dumps(said, ensure_ascii=False)[1:-1]
    if "\\u" in inside:
        raise CannotEdit("that cannot be written in quotes")
    return f'"{inside}"' if quotes == '"' else "'" + inside.replace('\\"', '"').replace("'", "\\'") + "'"
