"""Weights in a folder of the project say how they were saved: which folder is meant, and what is taken from it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ecolint.engine import judged
from ecolint.model import Fact, Source
from ecolint.project import Project
from ecolint.saved import Saved
from ecolint.settings import Settings
from ecolint.stacks import vocabularies

NF4 = {"quant_method": "bitsandbytes", "load_in_4bit": True, "bnb_4bit_quant_type": "nf4"}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "project"
    (root / "src" / "app").mkdir(parents=True)
    monkeypatch.chdir(root)
    return root


def weights(folder: Path, quantization: Mapping[str, object] | None = None, **further: object) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    told = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "torch_dtype": "bfloat16", **further}
    if quantization is not None:
        told["quantization_config"] = quantization
    (folder / "config.json").write_text(json.dumps(told))


def facts(root: Path, name: str, path: str = "src/app/serve.py", stack: str = "transformers") -> Mapping[str, Fact]:
    code = {
        "transformers": f"from transformers import AutoModelForCausalLM as M\nM.from_pretrained({name!r})\n",
        "vllm": f"from vllm import LLM\nLLM({name!r})\n",
    }[stack]
    outcome = judged(Source(path, code), Project(root), (), Settings(root=root))
    ((found,),) = outcome.groups
    return found.facts


@pytest.mark.parametrize("name", ["weights/chat", "./weights/chat", "../../weights/chat", "../../src/../weights/chat"])
def test_a_path_starts_at_the_file_or_above_it(project: Path, name: str) -> None:
    weights(project / "weights" / "chat", NF4)
    found = facts(project, name)
    assert (found["quantization"].value, found["backend"].value) == ("nf4", "bitsandbytes")
    assert (found["quantization"].how, found["quantization"].assured) == ("checkpoint", False)
    assert found["quantization"].sources[0].path == "src/app/serve.py"
    assert {place.path for place in found["quantization"].sources[1:]} == {"weights/chat/config.json"}


def test_the_nearest_folder_is_meant(project: Path) -> None:
    weights(project / "chat", {"quant_method": "awq"})
    weights(project / "src" / "app" / "chat", {"quant_method": "gptq"})
    assert facts(project, "chat")["quantization"].value == "gptq"


def test_nothing_outside_of_the_project_is_read(project: Path) -> None:
    weights(project.parent / "weights" / "chat", NF4)
    for name in ("../../../weights/chat", "weights/chat", str(project.parent / "weights" / "chat")):
        assert facts(project, name)["quantization"].value == "none"


def test_a_folder_above_is_not_meant_by_the_folder_itself(project: Path) -> None:
    weights(project, NF4)
    assert facts(project, ".")["quantization"].value == "none"
    assert facts(project, "../..")["quantization"].value == "nf4"


@pytest.mark.parametrize("name", ["", ".", "a\nb", "https://example.org/x", "$HOME/x", "x" * 400])
def test_what_is_no_path_means_no_folder(project: Path, name: str) -> None:
    assert Saved("src/app/serve.py", Project(project), vocabularies()).facts(name) == {}


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        ({"quant_method": "bitsandbytes", "load_in_8bit": True}, {"quantization": "int8", "int8_threshold": 6.0}),
        ({"quant_method": "bitsandbytes", "load_in_8bit": True, "llm_int8_threshold": 0.0}, {"precision": "int8_pure"}),
        ({"quant_method": "bitsandbytes", "load_in_4bit": True}, {"quantization": "fp4", "compute_dtype": "float32"}),
        ({"quant_method": "awq", "bits": 4}, {"quantization": "awq", "backend": None}),
        ({"quant_method": "fp8", "activation_scheme": "dynamic"}, {"quantization": "fp8", "backend": None}),
        (
            {"quant_method": "compressed-tensors", "format": "int-quantized"},
            {"quantization": "int8", "backend": "compressed-tensors"},
        ),
        ({"quant_method": "compressed-tensors", "format": "float-quantized"}, {"quantization": "fp8"}),
        ({"quant_method": "modelopt", "quant_algo": "NVFP4"}, {"quantization": "nvfp4"}),
        ({"quant_method": "mxfp4"}, {"quantization": "mxfp4"}),
        ({"quant_method": "hqq"}, {"quantization": "?", "precision": "?"}),
    ],
)
def test_what_a_configuration_says_of_its_weights(
    project: Path, told: Mapping[str, object], wanted: Mapping[str, object]
) -> None:
    weights(project / "chat", told)
    found = facts(project, "chat", stack="vllm")
    said = {name: "?" if fact.kind == "unknown" else fact.value for name, fact in found.items()}
    assert {name: said.get(name) for name in wanted} == wanted


def test_what_is_not_quantized_outranks_a_name_that_says_it_is(project: Path) -> None:
    weights(project / "llama-7b-AWQ")
    assert facts(project, "llama-7b-AWQ")["quantization"].value == "none"


def test_sixteen_bits_are_taken_where_the_engine_takes_what_there_is(project: Path) -> None:
    weights(project / "chat")
    found = facts(project, "chat", stack="vllm")
    assert (found["dtype"].value, found["precision"].value) == ("bfloat16", "bf16")
    weights(project / "wide", torch_dtype="float32")
    assert facts(project, "wide", stack="vllm")["dtype"].value == "auto"


def test_the_size_is_that_of_the_shape_or_of_the_origin(project: Path) -> None:
    shape: dict[str, Any] = {
        "hidden_size": 2048,
        "intermediate_size": 5632,
        "num_hidden_layers": 22,
        "num_attention_heads": 32,
    }
    weights(project / "chat", **shape, num_key_value_heads=4, vocab_size=32000)
    assert facts(project, "chat")["params_b"].value == pytest.approx(1.1, rel=1e-3)
    weights(project / "other", _name_or_path="Qwen/Qwen2.5-7B-Instruct")
    found = facts(project, "other")
    assert found["params_b"].value == pytest.approx(7.616, rel=1e-3)
    assert not found["params_b"].assured


def test_a_folder_alone_serves_nothing_but_eight_bits_can_be_mended_there(project: Path) -> None:
    def workload(told: Mapping[str, object]) -> str:
        weights(project / "chat", told)
        source = Source("chat/config.json", (project / "chat" / "config.json").read_text())
        ((found,),) = judged(source, Project(project), (), Settings(root=project)).groups
        assert found.stack == "checkpoint"
        return found.facts["workload"].kind

    assert workload(NF4) == "unknown"
    assert workload({"quant_method": "bitsandbytes", "load_in_8bit": True}) == "known"
