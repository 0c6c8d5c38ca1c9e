"""The room where energy per 1,000 tokens is read: measured where it was, else the FP16 baseline times the factors."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import hypot, log

from ecolint.evidence.factors import PER_DOUBLING, SMALL_BATCH, along, batch_factor, outside, precision_factor
from ecolint.evidence.points import Point, Target, interpolate, mean, read
from ecolint.evidence.spread import Spread, even
from ecolint.evidence.table import BASE, Table, stated

PROPORTIONAL = 1.0
"""Beyond the largest measured size energy grows with the bytes that are read; below the smallest it is not lowered."""


@dataclass(frozen=True, slots=True)
class Joules:
    """ln joules per 1,000 generated tokens, the rows they rest on, and what is assumed.

    `measured` says that this model and precision were measured on this GPU, at this batch or another.
    """

    spread: Spread
    rows: tuple[str, ...]
    measured: bool
    reasons: tuple[str, ...] = ()


def joules(table: Table, target: Target, precision: str, batch: int) -> Joules | None:
    """Energy of a model and precision on a GPU at a batch; None where the rows say nothing."""
    return _measured(table, target, precision, batch) or _derived(table, target, precision, batch)


def _measured(table: Table, target: Target, precision: str, batch: int) -> Joules | None:
    """Rows of this GPU, model and precision: the mean over sessions at each measured batch, ln–ln between them."""
    points = [each for each in table.joules(precision) if (each.gpu, each.model) == (target.gpu, target.model)]
    if not points:
        return None
    nodes: dict[int, list[Point]] = {}
    for point in points:
        nodes.setdefault(point.batch, []).append(point)
    batches = sorted(nodes)
    line = [(log(each), mean([point.value for point in nodes[each]])) for each in batches]
    nearest = min(max(batch, batches[0]), batches[-1])
    value = interpolate(line, log(nearest)) + along(table, precision, batch) - along(table, precision, nearest)
    width = stated("joules", "same architecture")
    if batch not in nodes:
        near = target.gpu == table.curves[table.longest or ""].gpu and batch <= SMALL_BATCH
        width = hypot(width, stated("batch", "same GPU" if near else "any"))
    used = {max(each for each in batches if each <= nearest), min(each for each in batches if each >= nearest)}
    rows = [row for each in sorted(used) for point in nodes[each] for row in point.rows]
    return Joules(even(value, width), tuple(rows), measured=True)


def _derived(table: Table, target: Target, precision: str, batch: int) -> Joules | None:
    base = baseline(table, target)
    ratio = precision_factor(table, target, precision, BASE, 1)
    if base is None or ratio is None:
        return None
    response = batch_factor(table, target, precision, batch, 1)
    return Joules(
        base.spread.times(ratio.spread).times(response.spread),
        tuple(dict.fromkeys((*base.rows, *ratio.rows, *response.rows))),
        measured=False,
        reasons=base.reasons,
    )


def baseline(table: Table, target: Target) -> Joules | None:
    """FP16 at batch 1: of the architecture, interpolated over size; else of others, scaled by memory bandwidth."""
    points = [point for point in table.joules(BASE) if point.batch == 1]
    reading = read(points, target, PROPORTIONAL)
    if reading is None:
        return None
    if reading.tier != "all":
        width = stated("joules", "same architecture") * PER_DOUBLING ** outside(table, target, reading)
        return Joules(even(reading.value, width), reading.rows, measured=False)
    if target.bandwidth_gbs is not None:
        scaled = [_scaled(point, target.bandwidth_gbs) for point in points]
        reading = read(scaled, target, PROPORTIONAL) or reading
        width = stated("joules", "any") * PER_DOUBLING ** outside(table, target, reading)
        reasons = ("joules are those of other architectures, scaled by memory bandwidth",)
        return Joules(even(reading.value, width), reading.rows, measured=False, reasons=reasons)
    spread = max(abs(value - reading.value) for value in reading.values)
    width = hypot(stated("joules", "any"), spread) * PER_DOUBLING ** outside(table, target, reading)
    reasons = ("joules are the mean of the measured GPUs, with their whole range",)
    return Joules(even(reading.value, width), reading.rows, measured=False, reasons=reasons)


def _scaled(point: Point, bandwidth: float) -> Point:
    if point.bandwidth_gbs is None:
        return point
    return replace(point, value=point.value + log(point.bandwidth_gbs / bandwidth))
