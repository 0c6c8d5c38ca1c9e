"""The room where an estimate is put together: the ratio, its interval and stars, the joules, and what a month costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from math import hypot

from ecolint.dataset import SOURCES
from ecolint.evidence.disputes import dispute
from ecolint.evidence.factors import Factor, batch_factor, combine, precision_factor, swept_on
from ecolint.evidence.grounds import Grounds, Penalty, drifted, grounds, measured_there, penalties_of, stars_off
from ecolint.evidence.joules import Joules, derived, measured
from ecolint.evidence.monthly import monthly
from ecolint.evidence.rows import claims, rows
from ecolint.evidence.signs import by_sign
from ecolint.evidence.spread import Spread
from ecolint.evidence.subject import Subject, subject, value
from ecolint.evidence.table import BASE, Table
from ecolint.model import GENERATION, Deployment, Estimate, Interval, Published, Scalar, Verdict, Workload
from ecolint.shaped import dataclass
from ecolint.speech import say

SPOKEN_OF = frozenset({"precision", "quantization", "backend", "int8_threshold", "dtype", "compute_dtype", "execution"})
"""Facts whose effect on energy is in the precision, where that differs."""
BATCHING = frozenset({"batch_size", "max_concurrency", "looped", "served"})
"""Facts whose effect on energy is in the batch."""


@dataclass(frozen=True, slots=True)
class _Refused:
    """No figure: why, and the direction where a sign rule gives one."""

    reasons: tuple[str, ...]
    verdict: Verdict = "undetermined"


def estimate(
    current: Deployment,
    better: Deployment,
    compared_with: Mapping[str, Scalar],
    workload: Workload,
    claim: str | None = None,
    table: Table | None = None,
) -> Estimate:
    """Energy of what is written against a better deployment, with a 90 % interval, stars, rows and the month's money.

    `compared_with` are the facts that differ; `claim` is the id of a printed claim to quote beside the figures. Pure:
    the answer depends on the arguments and the rows alone (`table`: those shipped unless given). The method is told in
    docs/evidence.md.
    """
    table = table or shipped()
    one, other = subject(current), subject(better)
    published = _published(claim) if one.task == GENERATION else None
    factor = _factor(table, current, better, one, other, compared_with)
    if isinstance(factor, _Refused):
        return Estimate(
            compared_with=compared_with,
            overhead_percent=None,
            verdict=factor.verdict,
            confidence_reasons=factor.reasons,
            published=published,
        )
    now, then = _joules(table, one, other, factor.spread)
    under = grounds(table, factor.rows)
    penalties = (*map(Penalty, factor.penalties), *penalties_of(under, current, one))
    outside = under.outside(workload)
    stars = max(1, min(factor.stars, 1 if outside else 3) - stars_off(penalties))
    remarks = _remarks(under, current, one, other, now, _changed(current, better, compared_with))
    reasons = (*factor.reasons, *under.remark, *outside, *(one.text for one in penalties), *remarks)
    overhead = factor.spread.interval(scale=100, offset=-1)
    return Estimate(
        compared_with=compared_with,
        overhead_percent=overhead,
        verdict=_verdict(overhead),
        confidence=stars,
        confidence_reasons=tuple(dict.fromkeys(reasons)),
        rows=tuple(dict.fromkeys((*factor.rows, *(now.rows if now else ()), *(then.rows if then else ())))),
        published=_disputed(claim, published, table, one, other, overhead),
        current_j_per_1k=now.spread.interval() if now else None,
        better_j_per_1k=then.spread.interval() if then else None,
        monthly=monthly(then.spread, factor.spread, workload) if then else None,
    )


@lru_cache(maxsize=1)
def shipped() -> Table:
    """The table of the shipped rows."""
    return Table(rows())


def _factor(
    table: Table,
    current: Deployment,
    better: Deployment,
    one: Subject,
    other: Subject,
    compared_with: Mapping[str, Scalar],
) -> Factor | _Refused:
    refused = _unmeasured(table, current, better, one, other, compared_with)
    if refused is not None:
        return refused
    batch_now, batch_then = one.batch or 1, other.batch or 1
    by_batch = batch_factor(table, one.target, one.precision or other.precision, batch_now, batch_then)
    if one.precision is None or other.precision is None or one.precision == other.precision:
        return by_batch
    at = batch_now if batch_now == batch_then else 1
    by_precision = precision_factor(table, one.target, one.precision, other.precision, at)
    if by_precision is None:
        return _by_sign_alone(table, one, other, say("the model's size is not known"))
    if batch_now == batch_then:
        return by_precision
    # Each side at batch 1 against FP16, then each side's own way from batch 1 to its batch.
    away = batch_factor(table, one.target, one.precision, batch_now, 1)
    back = batch_factor(table, one.target, other.precision, 1, batch_then)
    moved = combine(away, back)
    widest = max((away, back), key=lambda each: each.spread.up)
    spread = Spread(moved.spread.centre, widest.spread.down, widest.spread.up)
    return combine(by_precision, replace(moved, spread=spread))


def _by_sign_alone(table: Table, one: Subject, other: Subject, why: str) -> _Refused:
    """No figure; a direction where every measured pair agreed and both sides share a batch."""
    if (one.batch or 1) != (other.batch or 1):
        return _Refused((why,))
    sign = by_sign(table, one.precision or "", other.precision or "", one.target.size_b)
    return _Refused((why,)) if sign is None else _Refused((why, sign[1]), sign[0])


def _unmeasured(
    table: Table,
    current: Deployment,
    better: Deployment,
    one: Subject,
    other: Subject,
    compared_with: Mapping[str, Scalar],
) -> _Refused | None:
    """Why the rows say nothing about this comparison, or None where they do."""
    changed = _changed(current, better, compared_with)
    if one.task is None:
        return _Refused((say("what the model does is not known: text generation was measured"),))
    if one.task != GENERATION:
        return _Refused((say("text generation was measured, not {task}", task=one.task),))
    if not (one.measurable or _measured_by_user(table, one, other)):
        why = say("nothing was measured on other hardware than NVIDIA's ({gpu})", gpu=one.gpu_name)
        return _by_sign_alone(table, one, other, why)
    if one.gpu_name != other.gpu_name or one.target.model != other.target.model:
        return _Refused((say("another GPU or model is not compared"),))
    missing = [each for each in (one.precision, other.precision) if each is not None and each not in table.precisions]
    if missing:
        return _Refused(
            tuple(say("nothing was measured for {precision}", precision=each) for each in dict.fromkeys(missing))
        )
    unknown = one.precision is None or other.precision is None
    if unknown and (changed - BATCHING or one.precision != other.precision):
        return _Refused((say("the precision is not known"),))
    if one.precision == other.precision and (unspoken := sorted(changed - BATCHING - _same_anyway(one))):
        why = say("nothing was measured for a change of {facts} alone", facts=", ".join(unspoken))
        return _Refused((why,))
    return None


def _measured_by_user(table: Table, one: Subject, other: Subject) -> bool:
    """Whether the user's own rows hold both sides, on hardware that nobody else measured."""
    if not measured_there(table, one.target, (one.precision, other.precision)):
        return False
    same = (one.batch or 1) == (other.batch or 1)
    return same or all(swept_on(table, one.target, each.precision) == one.target.gpu for each in (one, other))


