"""RECOMMEND: options under limits, ranked: each precision at its best batch, and what it trades."""

from __future__ import annotations

from collections.abc import Sequence

from ecolint.advisor import objects, pieces
from ecolint.advisor.answer import Answer, Block, Grid, Listing
from ecolint.advisor.choosing import choose, cost_per_million
from ecolint.advisor.considered import Considered, Situation
from ecolint.advisor.figures import amount, called, difference, number
from ecolint.advisor.formats import PLAIN
from ecolint.advisor.limits import Limits
from ecolint.advisor.optimizing import conclusion, left_out, lines, rule_of
from ecolint.advisor.snippets import code
from ecolint.model import Estimate, Finding
from ecolint.speech import Said, joined, say


def recommend(situation: Situation) -> Answer:
    """Options under the limits, ranked: each precision at its best batch, and what it trades. Traps are no options."""
    limits = situation.setup.limits
    grid = situation.grid()
    choice = choose(situation, grid, limits)
    first = choice.chosen
    options = _options(situation, grid, limits, first)
    traps = {one.key: found for one in options if one is not first and (found := _red(situation, one))}
    options = [one for one in options if one.key not in traps]
    findings = situation.findings(situation.deployment)
    compared = [(one, situation.versus(one, first)) for one in options if first is not None]
    trades = [_trade(one, held, first) for one, held in compared if first is not None]
    blocks: list[Block] = [*pieces.given(situation)]
    if first is not None:
        rows = [row for one, held in compared for row in (*one.outlook.rows, *held.rows)]
        blocks += [_ranking(situation, options, limits), *pieces.sessions(options), *pieces.chart(options)]
        blocks += [
            pieces.quoted(situation, rows),
            pieces.confidence(first.stars, (*first.outlook.reasons, *first.against.confidence_reasons)),
            Listing(say("What each trades"), tuple(trades), numbered=True),
            *([Listing(say("Why"), choice.why)] if choice.why else []),
        ]
    if traps:
        told = tuple(_trap(called(*key), found) for key, found in traps.items())
        blocks.append(Listing(say("Traps, which are no options"), told))
    blocks += [*left_out(choice), *pieces.warnings(findings)]
    if first is not None:
        blocks.append(code(first.precision, situation.setup.framework, situation.setup.model, first.batch))
    accuracy = any(one.precision not in PLAIN for one in options)
    blocks += [*pieces.risks(situation, first), *pieces.measure(situation, accuracy), *pieces.questions(situation)]
    data = {
        "objective": limits.objective,
        "limits": objects.limits(limits),
        "options": [
            {**objects.column(one, rank), "trade_off": trade, "estimate": objects.comparison(held)}
            for rank, ((one, held), trade) in enumerate(zip(compared, trades, strict=True), 1)
        ],
        "traps": [
            {"precision": precision, "batch_size": batch, "codes": [one.code for one in found]}
            for (precision, batch), found in traps.items()
        ],
        "why": list(choice.why),
        "excluded": list(choice.excluded),
    }
    return objects.answered(
        situation, "recommend", conclusion(situation, choice, first, limits), findings, blocks, data
    )


def _red(situation: Situation, one: Considered) -> list[Finding]:
    """The known traps that a configuration is: a rule calls it red, or the whole of its overhead lies above 30 %."""
    return [each for each in situation.findings(one.deployment) if each.level == "red"]


def _trap(what: Said, found: Sequence[Finding]) -> Said:
    names = joined(rule_of(one) for one in found)
    return say("{what}: {names}", what=what, names=names)


def _options(
    situation: Situation, grid: Sequence[Considered], limits: Limits, first: Considered | None
) -> list[Considered]:
    """Each precision's best batch, the chosen one first, then by the objective."""
    found: list[Considered] = []
    for key in dict.fromkeys(one.precision for one in grid):
        chosen = choose(situation, [one for one in grid if one.precision == key], limits).chosen
        if first is not None and key == first.precision:
            chosen = first
        if chosen is not None:
            found.append(chosen)

    def order(one: Considered) -> tuple[bool, float, str]:
        if limits.objective == "throughput":
            worth = -(one.outlook.throughput.central if one.outlook.throughput else 0.0)
        elif limits.objective == "cost" and limits.price_per_hour is not None:
            worth = cost_per_million(one, situation, limits.price_per_hour) or 0.0
        else:
            worth = one.joules or 0.0
        return one is not first, worth, one.precision

    return sorted(found, key=order)


def _ranking(situation: Situation, options: Sequence[Considered], limits: Limits) -> Grid:
    return Grid(say("Options, best first"), *lines(situation, options, limits))


def _trade(one: Considered, held: Estimate, first: Considered) -> Said:
    """What an option gains and loses against the first."""
    if one is first:
        return say(
            "{option}: {joules} J per 1,000 tokens, {memory} GB at least",
            option=called(*one.key),
            joules=number(one.joules),
            memory=number(one.memory_gb),
        )
    told = [
        say("{overhead} energy", overhead=difference(held.overhead_percent)),
        _than(one.memory_gb, first.memory_gb),
        *_slower(one, first),
    ]
    return say("{option} against the first: {told}", option=called(*one.key), told=joined(told))


def _than(one: float | None, first: float | None) -> Said:
    if one is None or first is None:
        return say("memory not known")
    if abs(one - first) < 0.005 * first:
        return say("as much memory")
    if one < first:
        return say("{gb} GB less memory", gb=amount(first - one))
    return say("{gb} GB more memory", gb=amount(one - first))


def _slower(one: Considered, first: Considered) -> list[Said]:
    """A request's time against the first's, where both are known."""
    if one.outlook.latency is None or first.outlook.latency is None:
        return []
    ours, theirs = one.outlook.latency.central, first.outlook.latency.central
    if ours > theirs:
        return [say("{seconds} s more a request", seconds=amount(ours - theirs))]
    return [say("{seconds} s less a request", seconds=amount(theirs - ours))]
