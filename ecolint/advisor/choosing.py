"""The room where configurations are chosen from: constraints, objectives, the Pareto set, and when FP16 is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ecolint.advisor.considered import Considered, Situation
from ecolint.advisor.figures import named, number
from ecolint.speech import Said, say

OBJECTIVES = ("energy", "cost", "throughput")
PLAIN = ("fp16", "bf16")
"""Precisions that change no numerics of a published checkpoint of 16 bits."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a configuration must keep to; None where nothing is asked.

    `vram_gb` of memory, `latency_s` seconds a request, `throughput` tokens a second, `price_per_hour` dollars that the
    GPU is rented for.
    """

    vram_gb: float | None = None
    latency_s: float | None = None
    throughput: float | None = None
    price_per_hour: float | None = None
    objective: str = "energy"


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen, why, and what was left: the Pareto set, and how many each limit excluded."""

    chosen: Considered | None
    why: tuple[Said, ...]
    allowed: tuple[Considered, ...]
    pareto: tuple[Considered, ...]
    excluded: tuple[Said, ...]


def choose(situation: Situation, candidates: Sequence[Considered], limits: Limits) -> Choice:
    """The best of the candidates by the objective. Where the sign against FP16 is not settled, FP16 is kept.

    A figure that nobody measured cannot be shown to keep to a limit, and excludes.
    """
    allowed, excluded = _allowed(candidates, limits)
    value = _values(situation, limits)
    known = [one for one in allowed if value(one) is not None]
    if not known:
        return Choice(None, (), tuple(allowed), (), excluded)
    best = min(known, key=lambda one: (value(one) or 0.0, one.precision not in PLAIN, one.precision, one.batch))
    why: list[Said] = []
    kept = next((one for one in known if one.precision == "fp16" and one.batch == best.batch), None)
    if kept is not None and best.precision not in PLAIN and limits.objective != "throughput":
        held = situation.versus(kept, best)
        if held.verdict != "costs":
            why.append(
                say(
                    "{other} has the lower centre, but the sign against FP16 is not settled: FP16 keeps the numerics",
                    other=named(best.precision),
                )
            )
            best = kept
    return Choice(best, tuple(why), tuple(allowed), tuple(pareto(allowed)), excluded)


def _values(situation: Situation, limits: Limits) -> Callable[[Considered], float | None]:
    """What the objective makes least."""
    if limits.objective == "throughput":
        return lambda one: -one.outlook.throughput.central if one.outlook.throughput else None
    if limits.objective == "cost" and limits.price_per_hour is not None:
        return lambda one: cost_per_million(one, situation, limits.price_per_hour or 0.0)
    return lambda one: one.joules


def cost_per_million(one: Considered, situation: Situation, price_per_hour: float) -> float | None:
    """Dollars for a million generated tokens: the GPU's rent while it writes them, and its electricity."""
    if one.outlook.throughput is None or one.joules is None:
        return None
    rent = price_per_hour / 3600 / one.outlook.throughput.central * 1e6
    workload = situation.workload
    return rent + one.joules * 1e3 * workload.pue / 3.6e6 * workload.price_per_kwh


def _allowed(candidates: Sequence[Considered], limits: Limits) -> tuple[list[Considered], tuple[Said, ...]]:
    checks: Mapping[str, tuple[Said, Callable[[Considered], bool | None]]] = {
        "memory": (say("the memory of the GPU"), lambda one: one.fits is not False),
        "vram": (
            say("{limit} GB of memory", limit=number(limits.vram_gb)),
            lambda one: _within(one.memory_gb, limits.vram_gb),
        ),
        "latency": (
            say("{limit} s a request", limit=number(limits.latency_s)),
            lambda one: _within(one.outlook.latency.central if one.outlook.latency else None, limits.latency_s),
        ),
        "throughput": (
            say("{limit} tokens a second", limit=number(limits.throughput)),
            lambda one: _reaches(one.outlook.throughput.central if one.outlook.throughput else None, limits.throughput),
        ),
    }
    allowed = [one for one in candidates if all(check(one) is True for _, check in checks.values())]
    told = []
    for name, check in checks.values():
        broken = sum(check(one) is False for one in candidates)
        unknown = sum(check(one) is None for one in candidates)
        if broken:
            told.append(say("{count} configurations do not keep to {limit}", count=broken, limit=name))
        if unknown:
            told.append(say("of {count} nobody measured what {limit} asks for", count=unknown, limit=name))
    return allowed, tuple(told)


def _within(value: float | None, limit: float | None) -> bool | None:
    if limit is None:
        return True
    return None if value is None else value <= limit


def _reaches(value: float | None, limit: float | None) -> bool | None:
    if limit is None:
        return True
    return None if value is None else value >= limit


def pareto(candidates: Sequence[Considered]) -> list[Considered]:
    """Those that no other beats in joules, latency and memory at once, by their centres; least joules first."""
    known = [one for one in candidates if one.joules is not None]
    front = [one for one in known if not any(_beats(other, one) for other in known)]
    return sorted(front, key=lambda one: (one.joules or 0.0, one.precision, one.batch))


def _beats(one: Considered, other: Considered) -> bool:
    pairs = [(a, b) for a, b in zip(_traits(one), _traits(other), strict=True) if b is not None]
    if any(a is None for a, _ in pairs):
        return False
    return all(a <= b for a, b in pairs if a is not None) and any(a < b for a, b in pairs if a is not None)


def _traits(one: Considered) -> tuple[float | None, float | None, float | None]:
    return one.joules, one.outlook.latency.central if one.outlook.latency else None, one.memory_gb
