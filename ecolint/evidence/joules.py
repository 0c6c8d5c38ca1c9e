"""The room where energy per 1,000 tokens is read: as measured, or the FP16 baseline times the factors."""

from __future__ import annotations

from math import hypot, log

from ecolint.evidence.factors import PER_DOUBLING, SMALL_BATCH, along, batch_factor, outside, precision_factor, swept_on
from ecolint.evidence.points import Point, Target, interpolate, mean, read
from ecolint.evidence.spread import Spread, even
from ecolint.evidence.table import BASE, PROPORTIONAL, Table, stated
from ecolint.shaped import dataclass
from ecolint.speech import say


@dataclass(frozen=True, slots=True)
class Joules:
    """ln joules per 1,000 generated tokens, the rows they rest on, and what is assumed."""

    spread: Spread
    rows: tuple[str, ...]
    reasons: tuple[str, ...] = ()


def measured(table: Table, target: Target, precision: str, batch: int) -> Joules | None:
    """Rows of this GPU, model and precision: the mean over sessions at each measured batch, ln–ln between them.

    Beyond the measured batches the sweep carries the nearest one on. None where nobody measured the model so.
    """
    points = [each for each in table.joules(precision) if (each.gpu, each.model) == (target.gpu, target.model)]
    if not points:
        return None
    nodes: dict[int, list[Point]] = {}
    for point in points:
        nodes.setdefault(point.batch, []).append(point)
    batches = sorted(nodes)
    line = [(log(each), mean([point.value for point in nodes[each]])) for each in batches]
    nearest = min(max(batch, batches[0]), batches[-1])
    value = interpolate(line, log(nearest))
    value += along(table, target, precision, batch) - along(table, target, precision, nearest)
    width = table.joules_half_width("gpu")
    if batch not in nodes:
        near = target.gpu == swept_on(table, target, precision) and batch <= SMALL_BATCH
        width = hypot(width, stated("batch", "same GPU" if near else "any"))
    used = {max(each for each in batches if each <= nearest), min(each for each in batches if each >= nearest)}
    rows = [row for each in sorted(used) for point in nodes[each] for row in point.rows]
    return Joules(even(value, width), tuple(rows))


def derived(table: Table, target: Target, precision: str, batch: int) -> Joules | None:
    """The FP16 baseline times the precision's ratio times the batch factor; None where one of them is not known."""
    base = baseline(table, target)
    ratio = precision_factor(table, target, precision, BASE, 1)
    if base is None or ratio is None:
        return None
    response = batch_factor(table, target, precision, batch, 1)
    return Joules(
        base.spread.times(ratio.spread).times(response.spread),
        tuple(dict.fromkeys((*base.rows, *ratio.rows, *response.rows))),
        reasons=base.reasons,
    )


def baseline(table: Table, target: Target) -> Joules | None:
    """FP16 at batch 1: of the architecture, interpolated over size; else of others, scaled by memory bandwidth."""
    reading = read(table.scaled_baselines(None), target, PROPORTIONAL)
    if reading is None:
        return None
    if reading.tier != "all":
        width = table.joules_half_width(reading.tier) * PER_DOUBLING ** outside(table, target, reading)
        return Joules(even(reading.value, width), reading.rows)
    if target.bandwidth_gbs is not None:
        reading = read(table.scaled_baselines(target.bandwidth_gbs), target, PROPORTIONAL) or reading
        width = table.joules_half_width("all") * PER_DOUBLING ** outside(table, target, reading)
        reasons = (say("joules are those of other architectures, scaled by memory bandwidth"),)
        return Joules(even(reading.value, width), reading.rows, reasons=reasons)
    spread = max(abs(value - reading.value) for value in reading.values)
    width = hypot(stated("joules", "any"), spread) * PER_DOUBLING ** outside(table, target, reading)
    reasons = (say("joules are the mean of the measured GPUs, with their whole range"),)
    return Joules(even(reading.value, width), reading.rows, reasons=reasons)
