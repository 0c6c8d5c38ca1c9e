"""What the container of a stage runs: ENTRYPOINT and CMD joined as Docker joins them, each command with its places."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from ecolint.model import ALWAYS, Alternative, Branches, Entry, Place, Span, Table, Value
from ecolint.readers.dockerfile.copying import Script, named_script
from ecolint.readers.dockerfile.expanding import Text
from ecolint.readers.dockerfile.stages import Run, Stage, as_script
from ecolint.readers.shell.commands import Command, Word
from ecolint.readers.shell.script import split
from ecolint.readers.shells import SHELLS
from ecolint.shaped import dataclass

_NO_PROGRAM = re.compile(r"-|[^./][^/]*/")
"""What is no program in a script, though an image would take it as an argument: an item of an array, a path."""
_WHOLE = re.compile(r"\"?\$\{?([A-Za-z_]\w*)(?::?-[^}]*)?\}?\"?\Z")
_RUN_OPTION = re.compile(r"-[a-z]*c\Z")
_FLAG = re.compile(r"(--?[A-Za-z][\w.-]*)=")
_VARIABLE = re.compile(r"\$[A-Za-z_{(]|\{\{|<%")
_REFERENCE = re.compile(r"\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))")
_SCRIPT_FILE = re.compile(r"\S*(?:\.sh|entrypoint\S*|/tini|/dumb-init)\Z")

Placed = Callable[[int, int], tuple[int, int]]
"""Where a range of a script stands in the file."""


@dataclass(frozen=True, slots=True)
class Line:
    """One command of a container: its words, the variables it runs with, the branches it stands in."""

    words: Table | None
    env: Table | None
    branches: Branches = ALWAYS
    joined: tuple[str, ...] = ()
    """The files it is put together from, where they are several."""


@dataclass(frozen=True, slots=True)
class Running:
    """The commands of a container, and the places of the comments in its scripts."""

    lines: tuple[Line, ...]
    comments: tuple[tuple[int, int], ...] = ()


Find = Callable[[str], Script | None]
"""The script that a file of an image is, by its name there."""


def running(path: str, stage: Stage, find: Find = lambda name: None) -> Running:
    """The commands of a stage's container. Without any, it runs what its image does."""
    return _Runner(path, stage, find).run()


def carried_out(path: str, stage: Stage, find: Find, texts: Sequence[str | None]) -> tuple[Line, ...]:
    """The commands of the script that a command line carries out in a stage's container; none where it is not found."""
    return tuple(_Runner(path, stage, find).carried_out(texts))


def string_places(raw: str) -> list[int]:
    """Where each character of a JSON string's value stands in its text, quotes and all; and where the text ends."""
    places: list[int] = []
    at = 1
    while at < len(raw) - 1:
        if raw[at] == "\0":
            at += 1
            continue
        places.append(at)
        if raw[at] != "\\":
            at += 1
        elif raw[at + 1 : at + 2] == "u":
            pair = raw[at + 2 : at + 4].lower() in _HIGH and raw[at + 6 : at + 8] == "\\u"
            at += 12 if pair else 6
        else:
            at += 2
    return [*places, at]


@dataclass(frozen=True, slots=True)
class _Body:
    """A script's text, the file it stands in and where there; `start` tells it from others of the file."""

    path: str
    text: str
    placed: Placed
    start: int

    def entry(self, name: str, word: Word, variables: Mapping[str, Text]) -> Entry:
        """A word; one that is a variable of the stage as a whole was written where that was given its value."""
        place = Place(self.path, Span(*self.placed(word.start, max(word.end, word.start + 1))))
        whole = _WHOLE.match(self.text, word.start, word.end)
        given = variables.get(whole[1]) if whole is not None else None
        if given is not None and given.value is not None and given.value == word.text:
            return Entry(name, given.as_value(), place)
        return Entry(name, _value(word, place), place)


_HIGH = frozenset({"d8", "d9", "da", "db"})


