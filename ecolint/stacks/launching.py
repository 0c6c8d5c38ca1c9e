"""The words of a command line that starts a container: its options, the image, and what stands behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field, replace

from ecolint.model import HOLE, Alternative, Entry, Invocation, Place, Span, Table, Template, Value
from ecolint.shaped import dataclass
from ecolint.stacks.strands import text
from ecolint.stacks.vocabulary import LaunchSpec, Vocabulary
from ecolint.wildcards import fits_any


@dataclass(slots=True)
class Reader:
    """Reads the options of one command line."""

    words: Table
    spec: LaunchSpec
    vocabularies: Sequence[Vocabulary]
    variables: list[Entry] = field(default_factory=list)
    around: list[Entry] = field(default_factory=list)
    first: list[Entry] = field(default_factory=list)
    """The program that takes the place of the image's own."""
    open: bool = False

    def read(self, invocation: Invocation, at: int) -> Invocation:
        words = self.words.entries
        while at < len(words):
            name = text(words[at])
            if name is None:
                if not self.image_follows(at):
                    break
                self.open = True
                at += 1
            elif name == "--":
                at += 1
                break
            elif not name.startswith("-") or name == "-":
                break
            else:
                at = self.option(name, at)
        image = words[at].value if at < len(words) else ()
        return self.made(invocation, image, words[at + 1 :])

    def made(self, invocation: Invocation, image: Value, behind: Sequence[Entry], writable: bool = True) -> Invocation:
        """The container of an image, with the words that stand behind it."""
        own = (*self.first, *behind)
        # A script's own words can be rewritten: the table's name is the option that a further variable takes.
        own_words = self.words.syntax == "shell.words" and self.words.writable and bool(self.spec.env_options)
        syntax, option = ("shell.options", self.spec.env_options[:1]) if own_words else ("words.env", ())
        variables = tuple(self.variables)
        env = Table(syntax, self.words.place, variables, "".join(option), self.open, own_words and bool(variables))
        known = tuple(replace(entry, name=str(index)) for index, entry in enumerate(own))
        outer = invocation.surroundings.entries if invocation.surroundings is not None else ()
        around = Table("words.options", self.words.place, (*outer, *self.around), writable=False)
        return replace(
            invocation,
            image=tuple(map(_tagged, image)) or (Alternative("unknown", None, self.words.place),),
            env=env,
            words=replace(self.words, entries=known, writable=self.words.writable and writable) if known else None,
            surroundings=around,
        )

    def image_follows(self, at: int) -> bool:
        """Whether a word that nobody can read stands for options: an image that a stack knows comes later."""
        images = [image for vocabulary in self.vocabularies for image in vocabulary.images]
        for word in self.words.entries[at + 1 :]:
            name = text(word) or _lead(word)
            if name and not name.startswith("-") and fits_any(name, images):
                return True
        return False

    def option(self, written: str, at: int) -> int:
        """Note one option; returns where the next word is."""
        words, word = self.words.entries, self.words.entries[at]
        name, equals, inline = written.partition("=")
        if name in self.spec.switches and (equals or name.startswith("--")):
            self.open = self.open or (name in self.spec.env_files and inline != "false")
            return at + 1
        if not written.startswith("--"):
            letters = next((i for i, c in enumerate(written[1:], 1) if f"-{c}" not in self.spec.switches), None)
            if letters is None:
                return at + 1
            name, inline = f"-{written[letters]}", written[letters + 1 :].removeprefix("=")
            equals = "=" if inline else ""
        if equals:
            self.note(name, word, part(word, len(written) - len(inline)))
            return at + 1
        if at + 1 < len(words):
            self.note(name, both(word, words[at + 1]), words[at + 1].value)
        return at + 2

    def note(self, name: str, word: Entry, value: Value) -> None:
        if name in self.spec.env_files:
            self.open = True
        elif name in self.spec.entrypoint:
            self.first = [replace(word, value=value)] if _plain(value) != "" else []
        elif name in self.spec.options:
            self.told(self.spec.options[name], word, value)
        elif name in self.spec.env_options:
            self.variable(word, value)

    def told(self, path: str, word: Entry, value: Value) -> None:
        """An option among the surroundings; one that is given several times is all of them, behind one another."""
        before = next((entry for entry in self.around if entry.name == path), None)
        if before is not None:
            self.around.remove(before)
            texts = [_plain(before.value), _plain(value)]
            plain = all(one is not None for one in texts)
            whole = " ".join(map(str, texts)) if plain else None
            value = (replace(value[0], kind="known" if plain else "unknown", data=whole),)
        self.around.append(replace(word, name=path, value=value))

    def variable(self, word: Entry, value: Value) -> None:
        """`NAME=value`, or a name that takes its value from whoever starts the container."""
        if len(value) != 1:
            self.open = True
            return
        one = value[0]
        written = one.data.text if isinstance(one.data, Template) else one.data
        name, equals, rest = written.partition("=") if isinstance(written, str) else ("", "", "")
        if not name or HOLE in name:
            self.open = True
            return
        told: Value = (Alternative("unknown", None, word.place),)
        if equals and one.kind == "known":
            told = (replace(one, data=rest, place=_behind(one.place, len(name) + 1, len(rest))),)
        self.variables = [entry for entry in self.variables if entry.name != name or word.branches]
        self.variables.append(replace(word, name=name, value=told))


def both(option: Entry, word: Entry) -> Entry:
    """An option and its value, as one."""
    first, last = option.place, word.place
    if first.path != last.path or last.span.start < first.span.end:
        return word
    return replace(word, place=Place(first.path, Span(first.span.start, last.span.end)))


def _plain(value: Value) -> str | None:
    data = value[0].data if len(value) == 1 and value[0].kind == "known" else None
    return data if isinstance(data, str) else None


def _lead(word: Entry) -> str:
    """What is known of a word from its start."""
    data = word.value[0].data if len(word.value) == 1 else None
    return data.text.partition(HOLE)[0] if isinstance(data, Template) else ""


def part(word: Entry, at: int) -> Value:
    """The value that stands in the same word as its option."""
    return tuple(
        replace(one, data=one.data[at:], place=_behind(one.place, at, len(one.data) - at))
        if isinstance(one.data, str)
        else replace(one, data=Template(one.data.text[at:]))
        if isinstance(one.data, Template)
        else one
        for one in word.value
    )


def _behind(place: Place | None, at: int, length: int) -> Place | None:
    """The end of a place that holds a text as it is written; the whole of one that may not."""
    if place is None or place.span.end - place.span.start != at + length:
        return place
    return Place(place.path, Span(place.span.start + at, place.span.end))


def _tagged(one: Alternative) -> Alternative:
    """An image; where only its tag or digest is unknown, it is known with the tag `?`."""
    if not isinstance(one.data, Template):
        return one
    lead = one.data.text.partition(HOLE)[0]
    name, colon, _ = lead.rpartition(":")
    if not colon or "/" in lead[len(name) :]:
        name, colon, _ = lead.rpartition("@")
    if not colon or not name:
        return replace(one, data=None)
    return replace(one, kind="known", data=f"{name}:?", how="derived")
