"""Files of the cache: written whole or not at all, read only where they are whole and ours, and removed again."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import suppress

from ecolint.cachefolder import INDEX, RESULTS, TABLES, TEMPORARY
from ecolint.consulted import DIGEST, digest
from ecolint.whole import unique, write_whole

INDEXED = ".index"
STAMP = "pruned"
TAG, TAGGED = "CACHEDIR.TAG", b"Signature: 8a477f597d28d172789f06886806bc55\n# A cache of ecolint: it may be removed.\n"
IGNORE, IGNORED = ".gitignore", b"*\n"
TOUCHED_EVERY = 86_400
"""Seconds after which a use of a file is noted again."""
_KEY = r"[0-9a-f]{32}"
_HALF_WRITTEN = r"(?:\.\d+-[0-9a-f]{8}\.tmp)?"
_OURS = {
    RESULTS: re.compile(_KEY + _HALF_WRITTEN),
    INDEX: re.compile(_KEY + re.escape(INDEXED) + _HALF_WRITTEN),
    TABLES: re.compile(r"[\w.-]+-[0-9a-f]{8}" + _HALF_WRITTEN),
}
_PART = re.compile(r"[0-9a-f]{2}")


def read(path: str, magic: bytes, about: bytes = b"") -> bytes | None:
    """What stands in a file behind its magic and a checksum over it and what it is about; None where that fails."""
    try:
        with open(path, "rb") as file:
            age = time.time() - os.fstat(file.fileno()).st_mtime
            data = file.read()
    except OSError:
        return None
    start = len(magic) + DIGEST
    if not data.startswith(magic) or data[len(magic) : start] != digest(data[start:], about):
        return None
    if age > TOUCHED_EVERY:
        _touch(path)
    return data[start:]


def write(folder: str, path: str, magic: bytes, data: bytes, about: bytes = b"") -> bool:
    """Put a file into the cache at once; False where that cannot be done. Readers see the old file or the new one."""
    try:
        if not os.path.isdir(os.path.dirname(path)):
            _prepare(folder, os.path.dirname(path))
        write_whole(path, magic + digest(data, about) + data, f"{path}.{unique()}{TEMPORARY}")
    except OSError:
        return False
    return True


def files(folder: str) -> Iterator[tuple[str, os.stat_result]]:
    """Every file of the cache by its name, with its status. Links are never ours, nor is what lies behind them."""
    for kind, ours in _OURS.items():
        top = os.path.join(folder, kind)
        for part in _parts(top) if kind == RESULTS else [top] if not os.path.islink(top) else []:
            with suppress(OSError), os.scandir(part) as scan:  # there may be none, or another process removes it
                entries = [one for one in scan if ours.fullmatch(one.name) and one.is_file(follow_symlinks=False)]
                yield from [(one.path, one.stat(follow_symlinks=False)) for one in entries]


def clean(folder: str) -> tuple[int, int]:
    """Remove every file of the cache and every folder that is empty then; how many files there were, and bytes."""
    count = size = 0
    for path, status in list(files(folder)):
        if remove(path):
            count, size = count + 1, size + status.st_size
    for path in (os.path.join(folder, STAMP), *_own(folder)):
        remove(path)
    tops = [os.path.join(folder, kind) for kind in _OURS]
    for path in (*_parts(tops[0]), *(top for top in tops if not os.path.islink(top)), folder):
        with suppress(OSError):  # not empty, or not there
            os.rmdir(path)
    return count, size


def remove(path: str) -> bool:
    """Whether a file could be removed; one that somebody else has removed is not ours to count."""
    try:
        os.unlink(path)
    except OSError:
        return False
    return True


def _parts(results: str) -> list[str]:
    if os.path.islink(results):
        return []
    try:
        with os.scandir(results) as scan:
            return [one.path for one in scan if _PART.fullmatch(one.name) and one.is_dir(follow_symlinks=False)]
    except OSError:
        return []


def _own(folder: str) -> list[str]:
    """The files that tell what the folder is, where they read as we write them."""
    found = []
    for name, text in ((TAG, TAGGED), (IGNORE, IGNORED)):
        path = os.path.join(folder, name)
        with suppress(OSError), open(path, "rb") as file:
            if file.read(len(text) + 1) == text:
                found.append(path)
    return found


def _prepare(folder: str, below: str) -> None:
    """Make the folders, and tell backups and git that they are of no value."""
    os.makedirs(below, exist_ok=True)
    for name, text in ((TAG, TAGGED), (IGNORE, IGNORED)):
        with suppress(FileExistsError), open(os.path.join(folder, name), "xb") as file:
            file.write(text)


def _touch(path: str) -> None:
    with suppress(OSError):  # it only counts as older than it is
        os.utime(path)
