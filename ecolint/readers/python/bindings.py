"""The binding room: what a name is worth at a line, from the assignments, parameters and imports that reach it."""

from __future__ import annotations

from dataclasses import replace

import libcst as cst

from ecolint.model import ALWAYS, Alternative, How, Items, Symbol, Value
from ecolint.readers.python import defaults, instances
from ecolint.readers.python.alternatives import OPEN, bounded, known, settled, through, under, unknown
from ecolint.readers.python.context import Context, Frame, Parameter
from ecolint.readers.python.flow import Reach
from ecolint.readers.python.lines import Line
from ecolint.readers.python.names import Found, find, shadowed
from ecolint.readers.python.parsing import Statement
from ecolint.readers.python.scopes import MODULE, Binding
from ecolint.readers.python.sites import call_sites
from ecolint.readers.python.tables import changed

MAX_STARS = 4


def name_value(ctx: Context, node: cst.Name, statement: Statement, frame: Frame | None) -> Value:
    """What a plain name can be at its statement."""
    name = node.value
    if shadowed(statement, node, name):
        return unknown(ctx.place(statement, node))
    line = statement.line
    found = find(ctx, name, line)
    if not found.reaches:
        if line.scope != MODULE and ctx.scopes.of(line.scope).mutations.get(name):
            return changed(
                ctx,
                unknown(ctx.place(statement, node)),
                ctx.scopes.changes(line.scope, name, -1, line.index),
                line,
                frame,
            )
        return _starred(ctx, name, found) or unknown(ctx.place(statement, node))
    shared = _shared(ctx, name, found.scope)
    values = [
        _after(ctx, name, reach, binding_value(ctx, reach.binding, frame), found.scope, line, frame)
        for reach in found.reaches
    ]
    if found.rivals:
        return through(settled(values), "constant", shared)
    alternatives: list[Alternative] = []
    for reach, value in zip(found.reaches, values, strict=True):
        alternatives += under(value, ctx.flow.name(reach.arms))
    return through(bounded(alternatives), "constant", shared)


def _starred(ctx: Context, name: str, found: Found) -> Value | None:
    """A constant that a `from module import *` brings, where nothing in this file binds the name."""
    if found.rivals or name in ctx.scopes.of(found.scope).bindings:
        return None
    for module in reversed(ctx.scopes.stars[-MAX_STARS:]):
        constant = ctx.exports(module).get(name)
        if constant:
            return tuple(_from_elsewhere(one) for one in constant)
    return None


def _shared(ctx: Context, name: str, scope: int) -> bool:
    """True where a name's value is read in more than one place, so that an edit of it would change other uses."""
    lines = ctx.script.lines
    start, end = (0, len(ctx.source.text)) if scope == MODULE else (lines[scope].start, lines[lines[scope].tail].end)
    mutations = len(ctx.scopes.of(scope).mutations.get(name, ()))
    return ctx.words.count(name, start, end) - mutations > 1


def _after(ctx: Context, name: str, reach: Reach, value: Value, scope: int, use: Line, frame: Frame | None) -> Value:
    """A binding's value with what was changed in it between the binding and the use."""
    start = reach.binding.line
    if use.scope == scope:
        return changed(ctx, value, ctx.scopes.changes(scope, name, start, use.index), use, frame)
    end = ctx.flow.end(scope)
    value = changed(ctx, value, ctx.scopes.changes(scope, name, start, end.index), end, frame)
    return changed(ctx, value, ctx.scopes.changes(use.scope, name, use.scope, use.index), use, frame)


def binding_value(ctx: Context, binding: Binding, frame: Frame | None = None) -> Value:
    """What a binding gives its name, without later changes; unknown for loops, `with`, `def` and the like."""
    if binding.kind == "import":
        return _imported(ctx, binding)
    if binding.kind == "param":
        return _parameter(ctx, binding, frame)
    if binding.kind not in ("assign", "walrus"):
        return OPEN
    statement = ctx.statement(binding.line)
    written = assigned(statement, binding.name) if statement is not None else None
    if statement is None or written is None:
        return OPEN
    node, path = written
    value = ctx.evaluate(node, statement, frame)
    for index in path:
        value = _part(value, index)
    if defaults.declares_default(ctx, statement):
        value = tuple(defaults.overridable(one) for one in value)
    return defaults.declared(value)


