"""Command lines as a vocabulary sees them: which words start the server, which are flags, and what their values are."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ecolint.model import Alternative, Entry, Table, Value
from ecolint.stacks.vocabulary import Key, Vocabulary

PROGRAM_DEPTH = 8
"""How far into a command line the server's name may stand, behind an interpreter, `env`, `numactl` and the like."""


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag as written: its words, and its value (empty where it takes none)."""

    words: tuple[Entry, ...]
    value: Value
    negated: bool = False


@dataclass(frozen=True, slots=True)
class CommandLine:
    """A recognised command line. `open` where a word nobody can read may stand for further flags."""

    flags: Mapping[str, Flag] = field(default_factory=dict)
    """By key name; the last one written wins."""
    positionals: tuple[Entry, ...] = ()
    open: bool = False


def text(entry: Entry) -> str | None:
    """The word as text, or None where it is not known in every variant."""
    return entry.value[0].data if _plain(entry.value) else None  # type: ignore[return-value]


def _plain(value: Value) -> bool:
    return len(value) == 1 and value[0].kind == "known" and isinstance(value[0].data, str)


def starts(words: Iterable[Entry], vocabulary: Vocabulary) -> int | None:
    """The index of the first word after the server's own name, None where these words do not start it."""
    names = [text(word) for word in words][: PROGRAM_DEPTH + 3]
    for index in range(min(len(names), PROGRAM_DEPTH)):
        for command in vocabulary.commands:
            end = index + len(command)
            found = names[index:end]
            if len(found) < len(command) or found[0] is None:
                continue
            if "." in command[0]:
                if found[0] == command[0] and index and names[index - 1] == "-m":
                    return end
            elif posixpath.basename(found[0]) == command[0] and found[1:] == list(command[1:]):
                return end
    return None


def parse(table: Table, start: int, vocabulary: Vocabulary) -> CommandLine:
    """Read the words from `start` on as the vocabulary's flags; flags it does not know are passed over."""
    on = {spelled: key for key in vocabulary.keys.values() for spelled in key.flag}
    off = {spelled: key for key in vocabulary.keys.values() for spelled in key.off}
    takes = sum(key.positional is not None for key in vocabulary.keys.values())
    flags: dict[str, Flag] = {}
    positionals: list[Entry] = []
    words = table.entries
    opened, leading, index = table.open, True, start
    while index < len(words):
        word = words[index]
        name = text(word)
        index += 1
        if name is None:
            if leading and len(positionals) < takes:
                positionals.append(word)  # one word in the place of an argument, whatever it says
            else:
                opened = True
            continue
        if not name.startswith("-"):
            if leading:
                positionals.append(word)
            continue
        name, equals, inline = name.partition("=")
        if name in off:
            flags[off[name].name] = Flag((word,), (), negated=True)
            continue
        key = on.get(name)
        if equals:
            if key is not None:
                flags[key.name] = Flag((word,), _inline(word, inline))
            continue
        follower = words[index] if index < len(words) else None
        if key is not None and key.present:
            flags[key.name] = Flag((word,), ())
        elif key is not None and follower is not None:
            flags[key.name] = Flag((word, follower), follower.value)
            index += 1
        elif key is None and follower is not None and not (text(follower) or "-").startswith("-"):
            leading = False
            index += 1  # the unknown flag's value, or a stray word: nothing of ours either way
        elif key is None and follower is not None and text(follower) is None:
            leading = False
            index += 1  # `--unknown $VALUE`: one value, not further flags
    return CommandLine(flags, tuple(positionals), opened)


def _inline(word: Entry, value: str) -> Value:
    known = word.value[0]
    return (Alternative("known", value, known.place, known.how, known.branches, known.shared),)


def flag_of(key: Key, command: CommandLine) -> Flag | None:
    """The flag that sets this key, if it is written."""
    return command.flags.get(key.name)
