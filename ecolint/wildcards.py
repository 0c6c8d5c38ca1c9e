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
