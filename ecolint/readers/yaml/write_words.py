"""Rewrites lists of words in place: `command` and `args` of a container, item by item."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from ecolint.model import AddEntry, CannotEdit, Change, Edit, Entry, RemoveEntry, Source, Table, Written
from ecolint.readers.yaml.keys import removable, without_key
from ecolint.readers.yaml.layout import Collection
from ecolint.readers.yaml.nodes import Node
from ecolint.readers.yaml.render import as_text, string_text

_FLAG_WITH_VALUE = re.compile(r"--[A-Za-z][\w.-]*=")


def list_edits(source: Source, node: Node, parent: Node | None, table: Table, changes: Sequence[Change]) -> list[Edit]:
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
        text = string_text(word_text(change.value), style, layouts[which].flow)
        made.append(layouts[which].edit(item.start, item.end, text))
    for layout, indexes in zip(layouts, gone, strict=True):
        adding = new if layout is layouts[0] else []
        every = bool(layout.parts) and len(indexes) == len(layout.parts)
        if every and not adding and removable(parent):
            made += without_key(source, layout.node, parent)
            continue
        made += layout.change(sorted(indexes), adding)
    return made


def word_text(value: Written) -> str:
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
    style = common_style(layout.node)
    words = [change.name]
    if change.value is not None:
        value = word_text(change.value)
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


def common_style(node: Node) -> str:
    styles = [child.style for child in node.children if child.kind == "scalar" and child.style in ("", "'", '"')]
    flags = [child.style for child in node.children if child.kind == "scalar" and child.value.startswith("-")]
    pool = [style for style in flags if style in ("", "'", '"')] or styles
    return max(pool, key=pool.count) if pool else '"'
