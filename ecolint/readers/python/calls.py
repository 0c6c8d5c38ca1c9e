"""The call room: which function a call means, and what the call is worth."""

from __future__ import annotations

from dataclasses import replace

import libcst as cst

from ecolint.model import Alternative, Data, Items, Symbol, Table, Template, Value
from ecolint.readers.python import defaults, instances, tables, texts
from ecolint.readers.python.alternatives import OPEN, bounded, change, known, through, under, unknown
from ecolint.readers.python.context import Context, Frame
from ecolint.readers.python.names import dotted, find, is_free, known_name, local_definition, shadowed
from ecolint.readers.python.parsing import Statement
from ecolint.readers.python.sites import bind

MAX_RETURNS = 6
PARTIAL = "functools.partial"
FETCHING = frozenset(
    {
        "huggingface_hub.snapshot_download",
        "modelscope.snapshot_download",
        "modelscope.hub.snapshot_download.snapshot_download",
        "bentoml.models.HuggingFaceModel",
    }
)
"""Functions that bring a repository onto this machine and give back the folder."""


def call_value(ctx: Context, node: cst.CSTNode, statement: Statement, frame: Frame | None) -> Value:
    """What a call gives: a table of its arguments where the callee is known, else the little that can be computed."""
    assert isinstance(node, cst.Call)
    parts = dotted(node.func)
    if parts is None:
        return _on_value(ctx, node, statement, frame)
    name = known_name(ctx, parts, statement, node)
    if name is None and parts == ("dict",) and not find(ctx, "dict", statement.line).reaches:
        return tables.dict_call(ctx, statement, node, frame)
    if defaults.is_environment(ctx, parts, name, node, statement):
        return _environment(ctx, node, statement, frame)
    if name is not None and not name.startswith("."):
        if name in FETCHING:
            return _fetched(ctx, node, statement, frame)
        if (name == "os.path.join" or name in texts.PATHS) and node.args:
            return _joined(ctx, node, statement, frame)
        if name == "json.dumps" and len(node.args) == 1:
            return change(ctx.evaluate(node.args[0].value, statement, frame), _dumped, ctx.place(statement, node))
        if name in instances.PARSES:
            return instances.parsed(ctx, node, statement)
        note(ctx, node, statement)
        return known(tables.call_table(ctx, statement, node, name, frame), ctx.place(statement, node))
    if name is None:
        local = local_definition(ctx, parts, statement)
        if local is not None:
            return _local(ctx, node, statement, frame, local, parts)
        simple = _builtin(ctx, node, parts, statement, frame)
        if simple is not None:
            return simple
        for qualified, _ in held_names(ctx, node.func, statement, node):
            note(ctx, node, statement)
            return known(tables.call_table(ctx, statement, node, qualified, frame), ctx.place(statement, node))
        if parts[-1] in instances.PARSE_METHODS:
            return instances.parsed_by(ctx, node, statement)
        return _lambda(ctx, parts, statement)
    if name[name.rfind(".") + 1 :][:1].isupper():
        return known(tables.call_table(ctx, statement, node, name, frame), ctx.place(statement, node))
    return unknown(ctx.place(statement, node))


def _on_value(ctx: Context, call: cst.Call, statement: Statement, frame: Frame | None) -> Value:
    """A method of what another expression gives."""
    if isinstance(call.func, cst.Attribute) and call.func.attr.value in texts.METHODS:
        return texts.method(ctx, call, statement, frame, call.func.value, call.func.attr.value)
    return unknown(ctx.place(statement, call))


def _lambda(ctx: Context, parts: tuple[str, ...], statement: Statement) -> Value:
    """What a function written as `name = lambda: …` gives."""
    reaches = find(ctx, parts[0], statement.line).reaches if len(parts) == 1 else ()
    if len(reaches) != 1 or reaches[0].binding.kind != "assign" or reaches[0].arms:
        return OPEN
    home = ctx.statement(reaches[0].binding.line)
    root = home.root if home is not None else None
    if home is None or not isinstance(root, cst.Assign) or not isinstance(root.value, cst.Lambda):
        return OPEN
    return ctx.evaluate(root.value.body, home) if not root.value.params.params else OPEN


