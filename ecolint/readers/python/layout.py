"""The layout room: edits of a bracketed list of items that keep its way of being written."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ecolint.model import Span
from ecolint.shaped import dataclass

_COMMA = re.compile(r"(?:\s|\\\r?\n|#[^\r\n]*)*,")
_SPACE = re.compile(r"[ \t\f]*")
_REST = re.compile(r"[ \t\f]*(?:#[^\r\n]*)?")
_NEWLINE = re.compile(r"\r\n?|\n")

Patch = tuple[Span, str]


@dataclass(frozen=True, slots=True)
class Listing:
    """The items between two brackets: their spans, where the opening bracket ends and the closing one begins."""

    text: str
    newline: str
    opened: int
    closed: int
    items: tuple[Span, ...]

    def comma(self, item: int) -> int | None:
        """The offset just after the comma that follows an item."""
        match = _COMMA.match(self.text, self.items[item].end, self.closed)
        return match.end() if match else None

    def alone(self, item: int) -> bool:
        """True where an item is the first thing on its line and not on the line of the opening bracket."""
        start = self.items[item].start
        return (
            self.opened <= line_start(self.text, start) and not self.text[line_start(self.text, start) : start].strip()
        )

    def indent(self, item: int) -> str:
        """The white space before an item that is first on its line."""
        start = self.items[item].start
        return self.text[line_start(self.text, start) : start]

    def separator(self, item: int) -> str:
        """What stands between a comma and the next item in the layout of an item."""
        return self.newline + self.indent(item) if self.alone(item) else " "


def line_start(text: str, at: int) -> int:
    """Where the physical line of an offset begins."""
    return max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1


def line_end(text: str, at: int) -> int:
    """Where the physical line of an offset ends, before its line ending."""
    match = _NEWLINE.search(text, at)
    return match.start() if match else len(text)


def rearrange(
    listing: Listing, replaced: Mapping[int, str], removed: Sequence[int], added: Sequence[str], last: bool = False
) -> list[Patch]:
    """Patches that replace and remove items by index and add new ones.

    New items take the place of the first removed one, unless `last` asks for the end.
    """
    patches: list[Patch] = [(listing.items[index], text) for index, text in replaced.items()]
    gone = sorted(set(removed))
    if gone and added and not last:
        first = gone.pop(0)
        separator = "," + listing.separator(first)
        patches.append((listing.items[first], separator.join(added)))
        added = ()
    kept = [index for index in range(len(listing.items)) if index not in gone]
    if gone:
        patches += _remove(listing, gone, kept)
    if added:
        patches += _append(listing, kept, list(added), emptied=bool(gone))
    return patches


def _remove(listing: Listing, gone: list[int], kept: list[int]) -> list[Patch]:
    text = listing.text
    if not kept:
        inside = text[listing.opened : listing.closed]
        if "#" not in inside or not any("#" in part for part in _gaps(listing)):
            return [(Span(listing.opened, listing.closed), "")]
    runs: list[list[int]] = []
    for index in gone:
        if runs and runs[-1][-1] == index - 1:
            runs[-1].append(index)
        else:
            runs.append([index])
    return [(_removed_span(listing, run[0], run[-1]), "") for run in runs]


def _gaps(listing: Listing) -> list[str]:
    edges = [listing.opened, *(edge for item in listing.items for edge in (item.start, item.end)), listing.closed]
    return [listing.text[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True)]


def _removed_span(listing: Listing, first: int, final: int) -> Span:
    """What to delete for a run of neighbouring items, their separators included."""
    text = listing.text
    start, end = listing.items[first].start, listing.items[final].end
    comma = listing.comma(final)
    after = comma if comma is not None else end
    rest = _REST.match(text, after)
    assert rest is not None
    if listing.alone(first) and _NEWLINE.match(text, rest.end()):
        newline = _NEWLINE.match(text, rest.end())
        assert newline is not None
        return Span(line_start(text, start), newline.end())
    if final + 1 < len(listing.items):
        follower = listing.items[final + 1].start
        if not _NEWLINE.search(text[after:follower]):
            return Span(start, follower)
    if first > 0:
        before = listing.items[first - 1].end
        if "#" not in text[before:start]:
            return Span(before, end)
    elif final + 1 < len(listing.items):
        follower = listing.items[final + 1].start
        if "#" not in text[after:follower]:
            return Span(start, follower)
    return Span(start, after)


def _append(listing: Listing, kept: list[int], added: list[str], emptied: bool) -> list[Patch]:
    text = listing.text
    if not kept:
        at = listing.closed if emptied or "#" in text[listing.opened : listing.closed] else listing.opened
        at = listing.opened if not emptied else at
        return [(Span(at, at), ", ".join(added))]
    final = kept[-1]
    end = listing.items[final].end
    comma = listing.comma(final)
    separator = listing.separator(final)
    joined = ("," + separator).join(added)
    trailing = comma is not None and final == len(listing.items) - 1
    if not listing.alone(final) or line_end(text, end) >= listing.closed:
        if trailing and comma is not None:
            return [(Span(comma, comma), separator + joined + ",")]
        return [(Span(end, end), "," + separator + joined)]
    stop = line_end(text, comma if trailing and comma is not None else end)
    if trailing:
        return [(Span(stop, stop), separator + joined + ",")]
    if stop == end:
        return [(Span(end, end), "," + separator + joined)]
    return [(Span(end, end), ","), (Span(stop, stop), separator + joined)]
