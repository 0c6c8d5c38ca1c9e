"""The speed benchmark: what it generates, what it holds ecolint to, and that it counts what it says it counts."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import grounds
import measures as measures_of
import pytest
import speed
import stages
from measures import Growth, Measure, Race, Tool, run, slope
from tables import Row, as_markdown, as_text, versions

from ecolint.run import Request, check

ISSUE = {
    "corpus, default rules": 0.6,
    "corpus, all rules": 0.8,
    "corpus, two rules": 0.2,
    "three libraries": 1 / 200,
    "manifests": 0.1,
    "corpus, warm cache": 0.4,
    "one clean file": 1.5,
    "one file with findings": 2.0,
    "--help": 1.3,
    "memory, default rules": 150,
    "memory, all rules": 150,
    "memory, first run ever": 150,
    "memory, warm cache": 150,
    "growth": 1.05,
}
"""What must be reached."""


def python(*lines: str) -> Tool:
    return Tool("python", (sys.executable, "-c", "\n".join(lines)))


@pytest.fixture
def small_grounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which the corpus is there already: three wheels of one file each, and few manifests."""
    monkeypatch.setattr(grounds, "WHEELS", ())
    monkeypatch.setattr(grounds, "MANIFESTS", 3)
    for name in grounds.SMALL:
        grounds.single(tmp_path / "corpus", name, grounds.WASTEFUL)
    return tmp_path


def test_one_manifest_in_a_hundred_draws_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grounds, "SERVERS", 10)
    tree = grounds.manifests(tmp_path, 60)
    assert len(list(tree.rglob("*.yaml"))) == 60
    monkeypatch.chdir(tree)
    found = check(Request(paths=(".",)))
    assert not found.report.problems
    assert len({one.place.path for one in found.report.findings}) == 6
    assert {one.code for one in found.report.findings} == {"ECO104"}


def test_the_wasteful_file_has_a_finding_and_the_clean_one_has_none(tmp_path: Path) -> None:
    for text, codes in ((grounds.CLEAN, set()), (grounds.WASTEFUL, {"ECO101"})):
        place = grounds.single(tmp_path, "one", text)
        assert {one.code for one in check(Request(paths=(str(place),))).report.findings} == codes


def test_copies_hold_the_same_files(small_grounds: Path) -> None:
    tree = grounds.copies(small_grounds, 2)
    found = [sorted(one.relative_to(tree / name) for one in (tree / name).rglob("*.py")) for name in ("1", "2")]
    assert found[0] == found[1] == sorted(Path(name, "app.py") for name in grounds.SMALL)


# --- what is measured -------------------------------------------------------------------------------------------------


def measures(folder: Path) -> Iterator[Measure]:
    for group in speed.GROUPS.values():
        yield from group(folder)


def test_every_measure_has_its_bound(small_grounds: Path) -> None:
    found: dict[str, float] = {}
    for one in measures(small_grounds):
        assert found.get(one.name, one.bound) == one.bound
        found[one.name] = one.bound
    assert found == ISSUE


def test_cold_runs_take_nothing_from_the_cache_and_no_run_from_the_users(small_grounds: Path) -> None:
    kept = set()
    for one in measures(small_grounds):
        for tool in one.tools:
            if "check" in tool.argv and "--exit-zero" in tool.argv:
                assert tool.cache is not None
                assert tool.cache.parent == small_grounds
                if "--no-cache" not in tool.argv:
                    kept.add(one.name)
    assert kept == {"corpus, warm cache", "memory, first run ever", "memory, warm cache"}


def test_growth_reads_once_twice_four_and_eight_times_as_much(small_grounds: Path) -> None:
    (growth,) = speed.of_growth(small_grounds)
    assert isinstance(growth, Growth)
    for size, tool in growth.sizes:
        assert tool.argv[-size:] == tuple(str(number) for number in range(1, size + 1))
        assert all((growth.folder / name).is_dir() for name in tool.argv[-size:])
    assert [size for size, _ in growth.sizes] == [1, 2, 4, 8]


# --- how it is measured -----------------------------------------------------------------------------------------------


@pytest.mark.skipif(not hasattr(os, "wait4"), reason="nobody tells there what a process took")
def test_the_peak_is_that_of_the_largest_process_below(tmp_path: Path) -> None:
    # What a process takes at least is what it was copied from, here a whole session of tests.
    held = run(python("pass"), tmp_path).peak + 100_000_000
    worker = ["import subprocess, sys", f"subprocess.run([sys.executable, '-c', 'b\"x\" * {held}'])"]
    assert run(python(*worker), tmp_path).peak >= held


def test_a_run_that_did_not_do_its_work_is_no_measure(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="exit status 3") as error:
        run(python("import sys", "print('what went wrong', file=sys.stderr)", "sys.exit(3)"), tmp_path)
    assert "what went wrong" in str(getattr(error.value, "stderr", ""))


def test_runs_may_keep_modules_compiled_and_take_every_shortcut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("ECOLINT_WITHOUT", "all")
    asks = ["import os, sys", "sys.exit(sys.dont_write_bytecode or 'ECOLINT_WITHOUT' in os.environ)"]
    run(Tool("python", python(*asks).argv, ends=(0,)), tmp_path)


