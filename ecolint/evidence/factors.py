"""The room where an estimate's two factors are read from the table: what a precision costs, what a batch saves."""

from __future__ import annotations

from math import log

from ecolint.evidence.points import SAME_SIZE, Point, Reading, Target, read
from ecolint.evidence.spread import EXACT, Spread, even
from ecolint.evidence.sweeps import Curve
from ecolint.evidence.table import BASE, Table, doublings_outside, paired, stated
from ecolint.shaped import dataclass
from ecolint.speech import say

PER_DOUBLING = 1.2
"""Half-widths grow by 20 % for every doubling beyond the measured sizes."""
SMALL_BATCH = 8
"""Up to this batch the sweep's own GPU is known to ±0.15."""
EAGER_FP8 = "fp8_eager"


@dataclass(frozen=True, slots=True)
class Factor:
    """A factor of the energy, the stars it deserves, the rows it rests on and what is to be said about it."""

    spread: Spread
    stars: int
    rows: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    penalties: tuple[str, ...] = ()
    """Reasons that cost one star each."""


SAME = Factor(EXACT, 3)


def precision_factor(table: Table, target: Target, current: str, better: str, batch: int) -> Factor | None:
    """Energy of one precision relative to another at the same batch; None without rows or without a size."""
    if current == better:
        return SAME
    for one, other in ((current, better), (better, current)):
        points = table.points(one, other)
        if points and paired(one, other):
            factor = _read(table, points, target, one, other, batch)
            return factor if factor is None or one == current else _inverse(factor)
    sides = [SAME if each == BASE else precision_factor(table, target, each, BASE, batch) for each in (current, better)]
    if sides[0] is None or sides[1] is None:
        return None
    return combine(sides[0], _inverse(sides[1]))


def batch_factor(table: Table, target: Target, precision: str | None, current: int, better: int) -> Factor:
    """Energy per request at one batch relative to another, from the measured sweeps."""
    if current == better:
        return SAME
    name, curve, extension = _curves(table, target, precision)
    ends = (current, better)
    centre = _along(curve, extension, current) - _along(curve, extension, better)
    on_gpu = target.gpu == curve.gpu
    width = stated("batch", "same GPU" if on_gpu and max(ends) <= SMALL_BATCH else "any")
    width *= PER_DOUBLING ** doublings_outside(max(ends), 1, extension.largest)
    card = table.by_id[curve.used(1)[0]].gpu_name
    reasons: list[str] = [say("the effect of batch size was measured on one model on the {gpu}", gpu=card)]
    if target.gpu is None and target.architecture is None:
        reasons.append(say("the GPU is not known: the one measured stands in"))
    stars = _batch_stars(curve, target, on_gpu)
    inside = max(ends) <= extension.largest
    if not inside:
        reasons.append(say("no batch above {largest} was measured", largest=extension.largest))
        stars = 1
    elif precision == name and max(ends) > curve.largest:
        text = say(
            "no batch of {which} above {largest} was measured: the longest sweep carries it on",
            which=precision,
            largest=curve.largest,
        )
        reasons.append(text)
        stars = 1
    if precision != name:
        which = precision or say("this precision")
        reasons.append(say("no batch sweep of {which} exists: the one of {other} stands in", which=which, other=name))
        stars = min(stars, 1)
    rows = [row for each in ends for row in _rows(curve, extension, each)]
    return Factor(even(centre, width), stars, tuple(dict.fromkeys(rows)), tuple(reasons))


def along(table: Table, target: Target, precision: str, batch: int) -> float:
    """ln of the energy per request at a batch relative to batch 1."""
    return _along(*_curves(table, target, precision)[1:], batch)


def swept_on(table: Table, target: Target, precision: str | None) -> str:
    """The GPU whose sweep answers for a target, by evidence key."""
    return _curves(table, target, precision)[1].gpu


def combine(one: Factor, other: Factor) -> Factor:
    """The product of two factors, with the fewer stars and everything that either has to say."""
    return Factor(
        one.spread.times(other.spread),
        min(one.stars, other.stars),
        tuple(dict.fromkeys((*one.rows, *other.rows))),
        tuple(dict.fromkeys((*one.reasons, *other.reasons))),
        tuple(dict.fromkeys((*one.penalties, *other.penalties))),
    )


def outside(table: Table, target: Target, reading: Reading) -> float:
    """Doublings beyond the measured sizes: those of the target's own hardware, or those of several architectures."""
    if target.size_b is None:
        return 0.0
    own = 0.0 if reading.tier != "all" else doublings_outside(target.size_b, *table.common_sizes)
    return max(own, reading.beyond)


def _inverse(factor: Factor) -> Factor:
    return Factor(factor.spread.inverse(), factor.stars, factor.rows, factor.reasons, factor.penalties)


