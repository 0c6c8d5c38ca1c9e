"""Files that stand in a document as texts: `serving.properties: |` of a ConfigMap, `content: |` beside a `path`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from ecolint.model import Alternative, Entry, Invocation, Items, Place, Source, Table, Value, Wanted
from ecolint.readers import held
from ecolint.readers.yaml.nodes import MAX_DEPTH, Node, resolved
from ecolint.readers.yaml.scalars import offsets
from ecolint.readers.yaml.spoken import may_hold_files
from ecolint.readers.yaml.surroundings import Surroundings
from ecolint.readers.yaml.tables import Document, Field

NAME = re.compile(r"[\w.-]+\.(?:properties|pbtxt|json|toml|ya?ml|sh|bash|env|py)\Z|Modelfile\Z")
"""Keys that are the names of files."""
_PATHS = ("path", "dest")
"""Keys beside a `content` that say which file it is written to: those of cloud-init and of Ansible."""
MAX_FILES = 50
"""Files of one document that are read."""


def words(source: Source, wanted: Wanted) -> list[str]:
    """What a document may hold for the sake of the files in it: the words by which those are known."""
    if not may_hold_files(source.text):
        return []
    return [word for syntax in wanted.anchors.values() for word in syntax if word in source.text]


def embedded(document: Document, root: Node, wanted: Wanted) -> list[Invocation]:
    """What the files in a document start or configure; edits reach into those whose syntax may stand inside others."""
    from ecolint.readers import Nowhere, reader_of, syntax_of

    found: list[Invocation] = []
    for key, one_file, around in _files(document, root):
        node = resolved(one_file.value)[0]
        reader = reader_of(key)
        where = offsets(document.templates.masked, node, document.base)
        if reader is None or not where or not any(word in node.value for word in wanted.words_of(syntax_of(key))):
            continue
        moving = _Moving(document, where, node.shared)
        made = Surroundings(document, document.branches(node.start))
        made.closest(tuple(reversed(around)))
        made.settings(around[-1])
        told = made.table(document.at(node)).entries
        if held.reader_of(key) is not None:
            whole = held.masked(Source(document.path, document.text), held_file(document, key, node))
            placed = reader.read(whole, wanted, Nowhere()).invocations
            found += [
                replace(one, surroundings=Table("yaml.mapping", one.place, told, writable=False)) for one in placed
            ]
            continue
        inside = reader.read(Source(key, node.value), wanted, Nowhere()).invocations
        found += [replace(moving.invocation(one), surroundings=_both(one.surroundings, told, moving)) for one in inside]
    return found


def held_file(document: Document, name: str, node: Node) -> held.Held:
    """A file that a block scalar holds, without the line of its mark."""
    return held.Held(name, document.text.find("\n", node.start) + 1, node.end)


def held_files(document: Document, roots: Sequence[Node]) -> Iterator[held.Held]:
    """The files in a document."""
    for root in roots:
        for key, one, _ in _files(document, root):
            yield held_file(document, key, resolved(one.value)[0])


def _files(document: Document, root: Node) -> Iterator[tuple[str, Field, tuple[Node, ...]]]:
    """The texts under names of files, with the mappings around each, outermost first."""
    left = MAX_FILES
    seen: set[Node] = set()
    stack: list[tuple[Node, tuple[Node, ...]]] = [(root, ())]
    while stack and left:
        node, around = stack.pop()
        node = resolved(node)[0]
        if node in seen or node.kind == "scalar" or len(around) > MAX_DEPTH:
            continue
        seen.add(node)
        if node.kind == "sequence":
            stack.extend((child, around) for child in reversed(node.children))
            continue
        inside = (*around, node)
        fields = document.fields(node).by_name
        for key, one in fields.items():
            value = resolved(one.value)[0]
            name = _written_to(fields) if key == "content" else key
            if value.kind != "scalar":
                stack.append((value, inside))
            elif NAME.match(name) and value.style == "|" and not document.touched(value.start, value.end):
                left -= 1
                yield name, one, inside
                if not left:
                    return


def _written_to(fields: Mapping[str, Field]) -> str:
    """The name of the file that a `content` is written to."""
    paths = [resolved(fields[name].value)[0] for name in _PATHS if name in fields]
    return paths[0].value.rpartition("/")[2] if paths and paths[0].kind == "scalar" else ""


def _both(own: Table | None, told: Sequence[Entry], moving: _Moving) -> Table:
    """What stands around something in the file, and around the file."""
    entries = moving.table(own).entries if own is not None else ()
    return Table("yaml.mapping", moving.whole, (*entries, *told), open=own is not None and own.open, writable=False)


class _Moving:
    """Places of a text told as places of the file that the text stands in."""

    def __init__(self, document: Document, where: list[int], shared: bool) -> None:
        self.document, self.where, self.shared = document, where, shared
        self.whole = document.place(where[0], where[-1] + 1)

    def invocation(self, one: Invocation) -> Invocation:
        return replace(
            one,
            place=self.place(one.place),
            call=self.maybe(one.call),
            words=self.maybe(one.words),
            env=self.maybe(one.env),
            mapping=self.maybe(one.mapping),
            image=self.value(one.image),
            uses=(),
        )

    def maybe(self, table: Table | None) -> Table | None:
        return self.table(table) if table is not None else None

    def table(self, table: Table) -> Table:
        entries = tuple(replace(e, value=self.value(e.value), place=self.place(e.place)) for e in table.entries)
        # the words of a script stand in a block as they stand in a file
        writable = table.writable and table.syntax == "shell.words" and not self.shared
        return replace(table, place=self.place(table.place), entries=entries, writable=writable)

    def value(self, value: Value) -> Value:
        return tuple(self.alternative(one) for one in value)

    def alternative(self, one: Alternative) -> Alternative:
        data = one.data
        if isinstance(data, Table):
            data = self.table(data)
        elif isinstance(data, Items):
            data = replace(data, items=tuple(self.value(item) for item in data.items))
        return replace(one, data=data, place=self.place(one.place) if one.place is not None else None)

    def place(self, place: Place) -> Place:
        last = len(self.where) - 1
        start, end = min(place.span.start, last), min(max(place.span.end - 1, place.span.start), last)
        return self.document.place(self.where[start], self.where[end] + 1)
