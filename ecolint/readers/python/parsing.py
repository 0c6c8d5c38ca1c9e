"""The parsing room: gives one logical line at a time to LibCST, behind guards, and walks it once."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping, MutableMapping
from dataclasses import field, fields
from typing import Any, cast

import libcst as cst
from libcst.metadata import ByteSpanPositionProvider, CodeSpan

from ecolint.model import Span
from ecolint.readers.python.lines import Line, Script
from ecolint.shaped import dataclass
from ecolint.speech import say

MAX_STATEMENT = 32 * 1024
"""Characters of one logical line that LibCST may see."""

MAX_WEIGHT = 100
"""Nesting plus chain links along any path through a statement. Measured on LibCST 1.9: its parser kills the process
between 1,000 and 1,500 brackets, and its Python visitor exhausts the interpreter's stack above 100 nested lists."""

_PIECE = re.compile(
    r"""(?P<string>[A-Za-z]{0,2}(?:\"{3}(?:\\.|[^\\])*?\"{3}|'{3}(?:\\.|[^\\])*?'{3}|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'))"""
    r"""|(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<comma>,)|(?P<comment>\#[^\r\n]*)"""
    r"""|(?P<link>\*\*|//|<<|>>|[-+*/%@&|^~.<>!=:]+|\b(?:and|or|not|if|else|lambda|await|in|is|for|yield)\b)"""
    r"""|(?P<word>\w+)""",
    re.DOTALL,
)
_BARE = re.compile(r"[(\[{)\]},]|[-+*/%@&|^~.<>!=:\"']|\b(?:and|or|not|if|else|lambda|await|in|is|for|yield)\b")
_HEAVY = re.compile(r"[^\w\s,]|\b(?:and|or|not|if|else|lambda|await|in|is|for|yield)\b")
_HEADER_PREFIX = re.compile(r"(?:async[ \t]+(?=def|for|with)|el(?=if\b))")


@dataclass(slots=True)
class Stats:
    """What one reading cost: CST nodes walked, names looked up, lines parsed, steps through expressions and loops."""

    nodes_visited: int = 0
    lookups: int = 0
    statements: int = 0
    steps: int = 0


