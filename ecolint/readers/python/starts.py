"""The starting room: finds the calls that load a model, start an engine or build a configuration object."""

from __future__ import annotations

import re
from collections.abc import Iterable

import libcst as cst

from ecolint.model import Symbol, Table
from ecolint.readers.python import patterns
from ecolint.readers.python.bindings import assigned
from ecolint.readers.python.calls import held_names, is_partial, note
from ecolint.readers.python.context import Context
from ecolint.readers.python.lines import Line
from ecolint.readers.python.names import dotted, find, imported, known_name, local_definition, shadowed
from ecolint.readers.python.parsing import Statement
from ecolint.readers.python.passing import GAP
from ecolint.readers.python.patterns import Candidates
from ecolint.readers.python.tables import call_table
from ecolint.shaped import dataclass
from ecolint.wildcards import Patterns


@dataclass(frozen=True, slots=True)
class Start:
    """A call that is wanted. `item` is True for configuration objects."""

    call: cst.Call
    statement: Statement
    name: str
    table: Table
    likely: bool
    item: bool
    parts: tuple[tuple[int, ...], ...] = ((), (0,))
    """Where in what the call gives the object stands: itself, or the first of several."""
    elsewhere: bool = False
    """The object is made by a function of another module, of which the call only asks for it."""


_CALLED, _MEMBER = re.compile(rf"{GAP}\("), re.compile(rf"{GAP}\.")


def is_called(text: str, end: int) -> bool:
    """Whether a name that ends here may be called."""
    return _CALLED.match(text, end) is not None


def candidate_lines(ctx: Context, words: Candidates) -> list[Line]:
    """The logical lines on which one of some words is called, or may be handed to `partial`; in order.

    Of a word whose members are wanted (`Trainer.*`) those may be called as well.
    """
    text = ctx.source.text
    handed = "partial" in text

    def counts(end: int) -> bool:
        return handed or is_called(text, end) or (words.whole and _MEMBER.match(text, end) is not None)

    return _lines(ctx, filter(counts, words.ends(ctx.words)))


def _lines(ctx: Context, ends: Iterable[int]) -> list[Line]:
    """The logical lines on which words end, in order."""
    found = {line.index: line for end in ends if (line := ctx.script.at(end - 1)) is not None}
    return [found[index] for index in sorted(found)]


def find_starts(ctx: Context) -> tuple[list[Start], list[Line]]:
    """The wanted calls of a text in order, and the lines that mention what is wanted."""
    wanted = (*ctx.wanted.calls, *ctx.wanted.likely_calls, *ctx.wanted.local_calls, *ctx.wanted.objects)
    words = patterns.candidates(ctx.words, ctx.scopes, wanted)
    mentions = _lines(ctx, words.ends(ctx.words))
    if aliases := {name for line in mentions for name in _aliases(ctx, line)}:
        words = patterns.candidates(ctx.words, ctx.scopes, wanted, aliases)
    starts: list[Start] = []
    for line in candidate_lines(ctx, words):
        if line.kind == "" and ctx.source.text.startswith(("import ", "from "), line.start):
            continue
        statement = ctx.parser.parse(line)
        for node in statement.nodes if statement is not None else ():
            if isinstance(node, cst.Call) and statement is not None:
                start = _start(ctx, statement, node)
                if start is not None:
                    starts.append(start)
    return starts, mentions


def _aliases(ctx: Context, line: Line) -> list[str]:
    """Names that a line binds to a wanted function itself: `load = AutoModel.from_pretrained`."""
    if line.kind or not line.equals or "(" in ctx.script.body(line):
        return []
    statement = ctx.parser.parse(line)
    whole = patterns.matcher((*ctx.wanted.calls, *ctx.wanted.objects))
    found = []
    for binding in ctx.scopes.of(line.scope).bindings.values():
        for one in binding:
            if one.line == line.index and statement is not None and (written := assigned(statement, one.name)):
                value = ctx.evaluate(written[0], statement)
                if any(isinstance(each.data, Symbol) and whole.match(each.data.name) for each in value):
                    found.append(one.name.rpartition(".")[2])
    return found


