"""The reading room: one module or package per syntax, found by the SUFFIXES or NAMES of files it declares."""

from __future__ import annotations

import functools
import importlib
import marshal
import posixpath
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from ecolint import compiled
from ecolint.wildcards import fits

if TYPE_CHECKING:
    from ecolint.model import Change, Edit, Made, Pin, Reading, Source, Table, Value, Wanted

Kept = TypeVar("Kept")


class Asked(Protocol):
    """What a sieve needs to know of what is wanted; see `ecolint.model.Wanted`, which says more."""

    @property
    def calls(self) -> tuple[str, ...]: ...
    @property
    def likely_calls(self) -> tuple[str, ...]: ...
    @property
    def local_calls(self) -> tuple[str, ...]: ...
    @property
    def objects(self) -> tuple[str, ...]: ...
    @property
    def works(self) -> tuple[str, ...]: ...
    @property
    def commands(self) -> tuple[str, ...]: ...
    @property
    def runners(self) -> tuple[str, ...]: ...


class Lookup(Protocol):
    """What a reader may ask about the rest of the project. Paths are as shown, `/`-separated."""

    def constants(self, module: str, from_path: str) -> Mapping[str, Value]:
        """The constants that `module`, as imported in `from_path`, exports; empty when it is not in the project."""
        ...

    def holds(self, module: str, from_path: str) -> bool:
        """Whether `module`, as imported in `from_path`, is a file of the project."""
        ...

    def makers(self, module: str, from_path: str, wanted: Wanted) -> Mapping[str, Made]:
        """The functions of `module`, as imported in `from_path`, that give back a model they load."""
        ...

    def module(self, module: str, from_path: str) -> str | None:
        """Where the file of `module`, as imported in `from_path`, is; None where it is none of the project's."""
        ...

    def data(self, location: str) -> bytes:
        """The bytes of a file of the project; none where it cannot be read."""
        ...

    def source(self, path: str) -> Source | None:
        """The text of a file of the project; None where there is none, or where it cannot be read."""
        ...

    def path(self, reference: str, from_path: str) -> str:
        """The path, as shown, that a reference in a file means."""
        ...

    def beside(self, path: str) -> tuple[str, ...]:
        """The files of the folder that `path` stands in, in order."""
        ...

    def under(self, folder: str) -> tuple[str, ...]:
        """The files of a folder of the project and of those below it, in order."""
        ...

    def named(self, names: frozenset[str]) -> tuple[str, ...]:
        """Every file of the project that has one of these base names, in order."""
        ...

    def kept(self, key: Hashable, make: Callable[[], Kept]) -> Kept:
        """What was made of the project's files under this key, made once."""
        ...


class Nowhere:
    """A project that holds no other file: where one file is looked at alone."""

    def constants(self, module: str, from_path: str) -> Mapping[str, Value]:
        """No constants."""
        return {}

    def holds(self, module: str, from_path: str) -> bool:
        """Nothing."""
        return False

    def makers(self, module: str, from_path: str, wanted: Wanted) -> Mapping[str, Made]:
        """No functions."""
        return {}

    def module(self, module: str, from_path: str) -> str | None:
        """No file."""
        return None

    def data(self, location: str) -> bytes:
        """None."""
        return b""

    def source(self, path: str) -> Source | None:
        """No file."""
        return None

    def path(self, reference: str, from_path: str) -> str:
        """The path that a reference in a file means."""
        return posixpath.normpath(posixpath.join(posixpath.dirname(from_path), reference))

    def beside(self, path: str) -> tuple[str, ...]:
        """No files."""
        return ()

    def under(self, folder: str) -> tuple[str, ...]:
        """No files."""
        return ()

    def named(self, names: frozenset[str]) -> tuple[str, ...]:
        """No files."""
        return ()

    def kept(self, key: Hashable, make: Callable[[], Kept]) -> Kept:
        """Made anew."""
        return make()