def guard(text: str) -> str | None:
    """The reason why `text` must not reach the native parser, or None when it may."""
    if len(text) > MAX_STATEMENT:
        return say("a statement is longer than {limit} KB", limit=MAX_STATEMENT // 1024)
    if _at_most(text) > MAX_WEIGHT and _weight(text) > MAX_WEIGHT:
        return say("a statement is nested or chained too deeply")
    return None


def _at_most(text: str) -> int:
    """What a statement can weigh at most: no character weighs more than one, and no letter but those of a few words."""
    return len(text) if len(text) <= MAX_WEIGHT else len(_HEAVY.findall(text))


def _weight(text: str) -> int:
    """The heaviest path through a statement: brackets open at a point plus the links since the last comma of each."""
    heaviest, base, count = 0, 0, 0
    outer: list[tuple[int, int]] = []
    for piece in _PIECE.finditer(text):
        group, extra = piece.lastgroup, 0
        if group == "open":
            outer.append((base, count))
            base, count = base + count + 1, 0
        elif group == "close" and outer:
            base, count = outer.pop()
            count += 1
        elif group == "comma":
            count = 0
        elif group == "link":
            count += len(piece.group()) if piece.group()[0] in "-+~" else 1
        elif group == "string":
            count += 1
            word = piece.group()
            if "f" in word[:2].lower() and word[0] not in "\"'":
                extra = _replacement_weight(word)
        heaviest = max(heaviest, base + count + extra)
        if heaviest > MAX_WEIGHT:
            break
    return heaviest


def _replacement_weight(word: str) -> int:
    """The heaviest path inside an f-string. Quotes are not looked at, which can only weigh too much."""
    heaviest, base, count = 0, 0, 0
    outer: list[tuple[int, int]] = []
    for match in _BARE.finditer(word):
        piece = match.group()
        if piece in "([{":
            outer.append((base, count))
            base, count = base + count + 1, 0
        elif piece in ")]}":
            if outer:
                base, count = outer.pop()
            count += bool(outer)
        elif piece == ",":
            count = 0
        elif outer:
            count += 1
        heaviest = max(heaviest, base + count)
    return heaviest


class _Spans(ByteSpanPositionProvider):
    """Byte spans without the further walk over the tree that a metadata wrapper makes."""

    def measure(self, module: cst.Module) -> Mapping[cst.CSTNode, CodeSpan]:
        spans: dict[cst.CSTNode, CodeSpan] = {}
        self._computed = cast(MutableMapping[cst.CSTNode, Any], spans)
        self._gen_impl(module)
        return spans


_LEFT_OUT = (cst.BaseParenthesizableWhitespace, cst.TrailingWhitespace, cst.EmptyLine, cst.Comma)
_FIELDS: dict[type, tuple[str, ...] | None] = {}


class _Order(cst.CSTVisitor):
    """Records the fields of one node in the order in which LibCST walks them."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: list[str] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        return False

    def on_visit_attribute(self, node: cst.CSTNode, attribute: str) -> None:
        self.fields.append(attribute)


def _fields(node: cst.CSTNode) -> tuple[str, ...] | None:
    """The fields of a node that hold nodes, in order; remembered by its kind where every such node has the same.

    LibCST asks some fields only where there is something in them: the format of a replacement field.
    """
    if isinstance(node, _LEFT_OUT):
        _FIELDS[type(node)] = None
        return None
    order = _Order()
    node._visit_and_replace_children(order)
    found = tuple(dict.fromkeys(order.fields))
    if all(one.name in found or getattr(node, one.name) is not None for one in fields(node)):
        _FIELDS[type(node)] = found
    return found


def _walked(root: cst.CSTNode, nodes: list[cst.CSTNode], parents: dict[cst.CSTNode, cst.CSTNode]) -> None:
    """Every node in source order with its parent, without the visitor's bookkeeping."""
    stack: list[tuple[cst.CSTNode, cst.CSTNode | None]] = [(root, None)]
    known, node_type = _FIELDS, cst.CSTNode
    while stack:
        node, parent = stack.pop()
        kind = type(node)
        asked = known[kind] if kind in known else _fields(node)
        if asked is None:
            continue
        nodes.append(node)
        if parent is not None:
            parents[node] = parent
        inside: list[tuple[cst.CSTNode, cst.CSTNode | None]] = []
        for name in asked:
            value = getattr(node, name)
            kind = type(value)
            if kind is list or kind is tuple:
                inside += [(one, node) for one in value]
            elif kind in known or isinstance(value, node_type):  # to ask an abstract class takes longer
                inside.append((value, node))
        inside.reverse()
        stack += inside


@dataclass(slots=True)
class Statement:
    """One parsed logical line. `root` is the small statement, the compound statement or the header's expression."""

    line: Line
    text: str
    offset: int
    module: cst.Module
    root: cst.CSTNode
    nodes: list[cst.CSTNode]
    parents: dict[cst.CSTNode, cst.CSTNode]
    spans: Mapping[cst.CSTNode, CodeSpan] | None = None
    bytes_before: list[int] | None = None

    def span(self, node: cst.CSTNode) -> Span:
        """Where a node stands in the whole text, in characters, without the parentheses around it."""
        if self.spans is None:
            self.spans = _Spans().measure(self.module)
            if not self.text.isascii():
                self.bytes_before = _byte_offsets(self.text)
        found = self.spans[node]
        start, end = found.start, found.start + found.length
        if self.bytes_before is not None:
            start, end = bisect_left(self.bytes_before, start), bisect_left(self.bytes_before, end)
        return Span(self.offset + start, self.offset + end)

    def within(self, node: cst.CSTNode, outer: cst.CSTNode) -> bool:
        """True where a node is another, or a part of it."""
        current: cst.CSTNode | None = node
        while current is not None and current is not outer:
            current = self.parents.get(current)
        return current is outer

    def code(self, node: cst.CSTNode) -> str:
        """The text of a node as written."""
        span = self.span(node)
        return self.text[span.start - self.offset : span.end - self.offset]


def _byte_offsets(text: str) -> list[int]:
    offsets, total = [], 0
    for char in text:
        offsets.append(total)
        total += len(char.encode("utf-8", "surrogatepass"))
    offsets.append(total)
    return offsets


@dataclass(slots=True)
class Parser:
    """Parses the logical lines of one script, each at most once. `failures` gives the reason by line index."""

    script: Script
    stats: Stats
    done: dict[int, Statement | None] = field(default_factory=dict)
    failures: dict[int, str] = field(default_factory=dict)

    def parse(self, line: Line) -> Statement | None:
        """The statement of a logical line, or None when it has nothing to parse or cannot be parsed."""
        if line.index not in self.done:
            self.done[line.index] = self._parse(line)
        return self.done[line.index]

    def _parse(self, line: Line) -> Statement | None:
        text, skipped = _standalone(self.script.body(line), line.kind)
        if not text:
            return None
        reason = guard(text)
        if reason is None:
            self.stats.statements += 1
            try:
                return self._walk(line, text, line.start + skipped)
            except (cst.ParserSyntaxError, cst.CSTValidationError):
                reason = say("a statement cannot be parsed")
            except (RecursionError, UnicodeError):
                reason = say("a statement is nested or chained too deeply")
        self.failures[line.index] = reason
        return None

    def _walk(self, line: Line, text: str, offset: int) -> Statement | None:
        module = cst.parse_module(text)
        if not module.body:
            return None
        nodes: list[cst.CSTNode] = []
        parents: dict[cst.CSTNode, cst.CSTNode] = {}
        _walked(module, nodes, parents)
        self.stats.nodes_visited += len(nodes)
        root: cst.CSTNode = module.body[0]
        if isinstance(root, cst.SimpleStatementLine):
            root = root.body[0]
        return Statement(line, text, offset, module, root, nodes, parents)


def _standalone(body: str, kind: str) -> tuple[str, int]:
    """The text that parses alone, and how many characters were left out before it."""
    if kind in ("else", "try", "finally", "except", "case"):
        return "", 0
    if kind == "@":
        text = body[1:].lstrip()
        return text, len(body) - len(text)
    if kind == "match":
        text = body[len("match") :].rstrip()[:-1].strip()
        return text, body.index(text, len("match")) if text else 0
    if kind:
        prefix = _HEADER_PREFIX.match(body)
        skipped = prefix.end() if prefix else 0
        return body[skipped:] + " pass", skipped
    return body, 0
