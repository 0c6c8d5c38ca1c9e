"""The export room: the module-level constants of a file that others may import."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ecolint.model import Alternative, Source, Value, Wanted
from ecolint.readers import Nowhere
from ecolint.readers.python.alternatives import bounded, under
from ecolint.readers.python.bindings import binding_value
from ecolint.readers.python.context import Context, prepare
from ecolint.readers.python.scopes import MODULE, Binding
from ecolint.readers.python.tables import changed
from ecolint.readers.python.values import attach

MAX_NAMES = 500

_SIMPLE = re.compile(
    r"""\s*(?:[rRfFbBuU]{0,2}["']|-?[\d.]|[\[{(]|(?:True|False|None)\b|(?:dict|int|float|str|bool)\(|(?:os\.)?(?:environ|getenv)"""
    r"""|(?:\w+\.)*[A-Z]\w*(?:\.\w+)*\s*(?:$|[(+/])|[a-z_]\w*\.\w+\s*$)"""
)


def module_constants(source: Source) -> Mapping[str, Value]:
    """Simple values by module-level name, and by `Class.name` for the attributes of top-level classes."""
    if "\0" in source.text:
        return {}
    ctx = attach(prepare(source, Wanted(), Nowhere()))
    found: dict[str, Value] = {}
    _gather(ctx, MODULE, "", found)
    for name, indices in ctx.scopes.functions.items():
        line = ctx.script.lines[indices[-1]]
        if line.kind == "class" and line.scope == MODULE:
            _gather(ctx, line.index, f"{name}.", found)
    return found


def _gather(ctx: Context, scope: int, prefix: str, found: dict[str, Value]) -> None:
    for name, bindings in ctx.scopes.of(scope).bindings.items():
        if len(found) >= MAX_NAMES:
            return
        if "." in name or name in ctx.scopes.foreign or not all(_simple(ctx, one) for one in bindings):
            continue
        value = _value(ctx, name, scope)
        if any(one.kind == "known" for one in value):
            found[prefix + name] = value


def _simple(ctx: Context, binding: Binding) -> bool:
    if binding.kind != "assign":
        return False
    line = ctx.script.lines[binding.line]
    return bool(line.equals) and _SIMPLE.match(ctx.source.text[line.equals[-1] + 1 : line.end]) is not None


def _value(ctx: Context, name: str, scope: int) -> Value:
    alternatives: list[Alternative] = []
    end = ctx.flow.end(scope)
    for reach in ctx.flow.at_end(name, scope) or ():
        value = binding_value(ctx, reach.binding)
        value = changed(ctx, value, ctx.scopes.changes(scope, name, reach.binding.line, end.index), end, None)
        alternatives += under(value, ctx.flow.name(reach.arms))
    return bounded(alternatives)
