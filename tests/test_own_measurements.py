"""Measurements of one's own from the settings to the report, and `ecolint evidence --check`."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ecolint import cli, measurements
from ecolint.evidence import rows
from ecolint.settings import load

CODE = """from transformers import AutoModelForCausalLM, BitsAndBytesConfig

model = AutoModelForCausalLM.from_pretrained(
    "Qwen/Qwen2.5-1.5B-Instruct",
    quantization_config=BitsAndBytesConfig(load_in_8bit=True),
)
"""
HEAD = "row_id,gpu,model,precision,energy_j_per_1k_tokens,throughput_tok_s\n"
GOOD = "f,L40S,Qwen/Qwen2.5-1.5B-Instruct,fp16,2000,80\ni,L40S,Qwen/Qwen2.5-1.5B-Instruct,int8_default,6000,20\n"
BAD = "x,L40S,Qwen/Qwen2.5-7B,nf4,900000,20\ny,L50S,Qwen/Qwen2.5-7B,nf4,2000,20\n"

Ecolint = Callable[..., tuple[int, str, str]]


@pytest.fixture
def ecolint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ecolint:
    """The command line in a project whose settings name ours.csv: exit code, standard output, standard error."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "ecolint.toml").write_text('gpu = "L40S"\nevidence = ["data/ours.csv"]\n', encoding="utf-8")
    (tmp_path / "app.py").write_text(CODE, encoding="utf-8")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "ours.csv").write_text(HEAD + GOOD, encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    def run(*argv: str) -> tuple[int, str, str]:
        capsys.readouterr()
        return cli.run(argv), *capsys.readouterr()

    return run


def ours(text: str) -> None:
    Path("data/ours.csv").write_text(text, encoding="utf-8")


def estimate(ecolint: Ecolint, *options: str) -> dict[str, Any]:
    """The estimate of the first finding."""
    _, out, _ = ecolint("check", "--format", "json", *options)
    found: dict[str, Any] = json.loads(out)["findings"][0]["estimate"]
    return found


def test_a_finding_rests_on_the_users_rows_and_says_so(ecolint: Ecolint) -> None:
    code, out, err = ecolint("check")
    assert (code, err) == (1, "")
    assert "+200 %" in out
    assert "resting on rows i, f" in out
    assert "rests on your own measurements (data/ours.csv)" in " ".join(out.split())
    assert "Your own measurements, which come first (rows): data/ours.csv (2)." in out
    found = estimate(ecolint)
    assert found["rows"] == ["i", "f"]
    assert found["confidence"] == 3


def test_the_json_report_names_the_files_beside_the_dataset(ecolint: Ecolint) -> None:
    document = json.loads(ecolint("check", "--format", "json")[1])
    assert document["evidence"]["rows"] == len(rows())
    assert document["evidence"]["own"] == [{"path": "data/ours.csv", "rows": 2}]


def test_a_finding_that_the_users_rows_contradict_is_dropped(ecolint: Ecolint) -> None:
    ours(HEAD + GOOD.replace("6000", "1500"))
    assert ecolint("check")[0] == 0


def test_paths_are_relative_to_the_settings_wherever_one_stands(
    ecolint: Ecolint, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("deep").mkdir()
    Path("deep/app.py").write_text(CODE, encoding="utf-8")
    monkeypatch.chdir("deep")
    assert estimate(ecolint)["rows"] == ["i", "f"]
    assert "../data/ours.csv" in ecolint("evidence")[1]


@pytest.mark.parametrize("command", ["check", "evidence", "estimate Qwen/Qwen2.5-1.5B-Instruct"])
def test_each_bad_row_is_one_line_and_the_others_are_used(ecolint: Ecolint, command: str) -> None:
    ours(HEAD + BAD + GOOD)
    lines = ecolint(*command.split())[2].splitlines()
    assert [line.partition(": ")[0] for line in lines[:2]] == ["data/ours.csv:2", "data/ours.csv:3"]
    assert "row x, throughput_tok_s: energy × throughput is 18,000 W" in lines[0]
    assert lines[1].endswith("row y, gpu: the catalogue has no GPU 'L50S'; the nearest is L40S; the row is left out")
    assert estimate(ecolint)["rows"] == ["i", "f"]
    assert ecolint("check", "--strict")[0] == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "data/ours.csv: does not exist"),
        ("", "data/ours.csv:1: is empty"),
        ("row_id,gpu\n", "data/ours.csv:1: lacks model, precision, energy_j_per_1k_tokens"),
        (HEAD + "a\n" * 2001, "data/ours.csv: brings more than 2,000 rows"),
    ],
)
@pytest.mark.parametrize("command", ["check", "evidence"])
def test_a_file_that_cannot_be_used_is_an_error_of_the_settings(
    ecolint: Ecolint, text: str | None, said: str, command: str
) -> None:
    if text is None:
        Path("data/ours.csv").unlink()
    else:
        ours(text)
    code, out, err = ecolint(command)
    assert (code, out) == (2, "")
    assert err.startswith(f"ecolint: ecolint.toml:2: `evidence`: {said}")
    assert len(err.splitlines()) == 1


