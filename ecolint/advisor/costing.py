"""ESTIMATE: what a month of the deployment takes in energy, money and CO2, now and in its best configuration."""

from __future__ import annotations

from collections.abc import Sequence

from ecolint.advisor import objects, pieces
from ecolint.advisor.answer import Answer, Block, Grid, Listing, Text
from ecolint.advisor.choosing import Choice, choose
from ecolint.advisor.considered import Considered, Situation
from ecolint.advisor.figures import called, difference, money, named, span, stars
from ecolint.advisor.limits import Limits
from ecolint.advisor.snippets import code
from ecolint.evidence.monthly import month
from ecolint.model import Estimate, Interval, Monthly
from ecolint.speech import Said, say


def estimate(situation: Situation) -> Answer:
    """The month's figures beside those of the best configuration at this batch and at any."""
    now = situation.now
    here, why_here = _best(situation, [situation.tried(key, situation.batch) for key in situation.keys])
    best, why = _best(situation, situation.grid())
    held = situation.versus(now, best)
    findings = situation.findings(situation.deployment)
    shown = list({one.key: one for one in (now, here, best)}.values())
    known = [(one, figures) for one in shown if (figures := _month(situation, one)) is not None]
    steps = _steps(situation, now, best)
    rows = [row for one in shown for row in one.outlook.rows]
    rows += [row for _, step in steps for row in step.rows] + list(held.rows)
    blocks: list[Block] = [*pieces.given(situation)]
    if known:
        blocks += [_table(situation, known, best, held), *_unlike(known, held)]
    blocks += [
        pieces.quoted(situation, rows),
        pieces.confidence(now.outlook.stars, now.outlook.reasons),
        pieces.assumed(situation),
        *pieces.warnings(findings),
    ]
    if known:
        blocks.append(_told(steps, (*why_here, *why)))
    if best is not now:
        blocks.append(code(best.precision, situation.setup.framework, situation.setup.model, best.batch))
    blocks += [*pieces.risks(situation, best), *pieces.measure(situation), *pieces.questions(situation)]
    data = {
        "current": _object(situation, now),
        "best_at_this_batch": _object(situation, here),
        "best": _object(situation, best),
        "estimate": objects.comparison(held),
    }
    return objects.answered(situation, "estimate", _conclusion(situation, known, here, best), findings, blocks, data)


def _best(situation: Situation, candidates: Sequence[Considered]) -> tuple[Considered, tuple[Said, ...]]:
    """The best of the candidates where the rows say by their centre that it takes less, else the deployment as it is.

    One that doesn't fit its GPU is worse than any that does.
    """
    now = situation.now
    choice: Choice = choose(situation, candidates, Limits())
    if choice.chosen is None or choice.chosen.key == now.key:
        return now, choice.why
    overhead = situation.versus(now, choice.chosen).overhead_percent
    if now.fits is False or (overhead is not None and overhead.central > 0):
        return choice.chosen, choice.why
    return now, ()


def _month(situation: Situation, one: Considered) -> Monthly | None:
    return month(one.outlook.joules.spread, situation.workload) if one.outlook.joules is not None else None


def _object(situation: Situation, one: Considered) -> dict[str, object]:
    return {**objects.column(one), "monthly": objects.monthly(_month(situation, one))}


def _table(
    situation: Situation, months: Sequence[tuple[Considered, Monthly]], best: Considered, held: Estimate
) -> Grid:
    """A column each: now, the best at this batch, the best at any, and what that saves."""
    saved = held.monthly if best is not situation.now else None
    heads = {best.key: say("best"), situation.now.key: say("now")}
    head: list[str] = ["", *(heads.get(one.key, say("best at this batch")) for one, _ in months)]
    rows: list[list[str]] = [
        [say("configuration"), *(called(*one.key) for one, _ in months)],
        [say("energy, kWh"), *(span(each.kwh) for _, each in months)],
        [say("money, $"), *(_dollars(each.usd) for _, each in months)],
        [say("CO2, kg"), *(span(each.kg_co2) for _, each in months)],
        [say("as much as"), *(each.equivalent for _, each in months)],
        [say("J / 1k tokens"), *(span(one.outlook.energy) for one, _ in months)],
        [say("memory, GB at least"), *(pieces.memory(one) for one, _ in months)],
        [say("confidence"), *(stars(one.outlook.stars) for one, _ in months)],
    ]
    if saved is not None:
        head.append(say("saved by the best"))
        told = (span(saved.kwh), _dollars(saved.usd), span(saved.kg_co2), saved.equivalent)
        for row, cell in zip(rows, ("", *told, "", "", stars(held.confidence)), strict=True):
            row.append(cell)
    return Grid(say("A month"), tuple(head), tuple(tuple(row) for row in rows))


