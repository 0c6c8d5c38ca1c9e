"""The calibration that anyone can rerun: it does not leak, it holds on the shipped rows, and it tells what does not."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from math import exp, log
from pathlib import Path

import pytest
from calibration import FEW, Trial, cells, extrapolated, lines, main, trials
from rivals import saturating_curve
from trials import Asked, Seen, blocks, load

from ecolint.evidence import Row, Table, rows
from ecolint.evidence.points import Point

DOCUMENTED = Path(__file__).parents[2] / "docs" / "evidence.md"


@lru_cache(maxsize=1)
def shipped() -> list[Trial]:
    return trials(rows(), rows())


def told(found: list[Trial], sessions: frozenset[str]) -> Mapping[tuple[str, ...], object]:
    """What is predicted of some sessions, by all that is known of them before they are measured."""
    found_of = [(one, one.asked.point) for one in found if one.asked.point.session in sessions]
    return {
        (one.asked.name, one.asked.precision, one.tier, at.session, at.model, str(at.batch)): (one.told, one.rivals)
        for one, at in found_of
    }


def other_figures(row: Row, number: int) -> Row:
    """The row with figures that nobody measured."""
    factor = 1.3 + number % 7 / 10
    return replace(row, energy=row.energy and row.energy * factor, ratio=row.ratio and row.ratio * factor)


def write(path: Path, session: str, chosen: list[Row], *, factor: float = 1.0, **columns: str) -> Path:
    """A measurement file: shipped rows as another session, all but the FP16 figures times a factor."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(chosen[0].record))
        writer.writeheader()
        for row in chosen:
            record = {**row.record, "session": session, **columns}
            for name in ("energy_j_per_1k_tokens", "ratio_vs_fp16"):
                if record[name]:
                    record[name] = str(float(record[name]) * (1.01 if row.precision == "fp16" else factor))
            writer.writerow(record)
    return path


def of(*sessions: str) -> list[Row]:
    return [row for row in rows() if row.session in sessions and row.usable]


@pytest.mark.parametrize("block", blocks(rows()), ids=lambda block: "+".join(sorted(block)))
def test_what_a_session_measured_has_no_part_in_its_prediction(block: frozenset[str]) -> None:
    """Neither its figures nor the half-widths learned from them, whatever the sources that print them."""
    changed = [other_figures(row, at) if row.session in block else row for at, row in enumerate(rows())]
    measured = [row for row in changed if row.session in block]
    assert told(trials(measured, changed), block) == told(shipped(), block)


def test_a_session_under_another_name_does_not_predict_itself(tmp_path: Path) -> None:
    """A file that publishes shipped rows again is predicted without them."""
    path = tmp_path / "again.csv"
    rows_of_it = of("4090-2026-07")
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows_of_it[0].record))
        writer.writeheader()
        writer.writerows({**row.record, "session": "again"} for row in rows_of_it)
    found = trials(load(path)[0], rows())
    expected = [trial for trial in shipped() if trial.asked.point.session == "4090-2026-07"]
    assert [(one.tier, one.told) for one in found] == [(one.tier, one.told) for one in expected]
    assert all(trial.tier != "same GPU" for trial in found)


def test_sessions_that_share_fp16_rows_are_held_out_together() -> None:
    assert frozenset({"4090D-2026-02-12", "4090D-2026-02-13-pure", "unverified"}) in blocks(rows())
    assert len(blocks(rows())) >= 9


def test_the_shipped_rows_are_covered_as_stated() -> None:
    found = cells(shipped())
    assert [failure for cell in found for failure in cell.failures] == []
    large = [(cell.name, cell.tier) for cell in found if len(cell.trials) >= FEW]
    for tier in ("same GPU", "same architecture", "other architectures", "as answered"):
        assert ("nf4 / fp16", tier) in large
        assert ("FP16 joules", tier) in large
    assert ("int8_default / fp16", "other architectures") in large
    assert ("energy over batch", "same GPU") in large
    learned = next(cell for cell in found if (cell.name, cell.tier) == ("FP16 joules", "other architectures"))
    assert learned.floors == 0
    assert 0.85 <= learned.score.coverage <= 0.97


