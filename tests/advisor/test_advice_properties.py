"""What holds for any deployment: figures with rows and intervals, sums that add up, limits that are kept."""

from __future__ import annotations

import json
from itertools import pairwise
from math import log
from typing import Any

import pytest
from advisor_samples import COMMANDS, PAPER, answer, columns, estimates, forms, intervals, situation, told
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecolint import catalog
from ecolint.advisor.pages import as_json
from ecolint.evidence import shipped

MEASURED_GPUS = sorted({row.gpu_name for row in shipped().rows})
NVIDIA = sorted({one.name for one in catalog.all_gpus() if one.vendor == "NVIDIA"})
OTHERS = ("MI300X", "Gaudi 3", "TPU v5e", "Instinct MI210")
GPUS = st.one_of(
    st.sampled_from(MEASURED_GPUS), st.sampled_from(NVIDIA), st.sampled_from(OTHERS), st.sampled_from(("A100", "V100"))
)
MODELS = st.one_of(
    st.sampled_from(sorted({row.model for row in shipped().rows})),
    st.sampled_from([one.name for one in catalog.all_models() if one.active_b is not None]),
    st.builds(lambda size: f"someone/own-{size / 10:g}b", st.integers(1, 1500)),
)
PRECISIONS = st.sampled_from(("fp16", "bf16", "fp32", "nf4", "int8_default", "int8_pure", "fp8"))
BATCHES = st.integers(1, 64)
GRIDS: dict[str, st.SearchStrategy[Any]] = {
    "price_per_kwh": st.floats(0, 2),
    "carbon_intensity": st.floats(0, 1000),
    "pue": st.floats(1, 3),
    "requests_per_month": st.integers(1, 10**9),
    "workload": st.nothing(),
}
LENGTHS: dict[str, st.SearchStrategy[Any]] = {
    "prompt_tokens": st.integers(128, 4096),
    "generated_tokens": st.integers(1, 2048),
}
LIMITS: dict[str, st.SearchStrategy[Any]] = {
    "max_vram": st.floats(1, 200),
    "max_latency": st.floats(0.5, 200),
    "min_throughput": st.floats(1, 5000),
    "price_per_hour": st.floats(0.1, 20),
    "objective": st.sampled_from(("energy", "cost", "throughput")),
}
DEPLOYMENTS = st.fixed_dictionaries(
    {"gpu": GPUS},
    optional={
        "precision": PRECISIONS,
        "batch_size": BATCHES,
        "gpu_count": st.integers(1, 4),
        **{name: one for name, one in GRIDS.items() if name != "workload"},
        **LENGTHS,
    },
)
few = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


def seen(command: str) -> dict[str, object]:
    return {"observed_throughput": 25, "observed_power": 120} if command == "diagnose" else {}


@few
@given(command=st.sampled_from(sorted(COMMANDS)), model=MODELS, options=DEPLOYMENTS)
def test_every_figure_has_an_interval_and_rows(command: str, model: str, options: dict[str, Any]) -> None:
    found = told(command, model, **options, **seen(command))
    for path, each in intervals(found):
        assert each["low"] <= each["central"] <= each["high"], path
    known = shipped().by_id
    for one in (*columns(found), *estimates(found)):
        assert all(row in known for row in one["rows"])
        if list(intervals(one)):
            assert one["rows"]
            assert one["confidence"] in (1, 2, 3)
        elif one["overhead_percent"] is None and "throughput_tok_s" in one:
            assert one["confidence"] is None


@few
@given(command=st.sampled_from(sorted(COMMANDS)), model=MODELS, options=DEPLOYMENTS)
def test_undetermined_is_where_the_interval_holds_nothing(command: str, model: str, options: dict[str, Any]) -> None:
    for one in estimates(told(command, model, **options, **seen(command))):
        interval = one["overhead_percent"]
        if interval is not None:
            assert (one["verdict"] == "undetermined") == (interval["low"] <= 0 <= interval["high"])
            assert (one["verdict"] == "costs") == (interval["low"] > 0)


@few
@given(model=MODELS, options=DEPLOYMENTS)
def test_money_and_co2_follow_from_energy(model: str, options: dict[str, Any]) -> None:
    found = told("estimate", model, **options)
    used = found["settings"]
    for name in ("requests_per_month", "prompt_tokens", "generated_tokens", "price_per_kwh", "carbon_intensity", "pue"):
        if name in options:
            assert used[name] == pytest.approx(options[name])
    tokens = used["requests_per_month"] * used["generated_tokens"]
    for key in ("current", "best_at_this_batch", "best"):
        one, month = found[key], found[key]["monthly"]
        assert (month is None) == (one["energy_j_per_1k_tokens"] is None)
        if month is None:
            continue
        for end in ("low", "central", "high"):
            kwh = one["energy_j_per_1k_tokens"][end] * tokens / 1000 * used["pue"] / 3.6e6
            assert month["kwh"][end] == pytest.approx(kwh)
            assert month["usd"][end] == pytest.approx(kwh * used["price_per_kwh"])
            assert month["kg_co2"][end] == pytest.approx(kwh * used["carbon_intensity"] / 1000)
    saved = found["estimate"]["monthly"]
    if saved is not None:
        assert saved["usd"]["central"] == pytest.approx(saved["kwh"]["central"] * used["price_per_kwh"])


