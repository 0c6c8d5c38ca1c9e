"""The parameters of a decoder follow from its shape: held against the totals of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from ecolint.catalog.shapes import decoder_parameters
from ecolint.catalog.tables import records
from ecolint.model import Scalar

ROWS = {row["model"]: row for row in records("models.csv")}


def shape(model: str, family: str) -> Mapping[str, Scalar]:
    row = ROWS[model]
    named = {
        "hidden_size": "hidden_size",
        "intermediate_size": "intermediate_size",
        "num_hidden_layers": "layers",
        "num_attention_heads": "num_heads",
        "num_key_value_heads": "num_kv_heads",
        "head_dim": "head_dim",
        "vocab_size": "vocab_size",
    }
    found: dict[str, Scalar] = {name: int(row[column]) for name, column in named.items()}
    return {**found, "model_type": family, "tie_word_embeddings": row["tied_embeddings"] == "True"}


@pytest.mark.parametrize(
    ("model", "family"),
    [
        ("meta-llama/Llama-2-7b-hf", "llama"),
        ("meta-llama/Llama-3.1-70B", "llama"),
        ("meta-llama/Llama-3.2-1B", "llama"),
        ("TinyLlama/TinyLlama-1.1B-Chat-v1.0", "llama"),
        ("mistralai/Mistral-7B-v0.3", "mistral"),
        ("mistralai/Mistral-Nemo-Instruct-2407", "mistral"),
        ("Qwen/Qwen2.5-0.5B", "qwen2"),
        ("Qwen/Qwen2.5-7B", "qwen2"),
        ("Qwen/Qwen3-0.6B", "qwen3"),
        ("Qwen/Qwen3-32B", "qwen3"),
    ],
)
def test_a_shape_has_as_many_parameters_as_the_model(model: str, family: str) -> None:
    assert decoder_parameters(shape(model, family)) == pytest.approx(int(ROWS[model]["total_params"]) / 1e9, rel=1e-4)


def test_heads_and_groups_follow_where_they_are_not_written() -> None:
    whole = shape("meta-llama/Llama-2-7b-hf", "llama")
    less = {name: one for name, one in whole.items() if name not in ("head_dim", "num_key_value_heads")}
    assert decoder_parameters(less) == decoder_parameters(whole)


@pytest.mark.parametrize(
    "changed", [{"model_type": "mixtral"}, {"hidden_size": None}, {"vocab_size": "x"}, {"num_hidden_layers": 10**12}]
)
def test_what_is_not_known_is_not_counted(changed: Mapping[str, Scalar]) -> None:
    assert decoder_parameters({**shape("meta-llama/Llama-2-7b-hf", "llama"), **changed}) is None
