"""From JSON text to nodes with exact places: what no parser may see is refused first, tree-sitter reads the rest."""

from __future__ import annotations

import json
import re
from dataclasses import field
from typing import TYPE_CHECKING

from ecolint.readers.offsets import char_offsets
from ecolint.readers.yaml.nodes import MAX_DEPTH, Node
from ecolint.shaped import dataclass
from ecolint.speech import say

if TYPE_CHECKING:
    from tree_sitter import Node as Part

MAX_LENGTH = 4_000_000
"""Characters of a file. Longer ones are refused before any parser sees them."""
MAX_NODES = 300_000

_TOKEN = re.compile(
    r'"(?:[^"\\\n\r]|\\[^\n\r])*(?P<closed>"?)|//[^\n]*|/\*(?:[^*]|\*(?!/))*(?:\*/)?|[][{},:]|'
    r'-?(?P<word>NaN|Infinity)\b|[^\s\[\]{},:"/]+|/'
)
_CLOSES = {"]": "[", "}": "{"}
_TAGS = {"string": "str", "true": "bool", "false": "bool", "null": "null"}
_INTEGER = re.compile(r"-?\d+\Z")
_SPECIAL = {"NaN": ".nan", "Infinity": ".inf", "-Infinity": "-.inf"}


class Unreadable(Exception):
    """A file that is no JSON, or one that no parser should be given; `at` is the offset where it went wrong."""

    def __init__(self, reason: str, at: int) -> None:
        super().__init__(reason)
        self.reason, self.at = reason, at


@dataclass(slots=True)
class File:
    """What was read: the root values, the spans of comments, and keys that stand twice in one object."""

    roots: list[Node] = field(default_factory=list)
    comments: list[tuple[int, int]] = field(default_factory=list)
    twice: list[tuple[Node, Node]] = field(default_factory=list)
    """An object, and the later one of two keys of it that are the same."""


def parse(text: str, relaxed: bool = False) -> File:
    """The nodes of a JSON text, comments allowed; where it is `relaxed`, a comma behind the last item too.

    The nodes are those of the YAML reader, of which JSON is one style of writing: every part of that reader works on
    them. Python writes numbers that JSON does not know (NaN, Infinity) and they are read as such. Raises Unreadable.
    """
    if len(text) > MAX_LENGTH:
        raise Unreadable(say("a JSON file of more than {limit} characters", limit=MAX_LENGTH), 0)
    masked, comments = _guarded(text, relaxed)
    try:
        encoded = masked.encode()
    except UnicodeEncodeError as error:
        raise Unreadable(say("invalid JSON: not text"), error.start) from error
    tree = _parse(encoded)
    chars = None if text.isascii() else char_offsets(masked)
    if tree.has_error:
        at = _first_error(tree)
        raise Unreadable(
            say("invalid JSON: no value, comma or bracket can stand here"), at if chars is None else chars[at]
        )
    return _Builder(text, chars, File(comments=comments)).build(tree)


def _guarded(text: str, relaxed: bool) -> tuple[str, list[tuple[int, int]]]:
    """The text as the parser may see it, and its comments. Raises Unreadable for what is plainly wrong, in words."""
    opened: list[tuple[str, int]] = []
    comments: list[tuple[int, int]] = []
    holes: list[tuple[int, int, str]] = []
    comma: int | None = None
    valued = False
    for match in _TOKEN.finditer(text):
        token, at = match.group(), match.start()
        first = token[0]
        if first == "/" and len(token) > 1:
            comments.append((at, at + len(token.rstrip())))
            continue
        if first == '"' and not match["closed"]:
            raise Unreadable(say("invalid JSON: a string that does not end on its line"), at)
        if first == "'":
            raise Unreadable(say("invalid JSON: strings stand in double quotes"), at)
        if valued and opened and first not in "]},:":
            raise Unreadable(say("invalid JSON: a comma is missing before this"), at)
        valued = first not in "[{,:"
        if match["word"]:
            holes.append((at, match.end(), "-" + "1" * (len(token) - 1) if first == "-" else "1" * len(token)))
        elif first in "[{":
            opened.append((first, at))
            if len(opened) > MAX_DEPTH:
                raise Unreadable(say("JSON nested deeper than {limit} levels", limit=MAX_DEPTH), at)
        elif first in "]}":
            if not opened:
                raise Unreadable(say("invalid JSON: `{first}` closes nothing", first=first), at)
            if opened[-1][0] != _CLOSES[first]:
                line = text.count("\n", 0, opened[-1][1]) + 1
                raise Unreadable(
                    say(
                        "invalid JSON: `{first}` closes the `{opened}` of line {line}",
                        first=first,
                        opened=opened[-1][0],
                        line=line,
                    ),
                    at,
                )
            opened.pop()
            if comma is not None:
                if not relaxed:
                    raise Unreadable(say("invalid JSON: take out the comma behind the last item"), comma)
                holes.append((comma, comma + 1, " "))
        comma = at if first == "," else None
    if opened:
        raise Unreadable(say("invalid JSON: `{opened}` is never closed", opened=opened[-1][0]), opened[-1][1])
    return _masked(text, holes), comments


