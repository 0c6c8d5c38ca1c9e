"""The name room: resolves plain and dotted names through scopes and imports, at the line that uses them."""

from __future__ import annotations

import builtins

import libcst as cst

from ecolint.readers.python.context import Context
from ecolint.readers.python.expressions import target_names
from ecolint.readers.python.flow import Reach
from ecolint.readers.python.lines import Line
from ecolint.readers.python.parsing import Statement
from ecolint.readers.python.scopes import MODULE, Binding
from ecolint.shaped import dataclass

MAX_REBINDINGS = 4
BUILTINS = frozenset(dir(builtins))


@dataclass(frozen=True, slots=True)
class Found:
    """What a name can be at a use. `rivals`: only one of the reaches holds, but nobody can tell which."""

    reaches: tuple[Reach, ...]
    scope: int
    rivals: bool = False


NOTHING = Found((), MODULE)


def dotted(node: cst.CSTNode) -> tuple[str, ...] | None:
    """The parts of a plain dotted name, or None for any other expression."""
    parts: list[str] = []
    while isinstance(node, cst.Attribute):
        parts.append(node.attr.value)
        node = node.value
    if not isinstance(node, cst.Name):
        return None
    parts.append(node.value)
    return tuple(reversed(parts))


def shadowed(statement: Statement, node: cst.CSTNode, name: str) -> bool:
    """True where a comprehension or lambda around the node binds the name."""
    current: cst.CSTNode | None = node
    while current is not None:
        if isinstance(current, cst.BaseComp):
            clause: cst.CompFor | None = current.for_in
            while clause is not None:
                if name in target_names(clause.target):
                    return True
                clause = clause.inner_for_in
        elif isinstance(current, cst.Lambda):
            listed = current.params
            if any(one.name.value == name for one in (*listed.posonly_params, *listed.params, *listed.kwonly_params)):
                return True
        current = statement.parents.get(current)
    return False


def find(ctx: Context, name: str, line: Line) -> Found:
    """The bindings that a plain name can have at a line. Nothing found: a builtin, undefined, or too tangled."""
    lines = ctx.script.lines
    scope, first = line.scope, True
    while True:
        names = ctx.scopes.of(scope)
        outer = name in names.outer
        if scope == MODULE or lines[scope].kind == "def" or first:
            fallback = None
            if scope != MODULE and lines[scope].kind == "def" and not outer and ctx.takes(scope, name):
                fallback = Binding(scope, "param", name)
            if first and name in names.bindings:
                reaches = ctx.flow.reaching(name, line, scope, fallback)
                if reaches is None:
                    return Found((), scope, rivals=True)
                if reaches or not outer:
                    return Found(tuple(reaches), scope)
            elif fallback is not None:
                ctx.stats.lookups += 1
                return Found((Reach(fallback, frozenset()),), scope)
            elif (not first and name in names.bindings and not outer) or (
                scope == MODULE and name in ctx.scopes.foreign
            ):
                return _whole(ctx, name, scope)
        if scope == MODULE:
            return NOTHING
        scope, first = lines[scope].scope, False


def _whole(ctx: Context, name: str, scope: int) -> Found:
    """What a name of an enclosing scope can be, seen from inside a function that may run at any time."""
    own = ctx.scopes.of(scope).bindings.get(name, [])
    foreign = ctx.scopes.foreign.get(name, []) if scope == MODULE else []
    lines, end = ctx.script.lines, ctx.flow.end(scope)
    always = [one for one in own[-MAX_REBINDINGS - 1 :] if ctx.flow.between(lines[one.line], end) == ()]
    if len(always) > 1 or foreign:
        every = [*own[-MAX_REBINDINGS:], *foreign[-MAX_REBINDINGS:]]
        imported = [one for one in every if one.kind == "import"]
        if imported and always and _out_of_itself(ctx, always[-1]) and not foreign:
            return Found((Reach(always[-1], frozenset()),), scope)
        if imported and not foreign:
            return Found((Reach(imported[-1], frozenset()),), scope)
        return Found(tuple(Reach(one, frozenset()) for one in every), scope, rivals=len(every) > 1)
    reaches = ctx.flow.at_end(name, scope)
    return Found(tuple(reaches or ()), scope, rivals=reaches is None)


def _out_of_itself(ctx: Context, binding: Binding) -> bool:
    """True for `pipeline = pipeline(…)`: what was imported is gone then."""
    line = ctx.script.lines[binding.line]
    return binding.kind == "assign" and ctx.words.count(binding.name, line.start, line.end) > 0


def imported(found: Found) -> Binding | None:
    """The import among what a name can be; a fall-back for a failed import does not count."""
    for reach in found.reaches:
        if reach.binding.kind == "import":
            return reach.binding
    return None


def known_name(ctx: Context, parts: tuple[str, ...], statement: Statement, node: cst.CSTNode) -> str | None:
    """The qualified form of a dotted name that an import binds, with leading dots when that import is relative."""
    if shadowed(statement, node, parts[0]):
        return None
    binding = imported(find(ctx, parts[0], statement.line))
    return ".".join((binding.origin, *parts[1:])) if binding is not None else None


def is_free(ctx: Context, name: str, statement: Statement, node: cst.CSTNode) -> bool:
    """True for a name that this file never binds where it can be seen from the node, such as one from a star import."""
    if name in BUILTINS or shadowed(statement, node, name):
        return False
    found = find(ctx, name, statement.line)
    return not found.reaches and not found.rivals and name not in ctx.scopes.of(found.scope).bindings


def enclosing_class(ctx: Context, line: Line) -> int:
    """The nearest class around a line, or -1."""
    scope = line.scope
    while scope >= 0 and ctx.script.lines[scope].kind != "class":
        scope = ctx.script.lines[scope].scope
    return scope


def class_member(ctx: Context, owner: int, path: str) -> list[Binding]:
    """The bindings of an attribute of a class of this file: set on `self`, written in its body, or in its bases."""
    seen: set[int] = set()
    while owner >= 0 and owner not in seen and len(seen) < MAX_REBINDINGS:
        seen.add(owner)
        found = [*ctx.scopes.of(owner).bindings.get(path, ()), *ctx.scopes.attributes.get((owner, path), ())]
        if found:
            return found
        owner = _base(ctx, owner)
    return []


def _base(ctx: Context, owner: int) -> int:
    statement = ctx.statement(owner)
    if statement is None or not isinstance(statement.root, cst.ClassDef):
        return -1
    for base in statement.root.bases:
        if isinstance(base.value, cst.Name):
            for index in ctx.scopes.functions.get(base.value.value, ()):
                if ctx.script.lines[index].kind == "class":
                    return index
    return -1


def local_definition(ctx: Context, parts: tuple[str, ...], statement: Statement) -> int | None:
    """The line of the one `def` or `class` of this file that a called name means (`f`, `self.f`, `Class.f`)."""
    if len(parts) == 1:
        reaches = find(ctx, parts[0], statement.line).reaches
        lines = {reach.binding.line for reach in reaches if reach.binding.kind in ("def", "class")}
        return lines.pop() if len(lines) == 1 and len(reaches) == 1 else None
    if len(parts) == 2:
        owner = enclosing_class(ctx, statement.line) if parts[0] in ("self", "cls") else -1
        if owner < 0:
            outer = local_definition(ctx, parts[:1], statement)
            owner = outer if outer is not None and ctx.script.lines[outer].kind == "class" else -1
        if owner >= 0:
            found = class_member(ctx, owner, parts[1])
            if len(found) == 1 and found[0].kind == "def":
                return found[0].line
    return None
