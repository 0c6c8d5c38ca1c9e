"""The loop room: whether a call runs once per single item of something that could be batched."""

from __future__ import annotations

import re
from dataclasses import field, replace
from typing import Literal

import libcst as cst

from ecolint.model import Alternative, Table
from ecolint.readers.python.context import Context, Site
from ecolint.readers.python.expressions import argument_name, target_names, unwrapped
from ecolint.readers.python.lines import Line
from ecolint.readers.python.names import dotted
from ecolint.readers.python.parsing import Statement
from ecolint.readers.python.plurals import BATCH, INPUT, SWEEP
from ecolint.readers.python.rounds import Rounds, names
from ecolint.readers.python.shape_expressions import desk_of
from ecolint.readers.python.shape_loops import over_batches
from ecolint.readers.python.shapes import Shape, Shapes, joined
from ecolint.readers.python.sites import call_sites
from ecolint.readers.python.tables import entry
from ecolint.readers.python.tracing import identifiers
from ecolint.shaped import dataclass

_MAPPERS = frozenset({"apply", "map", "applymap", "progress_apply", "parallel_apply", "imap"})
MAX_HELPERS = 2
"""Functions between a loop and a call that are looked through."""

_ARRIVING = re.compile(
    r"\bstdin\b|\bfileinput\b|\biter\(\s*input\b|websocket|socket\b|\b(?:\w+_)?stream\b(?!\s*=)", re.IGNORECASE
)

Verdict = Literal["sure", "soft", False] | None
"""One item at a time, surely or by what only looks like it; not so; or nothing can be said."""


@dataclass(slots=True)
class Loops:
    """Answers about loops, remembering the shape of every expression that was asked for."""

    ctx: Context
    shapes: Shapes = field(init=False)
    rounds: Rounds = field(init=False)

    def __post_init__(self) -> None:
        self.shapes, self.rounds = desk_of(self.ctx), Rounds(self.ctx.script, self.ctx.stats)

    def per_item(
        self, call: cst.Call, statement: Statement, start: tuple[cst.Call, Statement] | None = None
    ) -> tuple[bool, bool]:
        """Whether a call runs once per single item of something that could be batched, and whether that is likely
        rather than certain."""
        if self._shown_or_sampled(call, statement):
            return False, False
        shapes = self.shapes.given([(argument_name(one), one.value) for one in call.args if _is_input(one)], statement)
        if any(shape.count == "many" for shape in shapes):
            return False, False
        told = self._judged(joined(shapes), call, statement, start, MAX_HELPERS)
        return told is not False and told is not None, told == "soft"

    def _judged(
        self,
        shape: Shape,
        call: cst.Call,
        statement: Statement,
        start: tuple[cst.Call, Statement] | None,
        helpers: int,
    ) -> Verdict:
        """What the comprehensions and loops around a call say, and those around the calls of its function."""
        if shape.count in ("many", "some"):
            return False
        verdict: Verdict = "sure" if shape.count == "one" else "soft"
        told = self._around(call, statement, shape)
        if told is None:
            told = self._in_loops(call, shape, statement, start)
        if told is None and helpers:
            told = self._in_helper(call, shape, statement, helpers)
        return told if not told or verdict == "sure" else "soft"

    def _around(self, call: cst.Call, statement: Statement, shape: Shape) -> Verdict:
        """What the comprehensions and mapped lambdas around a call say; None where they say nothing."""
        node: cst.CSTNode = call
        while (parent := statement.parents.get(node)) is not None:
            if isinstance(parent, cst.BaseComp) and node is not parent.for_in:
                clause: cst.CompFor | None = parent.for_in
                while clause is not None:
                    if clause in shape.loops:
                        waits = clause.asynchronous is not None
                        return None if waits else self._items(clause.iter, clause.target)
                    clause = clause.inner_for_in
            elif isinstance(parent, cst.Lambda) and parent in shape.loops and _is_mapped(parent, statement):
                return "sure"
            node = parent
        return None

    def _shown_or_sampled(self, call: cst.Call, statement: Statement) -> bool:
        """True for output that somebody watches as it comes, for several outputs of one input, and for batches."""
        for argument in call.args:
            value = self.ctx.evaluate(argument.value, statement)
            name = argument.keyword.value if argument.keyword is not None else ""
            for one in value:
                held = one.data if argument.star == "**" else None
                for key in ("streamer", "num_return_sequences", "batch_size"):
                    inner = (one,) if name == key else (entry(held, key) or ()) if isinstance(held, Table) else ()
                    if any(_told(key, each) for each in inner) and not (key == "streamer" and self._kept(statement)):
                        return True
        return False

    def _kept(self, statement: Statement) -> bool:
        """True where what a call gives is read again further on: then it is not only watched."""
        line = statement.line
        root = statement.root
        if not isinstance(root, cst.Assign) or self.ctx.flow.loop(line) < 0:
            return False
        end = self.ctx.script.lines[self.ctx.flow.loop(line)].tail
        limit = self.ctx.script.lines[end].end
        names = [name for target in root.targets for name in target_names(target.target) if name.strip("_")]
        return any(self.ctx.words.count(name, line.end, limit) for name in names)

    def _in_loops(
        self, call: cst.Call, shape: Shape, statement: Statement, start: tuple[cst.Call, Statement] | None
    ) -> Verdict:
        """What the loops around a line say of what hangs on them."""
        header = self.ctx.flow.loop(statement.line)
        while header >= 0:
            line = self.ctx.script.lines[header]
            if header in shape.loops and header not in shape.grows:
                told = self._in_loop(line, call, statement, start)
                if told is not None:
                    return told
            header = self.ctx.flow.loop(line)
        return None

    def _in_loop(
        self, header: Line, call: cst.Call, statement: Statement, start: tuple[cst.Call, Statement] | None
    ) -> Verdict:
        parsed = self.ctx.parser.parse(header)
        if parsed is None or self._chooses(header, start):
            return None
        told: Verdict = "sure"
        if isinstance(parsed.root, cst.For):
            if self._arrives(header, parsed.root, parsed):
                return None
            if over_batches(self.shapes, parsed.root, parsed):
                return False
            told = self._items(parsed.root.iter, parsed.root.target)
        targets = set(target_names(parsed.root.target)) if isinstance(parsed.root, cst.For) else set()
        if self.rounds.flow_back(header, targets, self._used(call, statement), statement.line):
            return None  # each round needs what the one before gave
        return told

    def _used(self, call: cst.Call, statement: Statement) -> set[str]:
        return {name for one in call.args for name in names(statement.code(one.value))}

    def _chooses(self, header: Line, start: tuple[cst.Call, Statement] | None) -> bool:
        """True for a loop over models: what is loaded in it hangs on it."""
        if start is None or not header.index < start[1].line.index <= header.tail:
            return False
        load = joined(self.shapes.of(one.value, start[1]) for one in start[0].args)
        return header.index in load.loops

    def _arrives(self, header: Line, loop: cst.For, parsed: Statement) -> bool:
        """True for a loop over what comes in while it runs: a socket, a stream, the terminal."""
        if self.ctx.script.body(header).startswith("async"):
            return True
        return _ARRIVING.search(parsed.code(loop.iter)) is not None

    def _items(self, iterable: cst.BaseExpression, target: cst.BaseExpression) -> Verdict:
        """Whether a loop goes over inputs ("sure") or over something that is tried out in turn (None)."""
        node = unwrapped(iterable)
        if any(SWEEP.search(name) for name in target_names(target)):
            return None
        if isinstance(node, cst.List | cst.Tuple) and all(_is_number(one.value) for one in node.elements):
            return None
        return "sure"

    def _in_helper(self, call: cst.Call, shape: Shape, statement: Statement, helpers: int) -> Verdict:
        """Whether the function that makes the call is itself called, or mapped, once per item."""
        scope = statement.line.scope
        if scope < 0 or self.ctx.script.lines[scope].kind != "def" or not shape.params:
            return None
        if self.rounds.keeps(self.ctx.script.lines[scope], self._used(call, statement), statement.line):
            return None  # a conversation
        told: list[Verdict] = []
        for site in call_sites(self.ctx, scope):
            passed = [self._passed(name, shape, site) for name in sorted(shape.params) if name in site.arguments]
            if passed:
                told.append(self._judged(joined(passed), site.call, site.statement, None, helpers - 1))
        if any(told):
            return "sure" if "sure" in told else "soft"
        return "sure" if self._mapped(scope) else None

    def _passed(self, name: str, shape: Shape, site: Site) -> Shape:
        """What a call passes for a parameter; how much it is counts only where the function passes it on as it is."""
        passed = self.shapes.of(*site.arguments[name])
        return passed if name in shape.counted else replace(passed, count="one", counted=frozenset())

    def _mapped(self, function: int) -> bool:
        """True for `frame["text"].apply(f)` and `map(f, texts)`."""
        statement = self.ctx.statement(function)
        if statement is None or not isinstance(statement.root, cst.FunctionDef):
            return False
        for offset in self.ctx.words.names.get(statement.root.name.value, ())[:8]:
            line = self.ctx.script.at(offset)
            used = self.ctx.parser.parse(line) if line is not None and not line.kind else None
            for node in used.nodes if used is not None else ():
                if isinstance(node, cst.Call) and used is not None and _maps(node, statement.root.name.value):
                    return True
        return False


