"""Settings that whoever installs a chart may override: what values files say holds until then, and may be added to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fnmatch import fnmatchcase

from ecolint.model import Alternative, Entry, Invocation, Items, Span, Table, Value
from ecolint.readers.yaml.nodes import Node, resolved
from ecolint.readers.yaml.tables import Document

FILES = "values*"
"""How the files of a chart's settings are called."""
SWITCH = "enabled"
"""The setting by which a part of a chart is there or not."""


def overridable(path: str) -> bool:
    """Whether a file holds settings that an installation may override."""
    return fnmatchcase(path.rpartition("/")[2], FILES)


def fallback(found: Invocation) -> Invocation:
    """The same as what holds unless an installation says otherwise: words and variables may be added."""
    return replace(
        found,
        words=_table(found.words, opened=True),
        env=_table(found.env, opened=True),
        mapping=_table(found.mapping),
        surroundings=_table(found.surroundings),
        image=_fallbacks(found.image),
    )


def _table(table: Table | None, opened: bool = False) -> Table | None:
    if table is None:
        return None
    return replace(table, entries=tuple(map(_entry, table.entries)), open=table.open or opened)


def _entry(entry: Entry) -> Entry:
    return replace(entry, value=_fallbacks(entry.value))


def _fallbacks(value: Iterable[Alternative]) -> Value:
    return tuple(
        replace(one, how="fallback") if one.kind == "known" and not isinstance(one.data, (Table, Items)) else one
        for one in value
    )


def without_switched_off(document: Document, roots: Iterable[Node], found: Iterable[Invocation]) -> list[Invocation]:
    """What is not in a part of the settings that is off until an installation says `enabled: true`."""
    spans: list[Span] = []
    stack, seen = list(roots), set[Node]()
    while stack:
        node = resolved(stack.pop())[0]
        if node in seen or node.kind == "scalar":
            continue
        seen.add(node)
        one = document.fields(node).by_name.get(SWITCH) if node.kind == "mapping" else None
        value = document.value(one.value)[0] if one is not None else None
        if value is not None and value.kind == "known" and value.data is False:
            spans.append(document.at(node).span)
        else:
            stack.extend(node.children)
    return [
        one for one in found if not any(s.start <= one.place.span.start and one.place.span.end <= s.end for s in spans)
    ]