def _masked(text: str, holes: list[tuple[int, int, str]]) -> str:
    pieces: list[str] = []
    done = 0
    for start, end, filler in holes:
        pieces += (text[done:start], filler)
        done = end
    return "".join((*pieces, text[done:]))


def _first_error(tree: Part) -> int:
    """The byte at which the first node stands that is an error or missing."""
    stack = [tree]
    while stack:
        node = stack.pop()
        if node.is_error or node.is_missing:
            inner = next((child for child in node.children if child.has_error), None)
            return (inner or node).start_byte
        stack.extend(child for child in reversed(node.children) if child.has_error or child.is_missing)
    return 0


class _Builder:
    """Turns the parser's tree into nodes, without recursion."""

    def __init__(self, text: str, chars: list[int] | None, file: File) -> None:
        self.text, self.chars, self.file = text, chars, file
        self.left = MAX_NODES

    def at(self, byte: int) -> int:
        """A character offset from a byte offset."""
        return byte if self.chars is None else self.chars[byte]

    def build(self, tree: Part) -> File:
        """All root values, with everything in them."""
        stack: list[tuple[Part, list[Node]]] = [(one, self.file.roots) for one in reversed(tree.named_children)]
        while stack:
            part, home = stack.pop()
            if part.type == "comment":
                continue
            self.left -= 1
            if self.left < 0:
                raise Unreadable(
                    say("a JSON file of more than {limit} values", limit=MAX_NODES), self.at(part.start_byte)
                )
            if part.type == "pair":
                stack.extend((one, home) for one in reversed(part.named_children))
                continue
            node = self.node(part)
            home.append(node)
            if node.kind != "scalar":
                stack.extend((one, node.children) for one in reversed(part.named_children))
        self.note_twice()
        return self.file

    def node(self, part: Part) -> Node:
        """One value or key, still without what is in it."""
        start, end = self.at(part.start_byte), self.at(part.end_byte)
        if part.type in ("object", "array"):
            kind = "mapping" if part.type == "object" else "sequence"
            return Node(kind, start, end, "flow", reach=end)
        written = self.text[start:end]
        if part.type == "string":
            try:
                value, name = json.loads(written, strict=False), "str"
            except ValueError as error:
                raise Unreadable(say("invalid JSON: a backslash that escapes nothing"), start) from error
            value = value.encode("utf-8", "replace").decode()  # halves of a pair are no character
        else:
            value = _SPECIAL.get(written, written)
            name = _TAGS.get(part.type) or ("int" if _INTEGER.match(written) else "float")
        return Node("scalar", start, end, '"' if name == "str" else "", value, f"tag:yaml.org,2002:{name}", reach=end)

    def note_twice(self) -> None:
        """Find the keys that stand twice in one object."""
        stack = list(self.file.roots)
        while stack:
            node = stack.pop()
            stack.extend(child for child in node.children if child.children)
            if node.kind == "mapping":
                seen: set[str] = set()
                for key, _ in node.pairs():
                    if key.value in seen:
                        self.file.twice.append((node, key))
                    seen.add(key.value)


def _parse(encoded: bytes) -> Part:
    import tree_sitter
    import tree_sitter_json

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_json.language())).parse(encoded).root_node
