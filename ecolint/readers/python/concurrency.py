"""The concurrency room: whether a call runs beside others of its loop, in a thread or a coroutine of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from ecolint.readers.python.context import Context
from ecolint.readers.python.names import local_definition
from ecolint.readers.python.parsing import Statement
from ecolint.readers.python.sites import call_sites

MAX_HELPERS = 2
"""Functions between a call and what starts it beside others that are looked through."""
MAX_MENTIONS = 8
"""Mentions of a function that are looked at for what is given it."""

_WAITS = re.compile(r"\bawait\b|\basync\s+(?:for|with)\b")
_RUNS_TO_END = frozenset({"run", "run_until_complete", "run_coroutine_threadsafe", "result"})
_THREADS = frozenset({"submit", "run_in_executor", "to_thread"})
_POOL = re.compile(r"pool|execut|^ex$|^tpe$", re.IGNORECASE)


def concurrent(ctx: Context, call: cst.Call, statement: Statement, helpers: int = MAX_HELPERS) -> bool:
    """True where a call, or a function that makes it, is only started by a loop: handed to a thread, or called as a
    coroutine that nothing awaits on the spot (`gather(*[ask(p) for p in prompts])`)."""
    awaited = _awaited(call, statement)
    if not awaited and any(_in_thread(ctx, one) for one in _lambdas_takers(call, statement)):
        return True
    scope = statement.line.scope
    if scope < 0 or ctx.script.lines[scope].kind != "def":
        return False
    if _handed_over(ctx, scope):
        return True
    # A coroutine that waits for nothing runs to its end before another one is let in.
    yields = ctx.script.body(ctx.script.lines[scope]).startswith("async") and _waits(ctx, scope)
    for site in call_sites(ctx, scope):
        if yields and not _awaited(site.call, site.statement):
            return True
        if helpers and concurrent(ctx, site.call, site.statement, helpers - 1):
            return True
    return False


def _awaited(call: cst.Call, statement: Statement) -> bool:
    """True where the turn of the loop, or of the comprehension, that makes a call waits for what it gives."""
    node: cst.CSTNode = call
    while (parent := statement.parents.get(node)) is not None:
        if isinstance(parent, cst.BaseComp) and node is not parent.for_in:
            return False
        if isinstance(parent, cst.Await) or (isinstance(parent, cst.Call) and _tail(parent) in _RUNS_TO_END):
            return True
        node = parent
    return False


def _lambdas_takers(call: cst.Call, statement: Statement) -> Iterator[cst.Call]:
    """The calls that are given a function without a name in which a call stands."""
    node: cst.CSTNode = call
    while (parent := statement.parents.get(node)) is not None:
        if isinstance(parent, cst.Lambda):
            argument = statement.parents.get(parent)
            taker = statement.parents.get(argument) if isinstance(argument, cst.Arg) else None
            if isinstance(taker, cst.Call):
                yield taker
        node = parent


def _handed_over(ctx: Context, function: int) -> bool:
    """True where a function is given, by its name, to what runs it in threads that nothing waits for on the spot."""
    statement = ctx.statement(function)
    if statement is None or not isinstance(statement.root, cst.FunctionDef):
        return False
    for offset in ctx.words.anywhere(statement.root.name.value)[:MAX_MENTIONS]:
        line = ctx.script.at(offset)
        used = ctx.parser.parse(line) if line is not None and line.index != function else None
        for node in used.nodes if used is not None else ():
            if isinstance(node, cst.Call) and used is not None and _in_thread(ctx, node):
                given = [one.value for one in node.args if _names(ctx, one.value, function, used)]
                if given and not _awaited(node, used):
                    return True
    return False


def _names(ctx: Context, node: cst.BaseExpression, function: int, statement: Statement) -> bool:
    if isinstance(node, cst.Name):
        return local_definition(ctx, (node.value,), statement) == function
    if isinstance(node, cst.Attribute) and isinstance(node.value, cst.Name) and node.value.value in ("self", "cls"):
        return local_definition(ctx, (node.value.value, node.attr.value), statement) == function
    return False


def _in_thread(ctx: Context, call: cst.Call) -> bool:
    """True for a call that runs what it is given in a thread."""
    if _tail(call) in _THREADS:
        return True
    owner = call.func.value if isinstance(call.func, cst.Attribute) and _tail(call) in ("map", "imap") else None
    name = owner.attr.value if isinstance(owner, cst.Attribute) else getattr(owner, "value", None)
    return isinstance(name, str) and _POOL.search(name) is not None


def _waits(ctx: Context, function: int) -> bool:
    lines = ctx.script.lines
    return _WAITS.search(ctx.source.text, lines[function].end, lines[lines[function].tail].end) is not None


def _tail(call: cst.Call) -> str:
    callee = call.func
    name = callee.attr.value if isinstance(callee, cst.Attribute) else getattr(callee, "value", "")
    return name if isinstance(name, str) else ""
