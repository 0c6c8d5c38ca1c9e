"""Files on disk: which ones a run looks at, how their bytes become text, and how text is written back."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from ecolint.frame import Problem
from ecolint.ignores import Ignore, exclude, ignore_file, ignored, ignores_above
from ecolint.roots import Roots, display_path
from ecolint.settings import Finder
from ecolint.shaped import dataclass
from ecolint.speech import Told, say

if TYPE_CHECKING:
    from ecolint.model import Source

_COOKIE = re.compile(rb"[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_BOM = b"\xef\xbb\xbf"
_CHUNK = 1 << 20

PACKED = 100
"""How many times `max-file-size` a file may have whose text is packed into something else: a notebook's pictures and
tables are not read, so that only its code counts against the limit."""


class NoSuchPath(Told):
    """A path named on the command line that does not exist; the message says so."""


@dataclass(frozen=True)
class File:
    """A file to look at. `path` is how it is shown and kept, `location` where it is; `test` by its name."""

    path: str
    location: str
    test: bool


@dataclass(frozen=True)
class Loaded:
    """A file's text with what it takes to write it back. `text` is the whole file's, that of `source` what is read."""

    source: Source
    data: bytes
    encoding: str
    text: str

    def rewritten(self, text: str) -> str:
        """The whole file's text with another text in place of what was read. Raises CannotWrite."""
        from ecolint.model import CannotEdit
        from ecolint.readers import packed

        reader = packed(self.source.path)
        try:
            return text if reader is None else reader.repack(self.text, text)
        except CannotEdit as error:
            raise CannotWrite(str(error)) from error


# --- discovery --------------------------------------------------------------------------------------------------------


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
        self._top: str | None = None

    def files(self, paths: Sequence[str]) -> Iterator[File]:
        """Every file once, in the order of the paths and then of names. Raises NoSuchPath before the first one."""
        for path in paths:
            if not os.path.exists(path):
                raise NoSuchPath("{path}: no such file or folder", path=path)
        for path in paths:
            location = os.path.abspath(path)
            if os.path.isdir(location):
                yield from self._folder(location)
            else:
                yield from self._named(location)

    def _named(self, location: str) -> Iterator[File]:
        settings = self._finder.for_folder(Path(location).parent)
        if self._handled(location):
            if is_test(location, self._finder.roots) and not settings.include_tests:
                self.left_out.append(display_path(location))
            else:
                yield from self._once(location)

    def _folder(self, top: str) -> Iterator[File]:
        if _in_tests(top, self._finder.roots) and not self._finder.for_folder(Path(top)).include_tests:
            self.left_out.append(display_path(top))
            return
        named = exclude(self._finder.for_folder(Path(top)))
        self._top = top if named is not None and ignored(top + "/", (), named) else None
        stack = [self._entries(top, ignores_above(top, str(self._finder.roots.of(Path(top)))))]
        while stack:
            item = next(stack[-1], None)
            if item is None:
                stack.pop()
            elif isinstance(item, str):
                yield from self._once(item)
            else:
                stack.append(self._entries(*item))

    def _entries(self, folder: str, above: tuple[Ignore, ...]) -> Iterator[str | tuple[str, tuple[Ignore, ...]]]:
        """The files of one folder as locations, its folders with the ignore files that govern them."""
        try:
            with os.scandir(folder) as scan:
                entries = sorted(scan, key=lambda entry: entry.name)
        except OSError as error:
            self._problem(folder, say("folder cannot be read: {strerror}", strerror=error.strerror))
            return
        settings = self._finder.for_folder(Path(folder))
        ignores = above
        if any(entry.name == ".gitignore" for entry in entries):
            ignores = (*ignore_file(os.path.join(folder, ".gitignore"), folder), *above)
        excluded = exclude(settings, self._top)
        for entry in entries:
            if entry.is_symlink():
                if _links_back(entry.path, folder) and not ignored(entry.path + "/", ignores, excluded):
                    self._problem(entry.path, say("links to a folder that holds it; not followed"))
            elif entry.is_dir(follow_symlinks=False):
                tests = (
                    entry.name == "tests" and not settings.include_tests and _in_tests(entry.path, self._finder.roots)
                )
                if not tests and not ignored(entry.path + "/", ignores, excluded):
                    yield entry.path, ignores
            elif (
                self._handled(entry.path)
                and entry.is_file(follow_symlinks=False)
                and (settings.include_tests or not is_test(entry.path, self._finder.roots))
                and not ignored(entry.path, ignores, excluded)
            ):
                yield entry.path

    def _handled(self, location: str) -> bool:
        return self._reads(location.replace(os.sep, "/"))

    def _once(self, location: str) -> Iterator[File]:
        if location not in self._seen:
            self._seen.add(location)
            yield File(display_path(location), location, is_test(location, self._finder.roots))

    def _problem(self, location: str, reason: str) -> None:
        self.problems.append(Problem(display_path(location), 1, reason))


