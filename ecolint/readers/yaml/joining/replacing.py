"""Replacements of a kustomization: fields that are given a value from elsewhere, which is not followed, are unknown."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ecolint.readers.yaml.joining.patching import index_of
from ecolint.readers.yaml.joining.walking import below, members, with_children, word, words
from ecolint.readers.yaml.nodes import Node, resolved

MAX_STEPS = 64
"""Keys and items on the way to one field."""
_STEP = re.compile(r"\[[^\]]*\]|(?:\\.|[^.\[\\])+")
_CHOSEN = re.compile(r"\[([\w./-]+)=(.*)\]\Z", re.DOTALL)


def targets(replacement: Node) -> Iterator[tuple[Node, list[list[str]]]]:
    """Which objects a replacement changes, and the paths of the fields."""
    for target in members(below(replacement, "targets")):
        select = below(target, "select")
        paths = words(below(target, "fieldPaths")) or ["metadata.name"]
        if select is not None:
            yield select, [[step.replace("\\.", ".") for step in _STEP.findall(path)][:MAX_STEPS] for path in paths]


def with_unknown(node: Node, steps: list[str]) -> Node:
    """A tree in which the field at a path is unknown; the tree itself where there is no such field."""
    trail: list[tuple[Node, int]] = []
    here = resolved(node)[0]
    for step in steps:
        index = _index(here, step)
        if index is None:
            return node
        trail.append((here, index))
        here = resolved(here.children[index])[0]
    made = Node("scalar", here.start, here.end, here.style, "", "!replaced", reach=here.reach)
    for parent, index in reversed(trail):
        made = with_children(parent, [*parent.children[:index], made, *parent.children[index + 1 :]])
    return made


def _index(node: Node, step: str) -> int | None:
    chosen = _CHOSEN.match(step)
    if chosen is None:
        return index_of(node, step)
    items = members(node)
    return next((number for number, item in enumerate(items) if word(below(item, chosen[1])) == chosen[2]), None)
