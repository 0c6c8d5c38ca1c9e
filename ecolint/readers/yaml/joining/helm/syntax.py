"""Go templates as trees: text, actions, conditions, loops and named parts, with their places in the text."""

from __future__ import annotations

import re
from dataclasses import field
from typing import TypeAlias

from ecolint.shaped import dataclass

MAX_NESTED = 64
"""How deep blocks or parentheses may nest in a template."""
MAX_ACTION = 4_000
"""Characters of one action; longer ones are not understood."""

Range: TypeAlias = tuple[int, int]


class Malformed(Exception):
    """A template that cannot be taken apart."""


@dataclass(frozen=True, slots=True)
class Operand:
    """One operand: a `field` path from the dot, a `variable`, a `text`, a `number`, a `function` or a `pipeline`."""

    kind: str
    value: object = None
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Commands in a row, each a list of operands, and the variables that its value is given to."""

    commands: tuple[tuple[Operand, ...], ...]
    variables: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Action:
    """`{{ … }}`: its place, the space around it that its marks take away, and what it says, if understood."""

    start: int
    end: int
    lead: Range
    trail: Range
    word: str
    pipeline: Pipeline | None = None
    name: str = ""


@dataclass(slots=True)
class Text:
    """Literal text."""

    start: int
    end: int


@dataclass(slots=True)
class Block:
    """`if`, `with`, `range`, `define` or `block`: its arms with the actions that open them, and the closing action."""

    word: str
    arms: list[tuple[Action, list[Part]]] = field(default_factory=list)
    close: Action | None = None


Part: TypeAlias = "Text | Action | Block"

_OPENING = frozenset({"if", "with", "range", "define", "block"})
_WORD = re.compile(r"\s*(if|with|range|define|block|else|end|template|break|continue)\b\s*")
_NAME = re.compile(r'\s*("(?:\\.|[^"\\])*"|`[^`]*`)\s*')
_TOKEN = re.compile(
    r"""\s*(?:(?P<string>"(?:\\.|[^"\\\n])*"|`[^`]*`)|(?P<number>-?\d+(?:\.\d+)?)(?![\w.])|(?P<variable>\$\w*)"""
    r"""|(?P<field>\.\w+)|(?P<dot>\.)|(?P<word>[A-Za-z_]\w*)|(?P<mark>:=|[=|(),]))"""
)
_ESCAPE = re.compile(r"\\(.)")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


def parse(text: str) -> list[Part]:
    """A template's parts. Linear in the text. Raises Malformed."""
    top: list[Part] = []
    stack: list[tuple[Block, list[Part]]] = []
    here, at = top, 0
    for action in _actions(text):
        if action.lead[0] > at:
            here.append(Text(at, action.lead[0]))
        at = action.trail[1]
        if action.word in _OPENING:
            if len(stack) >= MAX_NESTED:
                raise Malformed
            block = Block(action.word, [(action, [])])
            here.append(block)
            stack.append((block, here))
            here = block.arms[-1][1]
        elif action.word == "else":
            if not stack:
                raise Malformed
            block = stack[-1][0]
            block.arms.append((action, []))
            here = block.arms[-1][1]
        elif action.word == "end":
            if not stack:
                raise Malformed
            block, here = stack.pop()
            block.close = action
        else:
            here.append(action)
    if stack:
        raise Malformed
    if at < len(text):
        here.append(Text(at, len(text)))
    return top


def _actions(text: str) -> list[Action]:
    found: list[Action] = []
    at = text.find("{{")
    taken = 0
    while at >= 0:
        inner = at + 2
        trims = text.startswith("-", inner) and text[inner + 1 : inner + 2].isspace()
        comment = _comment(text, inner + trims)
        close = text.find("*/", inner) if comment else inner
        close = text.find("}}", close) if close >= 0 else -1
        if close < 0:
            raise Malformed
        ends = text[close - 1] == "-" and text[close - 2 : close - 1].isspace()
        lead = at
        while trims and lead > taken and text[lead - 1].isspace():
            lead -= 1
        trail = close + 2
        while ends and trail < len(text) and text[trail].isspace():
            trail += 1
        body = "" if comment else text[inner + trims : close - ends]
        found.append(_action(body, at, close + 2, (lead, at), (close + 2, trail), comment))
        taken = trail
        at = text.find("{{", close + 2)
    return found


def _comment(text: str, at: int) -> bool:
    while at < len(text) and text[at].isspace():
        at += 1
    return text.startswith("/*", at)


