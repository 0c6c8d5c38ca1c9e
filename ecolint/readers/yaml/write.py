"""Rewrites YAML tables in place: mappings, lists of words, environments; scripts go to their own module."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from itertools import pairwise

from ecolint.model import AddEntry, CannotEdit, Change, Edit, Entry, RemoveEntry, SetEntry, Source, Table, Written
from ecolint.readers.shell.write import script_edits
from ecolint.readers.yaml import open_document
from ecolint.readers.yaml.layout import Collection
from ecolint.readers.yaml.nodes import Node, Unreadable, documents
from ecolint.readers.yaml.render import as_text, scalar_text, string_text

_FLAG_WITH_VALUE = re.compile(r"--[A-Za-z][\w.-]*=")


def edits(source: Source, table: Table, changes: Sequence[Change]) -> tuple[Edit, ...]:
    """Non-overlapping edits for all changes of one table, in order. Raises CannotEdit."""
    if not table.writable:
        raise CannotEdit("the text is shared, generated or not written out here")
    _refuse_shared(table, changes)
    roots = _roots(source, table)
    start, end = table.place.span.start, table.place.span.end
    node, parent = _find(roots, start, end, ("mapping", "sequence"))
    if table.syntax == "yaml.mapping" and node is not None and node.kind == "mapping":
        made = _mapping_edits(source, node, changes)
    elif table.syntax == "yaml.env" and node is not None:
        made = _env_edits(source, node, parent, changes)
    elif table.syntax == "yaml.words" and node is not None and node.kind == "sequence":
        made = _list_edits(source, node, parent, table, changes)
    elif table.syntax == "yaml.words":
        scalar = _scalar_around(roots, start, end)
        made = script_edits(source, partial(_fits, scalar), table, changes)
    else:
        raise CannotEdit("the text does not stand where it was read")
    return tuple(sorted(made))


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
            quote = _key_style(node)
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
    style = value.style if value.kind == "scalar" and value.style in ("'", '"') else _key_style(layout.node)
    return layout.edit(value.start, value.end, scalar_text(new, style, layout.flow))


def _key_style(node: Node) -> str:
    """The quotes that all keys of a flow mapping have, as JSON demands; none elsewhere."""
    styles = {key.style for key, _ in node.pairs()} if node.style == "flow" and node.kind == "mapping" else set()
    return styles.pop() if len(styles) == 1 else ""


# --- lists of words ---------------------------------------------------------------------------------------------------


def _list_edits(source: Source, node: Node, parent: Node | None, table: Table, changes: Sequence[Change]) -> list[Edit]:
    layouts = [Collection(source, node)]
    other = _command_list(node, parent)
    if other is not None:
        layouts.append(Collection(source, other))
    made: list[Edit] = []
    gone: list[set[int]] = [set() for _ in layouts]
    new: list[str] = []
    for change in changes:
        if isinstance(change, AddEntry):
            new += _new_words(layouts[0], change)
            continue
        which, index = _item(layouts, change.entry)
        siblings = [entry for entry in table.entries if entry.place == change.entry.place]
        if isinstance(change, RemoveEntry):
            if not all(any(isinstance(c, RemoveEntry) and c.entry == one for c in changes) for one in siblings):
                raise CannotEdit("the word says more than what is to be removed")
            gone[which].add(index)
            continue
        if len(siblings) > 1:
            raise CannotEdit("the word is only partly known")
        item = layouts[which].node.children[index]
        if item.kind != "scalar":
            raise CannotEdit("the word is shared through an anchor")
        style = item.style if item.style in ("'", '"') else ""
        text = string_text(_word(change.value), style, layouts[which].flow)
        made.append(layouts[which].edit(item.start, item.end, text))
    for layout, indexes in zip(layouts, gone, strict=True):
        adding = new if layout is layouts[0] else []
        every = bool(layout.parts) and len(indexes) == len(layout.parts)
        if every and not adding and _removable(parent):
            made += _without_key(source, layout.node, parent)
            continue
        made += layout.change(sorted(indexes), adding)
    return made


def _word(value: Written) -> str:
    if isinstance(value, (str, int, float)) or value is None:
        return as_text(value)
    raise CannotEdit("a command line has no way to write an object")


def _command_list(node: Node, parent: Node | None) -> Node | None:
    """The list that comes before this one in the container's command line."""
    if parent is None or parent.kind != "mapping":
        return None
    named = {key.value: value for key, value in parent.pairs()}
    for later, earlier in (("args", "command"), ("command", "entrypoint")):
        if named.get(later) is node and earlier in named:
            found = named[earlier]
            return found if found.kind == "sequence" and not found.shared else None
    return None


