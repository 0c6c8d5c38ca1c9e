"""The room for what one deployment comes to by itself: joules, throughput, power, and the stars they deserve."""

from __future__ import annotations

from dataclasses import replace
from math import log

from ecolint import catalog
from ecolint.evidence.estimating import joules_of, shipped
from ecolint.evidence.factors import batch_factor, precision_factor
from ecolint.evidence.grounds import grounds, measured_there, penalties_of, stars_off
from ecolint.evidence.joules import Joules
from ecolint.evidence.points import Target, read
from ecolint.evidence.speed import Speed, throughput
from ecolint.evidence.spread import Spread, even
from ecolint.evidence.subject import Subject, subject
from ecolint.evidence.table import BASE, Table
from ecolint.model import GENERATION, Deployment, Interval, Workload
from ecolint.shaped import dataclass
from ecolint.speech import Said, say


@dataclass(frozen=True, slots=True)
class Outlook:
    """One deployment's own figures, each None where no row backs it.

    `energy` is joules per 1,000 generated tokens, `throughput` generated tokens a second of all sequences together,
    `power` watts of the board, `latency` seconds until a request of the workload has all its tokens.
    """

    energy: Interval | None
    throughput: Interval | None
    power: Interval | None
    latency: Interval | None
    stars: int | None
    reasons: tuple[str, ...]
    rows: tuple[str, ...]
    measured: bool
    """Joules of this very GPU, model, precision and batch are among the rows."""
    joules: Joules | None = None
    speed: Speed | None = None


def outlook(deployment: Deployment, workload: Workload, table: Table | None = None) -> Outlook:
    """What the deployment comes to. Pure: the answer depends on the arguments and the rows alone."""
    table = table or shipped()
    one = subject(deployment)
    refusal = _refusal(table, one)
    if refusal is not None or one.precision is None:
        reasons = (refusal,) if refusal is not None else ()
        return Outlook(None, None, None, None, None, reasons, (), measured=False)
    batch = one.batch or 1
    joules = _joules(table, one, one.precision, batch)
    speed = throughput(table, one.target, one.precision, batch)
    speed, bounds = _bounded(speed, joules, one, batch) if speed is not None else (None, ())
    under = grounds(table, joules.rows if joules else ())
    penalties = penalties_of(under, deployment, one)
    outside = under.outside(workload)
    earned, why = _grounds(table, one.target, one.precision, batch)
    stars = max(1, min(earned, 1 if outside else 3) - stars_off(penalties))
    told = (*why, *under.remark, *(joules.reasons if joules else ()), *bounds, *outside)
    return Outlook(
        energy=joules.spread.interval() if joules else None,
        throughput=speed.spread.interval() if speed else None,
        power=_power(joules, speed, _most_watts(one)) if joules and speed else None,
        latency=_latency(speed, batch, workload) if speed else None,
        stars=stars if joules else None,
        reasons=tuple(dict.fromkeys((*told, *(each.text for each in penalties)))),
        rows=tuple(dict.fromkeys((*(joules.rows if joules else ()), *(speed.rows if speed else ())))),
        measured=batch in _own_batches(table, one.target, one.precision),
        joules=joules,
        speed=speed,
    )


def _refusal(table: Table, one: Subject) -> Said | None:
    if one.task != GENERATION:
        return say("text generation was measured, and nothing else")
    if not (one.measurable or measured_there(table, one.target, (one.precision,))):
        return say("nothing was measured on other hardware than NVIDIA's ({gpu})", gpu=one.gpu_name)
    if one.precision is None:
        return say("the precision is not known")
    if one.precision not in table.precisions:
        return say("nothing was measured for {precision}", precision=one.precision)
    if one.target.size_b is None:
        return say("the model's size is not known")
    return None


def _own_batches(table: Table, target: Target, precision: str) -> list[int]:
    """The batches at which this GPU, model and precision were measured, in joules."""
    return sorted({p.batch for p in table.joules(precision) if (p.gpu, p.model) == (target.gpu, target.model)})


def _swept_here(own: list[int], batch: int) -> bool:
    """Whether a batch lies among those that were measured."""
    return bool(own) and own[0] <= batch <= own[-1]


def _joules(table: Table, one: Subject, precision: str, batch: int) -> Joules | None:
    """Joules of the deployment: as measured, or FP16's at this batch times the precision's ratio at this batch.

    The ratio is the one that the precision is held against FP16 with: figures that stand side by side agree with it.
    """
    base = joules_of(table, one, BASE) if precision != BASE and batch != 1 and one.measurable else None
    if base is None or _swept_here(_own_batches(table, one.target, precision), batch):
        return joules_of(table, one, precision)
    ratio = precision_factor(table, one.target, precision, BASE, batch)
    if ratio is None:
        return None
    return Joules(base.spread.times(ratio.spread), tuple(dict.fromkeys((*base.rows, *ratio.rows))), base.reasons)


