"""What stands on either side of a comparison in a condition: constants, facts and predicates, each with its type."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Callable, Iterable
from enum import Enum
from typing import TypeAlias

from ecolint.model import ABSENT, FACTS, KNOWN, Deployment, Fact, FactType, Scalar
from ecolint.predicates import PREDICATES
from ecolint.shaped import dataclass


class ConditionError(ValueError):
    """A condition that cannot be read: what is wrong, and what to write instead."""

    def __init__(self, what: str, instead: str) -> None:
        super().__init__(f"{what}; {instead}")
        self.what = what
        self.instead = instead


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word most like this one, or the first that it begins; None where none is alike."""
    words, word = list(known), word.lower()
    found = difflib.get_close_matches(word, words, n=1, cutoff=0.6)
    return found[0] if found else next((one for one in words if len(word) > 2 and one.startswith(word)), None)


class Missing(Enum):
    """Why a side has no value: it is not there, or nobody can tell before run time."""

    ABSENT = "absent"
    UNKNOWN = "unknown"


Datum: TypeAlias = "str | int | float | bool | Missing"
"""What one side of a comparison is for one deployment."""


@dataclass(frozen=True)
class Operand:
    """One side of a comparison. `constant` is None unless it is one; `fact` is the name if it is a plain fact."""

    label: str
    type: FactType
    run: Callable[[Deployment], Datum]
    facts: frozenset[str] = frozenset()
    fact: str | None = None
    constant: str | int | float | bool | None = None


def type_name(kind: FactType) -> str:
    """A type in words, for messages."""
    return {"str": "text", "number": "a number", "bool": "true or false"}[kind]


_BOOLEANS = {"true": True, "false": False}


def operand(node: ast.expr) -> Operand:
    """Read a constant, a fact or a predicate. Raises `ConditionError`."""
    if isinstance(node, ast.Constant):
        return _literal(node.value, ast.unparse(node))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        inner = operand(node.operand)
        if isinstance(inner.constant, (int, float)) and inner.type == "number":
            return constant(-inner.constant if isinstance(node.op, ast.USub) else inner.constant, ast.unparse(node))
    if isinstance(node, ast.Name):
        return constant(_BOOLEANS[node.id], node.id) if node.id in _BOOLEANS else _fact(node.id)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return _predicate(node, node.func.id)
    raise ConditionError(
        f"{ast.unparse(node)!r} is not part of the condition language",
        "write facts, constants, comparisons, 'in', 'and', 'or', 'not' and predicates",
    )


def _literal(value: object, label: str) -> Operand:
    if isinstance(value, (str, int, float)):
        return constant(value, label)
    raise ConditionError(
        f"{label} is not a value of the condition language", "write 'none' for absent, a number, a text, true or false"
    )


def constant(value: str | int | float | bool, label: str) -> Operand:
    """A constant; the text 'none' is the spelling of "absent"."""
    kind: FactType = "bool" if isinstance(value, bool) else "str" if isinstance(value, str) else "number"
    datum: Datum = Missing.ABSENT if value == "none" else value
    return Operand(label, kind, lambda deployment: datum, constant=value)


_NOT_THERE = Fact("absent")


def _fact(name: str) -> Operand:
    if name not in FACTS:
        if name in PREDICATES:
            raise ConditionError(f"'{name}' is a predicate", f"write {name}(…) with parentheses")
        like = nearest(name, FACTS)
        raise ConditionError(
            f"unknown fact '{name}'", f"write '{like}'" if like else f"write one of {', '.join(FACTS)}"
        )
    kind = FACTS[name]

    def read(deployment: Deployment) -> Datum:
        fact = deployment.facts.get(name, _NOT_THERE)
        if fact.kind != KNOWN:
            return Missing.ABSENT if fact.kind == ABSENT else Missing.UNKNOWN
        return _typed(fact.value, kind)

    return Operand(name, kind, read, frozenset({name}), fact=name)


def _typed(value: Scalar, kind: FactType) -> Datum:
    """A known value as a datum; one that is not of its fact's type is unknown rather than unequal to everything."""
    if value is None or value == "none":
        return Missing.ABSENT
    actual = "bool" if isinstance(value, bool) else "str" if isinstance(value, str) else "number"
    return value if actual == kind else Missing.UNKNOWN


def _predicate(node: ast.Call, name: str) -> Operand:
    if name not in PREDICATES:
        if name in FACTS:
            raise ConditionError(f"'{name}' is a fact, not a predicate", "write it without parentheses")
        like = nearest(name, PREDICATES)
        instead = f"write {like}(…)" if like else f"write one of {', '.join(sorted(PREDICATES))}"
        raise ConditionError(f"unknown predicate '{name}'", instead)
    found = PREDICATES[name]
    if node.keywords or len(node.args) != len(found.arguments):
        example = ", ".join(repr(words[0]) for words in found.arguments)
        raise ConditionError(
            f"{name} takes {len(found.arguments) or 'no'} argument{'' if len(found.arguments) == 1 else 's'}",
            f"write {name}({example})",
        )
    given = tuple(_argument(name, arg, words) for arg, words in zip(node.args, found.arguments, strict=True))
    ask, kind = found.run, found.returns

    def read(deployment: Deployment) -> Datum:
        answer = ask(deployment, *given)
        return Missing.UNKNOWN if answer is None else answer

    facts = frozenset(found.reads) | (frozenset(given) if found.reads_arguments else frozenset())
    return Operand(ast.unparse(node), kind, read, facts)


def _argument(name: str, node: ast.expr, words: tuple[str, ...]) -> str:
    value = node.value if isinstance(node, ast.Constant) else None
    if isinstance(value, str) and value in words:
        return value
    like = nearest(value, words) if isinstance(value, str) else None
    raise ConditionError(
        f"{ast.unparse(node)} is no argument of {name}",
        f"write {like!r}" if like else f"write one of {', '.join(words)}",
    )
