"""From YAML text to nodes with exact places: documents, guards before the parser, anchors, scalars' types."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import field
from typing import TYPE_CHECKING, Any

from ecolint.model import Scalar
from ecolint.shaped import dataclass
from ecolint.speech import say

if TYPE_CHECKING:
    import yaml

MAX_DEPTH = 100
MAX_NODES = 300_000
MAX_DOCUMENT = 4_000_000
"""Characters of one document. Longer ones are refused before the parser sees them."""

_BOUNDARY = re.compile(r"^---(?=\s|\Z)", re.MULTILINE)
_PROPERTIES = re.compile(r"(?:[&!][^\s,\[\]{}]*\s+)+")
_SHORT_FLOAT = re.compile(r"[-+]?[0-9]+(?:\.[0-9]*)?[eE][-+]?[0-9]+\Z")
_TAG = "tag:yaml.org,2002:"


class Unreadable(Exception):
    """A document that cannot be read, with the offset in its own text where it went wrong."""

    def __init__(self, reason: str, offset: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.offset = offset


@dataclass(slots=True, eq=False)
class Node:
    """A YAML node. `start` and `end` are offsets into the file without properties and trailing space.

    `kind` is scalar, sequence, mapping or alias; `style` is the quote or block mark of a scalar and "flow" or "block"
    of a collection; `children` are a sequence's items, or a mapping's keys and values in turn. `reach` is where the
    next token begins, so that what stands between belongs to the node. `shared` marks nodes that an alias refers to.
    `pieces` are the nodes, in several files, that a node of a joined tree is merged from.
    """

    kind: str
    start: int
    end: int
    style: str = ""
    value: str = ""
    tag: str = ""
    children: list[Node] = field(default_factory=list)
    target: Node | None = None
    reach: int = 0
    shared: bool = False
    pieces: tuple[Node, ...] = ()

    def pairs(self) -> Iterator[tuple[Node, Node]]:
        """A mapping's keys with their values."""
        items = iter(self.children)
        return zip(items, items, strict=False)


def documents(text: str) -> list[tuple[int, str]]:
    """The documents of a file with their offsets; each keeps its `---` line."""
    cuts = [match.start() for match in _BOUNDARY.finditer(text)]
    if not cuts or cuts[0] > 0:
        cuts.insert(0, 0)
    return [(start, text[start:end]) for start, end in zip(cuts, [*cuts[1:], len(text)], strict=True)]


def compose(text: str, base: int = 0) -> list[Node]:
    """The root nodes of a document's text, places moved by `base`. Never recursive, never constructs anything.

    Raises Unreadable for invalid YAML, nesting beyond MAX_DEPTH and too many nodes. The parser is driven event by event
    so that no native recursion can overflow.
    """
    import yaml

    if len(text) > MAX_DOCUMENT:
        raise Unreadable(say("a YAML document of more than {limit} characters", limit=MAX_DOCUMENT), 0)
    loader_class: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        loader = loader_class(text)
    except (yaml.YAMLError, UnicodeEncodeError) as error:
        raise _unreadable(error) from error
    try:
        return _Composer(text, base, loader).run()
    except (yaml.YAMLError, UnicodeEncodeError) as error:
        raise _unreadable(error) from error
    finally:
        loader.dispose()


def _unreadable(error: Exception) -> Unreadable:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    offset = mark.index if mark is not None else getattr(error, "position", 0)
    reason = getattr(error, "problem", None) or getattr(error, "reason", None) or "not valid YAML"
    return Unreadable(say("invalid YAML: {reason}", reason=reason), offset if isinstance(offset, int) else 0)


