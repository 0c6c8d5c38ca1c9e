"""Figures of answers in words: joules, tokens a second, watts, gigabytes, each with its interval."""

from __future__ import annotations

from ecolint.model import Interval
from ecolint.report._figures import amount, money, percent_interval, stars
from ecolint.speech import Said, say

NOT_MEASURED = say("not measured")

__all__ = ["NOT_MEASURED", "amount", "difference", "joules", "money", "named", "number", "span", "stars"]

_NAMES = {
    "fp16": "FP16",
    "bf16": "BF16",
    "fp32": "FP32",
    "nf4": "NF4",
    "int8_default": "INT8",
    "int8_pure": "INT8, threshold 0",
    "fp8_eager": "FP8 eager",
    "fp8": "FP8",
}


def named(precision: str) -> str:
    """A precision as people call it."""
    return _NAMES.get(precision, precision.upper())


def span(interval: Interval | None, unit: str = "") -> str:
    """`4,368 (3,576 … 5,335) J`, or that nobody measured it."""
    if interval is None:
        return NOT_MEASURED
    text = f"{amount(interval.central)} ({amount(interval.low)} … {amount(interval.high)})"
    return f"{text} {unit}" if unit else text


def joules(interval: Interval | None) -> str:
    """Joules per 1,000 generated tokens."""
    return span(interval)


def number(value: float | None, unit: str = "") -> str:
    """A figure without an interval: it was reckoned, not measured."""
    if value is None:
        return "?"
    return f"{amount(value)} {unit}".rstrip()


def difference(interval: Interval | None) -> str:
    """An overhead in per cent with its interval; a dash where it is held against itself."""
    if interval is None:
        return NOT_MEASURED
    if interval.low == interval.high == 0:
        return "–"
    return percent_interval(interval)


def rest(rows: tuple[str, ...]) -> Said:
    """The rows that something rests on: all of a few, some of many."""
    if len(rows) <= 6:
        return say("rows {rows}", rows=", ".join(rows))
    return say("rows {rows} and {more} more", rows=", ".join(rows[:5]), more=len(rows) - 5)
