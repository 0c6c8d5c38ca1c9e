"""COMPARE: precisions side by side, one winner for each dimension, and never a winner of everything."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ecolint.advisor import pieces
from ecolint.advisor.answer import Answer, Block, Listing
from ecolint.advisor.considered import Considered, Situation, measured_keys
from ecolint.advisor.figures import difference, named, number
from ecolint.advisor.snippets import code
from ecolint.model import Interval
from ecolint.report._summary import mood
from ecolint.speech import Said, say


def compare(situation: Situation, keys: Sequence[str] = ()) -> Answer:
    """The precisions of `keys` (all that were measured, where none is named) at the deployment's batch."""
    columns = [situation.tried(key, situation.batch) for key in keys or measured_keys(situation.table)]
    order = pieces.ranked(columns)
    findings = situation.findings(situation.deployment)
    won = winners(situation, columns)
    rows = tuple(dict.fromkeys(row for one in columns for row in (*one.outlook.rows, *one.against.rows)))
    best = order[0] if order else None
    blocks: list[Block] = [*pieces.given(situation), pieces.table(columns), pieces.chart(columns)]
    blocks += [Listing(say("Winners"), tuple(_told(name, one, settled) for name, (one, settled) in won.items()))]
    blocks += [pieces.quoted(rows), *pieces.warnings(findings)]
    if best is not None:
        blocks += [
            pieces.confidence(best.stars, best.outlook.reasons),
            code(best.precision, situation.setup.framework, situation.setup.model, best.batch),
        ]
    blocks += [*pieces.risks(situation, best), *pieces.measure(situation), *pieces.questions(situation)]
    data = {
        **pieces.around(situation),
        "columns": [pieces.column(one, order.index(one) + 1 if one in order else None) for one in columns],
        "winners": {name: one.precision for name, (one, _) in won.items()},
        "settled": {name: settled for name, (_, settled) in won.items()},
        "warnings": [{"code": one.code, "message": one.message} for one in findings],
    }
    return Answer(
        protocol="compare",
        title=pieces.heading(situation),
        conclusion=_conclusion(situation, order),
        mood=mood(list(findings)),
        blocks=tuple(blocks),
        data=data,
    )


def _conclusion(situation: Situation, order: Sequence[Considered]) -> Said:
    if not order:
        return say("no row backs a figure for this deployment: measure it")
    best = order[0]
    if len(order) == 1:
        return say("{best}: {joules} J per 1,000 tokens", best=named(best.precision), joules=number(best.joules))
    held = situation.versus(order[1], best)
    text = say(
        "{best} takes the least energy: {joules} J per 1,000 tokens; {second} takes {overhead}",
        best=named(best.precision),
        joules=number(best.joules),
        second=named(order[1].precision),
        overhead=difference(held.overhead_percent),
    )
    if held.verdict == "costs":
        return text
    return say("{text}; which of the two is not settled: measure it", text=text)


def winners(situation: Situation, columns: Sequence[Considered]) -> dict[str, tuple[Considered, bool]]:
    """By dimension the one that is best, and whether no other has a chance.

    Energies share the error of their baseline, so that they are held against each other; other dimensions are settled
    where no interval reaches into the winner's.
    """
    dimensions: dict[str, tuple[Callable[[Considered], Interval | None], bool]] = {
        "energy": (lambda one: one.outlook.energy, False),
        "throughput": (lambda one: one.outlook.throughput, True),
        "latency": (lambda one: one.outlook.latency, False),
        "power": (lambda one: one.outlook.power, False),
        "memory": (lambda one: _exact(one.memory_gb), False),
    }
    found = {}
    for name, (read, most) in dimensions.items():
        known = [(one, value) for one in columns if one.fits is not False and (value := read(one)) is not None]
        if not known:
            continue
        best, value = (max if most else min)(known, key=lambda pair: pair[1].central)
        others = [other for one, other in known if one is not best]
        settled = all(value.low > other.high if most else value.high < other.low for other in others)
        if name == "energy":
            settled = all(situation.versus(one, best).verdict == "costs" for one, _ in known if one is not best)
        found[name] = (best, settled)
    return found


def _exact(value: float | None) -> Interval | None:
    return None if value is None else Interval(value, value, value)


_DIMENSIONS = {
    "energy": say("energy"),
    "throughput": say("throughput"),
    "latency": say("latency"),
    "power": say("power"),
    "memory": say("memory"),
}


def _told(name: str, one: Considered, settled: bool) -> Said:
    if settled:
        return say("{dimension}: {winner}", dimension=_DIMENSIONS[name], winner=named(one.precision))
    return say(
        "{dimension}: {winner}, by its centre; the intervals overlap",
        dimension=_DIMENSIONS[name],
        winner=named(one.precision),
    )
