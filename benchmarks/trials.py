"""The trials of a calibration: what a session measured, as the estimator predicts it from the other sessions alone."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from math import log
from pathlib import Path
from typing import Literal

from ecolint import catalog
from ecolint.evidence.factors import EAGER_FP8, batch_factor, precision_factor
from ecolint.evidence.joules import derived, measured
from ecolint.evidence.points import Point, Target, Tier, read
from ecolint.evidence.rows import Row, row, rows
from ecolint.evidence.table import BASE, Curve, Table, floor, stated

AGREE = 0.002
"""Sessions whose common measurements, two at least, all agree to this (on ln) are one that was published twice."""

Kind = Literal["ratio", "batch", "joules"]
TIERS: Mapping[str, Tier | None] = {
    "same GPU": "gpu",
    "same architecture": "architecture",
    "other architectures": "all",
    "as answered": None,
}
"""Where a prediction is read, by name: one tier alone, or the nearest that reaches the target (None)."""


@dataclass(frozen=True)
class Asked:
    """What is to be predicted: ln of a ratio, of energy over that at batch 1, or of joules per 1,000 tokens."""

    kind: Kind
    precision: str
    against: str
    point: Point

    @property
    def name(self) -> str:
        """What is counted together: energy over batch is, whatever the precision."""
        if self.kind == "ratio":
            return f"{self.precision} / {self.against}"
        return "energy over batch" if self.kind == "batch" else "FP16 joules"

    @property
    def target(self) -> Target:
        """The deployment that was measured, as estimates are asked for it."""
        point = self.point
        return Target(point.gpu, point.architecture, point.model, point.size_b, point.bandwidth_gbs)


@dataclass(frozen=True)
class Forecast:
    """ln of a quantity: a centre and how far the 90 % interval reaches down and up."""

    centre: float
    down: float
    up: float

    def covers(self, value: float) -> bool:
        """Whether the measured value lies inside."""
        return self.centre - self.down <= value <= self.centre + self.up

    @property
    def width(self) -> float:
        """The mean of both reaches."""
        return (self.down + self.up) / 2


@dataclass(frozen=True)
class Told:
    """What ecolint says of a held-out quantity."""

    forecast: Forecast
    inside: bool
    """False where no session's sizes (or batches) reach the target, and the interval was widened."""
    at_floor: bool
    """Whether a stated half-width binds: what is learned from the remaining sessions is no wider."""


class Seen(Table):
    """A table of which some hardware alone may answer; what is learned of half-widths is that of the whole."""

    def __init__(self, whole: Table, belongs: Callable[[Point], bool]) -> None:
        super().__init__(whole.rows)
        self._whole = whole
        self._belongs = belongs

    def points(self, precision: str, against: str = BASE) -> tuple[Point, ...]:
        """ln ratios that this hardware measured."""
        return tuple(filter(self._belongs, self._whole.points(precision, against)))

    def joules(self, precision: str) -> tuple[Point, ...]:
        """ln joules that this hardware measured."""
        return tuple(filter(self._belongs, self._whole.joules(precision)))

    @cached_property
    def curves(self) -> Mapping[str, Curve]:
        """The sweeps of this hardware; all of them where it has none, so that batch 1 is read as ever."""
        return super().curves or self._whole.curves

    def half_width(self, precision: str, against: str, tier: Tier, same_size: bool) -> float:
        """As learned from all remaining sessions."""
        return self._whole.half_width(precision, against, tier, same_size)

    def joules_half_width(self, tier: Tier) -> float:
        """As learned from all remaining sessions."""
        return self._whole.joules_half_width(tier)


def asked(table: Table) -> Iterator[Asked]:
    """Every quantity that the rows of a table measured: ratios at batch 1, energy over batch, FP16 joules."""
    pairs = [(precision, BASE) for precision in sorted(table.precisions - {BASE}, reverse=True)]
    for precision, against in (*pairs, ("int8_default", "int8_pure")):
        for point in table.points(precision, against):
            if point.batch == 1:
                yield Asked("ratio", precision, against, point)
    for precision in sorted({each.precision for each in table.rows}):
        for point in responses(table, precision):
            if point.batch > 1:
                yield Asked("batch", precision, BASE, point)
    for point in table.scaled_baselines(None):
        yield Asked("joules", BASE, BASE, point)


def responses(table: Table, precision: str) -> tuple[Point, ...]:
    """ln of energy per request over that at batch 1, wherever a session measured both."""
    points = table.joules(precision)
    start = {(each.session, each.gpu, each.model): each.value for each in points if each.batch == 1}
    keyed = [((each.session, each.gpu, each.model), each) for each in points]
    swept = {key for key, each in keyed if each.batch > 1 and key in start}
    return tuple(replace(each, value=each.value - start[key]) for key, each in keyed if key in swept)


def blocks(given: Sequence[Row]) -> tuple[frozenset[str], ...]:
    """Sessions that are held out together: those that share FP16 rows, and those that are one published twice."""
    usable = [each for each in given if each.usable]
    block = {each.session: {each.session} for each in usable}

    def join(one: str, other: str) -> None:
        if block[one] is not block[other]:
            block[one] |= block[other]
            for name in block[other]:
                block[name] = block[one]

    home = {each.row_id: each.session for each in usable}
    for each in usable:
        if each.baseline in home:
            join(each.session, home[each.baseline])
    figures: dict[str, dict[tuple[str, str, str, int], float]] = {name: {} for name in block}
    for each in usable:
        if each.energy is not None:
            figures[each.session][each.gpu, each.model, each.precision, each.batch] = each.energy
    names = sorted(block)
    for at, one in enumerate(names):
        for other in names[at + 1 :]:
            common = figures[one].keys() & figures[other].keys()
            if len(common) > 1 and all(abs(log(figures[one][key] / figures[other][key])) <= AGREE for key in common):
                join(one, other)
    return tuple(dict.fromkeys(frozenset(block[name]) for name in names))


