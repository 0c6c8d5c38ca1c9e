"""`ecolint evidence`: the rows behind the numbers, filtered, in every form; nothing rejected passes for usable."""

from __future__ import annotations

import csv
import io
import json

import pytest

from ecolint import cli, rowsheet
from ecolint.dataset import DOIS, VERSION
from ecolint.evidence import rows


def printed(capsys: pytest.CaptureFixture[str], *options: str) -> str:
    assert cli.run(["evidence", *options]) == 0
    return capsys.readouterr().out


def test_the_table_shows_every_usable_row_and_where_it_comes_from(capsys: pytest.CaptureFixture[str]) -> None:
    heading, *lines = printed(capsys).splitlines()
    assert heading.split()[:4] == ["row", "gpu", "model", "precision"]
    assert [line.split()[0] for line in lines[:-2]] == [row.row_id for row in rows() if row.usable]
    assert VERSION in lines[-1]
    assert all(doi in lines[-1] for doi in DOIS)


def test_rejected_rows_come_with_their_reason_and_without_figures(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, "--all")
    for row in rows():
        assert f"{row.row_id} " in text
        assert (f"{row.row_id}: {row.reason}" in text) == (not row.usable)
    rejected = next(line for line in text.splitlines() if line.endswith("rejected"))
    assert " -  " in rejected


@pytest.mark.parametrize(
    ("options", "column", "value"),
    [
        (("--gpu", "RTX 5090"), "gpu", "rtx5090"),
        (("--gpu", "rtx5090"), "gpu", "rtx5090"),
        (("--precision", "NF4"), "precision", "nf4"),
        (("--model", "Qwen/Qwen2.5-3B"), "model", "Qwen2.5-3B"),
    ],
)
def test_filters_let_through_what_they_name(
    capsys: pytest.CaptureFixture[str], options: tuple[str, str], column: str, value: str
) -> None:
    found = list(csv.DictReader(io.StringIO(printed(capsys, "--format", "csv", *options))))
    assert found
    assert {row[column] for row in found} == {value}
    assert {row["row_id"] for row in found} == {
        row.row_id for row in rows() if row.usable and row.record[column] == value
    }


def test_json_and_markdown_say_the_same_as_the_rows(capsys: pytest.CaptureFixture[str]) -> None:
    told = json.loads(printed(capsys, "--format", "json", "--all"))
    assert (told["version"], told["doi"]) == (VERSION, list(DOIS))
    by_id = {row.row_id: row for row in rows()}
    assert {one["row_id"]: one["ratio_vs_fp16"] for one in told["rows"]} == {n: row.ratio for n, row in by_id.items()}
    assert all(one["status"] == by_id[one["row_id"]].status for one in told["rows"])
    lines = printed(capsys, "--format", "markdown", "--all").splitlines()
    assert len([line for line in lines if line.startswith("| ")]) == len(by_id) + 2
    assert len({line.count("|") - 2 * line.count("\\|") for line in lines if line.startswith("| ")}) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--gpu", "L4"), "--gpu L4: nothing was measured with it"),
        (("--precision", "nf5"), "did you mean nf4?"),
        (("--model", "nobody/has-this"), "--model nobody/has-this: nothing was measured with it"),
    ],
)
def test_a_filter_that_fits_nothing_is_told(
    capsys: pytest.CaptureFixture[str], options: tuple[str, str], message: str
) -> None:
    assert cli.run(["evidence", *options]) == 2
    assert message in capsys.readouterr().err


def test_filters_that_fit_no_row_together_say_so(capsys: pytest.CaptureFixture[str]) -> None:
    pairs = {(row.gpu_name, row.precision) for row in rows() if row.usable}
    cards, precisions = {gpu for gpu, _ in pairs}, {precision for _, precision in pairs}
    gpu, precision = next((g, p) for g in sorted(cards) for p in sorted(precisions) if (g, p) not in pairs)
    assert rowsheet.asked(rowsheet.Filters(gpu=gpu, precision=precision)) == []
    assert printed(capsys, "--gpu", gpu, "--precision", precision).startswith("No row passes these filters.\n")
