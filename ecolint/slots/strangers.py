"""Keywords that stand in an object whose class does not know them and ignores them in silence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ecolint.model import Entry, Place, Table
from ecolint.recognise import Recognised, matches
from ecolint.shaped import dataclass
from ecolint.slots.setting import Setting
from ecolint.slots.tables import flatten, homes, within
from ecolint.slots.variant import Assignment, compatible, settled
from ecolint.stacks import spelling
from ecolint.stacks.vocabulary import ObjectSpec


@dataclass(frozen=True, slots=True)
class Stranger:
    """A keyword that its object does not know and ignores, and the keyword that was probably meant."""

    object: str
    name: str
    place: Place
    meant: str | None = None


def strangers(recognised: Recognised, settings: Mapping[str, Setting], assignment: Assignment) -> tuple[Stranger, ...]:
    """The keywords of objects that their classes do not know and ignore, in the order in which they are written.

    A dictionary is taken for such a class where one of the object's switches is on in it.
    """
    vocabulary = recognised.vocabulary
    found: dict[Place, Stranger] = {}
    for spec in vocabulary.objects.values() if recognised.invocation.call is not None else ():
        keys = [key for key in vocabulary.keys.values() if key.in_object == spec.name]
        for table in _carriers(recognised, spec, assignment) if spec.ignores else ():
            on = any(settings[name].value is True for name in spec.needed_by)
            if not (matches(table.name, spec.ignores) if table.name else on):
                continue
            taking = [key for key in keys if not key.of or matches(table.name, key.of)]
            known = {*spec.takes, *(name for key in taking for name in key.keyword)}
            for home, entry in flatten(table):
                written = home is not table or _within(entry.place, table.place)
                if entry.name not in known and written and _named(entry, assignment):
                    meant = spelling.meant(entry.name, [name for key in taking for name in key.keyword])
                    found.setdefault(entry.place, Stranger(spec.name, entry.name, entry.place, meant))
    return tuple(found.values())


def _carriers(recognised: Recognised, spec: ObjectSpec, assignment: Assignment) -> Iterator[Table]:
    """The tables of one object in this variant: the invocation itself, or what its argument holds."""
    bare, call = recognised.bare_object, recognised.invocation.call
    if bare is not None and call is not None:
        yield from (call,) if bare.name == spec.name else ()
        return
    for home in homes(recognised, assignment):
        carrier = within(home, spec.name, recognised.vocabulary, assignment, spec)
        if isinstance(carrier, Table):
            yield carrier


def _named(entry: Entry, assignment: Assignment) -> bool:
    """Whether an entry is a keyword that is surely written in this variant."""
    plain = not entry.name.isdigit() and entry.name != "**"
    return plain and compatible(entry.branches, assignment) and settled(entry.branches, assignment)


def _within(place: Place, around: Place) -> bool:
    """Whether one place lies in another."""
    return place.path == around.path and around.span.start <= place.span.start and place.span.end <= around.span.end
