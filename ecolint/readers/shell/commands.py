"""What a shell script is read as: simple commands of words with their places, and what their environment gains."""

from __future__ import annotations

from dataclasses import dataclass

from ecolint.model import ALWAYS, Branches, How


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a command; `text` is None where it cannot be known. Offsets are those of the script."""

    text: str | None
    start: int
    end: int
    how: How = "literal"
    quoted: bool = False
    several: bool = False
    """True where an unknown word may be no word or many (an unquoted variable)."""


@dataclass(frozen=True, slots=True)
class Assigned:
    """`NAME=value` before a command or in `export` and `env`."""

    name: str
    value: Word


@dataclass(frozen=True, slots=True)
class Command:
    """A simple command with what its environment gains."""

    words: tuple[Word, ...]
    env: tuple[Assigned, ...] = ()
    branches: Branches = ALWAYS


@dataclass(frozen=True, slots=True)
class Script:
    """What a script does, as far as it was understood, and the places of its comments."""

    commands: tuple[Command, ...]
    comments: tuple[tuple[int, int], ...] = ()
