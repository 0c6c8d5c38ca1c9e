"""Dotted names: a key in a mapping in a mapping, `inference.preset.name`, found where it really stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ecolint.model import Alternative, Entry, Items, Table, Value
from ecolint.shaped import dataclass

MAX_STEPS = 16
"""Mappings that a dotted name leads through."""


@dataclass(frozen=True, slots=True)
class Reached:
    """An entry that a dotted name leads to and the table that it stands in; no entry where nobody can see it."""

    table: Table
    entry: Entry | None


def below(entry: Entry, name: str, steps: int = 0) -> Iterator[Reached]:
    """What a dotted name leads to below an entry of which the name is its beginning: `a.b` below `a`.

    A position counts the items of a list from 0; `*` means the only item of one.
    """
    rest = name[len(entry.name) + 1 :]
    for one in entry.value:
        for reached in _inside(one, entry, rest, steps):
            found = reached.entry
            if found is not None:
                found = replace(found, branches=found.branches | entry.branches | one.branches)
            yield Reached(reached.table, found)


def _inside(one: Alternative, entry: Entry, rest: str, steps: int) -> Iterator[Reached]:
    holder = Table("", entry.place, ())
    if one.kind == "unknown" or steps >= MAX_STEPS:
        yield Reached(holder, None)
    elif isinstance(one.data, Table):
        yield from reach(one.data, rest, steps + 1)
    elif isinstance(one.data, Items):
        first, _, further = rest.partition(".")
        value = _item(one.data, first)
        if value is None:
            return
        if not value:
            yield Reached(holder, None)
        elif further:
            yield from below(Entry(first, value, entry.place), rest, steps + 1)
        else:
            yield Reached(holder, Entry(first, value, entry.place))


def _item(items: Items, position: str) -> Value | None:
    """The item at a position; empty where it cannot be told, None where there is none."""
    if position == "*":
        return items.items[0] if len(items.items) == 1 and not items.open else () if items.items else None
    if not position.isdecimal():
        return None
    index = int(position)
    return items.items[index] if index < len(items.items) else () if items.open else None


def reach(table: Table, name: str, steps: int = 0) -> Iterator[Reached]:
    """What a name leads to in a table: the entry of this very name, else what stands deeper."""
    literal = [entry for entry in table.entries if entry.name == name]
    if literal:
        yield from (Reached(table, entry) for entry in literal)
        return
    if table.open:
        yield Reached(table, None)
    for entry in table.entries:
        if name.startswith(f"{entry.name}."):
            yield from below(entry, name, steps)


def holds(table: Table, name: str) -> bool:
    """Whether something is to be seen under a name, which may be dotted."""
    return any(reached.entry is not None for reached in reach(table, name))


def home(table: Table, name: str) -> tuple[Table, str] | None:
    """The innermost mapping that a dotted name leads through, and the name of the key in it.

    Where keys are written out with the same dots, so is this one: `option.dtype` stands beside `option.model_id`.
    """
    before = name.rpartition(".")[0]
    if not before or any(entry.name.rpartition(".")[0] == before for entry in table.entries):
        return table, name
    for entry in table.entries:
        if name.startswith(f"{entry.name}."):
            rest = name[len(entry.name) + 1 :]
            data = entry.value[0].data if len(entry.value) == 1 else None
            return home(data, rest) if isinstance(data, Table) else None
    return None
