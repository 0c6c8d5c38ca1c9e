"""What an outcome depends on besides the rest of its project, as digests: the tool, the settings, the file."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING

from ecolint.consulted import digest, digest_of
from ecolint.speech import Said

if TYPE_CHECKING:
    from ecolint.settings import Settings

FORMAT = 1
"""Rises where an entry is kept in another way."""
MATTERS = frozenset(
    {
        *("select", "extend_select", "ignore", "conventions", "per_file_ignores", "gpu", "context", "workload"),
        *("extend_safe_fixes", "extend_unsafe_fixes", "baseline", "rules", "stacks", "evidence", "locale"),
        "max_file_size",
    }
)
"""The settings that can change what is found in a file."""
ASIDE = frozenset({"root", "include_tests", "exclude", "extend_exclude", "fail_on", "fail_on_likely", "origins"})
"""Those that cannot: they say which files are looked at, and what is made of the findings."""


class Digests:
    """The digests of the settings of one run; the files that they name are read once."""

    def __init__(self) -> None:
        self._scans: dict[tuple[object, ...], bytes] = {}
        self._contents: dict[tuple[str, ...], object] = {}
        self._last: tuple[Settings, bool, bytes] | None = None

    def scanning(self, settings: Settings) -> bytes:
        """What decides whether a file passes the byte scan."""
        told = (settings.stacks, settings.max_file_size)
        if told not in self._scans:
            self._scans[told] = digest_of((told, self._content(settings.stacks)))
        return self._scans[told]

    def judging(self, settings: Settings, judged: bool = True) -> bytes:
        """What decides what is found in a file, the user's own rules, stacks and measurements included.

        `judged` is False where no rule is asked.
        """
        if self._last is not None and self._last[0] is settings and self._last[1] == judged:
            return self._last[2]
        told = [(name, _plain(getattr(settings, name))) for name in sorted(MATTERS)]
        files = (settings.rules, settings.stacks, settings.evidence)
        found = digest_of((judged, told, [self._content(paths) for paths in files]))
        self._last = settings, judged, found
        return found

    def key(self, told: tuple[object, ...]) -> bytes:
        """The key of an outcome that depends on all of this, and on the tool."""
        return digest_of((FORMAT, tool(), told))

    def _content(self, paths: tuple[str, ...]) -> object:
        if paths not in self._contents:
            self._contents[paths] = list(_contents(paths))
        return self._contents[paths]


@lru_cache(maxsize=1)
def tool() -> bytes:
    """Which ecolint this is, on which Python and with which libraries.

    Its own files are known by size and time, so that a checkout is another tool after every change.
    """
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    beside = os.path.join(os.path.dirname(package), "rules")
    own = [list(_stated(folder)) for folder in (package, beside)]
    return digest_of((own, sys.version, sys.platform, list(_installed())))


def _stated(folder: str) -> Iterator[tuple[str, int, int]]:
    """The files below a folder with their sizes and times, in order; nothing where there is no such folder."""
    try:
        with os.scandir(folder) as scan:
            entries = sorted(scan, key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if not entry.is_dir():
            status = entry.stat()
            yield entry.path, status.st_size, status.st_mtime_ns
        elif entry.name != "__pycache__":
            yield from _stated(entry.path)


def _installed() -> Iterator[str]:
    """The names of what is installed, versions in them: how files are parsed is not ecolint's alone to say."""
    for folder in sys.path:
        if folder.endswith("-packages"):
            with suppress(OSError):
                yield from sorted(name for name in os.listdir(folder) if name.endswith((".dist-info", ".egg-info")))


def _contents(paths: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    """What stands in files, and in the files of folders; what cannot be read is as good as not there."""
    for path in paths:
        try:
            inside = sorted(os.path.join(path, name) for name in os.listdir(path)) if os.path.isdir(path) else [path]
        except OSError:
            inside = []
        for one in inside:
            with suppress(OSError), open(one, "rb") as file:
                yield one, digest(file.read())


def _plain(value: object) -> object:
    """A value as something of which the text tells everything that it is."""
    if isinstance(value, Said):
        return ("said", value.template, _plain(value.values))
    if isinstance(value, Mapping):
        return [(_plain(key), _plain(each)) for key, each in value.items()]
    if isinstance(value, tuple):
        return tuple(map(_plain, value))
    names = getattr(value, "__dataclass_fields__", None)
    return value if names is None else [(name, _plain(getattr(value, name))) for name in names]
