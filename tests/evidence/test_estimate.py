"""What estimates say beyond the measured rows: tiers, stars, reasons, refusals, batch, joules and money."""

from __future__ import annotations

import time
from typing import Any

import pytest
from evidence_samples import against, batched, deployment
from hypothesis import given
from hypothesis import strategies as st

from ecolint import catalog
from ecolint.evidence import estimate
from ecolint.evidence.table import quantile
from ecolint.model import Estimate, Interval, Workload

PRECISIONS = ("fp16", "bf16", "nf4", "int8_default", "int8_pure", "fp8_eager")
GPUS = (
    "RTX 5090",
    "RTX 4090",
    "RTX 4090D",
    "A800",
    "T4",
    "A100-80GB",
    "L4",
    "H100",
    "B200",
    "A10G",
    "V100",
    "RTX A6000",
)
MODELS = (
    "Qwen/Qwen2-0.5B",
    "TinyLlama/TinyLlama-1.1B-Chat-v1.0",
    "Qwen/Qwen2.5-1.5B-Instruct",
    "meta-llama/Llama-3.2-3B",
    "meta-llama/Llama-2-7b-hf",
    "mistralai/Mistral-7B-v0.1",
    "Qwen/Qwen2.5-14B",
    "meta-llama/Llama-2-70b-hf",
    "Qwen/Qwen3-30B-A3B",
    "someone/custom-13b",
)


def overhead(found: Estimate) -> Interval:
    assert found.overhead_percent is not None, found.confidence_reasons
    return found.overhead_percent


def said(found: Estimate) -> str:
    return "\n".join(found.confidence_reasons)


# --- ratio, tiers and stars -------------------------------------------------------------------------------------------


def test_the_model_that_was_measured_answers_before_its_size() -> None:
    found = against(model="Qwen/Qwen2-1.5B", gpu="RTX 5090", precision="nf4")
    assert overhead(found).central == pytest.approx(29.4, abs=0.1)
    assert found.rows[0] == "A2-02"
    assert found.confidence == 3


def test_between_measured_sizes_the_ratio_is_interpolated() -> None:
    found = against(model="microsoft/Phi-3-mini-4k-instruct", gpu="RTX 5090", precision="nf4")
    ends = [
        overhead(against(model=each, gpu="RTX 5090", precision="nf4")).central for each in ("Qwen2.5-3B", "Qwen2.5-7B")
    ]
    assert min(ends) < overhead(found).central < max(ends)
    assert found.confidence == 2


def test_the_same_architecture_stands_in_and_says_so() -> None:
    found = against(model="Qwen/Qwen2.5-7B", gpu="L4", precision="nf4")
    assert found.confidence == 2
    assert "same architecture" in said(found)
    assert overhead(found).central < 0


def test_another_architecture_is_one_star() -> None:
    found = against(model="Qwen/Qwen2.5-7B", gpu="H100", precision="nf4")
    assert found.confidence == 1
    assert "other architectures" in said(found)


def test_a_size_that_the_gpu_never_saw_is_read_where_it_was_measured() -> None:
    """The A800 was measured from 7B up: a 1.5B model is read from the sessions that hold such sizes, and costs."""
    found = against(model="Qwen/Qwen2-1.5B", gpu="A800", precision="nf4")
    assert overhead(found).central > 0
    assert found.confidence == 1


def test_an_unknown_gpu_takes_all_sessions_at_one_star() -> None:
    found = against(model="Qwen/Qwen2-1.5B", precision="int8_default")
    assert found.confidence == 1
    assert "not known" in said(found)
    assert found.verdict == "costs"


def test_an_ambiguous_name_still_gives_the_architecture() -> None:
    found = against(model="Qwen/Qwen2.5-7B", gpu="A100", precision="nf4")
    assert found.confidence == 2


