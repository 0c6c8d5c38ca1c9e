"""The reading of one Python file: from text to invocations, comments and problems."""

from __future__ import annotations

import re
import symtable
import warnings
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import libcst as cst

from ecolint.model import Branches, Invocation, Items, Place, Problem, Reading, Source, Table, Use, Value, Wanted
from ecolint.readers import Lookup
from ecolint.readers.python.alternatives import known
from ecolint.readers.python.around import Surroundings
from ecolint.readers.python.commands import find_runs
from ecolint.readers.python.conditions import conditions
from ecolint.readers.python.context import Context, prepare
from ecolint.readers.python.gates import Told
from ecolint.readers.python.handlers import Handlers
from ecolint.readers.python.lines import Line, Script, scan
from ecolint.readers.python.loads import Loads
from ecolint.readers.python.loops import Loops
from ecolint.readers.python.making import imported_starts
from ecolint.readers.python.names import dotted
from ecolint.readers.python.objects import Identities
from ecolint.readers.python.parsing import Stats, guard
from ecolint.readers.python.patterns import said
from ecolint.readers.python.serving import Serving
from ecolint.readers.python.starts import Start, find_starts
from ecolint.readers.python.tables import changed
from ecolint.readers.python.uses import Collector
from ecolint.readers.python.values import attach
from ecolint.speech import say

MAX_TABLES = 2000
PART = 100_000
"""Characters of a text from which on the host's parser sees it in parts."""
SHORT = 200
"""Statements up to this length cannot nest deeply enough to harm a parser."""

_OLD_EXCEPT = re.compile(r"except\s+[\w.]+\s*,\s*[a-z_]\w*\s*:")
_SILENT = ("print(", "logger.", "logging.", "print (")


def read_file(
    source: Source, wanted: Wanted, project: Lookup, stats: Stats | None = None, told: Told | None = None
) -> Reading:
    """What one Python file says; `stats` counts the work done. Nothing that the text holds raises.

    `told` is what the gate says of the file: what may not stand in it is not looked for. Without, everything is.
    """
    if "\0" in source.text:
        line = source.text.count("\n", 0, source.text.index("\0")) + 1
        return Reading(problems=(Problem(source.path, line, say("binary data, not Python text")),))
    if told is not None and not (told.starts or told.runs or told.works):
        return Reading(comments=tuple(scan(source.text).comments))
    ctx = attach(prepare(source, wanted, project, stats))
    starts, lines = find_starts(ctx)
    starts += imported_starts(ctx, {start.call for start in starts})
    around = Surroundings(ctx)
    invocations = _invocations(ctx, starts, around)
    if told is None or told.runs:
        invocations += _commands(ctx, around)
    comments = tuple(ctx.script.comments)
    return Reading(invocations, comments, _problems(ctx, lines) if lines else ())


def _commands(ctx: Context, around: Surroundings) -> tuple[Invocation, ...]:
    """The command lines that the text runs."""
    found = []
    for run in find_runs(ctx):
        path = ctx.flow.path(run.statement.line)
        if path is not None:
            surroundings, arms = around.of(run.statement.line), ctx.flow.name(path)
            found.append(
                Invocation(
                    "python", run.words.place, "command", words=run.words, surroundings=surroundings, branches=arms
                )
            )
    return tuple(found)


def _invocations(ctx: Context, starts: Sequence[Start], around: Surroundings) -> tuple[Invocation, ...]:
    reported = [start for start in starts if not start.item]
    consumed: set[Place] = set()
    for start in reported:
        _tables_in(start.table, consumed)
    reported += [start for start in starts if start.item and start.table.place not in consumed and _escapes(ctx, start)]
    reported.sort(key=lambda start: start.table.place.span)
    handlers = Handlers(ctx)
    identities = Identities(ctx, {start.call: start for start in reported})
    if not reported:
        return ()
    collector = Collector(ctx, identities, Loops(ctx), Serving(ctx, handlers))
    uses = collector.collect(reported)
    beside = (*collector.functions, *(word for word in ctx.wanted.words if said(ctx.source.text, word)))
    loads = Loads(ctx, handlers)
    found = [_invocation(ctx, start, uses[start.call], loads, around, beside) for start in reported]
    told = conditions(ctx.flow)
    return tuple(replace(one, conditions=told) for one in found if one is not None)


def _invocation(
    ctx: Context, start: Start, uses: list[Use], loads: Loads, around: Surroundings, beside: tuple[str, ...]
) -> Invocation | None:
    line = start.statement.line
    path = ctx.flow.path(line)
    if path is None:
        return None
    return Invocation(
        syntax="python",
        place=start.table.place,
        name=start.name,
        call=_completed(ctx, start),
        surroundings=around.of(line),
        uses=tuple(sorted(uses, key=lambda use: use.place.span)),
        branches=ctx.flow.name(path) | _conditions(ctx, start),
        # Whether another module loads anew each time or keeps what it loaded is not to be seen from here.
        in_loop=not start.elsewhere and loads.in_loop(start.call, start.statement),
        in_handler=not start.elsewhere and loads.in_handler(start.call, start.statement),
        likely=start.likely or start.item,
        beside=beside,
    )


def _completed(ctx: Context, start: Start) -> Table:
    """The arguments of a call with the attributes set later on the object of a class that it made, in its own scope."""
    root, line = start.statement.root, start.statement.line
    if (
        not start.name.rpartition(".")[2][:1].isupper()
        or not isinstance(root, cst.Assign)
        or root.value is not start.call
    ):
        return start.table
    parts = dotted(root.targets[0].target)
    if parts is None:
        return start.table
    end = ctx.flow.end(line.scope)
    changes = ctx.scopes.changes(line.scope, ".".join(parts), line.index, end.index + 1)
    later = changed(ctx, known(start.table, start.table.place), changes, end, None)[0].data
    return later if isinstance(later, Table) else start.table


