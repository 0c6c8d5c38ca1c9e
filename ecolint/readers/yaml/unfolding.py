"""YAML inside a block scalar of YAML: read as a part of the document that it stands in, every place in the file."""

from __future__ import annotations

from collections.abc import Iterator

from ecolint.readers.yaml.nodes import Node, Unreadable, compose
from ecolint.readers.yaml.scalars import offsets

KEYS = ("serveConfigV2",)
"""Keys whose text is a document: what KubeRay hands to Ray Serve."""
SUFFIXES = (".yaml", ".yml")
"""A key that is the name of such a file holds what the file will say (the data of a ConfigMap)."""


def unfold(roots: list[Node], masked: str, base: int) -> None:
    """Put the document that a block scalar holds in the scalar's place, where its key says that it holds one.

    Text that is no YAML, or no collection, stays text; so does a document inside such a document. Files of other
    syntaxes are read where they stand (`embedded.py`).
    """
    if not any(word in masked for word in (*KEYS, *SUFFIXES)):
        return
    for holder, index in _held(roots):
        inner = _document(holder.children[index], masked, base)
        if inner is not None:
            holder.children[index] = inner


def _held(roots: list[Node]) -> Iterator[tuple[Node, int]]:
    """The mappings with such a key, and the position of its value among their children."""
    stack = list(roots)
    found: list[tuple[Node, int]] = []
    while stack:
        node = stack.pop()
        stack.extend(node.children)
        if node.kind != "mapping":
            continue
        for at, (key, value) in enumerate(node.pairs()):
            named = key.value in KEYS or key.value.endswith(SUFFIXES)
            if named and value.kind == "scalar" and value.style == "|" and not value.shared:
                found.append((node, 2 * at + 1))
    yield from found


def _document(scalar: Node, masked: str, base: int) -> Node | None:
    where = offsets(masked, scalar, base)
    if not where:
        return None
    try:
        roots = compose(scalar.value)
    except Unreadable:
        return None
    if len(roots) != 1 or roots[0].kind not in ("mapping", "sequence"):
        return None
    stack = list(roots)
    while stack:
        node = stack.pop()
        stack.extend(node.children)
        empty = node.end <= node.start
        node.start = _at(where, node.start)
        node.end = node.start if empty else where[min(node.end, len(where)) - 1] + 1
        node.reach = max(node.end, _at(where, node.reach))
    return roots[0]


def _at(where: list[int], offset: int) -> int:
    """Where a character of the text stands in the file; behind the last one, the end of the text."""
    return where[offset] if offset < len(where) else where[-1] + 1
