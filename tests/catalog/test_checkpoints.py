"""Names of repositories tell the format of their weights word by word, and no more than they say."""

from __future__ import annotations

import pytest

from ecolint.catalog import checkpoint, requantized
from ecolint.catalog.tables import records


@pytest.mark.parametrize(
    ("name", "quantization", "backend"),
    [
        ("unsloth/Qwen2.5-1.5B-Instruct-bnb-4bit", "nf4", "bitsandbytes"),
        ("unsloth/Llama-3.2-1B-Instruct-unsloth-bnb-4bit", "nf4", "bitsandbytes"),
        ("someone/Phi-3-mini-4k-instruct-BNB-8bit", "int8", "bitsandbytes"),
        ("TheBloke/Mistral-7B-Instruct-v0.2-AWQ", "awq", None),
        ("hugging-quants/Meta-Llama-3.1-8B-Instruct-AWQ-INT4", "awq", None),
        ("Qwen/Qwen2.5-7B-Instruct-GPTQ-Int8", "gptq", None),
        ("nvidia/Llama-3.1-8B-Instruct-FP8", "fp8", None),
        ("RedHatAI/Meta-Llama-3.1-8B-Instruct-FP8-dynamic", "fp8", None),
        ("example/Meta-Llama-3-8B-Instruct-W8A8-FP8", "fp8", None),
        ("RedHatAI/Meta-Llama-3.1-8B-Instruct-quantized.w8a8", "int8", "compressed-tensors"),
        ("RedHatAI/Meta-Llama-3.1-8B-Instruct-quantized.w4a16", "int4", "compressed-tensors"),
        ("nvidia/Qwen3-8B-NVFP4", "nvfp4", None),
        ("example/Qwen3-8B-MXFP4", "mxfp4", None),
        ("bartowski/Qwen2.5-7B-Instruct-GGUF", "gguf", None),
        ("llama3.1:8b-instruct-q4_K_M", "gguf", None),
        ("hf.co/example/Qwen2.5-7B:IQ4_XS", "gguf", None),
        ("/models/llama-2-7b.Q5_K_S", "gguf", None),
        ("/models/Qwen2.5-7B-Instruct-AWQ/", "awq", None),
        ("Intel/Qwen3-8B-int4-AutoRound", "auto-round", None),
        ("turboderp/Llama-3-8B-exl2", "exl2", None),
        ("deepseek-ai/DeepSeek-V3", "fp8", None),
    ],
)
def test_a_name_tells_its_format(name: str, quantization: str, backend: str | None) -> None:
    found = checkpoint(name)
    assert found is not None
    assert (found.quantization, found.backend) == (quantization, backend)


@pytest.mark.parametrize(
    "name",
    ["mlx-community/Qwen2.5-7B-4bit", "nvidia/DeepSeek-R1-FP4", "x/Llama-2-7b-bnb", "x/y-7B-int8"],
)
def test_a_name_may_say_no_more_than_that_it_has_one(name: str) -> None:
    found = checkpoint(name)
    assert found is not None
    assert found.quantization is None
    assert requantized(name)


@pytest.mark.parametrize(
    "name",
    [
        "x/fp8x-7B",
        "x/llama-7b-awqish",
        "x/Gptqlm-7B",
        "Qwen/Qwen2.5-7B-Instruct",
        "gguf-org/llama-7b",
        "unsloth/DeepSeek-R1-BF16",
        "",
        "x" * 600,
    ],
)
def test_words_inside_other_words_and_owners_tell_nothing(name: str) -> None:
    assert checkpoint(name) is None
    assert not requantized(name)


def test_only_the_published_repository_has_the_published_format() -> None:
    found = checkpoint("openai/gpt-oss-20b")
    assert found is not None
    assert found.catalogued
    assert checkpoint("/models/deepseek-v3") is None


def test_every_row_has_a_source_and_words_stand_once() -> None:
    rows = list(records("checkpoints.csv"))
    assert all(row["source"] for row in rows)
    assert len({row["word"] for row in rows}) == len(rows)
    assert all(row["word"] == row["word"].lower() for row in rows)
