"""OPTIMIZE: the small grid, exhaustively, under limits: the best, the Pareto set, and why."""

from __future__ import annotations

from collections.abc import Sequence

from ecolint.advisor import objects, pieces
from ecolint.advisor.answer import Answer, Block, Grid, Listing
from ecolint.advisor.choosing import Choice, choose, cost_per_million
from ecolint.advisor.considered import Considered, Situation
from ecolint.advisor.figures import called, difference, money, named, number, span, stars
from ecolint.advisor.limits import Limits
from ecolint.advisor.snippets import code
from ecolint.model import Estimate, Finding
from ecolint.speech import Said, say

SHOWN = 8
"""Configurations of the Pareto set that a page lists."""


def optimize(situation: Situation) -> Answer:
    """The best precision and batch under the limits, what it costs, and which traps it avoids."""
    limits = situation.setup.limits
    grid = situation.grid()
    choice = choose(situation, grid, limits)
    best = choice.chosen
    findings = situation.findings(situation.deployment)
    held = situation.versus(situation.now, best) if best is not None else None
    why = _why(situation, choice, best, limits) if best is not None else []
    trapped = _trapped(situation, best) if best is not None else []
    blocks: list[Block] = [*pieces.given(situation)]
    if best is not None and held is not None:
        beside = _at(grid, best.batch)
        blocks += [_against_now(situation, best), *pieces.sessions(beside), *pieces.chart(beside)]
        blocks.append(_front(situation, choice, limits))
        rows = [row for one in (situation.now, best, *beside, *choice.pareto) for row in one.outlook.rows]
        blocks += [
            pieces.quoted(situation, [*situation.now.outlook.rows, *best.outlook.rows, *held.rows, *rows]),
            pieces.confidence(best.stars, (*best.outlook.reasons, *best.against.confidence_reasons)),
            Listing(say("Why"), tuple(why)),
            *_avoided(trapped),
        ]
    blocks += [*left_out(choice), *pieces.warnings(findings)]
    if best is not None:
        blocks.append(code(best.precision, situation.setup.framework, situation.setup.model, best.batch))
    blocks += [*pieces.risks(situation, best), *pieces.measure(situation), *pieces.questions(situation)]
    data = {
        "objective": limits.objective,
        "limits": objects.limits(limits),
        "current": objects.column(situation.now),
        "best": objects.column(best) if best is not None else None,
        "estimate": objects.comparison(held) if held is not None else None,
        "pareto": [objects.column(one) for one in choice.pareto],
        "why": why,
        "excluded": list(choice.excluded),
        "avoids": [one.code for one in trapped],
    }
    return objects.answered(situation, "optimize", conclusion(situation, choice, best, limits), findings, blocks, data)


def left_out(choice: Choice) -> list[Block]:
    """How many configurations each limit excludes."""
    return [Listing(say("Left out"), choice.excluded)] if choice.excluded else []


def rule_of(one: Finding) -> Said:
    """A rule by code and name, with the overhead of its estimate."""
    overhead = one.estimate.overhead_percent if one.estimate is not None else None
    if overhead is None:
        return say("{code} {name}", code=one.code, name=one.name)
    return say("{code} {name}: {overhead}", code=one.code, name=one.name, overhead=difference(overhead))


def _at(grid: Sequence[Considered], batch: int) -> list[Considered]:
    return [one for one in grid if one.batch == batch]


def conclusion(situation: Situation, choice: Choice, best: Considered | None, limits: Limits) -> Said:
    """What to run, and what runs now against it; or why nothing can be named."""
    if best is None and not choice.allowed:
        return say("no configuration that was measured is known to keep to these limits")
    if best is None and limits.objective == "energy":
        return say("no row backs a figure for this deployment: measure it")
    if best is None:
        return say("nobody measured the throughput of this deployment: measure it, or ask for the objective energy")
    now = situation.now
    text = say("{best}: {joules} J per 1,000 tokens", best=called(*best.key), joules=number(best.joules))
    if now.key == best.key:
        return say("keep it as it is: {text}", text=text)
    held = situation.versus(now, best)
    if now.fits is False:
        return say("{text}; what is asked about does not fit its GPU", text=text)
    if held.overhead_percent is None:
        return text
    text = say(
        "{text}; what runs now takes {overhead} against it", text=text, overhead=difference(held.overhead_percent)
    )
    if held.verdict == "undetermined":
        return say("{text}, which is not settled: measure it", text=text)
    return text


