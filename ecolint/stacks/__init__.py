"""The serving stacks and platforms ecolint can read, one TOML vocabulary each, discovered from this folder.

What all of them say is made once and kept (`ecolint.compiled`): the words that a file is read for by themselves, so
that nothing else is loaded where no file holds any.
"""

from __future__ import annotations

import marshal
import os
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from ecolint import compiled

if TYPE_CHECKING:
    from ecolint.model import Wanted
    from ecolint.stacks.vocabulary import Vocabulary

_HERE = os.path.dirname(os.path.abspath(__file__))


class StackError(Exception):
    """A vocabulary file is malformed: file, line, what is wrong and what to write instead."""

    def __init__(self, path: str, line: int, message: str) -> None:
        super().__init__(f"{path}:{line}: {message}")
        self.path, self.line, self.message = path, line, message


class Words:
    """The words of which one must stand in a file before it is read at all.

    `keys` are those by which a file of settings is known. The others are what vocabularies ask of readers, as
    `ecolint.model.Wanted` has it, as far as it takes to tell which files are worth reading.
    """

    def __init__(
        self,
        triggers: tuple[str, ...],
        keys: tuple[str, ...],
        anchors: Mapping[str, tuple[str, ...]],
        spelled: tuple[tuple[str, ...], ...],
    ) -> None:
        self._triggers, self.keys, self._anchors = triggers, keys, anchors
        self.calls, self.likely_calls, self.local_calls, self.objects = spelled[:4]
        self.works, self.commands, self.runners = spelled[4:]

    def of(self, syntax: str) -> tuple[str, ...]:
        """The words for files of one syntax."""
        return (*self._triggers, *self._anchors.get(syntax, ()))


def vocabularies(folders: Sequence[str] = ()) -> tuple[Vocabulary, ...]:
    """Every shipped vocabulary and those of the user's folders (setting `stacks`), by file name. Raises StackError."""
    return _loaded(tuple(folders))[0]


def asked(folders: Sequence[str] = ()) -> Wanted:
    """What those vocabularies ask of readers."""
    return _loaded(tuple(folders))[1]


@lru_cache(maxsize=8)
def words(folders: tuple[str, ...] = ()) -> Words:
    """The words for which those vocabularies have files read. Raises StackError."""

    def make() -> tuple[tuple[str, ...], tuple[str, ...], dict[str, tuple[str, ...]], tuple[tuple[str, ...], ...]]:
        wanted = asked(folders)
        calls = (wanted.calls, wanted.likely_calls, wanted.local_calls, wanted.objects)
        spelled = (*calls, wanted.works, wanted.commands, wanted.runners)
        return wanted.triggers, wanted.keys, dict(wanted.anchors), spelled

    return Words(*compiled.kept("words", folders, make, marshal.dumps, marshal.loads))


@lru_cache(maxsize=8)
def _loaded(folders: tuple[str, ...]) -> tuple[tuple[Vocabulary, ...], Wanted]:
    from ecolint.stacks import shelved

    def make() -> tuple[tuple[Vocabulary, ...], Wanted]:
        from ecolint.stacks.asking import wanted
        from ecolint.stacks.reading import read

        found = read((_HERE, *folders))
        return found, wanted(found)

    return compiled.kept("stacks", folders, make, shelved.pack, shelved.unpack)
