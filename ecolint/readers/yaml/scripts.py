"""Scripts inside YAML: every simple command of a scalar that a shell runs, with exact places."""

from __future__ import annotations

from dataclasses import replace

from ecolint.model import ALWAYS, Alternative, Branches, Entry, How, Place, Table, Value
from ecolint.readers.shell.commands import Choice, Command, Word
from ecolint.readers.shell.script import split
from ecolint.readers.shell.words import template
from ecolint.readers.yaml.environments import Environment
from ecolint.readers.yaml.nodes import Node
from ecolint.readers.yaml.scalars import offsets
from ecolint.readers.yaml.tables import Document
from ecolint.shaped import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """One command of a container: its words, the variables it runs with, and the branches it stands in."""

    words: Table | None
    env: Table | None
    branches: Branches = ALWAYS


def script_lines(
    document: Document, node: Node, env: Environment, outer: Branches, shared: bool, compose: bool = False
) -> list[Line]:
    """Each simple command of a script scalar with exact places where the text maps to the file one to one."""
    where = offsets(document.templates.masked, node, document.base)
    templated = document.touched(node.start, node.end)
    place = document.at(node)
    if node.kind != "scalar" or (where is None and templated):
        words = Table("yaml.words", place, (Entry("0", document.unknown(node), place),), open=True, writable=False)
        return [Line(words, env.table)]

    def unknown(start: int, end: int) -> bool:
        return templated and where is not None and document.touched(where[start], where[end - 1] + 1)

    joined = _swallowed(document, node.value, where) if templated and where is not None else frozenset()
    label = f"{document.path}:{node.start}"
    variables = {} if compose else env.plain()
    variables |= {name: text.value for name, text in document.variables.items()}  # put in before any shell reads it
    made: list[Line] = []
    script = split(node.value, variables, unknown, joined, label)
    if where is not None:
        document.remarks.update((where[start], where[end - 1] + 1) for start, end in script.comments)
    for command in script.commands:
        words = _command_words(document, node, command, where, outer, shared)
        branches = command.branches
        if where is not None:
            branches |= document.branches(where[command.words[0].start], outer)
        made.append(Line(words, _command_env(document, env.table, command, where, place), branches))
    return made or [Line(None, env.table)]


def _swallowed(document: Document, script: str, where: list[int]) -> frozenset[int]:
    """Newlines of lines that consist of template actions alone: the template, not the shell, has the last word."""
    joined: set[int] = set()
    start = 0
    while start < len(script):
        end = script.find("\n", start)
        if end < 0:
            break
        if not script[start:end].strip():
            line_start = document.text.rfind("\n", 0, where[end]) + 1
            if document.touched(line_start, where[end]):
                joined.add(end)
        start = end + 1
    return frozenset(joined)


def _command_words(
    document: Document,
    node: Node,
    command: Command,
    where: list[int] | None,
    outer: Branches,
    shared: bool,
) -> Table:
    whole = document.at(node)
    entries: list[Entry] = []
    for index, word in enumerate(command.words):
        place = _word_place(document, word, where, whole)
        branches = document.branches_of(place, outer) if where is not None else ALWAYS
        entries.append(
            Entry(str(index), _word_value(document, word, where, whole, shared), place, branches | word.branches)
        )
    open_ = any(word.several for word in command.words)
    open_ = open_ or command.open
    writable = where is not None and not shared
    if where:
        first = where[min(min(word.start for word in command.words), len(where) - 1)]
        last = where[min(max(1, *(word.end for word in command.words)), len(where)) - 1] + 1
        writable = writable and not document.generated(first, last)
        whole = document.place(first, last)
    return Table("yaml.words", whole, tuple(entries), open=open_, writable=writable)


def _word_place(document: Document, word: Word | Choice, where: list[int] | None, whole: Place) -> Place:
    if where is None or word.end <= word.start:
        return whole
    end = min(word.end, len(where))
    return document.word_place(where[word.start], where[end - 1] + 1)


def _word_value(document: Document, word: Word, where: list[int] | None, whole: Place, shared: bool) -> Value:
    found = []
    for choice in word.all():
        place = _word_place(document, choice, where, whole)
        if choice.text is None:
            found.append(Alternative("unknown", template(choice), place, branches=choice.branches))
        else:
            twice = shared or choice.shared
            found.append(
                Alternative("known", choice.text, place, _how(document, choice, where), choice.branches, twice)
            )
    return tuple(found)


def _how(document: Document, word: Choice, where: list[int] | None) -> How:
    """How a word is known: as the script says, or as what is written into the script."""
    if word.how == "constant" and document.variables:
        return "fallback"  # whoever starts it may say otherwise
    if where is None or word.how != "literal" or not word.start < word.end <= len(where):
        return word.how
    return document.how(where[word.start], where[word.end - 1] + 1)


def _command_env(
    document: Document, table: Table | None, command: Command, where: list[int] | None, whole: Place
) -> Table | None:
    """The container's environment with what the script adds to it."""
    if not command.env:
        return table
    added: list[Entry] = []
    for one in command.env:
        place = _word_place(document, one.value, where, whole)
        value = _word_value(document, one.value, where, whole, False)
        if not one.value.branches:
            added = [entry for entry in added if entry.name != one.name]
        added.append(Entry(one.name, value, place, one.value.branches))
    if table is None:
        return Table("yaml.env", whole, tuple(added), writable=False)
    settled = {entry.name for entry in added if not entry.branches}
    kept = [entry for entry in table.entries if entry.name not in settled]
    return replace(table, entries=(*kept, *added))
