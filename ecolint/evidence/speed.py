"""The room where throughput is read: tokens a second as measured on this GPU or its architecture, and no further."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, hypot, log

from ecolint.evidence.points import Point, Target, interpolate, mean, merge, own_first, read
from ecolint.evidence.rows import Row
from ecolint.evidence.spread import Spread, even
from ecolint.evidence.table import Table, stated
from ecolint.shaped import dataclass

AS_FAST = 1.1
"""How far the memory bandwidths of two GPUs may lie apart for throughput to be read across."""


@dataclass(frozen=True, slots=True)
class Speed:
    """ln generated tokens a second of all sequences together, and the rows it rests on."""

    spread: Spread
    rows: tuple[str, ...]
    measured: bool
    """This GPU, model, precision and batch were measured; else it is read between rows."""


def throughput(table: Table, target: Target, precision: str, batch: int) -> Speed | None:
    """Generated tokens a second, with a 90 % interval; None where no session near enough measured it.

    Rows of this GPU, model and precision answer, ln–ln between their batches. Else sessions of the same GPU, or of one
    of its architecture with as fast a memory, whose sizes bracket the model's are read at batch 1: throughput isn't
    carried from one architecture or bandwidth to another, nor beyond the measured sizes. From batch 1 on, the longest
    sweep carries it. No half-width is stated for throughput; those of the joules are taken.
    """
    points = speeds(table, precision)
    own = [point for point in points if (point.gpu, point.model) == (target.gpu, target.model)]
    if own:
        return _between_batches(table, own, target, precision, batch)
    near = [point for point in points if point.batch == 1 and _as_fast(point, target)]
    reading = read(near, target)
    if reading is None or reading.tier == "all" or reading.beyond > 0:
        return None
    spread = even(reading.value, stated("joules", "same architecture"))
    scaled = _scaling(table, precision, 1, batch)
    if batch != 1:
        if scaled is None:
            return None
        spread = spread.times(even(scaled[0], stated("batch", "any")))
    return Speed(spread, (*reading.rows, *(scaled[1] if scaled and batch != 1 else ())), measured=False)


def _as_fast(point: Point, target: Target) -> bool:
    """Whether a point was measured on this GPU, or on one whose memory is as fast: that bounds a token's time."""
    if point.gpu == target.gpu:
        return True
    if point.bandwidth_gbs is None or target.bandwidth_gbs is None:
        return False
    return max(point.bandwidth_gbs / target.bandwidth_gbs, target.bandwidth_gbs / point.bandwidth_gbs) <= AS_FAST


def speeds(table: Table, precision: str) -> tuple[Point, ...]:
    """ln tokens a second of a precision, by session, model and batch."""
    rows = own_first([row for row in table.rows if row.precision == precision and tokens_a_second(row) is not None])
    return merge(rows, tokens_a_second, lambda row: row.session)


def tokens_a_second(row: Row) -> float | None:
    """A row's throughput, None where its source doesn't print one, or where nothing else of the row is usable."""
    if row.ratio is None and row.status != "absolute":
        return None
    text = row.record.get("throughput_tok_s") or ""
    return float(text) if text else None


def _between_batches(table: Table, own: Sequence[Point], target: Target, precision: str, batch: int) -> Speed | None:
    nodes: dict[int, list[Point]] = {}
    for point in own:
        nodes.setdefault(point.batch, []).append(point)
    batches = sorted(nodes)
    nearest = min(max(batch, batches[0]), batches[-1])
    value = interpolate([(log(each), mean([point.value for point in nodes[each]])) for each in batches], log(nearest))
    width = stated("joules", "same architecture")
    used = {max(each for each in batches if each <= nearest), min(each for each in batches if each >= nearest)}
    rows = tuple(row for each in sorted(used) for point in nodes[each] for row in point.rows)
    if batch != nearest:
        scaled = _scaling(table, precision, nearest, batch)
        if scaled is None:
            return None
        value, width, rows = value + scaled[0], hypot(width, stated("batch", "any")), (*rows, *scaled[1])
    return Speed(even(value, width), rows, measured=batch in nodes)


def _scaling(table: Table, precision: str, start: int, end: int) -> tuple[float, tuple[str, ...]] | None:
    """ln of the throughput at one batch over that at another, from the longest sweep that reaches both."""
    for name in dict.fromkeys((precision, *sorted(table.precisions))):
        groups: dict[tuple[str, str, str], list[Point]] = {}
        for point in speeds(table, name):
            groups.setdefault((point.session, point.gpu, point.model), []).append(point)
        for group in sorted(groups.values(), key=len, reverse=True):
            batches = sorted({point.batch for point in group})
            if len(batches) > 1 and batches[0] <= min(start, end) and max(start, end) <= batches[-1]:
                line = sorted((log(point.batch), point.value) for point in group)
                rows = tuple(row for point in group if point.batch in (start, end) for row in point.rows)
                return interpolate(line, log(end)) - interpolate(line, log(start)), rows
    return None


def plain(speed: Speed) -> float:
    """Tokens a second, the central value."""
    return exp(speed.spread.centre)
