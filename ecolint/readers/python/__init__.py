"""The Python reader: invocations with resolved arguments, and edits of calls and dictionaries where they stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ecolint.model import Change, Edit, Made, Pin, Reading, Source, Table, Value, Wanted

if TYPE_CHECKING:
    from ecolint.readers import Lookup

SUFFIXES = (".py",)


def read(source: Source, wanted: Wanted, project: Lookup) -> Reading:
    """The invocations, comments and problems of a Python file; nothing is parsed where no trigger word stands."""
    if not any(word in source.text for word in wanted.triggers):
        return Reading()
    from ecolint.readers.python.reading import read_file

    return read_file(source, wanted, project)


def rewrite(source: Source, table: Table, changes: Sequence[Change]) -> tuple[Edit, ...]:
    """Edits that make all changes in one call or dictionary; raises `CannotEdit` where no single right edit exists."""
    if table.syntax == "python.words":
        from ecolint.readers.python.rewriting_words import rewrite_words

        return rewrite_words(source, table, changes)
    from ecolint.readers.python.rewriting import rewrite_table

    return rewrite_table(source, table, changes)


def pins(source: Source) -> tuple[Pin, ...]:
    """No requirements are read from Python files."""
    return ()


def constants(source: Source) -> Mapping[str, Value]:
    """The module-level names of simple value, for the files that import them."""
    from ecolint.readers.python.exports import module_constants

    return module_constants(source)


def makers(source: Source, wanted: Wanted, project: Lookup) -> Mapping[str, Made]:
    """The functions that give back a model they load, for the files that import them."""
    from ecolint.readers.python.making import module_makers

    return module_makers(source, wanted, project)
