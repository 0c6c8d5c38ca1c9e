"""What a shell script is read as: simple commands of words with their places, and what their environment gains."""

from __future__ import annotations

from ecolint.model import ALWAYS, Branches, How
from ecolint.shaped import dataclass


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that a word can be: its text (None: unknown) and the arms it needs; `start` to `end` is where that
    text was written, which may be an assignment; `shared` where more than this word reads it from there."""

    text: str | None
    start: int
    end: int
    how: How = "literal"
    branches: Branches = ALWAYS
    shared: bool = False
    lead: str = ""
    """What is known of an unknown text from its start."""
    rest: str = ""
    """What is known of it behind that, with a hole for each further part that is not."""


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
    choices: tuple[Choice, ...] = ()
    """Everything it can be, where it is not simply written out."""
    branches: Branches = ALWAYS
    """The arms that must be taken for the word to stand there at all."""
    lead: str = ""
    rest: str = ""
    """What is known of an unknown word from its start, and behind the first part that is not."""

    def all(self) -> tuple[Choice, ...]:
        """Everything the word can be."""
        return self.choices or (Choice(self.text, self.start, self.end, self.how, lead=self.lead, rest=self.rest),)


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
    open: bool = False
    """True where the command goes on, but nobody can tell how."""


@dataclass(frozen=True, slots=True)
class Heredoc:
    """The body of a here-document: the words of the command that is given it, the file it is written to, if any, and
    where the body stands."""

    words: tuple[Word, ...]
    start: int
    end: int
    target: str = ""


@dataclass(frozen=True, slots=True)
class Script:
    """What a script does, as far as it was understood, and the places of its comments.

    `problems` are offsets at which it was not, with the reason; `steps` counts the work that reading it took.
    """

    commands: tuple[Command, ...]
    comments: tuple[tuple[int, int], ...] = ()
    heredocs: tuple[Heredoc, ...] = ()
    problems: tuple[tuple[int, str], ...] = ()
    steps: int = 0
