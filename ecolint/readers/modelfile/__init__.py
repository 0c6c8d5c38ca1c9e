"""Reads and rewrites Ollama's Modelfiles: which model one is made from, and with which parameters it runs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ecolint.model import (
    Alternative,
    Change,
    Edit,
    Entry,
    Invocation,
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
    from ecolint.readers.modelfile.instructions import Modelfile

NAMES = ("modelfile*", "*modelfile")
HELD = True

_FILLED = re.compile(r"\$\{|\$[A-Za-z_]|\{\{|\{%|<%")
"""What something else fills in before the file is read."""
_RENDERED = re.compile(r"\{%|<%|^\s*from\b.*(?:\{\{|\$)", re.IGNORECASE | re.MULTILINE)
"""What says that the file as a whole is yet to be rendered; its own templates hold `{{` too."""


def read(source: Source, wanted: Wanted, project: Lookup) -> Reading:
    """The file as settings: `from`, `parameter.num_ctx` and the like. Another file of the name is left alone."""
    from ecolint.readers.modelfile.instructions import Unreadable, opens, parsed

    if not any(word in source.text for word in wanted.words_of("modelfile")) or not opens(source.text):
        return Reading()
    from ecolint.readers.hashes import comments

    try:
        file = parsed(source.text)
    except Unreadable as error:
        line = source.text.count("\n", 0, error.at) + 1
        return Reading(problems=(Problem(source.path, line, error.reason, bool(_RENDERED.search(source.text))),))
    table = settings(source, file)
    found = Invocation("modelfile", table.place, "model", mapping=table)
    return Reading((found,), comments(source.text, file.comments))


def settings(source: Source, file: Modelfile) -> Table:
    """What a file says, each instruction under its name."""
    entries: list[Entry] = []
    for one in file.instructions:
        place = Place(source.path, Span(one.value, one.end))
        known = one.name in ("template", "system", "license") or not _FILLED.search(one.text)
        told = Alternative("known", one.text, place) if known else Alternative("unknown", None, place)
        entries.append(Entry(one.name, (told,), Place(source.path, Span(one.start, one.end))))
    whole = Span(file.instructions[0].start, file.instructions[-1].end) if entries else Span(0, 0)
    return Table("modelfile", Place(source.path, whole), tuple(entries))


def rewrite(source: Source, table: Table, changes: Sequence[Change]) -> tuple[Edit, ...]:
    """The edits that make all `changes`. Raises CannotEdit where there is no right edit."""
    from ecolint.readers.modelfile.write import edits

    return edits(source, table, changes)


def pins(source: Source) -> tuple[Pin, ...]:
    """Modelfiles require no libraries."""
    return ()


def constants(source: Source) -> Mapping[str, Value]:
    """Modelfiles export no constants."""
    return {}