def _bounded(speed: Speed, joules: Joules | None, one: Subject, batch: int) -> tuple[Speed, tuple[Said, ...]]:
    """A throughput that nobody measured, no larger than what the GPU can do: read the weights, and draw its power.

    Every sequence of a batch shares one reading of the weights; tokens a second are at most watts over joules a token.
    """
    if speed.measured:
        return speed, ()
    found, told = speed.spread, []
    weights = catalog.weights_gb(one.target.size_b or 0.0, one.precision or BASE)
    if weights and one.target.bandwidth_gbs is not None:
        most = even(log(one.target.bandwidth_gbs / weights * batch), 0.0)
        if found.centre > most.centre:
            told.append(say("throughput is bounded by the memory bandwidth"))
        found = _least(found, most)
    watts = _most_watts(one)
    if joules is not None and watts is not None:
        most = even(log(watts * 1e3), 0.0).times(joules.spread.inverse())
        if found.centre > most.centre:
            told.append(say("throughput is bounded by the {watts:g} W that the board may draw", watts=watts))
        found = _least(found, most)
    return replace(speed, spread=found), tuple(told)


def _least(one: Spread, other: Spread) -> Spread:
    """The smaller of two quantities, end by end."""
    low = min(one.centre - one.down, other.centre - other.down)
    high = min(one.centre + one.up, other.centre + other.up)
    centre = min(one.centre, other.centre)
    return Spread(centre, centre - low, high - centre)


def _most_watts(one: Subject) -> float | None:
    """The power that the board may draw; None where nobody says it."""
    card = catalog.gpu(one.gpu_name) if one.gpu_name is not None else None
    return None if card is None else card.max_power_w or card.tdp_w


def _power(joules: Joules, speed: Speed, most: float | None) -> Interval:
    """Joules times throughput, and no more than the board may draw."""
    found = joules.spread.times(speed.spread).interval(scale=1e-3)
    if most is None or found.central > most:
        return found
    return Interval(found.central, found.low, min(found.high, most))


def _latency(speed: Speed, batch: int, workload: Workload) -> Interval:
    """The sequences of a batch are written side by side: each gets its share of the tokens a second."""
    return speed.spread.inverse().interval(scale=float(batch * workload.generated_tokens))


def _grounds(table: Table, target: Target, precision: str, batch: int) -> tuple[int, tuple[str, ...]]:
    """The stars of the joules before anything is taken off, and why."""
    own = _own_batches(table, target, precision)
    if batch in own:
        return 3, (say("this GPU, model, precision and batch were measured"),)
    if own and (precision == BASE or _swept_here(own, batch)):
        found = 2 if _swept_here(own, batch) else 1
        factor = batch_factor(table, target, precision, batch, 1)
        return min(found, factor.stars), (
            say("this GPU, model and precision were measured at other batches"),
            *factor.reasons,
        )
    found, why = _baseline_grounds(table, target)
    parts = [batch_factor(table, target, BASE, batch, 1)] if batch != 1 else []
    ratio = precision_factor(table, target, precision, BASE, batch) if precision != BASE else None
    parts += [ratio] if ratio is not None else []
    return min([found, *(part.stars for part in parts)]), (*why, *(text for part in parts for text in part.reasons))


def _baseline_grounds(table: Table, target: Target) -> tuple[int, tuple[str, ...]]:
    """The same of FP16 at batch 1."""
    if 1 in _own_batches(table, target, BASE):
        return 3, (say("this GPU and model were measured in FP16"),)
    reading = read(table.scaled_baselines(None), target)
    found = 1
    why: tuple[str, ...] = (say("joules are those of other architectures"),)
    if reading is not None and reading.tier == "gpu":
        found = 3 if reading.same_size and reading.beyond == 0 else 2
        why = (say("joules of this GPU, read between the models that were measured on it"),)
    elif reading is not None and reading.tier == "architecture":
        found, why = 2, (say("joules of the same architecture, not of this GPU"),)
    elif target.gpu is None and target.architecture is None:
        why = (say("the GPU is not known: those measured stand in"),)
    if reading is not None and reading.beyond > 0:
        found, why = max(1, found - 1), (*why, say("the model is beyond the sizes that were measured there"))
    return found, why
