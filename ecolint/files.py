"""Files on disk: how their bytes become text, and how text is written back."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, BinaryIO

from ecolint import shortcuts
from ecolint.frame import Problem
from ecolint.speech import Told, say
from ecolint.whole import unique, write_whole

if TYPE_CHECKING:
    from ecolint.model import Source

_COOKIE = rb"[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)"
_BOM = b"\xef\xbb\xbf"
_CHUNK = 1 << 20

PACKED = 100
"""How many times `max-file-size` a file may have whose text is packed into something else: a notebook's pictures and
tables are not read, so that only its code counts against the limit."""


# Plain classes: every run imports this room, and to define one dataclass takes longer than to read a small file. Of
# files a run makes one for each that it passes by as well.


class File:
    """A file to look at. `path` is how it is shown and kept, `location` where it is; `test` by its name."""

    __slots__ = ("location", "path", "test")

    def __init__(self, path: str, location: str, test: bool) -> None:
        self.path, self.location, self.test = path, location, test


class Loaded:
    """A file's text with what it takes to write it back. `text` is the whole file's, that of `source` what is read."""

    __slots__ = ("data", "encoding", "source", "text")

    def __init__(self, source: Source, data: bytes, encoding: str, text: str) -> None:
        self.source, self.data, self.encoding, self.text = source, data, encoding, text

    def rewritten(self, text: str) -> str:
        """The whole file's text with another text in place of what was read. Raises CannotWrite."""
        from ecolint.model import CannotEdit
        from ecolint.readers import packed

        reader = packed(self.source.path)
        try:
            return text if reader is None else reader.repack(self.text, text)
        except CannotEdit as error:
            raise CannotWrite(str(error)) from error


# --- reading ----------------------------------------------------------------------------------------------------------


class Triggers:
    """What must stand in a file before it is decoded: one of some words, or what a reader's own gate lets through."""

    def __init__(
        self, words: Iterable[str], keys: Iterable[str] = (), gate: Callable[[bytes], bool] | None = None
    ) -> None:
        from ahocorasick_rs import BytesAhoCorasick, Implementation

        self.keys = tuple(keys)
        """The words by which files of settings are known."""
        encoded = sorted({word.encode() for word in words if word})
        self.longest = max(map(len, encoded), default=0)
        self._automaton = BytesAhoCorasick(encoded, implementation=Implementation.DFA)
        self._gate = gate

    def stand_in(self, data: bytes) -> bool:
        """Whether a file may hold anything that is wanted."""
        return bool(self._automaton.find_matches_as_indexes(data)) if self._gate is None else self._gate(data)


def load(
    file: File, limit: int, triggers: Triggers | None = None, otherwise: Callable[[str], bool] | None = None
) -> Loaded | Problem | None:
    """A file's text; None where it holds none of the triggers; a Problem where it holds one and cannot be read.

    `limit` is in bytes. Of a file that holds no trigger `otherwise` tells from its text whether it is wanted all the
    same. A file that cannot even be opened is a Problem: nobody can tell what it holds.
    """
    try:
        opened = os.open(file.location, _READ)
        try:
            status = os.fstat(opened)
            if not stat.S_ISREG(status.st_mode):
                return Problem(file.path, 1, say("is not a regular file"))
            size = status.st_size
            if size > limit and (size > limit * PACKED or not _packed(file.path)):
                if triggers is not None and not _worth_a_line(file.path, opened, size, triggers):
                    return None
                return _too_large(file.path, limit)
            data = _whole(opened, size)
        finally:
            os.close(opened)
    except OSError as error:
        return Problem(file.path, 1, say("cannot be read: {strerror}", strerror=error.strerror))
    worth = triggers is None or triggers.stand_in(data)
    if not worth and shortcuts.taken("scan") and (otherwise is None or not otherwise(_roughly(data))):
        return None
    loaded = decode(file.path, data)
    if not worth and isinstance(loaded, Problem):
        return None
    if isinstance(loaded, Loaded) and len(data) > limit and len(loaded.source.text.encode("utf-8", "replace")) > limit:
        return _too_large(file.path, limit)
    return loaded


def _roughly(data: bytes) -> str:
    """A file's text, whatever is wrong with it."""
    return data.decode("utf-8-sig", "replace")


_READ = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
"""How files are opened: as bytes, and without waiting for somebody to write into a named pipe."""


def _whole(opened: int, size: int) -> bytes:
    """All bytes of an open file: in one call, unless it is not as long as it said."""
    data = os.read(opened, size + 1)
    if len(data) == size:
        return data
    parts = [data]
    while parts[-1]:
        parts.append(os.read(opened, _CHUNK))
    return b"".join(parts)


def _packed(path: str) -> bool:
    from ecolint.readers import packed

    return packed(path) is not None


