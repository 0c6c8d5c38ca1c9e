"""Names against patterns, as the file system tells them apart, without a regular expression for each pattern."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import lru_cache

_RARE = re.compile(r"[?\[]")


def fits(name: str, pattern: str) -> bool:
    """What `fnmatch.fnmatchcase` says. To compile a pattern takes as long as to try it a thousand times."""
    pieces = _pieces(pattern)
    if pieces is None:
        return fnmatchcase(name, pattern)
    first, *between = pieces
    if not between:
        return name == pattern
    last = between.pop()
    at, end = len(first), len(name) - len(last)
    if at > end or not name.startswith(first) or not name.endswith(last):
        return False
    for piece in between:
        at = name.find(piece, at, end)
        if at < 0:
            return False
        at += len(piece)
    return True


@lru_cache(maxsize=1 << 14)
def _pieces(pattern: str) -> tuple[str, ...] | None:
    """What stands between the stars of a pattern; None where other wildcards stand in it."""
    return None if _RARE.search(pattern) else tuple(pattern.split("*"))


def fits_any(name: str, patterns: Iterable[str]) -> bool:
    """Whether a name fits one of the patterns."""
    return any(fits(name, pattern) for pattern in patterns)


class Patterns:
    """Many patterns, of which most are names without a wildcard. A name that none begins or ends like is soon told."""

    def __init__(self, patterns: Iterable[str]) -> None:
        every = tuple(dict.fromkeys(patterns))
        pieces = {one: _pieces(one) or ("", "") for one in every}
        self._names = frozenset(one for one in every if len(pieces[one]) == 1)
        wild = [one for one in every if one not in self._names]
        self._begun = tuple(one for one in wild if pieces[one][0])
        self._ended = tuple(one for one in wild if not pieces[one][0] and pieces[one][-1])
        self._other = tuple(one for one in wild if not pieces[one][0] and not pieces[one][-1])
        self._first = tuple({pieces[one][0] for one in self._begun})
        self._last = tuple({pieces[one][-1] for one in self._ended})

    def match(self, name: str) -> bool:
        """Whether a name fits one of them."""
        return (
            name in self._names
            or (name.startswith(self._first) and fits_any(name, self._begun))
            or (name.endswith(self._last) and fits_any(name, self._ended))
            or fits_any(name, self._other)
        )