class _Runner:
    def __init__(self, path: str, stage: Stage, find: Find) -> None:
        self.path, self.stage, self.find = path, stage, find
        self.comments: list[tuple[int, int]] = []
        entries = tuple(stage.env.values())
        last = stage.last_env
        where = self.at(last.start, last.end) if last is not None else stage.place
        self.env = Table("docker.env", where, entries, writable=last is not None)

    def at(self, start: int, end: int) -> Place:
        return Place(self.path, Span(start, end))

    def run(self) -> Running:
        """The commands."""
        return Running(tuple(self.lines()), tuple(self.comments))

    def lines(self) -> Iterator[Line]:
        entrypoint, command = self.stage.entrypoint, self.stage.command
        if entrypoint is not None and entrypoint.words is None:
            yield from self.shell_form(entrypoint)
            return
        if command is not None and command.words is None:
            if self.wraps(entrypoint):
                yield from self.shell_form(command)
                return
            command = None
        listed = [one for one in (entrypoint, command) if one is not None and one.words]
        if not listed and entrypoint is not None:
            yield self.unseen(self.at(entrypoint.instruction.at, entrypoint.instruction.end))
            return
        if not listed:
            yield Line(None, self.env)
            return
        words = [word for one in listed for word in one.words or ()]
        script = _script_item(words)
        if script is not None and script < len(words):
            yield from self.string(words[script], listed)
            return
        yield Line(self.table(words, listed[-1], open_=command is None), self.env)
        yield from self.carried_out([word.text for word in words])

    def wraps(self, entrypoint: Run | None) -> bool:
        """Whether an entry point is a script that carries out the command it is given, or there is none."""
        words = entrypoint.words if entrypoint is not None else None
        return not words or _SCRIPT_FILE.match(words[0].text or "") is not None

    def table(self, words: Sequence[Word], last: Run, open_: bool) -> Table:
        """The words of an exec form; the list that words are added to is its place."""
        entries: list[Entry] = []
        for word in words:
            place = self.at(word.start, word.end)
            text = word.text or ""
            variable = _VARIABLE.search(text)
            if variable is None:
                entries.append(Entry(str(len(entries)), (Alternative("known", text, place),), place))
                continue
            # Docker puts no variables into an exec form: what whoever wrote it meant is at most likely.
            meant = self.meant(text, place)
            flag = _FLAG.match(text, 0, variable.start()) if meant[0].kind == "unknown" else None
            if flag is not None:
                entries.append(Entry(str(len(entries)), (Alternative("known", flag[1], place),), place))
            entries.append(Entry(str(len(entries)), meant, place))
        one = last.instruction
        return Table("docker.words", self.at(one.at, one.end), tuple(entries), open=open_)

    def meant(self, text: str, place: Place) -> Value:
        """A word of an exec form with the stage's own variables in it, where they are known."""
        texts = self.stage.texts
        names = [match[1] or match[2] for match in _REFERENCE.finditer(text)]
        given = [one.value for name in names if (one := texts.get(name)) is not None and one.value is not None]
        if not names or len(given) < len(names) or _VARIABLE.search(_REFERENCE.sub("", text)):
            return (Alternative("unknown", None, place),)
        values = iter(given)
        filled = _REFERENCE.sub(lambda match: next(values), text)
        where = texts[names[0]].place if _REFERENCE.fullmatch(text) else place
        return (Alternative("known", filled, where, "default"),)

    # --- scripts ------------------------------------------------------------------------------------------------------

    def shell_form(self, run: Run) -> Iterator[Line]:
        """The commands of a shell form."""
        one = run.instruction
        if not self.stage.plain_shell:
            yield self.unseen(self.at(one.at, one.end))
            return
        yield from self.script(_Body(self.path, as_script(one.joined), one.span, one.start))

    def string(self, word: Word, listed: Sequence[Run]) -> Iterator[Line]:
        """The commands of `["sh", "-c", "…"]`."""
        one = next(run.instruction for run in listed if run.instruction.at <= word.start < run.instruction.end)
        where = string_places(one.joined[word.start - one.at : word.end - one.at])
        text = word.text or ""
        if len(where) != len(text) + 1:
            yield self.unseen(self.at(word.start, word.end))
            return

        def placed(start: int, end: int) -> tuple[int, int]:
            return word.start + where[start], word.start + where[end]

        yield from self.script(_Body(self.path, text, placed, word.start))

    def unseen(self, place: Place) -> Line:
        """A command of which nothing can be told."""
        nothing = Entry("0", (Alternative("unknown", None, place),), place)
        return Line(Table("docker.words", place, (nothing,), open=True, writable=False), self.env)

    def carried_out(self, texts: Sequence[str | None]) -> Iterator[Line]:
        """The commands of the script that a command line carries out, where its text is to be had."""
        name = named_script(texts)
        found = self.find(name) if name is not None else None
        if found is not None:
            start = found.start
            body = _Body(found.path, found.text, lambda at, end: (start + at, start + end), start)
            yield from self.script(body, follow=False)

    def script(self, body: _Body, follow: bool = True) -> Iterator[Line]:
        """Each simple command of a script, and those of the scripts that it carries out itself."""
        variables = {name: one.value for name, one in self.stage.texts.items()}
        found = split(body.text, variables, label=f"{body.path}:{body.start}")
        if body.path == self.path:
            self.comments += [body.placed(start, end) for start, end in found.comments]
        joined = () if body.path == self.path else (self.path, body.path)
        for command in found.commands:
            if _NO_PROGRAM.match(command.words[0].text or ""):
                continue
            entries = tuple(body.entry(str(index), word, self.stage.texts) for index, word in enumerate(command.words))
            place = entries[0].place
            whole = Place(place.path, Span(place.span.start, entries[-1].place.span.end))
            open_ = any(word.several for word in command.words)
            words = Table("shell.words", whole, entries, open=open_)
            yield Line(words, self.joined_env(command, body), command.branches, joined)
            if follow:
                yield from self.carried_out([word.text for word in command.words])
        if follow and not found.commands:
            yield Line(None, self.env)

    def joined_env(self, command: Command, body: _Body) -> Table:
        """The variables of the stage with what the script adds to them."""
        added = {one.name: body.entry(one.name, one.value, self.stage.texts) for one in command.env}
        if not added:
            return self.env
        kept = [entry for entry in self.env.entries if entry.name not in added]
        return Table(self.env.syntax, self.env.place, (*kept, *added.values()), writable=False)


def _value(word: Word, place: Place) -> Value:
    if word.text is None:
        return (Alternative("unknown", None, place),)
    return (Alternative("known", word.text, place, word.how),)


def _script_item(words: Sequence[Word]) -> int | None:
    """The position of the script in `sh -c SCRIPT`, behind a wrapper too."""
    texts = [word.text or "" for word in words]
    for index, text in enumerate(texts[:3]):
        if text.rsplit("/", 1)[-1] in SHELLS:
            for at in range(index + 1, len(texts)):
                if not texts[at].startswith("-"):
                    return None
                if _RUN_OPTION.match(texts[at]):
                    return at + 2 if texts[at + 1 : at + 2] == ["--"] else at + 1
    return None
