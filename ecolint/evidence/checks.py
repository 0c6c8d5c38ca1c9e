"""The room for what a check of a measured row is, and how far the figures of sources may be apart."""

from __future__ import annotations

from typing import Literal

from ecolint.shaped import dataclass
from ecolint.speech import Said

Result = Literal["passed", "failed", "doubtful"]

ENERGY = 0.02
"""Energy against power over throughput: means over runs that differ by 2 % (the sources' own gate for throughput)."""
RATIO = 0.01
"""A ratio against its two energies: it may be rounded to two digits."""
DELTA_POINTS = 0.5
"""A printed difference in per cent against the recomputed one: it may be rounded to whole points."""
REQUEST = 0.02
"""Joules of a request against joules per 1,000 tokens: both are rounded."""
SENSOR = 0.05
"""NVML reads power to ±5 %, so that a board may seem to exceed its limit by as much."""
LEAST_W = 5.0
"""Less than any board of the catalogue draws idle, where its own idle power is not known."""
PEERS = 1.5
"""Other sessions of a GPU, precision, batch and size differed by up to 1.34 times in energy and 1.14 in throughput."""
GIB = 0.93
"""Memory may be told in GiB, of which there are 0.93 to a GB."""
LARGEST_IDLE = 0.5
"""Where a GPU's idle power is not known, what was subtracted is taken for it up to this share of the power."""

CHECKS = ("energy", "bandwidth", "request", "power", "baseline", "ratio", "delta", "peers", "memory")
"""The names of the checks, as they are told: what each holds against what is said in docs/evidence.md."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check of one row. `column` is what it judges; `tolerance` is a share, for `delta` points of per cent.

    "doubtful" is what arithmetic alone cannot condemn: the row stays usable, and somebody should look.
    """

    name: str
    result: Result
    column: str
    given: float
    recomputed: float
    tolerance: float | None
    said: Said


def near(one: float, other: float, tolerance: float) -> bool:
    """Whether one is the other, give or take a share of it."""
    return abs(one - other) <= tolerance * abs(other)
