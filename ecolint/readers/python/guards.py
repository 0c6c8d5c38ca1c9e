"""The guard room: what a condition around a line says about the very expression that the line uses."""

from __future__ import annotations

import ast
import re

import libcst as cst

from ecolint.model import Alternative, Value
from ecolint.readers.python.context import Context
from ecolint.readers.python.lines import Line
from ecolint.readers.python.names import dotted
from ecolint.readers.python.parsing import Statement

_FLAG = re.compile(
    r"(^|_)(load|use|is|has|do|enable|disable|enforce|allow|trust|no|with)_|bit($|_)|bits$|int[48]|fp8|flag|^quantize$"
)
_IS_TRUE = re.compile(r"(?<!\s)\s*(?:\bis|==)\s*True$")
_PATHS = re.compile(r"[^\W\d][\w.]*")
_QUOTED = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"")
_EQUAL = re.compile(r"([\w.]+)\s*==\s*('[^'\\]*'|\"[^\"\\]*\"|-?(?:0|[1-9]\d*)(?:\.\d+)?)")


def own_guard(ctx: Context, statement: Statement, node: cst.CSTNode, keyword: str, value: Value) -> Value:
    """`value`, unless it is unknown and an `if` around it tells: `if use_int8: load(load_in_8bit=use_int8)` is True.

    A bare truth test tells the value of flags alone, by their names: a tested path is not True.
    """
    if not value or any(one.kind == "known" and one.how != "default" for one in value):
        return value
    parts = dotted(node)
    if parts is None and not isinstance(node, cst.Comparison):
        return value
    text = ".".join(parts) if parts is not None else statement.code(node)
    told = _told(ctx, statement, node, text)
    if told is None:
        return value
    if isinstance(told, bool) and parts is not None and not (_FLAG.search(keyword) or _FLAG.search(parts[-1])):
        return value
    return (Alternative("known", told, ctx.place(statement, node), "derived"),)


def _told(ctx: Context, statement: Statement, node: cst.CSTNode, text: str) -> str | int | float | bool | None:
    current: cst.CSTNode | None = node
    while current is not None:
        parent = statement.parents.get(current)
        if isinstance(parent, cst.IfExp) and current in (parent.body, parent.orelse):
            told = _term(statement.code(parent.test), text, current is parent.body)
            if told is not None:
                return told
        current = parent
    line, lines = statement.line, ctx.script.lines
    scope = line.scope
    while line.parent >= 0 and line.parent != scope:
        line = lines[line.parent]
        told = None
        if line.kind in ("if", "elif"):
            told = _term(ctx.flow.test(line), text, True)
        elif line.kind == "else" and len(ctx.flow.chain(line.leader)) == 2 and lines[line.leader].kind == "if":
            told = _term(ctx.flow.test(lines[line.leader]), text, False)
        if told is not None:
            return told if _unchanged(ctx, text, line, statement.line) else None
    return _left(ctx, statement.line, text)


def _left(ctx: Context, line: Line, text: str) -> str | int | float | bool | None:
    """What an earlier `if not flag: return` of the same block leaves: the flag is on."""
    for decision, arm in ctx.flow.exits(line):
        header = ctx.script.lines[decision]
        if header.kind == "if" and len(ctx.flow.chain(decision)) == 1:
            told = _term(ctx.flow.test(header), text, arm == 0)
            if told is not None and _unchanged(ctx, text, header, line):
                return told
    return None


def _unchanged(ctx: Context, text: str, test: Line, use: Line) -> bool:
    """True where nothing that an expression reads was bound again between its test and its use."""
    scope = use.scope
    paths = set(_PATHS.findall(_QUOTED.sub("", text)))
    for path in paths | {one.partition(".")[0] for one in paths}:
        if ctx.scopes.before(scope, path, test.index)[1] != ctx.scopes.before(scope, path, use.index)[1]:
            return False
    return True


def _term(test: str, text: str, holds: bool) -> str | int | float | bool | None:
    """What a test that holds, or does not, says about an expression with this text."""
    if text not in test or " or " in test:
        return None
    terms = [term.strip() for term in test.split(" and ")]
    if not holds and len(terms) > 1:
        return None
    for term in terms:
        plain = _IS_TRUE.sub("", term)
        if plain == text:
            return holds
        if term == f"not {text}":
            return not holds
        match = _EQUAL.fullmatch(term)
        if match and match.group(1) == text and holds:
            told = ast.literal_eval(match.group(2))
            return told if isinstance(told, str | int | float) else None
    return None
