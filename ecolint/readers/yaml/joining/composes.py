"""Compose files that are laid over one another: the override of a file, and files whose services lean on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ecolint.model import Source
from ecolint.readers.yaml.joining.patching import merged
from ecolint.readers.yaml.joining.sheaf import Sheaf
from ecolint.readers.yaml.joining.walking import below, with_children
from ecolint.readers.yaml.nodes import Node, Unreadable, compose, resolved
from ecolint.shaped import dataclass

if TYPE_CHECKING:
    from ecolint.readers import Lookup

BASES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
"""The files that compose takes by itself, the stronger one first."""
MAX_OVERLAYS = 16
"""Files that are laid over one compose file, one at a time."""
MAX_PARSED = 200_000
"""Characters of a compose file that is looked at for services that cannot stand alone."""


@dataclass(frozen=True, slots=True)
class Overlay:
    """A compose file and what is laid over it; `always` where compose does so unasked."""

    base: str
    over: str
    always: bool


@dataclass(frozen=True, slots=True)
class Laid:
    """Two compose files as one: each service with the files that say something of it."""

    sheaf: Sheaf
    root: Node
    both: tuple[Node, ...]
    """The services that both of them speak of, as they stand in each."""


def overlays(path: str, project: Lookup) -> list[Overlay]:
    """What a compose file is laid over, or what is laid over it."""
    if "compose" not in path.rpartition("/")[2]:
        return []
    folder = path.rpartition("/")[0]
    found = project.kept(("compose", folder), lambda: tuple(_overlays(path, project))[:MAX_OVERLAYS])
    return [one for one in found if path in (one.base, one.over)]


def _overlays(path: str, project: Lookup) -> Iterator[Overlay]:
    files = {one.rpartition("/")[2]: one for one in project.beside(path)}
    base = next((files[name] for name in BASES if name in files), None)
    if base is None:
        return
    stem = base.rpartition("/")[2].rpartition(".")[0]
    services = _services(project.source(base))
    for name, one in sorted(files.items()):
        if one == base or name in BASES or "compose" not in name or not name.endswith((".yaml", ".yml")):
            continue
        if name.rpartition(".")[0] == f"{stem}.override":
            yield Overlay(base, one, True)
        elif any(key in services and _leans(service) for key, service in _services(project.source(one)).items()):
            yield Overlay(base, one, False)


def _services(source: Source | None) -> dict[str, Node]:
    if source is None or "services:" not in source.text or len(source.text) > MAX_PARSED:
        return {}
    try:
        roots = compose(source.text)
    except Unreadable:
        return {}
    listed = below(roots[0], "services") if roots else None
    pairs = listed.pairs() if listed is not None and listed.kind == "mapping" else ()
    return {key.value: resolved(value)[0] for key, value in pairs}


def _leans(service: Node) -> bool:
    """Whether a service cannot stand alone: it says neither what it runs nor what it extends."""
    return service.kind == "mapping" and all(below(service, key) is None for key in ("image", "build", "extends"))


def laid(overlay: Overlay, read: Callable[[str], Source | None]) -> Laid | None:
    """Two compose files as one; None where one of them cannot be read."""
    sheaf = Sheaf()
    found = [sheaf.load(source) for path in (overlay.base, overlay.over) if (source := read(path)) is not None]
    if len(found) < 2 or not all(found):
        return None
    base, over = found[0][0], found[1][0]
    whole = merged(base, over, False)
    first, second = below(base, "services"), below(over, "services")
    if whole is None or whole.kind != "mapping" or first is None or second is None:
        return None
    names = [key.value for key, _ in second.pairs() if below(first, key.value) is not None]
    both = [node for name in names for root in (first, second) if (node := below(root, name)) is not None]
    return Laid(sheaf, _with_environments(whole, first, second, names), tuple(both))


def _with_environments(whole: Node, first: Node, second: Node, names: list[str]) -> Node:
    """Lists of variables follow one another: the later one of a name holds."""
    services = below(whole, "services")
    if services is None:
        return whole
    changed: dict[str, Node] = {}
    for name in names:
        lists = [below(one, name, "environment") for one in (first, second)]
        service = below(services, name)
        if service is None or any(one is None or one.kind != "sequence" for one in lists):
            continue
        before, after = (one for one in lists if one is not None)
        listed = with_children(before, [*before.children, *after.children], after)
        changed[name] = _with(service, {"environment": listed})
    return _with(whole, {"services": _with(services, changed)}) if changed else whole


def _with(node: Node, changed: dict[str, Node]) -> Node:
    """A mapping with other values under some of its keys."""
    children = [part for key, value in node.pairs() for part in (key, changed.get(key.value, value))]
    return with_children(node, children)
