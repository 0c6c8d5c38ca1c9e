"""Where entries stand in one variant: in the table itself, in splatted and nested dictionaries, in objects."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal, TypeAlias

from ecolint.model import Entry, Table
from ecolint.recognise import Recognised, matches
from ecolint.slots.variant import Assignment, compatible, pick, settled
from ecolint.stacks import dotted as dotted_names
from ecolint.stacks import packed
from ecolint.stacks.vocabulary import ObjectSpec, Vocabulary

Found: TypeAlias = tuple[Table, Entry]
"""An entry, and the table it really stands in."""


def flatten(table: Table) -> Iterator[Found]:
    """The entries of a table in order, those of splatted dictionaries (`**`) with the table they really stand in."""
    for entry in table.entries:
        if entry.name == "**":
            for alternative in entry.value:
                if isinstance(alternative.data, Table):
                    branches = entry.branches | alternative.branches
                    for inner, found in flatten(alternative.data):
                        yield inner, replace(found, branches=found.branches | branches)
        else:
            yield table, entry


def is_open(table: Table) -> bool:
    """Whether a table may hold entries that nobody can see."""
    return table.open or any(
        entry.name == "**" and any(not isinstance(a.data, Table) or is_open(a.data) for a in entry.value)
        for entry in table.entries
    )


def find(
    table: Table, names: tuple[str, ...], assignment: Assignment, *, paths: bool = False
) -> Found | Literal[False] | None:
    """The last entry under one of these names; None where there is none, False where that cannot be told.

    Dotted names lead into mappings of mappings, but where the table's own names are `paths`.
    """
    best: Found | None = None
    doubtful = hidden = False
    dotted = () if paths else tuple(name for name in names if "." in name)
    for home, entry in flatten(table):
        if entry.name in names and compatible(entry.branches, assignment):
            best = (home, entry)
            doubtful = not settled(entry.branches, assignment)
            continue
        for name in dotted:
            if best is None and name.startswith(f"{entry.name}."):
                best, unseen = _deeper(entry, name, assignment)
                doubtful = best is not None and not settled(best[1].branches, assignment)
                hidden = hidden or unseen
    if best is None:
        return False if hidden or is_open(table) else None
    return False if doubtful else best


def _deeper(entry: Entry, name: str, assignment: Assignment) -> tuple[Found | None, bool]:
    """The last entry that a dotted name leads to below this one, and whether there may be one that nobody can see."""
    best: Found | None = None
    hidden = False
    for reached in dotted_names.below(entry, name):
        if reached.entry is None:
            hidden = True
        elif compatible(reached.entry.branches, assignment):
            best = (reached.table, reached.entry)
    return best, hidden


def homes(recognised: Recognised, assignment: Assignment) -> list[Table]:
    """The tables a key of an invocation may stand in: the call or mapping itself and its nested dictionaries."""
    top = recognised.invocation.call or recognised.invocation.mapping
    if top is None:
        return []
    found = [top]
    for nested in recognised.vocabulary.nested:
        entry = find(top, (nested,), assignment)
        if isinstance(entry, tuple):
            found += [a.data for a in entry[1].value if isinstance(a.data, Table)]
    return found


def holder(recognised: Recognised, name: str, assignment: Assignment) -> Found | None:
    """The entry that carries an object in one variant, and the table it stands in; an empty one is none."""
    names = recognised.vocabulary.objects[name].arguments
    for home in homes(recognised, assignment):
        found = find(home, names, assignment)
        if isinstance(found, tuple) and any(a.kind != "known" or a.data is not None for a in found[1].value):
            return found
    return None


def within(
    table: Table, name: str, vocabulary: Vocabulary, assignment: Assignment, spec: ObjectSpec | None = None
) -> Table | Literal[False] | None:
    """The dictionary or object under this name; None where there is none, False where that cannot be told."""
    found = find(table, spec.arguments if spec is not None else (name,), assignment)
    if found is None or found is False:
        # An unseen dictionary beside the call may carry anything, but most calls have none: only splats count.
        return found
    alternative = pick(found[1].value, assignment)
    syntax = vocabulary.packed.get(name)
    if alternative is not None and syntax is not None:
        unpacked = packed.table(alternative.data, syntax, alternative.place)
        if unpacked is not None:
            return unpacked
    if alternative is None or alternative.kind == "unknown":
        return False
    data = alternative.data
    if not isinstance(data, Table):
        # A number or a switch holds no keys.
        return None if data is None or isinstance(data, (bool, int, float)) else False
    plain = data.name in ("", "dict")
    if spec is not None and not (spec.mapping if plain else matches(data.name, spec.classes)):
        return False
    return data
