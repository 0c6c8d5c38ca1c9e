"""OPTIMIZE and RECOMMEND: the small grid, exhaustively, under limits: the best, the Pareto set, and why."""

from __future__ import annotations

from collections.abc import Sequence

from ecolint.advisor import pieces
from ecolint.advisor.answer import Answer, Block, Grid, Listing
from ecolint.advisor.choosing import Choice, Limits, choose, cost_per_million
from ecolint.advisor.considered import Considered, Situation
from ecolint.advisor.figures import amount, difference, money, named, number, span, stars
from ecolint.advisor.snippets import code
from ecolint.model import Finding
from ecolint.report._summary import mood
from ecolint.speech import Said, say

SHOWN = 8
"""Configurations of the Pareto set that a page lists."""


def optimize(situation: Situation, limits: Limits) -> Answer:
    """The best precision and batch under the limits, what it costs, and which traps it avoids."""
    grid = situation.grid()
    choice = choose(situation, grid, limits)
    findings = situation.findings(situation.deployment)
    blocks: list[Block] = [*pieces.given(situation)]
    best = choice.chosen
    if best is not None:
        blocks += [
            _against_now(situation, best),
            pieces.chart(_at(grid, best.batch)),
            _front(situation, choice, limits),
        ]
        blocks += [
            pieces.quoted(tuple(dict.fromkeys((*situation.now.outlook.rows, *best.outlook.rows)))),
            pieces.confidence(
                best.stars, tuple(dict.fromkeys((*best.outlook.reasons, *best.against.confidence_reasons)))
            ),
            Listing(say("Why"), tuple(_why(situation, choice, best, limits))),
            code(best.precision, situation.setup.framework, situation.setup.model, best.batch),
            *_avoided(situation, best),
        ]
    if choice.excluded:
        blocks.append(Listing(say("Left out"), choice.excluded))
    blocks += [*pieces.warnings(findings), *pieces.risks(situation, best), *pieces.measure(situation)]
    blocks += pieces.questions(situation)
    return Answer(
        protocol="optimize",
        title=pieces.heading(situation),
        conclusion=_conclusion(situation, best),
        mood=mood(list(findings)),
        blocks=tuple(blocks),
        data={
            **pieces.around(situation),
            "objective": limits.objective,
            "limits": _limits(limits),
            "current": pieces.column(situation.now),
            "best": pieces.column(best) if best is not None else None,
            "overhead": pieces.comparison(situation.versus(situation.now, best)) if best is not None else None,
            "pareto": [pieces.column(one) for one in choice.pareto],
            "why": list(_why(situation, choice, best, limits)) if best is not None else [],
            "excluded": list(choice.excluded),
            "avoids": [one.code for one in _trapped(situation, best)] if best is not None else [],
            "warnings": [{"code": one.code, "message": one.message} for one in findings],
        },
    )


def recommend(situation: Situation, limits: Limits) -> Answer:
    """Options under the limits, ranked: each precision at its best batch, and what it trades."""
    grid = situation.grid()
    options = _options(situation, grid, limits)
    first = options[0] if options else None
    choice = choose(situation, grid, limits)
    if choice.chosen is not None:
        options.sort(key=lambda one: one is not choice.chosen)
        first = options[0]
    blocks: list[Block] = [*pieces.given(situation)]
    if first is not None:
        blocks += [
            _ranking(situation, options, limits),
            pieces.chart(options),
            pieces.quoted(tuple(dict.fromkeys(row for one in options for row in one.outlook.rows))),
            Listing(say("What each trades"), tuple(_trade(situation, first, one) for one in options), numbered=True),
            pieces.confidence(first.stars, first.outlook.reasons),
            *([Listing(say("Why"), choice.why)] if choice.why else []),
            code(first.precision, situation.setup.framework, situation.setup.model, first.batch),
        ]
    if choice.excluded:
        blocks.append(Listing(say("Left out"), choice.excluded))
    blocks += [*pieces.risks(situation, first), *pieces.measure(situation, accuracy=True), *pieces.questions(situation)]
    findings = situation.findings(first.deployment if first is not None else situation.deployment)
    return Answer(
        protocol="recommend",
        title=pieces.heading(situation),
        conclusion=_conclusion(situation, first),
        mood=mood(list(findings)),
        blocks=tuple(blocks),
        data={
            **pieces.around(situation),
            "objective": limits.objective,
            "limits": _limits(limits),
            "options": [
                {**pieces.column(one, rank), "trade_off": _trade(situation, first, one)}
                for rank, one in enumerate(options, 1)
                if first is not None
            ],
            "why": list(choice.why),
            "excluded": list(choice.excluded),
        },
    )


def _options(situation: Situation, grid: Sequence[Considered], limits: Limits) -> list[Considered]:
    """Each precision's best batch, best first."""
    found: list[Considered] = []
    for key in dict.fromkeys(one.precision for one in grid):
        chosen = choose(situation, [one for one in grid if one.precision == key], limits).chosen
        if chosen is not None:
            found.append(chosen)
    if limits.objective == "throughput":
        return sorted(found, key=lambda one: -(one.outlook.throughput.central if one.outlook.throughput else 0.0))
    return sorted(found, key=lambda one: (one.joules or 0.0, one.precision))


def _limits(limits: Limits) -> dict[str, float | None]:
    return {
        "max_vram_gb": limits.vram_gb,
        "max_latency_s": limits.latency_s,
        "min_throughput_tok_s": limits.throughput,
        "price_per_hour": limits.price_per_hour,
    }


def _at(grid: Sequence[Considered], batch: int) -> list[Considered]:
    return [one for one in grid if one.batch == batch]


def _called(one: Considered) -> Said:
    return say("{precision}, batch {batch}", precision=named(one.precision), batch=one.batch)


