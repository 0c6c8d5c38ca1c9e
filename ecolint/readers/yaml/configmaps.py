"""ConfigMaps that containers take variables from: found by name in the file itself, else in the files beside it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field
from typing import TYPE_CHECKING

from ecolint.model import Alternative, Entry, Source, Table
from ecolint.readers.yaml.nodes import Node, Unreadable, documents, resolved
from ecolint.readers.yaml.spoken import CONFIG_MAP
from ecolint.readers.yaml.tables import Document
from ecolint.readers.yaml.texts import Text, plain_text
from ecolint.shaped import dataclass

if TYPE_CHECKING:
    from ecolint.readers import Lookup

SUFFIXES = (".yaml", ".yml")
REFERENCES = ("configMapRef", "configMapKeyRef")
MAX_USERS = 64
"""Files beside a ConfigMap that are read for containers that use it."""

_NAME = re.compile(r"\bname:[ \t]*[\"']?([\w.-]+)")

Opener = Callable[[Source, int, str], "tuple[Document, list[Node]]"]


@dataclass(frozen=True, slots=True)
class ConfigMap:
    """What one ConfigMap holds: its `data` as the environment it becomes, each variable with its text."""

    files: frozenset[str]
    table: Table
    texts: Mapping[str, Text]

    def says(self) -> Mapping[str, str | None]:
        """Keys with their values."""
        return {name: text.value for name, text in self.texts.items()}


@dataclass(slots=True)
class Maps:
    """The ConfigMaps that a container's references can mean, the nearer ones first."""

    layers: tuple[Callable[[str], tuple[ConfigMap, ...]], ...] = ()
    _known: dict[str, ConfigMap | None] = field(default_factory=dict)

    def find(self, name: str) -> ConfigMap | None:
        """The ConfigMap of a name; None where there is none, or where two of them disagree."""
        if name not in self._known:
            found = next((found for layer in self.layers if (found := layer(name))), ())
            alike = all(one.says() == found[0].says() for one in found[1:])
            self._known[name] = found[0] if found and alike else None
        return self._known[name]


def config_map(document: Document, root: Node) -> tuple[str, ConfigMap] | None:
    """A ConfigMap with its name; None where a document is none, or nobody can read its name."""
    fields = document.fields(root).by_name
    kind, metadata, data = (resolved(fields[key].value)[0] if key in fields else None for key in _PARTS)
    if kind is None or kind.value != "ConfigMap" or metadata is None:
        return None
    named = document.fields(metadata).by_name.get("name")
    name = resolved(named.value)[0] if named is not None else None
    if name is None or name.kind != "scalar" or not document.readable(name):
        return None
    return name.value, read_data(document, data if data is not None else root, empty=data is None)


_PARTS = ("kind", "metadata", "data")


def read_data(document: Document, data: Node, empty: bool = False) -> ConfigMap:
    """The `data` of a ConfigMap as an environment."""
    entries: list[Entry] = []
    texts: dict[str, Text] = {}
    fields = document.fields(data)
    for name, one in fields.by_name.items() if not empty else ():
        if resolved(one.value)[0].kind != "scalar":
            continue
        text = texts[name] = plain_text(document, one.value)
        entries.append(Entry(name, text.as_value(), document.pair_place(one)))
    place = document.at(data)
    writable = not empty and not data.shared and not document.generated(data.start, data.end)
    table = Table("yaml.env", place, tuple(entries), open=fields.open and not empty, writable=writable)
    return ConfigMap(frozenset({place.path}), table, texts)


# --- where they are looked for ----------------------------------------------------------------------------------------


def maps_of(source: Source, judged: Source, project: Lookup, open_document: Opener) -> Maps:
    """The ConfigMaps of a file itself, then those of the files beside it; `judged` is the file as it reads now."""
    read: dict[str, Mapping[str, tuple[ConfigMap, ...]]] = {}

    def inside(one: Source) -> Mapping[str, tuple[ConfigMap, ...]]:
        if one.path not in read:
            read[one.path] = _by_name(_in_file(one, open_document))
        return read[one.path]

    def here(name: str) -> tuple[ConfigMap, ...]:
        return inside(source).get(name, ())

    def beside(name: str) -> tuple[ConfigMap, ...]:
        found = _folder(source.path, project, open_document).maps.get(name, ())
        others = tuple(one for one in found if one.files.isdisjoint((source.path, judged.path)))
        near = judged.path != source.path and _folder_of(judged.path) == _folder_of(source.path)
        return (*inside(judged).get(name, ()), *others) if near else others

    return Maps((here, beside))


def users_of(source: Source, project: Lookup, open_document: Opener) -> tuple[Source, ...]:
    """The files beside a file of ConfigMaps whose containers may take variables from them."""
    if not CONFIG_MAP.search(source.text):
        return ()
    names = {name for name, _ in _in_file(source, open_document)}
    users = _folder(source.path, project, open_document).users if names else {}
    found = sorted({path for name in names for path in users.get(name, ()) if path != source.path})
    sources = (project.source(path) for path in found[:MAX_USERS])
    return tuple(one for one in sources if one is not None)


@dataclass(slots=True)
class _Folder:
    """The ConfigMaps of one folder by name, and the files that may refer to each name."""

    maps: dict[str, tuple[ConfigMap, ...]] = field(default_factory=dict)
    users: dict[str, list[str]] = field(default_factory=dict)


def _folder(path: str, project: Lookup, open_document: Opener) -> _Folder:
    return project.kept(("configmaps", _folder_of(path)), lambda: _indexed(path, project, open_document))


def _folder_of(path: str) -> str:
    return path.rpartition("/")[0]


def _indexed(path: str, project: Lookup, open_document: Opener) -> _Folder:
    found: list[tuple[str, ConfigMap]] = []
    folder = _Folder()
    for each in project.beside(path):
        source = project.source(each) if each.endswith(SUFFIXES) else None
        if source is None or "onfigMap" not in source.text:
            continue
        found += _in_file(source, open_document)
        if any(reference in source.text for reference in REFERENCES):
            for name in dict.fromkeys(match[1] for match in _NAME.finditer(source.text)):
                folder.users.setdefault(name, []).append(each)
    folder.maps = _by_name(found)
    return folder


def _in_file(source: Source, open_document: Opener) -> Iterator[tuple[str, ConfigMap]]:
    if not CONFIG_MAP.search(source.text):
        return
    for base, text in documents(source.text):
        if not CONFIG_MAP.search(text):
            continue
        try:
            document, roots = open_document(source, base, text)
        except Unreadable:
            continue
        for root in roots:
            found = config_map(document, root)
            if found is not None:
                yield found


def _by_name(found: Iterable[tuple[str, ConfigMap]]) -> dict[str, tuple[ConfigMap, ...]]:
    by_name: dict[str, tuple[ConfigMap, ...]] = {}
    for name, one in found:
        by_name[name] = (*by_name.get(name, ()), one)
    return by_name


def splatted(found: ConfigMap) -> Entry:
    """A ConfigMap as part of an environment."""
    return Entry("**", (Alternative("known", found.table, found.table.place),), found.table.place)
