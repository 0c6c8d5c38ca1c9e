"""Phase 1: what the rest of the project says about a file, asked on demand and the same whatever files were named."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, cast

from ecolint import files
from ecolint.model import Made, Source, Value, Wanted
from ecolint.pinned import LOCKS, Pinned, pinned
from ecolint.readers import Kept
from ecolint.roots import Roots, display_path

MAX_FOLDERS = 20_000
"""Folders of a project that are looked through for files of a name."""
MAX_LOCK = 20_000_000
"""Bytes of a lock file that is looked through."""
MAX_BESIDE = 5_000
"""Files of one folder that are told."""
_FOREIGN = frozenset({"node_modules", "__pycache__", "site-packages"})


class Project:
    """The summaries of one project root. Paths are as shown (see `display_path`); nothing outside the root is read."""

    def __init__(self, root: Path, limit: int = 1_000_000) -> None:
        self.root = root
        self._limit = limit
        self._pins: dict[str, Mapping[str, str]] = {}
        self._modules: dict[str, Mapping[str, Value]] = {}
        self._files: dict[tuple[str, str], str | None] = {}
        self._insiders: dict[str, bool] = {}
        self._makers: dict[str, Mapping[str, Made]] = {}
        self._givers: dict[str, frozenset[str]] = {}
        self._sources: dict[str, Source | None] = {}
        self._folders: dict[str, tuple[str, ...]] = {}
        self._named: dict[frozenset[str], tuple[str, ...]] = {}
        self._kept: dict[Hashable, Any] = {}

    @property
    def texts(self) -> Mapping[str, str]:
        """The decoded text of every file that an answer was taken from, by path."""
        return {path: source.text for path, source in self._sources.items() if source is not None}

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
        found = self._found(module, from_path)
        if found is None or found == os.path.abspath(from_path):
            return {}
        if found not in self._modules:
            self._modules[found] = {}  # a module that imports itself in a circle gets nothing the second time
            self._modules[found] = self._constants_of(found)
        return self._modules[found]

    def makers(self, module: str, from_path: str, wanted: Wanted) -> Mapping[str, Made]:
        """The functions of a module as imported in `from_path` that give back a model; {} outside the root."""
        found = self._found(module, from_path)
        if found is None or found == os.path.abspath(from_path):
            return {}
        if found not in self._makers:
            self._makers[found] = {}  # modules that import each other in a circle give nothing the second time
            self._makers[found] = self._makers_of(found, wanted)
        return self._makers[found]

    def makes(self, source: Source, wanted: Wanted) -> bool:
        """Whether a text may call a function of another module that gives back a model it loads, by words alone."""
        from ecolint.readers.python import passing

        text, path = source.text, source.path
        for one in passing.imports(text):
            if one.member and (found := self._found(one.module, path)) is not None and passing.calls(text, one.bound):
                if one.member in self._givers_of(found, wanted) and one.member in self.makers(one.module, path, wanted):
                    return True
            whole = (
                one.module if not one.member else f"{one.module}{'' if one.module.endswith('.') else '.'}{one.member}"
            )
            for module in dict.fromkeys((whole, whole.partition(".")[0])) if not one.member else (whole,):
                if (found := self._found(module, path)) is None or not (
                    members := passing.called_members(text, one.bound)
                ):
                    continue
                if members & self._givers_of(found, wanted) and members & self.makers(module, path, wanted).keys():
                    return True
        return False

    def _givers_of(self, location: str, wanted: Wanted) -> frozenset[str]:
        """The functions of a module that may give back a model, its own and those that it passes on."""
        if location not in self._givers:
            own: dict[str, set[str]] = {}
            passed: dict[str, list[tuple[str, str, str]]] = {}
            queue = [location]
            while queue:  # in circles too
                one = queue.pop()
                if one not in own:
                    own[one], passed[one] = self._passes(one, wanted)
                    queue += [found for found, _, _ in passed[one]]
            changed = True
            while changed:
                changed = False
                for one, names in passed.items():
                    for found, member, bound in names:
                        if member in own[found] and bound not in own[one]:
                            own[one].add(bound)
                            changed = True
            self._givers.update((one, frozenset(names)) for one, names in own.items())
        return self._givers[location]

    def _passes(self, location: str, wanted: Wanted) -> tuple[set[str], list[tuple[str, str, str]]]:
        """The functions of a module's own that may give back a model, and what it imports to pass it on."""
        from ecolint.readers.python import passing
        from ecolint.readers.python.gates import gate

        if location in self._givers:
            return set(self._givers[location]), []
        data = self._data(location)
        own = set(passing.givers(data, gate(wanted)))
        if not location.endswith("__init__.py"):
            return own, []
        path = display_path(location)
        ways = [
            (found, one.member, one.bound)
            for one in passing.imports(data.decode("utf-8", "replace"))
            if one.member and (found := self._found(one.module, path)) is not None
        ]
        return own, ways

    def _data(self, location: str) -> bytes:
        """The bytes of a file of the project; none where it cannot be read."""
        try:
            with open(location, "rb") as file:
                return file.read()
        except OSError:
            return b""

    def holds(self, module: str, from_path: str) -> bool:
        """Whether a module as imported in `from_path` is a Python file inside the root."""
        return self._found(module, from_path) is not None

    def _found(self, module: str, from_path: str) -> str | None:
        folder = os.path.dirname(os.path.abspath(from_path))
        if (module, folder) not in self._files:
            self._files[module, folder] = self._module_file(module, folder)
        return self._files[module, folder]

    # --- pins

    def _pins_of(self, folder: str) -> Mapping[str, str]:
        if folder not in self._pins:
            found = self._pinned(folder) if self._inside(folder) else Pinned({}, {})
            parent = os.path.dirname(folder)
            above: Mapping[str, str] = {}
            if not found.own and folder != str(self.root) and parent != folder and self._inside(parent):
                above = self._pins_of(parent)
            self._pins[folder] = {**above, **found.beside, **found.own}
        return self._pins[folder]

    def _pinned(self, folder: str) -> Pinned:
        inside, below = self._listed(folder)
        lists = self._listed(os.path.join(folder, "requirements"))[0] if "requirements" in below else []
        return pinned(folder, [*inside, *(f"requirements/{name}" for name in lists)], self._pinning)

    def _pinning(self, location: str) -> Source | None:
        """The text of a file that may pin something; a lock file's is not kept, and may be long."""
        if os.path.basename(location).lower() not in LOCKS:
            return self._source(location)
        if not os.path.isfile(location) or not self._inside(location):
            return None
        loaded = files.load(files.File(display_path(location), location, False), max(self._limit, MAX_LOCK))
        return loaded.source if isinstance(loaded, files.Loaded) else None

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
        while self._inside(folder):
            for base in (folder, os.path.join(folder, "src")):
                if found := self._in_folder(base, parts):
                    return found
            if folder == str(self.root):
                break
            folder = os.path.dirname(folder)
        return None

    def _in_folder(self, folder: str, parts: list[str]) -> str | None:
        base = os.path.join(folder, *parts)
        candidates = [os.path.join(base, "__init__.py")]
        if parts:
            candidates.append(base + ".py")
        return next((one for one in candidates if os.path.isfile(one) and self._inside(one)), None)

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
        if folder not in self._folders:
            found = self._listed(folder)[0] if self._inside(folder) else []
            self._folders[folder] = tuple(display_path(os.path.join(folder, name)) for name in found[:MAX_BESIDE])
        return self._folders[folder]

    def under(self, folder: str) -> tuple[str, ...]:
        """The files of a folder of the project and of those below it, in order."""
        start = os.path.abspath(folder)
        if not self._inside(start):
            return ()
        return tuple(sorted(islice((display_path(one) for one in self._walked(start)), MAX_BESIDE)))

    def named(self, names: frozenset[str]) -> tuple[str, ...]:
        """Every file of the project that has one of these base names; hidden folders and installed packages aside."""
        if names not in self._named:
            found = (one for one in self._walked(str(self.root)) if os.path.basename(one) in names)
            self._named[names] = tuple(sorted(map(display_path, found)))
        return self._named[names]

    def kept(self, key: Hashable, make: Callable[[], Kept]) -> Kept:
        """What was made of the project's files under this key, made once."""
        if key not in self._kept:
            self._kept[key] = make()
        return cast(Kept, self._kept[key])

    def changed(self, path: str) -> None:
        """Forget what was read of a file that has been written, and what was made of any file."""
        self._sources.pop(display_path(path), None)
        self._kept.clear()

    def _walked(self, start: str) -> Iterator[str]:
        """The locations of all files below a folder; hidden folders and installed packages aside."""
        folders, left = [start], MAX_FOLDERS
        while folders and left:
            folder, left = folders.pop(), left - 1
            inside, below = self._listed(folder)
            yield from (os.path.join(folder, name) for name in inside)
            folders += [os.path.join(folder, one) for one in reversed(below) if one[0] != "." and one not in _FOREIGN]

    def _listed(self, folder: str) -> tuple[list[str], list[str]]:
        """The names of a folder's files and of its folders, links aside, in order."""
        try:
            with os.scandir(folder) as scan:
                entries = sorted(scan, key=lambda entry: entry.name)
        except OSError:
            return [], []
        inside = [entry.name for entry in entries if entry.is_file(follow_symlinks=False)]
        return inside, [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]

    def _inside(self, location: str) -> bool:
        """Whether a path lies in the root, links resolved: what is outside is nobody's to read."""
        if location not in self._insiders:
            real, root = os.path.realpath(location), os.path.realpath(self.root)
            self._insiders[location] = real == root or real.startswith(root.rstrip(os.sep) + os.sep)
        return self._insiders[location]

    def _source(self, location: str) -> Source | None:
        path = display_path(location)
        if path not in self._sources:
            loaded = None
            if os.path.isfile(location) and self._inside(location):
                loaded = files.load(files.File(path, location, False), self._limit)
            self._sources[path] = loaded.source if isinstance(loaded, files.Loaded) else None
        return self._sources[path]


class Projects:
    """The project of each file, one per root."""

    def __init__(self, roots: Roots | None = None) -> None:
        self._roots = roots or Roots()
        self._by_root: dict[Path, Project] = {}

    def of(self, location: str, limit: int = 1_000_000) -> Project:
        """The project that an absolute path belongs to."""
        root = self._roots.of(Path(location).parent)
        if root not in self._by_root:
            self._by_root[root] = Project(root, limit)
        return self._by_root[root]

    @property
    def texts(self) -> Mapping[str, str]:
        """The decoded text of every file that an answer was taken from, in any project."""
        return {path: text for project in self._by_root.values() for path, text in project.texts.items()}