def _conclusion(situation: Situation, best: Considered | None) -> Said:
    if best is None:
        return say("no configuration that was measured keeps to these limits")
    now = situation.now
    text = say("{best}: {joules} J per 1,000 tokens", best=_called(best), joules=number(best.joules))
    if (now.precision, now.batch) == (best.precision, best.batch):
        return say("keep it as it is: {text}", text=text)
    overhead = situation.versus(now, best).overhead_percent
    if overhead is None:
        return text
    return say("{text}; now: {overhead} against it", text=text, overhead=difference(overhead))


def _against_now(situation: Situation, best: Considered) -> Grid:
    now = situation.now
    rows = (
        (say("configuration"), _called(now), _called(best)),
        (say("J / 1k tokens"), span(now.outlook.energy), span(best.outlook.energy)),
        (say("throughput, tok/s"), span(now.outlook.throughput), span(best.outlook.throughput)),
        (say("latency, s"), span(now.outlook.latency), span(best.outlook.latency)),
        (say("power, W"), span(now.outlook.power), span(best.outlook.power)),
        (say("memory, GB"), number(now.memory_gb), number(best.memory_gb)),
        (say("confidence"), stars(now.stars), stars(best.stars)),
    )
    return Grid(say("Baseline and recommendation"), ("", say("now"), say("recommended")), rows)


def _front(situation: Situation, choice: Choice, limits: Limits) -> Grid:
    """The Pareto set: nothing in it is beaten in joules, latency and memory at once."""
    shown = list(choice.pareto[:SHOWN])
    if choice.chosen is not None and choice.chosen not in shown:
        shown.append(choice.chosen)
    heading = say("Pareto set: {count} configurations of {all}", count=len(choice.pareto), all=len(choice.allowed))
    return Grid(heading, *_lines(situation, shown, limits))


def _ranking(situation: Situation, options: Sequence[Considered], limits: Limits) -> Grid:
    return Grid(say("Options, best first"), *_lines(situation, options, limits))


def _lines(
    situation: Situation, shown: Sequence[Considered], limits: Limits
) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    price = limits.price_per_hour
    head: tuple[str, ...] = (
        "",
        say("J / 1k tokens"),
        say("latency, s"),
        say("tok/s"),
        say("memory, GB"),
        say("confidence"),
    )
    rows: list[tuple[str, ...]] = []
    for one in shown:
        row: tuple[str, ...] = (
            _called(one),
            span(one.outlook.energy),
            span(one.outlook.latency),
            span(one.outlook.throughput),
            number(one.memory_gb),
            stars(one.stars),
        )
        if price is not None:
            cost = cost_per_million(one, situation, price)
            row = (*row, money(cost) if cost is not None else "?")
        rows.append(row)
    return ((*head, say("$ / 1M tokens")) if price is not None else head), tuple(rows)


def _why(situation: Situation, choice: Choice, best: Considered, limits: Limits) -> list[Said]:
    by = {"energy": say("energy"), "cost": say("cost"), "throughput": say("throughput")}[limits.objective]
    found = [
        say(
            "least {objective} of {count} configurations that keep to the limits",
            objective=by,
            count=len(choice.allowed),
        )
    ]
    if limits.objective == "throughput":
        found = [say("most throughput of {count} configurations that keep to the limits", count=len(choice.allowed))]
    found += choice.why
    now = situation.now
    if best.batch != now.batch:
        overhead = situation.versus(now, situation.tried(now.precision, best.batch)).overhead_percent
        found.append(
            say(
                "batch {now} instead of {best} takes {overhead}",
                now=now.batch,
                best=best.batch,
                overhead=difference(overhead),
            )
        )
    if best.precision != now.precision:
        overhead = situation.versus(now, situation.tried(best.precision, now.batch)).overhead_percent
        found.append(
            say(
                "{now} instead of {best} takes {overhead}",
                now=named(now.precision),
                best=named(best.precision),
                overhead=difference(overhead),
            )
        )
    return found


def _trapped(situation: Situation, best: Considered) -> list[Finding]:
    """Traps of the other precisions at the same batch that the chosen one stays out of."""
    standing = {one.code for one in situation.findings(best.deployment)}
    found: dict[str, Finding] = {}
    for other in _at(situation.grid((best.batch,)), best.batch):
        for one in situation.findings(other.deployment):
            if one.level in ("red", "yellow") and one.code not in standing:
                found.setdefault(one.code, one)
    return list(found.values())


def _avoided(situation: Situation, best: Considered) -> list[Block]:
    told = [
        say(
            "{code} {name}: {overhead}",
            code=one.code,
            name=one.name,
            overhead=difference(one.estimate.overhead_percent) if one.estimate else amount(0),
        )
        for one in _trapped(situation, best)
        if one.estimate is not None and one.estimate.overhead_percent is not None
    ]
    return [Listing(say("Traps that it avoids"), tuple(told))] if told else []


def _trade(situation: Situation, first: Considered | None, one: Considered) -> Said:
    """What an option gains and loses against the first."""
    if first is None or one is first:
        return say(
            "{option}: {joules} J per 1,000 tokens, {memory} GB",
            option=_called(one),
            joules=number(one.joules),
            memory=number(one.memory_gb),
        )
    overhead = situation.versus(one, first).overhead_percent
    less = one.memory_gb is not None and first.memory_gb is not None and one.memory_gb < first.memory_gb
    memory = (
        say("{gb} GB less memory", gb=amount((first.memory_gb or 0.0) - (one.memory_gb or 0.0)))
        if less
        else say("no less memory")
    )
    return say(
        "{option}: {overhead} energy, {memory}", option=_called(one), overhead=difference(overhead), memory=memory
    )
