"""The images of a kustomization: containers get other names, tags or digests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ecolint.readers.yaml.joining.walking import below, with_children, word
from ecolint.readers.yaml.nodes import MAX_DEPTH, Node, resolved

_HOLDERS = frozenset({"containers", "initContainers"})


def with_images(node: Node, images: Sequence[Node]) -> Node:
    """A tree in which the images of containers are replaced; the tree itself where none is."""
    named = {name: one for one in images if (name := word(below(one, "name")))}
    return _walked(node, named, "", 0) if named else node


def _walked(node: Node, named: Mapping[str, Node], under: str, depth: int) -> Node:
    bare = resolved(node)[0]
    if depth > MAX_DEPTH or bare.kind == "scalar":
        return bare
    children = list(bare.children)
    if bare.kind == "mapping":
        for number, (key, value) in enumerate(bare.pairs()):
            if under in _HOLDERS and key.value == "image":
                children[2 * number + 1] = _image(resolved(value)[0], named)
            else:
                children[2 * number + 1] = _kept(value, _walked(value, named, key.value, depth + 1))
    else:
        children = [_kept(child, _walked(child, named, under, depth + 1)) for child in bare.children]
    if all(new is old for new, old in zip(children, bare.children, strict=True)):
        return bare
    return with_children(bare, children)


def _kept(old: Node, new: Node) -> Node:
    """The node as it was written, be it an alias, where nothing changed."""
    return old if resolved(old)[0] is new else new


def _image(node: Node, named: Mapping[str, Node]) -> Node:
    if node.kind != "scalar":
        return node
    name, at, digest = node.value.partition("@")
    tag = ""
    head, colon, tail = name.rpartition(":")
    if colon and "/" not in tail:
        name, tag = head, tail
    one = named.get(name)
    if one is None:
        return node
    parts = [below(one, key) for key in ("digest", "newTag", "newName")]
    told = next((part for part in parts if part is not None and word(part)), None)
    if told is None:
        return node
    new_digest, new_tag, new_name = (word(part) for part in parts)
    name = new_name or name
    if new_digest:
        text = f"{name}@{new_digest}"
    elif new_tag:
        text = f"{name}:{new_tag}"
    else:
        text = f"{name}{f':{tag}' if tag else ''}{f'@{digest}' if at else ''}"
    return Node("scalar", told.start, told.end, told.style, text, "tag:yaml.org,2002:str", reach=told.reach)
