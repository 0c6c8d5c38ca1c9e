"""The room that remembers what the answers about a project rest on: what was asked of the disk, and what it said."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple, TypeAlias

try:  # hashlib loads OpenSSL, which takes longer than all that a small run does
    from _blake2 import blake2b
except ImportError:
    from hashlib import blake2b

Consultation: TypeAlias = tuple[str, ...]
"""What was asked: a kind of question and the absolute paths, or names, that it is about (see `Project.answer`)."""
Answers: TypeAlias = Mapping[Consultation, bytes]
"""Each consultation with its answer, or a digest of it."""
Content: TypeAlias = Callable[[str, os.stat_result], bytes]
"""What tells the digest of a file's content, by its location and status. Raises OSError."""

MAX_CONSULTED = 50_000
"""Consultations of one file, one bundle or one summary that are remembered."""
BUNDLED = 100
"""Consultations from which those that a file was made with are kept apart, as a bundle that files may share."""
ABSENT, LARGE = b"-", b"+"
"""The content of what is no file of the project, and of a file that is too large to be read."""
DIGEST = 16
"""Bytes of a digest."""


def digest(data: bytes, about: bytes = b"") -> bytes:
    """What a content is known by, or what a content and what it is about are."""
    found = blake2b(about, digest_size=DIGEST)
    found.update(data)
    return found.digest()


def digest_of(names: object) -> bytes:
    """What a list of names is known by."""
    return digest(repr(names).encode("utf-8", "surrogatepass"))


class Consulted(NamedTuple):
    """What the outcome of a file rests on.

    `own` is what it asked itself. `bundles` are what things rest on that are made of many files. `summaries` are
    answers that may stay the same though what they rest on changes: each with the answer, and what it rests on.
    """

    own: Answers
    bundles: tuple[Answers, ...]
    summaries: Mapping[Consultation, tuple[bytes, Answers]]

    @property
    def nothing(self) -> bool:
        """Whether it rests on itself alone."""
        return not (self.own or self.bundles or self.summaries)


class _Step:
    """One thing that was made: what it asked itself, and which other things it was made with."""

    __slots__ = ("asked", "used", "whole")

    def __init__(self) -> None:
        self.asked: dict[Consultation, bytes] = {}
        self.used: dict[tuple[str, Hashable], bytes | None] = {}
        self.whole = False


class _Unsure(Exception):
    """There is too much to remember, a making failed, or two things were told of one file."""


class Trail:
    """The consultations of each thing that is made once and used again, and of the file that is looked at."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, Hashable], _Step] = {}
        self._under_way: list[_Step] = []

    def start(self) -> None:
        """From here on everything that is asked belongs to a new file."""
        self._under_way = [_Step()]

    def finish(self) -> Consulted | None:
        """All that the file rests on, and the end of it; None where that is more than is kept.

        None too where it rests on something whose making failed, or was told two things of one file.
        """
        file = self._under_way[0]
        file.whole, self._under_way = True, []
        summaries: dict[tuple[str, Hashable], bytes] = {}
        _, *steps = self._steps(file, summaries)
        try:
            bundles = [_joined([step]) for step in steps if len(step.asked) > BUNDLED]
            small = _joined(step for step in steps if len(step.asked) <= BUNDLED)
            if len(small) > BUNDLED:
                bundles.append(small)
                small = {}
            told: dict[Consultation, tuple[bytes, Answers]] = {
                (kind, str(key)): (answer, _joined(self._steps(self._made[kind, key])))
                for (kind, key), answer in summaries.items()
            }
            return Consulted(_joined((file,), small), tuple(bundles), told)
        except _Unsure:
            return None

    def _steps(self, start: _Step, summaries: dict[tuple[str, Hashable], bytes] | None = None) -> list[_Step]:
        """A step and all that it was made with; summaries, where somebody gathers them, are not looked into."""
        found = [start]
        seen: set[tuple[str, Hashable]] = set()
        for step in found:
            for key, answer in step.used.items():
                if key in seen:
                    continue
                seen.add(key)
                if summaries is None or answer is None:
                    found.append(self._made[key])
                else:
                    summaries[key] = answer
        return found

    def ask(self, consultation: Consultation, answer: bytes) -> None:
        """Remember a question for whatever is being made."""
        if self._under_way:
            self._under_way[-1].asked[consultation] = answer

    @contextmanager
    def making(self, kind: str, key: Hashable) -> Iterator[None]:
        """Around the making of something that will be used again under this kind and key."""
        step = self._made[kind, key] = _Step()
        self._under_way.append(step)
        try:
            yield
            step.whole = True
        finally:
            self._under_way.remove(step)

    def use(self, kind: str, key: Hashable, answer: bytes | None = None) -> None:
        """Whatever is being made is made with this, which was made or is being made.

        `answer` is given for a summary: something that is asked for by its kind and key.
        """
        if self._under_way:
            self._under_way[-1].used[kind, key] = answer


def _joined(steps: Iterable[_Step], first: Answers | None = None) -> Answers:
    """What steps asked together. Raises _Unsure."""
    found = dict(first or {})
    for step in steps:
        if not step.whole or any(found.setdefault(one, answer) != answer for one, answer in step.asked.items()):
            raise _Unsure
    if len(found) > MAX_CONSULTED:
        raise _Unsure
    return found
