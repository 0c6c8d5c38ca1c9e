"""Settings that whoever installs a chart may override, and parts of a file that are switched off."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from itertools import accumulate

from ecolint.model import Alternative, Entry, Invocation, Items, Span, Table, Value
from ecolint.readers.yaml.nodes import Node, resolved
from ecolint.readers.yaml.tables import Document

FILES = "values*"
"""How the files of a chart's settings are called."""
SWITCHES = {"enabled": False, "enable": False, "disabled": True}
"""The settings by which a part of a file is left out, and what they say then."""


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


def without_switched_off(document: Document, roots: Iterable[Node], found: Sequence[Invocation]) -> list[Invocation]:
    """What is not in a part of a file that is off: `enabled: false`, and whatever else says so."""
    spans: list[Span] = []
    stack, seen = list(roots) if found else [], set[Node]()
    while stack:
        node = resolved(stack.pop())[0]
        if node in seen or node.kind == "scalar":
            continue
        seen.add(node)
        if node.kind == "mapping" and _switched_off(document, node):
            spans.append(document.at(node).span)
        else:
            stack.extend(node.children)
    spans.sort(key=lambda span: (span.start, -span.end))
    ends = list(accumulate((span.end for span in spans), max))  # an alias may lead into another part that is off
    starts = [span.start for span in spans]

    def off(span: Span) -> bool:
        before = bisect_right(starts, span.start)
        return before > 0 and span.end <= ends[before - 1]

    return [one for one in found if not off(one.place.span)]


def _switched_off(document: Document, node: Node) -> bool:
    fields = document.fields(node).by_name
    told = [(document.value(fields[name].value)[0], off) for name, off in SWITCHES.items() if name in fields]
    return any(one.kind == "known" and one.data is off for one, off in told)
