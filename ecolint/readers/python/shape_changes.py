"""The shape room of changes: what is done to an object between its binding and its use."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import replace

import libcst as cst

from ecolint.readers.python.context import Context
from ecolint.readers.python.expressions import arguments_of, is_record
from ecolint.readers.python.lines import Line
from ecolint.readers.python.scopes import Binding, Mutation
from ecolint.readers.python.shapes import CONSTANT, Loop, Shape, Shapes, joined

MAX_CHANGES = 24
"""Changes of one object that are looked at between its binding and its use."""

_METHOD = re.compile(r"([^\W\d]\w*)(?:\.\w+|\[[^\[\]]*\])*\.(\w+)\s*\(")


def of_changes(desk: Shapes, name: str, bindings: Sequence[Binding], use: Line) -> Shape:
    """What the changes of an object between its bindings and its use put into it."""
    first = min(binding.line for binding in bindings)
    changes = desk.ctx.scopes.changes(use.scope, name, first, use.index, MAX_CHANGES)
    found = [_change(desk, change, first, use) for change in changes]
    told = {change.line for change in changes}
    for index in _called(desk, use.scope, name, first, use.index):
        statement = desk.ctx.statement(index) if index not in told else None
        if statement is not None and isinstance(statement.root, cst.Expr):
            shape = joined((desk.of(one, statement) for one in arguments_of(statement.root.value)), "one")
            found.append(replace(shape, grows=shape.grows | _grows(desk.ctx, index, first, use)))
    return joined(found)


def _change(desk: Shapes, change: Mutation, first: int, use: Line) -> Shape:
    statement = desk.ctx.statement(change.line)
    root = statement.root if statement is not None else None
    if statement is None or root is None:
        return CONSTANT
    line = statement.line
    if isinstance(root, cst.Assign):
        # The same slot is filled anew in every round: nothing grows.
        return replace(desk.of(root.value, statement), count="one")
    if isinstance(root, cst.AugAssign):
        shape = desk.of(root.value, statement)
        return replace(shape, count="one", grows=shape.grows | _grows(desk.ctx, line.index, first, use))
    if not isinstance(root, cst.Expr) or not isinstance(root.value, cst.Call):
        return CONSTANT
    parts = list(arguments_of(root.value))
    shape = joined(desk.of(one, statement) for one in parts)
    several = not all(is_record(one) for one in parts) and bool(_between_use(desk.ctx, line, first, use))
    grows = _grows(desk.ctx, line.index, first, use)
    if change.kind != "opaque":
        return replace(shape, count="one")
    return replace(shape, count="many" if several else "one", grows=shape.grows | grows)


def between(ctx: Context, begun: int, line: Line) -> frozenset[Loop]:
    """The loops around a line that an earlier line stands outside of."""
    lines, found = ctx.script.lines, set()
    header = ctx.flow.loop(line)
    while header >= 0 and not header <= begun <= lines[header].tail:
        found.add(header)
        header = ctx.flow.loop(lines[header])
    return frozenset(found)


def _between_use(ctx: Context, line: Line, first: int, use: Line) -> frozenset[Loop]:
    """The loops around a change that neither the binding nor the use stands in."""
    lines = ctx.script.lines
    around = between(ctx, first, line)
    return frozenset(one for one in around if isinstance(one, int) and not one < use.index <= lines[one].tail)


def _grows(ctx: Context, index: int, first: int, use: Line) -> frozenset[Loop]:
    lines = ctx.script.lines
    around = between(ctx, first, lines[index])
    return frozenset(one for one in around if isinstance(one, int) and one < use.index <= lines[one].tail)


def _called(desk: Shapes, scope: int, name: str, after: int, before: int) -> list[int]:
    """The lines between two lines that only call a method of an object."""
    if not desk.scanned:
        desk.scanned = True
        for line in desk.ctx.script.lines:
            match = None if line.kind or line.equals else _METHOD.match(desk.ctx.script.body(line))
            if match is not None:
                desk.methods.setdefault((line.scope, match.group(1)), []).append(line.index)
    found = desk.methods.get((scope, name), [])
    last = bisect_left(found, before)
    return found[max(bisect_right(found, after), last - MAX_CHANGES) : last]
