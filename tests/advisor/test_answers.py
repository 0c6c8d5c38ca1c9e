"""What each protocol answers: winners, choices, trades, matches, bounds, and what is said where none is known."""

from __future__ import annotations

import pytest
from advisor_samples import COMMANDS, answer, column, page, told

from ecolint.advisor.answer import Code, Grid

MISTRAL, QWEN = "mistralai/Mistral-7B-v0.1", "Qwen/Qwen2.5-7B"


# --- compare ----------------------------------------------------------------------------------------------------------


def test_compare_has_a_column_each_and_one_winner_a_dimension() -> None:
    found = told("compare", QWEN, gpu="RTX 5090")
    assert [one["precision"] for one in found["columns"]] == ["fp16", "nf4", "int8_default", "int8_pure", "fp8_eager"]
    assert [one["rank"] for one in found["columns"]] == [2, 1, 4, 3, 5]
    assert found["winners"] == {
        "energy": "nf4",
        "throughput": "fp16",
        "latency": "fp16",
        "power": "int8_default",
        "memory": "nf4",
    }
    assert found["settled"]["throughput"]
    assert not found["settled"]["energy"]


def test_less_power_is_not_called_less_energy() -> None:
    assert "less power is not less energy" in page("compare", QWEN, gpu="RTX 5090")


def test_two_precisions_are_held_against_each_other() -> None:
    found = told("compare", MISTRAL, gpu="A800", precision="int8_default,int8_pure")
    assert [one["precision"] for one in found["columns"]] == ["int8_default", "int8_pure"]
    assert found["winners"]["energy"] == "int8_pure"
    assert found["settled"]["energy"]  # +31 to +45 % in all nine measured pairs
    assert "INT8 with threshold 0 the same" in page("compare", MISTRAL, gpu="A800", precision="int8_default,int8_pure")


def test_one_precision_is_held_against_all_that_were_measured() -> None:
    found = told("compare", MISTRAL, gpu="A800", precision="nf4")
    assert found["precision"] == "nf4"
    assert len(found["columns"]) == 5


def test_what_runs_now_has_a_column_whatever_it_is() -> None:
    found = told("compare", "Qwen/Qwen2.5-7B-Instruct-AWQ", gpu="A800")
    assert found["columns"][-1]["precision"] == "awq"
    assert found["columns"][-1]["energy_j_per_1k_tokens"] is None
    assert told("compare", QWEN, gpu="A800", precision="bf16")["columns"][0]["precision"] == "bf16"


def test_what_does_not_fit_wins_nothing() -> None:
    found = told("compare", "meta-llama/Llama-2-13b-hf", gpu="T4")
    assert column(found, "fp16")["fits"] is False
    assert column(found, "fp16")["rank"] is None
    assert "fp16" not in found["winners"].values()
    assert "too much" in page("compare", "meta-llama/Llama-2-13b-hf", gpu="T4")


def test_where_joules_and_percentages_are_of_different_sessions_the_page_says_so() -> None:
    """C5-01 (6,907 J) is of another session than A5-03 and A5-01, which the percentage is of."""
    assert "joules are of all sessions" in page("compare", MISTRAL, gpu="A800")
    assert "joules are of all sessions" not in page("compare", QWEN, gpu="RTX 5090")


def test_other_makers_get_the_directions_of_the_pairs_and_no_figure() -> None:
    found = told("compare", QWEN, gpu="MI300X")
    assert all(one["energy_j_per_1k_tokens"] is None for one in found["columns"])
    assert column(found, "int8_default")["verdict"] == "costs"
    assert column(found, "int8_default")["overhead_percent"] is None
    (grid,) = (block for block in answer("compare", QWEN, gpu="MI300X").blocks if isinstance(block, Grid))
    assert "more, in every measured pair" in grid.rows[1]


# --- optimize and recommend -------------------------------------------------------------------------------------------


def test_optimize_names_the_best_and_what_runs_now_against_it() -> None:
    found = told("optimize", MISTRAL, gpu="A800", precision="int8_default")
    assert (found["best"]["precision"], found["best"]["batch_size"]) == ("fp16", 64)
    assert found["estimate"]["verdict"] == "costs"
    assert set(found["avoids"]) >= {"ECO101", "ECO103", "ECO104"}
    assert "what runs now takes" in found["conclusion"]


def test_where_the_sign_is_not_settled_16_bits_are_kept_and_the_page_says_why() -> None:
    found = told("optimize", QWEN, gpu="RTX 5090")
    assert found["best"]["precision"] == "fp16"
    assert any("not settled" in text and "keeps the numerics" in text for text in found["why"])


