"""The arithmetic of uncertain factors: a centre on the logarithmic scale with a distance down and one up."""

from __future__ import annotations

from math import exp, hypot, log

from ecolint.model import Interval
from ecolint.shaped import dataclass


@dataclass(frozen=True, slots=True)
class Spread:
    """ln of a positive quantity: its centre, and how far the 90 % interval reaches down and up (both ≥ 0)."""

    centre: float = 0.0
    down: float = 0.0
    up: float = 0.0

    def times(self, other: Spread) -> Spread:
        """The product of two independent quantities: reaches add in quadrature."""
        return Spread(self.centre + other.centre, hypot(self.down, other.down), hypot(self.up, other.up))

    def inverse(self) -> Spread:
        """One over the quantity."""
        return Spread(-self.centre, self.up, self.down)

    def interval(self, scale: float = 1.0, offset: float = 0.0) -> Interval:
        """The quantity itself, as (value + offset) × scale."""
        low, central, high = (exp(self.centre - self.down), exp(self.centre), exp(self.centre + self.up))
        return Interval(central=(central + offset) * scale, low=(low + offset) * scale, high=(high + offset) * scale)


EXACT = Spread()
"""The factor one, known for certain."""


def even(centre: float, half_width: float) -> Spread:
    """A spread that reaches as far down as up."""
    return Spread(centre, half_width, half_width)


def difference(base: Spread, ratio: Spread) -> Interval:
    """base × (ratio − 1): what changes when `base` becomes base × ratio, its sign agreeing with the ratio's interval.

    The two quantities that are subtracted share the error of the base, so the interval is built from the base and the
    ratio, in quadrature where both ends lie on the centre's side.
    """
    centre = exp(base.centre) * (exp(ratio.centre) - 1)
    low = _end(base, ratio.centre, ratio.centre - ratio.down, rising=False)
    high = _end(base, ratio.centre, ratio.centre + ratio.up, rising=True)
    return Interval(central=centre, low=min(low, centre), high=max(high, centre))


def _end(base: Spread, centre: float, end: float, rising: bool) -> float:
    share, outer = exp(centre) - 1, exp(end) - 1
    if share * outer > 0:
        grows = rising == (share > 0)
        reach = hypot(abs(log(outer / share)), base.up if grows else base.down)
        return exp(base.centre) * share * exp(reach if grows else -reach)
    return exp(base.centre + base.up) * outer
