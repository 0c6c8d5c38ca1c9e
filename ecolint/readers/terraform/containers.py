"""Containers of a Terraform file: whatever names an image and says what it runs, with which variables, on what."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import field, replace

from ecolint.model import HOLE, Alternative, Entry, Invocation, Place, Span, Table, Value
from ecolint.readers.shells import SHELLS
from ecolint.readers.terraform.tree import File, Node, Pair, References
from ecolint.shaped import dataclass

HEADS = ("entrypoint", "entryPoint", "entry_point", "command", "commands")
WORDS = re.compile(r"(?:\w*_)?(?:args|arguments)\Z")
ENV = re.compile(r"(?:\w+_)?(?:env|environment|environment_variables)\Z")
MAX_AROUND = 500
"""Paths that are told of what stands around a container."""

_FLAG = re.compile(r"(--?[A-Za-z][\w.-]*)=")
_ADDRESS = re.compile(r"([\w-]+\.[\w-]+)(?:\[[^\]]*\])?\.")
"""What a value is read from: a resource, or one of several of it."""
_REFERENCE = re.compile(r"\$\(([A-Za-z_]\w*)\)")
_RUN_OPTION = re.compile(r"-[a-z]*c\Z")


@dataclass(frozen=True, slots=True)
class Holder:
    """An object that names an image, and the blocks and objects around it, outermost first."""

    node: Node
    around: tuple[Pair, ...]


@dataclass(slots=True)
class Made:
    """What a container is: its invocation, and the script that it runs where it runs one."""

    invocation: Invocation
    script: Node | None = None
    texts: dict[str, str | None] = field(default_factory=dict)


def holders(file: File) -> Iterator[Holder]:
    """Every object of the shape of a container."""
    stack: list[tuple[Node, tuple[Pair, ...]]] = [(file.root, ())]
    while stack:
        node, around = stack.pop()
        image = node.get("image") if node.kind == "object" else None
        if image is not None and image.kind in ("scalar", "unknown") and _runs(node):
            yield Holder(node, around)
        inner = [(pair.value, (*around, pair)) for pair in node.pairs if pair.value.pairs or pair.value.items]
        stack.extend(reversed([*((item, around) for item in node.items), *inner]))


def _runs(node: Node) -> bool:
    names = {pair.name for pair in node.pairs}
    return node.open or any(
        name in HEADS or name == "resources" or WORDS.match(name) or ENV.match(name) for name in names
    )


def container(path: str, file: File, holder: Holder) -> Made:
    """What a container-shaped object starts."""
    node = holder.node
    place = Place(path, Span(node.start, node.end))
    image = node.get("image")
    assert image is not None, "a holder has an image"
    env, texts = environment(path, node)
    named = node.get("name")
    label = str(named.data) if named is not None and named.kind == "scalar" else ""
    made = Invocation("terraform", place, f"container {label}".rstrip(), env=env, image=_image(path, image))
    made = replace(made, surroundings=surroundings(path, file, holder))
    lists = [pair.value for name in HEADS for pair in node.all(name)[-1:]]
    lists += [pair.value for pair in node.pairs if WORDS.match(pair.name)]
    items = [item for one in lists for item in (one.items if one.kind == "list" else [one])]
    script = _script(items)
    if script is not None:
        return Made(made, script, texts)
    if not lists:
        return Made(made, None, texts)
    words = _words(path, lists, items, texts)
    return Made(replace(made, words=words), None, texts)


def _script(items: list[Node]) -> Node | None:
    """The script in `sh -c SCRIPT`."""
    said = [str(item.data) if item.kind == "scalar" else "" for item in items]
    if len(said) < 3 or said[0].rsplit("/", 1)[-1] not in SHELLS:
        return None
    at = next((index for index, word in enumerate(said[:-1]) if index and _RUN_OPTION.match(word)), None)
    return items[at + 1] if at is not None else None


def _words(path: str, lists: list[Node], items: list[Node], texts: dict[str, str | None]) -> Table:
    entries: list[Entry] = []
    for item in items:
        place = Place(path, Span(item.start, item.end))
        flag = _FLAG.match(item.lead) if item.kind == "unknown" else None
        if flag is not None:
            entries.append(Entry("", (Alternative("known", flag[1], place),), place))
        value = _text(path, item)
        if isinstance(value[0].data, str) and "$(" in value[0].data:
            value = _referred(value[0], texts)
        entries.append(Entry("", value, place))
    last = lists[-1]
    open_ = any(one.open or one.kind == "unknown" for one in lists)
    numbered = tuple(replace(entry, name=str(index)) for index, entry in enumerate(entries))
    where = Place(path, Span(last.start, last.end))
    return Table("terraform.words", where, numbered, open=open_, writable=last.kind == "list")


def _referred(one: Alternative, texts: dict[str, str | None]) -> Value:
    """A word with the container's own variables in it, as Kubernetes puts them there."""
    names = _REFERENCE.findall(str(one.data))
    known = [texts.get(name) for name in names]
    if not names or None in known:
        return (replace(one, kind="unknown", data=None),)
    values = iter(known)
    return (replace(one, data=_REFERENCE.sub(lambda match: str(next(values)), str(one.data)), how="constant"),)


