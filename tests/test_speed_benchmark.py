"""The generated manifests of the speed benchmark: one in a hundred describes a server, and ecolint finds just those."""

from __future__ import annotations

from pathlib import Path

import pytest
import speed

from ecolint.run import Request, check


def test_one_manifest_in_a_hundred_draws_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "SERVERS", 10)
    tree = speed.manifests(tmp_path, 60)
    assert len(list(tree.rglob("*.yaml"))) == 60
    monkeypatch.chdir(tree)
    found = check(Request(paths=(".",)))
    assert not found.report.problems
    assert len({one.place.path for one in found.report.findings}) == 6
    assert {one.code for one in found.report.findings} == {"ECO104"}


def test_every_measure_has_its_bound(tmp_path: Path) -> None:
    races = speed.races(tmp_path, ["start"])
    assert {race.name: race.bound for race in races} == {
        "one clean file": 1.5,
        "one file with findings": 2.0,
        "help": 1.3,
    }
