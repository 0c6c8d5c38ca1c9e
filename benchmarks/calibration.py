"""Calibration: predicts what every session measured from the other sessions, and holds the stated intervals against it.

    python benchmarks/calibration.py                        # the shipped rows, each session left out in turn
    python benchmarks/calibration.py FILE.csv               # and sessions of a file, predicted from the shipped rows
    python benchmarks/calibration.py --plot docs/calibration.png      # needs matplotlib: pip install 'ecolint[bench]'

A FILE has the columns of `ecolint/evidence/measurements.csv`. Points, half-widths and all else that is learned come
from the sessions that remain; what repeats a held-out session (its rows under another source, ratios to its FP16 rows)
is left out with it. Each quantity is predicted from every tier alone (same GPU, other GPUs of its architecture, other
architectures) and once as ecolint answers, from the nearest tier that reaches it. Two rivals see the same sessions: the
source's own rule, the nearest row ±15 % (same architecture) or ±25 %, and the curve a + b/N with the 90 % of its
residuals (N: the size, over batch the batch; joules take a + bN).

Half-widths and RMSE are printed as factors: ×÷1.42 is 0.35 on ln. Exit code 1 where a tier of seven or more pairs is
covered less than 85 %, or more than 97 % by half-widths that no stated floor sets; 2 where a file cannot be read.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import exp, sqrt
from pathlib import Path

from rivals import nearest_row, saturating_curve
from trials import TIERS, Asked, Forecast, Told, asked, left_out, load, predict, views

from ecolint.evidence.points import mean
from ecolint.evidence.rows import Row, rows
from ecolint.evidence.table import Table

FEW = 7
"""Below this many pairs coverage says nothing."""
LEAST, MOST = 0.85, 0.97
"""Coverage that a tier must reach, and that learned half-widths must not exceed."""
RIVALS = {"nearest row": nearest_row, "curve": saturating_curve}


@dataclass(frozen=True)
class Trial:
    """One prediction of one held-out quantity from one tier, and what the rivals say from the same sessions."""

    asked: Asked
    tier: str
    told: Told
    rivals: Mapping[str, Forecast | None]


@dataclass(frozen=True)
class Score:
    """How forecasts held. Bias, RMSE and half-width are on ln; coverage is a share."""

    pairs: int
    bias: float
    rmse: float
    coverage: float
    width: float


@dataclass(frozen=True)
class Cell:
    """The trials of one quantity and one tier."""

    name: str
    tier: str
    trials: tuple[Trial, ...]

    @cached_property
    def score(self) -> Score:
        """How ecolint held."""
        return score([(trial.told.forecast, trial.asked.point.value) for trial in self.trials])

    @cached_property
    def rivals(self) -> Mapping[str, Score | None]:
        """How the rivals held where they answer."""
        found = {}
        for name in RIVALS:
            pairs = [(trial.rivals[name], trial.asked.point.value) for trial in self.trials]
            answered = [(forecast, value) for forecast, value in pairs if forecast is not None]
            found[name] = score(answered) if answered else None
        return found

    @property
    def sessions(self) -> int:
        """Held-out sessions: pairs of one session are not independent."""
        return len({trial.asked.point.session for trial in self.trials})

    @property
    def floors(self) -> int:
        """Pairs whose half-width a stated floor sets."""
        return sum(trial.told.at_floor for trial in self.trials)

    @property
    def failures(self) -> tuple[str, ...]:
        """Where the cell breaks the rule of coverage."""
        found = []
        if len(self.trials) >= FEW and self.score.coverage < LEAST:
            found.append(f"{self.name}, {self.tier}: {self.score.coverage:.0%} covered, less than {LEAST:.0%}")
        free = [trial for trial in self.trials if not trial.told.at_floor]
        if len(free) >= FEW and (share := Cell(self.name, self.tier, tuple(free)).score.coverage) > MOST:
            found.append(f"{self.name}, {self.tier}: {share:.0%} covered where no floor binds, more than {MOST:.0%}")
        return tuple(found)


def score(pairs: Sequence[tuple[Forecast, float]]) -> Score:
    """Forecasts against the measured values."""
    errors = [forecast.centre - value for forecast, value in pairs]
    return Score(
        pairs=len(pairs),
        bias=mean(errors),
        rmse=sqrt(mean([error**2 for error in errors])),
        coverage=mean([float(forecast.covers(value)) for forecast, value in pairs]),
        width=mean([forecast.width for forecast, _ in pairs]),
    )


def trials(measured: Sequence[Row], known: Sequence[Row]) -> list[Trial]:
    """Everything measured, predicted from the known rows less its own session: from each tier, and as answered."""
    found = [
        Trial(each, tier, told, {name: rival(seen, each) for name, rival in RIVALS.items()})
        for rest, wanted in left_out(measured, known)
        for each in wanted
        for tier, seen in views(rest, each)
        if (told := predict(seen, each)) is not None
    ]
    names = list(dict.fromkeys(each.name for each in asked(Table(measured))))
    return sorted(found, key=lambda trial: names.index(trial.asked.name))


def cells(found: Iterable[Trial], inside: bool = True) -> tuple[Cell, ...]:
    """Trials by quantity and tier: those whose size or batch some session reaches, or the extrapolated others."""
    grouped: dict[str, dict[str, list[Trial]]] = {}
    for trial in found:
        if trial.told.inside == inside:
            grouped.setdefault(trial.asked.name, {}).setdefault(trial.tier, []).append(trial)
    return tuple(
        Cell(name, tier, tuple(grouped[name][tier])) for name in grouped for tier in TIERS if tier in grouped[name]
    )


def lines(inside: Sequence[Cell]) -> list[str]:
    """The table, as Markdown."""
    heads = ["energy of", "read from", "pairs (sessions)", "bias", "RMSE", "covered", "half-width", "at a floor"]
    body = [[*heads, *(f"{name}: {head}" for name in RIVALS for head in ("covered", "half-width", "RMSE"))]]
    for cell in inside:
        own, count = cell.score, len(cell.trials)
        floors = "all" if cell.floors == count else str(cell.floors or "none")
        line = [cell.name, cell.tier, f"{count} ({cell.sessions})", _percent(own.bias), _factor(own.rmse)]
        line += [f"{own.coverage:.0%}", _factor(own.width), floors]
        for rival in cell.rivals.values():
            if rival is None:
                line += ["–"] * 3
                continue
            answered = f" of {rival.pairs}" if rival.pairs < count else ""
            line += [f"{rival.coverage:.0%}{answered}", _factor(rival.width), _factor(rival.rmse)]
        body.append(line)
    return _aligned(body)


def extrapolated(outside: Sequence[Cell]) -> list[str]:
    """What the widened intervals cover where no session's sizes or batches reach the target, as Markdown."""
    body = [["energy of", "read from", "pairs (sessions)", "bias", "covered", "half-width"]]
    for cell in outside:
        own, count = cell.score, len(cell.trials)
        covered = f"{round(own.coverage * count)} of {count}"
        pairs = f"{count} ({cell.sessions})"
        body.append([cell.name, cell.tier, pairs, _percent(own.bias), covered, _factor(own.width)])
    return _aligned(body)


