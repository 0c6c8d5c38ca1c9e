"""Look-ups by the names that platforms and people write."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from ecolint import catalog


@pytest.mark.parametrize(
    ("written", "platform", "name"),
    [
        ("T4", None, "T4"),
        ("rtx4090", None, "RTX 4090"),
        ("RTX 4090 D", None, "RTX 4090D"),
        ("NVIDIA GeForce RTX 5090", None, "RTX 5090"),
        ("A100-80GB", None, "A100 80GB SXM4"),
        ("A100 40GB", None, "A100 40GB SXM4"),
        ("NVIDIA A100-SXM4-80GB", None, "A100 80GB SXM4"),
        ("A100 80GB PCIe", None, "A100 80GB PCIe"),
        ("a800", None, "A800 80GB SXM"),
        ("H100", None, "H100 SXM5"),
        ("H100:8", None, "H100 SXM5"),
        ("H100-NVL", None, "H100 NVL"),
        ("L4 24GB", None, "L4"),
        ("nvidia-tesla-t4", None, "T4"),
        ("nvidia-tesla-a100", "gke", "A100 40GB SXM4"),
        ("A100", "skypilot", "A100 40GB SXM4"),
        ("A100", "modal", "A100 40GB SXM4"),
        ("A100", "truss", "A100 80GB SXM4"),
        ("A100:80GB:2", "dstack", "A100 80GB SXM4"),
        ("A10", "ray", "A10G"),
        ("A10", "modal", "A10"),
        ("H100!", "modal", "H100 SXM5"),
        ("NVIDIA-A10G-SHARED", "gfd", "A10G"),
        ("NVIDIA-A100-80GB-PCIe", "gfd", "A100 80GB PCIe"),
        ("NVIDIA_TESLA_A100", "vertex", "A100 40GB SXM4"),
        ("l40s", "karpenter", "L40S"),
        ("RTX 6000 Ada", None, "RTX 6000 Ada"),
        ("A6000", None, "RTX A6000"),
        ("4090", None, "RTX 4090"),
        ("4090d", None, "RTX 4090D"),
        ("GeForce 2080 Ti", None, "RTX 2080 Ti"),
        ("NVIDIA L4", None, "L4"),
        ("a100-sxm4-80gb", None, "A100 80GB SXM4"),
    ],
)
def test_a_name_means_one_gpu(written: str, platform: str | None, name: str) -> None:
    found = catalog.gpu(written, platform)
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize(
    "written",
    [
        "",
        "RTX 6000",
        "6000",
        "100",
        "A100-SXM4",
        "NVIDIA-H100-80GB-HBM3-MIG-1g.10gb",
        "mig-1g.10gb",
        "L4 80GB",
        "gpu",
        "P4",
        "B200+",
    ],
)
def test_a_name_that_means_no_one_gpu(written: str) -> None:
    assert catalog.gpu(written) is None


def test_an_ambiguous_name_keeps_its_candidates() -> None:
    assert catalog.gpu("A100") is None
    candidates = catalog.gpus("A100")
    assert {card.vram_gb for card in candidates} == {40.0, 80.0}
    assert {card.architecture for card in candidates} == {"Ampere"}
    assert catalog.gpu("V100") is None
    assert catalog.gpu("V100", "skypilot") is not None


def test_every_spelling_of_every_column_is_found_on_its_platform() -> None:
    path = Path(catalog.__file__).parent / "gpus.csv"
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            assert row["gpu"] in {card.name for card in catalog.gpus(row["gpu"])}
            for platform, column in catalog.PLATFORMS.items():
                for spelling in filter(None, (part.strip() for part in row[column].split(";"))):
                    assert row["gpu"] in {card.name for card in catalog.gpus(spelling, platform)}, spelling


def test_measured_gpus_have_their_evidence_key() -> None:
    keys = {card.name: card.evidence for card in catalog.all_gpus() if card.evidence}
    assert set(keys.values()) == {"rtx5090", "rtx4090", "rtx4090d", "a800", "t4"}
    assert keys["A800 80GB PCIe"] == keys["A800 80GB SXM"] == "a800"


def test_vendors_are_known_beyond_the_cards() -> None:
    assert catalog.vendor("AMD-Instinct-MI210") == "AMD"
    assert catalog.vendor("aws-neuron-core") == "AWS"
    assert catalog.vendor("H100") == "NVIDIA"
    assert catalog.vendor("gpu") is None


def test_every_instance_has_a_gpu_of_the_catalogue() -> None:
    path = Path(catalog.__file__).parent / "instances.csv"
    with path.open(encoding="utf-8", newline="") as file:
        names = [row["instance_type"] for row in csv.DictReader(file)]
    assert len(names) == 137
    for name in names:
        found = catalog.instance(name)
        assert found is not None
        assert found.gpu is not None, name
    azure = catalog.instance("standard_nc40ads_h100_v5")
    assert azure is not None
    assert azure.gpu is not None
    assert (azure.gpu.name, azure.gpu_count) == ("H100 NVL", 1)
    part = catalog.instance("Standard_NV6ads_A10_v5")
    assert part is not None
    assert part.gpu_count < 1
    assert catalog.instance("m5.large") is None


@pytest.mark.parametrize(
    ("written", "name", "total"),
    [
        ("Qwen/Qwen2.5-7B-Instruct", "Qwen/Qwen2.5-7B", 7.616),
        ("meta-llama/Llama-2-7b-chat-hf", "meta-llama/Llama-2-7b-hf", 6.738),
        ("NousResearch/Llama-2-7b-hf", "meta-llama/Llama-2-7b-hf", 6.738),
        ("unsloth/llama-3-8b-bnb-4bit", "meta-llama/Meta-Llama-3-8B", 8.03),
        ("TheBloke/Llama-2-13B-chat-GPTQ", "meta-llama/Llama-2-13b-hf", 13.016),
        ("/models/Llama-2-7b-hf", "meta-llama/Llama-2-7b-hf", 6.738),
        ("./Qwen2.5-1.5B-Instruct", "Qwen/Qwen2.5-1.5B", 1.544),
        ("/hub/models--meta-llama--Llama-2-7b-hf/snapshots/01c7f73d771dfac7d292", "meta-llama/Llama-2-7b-hf", 6.738),
        ("llama-2-7b.Q4_K_M.gguf", "meta-llama/Llama-2-7b-hf", 6.738),
        ("llama3.1:8b", "meta-llama/Llama-3.1-8B", 8.03),
        ("mistralai/Mistral-7B-Instruct-v0.2", "mistralai/Mistral-7B-v0.1", 7.242),
        ("mistralai/Mixtral-8x7B-Instruct-v0.1", "mistralai/Mixtral-8x7B-v0.1", 46.703),
        ("Qwen/Qwen3-30B-A3B-Instruct-2507", "Qwen/Qwen3-30B-A3B", 30.532),
        ("bigscience/bloom-1b7", "bigscience/bloom-1b7", 1.722),
        ("gpt2", "openai-community/gpt2", 0.124),
        ("Phi-3-mini", "microsoft/Phi-3-mini-4k-instruct", 3.821),
    ],
)
def test_a_catalogued_model_under_other_names(written: str, name: str, total: float) -> None:
    found = catalog.model(written)
    assert found is not None
    assert found.how == ("alias" if written.startswith(("NousResearch", "unsloth", "TheBloke")) else "catalog")
    assert found.name == name
    assert found.total_b == pytest.approx(total, abs=0.001)


@pytest.mark.parametrize(
    ("written", "total", "active"),
    [
        ("someone/chat-1.5B", 1.5, 1.5),
        ("someone/chat-6.7b-v2", 6.7, 6.7),
        ("bloomz-7b1", 7.1, 7.1),
        ("x/stablelm-2-zephyr-1_6b", 1.6, 1.6),
        ("org/tiny-135M-sft", 0.135, 0.135),
        ("decapoda-research/llama-7b-hf", 7.0, 7.0),
        ("org/moe-8x7B", 56.0, None),
        ("org/Hermes-Mixtral-8x7B-DPO", 46.703, 12.88),
        ("org/other-30B-A3B-2507", 30.0, 3.0),
        ("Qwen/Qwen2.5-7B-Instruct-1M", 7.0, 7.0),
        ("/data/my-13b/checkpoint-500", 13.0, 13.0),
        ("llama_2_7b_tuned", 7.0, 7.0),
        ("org/llama13b", 13.0, 13.0),
    ],
)
def test_a_size_read_from_the_name(written: str, total: float, active: float | None) -> None:
    found = catalog.model(written)
    assert found is not None
    assert found.how == "name"
    assert found.total_b == pytest.approx(total, abs=0.001)
    assert found.active_b == (None if active is None else pytest.approx(active, abs=0.001))


@pytest.mark.parametrize(
    "written",
    [
        "",
        "qwen2.5",
        "org/model-int8-4bit-128k",
        "a3b9f3b",
        "org/nomic-embed-text-v1.5",
        "deepseek-ai/DeepSeek-V3.1",
        "checkpoint-500",
        "org/a-7b-from-13b",
        "someone/bloom",
        "org/release-2407",
        "x" * 1000,
        "two\nlines-7b",
    ],
)
def test_a_name_that_says_no_size(written: str) -> None:
    assert catalog.model(written) is None


def test_a_catalogued_shape_without_a_total_takes_the_size_of_its_name() -> None:
    found = catalog.model("Qwen/Qwen3.5-27B")
    assert found is not None
    assert (found.total_b, found.how, found.layers) == (27.0, "name", 64)


def test_every_model_is_found_by_its_id_and_keeps_its_shape() -> None:
    for known in catalog.all_models():
        found = catalog.model(known.name.upper())
        assert found is not None
        assert found.layers == known.layers
        if known.total_b is not None:
            assert found == known


def test_crossovers_are_those_that_were_printed() -> None:
    assert catalog.crossover("Turing", "nf4") == 3.2
    assert catalog.crossover("Ada Lovelace", "int8_pure") == 4.6
    assert catalog.crossover("Blackwell", "nf4") == 5.2
    assert catalog.crossover("Ampere", "nf4", "8.0") == 3.7
    assert catalog.crossover("Ampere", "nf4", "8.6") is None
    assert catalog.crossover("Hopper", "nf4") is None
    assert catalog.crossover("Ampere", "fp8") is None


def test_weights_take_their_bytes() -> None:
    assert catalog.weights_gb(7.0, "fp32") == 28
    assert catalog.weights_gb(7.0, "bf16") == 14
    assert catalog.weights_gb(7.0, "int8_default") == 7
    assert catalog.weights_gb(7.0, "nf4") == pytest.approx(3.9375)
    assert catalog.weights_gb(7.0, "gptq") is None


def test_regions_have_intensity_and_sometimes_a_price() -> None:
    usual = catalog.region("us average")
    assert usual is not None
    assert (usual.price_per_kwh, usual.carbon_intensity) == (0.12, 390)
    france = catalog.region("France")
    assert france is not None
    assert (france.price_per_kwh, france.carbon_intensity) == (None, 56)
    for name in ("us-east-1", "europe-west4", "westeurope", "China", "EU", "India", "Norway"):
        found = catalog.region(name)
        assert found is not None
        assert found.source
    assert catalog.region("Atlantis") is None
    assert len({each.name.lower() for each in catalog.all_regions()}) == len(catalog.all_regions())


@pytest.mark.parametrize(
    ("written", "how"),
    [
        ("meta-llama/Meta-Llama-3-8B", "catalog"),
        ("meta-llama/Meta-Llama-3-8B-Instruct", "catalog"),
        ("META-LLAMA/llama-3-8b", "catalog"),
        ("mistralai/Mistral-7B-Instruct-v0.3", "catalog"),
        ("Qwen/Qwen2.5-7B-Instruct-AWQ", "catalog"),
        ("Mistral-7B", "catalog"),
        ("Llama-3-8B-Instruct", "catalog"),
        ("/models/Llama-3-8B-Instruct", "catalog"),
        ("/hub/models--Qwen--Qwen2.5-7B/snapshots/01c7f73d771dfac7d292", "catalog"),
        ("acme/llama-3-8b-v1.5", "alias"),
        ("acme/Qwen2.5-7B-Instruct", "alias"),
        ("unsloth/Meta-Llama-3-8B", "alias"),
        ("NousResearch/Llama-2-7b-hf", "alias"),
        ("llama-3-8b-v1.5", "alias"),
        ("/hub/models--acme--Qwen2.5-7B/snapshots/01c7f73d771dfac7d292", "alias"),
        ("acme/chat-7b", "name"),
    ],
)
def test_how_a_model_is_known(written: str, how: str) -> None:
    found = catalog.model(written)
    assert found is not None
    assert found.how == how
