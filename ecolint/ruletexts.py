"""The room where the texts of a rule are put into another language: everything else of the rule stays as it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from ecolint import message
from ecolint.message import Message
from ecolint.ruletable import Table
from ecolint.speech import Voice

if TYPE_CHECKING:
    from ecolint.rulefile import Better, Case, Docs, Rule

_Part = TypeVar("_Part")


def translated(rule: Rule, table: Table) -> Rule:
    """The rule with the texts of a table such as `[zh]`. Raises `RuleError` where one is missing, or names other facts.

    The table has a summary, one `case`, `detail` and `better` for each of the rule's in their order, and docs.
    """
    return replace(
        rule,
        summary=table.text("summary"),
        cases=tuple(_case(one, part) for one, part in _paired(rule.cases, table, "case")),
        detail=tuple(_detail(one, part) for one, part in _paired(rule.detail, table, "detail")),
        betters=tuple(_better(one, part) for one, part in _paired(rule.betters, table, "better")),
        docs=_docs(rule.docs, table),
    )


def _paired(parts: Sequence[_Part], table: Table, key: str) -> list[tuple[_Part, Table]]:
    tables = table.tables(key)
    if len(tables) != len(parts):
        what = f"{table.label} has {len(tables)} '{key}' for the rule's {len(parts)}"
        raise table.error(key, what, f"write one [[{table.kind}.{key}]] for each, in the rule's order")
    return list(zip(parts, tables, strict=True))


def _case(case: Case, table: Table) -> Case:
    return replace(case, message=_message(case.message, table, "message"))


def _detail(row: tuple[Message, Message], table: Table) -> tuple[Message, Message]:
    return _message(row[0], table, "label"), _message(row[1], table, "value")


def _message(original: Message, table: Table, key: str) -> Message:
    found = table.compiled(key, table.text(key), message.parse)
    if _shape(found) != _shape(original):
        what = f"'{key}' names other facts, or makes others optional, than the rule's own"
        raise table.error(key, what, f"write it with the facts of: {original.text}")
    return replace(found, voice=Voice(table.kind.partition(".")[0]))


def _shape(told: Message) -> Counter[tuple[bool, tuple[str, ...]]]:
    """Which facts are named, and which parts may be dropped: the order in the sentence is the language's."""
    parts = Counter((True, tuple(sorted(one.facts))) for one in told.segments if one.optional)
    parts.update((False, (name,)) for one in told.segments if not one.optional for name in one.facts)
    return parts


def _better(better: Better, table: Table) -> Better:
    return replace(
        better,
        title=_same(better.title, table, "title"),
        caveat=_same(better.caveat, table, "caveat"),
        advice=_same(better.advice, table, "advice"),
    )


def _docs(docs: Docs, table: Table) -> Docs:
    found = table.table("docs")
    if found is None:
        raise table.error("docs", f"{table.label} has no 'docs'", f"write [{table.kind}.docs] with what and why")
    return replace(
        docs, what=found.text("what"), why=found.text("why"), fix_safety=_same(docs.fix_safety, found, "fix_safety")
    )


def _same(original: str | None, table: Table, key: str) -> str | None:
    """A text where the rule has one, and none where it has none."""
    return table.maybe_text(key) if original is None else table.text(key)
