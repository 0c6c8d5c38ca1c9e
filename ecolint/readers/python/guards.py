"""The guard room: what a condition around a line says about the very expression that the line uses."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TypeAlias

import libcst as cst

from ecolint.model import Alternative, Value
from ecolint.readers.python.alternatives import bounded, known, under
from ecolint.readers.python.context import Context
from ecolint.readers.python.lines import Line
from ecolint.readers.python.names import dotted
from ecolint.readers.python.parsing import Statement

Told: TypeAlias = str | int | float | bool

MAX_TERMS = 8
MAX_TESTS = 16
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
    flag = parts is None or _FLAG.search(keyword) is not None or _FLAG.search(parts[-1]) is not None
    told = _told(ctx, statement, node, text)
    if told is not None:
        place = ctx.place(statement, node)
        return value if isinstance(told, bool) and not flag else (Alternative("known", told, place, "derived"),)
    if not flag:
        return value
    return _one_of_several(ctx, statement, node, text, value) or _decided_before(ctx, statement.line, text, value)


def _tests(ctx: Context, statement: Statement, node: cst.CSTNode) -> Iterator[tuple[str, bool, Line, str]]:
    """The tests around an expression, inner ones first: the text, whether it holds there, its line, and its name."""
    line = statement.line
    current: cst.CSTNode | None = node
    while current is not None:
        parent = statement.parents.get(current)
        if isinstance(parent, cst.IfExp) and current in (parent.body, parent.orelse):
            at = statement.span(parent).start
            name = f"L{ctx.script.number(at)}c{at - line.start}"
            yield statement.code(parent.test), current is parent.body, line, name
        current = parent
    lines, scope = ctx.script.lines, line.scope
    while line.parent >= 0 and line.parent != scope:
        line = lines[line.parent]
        name = f"L{ctx.script.number(line.start)}"
        if line.kind in ("if", "elif"):
            yield ctx.flow.test(line), True, line, name
        elif line.kind == "else" and len(ctx.flow.chain(line.leader)) == 2 and lines[line.leader].kind == "if":
            yield ctx.flow.test(lines[line.leader]), False, line, name


def _told(ctx: Context, statement: Statement, node: cst.CSTNode, text: str) -> Told | None:
    for test, holds, line, _ in _tests(ctx, statement, node):
        told = _term(test, text, holds)
        if told is not None:
            return told if _unchanged(ctx, text, line, statement.line) else None
    return _left(ctx, statement.line, text)


def _one_of_several(ctx: Context, statement: Statement, node: cst.CSTNode, text: str, value: Value) -> Value | None:
    """A flag under `if int8 or int4:`: one alternative for each of the flags that may be the first one that is on."""
    for test, holds, line, name in _tests(ctx, statement, node):
        terms = [term.strip() for term in test.removeprefix("(").removesuffix(")").split(" or ")]
        if not holds or not 1 < len(terms) <= MAX_TERMS or text not in terms:
            continue
        if any(term not in ctx.script.body(statement.line) for term in terms):
            return None  # the test asks about more than this expression is made for
        if not _unchanged(ctx, text, line, statement.line):
            return None
        place, own = ctx.place(statement, node), terms.index(text)
        found: list[Alternative] = []
        for first in range(len(terms)):
            # The flags before the first one that is on are off; of those behind it nothing is said.
            here = known(first == own, place, "derived") if first >= own else value
            found += under(here, frozenset({(f"{name}|", first)}))
        return bounded(found)
    return None


def _decided_before(ctx: Context, line: Line, text: str, value: Value) -> Value:
    """A value with what the arms of earlier decisions say of it, which tested it and were over before this line."""
    around = {line.index}
    current = line
    while current.parent >= 0 and current.parent != line.scope:
        current = ctx.script.lines[current.parent]
        around.add(current.index)
    blocks = {ctx.script.lines[index].parent for index in around}
    start = ctx.script.lines[line.scope].end if line.scope >= 0 else 0
    told: list[tuple[str, int, Told]] = []
    for offset in ctx.words.reads(text.partition(".")[0], start, line.start)[-MAX_TESTS:]:
        header = ctx.script.at(offset)
        if header is None or header.kind != "if" or header.scope != line.scope or header.parent not in blocks:
            continue
        if header.index not in around and _unchanged(ctx, text, header, line):
            told += _by_arm(ctx, header, text)
    return tuple(replace(one, told=tuple(told)) for one in value) if told else value


def _by_arm(ctx: Context, header: Line, text: str) -> Iterator[tuple[str, int, Told]]:
    """What each arm of a chain of tests says of an expression."""
    chain, arm = ctx.flow.chain(header.index), ctx.flow.arm(header)
    if not isinstance(arm, tuple) or len(chain) > MAX_TERMS:
        return
    for number in range(ctx.flow.width(header.index)):
        tests = [(ctx.flow.test(one), False) for one in chain[:number] if one.kind != "else"]
        if number < len(chain) and chain[number].kind != "else":
            tests.append((ctx.flow.test(chain[number]), True))
        told = next((said for test, holds in tests if (said := _term(test, text, holds)) is not None), None)
        if told is not None:
            ((decision, public),) = ctx.flow.name([(arm[0], 1 - number if arm[1] else number)])
            yield decision, public, told


def _left(ctx: Context, line: Line, text: str) -> Told | None:
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


def _term(test: str, text: str, holds: bool) -> Told | None:
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