class Reader(Protocol):
    """What every reader module offers. Heavy parsers are imported inside these functions, never by discovery.

    It declares `SUFFIXES` (".toml"), or `NAMES`: patterns of file names in lower case ("dockerfile.*"), with the folder
    that the file stands in where that tells what it is ("requirements/*.txt"). A name outranks a suffix, but for one of
    which the end is open: `dockerfile_tools.py` is Python.
    `spoken_of(path, text, project)`, where it is offered, tells whether a file is read though it holds no trigger:
    another file of the project may give it a meaning. `anchors(keys)`, where it is offered, narrows the words for
    which a file that is too long to read is told of, and has them looked for at its two ends alone. `FALLBACK`,
    where it is declared, is the encoding of files that are not UTF-8; `HELD` says that such files may stand inside
    others (see `held`). `sieve(asked)`, where it is offered, gives what tells from a file's bytes whether it may hold
    anything that is wanted, closer than the words do.
    """

    def read(self, source: Source, wanted: Wanted, project: Lookup) -> Reading:
        """The invocations, comments and problems of one file; never raises for what the file holds."""
        ...

    def rewrite(self, source: Source, table: Table, changes: Sequence[Change]) -> tuple[Edit, ...]:
        """Non-overlapping edits that make the changes; raises `CannotEdit` where no single right edit exists."""
        ...

    def pins(self, source: Source) -> tuple[Pin, ...]:
        """The library requirements that this file states."""
        ...

    def constants(self, source: Source) -> Mapping[str, Value]:
        """The constants that other files may import from this one."""
        ...


class Modular(Protocol):
    """What a reader offers besides where files of its syntax use the functions of others."""

    def makers(self, source: Source, wanted: Wanted, project: Lookup) -> Mapping[str, Made]:
        """The functions of this file that give back a model they load."""
        ...


class Packed(Protocol):
    """What a reader offers besides where its files keep the text that it reads inside something else."""

    def unpack(self, text: str) -> str:
        """The text to read, from the text of the file. Raises `Malformed`."""
        ...

    def repack(self, text: str, unpacked: str) -> str:
        """The file's text with another text to read in it. Raises `CannotEdit` where that cannot be written."""
        ...


class Including(Protocol):
    """What a reader offers besides where its files name others that count with them."""

    def includes(self, source: Source) -> tuple[tuple[str, bool], ...]:
        """The files that a file names, as it writes them, and whether they only constrain what others say."""
        ...


class Linked(Protocol):
    """What a reader offers besides where other files may give a file of its syntax a meaning."""

    def spoken_of(self, path: str, text: str | None, project: Lookup) -> bool:
        """Whether a file is worth reading though it holds no trigger; without a `text`, whatever it holds."""
        ...


