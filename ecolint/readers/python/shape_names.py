"""The shape room of names: what a name holds, by all that binds it before it is used."""

from __future__ import annotations

import re
from dataclasses import replace

import libcst as cst

from ecolint.readers.python import plurals
from ecolint.readers.python.bindings import assigned
from ecolint.readers.python.context import Context
from ecolint.readers.python.expressions import asks_type, inside, is_listed, target_names
from ecolint.readers.python.lines import Line
from ecolint.readers.python.names import dotted, find
from ecolint.readers.python.parsing import Statement
from ecolint.readers.python.scopes import Binding
from ecolint.readers.python.shape_changes import between, of_changes
from ecolint.readers.python.shape_loops import item
from ecolint.readers.python.shapes import CONSTANT, Shape, Shapes, either, joined, named
from ecolint.readers.python.tracing import identifiers

MAX_TESTS = 4
"""Tests of one `if` chain that are read for the type of a name."""

_COUNTED = re.compile(r"while\s+(\w+)\s*<=?\s*len\(")


def of_name(desk: Shapes, node: cst.Name, statement: Statement) -> Shape:
    """What a name holds where it is used."""
    name, line = node.value, statement.line
    if plurals.AGENT.search(name):
        return CONSTANT
    inner = _clause(desk, node, statement)
    if inner is not None:
        return inner
    counted = _counted(desk.ctx, name, line)
    if counted is not None:
        return Shape(loops=frozenset({counted}))
    found = find(desk.ctx, name, line)
    bindings = [reach.binding for reach in found.reaches]
    if not bindings or (found.scope != line.scope and bindings[0].kind != "param"):
        return CONSTANT
    shapes = [of_binding(desk, binding, name) for binding in dict.fromkeys(bindings)]
    if found.scope == line.scope:
        shapes.append(of_changes(desk, name, bindings, line))
    shape = named(joined(shapes), name)
    return either(shape) if any(_wrapped(desk.ctx, one, name) for one in bindings) else shape


def _wrapped(ctx: Context, binding: Binding, name: str) -> bool:
    """True for `if not isinstance(x, list): x = [x]`: where that is not taken, it is a list already."""
    statement = ctx.statement(binding.line) if binding.kind == "assign" else None
    written = assigned(statement, name) if statement is not None else None
    if statement is None or written is None or not is_listed(written[0], name):
        return False
    line = statement.line
    header = ctx.script.lines[line.parent] if line.parent >= 0 else line
    return header.kind in ("if", "elif", "else") and any(
        asks_type(ctx.flow.test(one), name) for one in ctx.flow.chain(header.leader)[:MAX_TESTS]
    )


def _clause(desk: Shapes, node: cst.Name, statement: Statement) -> Shape | None:
    """The shape of a name that a comprehension or a lambda around it binds."""
    current: cst.CSTNode = node
    while (parent := statement.parents.get(current)) is not None:
        if isinstance(parent, cst.BaseComp):
            clause: cst.CompFor | None = parent.for_in
            while clause is not None:
                outside = not inside(node, clause.iter, statement)
                if outside and node.value in target_names(clause.target):
                    return item(desk, clause.iter, statement, clause, node.value)
                clause = clause.inner_for_in
        elif isinstance(parent, cst.Lambda):
            listed = parent.params.params
            if any(one.name.value == node.value for one in listed):
                several = plurals.BATCH.search(node.value) is not None
                return Shape("many" if several else "one", frozenset({parent}))
        current = parent
    return None


def _counted(ctx: Context, name: str, line: Line) -> int | None:
    """The loop around a line that counts this name up to the length of something."""
    header = ctx.flow.loop(line)
    while header >= 0:
        one = ctx.script.lines[header]
        if one.kind == "while" and (match := _COUNTED.match(ctx.script.body(one))) and match.group(1) == name:
            return header
        header = ctx.flow.loop(one)
    return None


def of_binding(desk: Shapes, binding: Binding, name: str) -> Shape:
    """What one binding gives a name."""
    if binding.kind == "param":
        return _param(desk.ctx, binding)
    statement = desk.ctx.statement(binding.line)
    root = statement.root if statement is not None else None
    if statement is None or root is None:
        return CONSTANT
    if binding.kind == "for" and isinstance(root, cst.For):
        return item(desk, root.iter, statement, binding.line, name)
    if binding.kind == "aug" and isinstance(root, cst.AugAssign):
        return _grown(desk, root, statement)
    if binding.kind == "with" and isinstance(root, cst.With):
        return joined((desk.of(one.item, statement) for one in root.items), "one")
    if binding.kind in ("assign", "walrus") and (written := assigned(statement, name)) is not None:
        shape = _part(desk, written[0], written[1], statement)
        return _anew(desk, shape, written[0], name, statement)
    return CONSTANT


def _anew(desk: Shapes, shape: Shape, value: cst.BaseExpression, name: str, statement: Statement) -> Shape:
    """`text = text + more` grows with every loop that does not begin it anew."""
    found, count = desk.ctx.scopes.before(statement.line.scope, name, statement.line.index)
    if not count or name not in identifiers(statement.code(value)):
        return shape
    return replace(shape, grows=shape.grows | between(desk.ctx, found[count - 1].line, statement.line))


def _param(ctx: Context, binding: Binding) -> Shape:
    if binding.name in ("self", "cls"):
        return CONSTANT
    parameter = ctx.signature(binding.line).get(binding.name)
    listed = parameter is not None and plurals.annotated(parameter.annotation)
    several = plurals.several(binding.name) and not (parameter is not None and plurals.single(parameter.annotation))
    name = frozenset({binding.name})
    return Shape("many" if listed or several else "one", params=name, counted=name)


def _grown(desk: Shapes, root: cst.AugAssign, statement: Statement) -> Shape:
    """`text += more`: both, and it grows with every loop that does not begin it anew."""
    added = desk.of(root.value, statement)
    name = dotted(root.target)
    if name is None:
        return added
    found, count = desk.ctx.scopes.before(statement.line.scope, ".".join(name), statement.line.index)
    before = found[count - 1] if count else None
    start = of_binding(desk, before, ".".join(name)) if before is not None else CONSTANT
    begun = before.line if before is not None else statement.line.scope
    return joined((start, replace(added, grows=added.grows | between(desk.ctx, begun, statement.line))))


def _part(desk: Shapes, node: cst.BaseExpression, path: tuple[int, ...], statement: Statement) -> Shape:
    """One part of what is unpacked."""
    while path and isinstance(node, cst.Tuple | cst.List) and path[0] < len(node.elements):
        node, path = node.elements[path[0]].value, path[1:]
    shape = desk.of(node, statement)
    return replace(shape, count="some") if path and shape.count == "many" else shape
