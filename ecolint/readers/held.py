"""Files that stand inside others: what a script writes to a file, or a ConfigMap holds under its name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from ecolint.model import CannotEdit, Change, Edit, Invocation, Source, Table, Wanted
from ecolint.shaped import dataclass

if TYPE_CHECKING:
    from ecolint.readers import Lookup, Reader

MAX_HELD = 20
"""Such files of one file that are read."""

_SOLID = re.compile(r"[^\r\n]")


@dataclass(frozen=True, slots=True)
class Held:
    """The name of a file that stands inside another, and where its text does."""

    name: str
    start: int
    end: int


def reader_of(name: str) -> Reader | None:
    """The reader of a file of this name, if its syntax may stand inside another file.

    A reader declares that with `HELD`: its files read the same whatever blanks stand before their lines.
    """
    from ecolint import readers

    reader = readers.reader_of(name)
    return reader if getattr(reader, "HELD", False) else None


def masked(source: Source, held: Held) -> Source:
    """The whole file with nothing but the held one in it, so that every place stays what it is."""
    text, blank = source.text, _SOLID.sub
    inside = text[held.start : held.end]
    return Source(source.path, blank(" ", text[: held.start]) + inside + blank(" ", text[held.end :]), source.bom)


def invocations(source: Source, held: Iterable[Held], wanted: Wanted, project: Lookup) -> Iterator[Invocation]:
    """What the held files configure. One that cannot be read says nothing: who writes it out may fill it in first."""
    left = MAX_HELD
    for one in held:
        reader = reader_of(one.name)
        if reader is not None and left > 0:
            left -= 1
            yield from reader.read(masked(source, one), wanted, project).invocations


def rewrite(source: Source, held: Iterable[Held], table: Table, changes: Sequence[Change]) -> tuple[Edit, ...]:
    """The edits of a table that stands in one of the held files. Raises CannotEdit."""
    at = table.place.span
    for one in held:
        reader = reader_of(one.name)
        if reader is not None and one.start <= at.start <= at.end <= one.end:
            return reader.rewrite(masked(source, one), table, changes)
    raise CannotEdit("the text does not stand where it was read")
