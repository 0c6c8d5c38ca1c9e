"""When to measure instead: each reason, none where the rows answer, and the protocol in one place."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from evidence_samples import against, deployment

from ecolint.evidence import PROTOCOL, how_to_measure, why_measure
from ecolint.evidence.measuring import COLUMNS
from ecolint.evidence.rows import FOLDER
from ecolint.model import Fact, Workload

DOCS = (Path(__file__).parents[2] / "docs" / "evidence.md").read_text(encoding="utf-8")


def reasons(workload: Workload | None = None, accuracy: bool = False, **facts: Any) -> list[str]:
    found = why_measure(deployment(**facts), workload or Workload(), accuracy=accuracy)
    return [str(each) for each in found]


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"gpu": "MI300X"}, "nothing was measured on other hardware than NVIDIA's (MI300X)"),
        ({"device": "hpu"}, "nothing was measured on other hardware than NVIDIA's (hpu)"),
        ({"gpu": "V100 16GB", "precision": "nf4"}, "another card of its architecture (Volta) was measured"),
        ({"gpu": "A800", "batch_size": 128}, "batches of 128: none above 64 was measured"),
        ({"gpu": "A800", "max_concurrency": 256}, "batches of 256: none above 64 was measured"),
        ({"gpu": "A800", "precision": "awq"}, "nothing was measured for awq"),
        ({"gpu": "RTX 5090", "precision": "fp8"}, "nothing was measured for fp8"),
        ({"gpu": "A800", "precision": "fp4"}, "nothing was measured for fp4"),
    ],
)
def test_a_deployment_that_the_rows_do_not_reach_is_to_be_measured(facts: dict[str, Any], said: str) -> None:
    (one,) = reasons(**facts)
    assert said in one


@pytest.mark.parametrize(
    "facts",
    [
        {"gpu": "A800", "precision": "int8_default", "batch_size": 64},
        {"gpu": "A100 80GB SXM", "precision": "nf4"},
        {"gpu": "RTX 4090", "precision": "bf16", "max_concurrency": 64},
        {"gpu": None, "precision": None, "batch_size": None},
        {"device": "cpu"},
        {"precision": "fp32"},
        {},
    ],
)
def test_what_was_measured_or_is_not_known_needs_no_measurement(facts: dict[str, Any]) -> None:
    assert reasons(**facts) == []


def test_what_an_engine_takes_by_itself_is_no_batch() -> None:
    one = deployment(gpu="A800")
    facts = {**one.facts, "max_concurrency": Fact("known", 256, how="default")}
    assert why_measure(type(one)(one.stack, one.place, facts, one.invocation), Workload()) == ()


def test_long_sequences_are_to_be_measured() -> None:
    assert reasons(Workload(prompt_tokens=3840, generated_tokens=256)) == []
    (one,) = reasons(Workload(prompt_tokens=3841, generated_tokens=256))
    assert one.startswith("4,097 tokens a request")


def test_accuracy_is_spoken_of_where_it_matters() -> None:
    (one,) = reasons(accuracy=True, gpu="A800", precision="int8_pure")
    assert "perplexity" in one
    assert "MMLU" in one


def test_a_sign_that_the_rows_do_not_settle_is_to_be_measured() -> None:
    facts: dict[str, Any] = {"gpu": "A800", "model": "Mistral-7B", "batch_size": 1}
    unsettled, settled = (against(precision=each, **facts) for each in ("int8_pure", "int8_default"))
    assert unsettled.verdict == "undetermined"
    one = deployment(precision="int8_pure", **facts)
    assert len(why_measure(one, Workload(), estimate=unsettled)) == 1
    assert why_measure(one, Workload(), estimate=settled) == ()


def test_the_protocol_is_the_one_of_the_documentation() -> None:
    how, back = how_to_measure()
    for text in (how, DOCS):
        assert f"{PROTOCOL.hertz} Hz" in text
        assert f"{PROTOCOL.warm_ups} warm-up runs" in text
        assert f"{PROTOCOL.runs} " in text
        assert f"below {PROTOCOL.cv_throughput} % in throughput and {PROTOCOL.cv_power} % in power" in text
        assert f"{PROTOCOL.pause_s} s between the loads" in text
    assert 'evidence = ["ours.csv"]' in back


def test_the_columns_are_those_of_the_rows() -> None:
    with (FOLDER / "measurements.csv").open(encoding="utf-8", newline="") as file:
        assert set(COLUMNS) <= set(next(csv.reader(file)))
