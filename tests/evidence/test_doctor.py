"""The doctor: each check holds for a row that is consistent, and fails or doubts where the row is not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ecolint import catalog
from ecolint.evidence import rows
from ecolint.evidence.checks import CHECKS, Check
from ecolint.evidence.doctor import Diagnosis, Examination, examine, shipped_sheet
from ecolint.evidence.measured import idle_power
from ecolint.evidence.sheet import IDLE, REQUIRED, Record, Sheet, columns

BASE: Mapping[str, object] = {
    "row_id": "base",
    "gpu": "rtx5090",
    "model": "Qwen2.5-7B",
    "precision": "fp16",
    "throughput_tok_s": 70,
    "power_w": 350,
    "energy_j_per_1k_tokens": 5000,
}


def examined(*records: Mapping[str, object], reference: Any = ()) -> Examination:
    """A file of these rows, held against no others unless they are given."""
    empty = dict.fromkeys(columns(), "")
    found = [
        Record(line, {**empty, **{name: str(cell) for name, cell in record.items()}})
        for line, record in enumerate(records, 2)
    ]
    return examine(Sheet("ours.csv", tuple(found), ()), reference)


def diagnosed(**cells: Any) -> Diagnosis:
    """The base row with some other cells, alone in its file."""
    (found,) = examined({**BASE, **cells}).diagnoses
    return found


def checks(diagnosis: Diagnosis, name: str) -> list[Check]:
    return [check for check in diagnosis.checks if check.name == name]


def result(diagnosis: Diagnosis, name: str) -> str:
    """The worst result of a check."""
    found = {check.result for check in checks(diagnosis, name)}
    return next((each for each in ("failed", "doubtful", "passed") if each in found), "not possible")


# --- each check -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "expected", "said"),
    [
        ({}, "passed", "power over throughput"),
        ({"energy_j_per_1k_tokens": 5090}, "passed", "gross"),
        ({"energy_j_per_1k_tokens": 5200}, "failed", "is not 5,000 J"),
        ({"energy_j_per_1k_tokens": 4686}, "failed", "without 22 W of idle power: this column is gross"),
        ({"energy_j_per_1k_tokens": 520000}, "failed", "is not 5,000 J"),
        ({"power_w": ""}, "not possible", ""),
    ],
)
def test_energy_is_power_over_throughput(cells: dict[str, object], expected: str, said: str) -> None:
    found = diagnosed(**cells)
    assert result(found, "energy") == expected
    assert not said or said in checks(found, "energy")[0].said


@pytest.mark.parametrize(
    ("printed", "subtracted", "expected", "said"),
    [
        (5000, "no", "passed", "gross"),
        (4686, "yes", "passed", "without 22 W of idle power"),
        (4686, "unknown", "passed", "without 22 W"),
        (5000, "unknown", "passed", "gross"),
        (5000, "yes", "failed", "idle_subtracted should be no"),
        (4686, "no", "failed", "idle_subtracted should be yes"),
        (9000, "unknown", "failed", "neither 5,000 J"),
        (9000, "no", "failed", "is not 5,000 J"),
    ],
)
def test_the_convention_of_a_printed_energy_is_told(printed: float, subtracted: str, expected: str, said: str) -> None:
    found = diagnosed(published_energy_j_per_1k_tokens=printed, idle_subtracted=subtracted)
    first = checks(found, "energy")[0]
    assert first.column == "published_energy_j_per_1k_tokens"
    assert (first.result, said in first.said) == (expected, True)


def test_idle_power_comes_from_the_row_before_the_table() -> None:
    net = {"published_energy_j_per_1k_tokens": 4000, "idle_subtracted": "yes", "energy_j_per_1k_tokens": ""}
    assert result(diagnosed(**net, idle_power_w=70), "energy") == "passed"
    assert result(diagnosed(**net), "energy") == "failed"
    # Nothing says what an L40S draws idle: what is missing is taken for it, within reason.
    assert result(diagnosed(**net, gpu="L40S"), "energy") == "passed"
    assert result(diagnosed(**{**net, "published_energy_j_per_1k_tokens": 2000}, gpu="L40S"), "energy") == "failed"


def test_idle_power_is_added_back() -> None:
    net = {"published_energy_j_per_1k_tokens": 4686, "idle_subtracted": "yes", "power_w": ""}
    assert result(diagnosed(**net), "energy") == "passed"
    assert result(diagnosed(**net, energy_j_per_1k_tokens=4686), "energy") == "failed"
    alone = diagnosed(**net, energy_j_per_1k_tokens="")
    assert alone.row.gross == pytest.approx(5000, rel=1e-3)
    assert alone.status == "absolute"


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({}, "passed"),
        ({"throughput_tok_s": 130, "energy_j_per_1k_tokens": 2692}, "failed"),
        ({"throughput_tok_s": 130, "energy_j_per_1k_tokens": 2692, "batch_size": 2}, "passed"),
        ({"throughput_tok_s": 130, "energy_j_per_1k_tokens": 2692, "precision": "nf4"}, "passed"),
        ({"precision": "gptq"}, "not possible"),
        ({"throughput_tok_s": ""}, "not possible"),
    ],
)
def test_the_weights_are_read_for_every_token_of_a_sequence(cells: dict[str, object], expected: str) -> None:
    found = diagnosed(**cells)
    assert result(found, "bandwidth") == expected
    if expected == "failed":
        assert "takes 1,980 GB/s, and the board has 1,792" in checks(found, "bandwidth")[0].said


@pytest.mark.parametrize(("joules", "expected"), [(1280, "passed"), (1290, "passed"), (12.3, "failed")])
@pytest.mark.parametrize("batch", [1, 8])
def test_a_request_takes_the_joules_of_its_tokens_at_any_batch(joules: float, expected: str, batch: int) -> None:
    found = diagnosed(published_energy_j_per_request=joules, new_tokens=256, batch_size=batch)
    assert result(found, "request") == expected
    if expected == "failed":
        assert "104 times away" in checks(found, "request")[0].said


@pytest.mark.parametrize(
    ("cells", "expected", "said"),
    [
        ({}, "passed", "between 22 W of an idle board and 600 W at most"),
        ({"energy_j_per_1k_tokens": 300, "power_w": ""}, "failed", "is 21 W, and the board draws 22 W"),
        ({"energy_j_per_1k_tokens": 9500, "power_w": ""}, "failed", "takes 600 W at most"),
        ({"energy_j_per_1k_tokens": 8900, "power_w": ""}, "passed", ""),
        ({"energy_j_per_1k_tokens": 0.2, "power_w": "", "gpu": "T4"}, "failed", "no board of the catalogue"),
        ({"gpu": "a800"}, "passed", "its limit is not known"),
        ({"energy_j_per_1k_tokens": "", "throughput_tok_s": ""}, "passed", "power is 350 W"),
        ({"energy_j_per_1k_tokens": "", "throughput_tok_s": "", "power_w": 14}, "failed", "power is 14 W"),
    ],
)
def test_power_lies_between_idle_and_the_limit(cells: dict[str, object], expected: str, said: str) -> None:
    found = diagnosed(**cells)
    assert result(found, "power") == expected
    assert said in checks(found, "power")[0].said


def test_a_request_of_47_joules_is_caught() -> None:
    """The printed 47 J of a 7B model in NF4 on the RTX 4090D: 14 W."""
    found = diagnosed(
        gpu="rtx4090d",
        precision="nf4",
        energy_j_per_1k_tokens="",
        power_w="",
        throughput_tok_s=38.2,
        published_energy_j_per_request=47,
        new_tokens=128,
    )
    assert result(found, "power") == "failed"


OTHER: Mapping[str, object] = {
    **BASE,
    "row_id": "other",
    "precision": "nf4",
    "throughput_tok_s": 40,
    "power_w": 200,
    "baseline_row_id": "base",
    "ratio_vs_fp16": 1.0,
}


def second(base: Mapping[str, object] = BASE, /, **cells: Any) -> Diagnosis:
    """A row of NF4 beside its FP16 row."""
    return examined(base, {**OTHER, **cells}).diagnoses[1]


@pytest.mark.parametrize(
    ("cells", "expected", "said"),
    [
        ({}, "passed", "FP16 of the same session"),
        ({"baseline_row_id": "none"}, "failed", "no row none in this file"),
        ({"baseline_row_id": ""}, "not possible", ""),
        ({"model": "Qwen2.5-3B"}, "failed", "model Qwen/Qwen2.5-7B, not Qwen/Qwen2.5-3B"),
        ({"gpu": "RTX 4090"}, "failed", "gpu rtx5090, not rtx4090"),
        ({"batch_size": 4}, "failed", "batch_size 1, not 4"),
        ({"session": "tuesday"}, "doubtful", "another session"),
        ({"baseline_row_id": "other"}, "failed", "is nf4"),
    ],
)
def test_a_baseline_differs_in_precision_alone(cells: dict[str, object], expected: str, said: str) -> None:
    found = second(**cells)
    assert result(found, "baseline") == expected
    assert not said or said in checks(found, "baseline")[0].said


def test_a_baseline_may_be_bf16_and_need_not_be_named() -> None:
    assert result(second({**BASE, "precision": "bf16"}), "baseline") == "passed"
    unnamed = second(baseline_row_id="", ratio_vs_fp16=1.5)
    assert result(unnamed, "ratio") == "failed"
    assert unnamed.base is not None
    # Two rows of FP16 in one scene: which is meant?
    twice = examined(BASE, {**BASE, "row_id": "again"}, {**OTHER, "baseline_row_id": ""}).diagnoses[2]
    assert (twice.base, result(twice, "baseline")) == (None, "failed")


@pytest.mark.parametrize(("ratio", "expected"), [(1.0, "passed"), (1.009, "passed"), (1.02, "failed")])
def test_a_ratio_is_the_quotient_of_its_energies(ratio: float, expected: str) -> None:
    assert result(second(ratio_vs_fp16=ratio), "ratio") == expected


@pytest.mark.parametrize(("delta", "expected"), [(0, "passed"), (0.4, "passed"), (-11.5, "failed")])
def test_a_printed_difference_is_that_of_the_energies(delta: float, expected: str) -> None:
    assert result(second(published_delta_vs_fp16_pct=delta), "delta") == expected


def test_a_printed_difference_may_be_net_of_idle_power() -> None:
    net = {"idle_subtracted": "yes", "power_w": ""}
    base = {**BASE, **net, "published_energy_j_per_1k_tokens": 4685.7}
    found = second(base, **net, published_energy_j_per_1k_tokens=4450, published_delta_vs_fp16_pct=-5.0)
    assert result(found, "delta") == "passed"
    assert "gross it is +0.0 %" in checks(found, "delta")[0].said


def test_what_other_sessions_say_gives_cause_for_doubt_and_no_more() -> None:
    others = [each.row for each in examined({**BASE, "row_id": "peer", "session": "other"}).diagnoses]
    for factor, expected in ((1.4, "passed"), (1.6, "doubtful"), (0.6, "doubtful")):
        record = {**BASE, "energy_j_per_1k_tokens": 5000 * factor, "power_w": ""}
        (found,) = examined(record, reference=others).diagnoses
        assert result(found, "peers") == expected
        assert not found.wrong
    (alone,) = examined({**BASE, "model": "Qwen2.5-3B"}, reference=others).diagnoses
    assert result(alone, "peers") == "not possible"


def test_weights_fit_into_the_memory_that_was_seen() -> None:
    assert result(diagnosed(gpu_memory_gb=15), "memory") == "passed"
    assert result(diagnosed(gpu_memory_gb=9), "memory") == "doubtful"


# --- rows and files ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "column", "said"),
    [
        ({"row_id": ""}, "row_id", "letters, digits"),
        ({"row_id": "a\x1b[31m"}, "row_id", "letters, digits"),
        ({"gpu": "RTX 5091"}, "gpu", "no GPU 'RTX 5091'; the nearest is RTX 5090"),
        ({"gpu": ""}, "gpu", "no GPU ''"),
        ({"gpu": "A100"}, "gpu", "can be any of"),
        ({"model": "Qwn2.5-Coder"}, "model", "no size is known"),
        ({"model": "Qwn2.5-7B"}, "model", "is nearly Qwen/Qwen2.5-7B"),
        ({"model": ""}, "model", "a name that states its size"),
        ({"precision": "nf5"}, "precision", "the nearest is nf4"),
        ({"precision": "?"}, "precision", "is none of"),
        ({"batch_size": 1.5}, "batch_size", "no whole number"),
        ({"batch_size": 0}, "batch_size", "not above 0"),
        ({"energy_j_per_1k_tokens": "1,200"}, "energy_j_per_1k_tokens", "no number"),
        ({"energy_j_per_1k_tokens": -5}, "energy_j_per_1k_tokens", "not above 0"),
        ({"energy_j_per_1k_tokens": "nan"}, "energy_j_per_1k_tokens", "no number"),
        ({"energy_j_per_1k_tokens": "1e999"}, "energy_j_per_1k_tokens", "no number"),
        ({"energy_j_per_1k_tokens": "١٢"}, "energy_j_per_1k_tokens", "no number"),
        ({"idle_subtracted": "perhaps"}, "idle_subtracted", "is none of yes, no, unknown"),
        ({"status": "fine"}, "status", "is none of absolute, ratio-only, rejected"),
    ],
)
def test_a_row_that_cannot_be_read_is_told_with_its_column(cells: dict[str, object], column: str, said: str) -> None:
    examination = examined({**BASE, **cells})
    (bad,) = examination.complaints
    assert (bad.file, bad.line, bad.column, said in bad.said) == ("ours.csv", 2, column, True)
    assert bad.reason.isprintable()
    assert examination.bad == (bad,)
    assert not examination.diagnoses


def test_the_first_row_of_an_id_stands() -> None:
    examination = examined(BASE, BASE)
    assert [each.row.line for each in examination.diagnoses] == [2]
    assert [(one.line, one.column) for one in examination.bad] == [(3, "row_id")]


@pytest.mark.parametrize(
    ("cells", "status"),
    [
        ({}, "absolute"),
        ({"energy_j_per_1k_tokens": ""}, "absolute"),
        ({"energy_j_per_1k_tokens": "", "power_w": ""}, "ratio-only"),
        ({"status": "rejected"}, "rejected"),
        ({"status": "ratio-only"}, "ratio-only"),
    ],
)
def test_a_row_without_a_status_gets_one(cells: dict[str, object], status: str) -> None:
    assert diagnosed(**cells).status == status


def test_a_row_with_nothing_to_compute_with_is_wrong() -> None:
    nothing = {"energy_j_per_1k_tokens": "", "power_w": ""}
    found = diagnosed(**nothing, precision="nf4")
    assert found.wrong
    assert found.failed[0].column == "energy_j_per_1k_tokens"
    assert diagnosed(**nothing, status="absolute").wrong
    assert not diagnosed(**nothing, precision="nf4", status="rejected").wrong
    assert second(**nothing).status == "ratio-only"


# --- the shipped rows -------------------------------------------------------------------------------------------------

SHIPPED = examine(shipped_sheet())
BY_ARITHMETIC = {f"A6-0{n}" for n in range(1, 8)} | {"A8-02", "B1-02", "B1-03", "C6-01", "C6-02", "C6-03"}
BY_OTHERS = {
    *("A3-02", "A3-05", "A3-06", "A3-08", "A8-01", "A8-06", "A8-07"),
    *("B1-01", "B1-04", "B1-05", "B1-06"),
}
BY_JUDGEMENT = {"A2-03", "A2-04", "A3-07", "A8-03", "A8-04", "A8-05", "B1-07"}


def test_every_shipped_row_is_read_as_it_is_shipped() -> None:
    assert not SHIPPED.complaints
    assert [each.row.row_id for each in SHIPPED.diagnoses] == [row.row_id for row in rows()]
    for each, row in zip(SHIPPED.diagnoses, rows(), strict=True):
        assert (each.status, each.row.gpu, each.row.model, each.row.size_b) == (
            row.status,
            row.gpu,
            row.model,
            row.size_b,
        )


def test_no_usable_shipped_row_fails_a_check() -> None:
    assert not SHIPPED.bad
    doubtful = {each.row.row_id for each in SHIPPED.diagnoses if each.status != "rejected" and each.doubtful}
    assert doubtful == {"A3-04", "A4-03", "A4-06", "C2-04", "C2-14"}
    assert all(each.status == "ratio-only" for each in SHIPPED.diagnoses if each.row.row_id in doubtful)


def test_every_rejected_row_is_explained() -> None:
    """By a check that fails, by what other sessions measured, or by nothing but its reason, which is then told."""
    rejected = {each.row.row_id: each for each in SHIPPED.diagnoses if each.status == "rejected"}
    assert {name for name, each in rejected.items() if each.failed} == BY_ARITHMETIC
    assert {name for name, each in rejected.items() if each.doubtful and not each.failed} == BY_OTHERS
    assert {name for name, each in rejected.items() if not each.doubtful and not each.failed} == BY_JUDGEMENT
    for name, each in rejected.items():
        assert each.explained.endswith(each.row.reason)
        assert ("no arithmetic shows" in each.explained) == (name in BY_JUDGEMENT)


def test_the_shipped_rows_make_every_check() -> None:
    assert set(SHIPPED.counts) == set(CHECKS)
    assert all(found["passed"] for found in SHIPPED.counts.values())


def test_the_documentation_says_what_the_doctor_says() -> None:
    text = (Path(__file__).parents[2] / "docs" / "evidence.md").read_text(encoding="utf-8")
    section = text.partition("## The doctor")[2].partition("## Measurements of your own")[0]
    assert all(f"| `{name}` | " in section for name in CHECKS)
    for rows_of in (BY_OTHERS, BY_JUDGEMENT):
        assert f"* {len(rows_of)} " in section
        assert all(name in section for name in rows_of)
    assert f"* {len(BY_ARITHMETIC)} fail a check" in section
    columns_told = text.partition("## Measurements of your own")[2].partition("Every row goes")[0]
    assert all(f"`{column}`" in columns_told for column in (*REQUIRED, IDLE))


def test_idle_powers_belong_to_measured_gpus() -> None:
    assert set(idle_power()) <= {row.gpu for row in rows()}


# --- properties -------------------------------------------------------------------------------------------------------

CARDS = [card for card in catalog.all_gpus() if card.bandwidth_gbs and (card.tdp_w or card.max_power_w)]
MODELS = ["Qwen/Qwen2.5-1.5B-Instruct", "Qwen/Qwen2.5-7B", "meta-llama/Llama-2-13b-hf"]


@st.composite
def consistent(draw: st.DrawFn) -> dict[str, object]:
    """A row as a careful person would write it: possible on its card, and one energy in every column."""
    card = draw(st.sampled_from(CARDS))
    precision = draw(st.sampled_from(["fp16", "nf4", "int8_default", "fp8"]))
    model = draw(st.sampled_from(MODELS))
    known = catalog.model(model)
    assert known is not None
    assert known.active_b is not None
    weights = catalog.weights_gb(known.active_b, precision)
    assert weights is not None
    batch = draw(st.integers(1, 64))
    share = draw(st.floats(0.01, 0.95))
    tokens_s = share * (card.bandwidth_gbs or 0.0) / weights * batch
    limit = card.max_power_w or card.tdp_w or 0.0
    idle = idle_power().get(card.evidence or "", 5.0)
    power = draw(st.floats(0.0, 1.0)) * (limit - 1.1 * idle) + 1.1 * idle
    tokens = draw(st.integers(1, 2048))
    energy = 1000 * power / tokens_s
    return {
        "row_id": "it",
        "gpu": card.name,
        "model": model,
        "precision": precision,
        "batch_size": batch,
        "throughput_tok_s": repr(tokens_s),
        "power_w": repr(power),
        "new_tokens": tokens,
        "energy_j_per_1k_tokens": repr(energy),
        "published_energy_j_per_request": repr(energy * tokens / 1000),
    }


@given(row=consistent())
def test_a_consistent_row_passes_every_check(row: dict[str, object]) -> None:
    assume(len(catalog.gpus(str(row["gpu"]))) == 1)
    (found,) = examined(row).diagnoses
    assert {check.result for check in found.checks} == {"passed"}, found.checks
    assert {check.name for check in found.checks} == {"energy", "bandwidth", "request", "power"}


@given(row=consistent(), factor=st.sampled_from([104.0, 1 / 104.0, 1.05, 0.95]))
def test_an_energy_that_was_scaled_fails(row: dict[str, object], factor: float) -> None:
    assume(len(catalog.gpus(str(row["gpu"]))) == 1)
    scaled = {**row, "energy_j_per_1k_tokens": repr(float(str(row["energy_j_per_1k_tokens"])) * factor)}
    (found,) = examined(scaled).diagnoses
    assert {"energy", "request"} <= {check.name for check in found.failed}
    assert found.wrong


@given(cells=st.dictionaries(st.sampled_from(columns()), st.text(max_size=12)))
def test_no_cell_can_break_the_doctor(cells: dict[str, str]) -> None:
    examination = examined({**BASE, **cells})
    assert len(examination.diagnoses) + len(examination.complaints) == 1
    assert all(one.reason.isprintable() for one in examination.bad)
