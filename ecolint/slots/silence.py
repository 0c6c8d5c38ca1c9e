"""Platforms that say nothing of an invocation: none of what they could speak of is named there."""

from __future__ import annotations

from collections.abc import Iterable

from ecolint.model import Table
from ecolint.recognise import Recognised, matches
from ecolint.slots.tables import flatten, is_open
from ecolint.stacks.vocabulary import Heard, Vocabulary


def speaking(platforms: Iterable[Vocabulary], recognised: Recognised) -> tuple[Vocabulary, ...]:
    """The platforms that may say something of an invocation, in any of its variants."""
    invocation = recognised.invocation
    around, variables, settings = map(_names, (invocation.surroundings, invocation.env, invocation.mapping))
    if around is not None and any(name.endswith(".*") for name in around):
        around = None  # nobody can see what stands below

    def speaks(heard: Heard | None) -> bool:
        return (
            heard is None
            or _names_any(around, heard.paths, heard.beginnings)
            or _names_any(variables, heard.variables)
            or _names_any(settings, heard.settings)
            or (heard.tests and bool(invocation.conditions))
            or (heard.uses and bool(invocation.uses))
            or (invocation.call is not None and (heard.calls is None or matches(invocation.name, heard.calls)))
        )

    return tuple(one for one in platforms if speaks(one.heard))


def _names(table: Table | None) -> frozenset[str] | None:
    """The names in a table; None where there may be others that nobody can see."""
    if table is None:
        return frozenset()
    return None if is_open(table) else frozenset(entry.name for _, entry in flatten(table))


def _names_any(there: frozenset[str] | None, names: tuple[str, ...], beginnings: tuple[str, ...] = ()) -> bool:
    if there is None:
        return bool(names or beginnings)
    return not there.isdisjoint(names) or (bool(beginnings) and any(name.startswith(beginnings) for name in there))