def test_the_documentation_prints_the_table() -> None:
    documented = DOCUMENTED.read_text(encoding="utf-8")
    missing = [
        line
        for line in (*lines(cells(shipped())), *extrapolated(cells(shipped(), inside=False)))
        if line not in documented
    ]
    assert not missing, "both tables are those that are printed by: python benchmarks/calibration.py"


def test_a_file_of_other_sessions_is_predicted_from_the_shipped_rows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "fresh.csv", "fresh", of("4090-2026-07"), factor=1.03)
    assert main([str(path)]) == 0
    said = capsys.readouterr().out.partition("Held-out files (fresh.csv)")[2]
    assert "| nf4 / fp16 " in said
    assert "| int8_default / fp16 " in said
    found = trials(load(path)[0], rows())
    same = [trial for trial in found if (trial.tier, trial.asked.name) == ("same GPU", "nf4 / fp16")]
    assert len(same) == 5
    assert all(exp(abs(trial.told.forecast.centre - trial.asked.point.value)) < 1.05 for trial in same)


def test_a_session_far_outside_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "far.csv", "far", of("4090-2026-07", "4090D-v1.1.0"), factor=4)
    assert main([str(path)]) == 1
    said = capsys.readouterr().out.partition("Held-out files (far.csv)")[2]
    assert "nf4 / fp16, as answered: 0% covered, less than 85%" in said
    found = [trial for trial in trials(load(path)[0], rows()) if trial.asked.kind == "ratio"]
    assert not any(trial.told.forecast.covers(trial.asked.point.value) for trial in found if trial.told.inside)


def test_rows_of_cards_and_models_are_those_of_the_catalogue(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A card without measurements is read under any name of it; one that nobody knows is left out, and told."""
    found, unknown = load(write(tmp_path / "l4.csv", "l4", of("4090-2026-07"), gpu="NVIDIA L4"))
    assert not unknown
    assert {(row.gpu, row.architecture) for row in found} == {("L4", "Ada Lovelace")}
    assert {trial.tier for trial in trials(found, rows())} == {
        "same architecture",
        "other architectures",
        "as answered",
    }
    path = write(tmp_path / "odd.csv", "odd", of("4090-2026-07"), gpu="Abacus 9000")
    assert main([str(path)]) == 2
    assert "odd.csv" in capsys.readouterr().err
    (tmp_path / "other.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    assert main([str(tmp_path / "other.csv")]) == 2
    assert "not a row of the measurements' schema" in capsys.readouterr().err


def test_half_widths_that_no_floor_sets_may_not_cover_everything() -> None:
    cell = next(each for each in cells(shipped()) if (each.name, each.tier) == ("FP16 joules", "other architectures"))
    wide = [
        replace(trial, told=replace(trial.told, forecast=replace(trial.told.forecast, down=9, up=9)))
        for trial in cell.trials
    ]
    assert "more than 97%" in replace(cell, trials=tuple(wide)).failures[0]
    floored = [replace(trial, told=replace(trial.told, at_floor=True)) for trial in wide]
    assert replace(cell, trials=tuple(floored)).failures == ()


def test_the_curve_finds_what_lies_on_one() -> None:
    def point(size: float, value: float) -> Point:
        return Point("s", "g", "a", f"m{size}", size, 1, value, (f"r{size}",))

    points = tuple(point(size, log(0.6 + 0.5 / size)) for size in (0.5, 1.5, 3.0, 7.0))

    class Few(Seen):
        def points(self, precision: str, against: str = "fp16") -> tuple[Point, ...]:
            return points

    found = saturating_curve(Few(Table(rows()), lambda _: True), Asked("ratio", "nf4", "fp16", point(2.0, 0.0)))
    assert found is not None
    assert found.centre == pytest.approx(log(0.6 + 0.25), abs=1e-6)
    assert found.width < 1e-6
