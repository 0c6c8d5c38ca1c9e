"""The loading room: whether what a call makes is made again and again, for every request or every item of a loop."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Set

import libcst as cst

from ecolint.readers.python.context import Context, Site
from ecolint.readers.python.handlers import MAX_HELPERS, MAX_MENTIONS, Handlers, fits
from ecolint.readers.python.lines import Line
from ecolint.readers.python.names import dotted
from ecolint.readers.python.parsing import Statement
from ecolint.readers.python.plurals import SWEEP
from ecolint.readers.python.scopes import MODULE
from ecolint.readers.python.sites import call_sites
from ecolint.readers.python.tracing import follow, identifiers
from ecolint.shaped import dataclass

BEFORE = 8
"""Statements before a load that are looked at for an early return."""
MAX_PARAMETERS = 32
"""Parameters of a function that are followed to what it loads, one by one; of more, any may choose it."""
OWNERS = frozenset({"self", "cls"})
SETTING_UP = frozenset({"__call__", "train", "compile", "to", "add_adapter", "gradient_checkpointing_enable"})
"""Wanted methods that only prepare a model."""

_MISSING = re.compile(r"\bis None\b|^not \w|\bnot in\b|\bnot hasattr\b|==\s*None\b|!=")
_PRESENT = re.compile(r"\bis not None\b|^[\w.]+$|\bin \w|\bhasattr\b")
_ABOUT_LOADING = re.compile(r"(?<![a-z])(?:re)?load|(?<![a-z])init|switch|change|current", re.IGNORECASE)
_CONSTRUCTOR = re.compile(r"def\s+__init__\b")
_BREAK = re.compile(r"break\b")
_ASKED = re.compile(
    r"(?:^|_)(?:prompt|question|query|text|message|messages|input|request|req|item|payload|data|body|instruction|chat|"
    r"sentence|content|history)$"
)

_SETTING = re.compile(r"model|path|dir|file|name|repo|id$|config|url|version|split|task|mode|token|key|s$")
"""Names of texts that say how a job is to be done."""


@dataclass(frozen=True, slots=True)
class Way:
    """How a line is come to: the names that what it makes depends on, and whether it was put where others find it."""

    needed: frozenset[str]
    kept: bool = False


@dataclass(slots=True)
class Loads:
    """Answers about the loads of one text."""

    ctx: Context
    handlers: Handlers

    # --- for every request -------------------------------------------------------------------------------------------

    def in_handler(self, call: cst.Call, statement: Statement) -> bool:
        """True where a load happens for every request of a service, itself or through helpers of this file."""
        way = Way(frozenset(_mentioned(call, statement)))
        return self._for_a_request(statement.line, way, MAX_HELPERS) or self._for_a_rerun(statement.line)

    def _for_a_request(self, line: Line, way: Way, helpers: int) -> bool:
        function = self.handlers.function(line)
        if function < 0 or self.guarded(line):
            return False
        depends = self._deciding(function, line, way.needed)
        kept = way.kept or self._keeps(line, function)
        role = self.handlers.role(function)
        if role is not None:
            if depends or (kept and not self._works(line, function)):
                return False  # whoever asks says what to load, or it is loaded for others
            return not role.service.job or self._asks(line, function)
        for site in call_sites(self.ctx, function) if helpers else ():
            given = [identifiers(where.code(node)) for name, (node, where) in site.arguments.items() if name in depends]
            further = Way(frozenset().union(*given), kept)
            if self._for_a_request(site.statement.line, further, helpers - 1):
                return True
        return False

    def _deciding(self, function: int, line: Line, needed: Set[str]) -> set[str]:
        """The parameters of a function of which one of the names that a line needs is made."""
        header = self.ctx.script.lines[function]
        parameters = set(self.ctx.named(function)) - OWNERS
        if len(parameters) > MAX_PARAMETERS:
            return parameters
        return {name for name in parameters if needed & follow(self.ctx.script, header, {name}, line)}

    def _asks(self, line: Line, function: int) -> bool:
        """True where a function that may be a job takes one thing to answer, and answers it."""
        for name, one in self.ctx.signature(function).items():
            if _ASKED.search(name):
                return True
            if one.annotation == "str" and not _SETTING.search(name) and self._works(line, function):
                return True
        return False

    def _keeps(self, line: Line, function: int) -> bool:
        """True where a line puts what it makes into a global variable, an attribute or a container."""
        made_with = self.ctx.script.body(self.ctx.script.lines[function])
        if not line.equals or _CONSTRUCTOR.match(made_with):
            return False  # what an object holds is kept where the object is
        target = self.ctx.source.text[line.start : line.equals[-1]]
        return "." in target or "[" in target or bool(identifiers(target) & self.ctx.scopes.of(function).outer)

    def _works(self, line: Line, function: int) -> bool:
        """True where the function goes on to do something with a model, by the methods that are wanted."""
        ctx, lines = self.ctx, self.ctx.script.lines
        start, end = line.end, lines[lines[function].tail].end
        names = [name for name in ctx.wanted.methods if name not in SETTING_UP]
        return any(start <= at < end for name in names for at in ctx.words.attributes.get(name, ()))

    # --- for every run of a script -----------------------------------------------------------------------------------

    def _for_a_rerun(self, line: Line) -> bool:
        """True for a load in a script that runs from top to bottom again on every interaction."""
        scripts = [one for one in self.ctx.wanted.services if one.reruns and self.handlers.imported() & {*one.imports}]
        if not scripts or not self._runs(line, MAX_HELPERS):
            return False
        return any(map(self._shows, self._names_of({package for one in scripts for package in one.imports})))

    def _names_of(self, packages: set[str]) -> list[str]:
        """The module's own names for packages and what comes from them."""
        bindings = self.ctx.scopes.of(MODULE).bindings
        return [
            name
            for name, listed in bindings.items()
            if any(one.kind == "import" and one.origin.partition(".")[0] in packages for one in listed)
        ]

    def _shows(self, name: str) -> bool:
        """True where the script itself, not only a function for others, calls the package."""
        for offset in self.ctx.words.names.get(name, ())[: 4 * MAX_MENTIONS]:
            line = self.ctx.script.at(offset)
            if line is not None and line.kind != "@" and self._runs(line, 1, guards=False):
                return True
        return False

    def _runs(self, line: Line, helpers: int, guards: bool = True) -> bool:
        """True for a line that a run of the module comes to."""
        if guards and self.guarded(line):
            return False
        scope = line.scope
        if scope == MODULE:
            return True
        if not helpers or self.ctx.script.lines[scope].kind != "def" or self._wrapped(scope):
            return False
        return any(self._runs(site.statement.line, helpers - 1, guards) for site in call_sites(self.ctx, scope))

    def _wrapped(self, function: int) -> bool:
        """True for a function that is given to a cache: `load = st.cache_resource(load_model)`."""
        statement = self.ctx.statement(function)
        if statement is None or not isinstance(statement.root, cst.FunctionDef):
            return False
        for offset in self.ctx.words.names.get(statement.root.name.value, ())[:MAX_MENTIONS]:
            line = self.ctx.script.at(offset)
            if line is not None and not line.kind and "cache" in self.ctx.script.body(line):
                return True
        return False

    # --- for every item ----------------------------------------------------------------------------------------------

    def in_loop(self, call: cst.Call, statement: Statement) -> bool:
        """True where a load is repeated for every item of a loop that does not choose what is loaded."""
        mentioned = _mentioned(call, statement)
        if self._repeats(call, statement, mentioned):
            return True
        lines, scope = self.ctx.script.lines, statement.line.scope
        if scope < 0 or lines[scope].kind != "def" or self.guarded(statement.line):
            return False
        # Of what a helper is given, only what the load depends on can choose what is loaded.
        depends = self._deciding(scope, statement.line, mentioned)
        return any(
            self._repeats(site.call, site.statement, self._choosing(site, depends, whole=bool(mentioned & OWNERS)))
            for site in call_sites(self.ctx, scope)
        )

    def _choosing(self, site: Site, depends: set[str], whole: bool) -> set[str]:
        """The names in the arguments of a call on which a load in the function depends; all of them where it depends on
        more than its parameters, or where arguments are hidden."""
        if whole or (site.hidden and depends):
            return _mentioned(site.call, site.statement)
        given = (site.arguments[name] for name in depends if name in site.arguments)
        return set().union(*(identifiers(where.code(node)) for node, where in given))

    def _repeats(self, call: cst.Call, statement: Statement, needed: set[str]) -> bool:
        """True where a call stands in a loop, or a comprehension, over something that does not decide what it needs."""
        node: cst.CSTNode = call
        while (parent := statement.parents.get(node)) is not None:
            if isinstance(parent, cst.BaseComp) and node is not parent.for_in:
                targets = identifiers(statement.code(parent.for_in.target))
                chosen = targets & needed or any(SWEEP.search(name) for name in targets)
                return not (chosen or _counts(parent.for_in.iter) or self.guarded(statement.line))
            node = parent
        header = self.ctx.flow.loop(statement.line)
        if header < 0 or self.guarded(statement.line):
            return False
        lines = self.ctx.script.lines
        line = lines[header]
        parsed = self.ctx.parser.parse(line)
        if parsed is None or not isinstance(parsed.root, cst.For):
            return False
        targets = identifiers(parsed.code(parsed.root.target))
        if follow(self.ctx.script, line, targets, statement.line) & needed:
            return False
        if any(SWEEP.search(name) for name in targets) or _counts(parsed.root.iter):
            return False
        body = lines[header + 1 : line.tail + 1]
        return not any(not one.kind and _BREAK.match(self.ctx.script.body(one)) for one in body)

    # --- once --------------------------------------------------------------------------------------------------------

    def guarded(self, line: Line) -> bool:
        """True for a lazy load that happens once: behind a None check, or in a cached or start-up function."""
        ctx, lines = self.ctx, self.ctx.script.lines
        current = line
        while current.parent >= 0:
            current = lines[current.parent]
            if current.kind == "def" and self._runs_once(current.index):
                return True
            if current.kind == "if" and current.arm == 0 and ctx.flow.arm(current) is None and current.scope >= 0:
                return True
            if current.kind in ("if", "elif"):
                test = ctx.flow.test(current)
                if _MISSING.search(test) or _ABOUT_LOADING.search(test):
                    return True
        return line.scope >= 0 and self._left_early(line)

    def _left_early(self, line: Line) -> bool:
        """True where a statement just above returns what is already there."""
        ctx, lines = self.ctx, self.ctx.script.lines
        siblings = ctx.script.children[line.parent]
        at = bisect_left(siblings, line.index)
        for index in siblings[max(0, at - BEFORE) : at]:
            if lines[index].kind == "if" and _PRESENT.search(ctx.flow.test(lines[index])):
                children = ctx.script.children.get(index, [])
                if children and ctx.script.body(lines[children[-1]]).startswith("return"):
                    return True
        return False

    def _runs_once(self, function: int) -> bool:
        once = tuple(pattern for service in self.ctx.wanted.services for pattern in service.once)
        return any(fits(name, once) for name, _ in self.handlers.decorators(function))


def _mentioned(call: cst.Call, statement: Statement) -> set[str]:
    """The names in a call's arguments."""
    return {name for argument in call.args for name in identifiers(statement.code(argument.value))}


def _counts(node: cst.BaseExpression) -> bool:
    """True for a loop that only counts: `range(3)`."""
    if not isinstance(node, cst.Call) or dotted(node.func) not in (("range",), ("trange",)):
        return False
    inner = node.args[-1].value if node.args else None
    return not (isinstance(inner, cst.Call) and dotted(inner.func) == ("len",))