def test_a_large_file_without_an_end_is_refused_quickly(ecolint: Ecolint) -> None:
    Path("data/ours.csv").write_bytes(b"x" * 30_000_000)
    code, _, err = ecolint("check")
    assert code == 2
    assert "is larger than 20,000,000 bytes" in err


@pytest.mark.parametrize("value", ['"ours.csv"', "1", "[1]"])
def test_the_setting_is_a_list_of_paths(ecolint: Ecolint, value: str) -> None:
    Path("ecolint.toml").write_text(f"evidence = {value}\n", encoding="utf-8")
    code, _, err = ecolint("check")
    assert (code, "`evidence` takes a list of strings" in err) == (2, True)


def test_every_folder_has_the_rows_of_its_own_settings(ecolint: Ecolint) -> None:
    Path("other").mkdir()
    Path("other/ecolint.toml").write_text('gpu = "L40S"\n', encoding="utf-8")
    Path("other/app.py").write_text(CODE, encoding="utf-8")
    found = json.loads(ecolint("check", "--format", "json")[1])["findings"]
    by_path = {one["path"]: one["estimate"]["rows"] for one in found}
    assert by_path["app.py"] == ["i", "f"]
    assert not {"i", "f"} & set(by_path["other/app.py"])


def test_without_the_setting_nothing_is_read(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    settings = load(tmp_path, {})
    assert measurements.own(settings) is None
    assert measurements.table_of(settings) is None
    (tmp_path / "app.py").write_text(CODE, encoding="utf-8")
    for argv in (["--help"], ["check", str(tmp_path)]):
        code = (
            f"import sys; from ecolint import cli; cli.run({argv!r});"
            "print([n for n in ('own', 'doctor', 'sheet') if f'ecolint.evidence.{n}' in sys.modules], file=sys.stderr)"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stderr.splitlines()[-1] == "[]"


# --- ecolint evidence -------------------------------------------------------------------------------------------------


def test_rows_of_ones_own_are_listed_and_those_they_outrank_named(ecolint: Ecolint) -> None:
    ours(HEAD + GOOD.replace("L40S", "RTX 4090").replace("Qwen2.5-1.5B-Instruct", "Qwen2-1.5B"))
    text = ecolint("evidence")[1]
    assert [line.split()[0] for line in text.splitlines() if line.endswith("absolute") and "data/ours.csv" in line] == [
        "f",
        "i",
    ]
    behind = text.partition("Not used, because rows of your own measured the same:\n")[2].partition("\n\n")[0]
    assert behind.splitlines() == ["D1-07f: f", "D1-13q: i"]
    told = json.loads(ecolint("evidence", "--format", "json", "--gpu", "RTX 4090")[1])["rows"]
    assert {row["row_id"]: row["outranked_by"] for row in told if row["outranked_by"]} == {
        "D1-07f": ["f"],
        "D1-13q": ["i"],
    }
    assert told[-1]["source"] == "data/ours.csv"
    table = list(csv.DictReader(io.StringIO(ecolint("evidence", "--format", "csv")[1])))
    assert [row["row_id"] for row in table[-2:]] == ["f", "i"]
    assert (table[-1]["ratio_vs_fp16"], table[-1]["status"]) == ("3", "absolute")


def test_filters_speak_of_rows_of_ones_own_too(ecolint: Ecolint) -> None:
    heading, *lines = ecolint("evidence", "--gpu", "L40S")[1].splitlines()
    assert heading.startswith("row")
    assert [line.split()[0] for line in lines[:2]] == ["f", "i"]


# --- ecolint evidence --check -----------------------------------------------------------------------------------------


def test_the_shipped_rows_are_well_and_every_rejection_is_explained(ecolint: Ecolint) -> None:
    code, out, err = ecolint("evidence", "--check")
    assert (code, err) == (0, "")
    assert "Wrong:" not in out
    rejected = [row for row in rows() if not row.usable]
    for row in rejected:
        assert f"  {row.row_id} (line " in out
        assert row.reason in out
    assert "161 rows (115 absolute, 15 ratio-only, 31 rejected), 0 that cannot be read" in out
    assert out.splitlines()[-1].startswith("Evidence: EcoCompute measurements")


def test_what_is_wrong_with_a_file_comes_first(ecolint: Ecolint) -> None:
    ours(HEAD + GOOD + BAD)
    code, out, _ = ecolint("evidence", "--check", "data/ours.csv")
    assert code == 1
    lines = out.splitlines()
    assert lines[0] == "Wrong:"
    assert lines[1].startswith("  data/ours.csv:5: row y, gpu: the catalogue has no GPU")
    assert lines[2] == "  x (line 4: L40S, Qwen/Qwen2.5-7B, nf4, batch 1)"
    assert "data/ours.csv: 3 rows (3 absolute), 1 that cannot be read" in out


def test_the_diagnosis_is_printed_as_json(ecolint: Ecolint) -> None:
    ours(HEAD + GOOD + BAD)
    code, out, _ = ecolint("evidence", "--check", "data/ours.csv", "--format", "json")
    told = json.loads(out)
    assert (code, told["healthy"], told["file"]) == (1, False, "data/ours.csv")
    assert [(row["row_id"], row["line"], row["status"], row["wrong"]) for row in told["rows"]] == [
        ("f", 2, "absolute", False),
        ("i", 3, "absolute", False),
        ("x", 4, "absolute", True),
    ]
    failed = [check for check in told["rows"][2]["checks"] if check["result"] == "failed"]
    assert [(check["check"], check["column"]) for check in failed] == [("power", "throughput_tok_s")]
    assert failed[0]["given"] == pytest.approx(18_000)
    assert [(one["line"], one["row_id"], one["column"]) for one in told["unreadable"]] == [(5, "y", "gpu")]
    assert told["counts"]["checks"]["power"] == {"passed": 2, "failed": 1, "doubtful": 0, "not possible": 0}
    whole = json.loads(ecolint("evidence", "--check", "--format", "json")[1])
    assert whole["healthy"]
    assert len(whole["rows"]) == len(rows())


def test_a_check_can_be_of_some_rows(ecolint: Ecolint) -> None:
    told = json.loads(ecolint("evidence", "--check", "--format", "json", "--gpu", "T4", "--precision", "NF4")[1])
    assert {(row["gpu"], row["precision"]) for row in told["rows"]} == {("t4", "nf4")}
    told = json.loads(ecolint("evidence", "--check", "--format", "json", "--model", "Qwen/Qwen2.5-3B")[1])
    assert {row["model"] for row in told["rows"]} == {"Qwen2.5-3B"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--check", "none.csv"), "none.csv: does not exist"),
        (("--check", "data"), "data: is a folder"),
        (("--check", "app.py"), "app.py:1: lacks"),
        (("--check", "--gpu", "L4"), "--gpu L4: no row of measurements.csv fits"),
        (("--check", "--format", "csv"), "--check prints text or JSON"),
    ],
)
def test_what_cannot_be_checked_is_told(ecolint: Ecolint, options: tuple[str, ...], said: str) -> None:
    code, out, err = ecolint("evidence", *options)
    assert (code, out) == (2, "")
    assert said in err


def test_a_misspelt_heading_alone_makes_no_file_wrong(ecolint: Ecolint) -> None:
    ours((HEAD + GOOD).replace("throughput_tok_s", "troughput_tok_s"))
    code, out, _ = ecolint("evidence", "--check", "data/ours.csv")
    assert code == 0
    assert "column troughput_tok_s: is not read; is throughput_tok_s meant?" in out
