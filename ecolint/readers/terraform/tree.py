"""From Terraform's text to nodes with exact places: blocks, objects, lists and literals; all else is unknown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import field
from typing import TYPE_CHECKING

from ecolint.model import HOLE, Scalar
from ecolint.readers.offsets import char_offsets
from ecolint.shaped import dataclass
from ecolint.speech import say

if TYPE_CHECKING:
    from tree_sitter import Node as Part

MAX_LENGTH = 2_000_000
"""Characters of a file that any parser is given."""
MAX_DEPTH = 60
"""Brackets and braces that may stand inside one another."""
MAX_NODES = 200_000

ENCODING = frozenset(
    {"jsonencode", "yamlencode", "base64encode", "tostring", "tolist", "toset", "sensitive", "nonsensitive"}
    | {"trimspace", "compact", "flatten", "distinct"}
)
"""Functions whose result says what their one argument says."""
JOINING = frozenset({"merge", "concat"})
"""Functions whose result holds what each of their arguments does."""

_BRACKET = re.compile(r'"(?:[^"\\\n]|\\.)*"|#[^\n]*|//[^\n]*|/\*(?:[^*]|\*(?!/))*\*/|[\[\]{}()]')
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))|([$%])\4\{", re.DOTALL)
_NAMED = {"n": "\n", "r": "\r", "t": "\t"}
_NUMBER = re.compile(r"-?\d{1,30}(?:\.\d{1,30})?(?:[eE][+-]?\d{1,3})?\Z")


class Unreadable(Exception):
    """A file that is no Terraform, or one that no parser should be given; `at` is where, in characters."""

    def __init__(self, reason: str, at: int) -> None:
        super().__init__(reason)
        self.reason, self.at = reason, at


@dataclass(slots=True, eq=False)
class Node:
    """A value. `kind` is scalar, list, object (also of a block), script (a here-document) or unknown.

    `start` to `end` is what is written of it; a script's text stands from `inner` to `outer`. `open` says that there
    are further items that nobody can see, `overridden` that those may take the place of what is written. `parts` is
    what is known of an unknown text, with a hole for each part that is not, `refers` the address that a value is read
    from.
    """

    kind: str
    start: int
    end: int
    data: Scalar = None
    quoted: bool = False
    pairs: list[Pair] = field(default_factory=list)
    items: list[Node] = field(default_factory=list)
    open: bool = False
    overridden: bool = False
    block: bool = False
    parts: str = ""
    refers: str = ""
    inner: int = 0
    outer: int = 0

    @property
    def lead(self) -> str:
        """What is known of an unknown text from its start."""
        return self.parts.partition(HOLE)[0]

    def get(self, *names: str) -> Node | None:
        """The last value under one of these names."""
        return next((pair.value for pair in reversed(self.pairs) if pair.name in names), None)

    def all(self, name: str) -> list[Pair]:
        """Everything under a name: a block may be repeated."""
        return [pair for pair in self.pairs if pair.name == name]


@dataclass(slots=True, eq=False)
class Pair:
    """A name with its value: an attribute, an element of an object, or a block with its labels."""

    name: str
    start: int
    end: int
    value: Node
    labels: tuple[str, ...] = ()


References = dict[str, list[tuple[Pair, Node]]]
"""For the address of a resource the blocks that read something of it, each with the resource that it belongs to."""


@dataclass(slots=True)
class File:
    """A file's blocks as one object, and where its comments stand."""

    root: Node
    comments: list[tuple[int, int]] = field(default_factory=list)
    references: References | None = None
    """Which blocks read which address, once that is asked for."""

    def nodes(self) -> Iterator[Node]:
        """Every node, outer ones first."""
        stack = [self.root]
        while stack:
            node = stack.pop()
            yield node
            stack.extend(reversed([*node.items, *(pair.value for pair in node.pairs)]))


