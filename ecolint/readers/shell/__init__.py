"""Reads shell scripts, and the command lines inside other files: words with their places, rewritten one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ecolint.model import Change, Edit, Invocation, Pin, Problem, Reading, Source, Table, Value, Wanted

if TYPE_CHECKING:
    from ecolint.readers import Lookup

SUFFIXES = (".sh", ".bash", ".zsh", ".ksh", ".sbatch", ".slurm")


def read(source: Source, wanted: Wanted, project: Lookup) -> Reading:
    """Every command of a script that may start a model, as far as it can be read.

    Only a script that holds one of the triggers is parsed. Where the grammar cannot follow there is one Problem.
    """
    if not any(trigger in source.text for trigger in wanted.triggers):
        return Reading()
    from ecolint.readers.hashes import comments
    from ecolint.readers.shell.script import split
    from ecolint.readers.shell.words import tables

    script = split(source.text, {}, label=source.path)
    found = []
    for command in script.commands:
        words, env = tables(command, source.path, 0, own=True)
        found.append(Invocation("shell", words.place, "command", words=words, env=env, branches=command.branches))
    problems = [
        Problem(source.path, source.text.count("\n", 0, at) + 1, reason, whole_file=not script.commands)
        for at, reason in script.problems[:1]
    ]
    return Reading(tuple(found), comments(source.text, script.comments), tuple(problems))


def rewrite(source: Source, table: Table, changes: Sequence[Change]) -> tuple[Edit, ...]:
    """The edits that make all `changes` in one command. Raises CannotEdit where there is no right edit."""
    if table.syntax == "shell.env":
        from ecolint.readers.shell.assigning import variable_edits

        return tuple(variable_edits(source, table, changes))
    from ecolint.readers.shell.write import script_edits

    return tuple(script_edits(source, lambda word: True, table, changes))


def pins(source: Source) -> tuple[Pin, ...]:
    """The libraries that a script installs."""
    if "install" not in source.text:
        return ()
    from ecolint.readers.shell.installing import installed
    from ecolint.readers.shell.script import split

    found: list[Pin] = []
    for command in split(source.text, {}, label=source.path).commands:
        found += installed(command.words, source.text, source.path, 0, command.branches)
    return tuple(found)


def constants(source: Source) -> Mapping[str, Value]:
    """Shell scripts export no constants."""
    return {}