def _value(path: str, node: Node) -> Value:
    """What a node says: its data as written."""
    place = Place(path, Span(node.start, node.end))
    if node.kind == "scalar":
        return (Alternative("absent" if node.data is None else "known", node.data, place),)
    return (Alternative("unknown", None, place),)


def _image(path: str, node: Node) -> Value:
    """An image; where only its registry or its tag is put in, it is known with `?` in their place."""
    (one,) = _value(path, node)
    name = node.parts.rpartition("/")[2].partition(":")[0].partition("@")[0]
    if one.kind == "unknown" and name and HOLE not in name:
        return (replace(one, kind="known", data=node.parts.replace(HOLE, "?"), how="derived"),)
    return (one,)


def _text(path: str, node: Node) -> Value:
    """What a node says where only texts are taken."""
    (one,) = _value(path, node)
    if one.kind == "known" and not isinstance(one.data, str):
        said = str(one.data).lower() if isinstance(one.data, bool) else str(one.data)
        return (replace(one, data=said),)
    return (one,)


# --- variables --------------------------------------------------------------------------------------------------------


def environment(path: str, node: Node) -> tuple[Table, dict[str, str | None]]:
    """The variables of a container: an object, a list of names and values, repeated blocks, or `NAME=value`."""
    pairs = [pair for pair in node.pairs if ENV.match(pair.name)]
    place = Place(path, Span(node.start, node.end))
    if not pairs:
        return Table("terraform.env", place, (), open=node.open, writable=node.block), {}
    entries: dict[str, Entry] = {}
    open_ = node.open
    for pair in pairs:
        value = pair.value
        open_ = open_ or value.open or value.kind not in ("object", "list")
        if value.block and value.get("name") is not None:
            open_ = not _put(entries, path, value, Span(pair.start, pair.end)) or open_
        elif value.kind == "object":
            for one in value.pairs:
                told = _text(path, one.value)
                if value.overridden and told[0].kind == "known":
                    told = (replace(told[0], how="fallback"),)
                entries[one.name] = Entry(one.name, told, Place(path, Span(one.start, one.end)))
        for item in value.items:
            open_ = not _item(entries, path, item) or open_
    last = pairs[-1].value
    if not last.block:
        place = Place(path, Span(last.start, last.end))
    table = Table("terraform.env", place, tuple(entries.values()), open=open_, writable=last.kind in ("object", "list"))
    texts = {name: _plain(entry) for name, entry in entries.items()}
    return table, texts


def _item(entries: dict[str, Entry], path: str, item: Node) -> bool:
    """One item of a list of variables; False where it cannot be read."""
    if item.kind == "object":
        return _put(entries, path, item, Span(item.start, item.end))
    name, equals, value = str(item.data if item.kind == "scalar" else item.lead).partition("=")
    if not equals or not name:
        return False
    place = Place(path, Span(item.start, item.end))
    told = Alternative("known", value, place) if item.kind == "scalar" else Alternative("unknown", None, place)
    entries[name] = Entry(name, (told,), place)
    return True


