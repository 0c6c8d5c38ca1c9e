"""ESTIMATE: what a month of the deployment takes in energy, money and CO2, now and in its best configuration."""

from __future__ import annotations

from dataclasses import replace

from ecolint.advisor import pieces
from ecolint.advisor.answer import Answer, Block, Grid, Listing, plain
from ecolint.advisor.choosing import Choice, Limits, choose
from ecolint.advisor.considered import Considered, Situation
from ecolint.advisor.figures import amount, difference, money, named, span, stars
from ecolint.advisor.snippets import code
from ecolint.evidence.monthly import month
from ecolint.model import Interval, Monthly
from ecolint.report._summary import mood
from ecolint.speech import Said, say


def estimate(situation: Situation) -> Answer:
    """The month's figures, beside those of the best configuration, and what each change brings."""
    situation = _timed(situation)
    now = situation.now
    choice = choose(situation, situation.grid(), Limits())
    best = choice.chosen if choice.chosen is not None and _better(situation, choice.chosen) else now
    findings = situation.findings(situation.deployment)
    ours, theirs = _month(situation, now), _month(situation, best)
    rows = tuple(dict.fromkeys((*now.outlook.rows, *best.outlook.rows)))
    blocks: list[Block] = [*pieces.given(situation)]
    if ours is not None and theirs is not None:
        blocks += [_table(situation, now, best, ours, theirs), _steps(situation, now, best)]
    blocks += [
        pieces.quoted(rows),
        pieces.confidence(now.outlook.stars, now.outlook.reasons),
        pieces.assumed(situation),
    ]
    blocks += pieces.warnings(findings)
    if best is not now:
        blocks += [*_why(choice), code(best.precision, situation.setup.framework, situation.setup.model, best.batch)]
    blocks += [*pieces.risks(situation, best), *pieces.measure(situation), *pieces.questions(situation)]
    data = {
        **pieces.around(situation),
        "current": {**pieces.column(now), "monthly": _monthly(ours)},
        "best": {**pieces.column(best), "monthly": _monthly(theirs)},
        "overhead": pieces.comparison(situation.versus(now, best)),
        "saved": _monthly(situation.versus(now, best).monthly if best is not now else None),
        "warnings": [{"code": one.code, "message": one.message} for one in findings],
    }
    return Answer(
        protocol="estimate",
        title=pieces.heading(situation),
        conclusion=_conclusion(situation, now, best, ours, theirs),
        mood=mood(list(findings)),
        blocks=tuple(blocks),
        data=data,
    )


class NoThroughput(ValueError):
    """Hours a day were named, and nobody measured what the deployment does in an hour."""


def _timed(situation: Situation) -> Situation:
    """The situation with the requests that it answers in the hours that it runs. Raises `NoThroughput`."""
    hours = situation.setup.hours_a_day
    if hours is None:
        return situation
    speed = situation.now.outlook.throughput
    if speed is None:
        raise NoThroughput
    from ecolint.advisor.words import DAYS

    seconds = hours * 3600 * DAYS
    requests = max(1, round(speed.central * seconds / situation.workload.generated_tokens))
    shown = say(
        "{hours:g} h × 3600 s × {days} days × {speed} tok/s / {generated} tokens = {requests:,} requests",
        hours=hours,
        days=DAYS,
        speed=amount(speed.central),
        generated=situation.workload.generated_tokens,
        requests=requests,
    )
    workload = replace(situation.workload, requests_per_month=requests)
    setup = replace(situation.setup, workload=workload, hours_a_day=None, shown=(*situation.setup.shown, shown))
    return replace(situation, setup=setup)


def _better(situation: Situation, other: Considered) -> bool:
    """Whether the rows say that the other configuration takes less."""
    now = situation.now
    if (now.precision, now.batch) == (other.precision, other.batch):
        return False
    overhead = situation.versus(now, other).overhead_percent
    return overhead is not None and overhead.central > 0


def _month(situation: Situation, one: Considered) -> Monthly | None:
    return month(one.outlook.joules.spread, situation.workload) if one.outlook.joules is not None else None


def _monthly(figures: Monthly | None) -> dict[str, object] | None:
    if figures is None:
        return None
    return {
        "kwh": plain(figures.kwh),
        "usd": plain(figures.usd),
        "kg_co2": plain(figures.kg_co2),
        "equivalent": figures.equivalent,
    }


def _table(situation: Situation, now: Considered, best: Considered, ours: Monthly, theirs: Monthly) -> Grid:
    held = situation.versus(now, best)
    saved = held.monthly if best is not now else None
    rows = [
        (say("configuration"), _called(now), _called(best), ""),
        (say("energy, kWh"), span(ours.kwh), span(theirs.kwh), span(saved.kwh) if saved else "–"),
        (say("money, $"), _dollars(ours.usd), _dollars(theirs.usd), _dollars(saved.usd) if saved else "–"),
        (say("CO2, kg"), span(ours.kg_co2), span(theirs.kg_co2), span(saved.kg_co2) if saved else "–"),
        (say("as much as"), ours.equivalent, theirs.equivalent, saved.equivalent if saved else "–"),
        (say("J / 1k tokens"), span(now.outlook.energy), span(best.outlook.energy), ""),
        (say("confidence"), stars(now.outlook.stars), stars(best.outlook.stars), stars(held.confidence)),
    ]
    return Grid(say("A month"), ("", say("now"), say("best"), say("saved")), tuple(rows))


def _dollars(interval: Interval) -> str:
    return f"{money(interval.central)} ({money(interval.low)} … {money(interval.high)})"


def _called(one: Considered) -> Said:
    return say("{precision}, batch {batch}", precision=named(one.precision), batch=one.batch)


def _steps(situation: Situation, now: Considered, best: Considered) -> Block:
    """What each change brings by itself: the effects of both do not add up."""
    items: list[Said] = []
    if best.precision != now.precision:
        other = situation.tried(best.precision, now.batch)
        held = situation.versus(now, other)
        items.append(
            say(
                "{precision} at the same batch; now: {overhead} against it",
                precision=named(best.precision),
                overhead=difference(held.overhead_percent),
            )
        )
    if best.batch != now.batch:
        other = situation.tried(now.precision, best.batch)
        held = situation.versus(now, other)
        items.append(
            say(
                "batch {batch} in the same precision; now: {overhead} against it",
                batch=best.batch,
                overhead=difference(held.overhead_percent),
            )
        )
    if not items:
        items.append(say("nothing that was measured takes less"))
    return Listing(say("What each change brings"), tuple(items))


def _why(choice: Choice) -> list[Block]:
    return [Listing(say("Why"), choice.why)] if choice.why else []


def _conclusion(
    situation: Situation, now: Considered, best: Considered, ours: Monthly | None, theirs: Monthly | None
) -> Said:
    if ours is None or theirs is None:
        return say("no row backs a figure for this deployment: measure it")
    text = say(
        "{requests:,} requests a month take {kwh} kWh, {usd} and {co2} kg CO2",
        requests=situation.workload.requests_per_month,
        kwh=span(ours.kwh),
        usd=_dollars(ours.usd),
        co2=span(ours.kg_co2),
    )
    if best is now:
        return say("{text}; nothing that was measured takes less", text=text)
    return say("{text}; as {best} {kwh} kWh", text=text, best=_called(best), kwh=span(theirs.kwh))
