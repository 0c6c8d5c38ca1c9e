"""Command lines whose options name the image of the container that they start, and what it is handed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import field, replace

from ecolint.model import HOLE, Alternative, Entry, Invocation, Place, Span, Table, Template, Value
from ecolint.shaped import dataclass
from ecolint.stacks.launching import Reader, both, part

_OWN_SEPARATOR = re.compile(r"\^([^^]+)\^")


@dataclass(slots=True)
class Named(Reader):
    """Reads a command line whose options name the image, and what it is handed."""

    images: list[Value] = field(default_factory=list)
    handed: list[Entry] = field(default_factory=list)
    more: bool = False
    """Whether one of the words that it is handed may be several."""
    lists: dict[str, set[Place]] = field(default_factory=lambda: {"words": set(), "env": set()})
    """Where options stand that hold a list in one word, of words or of variables."""
    hidden: bool = False
    """Whether it may hand the container more than can be seen."""

    def read(self, invocation: Invocation, at: int) -> Invocation:
        words = self.words.entries
        behind: Sequence[Entry] = ()
        named = False
        while at < len(words):
            name = _start_of(words[at])
            if name == "--":
                behind = words[at + 1 :]
                break
            if name.startswith("-"):
                at = self.option(name, at)
                continue
            # the first is the container's name; any other that nobody can read may be an option
            self.open = self.open or (named and name[:1] in ("", HOLE))
            named = True
            at += 1
        if len(self.images) != 1 or self.hidden:
            return invocation
        made = self.made(invocation, self.images[0], (*self.handed, *behind), writable=not self.handed)
        return replace(made, words=self.listed(made.words, behind), env=self.listed(made.env))

    def listed(self, table: Table | None, behind: Sequence[Entry] = ()) -> Table | None:
        """Words, or variables, that all stand in lists: a script's own can be rewritten there."""
        if table is None:
            return None
        kind = "env" if table.syntax.endswith("env") else "words"
        lists = self.lists[kind]
        own = self.words.syntax == "shell.words" and self.words.writable and not behind
        if own and table.entries and all(entry.place in lists for entry in table.entries):
            table = replace(table, syntax=f"shell.list.{kind}", writable=True)
        return replace(table, open=True) if self.more and kind == "words" else table

    def option(self, written: str, at: int) -> int:
        """Note one option; what begins with a dash is the value only of one that is known to take a value."""
        words, word = self.words.entries, self.words.entries[at]
        name, equals, inline = written.partition("=")
        if equals:
            self.note(name, word, part(word, len(written) - len(inline)))
            return at + 1
        follows = at + 1 < len(words)
        if not follows or (_start_of(words[at + 1]).startswith("-") and name not in self.valued):
            self.note(name, word, (Alternative("unknown", None, word.place),))
            return at + 1
        self.note(name, both(word, words[at + 1]), words[at + 1].value)
        return at + 2

    @property
    def valued(self) -> tuple[str, ...]:
        spec = self.spec
        lists = (*spec.env_lists, *spec.secret_lists, *spec.program_lists, *spec.word_lists)
        return (*spec.image_options, *spec.env_options, *lists, *spec.word_options, *spec.options)

    def note(self, name: str, word: Entry, value: Value) -> None:
        if name in self.spec.image_options:
            self.images.append(value)
        elif name in self.spec.hiding:
            self.hidden = True
        elif name in self.spec.env_lists:
            self.lists["env"].add(word.place)
            for one in _listed(value):
                self.variable(word, one)
        elif name in self.spec.secret_lists:
            self.lists["env"].add(word.place)
            for one in _listed(value):
                self.variable(word, tuple(replace(part, kind="unknown") for part in one))
        elif name in self.spec.word_lists:
            self.lists["words"].add(word.place)
            items = _listed(value)
            self.more = self.more or any(_start_of(replace(word, value=one))[:1] == HOLE for one in items)
            self.handed += [replace(word, value=part) for one in items for part in apart(one)]
        elif name in self.spec.word_options:
            self.handed.append(replace(word, value=value))
        elif name in self.spec.program_lists:
            self.lists["words"].add(word.place)
            self.first = [replace(word, value=one) for one in _listed(value)]
        else:
            Reader.note(self, name, word, value)


def _start_of(word: Entry) -> str:
    """A word as far as it is known, with holes; empty where nothing of it is."""
    data = word.value[0].data if len(word.value) == 1 else None
    return data.text if isinstance(data, Template) else data if isinstance(data, str) else ""


def _listed(value: Value) -> list[Value]:
    """The items of a list in one word: between commas, or whatever it names before them, as in `^;^A=1;B=2`."""
    one = value[0] if len(value) == 1 else Alternative("unknown", None, None)
    written = one.data.text if isinstance(one.data, Template) else one.data
    if not isinstance(written, str):
        return [(Alternative("unknown", None, one.place),)]
    own = _OWN_SEPARATOR.match(written)
    separator, at = (own.group(1), own.end()) if own else (",", 0)
    found: list[Value] = []
    for item in written[at:].split(separator):
        place = _within(one.place, len(written), at, len(item))
        holes = HOLE in item
        data = Template(item) if holes else item
        found.append((replace(one, kind="unknown" if holes else "known", data=data, place=place),))
        at += len(item) + len(separator)
    return found


def apart(value: Value) -> list[Value]:
    """An option and the value in the same word, of which only the option is known, as two words."""
    one = value[0]
    name, equals, rest = one.data.text.partition("=") if isinstance(one.data, Template) else ("", "", "")
    if not equals or not name.startswith("-") or HOLE in name:
        return [value]
    return [(replace(one, kind="known", data=name),), (replace(one, data=Template(rest)),)]


def _within(place: Place | None, whole: int, at: int, length: int) -> Place | None:
    """A part of a place that holds a text as it is written; the whole of one that may not."""
    if place is None or place.span.end - place.span.start != whole:
        return place
    return Place(place.path, Span(place.span.start + at, place.span.start + at + length))
