"""The text room for commands: texts with their unseen parts marked, and the words that they are split into."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Sequence
from dataclasses import field, replace

import libcst as cst

from ecolint.model import ALWAYS, Alternative, Branches, Data, Entry, Place, Span, Value
from ecolint.readers.python.bindings import assigned
from ecolint.readers.python.context import Context
from ecolint.readers.python.names import find, shadowed
from ecolint.readers.python.parsing import Statement
from ecolint.readers.shell.commands import Word
from ecolint.shaped import dataclass

FLAG = re.compile(r"(--?[A-Za-z][\w.-]*)=")
_PERCENT = re.compile(r"%[sdr]")
_UNSEEN = "\ue000"
"""Stands in a text for a part that is made at run time."""

MAX_DEPTH = 12
MAX_WORDS = 400
MAX_TEXT = 20_000


@dataclass(slots=True)
class Line:
    """The words of one command so far; `open` where more may stand among them than can be seen."""

    entries: list[Entry] = field(default_factory=list)
    open: bool = False

    def add(self, other: Line, branches: Branches = ALWAYS) -> None:
        """Append the words of another line, as they stand under some arms."""
        for one in other.entries:
            self.entries.append(replace(one, branches=one.branches | branches) if branches else one)
        self.open = self.open or other.open or len(self.entries) > MAX_WORDS
        del self.entries[MAX_WORDS:]


def text_of(ctx: Context, node: cst.CSTNode, statement: Statement) -> tuple[str, Place] | None:
    """A text with its unseen parts marked, and where it stands; None where all of it is unseen."""
    found = _read(ctx, node, statement, 0)
    if found is None or len(found) > MAX_TEXT or not found.replace(_UNSEEN, "").strip():
        return None
    value = ctx.evaluate(node, statement)
    place = value[0].place if len(value) == 1 and value[0].kind == "known" and value[0].place is not None else None
    return found, place or ctx.place(statement, node)


def _read(ctx: Context, node: cst.CSTNode, statement: Statement, depth: int) -> str | None:
    value = ctx.evaluate(node, statement)
    if (known := plain_text(value)) is not None:
        return known
    if depth > MAX_DEPTH:
        return None
    if isinstance(node, cst.FormattedString):
        parts = []
        for part in node.parts:
            if isinstance(part, cst.FormattedStringText):
                parts.append(_unescaped(node, part.value).replace("{{", "{").replace("}}", "}"))
            elif isinstance(part, cst.FormattedStringExpression):
                inner = ctx.evaluate(part.expression, statement)
                shown = as_text(inner[0].data) if len(inner) == 1 and inner[0].kind == "known" else None
                parts.append(shown if shown is not None else _UNSEEN)
        return "".join(parts)
    if isinstance(node, cst.ConcatenatedString):
        left, right = (_read(ctx, part, statement, depth + 1) for part in (node.left, node.right))
        return (left or _UNSEEN) + (right or _UNSEEN)
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and node.func.attr.value == "format":
        template = _read(ctx, node.func.value, statement, depth + 1)
        return _filled(ctx, template, node, statement) if template is not None else None
    if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Modulo):
        template = _read(ctx, node.left, statement, depth + 1)
        return _PERCENT.sub(_UNSEEN, template) if template is not None else None
    if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Add):
        left, right = (_read(ctx, part, statement, depth + 1) for part in (node.left, node.right))
        return None if left is None and right is None else (left or _UNSEEN) + (right or _UNSEEN)
    if isinstance(node, cst.Name) and not shadowed(statement, node, node.value):
        found = find(ctx, node.value, statement.line)
        if len(found.reaches) == 1 and found.reaches[0].binding.kind == "assign":
            bound = ctx.statement(found.reaches[0].binding.line)
            written = assigned(bound, node.value) if bound is not None else None
            if bound is not None and written is not None and not written[1]:
                return _read(ctx, written[0], bound, depth + 1)
    return None


def _unescaped(node: cst.FormattedString, text: str) -> str:
    """A stretch of an f-string as it reads once its escapes are gone."""
    if "\\" not in text or "r" in node.start.lower():
        return text
    try:
        return str(ast.literal_eval(node.start.lower().replace("f", "") + text + node.end))
    except (SyntaxError, ValueError):
        return text


def _filled(ctx: Context, template: str, call: cst.Call, statement: Statement) -> str | None:
    """`"…{}…{name}".format(…)` with the arguments that are known."""
    given: dict[str, str] = {}
    for position, argument in enumerate(call.args):
        value = ctx.evaluate(argument.value, statement)
        shown = as_text(value[0].data) if len(value) == 1 and value[0].kind == "known" and not argument.star else None
        name = argument.keyword.value if argument.keyword is not None else str(position)
        given[name] = shown if shown is not None else _UNSEEN
    parts, counted = [], 0
    try:
        for literal, field_name, _, _ in string.Formatter().parse(template):
            parts.append(literal)
            if field_name is not None:
                parts.append(given.get(field_name or str(counted), _UNSEEN))
                counted += not field_name
    except ValueError:
        return None
    return "".join(parts)


def line_of(ctx: Context, words: Sequence[Word], text: str, place: Place) -> Line:
    """Words of a text, each where it stands in a plain literal, or else where the whole text does."""
    line = Line()
    start = _start(ctx, text, place)
    for word in words:
        at = place if start is None else Place(place.path, Span(start + word.start, start + word.end))
        if word.text is None or _UNSEEN in word.text:
            flag = FLAG.match(word.text or "")
            if flag is not None:
                line.entries.append(word_of(flag.group(1), at))
            line.entries.append(Entry("", (Alternative("unknown", None, at),), at))
            line.open = line.open or word.several
        else:
            line.entries.append(word_of(word.text, at))
    return line


def _start(ctx: Context, text: str, place: Place) -> int | None:
    """Where a text begins in the file, if it stands there as it is."""
    if place.path != ctx.source.path:
        return None
    start, end = place.span.start, place.span.end
    at = ctx.source.text.find(text, start, end)
    return at if at >= 0 and at - start <= 4 and end - at - len(text) <= 3 else None


def as_word(one: Alternative, place: Place) -> Alternative:
    """One alternative of a word; what is no text or number is unknown."""
    text = as_text(one.data) if one.kind == "known" else None
    return replace(one, data=text) if text is not None else Alternative("unknown", None, place, branches=one.branches)


def as_text(data: Data) -> str | None:
    """A word as a command line gets it."""
    if isinstance(data, bool):
        return None
    return str(data) if isinstance(data, str | int | float) else None


def plain_text(value: Value) -> str | None:
    """The text of a value that is known to be one."""
    data = value[0].data if len(value) == 1 and value[0].kind == "known" else None
    return data if isinstance(data, str) else None


def word_of(text: str, place: Place) -> Entry:
    """A word that is known."""
    return Entry("", (Alternative("known", text, place),), place)
