"""Users' own measurements: read, judged, and put before the shipped rows, without touching any other answer."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from evidence_samples import against, batched
from hypothesis import given
from hypothesis import strategies as st

from ecolint import evidence
from ecolint.evidence import Row, Table, rows
from ecolint.evidence.own import MAX_ROWS, BadFile, Own, own
from ecolint.evidence.sheet import SheetError, columns, read
from ecolint.model import Estimate, Interval

HEAD = "row_id,gpu,model,precision,energy_j_per_1k_tokens,batch_size,session,software,prompt_tokens,new_tokens\n"
L40S = """f1,L40S,Qwen/Qwen2.5-1.5B-Instruct,fp16,2000,1,monday,transformers 5.0,512,256
n1,L40S,Qwen/Qwen2.5-1.5B-Instruct,nf4,1500,1,monday,transformers 5.0,512,256
"""
TARGET: dict[str, Any] = {"gpu": "L40S", "model": "Qwen/Qwen2.5-1.5B-Instruct", "framework": "transformers"}

Files = Callable[..., Own]


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    """Files of measurements by their text, each below the usual heading unless it has its own."""
    monkeypatch.chdir(tmp_path)

    def written(*texts: str, head: str = HEAD) -> Own:
        names = []
        for number, text in enumerate(texts):
            path = tmp_path / f"ours{number or ''}.csv"
            path.write_bytes((head + text).encode())
            names.append(str(path))
        return own(names)

    return written


def central(found: Estimate) -> float:
    assert found.overhead_percent is not None, found.confidence_reasons
    return found.overhead_percent.central


def joules(interval: Interval | None) -> float:
    assert interval is not None
    return interval.central


# --- files ------------------------------------------------------------------------------------------------------------


def test_a_minimum_of_columns_is_enough(files: Files) -> None:
    found = files("a,L40S,Qwen2.5-7B,fp16,5000\n", head="row_id,gpu,model,precision,energy_j_per_1k_tokens\n")
    (row,) = found.rows
    assert (row.gpu, row.batch, row.session, row.file, row.status) == ("L40S", 1, "ours", "ours.csv", "absolute")
    assert found.told == {"ours.csv": {"a": "a: L40S, Qwen2.5-7B, fp16, batch 1: 5000 J/1k tokens (ours.csv)"}}
    assert not found.complaints


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_byte_order_marks_and_blank_lines_do_not_matter(files: Files, end: str, mark: str) -> None:
    found = files(("\n" + L40S + "\n,,,,\n").replace("\n", end), head=(mark + HEAD).replace("\n", end))
    assert [row.row_id for row in found.rows] == ["f1", "n1"]
    assert not found.complaints


@pytest.mark.parametrize(
    ("data", "line", "said"),
    [
        (b"", 1, "is empty"),
        (b"\n\n", 1, "is empty"),
        (b"\xff\xfer\x00o\x00", 1, "is not UTF-8"),
        (b"row_id,gpu\na,\xe9\n", 2, "is not UTF-8"),
        (b"row_id;gpu;model;precision;energy_j_per_1k_tokens\n", 1, "no commas"),
        (b"row_id,gpu,model,precision\na,b,c,d\n", 1, "lacks energy_j_per_1k_tokens; the columns"),
        (b"id,gpu,model,precision,energy_j_per_1k_token\n", 1, "(is id meant to be row_id?)"),
        (HEAD.replace("session", "gpu").encode(), 1, "two columns of the name gpu"),
        (HEAD.encode() + b'a,"L40S,x\n', 2, "is not CSV"),
        (HEAD.encode() + b"a" * 200_000, 2, "is not CSV"),
        (b"x" * 20_000_001, None, "is larger than 20,000,000 bytes"),
    ],
)
def test_a_file_that_cannot_be_used_at_all_says_why(data: bytes, line: int | None, said: str) -> None:
    with pytest.raises(SheetError) as caught:
        read("ours.csv", data)
    assert caught.value.line == line
    assert said in caught.value.said


def test_a_file_that_is_not_there_or_no_file_is_told(tmp_path: Path) -> None:
    for path, said in ((tmp_path / "none.csv", "does not exist"), (tmp_path, "is a folder")):
        with pytest.raises(BadFile, match=said):
            own([str(path)])


@given(data=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_bytes_can_break_the_reading(data: bytes) -> None:
    for start in (b"", HEAD.encode()):
        with contextlib.suppress(SheetError):
            assert read("ours.csv", start + data).name == "ours.csv"


def test_a_misspelt_column_is_told_and_ones_of_the_users_own_are_not(files: Files) -> None:
    found = files(
        "a,L40S,Qwen2.5-7B,fp16,5000,4,me\n",
        head="row_id,gpu,model,precision,energy_j_per_1k_tokens,batchsize,operator\n",
    )
    (told,) = found.complaints
    assert told.reason == "column batchsize: is not read; is batch_size meant?"
    assert len(found.rows) == 1


def test_rows_longer_than_the_heading_are_told(files: Files) -> None:
    found = files("a,L40S,Qwen2.5-7B,fp16,5,000,1,,,,,\nb,L40S,Qwen2.5-7B,fp16,5,000,1,,,,,x\n")
    assert [(one.line, one.row_id) for one in found.complaints] == [(2, "a"), (3, "b")]
    assert "cells" in found.complaints[1].column


def test_as_many_rows_as_can_be_held_against_one_another(files: Files) -> None:
    line = "r{n},L40S,Qwen2.5-7B,fp16,5000,1,s{n},,,\n"
    assert len(files("".join(line.format(n=n) for n in range(MAX_ROWS))).rows) == MAX_ROWS
    with pytest.raises(BadFile, match="more than 2,000 rows"):
        files("".join(line.format(n=n) for n in range(MAX_ROWS)), line.format(n=-1))


def test_a_changed_file_is_read_again(files: Files, tmp_path: Path) -> None:
    assert len(files(L40S).rows) == 2
    path = tmp_path / "ours.csv"
    assert own([str(path)]) is own([str(path)])
    path.write_text(HEAD + L40S.splitlines()[0] + "\n")
    os.utime(path, ns=(1, 1))
    assert len(own([str(path)]).rows) == 1


def test_ids_are_unlike_those_of_other_files_and_of_shipped_rows(files: Files) -> None:
    found = files(L40S + "A1-01,L40S,Qwen2.5-7B,fp16,5000,1,,,,\n", L40S)
    told = [(one.file, one.line, one.row_id, str(one.said)) for one in found.complaints]
    assert told[0] == ("ours.csv", 4, "A1-01", "a shipped row has this id: choose another")
    assert told[1][:3] == ("ours1.csv", 2, "f1")
    assert "a row of ours.csv" in told[1][3]
    assert [row.file for row in found.rows] == ["ours.csv", "ours.csv"]


def test_what_rests_on_a_row_that_is_left_out_is_left_out(files: Files) -> None:
    head = "row_id,gpu,model,precision,energy_j_per_1k_tokens,throughput_tok_s,baseline_row_id,ratio_vs_fp16\n"
    found = files(
        "n,L40S,Qwen2.5-7B,nf4,4000,20,f,\nf,L40S,Qwen2.5-7B,fp16,400000,20,,\nr,L40S,Qwen2.5-7B,nf4,,,,0.8\n"
        "j,L40S,Qwen2.5-7B,int8_pure,6000,20,,\n",
        head=head,
    )
    assert [(one.row_id, one.column) for one in found.complaints] == [
        ("n", "baseline_row_id"),
        ("f", "throughput_tok_s"),
        ("r", "baseline_row_id"),
    ]
    (row,) = found.rows
    assert (row.row_id, row.ratio, row.energy) == ("j", None, 6000)


def test_rows_that_the_user_rejected_are_kept_and_never_used(files: Files) -> None:
    rejected = files(
        "f1,L40S,Qwen/Qwen2.5-1.5B-Instruct,fp16,2000,rejected,fan was stuck\n",
        head="row_id,gpu,model,precision,energy_j_per_1k_tokens,status,reason\n",
    )
    assert [(row.usable, row.reason) for row in rejected.rows] == [(False, "fan was stuck")]
    assert against(table=rejected.table, precision="nf4", **TARGET) == against(precision="nf4", **TARGET)
    assert rejected.told == {"ours.csv": {}}


# --- estimates --------------------------------------------------------------------------------------------------------


def test_the_users_rows_answer_for_their_gpu(files: Files) -> None:
    shipped = against(precision="nf4", **TARGET)
    found = against(precision="nf4", table=files(L40S).table, **TARGET)
    assert central(shipped) > 0
    assert central(found) == pytest.approx(-25)
    assert set(found.rows) == {"n1", "f1"}
    assert found.confidence == 3
    assert joules(found.current_j_per_1k) == pytest.approx(1500)
    assert joules(found.better_j_per_1k) == pytest.approx(2000)
    assert "rests on your own measurements (ours.csv)" in found.confidence_reasons


def test_shipped_rows_of_the_same_are_outranked_and_others_stay(files: Files) -> None:
    where: dict[str, Any] = {"gpu": "RTX 5090", "model": "Qwen2.5-7B", "framework": "transformers"}
    mine = files("f7,rtx5090,Qwen2.5-7B,fp16,4000,1,,,,\nn7,RTX 5090,Qwen/Qwen2.5-7B-Instruct,nf4,5000,1,,,,\n").table
    found = against(precision="nf4", table=mine, **where)
    assert central(found) == pytest.approx(25)
    assert set(found.rows) == {"n7", "f7"}
    # Of INT8 the user measured nothing: its ratio keeps its own baseline, and is not held against the user's FP16.
    int8, as_shipped = (against(precision="int8_default", table=table, **where) for table in (mine, None))
    assert central(int8) == pytest.approx(central(as_shipped))
    assert {"A1-19", "A1-16"} <= set(int8.rows)
    # Neither a batch nor a GPU of which the user measured nothing is touched.
    for facts in ({**where, "batch_size": 1, "gpu": "RTX 4090"}, {**where, "model": "Qwen2.5-3B"}):
        assert central(against(precision="nf4", table=mine, **facts)) == pytest.approx(
            central(against(precision="nf4", **facts))
        )


def test_without_rows_of_ones_own_every_answer_stays() -> None:
    again = Table(rows())
    for row in rows():
        if row.usable:
            facts: dict[str, Any] = {
                "gpu": row.gpu_name,
                "model": row.model,
                "precision": row.precision,
                "batch_size": row.batch,
            }
            assert against("nf4", table=again, **facts) == against("nf4", **facts)


def test_bf16_and_ratios_that_are_not_written_are_understood(files: Files) -> None:
    found = files(L40S.replace("fp16", "bf16"))
    base, other = found.rows
    assert (base.precision, base.record["precision"]) == ("fp16", "bf16")
    assert (other.ratio, other.baseline) == (0.75, "f1")


def test_a_precision_that_nobody_else_measured_has_a_figure_with_a_wide_interval(files: Files) -> None:
    table = files(L40S.replace("nf4", "awq")).table
    assert against(precision="awq", **TARGET).overhead_percent is None
    found = against(precision="awq", table=table, **TARGET)
    assert central(found) == pytest.approx(-25)
    assert found.overhead_percent is not None
    assert found.overhead_percent.high > 0
    assert found.verdict == "undetermined"
    elsewhere = against(precision="awq", table=table, **{**TARGET, "gpu": "H100"})
    assert elsewhere.confidence == 1
    assert elsewhere.overhead_percent is not None
    assert elsewhere.overhead_percent.high > found.overhead_percent.high


def test_a_sweep_of_the_users_own_says_what_batches_save_on_its_gpu(files: Files) -> None:
    line = "s{batch},L40S,Qwen/Qwen2.5-1.5B-Instruct,fp16,{joules},{batch},monday,,,\n"
    table = files("".join(line.format(batch=n, joules=2000 / n) for n in (1, 2, 4, 8))).table
    found = batched(1, 8, table=table, precision="fp16", **TARGET)
    assert central(found) == pytest.approx(700)
    assert {"s1", "s8"} <= set(found.rows)
    elsewhere: dict[str, Any] = {**TARGET, "gpu": "A800"}
    assert central(batched(1, 8, table=table, precision="fp16", **elsewhere)) == pytest.approx(
        central(batched(1, 8, precision="fp16", **elsewhere))
    )


def test_a_sweep_that_was_measured_again_in_part_keeps_the_rest_of_the_shipped_one(files: Files) -> None:
    table = files("m,a800,Mistral-7B,int8_pure,7000,1,,,,\n").table
    facts: dict[str, Any] = {"gpu": "A800", "model": "Mistral-7B", "precision": "int8_pure"}
    assert central(batched(1, 64, table=table, **facts)) == pytest.approx(central(batched(1, 64, **facts)))
    assert joules(against(table=table, **facts).current_j_per_1k) == pytest.approx(7000)


def test_hardware_of_other_makers_is_what_the_user_measured_and_no_more(files: Files) -> None:
    table = files(L40S.replace("L40S", "MI300X")).table
    where = {**TARGET, "gpu": "MI300X"}
    assert central(against(precision="nf4", table=table, **where)) == pytest.approx(-25)
    for facts in ({**where, "precision": "int8_pure"}, {**where, "precision": "nf4", "model": "Qwen2.5-7B"}):
        assert against(table=table, **facts).overhead_percent is None
    assert batched(1, 8, table=table, precision="nf4", **where).overhead_percent is None


def test_stars_and_reasons_are_those_of_the_rows_that_answer(files: Files) -> None:
    newer = {"transformers": "==5.0.0", "bitsandbytes": "==0.50.0"}
    table = files(L40S).table
    assert against(precision="nf4", table=table, versions=newer, **TARGET).confidence == 3
    shipped = against(precision="int8_default", table=table, versions=newer, **TARGET)
    assert any("newer than the measurements" in reason for reason in shipped.confidence_reasons)
    vllm = against(precision="nf4", table=table, **{**TARGET, "framework": "vllm"})
    assert "your own rows were measured under transformers 5.0, not under vllm" in vllm.confidence_reasons
    assert vllm.confidence == 2
    long = files(L40S.replace("512,256", "8000,64"))
    found = against(precision="nf4", table=long.table, **TARGET)
    assert "256 generated tokens: measured from 64 to 64" in found.confidence_reasons
    assert found.confidence == 1
    # What the user measured widens nothing for the shipped rows.
    assert long.table.workload == evidence.shipped().workload
    assert long.table.software == evidence.shipped().software


def test_a_model_of_the_users_own_is_known_by_its_name(files: Files) -> None:
    table = files(L40S.replace("Qwen/Qwen2.5-1.5B-Instruct", "acme/support-3b")).table
    found = against(precision="nf4", table=table, **{**TARGET, "model": "acme/support-3b"})
    assert central(found) == pytest.approx(-25)
    assert joules(found.current_j_per_1k) == pytest.approx(1500)
    assert found.confidence == 3


def test_a_direction_that_the_user_measured_otherwise_is_not_claimed(files: Files) -> None:
    card = {**TARGET, "gpu": "MI300X", "precision": "int8_default"}
    assert against(**card).verdict == "costs"
    table = files(L40S.replace("nf4", "int8_default")).table
    assert against(table=table, **card).verdict == "undetermined"


def test_eager_fp8_of_the_users_own_is_a_measurement_and_widens_no_span(files: Files) -> None:
    table = files(L40S.replace("nf4", "fp8_eager")).table
    assert central(against(precision="fp8_eager", table=table, **TARGET)) == pytest.approx(-25)
    there = {**TARGET, "gpu": "RTX 5090", "precision": "fp8_eager"}
    assert against(table=table, **there) == against(**there)


def test_two_quantizations_are_compared_through_fp16_with_the_widths_of_both() -> None:
    for one, other in (("nf4", "int8_pure"), ("int8_pure", "nf4"), ("nf4", "int8_default")):
        found = against(other, gpu="RTX 5090", model="Qwen2.5-7B", precision=one).overhead_percent
        assert found is not None
        assert found.low < found.central < found.high


def test_every_row_is_exported_with_the_columns_of_the_schema(files: Files) -> None:
    for row in files(L40S).rows:
        assert isinstance(row, Row)
        assert set(row.record) == set(columns())
        assert row.record["source"] == row.source == "ours.csv"
        assert row.session == "ours/monday"
