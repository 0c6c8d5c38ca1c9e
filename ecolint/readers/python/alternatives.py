"""The value desk: small operations on sets of alternatives that keep branches consistent and their number bounded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ecolint.model import Alternative, Branches, Data, How, Place, Scalar, Value

MAX_ALTERNATIVES = 16

OPEN: Value = (Alternative("unknown"),)


def known(data: Data, place: Place | None, how: How = "literal") -> Value:
    """One known alternative."""
    return (Alternative("known", data, place, how),)


def unknown(place: Place | None = None) -> Value:
    """One unknown alternative."""
    return (Alternative("unknown", None, place),)


def agree(one: Branches, other: Branches) -> bool:
    """True where two sets of arms can hold together."""
    if not one or not other:
        return True
    taken = dict(one)
    return all(taken.get(decision, arm) == arm for decision, arm in other)


def under(value: Value, branches: Branches) -> Value:
    """A value that holds only where `branches` are taken."""
    if not branches:
        return value
    return tuple(replace(one, branches=one.branches | branches) for one in value if agree(one.branches, branches))


def bounded(alternatives: list[Alternative]) -> Value:
    """A value of these alternatives, or unknown where there are too many or none."""
    if not alternatives or len(alternatives) > MAX_ALTERNATIVES:
        return OPEN
    return tuple(alternatives)


def combine(left: Value, right: Value, make: Callable[[Data, Data], Scalar | None], place: Place | None) -> Value:
    """What `make` gives for each pair of alternatives that can hold together; None from it is unknown."""
    found: list[Alternative] = []
    for one in left:
        for other in right:
            if not agree(one.branches, other.branches):
                continue
            branches = one.branches | other.branches
            made = make(one.data, other.data) if one.kind == other.kind == "known" else None
            if made is None:
                found.append(Alternative("unknown", None, place, branches=branches))
            else:
                how: How = "constant"
                for soft in ("derived", "default"):
                    how = soft if soft in (one.how, other.how) else how
                found.append(Alternative("known", made, place, how, branches))
    return bounded(found)


def change(value: Value, make: Callable[[Data], Data | None], place: Place | None) -> Value:
    """What `make` gives for each known alternative; None from it is unknown."""
    found = []
    for one in value:
        made = make(one.data) if one.kind == "known" else None
        if made is None:
            found.append(Alternative("unknown", None, place, branches=one.branches))
        else:
            found.append(replace(one, data=made, place=place, told=()))
    return tuple(found)


def through(value: Value, how: How, shared: bool) -> Value:
    """A value reached through a name: a literal becomes a constant, a default stays one."""
    return tuple(
        one
        if one.kind == "unknown"
        else replace(one, how=how if one.how == "literal" else one.how, shared=one.shared or shared)
        for one in value
    )


def only(value: Value) -> Alternative | None:
    """The single unconditional known alternative of a value, if that is what it is."""
    if len(value) == 1 and value[0].kind == "known" and not value[0].branches:
        return value[0]
    return None


def settled(values: list[Value]) -> Value:
    """The one value of rival bindings that all say the same; a placeholder None gives way, and then it is derived."""
    told = [only(value) for value in values]
    real = [one for one in told if one is None or one.data is not None]
    first = real[0] if real else None
    if first is None or any(one is None or one.data != first.data for one in real):
        return OPEN
    return (first,) if len(real) == len(told) else (replace(first, how="derived"),)


def truth(value: Value) -> bool | None:
    """Whether a value is certainly true or false."""
    found = {_truth(one) for one in value}
    return found.pop() if len(found) == 1 else None


def _truth(one: Alternative) -> bool | None:
    if one.kind == "unknown" or one.how in ("default", "derived"):
        return None
    if one.kind == "absent" or one.data is None or isinstance(one.data, str | int | float | bool):
        return bool(one.data)
    return None
