"""Command lines as a vocabulary sees them: which words start the server, which are flags, and what their values are."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import field, replace
from typing import NamedTuple

from ecolint.model import Alternative, Entry, Table, Value
from ecolint.shaped import dataclass
from ecolint.stacks.flags import flagged, flags, folded, told
from ecolint.stacks.strands import Token, program, strand, text
from ecolint.stacks.vocabulary import Key, Vocabulary
from ecolint.wildcards import fits_any

PROGRAM_DEPTH = 80
"""How far into a command line the server's name may stand, behind an interpreter, `env`, `numactl` and the like."""

TALKING = frozenset(
    (
        *("echo", "printf", "grep", "egrep", "pgrep", "pkill", "killall", "ps", "which", "type", "man", "curl", "wget"),
        *("pip", "pip3", "apt", "apt-get", "sed", "awk", "cat", "ls", "test", "["),
    )
)
"""Programs whose words are only said, searched for or installed: naming a server starts none."""

ASKING = frozenset({"--help", "--version", "--stop"})
"""Words with which a program says something about itself, or ends another one, and starts nothing."""

SHELLS = frozenset({"sh", "bash", "ash", "dash", "zsh"})
"""Programs that are given a script to run."""

SCRIPTS = (".sh", ".bash", ".py")
"""How the names of programs end that may stand where a model's path could."""

INTERPRETERS = frozenset({*SHELLS, "python", "python3", "env", "exec", "tini", "dumb-init"})
"""Programs that run the script which is named behind them."""

VALUED = re.compile(r"(-[^\s=]+)(=|\s+)")
"""A flag and what separates it from the value in the same word: an item of a list may hold both with a space."""

SWITCHED = frozenset({"true", "false"})
"""Words behind a flag without a value that can only be meant for it."""


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag as written: its words, and its value (empty where it takes none)."""

    words: tuple[Entry, ...]
    value: Value
    negated: bool = False
    table: Table | None = None
    """The table that its words stand in; None where no edit can reach it."""


@dataclass(frozen=True, slots=True)
class CommandLine:
    """A recognised command line. `open` where a word nobody can read may stand for further flags."""

    flags: Mapping[str, Flag] = field(default_factory=dict)
    """By key name; the last one written wins."""
    positionals: tuple[Token, ...] = ()
    open: bool = False
    packed: tuple[tuple[str, Flag], ...] = ()
    """Flags that take a dictionary as one text (`--model_args pretrained=x,dtype=float16`), by its name."""


class Names(NamedTuple):
    """The first words of a command line as the programs that they may start, and all that those are known by."""

    words: tuple[str | None, ...] = ()
    known: frozenset[str] = frozenset()


def names_in(words: Sequence[Entry]) -> Names:
    """The words among which a server's name is looked for; none where the program starts nothing."""
    if any(text(word) in ASKING for word in words):
        return Names()
    names = tuple(program(word) for word in words[: PROGRAM_DEPTH + 3])
    if names and names[0] is not None and posixpath.basename(names[0]) in TALKING:
        return Names()
    told = frozenset(name for name in names if name is not None)
    return Names(names, told | frozenset(map(posixpath.basename, told)))


def starts(words: Sequence[Entry], programs: Names, vocabulary: Vocabulary) -> int | None:
    """The index of the first word after the server's own name, None where these words do not start it.

    A script whose name many have is the server where a flag of the server's own is behind it.
    """
    known = programs.known
    if known.isdisjoint(vocabulary.scripts) and not any(command[0] in known for command in vocabulary.commands):
        return None
    names = programs.words
    for index in range(min(len(names), PROGRAM_DEPTH)):
        for command in vocabulary.commands:
            end = index + len(command)
            found = names[index:end]
            if len(found) < len(command) or found[0] is None or found[1:] != command[1:]:
                continue
            if "." in command[0]:
                if found[0] == command[0] and (not index or names[index - 1] == "-m"):
                    return end
            elif posixpath.basename(found[0]) == command[0]:
                return end
        if vocabulary.scripts and posixpath.basename(names[index] or "") in vocabulary.scripts:
            behind = words[index + 1 :]
            return index + 1 if any(told(text(word), vocabulary) for word in behind) else None
    return None


