"""The evaluator: what an expression can be, as alternatives with the branches they depend on. No type inference."""

from __future__ import annotations

import operator
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace

import libcst as cst

from ecolint.model import HOLE, Alternative, Data, Items, Scalar, Symbol, Table, Template, Value
from ecolint.readers.python import calls, tables, texts
from ecolint.readers.python.alternatives import OPEN, bounded, change, combine, known, through, truth, under, unknown
from ecolint.readers.python.bindings import name_value
from ecolint.readers.python.context import Context, Frame
from ecolint.readers.python.lines import Line
from ecolint.readers.python.members import attribute_value
from ecolint.readers.python.parsing import Statement

MAX_DEPTH = 60
_LITERAL_TEXT = 10_000

_DECIDABLE = re.compile(
    r"(?:not\s+)?(?:self\.|cls\.)?[^\W\d]\w*(?:\s*(?:==|!=|is(?:\s+not)?)\s*(?:None|True|False|-?\d[\d.]*|\"[^\"]*\"|'[^']*'))?"
)
"""Tests that are worth evaluating: one name, perhaps compared with one literal."""

_TYPES_ONLY = re.compile(r"(?:not\s+)?(?:\w+\.)?TYPE_CHECKING")

_ARITHMETIC: Mapping[type[cst.BaseBinaryOp], Callable[[float, float], float]] = {
    cst.Add: operator.add,
    cst.Subtract: operator.sub,
    cst.Multiply: operator.mul,
    cst.Divide: operator.truediv,
    cst.FloorDivide: operator.floordiv,
    cst.Modulo: operator.mod,
    cst.LeftShift: lambda one, other: int(one) << int(other) if other < 64 else 0,
    cst.Power: lambda one, other: one**other if abs(one) < 1_000_000 and abs(other) < 64 else 0,
}
_COMPARISONS: Mapping[type[cst.BaseCompOp], Callable[[object, object], bool]] = {
    cst.Equal: operator.eq,
    cst.NotEqual: operator.ne,
    cst.Is: operator.eq,
    cst.IsNot: operator.ne,
}
_MEMBERSHIP = (cst.In, cst.NotIn)


def evaluate(ctx: Context, node: cst.CSTNode, statement: Statement, frame: Frame | None = None) -> Value:
    """What `node` can be at its statement; unknown for whatever cannot be told. `frame` is a call looked through."""
    if frame is None and node in ctx.values:
        return ctx.values[node]
    if node in ctx.active or ctx.depth > MAX_DEPTH:
        return OPEN
    ctx.active.add(node)
    ctx.depth += 1
    try:
        value = _evaluate(ctx, node, statement, frame)
        if not ctx.extents.bearable(value):
            value = unknown(ctx.place(statement, node))
    finally:
        ctx.depth -= 1
        ctx.active.discard(node)
    if frame is None:
        ctx.values[node] = value
    return value


def _evaluate(ctx: Context, node: cst.CSTNode, statement: Statement, frame: Frame | None) -> Value:
    if isinstance(node, cst.Name):
        if node.value in ("True", "False", "None"):
            return known({"True": True, "False": False}.get(node.value), ctx.place(statement, node))
        return name_value(ctx, node, statement, frame)
    handler = _HANDLERS.get(type(node))
    return handler(ctx, node, statement, frame) if handler is not None else unknown(ctx.place(statement, node))


def _literal(ctx: Context, node: cst.CSTNode, statement: Statement, frame: Frame | None) -> Value:
    assert isinstance(node, cst.SimpleString | cst.Integer | cst.Float)
    place = ctx.place(statement, node)
    if len(node.value) > _LITERAL_TEXT:
        return unknown(place)
    if isinstance(node, cst.SimpleString) and not node.prefix and "\\" not in node.value:
        return known(node.raw_value, place)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            data = node.evaluated_value
        except (SyntaxError, ValueError):  # an escape or a number that this version of Python refuses
            return unknown(place)
    return unknown(place) if isinstance(data, bytes) else known(data, place)