def _is_number(node: cst.BaseExpression) -> bool:
    return isinstance(node, cst.Integer | cst.Float | cst.UnaryOperation) or (
        isinstance(node, cst.Name) and node.value in ("True", "False", "None")
    )


def _maps(call: cst.Call, name: str) -> bool:
    if _tail(call) not in _MAPPERS or not call.args or dotted(call.args[0].value) != (name,):
        return False
    return not _batched(call)


def _is_mapped(function: cst.Lambda, statement: Statement) -> bool:
    """True for a lambda that is mapped over items: `map(lambda p: m.generate(p), prompts)`."""
    argument = statement.parents.get(function)
    call = statement.parents.get(argument) if argument is not None else None
    if not isinstance(argument, cst.Arg) or not isinstance(call, cst.Call) or _tail(call) not in _MAPPERS:
        return False
    return not _batched(call) and not any(BATCH.search(name) for name in identifiers(statement.code(call)))


def _is_input(argument: cst.Arg) -> bool:
    return argument.keyword is None or INPUT.match(argument.keyword.value) is not None


def _tail(call: cst.Call) -> str:
    callee = call.func
    name = callee.attr.value if isinstance(callee, cst.Attribute) else getattr(callee, "value", "")
    return name if isinstance(name, str) else ""


def _batched(call: cst.Call) -> bool:
    return any(one.keyword is not None and one.keyword.value == "batched" for one in call.args)


def _told(key: str, one: Alternative) -> bool:
    """Whether an argument asks for a stream, for more than one output, or for more than one input at a time."""
    if key == "streamer":
        return one.kind != "absent" and not (one.kind == "known" and one.data is None)
    return isinstance(one.data, int) and one.data > 1