def parse(text: str) -> File:
    """The blocks of a file. Raises Unreadable."""
    if len(text) > MAX_LENGTH:
        raise Unreadable(say("a Terraform file of more than {limit} characters", limit=MAX_LENGTH), 0)
    _guard(text)
    try:
        encoded = text.encode()
    except UnicodeEncodeError as error:
        raise Unreadable(say("invalid HCL: not text"), error.start) from error
    tree = _parse(encoded)
    chars = None if text.isascii() else char_offsets(text)
    if tree.has_error:
        at = _first_error(tree)
        raise Unreadable(
            say("invalid HCL: this cannot stand here (terraform validate tells what is expected)"),
            at if chars is None else chars[at],
        )
    builder = _Builder(text, chars)
    root = Node("object", 0, len(text), block=True)
    for child in tree.named_children:
        if child.type == "body":
            builder.body(child, root)
    file = File(root)
    stack = [tree]
    while stack:
        part = stack.pop()
        if part.type == "comment":
            file.comments.append((builder.at(part.start_byte), builder.at(part.end_byte)))
        stack.extend(reversed(part.named_children))
    return file


def _guard(text: str) -> None:
    depth = 0
    for match in _BRACKET.finditer(text):
        mark = match.group()
        if mark in "[{(":
            depth += 1
            if depth > MAX_DEPTH:
                raise Unreadable(say("Terraform nested deeper than {limit} levels", limit=MAX_DEPTH), match.start())
        elif mark in "]})":
            depth = max(0, depth - 1)


