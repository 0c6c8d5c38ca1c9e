"""The stages of a Dockerfile: what each one builds upon, its variables, what it installs, and what it runs."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace

from ecolint.model import Alternative, Entry, Pin, Place, Span, Value
from ecolint.readers.dockerfile.copying import MAX_COPIES, Copy, copies
from ecolint.readers.dockerfile.expanding import Text, expanded
from ecolint.readers.dockerfile.instructions import NOTHING, File, Instruction, words
from ecolint.readers.shell.commands import Word
from ecolint.readers.shell.installing import installed, listed
from ecolint.readers.shell.script import split
from ecolint.readers.shells import SHELLS
from ecolint.shaped import dataclass

MAX_STAGES = 500
"""Stages of one file that are told apart; what stands behind them is not read."""

MAX_TARGETS = 50
"""Stages of one file that are reported."""

MAX_VARIABLES = 500
"""Variables of one stage; of further ones nobody tells."""


_JSON = json.JSONDecoder(strict=False)
_FLAG = re.compile(r"--[a-z][a-z-]*(?:=\S*)?[ \t\0]*")
_PAIR = re.compile(r"([^\s=\0]+)=")
_FROM_STAGE = re.compile(r"(?:--from=|[,=]from=)([^\s,\0]+)")
_BODY = re.compile(r"(?:(?:/\w+)*/?(?:ba|da|a|z)?sh(?: -\w+)*[ \t]*)?(?:<<\S+[ \t]*)+\Z")
"""A here-document that a shell gets as its script."""
_IMAGE = re.compile(r"[A-Za-z0-9.$\"'{]\S*\Z")


@dataclass(frozen=True, slots=True)
class Run:
    """What CMD or ENTRYPOINT says: the words of its exec form, or the instruction whose arguments are a script."""

    instruction: Instruction
    words: tuple[Word, ...] | None

    @property
    def script(self) -> Instruction | None:
        """The instruction, where its arguments are a script."""
        return self.instruction if self.words is None else None


@dataclass(slots=True, eq=False)
class Stage:
    """One stage so far. `parents` are the stages that it is built upon or copies from."""

    name: str
    place: Place
    image: Value
    env: dict[str, Entry] = field(default_factory=dict)
    variables: dict[str, Text] = field(default_factory=dict)
    """`ENV` and `ARG` together, as the instructions of the stage see them."""
    texts: dict[str, Text] = field(default_factory=dict)
    """`ENV` alone, as what is run sees it."""
    entrypoint: Run | None = None
    command: Run | None = None
    own_command: bool = False
    plain_shell: bool = True
    parents: list[Stage] = field(default_factory=list)
    pins: list[Pin] = field(default_factory=list)
    lists: list[tuple[str, str]] = field(default_factory=list)
    """Files of requirements that it installs, by their names in the image, and the folder they are named in."""
    used: bool = False
    """Another stage is built upon it, or copies from it."""
    last_env: Instruction | None = None
    workdir: str = "/"
    copies: list[Copy] = field(default_factory=list)


def stages(path: str, file: File, given: Mapping[str, Text] | None = None) -> list[Stage]:
    """Every stage in order, with the arguments that a build is `given`."""
    return _Reader(path, file, given or {}).run()


def targets(found: Sequence[Stage]) -> list[Stage]:
    """The stages that are built for their own sake: the last one, and those that no other needs and that say
    what they run or with which variables.

    Of very many the last ones.
    """
    ends = [one for one in found[:-1] if not one.used and (one.command or one.entrypoint or one.env)]
    return [*ends[-MAX_TARGETS:], *found[-1:]]


def beneath(stage: Stage) -> list[Stage]:
    """A stage, and those that it is built upon or copies from."""
    found: dict[int, Stage] = {}
    stack = [stage]
    while stack:
        one = stack.pop()
        if id(one) not in found:
            found[id(one)] = one
            stack += one.parents
    return list(found.values())


class _Reader:
    def __init__(self, path: str, file: File, given: Mapping[str, Text]) -> None:
        self.path, self.file, self.given = path, file, given
        self.before: dict[str, Text] = {}
        self.found: list[Stage] = []
        self.by_name: dict[str, Stage] = {}

    def run(self) -> list[Stage]:
        """Carry out every instruction."""
        for one in self.file.instructions:
            if one.keyword == "FROM":
                if len(self.found) >= MAX_STAGES:
                    break
                self.stage(one)
            elif one.keyword == "ARG":
                self.arguments(one, self.found[-1] if self.found else None)
            elif self.found:
                self.carry_out(one, self.found[-1])
        return self.found

    def carry_out(self, one: Instruction, stage: Stage) -> None:
        """What an instruction of a stage does to it."""
        if one.keyword == "ENV":
            self.environment(one, stage)
        elif one.keyword == "CMD":
            stage.command, stage.own_command = Run(one, exec_words(one)), True
        elif one.keyword == "ENTRYPOINT":
            stage.entrypoint = Run(one, exec_words(one))
            if not stage.own_command:
                stage.command = None  # a new entry point makes nothing of what came with the image below
        elif one.keyword == "SHELL":
            listed = exec_words(one) or ()
            stage.plain_shell = bool(listed) and (listed[0].text or "").rsplit("/", 1)[-1] in SHELLS
        elif one.keyword == "WORKDIR":
            folder = expanded(one.joined, stage.place, stage.variables, self.file.escape).value
            stage.workdir = posixpath.join(stage.workdir, folder or "?")
        elif one.keyword in ("COPY", "ADD", "RUN"):
            for match in _FROM_STAGE.finditer(one.joined):
                source = self.named(match[1])
                if source is not None and source is not stage:
                    source.used = True
                    stage.parents.append(source)
            if one.keyword != "RUN" and len(stage.copies) < MAX_COPIES:
                stage.copies += copies(one, self.file.escape, stage.workdir)
            if one.keyword == "RUN":
                stage.pins += self.pins(one, stage)

    def place(self, one: Instruction, start: int, end: int) -> Place:
        return Place(self.path, Span(*one.span(start, end)))

    def named(self, name: str) -> Stage | None:
        """A stage by its name, or by its number."""
        if name.isascii() and name.isdigit() and len(name) < 6:
            return self.found[int(name)] if int(name) < len(self.found) else None
        return self.by_name.get(name.lower())

    # --- FROM, ARG, ENV -----------------------------------------------------------------------------------------------

    def stage(self, one: Instruction) -> None:
        """`FROM [--platform=…] image [AS name]`; anything else is no instruction."""
        found = [span for span in words(one.joined, self.file.escape) if not one.joined.startswith("--", span[0])]
        texts = [one.joined[start:end] for start, end in found]
        if len(found) not in (1, 3) or (len(found) == 3 and texts[1].upper() != "AS") or not _IMAGE.match(texts[0]):
            return
        place = self.place(one, *found[0])
        image = expanded(texts[0], place, self.before, self.file.escape)
        name = texts[2] if len(found) == 3 else ""
        stage = Stage(name or str(len(self.found)), place, _image(image))
        below = self.by_name.get(image.value.lower()) if image.value is not None else None
        if below is not None:
            below.used = True
            stage.image, stage.parents = below.image, [below]
            stage.env, stage.texts, stage.variables = dict(below.env), dict(below.texts), dict(below.texts)
            stage.entrypoint, stage.command, stage.last_env = below.entrypoint, below.command, below.last_env
            stage.plain_shell, stage.workdir, stage.copies = below.plain_shell, below.workdir, list(below.copies)
        self.found.append(stage)
        if name:
            self.by_name[name.lower()] = stage

    def arguments(self, one: Instruction, stage: Stage | None) -> None:
        """`ARG NAME[=default] …`: a default may be overridden, and what has none is given at build time."""
        into = self.before if stage is None else stage.variables
        for start, end in words(one.joined, self.file.escape):
            raw = one.joined[start:end]
            pair = _PAIR.match(raw)
            name = pair[1] if pair else raw
            if stage is not None and name in stage.texts:
                continue  # what ENV says outranks it
            place = self.place(one, start, end)
            if name in self.given:
                _put(into, name, self.given[name])
            elif pair is not None:
                made = expanded(raw[pair.end() :], self.place(one, start + pair.end(), end), into, self.file.escape)
                _put(into, name, replace(made, how="default"))
            else:
                outside = self.before.get(name) if stage is not None else None
                _put(into, name, outside or Text(None, "", place))

    def environment(self, one: Instruction, stage: Stage) -> None:
        """`ENV NAME=value …`, or `ENV NAME value` in the old form. No pair sees the others of its instruction."""
        made: list[tuple[str, Text, Place]] = []
        for name, start, at, end in pairs(one, self.file.escape):
            raw = one.joined[at:end]
            text = expanded(raw, self.place(one, at, end), stage.variables, self.file.escape)
            made.append((name, text, self.place(one, start, end)))
        for name, text, place in made:
            if len(stage.env) >= MAX_VARIABLES and name not in stage.env:
                continue
            stage.env.pop(name, None)
            stage.env[name] = Entry(name, text.as_value(), place)
            stage.variables[name] = stage.texts[name] = replace(
                text, how="default" if text.how == "default" else "constant"
            )
            stage.last_env = one

    # --- RUN ----------------------------------------------------------------------------------------------------------

    def pins(self, one: Instruction, stage: Stage) -> list[Pin]:
        """What the commands of a RUN install, in its arguments and in here-documents that are scripts themselves."""
        if "install" not in one.joined and not one.heredocs:
            return []
        variables = {name: text.value for name, text in stage.variables.items()}
        found: list[Pin] = []
        for script, base in scripts(one, self.file.text):
            if "install" in script:
                for command in split(script, variables, label=f"{self.path}:{base}").commands:
                    found += installed(command.words, script, self.path, base, command.branches)
                    if not command.branches and len(stage.lists) < MAX_COPIES:
                        stage.lists += [(name, stage.workdir) for name in listed(command.words)]
        return found


def _put(into: dict[str, Text], name: str, text: Text) -> None:
    if len(into) < MAX_VARIABLES or name in into:
        into[name] = text


def _image(text: Text) -> Value:
    """An image. Where only its tag or digest is unknown, it is known with the tag `?`."""
    if text.value is None:
        name, colon, _ = text.lead.rpartition(":")
        if not colon or "/" in text.lead[len(name) :]:
            name, colon, _ = text.lead.rpartition("@")
        if colon and name:
            return (Alternative("known", f"{name}:?", text.place, "derived"),)
    return text.as_value()


def pairs(one: Instruction, escape: str) -> Iterator[tuple[str, int, int, int]]:
    """The variables that ENV gives: each with the offsets where the pair, its value and what follows begin."""
    found = words(one.joined, escape)
    first = _PAIR.match(one.joined, *found[0]) if found else None
    if first is None:
        if len(found) > 1:
            yield one.joined[slice(*found[0])], found[0][0], found[1][0], found[-1][1]
        return
    for start, end in found:
        pair = _PAIR.match(one.joined, start, end)
        if pair is not None:
            yield pair[1], start, pair.end(), end


def scripts(one: Instruction, text: str) -> Iterator[tuple[str, int]]:
    """The scripts of an instruction as a shell would read them, in the file's places, each with where it begins."""
    flags = 0
    while (match := _FLAG.match(one.joined, flags)) is not None and match.end() > flags:
        flags = match.end()
    yield as_script(one.joined[flags:]), one.at + flags
    if one.heredocs and _BODY.match(one.joined, flags):
        for body in one.heredocs:
            yield text[body.start : body.end], body.start


def as_script(joined: str) -> str:
    """Arguments as one line of a shell: what Docker takes away becomes blanks."""
    return joined.replace(NOTHING, " ")


# --- exec forms -------------------------------------------------------------------------------------------------------


def exec_words(one: Instruction) -> tuple[Word, ...] | None:
    """The words of a JSON list of strings with their places; None where the arguments are something else."""
    text = one.joined
    if not text.startswith("["):
        return None
    found: list[Word] = []
    at, comma = 1, True
    while True:
        while at < len(text) and (text[at].isspace() or text[at] == NOTHING):
            at += 1
        char = text[at : at + 1]
        if char == "]":
            whole = not text[at + 1 :].strip(" \t" + NOTHING) and not (comma and found)
            return tuple(found) if whole else None
        if char == "," and not comma:
            at, comma = at + 1, True
        elif char == '"' and comma:
            try:
                value, end = _JSON.raw_decode(text, at)
            except json.JSONDecodeError:
                return None
            start, stop = one.span(at, end)
            found.append(Word(value.replace(NOTHING, ""), start, stop, quoted=True))
            at, comma = end, False
        else:
            return None
