"""Memory is added up from what is known, and never overstated."""

from __future__ import annotations

import pytest

from ecolint.memory import add_up
from ecolint.model import Fact, Scalar

UNKNOWN = Fact("unknown")
LLAMA = "meta-llama/Llama-3.1-8B-Instruct"
CARD: dict[str, Scalar | Fact] = {
    "model": LLAMA,
    "quantization": "none",
    "dtype": "auto",
    "kv_room": "window",
    "context_extended": False,
    "gpu_memory_gb": 24.0,
    "sharding": 1,
    "memory_share": 0.92,
}


def added(**given: Scalar | Fact) -> dict[str, Scalar]:
    """What is added up from these facts on top of a usual card, None where it is not known; None takes a fact away."""
    merged = {**CARD, **given}
    facts = {
        name: value if isinstance(value, Fact) else Fact("known", value)
        for name, value in merged.items()
        if value is not None
    }
    add_up(facts)
    return {name: fact.value if fact.kind == "known" else None for name, fact in facts.items()}


def test_weights_window_and_card() -> None:
    found = added()
    assert found["weights_gib"] == pytest.approx(14.96, abs=0.01)
    assert (found["kv_tokens"], found["kv_cache_gib"]) == (131072, 16.0)
    assert found["memory_needed_gib"] == pytest.approx(30.96, abs=0.01)
    assert found["memory_available_gib"] == pytest.approx(22.08)
    assert found["fitting_length"] == 32768


@pytest.mark.parametrize(
    ("given", "gib"),
    [
        ({}, 14.96),
        ({"dtype": UNKNOWN}, 14.96),
        ({"dtype": "float32"}, 29.92),
        ({"quantization": "fp8"}, 7.48),
        ({"quantization": "nf4"}, 3.74),
        ({"quantization": "gptq"}, None),
        ({"quantization": UNKNOWN}, None),
        ({"model": "deepseek-ai/DeepSeek-R1"}, 624.9),
        ({"model": "openai/gpt-oss-20b"}, 9.74),
        ({"model": "meta-llama/Llama-3.1-8B-Instruct-FP8"}, None),
        ({"model": "someone/Llama-3.1-8B-Instruct"}, None),
        ({"model": "/models/Llama-3.1-8B-Instruct"}, None),
        ({"model": "Llama-3.1-8B-Instruct"}, None),
        ({"model": "someone/lawyer-8b"}, None),
        ({"model": UNKNOWN}, None),
    ],
)
def test_weights_count_only_where_the_checkpoint_is_known(given: dict[str, Scalar | Fact], gib: float | None) -> None:
    found = added(**given)["weights_gib"]
    assert found == (None if gib is None else pytest.approx(gib, rel=0.001))


@pytest.mark.parametrize(
    ("given", "gib"),
    [
        ({"context_length": 8192}, 1.0),
        ({"context_length": 8192, "kv_cache_dtype": "fp8_e5m2"}, 0.5),
        ({"context_length": 8192, "kv_cache_dtype": "nvfp4"}, None),
        ({"context_length": 8192, "kv_cache_dtype": UNKNOWN}, None),
        ({"context_length": UNKNOWN}, None),
        ({"context_length": -1}, None),
        ({"context_length": Fact("known", 8192, assured=False)}, None),
        ({"context_extended": True}, None),
        ({"context_extended": UNKNOWN}, None),
        ({"kv_room": "written"}, None),
        ({"kv_room": "written", "context_length": 8192}, 1.0),
        ({"kv_room": "batch", "context_length": 8192}, None),
        ({"kv_room": "batch", "context_length": 8192, "batch_size": 4}, 4.0),
        ({"model": "google/gemma-3-27b-it", "context_length": 8192}, None),
        ({"model": "mistralai/Mistral-7B-Instruct-v0.1", "context_length": 8192}, None),
        # The window of the base is not that of its variants.
        ({"model": "Qwen/Qwen2.5-7B"}, 7.0),
        ({"model": "Qwen/Qwen2.5-7B-Instruct"}, None),
    ],
)
def test_the_cache_counts_only_where_its_length_is_known(given: dict[str, Scalar | Fact], gib: float | None) -> None:
    found = added(**given)
    assert found["kv_cache_gib"] == gib
    needed, weights = found["memory_needed_gib"], found["weights_gib"]
    assert isinstance(needed, float)
    assert isinstance(weights, float)
    assert needed == weights + (gib or 0.0)


@pytest.mark.parametrize(
    ("given", "gib"),
    [
        ({"sharding": 4}, 88.32),
        ({"sharding": None, "gpu_count": 2}, 44.16),
        ({"sharding": None}, None),
        ({"sharding": UNKNOWN, "gpu_count": 8}, None),
        ({"reserved_gpus": 1}, 22.08),
        ({"reserved_gpus": 8}, 22.08),
        ({"reserved_gpus": 8, "sharding": Fact("known", 1, how="default")}, None),
        ({"memory_share": None}, 24.0),
        ({"memory_share": UNKNOWN}, None),
        ({"memory_share": 90.0}, None),
        ({"memory_share": Fact("known", 0.9, assured=False)}, None),
        ({"sharding": Fact("known", 1, assured=False)}, None),
        ({"gpu_memory_gb": UNKNOWN}, None),
        ({"uncounted": "cpu_offload_gb"}, None),
        ({"uncounted": UNKNOWN}, None),
        ({"data_parallel": 8}, 22.08),
        ({"data_parallel": UNKNOWN}, None),
        ({"data_parallel": 8, "model": "deepseek-ai/DeepSeek-R1"}, None),
    ],
)
def test_the_gpus_of_one_copy_are_what_is_available(given: dict[str, Scalar | Fact], gib: float | None) -> None:
    assert added(**given)["memory_available_gib"] == (None if gib is None else pytest.approx(gib))


def test_the_window_is_known_of_published_models_alone() -> None:
    assert added()["model_context"] == 131072
    assert added(model="Qwen/Qwen2.5-7B-Instruct")["model_context"] == 131072  # no variant has a longer one
    for model in (
        "someone/Llama-3.1-8B-Instruct",
        "mistralai/Mistral-Nemo-Instruct-2407",  # revisions differ
        "bigscience/bloom-560m",  # no hard end
        "Qwen/Qwen2-7B-Instruct",  # the base has a longer one than the row
        "Qwen/Qwen3-4B-Instruct-2507",  # a later release has another one
    ):
        assert added(model=model)["model_context"] is None, model


def test_no_length_is_proposed_where_none_fits() -> None:
    assert added(gpu_memory_gb=16.0)["fitting_length"] is None
    assert added(sharding=2)["fitting_length"] == 131072