def test_a_settled_saving_is_recommended() -> None:
    """D1-09q: 0.715 of FP16 at 7B on the RTX 4090, 0.50 to 0.80 with its interval."""
    found = told("optimize", "Qwen/Qwen2-7B", gpu="RTX 4090")
    assert found["best"]["precision"] == "nf4"
    assert "check the quality of the answers" in page("optimize", "Qwen/Qwen2-7B", gpu="RTX 4090")


def test_what_runs_now_is_kept_where_nothing_is_shown_to_be_better() -> None:
    found = told("optimize", QWEN, gpu="RTX 5090", precision="nf4", batch_size=64)
    assert (found["best"]["precision"], found["best"]["batch_size"]) == ("nf4", 64)
    assert found["conclusion"].startswith("keep it as it is")
    assert any("no reason to change" in text for text in found["why"])


def test_bf16_is_not_exchanged_for_fp16() -> None:
    found = told("optimize", QWEN, gpu="A800", precision="bf16", batch_size=64)
    assert found["best"]["precision"] == "bf16"
    assert found["conclusion"].startswith("keep it as it is")
    assert told("optimize", QWEN, gpu="T4", precision="bf16", max_vram=100)["best"]["precision"] != "bf16"


def test_limits_exclude_and_the_page_counts_what_they_exclude() -> None:
    found = told("optimize", MISTRAL, gpu="A800", max_latency=10)
    assert found["best"]["latency_s"]["central"] <= 10
    assert found["limits"]["max_latency_s"] == 10
    # Nobody measured the throughput of NF4 and FP8 on the A800: seven batches of each.
    assert "14 configurations are not known to keep to 10 s a request" in found["excluded"]
    assert told("optimize", QWEN, gpu="A800", max_vram=8)["best"]["precision"] == "nf4"


def test_memory_that_rows_saw_counts() -> None:
    """A1-18: 6.19 GB for NF4 of Qwen2.5-7B, though its weights alone would take 4.28."""
    assert told("explain", QWEN, gpu="A800", precision="nf4")["current"]["memory_gb"] == 6.19
    assert told("optimize", QWEN, gpu="A800", max_vram=6)["best"] is None


def test_limits_that_nothing_keeps_to_are_told() -> None:
    found = told("optimize", QWEN, gpu="A800", max_vram=1)
    assert found["best"] is None
    assert "no configuration" in found["conclusion"]
    assert told("recommend", QWEN, gpu="A800", max_vram=1)["options"] == []


def test_the_objective_decides() -> None:
    quick = told("optimize", QWEN, gpu="RTX 5090", objective="throughput")["best"]
    assert quick["throughput_tok_s"]["central"] == max(
        one["throughput_tok_s"]["central"] for one in told("optimize", QWEN, gpu="RTX 5090")["pareto"]
    )
    costly = told("optimize", QWEN, gpu="RTX 5090", objective="cost", price_per_hour=2)
    assert "$ / 1M tokens" in page("optimize", QWEN, gpu="RTX 5090", objective="cost", price_per_hour=2)
    assert costly["best"]["throughput_tok_s"] is not None
    assert "electricity alone" in page("optimize", QWEN, gpu="RTX 5090", objective="cost")


def test_a_throughput_that_nobody_measured_is_told() -> None:
    assert "nobody measured the throughput" in told("optimize", QWEN, gpu="H100", objective="throughput")["conclusion"]


def test_options_are_ranked_with_what_each_trades_and_traps_are_none() -> None:
    found = told("recommend", MISTRAL, gpu="A800")
    assert [one["precision"] for one in found["options"]] == ["fp16", "nf4", "int8_pure"]
    assert "less memory" in found["options"][1]["trade_off"]
    assert [one["precision"] for one in found["traps"]] == ["int8_default", "fp8_eager"]
    assert [one["codes"] for one in found["traps"]] == [["ECO101"], ["ECO103"]]
    assert found["options"][2]["estimate"]["rows"]


# --- estimate ---------------------------------------------------------------------------------------------------------


def test_the_best_at_the_same_batch_stands_beside_the_best_at_any() -> None:
    found = told("estimate", MISTRAL, gpu="A800", precision="int8_default")
    here, best = found["best_at_this_batch"], found["best"]
    assert (here["precision"], here["batch_size"]) == ("fp16", 1)
    assert (best["precision"], best["batch_size"]) == ("fp16", 64)
    assert "where 64 requests wait at a time" in found["conclusion"]


def test_the_traffic_that_a_batch_needs_is_told() -> None:
    text = page("estimate", MISTRAL, gpu="A800", requests_per_month=100_000)
    assert "100,000 requests a month take 1,659 s to bring 64 together" in text  # 64 × 2,592,000 s / 100,000


