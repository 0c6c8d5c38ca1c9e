"""Steps through nodes, whatever file they stand in: a mapping's keys, a sequence's items, a scalar's text."""

from __future__ import annotations

from dataclasses import replace

from ecolint.readers.yaml.nodes import Node, resolved, scalar_data


def below(node: Node | None, *path: str) -> Node | None:
    """The node under a path of keys; None where there is none."""
    for name in path:
        if node is None:
            return None
        bare = resolved(node)[0]
        pairs = bare.pairs() if bare.kind == "mapping" else ()
        node = next((value for key, value in reversed(list(pairs)) if key.value == name and key.kind == "scalar"), None)
    return resolved(node)[0] if node is not None else None


def members(node: Node | None) -> list[Node]:
    """The items of a sequence; none of anything else."""
    return [resolved(child)[0] for child in node.children] if node is not None and node.kind == "sequence" else []


def word(node: Node | None) -> str:
    """The text of a scalar; empty for anything else."""
    return node.value if node is not None and node.kind == "scalar" and not is_null(node) else ""


def words(node: Node | None) -> list[str]:
    """The texts of a sequence of scalars."""
    return [text for item in members(node) if (text := word(item))]


def is_null(node: Node) -> bool:
    """Whether a scalar is written as nothing."""
    return node.kind == "scalar" and scalar_data(node) == (True, None)


def with_children(node: Node, children: list[Node], *pieces: Node) -> Node:
    """A copy of a collection with other children; further pieces are what they come from."""
    return replace(node, children=children, pieces=(*(node.pieces or (node,)), *pieces))
