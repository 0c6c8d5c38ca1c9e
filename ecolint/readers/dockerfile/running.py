"""What the container of a stage runs: ENTRYPOINT and CMD joined as Docker joins them, each command with its places."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ecolint.model import ALWAYS, Alternative, Branches, Entry, Place, Span, Table, Value
from ecolint.readers.dockerfile.stages import SHELLS, Run, Stage, as_script
from ecolint.readers.shell.commands import Command, Word
from ecolint.readers.shell.script import split

_RUN_OPTION = re.compile(r"-[a-z]*c\Z")
_FLAG = re.compile(r"(--?[A-Za-z][\w.-]*)=")
_VARIABLE = re.compile(r"\$[A-Za-z_{(]|\{\{|<%")
_SCRIPT_FILE = re.compile(r"\S*(?:\.sh|entrypoint\S*|/tini|/dumb-init)\Z")

Placed = Callable[[int, int], tuple[int, int]]
"""Where a range of a script stands in the file."""


@dataclass(frozen=True, slots=True)
class Line:
    """One command of a container: its words, the variables it runs with, the branches it stands in."""

    words: Table | None
    env: Table | None
    branches: Branches = ALWAYS


@dataclass(frozen=True, slots=True)
class Running:
    """The commands of a container, and the places of the comments in its scripts."""

    lines: tuple[Line, ...]
    comments: tuple[tuple[int, int], ...] = ()


def running(path: str, stage: Stage) -> Running:
    """The commands of a stage's container. Without any, it runs what its image does."""
    return _Runner(path, stage).run()


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


_HIGH = frozenset({"d8", "d9", "da", "db"})


class _Runner:
    def __init__(self, path: str, stage: Stage) -> None:
        self.path, self.stage = path, stage
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
            # Docker puts no variables into an exec form: whoever wrote it meant something that nobody can tell.
            flag = _FLAG.match(text, 0, variable.start())
            if flag is not None:
                entries.append(Entry(str(len(entries)), (Alternative("known", flag[1], place),), place))
            entries.append(Entry(str(len(entries)), (Alternative("unknown", None, place),), place))
        one = last.instruction
        return Table("docker.words", self.at(one.at, one.end), tuple(entries), open=open_)

    # --- scripts ------------------------------------------------------------------------------------------------------

    def shell_form(self, run: Run) -> Iterator[Line]:
        """The commands of a shell form."""
        if not self.stage.plain_shell:
            yield self.unseen(self.at(run.instruction.at, run.instruction.end))
            return
        yield from self.script(as_script(run.instruction.joined), run.instruction.span, run.instruction.start)

    def string(self, word: Word, listed: Sequence[Run]) -> Iterator[Line]:
        """The commands of `["sh", "-c", "…"]`."""
        one = next(run.instruction for run in listed if run.instruction.at <= word.start < run.instruction.end)
        where = string_places(one.joined[word.start - one.at : word.end - one.at])
        text = word.text or ""
        if len(where) != len(text) + 1:
            yield self.unseen(self.at(word.start, word.end))
            return

        def placed(start: int, end: int) -> tuple[int, int]:
            return word.start + where[start], word.start + where[end - 1] + (where[end] - where[end - 1])

        yield from self.script(text, placed, word.start)

    def unseen(self, place: Place) -> Line:
        """A command of which nothing can be told."""
        words = Table(
            "docker.words",
            place,
            (Entry("0", (Alternative("unknown", None, place),), place),),
            open=True,
            writable=False,
        )
        return Line(words, self.env)

    def script(self, text: str, placed: Placed, start: int) -> Iterator[Line]:
        """Each simple command of a script."""
        variables = {name: one.value for name, one in self.stage.texts.items()}
        found = split(text, variables, label=f"{self.path}:{start}")
        self.comments += [placed(start, end) for start, end in found.comments]
        none = True
        for command in found.commands:
            none = False
            entries = tuple(self.entry(str(index), word, placed) for index, word in enumerate(command.words))
            whole = self.at(entries[0].place.span.start, entries[-1].place.span.end)
            open_ = any(word.several for word in command.words)
            words = Table("shell.words", whole, entries, open=open_)
            yield Line(words, self.joined_env(command, placed), command.branches)
        if none:
            yield Line(None, self.env)

    def entry(self, name: str, word: Word, placed: Placed) -> Entry:
        place = self.at(*placed(word.start, max(word.end, word.start + 1)))
        return Entry(name, _value(word, place), place)

    def joined_env(self, command: Command, placed: Placed) -> Table:
        """The variables of the stage with what the script adds to them."""
        added = {one.name: self.entry(one.name, one.value, placed) for one in command.env}
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
                    return at + 1
    return None
