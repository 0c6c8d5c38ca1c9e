"""The room that remembers what the answers about a project rest on: what was asked of the disk, and what it said."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import blake2b
from typing import TypeAlias

Consultation: TypeAlias = tuple[str, ...]
"""What was asked: a kind of question and the absolute paths, or names, that it is about (see `Project.answer`)."""
Consulted: TypeAlias = Mapping[Consultation, bytes]
"""Each consultation with its answer, or a digest of it."""
Content: TypeAlias = Callable[[str, os.stat_result], bytes]
"""What tells the digest of a file's content, by its location and status. Raises OSError."""

MAX_CONSULTED = 2_000
"""Consultations of one file that are remembered, those of bundles aside."""
MAX_BUNDLED = 100_000
"""Consultations that one bundle may have."""
BUNDLED = 100
"""Consultations of one thing made of many files from which they are kept apart, as a bundle that files share."""
ABSENT, LARGE = b"-", b"+"
"""The content of what is no file of the project, and of a file that is too large to be read."""
DIGEST = 16
"""Bytes of a digest."""


def digest(data: bytes) -> bytes:
    """What a content is known by."""
    return blake2b(data, digest_size=DIGEST).digest()


def digest_of(names: object) -> bytes:
    """What a list of names is known by."""
    return digest(repr(names).encode("utf-8", "surrogatepass"))


class _Step:
    """One thing that was made: what it asked itself, and which other things it was made with."""

    __slots__ = ("asked", "used", "whole")

    def __init__(self) -> None:
        self.asked: dict[Consultation, bytes] = {}
        self.used: dict[Hashable, None] = {}
        self.whole = False


class Trail:
    """The consultations of each thing that is made once and used again, and of the file that is looked at."""

    def __init__(self) -> None:
        self._made: dict[Hashable, _Step] = {}
        self._under_way: list[_Step] = []

    def start(self) -> None:
        """From here on everything that is asked belongs to a new file."""
        self._under_way = [_Step()]

    def finish(self) -> tuple[Consulted, ...] | None:
        """All that the file rests on: its own part first, then the bundles; None where that is more than is kept.

        None too where it rests on something whose making failed, or was told two things of one file.
        """
        own: dict[Consultation, bytes] = {}
        parts: list[Consulted] = [own]
        file = self._under_way[0]
        file.whole, self._under_way = True, []
        seen: set[Hashable] = set()
        waiting = [file]
        while waiting:
            step = waiting.pop()
            if not step.whole or len(step.asked) > MAX_BUNDLED:
                return None
            if len(step.asked) > BUNDLED and step is not file:
                parts.append(step.asked)
            elif any(own.setdefault(consultation, answer) != answer for consultation, answer in step.asked.items()):
                return None
            fresh = [key for key in step.used if key not in seen]
            seen.update(fresh)
            waiting += [self._made[key] for key in fresh]
        return tuple(parts) if len(own) <= MAX_CONSULTED else None

    def ask(self, consultation: Consultation, answer: bytes) -> None:
        """Remember a question for whatever is being made."""
        if self._under_way:
            self._under_way[-1].asked[consultation] = answer

    @contextmanager
    def making(self, key: Hashable) -> Iterator[None]:
        """Around the making of something that will be used again under this key."""
        step = self._made[key] = _Step()
        self._under_way.append(step)
        try:
            yield
            step.whole = True
        finally:
            self._under_way.remove(step)

    def use(self, key: Hashable) -> None:
        """Whatever is being made is made with this, which was made or is being made."""
        if self._under_way:
            self._under_way[-1].used[key] = None
