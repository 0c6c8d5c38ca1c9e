"""Phase 1: what the rest of the project says about a file, asked on demand and the same whatever files were named."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Hashable, Mapping
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from pathlib import Path
from typing import Any, cast

from ecolint.consulted import Consultation, Consulted, Content, Trail, digest, digest_of
from ecolint.disk import Disk
from ecolint.model import Made, Source, Value, Wanted
from ecolint.pinned import LOCKS, Pinned, pinned
from ecolint.readers import Kept
from ecolint.roots import Roots, display_path

MAX_LOCK = 20_000_000
"""Bytes of a lock file that is looked through."""
MAX_BESIDE = 5_000
"""Files of one folder that are told."""


class Project:
    """The summaries of one project root. Paths are as shown (see `display_path`); nothing outside the root is read.

    Where `content` tells what a file's content is known by, it is remembered what every answer rests on.
    """

    def __init__(self, root: Path, limit: int = 1_000_000, content: Content | None = None) -> None:
        self.root, self.limit = root, limit
        self.changes = 0
        """How often a file of it has been written."""
        self._disk = Disk(root, content)
        self._trail = Trail() if content is not None else None
        self._contents: dict[str, bytes] = {}
        self._answers: dict[Consultation, bytes] = {}
        self._pins: dict[str, Mapping[str, str]] = {}
        self._modules: dict[str, Mapping[str, Value]] = {}
        self._files: dict[tuple[str, str], str | None] = {}
        self._makers: dict[str, Mapping[str, Made]] = {}
        self._sources: dict[str, Source | None] = {}
        self._folders: dict[str, tuple[str, ...]] = {}
        self._named: dict[frozenset[str], tuple[str, ...]] = {}
        self._kept: dict[Hashable, Any] = {}
        self._asking = "", ""

    @property
    def texts(self) -> Mapping[str, str]:
        """The decoded text of every file that an answer was taken from, by path."""
        return {path: source.text for path, source in self._sources.items() if source is not None}

    def text(self, path: str) -> str | None:
        """The decoded text of a file, if an answer was taken from it."""
        source = self._sources.get(path)
        return source.text if source is not None else None

    def pins(self, path: str) -> Mapping[str, str]:
        """Library name → PEP 440 specifier, from the nearest folder upward whose project requires anything.

        Names are normalised. What stands beside a project, such as a Dockerfile, fills gaps; see `ecolint.pinned`.
        """
        return self._pins_of(os.path.dirname(os.path.abspath(path)))

    def constants(self, module: str, from_path: str) -> Mapping[str, Value]:
        """The constants of a module as imported in `from_path`; {} when it is not a Python file inside the root.

        A relative name starts at the file's package. An absolute one is looked for beside the file and then in every
        folder up to the root, and in `src` of each: the folders that a project puts on its path.
        """
        found = self.module(module, from_path)
        if found is None or found == self._location(from_path):
            return {}
        if found not in self._modules:
            self._modules[found] = {}  # a module that imports itself in a circle gets nothing the second time
            with self._making("constants", found):
                self._modules[found] = self._constants_of(found)
        self._use("constants", found)
        return self._modules[found]

    def makers(self, module: str, from_path: str, wanted: Wanted) -> Mapping[str, Made]:
        """The functions of a module as imported in `from_path` that give back a model; {} outside the root."""
        found = self.module(module, from_path)
        if found is None or found == self._location(from_path):
            return {}
        if found not in self._makers:
            self._makers[found] = {}  # modules that import each other in a circle give nothing the second time
            with self._making("makers", found):
                self._makers[found] = self._makers_of(found, wanted)
        self._use("makers", found)
        return self._makers[found]

    def holds(self, module: str, from_path: str) -> bool:
        """Whether a module as imported in `from_path` is a Python file inside the root."""
        return self.module(module, from_path) is not None

    def data(self, location: str) -> bytes:
        """The bytes of a file of the project; none where it cannot be read. They are not kept."""
        data = self._disk.data(location, self.limit)
        if self._trail is not None:
            if data:
                self._contents.setdefault(location, digest(data))
            self._ask("source", location, answer=self.answer(("source", location)))
        return data

    def module(self, module: str, from_path: str) -> str | None:
        """Where the Python file of a module as imported in `from_path` is, if it is inside the root."""
        return self._found_from(module, os.path.dirname(self._location(from_path)))

    def _location(self, path: str) -> str:
        """Where a file is; one asks for many modules."""
        if self._asking[0] != path:
            self._asking = path, os.path.abspath(path)
        return self._asking[1]

    def _found_from(self, module: str, folder: str) -> str | None:
        module, folder = sys.intern(module), sys.intern(folder)  # many thousand answers, of few words
        if (module, folder) not in self._files:
            self._files[module, folder] = self._module_file(module, folder)
        found = self._files[module, folder]
        self._ask("found", module, folder, answer=(found or "").encode("utf-8", "surrogatepass"))
        return found

    # --- pins

    def _pins_of(self, folder: str) -> Mapping[str, str]:
        if folder not in self._pins:
            with self._making("pins", folder):
                found = self._pinned(folder) if self._within(folder) else Pinned({}, {})
                parent = os.path.dirname(folder)
                above: Mapping[str, str] = {}
                if not found.own and folder != str(self.root) and parent != folder and self._within(parent):
                    above = self._pins_of(parent)
                self._pins[folder] = {**above, **found.beside, **found.own}
        if self._trail is not None:
            self._trail.use("pins", folder, _pins_told(self._pins[folder]))
        return self._pins[folder]

    def _pinned(self, folder: str) -> Pinned:
        inside, below = self._looked(folder)
        lists = self._looked(os.path.join(folder, "requirements"))[0] if "requirements" in below else []
        return pinned(folder, [*inside, *(f"requirements/{name}" for name in lists)], self._pinning)

    def _pinning(self, location: str) -> Source | None:
        """The text of a file that may pin something; a lock file's is not kept, and may be long."""
        if os.path.basename(location).lower() not in LOCKS:
            return self._source(location)
        found, content = self._disk.loaded(location, self._lock_limit)
        self._ask("lock", location, answer=content)
        return found

    @property
    def _lock_limit(self) -> int:
        return max(self.limit, MAX_LOCK)

    # --- modules

    def _module_file(self, module: str, folder: str) -> str | None:
        name = module.lstrip(".")
        parts = name.split(".") if name else []
        if any(not part.isidentifier() for part in parts):
            return None
        dots = len(module) - len(name)
        if dots:
            for _ in range(dots - 1):
                folder = os.path.dirname(folder)
            return self._in_folder(folder, parts)
        if not parts:
            return None
        return self._upward(module, parts, folder)

    def _upward(self, module: str, parts: list[str], folder: str) -> str | None:
        """The module in a folder, in its `src`, or in the nearest folder above that has it; asked once for each."""
        if (module, folder) not in self._files:
            found = None
            if self._disk.inside(folder):
                found = self._in_folder(folder, parts) or self._in_folder(os.path.join(folder, "src"), parts)
                if found is None and folder != str(self.root):
                    found = self._upward(module, parts, sys.intern(os.path.dirname(folder)))
            self._files[module, folder] = found
        return self._files[module, folder]

    def _in_folder(self, folder: str, parts: list[str]) -> str | None:
        for part in parts[:-1]:
            if not self._disk.may_hold(folder, part):
                return None
            folder = os.path.join(folder, part)
        name = parts[-1] if parts else ""
        package = os.path.join(folder, name, "__init__.py") if name else os.path.join(folder, "__init__.py")
        if (not name or self._disk.may_hold(folder, name)) and self._disk.holds(package):
            return package
        module = os.path.join(folder, f"{name}.py")
        return module if name and self._disk.may_hold(folder, f"{name}.py") and self._disk.holds(module) else None

    def _constants_of(self, location: str) -> Mapping[str, Value]:
        from ecolint.readers import reader_of

        reader = reader_of(location)
        source = self._source(location)
        return reader.constants(source) if reader is not None and source is not None else {}

    def _makers_of(self, location: str, wanted: Wanted) -> Mapping[str, Made]:
        from ecolint.readers import Modular, reader_of

        reader = cast("Modular | None", reader_of(location))
        source = self._source(location)
        return reader.makers(source, wanted, self) if reader is not None and source is not None else {}

    # --- files

    def source(self, path: str) -> Source | None:
        """The text of a file of the project; None outside the root, or where it cannot be read."""
        return self._source(os.path.abspath(path))

    def path(self, reference: str, from_path: str) -> str:
        """The path, as shown, that a reference in a file means."""
        return display_path(os.path.join(os.path.dirname(os.path.abspath(from_path)), reference))

    def beside(self, path: str) -> tuple[str, ...]:
        """The files of the folder that `path` stands in, in order."""
        folder = os.path.dirname(os.path.abspath(path))
        if self._trail is not None:
            self._ask("beside", folder, answer=self.answer(("beside", folder)))
        return self._files_of(folder)

    def _files_of(self, folder: str) -> tuple[str, ...]:
        if folder not in self._folders:
            found = self._disk.listed(folder)[0] if self._disk.inside(folder) else []
            self._folders[folder] = tuple(display_path(os.path.join(folder, name)) for name in found[:MAX_BESIDE])
        return self._folders[folder]

    def under(self, folder: str) -> tuple[str, ...]:
        """The files of a folder of the project and of those below it, in order."""
        start = os.path.abspath(folder)
        walked = self._disk.walked(start) if self._disk.inside(start) else ()
        found = tuple(sorted(islice(map(display_path, walked), MAX_BESIDE)))
        self._told("under", start, names=found)
        return found

    def named(self, names: frozenset[str]) -> tuple[str, ...]:
        """Every file of the project that has one of these base names; hidden folders and installed packages aside."""
        if names not in self._named:
            found = (one for one in self._disk.walked(str(self.root)) if os.path.basename(one) in names)
            self._named[names] = tuple(sorted(map(display_path, found)))
        self._told("named", *sorted(names), names=self._named[names])
        return self._named[names]

    def kept(self, key: Hashable, make: Callable[[], Kept]) -> Kept:
        """What was made of the project's files under this key, made once."""
        if key not in self._kept:
            with self._making("kept", key):
                self._kept[key] = make()
        self._use("kept", key)
        return cast(Kept, self._kept[key])

    def changed(self, path: str) -> None:
        """Forget what was read of a file that has been written, and what was made of any file."""
        self._sources.pop(display_path(path), None)
        self._contents.pop(os.path.abspath(path), None)
        self._kept.clear()
        self._answers.clear()
        self.changes += 1

    def _source(self, location: str) -> Source | None:
        path = display_path(location)
        if path not in self._sources:
            self._sources[path], self._contents[location] = self._disk.loaded(location, self.limit)
        if self._trail is not None:
            self._ask("source", location, answer=self.answer(("source", location)))
        return self._sources[path]

    # --- what answers rest on

    def watch(self) -> None:
        """From here on what is asked belongs to a new file."""
        if self._trail is not None:
            self._trail.start()

    def consulted(self) -> Consulted | None:
        """What was asked since `watch`, with the answers; None where that is not remembered, or is too much to be."""
        return self._trail.finish() if self._trail is not None else None

    def answer(self, consultation: Consultation) -> bytes:
        """What the project answers now, asked once."""
        if consultation not in self._answers:
            self._answers[consultation] = self._answered(*consultation)
        return self._answers[consultation]

    def _answered(self, kind: str, *about: str) -> bytes:
        first = about[0]
        if kind == "source":
            return self._contents[first] if first in self._contents else self._disk.content(first, self.limit)
        if kind == "lock":
            return self._disk.content(first, self._lock_limit)
        if kind == "found":
            return (self._found_from(first, about[1]) or "").encode("utf-8", "surrogatepass")
        if kind == "pins":
            return _pins_told(self._pins_of(first))
        if kind == "listed":
            return digest_of(self._disk.listed(first))
        if kind == "inside":
            return b"1" if self._disk.inside(first) else b"0"
        if kind == "named":
            return digest_of(self.named(frozenset(about)))
        return digest_of(self._files_of(first) if kind == "beside" else self.under(first))

    def _looked(self, folder: str) -> tuple[list[str], list[str]]:
        """The names in a folder, as something that an answer rests on."""
        found = self._disk.listed(folder)
        self._told("listed", folder, names=found)
        return found

    def _within(self, location: str) -> bool:
        """Whether a path lies in the root, as something that an answer rests on."""
        found = self._disk.inside(location)
        self._ask("inside", location, answer=b"1" if found else b"0")
        return found

    def _ask(self, *consultation: str, answer: bytes) -> None:
        if self._trail is not None:
            self._trail.ask(consultation, answer)

    def _told(self, *consultation: str, names: object) -> None:
        if self._trail is not None:
            self._trail.ask(consultation, digest_of(names))

    def _making(self, kind: str, key: Hashable) -> AbstractContextManager[None]:
        return self._trail.making(kind, key) if self._trail is not None else nullcontext()

    def _use(self, kind: str, key: Hashable) -> None:
        if self._trail is not None:
            self._trail.use(kind, key)