def note(ctx: Context, call: cst.Call, statement: Statement) -> None:
    """Remember which call a table came from, by its place."""
    ctx.noted.append((call, statement))


def held_names(ctx: Context, callee: cst.CSTNode, statement: Statement, node: cst.CSTNode) -> list[tuple[str, bool]]:
    """Every qualified name that a callee can mean, with whether that took a heuristic.

    Imports are plain. A class or function held in a variable, or a free name that a star import may have brought, is
    a heuristic.
    """
    if callee in ctx.held:
        return ctx.held[callee]
    found = _held_names(ctx, callee, statement, node)
    if not ctx.depth:  # what is still being worked out may be told otherwise later
        ctx.held[callee] = found
    return found


def _held_names(ctx: Context, callee: cst.CSTNode, statement: Statement, node: cst.CSTNode) -> list[tuple[str, bool]]:
    parts = dotted(callee)
    if parts is None:
        return []
    name = known_name(ctx, parts, statement, node)
    if name is not None:
        return [] if name.startswith(".") else [(name, False)]
    if shadowed(statement, node, parts[0]):
        return []
    for size in range(len(parts), 0, -1):
        prefix = callee
        for _ in range(len(parts) - size):
            assert isinstance(prefix, cst.Attribute)
            prefix = prefix.value
        rest = parts[size:]
        if size == 1 and parts[0] in ("self", "cls"):
            break
        found = [one.data.name for one in ctx.evaluate(prefix, statement) if isinstance(one.data, Symbol)]
        if found:
            return [(".".join((one, *rest)), True) for one in dict.fromkeys(found)]
    if is_free(ctx, parts[0], statement, node):
        return [(".".join((module, *parts)), True) for module in ctx.scopes.stars if not module.startswith(".")]
    return []


def _environment(ctx: Context, call: cst.Call, statement: Statement, frame: Frame | None) -> Value:
    for position, argument in enumerate(call.args):
        if (position == 1 and argument.keyword is None) or (
            argument.keyword is not None and argument.keyword.value == "default"
        ):
            return tuple(defaults.overridable(one) for one in ctx.evaluate(argument.value, statement, frame))
    return unknown(ctx.place(statement, call))


def _dumped(data: Data) -> str | None:
    """A number as JSON, which is how variables are often given theirs."""
    return str(data) if isinstance(data, int | float) and not isinstance(data, bool) else None


def _joined(ctx: Context, call: cst.Call, statement: Statement, frame: Frame | None) -> Value:
    place = ctx.place(statement, call)
    if any(argument.star or argument.keyword is not None for argument in call.args):
        return unknown(place)
    return texts.path([ctx.evaluate(argument.value, statement, frame) for argument in call.args], place)


def _fetched(ctx: Context, call: cst.Call, statement: Statement, frame: Frame | None) -> Value:
    """The folder of a downloaded repository holds that repository: its name stands for it."""
    for position, argument in enumerate(call.args):
        if argument.star:
            break
        word = argument.keyword.value if argument.keyword is not None else None
        if word in ("repo_id", "model_id") or (word is None and position == 0):
            return ctx.evaluate(argument.value, statement, frame)
    return unknown(ctx.place(statement, call))


