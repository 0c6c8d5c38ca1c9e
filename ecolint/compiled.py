"""The room where what data files say is kept ready to load, as Python keeps its own modules compiled.

A kept file holds, in this order: who made it (versions, folders, and the name, size and time of every source file), a
checksum, and the data. One that cannot be read, or of which any of this does not fit, is as good as none.
"""

from __future__ import annotations

import os
import sys
import time
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any, TypeVar

from ecolint import __version__, shortcuts
from ecolint.cachefolder import TABLES, TEMPORARY, folder
from ecolint.whole import unique, write_whole

T = TypeVar("T")

MOST = 40
"""Files that are kept; where there are more, the oldest go."""
FRESH_NS = 2_000_000_000
"""A file that changed less long ago may change again without showing it: file systems count time in steps."""
_PACKAGE = os.path.dirname(os.path.abspath(__file__))
_CHECKSUM = 4

_Stamp = tuple[tuple[str, int, int], ...]


def kept(
    kind: str,
    folders: Sequence[str],
    make: Callable[[], T],
    pack: Callable[[T], bytes],
    unpack: Callable[[bytes], T],
) -> T:
    """What `make` makes of the files in these folders, made anew only where one of them has changed.

    `kind` names what it is. Whatever `make` raises is raised, and nothing is kept then. `pack` and `unpack` are undone
    by each other; what is unpacked is, byte for byte, what this user packed.
    """
    if not shortcuts.taken("tables"):
        return make()
    folders = [os.path.abspath(one) for one in folders]
    head, settled = _head(kind, folders)
    place = _place(kind, folders)
    data = _data(place, head)
    if data is not None:
        return unpack(data)
    made = make()
    if settled:
        data = pack(made)
        _write(place, head + zlib.crc32(data).to_bytes(_CHECKSUM, "little") + data)
    return made


def sound(kind: str, folders: Sequence[str]) -> bool:
    """Whether these files have been made into this kind of thing before, so that they can be again."""
    folders = [os.path.abspath(one) for one in folders]
    return shortcuts.taken("tables") and _data(_place(kind, folders), _head(kind, folders)[0]) is not None


def _place(kind: str, folders: Sequence[str]) -> str:
    """Where it is kept. Another set of folders, or another ecolint, that has the same place takes turns with it."""
    made = zlib.crc32("\0".join((_PACKAGE, sys.implementation.cache_tag or "", *folders)).encode("utf-8", "replace"))
    return os.path.join(folder(), TABLES, f"{kind}-{made:08x}")


def _data(place: str, head: bytes) -> bytes | None:
    """The data of a kept file that has this head."""
    try:
        with open(place, "rb") as file:
            if hasattr(os, "geteuid") and os.fstat(file.fileno()).st_uid != os.geteuid():
                return None  # what others wrote is not unpacked
            if file.read(len(head)) != head:
                return None
            checksum, data = file.read(_CHECKSUM), file.read()
    except OSError:
        return None
    return data if zlib.crc32(data).to_bytes(_CHECKSUM, "little") == checksum else None


def _write(place: str, data: bytes) -> None:
    """Write a file at once, or not at all: where it cannot be kept, it is made again next time."""
    with suppress(OSError):
        os.makedirs(os.path.dirname(place), exist_ok=True)
        write_whole(place, data, f"{place}.{unique()}{TEMPORARY}")
        _tidy(os.path.dirname(place))


def _tidy(where: str) -> None:
    """Let the oldest files go."""
    with os.scandir(where) as scan:
        found = sorted(((entry.stat().st_mtime_ns, entry.path) for entry in scan), reverse=True)
    for _, path in found[MOST:]:
        os.unlink(path)


# --- what it was made of ----------------------------------------------------------------------------------------------


def _head(kind: str, folders: Sequence[str]) -> tuple[bytes, bool]:
    """What a kept file begins with, and whether nothing in the folders changed only just now."""
    stamps = [*map(_files, folders)]
    told = (kind, __version__, sys.version, _package(), tuple(folders), stamps)
    newest = max((changed for stamp in stamps for _, _, changed in stamp), default=0)
    return repr(told).encode(), newest < time.time_ns() - FRESH_NS


@lru_cache(maxsize=1)
def _package() -> _Stamp:
    """ecolint's own files: its data, and the code that makes something of them."""
    found: list[tuple[str, int, int]] = []
    waiting = [_PACKAGE]
    while waiting:
        where = waiting.pop()
        with os.scandir(where) as scan:
            for entry in scan:
                if not entry.is_dir(follow_symlinks=False):
                    status = entry.stat()
                    found.append((entry.path, status.st_size, status.st_mtime_ns))
                elif entry.name != "__pycache__":
                    waiting.append(entry.path)
    return tuple(sorted(found))


def _files(where: str) -> _Stamp:
    """The files of one folder; none where it cannot be read."""
    try:
        with os.scandir(where) as scan:
            stated: list[tuple[str, Any]] = [(entry.name, entry.stat()) for entry in scan]
    except OSError:
        return ()
    return tuple(sorted((name, status.st_size, status.st_mtime_ns) for name, status in stated))
