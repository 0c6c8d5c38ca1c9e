"""Which objects a patch of a kustomization is meant for."""

from __future__ import annotations

import re
from collections.abc import Collection

from ecolint.readers.yaml.joining.walking import below, word
from ecolint.readers.yaml.nodes import Node

_PLAIN = re.compile(r"[\w./-]*\Z")


def selects(target: Node, kind: str, names: Collection[str], node: Node) -> bool:
    """Whether a target's kind, name and labels fit an object. A pattern that is more than `.*` fits nothing here."""
    if not fits(word(below(target, "kind")), [kind]) or not fits(word(below(target, "name")), names):
        return False
    group, version = word(below(target, "group")), word(below(target, "version"))
    written = word(below(node, "apiVersion"))
    its_group, _, its_version = written.rpartition("/")
    if not fits(group, [its_group]) or not fits(version, [its_version]):
        return False
    for key in ("labelSelector", "annotationSelector"):
        selector = word(below(target, key))
        if selector and not _labelled(selector, below(node, "metadata", key.removesuffix("Selector") + "s")):
            return False
    return True


def fits(pattern: str, names: Collection[str]) -> bool:
    """Whether a pattern, a regular expression over the whole name, fits one of the names; an empty one fits all."""
    pattern = pattern.removeprefix("^").removesuffix("$")
    if not pattern:
        return True
    parts = pattern.split(".*")
    if any(not _PLAIN.match(part) for part in parts):
        return False
    return any(_in_order(parts, name) for name in names)


def _in_order(parts: list[str], name: str) -> bool:
    """Whether a name consists of the parts in order with anything between them."""
    if len(parts) == 1:
        return name == parts[0]
    if not name.startswith(parts[0]) or not name.endswith(parts[-1]) or len(name) < len(parts[0]) + len(parts[-1]):
        return False
    at, end = len(parts[0]), len(name) - len(parts[-1])
    for part in parts[1:-1]:
        found = name.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


def _labelled(selector: str, labels: Node | None) -> bool:
    for term in selector.split(","):
        key, equals, value = term.replace("==", "=").partition("=")
        if not equals or word(below(labels, key.strip())) != value.strip():
            return False
    return True
