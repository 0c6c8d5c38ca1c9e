"""What lies on the disk inside one root: names of files and folders, texts and contents; nothing outside is read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ecolint import files
from ecolint.consulted import ABSENT, LARGE, Content, digest
from ecolint.model import Source
from ecolint.roots import display_path

MAX_FOLDERS = 20_000
"""Folders of a project that are looked through for files of a name."""
_FOREIGN = frozenset({"node_modules", "__pycache__", "site-packages"})


class Disk:
    """The disk below a root. Locations are absolute. `content`, where given, tells what a content is known by."""

    def __init__(self, root: Path, content: Content | None = None) -> None:
        self.root = root
        self._content_of = content
        self._real = os.path.realpath(root)
        self._insiders: dict[str, bool] = {str(root): True, self._real: True}
        self._names: dict[str, frozenset[str] | None] = {}

    def inside(self, location: str) -> bool:
        """Whether a path lies in the root, links resolved: what is outside is nobody's to read."""
        known = self._insiders.get(location)
        if known is None:
            folder = os.path.dirname(location)
            if os.name == "posix" and folder != location and not os.path.islink(location):
                known = self.inside(folder)  # cheaper than to resolve every path from its top
            else:
                real = os.path.realpath(location)
                known = real == self._real or real.startswith(self._real.rstrip(os.sep) + os.sep)
            self._insiders[location] = known
        return known

    def may_hold(self, folder: str, name: str) -> bool:
        """Whether a folder has an entry of this name, whatever its case; True where that cannot be told."""
        if folder not in self._names:
            self._names[folder] = self._named(folder)
        names, lower = self._names[folder], name.lower()
        return names is None or not name.isascii() or lower in names

    def _named(self, folder: str) -> frozenset[str] | None:
        try:
            return frozenset(map(str.lower, os.listdir(folder)))
        except (FileNotFoundError, NotADirectoryError):
            return frozenset()
        except OSError:
            return None

    def listed(self, folder: str) -> tuple[list[str], list[str]]:
        """The names of a folder's files and of its folders, links aside, in order."""
        try:
            with os.scandir(folder) as scan:
                entries = sorted(scan, key=lambda entry: entry.name)
        except OSError:
            return [], []
        inside = [entry.name for entry in entries if entry.is_file(follow_symlinks=False)]
        return inside, [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]

    def walked(self, start: str) -> Iterator[str]:
        """The locations of all files below a folder; hidden folders and installed packages aside."""
        folders, left = [start], MAX_FOLDERS
        while folders and left:
            folder, left = folders.pop(), left - 1
            inside, below = self.listed(folder)
            yield from (os.path.join(folder, name) for name in inside)
            folders += [os.path.join(folder, one) for one in reversed(below) if one[0] != "." and one not in _FOREIGN]

    def holds(self, location: str) -> bool:
        """Whether there is a file inside the root."""
        return os.path.isfile(location) and self.inside(location)

    def loaded(self, location: str, limit: int) -> tuple[Source | None, bytes]:
        """The text of a file of at most `limit` bytes, None where it has none that can be read, and its `content`."""
        if not self.holds(location):
            return None, ABSENT
        loaded = files.load(files.File(display_path(location), location, False), limit)
        if isinstance(loaded, files.Loaded):
            return loaded.source, digest(loaded.data) if self._content_of is not None else ABSENT
        return None, self.content(location, limit)

    def data(self, location: str, limit: int) -> bytes:
        """The bytes of a file of at most `limit` bytes; none where they cannot be read."""
        try:
            with open(location, "rb") as file:
                data = file.read(limit + 1)
        except OSError:
            return b""
        return data if len(data) <= limit else b""

    def content(self, location: str, limit: int) -> bytes:
        """What the content of a file inside the root is known by, as far as it may be read; ABSENT if nobody asks."""
        if self._content_of is None or not self.holds(location):
            return ABSENT
        from ecolint.readers import packed

        most = limit * files.PACKED if packed(location.replace(os.sep, "/")) is not None else limit
        try:
            found = os.stat(location)
            return LARGE if found.st_size > most else self._content_of(location, found)
        except OSError:
            return ABSENT
