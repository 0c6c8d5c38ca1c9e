"""Reads Jupyter notebooks: the Python cells as one module, shell lines as commands; and rewrites them cell by cell.

What this room reads and edits is a notebook's script (see `ecolint.cells`): `unpack` takes it out of the JSON, `repack`
writes it back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ecolint.cells import MARK, where
from ecolint.model import CannotEdit, Change, Edit, Pin, Problem, Reading, Source, Span, Table, Value, Wanted

if TYPE_CHECKING:
    from ecolint.readers import Lookup
    from ecolint.readers.notebook.view import View

SUFFIXES = (".ipynb",)


def unpack(text: str) -> str:
    """The script of a notebook, empty where it is not in Python. Raises `Malformed`."""
    from ecolint.readers.notebook import script

    return script.unpack(text)


def repack(text: str, unpacked: str) -> str:
    """The notebook with another script; raises `CannotEdit`."""
    from ecolint.readers.notebook import script

    return script.repack(text, unpacked)


def read(source: Source, wanted: Wanted, project: Lookup) -> Reading:
    """The invocations of all cells in order, their comments and problems."""
    if not any(word in source.text for word in wanted.triggers):
        return Reading()
    from ecolint.readers import held, python
    from ecolint.readers.notebook.commands import invocations
    from ecolint.readers.notebook.view import view

    seen = view(source.text)
    reading = python.read(replace(source, text=seen.python), wanted, project)
    commands, remarks = invocations(source, seen, wanted.triggers)
    written = held.invocations(source, seen.written, wanted, project)
    found = sorted((*reading.invocations, *commands, *written), key=lambda one: one.place.span)
    comments = sorted((*reading.comments, *remarks), key=lambda one: one.span)
    return Reading(tuple(found), tuple(comments), _problems(source, seen, reading, wanted.triggers))


def _problems(source: Source, seen: View, reading: Reading, triggers: Sequence[str]) -> tuple[Problem, ...]:
    """The first thing that kept a cell of interest, or part of one, from being read; the rest was read."""
    from ecolint.lines import Lines

    text = source.text
    for offset, reason in seen.faults:
        start = text.rfind(MARK, 0, offset) + 1
        if any(text.find(word, start, text.find(MARK, offset)) >= 0 for word in triggers):
            return (_problem(source, offset, reason),)
    lines = Lines(text) if reading.problems else None
    problems = []
    for one in reading.problems:
        assert lines is not None
        line, cell = where(text, lines.start(one.line))
        problems.append(replace(one, line=line, cell=cell))
    return tuple(problems)


def _problem(source: Source, offset: int, reason: str) -> Problem:
    line, cell = where(source.text, offset)
    return Problem(source.path, line, reason, whole_file=False, cell=cell)


def rewrite(source: Source, table: Table, changes: Sequence[Change]) -> tuple[Edit, ...]:
    """Edits that make all changes in one call, dictionary or command; raises `CannotEdit`."""
    from ecolint.readers import python
    from ecolint.readers.notebook.view import view
    from ecolint.readers.shell.write import script_edits

    if table.syntax.startswith("shell."):
        if not table.writable:
            raise CannotEdit("the text is not written out here")
        return tuple(sorted(script_edits(source, _fits, table, changes)))
    seen = view(source.text)
    if not table.syntax.startswith("python."):
        from ecolint.readers import held

        return held.rewrite(source, seen.written, table, changes)
    edits = python.rewrite(replace(source, text=seen.python), table, changes)
    return tuple(_settled(source.text, seen, edit) for edit in edits)


def _fits(word: str) -> bool:
    """Whether a word reaches the shell as it is: braces and dollars are filled in by Python first."""
    return not any(char in word for char in "{}$")


def _settled(text: str, seen: View, edit: Edit) -> Edit:
    """An edit of the Python that stands in for a script, as one of the script. Raises `CannotEdit`."""
    start, end = edit.span.start, edit.span.end
    if not edit.text and end > start and text.startswith(MARK, end - 1):
        end -= 1  # the last line of a cell has no line end of its own: the one before it goes
        if text.endswith("\n", 0, start) and not text.endswith(MARK, 0, start):
            start -= 2 if text.endswith("\r\n", 0, start) else 1
    if seen.touched(start, end) or text.startswith("%%", start):
        raise CannotEdit("the edit would reach beyond the Python of one cell")
    return replace(edit, span=Span(start, end))


def pins(source: Source) -> tuple[Pin, ...]:
    """What the notebook installs: `!pip install …`, `%pip install …`, and indexes of nightly builds as "index"."""
    if "pip" not in source.text:
        return ()
    from ecolint.readers.notebook import commands
    from ecolint.readers.notebook.view import view

    return commands.pins(source, view(source.text))


def constants(source: Source) -> Mapping[str, Value]:
    """Nothing is imported from a notebook."""
    return {}
