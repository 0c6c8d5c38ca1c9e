"""Reads shell scripts, and the command lines inside other files: words with their places, rewritten one by one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ecolint.model import (
    Alternative,
    CannotEdit,
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
    from ecolint.readers.held import Held
    from ecolint.readers.shell.commands import Script

SUFFIXES = (".sh", ".bash", ".zsh", ".ksh", ".sbatch", ".slurm")

MAX_MANIFESTS = 20
"""Here-documents of one script that are read as YAML."""

_CLUSTERS = frozenset({"kubectl", "oc", "k3s", "microk8s"})
_APPLYING = frozenset({"apply", "create", "replace"})
_DIRECTIVE = re.compile(r"#(SBATCH|PBS)\s+(--?[A-Za-z][\w-]*)(?:\s*=\s*|\s+)([^\s#]+)")
_SOLID = re.compile(r"[^\n]")


def read(source: Source, wanted: Wanted, project: Lookup) -> Reading:
    """Every command of a script that may start a model, as far as it can be read.

    Only a script that holds one of the triggers is parsed. Where the grammar cannot follow there is one Problem.
    """
    if not any(trigger in source.text for trigger in wanted.triggers):
        return Reading()
    from ecolint.readers import held, yaml
    from ecolint.readers.companions import companions
    from ecolint.readers.hashes import comments
    from ecolint.readers.shell.script import split
    from ecolint.readers.shell.words import tables

    script = split(source.text, {}, label=source.path)
    found: list[Invocation] = []
    around = _directives(source, script)
    for command in script.commands:
        words, env = tables(command, source.path, 0, own=True)
        made = Invocation("shell", words.place, "command", words=words, env=env, branches=command.branches)
        found.append(replace(made, surroundings=around))
    found = companions(found, wanted.companions, whole=True)
    for manifest in _manifests(source, script):
        found += yaml.read(manifest, wanted, project).invocations
    found += held.invocations(source, _written(script), wanted, project)
    problems = [
        Problem(source.path, source.text.count("\n", 0, at) + 1, reason, whole_file=not script.commands)
        for at, reason in script.problems[:1]
    ]
    return Reading(tuple(found), comments(source.text, script.comments), tuple(problems))


def _directives(source: Source, script: Script) -> Table | None:
    """What a script asks of its batch system (`#SBATCH --gres=gpu:1`): the path "sbatch.gres" and its value."""
    entries: dict[str, Entry] = {}
    for start, end in script.comments:
        for match in _DIRECTIVE.finditer(source.text, start, end):
            place = Place(source.path, Span(match.start(3), match.end(3)))
            name = f"{match[1].lower()}.{match[2].lstrip('-')}"
            entries[name] = Entry(name, (Alternative("known", match[3], place),), place)
    if not entries:
        return None
    return Table("shell.directives", Place(source.path, Span(0, 0)), tuple(entries.values()), writable=False)


def _manifests(source: Source, script: Script) -> list[Source]:
    """The here-documents of a script that are YAML, each as a file that is blank but for it."""
    found: dict[int, Source] = {}
    for one in script.heredocs:
        names = {(word.text or "").rpartition("/")[2] for word in one.words[:4]}
        if one.target.endswith((".yaml", ".yml")) or (names & _CLUSTERS and names & _APPLYING):
            text, blank = source.text, _SOLID.sub
            masked = blank(" ", text[: one.start]) + text[one.start : one.end] + blank(" ", text[one.end :])
            found[one.start] = Source(source.path, masked, source.bom)
        if len(found) == MAX_MANIFESTS:
            break
    return list(found.values())


def _written(script: Script) -> Iterator[Held]:
    """The files that a script writes out of here-documents."""
    from ecolint.readers.held import Held

    places = {(one.start, one.end): one.target for one in script.heredocs if one.target}
    return (Held(target, *place) for place, target in places.items())


def rewrite(source: Source, table: Table, changes: Sequence[Change]) -> tuple[Edit, ...]:
    """The edits that make all `changes` in one command. Raises CannotEdit where there is no right edit."""
    if table.syntax == "shell.env":
        from ecolint.readers.shell.assigning import variable_edits

        return tuple(variable_edits(source, table, changes))
    if table.syntax == "shell.options":
        from ecolint.readers.shell.optional import option_edits

        return tuple(option_edits(source, table, changes))
    from ecolint.readers.shell.write import script_edits

    if table.syntax.startswith("yaml."):
        from ecolint.readers import yaml
        from ecolint.readers.shell.script import split

        for manifest in _manifests(source, split(source.text, {}, label=source.path)):
            if manifest.text[table.place.span.start : table.place.span.end].strip():
                return yaml.rewrite(manifest, table, changes)
        raise CannotEdit("the text does not stand where it was read")
    if not table.syntax.startswith("shell."):
        from ecolint.readers import held
        from ecolint.readers.shell.script import split

        return held.rewrite(source, _written(split(source.text, {}, label=source.path)), table, changes)
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
