"""The room where rows become points: one value per session, model, precision and batch, duplicates counted once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from math import inf, log, log2
from typing import Literal

from ecolint.evidence.rows import Row
from ecolint.shaped import dataclass

Tier = Literal["gpu", "architecture", "all"]

BRACKET = 1.25
"""A session speaks for sizes up to 25 % beyond its own."""
SAME_SIZE = 1.08
"""Sizes within 8 % count as the same."""


@dataclass(frozen=True, slots=True)
class Point:
    """ln of a measured quantity in one session: the mean over the rows that repeat it."""

    session: str
    gpu: str
    architecture: str
    model: str
    size_b: float
    batch: int
    value: float
    rows: tuple[str, ...]
    bandwidth_gbs: float | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """What is estimated: evidence key of the GPU (None: unknown), architecture, model, active size."""

    gpu: str | None
    architecture: str | None
    model: str | None
    size_b: float | None
    bandwidth_gbs: float | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What the points say at a target. `beyond` are the doublings between the target and the nearest measured size."""

    value: float
    tier: Tier
    same_size: bool
    beyond: float
    rows: tuple[str, ...]
    values: tuple[float, ...]


def merge(
    rows: Iterable[Row], value: Callable[[Row], float | None], session: Callable[[Row], str]
) -> tuple[Point, ...]:
    """Points from rows: rows of one session that measured the same thing count once, all of them named."""
    groups: dict[tuple[str, str, str, int], list[tuple[Row, float]]] = {}
    for row in rows:
        measured = value(row)
        if measured is not None:
            groups.setdefault((session(row), row.gpu, row.model, row.batch), []).append((row, log(measured)))
    points = []
    for (name, gpu, model, batch), members in groups.items():
        first = members[0][0]
        points.append(
            Point(
                session=name,
                gpu=gpu,
                architecture=first.architecture,
                model=model,
                size_b=first.size_b,
                batch=batch,
                value=mean([each for _, each in members]),
                rows=tuple(row.row_id for row, _ in members),
                bandwidth_gbs=first.bandwidth_gbs,
            )
        )
    return tuple(points)


def read(points: Sequence[Point], target: Target, growth: float = 0.0) -> Reading | None:
    """The points' value at the target, or None where its size is unknown or there are no points.

    Sessions of the same GPU answer, else of the same architecture, else all; only those whose sizes bracket the target
    (±25 %) count, and a session of the same GPU that measured this very model outranks interpolation. Where none
    brackets the size, the nearest sessions of the first tier that has any are read at their end. `growth` is the slope
    of ln value over ln size beyond a session's largest size (0 for ratios: clamped; 1 for energy).
    """
    if target.size_b is None:
        return None
    tiers: list[tuple[Tier, list[list[Point]]]] = []
    for tier in _tiers(target):
        sessions = _sessions([point for point in points if _belongs(point, tier, target)])
        tiers.append((tier, sessions))
        near = [each for each in sessions if any(point.model == target.model for point in each)]
        if tier != "gpu" or not near:
            near = [each for each in sessions if _distance(each, target.size_b) <= BRACKET]
        if near:
            return _average(tier, near, target, growth, beyond=0.0)
    for tier, sessions in tiers:
        if sessions:
            nearest = min(_distance(each, target.size_b) for each in sessions)
            near = [each for each in sessions if _distance(each, target.size_b) <= nearest * BRACKET]
            return _average(tier, near, target, growth, beyond=log2(nearest))
    return None


def own_first(rows: Sequence[Row]) -> list[Row]:
    """The rows without the shipped ones of a GPU, model, precision and batch that the user measured too."""
    own = {_measured_place(row) for row in rows if row.file is not None}
    return [row for row in rows if row.file is not None or _measured_place(row) not in own] if own else list(rows)


def _measured_place(row: Row) -> tuple[str, str, str, int]:
    return (row.gpu, row.model, row.precision, row.batch)


def mean(values: Sequence[float]) -> float:
    """The arithmetic mean of at least one value."""
    return sum(values) / len(values)


def interpolate(nodes: Sequence[tuple[float, float]], at: float) -> float:
    """Piecewise-linear value over sorted (x, y) nodes; the end's value beyond them."""
    if at <= nodes[0][0]:
        return nodes[0][1]
    for (left, low), (right, high) in pairwise(nodes):
        if at <= right:
            return low + (high - low) * (at - left) / (right - left)
    return nodes[-1][1]


def _tiers(target: Target) -> tuple[Tier, ...]:
    known: tuple[Tier, ...] = ()
    if target.gpu is not None:
        known = ("gpu",)
    if target.architecture is not None:
        known = (*known, "architecture")
    return (*known, "all")


def _belongs(point: Point, tier: Tier, target: Target) -> bool:
    if tier == "gpu":
        return point.gpu == target.gpu
    return tier == "all" or point.architecture == target.architecture


def _sessions(points: Iterable[Point]) -> list[list[Point]]:
    found: dict[tuple[str, str], list[Point]] = {}
    for point in points:
        found.setdefault((point.session, point.gpu), []).append(point)
    return [sorted(each, key=lambda point: (point.size_b, point.model)) for each in found.values()]


def _distance(session: Sequence[Point], size: float) -> float:
    """How many times the target lies outside the session's sizes; 1 inside."""
    return max(session[0].size_b / size, size / session[-1].size_b, 1.0)


def _average(tier: Tier, sessions: Sequence[Sequence[Point]], target: Target, growth: float, beyond: float) -> Reading:
    values: list[float] = []
    rows: list[str] = []
    same = False
    for session in sessions:
        value, used = _in_session(session, target, growth)
        values.append(value)
        rows += [row for point in used for row in point.rows]
        size = target.size_b or inf
        same = same or any(point.model == target.model or _ratio(point.size_b, size) <= SAME_SIZE for point in used)
    return Reading(mean(values), tier, same, beyond, tuple(rows), tuple(values))


def _in_session(session: Sequence[Point], target: Target, growth: float) -> tuple[float, list[Point]]:
    same = [point for point in session if point.model == target.model]
    if same:
        return mean([point.value for point in same]), same
    size = target.size_b or inf
    nodes: dict[float, list[Point]] = {}
    for point in session:
        nodes.setdefault(point.size_b, []).append(point)
    line = [(log(each), mean([point.value for point in members])) for each, members in nodes.items()]
    value = interpolate(line, log(size))
    if size > session[-1].size_b:
        value += growth * log(size / session[-1].size_b)
    return value, [point for each in _neighbours(sorted(nodes), size) for point in nodes[each]]


def _neighbours(sizes: Sequence[float], size: float) -> tuple[float, ...]:
    if size in sizes:
        return (size,)
    below = [each for each in sizes if each < size]
    above = [each for each in sizes if each > size]
    return (*below[-1:], *above[:1])


def _ratio(one: float, other: float) -> float:
    return max(one / other, other / one)


def by_id(rows: Iterable[Row]) -> Mapping[str, Row]:
    """Rows by their id."""
    return {row.row_id: row for row in rows}
