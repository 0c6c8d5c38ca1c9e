"""Objects that others name by their kind and name: found in the file itself, else in the files beside it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from ecolint.model import Source
from ecolint.readers.yaml.nodes import Node, Unreadable, documents, resolved
from ecolint.readers.yaml.tables import Document

if TYPE_CHECKING:
    from ecolint.readers import Lookup

SUFFIXES = (".yaml", ".yml")
MAX_FILES = 64
"""Files beside one that are read for objects of one kind."""

Opener = Callable[[Source, int, str], "tuple[Document, list[Node]]"]
Found = tuple[Document, Node]


def objects_for(source: Source, project: Lookup, open_document: Opener) -> Callable[[str, str], Found | None]:
    """What finds the object that a file may mean by a kind and a name; None where there is none, or several."""
    folder = source.path.rpartition("/")[0]
    here: dict[str, Mapping[str, list[Found]]] = {}

    def beside(kind: str) -> Mapping[str, list[Found]]:
        return project.kept(
            ("objects", folder, kind), lambda: _by_name(_in_folder(source, kind, project, open_document))
        )

    def find(kind: str, name: str) -> Found | None:
        if kind not in here:
            here[kind] = _by_name(_in_file(source, kind, open_document))
        found = here[kind].get(name) or beside(kind).get(name, [])
        return found[0] if len(found) == 1 else None

    return find


def _in_folder(source: Source, kind: str, project: Lookup, open_document: Opener) -> Iterator[tuple[str, Found]]:
    left = MAX_FILES
    for path in sorted({*project.beside(source.path), source.path}):
        other = project.source(path) if path.endswith(SUFFIXES) and left else None
        if other is not None and kind in other.text:
            left -= 1
            yield from _in_file(other, kind, open_document)


def _in_file(source: Source, kind: str, open_document: Opener) -> Iterator[tuple[str, Found]]:
    written = re.compile(rf"^kind:[ \t]*[\"']?{re.escape(kind)}\b", re.MULTILINE)
    for base, text in documents(source.text) if written.search(source.text) else ():
        if not written.search(text):
            continue
        try:
            document, roots = open_document(source, base, text)
        except Unreadable:
            continue  # told where that file is read
        for root in roots:
            name = _name(document, root)
            if name is not None:
                yield name, (document, root)


def _name(document: Document, root: Node) -> str | None:
    """The name of an object, where anyone can read it."""
    metadata = document.fields(root).by_name.get("metadata")
    named = document.fields(resolved(metadata.value)[0]).by_name.get("name") if metadata is not None else None
    name = resolved(named.value)[0] if named is not None else None
    return name.value if name is not None and name.kind == "scalar" and document.readable(name) else None


def _by_name(found: Iterator[tuple[str, Found]]) -> Mapping[str, list[Found]]:
    by_name: dict[str, list[Found]] = {}
    for name, one in found:
        by_name.setdefault(name, []).append(one)
    return by_name
