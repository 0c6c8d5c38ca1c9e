"""The rivals of a calibration: two naive ways to predict what a session measured, from the same other sessions."""

from __future__ import annotations

from math import exp, log, log1p, sqrt

from trials import Asked, Forecast, nearness, samples

from ecolint.evidence.points import Point, Tier, mean
from ecolint.evidence.table import Table

SAME_HARDWARE, OTHER_HARDWARE = 0.15, 0.25
"""The source's own band around the nearest row (EcoCompute skill v3.0.8, "Default Handling")."""
NORMAL = 1.645
"""Standard deviations that hold 90 % of a normal distribution."""
FEWEST = 3
"""Rows that a curve of two parameters needs before its residuals say anything."""
NEAREST_FIRST: tuple[Tier, ...] = ("gpu", "architecture", "all")


def nearest_row(seen: Table, each: Asked) -> Forecast | None:
    """The source's own rule: the nearest row of the nearest hardware, ±15 % on its architecture, ±25 % elsewhere."""
    held = each.point
    candidates = [point for point in samples(seen, each) if each.kind != "batch" or point.batch > 1]
    if not candidates:
        return None

    def remoteness(point: Point) -> tuple[int, float, bool, str]:
        apart = abs(log(_scale(each, point) / _scale(each, held)))
        return NEAREST_FIRST.index(nearness(point, held)), apart, point.model != held.model, point.rows[0]

    nearest = min(candidates, key=remoteness)
    share = OTHER_HARDWARE if nearness(nearest, held) == "all" else SAME_HARDWARE
    return Forecast(nearest.value, -log1p(-share), log1p(share))


def saturating_curve(seen: Table, each: Asked) -> Forecast | None:
    """a + b/N of least squares on ln, with 1.645 standard deviations of its residuals; None of fewer than three rows.

    N is the size for ratios, the batch for energy over batch; joules take a + bN. a and b are positive or zero.
    """
    points = [(_along(each, point), point.value) for point in samples(seen, each)]
    if len(points) < FEWEST:
        return None

    def rest(bend: float) -> list[float]:
        return [value - log1p(bend * at) for at, value in points]

    def misfit(bend: float) -> float:
        level = mean(rest(bend))
        return sum((value - level) ** 2 for value in rest(bend))

    # ln(a + bu) = ln a + ln(1 + (b/a)u): for a given b/a the best ln a is a mean, which leaves one number to search.
    bends = [0.0, *(exp(step / 8) for step in range(-72, 73))]
    best = min(range(len(bends)), key=lambda at: misfit(bends[at]))
    low, high = bends[max(best - 1, 0)], bends[min(best + 1, len(bends) - 1)]
    for _ in range(60):
        left, right = low + (high - low) / 3, high - (high - low) / 3
        low, high = (low, right) if misfit(left) <= misfit(right) else (left, high)
    bend = (low + high) / 2
    reach = NORMAL * sqrt(misfit(bend) / (len(points) - 2))
    return Forecast(mean(rest(bend)) + log1p(bend * _along(each, each.point)), reach, reach)


def _along(each: Asked, point: Point) -> float:
    return _scale(each, point) if each.kind == "joules" else 1 / _scale(each, point)


def _scale(each: Asked, point: Point) -> float:
    return float(point.batch) if each.kind == "batch" else point.size_b