def test_a_change_that_is_not_settled_is_called_so() -> None:
    text = page("estimate", MISTRAL, gpu="A800", precision="int8_pure")
    assert "in FP16 342 (280 … 417) kWh by the centre, which is not settled: measure it" in text


def test_what_a_month_assumes_is_stated() -> None:
    text = page("estimate", QWEN, gpu="A800", region="France", requests_per_month=1000)
    assert (
        "1,000 requests a month of 512 prompt and 256 generated tokens, $0.12 and 56 g CO2 a kWh (France), PUE 1.1"
        in text
    )
    assert "no price is known" in text
    assert "no price is known" not in page("estimate", QWEN, gpu="A800", region="France", price_per_kwh=0.2)
    assert "(US average, partly as set)" in page("estimate", QWEN, gpu="A800", price_per_kwh=0.2)


def test_what_does_not_fit_is_told() -> None:
    found = told("estimate", "meta-llama/Llama-3-70B", gpu="H100")
    assert found["current"]["fits"] is False
    assert found["best_at_this_batch"]["fits"] is True
    assert "does not fit its GPU" in found["conclusion"]


@pytest.mark.parametrize(
    ("words", "requests"),
    [("10,000 users/day", 1_500_000), ("1 GB of text", 976_562), ("100万字", 1953), ("8 hours a day", 122_107)],
)
def test_workloads_in_words(words: str, requests: int) -> None:
    """250e6 / 256; 500,000 / 256; 8 h × 3,600 s × 30 days × 36.18 tok/s (A5-01, for such a size) / 256."""
    found = told("estimate", QWEN, gpu="A800", workload=words)
    assert found["settings"]["requests_per_month"] == pytest.approx(requests, rel=1e-3)
    assert found["conversions"]
    assert f"{found['settings']['requests_per_month']:,} requests a month take" in found["conclusion"]


# --- diagnose ---------------------------------------------------------------------------------------------------------


def test_an_observation_is_matched_with_a_trap() -> None:
    """A5-02 and C3-02: 9.87 tok/s; with 97.5 W of the mean of 9,608 and 10,162 J."""
    found = told("diagnose", MISTRAL, gpu="A800", precision="int8_pure", observed_throughput=9.9, observed_power=95)
    assert found["pattern"] == "ECO101"
    assert (found["match"]["precision"], found["match"]["batch_size"]) == ("int8_default", 1)
    assert found["match"]["fit"] > 90
    assert found["observed"]["energy_j_per_1k_tokens"] == pytest.approx(95 / 9.9 * 1000)
    assert "which was said" in found["conclusion"]
    assert [one["code"] for one in found["root_cause"]] == ["ECO101", "ECO104"]
    assert found["fixes"][0]["code"] == "ECO101"
    assert found["fixes"][0]["estimate"]["rows"]
    text = page("diagnose", MISTRAL, gpu="A800", observed_throughput=9.9)
    order = [
        "Observed and expected",
        "Measured rows",
        "Root cause",
        "What to do, in this order",
        "NVML",
        "Configuration",
    ]
    assert [text.index(words) for words in order] == sorted(text.index(words) for words in order)


def test_a_fix_starts_from_what_it_looks_like() -> None:
    """Said FP16, looks like INT8: a larger batch alone is no fix of that."""
    found = answer("diagnose", MISTRAL, gpu="A800", precision="fp16", batch_size=8, observed_throughput=9.9)
    (code,) = (block for block in found.blocks if isinstance(block, Code))
    assert "float16" in code.text


def test_what_fits_as_well_is_named() -> None:
    found = told("diagnose", QWEN, gpu="RTX 5090", observed_throughput=42)
    assert ["nf4", 1] in found["rivals"] or found["match"]["precision"] == "nf4"
    several = told("diagnose", MISTRAL, gpu="A800", observed_power=120)
    assert several["rivals"]
    assert "it may as well be" in several["conclusion"]


@pytest.mark.parametrize(
    "seen", [{"observed_throughput": 1e6}, {"observed_throughput": 0.01}, {"observed_power": 2000}]
)
def test_what_nothing_looks_like_is_to_be_measured(seen: dict[str, float]) -> None:
    found = told("diagnose", MISTRAL, gpu="A800", **seen)
    assert found["match"] is None
    assert found["pattern"] is None
    assert found["fixes"] == []
    assert "NVML" in page("diagnose", MISTRAL, gpu="A800", **seen)


