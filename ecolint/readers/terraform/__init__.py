"""Reads Terraform as far as its literals go: containers with their variables, scripts, and what they run on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ecolint.model import (
    CannotEdit,
    Change,
    Comment,
    Edit,
    Invocation,
    Pin,
    Problem,
    Reading,
    Source,
    Table,
    Value,
    Wanted,
)

if TYPE_CHECKING:
    from ecolint.readers import Lookup
    from ecolint.readers.terraform.containers import Made
    from ecolint.readers.terraform.tree import File, Node

SUFFIXES = (".tf", ".tofu")

MAX_SCRIPTS = 50
"""Scripts and manifests of one file that are read."""


def read(source: Source, wanted: Wanted, project: Lookup) -> Reading:
    """The containers and scripts of a file that holds one of the triggers."""
    if not any(trigger in source.text for trigger in wanted.words_of("terraform")):
        return Reading()
    if "image" not in source.text and "<<" not in source.text:
        return Reading()
    from ecolint.readers.hashes import comments
    from ecolint.readers.terraform.containers import container, holders
    from ecolint.readers.terraform.tree import Unreadable, parse

    try:
        file = parse(source.text)
    except Unreadable as error:
        line = source.text.count("\n", 0, error.at) + 1
        return Reading(problems=(Problem(source.path, line, error.reason),))
    found: list[Invocation] = []
    remarks: list[Comment] = []
    for holder in holders(file):
        found += _started(source, container(source.path, file, holder))
    for reading in _written(source, file, wanted, project):
        found += reading.invocations
        remarks += reading.comments
    own = comments(source.text, file.comments, marks="#/*")
    told = sorted({*own, *remarks}, key=lambda comment: comment.span)
    return Reading(tuple(found), tuple(told))


def _started(source: Source, made: Made) -> Iterator[Invocation]:
    """A container's invocation, or one for each command of the script that it runs."""
    if made.script is None:
        yield made.invocation
        return
    from ecolint.model import Alternative, Entry, Place, Span
    from ecolint.readers.shell.script import split
    from ecolint.readers.shell.words import tables

    span = script_span(source, made.script)
    if span is None:
        place = Place(source.path, Span(made.script.start, made.script.end))
        hidden = Entry("0", (Alternative("unknown", None, place),), place)
        yield replace(made.invocation, words=Table("terraform.words", place, (hidden,), open=True, writable=False))
        return
    from ecolint.readers.terraform.scripts import masked

    label = f"{source.path}:{span[0]}"
    script = split(masked(source, *span).text, made.texts, label=label)
    for command in script.commands:
        words, env = tables(command, source.path, 0, own=True)
        whole = made.invocation.env
        if env is not None and whole is not None:
            env = replace(env, entries=(*whole.entries, *env.entries), open=whole.open, writable=False)
        yield replace(made.invocation, words=words, env=env or whole, branches=command.branches)


def script_span(source: Source, node: Node) -> tuple[int, int] | None:
    """Where the text of a script stands, if every character of it stands there as it is."""
    if node.kind == "script":
        return node.inner, node.outer
    if not node.quoted or "\\" in source.text[node.start : node.end]:
        return None
    return node.start + 1, node.end - 1


def _written(source: Source, file: File, wanted: Wanted, project: Lookup) -> Iterator[Reading]:
    """What the here-documents of a file say, with the resource around them."""
    from ecolint.readers import held, shell, yaml
    from ecolint.readers.terraform.containers import of_resource
    from ecolint.readers.terraform.scripts import is_document, is_script, masked, names_of

    left = MAX_SCRIPTS
    names = names_of(source, file)
    for node in file.nodes():
        if node.kind != "script" or left <= 0:
            continue
        reader = held.reader_of(names.get(node, ""))
        if reader is not None:
            reading = replace(reader.read(masked(source, node.inner, node.outer), wanted, project), problems=())
        elif is_script(source, node):
            reading = shell.read(masked(source, node.inner, node.outer), wanted, project)
        elif is_document(source, node):
            reading = yaml.read(masked(source, node.inner, node.outer, shell=False), wanted, project)
        else:
            continue
        left -= 1
        resources = (one for one in file.root.pairs if one.name == "resource" and len(one.labels) == 2)
        resource = next((one for one in resources if one.start <= node.start < one.end), None)
        around = of_resource(source.path, file, resource) if resource is not None else None
        yield Reading(tuple(_around(one, around) for one in reading.invocations), reading.comments)


def _around(one: Invocation, around: Table | None) -> Invocation:
    """An invocation with what its resource says around it too."""
    if around is None:
        return one
    if one.surroundings is None:
        return replace(one, surroundings=around)
    entries = (*one.surroundings.entries, *around.entries)
    return replace(one, surroundings=replace(one.surroundings, entries=entries))


def rewrite(source: Source, table: Table, changes: Sequence[Change]) -> tuple[Edit, ...]:
    """The edits that make all `changes` in one table. Raises CannotEdit where there is no right edit."""
    if table.syntax.startswith("terraform."):
        from ecolint.readers.terraform.write import edits

        return edits(source, table, changes)
    from ecolint.readers import held, shell, yaml
    from ecolint.readers.terraform.scripts import masked, names_of
    from ecolint.readers.terraform.tree import Unreadable, parse

    try:
        file = parse(source.text)
    except Unreadable as error:
        raise CannotEdit(error.reason) from error
    names = names_of(source, file)
    at = table.place.span
    for node in file.nodes():
        span = script_span(source, node) if node.kind == "script" or node.quoted else None
        if span is None or not span[0] <= at.start <= at.end <= span[1]:
            continue
        reader = held.reader_of(names.get(node, ""))
        if reader is not None:
            made = reader.rewrite(masked(source, *span), table, changes)
        elif table.syntax.startswith("shell."):
            made = shell.rewrite(masked(source, *span), table, changes)
        else:
            made = yaml.rewrite(masked(source, *span, shell=False), table, changes)
        if any(
            "${" in edit.text or "%{" in edit.text or (node.quoted and set(edit.text) & set('"\\\n')) for edit in made
        ):
            raise CannotEdit("the text cannot stand in the one that holds it")
        return made
    raise CannotEdit("the text does not stand where it was read")


def pins(source: Source) -> tuple[Pin, ...]:
    """Terraform files require no libraries of Python."""
    return ()


def constants(source: Source) -> Mapping[str, Value]:
    """Terraform files export no constants."""
    return {}