def test_beyond_the_measured_sizes_the_interval_widens() -> None:
    widths = []
    for model in ("Qwen/Qwen2.5-14B", "Qwen/Qwen2.5-32B", "Qwen/Qwen2.5-72B"):
        found = overhead(against(model=model, gpu="A800", precision="nf4"))
        widths.append((found.high + 100) / (found.low + 100))
    assert widths == sorted(widths)
    assert widths[0] < widths[1] < widths[2]
    assert "beyond the sizes measured" in said(against(model="Qwen/Qwen2.5-72B", gpu="A800", precision="nf4"))


def test_int8_kinds_are_compared_within_their_sessions() -> None:
    found = against("int8_pure", model="Qwen/Qwen2.5-7B", gpu="RTX 5090", precision="int8_default")
    assert overhead(found).central == pytest.approx((9280 / 5822 - 1) * 100, abs=0.1)
    assert found.verdict == "costs"
    back = against("int8_default", model="Qwen/Qwen2.5-7B", gpu="RTX 5090", precision="int8_pure")
    assert back.verdict == "saves"


def test_bfloat16_counts_as_float16_and_is_named() -> None:
    facts: dict[str, Any] = {"model": "Qwen/Qwen2-1.5B", "gpu": "RTX 5090", "precision": "nf4"}
    assert overhead(against("bf16", **facts)) == overhead(against("fp16", **facts))
    assert "bfloat16" in said(against("bf16", **facts))


def test_eager_fp8_gives_the_observed_span() -> None:
    for model, gpu in (("Qwen/Qwen2.5-3B", "RTX 5090"), ("Llama-2-7b-hf", "H100"), ("Llama-2-70b-hf", "RTX 5090")):
        span = overhead(against(model=model, gpu=gpu, precision="fp8_eager"))
        assert span.low == pytest.approx(158.08, abs=0.01)
        assert span.high == pytest.approx(701.18, abs=0.01)
    inside = against(model="Qwen/Qwen2.5-3B", gpu="RTX 5090", precision="fp8_eager")
    assert overhead(inside).central == pytest.approx(375.63, abs=0.01)
    assert "not a prediction" in said(inside)


@pytest.mark.parametrize("precision", ["fp4", "awq", "gptq", "fp8", "fp32"])
def test_without_rows_there_is_no_figure(precision: str) -> None:
    found = against(model="Llama-2-7b-hf", gpu="RTX 5090", precision=precision)
    assert found.overhead_percent is None
    assert found.verdict == "undetermined"
    assert found.confidence is None
    assert f"nothing was measured for {precision}" in said(found)


def test_without_a_size_only_a_rule_for_every_size_gives_a_direction() -> None:
    assert against(precision="int8_default", gpu="RTX 5090").verdict == "costs"
    assert against(precision="int8_default", gpu="RTX 5090").overhead_percent is None
    assert against("int8_pure", precision="int8_default").verdict == "costs"
    assert against("int8_default", precision="int8_pure").verdict == "saves"
    assert against(precision="nf4").verdict == "undetermined"
    assert "19 measured pairs" in said(against(precision="int8_default"))
    assert "such sizes" not in said(against(precision="int8_default"))


@pytest.mark.parametrize("gpu", ["MI300X", "AMD-Instinct-MI210", "TPU v5e", "Gaudi3"])
def test_other_hardware_gets_the_sign_rules_alone(gpu: str) -> None:
    found = against(model="Qwen/Qwen2-0.5B", gpu=gpu, precision="nf4")
    assert found.overhead_percent is None
    assert found.verdict == "costs"
    assert against(model="Llama-2-7b-hf", gpu=gpu, precision="nf4").verdict == "saves"
    assert against(model="Llama-3.2-3B", gpu=gpu, precision="nf4").verdict == "undetermined"


# --- what costs stars -------------------------------------------------------------------------------------------------

MEASURED: dict[str, Any] = {"model": "Qwen/Qwen2-1.5B", "gpu": "RTX 5090", "framework": "transformers"}


