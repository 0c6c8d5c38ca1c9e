"""The call-site room: where this file calls one of its own functions, and what each call passes."""

from __future__ import annotations

import libcst as cst

from ecolint.readers.python.context import Context, Parameter, Site
from ecolint.readers.python.names import dotted, local_definition
from ecolint.readers.python.parsing import Statement

MAX_SITES = 8


def call_sites(ctx: Context, function: int) -> list[Site]:
    """The calls in this file of the `def` at a line index, at most eight; none where there are more."""
    if function not in ctx.sites:
        ctx.sites[function] = _find(ctx, function)
    return ctx.sites[function]


def _find(ctx: Context, function: int) -> list[Site]:
    lines = ctx.script.lines
    header = lines[function]
    statement = ctx.statement(function)
    if statement is None or not isinstance(statement.root, cst.FunctionDef):
        return []
    name = statement.root.name.value
    method = header.scope >= 0 and lines[header.scope].kind == "class"
    owner = _class_name(ctx, header.scope) if name == "__init__" else None
    offsets = ctx.words.attributes.get(name, []) if method else ctx.words.names.get(name, [])
    if owner is not None:
        offsets = ctx.words.names.get(owner, [])
    if len(offsets) > 4 * MAX_SITES:
        return []
    found: list[Site] = []
    seen: set[int] = set()
    for offset in offsets:
        line = ctx.script.at(offset)
        if line is None or line.index in seen or function <= line.index <= header.tail:
            continue
        seen.add(line.index)
        used = ctx.parser.parse(line)
        for node in used.nodes if used is not None else ():
            if isinstance(node, cst.Call) and used is not None:
                parts = dotted(node.func)
                if parts is None or parts[-1] != (owner or name):
                    continue
                means = local_definition(ctx, parts, used)
                if means == function or (method and means in (None, header.scope)):
                    found.append(bind(ctx, function, node, used, method, likely=means is None))
    return found if len(found) <= MAX_SITES else []


def given_sites(ctx: Context, function: int) -> list[Site]:
    """The calls that are given the `def` itself, with what they are given besides under the names of its parameters
    (`run(model, tokenizer, evaluate)`): that is what it will be called with."""
    statement = ctx.statement(function)
    root = statement.root if statement is not None else None
    offsets = ctx.words.names.get(root.name.value, []) if isinstance(root, cst.FunctionDef) else []
    found: list[Site] = []
    for line in [ctx.script.at(offset) for offset in offsets[:MAX_SITES]]:
        used = ctx.parser.parse(line) if line is not None and line.index != function else None
        for node in used.nodes if used is not None else ():
            if isinstance(node, cst.Call) and used is not None and _given(ctx, node, function, used):
                named = {one.keyword.value if one.keyword else _plain(one.value): one.value for one in node.args}
                passed = {name: (named[name], used) for name in ctx.signature(function) if name in named}
                found.append(Site(node, used, passed, hidden=True, likely=True))
    return found


def _given(ctx: Context, call: cst.Call, function: int, statement: Statement) -> bool:
    parts = [dotted(one.value) for one in call.args]
    return any(one is not None and local_definition(ctx, one, statement) == function for one in parts)


def _plain(node: cst.CSTNode) -> str:
    return node.value if isinstance(node, cst.Name) else ""


def _class_name(ctx: Context, scope: int) -> str | None:
    statement = ctx.statement(scope) if scope >= 0 else None
    return statement.root.name.value if statement is not None and isinstance(statement.root, cst.ClassDef) else None


def bind(ctx: Context, function: int, call: cst.Call, statement: Statement, method: bool, likely: bool = False) -> Site:
    """Match the arguments of a call to the parameters of a function of this file."""
    parameters = list(ctx.signature(function).values())
    plain = [one for one in parameters if one.position is not None]
    if method and plain and plain[0].name in ("self", "cls"):
        plain = plain[1:]
    named = {one.name: one for one in parameters}
    arguments: dict[str, tuple[cst.BaseExpression, Statement]] = {}
    hidden, position = False, 0
    for argument in call.args:
        if argument.star:
            hidden = True
        elif argument.keyword is not None:
            parameter: Parameter | None = named.get(argument.keyword.value)
            if parameter is not None:
                arguments[parameter.name] = (argument.value, statement)
        elif position < len(plain):
            arguments[plain[position].name] = (argument.value, statement)
            position += 1
    return Site(call, statement, arguments, hidden, likely)
