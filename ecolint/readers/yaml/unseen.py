"""What templates keep from being seen: containers that stand in no file until a chart is rendered."""

from __future__ import annotations

from collections.abc import Sequence

from ecolint.model import Invocation, Table
from ecolint.readers.yaml.nodes import Node, resolved
from ecolint.readers.yaml.tables import Document

HOLDERS = frozenset({"containers", "spec", "template", "jobTemplate"})
"""Keys on the way from a workload to its containers."""


def concluded(found: Invocation, triggers: Sequence[str]) -> bool:
    """Whether anything of an invocation is known: an image, a word, a setting of a wanted name."""
    if any(one.kind == "known" for one in found.image) or _known(found.words):
        return True
    return found.mapping is not None and any(entry.name in triggers for entry in found.mapping.entries)


def hidden_at(document: Document, roots: Sequence[Node], found: Sequence[Invocation]) -> int | None:
    """Where a template writes containers, or the whole document, that nobody can see; None where none does."""
    if not document.templates.spans:
        return None
    containers = [one for one in found if one.mapping is None]
    if containers:
        return containers[0].place.span.start
    if all(root.kind == "scalar" and not root.value for root in roots):
        return document.base + document.templates.making[0] if document.templates.making else None
    stack = list(reversed(roots))
    seen: set[Node] = set()
    while stack:
        node = resolved(stack.pop())[0]
        if node in seen:
            continue
        seen.add(node)
        if node.kind == "mapping":
            for name, one in document.fields(node).by_name.items():
                if name in HOLDERS and _made(document, resolved(one.value)[0]):
                    return one.key.start
        stack.extend(reversed(node.children))
    return None


def _known(table: Table | None) -> bool:
    entries = table.entries if table is not None else ()
    return any(one.kind == "known" for entry in entries for one in entry.value)


def _made(document: Document, node: Node) -> bool:
    """Whether a template writes a value, or every item of it."""
    if node.kind == "sequence":
        return bool(node.children) and all(_made(document, resolved(child)[0]) for child in node.children)
    return document.value(node)[0].kind == "unknown" and (node.kind == "mapping" or not document.readable(node))