class _Builder:
    def __init__(self, text: str, chars: list[int] | None) -> None:
        self.text, self.chars, self.left = text, chars, MAX_NODES

    def at(self, byte: int) -> int:
        """A character offset from a byte offset."""
        return byte if self.chars is None else self.chars[byte]

    def span(self, part: Part) -> tuple[int, int]:
        return self.at(part.start_byte), self.at(part.end_byte)

    def written(self, part: Part) -> str:
        return self.text[slice(*self.span(part))]

    def body(self, part: Part, into: Node) -> None:
        """The attributes and blocks of a body."""
        for child in part.named_children:
            start, end = self.span(child)
            if child.type == "attribute":
                name, value = child.named_children[0], child.named_children[-1]
                into.pairs.append(Pair(self.written(name), start, end, self.value(value)))
            elif child.type == "block":
                self.block(child, into)

    def block(self, part: Part, into: Node) -> None:
        start, end = self.span(part)
        heads = [one for one in part.named_children if one.type in ("identifier", "string_lit")]
        names = [self.written(one).strip('"') for one in heads]
        inside = next((one for one in part.named_children if one.type == "block_start"), None)
        node = Node("object", self.at(inside.start_byte) if inside is not None else start, end, block=True)
        body = next((one for one in part.named_children if one.type == "body"), None)
        self.left -= 1
        if body is not None and self.left > 0:
            self.body(body, node)
        if names[0] == "dynamic" and len(names) == 2:
            into.open = True  # blocks that a list makes, one for each of its items
            return
        into.pairs.append(Pair(names[0], start, end, node, tuple(names[1:])))

    def value(self, part: Part) -> Node:
        """What an expression is worth."""
        self.left -= 1
        start, end = self.span(part)
        unknown = Node("unknown", start, end)
        if self.left < 0:
            return unknown
        while part.type in ("expression", "literal_value", "collection_value", "template_expr"):
            inner = [one for one in part.named_children if one.type != "comment"]
            if len(inner) != 1:
                return self.address(part, inner, unknown)
            part = inner[0]
        made = {
            "string_lit": self.string,
            "quoted_template": self.string,
            "heredoc_template": self.heredoc,
            "tuple": self.listed,
            "object": self.object,
            "function_call": self.call,
            "variable_expr": self.variable,
        }.get(part.type)
        if made is not None:
            return made(part)
        return self.plain(part, unknown)

    def plain(self, part: Part, unknown: Node) -> Node:
        """A number or a switch; `null` is nothing."""
        said = self.written(part).replace(" ", "")
        if said in ("true", "false"):
            return Node("scalar", unknown.start, unknown.end, said == "true")
        if said == "null":
            return Node("scalar", unknown.start, unknown.end, None)
        if _NUMBER.match(said):
            number = float(said)
            whole = "." not in said and "e" not in said.lower()
            return Node("scalar", unknown.start, unknown.end, int(said) if whole else number)
        return unknown

    def address(self, part: Part, inner: list[Part], unknown: Node) -> Node:
        """An expression of several parts: what it is read from, where it is an address; in parentheses, itself."""
        if inner and inner[0].type == "variable_expr" and all(one.type in ("get_attr", "index") for one in inner[1:]):
            unknown.refers = "".join(self.written(part).split())
        return unknown

    def variable(self, part: Part) -> Node:
        start, end = self.span(part)
        return Node("unknown", start, end, refers=self.written(part))

    def string(self, part: Part) -> Node:
        """A text in quotes; unknown where something is put into it."""
        start, end = self.span(part)
        holes = [one for one in part.named_children if one.type in ("template_interpolation", "template_directive")]
        if holes:
            known, at = [], start + 1
            for hole in holes:
                known.append(unescaped(self.text[at : self.at(hole.start_byte)]))
                at = self.at(hole.end_byte)
            known.append(unescaped(self.text[at : end - 1]))
            return Node("unknown", start, end, quoted=True, parts=HOLE.join(known))
        return Node("scalar", start, end, unescaped(self.text[start + 1 : end - 1]), quoted=True)

    def heredoc(self, part: Part) -> Node:
        """A text of several lines."""
        start, end = self.span(part)
        marks = [one for one in part.named_children if one.type == "heredoc_identifier"]
        first = self.text.find("\n", self.at(marks[0].end_byte)) + 1
        last = self.text.rfind("\n", 0, self.at(marks[-1].start_byte)) + 1
        return Node("script", start, end, inner=first, outer=max(first, last))

    def listed(self, part: Part) -> Node:
        start, end = self.span(part)
        node = Node("list", start, end)
        for child in part.named_children:
            if child.type == "expression":
                node.items.append(self.value(child))
            elif child.type not in ("tuple_start", "tuple_end", "comment"):
                node.open = True
        return node

    def object(self, part: Part) -> Node:
        start, end = self.span(part)
        node = Node("object", start, end)
        for child in part.named_children:
            if child.type != "object_elem":
                node.open = node.open or child.type not in ("object_start", "object_end", "comment")
                continue
            inner = [one for one in child.named_children if one.type == "expression"]
            name = self.written(inner[0]).strip()
            key = self.value(inner[0])
            if key.kind == "scalar":
                name = str(key.data)
            elif not re.fullmatch(r"[A-Za-z_][\w-]*", name):
                node.open = True
                continue
            from_, to = self.span(child)
            node.pairs.append(Pair(name, from_, to, self.value(inner[-1])))
        return node

    def call(self, part: Part) -> Node:
        """A call of a function that only writes, or only joins, what it is given."""
        start, end = self.span(part)
        name = self.written(part.named_children[0])
        given = next((one for one in part.named_children if one.type == "function_arguments"), None)
        values = [self.value(one) for one in given.named_children if one.type == "expression"] if given else []
        if name in ENCODING and len(values) == 1:
            return values[0]
        if name in JOINING and values:
            kind = "object" if name == "merge" else "list"
            whole = [one for one in values if one.kind == kind]
            if len(whole) == 1:
                whole[0].open = whole[0].open or len(values) > 1
                whole[0].overridden = name == "merge" and values[-1] is not whole[0]
                return whole[0]
        return Node("unknown", start, end)


def unescaped(written: str) -> str:
    """What a text in quotes says."""
    if "\\" not in written and "$${" not in written and "%%{" not in written:
        return written

    def said(match: re.Match[str]) -> str:
        if match[1] or match[2]:
            code = int(match[1] or match[2], 16)
            return chr(code) if code < 0x110000 else "\ufffd"
        return match[4] + "{" if match[4] else _NAMED.get(match[3], match[3])

    return _ESCAPE.sub(said, written)


def _first_error(tree: Part) -> int:
    stack = [tree]
    while stack:
        node = stack.pop()
        if node.is_error or node.is_missing:
            inner = next((child for child in node.children if child.has_error), None)
            return (inner or node).start_byte
        stack.extend(child for child in reversed(node.children) if child.has_error or child.is_missing)
    return 0


def _parse(encoded: bytes) -> Part:
    import tree_sitter
    import tree_sitter_hcl

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_hcl.language())).parse(encoded).root_node