def _item(layouts: list[Collection], entry: Entry) -> tuple[int, int]:
    for which, layout in enumerate(layouts):
        for index, child in enumerate(layout.node.children):
            if child.start == entry.place.span.start and child.kind != "alias" and not child.shared:
                return which, index
    raise CannotEdit("the word does not stand in the list itself")


def _new_words(layout: Collection, change: AddEntry) -> list[str]:
    style = _common_style(layout.node)
    words = [change.name]
    if change.value is not None:
        value = _word(change.value)
        written = [child.value for child in layout.node.children if child.value.startswith("--")]
        joined = sum(1 for word in written if _FLAG_WITH_VALUE.match(word))
        if change.name.startswith("-") and joined and joined * 2 >= _with_values(layout.node):
            words = [f"{change.name}={value}"]
        else:
            words.append(value)
    return [string_text(word, style, layout.flow) for word in words]


def _with_values(node: Node) -> int:
    """How many flags of a list carry a value in either spelling."""
    values = [child.value for child in node.children]
    joined = sum(1 for word in values if _FLAG_WITH_VALUE.match(word))
    apart = sum(
        1 for word, after in pairwise(values) if word.startswith("--") and "=" not in word and not after.startswith("-")
    )
    return joined + apart


def _common_style(node: Node) -> str:
    styles = [child.style for child in node.children if child.kind == "scalar" and child.style in ("", "'", '"')]
    flags = [child.style for child in node.children if child.kind == "scalar" and child.value.startswith("-")]
    pool = [style for style in flags if style in ("", "'", '"')] or styles
    return max(pool, key=pool.count) if pool else '"'


# --- environments -----------------------------------------------------------------------------------------------------


def _env_edits(source: Source, node: Node, parent: Node | None, changes: Sequence[Change]) -> list[Edit]:
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
            new.append(_new_variable(layout, change.name, _word(change.value)))
            continue
        index = _variable(layout, change.entry)
        if isinstance(change, RemoveEntry):
            gone.append(index)
        else:
            made.append(_set_variable(source, layout, index, change))
    every = bool(layout.parts) and len(set(gone)) == len(layout.parts)
    if every and not new and _removable(parent):
        return _without_key(source, node, parent)
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
        return f"{string_text(name, '', layout.flow)}: {quoted}"
    if node.children and node.children[-1].kind == "scalar":
        return string_text(f"{name}={value}", _common_style(node), layout.flow)
    style = _value_style(node)
    last = node.children[-1] if node.children else None
    if layout.flow or (last is not None and last.kind == "mapping" and last.style == "flow"):
        quote = _key_style(last) if last is not None else ""
        keys = [string_text(key, quote, True) for key in ("name", "value")]
        return f"{{{keys[0]}: {string_text(name, quote, True)}, {keys[1]}: {string_text(value, style, True)}}}"
    column = layout.column(layout.parts[0][0]) if layout.parts else 0
    inner = (last.start - layout.parts[-1][0]) if last is not None and layout.parts else 2
    dash_gap = " " * (inner - 1) if last is not None and layout.line_start(last.start) <= layout.parts[-1][0] else " "
    indent = " " * (column + 1 + len(dash_gap))
    first = f"{dash_gap[1:]}name: {string_text(name)}"
    return f"{first}{layout.newline}{indent}value: {string_text(value, style)}"


def _value_style(node: Node) -> str:
    """The quotes that values of an `env` list have; double ones where there are none, so that they stay strings."""
    styles = [
        value.style
        for item in node.children
        if item.kind == "mapping"
        for key, value in item.pairs()
        if key.value == "value" and value.style in ("'", '"')
    ]
    return max(styles, key=styles.count) if styles else '"'


def _set_variable(source: Source, layout: Collection, index: int, change: SetEntry) -> Edit:
    text = _word(change.value)
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
        if key.value == "value":
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
    pairs = [(string_text(change.name), string_text(_word(change.value), '"')) for change in added]
    if layout.flow:
        items = ", ".join(f"{{name: {name}, value: {value}}}" for name, value in pairs)
        return layout.change([], [f"env: [{items}]"])
    indent = " " * layout.column(layout.parts[0][0])
    breaks = layout.newline + indent
    lines = "".join(f"{breaks}- name: {name}{breaks}  value: {value}" for name, value in pairs)
    return layout.change([], [f"env:{lines}"])


# --- keys that go with their list -------------------------------------------------------------------------------------


def _removable(parent: Node | None) -> bool:
    """Whether the key that holds a list can be removed with it."""
    return parent is not None and parent.kind == "mapping" and len(parent.children) > 2


def _without_key(source: Source, node: Node, parent: Node | None) -> list[Edit]:
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