def _unlike(months: Sequence[tuple[Considered, Monthly]], held: Estimate) -> list[Block]:
    """Why what is saved is not the difference of what both take, where it is not."""
    if held.monthly is None or len(months) < 2:
        return []
    now, best = months[0][1].kwh.central, months[-1][1].kwh.central
    if abs(held.monthly.kwh.central - (now - best)) <= pieces.APART * abs(now):
        return []
    text = say(
        "what is saved is reckoned from rows that one session measured, what each takes from all sessions:"
        " it is not their difference, and the surer"
    )
    return [Text(say("reading"), (text,))]


def _dollars(interval: Interval) -> str:
    return f"{money(interval.central)} ({money(interval.low)} … {money(interval.high)})"


def _steps(situation: Situation, now: Considered, best: Considered) -> list[tuple[Said, Estimate]]:
    """What each change brings by itself: the effects of both do not add up."""
    found: list[tuple[Said, Estimate]] = []
    if best.precision != now.precision:
        held = situation.versus(now, situation.tried(best.precision, now.batch))
        change = say("{precision} at the same batch", precision=named(best.precision))
        found.append((_step(change, held), held))
    if best.batch != now.batch:
        held = situation.versus(now, situation.tried(now.precision, best.batch))
        change = say("batch {batch} in the same precision", batch=best.batch)
        found.append((_step(change, held), held))
    return found


def _step(change: Said, held: Estimate) -> Said:
    overhead = difference(held.overhead_percent)
    if held.verdict == "undetermined":
        return say(
            "{change}: what runs now takes {overhead} against it, which is not settled",
            change=change,
            overhead=overhead,
        )
    return say("{change}: what runs now takes {overhead} against it", change=change, overhead=overhead)


def _told(steps: Sequence[tuple[Said, Estimate]], why: Sequence[Said]) -> Block:
    items = [text for text, _ in steps] or [say("nothing that was measured is known to take less")]
    return Listing(say("What each change brings"), tuple(dict.fromkeys((*items, *why))))


def _conclusion(
    situation: Situation, months: Sequence[tuple[Considered, Monthly]], here: Considered, best: Considered
) -> Said:
    ours, now = {one.key: figures for one, figures in months}, situation.now
    if now.key not in ours:
        return say("no row backs a figure for this deployment: measure it")
    text = say(
        "{requests:,} requests a month take {kwh} kWh, {usd} and {co2} kg CO2",
        requests=situation.workload.requests_per_month,
        kwh=span(ours[now.key].kwh),
        usd=_dollars(ours[now.key].usd),
        co2=span(ours[now.key].kg_co2),
    )
    if here is not now and here.key in ours:
        text = _instead(situation, text, here, ours[here.key])
    if best is not here and best.key in ours:
        text = say(
            "{text}; where {batch} requests wait at a time, as {best}: {kwh} kWh",
            text=text,
            batch=best.batch,
            best=called(*best.key),
            kwh=span(ours[best.key].kwh),
        )
    if best is now and here is now:
        return say("{text}; nothing that was measured is known to take less", text=text)
    return text


def _instead(situation: Situation, text: Said, here: Considered, figures: Monthly) -> Said:
    told = {"text": text, "best": named(here.precision), "kwh": span(figures.kwh)}
    if situation.now.fits is False:
        return say("{text}, and it does not fit its GPU; in {best}, which fits, {kwh} kWh", **told)
    if situation.versus(situation.now, here).verdict == "costs":
        return say("{text}; in {best} they take {kwh} kWh", **told)
    return say("{text}; in {best} {kwh} kWh by the centre, which is not settled: measure it", **told)