class Malformed(Exception):
    """A file out of which no text to read can be taken; `line` counts from 1."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line, self.reason = line, reason


class ReaderError(Exception):
    """A reader module is malformed; the message says which and how."""


MAX_ENDINGS = 1_000
"""Suffixes of which it is kept what may read them: a folder of data may have as many as files."""
_OFFERS = ("read", "rewrite", "pins", "constants")
_Traits = tuple[str, bool, bool, bool, bool]
"""What is told of a reader without importing it: its FALLBACK, whether it unpacks, narrows, sieves, is spoken of."""
_UNTOLD: _Traits = ("", False, False, False, False)


class Shelf:
    """The name of every reader by file suffix, and by patterns of names; and the traits of each by its name."""

    def __init__(
        self, by_suffix: Mapping[str, str], by_name: Mapping[str, str], traits: Mapping[str, _Traits] | None = None
    ) -> None:
        self.by_suffix, self.by_name, self.traits = by_suffix, by_name, traits or {}
        self._by_ending: dict[str, tuple[str, list[tuple[str, str]]]] = {}

    def of(self, path: str) -> str:
        """The reader of a file of this name, `/`-separated; empty where there is none."""
        slash = path.rfind("/")
        name = path[slash + 1 :].lower()
        dot = name.rfind(".")
        suffixed, patterns = self._ending_in(name[dot:] if dot >= 0 else "")
        if not patterns:
            return suffixed
        if name in self.by_name:
            return self.by_name[name]
        folder = path[:slash] if slash >= 0 else ""
        tail = f"{folder[folder.rfind('/') + 1 :].lower()}/{name}"
        return next(
            (reader for pattern, reader in patterns if fits(tail if "/" in pattern else name, pattern)), suffixed
        )

    def _ending_in(self, suffix: str) -> tuple[str, list[tuple[str, str]]]:
        """The reader of a suffix, and the patterns that a name with it may fit instead: of most suffixes none."""
        if suffix not in self._by_ending:
            if len(self._by_ending) >= MAX_ENDINGS:
                self._by_ending.clear()
            reader = self.by_suffix.get(suffix, "")
            self._by_ending[suffix] = (
                reader,
                [
                    (pattern, named)
                    for pattern, named in self.by_name.items()
                    if not (reader and pattern.endswith("*")) and _may_end_in(pattern, suffix)
                ],
            )
        return self._by_ending[suffix]


def _may_end_in(pattern: str, suffix: str) -> bool:
    """Whether a name with this suffix (empty: without any) can fit a pattern at all, as far as its end tells."""
    end = pattern[max(pattern.rfind(mark) for mark in "*?]") + 1 :]
    if "." in end:
        return end[end.rfind(".") :] == suffix
    return suffix == "" or (end != pattern and suffix.endswith(end))


@functools.cache
def shelf() -> Shelf:
    """Every reader. Raises `ReaderError` for an incomplete module, or a suffix or name claimed twice."""
    return Shelf(*compiled.kept("readers", (), _shelved, marshal.dumps, marshal.loads))


def _shelved() -> tuple[dict[str, str], dict[str, str], dict[str, _Traits]]:
    """What every reader declares."""
    import pkgutil

    suffixes: dict[str, str] = {}
    names: dict[str, str] = {}
    traits: dict[str, _Traits] = {}
    for info in sorted(pkgutil.iter_modules(__path__), key=lambda item: item.name):
        module: Any = importlib.import_module(f"{__name__}.{info.name}")
        claimed = [(suffixes, getattr(module, "SUFFIXES", ())), (names, getattr(module, "NAMES", ()))]
        if not any(patterns for _, patterns in claimed):
            continue
        missing = [name for name in _OFFERS if not callable(getattr(module, name, None))]
        if missing:
            raise ReaderError(f"reader {info.name} declares what it reads but lacks {', '.join(missing)}")
        for found, patterns in claimed:
            for pattern in patterns:
                if pattern in found:
                    raise ReaderError(f"reader {info.name} claims {pattern}, which another reader has")
                found[pattern] = info.name
        offered = (hasattr(module, name) for name in ("unpack", "anchors", "sieve", "spoken_of"))
        traits[info.name] = (str(getattr(module, "FALLBACK", "")), *offered)  # type: ignore[assignment]
    return suffixes, names, traits


def syntax_of(path: str) -> str:
    """The name of the syntax that a file of this name, `/`-separated, is in; empty where no reader handles it."""
    return shelf().of(path)


def reader_of(path: str) -> Reader | None:
    """The reader that handles a file of this name, imported when it is first asked for."""
    name = shelf().of(path)
    return cast("Reader", importlib.import_module(f"{__name__}.{name}")) if name else None


def _traits(path: str) -> _Traits:
    found = shelf()
    return found.traits.get(found.of(path), _UNTOLD)


def fallback(path: str) -> str:
    """The encoding of a file of this name that is not UTF-8; empty where its syntax has no other."""
    return _traits(path)[0]


def packed(path: str) -> Packed | None:
    """The reader of a file of this name, where what it reads is packed into the file."""
    return cast("Packed", reader_of(path)) if _traits(path)[1] else None


def anchors(path: str, keys: Sequence[str]) -> tuple[str, ...] | None:
    """The words for which a file of this name is told of though it is too long to read; None where all triggers are."""
    reader: Any = reader_of(path) if _traits(path)[2] else None
    return None if reader is None else tuple(reader.anchors(keys))


def sieve(path: str, asked: Asked) -> Callable[[bytes], bool] | None:
    """What tells from the bytes of a file of this name whether it is worth reading; None where only words do."""
    reader: Any = reader_of(path) if _traits(path)[3] else None
    return None if reader is None else cast("Callable[[bytes], bool]", reader.sieve(asked))


def linked(path: str) -> Linked | None:
    """The reader of a file of this name, where other files may give such a file a meaning."""
    return cast("Linked", reader_of(path)) if _traits(path)[4] else None


def may_be_linked(path: str) -> bool:
    """Whether other files may give a file of this name a meaning."""
    return _traits(path)[4]


def includes(reader: Reader, source: Source) -> tuple[tuple[str, bool], ...]:
    """The files that a file names as counting with it, where its reader can tell."""
    return cast("Including", reader).includes(source) if hasattr(reader, "includes") else ()
