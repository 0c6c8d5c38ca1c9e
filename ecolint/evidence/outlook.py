"""The room for what one deployment comes to by itself: joules, throughput, power, and the stars they deserve."""

from __future__ import annotations

from dataclasses import dataclass

from ecolint.evidence.estimating import joules_of, shipped
from ecolint.evidence.factors import batch_factor, precision_factor
from ecolint.evidence.grounds import grounds, measured_there, penalties_of, stars_off
from ecolint.evidence.joules import Joules, measured
from ecolint.evidence.points import Target, read
from ecolint.evidence.speed import Speed, throughput
from ecolint.evidence.spread import Spread
from ecolint.evidence.subject import Subject, subject
from ecolint.evidence.table import BASE, Table
from ecolint.model import GENERATION, Deployment, Interval, Workload
from ecolint.speech import say


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
    joules = joules_of(table, one, one.precision)
    speed = throughput(table, one.target, one.precision, batch)
    under = grounds(table, joules.rows if joules else ())
    penalties = penalties_of(under, deployment, one)
    outside = under.outside(workload)
    earned, why = _grounds(table, one.target, one.precision, batch)
    stars = max(1, min(earned, 1 if outside else 3) - stars_off(penalties))
    here = measured(table, one.target, one.precision, batch)
    exact = any(
        (each.gpu, each.model, each.batch) == (one.target.gpu, one.target.model, batch)
        for each in table.joules(one.precision)
    )
    return Outlook(
        energy=joules.spread.interval() if joules else None,
        throughput=speed.spread.interval() if speed else None,
        power=_product(joules.spread, speed.spread).interval(scale=1e-3) if joules and speed else None,
        latency=_latency(speed, batch, workload) if speed else None,
        stars=stars if joules else None,
        reasons=tuple(
            dict.fromkeys(
                (*why, *under.remark, *(joules.reasons if joules else ()), *outside, *(each.text for each in penalties))
            )
        ),
        rows=tuple(dict.fromkeys((*(joules.rows if joules else ()), *(speed.rows if speed else ())))),
        measured=here is not None and exact,
        joules=joules,
        speed=speed,
    )


def _refusal(table: Table, one: Subject) -> str | None:
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


def _product(joules: Spread, speed: Spread) -> Spread:
    return joules.times(speed)


def _latency(speed: Speed, batch: int, workload: Workload) -> Interval:
    """The sequences of a batch are written side by side: each gets its share of the tokens a second."""
    return speed.spread.inverse().interval(scale=float(batch * workload.generated_tokens))


def _grounds(table: Table, target: Target, precision: str, batch: int) -> tuple[int, tuple[str, ...]]:
    """The stars of the joules before anything is taken off, and why."""
    own = [each for each in table.joules(precision) if (each.gpu, each.model) == (target.gpu, target.model)]
    if any(each.batch == batch for each in own):
        return 3, (say("this GPU, model, precision and batch were measured"),)
    if own:
        factor = batch_factor(table, target, precision, batch, 1)
        return min(3, factor.stars), (
            say("this GPU, model and precision were measured at other batches"),
            *factor.reasons,
        )
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
    parts = [batch_factor(table, target, precision, batch, 1)] if batch != 1 else []
    ratio = precision_factor(table, target, precision, BASE, 1) if precision != BASE else None
    parts += [ratio] if ratio is not None else []
    return min([found, *(part.stars for part in parts)]), (*why, *(text for part in parts for text in part.reasons))
