"""The room where printed claims are held against the rows: what the rows say instead, where they contradict one."""

from __future__ import annotations

from math import exp, log1p

from ecolint.evidence.factors import batch_factor
from ecolint.evidence.points import Point, Target, Tier, read
from ecolint.evidence.rows import Claim
from ecolint.evidence.subject import Subject
from ecolint.evidence.table import BASE, Table
from ecolint.model import Interval
from ecolint.speech import Said, say

AS_PRINTED = 0.5
"""Percent: claims are printed in whole ones, so that what rounds to an end of theirs is inside."""
_QUANTIZED, _BATCHED = "quantized", "batched"


def dispute(claim: Claim, table: Table, one: Subject, other: Subject, overhead: Interval) -> Said | None:
    """What the rows say of what a claim compares, or None where they do not contradict it.

    `overhead` is the estimate of `one` against `other`, in percent. A claim is contradicted where its range and the
    estimate's interval have nothing in common, where everything that was measured of the comparison at such sizes lies
    outside its range, or, as far as it prints no range, where its own note says so (`Claim.disputed`).
    """
    turned = _turned(claim, one, other)
    if turned is None:
        return None
    measured, where = _measured(table, one, other)
    if not measured:
        return None
    way = -1 if turned else 1
    said = sorted(_percent(way * value) for value in measured)
    low, high = sorted(_percent(way * log1p(end / 100)) for end in (overhead.low, overhead.high))
    if not (claim.disputed or _apart(claim, low, high) or all(_apart(claim, each, each) for each in said)):
        return None
    least, most = _signed(said[0]), _signed(said[-1])
    if least == most:
        return say("the rows say {value} % {where}", value=least, where=where)
    return say("the rows say {low} to {high} % {where}", low=least, high=most, where=where)


def _turned(claim: Claim, one: Subject, other: Subject) -> bool | None:
    """Whether the claim states the better side over the written one; None where it speaks of another comparison."""
    for turned, (first, second) in enumerate(((one, other), (other, one))):
        if _is(claim.takes, first) and _is(claim.against, second):
            by_batch = claim.against.isdecimal()
            same = one.precision == other.precision if by_batch else (one.batch or 1) == (other.batch or 1)
            return bool(turned) if same else None
    return None


def _is(what: str, side: Subject) -> bool:
    if what.isdecimal():
        return (side.batch or 1) == int(what)
    if what == _BATCHED:
        return (side.batch or 1) > 1
    if what == _QUANTIZED:
        return side.precision not in (None, BASE, "fp32")
    return bool(what) and side.precision == what


def _measured(table: Table, one: Subject, other: Subject) -> tuple[list[float], Said]:
    """ln ratios of `one` to `other` as they were measured at the sizes that an estimate rests on, at any batch."""
    target = one.target
    if one.precision == other.precision:
        factor = batch_factor(table, target, one.precision, one.batch or 1, other.batch or 1)
        card = table.by_id[factor.rows[0]]
        there = say("on this GPU") if card.gpu == target.gpu else say("on the {gpu}", gpu=card.gpu_name)
        return [factor.spread.centre], there
    now, then = one.precision or BASE, other.precision or BASE
    points = table.points(now, then)
    way = 1 if points else -1
    points = points or table.points(then, now)
    reading = read([each for each in points if each.batch == 1], target)
    if reading is None:
        return [], say("on the GPUs that were measured")
    sizes = {table.by_id[row].size_b for row in reading.rows}
    near = [each for each in points if each.size_b in sizes and _near(each, reading.tier, target)]
    return [way * each.value for each in near], _where(reading.tier, target)


def _near(point: Point, tier: Tier, target: Target) -> bool:
    if tier == "gpu":
        return point.gpu == target.gpu
    return tier == "all" or point.architecture == target.architecture


def _where(tier: Tier, target: Target) -> Said:
    if tier == "gpu":
        return say("on this GPU")
    if tier == "architecture":
        return say("on its architecture")
    return say("on the GPUs that were measured") if target.architecture is None else say("on other architectures")


def _apart(claim: Claim, low: float, high: float) -> bool:
    """Whether nothing between these two lies in the claim's range; a claim without one says nothing that could."""
    if claim.low is None or claim.high is None:
        return False
    return high < claim.low - AS_PRINTED or low > claim.high + AS_PRINTED


def _percent(ln: float) -> float:
    return (exp(ln) - 1) * 100


def _signed(value: float) -> str:
    whole = round(value)
    return f"{'+' if whole > 0 else '−' if whole < 0 else '±'}{abs(whole):,}"