def _action(body: str, start: int, end: int, lead: Range, trail: Range, comment: bool) -> Action:
    if comment:
        return Action(start, end, lead, trail, "comment")
    match = _WORD.match(body)
    word = match[1] if match else ""
    rest = body[match.end() :] if match else body
    name = ""
    if word in ("define", "block", "template"):
        named = _NAME.match(rest)
        if named is None:
            return Action(start, end, lead, trail, word)
        name, rest = _unquoted(named[1]), rest[named.end() :]
    if word == "else":
        inner = _WORD.match(rest)
        name = inner[1] if inner else ""
        rest = rest[inner.end() :] if inner else rest
    pipeline = pipeline_of(rest) if rest.strip() else None
    return Action(start, end, lead, trail, word, pipeline, name)


# --- expressions ------------------------------------------------------------------------------------------------------


def pipeline_of(text: str) -> Pipeline | None:
    """What an action says; None where that is not understood."""
    if len(text) > MAX_ACTION:
        return None
    tokens: list[tuple[str, str, int]] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            return None
        tokens.append((match.lastgroup, match[match.lastgroup], match.start(match.lastgroup)))
        at = match.end()
    reader = _Expressions(tokens)
    try:
        found = reader.pipeline()
    except Malformed:
        return None
    return found if reader.at == len(tokens) else None


class _Expressions:
    """Reads tokens as a pipeline."""

    def __init__(self, tokens: list[tuple[str, str, int]]) -> None:
        self.tokens, self.at, self.depth = tokens, 0, 0

    def pipeline(self) -> Pipeline:
        """Variables if any, then commands up to a closing parenthesis."""
        self.depth += 1
        if self.depth > MAX_NESTED:
            raise Malformed
        variables = self.variables()
        commands = [self.command()]
        while self.peek() == ("mark", "|"):
            self.at += 1
            commands.append(self.command())
        self.depth -= 1
        return Pipeline(tuple(commands), variables)

    def variables(self) -> tuple[str, ...]:
        """The names in `$a, $b :=`."""
        start, names = self.at, []
        while self.peek()[0] == "variable":
            names.append(self.tokens[self.at][1])
            self.at += 1
            if self.peek() == ("mark", ","):
                self.at += 1
        if names and self.peek() in (("mark", ":="), ("mark", "=")):
            self.at += 1
            return tuple(names)
        self.at = start
        return ()

    def command(self) -> tuple[Operand, ...]:
        """Operands up to `|` or `)`."""
        found: list[Operand] = []
        while self.peek()[0] and self.peek() not in (("mark", "|"), ("mark", ")")):
            found.append(self.operand())
        if not found:
            raise Malformed
        return tuple(found)

    def operand(self) -> Operand:
        """One operand with the fields that follow it without space."""
        kind, text, start = self.tokens[self.at]
        self.at += 1
        if kind == "string":
            return Operand("text", _unquoted(text))
        if kind == "number":
            return Operand("number", float(text) if "." in text else int(text))
        if kind == "variable":
            return Operand("variable", text, self.fields(start + len(text)))
        if kind == "field":
            return Operand("field", None, (text[1:], *self.fields(start + len(text))))
        if kind == "dot":
            return Operand("field")
        if kind == "word":
            constant = {"true": True, "false": False, "nil": None}
            return Operand("constant", constant[text]) if text in constant else Operand("function", text)
        if (kind, text) == ("mark", "("):
            inner = self.pipeline()
            if self.peek() != ("mark", ")"):
                raise Malformed
            end = self.tokens[self.at][2] + 1
            self.at += 1
            return Operand("pipeline", inner, self.fields(end))
        raise Malformed

    def fields(self, end: int) -> tuple[str, ...]:
        """`.a.b` right behind an operand."""
        names: list[str] = []
        while self.at < len(self.tokens) and self.tokens[self.at][0] == "field" and self.tokens[self.at][2] == end:
            names.append(self.tokens[self.at][1][1:])
            end += len(self.tokens[self.at][1])
            self.at += 1
        return tuple(names)

    def peek(self) -> tuple[str, str]:
        """The next token; empty at the end."""
        return self.tokens[self.at][:2] if self.at < len(self.tokens) else ("", "")


def _unquoted(text: str) -> str:
    if text[0] == "`":
        return text[1:-1]
    return _ESCAPE.sub(lambda match: _ESCAPES.get(match[1], match[1]), text[1:-1])