class _Composer:
    """Builds nodes from the events of one loader."""

    def __init__(self, text: str, base: int, loader: yaml.SafeLoader) -> None:
        self.text = text
        self.base = base
        self.loader = loader
        self.anchors: dict[str, Node] = {}
        self.open: list[Node] = []
        self.roots: list[Node] = []
        self.count = 0

    def run(self) -> list[Node]:
        """All documents in the text."""
        import yaml

        while self.loader.check_event():
            event: Any = self.loader.get_event()  # type: ignore[no-untyped-call]
            if isinstance(event, yaml.ScalarEvent):
                self.add(self.scalar(event), event.anchor)
            elif isinstance(event, yaml.AliasEvent):
                self.alias(event)
            elif isinstance(event, (yaml.SequenceStartEvent, yaml.MappingStartEvent)):
                self.begin(event, isinstance(event, yaml.MappingStartEvent))
            elif isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
                self.close(event)
            elif isinstance(event, yaml.DocumentStartEvent):
                self.anchors = {}
        return self.roots

    def add(self, node: Node, anchor: str | None) -> None:
        """Hang a node under the innermost open collection."""
        self.count += 1
        if self.count > MAX_NODES:
            raise Unreadable(say("a YAML document of more than {limit} nodes", limit=MAX_NODES), node.start - self.base)
        if anchor is not None:
            self.anchors[anchor] = node
        if self.open:
            self.open[-1].children.append(node)
        else:
            self.roots.append(node)

    def after_properties(self, start: int, end: int) -> int:
        """Where the node itself begins behind `&anchor` and `!tag`."""
        if start < end and self.text[start] in "&!":
            match = _PROPERTIES.match(self.text, start, end)
            return min(match.end(), end) if match else end
        return start

    def scalar(self, event: Any) -> Node:
        """A scalar node; its end leaves trailing blank lines out."""
        import yaml

        start, end = event.start_mark.index, event.end_mark.index
        start = self.after_properties(start, end)
        reach = end
        while end > start and self.text[end - 1] in " \t\r\n":
            end -= 1
        style = event.style or ""
        tag = event.tag
        if tag is None or tag == "!":
            tag = self.loader.resolve(yaml.ScalarNode, event.value, event.implicit)  # type: ignore[no-untyped-call]
        return Node("scalar", self.base + start, self.base + end, style, event.value, tag, reach=self.base + reach)

    def alias(self, event: Any) -> None:
        """A reference to a node that stands elsewhere."""
        target = self.anchors.get(event.anchor)
        if target is None:
            raise Unreadable(
                say("invalid YAML: undefined alias *{anchor}", anchor=event.anchor), event.start_mark.index
            )
        target.shared = True
        start, end = self.base + event.start_mark.index, self.base + event.end_mark.index
        self.add(Node("alias", start, end, target=target, reach=end), None)

    def begin(self, event: Any, mapping: bool) -> None:
        """Open a collection."""
        if len(self.open) >= MAX_DEPTH:
            raise Unreadable(say("YAML nested deeper than {limit} levels", limit=MAX_DEPTH), event.start_mark.index)
        start = event.start_mark.index
        if event.flow_style:
            start = self.after_properties(start, len(self.text))
        node = Node(
            "mapping" if mapping else "sequence",
            self.base + start,
            -1,
            "flow" if event.flow_style else "block",
            tag=event.tag or "",
        )
        self.add(node, event.anchor)
        self.open.append(node)

    def close(self, event: Any) -> None:
        """Close the innermost collection. A block collection ends with its last child."""
        node = self.open.pop()
        node.reach = self.base + event.end_mark.index
        if node.style == "flow" or not node.children:
            node.end = node.reach
            return
        node.end = node.children[-1].end
        if node.kind == "mapping":
            node.start = node.children[0].start
            node.end = max(node.end, self.after_colon(node.children[-2], node.children[-1]))
        else:
            node.start = self.dash(node)

    def after_colon(self, key: Node, value: Node) -> int:
        """The end of a pair whose value is empty: behind its colon."""
        if value.end > value.start:
            return value.end
        colon = self.text.find(":", key.end - self.base)
        return self.base + colon + 1 if colon >= 0 else value.end

    def dash(self, node: Node) -> int:
        """A block sequence begins at its first dash."""
        at = node.start - self.base
        match = _PROPERTIES.match(self.text, at) if at < len(self.text) and self.text[at] in "&!" else None
        at = match.end() if match else at
        dash = self.text.find("-", at)
        return self.base + dash if dash >= 0 else node.start


def resolved(node: Node) -> tuple[Node, bool]:
    """The node that an alias refers to, and whether the node is read from more than one place."""
    return (node.target, True) if node.target is not None else (node, node.shared)


def scalar_data(node: Node) -> tuple[bool, Scalar]:
    """Whether a scalar's type is known, and its data by the YAML core schema as PyYAML resolves it.

    Base-60 numbers stay text and `1e-5` is a float, as in YAML 1.2. Unknown tags make the value unknown.
    """
    if not node.tag.startswith(_TAG):
        return False, None
    name, text = node.tag[len(_TAG) :], node.value
    if name == "str":
        if not node.style and _SHORT_FLOAT.match(text):
            return True, float(text)
        return True, text
    if name == "null":
        return True, None
    if name == "bool":
        return True, text.lower() in ("true", "yes", "on")
    if name in ("int", "float"):
        return _number(name, text)
    if name in ("timestamp", "value", "merge"):
        return True, text
    return False, None


def _number(name: str, text: str) -> tuple[bool, Scalar]:
    if ":" in text:
        return True, text
    plain = text.replace("_", "")
    try:
        if name == "float":
            return True, float(plain.lower().replace(".inf", "inf").replace(".nan", "nan"))
        sign = -1 if plain.startswith("-") else 1
        digits = plain.lstrip("+-")
        if digits.lower().startswith(("0x", "0b")):
            return True, sign * int(digits, 0)
        if digits.startswith("0") and len(digits) > 1:
            return True, sign * int(digits, 8)
        return True, sign * int(digits)
    except ValueError:
        return False, None
