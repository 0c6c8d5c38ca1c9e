"""One variant of an invocation's branches: what can happen in it, and which of a value's alternatives holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeAlias

from ecolint.model import Alternative, Branches, Data, Table, Value

Assignment: TypeAlias = Mapping[str, int]
"""The arm that is taken at each decision of the variant."""


def compatible(branches: Branches, assignment: Assignment) -> bool:
    """Whether something that stands under these arms can happen in this variant."""
    return all(assignment.get(decision, arm) == arm for decision, arm in branches)


def settled(branches: Branches, assignment: Assignment) -> bool:
    """Whether the variant fixes every one of these arms."""
    return all(decision in assignment for decision, _ in branches)


def pick(value: Value, assignment: Assignment) -> Alternative | None:
    """The alternative that holds in this variant; None where several could."""
    open_ = [a for a in value if compatible(a.branches, assignment)]
    if not open_:
        return None
    if all(a.kind == open_[0].kind and a.data == open_[0].data for a in open_[1:]):
        return _decided(open_[0], assignment)
    return None


def _decided(alternative: Alternative, assignment: Assignment) -> Alternative:
    """What the arms of this variant say of a value, where a test of the same came before its use."""
    for decision, arm, told in alternative.told:
        if assignment.get(decision) == arm:
            return replace(alternative, kind="known", data=told, how="derived", told=())
    return alternative


def narrowed(data: Data, assignment: Assignment) -> Data:
    """A table whose entries have only the values of this variant; anything else as it is."""
    if not isinstance(data, Table):
        return data
    entries = []
    for entry in data.entries:
        if compatible(entry.branches, assignment):
            alternative = pick(entry.value, assignment)
            entries.append(replace(entry, value=(alternative,)) if alternative is not None else entry)
    return replace(data, entries=tuple(entries))