@pytest.mark.parametrize(
    ("versions", "stars"),
    [
        ({}, 3),
        ({"bitsandbytes": "==0.45.3", "transformers": "==4.48.0"}, 3),
        ({"bitsandbytes": ">=0.40"}, 3),
        ({"bitsandbytes": "==0.48.0"}, 2),
        ({"bitsandbytes": ">=0.49"}, 2),
        ({"bitsandbytes": "~=0.50.1", "transformers": ">=5.0"}, 2),
        ({"transformers": "<4.55"}, 3),
        ({"transformers": "==4.55.*"}, 2),
        ({"bitsandbytes": "not a version"}, 3),
    ],
)
def test_a_newer_stack_costs_one_star(versions: dict[str, str], stars: int) -> None:
    found = against(precision="nf4", versions=versions, **MEASURED)
    assert found.confidence == stars


def test_unpinned_libraries_are_named_and_pinned_ones_are_not() -> None:
    assert "bitsandbytes is not pinned" in said(against(precision="nf4", **MEASURED))
    pinned = against(precision="nf4", versions={"bitsandbytes": "==0.45.3", "transformers": "==4.48.0"}, **MEASURED)
    assert "pinned" not in said(pinned)
    new = against(precision="nf4", versions={"bitsandbytes": "==0.50.1"}, **MEASURED)
    assert "new 4-bit kernels" in said(new)


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"gpu_count": 4}, "one GPU"),
        ({"model": "someone/custom-1.5b"}, "not in the catalogue"),
        ({"model": "acme/Qwen2-1.5B"}, "fine-tuned or custom weights"),
        ({"model": "unsloth/Qwen2-1.5B-Instruct"}, "fine-tuned or custom weights"),
        ({"framework": "vllm"}, "under transformers"),
        ({"batch_size": None}, "batch 1 is assumed"),
    ],
)
def test_what_was_not_measured_costs_a_star(facts: dict[str, Any], reason: str) -> None:
    found = against(precision="nf4", **{**MEASURED, **facts})
    assert found.confidence == 2
    assert reason in said(found)


def test_a_mixture_counts_its_active_parameters() -> None:
    found = against(model="Qwen/Qwen3-30B-A3B", gpu="RTX 5090", precision="nf4")
    assert "active parameters" in said(found)
    assert overhead(found).central == pytest.approx(
        overhead(against(params_b=3.353, gpu="RTX 5090", precision="nf4")).central, abs=0.1
    )


def test_another_batch_or_workload_is_one_star() -> None:
    assert against(precision="nf4", batch_size=8, **MEASURED).confidence == 1
    assert against(precision="nf4", workload=Workload(prompt_tokens=8000), **MEASURED).confidence == 1
    assert against(precision="nf4", workload=Workload(generated_tokens=4), **MEASURED).confidence == 1


def test_a_change_that_nobody_measured_has_no_figure() -> None:
    facts: dict[str, Any] = {**MEASURED, "precision": "fp16"}
    found = estimate(
        deployment(attention="eager", **facts), deployment(attention="sdpa", **facts), {"attention": "sdpa"}, Workload()
    )
    assert found.overhead_percent is None
    assert "attention" in said(found)


def test_equal_precision_and_batch_is_a_ratio_of_one() -> None:
    found = against("bf16", precision="fp16", **MEASURED)
    assert overhead(found) == Interval(0, 0, 0)
    assert found.verdict == "undetermined"


# --- batch ------------------------------------------------------------------------------------------------------------


def test_batches_are_interpolated_between_measured_ones() -> None:
    facts: dict[str, Any] = {"model": "Mistral-7B", "gpu": "A800", "precision": "int8_pure"}
    two, three, four = (overhead(batched(1, each, **facts)).central for each in (2, 3, 4))
    assert two < three < four
    small, large = (overhead(batched(1, each, **facts)) for each in (8, 32))
    assert (small.high + 100) / (small.central + 100) == pytest.approx(2.718281828**0.15)
    assert (large.high + 100) / (large.central + 100) == pytest.approx(2.718281828**0.35)
    assert batched(1, 8, **facts).confidence == 3


def test_batching_without_a_known_model_or_precision_still_has_a_figure() -> None:
    found = batched(1, 8, precision=None, gpu="L4")
    assert found.verdict == "costs"
    assert found.confidence == 1
    assert found.current_j_per_1k is None
    assert found.monthly is None
    assert "GPU is not known" not in said(found)
    assert "GPU is not known" in said(batched(1, 8, precision=None))


