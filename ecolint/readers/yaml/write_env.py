"""Rewrites environments in place: `env` lists of Kubernetes, mappings and `NAME=value` lists of compose."""

from __future__ import annotations

from collections.abc import Sequence

from ecolint.model import AddEntry, CannotEdit, Change, Edit, Entry, RemoveEntry, SetEntry, Source
from ecolint.readers.yaml.keys import key_style, removable, without_key
from ecolint.readers.yaml.layout import Collection
from ecolint.readers.yaml.nodes import Node
from ecolint.readers.yaml.render import string_text
from ecolint.readers.yaml.write_words import common_style, word_text

VALUES = ("value", "Value")
"""Keys of a variable's value: those of pods and tasks, and those of CloudFormation's templates."""


def env_edits(source: Source, node: Node, parent: Node | None, changes: Sequence[Change]) -> list[Edit]:
    if node.kind == "mapping" and any(
        key.value in ("image", "env", "args", "command", "name") for key, _ in node.pairs()
    ):
        return _new_env(source, node, changes)
    layout = Collection(source, node)
    made: list[Edit] = []
    gone: list[int] = []
    new: list[str] = []
    for change in changes:
        if isinstance(change, AddEntry):
            new.append(_new_variable(layout, change.name, word_text(change.value)))
            continue
        index = _variable(layout, change.entry)
        if isinstance(change, RemoveEntry):
            gone.append(index)
        else:
            made.append(_set_variable(source, layout, index, change))
    every = bool(layout.parts) and len(set(gone)) == len(layout.parts)
    if every and not new and removable(parent):
        return without_key(source, node, parent)
    return made + layout.change(gone, new)


def _variable(layout: Collection, entry: Entry) -> int:
    starts = layout.node.children if layout.node.kind == "sequence" else layout.node.children[::2]
    for index, child in enumerate(starts):
        if child.start == entry.place.span.start and child.kind != "alias":
            return index
    raise CannotEdit("the variable is set in a script")


def _new_variable(layout: Collection, name: str, value: str) -> str:
    node = layout.node
    if node.kind == "mapping":
        styles = [child.style for child in node.children[1::2] if child.kind == "scalar" and child.value]
        style = max(styles, key=styles.count) if styles else '"'
        quoted = string_text(value, style if style in ("", "'", '"') else '"', layout.flow)
        return f"{string_text(name, key_style(node), layout.flow)}: {quoted}"
    if node.children and node.children[-1].kind == "scalar":
        return string_text(f"{name}={value}", common_style(node), layout.flow)
    style = _value_style(node)
    last = node.children[-1] if node.children else None
    if layout.flow or (last is not None and last.kind == "mapping" and last.style == "flow"):
        quote = key_style(last) if last is not None else ""
        capital = any(key.value == "Value" for key, _ in last.pairs()) if last is not None else False
        keys = [string_text(key.capitalize() if capital else key, quote, True) for key in ("name", "value")]
        return f"{{{keys[0]}: {string_text(name, quote, True)}, {keys[1]}: {string_text(value, style, True)}}}"
    column = layout.column(layout.parts[0][0]) if layout.parts else 0
    inner = (last.start - layout.parts[-1][0]) if last is not None and layout.parts else 2
    dash_gap = " " * (inner - 1) if last is not None and layout.line_start(last.start) <= layout.parts[-1][0] else " "
    indent = " " * (column + 1 + len(dash_gap))
    capital = any(key.value == "Value" for key, _ in last.pairs()) if last is not None else False
    named, valued = ("Name", "Value") if capital else ("name", "value")
    first = f"{dash_gap[1:]}{named}: {string_text(name)}"
    return f"{first}{layout.newline}{indent}{valued}: {string_text(value, style)}"


def _value_style(node: Node) -> str:
    """The quotes that values of an `env` list have; double ones where there are none, so that they stay strings."""
    styles = [
        value.style
        for item in node.children
        if item.kind == "mapping"
        for key, value in item.pairs()
        if key.value in VALUES and value.style in ("'", '"')
    ]
    return max(styles, key=styles.count) if styles else '"'


def _set_variable(source: Source, layout: Collection, index: int, change: SetEntry) -> Edit:
    text = word_text(change.value)
    node = layout.node
    if node.kind == "mapping":
        key, value = node.children[2 * index], node.children[2 * index + 1]
        return _set_string(layout, key, value, text)
    item = node.children[index]
    if item.kind == "scalar":
        style = item.style if item.style in ("'", '"') else ""
        return layout.edit(item.start, item.end, string_text(f"{change.entry.name}={text}", style, layout.flow))
    if item.shared:
        raise CannotEdit("the variable is shared through an anchor")
    inner = Collection(source, item)
    for key, value in item.pairs():
        if key.value in VALUES:
            return _set_string(inner, key, value, text)
    raise CannotEdit("the variable's value comes from elsewhere")


def _set_string(layout: Collection, key: Node, value: Node, text: str) -> Edit:
    if value.kind != "scalar" or value.shared:
        raise CannotEdit("the value is shared through an anchor")
    if value.start == value.end:
        colon = layout.text.find(":", key.end)
        return layout.edit(colon + 1, colon + 1, " " + string_text(text, '"', layout.flow))
    style = value.style if value.style in ("'", '"') else ""
    return layout.edit(value.start, value.end, string_text(text, style, layout.flow))


def _new_env(source: Source, container: Node, changes: Sequence[Change]) -> list[Edit]:
    """Give a container that has none its `env`."""
    layout = Collection(source, container)
    added = [change for change in changes if isinstance(change, AddEntry)]
    if len(added) != len(changes):
        raise CannotEdit("the variable is set in a script")
    pairs = [(string_text(change.name), string_text(word_text(change.value), '"')) for change in added]
    if layout.flow:
        items = ", ".join(f"{{name: {name}, value: {value}}}" for name, value in pairs)
        return layout.change([], [f"env: [{items}]"])
    indent = " " * layout.column(layout.parts[0][0])
    breaks = layout.newline + indent
    lines = "".join(f"{breaks}- name: {name}{breaks}  value: {value}" for name, value in pairs)
    return layout.change([], [f"env:{lines}"])
