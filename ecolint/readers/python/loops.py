"""The loop room: whether a call runs once per single item of something that could be batched."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

import libcst as cst

from ecolint.model import Alternative, Table
from ecolint.readers.python.context import Context, Site
from ecolint.readers.python.lines import Line
from ecolint.readers.python.names import dotted
from ecolint.readers.python.parsing import Statement
from ecolint.readers.python.sites import call_sites
from ecolint.readers.python.tables import entry
from ecolint.readers.python.tracing import (
    BATCH,
    ORDER,
    Derived,
    Quality,
    flows_back,
    follow,
    identifiers,
    made_of_several,
    plain_calls,
)

SWEEP = re.compile(
    r"(^|_)(models?|configs?|cfgs?|temps?|temperatures?|seeds?|epochs?|trials?|runs?|attempts?|retry|retries|devices?|gpus?|"
    r"ranks?|layers?|folds?|steps?|iters?|iterations?|repeats?|rounds?|checkpoints?|ckpts?|variants?|precisions?|dtypes?|"
    r"backends?|thresholds?)(_|$|name|path|id)",
    re.IGNORECASE,
)
_WRAPPERS = frozenset(
    {"tqdm", "enumerate", "zip", "list", "sorted", "reversed", "track", "trange", "iter", "tuple", "set"}
)
_INDEX_LOOP = re.compile(r"while\s+(\w+)\s*<\s*len\(")
_MAPPERS = frozenset({"apply", "map", "applymap", "progress_apply", "parallel_apply", "imap"})

_ARRIVING = re.compile(
    r"\bstdin\b|\bfileinput\b|\biter\(\s*input\b|websocket|socket\b|\b(?:\w+_)?stream\b(?!\s*=)", re.IGNORECASE
)

Verdict = Literal["sure", "soft", False] | None
"""One item at a time, surely or by what only looks like it; not so; or nothing can be said."""


@dataclass(slots=True)
class Loops:
    """Answers about loops, remembering what follows from each loop variable."""

    ctx: Context
    followed: dict[int, list[Derived]] = field(default_factory=dict)

    def per_item(
        self, call: cst.Call, statement: Statement, start: tuple[cst.Call, Statement] | None = None
    ) -> tuple[bool, bool]:
        """Whether a call runs once per single item of something that could be batched, and whether that is likely
        rather than certain."""
        told = self._here(call, statement, start)
        if told is None:
            told = self._in_helper(call, statement)
        return told is not False and told is not None, told == "soft"

    def _here(self, call: cst.Call, statement: Statement, start: tuple[cst.Call, Statement] | None) -> Verdict:
        """What the comprehensions and loops of the call's own function say; None where they say nothing."""
        used = self._mentioned(call, statement)
        if self._shown_or_sampled(call, statement):
            return False
        arguments = ", ".join(statement.code(one) for one in call.args)
        if made_of_several(self.ctx.script, statement.line, arguments):
            return False
        node: cst.CSTNode = call
        while (parent := statement.parents.get(node)) is not None:
            if isinstance(parent, cst.BaseComp) and node is not parent.for_in:
                targets = identifiers(statement.code(parent.for_in.target))
                if targets & used:
                    waits = parent.for_in.asynchronous is not None
                    return None if waits else self._items(parent.for_in.iter, statement, targets)
            elif isinstance(parent, cst.Lambda) and (mapped := _mapped_over(parent, statement, used)) is not None:
                return mapped
            node = parent
        if any(BATCH.search(name) for name in used) or self._takes_list(call, statement):
            return False if self.ctx.flow.loop(statement.line) >= 0 else None
        return self._in_loops(used, arguments, statement, start)

    def _shown_or_sampled(self, call: cst.Call, statement: Statement) -> bool:
        """True for output that somebody watches as it comes, and for several outputs of one input."""
        for argument in call.args:
            value = self.ctx.evaluate(argument.value, statement)
            name = argument.keyword.value if argument.keyword is not None else ""
            for one in value:
                held = one.data if argument.star == "**" else None
                for key in ("streamer", "num_return_sequences"):
                    inner = (one,) if name == key else (entry(held, key) or ()) if isinstance(held, Table) else ()
                    if any(_told(key, each) for each in inner):
                        return True
        return False

    def _in_loops(
        self, used: set[str], arguments: str, statement: Statement, start: tuple[cst.Call, Statement] | None
    ) -> Verdict:
        header = self.ctx.flow.loop(statement.line)
        while header >= 0:
            line = self.ctx.script.lines[header]
            if line.kind == "while":
                match = _INDEX_LOOP.match(self.ctx.script.body(line))
                targets = {match.group(1)} if match else set()
                reached = self._reached(line, targets, used, statement.line, arguments) if match else None
                if reached and not flows_back(self.ctx.script, line, targets, used, statement.line):
                    return reached
            else:
                told = self._in_loop(line, used, arguments, statement.line, start)
                if told is not None:
                    return told
            header = self.ctx.flow.loop(line)
        return None

    def _in_loop(
        self, header: Line, used: set[str], arguments: str, line: Line, start: tuple[cst.Call, Statement] | None
    ) -> Verdict:
        parsed = self.ctx.parser.parse(header)
        if parsed is None or not isinstance(parsed.root, cst.For) or self._arrives(header, parsed.root, parsed):
            return None
        targets = identifiers(parsed.code(parsed.root.target))
        reached = self._reached(header, targets, used, line, arguments)
        if reached is None:
            return None
        if start is not None and header.index < start[1].line.index <= header.tail:
            load = self._mentioned(*start)
            if self._reached(header, targets, load, start[1].line) is not None:
                return None  # a loop over models
        if flows_back(self.ctx.script, header, targets, used, line):
            return None  # each round needs what the one before gave
        items = self._items(parsed.root.iter, parsed, targets)
        return reached if reached and items else items if reached else False

    def _arrives(self, header: Line, loop: cst.For, parsed: Statement) -> bool:
        """True for a loop over what comes in while it runs: a socket, a stream, the terminal."""
        if self.ctx.script.body(header).startswith("async"):
            return True
        return _ARRIVING.search(parsed.code(loop.iter)) is not None

    def _items(self, node: cst.BaseExpression, statement: Statement, targets: set[str]) -> Verdict:
        """What a loop goes over: single items ("sure"), batches (False), or something that is no input (None)."""
        if any(BATCH.search(name) for name in targets | identifiers(statement.code(node))):
            return False
        while isinstance(node, cst.Call) and node.args:
            parts = dotted(node.func)
            if parts is None or parts[-1] not in _WRAPPERS:
                break
            node = node.args[0].value
        if isinstance(node, cst.Call) and dotted(node.func) == ("range",) and len(node.args) == 3:
            value = self.ctx.evaluate(node.args[2].value, statement)
            return "sure" if len(value) == 1 and value[0].data == 1 else False
        if any(SWEEP.search(name) for name in targets):
            return None
        if isinstance(node, cst.List | cst.Tuple) and all(_is_number(one.value) for one in node.elements):
            return None
        return "sure"

    def _reached(self, header: Line, targets: set[str], used: set[str], line: Line, arguments: str = "") -> Verdict:
        """How a loop's variable, or what was made from it, is used: as one item ("sure" or "soft"), as several
        (False), or not at all or in something that grows with every round (None)."""
        found: list[Quality] = []
        if targets & used:
            found.append("sure" if plain_calls(arguments) else "soft")
        found += [one.quality for one in self._follow(header, targets) if one.line < line.index and one.name in used]
        if not found:
            return None
        worst = max(found, key=ORDER.index)
        if worst == "many":
            return False
        return None if worst == "history" else worst

    def _follow(self, header: Line, targets: set[str]) -> list[Derived]:
        if header.index not in self.followed:
            self.followed[header.index] = follow(self.ctx.script, header, targets)
        return self.followed[header.index]

    def _mentioned(self, call: cst.Call, statement: Statement) -> set[str]:
        names: set[str] = set()
        for argument in call.args:
            names |= identifiers(statement.code(argument.value))
        return names

    def _takes_list(self, call: cst.Call, statement: Statement) -> bool:
        """True where the call already receives a list of inputs."""
        for argument in call.args[:1]:
            node = argument.value
            if isinstance(node, cst.Name):
                scope = statement.line.scope
                found, count = self.ctx.scopes.before(scope, node.value, statement.line.index)
                if count and found[count - 1].kind == "assign":
                    written = self.ctx.statement(found[count - 1].line)
                    if written is not None and isinstance(written.root, cst.Assign):
                        node = written.root.value
            if isinstance(node, cst.ListComp):
                return True
            if isinstance(node, cst.List):
                return len(node.elements) > 1 and not any(isinstance(one.value, cst.Dict) for one in node.elements)
        return False

    def _in_helper(self, call: cst.Call, statement: Statement) -> Verdict:
        """Whether the function that makes the call is itself called, or mapped, once per item."""
        scope = statement.line.scope
        lines = self.ctx.script.lines
        if scope < 0 or lines[scope].kind != "def":
            return None
        signature = self.ctx.signature(scope)
        parameters = set(signature) - {"self", "cls"}
        if any(BATCH.search(name) for name in parameters):
            return None
        reached = self._reached(lines[scope], parameters, self._mentioned(call, statement), statement.line)
        if not reached:
            return None
        sites: list[Site] = call_sites(self.ctx, scope)
        told = [self._here(site.call, site.statement, None) for site in sites]
        if any(told):
            return reached if "sure" in told else "soft"
        return reached if self._mapped(scope) else None

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


def _mapped_over(function: cst.Lambda, statement: Statement, used: set[str]) -> Verdict:
    """What a lambda says that is mapped over items: `map(lambda p: m.generate(p), prompts)`; None for any other."""
    names = {one.name.value for one in function.params.params}
    argument = statement.parents.get(function)
    call = statement.parents.get(argument) if argument is not None else None
    if not names & used or not isinstance(argument, cst.Arg) or not isinstance(call, cst.Call):
        return None
    if _tail(call) not in _MAPPERS:
        return None
    several = any(BATCH.search(name) for name in names | identifiers(statement.code(call)))
    return False if several or _batched(call) else "sure"


def _tail(call: cst.Call) -> str:
    callee = call.func
    name = callee.attr.value if isinstance(callee, cst.Attribute) else getattr(callee, "value", "")
    return name if isinstance(name, str) else ""


def _batched(call: cst.Call) -> bool:
    return any(one.keyword is not None and one.keyword.value == "batched" for one in call.args)


def _told(key: str, one: Alternative) -> bool:
    """Whether an argument asks for a stream, or for more than one output."""
    if key == "streamer":
        return one.kind != "absent" and not (one.kind == "known" and one.data is None)
    return isinstance(one.data, int) and one.data > 1