@few
@given(gpu=GPUS, model=MODELS, precision=PRECISIONS)
def test_energy_never_rises_with_the_batch(gpu: str, model: str, precision: str) -> None:
    told_ = situation("explain", model, gpu=gpu, precision=precision)
    key = told_.precision
    assert key is not None
    energies = [told_.tried(key, batch).joules for batch in range(1, 65)]
    known = [one for one in energies if one is not None]
    assert len(known) in (0, 64)
    assert all(after <= before * (1 + 1e-9) for before, after in pairwise(known))


@few
@given(gpus=st.tuples(st.sampled_from(NVIDIA), st.sampled_from(NVIDIA)), model=MODELS, precision=PRECISIONS)
def test_more_stars_never_stand_with_a_wider_interval(gpus: tuple[str, str], model: str, precision: str) -> None:
    def of(gpu: str) -> tuple[int | None, float]:
        (one,) = columns(told("explain", model, gpu=gpu, precision=precision, batch_size=1)["current"])
        interval = one["overhead_percent"]
        return one["confidence"], log((100 + interval["high"]) / (100 + interval["low"])) if interval else 0.0

    (one, wide), (other, narrow) = of(gpus[0]), of(gpus[1])
    if one is not None and other is not None and one < other:
        assert narrow <= wide * 1.001 or precision in ("fp16", "bf16")


@few
@given(model=MODELS, options=DEPLOYMENTS)
def test_no_throughput_beyond_what_the_board_can_do(model: str, options: dict[str, Any]) -> None:
    card = catalog.gpu(options["gpu"])
    for one in columns(told("compare", model, **options)):
        if one["throughput_tok_s"] is None or one["measured"] or card is None:
            continue
        size = situation("compare", model, **options).number("active_params_b")
        weights = catalog.weights_gb(size or 0.0, one["precision"])
        if weights and card.bandwidth_gbs:
            steps = one["throughput_tok_s"]["central"] / one["batch_size"]
            assert steps * weights <= card.bandwidth_gbs * 1.05
        most = card.max_power_w or card.tdp_w
        if most and one["power_w"]:
            assert one["power_w"]["high"] <= most * 1.001


@few
@given(
    command=st.sampled_from(("optimize", "recommend")),
    model=MODELS,
    options=DEPLOYMENTS,
    limits=st.fixed_dictionaries({}, optional=LIMITS),
)
def test_what_is_recommended_keeps_every_limit(
    command: str, model: str, options: dict[str, Any], limits: dict[str, Any]
) -> None:
    found = told(command, model, **options, **limits)
    best = found["best"] if command == "optimize" else next(iter(found["options"]), None)
    recommended = [best] if command == "optimize" else found["options"]
    for one in (one for one in recommended if one is not None):
        assert one["fits"] is not False
        if "max_vram" in limits:
            assert one["memory_gb"] <= limits["max_vram"] * 0.9 * 1.0738
        if "max_latency" in limits:
            assert one["latency_s"]["central"] <= limits["max_latency"]
        if "min_throughput" in limits:
            assert one["throughput_tok_s"]["central"] >= limits["min_throughput"]
    if command == "recommend":
        assert [one["rank"] for one in found["options"]] == list(range(1, len(found["options"]) + 1))
    elif best is not None:
        front = [(one["precision"], one["batch_size"]) for one in found["pareto"]]
        kept = best["precision"] in ("fp16", "bf16") and found["why"]
        assert (best["precision"], best["batch_size"]) in front or kept
        assert not {"ECO101", "ECO103"} & set(found["avoids"]) or best["precision"] not in ("int8_default", "fp8_eager")


@few
@given(model=MODELS, options=DEPLOYMENTS)
def test_nothing_that_is_said_to_be_better_costs(model: str, options: dict[str, Any]) -> None:
    found = told("optimize", model, **options)
    if found["best"] is None or found["current"]["fits"] is False or found["current"]["precision"] == "fp32":
        return
    assert found["estimate"]["verdict"] != "saves"
    told_ = told("estimate", model, **options)
    overhead = told_["estimate"]["overhead_percent"]
    assert told_["current"]["fits"] is False or overhead is None or overhead["central"] >= 0


@few
@given(command=st.sampled_from(sorted(COMMANDS)), model=MODELS, options=DEPLOYMENTS)
def test_the_same_question_has_the_same_answer(command: str, model: str, options: dict[str, Any]) -> None:
    one = forms(answer(command, model, **options, **seen(command)))
    other = forms(answer(command, model, **options, **seen(command)))
    assert one == other


@few
@given(gpu=GPUS, model=MODELS, batch=BATCHES)
def test_columns_agree_with_their_percentages(gpu: str, model: str, batch: int) -> None:
    """Joules that nobody measured stand beside FP16's as the percentage says."""
    found = json.loads(as_json(answer("compare", model, gpu=gpu, batch_size=batch), PAPER))
    plain = found["columns"][0]
    for one in found["columns"][1:]:
        if one["energy_j_per_1k_tokens"] is None or one["measured"] or (plain["measured"] and batch == 1):
            continue
        own = [row for row in shipped().rows if (row.gpu_name, row.precision) == (found["gpu"], one["precision"])]
        if any(row.model == catalog.model(model).name for row in own if catalog.model(model)):  # type: ignore[union-attr]
            continue
        quotient = one["energy_j_per_1k_tokens"]["central"] / plain["energy_j_per_1k_tokens"]["central"]
        assert quotient == pytest.approx(1 + one["overhead_percent"]["central"] / 100, rel=1e-6)
