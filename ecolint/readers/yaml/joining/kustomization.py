"""Kustomizations: which there are in a project, what they name, and which of them nobody else builds upon."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from typing import TYPE_CHECKING

from ecolint.model import Source
from ecolint.readers.yaml.joining.walking import below, members, word, words
from ecolint.readers.yaml.nodes import Node, Unreadable, compose
from ecolint.readers.yaml.spoken import KUSTOMIZATIONS
from ecolint.shaped import dataclass

if TYPE_CHECKING:
    from ecolint.readers import Lookup

MAX_KUSTOMIZATIONS = 5_000
"""Kustomizations of a project that are looked at."""
MAX_ROOTS = 64
"""Kustomizations that nobody builds upon through which one file is looked at."""
_FOREIGN = "toolkit.fluxcd.io"


@dataclass(slots=True)
class Graph:
    """Which kustomizations name each file or kustomization."""

    users: dict[str, list[str]] = field(default_factory=dict)
    components: set[str] = field(default_factory=set)

    def roots(self, path: str) -> list[str]:
        """The kustomizations through which a file is deployed, or it is one itself: those that nobody else names."""
        found: list[str] = []
        seen, waiting = {path}, [path]
        while waiting and len(found) < MAX_ROOTS:
            here = waiting.pop()
            above = self.users.get(here, [])
            if not above and is_kustomization(here) and here not in self.components:
                found.append(here)
            for user in reversed(above):
                if user not in seen:
                    seen.add(user)
                    waiting.append(user)
        return sorted(found)


def is_kustomization(path: str) -> bool:
    """Whether a file is one by its name."""
    return path.rpartition("/")[2] in KUSTOMIZATIONS


def opened(roots: list[Node]) -> Node | None:
    """The mapping of a kustomization; None where the file holds something else."""
    root = roots[0] if roots else None
    if root is None or root.kind != "mapping" or _FOREIGN in word(below(root, "apiVersion")):
        return None
    return root


def bases(root: Node) -> list[str]:
    """The files and folders that a kustomization builds upon."""
    return [one for key in ("resources", "bases", "components") for one in words(below(root, key)) if is_local(one)]


def is_local(reference: str) -> bool:
    """Whether a reference is a path, not an address or a text."""
    return bool(reference) and "\n" not in reference and "://" not in reference and "?ref=" not in reference


def others(root: Node) -> Iterator[str]:
    """The further files that a kustomization names: patches and files of variables."""
    for key in ("patches", "patchesJson6902"):
        yield from (path for one in members(below(root, key)) if (path := word(below(one, "path"))))
    yield from words(below(root, "patchesStrategicMerge"))
    for one in members(below(root, "configMapGenerator")):
        yield from words(below(one, "envs"))
        yield word(below(one, "env"))


def folder_file(path: str, project: Lookup) -> Source | None:
    """The kustomization of a folder."""
    found = (project.source(f"{path}/{name}") for name in KUSTOMIZATIONS)
    return next((one for one in found if one is not None), None)


def graph(project: Lookup) -> Graph:
    """The kustomizations of a project, read once."""
    return project.kept("kustomizations", lambda: _graph(project))


def _graph(project: Lookup) -> Graph:
    found = Graph()
    for path in project.named(frozenset(KUSTOMIZATIONS))[:MAX_KUSTOMIZATIONS]:
        source = project.source(path)
        try:
            root = opened(compose(source.text)) if source is not None else None
        except Unreadable:
            continue
        if root is None:
            continue
        if word(below(root, "kind")) == "Component":
            found.components.add(path)
        named = [project.path(one, path) for one in (*bases(root), *others(root)) if is_local(one)]
        for one in dict.fromkeys(named):
            base = folder_file(one, project) if project.source(one) is None else None
            found.users.setdefault(base.path if base is not None else one, []).append(path)
    return found
