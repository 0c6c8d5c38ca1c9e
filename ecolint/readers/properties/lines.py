"""Splits a properties file as Java does: logical lines with their key, separator and value, each with its places."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

from ecolint.shaped import dataclass
from ecolint.speech import say

MAX_LENGTH = 5_000_000
"""Characters of a file that is read at all."""

_NATURAL = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)?")
_BLANK = " \t\f"
_KEY = re.compile(r"(?:[^\\=: \t\f]|\\.)*", re.DOTALL)
_SEPARATOR = re.compile(r"[ \t\f]*[=:]?[ \t\f]*")
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|(.)|\Z)", re.DOTALL)
_SPOILT = re.compile(r"(?<!\\)(?:\\\\)*\\u(?![0-9A-Fa-f]{4})")
_NAMED = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}


class Unreadable(Exception):
    """A file that Java would refuse; `at` is where, in characters."""

    def __init__(self, reason: str, at: int) -> None:
        super().__init__(reason)
        self.reason, self.at = reason, at


@dataclass(frozen=True, slots=True)
class Line:
    """One key and its value. `start` to `end` is what is written of it, `until` where the next line begins.

    `separator` and `value` are offsets of where those begin; `pieces` are where the text of the value stands, without
    what continues a line, as (index in the joined text, offset in the file).
    """

    name: str
    start: int
    separator: int
    value: int
    end: int
    until: int
    joined: str
    pieces: tuple[tuple[int, int], ...]

    @property
    def text(self) -> str:
        """The value, unescaped."""
        return unescaped(self.joined).rstrip(_BLANK)

    def at(self, index: int) -> int:
        """Where a character of the joined value stands in the file; that behind the last one is its end."""
        found = self.pieces[max(0, bisect_right(self.pieces, (index, len(self.joined) + self.end)) - 1)]
        return min(found[1] + index - found[0], self.end)


@dataclass(frozen=True, slots=True)
class Lines:
    """A file's lines in order, and where its comments stand."""

    lines: tuple[Line, ...]
    comments: tuple[tuple[int, int], ...]


def unescaped(written: str) -> str:
    """What a key or a value says."""
    if "\\" not in written:
        return written
    return _ESCAPE.sub(lambda m: chr(int(m[1], 16)) if m[1] else _NAMED.get(m[2] or "", m[2] or ""), written)


def origins(written: str) -> tuple[str, list[int]]:
    """What a value says, and where each of its characters begins in what is written; the last is where it ends."""
    said: list[str] = []
    found: list[int] = []
    at = 0
    for match in _ESCAPE.finditer(written):
        said.append(written[at : match.start()])
        found += range(at, match.start())
        said.append(unescaped(match.group()))
        found += [match.start()] * len(said[-1])
        at = match.end()
    return "".join([*said, written[at:]]), [*found, *range(at, len(written)), len(written)]


def split(text: str) -> Lines:
    """Every logical line of a file. Raises Unreadable."""
    if len(text) > MAX_LENGTH:
        raise Unreadable(say("a properties file of more than {limit} characters", limit=MAX_LENGTH), 0)
    comments: list[tuple[int, int]] = []
    found = [_line(pieces, until, text) for pieces, until in _logical(text, comments)]
    return Lines(tuple(found), tuple(comments))


def _logical(text: str, comments: list[tuple[int, int]]) -> Iterator[tuple[list[tuple[int, int]], int]]:
    """The pieces of each logical line, and where the next one begins."""
    pieces: list[tuple[int, int]] = []
    for match in _NATURAL.finditer(text):
        start, end = match.span()
        if start == end:
            break
        stop = start + len(match.group().rstrip("\r\n"))
        while start < stop and text[start] in _BLANK:
            start += 1
        if not pieces and (start == stop or text[start] in "#!"):
            if start < stop:
                comments.append((start, stop))
            continue
        slashes = stop - len(text[start:stop].rstrip("\\")) - start
        if slashes % 2:
            pieces.append((start, stop - 1))
            continue
        yield [*pieces, (start, stop)], end
        pieces = []
    if pieces:
        yield pieces, len(text)


def _line(pieces: list[tuple[int, int]], until: int, text: str) -> Line:
    joined = "".join(text[start:end] for start, end in pieces)
    placed: list[tuple[int, int]] = []
    at = 0
    for start, end in pieces:
        placed.append((at, start))
        at += end - start
    whole = Line("", pieces[0][0], 0, 0, pieces[-1][1], until, joined, tuple(placed))
    spoilt = _SPOILT.search(joined)
    if spoilt is not None:
        raise Unreadable(say("an escape \\u needs four hexadecimal digits"), whole.at(spoilt.end() - 2))
    key = _KEY.match(joined)
    assert key is not None, "it matches the empty text"
    gap = _SEPARATOR.match(joined, key.end())
    assert gap is not None, "it matches the empty text"
    value = gap.end()
    ends = whole.at(len(joined))
    inner = tuple((max(0, index - value), start + max(0, value - index)) for index, start in _from(placed, value))
    return Line(
        unescaped(key.group()),
        pieces[0][0],
        whole.at(key.end()),
        whole.at(value) if value < len(joined) else ends,
        ends,
        until,
        joined[value:],
        inner,
    )


def _from(placed: list[tuple[int, int]], value: int) -> list[tuple[int, int]]:
    """The pieces from the one on in which the value begins."""
    first = max(0, bisect_right(placed, (value, 1 << 60)) - 1)
    return placed[first:]
