"""Rewrites YAML tables in place: mappings here, lists of words, environments and scripts in rooms of their own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial

from ecolint.model import AddEntry, CannotEdit, Change, Edit, Entry, RemoveEntry, Source, Table, Written
from ecolint.readers import held
from ecolint.readers.shell.write import script_edits
from ecolint.readers.yaml import open_document
from ecolint.readers.yaml.embedded import held_files
from ecolint.readers.yaml.keys import key_style
from ecolint.readers.yaml.layout import Collection
from ecolint.readers.yaml.nodes import Node, Unreadable, documents
from ecolint.readers.yaml.render import as_text, scalar_text, string_text
from ecolint.readers.yaml.write_env import env_edits
from ecolint.readers.yaml.write_words import list_edits

QUOTED = re.compile(r"-?\d+(?:\.\d+)?\Z|true\Z|false\Z", re.IGNORECASE)
"""What is a number or a switch, if it stood without the quotes that it has."""


def edits(source: Source, table: Table, changes: Sequence[Change]) -> tuple[Edit, ...]:
    """Non-overlapping edits for all changes of one table, in order. Raises CannotEdit."""
    return edits_of(source, None, table, changes)


def edits_of(source: Source, roots: list[Node] | None, table: Table, changes: Sequence[Change]) -> tuple[Edit, ...]:
    """The edits in a file of which the nodes are known; None composes those of the table's document."""
    if not table.writable:
        raise CannotEdit("the text is shared, generated or not written out here")
    if not table.syntax.startswith(("yaml.", "shell.")):
        return _held_edits(source, table, changes)
    _refuse_shared(table, changes)
    roots = _roots(source, table) if roots is None else roots
    start, end = table.place.span.start, table.place.span.end
    node, parent = _find(roots, start, end, ("mapping", "sequence"))
    if table.syntax == "yaml.mapping" and node is not None and node.kind == "mapping":
        made = _mapping_edits(source, node, changes)
    elif table.syntax == "yaml.env" and node is not None:
        made = env_edits(source, node, parent, changes)
    elif table.syntax == "yaml.words" and node is not None and node.kind == "sequence":
        made = list_edits(source, node, parent, table, changes)
    elif table.syntax == "yaml.words" or table.syntax.startswith("shell."):
        scalar = _scalar_around(roots, start, end)
        made = script_edits(source, partial(_fits, scalar), table, changes)
    else:
        raise CannotEdit("the text does not stand where it was read")
    return tuple(sorted(made))


def _held_edits(source: Source, table: Table, changes: Sequence[Change]) -> tuple[Edit, ...]:
    """The edits in a file of another syntax that a block scalar holds."""
    for base, text in documents(source.text):
        if base <= table.place.span.start < base + len(text):
            try:
                return held.rewrite(source, held_files(*open_document(source, base, text)), table, changes)
            except Unreadable as error:
                raise CannotEdit(error.reason) from error
    raise CannotEdit("the text does not stand where it was read")


def _fits(scalar: Node, word: str) -> bool:
    """Whether a quoted word can stand in a scalar without other escapes."""
    if scalar.style in ("'", '"') and scalar.style in word:
        return False
    if scalar.style == '"' and "\\" in word:
        return False
    return scalar.style != "" or not (": " in word or " #" in word or word != word.strip())


def _refuse_shared(table: Table, changes: Sequence[Change]) -> None:
    for change in changes:
        if isinstance(change, AddEntry):
            continue
        entry = change.entry
        if any(one.shared for one in entry.value) and table.syntax != "yaml.words":
            raise CannotEdit("the value is shared through an anchor or merge key")
        if table.syntax == "yaml.words" and not all(one.place for one in entry.value):
            raise CannotEdit("the word is not written out")
        if entry.place.path != table.place.path:
            raise CannotEdit("the value is written in another file")


def _roots(source: Source, table: Table) -> list[Node]:
    start = table.place.span.start
    for base, text in reversed(documents(source.text)):
        if base <= start:
            try:
                return open_document(source, base, text)[1]
            except Unreadable as error:
                raise CannotEdit(error.reason) from error
    raise CannotEdit("the text does not stand where it was read")


def _find(roots: list[Node], start: int, end: int, kinds: tuple[str, ...]) -> tuple[Node | None, Node | None]:
    """The outermost node of one of the kinds with exactly this span, and the collection it stands in."""
    stack: list[tuple[Node, Node | None]] = [(root, None) for root in roots]
    while stack:
        node, parent = stack.pop()
        if node.kind in kinds and (node.start, node.end) == (start, end):
            return node, parent
        if node.start <= start and end <= node.end:
            stack.extend((child, node) for child in node.children)
    return None, None


def _scalar_around(roots: list[Node], start: int, end: int) -> Node:
    stack = list(roots)
    while stack:
        node = stack.pop()
        if node.start <= start and end <= node.end:
            if node.kind == "scalar":
                return node
            stack.extend(node.children)
    raise CannotEdit("the text does not stand where it was read")


# --- mappings ---------------------------------------------------------------------------------------------------------


def _mapping_edits(source: Source, node: Node, changes: Sequence[Change]) -> list[Edit]:
    layout = Collection(source, node)
    made: list[Edit] = []
    gone: list[int] = []
    new: list[str] = []
    for change in changes:
        if isinstance(change, AddEntry):
            quote = key_style(node)
            key = string_text(change.name, quote, layout.flow)
            new.append(f"{key}: {scalar_text(change.value, quote, layout.flow)}")
        elif isinstance(change, RemoveEntry):
            gone.append(_index(layout, change.entry))
        else:
            index = _index(layout, change.entry)
            made.append(_set_value(layout, node.children[2 * index], node.children[2 * index + 1], change.value))
    return made + layout.change(gone, new)


def _index(layout: Collection, entry: Entry) -> int:
    for index, part in enumerate(layout.parts):
        if part[0] == entry.place.span.start:
            return index
    raise CannotEdit("the setting comes from a merge key or another place")


def _set_value(layout: Collection, key: Node, value: Node, new: Written) -> Edit:
    if value.kind == "alias" or value.shared:
        raise CannotEdit("the value is shared through an anchor")
    if value.kind != "scalar" and value.style != "flow":
        raise CannotEdit("a block of several lines stands there")
    if value.end == value.start:
        colon = layout.text.find(":", key.end)
        return layout.edit(colon + 1, colon + 1, " " + scalar_text(new, "", layout.flow))
    quoted = value.kind == "scalar" and value.style in ("'", '"')
    style = value.style if quoted else key_style(layout.node)
    if quoted and isinstance(new, (bool, int, float)) and QUOTED.match(value.value):  # what reads it takes text
        return layout.edit(value.start, value.end, string_text(as_text(new), style, layout.flow))
    return layout.edit(value.start, value.end, scalar_text(new, style, layout.flow))