def is_test(location: str, roots: Roots) -> bool:
    """Whether an absolute path is a test file: `test_*.py`, `conftest.py`, or under `tests/` inside its project."""
    folder, name = os.path.split(location)
    if name == "conftest.py" or (name.startswith("test_") and name.endswith(".py")):
        return True
    return _in_tests(folder, roots)


def _in_tests(folder: str, roots: Roots) -> bool:
    if "tests" not in folder.split(os.sep):
        return False
    return "tests" in os.path.relpath(folder, roots.of(Path(folder))).split(os.sep)


def _links_back(link: str, folder: str) -> bool:
    """Whether a symbolic link leads to a folder that the link itself stands in, or to itself."""
    try:
        target = os.path.realpath(link, strict=True)
    except OSError as error:
        return error.errno == errno.ELOOP
    here = os.path.realpath(folder)
    return here == target or here.startswith(target.rstrip(os.sep) + os.sep)


# --- reading ----------------------------------------------------------------------------------------------------------


class Triggers:
    """The words of which one must stand in a file before it is decoded.

    Looked for one by one: on 33 MB of Python with 31 words that took 0.37 s, one compiled alternation 0.75 to 0.88 s.
    """

    def __init__(self, words: Iterable[str], keys: Iterable[str] = ()) -> None:
        self.keys = tuple(keys)
        """The words by which files of settings are known."""
        encoded = {word.encode() for word in words if word}
        # A word that contains another one says nothing new.
        every = b"\0".join(encoded)
        shorter = [one for one in encoded if every.count(one) > 1]
        self._words = sorted(word for word in encoded if not any(one in word and one != word for one in shorter))
        self.longest = max(map(len, self._words), default=0)

    def stand_in(self, data: bytes) -> bool:
        """Whether any of the words does."""
        return any(word in data for word in self._words)


def load(file: File, limit: int, triggers: Triggers | None = None) -> Loaded | Problem | None:
    """A file's text; None where it holds none of the triggers; a Problem where it holds one and cannot be read.

    `limit` is in bytes. A file that cannot even be opened is a Problem: nobody can tell what it holds.
    """
    try:
        with open(file.location, "rb") as handle:
            status = os.fstat(handle.fileno())
            if not stat.S_ISREG(status.st_mode):
                return Problem(file.path, 1, say("is not a regular file"))
            if status.st_size > (limit * PACKED if _packed(file.path) else limit):
                if triggers is not None and not _worth_a_line(file.path, handle, status.st_size, triggers):
                    return None
                return _too_large(file.path, limit)
            data = handle.read()
    except OSError as error:
        return Problem(file.path, 1, say("cannot be read: {strerror}", strerror=error.strerror))
    if triggers is not None and not triggers.stand_in(data):
        return None
    loaded = decode(file.path, data)
    if isinstance(loaded, Loaded) and len(data) > limit and len(loaded.source.text.encode("utf-8", "replace")) > limit:
        return _too_large(file.path, limit)
    return loaded


def _packed(path: str) -> bool:
    from ecolint.readers import packed

    return packed(path) is not None


def _too_large(path: str, limit: int) -> Problem:
    return Problem(path, 1, say("is larger than {limit:,} bytes (setting max-file-size)", limit=limit))


ENDS = 1 << 17
"""Bytes at either end of a file of data in which the words are looked for by which it would be settings."""


def _worth_a_line(path: str, handle: BinaryIO, size: int, triggers: Triggers) -> bool:
    """Whether a file too large to read may be one of settings: data mentions much in passing, in its middle."""
    from ecolint.readers import anchors

    words = anchors(path, triggers.keys)
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
        if match := _COOKIE.match(line):
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
    import tempfile

    target = os.path.realpath(path)
    mode = os.stat(target).st_mode if os.path.exists(target) else None
    if mode is not None and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(target), prefix=".ecolint-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, stat.S_IMODE(mode) if mode is not None else 0o644)
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise
