"""The member room: what a dotted name is worth, from modules, classes of this file, instances and command lines."""

from __future__ import annotations

from dataclasses import replace

import libcst as cst

from ecolint.model import Alternative, Symbol, Table, Value
from ecolint.readers.python.alternatives import OPEN, bounded, known, settled, through, under, unknown
from ecolint.readers.python.bindings import binding_value
from ecolint.readers.python.context import Context, Frame
from ecolint.readers.python.defaults import command_line, overridable
from ecolint.readers.python.names import (
    class_member,
    dotted,
    enclosing_class,
    find,
    imported,
    local_definition,
    shadowed,
)
from ecolint.readers.python.parsing import Statement
from ecolint.readers.python.scopes import MODULE, Binding
from ecolint.readers.python.tables import changed, entry

MAX_MEMBERS = 6
MAX_PATH = 4


def attribute_value(ctx: Context, node: cst.CSTNode, statement: Statement, frame: Frame | None) -> Value:
    """What an attribute access can be: a symbol of a module, a class attribute, an argument of a command line."""
    parts = dotted(node)
    if parts is None:
        value = _of_instance(ctx, node, statement, frame)
        return value if value is not None else unknown(ctx.place(statement, node))
    if shadowed(statement, node, parts[0]):
        return unknown(ctx.place(statement, node))
    found = find(ctx, parts[0], statement.line)
    binding = imported(found)
    if binding is not None:
        return _of_module(ctx, binding, parts, node, statement)
    local = _local_path(ctx, parts, statement, frame)
    if local is not None:
        return local
    value = _of_class(ctx, parts, statement, frame)
    if value is None and len(parts) == 2:
        value = _of_instance(ctx, node, statement, frame)
        if value is None and found.reaches:
            value = command_line(ctx, parts[1])
    return value if value is not None else unknown(ctx.place(statement, node))


def _of_module(
    ctx: Context, binding: Binding, parts: tuple[str, ...], node: cst.CSTNode, statement: Statement
) -> Value:
    names = [*binding.origin.split("."), *parts[1:]]
    dots = len(binding.origin) - len(binding.origin.lstrip("."))
    names = ["." * dots + names[dots], *names[dots + 1 :]] if dots else names
    for size in range(len(names) - 1, max(0, len(names) - 1 - MAX_PATH), -1):
        constant = _elsewhere(ctx, ".".join(names[:size]), names[size:])
        if constant:
            return through(constant, "constant", shared=True)
    if dots and len(names) <= MAX_PATH:  # from . import name
        constant = _elsewhere(ctx, "." * dots, [names[0].lstrip("."), *names[1:]])
        if constant:
            return through(constant, "constant", shared=True)
    if binding.origin.startswith("."):
        return unknown(ctx.place(statement, node))
    return known(Symbol(".".join((binding.origin, *parts[1:]))), ctx.place(statement, node))


def _elsewhere(ctx: Context, module: str, names: list[str]) -> Value | None:
    """A constant of a module of this project, or an attribute of a class or an instance there."""
    exports = ctx.exports(module)
    if len(names) > 2:
        return None
    held = exports.get(names[0], ())
    if len(names) == 1:
        return held or None
    if len(held) == 1 and isinstance(held[0].data, Table) and held[0].data.name.startswith("."):
        return entry(held[0].data, names[1]) or exports.get(f"{held[0].data.name[1:]}.{names[1]}")
    return exports.get(f"{names[0]}.{names[1]}")


def _local_path(ctx: Context, parts: tuple[str, ...], statement: Statement, frame: Frame | None) -> Value | None:
    """A dotted path that the same function assigned before the use."""
    path, line = ".".join(parts), statement.line
    if path not in ctx.scopes.of(line.scope).bindings:
        return None
    reaches = ctx.flow.reaching(path, line, line.scope)
    if not reaches or not any(not reach.arms for reach in reaches):
        return None
    alternatives: list[Alternative] = []
    for reach in reaches:
        value = binding_value(ctx, reach.binding, frame)
        value = changed(ctx, value, ctx.scopes.changes(line.scope, path, reach.binding.line, line.index), line, frame)
        alternatives += under(value, ctx.flow.name(reach.arms))
    return through(bounded(alternatives), "constant", _shared(ctx, parts[-1], len(reaches)))


