"""The identity room: which starting call made the object that an expression holds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import field, replace

import libcst as cst

from ecolint.model import Table
from ecolint.readers.python import patterns
from ecolint.readers.python.bindings import assigned
from ecolint.readers.python.calls import held_names, returns
from ecolint.readers.python.context import Context
from ecolint.readers.python.decisions import Arm
from ecolint.readers.python.defaults import decorators
from ecolint.readers.python.flow import Reach
from ecolint.readers.python.lines import Line
from ecolint.readers.python.names import class_member, dotted, enclosing_class, find, local_definition, shadowed
from ecolint.readers.python.parsing import Statement
from ecolint.readers.python.scopes import MODULE, Binding
from ecolint.readers.python.sites import call_sites, given_sites
from ecolint.readers.python.starts import Start
from ecolint.shaped import dataclass

SAME_OBJECT = frozenset(
    {
        *("to", "eval", "cuda", "cpu", "half", "float", "bfloat16", "train", "requires_grad_", "xpu", "npu", "type"),
        *("merge_and_unload", "to_bettertransformer", "to_empty", "disable_adapters", "options", "bind", "compile"),
    }
)
"""Methods that give back the object they are called on, or one that stands for it."""

INNER = frozenset({"model", "module", "base_model", "llm", "_orig_mod", "pipeline", "pipe"})
"""Attributes through which wrappers show the object they hold."""

_PROPERTY = re.compile(r"@\s*(?:[\w.]*\.)?\w*property\b", re.IGNORECASE)

MAX_DEPTH = 12
MAX_ORIGINS = 8


@dataclass(frozen=True, slots=True)
class Origin:
    """A starting call that an object may come from, and the arms by which it came, beyond those of the asking line."""

    start: Start
    likely: bool = False
    arms: frozenset[Arm] = frozenset()
    through: str = ""
    """The wrapper that stands for the object here; empty: the object itself."""


def agreeing(one: Iterable[Arm], other: Iterable[Arm]) -> bool:
    """True where two sets of arms can be taken together."""
    taken = dict(one)
    return all(taken.get(decision, arm) == arm for decision, arm in other)


@dataclass(slots=True)
class Identities:
    """Answers where objects come from, remembering what was asked before."""

    ctx: Context
    starts: dict[cst.CSTNode, Start]
    known: dict[cst.CSTNode, tuple[Origin, ...]] = field(default_factory=dict)
    active: set[cst.CSTNode] = field(default_factory=set)

    def of(self, node: cst.CSTNode, statement: Statement) -> tuple[Origin, ...]:
        """The starting calls that may have made what `node` holds at its statement."""
        if node in self.known:
            return self.known[node]
        if node in self.active or len(self.active) > MAX_DEPTH:
            return ()
        self.active.add(node)
        found = _distinct(self._find(node, statement))
        self.active.discard(node)
        self.known[node] = found
        return found

    def _find(self, node: cst.CSTNode, statement: Statement) -> Sequence[Origin]:
        if isinstance(node, cst.Call):
            return self._call(node, statement, ())
        if isinstance(node, cst.Name):
            return self._name(node, statement)
        if isinstance(node, cst.Attribute):
            return self._attribute(node, statement)
        if isinstance(node, cst.IfExp):
            return [*self.of(node.body, statement), *self.of(node.orelse, statement)]
        if isinstance(node, cst.NamedExpr):
            return self.of(node.value, statement)
        if isinstance(node, cst.Await):
            return self.of(node.expression, statement)
        if isinstance(node, cst.Subscript):
            return self._subscript(node)
        if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.BitOr):
            # `prompt | model | parser`: what goes in at the front is run by each
            parts = (*self.of(node.left, statement), *self.of(node.right, statement))
            return [replace(one, likely=True) for one in parts]
        return ()

    def _at(self, node: cst.CSTNode, path: tuple[int, ...], statement: Statement) -> Sequence[Origin]:
        """The origins of one part of a tuple-valued expression."""
        if not path:
            return self.of(node, statement)
        if isinstance(node, cst.Tuple | cst.List):
            inside = node.elements[path[0]].value if path[0] < len(node.elements) else None
            return self._at(inside, path[1:], statement) if inside is not None else ()
        if isinstance(node, cst.Call):
            return self._call(node, statement, path)
        if isinstance(node, cst.Await):
            return self._at(node.expression, path, statement)
        if isinstance(node, cst.Name) and not shadowed(statement, node, node.value):
            reaches = find(self.ctx, node.value, statement.line).reaches
            params = (reach.binding for reach in reaches if reach.binding.kind == "param")
            return [origin for param in params for origin in self._passed(param, path)]
        return ()

    def _passed(self, binding: Binding, path: tuple[int, ...]) -> list[Origin]:
        """What a platform gives a parameter: what another function of the file returned, by the vocabularies."""
        ctx = self.ctx
        if ctx.script.lines[binding.line].scope >= 0:
            return []
        position = ctx.signature(binding.line)[binding.name].position
        for service in ctx.wanted.services:
            for text in service.passes:
                function, *makers = re.findall(r"\w+", text)
                own = ctx.scopes.of(MODULE).bindings
                if position is None or position >= len(makers) or binding.line not in _defs(own.get(function, ())):
                    continue
                return [one for line in _defs(own.get(makers[position], ())) for one in self._returned(line, path)]
        return []

    def _call(self, call: cst.Call, statement: Statement, path: tuple[int, ...]) -> Sequence[Origin]:
        wrapper = wrapper_name(self.ctx, call, statement)
        if wrapper is not None and (held := self._arguments(call, statement, ())):
            return [replace(one, through=wrapper) for one in held] if path in ((), (0,)) else ()
        if call in self.starts:
            return (Origin(self.starts[call]),) if path in self.starts[call].parts else ()
        callee = call.func
        if isinstance(callee, cst.Attribute) and callee.attr.value in SAME_OBJECT:
            inner = self._at(callee.value, path, statement)
            if inner:
                return inner
        parts = dotted(callee)
        local = local_definition(self.ctx, parts, statement) if parts is not None else None
        if local is not None:
            if self.ctx.script.lines[local].kind == "class":
                return ()
            return self._returned(local, path)
        if function_name(self.ctx, call, statement) is not None:
            return self._arguments(call, statement, path)
        if self._rebinds(call, statement):
            return [replace(one, likely=True) for one in self._arguments(call, statement, path)]
        if callee in self.starts or isinstance(callee, cst.Name | cst.Attribute):
            return self._held_partial(callee, statement)
        return ()

    def _held_partial(self, callee: cst.CSTNode, statement: Statement) -> Sequence[Origin]:
        """A call of a variable that holds `partial(X.from_pretrained, …)`."""
        if not isinstance(callee, cst.Name):
            return ()
        return [one for one in self.of(callee, statement) if dotted(one.start.call.func) in _PARTIALS]

    def _returned(self, function: int, path: tuple[int, ...]) -> Sequence[Origin]:
        found: list[Origin] = []
        for statement in returns(self.ctx, function):
            if isinstance(statement.root, cst.Return) and statement.root.value is not None:
                found += self._through(self._at(statement.root.value, path, statement), self._stands(statement.line))
        return found

    def _stands(self, line: Line) -> Iterable[Arm] | None:
        """The arms of a line of another scope; None where it never runs."""
        return self.ctx.flow.path(line)

    def _through(self, found: Sequence[Origin], arms: Iterable[Arm] | None) -> list[Origin]:
        """Origins that came by further arms; those that cannot are left out."""
        if arms is None:
            return []
        taken = frozenset(arms)
        return [replace(one, arms=one.arms | taken) for one in found if agreeing(one.arms, taken)]

    def _arguments(self, call: cst.Call, statement: Statement, path: tuple[int, ...]) -> Sequence[Origin]:
        if path:
            return self.of(call.args[path[0]].value, statement) if path[0] < len(call.args) else ()
        return [origin for argument in call.args for origin in self.of(argument.value, statement)]

    def _rebinds(self, call: cst.Call, statement: Statement) -> bool:
        """True for `model = prepare(model, …)`: whatever it does, it gives the object back under its own name."""
        root = statement.root
        if not isinstance(root, cst.Assign) or root.value is not call:
            return False
        targets = {dotted(node) for target in root.targets for node in _leaves(target.target)} - {None}
        return any(dotted(argument.value) in targets for argument in call.args)

    def _name(self, node: cst.Name, statement: Statement) -> Sequence[Origin]:
        if shadowed(statement, node, node.value):
            return ()
        found = find(self.ctx, node.value, statement.line)
        return [origin for reach in found.reaches for origin in self._reach(reach, found.rivals)]

    def _reach(self, reach: Reach, rivals: bool = False) -> list[Origin]:
        """The origins by one binding that reaches a line; of rivals nobody worked out the arms, so they are its own."""
        arms = self._stands(self.ctx.script.lines[reach.binding.line]) if rivals else reach.arms
        return self._through(self.binding(reach.binding), arms)

    def _elsewhere(self, binding: Binding) -> list[Origin]:
        """The origins by a binding of another scope."""
        return self._through(self.binding(binding), self._stands(self.ctx.script.lines[binding.line]))

    def binding(self, binding: Binding) -> Sequence[Origin]:
        """The origins of what a binding gives its name."""
        if binding.kind == "param":
            found: list[Origin] = []
            for site in call_sites(self.ctx, binding.line) or given_sites(self.ctx, binding.line):
                if binding.name in site.arguments:
                    origins = self._through(self.of(*site.arguments[binding.name]), self._stands(site.statement.line))
                    found += [replace(one, likely=True) for one in origins] if site.likely else origins
            return found or self._passed(binding, ())
        if binding.kind == "def":
            listed = decorators(self.ctx, binding.line)
            return self._returned(binding.line, ()) if any(_PROPERTY.match(text) for text in listed) else ()
        statement = self.ctx.statement(binding.line)
        if statement is None:
            return ()
        if binding.kind == "with" and isinstance(statement.root, cst.With):
            for item in statement.root.items:
                if item.asname is not None and _is_name(item.asname.name, binding.name):
                    return self.of(item.item, statement)
            return ()
        written = assigned(statement, binding.name) if binding.kind in ("assign", "walrus") else None
        return self._at(written[0], written[1], statement) if written is not None else ()

    def _attribute(self, node: cst.Attribute, statement: Statement) -> Sequence[Origin]:
        ctx, parts = self.ctx, dotted(node)
        if parts is None:
            return self.of(node.value, statement) if node.attr.value in INNER else ()
        path, line = ".".join(parts), statement.line
        if path in ctx.scopes.of(line.scope).bindings:
            reaches = ctx.flow.reaching(path, line, line.scope)
            found = [origin for reach in reaches or () for origin in self._reach(reach)]
            if found:
                return found
        if len(parts) == 2:
            members = self._members(node, parts, statement)
            if members is not None:
                found = [origin for one in members[:MAX_ORIGINS] for origin in self._elsewhere(one)]
                if found:
                    return found
        elsewhere = ctx.scopes.paths.get(path, []) if parts[0] not in ("self", "cls") else []
        found = [replace(origin, likely=True) for one in elsewhere[:MAX_ORIGINS] for origin in self._elsewhere(one)]
        if found or node.attr.value not in INNER:
            return found
        return self.of(node.value, statement)

    def _members(self, node: cst.Attribute, parts: tuple[str, ...], statement: Statement) -> list[Binding] | None:
        if parts[0] in ("self", "cls"):
            owner = enclosing_class(self.ctx, statement.line)
            return class_member(self.ctx, owner, parts[1]) if owner >= 0 else None
        defined = local_definition(self.ctx, parts[:1], statement)
        if defined is not None:
            return class_member(self.ctx, defined, parts[1])
        for one in self.ctx.evaluate(node.value, statement):
            if isinstance(one.data, Table) and one.data.name.startswith("."):
                for owner in self.ctx.scopes.functions.get(one.data.name[1:], ())[-1:]:
                    return class_member(self.ctx, owner, parts[1])
        return None

    def _subscript(self, node: cst.Subscript) -> Sequence[Origin]:
        """An item of a container that items were put into by name."""
        parts = dotted(node.value)
        if parts is None:
            return ()
        found: list[Origin] = []
        for names in self.ctx.scopes.names.values():
            for mutation in names.mutations.get(".".join(parts), [])[:MAX_ORIGINS]:
                stored = self.ctx.statement(mutation.line) if mutation.kind == "item" else None
                if stored is not None and isinstance(stored.root, cst.Assign):
                    found += [replace(one, likely=True) for one in self.of(stored.root.value, stored)]
        return found


_PARTIALS = (("partial",), ("functools", "partial"))


def function_name(ctx: Context, call: cst.Call, statement: Statement) -> tuple[str, bool] | None:
    """The wanted function that a call means, and whether that took a heuristic; None when it is none."""
    callee = call.func
    tail = callee.attr.value if isinstance(callee, cst.Attribute) else getattr(callee, "value", None)
    wanted = ctx.wanted.functions
    ends = patterns.tails(wanted)
    names = held_names(ctx, callee, statement, call)
    for name, likely in names:
        if ends.whole.match(name):
            return name, likely
    if not isinstance(tail, str) or any(not likely for _, likely in names):
        return None
    for pattern in wanted:
        if pattern.rpartition(".")[2] == tail:
            return pattern if "*" not in pattern else tail, True
    return (tail, True) if ends.shapes.match(tail) else None


def wrapper_name(ctx: Context, call: cst.Call, statement: Statement) -> str | None:
    """The wrapper that a call makes, by a name that an import binds; None when it makes none."""
    callee, wanted = call.func, ctx.wanted.wrappers
    tail = callee.attr.value if isinstance(callee, cst.Attribute) else getattr(callee, "value", None)
    if not wanted or not isinstance(tail, str):
        return None
    whole = patterns.tails(wanted).whole
    return next((name for name, _ in held_names(ctx, callee, statement, call) if whole.match(name)), None)


def _defs(bindings: Iterable[Binding]) -> list[int]:
    """The lines of the functions among some bindings."""
    return [one.line for one in bindings if one.kind == "def"]


def _leaves(target: cst.BaseExpression) -> list[cst.BaseExpression]:
    if isinstance(target, cst.Tuple | cst.List):
        return [leaf for element in target.elements for leaf in _leaves(element.value)]
    return [target]


def _is_name(node: cst.CSTNode, name: str) -> bool:
    return isinstance(node, cst.Name) and node.value == name


def _distinct(found: Sequence[Origin]) -> tuple[Origin, ...]:
    """Each start once for each of its wrappers, as sure as the surest way to it, by the arms that all ways share."""
    kept: dict[tuple[cst.CSTNode, str], Origin] = {}
    for one in found:
        before = kept.get((one.start.call, one.through))
        if before is not None:
            one = replace(one, likely=one.likely and before.likely, arms=one.arms & before.arms)
        kept[one.start.call, one.through] = one
    return tuple(kept.values())
