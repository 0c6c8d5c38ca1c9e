"""Ignore files and excludes: whether a walk passes an entry by, as git would tell it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from ecolint.globs import Rules, rules

if TYPE_CHECKING:
    from ecolint.settings import Settings


class Ignore:
    """The patterns of one ignore file, and the folder they are relative to (with a trailing separator)."""

    __slots__ = ("base", "rules")

    def __init__(self, base: str, rules: Rules) -> None:
        self.base, self.rules = base, rules

    def says(self, folder: str, name: str) -> bool | None:
        """Whether an entry of a folder is ignored (True) or kept; None where no pattern matches it."""
        if not self.rules.anchored:
            return self.rules.says(name, "")
        return self.rules.says(name, folder[len(self.base) :].replace(os.sep, "/") + name)


def ignored(folder: str, name: str, ignores: Iterable[Ignore], excluded: Ignore | None) -> bool:
    """Whether an entry of a folder is passed by; of the ignore files the nearest that has a say decides.

    `folder` ends in a separator, and `name` in `/` where the entry is a folder itself.
    """
    if excluded is not None and excluded.says(folder, name):
        return True
    for ignore in ignores:
        said = ignore.says(folder, name)
        if said is not None:
            return said
    return False


def ignore_file(path: str, base: str) -> tuple[Ignore, ...]:
    """The patterns of a file; none where it cannot be read."""
    try:
        with open(path, encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            lines = file.read().split("\n")
    except OSError:
        return ()
    return (Ignore(base.rstrip(os.sep) + os.sep, rules(lines)),)


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
    hidden = top != root and top_ignored(top, found, None)
    return () if hidden else tuple(found)


def top_ignored(top: str, ignores: Iterable[Ignore], excluded: Ignore | None) -> bool:
    """Whether a folder that was named would be passed by, had a walk come upon it."""
    folder, name = os.path.split(top)
    if excluded is not None and not top.startswith(excluded.base):
        excluded = None  # it is the folder that the patterns start at
    return ignored(folder.rstrip(os.sep) + os.sep, name + "/", ignores, excluded)


_rules = lru_cache(maxsize=64)(rules)


def exclude(settings: Settings, top: str | None = None) -> Ignore | None:
    """What the settings exclude; inside a folder that was named although it is excluded, patterns start at it."""
    patterns = (*settings.exclude, *settings.extend_exclude)
    return Ignore((top or str(settings.root)).rstrip(os.sep) + os.sep, _rules(patterns)) if patterns else None
