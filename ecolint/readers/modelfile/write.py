"""Rewrites Modelfiles in place and keeps every other byte."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ecolint.model import (
    AddEntry,
    CannotEdit,
    Change,
    Construct,
    Edit,
    RemoveEntry,
    Source,
    Span,
    Symbol,
    Table,
    Written,
)
from ecolint.readers.modelfile import settings
from ecolint.readers.modelfile.instructions import INSTRUCTIONS, Unreadable, parsed

_NAME = re.compile(r"[A-Za-z0-9_]+\Z")


def edits(source: Source, table: Table, changes: Sequence[Change]) -> tuple[Edit, ...]:
    """Non-overlapping edits for all changes, in order. Raises CannotEdit."""
    try:
        file = parsed(source.text)
    except Unreadable as error:
        raise CannotEdit(error.reason) from error
    if settings(source, file) != table:
        raise CannotEdit("the instructions do not stand where they were read")
    by_start = {one.start: one for one in file.instructions}
    made: list[Edit] = []
    new: list[str] = []
    for change in changes:
        if isinstance(change, AddEntry):
            new.append(f"{_head(change.name)} {_text(change.value)}")
            continue
        one = by_start.get(change.entry.place.span.start)
        if one is None:
            raise CannotEdit("the instruction does not stand where it was read")
        if isinstance(change, RemoveEntry):
            begin = one.start - len(source.text[: one.start]) + len(source.text[: one.start].rstrip(" \t"))
            made.append(Edit(source.path, Span(begin, one.until), ""))
        else:
            made.append(Edit(source.path, Span(one.value, one.end), _text(change.value)))
    if new:
        newline = "\r\n" if "\r\n" in source.text else "\n"
        last = file.instructions[-1]
        at, indent = last.until, source.text[source.text.rfind("\n", 0, last.start) + 1 : last.start]
        closed = source.text[at - 1] in "\r\n"
        text = "".join(indent + one + newline if closed else newline + indent + one for one in new)
        made.append(Edit(source.path, Span(at, at), text))
    return tuple(sorted(made))


def _head(name: str) -> str:
    """An instruction as it is written: `PARAMETER num_ctx`."""
    instruction, dot, subject = name.partition(".")
    about = instruction in ("parameter", "message")
    if instruction not in INSTRUCTIONS or about != bool(dot) or (dot and not _NAME.match(subject)):
        raise CannotEdit("a Modelfile has no such instruction")
    return f"{instruction.upper()} {subject}".rstrip()


def _text(value: Written) -> str:
    """A value as Ollama quotes it."""
    if isinstance(value, (Symbol, Construct)) or value is None:
        raise CannotEdit("a Modelfile has no way to write that")
    text = str(value).lower() if isinstance(value, bool) else str(value)
    plain = text == text.strip() and "\n" not in text and "\r" not in text and not text.startswith('"')
    if plain and text:
        return text
    if '"""' in text or text.endswith('"') or not text or "\r" in text:
        raise CannotEdit("a Modelfile has no way to quote that")
    return f'"""{text}"""'