def _concatenated(ctx: Context, node: cst.CSTNode, statement: Statement, frame: Frame | None) -> Value:
    assert isinstance(node, cst.ConcatenatedString)
    left, right = (evaluate(ctx, part, statement, frame) for part in (node.left, node.right))
    return _as_written(combine(left, right, _join, ctx.place(statement, node)), left, right)


def _join(one: Data, other: Data) -> str | None:
    if isinstance(one, str) and isinstance(other, str) and len(one) + len(other) <= texts.MAX_TEXT:
        return one + other
    return None


def _as_written(value: Value, *parts: Value) -> Value:
    """A value computed from literals alone still counts as a literal."""
    if len(value) == 1 and value[0].kind == "known" and all(one.how == "literal" for part in parts for one in part):
        return known(value[0].data, value[0].place)
    return value


def _formatted(ctx: Context, node: cst.CSTNode, statement: Statement, frame: Frame | None) -> Value:
    assert isinstance(node, cst.FormattedString)
    place = ctx.place(statement, node)
    value, written = known("", place), ""
    for part in node.parts:
        if isinstance(part, cst.FormattedStringText):
            piece = known(part.value.replace("{{", "{").replace("}}", "}"), place)
        elif isinstance(part, cst.FormattedStringExpression) and not (
            part.conversion or part.format_spec or part.equal
        ):
            piece = change(evaluate(ctx, part.expression, statement, frame), _shown, place)
        else:
            piece = unknown(place)
        written += str(piece[0].data) if len(piece) == 1 and piece[0].kind == "known" else HOLE
        value = combine(value, piece, _join, place)
    if len(value) == 1 and value[0].kind == "unknown" and len(written) <= texts.MAX_TEXT:
        return (replace(value[0], data=Template(written)),)
    return value


def _shown(data: Data) -> str | None:
    return str(data) if isinstance(data, str | int) else None


def _unary(ctx: Context, node: cst.CSTNode, statement: Statement, frame: Frame | None) -> Value:
    assert isinstance(node, cst.UnaryOperation)
    value, place = evaluate(ctx, node.expression, statement, frame), ctx.place(statement, node)
    if isinstance(node.operator, cst.Minus):
        return change(value, lambda data: -data if _number(data) is not None else None, place)  # type: ignore[operator]
    if isinstance(node.operator, cst.Not):
        if len(value) == 1 and value[0].how == "default" and isinstance(value[0].data, bool):
            return known(not value[0].data, place, "default")
        told = truth(value)
        return unknown(place) if told is None else known(not told, place, value[0].how)
    return unknown(place)


def _number(data: Data) -> int | float | None:
    return data if isinstance(data, int | float) and not isinstance(data, bool) else None


def _binary(ctx: Context, node: cst.CSTNode, statement: Statement, frame: Frame | None) -> Value:
    assert isinstance(node, cst.BinaryOperation)
    left, right = (evaluate(ctx, part, statement, frame) for part in (node.left, node.right))
    place = ctx.place(statement, node)
    if isinstance(node.operator, cst.BitOr):
        return tables.merged(ctx, statement, node, left, right)
    if isinstance(node.operator, cst.Modulo) and any(isinstance(one.data, str) for one in left):
        return texts.percent(left, right, place)
    if isinstance(node.operator, cst.Divide) and any(isinstance(one.data, str) for one in (*left, *right)):
        return _as_written(combine(left, right, texts.join_paths, place), left, right)
    compute = _ARITHMETIC.get(type(node.operator))

    def make(one: Data, other: Data) -> Scalar | None:
        if isinstance(node.operator, cst.Add) and isinstance(one, str):
            return _join(one, other)
        first, second = _number(one), _number(other)
        if compute is None or first is None or second is None:
            return None
        try:
            return compute(first, second)
        except (ArithmeticError, ValueError):
            return None

    return _as_written(combine(left, right, make, place), left, right)


