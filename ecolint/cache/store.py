"""The kept outcomes, each in a file of its own under its key, and the bound on how much is kept."""

from __future__ import annotations

import marshal
import os
import time
import zlib
from collections.abc import Sequence
from typing import TypeAlias, cast

from ecolint import cachefolder
from ecolint.cache import filing
from ecolint.consulted import Consultation, digest

MAX_BYTES = 256_000_000
"""Bytes that the cache may take."""
LEFT = 0.8
"""The part of them that is left where there are more."""
PRUNED_EVERY = 3_600
"""Seconds in which what is kept is measured once, unless one run alone writes much."""
MUCH = MAX_BYTES // 8
_RESULT = b"ecolint result 1\n"
_BUNDLE = b"ecolint bundle 1\n"

Summaries: TypeAlias = dict[Consultation, tuple[bytes, dict[Consultation, bytes]]]
Kept: TypeAlias = tuple[dict[Consultation, bytes], Summaries, dict[bytes, bytes], list[str], bytes]
"""What an outcome rests on (see `Consulted`), bundles by their keys with all answers in one; the files of which it
tells places; the packed outcome."""


class Store:
    """The outcomes that are kept in one folder of the cache."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._written = 0
        self._known: dict[bytes, list[Consultation] | None] = {}

    def read(self, key: bytes) -> Kept | None:
        """What is kept under a key; None where there is nothing that can be read."""
        return cast("Kept | None", self._read(key, _RESULT))

    def write(self, key: bytes, kept: Kept) -> None:
        """Keep something under a key."""
        self._write(key, _RESULT, kept)

    def bundle(self, questions: Sequence[Consultation]) -> bytes:
        """Keep questions that many outcomes share, and tell the key that they are kept under."""
        listed = list(questions)
        key = digest(_BUNDLE + repr(listed).encode("utf-8", "surrogatepass"))
        if self.questions(key) is None:
            self._write(key, _BUNDLE, listed)
            self._known[key] = listed
        return key

    def questions(self, bundle: bytes) -> list[Consultation] | None:
        """The questions of a bundle; None where it is lost."""
        if bundle not in self._known:
            self._known[bundle] = cast("list[Consultation] | None", self._read(bundle, _BUNDLE))
        return self._known[bundle]

    def prune(self) -> None:
        """Remove what was used least recently where more is kept than may be, looked at once in a while."""
        stamp, now = os.path.join(self._folder, filing.STAMP), time.time()
        try:
            due = now - os.stat(stamp).st_mtime > PRUNED_EVERY
        except OSError:
            due = True
        if not due and self._written < MUCH:
            return
        self._written = 0
        try:
            with open(stamp, "ab"):
                os.utime(stamp)  # first, so that runs beside this one leave it alone
        except OSError:
            return
        found = list(filing.files(self._folder))
        size = sum(status.st_size for _, status in found)
        most = int(MAX_BYTES * LEFT) if size > MAX_BYTES else size
        for path, status in sorted(found, key=lambda each: each[1].st_mtime):
            abandoned = path.endswith(cachefolder.TEMPORARY) and now - status.st_mtime > PRUNED_EVERY
            if size > most or abandoned:
                size -= status.st_size
                filing.remove(path)

    def _path(self, key: bytes) -> str:
        name = key.hex()
        return os.path.join(self._folder, cachefolder.RESULTS, name[:2], name)

    def _read(self, key: bytes, magic: bytes) -> object:
        data = filing.read(self._path(key), magic, key)
        return marshal.loads(zlib.decompress(data)) if data is not None else None

    def _write(self, key: bytes, magic: bytes, what: Kept | list[Consultation]) -> None:
        data = zlib.compress(marshal.dumps(what, 4), 1)
        if filing.write(self._folder, self._path(key), magic, data, key):
            self._written += len(data)
