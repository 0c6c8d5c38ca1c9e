"""Ignore files and excludes: whether a walk passes an entry by, as git would tell it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from functools import lru_cache

from ecolint.settings import Settings
from ecolint.shaped import dataclass


@dataclass(frozen=True)
class Ignore:
    """The patterns of one ignore file, last first, and the folder they are relative to (with a trailing separator).

    A pattern is its regular expression and whether it ignores or keeps.
    """

    base: str
    patterns: tuple[tuple[re.Pattern[str], bool], ...]


def ignored(path: str, ignores: Iterable[Ignore], excluded: Ignore | None) -> bool:
    """Whether a path (folders end in `/`) is excluded; the nearest ignore file that has a say decides."""
    if excluded is not None and path.startswith(excluded.base) and path != excluded.base and _verdict(path, excluded):
        return True
    return next((said for ignore in ignores if (said := _verdict(path, ignore)) is not None), False)


def _verdict(path: str, ignore: Ignore) -> bool | None:
    """Whether the last pattern that matches a path ignores it (True) or keeps it; None where none matches."""
    name = path[len(ignore.base) :].replace(os.sep, "/")
    return next((include for regex, include in ignore.patterns if _matches(regex, name)), None)


def _matches(regex: re.Pattern[str], name: str) -> bool:
    """Whether a pattern matches this very entry. pathspec also matches what lies below a folder that matches, and marks
    with the group `ps_d` where that folder ends; a walk has judged the folder already, by patterns that may differ."""
    if _BELOW not in regex.groupindex:
        return regex.search(name) is not None
    return any(match.end(_BELOW) in (-1, len(name)) for match in regex.finditer(name))


_BELOW = "ps_d"


def _patterns(lines: Iterable[str]) -> tuple[tuple[re.Pattern[str], bool], ...]:
    """The patterns that can be read, last first; as in git, one that cannot be read says nothing."""
    from pathspec import GitIgnoreSpec

    found = []
    for written in lines:
        # "a/**" and "a/**/*" are the same to git; pathspec takes the first for the folder itself as well.
        line = written.rstrip() + "/*" if written.rstrip().endswith("/**") else written
        try:
            (pattern,) = GitIgnoreSpec.from_lines([line]).patterns or (None,)
        except ValueError:
            continue
        if pattern is not None and pattern.include is not None and pattern.regex is not None:
            found.append((pattern.regex, pattern.include))
    return tuple(reversed(found))


def ignore_file(path: str, base: str) -> tuple[Ignore, ...]:
    try:
        with open(path, encoding="utf-8", errors="replace", newline="") as file:
            lines = file.read().replace("\r\n", "\n").split("\n")
    except OSError:
        return ()
    return (Ignore(base.rstrip(os.sep) + os.sep, _patterns(lines)),)


def ignores_above(top: str, root: str) -> tuple[Ignore, ...]:
    """The ignore files between a named folder and its repository, nearest first; none where they ignore the folder."""
    if not os.path.exists(os.path.join(root, ".git")):
        return ()
    found: list[Ignore] = []
    folder = top
    while folder != root:
        folder = os.path.dirname(folder)
        found.extend(ignore_file(os.path.join(folder, ".gitignore"), folder))
    found.extend(ignore_file(os.path.join(root, ".git", "info", "exclude"), root))
    hidden = top != root and ignored(top + "/", found, None)
    return () if hidden else tuple(found)


_compiled = lru_cache(maxsize=64)(_patterns)


def exclude(settings: Settings, top: str | None = None) -> Ignore | None:
    """What the settings exclude; inside a folder that was named although it is excluded, patterns start at it."""
    patterns = (*settings.exclude, *settings.extend_exclude)
    return Ignore((top or str(settings.root)).rstrip(os.sep) + os.sep, _compiled(patterns)) if patterns else None
