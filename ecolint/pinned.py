"""What the files of one folder pin: which of them count, in which order, and what they say together."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from fnmatch import fnmatchcase

from ecolint.model import Pin, Source
from ecolint.readers import Reader, includes, reader_of
from ecolint.shaped import dataclass

MAX_FILES = 60
"""Files of one folder, and those that they name, that are read for pins."""

REQUIREMENTS = frozenset({"requirements.txt", "requirements-prod.txt", "requirements.in"})
PROJECTS = ("pipfile", "pyproject.toml")
"""Later ones outrank the earlier ones."""
LOCKS = frozenset({"uv.lock", "poetry.lock", "pdm.lock"})

_ENVIRONMENTS = ("environment*.yml", "environment*.yaml", "conda*.yml", "conda*.yaml")
_DOCKERFILES = ("dockerfile", "dockerfile.*", "*.dockerfile", "containerfile")
_FURTHER = ("*requirements*.txt", "*requirements*.in")
_CONSTRAINTS = ("*constraints*.txt", "*constraints*.in")
_ASIDE = re.compile(r"(?:^|[-_./])(?:dev|tests?|testing|docs?|lint|ci|build|tools?|typing|examples?)(?:[-_./]|\Z)")
"""In the name of a requirements file: what it requires does not run the model."""
_LOCKED = re.compile(r'^name = "([^"]+)"\r?\nversion = "([^"]+)"', re.MULTILINE)

Said = dict[str, set[str]]


@dataclass(frozen=True)
class Pinned:
    """Library → specifier. `own` is what the folder's project requires; `beside` is what stands beside it, a
    Dockerfile or a list for one platform: it fills gaps."""

    own: Mapping[str, str]
    beside: Mapping[str, str]


def pinned(folder: str, names: Sequence[str], source: Callable[[str], Source | None]) -> Pinned:
    """What a folder pins whose files have these names (those of its folder `requirements` with it).

    Locked versions outrank what pyproject.toml says, that a Pipfile, that requirements files, these conda environments.
    A library that files of one kind pin differently is left out; a requirement without a version says nothing.
    Constraints narrow what is required.
    """
    return _Folder(folder, source).read(names)


@dataclass
class _Folder:
    folder: str
    source: Callable[[str], Source | None]
    left: int = MAX_FILES
    constraints: Said = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)

    def read(self, names: Sequence[str]) -> Pinned:
        """Read the files by kind, the least telling first."""
        lowered = {name: name.lower() for name in names}

        def fitting(patterns: Iterable[str]) -> list[str]:
            return [n for n, low in lowered.items() if any(fnmatchcase(low, pattern) for pattern in patterns)]

        main = [name for name, low in lowered.items() if low in REQUIREMENTS]
        own: dict[str, str | None] = {}
        own |= _agreed(self.stated(fitting(_ENVIRONMENTS)))
        own |= _agreed(self.stated(main))
        for project in PROJECTS:
            own |= _agreed(self.stated([name for name, low in lowered.items() if low == project]))
        further = [n for n in fitting((*_FURTHER, "requirements/*")) if n not in main and not _ASIDE.search(n.lower())]
        beside = {**_agreed(self.stated(fitting(_DOCKERFILES))), **_agreed(self.stated(further))}
        for name in fitting(_CONSTRAINTS):
            self.gather(os.path.join(self.folder, name), self.constraints)
        narrowed = _agreed(self.constraints)
        own = {library: _narrowed(said, narrowed.get(library)) for library, said in own.items()}
        beside = {**narrowed, **{library: _narrowed(said, narrowed.get(library)) for library, said in beside.items()}}
        for lock in [name for name, low in lowered.items() if low in LOCKS]:
            own |= _agreed(self.locked(os.path.join(self.folder, lock)))
        return Pinned(_known(own), _known(beside))

    def stated(self, names: Iterable[str]) -> Said:
        """What files require together, with those that they include."""
        found: Said = {}
        for name in names:
            self.gather(os.path.join(self.folder, name), found)
        return found

    def gather(self, location: str, into: Said, reader: Reader | None = None) -> None:
        """What a file requires, and the files that it names, which are of its own syntax whatever they are called."""
        reader = reader or reader_of(location.replace(os.sep, "/"))
        waiting = [os.path.normpath(location)]
        while waiting and reader is not None:
            at = waiting.pop()
            if at in self._seen or not self.left:
                continue
            self._seen.add(at)
            source = self.source(at)
            if source is None:
                continue
            self.left -= 1
            _say(reader.pins(source), into)
            for written, constrains in includes(reader, source):
                target = os.path.normpath(os.path.join(os.path.dirname(at), written))
                if constrains:
                    self.gather(target, self.constraints, reader)
                else:
                    waiting.append(target)

    def locked(self, location: str) -> Said:
        """The versions of a lock file that a tool wrote: every package has a name and, on the next line, a version."""
        from packaging.utils import canonicalize_name

        source = self.source(location)
        found: Said = {}
        for name, version in _LOCKED.findall(source.text) if source is not None else ():
            found.setdefault(canonicalize_name(name), set()).add(f"=={version}")
        return found


def _say(pins: Iterable[Pin], into: Said) -> None:
    from packaging.utils import canonicalize_name

    for pin in pins:
        if pin.specifier and pin.library != "index" and not pin.branches:
            into.setdefault(canonicalize_name(pin.library), set()).add(pin.specifier)


def _agreed(said: Said) -> dict[str, str | None]:
    """The one specifier of each library; None where there are several."""
    return {library: next(iter(found)) if len(found) == 1 else None for library, found in said.items()}


def _narrowed(said: str | None, constraint: str | None) -> str | None:
    if said is None or constraint is None or said == constraint:
        return said
    return constraint if "/" in said else f"{said},{constraint}"


def _known(said: Mapping[str, str | None]) -> dict[str, str]:
    return {library: specifier for library, specifier in said.items() if specifier is not None}
