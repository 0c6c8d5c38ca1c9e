"""COMPARE: precisions side by side, one winner for each dimension, and never a winner of everything."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ecolint.advisor import objects, pieces
from ecolint.advisor.answer import Answer, Block, Listing
from ecolint.advisor.choosing import choose
from ecolint.advisor.considered import Considered, Situation
from ecolint.advisor.figures import difference, named, number
from ecolint.advisor.limits import Limits
from ecolint.advisor.snippets import code
from ecolint.model import Interval
from ecolint.shaped import dataclass
from ecolint.speech import Said, joined, say


def compare(situation: Situation) -> Answer:
    """The precisions that are named, at the deployment's batch; of one or none, it and all measured ones."""
    columns = [situation.tried(key, situation.batch) for key in _keys(situation)]
    order = pieces.ranked(columns)
    findings = situation.findings(situation.deployment)
    won = winners(situation, columns)
    best = choose(situation, columns, Limits()).chosen
    blocks: list[Block] = [*pieces.given(situation), pieces.table(columns), *pieces.sessions(columns)]
    blocks += [*pieces.chart(columns), *_winners(won)]
    rows = [row for one in columns for row in (*one.outlook.rows, *one.against.rows)]
    blocks.append(pieces.quoted(situation, rows))
    if best is not None:
        blocks.append(pieces.confidence(best.stars, (*best.outlook.reasons, *best.against.confidence_reasons)))
    blocks += pieces.warnings(findings)
    if best is not None:
        blocks.append(code(best.precision, situation.setup.framework, situation.setup.model, best.batch))
    blocks += [*pieces.risks(situation, best), *pieces.measure(situation), *pieces.questions(situation)]
    data = {
        "columns": [objects.column(one, order.index(one) + 1 if one in order else None) for one in columns],
        "winners": {one.dimension: one.best.precision for one in won},
        "settled": {one.dimension: one.settled for one in won},
    }
    return objects.answered(situation, "compare", _conclusion(situation, order), findings, blocks, data)


def _keys(situation: Situation) -> tuple[str, ...]:
    named_ones = situation.setup.columns
    if len(named_ones) > 1:
        return named_ones
    now = (situation.precision,) if situation.precision is not None else ()
    return tuple(dict.fromkeys((*situation.keys, *named_ones, *now)))


def _conclusion(situation: Situation, order: Sequence[Considered]) -> Said:
    if not order:
        return say("no row backs a figure for this deployment: measure it")
    best = order[0]
    if len(order) == 1:
        return say(
            "{best}: {joules} J per 1,000 tokens; of nothing else a figure is known",
            best=named(best.precision),
            joules=number(best.joules),
        )
    held = situation.versus(order[1], best)
    text = say(
        "{best} takes the least energy, {joules} J per 1,000 tokens; {second} takes {overhead} against it",
        best=named(best.precision),
        joules=number(best.joules),
        second=named(order[1].precision),
        overhead=difference(held.overhead_percent),
    )
    if held.verdict == "costs":
        return text
    return say("{text}: which of the two takes less is not settled, measure it", text=text)


@dataclass(frozen=True, slots=True)
class Winner:
    """The best in a dimension. `settled` where no other has a chance, `ties` those that have the very same figure."""

    dimension: str
    best: Considered
    settled: bool
    ties: tuple[Considered, ...] = ()


def winners(situation: Situation, columns: Sequence[Considered]) -> list[Winner]:
    """One winner for each dimension of which anything is known; what does not fit wins nothing.

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
    found = []
    for name, (read, most) in dimensions.items():
        known = [(one, value) for one in columns if one.fits is not False and (value := read(one)) is not None]
        if not known:
            continue
        best, value = (max if most else min)(known, key=lambda pair: pair[1].central)
        others = [(one, other) for one, other in known if one is not best]
        settled = all(value.low > other.high if most else value.high < other.low for _, other in others)
        if name == "energy":
            settled = all(situation.versus(one, best).verdict == "costs" for one, _ in others)
        found.append(Winner(name, best, settled, tuple(one for one, other in others if other == value)))
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


def _winners(won: Sequence[Winner]) -> list[Block]:
    energy = next((one.best for one in won if one.dimension == "energy"), None)
    return [Listing(say("Winners"), tuple(_told(one, energy) for one in won))] if won else []


def _told(one: Winner, energy: Considered | None) -> Said:
    told = {"dimension": _DIMENSIONS[one.dimension], "winner": named(one.best.precision)}
    if one.ties:
        others = joined(named(each.precision) for each in one.ties)
        return say("{dimension}: {winner}; {others} the same", others=others, **told)
    text = say("{dimension}: {winner}", **told)
    if not one.settled:
        text = say("{text}, by its centre: which it is is not settled", text=text)
    if one.dimension == "power" and energy is not None and energy is not one.best:
        return say("{text}; less power is not less energy", text=text)
    return text
