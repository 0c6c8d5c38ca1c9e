"""The variants of an invocation: every consistent choice of the branches that its settings depend on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ecolint.model import Branches, Condition, Scalar, Table, Use, Value
from ecolint.recognise import Recognised, matches
from ecolint.slots import Assignment
from ecolint.stacks.vocabulary import Key, Vocabulary

MAX_VARIANTS = 16


def assignments(recognised: Recognised) -> Iterator[Assignment]:
    """Every consistent choice of the arms that matter, at most 16; decisions beyond that stay open, hence unknown."""
    fixed = dict(recognised.invocation.branches)
    conditions = recognised.invocation.conditions
    arms: dict[str, set[int]] = {}
    for branches, optional in _branches(recognised):
        for decision, arm in sorted(branches, key=_by_line):
            if decision not in fixed:
                arms.setdefault(decision, set()).add(arm)
                if optional:
                    arms[decision].add(-1)
    found: list[dict[str, int]] = [fixed]
    for decision, options in arms.items():
        if len(options) > 2:
            options.discard(-1)
        elif len(options) == 1 or -1 in options:
            options.discard(-1)
            (arm,) = options
            # Where a decision has two arms the other one is known by its number, and so by what it says.
            two = (decision, 0) in conditions and (decision, 2) not in conditions
            options.add(1 - arm if two else -1)
        further = [{**one, decision: arm} for one in found for arm in sorted(options, reverse=True)]
        possible = [one for one in further if _possible(one, conditions)] or further
        if len(possible) <= MAX_VARIANTS:
            found = possible
    yield from found


def _by_line(arm: tuple[str, int]) -> tuple[int, str, int]:
    """Decisions in the order of the lines that name them, so that the outer ones come first and runs are alike."""
    return (len(arm[0]), *arm)


def _possible(assignment: Assignment, conditions: Mapping[tuple[str, int], tuple[Condition, ...]]) -> bool:
    """Whether the arms can be taken together: a subject has one value, and not one that another test denies."""
    values: dict[str, Scalar] = {}
    denied: set[tuple[str, Scalar]] = set()
    for arm in assignment.items():
        for told in conditions.get(arm, ()):
            if told.holds:
                if values.setdefault(told.subject, told.value) != told.value and told.value is not True:
                    return False
            else:
                denied.add((told.subject, told.value))
    return not any((subject, value) in denied for subject, value in values.items())


def _branches(recognised: Recognised) -> Iterator[tuple[Branches, bool]]:
    """The branches that the vocabulary's keys depend on, and whether what stands there is simply missing in other arms.

    What carries configuration comes first: where there are too many decisions, the last ones stay open.
    """
    invocation, vocabulary = recognised.invocation, recognised.vocabulary
    carriers = {"**", *vocabulary.nested}
    for spec in vocabulary.objects.values():
        carriers |= {*spec.arguments, *spec.nested}
    named = {name for key in vocabulary.keys.values() for name in _names(key)} | carriers
    tables = [t for t in (invocation.call, invocation.words, invocation.env, invocation.mapping) if t is not None]
    for table in tables:
        yield from _in_table(table, carriers, named)
    for table in tables:
        yield from _in_table(table, named, named)
    yield from _in_value(invocation.image, named)
    for use in sorted(invocation.uses, key=lambda use: not _works(use, vocabulary)):
        if any(matches(use.name, spec.calls) for spec in vocabulary.uses):
            yield use.branches, True
            if use.table is not None:
                yield from _in_table(use.table, named, named)


def _works(use: Use, vocabulary: Vocabulary) -> bool:
    """Whether a use is what the object is there for, such as generating: its branches come before those of the rest."""
    return any(spec.per_item and matches(use.name, spec.calls) for spec in vocabulary.uses)


def _names(key: Key) -> Iterator[str]:
    """Every name under which an entry may be this key; words of a command line are told by their position."""
    yield from (*key.keyword, *key.mapping, *key.env)
    if key.positional is not None:
        yield str(key.positional)


def _in_table(table: Table, wanted: set[str], inside: set[str]) -> Iterator[tuple[Branches, bool]]:
    """The branches of a table's own entries first, then of what they hold: the outer choice is the one that matters."""
    every = table.syntax.endswith("words")
    entries = [entry for entry in table.entries if every or entry.name in wanted]
    for entry in entries:
        yield entry.branches, True
        for alternative in entry.value:
            yield alternative.branches, False
    for entry in entries:
        yield from _inside(entry.value, inside)


def _in_value(value: Value, named: set[str]) -> Iterator[tuple[Branches, bool]]:
    for alternative in value:
        yield alternative.branches, False
    yield from _inside(value, named)


def _inside(value: Value, named: set[str]) -> Iterator[tuple[Branches, bool]]:
    for alternative in value:
        if isinstance(alternative.data, Table):
            yield from _in_table(alternative.data, named, named)
