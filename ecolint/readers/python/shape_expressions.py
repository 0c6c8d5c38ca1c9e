"""The shape room of expressions: what an expression holds by how it is made, and the desk that tells it."""

from __future__ import annotations

from dataclasses import replace

import libcst as cst

from ecolint.readers.python import plurals
from ecolint.readers.python.calls import returns
from ecolint.readers.python.context import Context
from ecolint.readers.python.expressions import (
    argument_name,
    asks_type,
    entries_of,
    is_list,
    is_listed,
    is_record,
    is_text,
    last_name,
    lengthwise,
    next_to,
    parts_of,
    tail_of,
    unpadded,
)
from ecolint.readers.python.names import dotted, local_definition
from ecolint.readers.python.parsing import Statement
from ecolint.readers.python.shape_changes import between
from ecolint.readers.python.shape_names import of_binding, of_name
from ecolint.readers.python.shapes import CONSTANT, ORDER, Count, Shape, Shapes, either, joined, named
from ecolint.readers.python.sites import bind
from ecolint.readers.python.tracing import identifiers


def desk_of(ctx: Context) -> Shapes:
    """The desk that tells the shapes of one text's expressions."""
    return Shapes(ctx, _tell)


def _tell(desk: Shapes, node: cst.CSTNode, statement: Statement) -> Shape:
    if isinstance(node, cst.Name):
        return of_name(desk, node, statement)
    if isinstance(node, cst.Attribute):
        return _attribute(desk, node, statement)
    if isinstance(node, cst.Subscript):
        return _subscript(desk, node, statement)
    if isinstance(node, cst.Call):
        return _call(desk, node, statement)
    if isinstance(node, cst.List | cst.Set | cst.Tuple):
        return _listed(desk, node, statement)
    if isinstance(node, cst.BaseComp):
        return _comprehension(desk, node, statement)
    if isinstance(node, cst.BinaryOperation):
        return _operation(desk, node, statement)
    if isinstance(node, cst.Dict):
        return _record(desk, node, statement)
    inner = [desk.of(one, statement) for one in parts_of(node)]
    if isinstance(node, cst.IfExp) and any(
        isinstance(one, cst.Name) and is_listed(other, one.value) and asks_type(statement.code(node.test), one.value)
        for one, other in ((node.body, node.orelse), (node.orelse, node.body))
    ):
        return either(joined(inner))
    whole = isinstance(node, cst.FormattedString | cst.ConcatenatedString)
    return joined(inner, "one" if whole else None)


def _record(desk: Shapes, node: cst.Dict, statement: Statement) -> Shape:
    """A dictionary is as many inputs as what stands under the names of inputs; a message is one, whatever parts."""
    entries = list(entries_of(node))
    shapes = desk.given(entries, statement)
    counting = [not key or plurals.feeds(key) for key, _ in entries]
    return joined(
        shape if counts and key != "content" else replace(shape, count="one", counted=frozenset())
        for shape, counts, (key, _) in zip(shapes, counting, entries, strict=True)
    )


def _attribute(desk: Shapes, node: cst.Attribute, statement: Statement) -> Shape:
    parts = dotted(node)
    scope = statement.line.scope
    if parts is not None and ".".join(parts) in desk.ctx.scopes.of(scope).bindings:
        reaches = desk.ctx.flow.reaching(".".join(parts), statement.line, scope) or ()
        if reaches:
            return joined(of_binding(desk, reach.binding, ".".join(parts)) for reach in reaches)
    shape = desk.of(node.value, statement)
    if shape.tied and shape.count != "many" and plurals.several(node.attr.value):
        return replace(shape, count="many")
    return named(shape, node.attr.value)


def _subscript(desk: Shapes, node: cst.Subscript, statement: Statement) -> Shape:
    base = desk.of(node.value, statement)
    keys = [one.slice for one in node.slice]
    inside = joined((desk.of(part, statement) for key in keys for part in parts_of(key)), "one")
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


def _listed(desk: Shapes, node: cst.List | cst.Set | cst.Tuple, statement: Statement) -> Shape:
    values = [one.value for one in node.elements]
    shape = joined(desk.of(one, statement) for one in values)
    if any(isinstance(one, cst.StarredElement) for one in node.elements):
        return replace(shape, count="many")
    if len(values) < 2 or isinstance(node, cst.Tuple) or any(is_record(one) for one in values):
        return shape
    return replace(shape, count="many")