def test_a_loop_is_a_batch_of_one() -> None:
    facts: dict[str, Any] = {"model": "Mistral-7B", "gpu": "A800", "precision": "fp16"}
    better = deployment(batch_size=8, looped=False, **facts)
    looped = deployment(looped=True, batch_size=8, **facts)
    found = estimate(looped, better, {"looped": False, "batch_size": 8}, Workload())
    assert overhead(found).central == pytest.approx((4334 / 628 - 1) * 100)


def test_more_concurrent_requests_are_a_larger_batch() -> None:
    facts: dict[str, Any] = {
        "model": "meta-llama/Llama-3.1-8B",
        "gpu": "L4",
        "precision": "bf16",
        "framework": "vllm",
    }
    found = estimate(
        deployment(max_concurrency=1, **facts),
        deployment(max_concurrency=8, **facts),
        {"max_concurrency": 8},
        Workload(),
    )
    assert found.verdict == "costs"
    assert found.confidence == 1


# --- joules and money -------------------------------------------------------------------------------------------------


def test_unmeasured_joules_follow_the_architecture_then_the_bandwidth() -> None:
    same = against("nf4", precision="fp16", model="Llama-2-7b-hf", gpu="RTX 4090")
    other = against("nf4", precision="fp16", model="Llama-2-7b-hf", gpu="H100")
    for found, half_width in ((same, 0.20), (other, 0.35)):
        assert found.current_j_per_1k is not None
        low, high = found.current_j_per_1k.low, found.current_j_per_1k.high
        assert high / low >= 2.718281828 ** (2 * half_width) * 0.999
    assert "memory bandwidth" in said(other)


@pytest.mark.parametrize("gpu", ["RTX 4090D", "RTX 5090", "A800", "H100", "T4", None])
@pytest.mark.parametrize("precision", PRECISIONS)
def test_the_current_joules_are_those_of_the_current_deployment_alone(precision: str, gpu: str | None) -> None:
    """Whatever it is held against; the better ones are those over the ratio, and a month costs the difference."""
    facts: dict[str, Any] = {"model": "Qwen/Qwen2.5-1.5B", "precision": precision, "batch_size": 4}
    if gpu is not None:
        facts["gpu"] = gpu
    found = [against(better, **facts) for better in PRECISIONS if better != precision]
    assert len({each.current_j_per_1k for each in found}) == 1
    for each in found:
        assert each.current_j_per_1k is not None
        assert each.better_j_per_1k is not None
        assert each.monthly is not None
        now, then = each.current_j_per_1k.central, each.better_j_per_1k.central
        assert then == pytest.approx(now / (1 + overhead(each).central / 100))
        assert each.monthly.kwh.central == pytest.approx((now - then) * 256_000 / 3.6e6 * 1.1)
        assert (each.monthly.kwh.low > 0) == (overhead(each).low > 0)
        assert (each.monthly.kwh.high < 0) == (overhead(each).high < 0)


def test_money_and_co2_follow_from_energy() -> None:
    workload = Workload(
        requests_per_month=30_000, generated_tokens=128, price_per_kwh=0.22, carbon_intensity=230, pue=1.0
    )
    found = against(model="Qwen/Qwen2-1.5B", gpu="RTX 5090", precision="int8_default", workload=workload)
    assert found.monthly is not None
    assert found.better_j_per_1k is not None
    expected = found.better_j_per_1k.central * overhead(found).central / 100 * 30_000 * 0.128 / 3.6e6
    assert found.monthly.kwh.central == pytest.approx(expected)
    for name in ("central", "low", "high"):
        kwh = getattr(found.monthly.kwh, name)
        assert getattr(found.monthly.usd, name) == pytest.approx(kwh * 0.22)
        assert getattr(found.monthly.kg_co2, name) == pytest.approx(kwh * 0.230)
    assert "km in an average US car" in found.monthly.equivalent
    little = against(
        model="Qwen/Qwen2-1.5B", gpu="RTX 5090", precision="int8_default", workload=Workload(requests_per_month=1000)
    )
    assert little.monthly is not None
    assert "phone charges" in little.monthly.equivalent


