"""The Python reader: invocations with resolved arguments, and edits of calls and dictionaries where they stand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ecolint.model import Change, Edit, Made, Pin, Reading, Source, Table, Value, Wanted
    from ecolint.readers import Asked, Lookup

SUFFIXES = (".py",)


def read(source: Source, wanted: Wanted, project: Lookup) -> Reading:
    """The invocations, comments and problems of a Python file; nothing is parsed where no trigger word stands."""
    from dataclasses import replace

    from ecolint import shortcuts
    from ecolint.model import Reading
    from ecolint.readers.python.gates import gate

    told = gate(wanted).told(source.text.encode("utf-8", "surrogatepass"))
    starts = told is not None and (told.starts or told.runs)
    if shortcuts.taken("gates") and not (starts or (told is not None and told.notes)):
        from ecolint.readers.python.passing import may_call_maker

        if told is None or not may_call_maker(source, wanted, project):
            return Reading()
    from ecolint.readers.python.reading import read_file

    reading = read_file(source, wanted, project, told=told if shortcuts.taken("gates") else None)
    return reading if starts or reading.invocations else replace(reading, problems=())


def sieve(wanted: Asked) -> Callable[[bytes], bool]:
    """Whether the bytes of a Python file may hold anything that is wanted."""
    from ecolint.readers.python.gates import gate

    one = gate(wanted)
    return lambda data: one.told(data) is not None


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