def _boolean(ctx: Context, node: cst.CSTNode, statement: Statement, frame: Frame | None) -> Value:
    assert isinstance(node, cst.BooleanOperation)
    left = evaluate(ctx, node.left, statement, frame)
    told = truth(left)
    if told is not None:
        return left if told == isinstance(node.operator, cst.Or) else evaluate(ctx, node.right, statement, frame)
    right = evaluate(ctx, node.right, statement, frame)
    if isinstance(node.operator, cst.And) and truth(right) is False and any(one.data is False for one in right):
        return right
    if len(left) == 1 and left[0].how == "default":
        taken = bool(left[0].data) == isinstance(node.operator, cst.Or)
        return left if taken else tuple(_overridable(one) for one in right)
    if isinstance(node.operator, cst.Or) and len(left) == 1 and left[0].kind == "unknown":
        return tuple(_overridable(_opened(one)) if one.kind == "known" else one for one in right)
    return unknown(ctx.place(statement, node))


def _opened(one: Alternative) -> Alternative:
    """A dictionary that stands in for one that nobody sees: there may be more in it."""
    data = one.data
    return replace(one, data=replace(data, open=True)) if isinstance(data, Table) and not data.name else one


def _overridable(one: Alternative) -> Alternative:
    return Alternative(one.kind, one.data, one.place, "default", one.branches, one.shared)


def _conditional(ctx: Context, node: cst.CSTNode, statement: Statement, frame: Frame | None) -> Value:
    assert isinstance(node, cst.IfExp)
    told = truth(evaluate(ctx, node.test, statement, frame))
    if told is not None:
        return evaluate(ctx, node.body if told else node.orelse, statement, frame)
    decision, flipped = ctx.flow.expression(statement.code(node.test), statement.span(node).start, statement.line)
    found: list[Alternative] = []
    for arm, part in enumerate((node.orelse, node.body) if flipped else (node.body, node.orelse)):
        found += under(evaluate(ctx, part, statement, frame), frozenset({(decision, arm)}))
    return bounded(found)


def _comparison(ctx: Context, node: cst.CSTNode, statement: Statement, frame: Frame | None) -> Value:
    assert isinstance(node, cst.Comparison)
    place = ctx.place(statement, node)
    if len(node.comparisons) != 1:
        return unknown(place)
    target = node.comparisons[0]
    left = evaluate(ctx, node.left, statement, frame)
    right = evaluate(ctx, target.comparator, statement, frame)
    compare = _COMPARISONS.get(type(target.operator))

    def make(one: Data, other: Data) -> bool | None:
        if isinstance(target.operator, _MEMBERSHIP):
            inside = _contains(other, one)
            return inside if inside is None else inside == isinstance(target.operator, cst.In)
        if isinstance(one, Table | Items) or isinstance(other, Table | Items):
            told = isinstance(target.operator, cst.IsNot) if other is None and isinstance(one, Table) else None
            return False if told is None and other is None and isinstance(target.operator, cst.Is) else told
        if isinstance(one, Symbol) or isinstance(other, Symbol):
            return None
        return compare(one, other) if compare is not None else None

    return combine(left, right, make, place)


def _contains(holder: Data, data: Data) -> bool | None:
    """Whether a known list holds a value, or a text another."""
    if isinstance(data, Table | Items | Symbol):
        return None
    if isinstance(holder, str) and isinstance(data, str):
        return data in holder
    if not isinstance(holder, Items):
        return None
    told = [one.data if one.kind == "known" else holder for item in holder.items for one in item]
    if any(one == data for one in told):
        return True
    return None if holder.open or any(isinstance(one, Table | Items | Symbol) for one in told) else False


def _sequence(ctx: Context, node: cst.CSTNode, statement: Statement, frame: Frame | None) -> Value:
    assert isinstance(node, cst.List | cst.Tuple | cst.Set)
    items, hidden = [], False
    for element in node.elements:
        if isinstance(element, cst.StarredElement):
            hidden = True
        else:
            items.append(evaluate(ctx, element.value, statement, frame))
    return known(Items(tuple(items), hidden), ctx.place(statement, node))


