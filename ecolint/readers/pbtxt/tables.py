"""From blocks of a text format to tables; what a map holds goes by its keys: `parameters.batch_size`."""

from __future__ import annotations

from collections.abc import Iterator

from ecolint.model import Alternative, Entry, Items, Place, Span, Table, Value
from ecolint.readers.pbtxt.tree import Field, Node


def table_of(path: str, node: Node) -> Table:
    """A block as a table."""
    entries = tuple(_entry(path, one) for one in node.fields)
    return Table("pbtxt", Place(path, Span(node.start, node.end)), entries)


def _entry(path: str, one: Field) -> Entry:
    place = Place(path, Span(one.start, one.end))
    pair = mapped(one)
    if pair is None:
        return Entry(one.name, value_of(path, one.value), place)
    key, value = pair
    return Entry(f"{one.name}.{key}", value_of(path, value), place)


def mapped(one: Field) -> tuple[str, Node] | None:
    """The key and the value of a map's entry: a block that holds nothing but both. A value that is a block around one
    scalar is that scalar."""
    node = one.value
    if node.kind != "block" or {inner.name for inner in node.fields} != {"key", "value"} or len(node.fields) != 2:
        return None
    named = {inner.name: inner.value for inner in node.fields}
    key, value = named["key"], named["value"]
    if key.kind != "scalar" or not isinstance(key.data, str):
        return None
    wrapped = wrapper(value)
    return key.data, wrapped.value if wrapped is not None else value


def wrapper(value: Node) -> Field | None:
    """The one field of a block that wraps a scalar (`{ string_value: "…" }`)."""
    if value.kind == "block" and len(value.fields) == 1 and value.fields[0].value.kind in ("scalar", "filled"):
        return value.fields[0]
    return None


def value_of(path: str, node: Node) -> Value:
    """What a node is worth."""
    place = Place(path, Span(node.start, node.end))
    if node.kind == "filled":
        return (Alternative("unknown", None, place),)
    if node.kind == "block":
        return (Alternative("known", table_of(path, node), place),)
    if node.kind == "list":
        return (Alternative("known", Items(tuple(value_of(path, item) for item in node.items)), place),)
    return (Alternative("known", node.data, place),)


def blocks(root: Node) -> Iterator[Node]:
    """A block and every one inside it, outer ones first."""
    stack = [root]
    while stack:
        node = stack.pop()
        if node.kind == "block":
            yield node
        stack.extend(reversed([one.value for one in node.fields] if node.kind == "block" else node.items))
