"""The room for sweeps over batch sizes: which there are among the points, and the curve that one draws."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import log

from ecolint.evidence.points import Point, interpolate
from ecolint.shaped import dataclass


@dataclass(frozen=True, slots=True)
class Curve:
    """Energy per request of one precision over batch size, relative to batch 1: ln–ln nodes from the longest sweep."""

    gpu: str
    architecture: str
    size_b: float
    nodes: tuple[tuple[float, float], ...]
    rows: Mapping[int, tuple[str, ...]]

    @property
    def largest(self) -> int:
        """The largest batch that was measured."""
        return max(self.rows)

    def at(self, batch: float) -> float:
        """ln of the energy at a batch relative to batch 1, interpolated ln–ln, the end's beyond the largest."""
        return interpolate(self.nodes, log(max(batch, 1)))

    def used(self, batch: int) -> tuple[str, ...]:
        """The rows that a value at this batch rests on."""
        if batch in self.rows:
            return self.rows[batch]
        below = max((each for each in self.rows if each < batch), default=1)
        above = min((each for each in self.rows if each > batch), default=self.largest)
        return (*self.rows[below], *(self.rows[above] if above != below else ()))


def sweeps(points: Iterable[Point]) -> list[list[Point]]:
    """Energies of one session on one GPU and model at several batches, batch 1 among them."""
    groups: dict[tuple[str, str, str], list[Point]] = {}
    for point in points:
        groups.setdefault((point.session, point.gpu, point.model), []).append(point)
    return [each for each in groups.values() if len(each) > 1 and any(point.batch == 1 for point in each)]


def curve(points: Sequence[Point]) -> Curve:
    """The curve through the points of one sweep."""
    start = next(point.value for point in points if point.batch == 1)
    ordered = sorted(points, key=lambda point: point.batch)
    return Curve(
        gpu=ordered[0].gpu,
        architecture=ordered[0].architecture,
        size_b=ordered[0].size_b,
        nodes=tuple((log(point.batch), point.value - start) for point in ordered),
        rows={point.batch: point.rows for point in ordered},
    )
