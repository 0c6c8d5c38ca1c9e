"""JSON inside a value of a properties file, as tables whose places are those of the file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import field

from ecolint.model import Alternative, Data, Entry, Items, Place, Span, Table, Value
from ecolint.readers.properties.lines import Line, origins
from ecolint.shaped import dataclass

MAX_DEPTH = 50
"""Levels of nesting that are read."""

_TOKEN = re.compile(r'\s*(?:([{}\[\],:])|(")|([^\s{}\[\],:"]+))')
_TEXT = re.compile(r'(?:[^"\\]|\\.)*"', re.DOTALL)
_WORDS = {"true": True, "false": False, "null": None}
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\Z")


class _Spoilt(Exception):
    """It is no JSON."""


@dataclass
class _Open:
    """An object or a list that is still being read."""

    start: int
    closes: str
    entries: list[Entry] = field(default_factory=list)
    items: list[Value] = field(default_factory=list)
    name: tuple[str, int] | None = None
    """The key that waits for its value, and where it begins."""
    due: bool = True
    """A value or a key may come next: nothing stands before it, or a comma does."""


def held(line: Line, path: str) -> Table | None:
    """The object that a value is; None where it is none, or cannot be read."""
    if not line.joined.lstrip().startswith("{"):
        return None
    text, where = origins(line.joined)
    try:
        # the end of what is written is where its last character ends, not where a continued line goes on
        ends = [line.at(max(0, index - 1)) + 1 for index in where]
        return _Reader(path, text, [line.at(index) for index in where], ends).read()
    except _Spoilt:
        return None


def tables(table: Table) -> Iterator[Table]:
    """A table and every one inside it, outer ones first."""
    stack = [table]
    while stack:
        one = stack.pop()
        yield one
        inner = [data for entry in one.entries for data in _data(entry.value)]
        stack.extend(reversed([data for data in inner if isinstance(data, Table)]))


def _data(value: Value) -> Iterator[Data]:
    for alternative in value:
        if isinstance(alternative.data, Items):
            for item in alternative.data.items:
                yield from (one.data for one in item)
        else:
            yield alternative.data


class _Reader:
    def __init__(self, path: str, text: str, where: list[int], ends: list[int]) -> None:
        self.path, self.text, self.where, self.ends = path, text, where, ends
        self.stack: list[_Open] = []
        self.at = 0

    def place(self, start: int, end: int) -> Place:
        return Place(self.path, Span(self.where[start], self.ends[end]))

    def read(self) -> Table:
        """The one object of the text."""
        while True:
            match = _TOKEN.match(self.text, self.at)
            if match is None:
                raise _Spoilt
            self.at = match.end()
            start = match.start(match.lastindex or 0)
            if match[1] in ("{", "["):
                self.opened(start, match[1])
            elif match[1] in ("}", "]"):
                done = self.closed(match[1])
                if done is not None:
                    return done
            elif match[1] is not None:
                self.separated(match[1])
            elif match[2] is not None:
                self.string(start)
            else:
                self.put(start, _plain(match[3]))

    def opened(self, start: int, mark: str) -> None:
        if len(self.stack) >= MAX_DEPTH or (self.stack and not self.awaited(self.stack[-1])):
            raise _Spoilt
        self.stack.append(_Open(start, "}" if mark == "{" else "]"))

    def closed(self, mark: str) -> Table | None:
        top = self.stack.pop() if self.stack else None
        if top is None or top.closes != mark or top.name is not None:
            raise _Spoilt
        place = self.place(top.start, self.at)
        if mark == "]":
            data: Data = Items(tuple(top.items))
        else:
            data = Table("properties.json", place, tuple(top.entries))
        if self.stack:
            self.put(top.start, data)
            return None
        if self.text[self.at :].strip() or not isinstance(data, Table):
            raise _Spoilt
        return data

    def separated(self, mark: str) -> None:
        top = self.stack[-1] if self.stack else None
        if top is None or (mark == "," and (top.due or top.name is not None)):
            raise _Spoilt
        top.due = True

    def string(self, start: int) -> None:
        match = _TEXT.match(self.text, self.at)
        if match is None or not self.stack:
            raise _Spoilt
        self.at = match.end()
        try:
            said = json.loads(self.text[start : self.at], strict=False)
        except ValueError:
            raise _Spoilt from None
        top = self.stack[-1]
        if top.closes == "}" and top.name is None and top.due:
            top.name, top.due = (said, start), False
        else:
            self.put(start, said)

    def awaited(self, top: _Open) -> bool:
        """Whether a value may come next."""
        return top.due and (top.closes == "]" or top.name is not None)

    def put(self, start: int, data: Data) -> None:
        top = self.stack[-1] if self.stack else None
        if top is None or not self.awaited(top):
            raise _Spoilt
        value: Value = (Alternative("known", data, self.place(start, self.at)),)
        if top.name is not None:
            top.entries.append(Entry(top.name[0], value, self.place(top.name[1], self.at)))
        else:
            top.items.append(value)
        top.name, top.due = None, False


def _plain(word: str) -> Data:
    if word in _WORDS:
        return _WORDS[word]
    if not _NUMBER.match(word) or len(word) > 300:
        raise _Spoilt
    return int(word) if word.lstrip("-").isdigit() else float(word)
