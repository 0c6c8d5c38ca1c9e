"""Rewrites lists that one word of a command holds: `--args=--model,m`, `--args="^;^--model=m;--seed=1"`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import field

from ecolint.model import AddEntry, CannotEdit, Change, Edit, Entry, RemoveEntry, Source, Span, Table, Template
from ecolint.readers.shell.write import SAFE, Fits, cut, text_of
from ecolint.shaped import dataclass

SYNTAX = "shell.list"
"""How the syntax of such a table begins; ".words" are items, ".env" are pairs of a name and a value."""

_OPTION = re.compile(r"([\"']?)--[\w-]+(?:=|[ \t]+(?:\\\r?\n[ \t]*)?)([\"']?)(?P<list>.*)\2\1", re.DOTALL)
_OWN_SEPARATOR = re.compile(r"\^([^^]+)\^")
_EXPANDED = re.compile(r"[$`\\\"']")
"""An item in which one of these stands may read otherwise than it is written."""
_JOINED = re.compile(r"--[A-Za-z][\w.-]*=")


@dataclass(slots=True)
class _List:
    """One word that holds a list, as it is written."""

    option: Span
    span: Span
    lead: str
    separator: str
    items: list[str]
    at: dict[str, int] = field(default_factory=dict)
    """Which item an entry of the table is, by its name; only of those that are written as they read."""
    gone: set[int] = field(default_factory=set)

    def index(self, entry: Entry) -> int:
        if entry.name not in self.at:
            raise CannotEdit("the item is put together from other words")
        return self.at[entry.name]


def list_edits(source: Source, fits: Fits, table: Table, changes: Sequence[Change]) -> list[Edit]:
    """Set, remove and append items. Raises CannotEdit where an item is not written as it reads."""
    pairs = table.syntax.endswith("env")
    lists: dict[Span, _List] = {}

    def around(entry: Entry) -> _List:
        span = entry.place.span
        if span not in lists:
            lists[span] = _opened(source.text, span, [one for one in table.entries if one.place.span == span], pairs)
        return lists[span]

    def fitting(item: str, found: _List) -> str:
        if not SAFE.match(item) or found.separator in item or not fits(item):
            raise CannotEdit("the item cannot be written in the list")
        return item

    for change in changes:
        if isinstance(change, AddEntry):
            found = around(table.entries[-1])
            value = () if change.value is None else (text_of(change.value),)
            joined = pairs or any(_JOINED.match(item) for item in found.items)
            words = ("=".join((change.name, *value)),) if joined else (change.name, *value)
            found.items += [fitting(word, found) for word in words]
            continue
        found = around(change.entry)
        index = found.index(change.entry)
        if isinstance(change, RemoveEntry):
            found.gone.add(index)
        else:
            text = text_of(change.value)
            found.items[index] = fitting(f"{change.entry.name}={text}" if pairs else text, found)
    return [_written(source, one) for one in lists.values()]


def _opened(text: str, option: Span, members: Sequence[Entry], pairs: bool) -> _List:
    """The list that an option holds; its items must be the entries, each by itself."""
    match = _OPTION.fullmatch(text, option.start, option.end)
    if match is None:
        raise CannotEdit("the list is not written in one word")
    written = match["list"]
    own = _OWN_SEPARATOR.match(written)
    lead, separator = (own[0], own[1]) if own else ("", ",")
    found = _List(option, Span(*match.span("list")), lead, separator, written[len(lead) :].split(separator))
    left = list(members)
    for index, item in enumerate(found.items):
        entry = left.pop(0) if left else None
        said = _said(entry, pairs) if entry is not None else None
        if entry is not None and not _EXPANDED.search(item) and said == item:
            found.at[entry.name] = index
        elif not _EXPANDED.search(item) or entry is None:
            raise CannotEdit("the list is put together from other words")
        elif left and said == item.partition("=")[0] and isinstance(left[0].value[0].data, Template):
            left.pop(0)  # of an option whose value nobody can read, both are words
    if left:
        raise CannotEdit("the list is put together from other words")
    return found


def _said(entry: Entry, pairs: bool) -> str | None:
    """An entry as an item of the list; None where nobody can read it."""
    one = entry.value[0]
    if len(entry.value) > 1 or one.kind != "known" or entry.branches:
        return None
    return f"{entry.name}={one.data}" if pairs else str(one.data)


def _written(source: Source, found: _List) -> Edit:
    """The list anew; the option goes with the last of its items."""
    kept = [item for index, item in enumerate(found.items) if index not in found.gone]
    if not kept:
        return Edit(source.path, cut(source.text, found.option.start, found.option.end), "")
    return Edit(source.path, found.span, found.lead + found.separator.join(kept))
