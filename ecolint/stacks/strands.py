"""Where the words of a server stand: in a list, several in one item of it, in a variable or under a settings key."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from ecolint.model import HOLE, Alternative, Entry, Items, Place, Span, Table, Template, Value
from ecolint.shaped import dataclass
from ecolint.stacks import dotted
from ecolint.stacks.flags import flagged
from ecolint.stacks.vocabulary import Vocabulary
from ecolint.wildcards import fits_any

MAX_PACKED = 20_000
"""Characters of a text that is taken apart into words; a longer one is no command line."""

_WORD = re.compile(r"(?:[^\s'\"\\]|\\(?:\r?\n|.)|'[^']*'|\"(?:[^\"\\]|\\.)*\")+", re.DOTALL)
_SPACED = re.compile(r"\S\s+\S")
_CONTINUED = re.compile(r"\\\r?\n")
_UNQUOTED = re.compile(r"'([^']*)'|\"((?:[^\"\\]|\\.)*)\"|\\(.)", re.DOTALL)
_REFERENCE = re.compile(r"\$[({A-Za-z_]|\{\{")


@dataclass(frozen=True, slots=True)
class Token:
    """One word, and the table that an edit of it would change; None where no edit can reach it."""

    entry: Entry
    table: Table | None


def text(entry: Entry) -> str | None:
    """The word as text, or None where it is not known in every variant."""
    value = entry.value
    plain = len(value) == 1 and value[0].kind == "known" and isinstance(value[0].data, str)
    return value[0].data if plain else None  # type: ignore[return-value]


def program(entry: Entry) -> str | None:
    """The word as the program that it starts: of a path that nobody can see, its name is enough."""
    data = entry.value[0].data if len(entry.value) == 1 else None
    if isinstance(data, Template) and data.text.startswith(("/", HOLE)) and HOLE not in data.text.rpartition("/")[2]:
        return data.text if "/" in data.text else None
    return text(entry)


def strand(table: Table, vocabulary: Vocabulary, start: int = 0) -> Iterator[Token]:
    """The words of a command line from `start` on; an item that holds several words is taken apart."""
    for entry in table.entries[start:]:
        packed = _packed(entry, table, vocabulary)
        if packed:
            yield from packed
        else:
            yield Token(entry, table)


def _packed(entry: Entry, table: Table, vocabulary: Vocabulary) -> list[Token]:
    """The words of one item that says several: a flag of this stack, then a space. A flag and its value stay one."""
    written = text(entry)
    if written is None or not written.lstrip().startswith("-") or not _SPACED.search(written):
        return []
    tokens = apart(entry, table)
    names = [text(token.entry) for token in tokens]
    if len(tokens) < 2 or not flagged(names[0], vocabulary):
        return []
    further = any(flagged(name, vocabulary) for name in names[1:])
    if "=" in (names[0] or "") and not further:
        return []  # a value that holds spaces
    if len(tokens) == 2 and not further:
        told = entry.value[0]
        whole = replace(entry, value=(replace(told, data=f"{names[0]} {names[1]}"),))
        return [Token(whole, table)] if names[1] is not None else []
    return tokens


def joined(env: Table | None, vocabulary: Vocabulary, names: tuple[str, ...] | None = None) -> Iterator[Token]:
    """The words in variables of the environment whose name says that they hold flags of this stack."""
    patterns = vocabulary.flag_variables if names is None else names
    for home, entry in _variables(env) if env is not None else ():
        if not fits_any(entry.name, patterns):
            continue
        tokens = apart(entry, home) if text(entry) is not None else []
        if any(flagged(text(token.entry), vocabulary) for token in tokens):
            yield from tokens


def hidden(env: Table | None, vocabulary: Vocabulary) -> bool:
    """Whether a variable that may hold flags of this stack is there, and nobody can read it."""
    variables = _variables(env) if env is not None else ()
    named = (entry for _, entry in variables if fits_any(entry.name, vocabulary.flag_variables))
    return any(text(entry) is None for entry in named)


def _variables(env: Table) -> Iterator[tuple[Table, Entry]]:
    """The variables of an environment with the table they really stand in: some come from elsewhere as a whole."""
    for entry in env.entries:
        if entry.name != "**":
            yield env, entry
            continue
        for one in entry.value:
            if isinstance(one.data, Table):
                yield from ((one.data, inner) for inner in one.data.entries if inner.name != "**")


def listed(mapping: Table | None, vocabulary: Vocabulary) -> Iterator[Token]:
    """The words under keys of a settings file that hold flags of this stack: a list of them, or one text."""
    if mapping is None:
        return
    for name in vocabulary.flag_keys:
        for reached in dotted.reach(mapping, name):
            entry = reached.entry
            if entry is None or len(entry.value) != 1:
                continue
            data, place = entry.value[0].data, entry.value[0].place
            if isinstance(data, Items) and place is not None:
                yield from strand(_list(data, place, entry), vocabulary)
            elif isinstance(data, str):
                yield from apart(entry, reached.table)


def _list(data: Items, place: Place, entry: Entry) -> Table:
    words = [Entry(str(index), value, value[0].place or place) for index, value in enumerate(data.items)]
    shared = entry.value[0].shared
    return Table("yaml.words", place, tuple(words), open=data.open, writable=not shared)


# --- one text, several words ------------------------------------------------------------------------------------------


def apart(entry: Entry, table: Table | None) -> list[Token]:
    """The words of one text, each with its place as far as the text stands in the file as it reads."""
    told = entry.value[0]
    assert isinstance(told.data, str)
    found = told.data
    if len(found) > MAX_PACKED:
        return []
    base = _beginning(entry, told, found) if table is not None else None
    words: list[Entry] = []
    for match in _WORD.finditer(found):
        word = _CONTINUED.sub("", match.group())
        if not word:
            continue
        place = told.place or entry.place
        if base is not None:
            place = Place(place.path, Span(base + match.start(), base + match.end()))
        words.append(replace(entry, name=str(len(words)), value=_value(word, told, place), place=place))
    inner = None
    if base is not None and words and table is not None:
        whole = Place(words[0].place.path, Span(words[0].place.span.start, words[-1].place.span.end))
        syntax = f"{table.syntax.partition('.')[0]}.words"
        writable = table.writable and not told.shared and told.how == "literal"
        inner = Table(syntax, whole, tuple(words), writable=writable)
    return [Token(word, inner) for word in words]


def _value(word: str, told: Alternative, place: Place) -> Value:
    if _REFERENCE.search(word):
        return (Alternative("unknown", None, place),)
    plain = _UNQUOTED.sub(lambda found: next(part for part in found.groups() if part is not None), word)
    return (replace(told, data=plain, place=place),)


def _beginning(entry: Entry, told: Alternative, found: str) -> int | None:
    """Where the text begins in the file: bare, in quotes, or behind its name; None where it is written otherwise."""
    place = told.place
    if place is None or told.how != "literal":
        return None
    length = place.span.end - place.span.start
    ahead = len(entry.name) + 1 if place == entry.place else 0
    for skipped, quotes in ((0, 0), (1, 2), (ahead, 0), (ahead + 1, 2)):
        behind = skipped - (1 if quotes else 0)
        if length == len(found) + quotes + behind:
            return place.span.start + skipped
    return None
