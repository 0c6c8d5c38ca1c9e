"""The piece room: parts and names of expressions, as they are written."""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from ecolint.readers.python import plurals
from ecolint.readers.python.parsing import Statement


def unpadded(call: cst.Call) -> bool:
    """True for a tensor made without padding: texts of different lengths would not fit into it."""
    words = {one.keyword.value: one.value for one in call.args if one.keyword is not None}
    padding = words.get("padding")
    return "return_tensors" in words and (
        padding is None or (isinstance(padding, cst.Name) and padding.value == "False")
    )


def unwrapped(node: cst.BaseExpression) -> cst.BaseExpression:
    """What a loop really goes over: without progress bars, counters, orders and copies."""
    while isinstance(node, cst.Call) and node.args and tail_of(node.func) in plurals.WRAPPERS:
        node = node.args[0].value
    return node


def target_names(target: cst.CSTNode) -> list[str]:
    """The plain names of a target."""
    if isinstance(target, cst.Name):
        return [target.value]
    if isinstance(target, cst.Tuple | cst.List):
        return [name for one in target.elements for name in target_names(one.value)]
    return []


def parts_of(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The expressions that make up another, conditions apart."""
    if isinstance(node, cst.IfExp):
        yield from (node.body, node.orelse)
    elif isinstance(node, cst.FormattedString):
        for piece in node.parts:
            if isinstance(piece, cst.FormattedStringExpression):
                yield piece.expression
    elif isinstance(node, cst.ConcatenatedString | cst.BooleanOperation):
        yield from (node.left, node.right)
    elif isinstance(node, cst.NamedExpr | cst.Index | cst.StarredElement):
        yield node.value
    elif isinstance(node, cst.Slice):
        yield from (one for one in (node.lower, node.upper) if one is not None)
    elif isinstance(node, cst.Await | cst.UnaryOperation):
        yield node.expression


def entries_of(node: cst.Dict) -> Iterator[tuple[str, cst.CSTNode]]:
    for one in node.elements:
        key = one.key if isinstance(one, cst.DictElement) else None
        yield (str(key.evaluated_value) if isinstance(key, cst.SimpleString) else "", one.value)


def argument_name(argument: cst.Arg) -> str:
    """The keyword of an argument, or the name of what it holds."""
    return argument.keyword.value if argument.keyword is not None else last_name(argument.value)


def arguments_of(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    if isinstance(node, cst.Await):
        node = node.expression
    if isinstance(node, cst.Call):
        yield from (one.value for one in node.args)


def tail_of(node: cst.CSTNode) -> str:
    if isinstance(node, cst.Attribute):
        return node.attr.value
    if isinstance(node, cst.Call):
        return tail_of(node.func)
    return node.value if isinstance(node, cst.Name) else ""


def last_name(node: cst.CSTNode) -> str:
    """The name under which an expression holds its value, that of an item by its key."""
    if isinstance(node, cst.Subscript):
        key = node.slice[0].slice if node.slice else None
        if isinstance(key, cst.Index) and isinstance(key.value, cst.SimpleString):
            return str(key.value.evaluated_value)
        return last_name(node.value)
    return tail_of(node)


def inside(node: cst.CSTNode, outer: cst.CSTNode, statement: Statement) -> bool:
    current: cst.CSTNode | None = node
    while current is not None:
        if current is outer:
            return True
        current = statement.parents.get(current)
    return False


def is_record(node: cst.CSTNode) -> bool:
    """True for a part of a conversation, of which several make one input."""
    return isinstance(node, cst.Dict) or (isinstance(node, cst.Call) and tail_of(node.func).endswith("Message"))


def is_list(node: cst.BinaryOperation) -> bool:
    return isinstance(node.left, cst.List) or isinstance(node.right, cst.List)


def is_listed(node: cst.CSTNode, name: str) -> bool:
    """True for `[name]`."""
    only = node.elements[0].value if isinstance(node, cst.List) and len(node.elements) == 1 else None
    return isinstance(only, cst.Name) and only.value == name


def asks_type(test: str, name: str) -> bool:
    """True for a test that asks what a name is: `isinstance(name, list)`, `type(name) is str`."""
    return re.search(rf"\b(?:isinstance|type)\s*\(\s*{re.escape(name)}\s*[,)]", test) is not None


def is_text(node: cst.CSTNode) -> bool:
    texts = cst.SimpleString | cst.FormattedString | cst.ConcatenatedString
    while isinstance(node, cst.BinaryOperation):
        if isinstance(node.right, texts) or isinstance(node.left, texts):
            return True
        node = node.left
    return isinstance(node, texts)


def lengthwise(call: cst.Call) -> bool:
    """True for parts put together along another dimension than the first: one longer input."""
    named = {one.keyword.value: one.value for one in call.args if one.keyword is not None}
    plain = [one.value for one in call.args if one.keyword is None]
    along = named.get("dim") or named.get("axis") or (plain[1] if len(plain) > 1 else None)
    return isinstance(along, cst.UnaryOperation) or (isinstance(along, cst.Integer) and along.value != "0")


def next_to(cut: cst.Slice, statement: Statement) -> bool:
    """True for `[i:i + 1]`."""
    if cut.lower is None or cut.upper is None:
        return False
    return statement.code(cut.upper).replace(" ", "") == statement.code(cut.lower).replace(" ", "") + "+1"


def shown(node: cst.CSTNode) -> bool:
    """True for an iterable of which it is plain to see what its elements are."""
    cut = isinstance(node, cst.Call) and plurals.CUTS_TEXT.search(tail_of(node)) is not None
    return isinstance(node, cst.BaseComp) or cut
