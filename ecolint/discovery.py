"""Discovery: which files a run looks at, of the paths that were named and what lies below them."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING

from ecolint.files import File
from ecolint.roots import MARKERS, Roots, display_path
from ecolint.settings import Finder
from ecolint.speech import Told, say

if TYPE_CHECKING:
    from ecolint.ignores import Ignore
    from ecolint.model import Problem
    from ecolint.settings import Settings

_MARKS = frozenset({*MARKERS, ".git"})
"""Entries of a folder for which its settings or its root may differ from those of the folder above."""


class NoSuchPath(Told):
    """A path named on the command line that does not exist; the message says so."""


class _Above:
    """What a folder hands down. `settled` where folders below have the same settings unless they hold a mark."""

    __slots__ = ("ignores", "settings", "settled")

    def __init__(self, settings: Settings, settled: bool, ignores: tuple[Ignore, ...]) -> None:
        self.settings, self.settled, self.ignores = settings, settled, ignores


class _Folder:
    """A folder to look into. `shown` is how it is shown, up to the last `/`."""

    __slots__ = ("above", "location", "shown")

    def __init__(self, location: str, shown: str, above: _Above) -> None:
        self.location, self.shown, self.above = location, shown, above


class Discovery:
    """One walk over the named paths.

    `problems` gathers what could not be walked, `left_out` the named paths that only --include-tests would read.
    A named file is looked at whatever is excluded or ignored; folders are walked with .gitignore and `exclude`. Links
    to folders are not followed, nor are links to files unless they are named (a pre-commit run sees neither).
    """

    def __init__(self, finder: Finder, handled: Callable[[str], bool]) -> None:
        self.problems: list[Problem] = []
        self.left_out: list[str] = []
        self._finder = finder
        self._reads = handled
        self._seen: set[str] = set()
        self._here = ""
        self._top: str | None = None
        self._shown: dict[str, str] = {}

    def files(self, paths: Sequence[str]) -> Iterator[File]:
        """Every file once, in the order of the paths and then of names. Raises NoSuchPath before the first one."""
        for path in paths:
            if not os.path.exists(path):
                raise NoSuchPath("{path}: no such file or folder", path=path)
        self._here = os.getcwd()
        for path in paths:
            location = os.path.abspath(path)
            found = self._walk(location) if os.path.isdir(location) else self._named(location)
            for file in found:
                if file.location not in self._seen:
                    self._seen.add(file.location)
                    yield file

    def _named(self, location: str) -> Iterator[File]:
        folder, name = os.path.split(location)
        settings = self._finder.for_folder(folder)
        if self._reads(location.replace(os.sep, "/")):
            test = _test_name(name) or _in_tests(folder, self._finder.roots)
            shown = self._prefix(folder) + name
            if test and not settings.include_tests:
                self.left_out.append(shown)
            else:
                yield File(shown, location, test)

    def _walk(self, top: str) -> Iterator[File]:
        settings = self._finder.for_folder(top)
        if not settings.include_tests and _in_tests(top, self._finder.roots):
            self.left_out.append(display_path(top))
            return
        from ecolint.ignores import exclude, ignores_above, top_ignored

        named = exclude(settings)
        self._top = top if named is not None and top_ignored(top, (), named) else None
        above = _Above(settings, self._settled(top), ignores_above(top, _root(top, self._finder.roots)))
        stack = [iter(self._entries(_Folder(top, self._prefix(top), above)))]
        while stack:
            for item in stack[-1]:
                if isinstance(item, _Folder):
                    stack.append(iter(self._entries(item)))
                    break
                yield item
            else:
                stack.pop()

    def _entries(self, folder: _Folder) -> list[File | _Folder]:
        """The files of one folder and its folders, in order of their names, without what is passed by.

        What all entries share is worked out once: this is where the time of a walk goes.
        """
        from ecolint.ignores import exclude, ignored

        location, shown = folder.location, folder.shown
        try:
            with os.scandir(location) as scan:
                entries = sorted(scan, key=attrgetter("name"))
        except OSError as error:
            self._problem(shown, say("folder cannot be read: {strerror}", strerror=error.strerror))
            return []
        names = {entry.name for entry in entries}
        above = self._handed_down(location, names, folder.above)
        settings, ignores = above.settings, above.ignores
        excluded = exclude(settings, self._top)
        tests = settings.include_tests
        inside = _in_tests(location, self._finder.roots)
        base = location.rstrip(os.sep) + os.sep
        slashed = base.replace(os.sep, "/")
        upward = self._here.startswith(base)
        found: list[File | _Folder] = []
        for entry in entries:
            name = entry.name
            if entry.is_dir(follow_symlinks=False):
                if not tests and name == "tests" and _in_tests(entry.path, self._finder.roots):
                    continue
                if not ignored(base, name + "/", ignores, excluded):
                    # The folders that the working folder stands in are shown as `..`, which no name goes on from.
                    below = self._prefix(entry.path) if upward else f"{shown}{name}/"
                    found.append(_Folder(entry.path, below, above))
            elif entry.is_symlink():
                if _links_back(entry.path, location) and not ignored(base, name + "/", ignores, excluded):
                    self._problem(shown + name, say("links to a folder that holds it; not followed"))
            elif self._reads(slashed + name) and entry.is_file(follow_symlinks=False):
                test = inside or _test_name(name)
                if (tests or not test) and not ignored(base, name, ignores, excluded):
                    found.append(File(shown + name, entry.path, test))
        return found

    def _handed_down(self, location: str, names: set[str], above: _Above) -> _Above:
        """What governs a folder that holds these names: what governs the one above, but for what they change."""
        settings, settled, ignores = above.settings, above.settled, above.ignores
        marked = not _MARKS.isdisjoint(names)
        if settled and not marked:
            self._finder.inherit(location, settings)
        else:
            settings = self._finder.for_folder(location)
            settled = settled or ((marked or location == self._here) and self._settled(location))
        if ".gitignore" in names:
            from ecolint.ignores import ignore_file

            ignores = (*ignore_file(os.path.join(location, ".gitignore"), location), *ignores)
        return _Above(settings, settled, ignores)

    def _settled(self, folder: str) -> bool:
        """Whether something at a folder or above it says which project it belongs to, rather than what it lacks."""
        if f"{folder}{os.sep}".startswith(self._here.rstrip(os.sep) + os.sep):
            return True
        while True:
            if os.path.exists(os.path.join(folder, ".git")):
                return True
            if any(os.path.isfile(os.path.join(folder, mark)) for mark in MARKERS):
                return True
            folder, below = os.path.dirname(folder), folder
            if folder == below:
                return False

    def _prefix(self, folder: str) -> str:
        """What the names of a folder's entries are shown behind; worked out once for each folder."""
        if folder not in self._shown:
            shown = display_path(folder)
            self._shown[folder] = "" if shown == "." else shown.rstrip("/") + "/"
        return self._shown[folder]

    def _problem(self, shown: str, reason: str) -> None:
        from ecolint.model import Problem

        self.problems.append(Problem(shown.rstrip("/") or ".", 1, reason))


def _test_name(name: str) -> bool:
    """Whether a file is a test by its name."""
    return name == "conftest.py" or (name.startswith("test_") and name.endswith(".py"))


def _in_tests(folder: str, roots: Roots) -> bool:
    """Whether an absolute folder is one of tests, or lies in one: under `tests/` inside its project."""
    if f"{os.sep}tests{os.sep}" not in folder + os.sep:
        return False
    return "tests" in os.path.relpath(folder, _root(folder, roots)).split(os.sep)


def _root(folder: str, roots: Roots) -> str:
    from pathlib import Path

    return str(roots.of(Path(folder)))


def _links_back(link: str, folder: str) -> bool:
    """Whether a symbolic link leads to a folder that the link itself stands in, or to itself."""
    try:
        target = os.path.realpath(link, strict=True)
    except OSError as error:
        return error.errno == errno.ELOOP
    here = os.path.realpath(folder)
    return here == target or here.startswith(target.rstrip(os.sep) + os.sep)