def test_the_fit_falls_with_the_distance() -> None:
    for seen in (5, 9.87, 20, 36, 60):
        found = told("diagnose", MISTRAL, gpu="A800", observed_throughput=seen)
        known = [one for one in found["matches"] if one["distance"] is not None]
        assert [one["distance"] for one in known] == sorted(one["distance"] for one in known)
        fits = [one["fit"] for one in known]
        assert fits == sorted(fits, reverse=True)
        assert all(0 <= fit <= 100 for fit in fits)


# --- explain ----------------------------------------------------------------------------------------------------------


def test_the_roofline_is_weights_times_steps_over_the_bandwidth() -> None:
    found = told("explain", QWEN, gpu="RTX 5090")
    # A1-16: 69.97 tok/s × 15.23 GB = 1,066 GB/s of 1,792.
    assert found["roofline"]["read_gb_s"] == pytest.approx(1066, abs=1)
    assert found["roofline"]["bandwidth_share"] == pytest.approx(1066 / 1792, abs=0.001)


def test_bounds_are_called_conventions() -> None:
    text = page("explain", MISTRAL, gpu="A800", precision="int8_default")
    assert "4 % of what the GPU has" in text
    assert "a convention" in text
    assert "a step takes 101 ms instead of FP16's 27.6 ms: outlier decomposition" in text  # 1000 / 9.87, 1000 / 36.18
    assert "the same weights with threshold 0 take" in text


def test_a_format_that_is_faster_is_not_blamed() -> None:
    """At batch 64 nothing is said of a step that takes no longer."""
    for precision in ("nf4", "int8_pure"):
        found = told("explain", QWEN, gpu="RTX 5090", precision=precision)
        now, plain = (found[key]["throughput_tok_s"]["central"] for key in ("current", "fp16"))
        assert now < plain
        assert any("instead of FP16's" in text for text in found["reasons"])


def test_what_was_not_measured_is_not_explained() -> None:
    assert "nobody measured its throughput" in told("explain", QWEN, gpu="H100")["conclusion"]
    assert "no row backs a figure" in told("explain", QWEN, gpu="MI300X")["conclusion"]


# --- all of them ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("framework", ["transformers", "vllm", "tgi", "sglang", "ollama", "llama.cpp", "tensorrt-llm"])
@pytest.mark.parametrize("precision", ["fp16", "bf16", "nf4", "int8_pure", "int8_default", "fp8"])
def test_the_configuration_is_for_the_stack_in_use(framework: str, precision: str) -> None:
    found = answer("compare", QWEN, gpu="RTX 5090", framework=framework, precision=f"{precision},fp32", batch_size=8)
    codes = [block for block in found.blocks if isinstance(block, Code)]
    assert codes, "of one precision at least a figure is known"
    for code in codes:
        assert code.text or code.caveats
        assert "{" not in code.text
        assert framework == "transformers" or "from_pretrained" not in code.text


@pytest.mark.parametrize(
    ("name", "id_"),
    [("mistral-7b", "mistralai/Mistral-7B-v0.1"), ("someone/own-7b", "someone/own-7b"), ("own-7b", "own-7b")],
)
def test_a_configuration_can_be_copied(name: str, id_: str) -> None:
    (code,) = (block for block in answer("compare", name, gpu="A800").blocks if isinstance(block, Code))
    assert f'from_pretrained("{id_}", dtype=torch.float16' in code.text


def test_a_setting_without_an_equivalent_has_a_caveat() -> None:
    def told_of(framework: str) -> str:
        text = page("compare", MISTRAL, gpu="A800", framework=framework, precision="int8_pure,int8_default")
        return text.partition("Configuration")[2]

    assert "cannot be switched off there" in told_of("tgi")
    assert "threshold" in told_of("vllm")
    assert "nearest format of GGUF" in told_of("llama.cpp")
    assert "has no setting for" in told_of("tensorrt-llm")


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_the_order_of_the_sources(command: str) -> None:
    """Conclusion, figures, rows, confidence, configuration, risks, questions, evidence: rows before any advice."""
    seen = {"observed_throughput": 9.9} if command == "diagnose" else {}
    found = answer(command, MISTRAL, precision="int8_default", **seen)
    text = page(command, MISTRAL, precision="int8_default", **seen)
    parts = [found.conclusion, "configuration ", "J / 1k tokens", "Measured rows", " confidence ", "Configuration for"]
    parts += ["Risks and boundaries", "To answer more closely", "Evidence: "]
    places, start = [], 0
    for part in parts:
        start = text.find(part, start)
        places.append(start)
    assert -1 not in places, parts[places.index(-1)]
    rows = text.index("Measured rows")
    for advice in ("Warnings", "Why ", "What each", "What to do", "Traps", "Configuration for", "Root cause"):
        assert text.find(advice) in (-1, *range(rows, len(text)))
