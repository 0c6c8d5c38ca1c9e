"""The service room: which functions handle one request of a service."""

from __future__ import annotations

import re

import libcst as cst

from ecolint.readers.python.context import Context
from ecolint.readers.python.defaults import decorators
from ecolint.readers.python.lines import Line
from ecolint.readers.python.loops import guarded
from ecolint.readers.python.names import dotted
from ecolint.readers.python.sites import call_sites

_ROUTE = re.compile(
    r"@\s*(?:[\w.]+\.(?:get|post|put|patch|delete|route|websocket|api_route|api|endpoint|message|on_message)\b"
    r"|[\w.]*(?:web_endpoint|fastapi_endpoint|web_server|batch_endpoint)\b|(?:app|stub|modal)\.(?:function|method)\b"
    r"|(?:modal\.)?method\b|(?:bentoml\.)?api\b)"
)
_METHODS = frozenset({"predict", "execute", "__call__", "handle", "inference", "handle_request", "predict_fn"})
_FUNCTIONS = frozenset({"handler", "lambda_handler", "run_inference_request"})
_CALLBACKS = frozenset(
    {"click", "submit", "change", "Interface", "ChatInterface", "add_url_rule", "add_api_route", "start"}
)


def in_handler(ctx: Context, line: Line) -> bool:
    """True where a line runs for every request of a service, itself or one helper deep."""
    function = _function(ctx, line)
    if function < 0 or guarded(ctx, line):
        return False
    if is_handler(ctx, function):
        return True
    for site in call_sites(ctx, function):
        outer = _function(ctx, site.statement.line)
        if outer >= 0 and outer != function and is_handler(ctx, outer) and not guarded(ctx, site.statement.line):
            return True
    return False


def _function(ctx: Context, line: Line) -> int:
    scope = line.scope
    return scope if scope >= 0 and ctx.script.lines[scope].kind == "def" else -1


def is_handler(ctx: Context, function: int) -> bool:
    """True for a `def` that a web framework or a model server calls once per request."""
    if function not in ctx.handlers:
        ctx.handlers[function] = _is_handler(ctx, function)
    return ctx.handlers[function]


def _is_handler(ctx: Context, function: int) -> bool:
    lines = ctx.script.lines
    if any(_ROUTE.match(text) for text in decorators(ctx, function)):
        return True
    match = re.match(r"(?:async\s+)?def\s+(\w+)", ctx.script.body(lines[function]))
    if match is None:
        return False
    name, scope = match.group(1), lines[function].scope
    if scope >= 0 and lines[scope].kind == "class":
        return name in _METHODS
    return scope < 0 and (name in _FUNCTIONS or _is_callback(ctx, name))


def _is_callback(ctx: Context, name: str) -> bool:
    """True for a function that is given to a user interface or a server as what answers (`gr.Interface(fn=f)`)."""
    for offset in ctx.words.names.get(name, ())[:8]:
        line = ctx.script.at(offset)
        if line is None or not any(word in ctx.script.body(line) for word in _CALLBACKS):
            continue
        statement = ctx.parser.parse(line)
        for node in statement.nodes if statement is not None else ():
            if not isinstance(node, cst.Call):
                continue
            tail = node.func.attr.value if isinstance(node.func, cst.Attribute) else getattr(node.func, "value", "")
            if tail in _CALLBACKS and any(dotted(one.value) == (name,) for one in node.args):
                return True
    return False
