"""The room for what an answer must keep to, and for what somebody saw: numbers that describe no deployment."""

from __future__ import annotations

from ecolint.shaped import dataclass

OBJECTIVES = ("energy", "cost", "throughput")


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
    objective: str = OBJECTIVES[0]


@dataclass(frozen=True, slots=True)
class Observation:
    """What somebody saw: generated tokens a second of all sequences together, watts of the board; None if not seen."""

    throughput: float | None = None
    power: float | None = None

    @property
    def joules(self) -> float | None:
        """Joules per 1,000 generated tokens, where both were seen."""
        if self.throughput is None or self.power is None:
            return None
        return self.power / self.throughput * 1000
