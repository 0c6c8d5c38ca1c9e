"""What one key says in one place: a value of the key's type, known or not, and where it is written."""

from __future__ import annotations

from ecolint.model import Branches, Entry, How, Kind, Place, Scalar, Table, Value
from ecolint.shaped import dataclass
from ecolint.slots.tables import find
from ecolint.slots.variant import Assignment, narrowed, pick
from ecolint.stacks import spelling
from ecolint.stacks.vocabulary import Key

UNSET = ("word", "dtype", "count", "int", "float")
"""Types of which an empty text is no value: the key is not written."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What one key says in one variant, and where that is written.

    `where` is "call", "nested", "object", "outside", "flag", "env", "mapping", "image", "surroundings", "condition",
    "callee", "use" or "virtual"; `entries` are the words or the entry in `table` that an edit would change.
    """

    kind: Kind
    value: Scalar = None
    place: Place | None = None
    how: How = "literal"
    assured: bool = True
    written: bool | None = False
    where: str | None = None
    table: Table | None = None
    entries: tuple[Entry, ...] = ()
    shared: bool = False
    symbolic: bool = False
    also: tuple[Place, ...] = ()
    """The further places where later calls say the same."""
    branches: Branches = frozenset()
    """The arms by which this value came to be written."""


ABSENT = Setting("absent")
OPEN = Setting("unknown", written=None)


def read(
    key: Key,
    value: Value,
    assignment: Assignment,
    where: str,
    table: Table | None = None,
    entries: tuple[Entry, ...] = (),
) -> Setting | None:
    """The key's value here; None where it is written as nothing at all."""
    alternative = pick(value, assignment)
    if alternative is None or alternative.kind == "unknown":
        place = alternative.place if alternative else entries[0].place if entries else None
        return Setting("unknown", place=place, written=True, where=where, table=table, entries=entries)
    if alternative.kind == "absent" or (alternative.data is None and key.type != "flag"):
        return None
    if alternative.data == "" and (key.type in UNSET or (where == "env" and key.type == "flag")):
        return None
    if alternative.data == "" and key.type == "str":
        # An empty name is a gap that something fills at run time.
        return Setting("unknown", place=alternative.place, written=True, where=where, table=table, entries=entries)
    try:
        data = spelling.read(narrowed(alternative.data, assignment), key.type)
        kind: Kind = "known"
        if key.behind:
            data = spelling.behind(data, key.behind, key.image)
            if data is None:
                return None
    except spelling.Unreadable:
        if key.lenient:
            return None
        data, kind = None, "unknown"
    written = entries[0].place if entries else None
    return Setting(
        kind,
        data,
        written if key.named and written else alternative.place or written,
        alternative.how,
        # What a caller, an installation or the environment may override is only what is likely.
        alternative.how not in ("default", "fallback"),
        True,
        where,
        table,
        entries,
        alternative.shared,
        not isinstance(alternative.data, (str, int, float, bool)),
        branches=alternative.branches.union(*(entry.branches for entry in entries)),
    )


def under(
    table: Table,
    names: tuple[str, ...],
    key: Key,
    assignment: Assignment,
    where: str,
    positional: int | None = None,
) -> Setting | None:
    """What a table says of a key under one of these names or at a position; None where it does not say it."""
    if positional is not None:
        names = (*names, str(positional))
    if not names:
        return None  # this form has no way to say it
    found = find(table, names, assignment, paths=where == "surroundings")
    if found is None:
        return None
    if found is False:
        return OPEN
    return read(key, found[1].value, assignment, where, found[0], (found[1],))
