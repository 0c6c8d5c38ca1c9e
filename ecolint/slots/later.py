"""What later calls on the object say, and what other calls in its module make doubtful."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeAlias

from ecolint.model import Table, Use
from ecolint.recognise import Recognised, matches
from ecolint.slots.setting import ABSENT, OPEN, Setting, under
from ecolint.slots.tables import within
from ecolint.slots.variant import Assignment, compatible
from ecolint.stacks.vocabulary import Key, UseSpec, Vocabulary

Known: TypeAlias = "tuple[tuple[Use, UseSpec], ...]"
"""Later calls, with what the vocabulary knows of them."""


def said(later: Known, key: Key, vocabulary: Vocabulary, assignment: Assignment) -> Setting | None:
    """What later calls say of a key, the last one; what they are given outranks what was set on the object."""
    found: dict[bool, Setting] = {}
    for use, spec in later:
        if key.name not in spec.keys or use.table is None:
            continue
        inner = (within(use.table, name, vocabulary, assignment) for name in spec.nested)
        for table in (use.table, *(one for one in inner if isinstance(one, Table))):
            setting = under(table, key.keyword, key, assignment, "use", key.positional)
            if setting is not None and setting is not OPEN:
                found[use.name.endswith("=")] = replace(setting, assured=setting.assured and not use.likely)
                break
    return found.get(False) or found.get(True)


def virtual(later: Known, recognised: Recognised, assignment: Assignment) -> dict[str, Setting]:
    """The keys that are written nowhere: that the object generates, how it answers requests, that it is trained."""
    found = {name: ABSENT for name, key in recognised.vocabulary.keys.items() if key.virtual}
    generates = False
    for use, spec in later:
        generates = generates or bool(spec.per_item)
        if spec.request is not None and use.request and found[spec.request].value != "single":
            # One way in that takes requests one by one is enough to be told of.
            found[spec.request] = Setting("known", use.request, use.place, assured=False, written=True, where="virtual")
        for name, value in spec.sets.items():
            found[name] = Setting("known", value, use.place, assured=not use.likely, written=True, where="virtual")
        for name, value in spec.per_item.items():
            if use.concurrent and spec.shares:
                continue
            if use.per_item:
                found[name] = _joined(found[name], Setting("known", value, use.place, assured=not use.likely))
            elif use.per_item is None and found[name].kind == "absent":
                found[name] = OPEN
    for spec in _doubts(recognised, assignment, generates):
        found.update({name: OPEN for name in spec.sets if found[name].kind == "absent"})
    return found


def uses(recognised: Recognised, assignment: Assignment) -> Known:
    """The later calls that happen in this variant, with what the vocabulary knows of them."""
    callee = recognised.callee
    return tuple(
        (use, spec)
        for use in recognised.invocation.uses
        if compatible(use.branches, assignment)
        for spec in recognised.vocabulary.uses
        if matches(use.name, spec.calls) and (not spec.only or matches(use.through or callee, spec.only))
    )


def _doubts(recognised: Recognised, assignment: Assignment, generates: bool) -> Iterable[UseSpec]:
    """What may be true of the object, because of another variant or of what stands beside it."""
    invocation, vocabulary = recognised.invocation, recognised.vocabulary
    for use in invocation.uses:
        for spec in vocabulary.uses if not compatible(use.branches, assignment) else ():
            if spec.spreads and matches(use.name, spec.calls):
                yield spec
    for spec in vocabulary.beside:
        if spec.only and not matches(recognised.callee, spec.only):
            continue
        told = any(word in invocation.beside for word in spec.words)
        # Where nobody was seen to generate with the object, code beside it may do something else with it.
        if told or (not generates and any(matches(name, spec.calls) for name in invocation.beside)):
            yield spec


def _joined(before: Setting, one: Setting) -> Setting:
    """What a later call says, with what earlier calls said of the same."""
    if before.kind != "known" or before.value != one.value or before.place is None or one.place is None:
        return replace(one, written=True, where="virtual")
    return replace(before, assured=before.assured and one.assured, also=(*before.also, one.place))
