"""The room where rows become the tables that estimates read: ratio points, joules, batch curves, half-widths."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, lru_cache
from math import log, log2

from ecolint.evidence.points import Point, Target, Tier, by_id, interpolate, merge, own_first, read
from ecolint.evidence.rows import FOLDER, Row
from ecolint.evidence.sweeps import Curve as Curve
from ecolint.evidence.sweeps import curve, sweeps

COVERAGE = 0.9
"""The share of held-out sessions that an interval is to cover."""

BASE = "fp16"

PROPORTIONAL = 1.0
"""Beyond the largest measured size energy grows with the bytes that are read; below the smallest it is not lowered."""


class Table:
    """Everything that estimates read, derived once from a set of rows. Rejected rows never enter it."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows: tuple[Row, ...] = tuple(row for row in rows if row.usable)
        self._points: dict[tuple[str, str], tuple[Point, ...]] = {}
        self._baselines: dict[float | None, tuple[Point, ...]] = {}
        self._widths: dict[tuple[str, str, Tier, bool], float] = {}
        self._own_curves: dict[tuple[str | None, str | None], tuple[str, Curve] | None] = {}

    @cached_property
    def by_id(self) -> Mapping[str, Row]:
        """Usable rows by their id."""
        return by_id(self.rows)

    @cached_property
    def precisions(self) -> frozenset[str]:
        """Precisions that have a ratio to FP16, and FP16."""
        return frozenset({BASE} | {row.precision for row in self.rows if row.ratio is not None})

    def points(self, precision: str, against: str = BASE) -> tuple[Point, ...]:
        """ln ratios of a precision's energy to another's, by session, model and batch."""
        key = (precision, against)
        if key not in self._points:
            self._points[key] = self._to_base(precision) if against == BASE else self._paired(precision, against)
        return self._points[key]

    def joules(self, precision: str) -> tuple[Point, ...]:
        """ln joules per 1,000 tokens of a precision; rows of which only the ratio is usable have none."""
        key = (precision, "joules")
        if key not in self._points:
            self._points[key] = _joules(own_first(self._absolute(precision)))
        return self._points[key]

    def _absolute(self, precision: str) -> list[Row]:
        return [row for row in self.rows if row.precision == precision and row.status == "absolute"]

    def scaled_baselines(self, bandwidth_gbs: float | None) -> tuple[Point, ...]:
        """ln joules of FP16 at batch 1, scaled from each GPU's memory bandwidth to another where one is given."""
        if bandwidth_gbs not in self._baselines:
            points = [point for point in self.joules(BASE) if point.batch == 1]
            self._baselines[bandwidth_gbs] = tuple(_scaled(point, bandwidth_gbs) for point in points)
        return self._baselines[bandwidth_gbs]

    def baselines(self, rows: Sequence[str]) -> tuple[str, ...]:
        """The FP16 rows that the ratios of these rows are taken against."""
        named = [self.by_id[row].baseline for row in rows if row in self.by_id]
        return tuple(dict.fromkeys(row for row in named if row))

    @cached_property
    def common_sizes(self) -> tuple[float, float]:
        """The smallest and largest size that were measured on at least two architectures, in billions."""
        spans: dict[str, list[float]] = {}
        for row in self.rows:
            spans.setdefault(row.architecture, []).append(row.size_b)
        lows, highs = sorted(min(each) for each in spans.values()), sorted(max(each) for each in spans.values())
        return (lows[min(1, len(lows) - 1)], highs[-2] if len(highs) > 1 else highs[-1])

    @cached_property
    def workload(self) -> tuple[int, int, int]:
        """The longest prompt, the fewest and the most generated tokens of any usable row that is shipped."""
        shipped = [row for row in self.rows if row.file is None]
        prompts = [int(row.record["prompt_tokens"]) for row in shipped if row.record["prompt_tokens"]]
        generated = [int(row.record["new_tokens"]) for row in shipped if row.record["new_tokens"]]
        return max(prompts), min(generated), max(generated)

    @cached_property
    def software(self) -> str:
        """Every software line of the usable rows that are shipped, for telling what they were measured under."""
        return " ".join(sorted({row.record["software"] for row in self.rows if row.file is None})).lower()

    @cached_property
    def own_gpus(self) -> frozenset[str]:
        """The GPUs that the user's own rows measured, by evidence key."""
        return frozenset(row.gpu for row in self.rows if row.file is not None)

    @cached_property
    def curves(self) -> Mapping[str, Curve]:
        """By precision, the sweep over batch sizes that measured most of them in one session on one model."""
        found: dict[str, Curve] = {}
        for precision in sorted({row.precision for row in self.rows}):
            points = self.joules(precision)
            if self.own_gpus:  # what the user measured again is a point of this sweep all the same
                points = _joules(row for row in self._absolute(precision) if row.file is None)
            swept = sweeps(points)
            if swept:
                found[precision] = curve(max(swept, key=len))
        return found

    def own_curve(self, precision: str | None, gpu: str | None) -> tuple[str, Curve] | None:
        """The longest sweep of the user's own on a GPU, of this precision where there is one, and of which it is."""
        key = (precision, gpu)
        if key not in self._own_curves:
            there = [row for row in self.rows if row.file is not None and row.gpu == gpu and row.status == "absolute"]
            names = sorted({row.precision for row in there})
            swept = [
                (name, each) for name in names for each in sweeps(_joules(r for r in there if r.precision == name))
            ]
            best = max(swept, key=lambda each: (each[0] == precision, len(each[1])), default=None)
            self._own_curves[key] = None if best is None else (best[0], curve(best[1]))
        return self._own_curves[key]

    @property
    def longest(self) -> str | None:
        """The precision whose sweep measured most batch sizes: the reference where a precision has no sweep."""
        return max(self.curves, key=lambda precision: len(self.curves[precision].rows), default=None)

    def half_width(self, precision: str, against: str, tier: Tier, same_size: bool) -> float:
        """Half-width on ln r that covers 90 % of held-out sessions in a tier, never below the stated floor."""
        key = (precision, against, tier, same_size)
        if key not in self._widths:
            exact = tier == "gpu" and same_size
            errors = [error for each, error in self.held_out(precision, against, tier) if not exact or each]
            self._widths[key] = max(quantile([abs(error) for error in errors]), floor(precision, against, exact))
        return self._widths[key]

    def held_out(self, precision: str, against: str, tier: Tier) -> tuple[tuple[bool, float], ...]:
        """Leave-one-session-out errors (predicted − measured, on ln r) of a tier at batch 1, and whether sizes agreed.

        Every pair is predicted from the other sessions: of its GPU, of other GPUs of its architecture, or of other
        architectures. Pairs whose size no such session brackets are left out.
        """
        points = [point for point in self.points(precision, against) if point.batch == 1]
        return _left_out([(held, points) for held in points], tier)

    def joules_half_width(self, tier: Tier) -> float:
        """Half-width on ln joules of FP16 that covers 90 % of held-out sessions, never below the stated one."""
        key = (BASE, "joules", tier, False)
        if key not in self._widths:
            least = stated("joules", "any" if tier == "all" else "same architecture")
            self._widths[key] = max(quantile([abs(error) for _, error in self.held_out_joules(tier)]), least)
        return self._widths[key]

    def held_out_joules(self, tier: Tier) -> tuple[tuple[bool, float], ...]:
        """As `held_out`, on ln joules of FP16 at batch 1; those of other architectures scaled by memory bandwidth."""
        held = self.scaled_baselines(None)
        return _left_out(
            [(each, self.scaled_baselines(each.bandwidth_gbs if tier == "all" else None)) for each in held],
            tier,
            PROPORTIONAL,
        )

    def _to_base(self, precision: str) -> tuple[Point, ...]:
        return merge(self._against_base(precision), _ratio, lambda row: row.session)

    def _against_base(self, precision: str) -> list[Row]:
        rows = [row for row in self.rows if row.precision == precision and row.baseline in self.by_id]
        return own_first([row for row in rows if row.ratio is not None])

    def _paired(self, precision: str, against: str) -> tuple[Point, ...]:
        """Two precisions of the same session, model and batch: both ratios are to the same FP16 rows."""
        sides = []
        for each in (precision, against):
            rows = self._against_base(each)
            points = merge(rows, _ratio, lambda row: self.by_id[row.baseline or ""].session)
            sides.append({(point.session, point.gpu, point.model, point.batch): point for point in points})
        return tuple(
            replace(one, value=one.value - sides[1][key].value, rows=(*one.rows, *sides[1][key].rows))
            for key, one in sides[0].items()
            if key in sides[1]
        )


