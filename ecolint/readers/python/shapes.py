"""The shape room: whether an expression holds one input or several, and which loops and parameters it hangs on."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

import libcst as cst

from ecolint.readers.python import plurals
from ecolint.readers.python.bindings import assigned
from ecolint.readers.python.calls import returns
from ecolint.readers.python.context import Context
from ecolint.readers.python.expressions import (
    argument_name,
    arguments_of,
    asks_type,
    entries_of,
    inside,
    is_list,
    is_listed,
    is_record,
    is_text,
    last_name,
    lengthwise,
    next_to,
    parts_of,
    shown,
    tail_of,
    target_names,
    unpadded,
    unwrapped,
)
from ecolint.readers.python.lines import Line
from ecolint.readers.python.names import dotted, find, local_definition
from ecolint.readers.python.parsing import Statement
from ecolint.readers.python.scopes import Binding, Mutation
from ecolint.readers.python.sites import bind
from ecolint.readers.python.tracing import identifiers

Count = Literal["one", "likely", "some", "many"]
"""One input; one by what its name or its making says; nobody can tell; several."""

Loop: TypeAlias = "int | cst.CSTNode"
"""A loop by the index of its header, or a clause of a comprehension, or a lambda that is mapped."""

_ORDER: tuple[Count, ...] = ("one", "likely", "some", "many")
MAX_DEPTH = 40
"""Steps from name to name within which an input is followed to where it comes from."""
MAX_TESTS = 4
"""Tests of one `if` chain that are read for the type of a name."""
MAX_BODY = 60
"""Lines of a helper that are searched for slices."""
MAX_CHANGES = 24
"""Changes of one object that are looked at between its binding and its use."""

_COUNTED = re.compile(r"while\s+(\w+)\s*<=?\s*len\(")
_CUTTING = re.compile(r"\bappend\(|\byield\b|\bfor\b")
_METHOD = re.compile(r"([^\W\d]\w*)(?:\.\w+|\[[^\[\]]*\])*\.(\w+)\s*\(")


@dataclass(frozen=True, slots=True)
class Shape:
    """What an expression holds. `counted` are the parameters of which it holds as many as they do, `grows` the loops of
    which every round adds to it."""

    count: Count = "one"
    loops: frozenset[Loop] = frozenset()
    params: frozenset[str] = frozenset()
    counted: frozenset[str] = frozenset()
    grows: frozenset[Loop] = frozenset()

    @property
    def tied(self) -> bool:
        """True where it changes with a loop or a parameter."""
        return bool(self.loops or self.params)


CONSTANT = Shape()


def joined(shapes: Iterable[Shape], count: Count | None = None) -> Shape:
    """What is made of all of these; `count` where the making decides how many it is, else what hangs on something."""
    every = list(shapes)
    told = [one.count for one in every if one.tied] or [one.count for one in every]
    most: Count = max(told, key=_ORDER.index, default="one")
    return Shape(
        count or most,
        frozenset().union(*(one.loops for one in every)),
        frozenset().union(*(one.params for one in every)),
        frozenset().union(*(one.counted for one in every)) if count is None else frozenset(),
        frozenset().union(*(one.grows for one in every)),
    )


@dataclass(slots=True)
class Shapes:
    """Answers about expressions, remembering what was asked before."""

    ctx: Context
    known: dict[cst.CSTNode, Shape] = field(default_factory=dict)
    active: set[cst.CSTNode] = field(default_factory=set)
    depth: int = 0
    methods: dict[tuple[int, str], list[int]] = field(default_factory=dict)
    scanned: bool = False

    def of(self, node: cst.CSTNode, statement: Statement) -> Shape:
        """The shape of an expression at its statement."""
        if node in self.known:
            return self.known[node]
        if node in self.active or self.depth > MAX_DEPTH:
            return CONSTANT
        self.active.add(node)
        self.depth += 1
        self.ctx.stats.steps += 1
        found = self._find(node, statement)
        self.depth -= 1
        self.active.discard(node)
        self.known[node] = found
        return found

    def _find(self, node: cst.CSTNode, statement: Statement) -> Shape:
        if isinstance(node, cst.Name):
            return self._name(node, statement)
        if isinstance(node, cst.Attribute):
            return self._attribute(node, statement)
        if isinstance(node, cst.Subscript):
            return self._subscript(node, statement)
        if isinstance(node, cst.Call):
            return self._call(node, statement)
        if isinstance(node, cst.List | cst.Set | cst.Tuple):
            return self._listed(node, statement)
        if isinstance(node, cst.BaseComp):
            return self._comprehension(node, statement)
        if isinstance(node, cst.BinaryOperation):
            return self._operation(node, statement)
        if isinstance(node, cst.Dict):
            return self._record(node, statement)
        inner = [self.of(one, statement) for one in parts_of(node)]
        if isinstance(node, cst.IfExp) and any(
            isinstance(one, cst.Name)
            and is_listed(other, one.value)
            and asks_type(statement.code(node.test), one.value)
            for one, other in ((node.body, node.orelse), (node.orelse, node.body))
        ):
            return _either(joined(inner))
        whole = isinstance(node, cst.FormattedString | cst.ConcatenatedString)
        return joined(inner, "one" if whole else None)

    def _record(self, node: cst.Dict, statement: Statement) -> Shape:
        """A dictionary is as many inputs as what stands under the names of inputs; a message is one, whatever parts."""
        entries = list(entries_of(node))
        shapes = self.given(entries, statement)
        counting = [not key or plurals.feeds(key) for key, _ in entries]
        return joined(
            shape if counts and key != "content" else replace(shape, count="one", counted=frozenset())
            for shape, counts, (key, _) in zip(shapes, counting, entries, strict=True)
        )

    # --- names -------------------------------------------------------------------------------------------------------

    def _name(self, node: cst.Name, statement: Statement) -> Shape:
        name, line = node.value, statement.line
        if plurals.AGENT.search(name):
            return CONSTANT
        inner = self._clause(node, statement)
        if inner is not None:
            return inner
        counted = self._counted(name, line)
        if counted is not None:
            return Shape(loops=frozenset({counted}))
        found = find(self.ctx, name, line)
        bindings = [reach.binding for reach in found.reaches]
        if not bindings or (found.scope != line.scope and bindings[0].kind != "param"):
            return CONSTANT
        shapes = [self._binding(binding, name) for binding in dict.fromkeys(bindings)]
        if found.scope == line.scope:
            shapes.append(self._changes(name, bindings, line))
        shape = _named(joined(shapes), name)
        return _either(shape) if any(self._wrapped(one, name) for one in bindings) else shape

    def _wrapped(self, binding: Binding, name: str) -> bool:
        """True for `if not isinstance(x, list): x = [x]`: where that is not taken, it is a list already."""
        statement = self.ctx.statement(binding.line) if binding.kind == "assign" else None
        written = assigned(statement, name) if statement is not None else None
        if statement is None or written is None or not is_listed(written[0], name):
            return False
        line = statement.line
        header = self.ctx.script.lines[line.parent] if line.parent >= 0 else line
        return header.kind in ("if", "elif", "else") and any(
            asks_type(self.ctx.flow.test(one), name) for one in self.ctx.flow.chain(header.leader)[:MAX_TESTS]
        )

    def _clause(self, node: cst.Name, statement: Statement) -> Shape | None:
        """The shape of a name that a comprehension or a lambda around it binds."""
        current: cst.CSTNode = node
        while (parent := statement.parents.get(current)) is not None:
            if isinstance(parent, cst.BaseComp):
                clause: cst.CompFor | None = parent.for_in
                while clause is not None:
                    outside = not inside(node, clause.iter, statement)
                    if outside and node.value in target_names(clause.target):
                        return self.item(clause.iter, statement, clause, node.value)
                    clause = clause.inner_for_in
            elif isinstance(parent, cst.Lambda):
                listed = parent.params.params
                if any(one.name.value == node.value for one in listed):
                    several = plurals.BATCH.search(node.value) is not None
                    return Shape("many" if several else "one", frozenset({parent}))
            current = parent
        return None

    def _counted(self, name: str, line: Line) -> int | None:
        """The loop around a line that counts this name up to the length of something."""
        header = self.ctx.flow.loop(line)
        while header >= 0:
            one = self.ctx.script.lines[header]
            if one.kind == "while" and (match := _COUNTED.match(self.ctx.script.body(one))) and match.group(1) == name:
                return header
            header = self.ctx.flow.loop(one)
        return None

    def _binding(self, binding: Binding, name: str) -> Shape:
        if binding.kind == "param":
            return self._param(binding)
        statement = self.ctx.statement(binding.line)
        root = statement.root if statement is not None else None
        if statement is None or root is None:
            return CONSTANT
        if binding.kind == "for" and isinstance(root, cst.For):
            return self.item(root.iter, statement, binding.line, name)
        if binding.kind == "aug" and isinstance(root, cst.AugAssign):
            return self._grown(root, statement)
        if binding.kind == "with" and isinstance(root, cst.With):
            return joined((self.of(one.item, statement) for one in root.items), "one")
        if binding.kind in ("assign", "walrus") and (written := assigned(statement, name)) is not None:
            shape = self._part(written[0], written[1], statement)
            return self._anew(shape, written[0], name, statement)
        return CONSTANT

    def _anew(self, shape: Shape, value: cst.BaseExpression, name: str, statement: Statement) -> Shape:
        """`text = text + more` grows with every loop that does not begin it anew."""
        found, count = self.ctx.scopes.before(statement.line.scope, name, statement.line.index)
        if not count or name not in identifiers(statement.code(value)):
            return shape
        return replace(shape, grows=shape.grows | self._between(found[count - 1].line, statement.line))

    def _param(self, binding: Binding) -> Shape:
        if binding.name in ("self", "cls"):
            return CONSTANT
        parameter = self.ctx.signature(binding.line).get(binding.name)
        listed = parameter is not None and plurals.annotated(parameter.annotation)
        several = plurals.several(binding.name) and not (parameter is not None and plurals.single(parameter.annotation))
        name = frozenset({binding.name})
        return Shape("many" if listed or several else "one", params=name, counted=name)

    def _grown(self, root: cst.AugAssign, statement: Statement) -> Shape:
        """`text += more`: both, and it grows with every loop that does not begin it anew."""
        added = self.of(root.value, statement)
        name = dotted(root.target)
        if name is None:
            return added
        found, count = self.ctx.scopes.before(statement.line.scope, ".".join(name), statement.line.index)
        before = found[count - 1] if count else None
        start = self._binding(before, ".".join(name)) if before is not None else CONSTANT
        begun = before.line if before is not None else statement.line.scope
        return joined((start, replace(added, grows=added.grows | self._between(begun, statement.line))))

    def _between(self, begun: int, line: Line) -> frozenset[Loop]:
        """The loops around a line that an earlier line stands outside of."""
        lines, found = self.ctx.script.lines, set()
        header = self.ctx.flow.loop(line)
        while header >= 0 and not header <= begun <= lines[header].tail:
            found.add(header)
            header = self.ctx.flow.loop(lines[header])
        return frozenset(found)

    def _part(self, node: cst.BaseExpression, path: tuple[int, ...], statement: Statement) -> Shape:
        """One part of what is unpacked."""
        while path and isinstance(node, cst.Tuple | cst.List) and path[0] < len(node.elements):
            node, path = node.elements[path[0]].value, path[1:]
        shape = self.of(node, statement)
        return replace(shape, count="some") if path and shape.count == "many" else shape

    # --- what is done to an object between its binding and its use ---------------------------------------------------

    def _changes(self, name: str, bindings: Sequence[Binding], use: Line) -> Shape:
        first = min(binding.line for binding in bindings)
        changes = self.ctx.scopes.changes(use.scope, name, first, use.index, MAX_CHANGES)
        found = [self._change(change, first, use) for change in changes]
        told = {change.line for change in changes}
        for index in self._called(use.scope, name, first, use.index):
            statement = self.ctx.statement(index) if index not in told else None
            if statement is not None and isinstance(statement.root, cst.Expr):
                shape = joined((self.of(one, statement) for one in arguments_of(statement.root.value)), "one")
                found.append(replace(shape, grows=shape.grows | self._grows(index, first, use)))
        return joined(found)

    def _change(self, change: Mutation, first: int, use: Line) -> Shape:
        statement = self.ctx.statement(change.line)
        root = statement.root if statement is not None else None
        if statement is None or root is None:
            return CONSTANT
        line = statement.line
        if isinstance(root, cst.Assign):
            # The same slot is filled anew in every round: nothing grows.
            return replace(self.of(root.value, statement), count="one")
        if isinstance(root, cst.AugAssign):
            shape = self.of(root.value, statement)
            return replace(shape, count="one", grows=shape.grows | self._grows(line.index, first, use))
        if not isinstance(root, cst.Expr) or not isinstance(root.value, cst.Call):
            return CONSTANT
        parts = list(arguments_of(root.value))
        shape = joined(self.of(one, statement) for one in parts)
        several = not all(is_record(one) for one in parts) and bool(self._between_use(line, first, use))
        grows = self._grows(line.index, first, use)
        if change.kind != "opaque":
            return replace(shape, count="one")
        return replace(shape, count="many" if several else "one", grows=shape.grows | grows)

    def _between_use(self, line: Line, first: int, use: Line) -> frozenset[Loop]:
        """The loops around a change that neither the binding nor the use stands in."""
        lines = self.ctx.script.lines
        around = self._between(first, line)
        return frozenset(one for one in around if isinstance(one, int) and not one < use.index <= lines[one].tail)

    def _grows(self, index: int, first: int, use: Line) -> frozenset[Loop]:
        lines = self.ctx.script.lines
        around = self._between(first, lines[index])
        return frozenset(one for one in around if isinstance(one, int) and one < use.index <= lines[one].tail)

    def _called(self, scope: int, name: str, after: int, before: int) -> list[int]:
        """The lines between two lines that only call a method of an object."""
        if not self.scanned:
            self.scanned = True
            for line in self.ctx.script.lines:
                match = None if line.kind or line.equals else _METHOD.match(self.ctx.script.body(line))
                if match is not None:
                    self.methods.setdefault((line.scope, match.group(1)), []).append(line.index)
        found = self.methods.get((scope, name), [])
        last = bisect_left(found, before)
        return found[max(bisect_right(found, after), last - MAX_CHANGES) : last]

    # --- loops -------------------------------------------------------------------------------------------------------

    def item(self, iterable: cst.BaseExpression, statement: Statement, loop: Loop, name: str = "") -> Shape:
        """What a loop gives its variable in each round."""
        node = unwrapped(iterable)
        shape = self.of(node, statement)
        tied = replace(shape, loops=shape.loops | {loop})
        if plurals.BATCH.search(name) or plurals.several(name):
            return replace(tied, count="many")
        return replace(tied, count=self._element(node, statement))

    def over_batches(self, loop: cst.For, statement: Statement) -> bool:
        """True for a loop that gets several inputs in each round."""
        named = any(map(plurals.BATCH.search, target_names(loop.target)))
        return named or self._element(unwrapped(loop.iter), statement) == "many"

    def _element(self, node: cst.BaseExpression, statement: Statement) -> Count:
        """How many inputs one element of an iterable is."""
        if isinstance(node, cst.Call):
            return self._element_of_call(node, statement)
        if isinstance(node, cst.ListComp | cst.GeneratorExp):
            return self.of(node.elt, statement).count
        if isinstance(node, cst.List | cst.Tuple | cst.Set):
            return joined(self.of(one.value, statement) for one in node.elements).count
        if isinstance(node, cst.Name):
            found = find(self.ctx, node.value, statement.line)
            for reach in found.reaches[:1]:
                written = self.ctx.statement(reach.binding.line) if reach.binding.kind == "assign" else None
                value = assigned(written, node.value) if written is not None else None
                if written is not None and value is not None and not value[1] and self.depth < MAX_DEPTH:
                    self.depth += 1
                    made = unwrapped(value[0])
                    count = self._element(made, written)
                    self.depth -= 1
                    if count == "many" or shown(made) or not plurals.BATCHES.search(node.value):
                        return count
        tail = tail_of(node)
        return "many" if plurals.BATCHES.search(tail) else "one"

    def _element_of_call(self, node: cst.Call, statement: Statement) -> Count:
        tail = tail_of(node.func)
        parts = dotted(node.func)
        local = local_definition(self.ctx, parts, statement) if parts is not None else None
        if local is not None and self._gives_slices(local):
            return "many"
        if tail in ("range", "trange"):
            if len(node.args) < 3:
                return "one"
            step = self.ctx.evaluate(node.args[2].value, statement)
            return "one" if len(step) == 1 and step[0].data == 1 else "many"
        if tail == "zip":
            every = [self._element(unwrapped(one.value), statement) for one in node.args]
            return max(every, key=_ORDER.index, default="one")
        if tail.endswith("DataLoader"):
            sizes = [one for one in node.args if one.keyword is not None and one.keyword.value == "batch_size"]
            value = self.ctx.evaluate(sizes[0].value, statement) if sizes else ()
            return "one" if len(value) == 1 and value[0].data == 1 and value[0].how == "literal" else "many"
        if plurals.CUTS_TEXT.search(tail):
            return "one"
        return "many" if plurals.BATCHES.search(tail) else "one"

    def _gives_slices(self, function: int) -> bool:
        """True for a helper of this file that cuts a list: what it yields, or gathers and gives back, are slices."""
        lines = self.ctx.script.lines
        for line in lines[function + 1 : min(lines[function].tail, function + MAX_BODY) + 1]:
            body = self.ctx.script.body(line)
            statement = self.ctx.statement(line.index) if "[" in body and _CUTTING.search(body) else None
            for node in statement.nodes if statement is not None else ():
                value: cst.BaseExpression | None = None
                if isinstance(node, cst.Call) and tail_of(node.func) == "append" and node.args:
                    value = node.args[0].value
                elif isinstance(node, cst.Yield) and isinstance(node.value, cst.BaseExpression):
                    value = node.value
                elif isinstance(node, cst.ListComp | cst.GeneratorExp):
                    value = node.elt
                if value is not None and statement is not None and self._is_cut(value, statement):
                    return True
        return False

    def _is_cut(self, node: cst.BaseExpression, statement: Statement) -> bool:
        """True for a slice between two bounds of what is a list by its shape."""
        cut = node.slice[0].slice if isinstance(node, cst.Subscript) and len(node.slice) == 1 else None
        return isinstance(cut, cst.Slice) and cut.upper is not None and self.of(node, statement).count == "many"

    def given(self, inputs: Sequence[tuple[str, cst.CSTNode]], statement: Statement) -> list[Shape]:
        """The shapes of what goes into one call, by names: pictures and sounds belong to the text beside
        them, however many they are."""
        shapes = [self.of(node, statement) for _, node in inputs]
        seen = [plurals.SEEN.search(name) is not None for name, _ in inputs]
        if not any(shape.tied and not one for shape, one in zip(shapes, seen, strict=True)):
            return shapes
        return [
            replace(shape, count="one", counted=frozenset()) if one else shape
            for shape, one in zip(shapes, seen, strict=True)
        ]

    # --- expressions -------------------------------------------------------------------------------------------------

    def _attribute(self, node: cst.Attribute, statement: Statement) -> Shape:
        parts = dotted(node)
        scope = statement.line.scope
        if parts is not None and ".".join(parts) in self.ctx.scopes.of(scope).bindings:
            reaches = self.ctx.flow.reaching(".".join(parts), statement.line, scope) or ()
            if reaches:
                return joined(self._binding(reach.binding, ".".join(parts)) for reach in reaches)
        shape = self.of(node.value, statement)
        if shape.tied and shape.count != "many" and plurals.several(node.attr.value):
            return replace(shape, count="many")
        return _named(shape, node.attr.value)

    def _subscript(self, node: cst.Subscript, statement: Statement) -> Shape:
        base = self.of(node.value, statement)
        keys = [one.slice for one in node.slice]
        inside = joined((self.of(part, statement) for key in keys for part in parts_of(key)), "one")
        first = keys[0] if keys else None
        if isinstance(first, cst.Slice):
            if base.loops or len(keys) > 1:
                return joined((base, inside), base.count)  # a cut of one item
            of_text = plurals.TEXT.search(last_name(node.value)) is not None
            by_batch = any(map(plurals.BATCH.search, identifiers(statement.code(first))))
            count: Count = "one" if (of_text and not by_batch) or next_to(first, statement) else "many"
            return joined((base, inside), count)
        if isinstance(first, cst.Index) and isinstance(first.value, cst.SimpleString):
            return _keyed(base, str(first.value.evaluated_value))
        return joined((base, inside), "one" if base.count == "many" else base.count)

    def _listed(self, node: cst.List | cst.Set | cst.Tuple, statement: Statement) -> Shape:
        values = [one.value for one in node.elements]
        shape = joined(self.of(one, statement) for one in values)
        if any(isinstance(one, cst.StarredElement) for one in node.elements):
            return replace(shape, count="many")
        if len(values) < 2 or isinstance(node, cst.Tuple) or any(is_record(one) for one in values):
            return shape
        return replace(shape, count="many")

    def _comprehension(self, node: cst.BaseComp, statement: Statement) -> Shape:
        clause: cst.CompFor | None = node.for_in
        over: list[Shape] = []
        while clause is not None:
            over.append(self.of(clause.iter, statement))
            clause = clause.inner_for_in
        if isinstance(node, cst.DictComp):
            made = joined((self.of(node.key, statement), self.of(node.value, statement)))
            return _without(joined((*over, made), over[0].count), node)
        if not isinstance(node, cst.ListComp | cst.SetComp | cst.GeneratorExp):
            return joined(over)
        element = self.of(node.elt, statement)
        count: Count = element.count if is_record(node.elt) else "many"
        single = isinstance(node.for_in.iter, cst.List) and len(node.for_in.iter.elements) == 1
        return _without(joined((*over, element), element.count if single else count), node)

    def _operation(self, node: cst.BinaryOperation, statement: Statement) -> Shape:
        both = joined((self.of(node.left, statement), self.of(node.right, statement)))
        if is_text(node):
            return replace(both, count="one", counted=frozenset())
        return replace(both, count="many") if isinstance(node.operator, cst.Multiply) and is_list(node) else both

    def _call(self, node: cst.Call, statement: Statement) -> Shape:
        tail = tail_of(node.func)
        if plurals.TUNING_CLASS.search(tail):
            return CONSTANT
        if plurals.DRAWS.search(tail) and "random" in statement.code(node.func):
            return Shape("one" if tail == "choice" else "many", loops=self._between(-1, statement.line))
        if tail == "get" and isinstance(node.func, cst.Attribute) and node.args:
            key = node.args[0].value
            base = self.of(node.func.value, statement)
            return _keyed(base, str(key.evaluated_value)) if isinstance(key, cst.SimpleString) else base
        given = [one for one in node.args if one.keyword is None or not plurals.ASIDE.match(one.keyword.value)]
        shapes = self.given([(argument_name(one), one.value) for one in given], statement)
        receiver = self.of(node.func.value, statement) if isinstance(node.func, cst.Attribute) else CONSTANT
        whole = joined((receiver, *shapes))
        if plurals.MAKES_ONE.search(tail) or (plurals.PUTS_TOGETHER.search(tail) and lengthwise(node)):
            return replace(whole, count="one", counted=frozenset())
        if plurals.MAKES_MANY.search(tail):
            return replace(whole, count="many")
        parts = dotted(node.func)
        local = local_definition(self.ctx, parts, statement) if parts is not None else None
        if local is not None and self.ctx.script.lines[local].kind == "def":
            return self._returned(local, node, statement, whole)
        if plurals.KEEPS.search(tail):
            return replace(whole, count="likely") if whole.count == "some" and unpadded(node) else whole
        if not whole.tied:
            return replace(whole, count="one")
        if plurals.several(tail) or plurals.BATCH.search(tail):
            return replace(whole, count="many")
        tied = [one for one, shape in zip(given, shapes, strict=True) if shape.tied]
        items = all(plurals.ONE.search(last_name(one.value)) for one in tied) and whole.count in ("one", "likely")
        return replace(whole, count="likely" if items else "some")

    def _returned(self, function: int, call: cst.Call, statement: Statement, whole: Shape) -> Shape:
        """What a function of this file gives back for what a call passes."""
        method = isinstance(call.func, cst.Attribute)
        arguments = bind(self.ctx, function, call, statement, method).arguments
        found: list[Shape] = []
        for one in returns(self.ctx, function):
            value = one.root.value if isinstance(one.root, cst.Return) else None
            shape = self.of(value, one) if value is not None else CONSTANT
            counts = [self.of(*arguments[name]).count for name in shape.counted if name in arguments]
            passed = joined(self.of(*arguments[name]) for name in sorted(shape.params) if name in arguments)
            found.append(replace(passed, count=max((shape.count, *counts), key=_ORDER.index)))
        if not found:
            return replace(whole, count="some" if whole.tied else "one")
        made = joined(found)
        if whole.tied and not made.tied:
            made = replace(made, count="some")
        # Whatever the function does with its arguments, what it gives hangs on them.
        return replace(made, loops=made.loops | whole.loops, params=made.params | whole.params)


def _either(shape: Shape) -> Shape:
    """What may be one or a list already. Of what was passed in the caller decides."""
    return shape if shape.params and not shape.loops else replace(shape, count="many")


def _keyed(base: Shape, key: str) -> Shape:
    """What stands under a key of something."""
    if base.tied and base.count != "many" and plurals.several(key):
        return replace(base, count="many")
    return base if key.endswith("ids") else _named(base, key)


def _named(shape: Shape, name: str) -> Shape:
    """What a name says of what nobody could tell."""
    if shape.count != "some":
        return shape
    if plurals.several(name):
        return replace(shape, count="many")
    return replace(shape, count="likely") if plurals.ONE.search(name) else shape


def _without(shape: Shape, node: cst.BaseComp) -> Shape:
    """A comprehension's value hangs no longer on its own clauses."""
    own: set[cst.CSTNode] = set()
    clause: cst.CompFor | None = node.for_in
    while clause is not None:
        own.add(clause)
        clause = clause.inner_for_in
    return replace(shape, loops=shape.loops - own)
