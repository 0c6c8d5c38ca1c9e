"""The defaults room: values that a caller or a command line may override, argparse, click, typer, pydantic."""

from __future__ import annotations

import re
from dataclasses import replace

import libcst as cst

from ecolint.model import Alternative, Table, Value
from ecolint.readers.python.alternatives import OPEN, bounded, known, under
from ecolint.readers.python.context import Context, Parameter
from ecolint.readers.python.parsing import Statement
from ecolint.readers.python.tables import entry

_HOLDERS = frozenset(
    [
        "typer.Option",
        "typer.Argument",
        "pydantic.Field",
        "dataclasses.field",
        "fastapi.Query",
        "fastapi.Body",
        "fastapi.Form",
        "simple_parsing.field",
        "fire.Option",
    ]
)
_FLAG_NAME = re.compile(r"""['"]--?([A-Za-z][\w-]*)(?:\s*/[\s\w-]*)?['"]""")
_LONG_FLAG = re.compile(r"""['"]--([A-Za-z][\w-]*)['"]""")
_POSITIONAL = re.compile(r"""add_argument\(\s*['"](\w+)['"]""")
MAX_OPTION = 600

_ENVIRONMENT = frozenset({"os.environ.get", "os.getenv", "environ.get", "decouple.config"})
_READERS = frozenset({"env", "config"})
_READER_CLASSES = frozenset({"environs.Env", "environ.Env", "starlette.config.Config", "decouple.Config"})
"""What holds the environment under such a name: `env("X", default)`, `env.str("X", default)`."""

_OFF = {"store_true": False, "store_false": True, "True": False}
"""What a switch is where nobody names it, by its `action` (argparse) or `is_flag` (click)."""

_DEST = re.compile(r"""\bdest\s*=\s*['"](\w+)['"]""")
MAX_BASES = 4
_BASE = re.compile(r"\(\s*([^\W\d]\w*)")
_DECLARATIVE = re.compile(
    r"@\s*(?:[\w.]+\.)?(?:dataclass|dataclasses|define|frozen)\b|\b(?:BaseModel|BaseSettings|NamedTuple|TypedDict)\b"
)


def declared(value: Value) -> Value:
    """A value with `typer.Option("x")`, `Field(default="x")` and the like replaced by the default they hold."""
    found: list[Alternative] = []
    for one in value:
        if not (isinstance(one.data, Table) and one.data.name in _HOLDERS):
            found.append(one)
            continue
        inner = entry(one.data, "default") or entry(one.data, "0") or OPEN
        found += under(tuple(overridable(each) for each in inner), one.branches)
    return bounded(found)


def overridable(one: Alternative) -> Alternative:
    """A known alternative as a default that somebody may override."""
    return replace(one, how="default") if one.kind == "known" else one


def declares_default(ctx: Context, statement: Statement) -> bool:
    """True for a field of a dataclass, a pydantic model or the like: its value is a default."""
    scope = statement.line.scope
    lines = ctx.script.lines
    if scope < 0 or lines[scope].kind != "class" or not isinstance(statement.root, cst.AnnAssign):
        return False
    return declarative(ctx, scope)


def declarative(ctx: Context, index: int) -> bool:
    """True for a class that declares fields: a dataclass, a pydantic model and the like, or one that extends such a
    class of this file."""
    seen = 0
    while index >= 0 and seen < MAX_BASES:
        body = ctx.script.body(ctx.script.lines[index])
        if any(_DECLARATIVE.search(text) for text in (*decorators(ctx, index), body)):
            return True
        base = _BASE.search(body)
        above = ctx.scopes.functions.get(base.group(1), ()) if base else ()
        index = next((one for one in above if one < index and ctx.script.lines[one].kind == "class"), -1)
        seen += 1
    return False


def decorators(ctx: Context, index: int) -> list[str]:
    """The texts of the decorators right above a `def` or `class`."""
    lines = ctx.script.lines
    found = []
    parent = lines[index].parent
    index -= 1
    while index >= 0 and lines[index].kind == "@" and lines[index].parent == parent:
        found.append(ctx.script.body(lines[index]))
        index -= 1
    return found


def option(ctx: Context, function: int, parameter: Parameter) -> Value:
    """The default that a click decorator of the function gives a parameter."""
    lines = ctx.script.lines
    index = function - 1
    while index >= 0 and lines[index].kind == "@":
        text = ctx.script.body(lines[index])
        if "option" in text or "argument" in text:
            names = {name.replace("-", "_") for name in _FLAG_NAME.findall(text)}
            if parameter.name in names or f'"{parameter.name}"' in text or f"'{parameter.name}'" in text:
                return _keyword_default(ctx, index)
        index -= 1
    return OPEN


def _keyword_default(ctx: Context, index: int) -> Value:
    statement = ctx.statement(index)
    if statement is None or not isinstance(statement.root, cst.Expr) or not isinstance(statement.root.value, cst.Call):
        return OPEN
    named = {one.keyword.value: one.value for one in statement.root.value.args if one.keyword is not None}
    if "nargs" in named and statement.code(named["nargs"]).strip("'\"") != "?":
        return OPEN
    if "default" in named:
        return tuple(overridable(one) for one in ctx.evaluate(named["default"], statement))
    for word in ("action", "is_flag"):
        if word in named:
            off = _OFF.get(statement.code(named[word]).strip("'\""))
            return known(off, ctx.place(statement, named[word]), "default") if off is not None else OPEN
    return OPEN


def command_line(ctx: Context, name: str) -> Value | None:
    """The default of an argparse argument of this file by its destination; None where none is declared."""
    if ctx.arguments is None:
        ctx.arguments = {}
        for offset in ctx.words.attributes.get("add_argument", ()):
            line = ctx.script.at(offset)
            if line is not None and (dest := _destination(ctx.script.body(line)[:MAX_OPTION])):
                ctx.arguments.setdefault(dest, line.index)
    index = ctx.arguments.get(name)
    return _keyword_default(ctx, index) if index is not None else None


def _destination(text: str) -> str:
    """Under which name an `add_argument` call stores its value: `dest`, the first long flag, a positional's name."""
    if told := _DEST.search(text):
        return told.group(1)
    for pattern in (_LONG_FLAG, _FLAG_NAME, _POSITIONAL):
        if found := pattern.search(text):
            return found.group(1).replace("-", "_")
    return ""


def is_environment(
    ctx: Context, parts: tuple[str, ...], name: str | None, call: cst.Call, statement: Statement
) -> bool:
    """True for the callee of an environment look-up with a default."""
    if (name or ".".join(parts)) in _ENVIRONMENT:
        return True
    if parts[0] not in _READERS or len(parts) > 2 or name is not None:
        return False
    reader = call.func.value if isinstance(call.func, cst.Attribute) else call.func
    made = ctx.evaluate(reader, statement)
    return len(made) == 1 and isinstance(made[0].data, Table) and made[0].data.name in _READER_CLASSES
