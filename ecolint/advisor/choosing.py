"""The room where configurations are chosen from: constraints, objectives, the Pareto set, and when FP16 is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ecolint.advisor.considered import Considered, Situation, within
from ecolint.advisor.figures import named, number
from ecolint.advisor.formats import PLAIN
from ecolint.advisor.limits import Limits
from ecolint.shaped import dataclass
from ecolint.speech import Said, say


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen, why, and what was left: the Pareto set, and how many each limit excluded."""

    chosen: Considered | None
    why: tuple[Said, ...]
    allowed: tuple[Considered, ...]
    pareto: tuple[Considered, ...]
    excluded: tuple[Said, ...]


def choose(situation: Situation, candidates: Sequence[Considered], limits: Limits) -> Choice:
    """The best of the candidates by the objective.

    Where the sign against FP16 is not settled, the precision that runs now is kept, else FP16: a change that may cost
    is none to recommend. A figure that nobody measured cannot be shown to keep to a limit, and excludes.
    """
    allowed, excluded = _allowed(candidates, limits)
    value = _values(situation, limits)
    known = [one for one in allowed if value(one) is not None]
    if not known:
        return Choice(None, (), tuple(allowed), tuple(pareto(allowed)), excluded)
    best = min(known, key=lambda one: (value(one) or 0.0, one.precision not in PLAIN, one.precision, one.batch))
    why: tuple[Said, ...] = ()
    plain = next((one for one in known if one.precision in PLAIN and one.batch == best.batch), None)
    if plain is not None and best.precision not in PLAIN and limits.objective != "throughput":
        best, why = _settled(situation, best, plain)
    return Choice(best, why, tuple(allowed), tuple(pareto(allowed)), excluded)


def _settled(situation: Situation, best: Considered, plain: Considered) -> tuple[Considered, tuple[Said, ...]]:
    """The best one where the rows show that 16 bits cost more; else what runs now, or 16 bits."""
    if situation.versus(plain, best).verdict == "costs":
        return best, ()
    other, sixteen = named(best.precision), named(plain.precision)
    if best.precision == situation.precision:
        return best, (
            say(
                "{other} has the lower centre, and the sign against {plain} is not settled: no reason to change",
                other=other,
                plain=sixteen,
            ),
        )
    return plain, (
        say(
            "{other} has the lower centre, but the sign against {plain} is not settled: {plain} keeps the numerics",
            other=other,
            plain=sixteen,
        ),
    )


def _values(situation: Situation, limits: Limits) -> Callable[[Considered], float | None]:
    """What the objective makes least."""
    if limits.objective == "throughput":
        return lambda one: -one.outlook.throughput.central if one.outlook.throughput else None
    price = limits.price_per_hour
    if limits.objective == "cost" and price is not None:
        return lambda one: cost_per_million(one, situation, price)
    return lambda one: one.joules


def cost_per_million(one: Considered, situation: Situation, price_per_hour: float) -> float | None:
    """Dollars for a million generated tokens: the GPU's rent while it writes them, and its electricity."""
    if one.outlook.throughput is None or one.joules is None:
        return None
    rent = price_per_hour / 3600 / one.outlook.throughput.central * 1e6
    workload = situation.workload
    return rent + one.joules * 1e3 * workload.pue / 3.6e6 * workload.price_per_kwh


def _allowed(candidates: Sequence[Considered], limits: Limits) -> tuple[list[Considered], tuple[Said, ...]]:
    checks = list(_checks(limits))
    allowed = [one for one in candidates if all(check(one) is True for _, check in checks)]
    told = []
    for name, check in checks:
        broken = sum(check(one) is False for one in candidates)
        unknown = sum(check(one) is None for one in candidates)
        if broken:
            told.append(say("{count} configurations do not keep to {limit}", count=broken, limit=name))
        if unknown:
            told.append(say("{count} configurations are not known to keep to {limit}", count=unknown, limit=name))
    return allowed, tuple(told)


_Check = Callable[[Considered], bool | None]


def _checks(limits: Limits) -> Iterable[tuple[Said, _Check]]:
    """Each limit that is set, and whether a configuration keeps to it: None where nobody measured that."""
    yield say("the memory of the GPU, a tenth of it spare"), lambda one: one.fits is not False
    vram, latency, throughput = limits.vram_gb, limits.latency_s, limits.throughput
    if vram is not None:
        name = say("{limit} GB of memory, a tenth of it spare", limit=number(vram))
        yield name, lambda one: within(one.memory_gb, vram)
    if latency is not None:
        yield say("{limit} s a request", limit=number(latency)), lambda one: _most(one, latency)
    if throughput is not None:
        yield say("{limit} tokens a second", limit=number(throughput)), lambda one: _least(one, throughput)


def _most(one: Considered, seconds: float) -> bool | None:
    return None if one.outlook.latency is None else one.outlook.latency.central <= seconds


def _least(one: Considered, tokens_s: float) -> bool | None:
    return None if one.outlook.throughput is None else one.outlook.throughput.central >= tokens_s


def pareto(candidates: Sequence[Considered]) -> list[Considered]:
    """Those that no other beats in joules, latency, throughput and memory at once, by centres; least joules first."""
    known = [one for one in candidates if one.joules is not None]
    front = [one for one in known if not any(_beats(other, one) for other in known)]
    return sorted(front, key=lambda one: (one.joules or 0.0, one.precision, one.batch))


def _beats(one: Considered, other: Considered) -> bool:
    pairs = [(a, b) for a, b in zip(_traits(one), _traits(other), strict=True) if b is not None]
    if any(a is None for a, _ in pairs):
        return False
    return all(a <= b for a, b in pairs if a is not None) and any(a < b for a, b in pairs if a is not None)


def _traits(one: Considered) -> tuple[float | None, ...]:
    """What is better the smaller it is."""
    latency, speed = one.outlook.latency, one.outlook.throughput
    return one.joules, latency.central if latency else None, -speed.central if speed else None, one.memory_gb