def left_out(measured: Sequence[Row], known: Sequence[Row]) -> Iterator[tuple[Table, list[Asked]]]:
    """For each block of sessions that was measured: the known rows that remain without it, and what it asks.

    `measured` are the known rows themselves, each session held out in turn, or those of a file.
    """
    wanted = list(asked(Table(measured)))
    for block in blocks(known if measured is known else [*known, *measured]):
        own = [each for each in wanted if each.point.session in block]
        if own:
            yield Table([each for each in known if each.session not in block]), own


def views(table: Table, each: Asked) -> Iterator[tuple[str, Seen]]:
    """The remaining rows as every tier shows them, by the tier's name."""
    for name, tier in TIERS.items():
        yield name, Seen(table, partial(_belongs, each.point, tier))


def predict(seen: Table, each: Asked) -> Told | None:
    """What ecolint says; None where these rows say nothing."""
    if each.kind == "ratio":
        return _ratio(seen, each)
    return _batch(seen, each) if each.kind == "batch" else _joules(seen, each)


def samples(seen: Table, each: Asked) -> tuple[Point, ...]:
    """The measured points of a quantity, batch 1 of a sweep included."""
    if each.kind == "ratio":
        return tuple(point for point in seen.points(each.precision, each.against) if point.batch == 1)
    if each.kind == "joules":
        return seen.scaled_baselines(None)
    own = responses(seen, each.precision)
    return own or tuple(point for precision in sorted(seen.curves) for point in responses(seen, precision))


def nearness(point: Point, held: Point) -> Tier:
    """The tier that a point is of, seen from a held-out one."""
    if point.gpu == held.gpu:
        return "gpu"
    return "architecture" if point.architecture == held.architecture else "all"


def load(path: Path) -> tuple[list[Row], list[str]]:
    """The rows of a file, and a line on each that speaks of a GPU or model that the catalogue lacks.

    ValueError where the file is not of the measurements' schema.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        records = list(csv.DictReader(file))
    ids = {record.get("row_id") for record in records}
    found, unknown = [], []
    for number, record in enumerate(records, 2):
        try:
            made = _on_any_card(record)
        except (KeyError, TypeError) as error:
            raise ValueError(f"{path}:{number}: not a row of the measurements' schema ({error})") from error
        except ValueError as error:
            unknown.append(f"{path}:{number}: left out: {error}")
            continue
        if made.usable and made.baseline is not None and made.baseline not in ids:
            raise ValueError(f"{path}:{number}: the baseline row {made.baseline} is not in the file")
        # Ids of a file are its own: they may be those of shipped rows.
        baseline = f"{path.name}:{made.baseline}" if made.baseline else None
        found.append(replace(made, row_id=f"{path.name}:{made.row_id}", baseline=baseline))
    if not found:
        raise ValueError(f"{path}: holds no row that the catalogue knows the GPU and the model of")
    return found, unknown


def _ratio(seen: Table, each: Asked) -> Told | None:
    reading = read(samples(seen, each), each.target)
    factor = precision_factor(seen, each.target, each.precision, each.against, 1) if reading else None
    if reading is None or factor is None:
        return None
    at_floor = each.precision == EAGER_FP8
    if not at_floor:
        least = floor(each.precision, each.against, reading.tier == "gpu" and reading.same_size)
        at_floor = seen.half_width(each.precision, each.against, reading.tier, reading.same_size) <= least
    spread = factor.spread
    return Told(Forecast(spread.centre, spread.down, spread.up), reading.beyond == 0, at_floor)


def _batch(seen: Table, each: Asked) -> Told | None:
    if not samples(seen, each):
        return None
    spread = batch_factor(seen, each.target, each.precision, each.point.batch, 1).spread
    largest = max(curve.largest for curve in seen.curves.values())
    return Told(Forecast(spread.centre, spread.down, spread.up), each.point.batch <= largest, at_floor=True)


def _joules(seen: Table, each: Asked) -> Told | None:
    reading = read(samples(seen, each), each.target)
    found = measured(seen, each.target, BASE, 1) or derived(seen, each.target, BASE, 1)
    if reading is None or found is None:
        return None
    least = stated("joules", "any" if reading.tier == "all" else "same architecture")
    at_floor = seen.joules_half_width(reading.tier) <= least
    spread = found.spread
    return Told(Forecast(spread.centre, spread.down, spread.up), reading.beyond == 0, at_floor)


def _belongs(held: Point, tier: Tier | None, point: Point) -> bool:
    return tier is None or nearness(point, held) == tier


def _on_any_card(record: Mapping[str, str]) -> Row:
    """A row whose GPU is an evidence key, or else a card of the catalogue under any name of it."""
    shipped = rows()
    cards = catalog.gpus(record["gpu"])
    if not cards or record["gpu"] in {each.gpu for each in shipped}:
        return row(record)
    card = catalog.canonical(cards) or cards[0]
    if card.evidence:
        return row({**record, "gpu": card.evidence})
    made = row({**record, "gpu": shipped[0].gpu})
    return replace(
        made, gpu=card.name, gpu_name=card.name, architecture=card.architecture, bandwidth_gbs=card.bandwidth_gbs
    )
