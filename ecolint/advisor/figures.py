"""Figures of answers in words: joules, tokens a second, watts, gigabytes, each with its interval."""

from __future__ import annotations

from collections.abc import Mapping

from ecolint.model import Estimate, Interval
from ecolint.report._figures import amount, money, percent_interval, stars
from ecolint.speech import Said, say

NOT_MEASURED = say("not measured")

__all__ = ["NOT_MEASURED", "amount", "called", "difference", "held", "money", "named", "number", "span", "stars"]

_NAMES: Mapping[str, str] = {
    "int8_default": "INT8",
    "int8_pure": say("INT8 with threshold 0"),
    "fp8_eager": say("FP8 eager"),
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


def held(estimate: Estimate) -> str:
    """A comparison in a cell: its overhead, else the direction that every measured pair had."""
    if estimate.overhead_percent is None and estimate.verdict == "costs":
        return say("more, in every measured pair")
    if estimate.overhead_percent is None and estimate.verdict == "saves":
        return say("less, in every measured pair")
    return difference(estimate.overhead_percent)


def called(precision: str, batch: int) -> Said:
    """A configuration in words."""
    return say("{precision}, batch {batch}", precision=named(precision), batch=batch)
