"""What a better deployment takes from the deployment as it is: a fact or a predicate, written `{ value = "…" }`."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import field

from ecolint.model import Deployment, FactType, Scalar
from ecolint.operands import ConditionError, Datum, Missing, operand
from ecolint.shaped import dataclass


@dataclass(frozen=True)
class Computed:
    """A compiled value. Its text stands for it wherever it is only spoken of."""

    text: str
    type: FactType = field(compare=False)
    facts: frozenset[str] = field(compare=False)
    run: Callable[[Deployment], Datum] = field(compare=False, repr=False)

    def of(self, deployment: Deployment) -> Scalar:
        """The value for one deployment, None where it has none; whole numbers are integers."""
        found = self.run(deployment)
        if isinstance(found, Missing):
            return None
        return int(found) if isinstance(found, float) and found.is_integer() else found

    def __str__(self) -> str:
        return self.text

    def __reduce__(self) -> tuple[Callable[[str], Computed], tuple[str]]:
        # Closures cannot cross to worker processes; the text can.
        return parse, (self.text,)


def parse(text: str) -> Computed:
    """Compile a fact's or a predicate's name. Raises `ConditionError`."""
    try:
        body = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ConditionError(f"{text!r} cannot be read", "write a fact, or a predicate with parentheses") from None
    if not isinstance(body, (ast.Name, ast.Call)):
        raise ConditionError(f"{text!r} computes nothing", "write a fact, or a predicate with parentheses")
    found = operand(body)
    return Computed(text, found.type, found.facts, found.run)
