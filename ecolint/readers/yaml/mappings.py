"""Mappings as settings: each with the variables it holds and with what stands around it."""

from __future__ import annotations

from collections.abc import Collection

from ecolint.model import Invocation
from ecolint.readers.yaml.nodes import MAX_DEPTH, Node, resolved
from ecolint.readers.yaml.shapes import environment_of
from ecolint.readers.yaml.surroundings import Surroundings
from ecolint.readers.yaml.tables import Document


def mapping_invocation(
    document: Document, node: Node, paths: Collection[str], key: Node | None = None, around: tuple[Node, ...] = ()
) -> Invocation:
    """A mapping as settings; the key that it stands under and the mappings `around` it, outermost first, tell more."""
    outer = document.branches(node.start)
    table = document.table(node, node.shared, outer=outer)
    made = Surroundings(document, outer)
    made.closest((node, *reversed(around)))
    if key is not None and key.kind == "scalar" and not document.templated(key):
        place = document.at(key)
        made.put("key", document.known(key.value, place), place)
    made.document_paths(around[0] if around else node, paths)
    env = environment_of(document, node, outer)
    return Invocation(
        "yaml",
        table.place,
        "mapping",
        mapping=table,
        env=env.table if env is not None else None,
        surroundings=made.table(table.place) if made.entries else None,
        joined=document.joined(env.files) if env is not None else (),
    )


def mapping_invocations(
    document: Document, root: Node, triggers: frozenset[str], skip: set[Node], paths: Collection[str]
) -> list[Invocation]:
    """Mappings below the root that hold a trigger as a key, without those that belong to something reported."""
    found: list[Invocation] = []
    seen: set[Node] = set()
    stack: list[tuple[Node, Node | None, tuple[Node, ...]]] = [(root, None, ())]
    while stack:
        node, key, around = stack.pop()
        node = resolved(node)[0]
        if node in seen or node.kind == "scalar" or len(around) > MAX_DEPTH:
            continue
        seen.add(node)
        if node.kind == "mapping":
            if node in skip and node is not root:
                continue
            fields = document.fields(node).by_name
            if node not in skip and not triggers.isdisjoint(fields):
                found.append(mapping_invocation(document, node, paths, key, around))
            around = (*around, node)
            stack.extend((one.value, resolved(one.key)[0], around) for one in reversed(fields.values()))
        else:
            stack.extend((child, key, around) for child in reversed(node.children))
    return found


def describes(document: Document, root: Node) -> bool:
    """Whether a document says what others may hold, and so sets nothing: a schema, the description of an interface."""
    fields = document.fields(root).by_name
    if not fields.keys().isdisjoint(("openapi", "swagger", "asyncapi")):
        return True

    def said(name: str) -> str:
        return fields[name].value.value if name in fields else ""

    named = said("type") == "object" or not fields.keys().isdisjoint(("title", "required", "definitions"))
    schema = "json-schema.org" in said("$schema") or ("properties" in fields and named)
    return schema or said("kind") == "CustomResourceDefinition"
