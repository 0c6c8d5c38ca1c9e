"""Reads and rewrites protocol buffers in text format: the settings of a file, maps with their keys as names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ecolint.model import Change, Edit, Invocation, Pin, Problem, Reading, Source, Table, Value, Wanted

if TYPE_CHECKING:
    from ecolint.readers import Lookup

SUFFIXES = (".pbtxt",)
HELD = True


def read(source: Source, wanted: Wanted, project: Lookup) -> Reading:
    """The file as settings, where one of the words is a field of it. Of another file nothing is said."""
    words = [word for word in wanted.words_of("pbtxt") if word in source.text]
    if not words or not _named(source.text, words):
        return Reading()
    from ecolint.readers.hashes import comments
    from ecolint.readers.pbtxt.tables import table_of
    from ecolint.readers.pbtxt.tree import Unreadable, parse

    try:
        file = parse(source.text)
    except Unreadable as error:
        line = source.text.count("\n", 0, error.at) + 1
        templated = "{%" in source.text
        return Reading(problems=(Problem(source.path, line, error.reason, templated),))
    table = table_of(source.path, file.root)
    keys = tuple(dict.fromkeys(entry.name for entry in table.entries))
    found = Invocation("pbtxt", table.place, "settings", mapping=table, beside=keys)
    return Reading((found,), comments(source.text, file.comments))


def _named(text: str, words: Sequence[str]) -> bool:
    """Whether one of the words stands where a field's name does."""
    return any(re.search(rf"(?<![\w.\"']){re.escape(word)}\s*[:{{]", text) for word in words)


def rewrite(source: Source, table: Table, changes: Sequence[Change]) -> tuple[Edit, ...]:
    """The edits that make all `changes` in one table. Raises CannotEdit where there is no right edit."""
    from ecolint.readers.pbtxt.write import edits

    return edits(source, table, changes)


def pins(source: Source) -> tuple[Pin, ...]:
    """Such files require no libraries."""
    return ()


def constants(source: Source) -> Mapping[str, Value]:
    """Such files export no constants."""
    return {}