def _too_large(path: str, limit: int) -> Problem:
    return Problem(path, 1, say("is larger than {limit:,} bytes (setting max-file-size)", limit=limit))


ENDS = 1 << 17
"""Bytes at either end of a file of data in which the words are looked for by which it would be settings."""


def _worth_a_line(path: str, opened: int, size: int, triggers: Triggers) -> bool:
    """Whether a file too large to read may be one of settings: data mentions much in passing, in its middle."""
    from ecolint.readers import anchors

    words = anchors(path, triggers.keys)
    with open(opened, "rb", closefd=False) as handle:
        if words is None:
            return _holds(handle, triggers)
        narrow = _narrow(words)
        if narrow.stand_in(handle.read(ENDS)):
            return True
        handle.seek(max(0, size - ENDS))
        return narrow.stand_in(handle.read(ENDS))


@lru_cache(maxsize=8)
def _narrow(words: tuple[str, ...]) -> Triggers:
    return Triggers(words)


def _holds(handle: BinaryIO, triggers: Triggers) -> bool:
    """Whether a file too large to keep holds a trigger, looked for in overlapping chunks."""
    tail = b""
    while chunk := handle.read(_CHUNK):
        if triggers.stand_in(tail + chunk):
            return True
        tail = (tail + chunk)[-triggers.longest :]
    return False


def decode(path: str, data: bytes) -> Loaded | Problem:
    """Bytes as text: UTF-8, or what a Python file's coding cookie says; of a notebook, its script."""
    bom = data.startswith(_BOM)
    body = data[3:] if bom else data
    if (nul := body.find(b"\0")) >= 0:
        return Problem(path, body.count(b"\n", 0, nul) + 1, say("holds NUL bytes: not text"))
    encoding = "utf-8"
    if path.endswith(".py") and not bom:
        encoding = _cookie(body) or encoding
    try:
        text, encoding = _text(path, body, encoding)
    except UnicodeDecodeError as error:
        return Problem(
            path,
            body.count(b"\n", 0, error.start) + 1,
            say("is not {encoding}: byte {byte}", encoding=encoding, byte=error.start + 1),
        )
    except LookupError:
        return Problem(path, 1, say("names an encoding that is not known: {encoding}", encoding=encoding))
    from ecolint.model import Source
    from ecolint.readers import Malformed, packed

    reader = packed(path)
    try:
        return Loaded(Source(path, text if reader is None else reader.unpack(text), bom), data, encoding, text)
    except Malformed as error:
        return Problem(path, error.line, error.reason)


def _text(path: str, body: bytes, encoding: str) -> tuple[str, str]:
    """A file's text, and what it is encoded in: where it is not what was assumed, what its syntax is written in."""
    from ecolint.readers import fallback

    try:
        return body.decode(encoding), encoding
    except UnicodeDecodeError:
        other = fallback(path)
        if not other:
            raise
        return body.decode(other), other


def _cookie(body: bytes) -> str | None:
    """The encoding that PEP 263 has a Python file name in its first two lines, the first a comment or blank."""
    for line in re.split(rb"\r\n|\r|\n", body[:1024], maxsplit=2)[:2]:
        if match := re.match(_COOKIE, line):
            return match[1].decode("ascii", "replace")
        if line.strip() and not line.lstrip().startswith(b"#"):
            return None
    return None


# --- writing ----------------------------------------------------------------------------------------------------------


class CannotWrite(Told):
    """A file that is left as it is; the message says why."""


def write(file: File, loaded: Loaded, text: str) -> None:
    """Replace the file by new text in its own encoding and with its byte order mark. Raises CannotWrite."""
    start = _BOM if loaded.source.bom else b""
    try:
        if start + loaded.text.encode(loaded.encoding) != loaded.data:
            raise CannotWrite("its bytes are not what {encoding} would write", encoding=loaded.encoding)
        data = start + loaded.rewritten(text).encode(loaded.encoding)
    except UnicodeEncodeError as error:
        raise CannotWrite("the new text cannot be written in {encoding}", encoding=loaded.encoding) from error
    try:
        with open(file.location, "rb") as handle:
            if handle.read() != loaded.data:
                raise CannotWrite("it has changed meanwhile")
        write_atomically(file.location, data)
    except OSError as error:
        raise CannotWrite("cannot be written: {strerror}", strerror=error.strerror) from error


def write_atomically(path: str, data: bytes) -> None:
    """Replace a file's bytes at once, keeping its mode; a link stays a link. Raises OSError, leaving nothing behind."""
    target = os.path.realpath(path)
    mode = os.stat(target).st_mode if os.path.exists(target) else None
    if mode is not None and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
    temporary = os.path.join(os.path.dirname(target), f".ecolint-{unique()}")
    write_whole(target, data, temporary, mode=stat.S_IMODE(mode) if mode is not None else 0o644)
