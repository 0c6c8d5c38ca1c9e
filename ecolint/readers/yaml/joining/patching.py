"""Patches of Kubernetes objects on trees of nodes, strategic merges and JSON patches; given trees stay as they are."""

from __future__ import annotations

from collections.abc import Iterable

from ecolint.readers.yaml.joining.walking import below, is_null, members, with_children, word
from ecolint.readers.yaml.nodes import MAX_DEPTH, Node, resolved

MERGE_KEYS = {
    "containers": "name",
    "initContainers": "name",
    "ephemeralContainers": "name",
    "env": "name",
    "volumes": "name",
    "imagePullSecrets": "name",
    "volumeMounts": "mountPath",
    "volumeDevices": "devicePath",
    "ports": "containerPort",
    "hostAliases": "ip",
}
"""Lists of which a patch changes single items, and the key that tells these apart."""
BUILT_IN = frozenset(
    {
        "Deployment",
        "StatefulSet",
        "DaemonSet",
        "ReplicaSet",
        "ReplicationController",
        "Job",
        "CronJob",
        "Pod",
        "PodTemplate",
    }
)
"""Kinds whose lists Kubernetes knows how to merge; those of custom resources are replaced whole."""
_DIRECTIVE = "$patch"


def merged(base: Node, patch: Node, by_item: bool, under: str = "", depth: int = 0) -> Node | None:
    """What a strategic merge makes of a node; None where the patch deletes it. `by_item`: lists merge by keys."""
    base, patch = resolved(base)[0], resolved(patch)[0]
    if depth > MAX_DEPTH or base.kind != patch.kind or base.kind == "scalar":
        return patch
    if base.kind == "sequence":
        return _merged_list(base, patch, by_item, MERGE_KEYS.get(under, "") if by_item else "", depth)
    directive = word(below(patch, _DIRECTIVE))
    if directive == "delete":
        return None
    pairs = {key.value: (key, value) for key, value in base.pairs()} if directive != "replace" else {}
    for key, value in patch.pairs():
        present = pairs.get(key.value)
        if key.value.startswith("$"):
            continue
        if is_null(resolved(value)[0]):
            pairs.pop(key.value, None)
        elif present is None or not _alike(present[1], value):
            pairs[key.value] = (key, value)
        else:
            inner = merged(present[1], value, by_item, key.value, depth + 1)
            if inner is None:
                del pairs[key.value]
            else:
                pairs[key.value] = (present[0], inner)
    children = [node for pair in pairs.values() for node in pair]
    return with_children(base, children, patch)


def _alike(one: Node, other: Node) -> bool:
    """Whether two nodes are collections of one kind."""
    kind = resolved(one)[0].kind
    return kind != "scalar" and kind == resolved(other)[0].kind


def _merged_list(base: Node, patch: Node, by_item: bool, key: str, depth: int) -> Node:
    new = members(patch)
    if not key or any(word(below(item, _DIRECTIVE)) == "replace" for item in new):
        kept = [item for item in new if word(below(item, _DIRECTIVE)) != "replace" or len(item.children) > 2]
        return with_children(patch, list(kept)) if len(kept) < len(new) else patch
    items: dict[str, Node] = {}
    for number, item in enumerate(members(base)):
        items[word(below(item, key)) or f"#{number}"] = item
    for number, item in enumerate(new):
        name = word(below(item, key)) or f"##{number}"
        present = items.get(name)
        directive = word(below(item, _DIRECTIVE))
        if present is None:
            if directive != "delete":
                items[name] = item
            continue
        inner = merged(present, item, by_item, "", depth + 1)
        if inner is None:
            del items[name]
        else:
            items[name] = inner
    return with_children(base, list(items.values()), patch)


# --- JSON patches -----------------------------------------------------------------------------------------------------


def patched(node: Node, operations: Iterable[Node]) -> Node | None:
    """What a JSON patch makes of a node; None where it does something that is not followed."""
    for operation in operations:
        does, path = word(below(operation, "op")), word(below(operation, "path"))
        value = below(operation, "value")
        if does == "test":
            continue
        if does not in ("add", "replace", "remove") or not path.startswith("/") or (value is None and does != "remove"):
            return None
        steps = [step.replace("~1", "/").replace("~0", "~") for step in path[1:].split("/")]
        node = _changed(node, steps, does, value)
    return node


def _changed(node: Node, steps: list[str], does: str, value: Node | None) -> Node:
    """A node with one thing below it changed; the node itself where there is no such path."""
    trail: list[tuple[Node, int]] = []
    here = resolved(node)[0]
    for step in steps[:-1]:
        index = index_of(here, step)
        if index is None:
            return node
        trail.append((here, index))
        here = resolved(here.children[index])[0]
    made = _with(here, steps[-1], does, value)
    if made is None:
        return node
    for parent, index in reversed(trail):
        made = with_children(parent, [*parent.children[:index], made, *parent.children[index + 1 :]])
    return made


def index_of(node: Node, step: str) -> int | None:
    """The position among a collection's children of what a step leads to."""
    if node.kind == "mapping":
        found = [2 * number + 1 for number, (key, _) in enumerate(node.pairs()) if key.value == step]
        return found[-1] if found else None
    if (
        node.kind == "sequence"
        and step.isascii()
        and step.isdigit()
        and len(step) < 10
        and int(step) < len(node.children)
    ):
        return int(step)
    return None


def _with(node: Node, step: str, does: str, value: Node | None) -> Node | None:
    index = index_of(node, step)
    children = list(node.children)
    if node.kind == "mapping":
        if does == "remove":
            return with_children(node, children[: index - 1] + children[index + 1 :]) if index is not None else None
        assert value is not None
        if index is None:
            key = Node("scalar", value.start, value.start, "", step, "tag:yaml.org,2002:str", reach=value.start)
            return with_children(node, [*children, key, value])
        children[index] = value
        return with_children(node, children)
    if node.kind != "sequence":
        return None
    if does == "add" and value is not None:
        at = len(children) if step == "-" else index if index is not None else len(children)
        if step != "-" and step != str(at):
            return None
        return with_children(node, [*children[:at], value, *children[at:]])
    if index is None:
        return None
    rest = [value] if does == "replace" and value is not None else []
    return with_children(node, [*children[:index], *rest, *children[index + 1 :]])