def _part(value: Value, index: int) -> Value:
    found: list[Alternative] = []
    for one in value:
        items = one.data
        inner = items.items[index] if isinstance(items, Items) and index < len(items.items) and not items.open else OPEN
        found += under(inner, one.branches)
    return bounded(found)


def _imported(ctx: Context, binding: Binding) -> Value:
    if binding.module:
        constant = ctx.exports(binding.module).get(binding.member)
        if constant:
            return tuple(_from_elsewhere(one) for one in constant)
    if not binding.origin or binding.origin.startswith("."):
        return OPEN
    return known(Symbol(binding.origin), ctx.line_place(ctx.script.lines[binding.line]))


def _from_elsewhere(one: Alternative) -> Alternative:
    how: How = "constant" if one.how == "literal" else one.how
    return replace(one, how=how, shared=True)


def assigned(statement: Statement, name: str) -> tuple[cst.BaseExpression, tuple[int, ...]] | None:
    """The expression that a statement binds `name` (possibly dotted) to, and the index path into it for tuples."""
    root = statement.root
    if isinstance(root, cst.Assign):
        for target in root.targets:
            path = _path_to(target.target, name)
            if path is not None:
                return root.value, path
    elif isinstance(root, cst.AnnAssign) and root.value is not None:
        path = _path_to(root.target, name)
        if path is not None:
            return root.value, path
    for node in statement.nodes:
        if isinstance(node, cst.NamedExpr) and isinstance(node.target, cst.Name) and node.target.value == name:
            return node.value, ()
    return None


def _path_to(target: cst.BaseExpression, name: str) -> tuple[int, ...] | None:
    if isinstance(target, cst.Name):
        return () if target.value == name else None
    if isinstance(target, cst.Attribute):
        parts = []
        node: cst.BaseExpression = target
        while isinstance(node, cst.Attribute):
            parts.append(node.attr.value)
            node = node.value
        if isinstance(node, cst.Name):
            parts.append(node.value)
            return () if ".".join(reversed(parts)) == name else None
    if isinstance(target, cst.Tuple | cst.List):
        for index, element in enumerate(target.elements):
            if isinstance(element, cst.StarredElement):
                return None
            inner = _path_to(element.value, name)
            if inner is not None:
                return (index, *inner)
    return None


def _parameter(ctx: Context, binding: Binding, frame: Frame | None) -> Value:
    """A parameter: the argument of the call looked through, else what the calls in this file pass, else its default."""
    function, name = binding.line, binding.name
    parameter = ctx.signature(function)[name]
    if parameter.star:
        return OPEN
    if frame is not None and frame.function == function:
        if name in frame.arguments:
            node, statement = frame.arguments[name]
            return ctx.evaluate(node, statement)
        return _default(ctx, function, parameter)
    fallback = _default(ctx, function, parameter)
    sites = call_sites(ctx, function)
    passed = [(site.arguments.get(name), site.hidden) for site in sites]
    if not any(argument or hidden for argument, hidden in passed):
        return fallback
    found: list[Alternative] = []
    decision = f"C{ctx.script.number(ctx.script.lines[function].start)}"
    for arm, (argument, hidden) in enumerate(passed):
        value = ctx.evaluate(*argument) if argument else _unseen(ctx, name, fallback) if hidden else fallback
        one = defaults.overridable(replace(value[0], branches=ALWAYS)) if len(value) == 1 else OPEN[0]
        found += under((one,), frozenset({(decision, arm)}) if len(passed) > 1 else ALWAYS)
    if len({(one.kind, repr(one.data)) for one in found}) == 1:
        return (replace(found[0], branches=ALWAYS, shared=len(found) > 1 or found[0].shared),)
    return bounded(found)


def _unseen(ctx: Context, name: str, fallback: Value) -> Value:
    """What a call passes that spreads something nobody can see, `main(**vars(args))`: a default, of whoever has one."""
    return defaults.command_line(ctx, name) or fallback


def _default(ctx: Context, function: int, parameter: Parameter) -> Value:
    statement = ctx.statement(function)
    if parameter.default is not None and statement is not None:
        value = defaults.declared(ctx.evaluate(parameter.default, statement))
        return tuple(defaults.overridable(one) for one in value)
    optional = defaults.option(ctx, function, parameter)
    if optional == OPEN and parameter.annotation and statement is not None:
        place = ctx.line_place(statement.line)
        return instances.annotated(ctx, parameter.annotation, statement.line, place) or OPEN
    return optional
