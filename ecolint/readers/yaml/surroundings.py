"""What stands around a container, as dotted paths: resources, node selection, labels, kind and replicas."""

from __future__ import annotations

from ecolint.model import Branches, Entry, Place, Table, Value
from ecolint.readers.yaml.nodes import MAX_DEPTH, Node, resolved
from ecolint.readers.yaml.tables import Document


class Surroundings:
    """Collects dotted paths."""

    def __init__(self, document: Document, outer: Branches) -> None:
        self.document = document
        self.outer = outer
        self.entries: dict[str, Entry] = {}
        self.open = False

    def put(self, name: str, value: Value, place: Place) -> None:
        """Add one path."""
        self.entries[name] = Entry(name, value, place, self.document.branches(place.span.start, self.outer))

    def node(self, start: Node | None, *path: str) -> Node | None:
        """The node under a path of keys."""
        node = resolved(start)[0] if start is not None else None
        for name in path:
            if node is None or node.kind != "mapping":
                return None
            one = self.document.fields(node).by_name.get(name)
            node = resolved(one.value)[0] if one else None
        return node

    def scalar(self, name: str, start: Node | None, *path: str) -> bool:
        """Add the scalar under a path of keys, if it is there."""
        parent = self.node(start, *path[:-1])
        if parent is None or parent.kind != "mapping":
            return False
        one = self.document.fields(parent).by_name.get(path[-1])
        if one is None or resolved(one.value)[0].kind != "scalar":
            return False
        self.put(name, self.document.value(one.value, one.shared), self.document.pair_place(one))
        return True

    def scalars(self, prefix: str, start: Node | None, *path: str) -> None:
        """Add every scalar of the mapping under a path of keys."""
        node = self.node(start, *path)
        if node is None:
            return
        if node.kind != "mapping":
            self.open = self.open or self.document.value(node)[0].kind == "unknown"
            return
        fields = self.document.fields(node)
        self.open = self.open or fields.open
        for name, one in fields.by_name.items():
            if resolved(one.value)[0].kind == "scalar":
                value = self.document.value(one.value, one.shared)
                self.put(f"{prefix}.{name}", value, self.document.pair_place(one))

    def everything(self, prefix: str, node: Node, depth: int = 0) -> None:
        """Add all scalars below a node by dotted path; list items by position."""
        node = resolved(node)[0]
        if depth > MAX_DEPTH or self.document.left < 0:
            self.open = True
        elif node.kind == "mapping":
            fields = self.document.fields(node)
            self.open = self.open or fields.open
            for name, one in fields.by_name.items():
                self.everything(f"{prefix}.{name}", one.value, depth + 1)
        elif node.kind == "sequence":
            for index, child in enumerate(node.children):
                self.everything(f"{prefix}.{index}", child, depth + 1)
        else:
            self.put(prefix, self.document.value(node), self.document.at(node))

    def table(self, place: Place) -> Table:
        """What was collected."""
        return Table("yaml.mapping", place, tuple(self.entries.values()), open=self.open, writable=False)
