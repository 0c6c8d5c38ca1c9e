"""Settings packed into one text: the named syntaxes in which a library takes a dictionary as a string."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ecolint.model import (
    HOLE,
    Alternative,
    CannotEdit,
    Change,
    Construct,
    Entry,
    Place,
    RemoveEntry,
    SetEntry,
    Symbol,
    Table,
    Template,
    Written,
)

Pairs = Iterator[tuple[str, str] | None]
"""Names and values in order; None where the text holds something that cannot be read."""


def pairs(text: str, separator: str) -> Pairs:
    """Names and values of `a=b,c=d`; None for what is no such pair."""
    for part in filter(None, (piece.strip() for piece in text.split(separator))):
        name, equals, value = part.partition("=")
        yield (name.strip(), value.strip()) if equals and name.strip().isidentifier() else None


SYNTAXES: Mapping[str, str] = {"pairs": ",", "semicolons": ";"}
"""What stands between two pairs, by the name a vocabulary gives: lm-evaluation-harness takes its model arguments with
commas, MLC LLM its overrides with semicolons."""


PREFIX = "packed."


def is_packed(found: Table) -> bool:
    """Whether a table was read from one text."""
    return found.syntax.startswith(PREFIX)


def rewritten(found: Table, changes: Sequence[Change]) -> str:
    """The text of a packed table after changes: removed pairs go, changed ones keep their place, new ones come last."""
    values = {entry.name: str(entry.value[0].data) for entry in found.entries}
    for change in changes:
        if isinstance(change, RemoveEntry):
            values.pop(change.entry.name, None)
        elif isinstance(change, SetEntry):
            values[change.entry.name] = _text(change.value)
        else:
            values[change.name] = _text(change.value)
    return SYNTAXES[found.syntax.removeprefix(PREFIX)].join(f"{name}={value}" for name, value in values.items())


def _text(value: Written) -> str:
    if isinstance(value, Construct | Symbol):
        raise CannotEdit("an object cannot be written in a text")
    return {"true": "True", "false": "False"}.get(str(value), str(value))


def table(data: object, syntax: str, place: Place | None) -> Table | None:
    """A packed text, or what is known of it, as a table; None where the data is no text.

    Its entries all stand in one literal, and are written together (`rewritten`).
    """
    text = data.text if isinstance(data, Template) else data
    if not isinstance(text, str) or place is None:
        return None
    entries, hidden = [], False
    for pair in pairs(text, SYNTAXES[syntax]):
        if pair is None:
            hidden = True
            continue
        name, value = pair
        told = Alternative("unknown", None, place) if HOLE in value else Alternative("known", value, place)
        entries.append(Entry(name, (told,), place))
    return Table(f"{PREFIX}{syntax}", place, tuple(entries), open=hidden, writable=False)