def _same_anyway(one: Subject) -> frozenset[str]:
    """Facts that may differ between equal precisions without a measured effect being missed: float16 and bfloat16."""
    names = {"precision", "dtype", "quantization", "backend"} if one.precision == BASE else {"precision"}
    return frozenset(names)


def _joules(table: Table, one: Subject, other: Subject, ratio: Spread) -> tuple[Joules | None, Joules | None]:
    """Joules of both sides: the current ones by the current deployment alone, the better ones those over the ratio.

    The better side keeps the width of its own reading, plus the distance between that reading and the quotient.
    """
    if one.precision is None or other.precision is None:
        return None, None
    now = joules_of(table, one, one.precision)
    own = joules_of(table, other, other.precision)
    if now is None or own is None:
        return None, None
    centre = now.spread.centre - ratio.centre
    apart = own.spread.centre - centre
    return now, replace(own, spread=Spread(centre, hypot(own.spread.down, apart), hypot(own.spread.up, apart)))


def joules_of(table: Table, side: Subject, precision: str) -> Joules | None:
    """Joules of one deployment, as measured or else derived, whatever it is held against."""
    batch = side.batch or 1
    found = measured(table, side.target, precision, batch)
    # What other makers' cards take is not read from those of NVIDIA.
    return found if found is not None or not side.measurable else derived(table, side.target, precision, batch)


def _verdict(overhead: Interval) -> Verdict:
    if overhead.low > 0:
        return "costs"
    return "saves" if overhead.high < 0 else "undetermined"


def _changed(current: Deployment, better: Deployment, compared_with: Mapping[str, Scalar]) -> frozenset[str]:
    return frozenset(name for name in compared_with if value(current, name) != value(better, name))


def _remarks(
    under: Grounds, current: Deployment, one: Subject, other: Subject, now: Joules | None, changed: frozenset[str]
) -> tuple[str, ...]:
    """What is named and costs no star."""
    found: list[str] = (
        list(drifted(under, current, one).open) if value(current, "framework") in (None, "transformers") else []
    )
    if one.brain_float or other.brain_float:
        found.append(say("bfloat16 is taken to cost what float16 costs"))
    if apart := sorted(changed - BATCHING - SPOKEN_OF):
        found.append(
            say("the effect of {facts} is not in the figure: nothing was measured for it", facts=", ".join(apart))
        )
    return (*found, *(now.reasons if now else ()))


def _disputed(
    claim: str | None, published: Published | None, table: Table, one: Subject, other: Subject, overhead: Interval
) -> Published | None:
    """A published claim with what the rows say instead, where they contradict it."""
    if claim is None or published is None:
        return published
    return replace(published, note=dispute(claims()[claim], table, one, other, overhead))


def _published(claim: str | None) -> Published | None:
    """The claim as printed, unless the rows show it to be false or misread: then it is not repeated."""
    found = claims().get(claim) if claim else None
    if found is None or not found.quotable:
        return None
    return Published(found.sentence, SOURCES.get(found.source, found.source))