def _comprehension(desk: Shapes, node: cst.BaseComp, statement: Statement) -> Shape:
    clause: cst.CompFor | None = node.for_in
    over: list[Shape] = []
    while clause is not None:
        over.append(desk.of(clause.iter, statement))
        clause = clause.inner_for_in
    if isinstance(node, cst.DictComp):
        made = joined((desk.of(node.key, statement), desk.of(node.value, statement)))
        return _without(joined((*over, made), over[0].count), node)
    if not isinstance(node, cst.ListComp | cst.SetComp | cst.GeneratorExp):
        return joined(over)
    element = desk.of(node.elt, statement)
    count: Count = element.count if is_record(node.elt) else "many"
    single = isinstance(node.for_in.iter, cst.List) and len(node.for_in.iter.elements) == 1
    return _without(joined((*over, element), element.count if single else count), node)


def _operation(desk: Shapes, node: cst.BinaryOperation, statement: Statement) -> Shape:
    both = joined((desk.of(node.left, statement), desk.of(node.right, statement)))
    if is_text(node):
        return replace(both, count="one", counted=frozenset())
    return replace(both, count="many") if isinstance(node.operator, cst.Multiply) and is_list(node) else both


def _call(desk: Shapes, node: cst.Call, statement: Statement) -> Shape:
    tail = tail_of(node.func)
    if plurals.TUNING_CLASS.search(tail):
        return CONSTANT
    if plurals.DRAWS.search(tail) and "random" in statement.code(node.func):
        return Shape("one" if tail == "choice" else "many", loops=between(desk.ctx, -1, statement.line))
    if tail == "get" and isinstance(node.func, cst.Attribute) and node.args:
        key = node.args[0].value
        base = desk.of(node.func.value, statement)
        return _keyed(base, str(key.evaluated_value)) if isinstance(key, cst.SimpleString) else base
    given = [one for one in node.args if one.keyword is None or not plurals.ASIDE.match(one.keyword.value)]
    shapes = desk.given([(argument_name(one), one.value) for one in given], statement)
    receiver = desk.of(node.func.value, statement) if isinstance(node.func, cst.Attribute) else CONSTANT
    whole = joined((receiver, *shapes))
    if plurals.MAKES_ONE.search(tail) or (plurals.PUTS_TOGETHER.search(tail) and lengthwise(node)):
        return replace(whole, count="one", counted=frozenset())
    if plurals.MAKES_MANY.search(tail):
        return replace(whole, count="many")
    parts = dotted(node.func)
    local = local_definition(desk.ctx, parts, statement) if parts is not None else None
    if local is not None and desk.ctx.script.lines[local].kind == "def":
        return _returned(desk, local, node, statement, whole)
    if plurals.KEEPS.search(tail):
        return replace(whole, count="likely") if whole.count == "some" and unpadded(node) else whole
    if not whole.tied:
        return replace(whole, count="one")
    if plurals.several(tail) or plurals.BATCH.search(tail):
        return replace(whole, count="many")
    tied = [one for one, shape in zip(given, shapes, strict=True) if shape.tied]
    items = all(plurals.ONE.search(last_name(one.value)) for one in tied) and whole.count in ("one", "likely")
    return replace(whole, count="likely" if items else "some")


def _returned(desk: Shapes, function: int, call: cst.Call, statement: Statement, whole: Shape) -> Shape:
    """What a function of this file gives back for what a call passes."""
    method = isinstance(call.func, cst.Attribute)
    arguments = bind(desk.ctx, function, call, statement, method).arguments
    found: list[Shape] = []
    for one in returns(desk.ctx, function):
        value = one.root.value if isinstance(one.root, cst.Return) else None
        shape = desk.of(value, one) if value is not None else CONSTANT
        counts = [desk.of(*arguments[name]).count for name in shape.counted if name in arguments]
        passed = joined(desk.of(*arguments[name]) for name in sorted(shape.params) if name in arguments)
        found.append(replace(passed, count=max((shape.count, *counts), key=ORDER.index)))
    if not found:
        return replace(whole, count="some" if whole.tied else "one")
    made = joined(found)
    if whole.tied and not made.tied:
        made = replace(made, count="some")
    # Whatever the function does with its arguments, what it gives hangs on them.
    return replace(made, loops=made.loops | whole.loops, params=made.params | whole.params)


def _keyed(base: Shape, key: str) -> Shape:
    """What stands under a key of something."""
    if base.tied and base.count != "many" and plurals.several(key):
        return replace(base, count="many")
    return base if key.endswith("ids") else named(base, key)


def _without(shape: Shape, node: cst.BaseComp) -> Shape:
    """A comprehension's value hangs no longer on its own clauses."""
    own: set[cst.CSTNode] = set()
    clause: cst.CompFor | None = node.for_in
    while clause is not None:
        own.add(clause)
        clause = clause.inner_for_in
    return replace(shape, loops=shape.loops - own)
