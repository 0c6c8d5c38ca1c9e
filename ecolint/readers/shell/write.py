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
    Entry,
    RemoveEntry,
    Source,
    Span,
    Symbol,
    Table,
    Written,
)

SAFE = re.compile(r"[A-Za-z0-9_./:=@%+,-]+\Z")
"""Words that a shell reads as they are written."""
_JOINED = re.compile(r"--[A-Za-z][\w.-]*=")
_GOES_ON = re.compile(r"\\\r?\n")
_CONTINUED = re.compile(r"[ \t]*\\\r?\n\Z")
_ENDING = re.compile(r"\r?\n|\Z")
_BEHIND = re.compile(r"\r?\n|\Z|[#;&|<>)'\"]|\d+[<>]")
"""What may stand behind the last word of a command."""
_REACH = 200
"""How far the blanks before a line's end are looked for."""

Fits = Callable[[str], bool]
"""Whether a quoted word can stand in what holds the script (a quoted scalar, a line of a notebook)."""


def script_edits(source: Source, fits: Fits, table: Table, changes: Sequence[Change]) -> list[Edit]:
    """Set, remove and append words of one command, each where it was written: in the command or in an assignment."""
    if table.syntax.startswith("shell.list"):
        from ecolint.readers.shell.listed import list_edits

        return list_edits(source, fits, table, changes)
    removed = [_target(change.entry) for change in changes if isinstance(change, RemoveEntry)]
    made: list[Edit] = []
    for change in changes:
        if isinstance(change, AddEntry):
            continue
        span = _target(change.entry)
        siblings = [entry for entry in table.entries if _written(entry) == span]
        if isinstance(change, RemoveEntry):
            if not all(any(isinstance(c, RemoveEntry) and c.entry == one for c in changes) for one in siblings):
                raise CannotEdit("the word says more than what is to be removed")
            continue
        if len(siblings) > 1:
            raise CannotEdit("the word is only partly known")
        present = source.text[span.start : span.end]
        elsewhere = span != change.entry.place.span
        made.append(Edit(source.path, span, quoted(text_of(change.value), present, fits, elsewhere)))
    added = [change for change in changes if isinstance(change, AddEntry)]
    spans = sorted({entry.place.span for entry in table.entries})
    groups = _groups(source.text, removed)
    if spans and spans[0] in removed and not source.text.startswith("-", spans[0].start):
        raise CannotEdit("it is the command itself")
    if not added and all(span in removed for span in spans):
        raise CannotEdit("nothing would be left")
    if added and groups and groups[-1].end == spans[-1].end:
        last = groups.pop()  # new words take the place of the last ones
        made.append(Edit(source.path, last, _new(source, fits, spans, added, " ").lstrip()))
    elif added:
        text = _new(source, fits, spans, added, _separator(source.text, spans))
        made.append(Edit(source.path, Span(spans[-1].end, spans[-1].end), text))
    made += [Edit(source.path, cut(source.text, span.start, span.end), "") for span in groups]
    return made


def _written(entry: Entry) -> Span:
    """Where a word's text was written: an assignment, where a variable brings it in."""
    one = entry.value[0]
    if len(entry.value) == 1 and one.how in ("constant", "default") and one.place is not None:
        return one.place.span
    return entry.place.span


def _target(entry: Entry) -> Span:
    """Where a word is to be changed."""
    if len(entry.value) > 1:
        raise CannotEdit("the word depends on a condition")
    if entry.value[0].shared:
        raise CannotEdit("other words are written in the same place")
    return _written(entry)


def _groups(text: str, spans: Sequence[Span]) -> list[Span]:
    """Words that stand one behind the other, together."""
    groups: list[Span] = []
    for span in sorted(set(spans)):
        if groups and not text[groups[-1].end : span.start].replace("\\", "").strip():
            groups[-1] = Span(groups[-1].start, span.end)
        else:
            groups.append(span)
    return groups


def cut(text: str, start: int, end: int) -> Span:
    """What to cut out so that words are gone with the blanks, and the continuation line, that were theirs alone."""
    left, right = start, end
    while left and text[left - 1] in " \t":
        left -= 1
    while right < len(text) and text[right] in " \t":
        right += 1
    first = left == 0 or text[left - 1] == "\n"
    goes_on = _GOES_ON.match(text, right)
    if first:
        before = _CONTINUED.search(text[max(0, left - _REACH) : left])
        if goes_on is not None:
            return Span(left, goes_on.end())
        if before is not None:
            # The last word of its command: the line before goes on no more, or with what is no word.
            last = _BEHIND.match(text, right)
            return Span(left - len(before.group()), end) if last is not None else Span(start, right)
        ending = _ENDING.match(text, right)
        return Span(left, ending.end()) if ending is not None and left != start else Span(start, right)
    return Span(start, right) if left == start or text[left - 1] == "(" else Span(left, end)


def text_of(value: Written) -> str:
    """A value as a word of a command line. Raises CannotEdit for an object."""
    if isinstance(value, (Symbol, Construct)):
        raise CannotEdit("a command line has no way to write an object")
    if value is None or isinstance(value, bool):
        return {None: "", True: "true", False: "false"}[value]
    return str(value)


def _new(source: Source, fits: Fits, spans: list[Span], added: list[AddEntry], separator: str) -> str:
    """New words; on continuation lines where the last flag has its own."""
    joined = sum(1 for span in spans if _JOINED.match(source.text, span.start, span.end))
    flags = sum(1 for span in spans if source.text.startswith("--", span.start))
    pieces: list[str] = []
    for change in added:
        word = quoted(change.name, "", fits)
        if change.value is not None:
            between = "=" if change.name.startswith("-") and joined and joined * 2 >= flags else " "
            word += between + quoted(text_of(change.value), "", fits)
        pieces.append(separator + word)
    return "".join(pieces)


def _separator(text: str, spans: list[Span]) -> str:
    gaps = [text[one.end : two.start] for one, two in pairwise(spans)]
    for gap, span in list(zip(gaps, spans[1:], strict=True))[::-1][:2]:
        if "\n" in gap:
            return gap if not gap.replace("\\", "").strip() else " "
        if text.startswith("-", span.start):
            break
    return " "


def quoted(word: str, present: str = "", fits: Fits = lambda word: True, bare: bool = False) -> str:
    """A word as the shell reads it, in the quotes it had, if what is around it can hold them.

    A `bare` one stands where quotes of its own may mean something else.
    """
    if bare:
        if SAFE.match(word) and fits(word):
            return word
        raise CannotEdit("the word cannot be quoted there")
    if present[:1] in ("'", '"') and present[-1:] == present[:1] and present[0] not in word:
        text = present[0] + word + present[0]
        if present[0] == '"' and re.search(r"[\\$`!]", word):
            text = "'" + word + "'"
    elif SAFE.match(word):
        return word
    elif "'" not in word:
        text = "'" + word + "'"
    else:
        raise CannotEdit("the word cannot be quoted there")
    if "\n" in text or not fits(text):
        raise CannotEdit("the word cannot be quoted there")
    return text