def entered(words: tuple[Entry, ...], vocabulary: Vocabulary) -> int | None:
    """Where the arguments begin in words that an image hands to its own server; None where they start something else.

    The image's entry point may end before the last word of the server's name (`serve MODEL`). A path may be a model's
    or a program's: it is a model's where flags of the server follow, and none of them names a model.
    """
    if not words:
        return 0
    first = text(words[0])
    if first is None:
        return None
    for command in vocabulary.commands:
        rest = [text(word) for word in words[: len(command) - 1]]
        if rest and rest == list(command[1:]):
            return len(rest)
    if first.startswith("-"):
        return 0
    if "/" not in first or " " in first:
        return None
    if first[0] not in "./":
        return 0
    line = parse(strand(Table("", words[0].place, words[1:]), vocabulary), vocabulary)
    parts = first.split("/")
    named = any(key.positional is not None and key.name in line.flags for key in vocabulary.keys.values())
    program = "bin" in parts or parts[-1].endswith(SCRIPTS)
    return 0 if line.flags and not named and not program else None


def started_by_script(words: tuple[Entry, ...], vocabulary: Vocabulary) -> bool:
    """Whether an image is handed a script, by itself or behind a shell, whose name says that it starts the server."""
    names = [posixpath.basename(text(word) or "") for word in words[:2]]
    if len(names) == 2 and names[0] in SHELLS:
        names = names[1:]
    return bool(names) and fits_any(names[0], vocabulary.starters)


def scripted(words: Iterable[Entry]) -> bool:
    """Whether words run a script: its path, maybe behind an interpreter."""
    for word in words:
        name = program(word)
        if name is None:
            return False
        if name.endswith(SCRIPTS):
            return True
        if posixpath.basename(name) not in INTERPRETERS and not name.startswith("-"):
            return False
    return False


def parse(tokens: Iterable[Token], vocabulary: Vocabulary, opened: bool = False) -> CommandLine:
    """Read words as the vocabulary's flags; flags it does not know are passed over with their value."""
    return _Parser(vocabulary, opened).read(list(tokens))


