"""Rewrites the words of one command where they stand: a script, a quoted one-liner, a line of a notebook."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise

from ecolint.model import (
    AddEntry,
    CannotEdit,
    Change,
    Construct,
    Edit,
    RemoveEntry,
    SetEntry,
    Source,
    Span,
    Symbol,
    Table,
    Written,
)

_SAFE = re.compile(r"[A-Za-z0-9_./:=@%+,-]+\Z")
_JOINED = re.compile(r"--[A-Za-z][\w.-]*=")


Fits = Callable[[str], bool]
"""Whether a quoted word can stand in what holds the script (a quoted scalar, a line of a notebook)."""


def script_edits(source: Source, fits: Fits, table: Table, changes: Sequence[Change]) -> list[Edit]:
    """Set, remove and append words of one command. Removal takes the space before the word along."""
    removed = {change.entry.place.span for change in changes if isinstance(change, RemoveEntry)}
    spans = sorted({entry.place.span for entry in table.entries})
    made: list[Edit] = []
    for change in changes:
        if isinstance(change, AddEntry):
            continue
        span = change.entry.place.span
        siblings = [entry for entry in table.entries if entry.place.span == span]
        if isinstance(change, RemoveEntry):
            if not all(any(isinstance(c, RemoveEntry) and c.entry == one for c in changes) for one in siblings):
                raise CannotEdit("the word says more than what is to be removed")
            continue
        if len(siblings) > 1:
            raise CannotEdit("the word is only partly known")
        made.append(Edit(source.path, span, _quoted(_text(change), fits, source.text[span.start : span.end])))
    made += _removals(source, spans, removed)
    added = [change for change in changes if isinstance(change, AddEntry)]
    if added:
        made.append(_append(source, fits, table, spans, added))
    return made


def _text(change: SetEntry) -> str:
    return _word(change.value)


def _word(value: Written) -> str:
    if isinstance(value, (Symbol, Construct)):
        raise CannotEdit("a command line has no way to write an object")
    if value is None or isinstance(value, bool):
        return {None: "", True: "true", False: "false"}[value]
    return str(value)


def _removals(source: Source, spans: list[Span], removed: set[Span]) -> list[Edit]:
    edits: list[Edit] = []
    leading = _leading(spans, removed)
    if leading:
        if not source.text.startswith("-", spans[0].start) or leading == len(spans):
            raise CannotEdit("it is the command itself" if leading < len(spans) else "nothing would be left")
        edits.append(Edit(source.path, Span(spans[0].start, spans[leading].start), ""))
    for before, span in pairwise(spans[max(leading - 1, 0) :]):
        if span not in removed:
            continue
        gap = source.text[before.end : span.start]
        if gap.replace("\\", "").strip():
            raise CannotEdit("something else stands between the words")
        edits.append(Edit(source.path, Span(before.end, span.end), ""))
    return edits


def _leading(spans: list[Span], removed: set[Span]) -> int:
    """How many words at the beginning are removed."""
    return next((index for index, span in enumerate(spans) if span not in removed), len(spans))


def _append(source: Source, fits: Fits, table: Table, spans: list[Span], added: list[AddEntry]) -> Edit:
    """New words behind the last one, on continuation lines where the last flag has its own."""
    last = spans[-1]
    separator = _separator(source.text, spans)
    joined = sum(1 for span in spans if _JOINED.match(source.text, span.start, span.end))
    flags = sum(1 for span in spans if source.text.startswith("--", span.start))
    pieces: list[str] = []
    for change in added:
        word = _quoted(change.name, fits, "")
        if change.value is not None:
            between = "=" if change.name.startswith("-") and joined and joined * 2 >= flags else " "
            word += between + _quoted(_word(change.value), fits, "")
        pieces.append(separator + word)
    return Edit(source.path, Span(last.end, last.end), "".join(pieces))


def _separator(text: str, spans: list[Span]) -> str:
    gaps = [text[one.end : two.start] for one, two in pairwise(spans)]
    for gap, span in list(zip(gaps, spans[1:], strict=True))[::-1][:2]:
        if "\n" in gap:
            return gap if not gap.replace("\\", "").strip() else " "
        if text.startswith("-", span.start):
            break
    return " "


def _quoted(word: str, fits: Fits, present: str) -> str:
    """A word as the shell reads it, in the quotes it had, if what is around it can hold them."""
    if present[:1] in ("'", '"') and present[-1:] == present[:1] and present[0] not in word:
        text = present[0] + word + present[0]
        if present[0] == '"' and re.search(r"[\\$`!]", word):
            text = "'" + word + "'"
    elif _SAFE.match(word):
        return word
    elif "'" not in word:
        text = "'" + word + "'"
    else:
        raise CannotEdit("the word cannot be quoted there")
    if "\n" in text or not fits(text):
        raise CannotEdit("the word cannot be quoted there")
    return text