def _start(ctx: Context, statement: Statement, call: cst.Call) -> Start | None:
    callee, skip = call.func, 0
    if is_partial(ctx, call, statement):
        callee, skip = call.args[0].value, 1
    tail = _tail(callee)
    if tail is None:
        return None
    wanted, objects = patterns.matcher(ctx.wanted.calls), patterns.matcher(ctx.wanted.objects)
    names = held_names(ctx, callee, statement, call)
    for name, likely in names:
        item = objects.match(name)
        if item or wanted.match(name):
            return _made(ctx, statement, call, name, skip, likely, item)
    own = _own_class(ctx, callee, statement, call)
    if own is not None:
        return _made(ctx, statement, call, own, skip, True, False)
    if not any(not likely for _, likely in names) and _receiver_unknown(ctx, callee, statement, call):
        parts = dotted(callee)
        name = ".".join(parts) if parts is not None else f"?.{tail}"
        if patterns.matcher(ctx.wanted.likely_calls).match(name):
            start = _made(ctx, statement, call, name, skip, True, False)
            return start if _carries(start.table, objects) else None
    return None


def _own_class(ctx: Context, callee: cst.CSTNode, statement: Statement, call: cst.Call) -> str | None:
    """The name to report for a method of a class that the project defines; None where it is none that is wanted.

    A class of this file is named by the base that is wanted, an imported one by itself behind a dot.
    """
    parts = dotted(callee)
    if parts is None or len(parts) < 2 or parts[0] in ("self", "cls"):
        return None
    name = known_name(ctx, parts, statement, call)
    if name is not None:
        module, _, owner = name.rpartition(".")[0].rpartition(".")
        local = f".{owner}.{parts[-1]}"
        if not patterns.matcher(ctx.wanted.local_calls).match(local):
            return None
        inside = name.startswith(".") or ctx.project.holds(module, ctx.source.path)
        return local if inside else None
    defined = local_definition(ctx, parts[:1], statement) if len(parts) == 2 else None
    if defined is None or ctx.script.lines[defined].kind != "class":
        return None
    return _inherited(ctx, defined, parts[-1])


def _inherited(ctx: Context, line: int, method: str) -> str | None:
    """The wanted call that a method of a class of this file stands for, through its bases."""
    statement = ctx.statement(line)
    root = statement.root if statement is not None else None
    if statement is None or not isinstance(root, cst.ClassDef):
        return None
    for base in root.bases:
        parts = dotted(base.value)
        name = known_name(ctx, parts, statement, base) if parts is not None else None
        if name is not None and patterns.matcher(ctx.wanted.calls).match(f"{name}.{method}"):
            return f"{name}.{method}"
    return None


def _carries(table: Table, objects: Patterns) -> bool:
    """Whether a wanted object is among a call's arguments: other libraries have methods of the same name."""
    for entry in table.entries:
        for one in entry.value:
            if not isinstance(one.data, Table):
                continue
            if objects.match(one.data.name) or (entry.name == "**" and _carries(one.data, objects)):
                return True
    return False


def _made(ctx: Context, statement: Statement, call: cst.Call, name: str, skip: int, likely: bool, item: bool) -> Start:
    note(ctx, call, statement)
    return Start(call, statement, name, call_table(ctx, statement, call, name, skip=skip), likely, item)


def _tail(callee: cst.CSTNode) -> str | None:
    if isinstance(callee, cst.Attribute):
        return callee.attr.value
    return callee.value if isinstance(callee, cst.Name) else None


def _receiver_unknown(ctx: Context, callee: cst.CSTNode, statement: Statement, call: cst.Call) -> bool:
    """True where nobody can tell what the method is called on: not an import, not a class of this file or its tree."""
    if not isinstance(callee, cst.Attribute):
        return False
    parts = dotted(callee)
    if parts is None:
        return not (isinstance(callee.value, cst.Call) and dotted(callee.value.func) == ("super",))
    if parts[:-1] in (("cls",), ("self",)):
        return False
    if shadowed(statement, call, parts[0]):
        return True
    if imported(find(ctx, parts[0], statement.line)) is not None:
        return False
    return local_definition(ctx, parts[:1], statement) is None
