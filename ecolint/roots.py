"""Which project a folder belongs to, and how a path is shown and kept."""

from __future__ import annotations

import os
from pathlib import Path

MARKERS = ("ecolint.toml", "pyproject.toml")
"""The files that mark a project, and that settings are read from, the stronger one first."""


class Roots:
    """The project that each folder belongs to, whatever files were named; every folder is looked at once."""

    def __init__(self) -> None:
        self._repositories: dict[Path, Path | None] = {}
        self._marked: dict[Path, Path | None] = {}

    def of(self, folder: Path) -> Path:
        """The root for an absolute folder.

        The nearest folder upward that holds `.git`; else the topmost that holds a pyproject.toml or ecolint.toml; else
        the working folder where it contains `folder`; else the folder that holds its outermost Python package.
        """
        found = self._repository(folder) or self._topmost(folder)
        if found is not None:
            return found
        upward = (folder, *folder.parents)
        here = Path.cwd()
        if here in upward:
            return here
        return next(one for one in upward if not (one / "__init__.py").is_file() or one.parent == one)

    def _repository(self, folder: Path) -> Path | None:
        if folder not in self._repositories:
            above = self._repository(folder.parent) if folder.parent != folder else None
            self._repositories[folder] = folder if (folder / ".git").exists() else above
        return self._repositories[folder]

    def _topmost(self, folder: Path) -> Path | None:
        if folder not in self._marked:
            above = self._topmost(folder.parent) if folder.parent != folder else None
            here = folder if above is None and any((folder / name).is_file() for name in MARKERS) else None
            self._marked[folder] = above or here
        return self._marked[folder]


def display_path(path: Path | str) -> str:
    """A path as it is shown and kept: relative to the working folder, `/`-separated; absolute on another drive."""
    try:
        shown = os.path.relpath(path)
    except ValueError:
        shown = os.path.abspath(path)
    return shown.replace(os.sep, "/")