def _conditions(ctx: Context, start: Start) -> Branches:
    """The arms of conditional expressions around a call."""
    found = []
    node: cst.CSTNode = start.call
    while (parent := start.statement.parents.get(node)) is not None:
        if isinstance(parent, cst.IfExp) and node is not parent.test:
            statement = start.statement
            test, at = statement.code(parent.test), statement.span(parent).start
            decision, flipped = ctx.flow.expression(test, at, statement.line)
            found.append((decision, int((node is parent.body) == flipped)))
        node = parent
    return frozenset(found)


def _tables_in(table: Table, found: set[Place]) -> None:
    """Add the places of all tables inside a table."""
    queue: list[Value] = [entry.value for entry in table.entries]
    seen = 0
    while queue and seen < MAX_TABLES:
        seen += 1
        for one in queue.pop():
            if isinstance(one.data, Table) and one.data.place not in found:
                found.add(one.data.place)
                queue += [entry.value for entry in one.data.entries]
            elif isinstance(one.data, Items):
                queue += one.data.items


def _escapes(ctx: Context, start: Start) -> bool:
    """True where a configuration object goes somewhere: returned, passed on, stored, or read again later."""
    node: cst.CSTNode = start.call
    statement = start.statement
    while (parent := statement.parents.get(node)) is not None:
        if isinstance(parent, cst.Arg | cst.Return | cst.Yield | cst.DictElement | cst.Element):
            return True
        if isinstance(parent, cst.Assign):
            return any(_kept(ctx, target.target, statement.line) for target in parent.targets)
        if isinstance(parent, cst.AnnAssign):
            return _kept(ctx, parent.target, statement.line)
        node = parent
    return False


def _kept(ctx: Context, target: cst.BaseExpression, line: Line) -> bool:
    if not isinstance(target, cst.Name):
        return True
    lines = ctx.script.lines
    whole = line.scope < 0 or lines[line.scope].kind == "class"
    end = len(ctx.source.text) if whole else lines[lines[line.scope].tail].end
    for offset in ctx.words.reads(target.value, line.end, end)[:16]:
        used = ctx.script.at(offset)
        if used is None:
            continue
        text = ctx.script.body(used)
        changed = text.startswith(f"{target.value}.") and used.equals
        if not changed and not text.startswith(_SILENT) and _arrives(ctx, target.value, line, used):
            return True
    return False


def _arrives(ctx: Context, name: str, made: Line, used: Line) -> bool:
    """False where another assignment stands between what a line binds and the line that reads the name."""
    if used.scope != made.scope:
        return True
    reaches = ctx.flow.reaching(name, used, made.scope)
    return reaches is None or any(one.binding.line == made.index for one in reaches)


def _problems(ctx: Context, looked_at: Sequence[Line]) -> tuple[Problem, ...]:
    """The first thing that kept part of the file from being read; the rest was read."""
    if ctx.script.faults:
        number, reason = ctx.script.faults[0]
        return (_problem(ctx, number, reason),)
    for line in looked_at:
        if line.index in ctx.parser.failures:
            return (_problem(ctx, ctx.script.number(line.start), ctx.parser.failures[line.index]),)
    return _syntax_error(ctx)


def _problem(ctx: Context, number: int, reason: str) -> Problem:
    return Problem(ctx.source.path, number, reason, whole_file=False)


def _syntax_error(ctx: Context) -> tuple[Problem, ...]:
    """A syntax error anywhere in the file, as the host's own parser sees it and LibCST confirms it.

    A table of symbols costs a fifth of a tree: what the host parsed stays its own. The host may be older than the file:
    what LibCST parses line by line is not called an error.
    """
    script = ctx.script
    if any(guard(script.body(line)) for line in script.lines if line.end - line.start > SHORT):
        return ()  # nor is it for the host's parser
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for start, end in pairwise(_parts(script)):
            before = bisect_left(script.newlines, start)
            try:
                symtable.symtable(script.text[start:end], ctx.source.path, "exec")
            except IndentationError as error:
                return (_problem(ctx, before + (error.lineno or 1), say("the indentation does not fit")),)
            except SyntaxError as error:
                return _confirmed(ctx, before + (error.lineno or 1))
            except (ValueError, RecursionError, MemoryError):
                return ()
    return ()


def _parts(script: Script) -> list[int]:
    """Where the parts of a text begin that the host's parser sees one by one, and its end.

    The parser takes forty times a text while it reads it. A part ends between two statements of the module, behind
    whole lines.
    """
    parts, decorated = [0], False
    for line in script.lines:
        if line.start - parts[-1] > PART and line.parent < 0 and line.leader == line.index and not decorated:
            before = script.number(line.start) - 2
            if before >= 0 and script.newlines[before] + 1 == line.start:
                parts.append(line.start)
        decorated = line.kind == "@"
    return [*parts, len(script.text)]


def _confirmed(ctx: Context, number: int) -> tuple[Problem, ...]:
    script = ctx.script
    start = script.newlines[number - 2] + 1 if 1 < number <= len(script.newlines) + 1 else 0
    end = script.newlines[number - 1] if number <= len(script.newlines) else len(ctx.source.text)
    inside = script.lines[bisect_left(script.starts, start) : bisect_left(script.starts, end)]
    around = script.at(start)
    for line in (*([around] if around is not None else []), *inside):
        ctx.parser.parse(line)
        old = line.kind == "except" and _OLD_EXCEPT.match(script.body(line))
        if line.index in ctx.parser.failures or old or line.kind in ("else", "finally"):
            return (_problem(ctx, number, say("a statement cannot be parsed")),)
    return ()