class _Parser:
    def __init__(self, vocabulary: Vocabulary, opened: bool) -> None:
        self.vocabulary, self.names = vocabulary, flags(vocabulary)
        self.takes = sum(key.positional is not None for key in vocabulary.keys.values())
        self.flags: dict[str, Flag] = {}
        self.packed: dict[str, Flag] = {}
        self.positionals: list[Token] = []
        self.opened, self.leading = opened, True
        self.tokens: list[Token] = []
        self.at = 0

    def read(self, tokens: list[Token]) -> CommandLine:
        self.tokens = tokens
        while self.at < len(tokens):
            token = tokens[self.at]
            self.at += 1
            name = text(token.entry)
            if name is None:
                self.unseen(token)
            elif not name.startswith("-") or name == "-":
                if self.leading:
                    self.positionals.append(token)
            else:
                self.flag(token, name)
        hidden = [one for one in self.positionals if text(one.entry) is None]
        named = any(key.positional is not None and key.name in self.flags for key in self.vocabulary.keys.values())
        # The model has a flag of its own here: the word that nobody can read stands for something else.
        opened = self.opened or (named and bool(hidden))
        return CommandLine(self.flags, tuple(self.positionals), opened, tuple(self.packed.items()))

    def unseen(self, token: Token) -> None:
        """A word that nobody can read: one argument in the place of an argument, else any number of flags."""
        if self.leading and len(self.positionals) < self.takes:
            self.positionals.append(token)
        else:
            self.opened = True

    def flag(self, token: Token, written: str) -> None:
        found = VALUED.match(written)
        name = folded(found[1] if found else written, self.vocabulary)
        key = self.names.on.get(name)
        if name in self.names.off:
            self.put(self.names.off[name], Flag((token.entry,), (), negated=True, table=token.table))
        elif found:
            inline = _inline(token.entry, written[found.end() :])
            self.valued(name, key, Flag((token.entry,), inline, table=token.table))
        elif key is not None and key.present:
            self.switch(key, token)
        elif key is None and (attached := self.attached(name)) is not None:
            short = self.names.on[attached]
            self.put(short, Flag((token.entry,), _inline(token.entry, name[len(attached) :]), table=token.table))
        elif key is None and name in self.names.alone:
            self.skip(lambda word: (word or "").lower() in SWITCHED)
        elif key is None and name in self.names.several:
            while self.skip(lambda word: word is None or not word.startswith("-")):
                pass
        elif key is None and name in self.names.optional:
            self.skip(lambda word: word is not None and not word.startswith("-"))
        elif self.at < len(self.tokens):
            self.with_value(name, key, token)

    def attached(self, name: str) -> str | None:
        """The short flag whose value is written right behind it (`-O3`)."""
        for short in self.vocabulary.attached:
            if name.startswith(short) and name[len(short) : len(short) + 1] not in ("", "."):
                return short
        return None

    def switch(self, key: Key, token: Token) -> None:
        """A flag that takes no value, or one word that can only be meant for it."""
        follower = self.tokens[self.at] if self.at < len(self.tokens) else None
        if follower is not None and (text(follower.entry) or "").lower() in SWITCHED:
            self.at += 1
            self.put(key, Flag((token.entry, follower.entry), follower.entry.value, table=token.table))
        else:
            self.put(key, Flag((token.entry,), (), table=token.table))

    def skip(self, taken: Callable[[str | None], bool]) -> bool:
        """Pass over the next word if it is one of these."""
        if self.at < len(self.tokens) and taken(text(self.tokens[self.at].entry)):
            self.at += 1
            return True
        return False

    def with_value(self, name: str, key: Key | None, token: Token) -> None:
        follower = self.tokens[self.at]
        word = text(follower.entry)
        if key is None and self.field(name) is None:
            if word is None or not word.startswith("-"):
                self.at += 1  # the unknown flag's value: nothing of ours
                # Where nobody knows which flags take a value, what comes later is no argument of the program.
                self.leading = self.leading and bool(self.vocabulary.alone)
            return
        if key is not None and word is not None and word.startswith("-") and flagged(word, self.vocabulary):
            return  # the value was left out, or is filled in at run time
        self.at += 1
        self.valued(name, key, Flag((token.entry, follower.entry), follower.entry.value, table=token.table))

    def valued(self, name: str, key: Key | None, flag: Flag) -> None:
        """A flag with its value: a key's, or one field of an object's (`--compilation-config.mode`)."""
        key = key or self.field(name)
        if key is None:
            return
        self.put(key, flag)
        known = flag.value[0].data if len(flag.value) == 1 else None
        if key.name in self.vocabulary.packed:
            self.packed[key.name] = flag
        if key.name in self.vocabulary.objects and isinstance(known, str) and known.lstrip().startswith("{"):
            for inner, value in self.fields(key.name, known):
                told = replace(flag.value[0], data=value)
                self.put(inner, replace(flag, value=(told,), table=None))

    def field(self, name: str) -> Key | None:
        """The key that a dotted flag sets in an object."""
        head, dot, rest = name.partition(".")
        owner = self.names.on.get(head) if dot else None
        return self.inside(owner.name, rest) if owner is not None else None

    def inside(self, owner: str, field_name: str) -> Key | None:
        for key in self.vocabulary.keys.values():
            if key.in_object == owner and field_name in key.keyword:
                return key
        return None

    def fields(self, owner: str, written: str) -> Iterator[tuple[Key, str | int | float | bool]]:
        """The keys that an object written as JSON sets."""
        found: object = None
        with suppress(ValueError, RecursionError):
            found = json.loads(written)
        for name, value in found.items() if isinstance(found, dict) else ():
            key = self.inside(owner, name)
            if key is not None and isinstance(value, (str, int, float, bool)):
                yield key, value

    def put(self, key: Key, flag: Flag) -> None:
        before = self.flags.get(key.name)
        if before is not None and _repeats(flag, before):
            return
        self.flags[key.name] = flag


def _repeats(flag: Flag, before: Flag) -> bool:
    """Whether a flag only says again, through a variable, what was read where the variable is set."""
    referred = all(one.how == "constant" for word in flag.words for one in word.value)
    return referred and [w.value[0].data for w in flag.words] == [w.value[0].data for w in before.words]


def _inline(word: Entry, value: str) -> Value:
    known = word.value[0]
    return (Alternative("known", value, known.place, known.how, known.branches, known.shared),)


def flag_of(key: Key, command: CommandLine) -> Flag | None:
    """The flag that sets this key, if it is written."""
    return command.flags.get(key.name)