def _put(entries: dict[str, Entry], path: str, item: Node, span: Span) -> bool:
    """A variable that is written as a name and a value."""
    name = item.get("name")
    if name is None or name.kind != "scalar":
        return False
    value = item.get("value")
    told: Value = (Alternative("unknown", None, Place(path, span)),)  # taken from a secret, or a map
    if value is not None:
        told = _text(path, value)
    entries[str(name.data)] = Entry(str(name.data), told, Place(path, span))
    return True


def _plain(entry: Entry) -> str | None:
    one = entry.value[0]
    return str(one.data) if one.kind == "known" else None


# --- what stands around -----------------------------------------------------------------------------------------------


class _Paths:
    """Collects literals by dotted path."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.found: dict[str, Entry] = {}

    def put(self, name: str, node: Node) -> None:
        """Every literal below a node; what is no literal is unknown."""
        if len(self.found) >= MAX_AROUND:
            return
        if node.kind in ("scalar", "unknown", "script"):
            where = Place(self.path, Span(node.start, node.end))
            self.found.setdefault(name, Entry(name, _value(self.path, node), where))
        for pair in node.pairs:
            self.put(f"{name}.{pair.name}", pair.value)
        for index, item in enumerate(node.items):
            self.put(f"{name}.{index}", item)


def surroundings(path: str, file: File, holder: Holder) -> Table:
    """What stands around a container: its resources and the nodes it may run on, named as a pod names them; its own
    settings below "container", those of its resource, and of what refers to that one, below "terraform" and the kind.
    """
    paths = _Paths(path)
    levels = [holder.node, *(pair.value for pair in reversed(holder.around))]
    for level in levels:
        held = level.get("resources")
        if held is not None:
            for name in ("limits", "requests"):
                one = held.get(name)
                if one is not None:
                    paths.put(f"resources.{name}", one)
            break
    for level in levels:
        selector = level.get("node_selector", "nodeSelector")
        if selector is not None:
            paths.put("nodeSelector", selector)
            break
    for pair in holder.node.pairs:
        if not (pair.name in HEADS or WORDS.match(pair.name) or ENV.match(pair.name) or pair.name == "resources"):
            paths.put(f"container.{pair.name}", pair.value)
    resource = next((pair for pair in holder.around if pair.name == "resource" and len(pair.labels) == 2), None)
    if resource is not None:
        _of_resource(paths, file, resource, holder.node)
    return Table("terraform.around", Place(path, Span(0, 0)), tuple(paths.found.values()), writable=False)


def _of_resource(paths: _Paths, file: File, resource: Pair, inside: Node | None) -> None:
    """The literals of a resource, and those of the blocks of others that refer to it."""
    kind, name = resource.labels
    for pair in resource.value.pairs:
        if inside is None or not (pair.start <= inside.start < pair.end):
            paths.put(f"terraform.{kind}.{pair.name}", pair.value)
    for other, block in references(file).get(f"{kind}.{name}", ()):
        if other is not resource:
            for pair in block.pairs:
                paths.put(f"terraform.{other.labels[0]}.{pair.name}", pair.value)


def references(file: File) -> References:
    """For every address the blocks that read something of it, each with its resource; found once for a file."""
    if file.references is None:
        found: References = {}
        for resource in file.root.pairs:
            if resource.name == "resource" and len(resource.labels) == 2:
                stack = [resource.value]
                while stack:
                    one = stack.pop()
                    read = {match[1] for pair in one.pairs if (match := _ADDRESS.match(pair.value.refers))}
                    for address in read:
                        found.setdefault(address, []).append((resource, one))
                    stack.extend(pair.value for pair in one.pairs if pair.value.block)
        file.references = found
    return file.references


def of_resource(path: str, file: File, resource: Pair) -> Table:
    """What stands around a script that a resource runs."""
    paths = _Paths(path)
    _of_resource(paths, file, resource, None)
    return Table("terraform.around", Place(path, Span(0, 0)), tuple(paths.found.values()), writable=False)
