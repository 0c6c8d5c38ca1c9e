"""Rewrites the variables that a script sets for its commands: `export NAME=value` lines and `NAME=value` prefixes."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ecolint.model import AddEntry, CannotEdit, Change, Edit, Entry, RemoveEntry, SetEntry, Source, Span, Table
from ecolint.readers.shell.write import quoted, text_of

_EXPORT = re.compile(r"[ \t]*export[ \t]+\Z")
_LINE_END = re.compile(r"[ \t]*(?:\r?\n|\Z)")
_BLANK = re.compile(r"[ \t]*(?:\\\r?\n[ \t]*)*")


def variable_edits(source: Source, table: Table, changes: Sequence[Change]) -> list[Edit]:
    """Set, remove and add variables where others are assigned. What is added takes the place of what is removed.

    Raises CannotEdit where a value is written somewhere else, or where it depends on a condition.
    """
    made: list[Edit] = []
    gone = [_assignment(source.text, change.entry) for change in changes if isinstance(change, RemoveEntry)]
    added = [f"{change.name}={quoted(text_of(change.value))}" for change in changes if isinstance(change, AddEntry)]
    for change in changes:
        if isinstance(change, SetEntry):
            span = _assignment(source.text, change.entry)
            value = Span(span.start + len(change.entry.name) + 1, span.end)
            present = source.text[value.start : value.end]
            made.append(Edit(source.path, value, quoted(text_of(change.value), present)))
    for span in gone:
        if added:
            made.append(Edit(source.path, span, added.pop(0)))
        else:
            made.append(Edit(source.path, _cut(source.text, span), ""))
    if added:
        made.append(_behind(source, table, added))
    return made


def _assignment(text: str, entry: Entry) -> Span:
    """`NAME=value` as it is written, with the value's place in the entry."""
    place, one = entry.place.span, entry.value[0]
    start = place.start - len(entry.name) - 1
    if len(entry.value) > 1 or entry.branches:
        raise CannotEdit("the variable depends on a condition")
    if one.shared or one.place != entry.place or start < 0 or text[start : place.start] != f"{entry.name}=":
        raise CannotEdit("the variable's value is written in another place")
    return Span(start, place.end)


def _line(text: str, span: Span) -> tuple[int, re.Match[str] | None]:
    """Where the line begins, and its end where nothing but blanks follows."""
    return text.rfind("\n", 0, span.start) + 1, _LINE_END.match(text, span.end)


def _cut(text: str, span: Span) -> Span:
    """What goes with an assignment: its line where it stands alone there, else the blanks behind or before it."""
    start, ending = _line(text, span)
    before = text[start : span.start]
    if ending is not None and (_EXPORT.match(before) or not before.strip()):
        return Span(start, ending.end())
    if ending is not None:  # the last of several
        kept = before.rstrip(" \t")
        return Span(start + len(kept), span.end)
    blank = _BLANK.match(text, span.end)
    return Span(span.start, blank.end() if blank else span.end)


def _behind(source: Source, table: Table, added: Sequence[str]) -> Edit:
    """New assignments behind the last one, in its manner."""
    if not table.entries:
        raise CannotEdit("nothing is assigned where it could be added")
    text = source.text
    last = max((_assignment(text, entry) for entry in table.entries), key=lambda span: span.end)
    start, ending = _line(text, last)
    if ending is not None and _EXPORT.match(text[start : last.start]):
        lead = text[start : last.start]
        newline = "\r\n" if "\r\n" in text else "\n"
        return Edit(source.path, Span(last.end, last.end), "".join(f"{newline}{lead}{one}" for one in added))
    return Edit(source.path, Span(last.end, last.end), "".join(f" {one}" for one in added))