def _read(table: Table, points: tuple[Point, ...], target: Target, one: str, other: str, batch: int) -> Factor | None:
    if EAGER_FP8 in (one, other) and not (target.gpu in table.own_gpus and _own(table, points, target)):
        shipped = tuple(point for point in points if table.by_id[point.rows[0]].file is None)
        return _observed(table, shipped, target, batch) if shipped else None
    # Other batches than 1 were measured on one GPU; elsewhere the ratio at batch 1 stands in.
    there = [point for point in points if point.batch == batch and point.gpu == target.gpu] if batch != 1 else []
    reading = read(there, target)
    as_batched = reading is not None and reading.beyond == 0
    if not as_batched:
        reading = read([point for point in points if point.batch == 1], target)
    if reading is None:
        return None
    beyond = outside(table, target, reading)
    width = table.half_width(one, other, reading.tier, reading.same_size) * PER_DOUBLING**beyond
    reasons, stars = _grounds(table, target, reading)
    if batch != 1 and not as_batched:
        reasons.append(say("measured at batch 1, not at {batch}", batch=batch))
        stars = 1
    penalties = () if beyond < log(1.25) / log(2) else (_beyond(table, target, reading),)
    rows = (*reading.rows, *table.baselines(reading.rows))
    return Factor(even(reading.value, width), stars, rows, tuple(reasons), penalties)


def _grounds(table: Table, target: Target, reading: Reading) -> tuple[list[str], int]:
    """What the tier says, and the stars it deserves."""
    names = ", ".join(dict.fromkeys(table.by_id[row].gpu_name for row in reading.rows))
    if reading.tier == "gpu":
        if reading.same_size:
            return [say("measured on this GPU ({names}) at this size", names=names)], 3
        return [say("measured on this GPU ({names}), interpolated between sizes", names=names)], 2
    if reading.tier == "architecture":
        return [say("measured on the same architecture ({names}), not on this GPU", names=names)], 2
    if target.architecture is None:
        return [say("the GPU is not known: those measured ({names}) stand in", names=names)], 1
    return [say("measured on other architectures ({names})", names=names)], 1


def _beyond(table: Table, target: Target, reading: Reading) -> str:
    sizes = [table.by_id[row].size_b for row in reading.rows]
    size = target.size_b or 0.0
    if size > max(sizes):
        return say("{size:.3g}B is beyond the sizes measured up to {end:.3g}B", size=size, end=max(sizes))
    return say("{size:.3g}B is beyond the sizes measured from {end:.3g}B", size=size, end=min(sizes))


def _observed(table: Table, points: tuple[Point, ...], target: Target, batch: int) -> Factor:
    """FP8 without compiled kernels: the observed span and no prediction; the centre follows the size inside it."""
    low, high = min(point.value for point in points), max(point.value for point in points)
    sizes = [point.size_b for point in points]
    size = target.size_b
    inside = size is not None and min(sizes) / SAME_SIZE <= size <= max(sizes) * SAME_SIZE
    reading = read(points, target)
    centre = reading.value if inside and reading is not None else (low + high) / 2
    rows = reading.rows if inside and reading is not None else tuple(row for point in points for row in point.rows)
    own = target.gpu in {point.gpu for point in points}
    kin = target.architecture in {point.architecture for point in points}
    stars = 1 if not kin or not inside or batch != 1 else 3 if own and reading and reading.same_size else 2
    reasons: list[str] = [say("one session with one nightly build of torchao: the observed span, not a prediction")]
    if not kin:
        known = target.architecture is not None
        reasons.append(say("measured on another architecture") if known else say("the GPU is not known"))
    if not inside:
        reasons.append(say("measured from {low:.3g}B to {high:.3g}B only", low=min(sizes), high=max(sizes)))
    # The span is widened by less than anyone can read, so that its own ends lie inside after rounding.
    spread = Spread(centre, centre - low + 1e-6, high - centre + 1e-6)
    return Factor(spread, stars, (*rows, *table.baselines(rows)), tuple(reasons))


def _own(table: Table, points: tuple[Point, ...], target: Target) -> bool:
    """Whether the user measured this pair of precisions on the target's GPU."""
    return any(point.gpu == target.gpu and table.by_id[point.rows[0]].file is not None for point in points)


def _curves(table: Table, target: Target, precision: str | None) -> tuple[str, Curve, Curve]:
    """A precision's sweep, of which precision it is, and the longest one, which carries it further.

    A sweep that the user measured on the target's GPU answers first; FP16's where the precision has none, so that its
    ratio to FP16 is the same at every batch.
    """
    assert table.longest is not None, "the shipped rows hold a batch sweep"
    longest = table.curves[table.longest]
    own = table.own_curve(precision, target.gpu)
    if own is not None and (own[0] == precision or precision not in table.curves):
        return (*own, max(own[1], longest, key=lambda each: each.largest))
    if precision is not None and precision in table.curves:
        return precision, table.curves[precision], longest
    if BASE in table.curves:
        return BASE, table.curves[BASE], longest
    return table.longest, longest, longest


def _along(curve: Curve, extension: Curve, batch: int) -> float:
    if batch <= curve.largest:
        return curve.at(batch)
    return curve.at(curve.largest) + extension.at(batch) - extension.at(curve.largest)


def _rows(curve: Curve, extension: Curve, batch: int) -> tuple[str, ...]:
    return curve.used(batch) if batch <= curve.largest else (*curve.used(curve.largest), *extension.used(batch))


def _batch_stars(curve: Curve, target: Target, on_gpu: bool) -> int:
    if target.size_b is None or target.architecture != curve.architecture:
        return 1
    ratio = max(target.size_b / curve.size_b, curve.size_b / target.size_b)
    return 3 if on_gpu and ratio <= SAME_SIZE else 2