def _pins_told(pins: Mapping[str, str]) -> bytes:
    return digest_of(sorted(pins.items()))


class Projects:
    """The project of each file, one per root. `content` is given where they remember what their answers rest on."""

    def __init__(self, roots: Roots | None = None, content: Content | None = None) -> None:
        self._roots, self._content = roots or Roots(), content
        self._by_root: dict[Path, Project] = {}
        self._by_folder: dict[str, Project] = {}

    def of(self, location: str, limit: int = 1_000_000) -> Project:
        """The project that an absolute path belongs to."""
        folder = os.path.dirname(location)
        if folder not in self._by_folder:
            root = self._roots.of(Path(folder))
            if root not in self._by_root:
                self._by_root[root] = Project(root, limit, self._content)
            self._by_folder[folder] = self._by_root[root]
        return self._by_folder[folder]

    @property
    def texts(self) -> Mapping[str, str]:
        """The decoded text of every file that an answer was taken from, in any project."""
        return {path: text for project in self._by_root.values() for path, text in project.texts.items()}

    def text(self, path: str) -> str | None:
        """The decoded text of a file, if an answer was taken from it in any project: most often in its own."""
        own = self._by_folder.get(os.path.dirname(os.path.abspath(path)))
        projects = (own, *self._by_root.values()) if own is not None else self._by_root.values()
        return next((text for project in projects if (text := project.text(path)) is not None), None)
