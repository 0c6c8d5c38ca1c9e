"""The index of one root: what was found out about each file; one that looks as it did then need not be opened."""

from __future__ import annotations

import marshal
import os
import struct
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from ecolint import cachefolder
from ecolint.cache import filing
from ecolint.consulted import digest

NOTHING = b""
"""The verdict on a file that passes no byte scan."""
RACY = 2_000_000_000
"""Nanoseconds before the run within which a file that was changed may change again and keep its time."""
MAX_FILES = 400_000
"""Files of one index; of more, those that this run did not look at are forgotten."""
MAX_SCANS = 100
"""Ways to scan (settings of a project's parts) that one index tells apart."""
_STATUS = struct.Struct("<qqqQ")
_BARE = _STATUS.size + 1
_NO_SCAN = 255
_INDEX = b"ecolint index 1\n"

Note: TypeAlias = tuple[str, bytes, bytes, bytes]
"""A file's location, its packed status, the verdict on it, and what decided on its scan."""


class Index:
    """One file of the cache, read at once and written at once. `tool` is what everything is void without.

    A record is a packed status, the number of the scan that found nothing in the file (or 255), and the digest of its
    content where that is known.
    """

    def __init__(self, folder: str, root: str, tool: bytes) -> None:
        self._folder = folder
        name = digest(root.encode("utf-8", "surrogatepass")).hex() + filing.INDEXED
        self._path = os.path.join(folder, cachefolder.INDEX, name)
        self._tool = tool
        self._newest = time.time_ns() - RACY
        self._scans, self._records = self._read()
        self._numbers = {scan: number for number, scan in enumerate(self._scans)}
        self._notes: dict[str, Note] = {}
        self._seen: set[str] = set()
        self._changed = False

    def asking(self, scans: Sequence[bytes]) -> Callable[[str, os.stat_result], bytes | None]:
        """What tells the verdict on a file: NOTHING where one of these scans found nothing, else the digest of its
        content, None where neither is known. Asked for every file of a run, it does no more than it must."""
        numbers = {number for number, scan in enumerate(self._scans) if scan in scans}
        record_of, see, pack, size = self._records.get, self._seen.add, _STATUS.pack, _STATUS.size

        def ask(location: str, status: os.stat_result) -> bytes | None:
            see(location)
            record = record_of(location)
            if record is None:
                return None
            try:
                now = pack(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
            except struct.error:
                return None
            if record[:size] != now:
                return None
            return NOTHING if record[size] in numbers else record[_BARE:] or None

        return ask

    def content(self, location: str, status: os.stat_result) -> bytes | None:
        """The digest of a file's content, where it is known."""
        self._seen.add(location)
        record = self._records.get(location)
        return None if record is None or record[: _STATUS.size] != _packed(status) else record[_BARE:] or None

    def note(self, location: str, status: os.stat_result, verdict: bytes, scan: bytes) -> None:
        """Remember a verdict, unless the file is so new that it may change without a sign."""
        if max(status.st_mtime_ns, status.st_ctime_ns) < self._newest and (packed := _packed(status)):
            note = (location, packed, verdict, scan)
            self._notes[location] = note
            self._add(note)

    def taken(self) -> list[Note]:
        """What was noted since this was last asked."""
        found = list(self._notes.values())
        self._notes.clear()
        return found

    def take(self, notes: Iterable[Note]) -> None:
        """Remember what another process noted."""
        for note in notes:
            self._add(note)

    def forget(self, covered: Sequence[str]) -> None:
        """Drop the files of these folders that nobody asked for, and of all files where there are too many.

        One whose content is known stays as long as it is there: a worker may have asked for it.
        """
        tops = tuple(folder.rstrip(os.sep) + os.sep for folder in covered)
        crowded = len(self._records) > MAX_FILES
        unseen = [one for one in self._records if one not in self._seen and (crowded or one.startswith(tops))]
        lost = [one for one in unseen if crowded or len(self._records[one]) == _BARE or not os.path.isfile(one)]
        for one in lost:
            del self._records[one]
        self._changed |= bool(lost)

    def write(self) -> None:
        """Write the index where anything is new; a file that is half written is never seen."""
        if self._changed:
            data = marshal.dumps((self._tool, self._scans, self._records), 4)
            self._changed = not filing.write(self._folder, self._path, _INDEX, data)

    def _add(self, note: Note) -> None:
        location, packed, verdict, scan = note
        self._seen.add(location)
        old = self._records.get(location, b"")
        same = old[: _STATUS.size] == packed
        number, content = (old[_STATUS.size], old[_BARE:]) if same else (_NO_SCAN, b"")
        if verdict == NOTHING:
            number = self._number(scan)
        else:
            content = verdict
        record = packed + bytes((number,)) + content
        if record != old:
            self._records[location] = record
            self._changed = True

    def _number(self, scan: bytes) -> int:
        number = self._numbers.get(scan)
        if number is None:
            if len(self._scans) >= MAX_SCANS:
                return _NO_SCAN
            number = self._numbers[scan] = len(self._scans)
            self._scans.append(scan)
        return number

    def _read(self) -> tuple[list[bytes], dict[str, bytes]]:
        data = filing.read(self._path, _INDEX)
        if data is None:
            return [], {}
        tool, scans, records = marshal.loads(data)
        return (scans, records) if tool == self._tool else ([], {})


def _packed(status: os.stat_result) -> bytes:
    """What tells that a file has not changed; empty where its numbers are of another world."""
    try:
        return _STATUS.pack(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
    except struct.error:
        return b""
