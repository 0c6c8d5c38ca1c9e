"""The words and variables of a command as tables, each with its place in the file."""

from __future__ import annotations

from ecolint.model import Alternative, Entry, Place, Span, Table, Value
from ecolint.readers.shell.commands import Command, Word


def tables(command: Command, path: str, base: int) -> tuple[Table, Table | None]:
    """A command's words, and what is put before it into its environment; `base` is where its script begins."""
    entries = tuple(
        Entry(str(index), value(word, place := _place(word, path, base)), place)
        for index, word in enumerate(command.words)
    )
    whole = Place(path, Span(entries[0].place.span.start, entries[-1].place.span.end))
    words = Table("shell.words", whole, entries, open=any(word.several for word in command.words))
    variables = {}
    for one in command.env:
        place = _place(one.value, path, base)
        variables[one.name] = Entry(one.name, value(one.value, place), place)
    env = Table("shell.env", whole, tuple(variables.values()), writable=False) if variables else None
    return words, env


def value(word: Word, place: Place, shared: bool = False) -> Value:
    """What a word is worth."""
    if word.text is None:
        return (Alternative("unknown", None, place),)
    return (Alternative("known", word.text, place, word.how, shared=shared),)


def _place(word: Word, path: str, base: int) -> Place:
    return Place(path, Span(base + word.start, base + max(word.start, word.end)))
