"""Rewrites properties files in place and keeps every other byte."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from ecolint.model import (
    AddEntry,
    CannotEdit,
    Change,
    Construct,
    Edit,
    Entry,
    RemoveEntry,
    SetEntry,
    Source,
    Span,
    Symbol,
    Table,
    Written,
)
from ecolint.readers.properties.lines import Line, Unreadable, split

_SPECIAL = re.compile(r"[\\\t\n\r\f]")
_IN_KEY = re.compile(r"[\\\t\n\r\f =:#!]")
_NAMED = {"\t": "\\t", "\n": "\\n", "\r": "\\r", "\f": "\\f"}


def edits(source: Source, table: Table, changes: Sequence[Change]) -> tuple[Edit, ...]:
    """Non-overlapping edits for all changes of one table, in order. Raises CannotEdit."""
    from ecolint.readers.properties import every_table

    try:
        file = split(source.text)
    except Unreadable as error:
        raise CannotEdit(error.reason) from error
    if table not in every_table(source, file):
        raise CannotEdit("the settings do not stand where they were read")
    if table.syntax == "properties.json":
        made = list(_in_object(source, table, changes))
    else:
        made = list(_in_file(source, file.lines, changes))
    return tuple(sorted(made))


def _in_file(source: Source, lines: Sequence[Line], changes: Sequence[Change]) -> Iterator[Edit]:
    by_start = {line.start: line for line in lines}
    new: list[str] = []
    last = lines[-1] if lines else None
    gap = source.text[last.separator : last.value] if last is not None and last.separator < last.value else "="
    for change in changes:
        if isinstance(change, AddEntry):
            new.append(_IN_KEY.sub(_escape, change.name) + gap + _SPECIAL.sub(_escape, _text(change.value)))
            continue
        line = by_start.get(change.entry.place.span.start)
        if line is None:
            raise CannotEdit("the setting does not stand where it was read")
        if isinstance(change, RemoveEntry):
            begin = source.text.rfind("\n", 0, line.start) + 1
            yield _edit(source, begin, line.until, "")
        else:
            lead = "" if line.separator < line.value else "="
            yield _edit(source, line.value, line.end, lead + _SPECIAL.sub(_escape, _text(change.value)))
    if new:
        newline = "\r\n" if "\r\n" in source.text else "\n"
        at = last.until if last is not None else len(source.text)
        indent = _indent(source.text, last.start) if last is not None else ""
        closed = not at or source.text[at - 1] in "\r\n"
        text = "".join(indent + one + newline if closed else newline + indent + one for one in new)
        yield _edit(source, at, at, text)


def _in_object(source: Source, table: Table, changes: Sequence[Change]) -> Iterator[Edit]:
    spans = [entry.place.span for entry in table.entries]
    gone = {_index(table.entries, change.entry) for change in changes if isinstance(change, RemoveEntry)}
    new = [f"{json.dumps(change.name)}: {_json(change.value)}" for change in changes if isinstance(change, AddEntry)]
    for change in changes:
        if isinstance(change, SetEntry):
            place = table.entries[_index(table.entries, change.entry)].value[0].place
            if place is None:
                raise CannotEdit("the value is not written out in place")
            yield _edit(source, place.span.start, place.span.end, _json(change.value))
    kept = [index for index in range(len(spans)) if index not in gone]
    if not kept and gone:
        yield _edit(source, spans[0].start, spans[-1].end, ", ".join(new))
        return
    for index in sorted(gone):
        if index < kept[-1]:
            yield _edit(source, spans[index].start, spans[index + 1].start, "")
        else:
            yield _edit(source, spans[index - 1].end, spans[index].end, "")
    if new:
        at = spans[kept[-1]].end if kept else table.place.span.start + 1
        yield _edit(source, at, at, ("".join(f", {pair}" for pair in new)) if kept else ", ".join(new))


def _index(entries: Sequence[Entry], entry: Entry) -> int:
    for index, one in enumerate(entries):
        if one.place == entry.place:
            return index
    raise CannotEdit("the setting does not stand where it was read")


def _indent(text: str, at: int) -> str:
    """The blanks before what begins a line."""
    return text[text.rfind("\n", 0, at) + 1 : at]


def _edit(source: Source, start: int, end: int, text: str) -> Edit:
    return Edit(source.path, Span(start, end), text)


def _escape(match: re.Match[str]) -> str:
    return _NAMED.get(match.group(), "\\" + match.group())


def _text(value: Written) -> str:
    if isinstance(value, (Symbol, Construct)) or value is None:
        raise CannotEdit("a properties file has no way to write that")
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if text != text.strip(" \t\f"):
        raise CannotEdit("blanks around a value are not kept")
    return text


def _json(value: Written) -> str:
    """JSON for a value, as a properties file escapes it."""
    if isinstance(value, (Symbol, Construct)):
        raise CannotEdit("JSON has no way to write that")
    return _SPECIAL.sub(_escape, json.dumps(value))
