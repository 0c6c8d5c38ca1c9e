"""Rewrites the variables that a command is given as options of its own: `-e NAME=value`, wherever they stand in it."""

from __future__ import annotations

from collections.abc import Sequence

from ecolint.model import AddEntry, CannotEdit, Change, Edit, Entry, RemoveEntry, SetEntry, Source, Span, Table
from ecolint.readers.shell.write import cut, quoted, text_of


def option_edits(source: Source, table: Table, changes: Sequence[Change]) -> list[Edit]:
    """Set, remove and add variables; the table's name is the option before each. What is added takes the place of what
    is removed. Raises CannotEdit where a value is written somewhere else, or depends on a condition.
    """
    added = [f"{table.name} {change.name}={quoted(text_of(change.value))}" for change in _added(changes)]
    made = [
        Edit(source.path, _value(source.text, change.entry), quoted(text_of(change.value), bare=True))
        for change in changes
        if isinstance(change, SetEntry)
    ]
    for change in changes:
        if not isinstance(change, RemoveEntry):
            continue
        span = change.entry.place.span
        if added:
            made.append(Edit(source.path, span, added.pop(0)))
        else:
            made.append(Edit(source.path, cut(source.text, span.start, span.end), ""))
    if added:
        end = max(entry.place.span.end for entry in table.entries)
        made.append(Edit(source.path, Span(end, end), "".join(f" {text}" for text in added)))
    return made


def _added(changes: Sequence[Change]) -> list[AddEntry]:
    return [change for change in changes if isinstance(change, AddEntry)]


def _value(text: str, entry: Entry) -> Span:
    """Where a variable's value is written behind its name."""
    one = entry.value[0]
    if len(entry.value) > 1 or entry.branches:
        raise CannotEdit("the variable depends on a condition")
    place = one.place.span if one.place is not None else entry.place.span
    if one.shared or not isinstance(one.data, str):
        raise CannotEdit("the variable's value is written in another place")
    if text[place.start : place.end] == one.data:
        return place
    whole = f"{entry.name}={one.data}"
    at = text.find(whole, entry.place.span.start, entry.place.span.end)
    if at < 0:
        raise CannotEdit("the variable's value is written in another place")
    return Span(at + len(entry.name) + 1, at + len(whole))
