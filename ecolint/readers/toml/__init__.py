"""Reads TOML: every table that holds a wanted key, and the libraries that a project pins; and rewrites tables."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ecolint.model import (
    Alternative,
    Change,
    Edit,
    Entry,
    Invocation,
    Items,
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

if TYPE_CHECKING:
    from ecolint.readers import Lookup

SUFFIXES = (".toml",)
NAMES = ("pipfile",)

_LINE_COMMENT = re.compile(r"^[ \t]*(#[^\r\n]*)", re.MULTILINE)


def read(source: Source, wanted: Wanted, project: Lookup) -> Reading:
    """Every table of a TOML file that directly holds one of the triggers as a key.

    tomli decides what is TOML. Where tree-sitter cannot follow it (TOML 1.1), tables are read all the same, but stand
    at the whole file and cannot be written.
    """
    triggers = frozenset(trigger for trigger in wanted.triggers if trigger in source.text)
    if not triggers:
        return Reading()
    from ecolint.readers.hashes import comments
    from ecolint.readers.toml.tree import File, Unreadable

    try:
        file = File(source.path, source.text)
    except Unreadable as error:
        return Reading(problems=(Problem(source.path, error.line, error.reason),))
    if file.root is None:
        spans = [match.span(1) for match in _LINE_COMMENT.finditer(source.text)]
        unplaced = _without_places(source, file.data, triggers)
        return Reading(_beside(unplaced, file.data), comments(source.text, spans))
    spans = [(file.at(node.start_byte), file.at(node.end_byte)) for node in file.comments()]
    found = [
        _invocation(group.path, file.table(group)) for group in file.groups() if not triggers.isdisjoint(group.parts)
    ]
    return Reading(_beside(found, file.data), comments(source.text, spans))


def _beside(found: Sequence[Invocation], data: dict[str, Any]) -> tuple[Invocation, ...]:
    """The invocations, each knowing the keys of every table of the file."""
    keys: dict[str, None] = {}
    stack: list[Any] = [data] if found else []
    while stack:
        at = stack.pop()
        if isinstance(at, dict):
            keys.update(dict.fromkeys(at))
            stack.extend(at.values())
        elif isinstance(at, list):
            stack.extend(at)
    return tuple(replace(one, beside=tuple(keys)) for one in found)


def _invocation(path: str, table: Table) -> Invocation:
    return Invocation("toml", table.place, f"table {path}".rstrip(), mapping=table)


def _without_places(source: Source, data: dict[str, Any], triggers: frozenset[str]) -> tuple[Invocation, ...]:
    """The tables of a file whose places nobody knows."""
    whole = Place(source.path, Span(0, len(source.text)))
    found: list[Invocation] = []
    stack: list[tuple[str, Any]] = [("", data)]
    while stack:
        path, at = stack.pop()
        if isinstance(at, list):
            stack.extend((path, item) for item in reversed(at))
        elif isinstance(at, dict):
            if not triggers.isdisjoint(at):
                found.append(_invocation(path, _placeless(at, whole)))
            stack.extend((f"{path}.{name}".lstrip("."), part) for name, part in reversed(at.items()))
    return tuple(found)


def _placeless(data: dict[str, Any], whole: Place) -> Table:
    entries = tuple(Entry(name, _placeless_value(part, whole), whole) for name, part in data.items())
    return Table("toml.table", whole, entries, writable=False)


def _placeless_value(data: Any, whole: Place) -> Value:
    if isinstance(data, dict):
        return (Alternative("known", _placeless(data, whole), whole),)
    if isinstance(data, list):
        return (Alternative("known", Items(tuple(_placeless_value(item, whole) for item in data)), whole),)
    known = data if isinstance(data, (str, int, float, bool)) else str(data)
    return (Alternative("known", known, whole),)


def rewrite(source: Source, table: Table, changes: Sequence[Change]) -> tuple[Edit, ...]:
    """The edits that make all `changes` in one table. Raises CannotEdit where there is no right edit."""
    from ecolint.readers.toml.write import edits

    return edits(source, table, changes)


def pins(source: Source) -> tuple[Pin, ...]:
    """The libraries that a `pyproject.toml` or `Pipfile` requires, and indexes of nightly builds as "index"."""
    if source.path.rsplit("/", 1)[-1] not in ("pyproject.toml", "Pipfile"):
        return ()
    from ecolint.readers.toml.requirements import file_pins
    from ecolint.readers.toml.tree import File, Unreadable

    try:
        return file_pins(File(source.path, source.text))
    except Unreadable:
        return ()


def constants(source: Source) -> Mapping[str, Value]:
    """TOML files export no constants."""
    return {}
