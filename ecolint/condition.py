"""The small boolean language over deployment facts in which rules say when a deployment is wasteful."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from typing import TypeAlias

from ecolint.model import Deployment, Scalar
from ecolint.operands import ConditionError, Missing, Operand, constant, nearest, operand, type_name
from ecolint.shaped import dataclass

__all__ = ["Atom", "Condition", "ConditionError", "nearest", "parse"]

LONGEST = 2_000
"""Characters that a condition may have."""
DEEPEST = 40
"""Levels of nesting that a condition may have; it is read recursively."""
MOST_CLAUSES = 64
"""Clauses kept of what a condition requires: leaving some out is always correct."""


@dataclass(frozen=True, slots=True)
class Atom:
    """A fact with the value it must have; with `any_value`, any known value may do."""

    fact: str
    value: Scalar = None
    any_value: bool = False


Clauses: TypeAlias = "tuple[frozenset[Atom], ...]"


@dataclass(frozen=True)
class Condition:
    """A compiled condition.

    `facts` are the names it reads, those of its predicates included. `requires` helps to derive anchors: whenever the
    condition is true, every set in it has at least one atom that is true; it is empty where nothing cheap can be said.
    """

    text: str
    facts: frozenset[str] = field(compare=False)
    requires: Clauses = field(compare=False)
    run: Callable[[Deployment], bool | None] = field(compare=False, repr=False)

    def holds(self, deployment: Deployment) -> bool | None:
        """True, False, or None where the facts known do not decide it (Kleene's three-valued logic)."""
        return self.run(deployment)

    def __reduce__(self) -> tuple[Callable[[str], Condition], tuple[str]]:
        # Closures cannot cross to worker processes; the text can.
        return parse, (self.text,)


@dataclass(frozen=True)
class _Truth:
    run: Callable[[Deployment], bool | None]
    facts: frozenset[str]
    when_true: Clauses = ()
    when_false: Clauses = ()


def parse(text: str) -> Condition:
    """Compile and type-check a condition. Raises `ConditionError`."""
    if len(text) > LONGEST:
        raise ConditionError(f"the condition has {len(text)} characters", f"write at most {LONGEST}")
    if "#" in text:
        raise ConditionError("'#' begins no comment inside a condition", "write it as a comment of the file")
    try:
        body = ast.parse(" ".join(text.split("\n")).strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else "it is nested too deeply or holds a null byte"
        raise ConditionError(
            f"the condition cannot be read: {reason}", "write comparisons joined by 'and', 'or' and 'not'"
        ) from None
    _check_depth(body)
    truth = _truth(body)
    return Condition(text, truth.facts, truth.when_true, truth.run)


def _check_depth(body: ast.expr) -> None:
    level: list[ast.AST] = [body]
    for _ in range(DEEPEST):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        if not level:
            return
    raise ConditionError(
        f"the condition is nested more than {DEEPEST} levels deep", "write it flatter, or as a predicate"
    )


# --- truth ------------------------------------------------------------------------------------------------------------


def _truth(node: ast.expr) -> _Truth:
    if isinstance(node, ast.BoolOp):
        parts = [_truth(value) for value in node.values]
        return _all(parts) if isinstance(node.op, ast.And) else _any(parts)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return _not(_truth(node.operand))
    if isinstance(node, ast.Compare):
        sides = [node.left, *node.comparators]
        parts = [_compare(op, left, right) for op, left, right in zip(node.ops, sides, sides[1:], strict=False)]
        return parts[0] if len(parts) == 1 else _all(parts)
    alone = operand(node)
    if alone.type != "bool":
        raise ConditionError(
            f"{alone.label} is {type_name(alone.type)}, not a condition", f"compare it: {alone.label} == …"
        )
    return _equal(alone, constant(True, "true"))


def _not(part: _Truth) -> _Truth:
    run = part.run

    def negate(deployment: Deployment) -> bool | None:
        answer = run(deployment)
        return None if answer is None else not answer

    return _Truth(negate, part.facts, part.when_false, part.when_true)


def _all(parts: list[_Truth]) -> _Truth:
    runs = [part.run for part in parts]

    def every(deployment: Deployment) -> bool | None:
        answer: bool | None = True
        for run in runs:
            one = run(deployment)
            if one is False:
                return False
            if one is None:
                answer = None
        return answer

    facts = frozenset[str]().union(*(part.facts for part in parts))
    return _Truth(every, facts, _joined(part.when_true for part in parts), _either([part.when_false for part in parts]))


def _any(parts: list[_Truth]) -> _Truth:
    return _not(_all([_not(part) for part in parts]))


def _joined(many: Iterable[Clauses]) -> Clauses:
    return tuple(dict.fromkeys(clause for clauses in many for clause in clauses))[:MOST_CLAUSES]


def _either(many: list[Clauses]) -> Clauses:
    """What is required where at least one of several things holds: one clause of each, joined."""
    combined: Clauses = many[0]
    for clauses in many[1:]:
        combined = tuple(dict.fromkeys(one | other for one in combined for other in clauses))[:MOST_CLAUSES]
    return combined


# --- comparisons ------------------------------------------------------------------------------------------------------

_ORDER: Mapping[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


def _compare(op: ast.cmpop, left_node: ast.expr, right_node: ast.expr) -> _Truth:
    left = operand(left_node)
    if isinstance(op, (ast.In, ast.NotIn)):
        return _member(left, right_node) if isinstance(op, ast.In) else _not(_member(left, right_node))
    if isinstance(op, (ast.Is, ast.IsNot)):
        raise ConditionError("'is' is not part of the condition language", "write '==' or '!='")
    right = operand(right_node)
    if left.constant is not None and right.constant is not None:
        raise ConditionError(
            f"{left.label} and {right.label} are both constants",
            "compare a fact, written without quotes, with a constant",
        )
    if isinstance(op, (ast.Eq, ast.NotEq)):
        _check_types(left, right)
        return _equal(left, right) if isinstance(op, ast.Eq) else _not(_equal(left, right))
    return _order(_ORDER[type(op)], left, right)


def _check_types(left: Operand, right: Operand) -> None:
    if left.type == right.type:
        return
    for one, other in ((left, right), (right, left)):
        if one.fact is not None and other.constant == "none":
            return  # the spelling of "absent", for facts of every type
    wanted, given = (right, left) if left.constant is not None else (left, right)
    raise ConditionError(
        f"{wanted.label} is {type_name(wanted.type)} and {given.label} is {type_name(given.type)}",
        f"compare {wanted.label} with {type_name(wanted.type)}",
    )


def _equal(left: Operand, right: Operand) -> _Truth:
    run_left, run_right = left.run, right.run

    def equal(deployment: Deployment) -> bool | None:
        one, other = run_left(deployment), run_right(deployment)
        return None if Missing.UNKNOWN in (one, other) else one == other

    required, excluded = _equality_clauses(left, right)
    return _Truth(equal, left.facts | right.facts, required, excluded)


def _equality_clauses(left: Operand, right: Operand) -> tuple[Clauses, Clauses]:
    """What `left == right` requires to be true, and to be false, where one side is a fact and the other a constant."""
    fact, value = (left.fact, right.constant) if left.fact is not None else (right.fact, left.constant)
    if fact is None or value is None:
        return (), ()
    if value == "none":
        return (), (frozenset({Atom(fact, any_value=True)}),)
    return (frozenset({Atom(fact, value)}),), ()


def _member(left: Operand, list_node: ast.expr) -> _Truth:
    if left.constant is not None or not isinstance(list_node, (ast.List, ast.Tuple)) or not list_node.elts:
        raise ConditionError(
            "'in' needs a fact on its left and a list of constants on its right",
            "write quantization in ['int8', 'nf4']",
        )
    parts = []
    for element in list_node.elts:
        item = operand(element)
        if item.constant is None:
            raise ConditionError(f"{item.label} is not a constant", "list only constants after 'in'")
        _check_types(left, item)
        parts.append(_equal(left, item))
    return _any(parts)


def _order(compare: Callable[[float, float], bool], left: Operand, right: Operand) -> _Truth:
    for side in (left, right):
        if side.type != "number":
            raise ConditionError(
                f"{side.label} is {type_name(side.type)} and has no order",
                "write '==', '!=' or 'in', or compare numbers",
            )
    run_left, run_right = left.run, right.run

    def order(deployment: Deployment) -> bool | None:
        one, other = run_left(deployment), run_right(deployment)
        if isinstance(one, Missing) or isinstance(other, Missing) or isinstance(one, str) or isinstance(other, str):
            return None
        return compare(one, other)

    known = tuple(frozenset({Atom(side.fact, any_value=True)}) for side in (left, right) if side.fact is not None)
    return _Truth(order, left.facts | right.facts, known, known)
