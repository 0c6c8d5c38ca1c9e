"""The room where an answer is put together, in one order: conclusion, baseline and recommendation, rows, advice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from ecolint.model import Interval, Mood
from ecolint.shaped import dataclass


@dataclass(frozen=True, slots=True)
class Text:
    """Sentences under a label."""

    label: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """Points under a heading, in an order that means something where `numbered`."""

    heading: str
    items: tuple[str, ...]
    numbered: bool = False


@dataclass(frozen=True, slots=True)
class Grid:
    """A table: a head and rows of cells; the first column names what the row is about."""

    heading: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a chart: what it is, how long it is against the longest, and what stands behind it."""

    name: str
    value: float
    note: str
    mood: Mood


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars that share one unit."""

    heading: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Code:
    """A configuration to copy, with what it does not say."""

    heading: str
    language: str
    text: str
    caveats: tuple[str, ...] = ()


Block = Text | Listing | Grid | Chart | Code


@dataclass(frozen=True, slots=True)
class Answer:
    """What one protocol answers. `data` is the object that `--format json` prints; `blocks` are in reading order."""

    protocol: str
    title: str
    conclusion: str
    mood: Mood
    blocks: tuple[Block, ...]
    data: Mapping[str, object] = field(default_factory=dict)


def plain(interval: Interval | None) -> dict[str, float] | None:
    """An interval as JSON has it."""
    if interval is None:
        return None
    return {"central": interval.central, "low": interval.low, "high": interval.high}
