"""Parses protocol buffers in their text format: fields, blocks, lists and texts, each with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import field

from ecolint.model import Scalar
from ecolint.shaped import dataclass
from ecolint.speech import say

MAX_LENGTH = 2_000_000
"""Characters of a file that is read at all."""
MAX_DEPTH = 100
"""Blocks and lists that may stand inside one another."""

_BLANK = re.compile(r"(?:\s+|#[^\n]*)+")
_TOKEN = re.compile(
    r"""(?P<filled>\$\{[^}\n]*\}|\$[A-Za-z_]\w*|\{\{[^{}\n]*\}\}|<%[^%\n]*%>)
    |(?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    |(?P<word>[A-Za-z0-9_.+\-]+)
    |(?P<mark>[{}<>\[\]:,;])""",
    re.VERBOSE,
)
_COMMENT = re.compile(r"#[^\n]*")
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{1,2})|([0-7]{1,3})|(.))", re.DOTALL)
_NAMED = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_FILLED = re.compile(r"\$[A-Za-z_{]|\{\{|<%")
_INT = re.compile(r"-?(?:0|[1-9]\d{0,30})\Z")
_FLOAT = re.compile(r"-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[fF]?\Z")
_CLOSES = {"{": "}", "<": ">", "[": "]"}


class Unreadable(Exception):
    """A file that is no text format; `at` is where, in characters."""

    def __init__(self, reason: str, at: int) -> None:
        super().__init__(reason)
        self.reason, self.at = reason, at


@dataclass(slots=True)
class Node:
    """A value: a scalar with its data (`quoted` where it is a text), a block of fields, a list of values; or one that
    something else fills in."""

    kind: str
    start: int
    end: int
    data: Scalar = None
    quoted: str = ""
    fields: list[Field] = field(default_factory=list)
    items: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class Field:
    """One field as it is written."""

    name: str
    start: int
    value: Node

    @property
    def end(self) -> int:
        """Where its value ends."""
        return self.value.end


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Message:
    """A file: its fields as one block, and where its comments stand."""

    root: Node
    comments: tuple[tuple[int, int], ...]


def parse(text: str) -> Message:
    """The fields of a file. Raises Unreadable."""
    if len(text) > MAX_LENGTH:
        raise Unreadable(say("a text of more than {limit} characters", limit=MAX_LENGTH), 0)
    comments: list[tuple[int, int]] = []
    root = Node("block", 0, len(text))
    _Parser(list(_tokens(text, comments)), root).run()
    if root.fields:
        root.start, root.end = root.fields[0].start, root.fields[-1].end
    return Message(root, tuple(comments))


def _tokens(text: str, comments: list[tuple[int, int]]) -> Iterator[_Token]:
    at = 0
    while True:
        blank = _BLANK.match(text, at)
        if blank is not None:
            comments += [one.span() for one in _COMMENT.finditer(text, at, blank.end())]
            at = blank.end()
        if at == len(text):
            return
        match = _TOKEN.match(text, at)
        if match is None:
            quote = text[at] in "\"'"
            raise Unreadable(
                say("a text that has no end on its line")
                if quote
                else say("{text!r} stands for nothing", text=text[at]),
                at,
            )
        yield _Token(match.lastgroup or "", match.group(), at, match.end())
        at = match.end()


class _Parser:
    """Puts tokens together, block by block, without recursion."""

    def __init__(self, tokens: list[_Token], root: Node) -> None:
        self.tokens, self.at = tokens, 0
        self.stack: list[tuple[Node, str]] = [(root, "")]

    def run(self) -> None:
        """Every token into its block."""
        while self.at < len(self.tokens):
            holder, closing = self.stack[-1]
            token = self.tokens[self.at]
            self.at += 1
            if token.text == closing and token.kind == "mark":
                holder.end = token.end
                self.stack.pop()
            elif token.text in (",", ";") and token.kind == "mark":
                continue
            elif holder.kind == "list":
                holder.items.append(self.value(token))
            else:
                self.named(holder, token)
        if len(self.stack) > 1:
            holder, closing = self.stack[-1]
            raise Unreadable(
                say("what opens here is never closed: {closing!r} is missing", closing=closing), holder.start
            )

    def named(self, holder: Node, token: _Token) -> None:
        """A field, from its name on."""
        if token.text == "[" and token.kind == "mark":  # the name of an extension
            while token.text != "]" and self.at < len(self.tokens):
                token = self.tokens[self.at]
                self.at += 1
        elif token.kind != "word":
            raise Unreadable(say("a field's name is missing before {text!r}", text=token.text), token.start)
        follower = self.take()
        colon = follower is not None and follower.text == ":" and follower.kind == "mark"
        value = self.take() if colon else follower
        opens = value is not None and value.kind == "mark" and value.text in _CLOSES
        if value is None or not (colon or opens) or (value.kind == "mark" and not opens):
            raise Unreadable(say("{text} has no value", text=token.text), token.start)
        holder.fields.append(Field(token.text, token.start, self.value(value)))

    def take(self) -> _Token | None:
        if self.at >= len(self.tokens):
            return None
        self.at += 1
        return self.tokens[self.at - 1]

    def value(self, token: _Token) -> Node:
        """A value; of a block or a list, what stands in it follows."""
        if token.kind == "mark" and token.text in _CLOSES:
            if len(self.stack) > MAX_DEPTH:
                raise Unreadable(say("blocks nested deeper than {limit} levels", limit=MAX_DEPTH), token.start)
            node = Node("list" if token.text == "[" else "block", token.start, token.end)
            self.stack.append((node, _CLOSES[token.text]))
            return node
        if token.kind == "mark":
            raise Unreadable(say("{text!r} stands where a value should", text=token.text), token.start)
        if token.kind == "filled":
            return Node("filled", token.start, token.end)
        if token.kind == "word":
            return Node("scalar", token.start, token.end, _plain(token.text))
        parts, end = [unquoted(token.text)], token.end
        while self.at < len(self.tokens) and self.tokens[self.at].kind == "text":
            parts.append(unquoted(self.tokens[self.at].text))
            end = self.tokens[self.at].end
            self.at += 1
        said = "".join(parts)
        return Node("filled" if _FILLED.search(said) else "scalar", token.start, end, said, token.text[0])


def _plain(word: str) -> Scalar:
    """A number, a switch, or the name of a choice."""
    if word in ("true", "True", "false", "False"):
        return word.lower() == "true"
    if _INT.match(word):
        return int(word)
    return float(word.rstrip("fF")) if _FLOAT.match(word) else word


def unquoted(written: str) -> str:
    """What a text in quotes says."""

    def said(match: re.Match[str]) -> str:
        if match[1] or match[2]:
            return chr(int(match[1] or match[2], 16 if match[1] else 8))
        return _NAMED.get(match[3], match[3])

    return _ESCAPE.sub(said, written[1:-1]) if "\\" in written else written[1:-1]