def _shared(ctx: Context, name: str, bound: int) -> bool:
    return len(ctx.words.attributes.get(name, ())) - bound > 1


def _of_class(ctx: Context, parts: tuple[str, ...], statement: Statement, frame: Frame | None) -> Value | None:
    if len(parts) < 2:
        return None
    if parts[0] in ("self", "cls"):
        owner = enclosing_class(ctx, statement.line)
    else:
        defined = local_definition(ctx, parts[:1], statement)
        owner = defined if defined is not None and ctx.script.lines[defined].kind == "class" else -1
    if owner < 0:
        return None
    if len(parts) == 3 and parts[2] == "value":
        parts = parts[:2]  # a member of an enumeration
    if len(parts) != 2:
        return None
    value = member_value(ctx, owner, parts[1], statement, frame)
    if value is not None and parts[0] in ("self", "cls") and _in_body(ctx, owner, parts[1]):
        return tuple(overridable(one) for one in value)  # by a subclass
    return value


def _in_body(ctx: Context, owner: int, name: str) -> bool:
    """True for an attribute that class bodies alone bind."""
    lines = ctx.script.lines
    scopes = [lines[one.line].scope for one in class_member(ctx, owner, name)]
    return bool(scopes) and all(scope >= 0 and lines[scope].kind == "class" for scope in scopes)


def member_value(ctx: Context, owner: int, name: str, statement: Statement, frame: Frame | None) -> Value | None:
    """What an attribute of a class of this file can be; None where the class has none of that name."""
    found = class_member(ctx, owner, name)
    if not found or len(found) > MAX_MEMBERS or any(one.kind == "def" for one in found):
        return OPEN if found else None
    lines = ctx.script.lines
    scopes = {lines[one.line].scope for one in found}
    shared = _shared(ctx, name, len(found))
    if len(scopes) == 1:
        scope = scopes.pop()
        path = found[0].name
        reaches = ctx.flow.at_end(path, scope) or []
        end = ctx.flow.end(scope)
        alternatives: list[Alternative] = []
        for reach in reaches:
            value = binding_value(ctx, reach.binding, frame)
            value = changed(ctx, value, ctx.scopes.changes(scope, path, reach.binding.line, end.index), end, frame)
            alternatives += under(value, ctx.flow.name(reach.arms))
        value = bounded(alternatives)
    else:
        value = settled([binding_value(ctx, one, frame) for one in found])
    if statement.line.scope in {lines[one.line].scope for one in found}:
        value = tuple(replace(one, how="derived") for one in value)  # what an earlier call of this method left
    path, line = f"self.{name}", statement.line
    if line.scope != MODULE and line.scope not in {lines[one.line].scope for one in found}:
        value = changed(ctx, value, ctx.scopes.changes(line.scope, path, line.scope, line.index), line, frame)
    return through(value, "constant", shared)


def _of_instance(ctx: Context, node: cst.CSTNode, statement: Statement, frame: Frame | None) -> Value | None:
    """An attribute of an object that a class of this file, called here, made: a field, or the class's default."""
    assert isinstance(node, cst.Attribute)
    name = node.attr.value
    found: list[Alternative] = []
    for one in ctx.evaluate(node.value, statement, frame):
        table = one.data
        if not isinstance(table, Table) or table.syntax != "python.call" or not table.name:
            return None
        value = entry(table, name)
        if value is None and table.open:
            value = OPEN if _fields_of(ctx, table.name, name, statement, frame) else None
        elif value is None:
            value = _fields_of(ctx, table.name, name, statement, frame)
        if value is None:
            return None
        found += under(through(value, "constant", shared=True), one.branches)
    return bounded(found)


def _fields_of(ctx: Context, name: str, attribute: str, statement: Statement, frame: Frame | None) -> Value | None:
    """What an attribute of a class is worth where nobody sets it: of this file (`.Name`), or of another module."""
    owner = ctx.scopes.functions.get(name[1:], [-1])[-1] if name.startswith(".") else -1
    if owner >= 0:
        return member_value(ctx, owner, attribute, statement, frame)
    module, _, held = name.rpartition(".")
    return ctx.exports(module or ".").get(f"{held}.{attribute}")