def narrower(inside: Sequence[Cell]) -> list[str]:
    """In which cells of seven or more pairs a rival is narrower, and covers as much, or what is asked for."""
    found = []
    for cell in inside:
        own = cell.score
        for name, rival in cell.rivals.items():
            if rival is None or not FEW <= len(cell.trials) == rival.pairs or rival.width >= own.width:
                continue
            said = f"{cell.name}, {cell.tier}: the {name} is narrower ({_factor(rival.width)} for {_factor(own.width)})"
            if rival.coverage >= own.coverage:
                found.append(f"{said} and covers as much ({rival.coverage:.0%})")
            elif rival.coverage >= LEAST:
                found.append(f"{said}; it covers less, but enough ({rival.coverage:.0%} for {own.coverage:.0%})")
    return found


def unanswered(measured: Sequence[Row], found: Sequence[Trial]) -> list[str]:
    """What no other session speaks of."""
    answered = {(trial.asked.name, trial.asked.point) for trial in found}
    left: dict[str, int] = {}
    for each in asked(Table(measured)):
        if (each.name, each.point) not in answered:
            left[each.name] = left.get(each.name, 0) + 1
    return [f"{count} of {name}: no other session measured it" for name, count in left.items()]


def report(title: str, measured: Sequence[Row], found: Sequence[Trial]) -> int:
    """Print everything about some trials. Returns how often the rule of coverage is broken."""
    inside, outside = cells(found), cells(found, inside=False)
    _section(title, lines(inside))
    _section("Extrapolated: no session's sizes or batches reach these, the interval is widened", extrapolated(outside))
    _section("Rivals that are narrower and cover enough", narrower(inside) or ["none"])
    _section("Not predicted", unanswered(measured, found))
    failures = [each for cell in inside for each in cell.failures]
    _section(f"Coverage below {LEAST:.0%}, or above {MOST:.0%} without a floor", failures or ["none"])
    return len(failures)


def _section(title: str, body: Sequence[str]) -> None:
    if body:
        print(title, "", *body, "", sep="\n")


def _factor(on_ln: float) -> str:
    return f"×÷{exp(on_ln):.2f}"


def _percent(on_ln: float) -> str:
    text = f"{exp(on_ln) - 1:+.0%}"
    return "+0%" if text == "-0%" else text


def _aligned(body: list[list[str]]) -> list[str]:
    if len(body) == 1:
        return []
    widths = [max(len(line[at]) for line in body) for at in range(len(body[0]))]
    rule = ["-" * width for width in widths]
    padded = [
        [text.ljust(width) for text, width in zip(line, widths, strict=True)] for line in (body[0], rule, *body[1:])
    ]
    return [f"| {' | '.join(line)} |" for line in padded]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
    parser.add_argument("--plot", type=Path, metavar="PNG")
    args = parser.parse_args(arguments)
    shipped = rows()
    try:
        loaded = [load(path) for path in args.files]
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    found = trials(shipped, shipped)
    failures = report("Shipped rows, each session left out in turn", shipped, found)
    held = [row for read, _ in loaded for row in read]
    if held:
        title = f"Held-out files ({', '.join(path.name for path in args.files)}), predicted from the shipped rows"
        failures += report(title, held, trials(held, shipped))
        _section("Rows of these files that were left out", [line for _, lines in loaded for line in lines])
    if args.plot:
        from calibration_plot import plot

        plot(found, args.plot)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