def _joules(rows: Iterable[Row]) -> tuple[Point, ...]:
    return merge(rows, lambda row: row.energy, lambda row: row.session)


def _ratio(row: Row) -> float | None:
    return row.ratio


def quantile(errors: Sequence[float], share: float = COVERAGE) -> float:
    """The error that a further one stays below with a chance of `share`; 0 of none.

    A further error falls between any two neighbours of n sorted ones with a chance of 1 in n + 1: hence rank
    share · (n + 1), interpolated, and the largest where that lies beyond (of nine and fewer, at 90 %). Rank share · n
    would describe the errors that are known and cover less of those to come.
    """
    if not errors:
        return 0.0
    ordered = sorted(errors)
    line = [(float(rank), each) for rank, each in enumerate(ordered, 1)]
    return interpolate(line, share * (len(ordered) + 1))


def floor(precision: str, against: str, exact: bool) -> float:
    """The stated floor of a ratio's half-width; of a precision that only users measured, the one for any such."""
    table = _floors()
    if ("ratio", precision, against, "any") not in table:
        precision, against = "other", BASE
    any_tier = table.get(("ratio", precision, against, "any"), 0.0)
    return table.get(("ratio", precision, against, "same size"), any_tier) if exact else any_tier


def paired(precision: str, against: str) -> bool:
    """Whether two precisions are read within sessions that measured both; others are compared through FP16."""
    return against == BASE or ("ratio", precision, against, "any") in _floors()