def _against_now(situation: Situation, best: Considered) -> Grid:
    now = situation.now
    rows = (
        (say("configuration"), called(*now.key), called(*best.key)),
        (say("J / 1k tokens"), span(now.outlook.energy), span(best.outlook.energy)),
        (say("throughput, tok/s"), span(now.outlook.throughput), span(best.outlook.throughput)),
        (say("latency, s"), span(now.outlook.latency), span(best.outlook.latency)),
        (say("power, W"), span(now.outlook.power), span(best.outlook.power)),
        (say("memory, GB at least"), pieces.memory(now), pieces.memory(best)),
        (say("confidence"), stars(now.stars), stars(best.stars)),
    )
    return Grid(say("Baseline and recommendation"), ("", say("now"), say("recommended")), rows)


def _front(situation: Situation, choice: Choice, limits: Limits) -> Grid:
    """The Pareto set: nothing in it is beaten in joules, latency, throughput and memory at once."""
    shown = list(choice.pareto[:SHOWN])
    if choice.chosen is not None and choice.chosen not in shown:
        shown.append(choice.chosen)
    heading = say("Pareto set: {count} configurations of {all}", count=len(choice.pareto), all=len(choice.allowed))
    return Grid(heading, *lines(situation, shown, limits))


def lines(
    situation: Situation, shown: Sequence[Considered], limits: Limits
) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Configurations in lines: the head and the cells, with what a million tokens costs where a rent is known."""
    price = limits.price_per_hour
    head: tuple[str, ...] = (
        "",
        say("J / 1k tokens"),
        say("latency, s"),
        say("tok/s"),
        say("memory, GB at least"),
        say("confidence"),
    )
    rows: list[tuple[str, ...]] = []
    for one in shown:
        row: tuple[str, ...] = (
            called(*one.key),
            span(one.outlook.energy),
            span(one.outlook.latency),
            span(one.outlook.throughput),
            pieces.memory(one),
            stars(one.stars),
        )
        if price is not None:
            cost = cost_per_million(one, situation, price)
            row = (*row, money(cost) if cost is not None else "?")
        rows.append(row)
    return ((*head, say("$ / 1M tokens")) if price is not None else head), tuple(rows)


def _why(situation: Situation, choice: Choice, best: Considered, limits: Limits) -> list[Said]:
    count, now = len(choice.allowed), situation.now
    found = [*choice.why, say("{count} configurations keep to the limits", count=count)] if choice.why else []
    found = found or [_first(limits, count)]
    if best.batch != now.batch:
        held = situation.versus(now, situation.tried(now.precision, best.batch))
        change = say("batch {now} instead of {best}", now=now.batch, best=best.batch)
        found.append(_takes(change, held))
    if best.precision != now.precision:
        held = situation.versus(now, situation.tried(best.precision, now.batch))
        change = say("{now} instead of {best}", now=named(now.precision), best=named(best.precision))
        found.append(_takes(change, held))
    return found


def _first(limits: Limits, count: int) -> Said:
    if limits.objective == "throughput":
        return say("most throughput of {count} configurations that keep to the limits", count=count)
    if limits.objective == "cost":
        return say("least cost of {count} configurations that keep to the limits", count=count)
    return say("least energy of {count} configurations that keep to the limits", count=count)


def _takes(change: Said, held: Estimate) -> Said:
    overhead = difference(held.overhead_percent)
    if held.verdict == "undetermined":
        return say("{change}: {overhead} energy, which is not settled", change=change, overhead=overhead)
    return say("{change}: {overhead} energy", change=change, overhead=overhead)


def _trapped(situation: Situation, best: Considered) -> list[Finding]:
    """Traps of the deployment and of the other precisions at the same batch that the chosen one stays out of."""
    standing = {one.code for one in situation.findings(best.deployment)}
    found: dict[str, Finding] = {}
    for other in (situation.now, *_at(situation.grid((best.batch,)), best.batch)):
        for one in situation.findings(other.deployment):
            if one.level in ("red", "yellow") and one.code not in standing:
                found.setdefault(one.code, one)
    return list(found.values())


def _avoided(trapped: Sequence[Finding]) -> list[Block]:
    return [Listing(say("Traps that it avoids"), tuple(map(rule_of, trapped)))] if trapped else []