def test_a_fresh_run_finds_an_empty_cache(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "old").touch()
    asks = "import os; raise SystemExit(os.path.exists(os.environ['ECOLINT_CACHE_DIR']))"
    run(Tool("python", (sys.executable, "-c", asks), ends=(1,), cache=cache), tmp_path)
    run(Tool("python", (sys.executable, "-c", asks), ends=(0,), cache=cache, fresh=True), tmp_path)


def test_a_slow_tool_is_stopped_with_whatever_works_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measures_of, "LONGEST", 1.0)
    lines = ["import subprocess, sys, time", "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])"]
    endless = replace(python(*lines, "time.sleep(60)"), slow=True)
    (row,) = Race("a race", tmp_path, python("pass"), endless, 1).rows(1)
    assert row.theirs == "over 1 s"
    assert row.against == "python, stopped"
    assert not row.missed
    assert run(replace(python("pass"), slow=True), tmp_path).stopped is False


def test_the_slope_is_the_exponent() -> None:
    assert slope([1, 2, 4, 8], [3, 6, 12, 24]) == pytest.approx(1)
    assert slope([1, 2, 4, 8], [1, 4, 16, 64]) == pytest.approx(2)
    assert slope([1, 2, 4, 8], [5, 5, 5, 5]) == pytest.approx(0)


# --- what is shown ----------------------------------------------------------------------------------------------------


def lone(monkeypatch: pytest.MonkeyPatch, measure: Measure) -> None:
    monkeypatch.setattr(speed, "GROUPS", {"start": lambda _: iter([measure])})


@pytest.mark.parametrize(("bound", "code"), [(1e9, 0), (0.0, 1)])
def test_a_missed_bound_ends_with_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bound: float, code: int) -> None:
    lone(monkeypatch, Race("a race", tmp_path, python("import click"), python("import click"), bound))
    said: list[str] = []
    assert speed.main([str(tmp_path), "--runs", "1"], said.append) == code
    (line,) = (one for one in said if one.startswith("a race"))
    assert line.endswith("MISSED") == bool(code)
    assert "1 runs" in said[-1]


def test_a_tool_that_is_not_installed_is_said_to_be_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lone(monkeypatch, Race("a race", tmp_path, python("import click"), Tool("nowhere", ("ecolint-nowhere",)), 1))
    said: list[str] = []
    assert speed.main([str(tmp_path), "--runs", "1"], said.append) == 0
    assert "a race: nowhere is not installed" in said


def test_a_tool_that_fails_is_told_of_and_ends_with_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = Tool("broken", python("raise SystemExit('what went wrong')").argv, ends=(0,))
    ran = python("import click")
    races = [Race("broken", tmp_path, ran, broken, 1e9), Race("whole", tmp_path, ran, ran, 1e9)]
    monkeypatch.setattr(speed, "GROUPS", {"start": lambda _: iter(races)})
    monkeypatch.setattr(speed, "versions", lambda _: ())
    said: list[str] = []
    assert speed.main([str(tmp_path), "--runs", "1"], said.append) == 1
    assert any(one.startswith("broken") and "what went wrong" in one for one in said)
    assert any(one.startswith("whole") and one.endswith("python") for one in said)


def test_growth_tells_time_and_memory(tmp_path: Path) -> None:
    rows = list(Growth("growth", tmp_path, ((1, python("pass")), (2, python("pass"))), 1.05).rows(1))
    assert [row.name for row in rows] == ["growth, time", "growth, memory"][: 2 if hasattr(os, "wait4") else 1]


def test_a_row_as_text_and_as_markdown() -> None:
    row = Row("manifests", "0.31 s", "4.00 s", 0.0775, 0.1, "yamllint")
    assert as_text(row).split() == ["manifests", "0.31", "s", "4.00", "s", "0.0775", "0.10", "yamllint"]
    assert as_markdown(row) == "| manifests | 0.31 s | 4.00 s | 0.0775 | 0.10 | yamllint |"
    assert as_markdown(row._replace(figure=0.2)).split("|")[4] == " **0.20** (missed) "
    assert as_markdown(None).count("|") == 2 * as_markdown(row).count("|")


def test_versions_are_told(tmp_path: Path) -> None:
    assert versions((sys.executable, "-c", "import click, tomli"))[0].startswith("click ")
    assert len(versions((sys.executable, "-c", "import click, tomli"))) == 2


def test_stages_add_up_to_what_was_profiled(tmp_path: Path) -> None:
    place = grounds.single(tmp_path, "one", grounds.WASTEFUL)
    stats = stages.profile(place)
    found = stages.shares(stats)
    assert sum(found.values()) == pytest.approx(stats.total_tt)  # type: ignore[attr-defined]
    assert set(found) == {*stages.STAGES, "rest"}
    assert found["LibCST"] > 0
    assert found["rest"] < 0.1 * sum(found.values())


def test_what_gets_how_far_is_counted(tmp_path: Path) -> None:
    for name in ("clean", "wasteful"):
        grounds.single(tmp_path, name, getattr(grounds, name.upper()))
    found = stages.counts(stages.profile(tmp_path))
    assert (found["files looked at"], found["of which something may be in"]) == (2, 1)
    assert all(found.values())
