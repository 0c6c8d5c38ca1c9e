"""The words and variables of a command as tables, each with its place in the file."""

from __future__ import annotations

from ecolint.model import HOLE, Alternative, Entry, Place, Span, Table, Template, Value
from ecolint.readers.shell.commands import Choice, Command, Word


def tables(command: Command, path: str, base: int, own: bool = False) -> tuple[Table, Table | None]:
    """A command's words, and what is put before it into its environment; `base` is where its script begins.

    Its variables can be rewritten where the script is a file of its `own`.
    """
    entries = tuple(
        Entry(str(index), value(word, path, base), _place(word, path, base), word.branches)
        for index, word in enumerate(command.words)
    )
    spans = [entry.place.span for entry in entries]
    whole = Place(path, Span(min(span.start for span in spans), max(span.end for span in spans)))
    open_ = command.open or any(word.several for word in command.words)
    words = Table("shell.words", whole, entries, open=open_)
    variables: list[Entry] = []
    for one in command.env:
        if not one.value.branches:
            variables = [entry for entry in variables if entry.name != one.name]
        entry = Entry(one.name, value(one.value, path, base), _place(one.value, path, base), one.value.branches)
        variables.append(entry)
    env = Table("shell.env", whole, tuple(variables), writable=own) if variables else None
    return words, env


def value(word: Word, path: str, base: int = 0) -> Value:
    """What a word is worth: every text that it can be, each where it was written."""
    found = []
    for choice in word.all():
        place = Place(path, Span(base + choice.start, base + max(choice.start, choice.end)))
        if choice.text is None:
            found.append(Alternative("unknown", template(choice), place, branches=choice.branches))
        else:
            found.append(Alternative("known", choice.text, place, choice.how, choice.branches, choice.shared))
    return tuple(found)


def template(choice: Choice) -> Template | None:
    """What is known of an unknown word."""
    return Template(choice.lead + HOLE + choice.rest) if choice.lead or choice.rest else None


def _place(word: Word, path: str, base: int) -> Place:
    return Place(path, Span(base + word.start, base + max(word.start, word.end)))