def stated(quantity: str, tier: str) -> float:
    """A stated half-width of the joules or the batch response."""
    return next(width for (name, _, _, where), width in _floors().items() if name == quantity and where == tier)


def doublings_outside(size: float, low: float, high: float) -> float:
    """How many doublings a size lies outside a range; 0 inside."""
    return max(log2(low / size), log2(size / high), 0.0)


@lru_cache(maxsize=1)
def _floors() -> Mapping[tuple[str, str, str, str], float]:
    with (FOLDER / "floors.csv").open(encoding="utf-8", newline="") as file:
        return {
            (row["quantity"], row["precision"], row["against"], row["tier"]): float(row["half_width"])
            for row in csv.DictReader(file)
        }


def _scaled(point: Point, bandwidth_gbs: float | None) -> Point:
    if bandwidth_gbs is None or point.bandwidth_gbs is None:
        return point
    return replace(point, value=point.value + log(point.bandwidth_gbs / bandwidth_gbs))


def _left_out(
    pairs: Sequence[tuple[Point, Sequence[Point]]], tier: Tier, growth: float = 0.0
) -> tuple[tuple[bool, float], ...]:
    """Errors of each point as the others of another session and of its tier predict it, where they bracket its size."""
    errors = []
    for held, points in pairs:
        others = [each for each in points if each.session != held.session and _tier(each, held) == tier]
        reading = read(others, Target(held.gpu, held.architecture, held.model, held.size_b), growth)
        if reading is not None and reading.beyond == 0:
            errors.append((reading.same_size, reading.value - held.value))
    return tuple(errors)


def _tier(point: Point, held: Point) -> Tier:
    if point.gpu == held.gpu:
        return "gpu"
    return "architecture" if point.architecture == held.architecture else "all"