def test_a_quantile_is_that_of_the_next_error_and_the_largest_of_few() -> None:
    assert quantile([]) == 0
    assert quantile([0.1, 0.3, 0.2]) == 0.3
    assert quantile([float(each) for each in range(9)]) == 8
    assert quantile([float(each) for each in range(19)]) == pytest.approx(17.0)  # rank 18 of 19: 0.9 of 20
    assert quantile([float(each) for each in range(11)]) == pytest.approx(9.8)


# --- properties -------------------------------------------------------------------------------------------------------

facts_of = st.fixed_dictionaries(
    {},
    optional={
        "model": st.sampled_from(MODELS),
        "gpu": st.sampled_from(GPUS),
        "gpu_count": st.sampled_from([1, 2, 8]),
        "framework": st.sampled_from(["transformers", "vllm"]),
    },
)
batches = st.integers(1, 64)


@given(facts=facts_of, one=st.sampled_from(PRECISIONS), other=st.sampled_from(PRECISIONS), now=batches, then=batches)
def test_every_estimate_is_ordered_and_says_what_its_interval_says(
    facts: dict[str, Any], one: str, other: str, now: int, then: int
) -> None:
    workload = Workload()
    current = deployment(precision=one, batch_size=now, **facts)
    better = deployment(precision=other, batch_size=then, **facts)
    found = estimate(current, better, {"precision": other, "batch_size": then}, workload)
    assert found == estimate(current, better, {"precision": other, "batch_size": then}, workload)
    assert found.confidence in (None, 1, 2, 3)
    assert (found.overhead_percent is None) == (found.confidence is None)
    if found.overhead_percent is None:
        assert found.confidence_reasons
        return
    percent = found.overhead_percent
    intervals = [percent, found.current_j_per_1k, found.better_j_per_1k]
    if found.monthly is not None:
        intervals += [found.monthly.kwh, found.monthly.usd, found.monthly.kg_co2]
        assert found.monthly.usd.central == pytest.approx(found.monthly.kwh.central * workload.price_per_kwh)
        for name in ("low", "central", "high"):
            assert getattr(found.monthly.kwh, name) * getattr(percent, name) >= 0
    for interval in intervals:
        assert interval is None or interval.low <= interval.central <= interval.high
    assert (found.verdict == "undetermined") == (percent.low <= 0 <= percent.high)


@given(facts=facts_of, precision=st.sampled_from(PRECISIONS), now=batches, then=batches)
def test_energy_per_request_never_rises_with_the_batch(
    facts: dict[str, Any], precision: str, now: int, then: int
) -> None:
    small, large = sorted((now, then))
    found = batched(small, large, precision=precision, **facts)
    assert overhead(found).central >= 0
    if found.current_j_per_1k is not None and found.better_j_per_1k is not None:
        assert found.current_j_per_1k.central >= found.better_j_per_1k.central * (1 - 1e-9)


@given(model=st.sampled_from(MODELS), precision=st.sampled_from(PRECISIONS[2:]))
def test_more_stars_never_come_from_a_wider_tier(model: str, precision: str) -> None:
    def stars(gpu: str) -> int:
        return against(model=model, gpu=gpu, precision=precision).confidence or 0

    assert stars("RTX 4090") >= stars("L4") >= stars("H100")
    assert stars("RTX 5090") >= stars("RTX 5080")


def test_estimates_are_fast() -> None:
    facts: dict[str, Any] = {"model": "meta-llama/Llama-2-7b-hf", "precision": "int8_default"}
    against(**facts)
    start = time.perf_counter()
    for _ in range(20):
        against(**facts)
    assert (time.perf_counter() - start) / 20 < 0.02


def test_every_model_of_the_tests_is_what_it_says() -> None:
    assert all(catalog.gpus(gpu) for gpu in GPUS)
    assert all(catalog.model(model) for model in MODELS)
