"""Keys of mappings as they are laid out: their quotes, and those that go with the list they hold."""

from __future__ import annotations

from ecolint.model import CannotEdit, Edit, Source
from ecolint.readers.yaml.layout import Collection
from ecolint.readers.yaml.nodes import Node


def removable(parent: Node | None) -> bool:
    """Whether the key that holds a list can be removed with it."""
    return parent is not None and parent.kind == "mapping" and len(parent.children) > 2


def without_key(source: Source, node: Node, parent: Node | None) -> list[Edit]:
    """Remove a list with the key that holds it."""
    if parent is None:
        raise CannotEdit("it is the only item")
    layout = Collection(source, parent)
    for index, (_, value) in enumerate(parent.pairs()):
        if value is node:
            return _with_items(source, layout, index, node)
    raise CannotEdit("it is the only item")


def _with_items(source: Source, layout: Collection, index: int, node: Node) -> list[Edit]:
    """Remove a key with its list, item by item where comments that have a line of their own stand between."""
    items = Collection(source, node)
    first = items.parts[0][0] if items.parts and not items.flow else 0
    start, end = layout.parts[index]
    own_line = not layout.text[layout.line_start(start) : start].strip()
    if items.flow or not own_line or layout.comment_line(start, end) == end:
        return layout.change([index], [])
    header = layout.comment_line(start, first)
    stop = layout.line_start(header)
    return [layout.edit(layout.line_start(start), stop, ""), *items.remove(range(len(items.parts)), False)]


def key_style(node: Node) -> str:
    """The quotes that all keys of a flow mapping have, as JSON demands; none elsewhere."""
    styles = {key.style for key, _ in node.pairs()} if node.style == "flow" and node.kind == "mapping" else set()
    return styles.pop() if len(styles) == 1 else ""