def _subscript(ctx: Context, node: cst.CSTNode, statement: Statement, frame: Frame | None) -> Value:
    assert isinstance(node, cst.Subscript)
    place = ctx.place(statement, node)
    if len(node.slice) != 1 or not isinstance(node.slice[0].slice, cst.Index):
        return unknown(place)
    key = evaluate(ctx, node.slice[0].slice.value, statement, frame)
    if len(key) != 1 or key[0].kind != "known":
        return unknown(place)
    found: list[Alternative] = []
    for one in evaluate(ctx, node.value, statement, frame):
        found += under(_item(one, key[0].data) or unknown(place), one.branches)
    if key[0].how in ("default", "derived"):
        found = [replace(each, how=key[0].how) if each.kind == "known" else each for each in found]
    return through(bounded(found), "constant", shared=False)


def _item(holder: Alternative, key: Data) -> Value | None:
    data = holder.data
    if isinstance(data, Items) and isinstance(key, int) and not data.open and -len(data.items) <= key < len(data.items):
        return data.items[key]
    if isinstance(data, Table) and data.syntax == "python.dict" and isinstance(key, str):
        return tables.entry(data, key)
    return None


def _named(ctx: Context, node: cst.CSTNode, statement: Statement, frame: Frame | None) -> Value:
    assert isinstance(node, cst.NamedExpr)
    return evaluate(ctx, node.value, statement, frame)


def _awaited(ctx: Context, node: cst.CSTNode, statement: Statement, frame: Frame | None) -> Value:
    assert isinstance(node, cst.Await)
    return evaluate(ctx, node.expression, statement, frame)


def decide(ctx: Context, line: Line) -> bool | None:
    """What the test of an `if` header is known to be: literals, known constants, and the main guard."""
    test = ctx.flow.test(line)
    if test in ("True", "1"):
        return True
    if test in ("False", "0", "None"):
        return False
    if _TYPES_ONLY.fullmatch(test):
        return test.startswith("not")  # at run time
    if test.startswith("__name__"):
        return True if ctx.flow.width(line.leader) == 2 and len(ctx.flow.chain(line.leader)) == 1 else None
    if not _DECIDABLE.fullmatch(test):
        return None
    statement = ctx.parser.parse(line)
    if statement is None or not isinstance(statement.root, cst.If):
        return None
    asked = statement.root.test
    if isinstance(asked, cst.Comparison) and all(one.kind == "unknown" for one in ctx.evaluate(asked.left, statement)):
        return None  # whatever it is compared with
    return truth(evaluate(ctx, asked, statement))


def attach(ctx: Context) -> Context:
    """Let the flow fold tests by evaluating them, and give the context its evaluator."""
    ctx.flow.decide = lambda line: decide(ctx, line)
    ctx.evaluate = lambda node, statement, frame=None: evaluate(ctx, node, statement, frame)
    return ctx


_Handler = Callable[[Context, cst.CSTNode, Statement, "Frame | None"], Value]
_HANDLERS: Mapping[type[cst.CSTNode], _Handler] = {
    cst.SimpleString: _literal,
    cst.Integer: _literal,
    cst.Float: _literal,
    cst.ConcatenatedString: _concatenated,
    cst.FormattedString: _formatted,
    cst.UnaryOperation: _unary,
    cst.BinaryOperation: _binary,
    cst.BooleanOperation: _boolean,
    cst.IfExp: _conditional,
    cst.Comparison: _comparison,
    cst.List: _sequence,
    cst.Tuple: _sequence,
    cst.Set: _sequence,
    cst.Subscript: _subscript,
    cst.NamedExpr: _named,
    cst.Await: _awaited,
    cst.Attribute: attribute_value,
    cst.Call: calls.call_value,
    cst.Dict: tables.dict_value,
}
