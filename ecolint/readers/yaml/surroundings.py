"""What stands around a container, as dotted paths: resources, node selection, labels, kind and replicas."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from ecolint.model import Branches, Entry, Invocation, Place, Table, Value
from ecolint.readers.yaml.nodes import MAX_DEPTH, Node, resolved
from ecolint.readers.yaml.tables import SUBSTITUTED, Document
from ecolint.readers.yaml.texts import text_of

DOCUMENT = "document"
"""What dotted paths from the root of a document begin with."""
NAMED = "@"
"""What stands between where an object is named, and its kind and a path in it."""


class Surroundings:
    """Collects dotted paths."""

    def __init__(self, document: Document, outer: Branches) -> None:
        self.document = document
        self.outer = outer
        self.entries: dict[str, Entry] = {}
        self.open = False

    def put(self, name: str, value: Value, place: Place) -> None:
        """Add one path."""
        self.entries[name] = Entry(name, value, place, self.document.branches_of(place, self.outer))

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

    def scalars(self, prefix: str, start: Node | None, *path: str) -> bool:
        """Add every scalar of the mapping under a path of keys; whether there is one."""
        node = self.node(start, *path)
        if node is None:
            return False
        if node.kind != "mapping":
            self.open = self.open or self.document.value(node)[0].kind == "unknown"
            return False
        fields = self.document.fields(node)
        self.open = self.open or fields.open
        for name, one in fields.by_name.items():
            if resolved(one.value)[0].kind == "scalar":
                value = self.document.value(one.value, one.shared)
                self.put(f"{prefix}.{name}", value, self.document.pair_place(one))
        return bool(fields.by_name)

    def everything(self, prefix: str, node: Node, depth: int = 0, compose: bool = False) -> None:
        """Add all scalars below a node by dotted path; list items by position, and under "#" how many there are.

        In a `compose` file `${NAME:-default}` stands for a value.
        """
        node = resolved(node)[0]
        if depth > MAX_DEPTH or self.document.left < 0:
            self.open = True
        elif node.kind == "mapping":
            fields = self.document.fields(node)
            self.open = self.open or fields.open
            for name, one in fields.by_name.items():
                self.everything(f"{prefix}.{name}", one.value, depth + 1, compose)
        elif node.kind == "sequence":
            for index, child in enumerate(node.children):
                self.everything(f"{prefix}.{index}", child, depth + 1, compose)
            self.put(f"{prefix}.#", self.many(node), self.document.at(node))
        elif compose and SUBSTITUTED.search(node.value):
            self.put(prefix, text_of(self.document, node, {}, compose=True).as_value(), self.document.at(node))
        else:
            self.put(prefix, self.document.value(node), self.document.at(node))

    def many(self, node: Node) -> Value:
        """How many items a sequence has, where no template may add some."""
        if self.document.items(node).open:
            return self.document.unknown(node)
        return self.document.known(len(node.children), self.document.at(node), "derived")

    def resources(self, holder: Node) -> bool:
        """Add the resources of a mapping; whether it has any. Where a template writes them, anything may be there."""
        held = self.node(holder, "resources")
        if held is None:
            return False
        self.open = self.open or self.document.value(held)[0].kind == "unknown"
        told = False
        for name in ("limits", "requests"):
            told = self.scalars(f"resources.{name}", held, name) or told
            inside = self.node(held, name)
            fields = self.document.fields(inside).by_name if inside is not None and inside.kind == "mapping" else {}
            for key, one in fields.items():
                if resolved(one.value)[0].kind == "mapping":
                    self.scalars(f"resources.{name}.{key}", one.value)
        return told

    def nodes(self, spec: Node) -> None:
        """Add what a mapping says about the nodes it may run on."""
        self.scalars("nodeSelector", spec, "nodeSelector")
        self.scalar("runtimeClassName", spec, "runtimeClassName")
        self.affinity(spec)

    def affinity(self, spec: Node) -> None:
        """Required node affinity: a key with one value is known, anything else about it unknown."""
        required = "requiredDuringSchedulingIgnoredDuringExecution"
        terms = self.node(spec, "affinity", "nodeAffinity", required, "nodeSelectorTerms")
        if terms is None or terms.kind != "sequence":
            return
        for term in terms.children:
            expressions = self.node(term, "matchExpressions")
            for item in expressions.children if expressions is not None and expressions.kind == "sequence" else ():
                self.expression(item, alone=len(terms.children) == 1)

    def expression(self, item: Node, alone: bool) -> None:
        """Add one `{key, operator, values}`: known where it asks for one value and no other term may be met instead."""
        key, operator, values = (self.node(item, name) for name in ("key", "operator", "values"))
        if key is None or key.kind != "scalar":
            return
        name = f"nodeAffinity.{key.value}"
        bare = resolved(item)[0]
        value = self.document.unknown(bare)
        if operator is not None and operator.value in ("In", "") and values is not None and name not in self.entries:
            if alone and values.kind == "sequence" and len(values.children) == 1:
                value = self.document.value(values.children[0])
        elif operator is not None and operator.value in ("Exists", "NotIn", "DoesNotExist", "Gt", "Lt"):
            return  # it names no card
        self.put(name, value, self.document.at(bare))

    def closest(self, levels: Sequence[Node]) -> None:
        """Add resources and node selection from the nearest of the mappings that has any, and what owns them."""
        next((True for node in levels if self.resources(node)), None)
        for node in levels:
            if self.document.fields(node).by_name.keys() & {"nodeSelector", "affinity"}:
                self.nodes(node)
                break
        self.owner(levels)

    def document_paths(self, root: Node, paths: Collection[str]) -> None:
        """Add what stands under dotted paths of the whole document: positions and `*` for the items of lists, `#` for
        how many there are. What a template writes on the way is unknown. Behind `@` the kind and the path of an object
        that is named under the path before it."""
        for path in paths:
            own, _, other = path.partition(NAMED)
            if not other:
                self._deeper(DOCUMENT, root, path.split(".")[1:])
            elif (name := self.node(root, *own.split(".")[1:])) is not None and name.kind == "scalar":
                self._named(own, name, *other.split("."))

    def _named(self, own: str, name: Node, kind: str, *steps: str) -> None:
        """Add what stands under a path of the object of a kind and a name."""
        found = self.document.objects(kind, name.value) if self.document.readable(name) else None
        if found is not None:
            document, root = found
            told = Surroundings(document, document.branches(root.start))
            told._deeper(f"{own}{NAMED}{kind}", root, list(steps))
            self.entries.update(told.entries)

    def _deeper(self, prefix: str, node: Node, steps: Sequence[str]) -> None:
        node = resolved(node)[0]
        document = self.document
        if not steps:
            self.put(prefix, document.value(node), document.at(node))
        elif node.kind == "mapping":
            by_name = document.fields(node).by_name
            for length in range(1, len(steps) + 1):
                name = ".".join(steps[:length])
                for each in by_name if name == "*" else (name,) if name in by_name else ():
                    self._deeper(f"{prefix}.{each}", by_name[each].value, steps[length:])
        elif node.kind == "sequence" and steps == ["#"]:
            self.put(f"{prefix}.#", self.many(node), document.at(node))
        elif node.kind == "sequence":
            for index, child in enumerate(node.children):
                if steps[0] in ("*", str(index)):
                    self._deeper(f"{prefix}.{index}", child, steps[1:])
        elif document.templated(node):
            self.put(f"{prefix}.*", document.unknown(node), document.at(node))

    def owner(self, levels: Sequence[Node]) -> None:
        """Add kind, replicas and the like from the nearest of the mappings around a container, innermost first."""
        wanted = {
            "kind": ("kind",),
            "replicas": ("replicas",),
            "metadata.name": ("metadata", "name"),
            "metadata.namespace": ("metadata", "namespace"),
            "leaderWorkerTemplate.size": ("leaderWorkerTemplate", "size"),
            "leaderWorkerPattern.size": ("leaderWorkerPattern", "size"),
            "multinode.nodeCount": ("multinode", "nodeCount"),
        }
        for node in levels:
            wanted = {name: path for name, path in wanted.items() if not self.scalar(name, node, *path)}
            if "kind" in self.entries:
                break

    def settings(self, holder: Node) -> None:
        """Add the scalars of a mapping, of the mappings and the lists of types and values in it, below "settings"."""
        self.scalars("settings", holder)
        for name, one in self.document.fields(holder).by_name.items():
            held = resolved(one.value)[0]
            if held.kind == "mapping":
                self.scalars(f"settings.{name}", one.value)
            for item in held.children if held.kind == "sequence" else ():
                self.typed(f"settings.{name}", resolved(item)[0])

    def typed(self, prefix: str, item: Node) -> None:
        """Add the value of `{type, value}` under its type."""
        pair = {name.lower(): one for name, one in self.document.fields(item).by_name.items()}
        kind = resolved(pair["type"].value)[0] if pair.keys() == {"type", "value"} else None
        if kind is not None and kind.kind == "scalar" and self.document.readable(kind):
            value = self.document.value(pair["value"].value, pair["value"].shared)
            self.put(f"{prefix}.{kind.value}", value, self.document.pair_place(pair["value"]))

    def table(self, place: Place) -> Table:
        """What was collected."""
        return Table("yaml.mapping", place, tuple(self.entries.values()), open=self.open, writable=False)


def in_document(document: Document, root: Node, found: list[Invocation], paths: Collection[str]) -> list[Invocation]:
    """Invocations with what stands under dotted paths of the document that they stand in."""
    made = Surroundings(document, document.branches(root.start))
    if found:
        made.document_paths(root, paths)
    if not made.entries:
        return found
    whole = made.table(document.at(root))
    told = []
    for one in found:
        around = one.surroundings
        entries = (*around.entries, *whole.entries) if around is not None else whole.entries
        told.append(replace(one, surroundings=replace(around or whole, entries=entries)))
    return told