def _builtin(
    ctx: Context, call: cst.Call, parts: tuple[str, ...], statement: Statement, frame: Frame | None
) -> Value | None:
    """`int("8")`, `str(x)`, `d.get("k", 1)`, `d.copy()` on what is known; None for any other call."""
    place = ctx.place(statement, call)
    if len(parts) == 1 and len(call.args) == 1 and parts[0] in ("int", "float", "str", "bool"):
        return change(ctx.evaluate(call.args[0].value, statement, frame), lambda data: _cast(parts[0], data), place)
    if len(parts) >= 2 and parts[-1] in texts.METHODS and isinstance(call.func, cst.Attribute):
        return texts.method(ctx, call, statement, frame, call.func.value, parts[-1])
    if len(parts) < 2 or not isinstance(call.func, cst.Attribute) or parts[-1] not in ("get", "copy"):
        return None
    holder = ctx.evaluate(call.func.value, statement, frame)
    if not any(isinstance(one.data, Table) and one.data.syntax == "python.dict" for one in holder):
        return None
    if parts[-1] == "copy":
        return holder
    key = ctx.evaluate(call.args[0].value, statement, frame) if call.args else ()
    if len(key) != 1 or not isinstance(key[0].data, str):
        return unknown(place)
    found: list[Alternative] = []
    for one in holder:
        inner = tables.entry(one.data, key[0].data) if isinstance(one.data, Table) else None
        if inner is None and isinstance(one.data, Table) and not one.data.open:
            inner = ctx.evaluate(call.args[1].value, statement, frame) if len(call.args) > 1 else known(None, place)
        found += under(inner or unknown(place), one.branches)
    return through(bounded(found), "constant", shared=False)


def _cast(kind: str, data: Data) -> Data | None:
    if isinstance(data, Table | Items | Symbol | Template) or data is None:
        return None
    try:
        if kind == "int":
            return int(data)
        if kind == "float":
            return float(data)
    except (ValueError, OverflowError):
        return None
    if kind == "bool":
        return bool(data)
    return str(data)


def _local(
    ctx: Context, call: cst.Call, statement: Statement, frame: Frame | None, index: int, parts: tuple[str, ...]
) -> Value:
    """A call of a function or class of this file: what its `return`s can be, or the instance as a table."""
    place = ctx.place(statement, call)
    if ctx.script.lines[index].kind == "class":
        note(ctx, call, statement)
        return known(tables.call_table(ctx, statement, call, f".{parts[-1]}", frame), place)
    if frame is not None:
        return unknown(place)  # one level of calls, no more
    site = bind(ctx, index, call, statement, method=len(parts) == 2)
    inner = Frame(index, site.arguments)
    found: list[Alternative] = []
    for returned in returns(ctx, index):
        root = returned.root
        if not isinstance(root, cst.Return) or root.value is None:
            continue
        path = ctx.flow.path(returned.line)
        if path is not None:
            found += under(ctx.evaluate(root.value, returned, inner), ctx.flow.name(path))
    several = len(site.arguments) == 0 and len(found) > 0 and _called_often(ctx, parts[-1])
    return bounded([replace(one, shared=one.shared or several) for one in found])


def _called_often(ctx: Context, name: str) -> bool:
    return len(ctx.words.anywhere(name)) > 2


def returns(ctx: Context, function: int) -> list[Statement]:
    """The `return` statements of a function of this file, at most six, nested functions left out."""
    lines = ctx.script.lines
    if function not in ctx.returned:
        found: list[int] = []
        for index in range(function + 1, lines[function].tail + 1):
            line = lines[index]
            if line.scope == function and not line.kind and ctx.source.text.startswith("return", line.start):
                found.append(index)
                if len(found) > MAX_RETURNS:
                    break
        ctx.returned[function] = found
    indices = ctx.returned[function]
    if len(indices) > MAX_RETURNS:
        return []
    statements = [ctx.statement(index) for index in indices]
    return [one for one in statements if one is not None]


def is_partial(ctx: Context, call: cst.Call, statement: Statement) -> bool:
    """True for `functools.partial(f, …)` with a first positional argument."""
    parts = dotted(call.func)
    if parts is None or not call.args or call.args[0].keyword is not None or call.args[0].star:
        return False
    return known_name(ctx, parts, statement, call) == PARTIAL
