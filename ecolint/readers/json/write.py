"""Rewrites JSON in place: the editors of YAML's flow style, whose result must still be JSON."""

from __future__ import annotations

from collections.abc import Sequence

from ecolint.model import CannotEdit, Change, Edit, Source, Table
from ecolint.readers.json.tree import Unreadable, parse
from ecolint.readers.yaml.write import edits_of


def edits(source: Source, table: Table, changes: Sequence[Change]) -> tuple[Edit, ...]:
    """Non-overlapping edits for all changes of one table, in order. Raises CannotEdit."""
    relaxed = source.path.lower().endswith(".jsonc")
    try:
        file = parse(source.text, relaxed)
    except Unreadable as error:
        raise CannotEdit(error.reason) from error
    made = edits_of(source, file.roots, table, changes)
    text = source.text
    for edit in reversed(made):
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    try:
        parse(text, relaxed)
    except Unreadable as error:
        raise CannotEdit("JSON has no way to write that") from error
    return made
