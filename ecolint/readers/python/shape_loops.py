"""The shape room of loops: what a loop gives its variable in each round, one input or several."""

from __future__ import annotations

import re
from dataclasses import replace

import libcst as cst

from ecolint.readers.python import plurals
from ecolint.readers.python.bindings import assigned
from ecolint.readers.python.expressions import shown, tail_of, target_names, unwrapped
from ecolint.readers.python.names import dotted, find, local_definition
from ecolint.readers.python.parsing import Statement
from ecolint.readers.python.shapes import MAX_DEPTH, ORDER, Count, Loop, Shape, Shapes, joined

MAX_BODY = 60
"""Lines of a helper that are searched for slices."""

_CUTTING = re.compile(r"\bappend\(|\byield\b|\bfor\b")


def item(desk: Shapes, iterable: cst.BaseExpression, statement: Statement, loop: Loop, name: str = "") -> Shape:
    """What a loop gives its variable in each round."""
    node = unwrapped(iterable)
    shape = desk.of(node, statement)
    tied = replace(shape, loops=shape.loops | {loop})
    if plurals.BATCH.search(name) or plurals.several(name):
        return replace(tied, count="many")
    return replace(tied, count=_element(desk, node, statement))


def over_batches(desk: Shapes, loop: cst.For, statement: Statement) -> bool:
    """True for a loop that gets several inputs in each round."""
    named = any(map(plurals.BATCH.search, target_names(loop.target)))
    return named or _element(desk, unwrapped(loop.iter), statement) == "many"


def _element(desk: Shapes, node: cst.BaseExpression, statement: Statement) -> Count:
    """How many inputs one element of an iterable is."""
    if isinstance(node, cst.Call):
        return _element_of_call(desk, node, statement)
    if isinstance(node, cst.ListComp | cst.GeneratorExp):
        return desk.of(node.elt, statement).count
    if isinstance(node, cst.List | cst.Tuple | cst.Set):
        return joined(desk.of(one.value, statement) for one in node.elements).count
    if isinstance(node, cst.Name):
        found = find(desk.ctx, node.value, statement.line)
        for reach in found.reaches[:1]:
            written = desk.ctx.statement(reach.binding.line) if reach.binding.kind == "assign" else None
            value = assigned(written, node.value) if written is not None else None
            if written is not None and value is not None and not value[1] and desk.depth < MAX_DEPTH:
                desk.depth += 1
                made = unwrapped(value[0])
                count = _element(desk, made, written)
                desk.depth -= 1
                if count == "many" or shown(made) or not plurals.BATCHES.search(node.value):
                    return count
    tail = tail_of(node)
    return "many" if plurals.BATCHES.search(tail) else "one"


def _element_of_call(desk: Shapes, node: cst.Call, statement: Statement) -> Count:
    tail = tail_of(node.func)
    parts = dotted(node.func)
    local = local_definition(desk.ctx, parts, statement) if parts is not None else None
    if local is not None and _gives_slices(desk, local):
        return "many"
    if tail in ("range", "trange"):
        if len(node.args) < 3:
            return "one"
        step = desk.ctx.evaluate(node.args[2].value, statement)
        return "one" if len(step) == 1 and step[0].data == 1 else "many"
    if tail == "zip":
        every = [_element(desk, unwrapped(one.value), statement) for one in node.args]
        return max(every, key=ORDER.index, default="one")
    if tail.endswith("DataLoader"):
        sizes = [one for one in node.args if one.keyword is not None and one.keyword.value == "batch_size"]
        value = desk.ctx.evaluate(sizes[0].value, statement) if sizes else ()
        return "one" if len(value) == 1 and value[0].data == 1 and value[0].how == "literal" else "many"
    if plurals.CUTS_TEXT.search(tail):
        return "one"
    return "many" if plurals.BATCHES.search(tail) else "one"


def _gives_slices(desk: Shapes, function: int) -> bool:
    """True for a helper of this file that cuts a list: what it yields, or gathers and gives back, are slices."""
    lines = desk.ctx.script.lines
    for line in lines[function + 1 : min(lines[function].tail, function + MAX_BODY) + 1]:
        body = desk.ctx.script.body(line)
        statement = desk.ctx.statement(line.index) if "[" in body and _CUTTING.search(body) else None
        for node in statement.nodes if statement is not None else ():
            value: cst.BaseExpression | None = None
            if isinstance(node, cst.Call) and tail_of(node.func) == "append" and node.args:
                value = node.args[0].value
            elif isinstance(node, cst.Yield) and isinstance(node.value, cst.BaseExpression):
                value = node.value
            elif isinstance(node, cst.ListComp | cst.GeneratorExp):
                value = node.elt
            if value is not None and statement is not None and _is_cut(desk, value, statement):
                return True
    return False


def _is_cut(desk: Shapes, node: cst.BaseExpression, statement: Statement) -> bool:
    """True for a slice between two bounds of what is a list by its shape."""
    cut = node.slice[0].slice if isinstance(node, cst.Subscript) and len(node.slice) == 1 else None
    return isinstance(cut, cst.Slice) and cut.upper is not None and desk.of(node, statement).count == "many"
