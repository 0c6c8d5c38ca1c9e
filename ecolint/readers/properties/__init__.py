"""Reads and rewrites Java's properties files: keys with their values, and the objects that stand in values as JSON."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from ecolint.model import (
    Alternative,
    Change,
    Edit,
    Entry,
    Invocation,
    Pin,
    Place,
    Problem,
    Reading,
    Source,
    Span,
    Table,
    Value,
    Wanted,
)
from ecolint.speech import say

if TYPE_CHECKING:
    from ecolint.readers import Lookup
    from ecolint.readers.properties.lines import Line, Lines

SUFFIXES = (".properties",)
HELD = True
FALLBACK = "latin-1"
"""What Java reads such files as; most are written in the part of it that is UTF-8 too."""

_FILLED = re.compile(r"\$[A-Za-z_{(]|\{\{|<%")
"""What something else fills in before, or while, the file is read."""
_REMARK = re.compile(r"\s[#!]\s")
"""What was meant for a comment: behind a value there are none, and it becomes a part of it."""


def read(source: Source, wanted: Wanted, project: Lookup) -> Reading:
    """The file as settings, and every object in its values that holds a trigger as a key."""
    triggers = frozenset(word for word in wanted.words_of("properties") if word in source.text)
    if not triggers:
        return Reading()
    from ecolint.readers.hashes import comments
    from ecolint.readers.properties.lines import Unreadable, split

    try:
        file = split(source.text)
    except Unreadable as error:
        line = source.text.count("\n", 0, error.at) + 1
        return Reading(problems=(Problem(source.path, line, error.reason),))
    remarks = comments(source.text, file.comments)
    statement = source.text.find("{%")
    if statement >= 0:
        line = source.text.count("\n", 0, statement) + 1
        return Reading((), remarks, (Problem(source.path, line, say("its lines are written by a template"), True),))
    found = tuple(
        Invocation("properties", table.place, "settings", mapping=table, beside=tuple(one.name for one in file.lines))
        for table in every_table(source, file)
        if not triggers.isdisjoint(entry.name for entry in table.entries)
    )
    return Reading(found, remarks)


def every_table(source: Source, file: Lines) -> Iterator[Table]:
    """The file itself, then the objects in its values."""
    from ecolint.readers.properties.objects import tables

    entries = tuple(_entry(source.path, line) for line in file.lines)
    whole = Span(file.lines[0].start, file.lines[-1].end) if file.lines else Span(0, 0)
    yield Table("properties", Place(source.path, whole), entries)
    for entry in entries:
        data = entry.value[0].data
        if isinstance(data, Table):
            yield from tables(data)


def _entry(path: str, line: Line) -> Entry:
    from ecolint.readers.properties.objects import held

    place = Place(path, Span(line.value, line.end))
    told = Alternative("unknown", None, place)
    if not _FILLED.search(line.joined) and not _REMARK.search(line.joined):
        told = Alternative("known", held(line, path) or line.text, place)
    return Entry(line.name, (told,), Place(path, Span(line.start, line.end)))


def rewrite(source: Source, table: Table, changes: Sequence[Change]) -> tuple[Edit, ...]:
    """The edits that make all `changes` in one table. Raises CannotEdit where there is no right edit."""
    from ecolint.readers.properties.write import edits

    return edits(source, table, changes)


def pins(source: Source) -> tuple[Pin, ...]:
    """Properties files require no libraries."""
    return ()


def constants(source: Source) -> Mapping[str, Value]:
    """Properties files export no constants."""
    return {}
