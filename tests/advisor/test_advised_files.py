"""A file instead of a description: what the linter reads is what the answer is about."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import Shell

CODE = """
import torch
from transformers import AutoModelForCausalLM, BitsAndBytesConfig

config = BitsAndBytesConfig(load_in_8bit=True)
model = AutoModelForCausalLM.from_pretrained(
    "mistralai/Mistral-7B-Instruct-v0.2", quantization_config=config, device_map="cuda"
)
"""
COMPOSE = """
services:
  llm:
    image: vllm/vllm-openai:v0.6.3
    command: --model Qwen/Qwen2-1.5B-Instruct --quantization bitsandbytes --load-format bitsandbytes --max-num-seqs 1
"""
OPEN = """
services:
  llm:
    image: vllm/vllm-openai:v0.6.3
    command: --model Qwen/Qwen2.5-7B-Instruct --dtype float16
"""
KUBERNETES = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: tgi}
spec:
  selector: {matchLabels: {app: tgi}}
  template:
    metadata: {labels: {app: tgi}}
    spec:
      nodeSelector: {cloud.google.com/gke-accelerator: nvidia-tesla-t4}
      containers:
        - name: tgi
          image: ghcr.io/huggingface/text-generation-inference:3.3.7
          args: ["--model-id", "Qwen/Qwen2-1.5B", "--quantize", "bitsandbytes-nf4"]
          resources: {limits: {nvidia.com/gpu: 1}}
"""
SHELL = "#!/bin/sh\nvllm serve mistralai/Mistral-7B-Instruct-v0.2 --dtype bfloat16 --max-num-seqs 16\n"
TRAINING = """
from transformers import AutoModelForCausalLM, Trainer

model = AutoModelForCausalLM.from_pretrained("Qwen/Qwen2.5-7B", load_in_4bit=True)
Trainer(model=model).train()
"""
NOTEBOOK = {
    "cells": [{"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": CODE}],
    "metadata": {},
    "nbformat": 4,
    "nbformat_minor": 5,
}
COMMANDS = ("estimate", "compare", "optimize", "recommend", "explain", "diagnose")


def seen(command: str) -> tuple[str, ...]:
    return ("--observed-throughput", "9.9") if command == "diagnose" else ()


FILES = {
    "app.py": (CODE, "mistralai/Mistral-7B-Instruct-v0.2"),
    "compose.yaml": (COMPOSE, "Qwen/Qwen2-1.5B-Instruct"),
    "k8s.yaml": (KUBERNETES, "Qwen/Qwen2-1.5B"),
    "serve.sh": (SHELL, "mistralai/Mistral-7B-Instruct-v0.2"),
    "app.ipynb": (json.dumps(NOTEBOOK), "mistralai/Mistral-7B-Instruct-v0.2"),
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", sorted(FILES))
def test_every_command_answers_of_every_kind_of_file(ecolint: Shell, command: str, name: str) -> None:
    text, model = FILES[name]
    found = ecolint.json(command, ecolint.put(name, text), *seen(command))
    assert ecolint.err == ""
    assert found["model"] == model
    assert found["source"].startswith(f"{name}:")


@pytest.mark.parametrize("command", COMMANDS)
def test_pages_say_where_it_was_read(ecolint: Shell, command: str) -> None:
    ecolint.put("app.py", CODE)
    for form in ("text", "markdown"):
        assert ecolint(command, "app.py", *seen(command), "--format", form).code == 0
        assert "read from app.py:6" in ecolint.out


def test_what_code_says_is_the_input(ecolint: Shell) -> None:
    found = ecolint.json("estimate", ecolint.put("app.py", CODE), "--gpu", "A800")
    assert (found["precision"], found["batch_size"], found["gpu"]) == ("int8_default", 1, "A800 80GB SXM")
    assert found["source"] == "app.py:6"
    assert found["defaults"] == []
    assert "ECO101" in [one["code"] for one in found["warnings"]]
    described = ecolint.json(
        *("estimate", "mistralai/Mistral-7B-Instruct-v0.2", "--gpu", "A800", "--precision", "int8_default")
    )
    for key in ("current", "best", "estimate"):
        figures = ("energy_j_per_1k_tokens", "overhead_percent", "monthly")
        assert {name: found[key][name] for name in figures} == {name: described[key][name] for name in figures}


def test_the_gpu_of_a_cluster_is_read(ecolint: Shell) -> None:
    found = ecolint.json("compare", ecolint.put("k8s.yaml", KUBERNETES))
    assert (found["gpu"], found["precision"]) == ("T4", "nf4")
    assert "text-generation-launcher" in ecolint("compare", "k8s.yaml").out
    assert ecolint.json("compare", "k8s.yaml", "--gpu", "L4")["gpu"] == "L4"


def test_what_a_file_leaves_open_is_filled_in_and_said(ecolint: Shell) -> None:
    found = ecolint.json("estimate", ecolint.put("app.py", CODE))
    assert found["gpu"] == "A800"
    assert ["names no GPU" in text and "one star" in text for text in found["defaults"]] == [True]
    assert {found[key]["confidence"] for key in ("current", "best")} == {1}
    assert "Which GPU does it run on?" in ecolint("estimate", "app.py").out


def test_nothing_is_said_of_a_batch_that_an_engine_decides(ecolint: Shell) -> None:
    found = ecolint.json("optimize", ecolint.put("compose.yaml", OPEN), "--gpu", "A800")
    assert {one["batch_size"] for one in found["pareto"]} == {1}
    assert any("how many requests run together" in text for text in found["defaults"])
    assert ecolint.json("optimize", "compose.yaml", "--gpu", "A800", "--batch-size", "8")["batch_size"] == 8


def test_options_outrank_the_file(ecolint: Shell) -> None:
    ecolint.put("app.py", CODE)
    found = ecolint.json("explain", "app.py", "--gpu", "A800", "--precision", "nf4", "--batch-size", "4")
    assert (found["precision"], found["batch_size"]) == ("nf4", 4)
    assert "ECO101" not in [one["code"] for one in found["warnings"]]


def test_bf16_of_an_engine_is_kept(ecolint: Shell) -> None:
    found = ecolint.json("optimize", ecolint.put("serve.sh", SHELL), "--gpu", "A800")
    assert (found["precision"], found["batch_size"], found["best"]["precision"]) == ("bf16", 16, "bf16")
    assert "vllm serve mistralai/Mistral-7B-Instruct-v0.2 --dtype bfloat16" in ecolint("optimize", "serve.sh").out


def test_of_several_deployments_one_is_taken_and_the_others_are_told(ecolint: Shell) -> None:
    ecolint.put("a.py", CODE)
    ecolint.put("b.yaml", COMPOSE)
    ecolint("estimate", ".", "--gpu", "A800")
    assert ecolint.code == 0
    heading, *listed = ecolint.err.splitlines()
    assert "2 deployments; this is 1" in heading
    assert [line.split()[0] for line in listed] == ["1:", "2:"]
    assert "Mistral" in ecolint.out
    ecolint("estimate", ".", "--gpu", "A800", "--deployment", "2")
    assert (ecolint.code, ecolint.err) == (0, "")
    assert "Qwen/Qwen2-1.5B-Instruct" in ecolint.out
    assert ecolint("estimate", ".", "--deployment", "3").code == 2
    assert "describes 2" in ecolint.err


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("train.py", TRAINING, "trains"),
        ("plain.py", "print(1)\n", "no deployment"),
        ("broken.py", "from transformers import (\nAutoModelForCausalLM.from_pretrained(\n", "broken.py:"),
        ("empty.yaml", "", "no deployment"),
    ],
)
def test_where_nothing_serves_the_reason_is_told(ecolint: Shell, name: str, text: str, words: str) -> None:
    ecolint("estimate", ecolint.put(name, text))
    assert (ecolint.code, ecolint.out) == (2, "")
    assert words in ecolint.err
    assert "internal error" not in ecolint.err


def test_a_model_that_is_not_known_is_told(ecolint: Shell) -> None:
    text = (
        'import os\nfrom transformers import pipeline\npipe = pipeline("text-generation", model=os.environ["MODEL"])\n'
    )
    ecolint("estimate", ecolint.put("app.py", text))
    assert ecolint.code == 2
    assert "doesn't say which model" in ecolint.err


def test_a_file_that_cannot_be_read_is_told(ecolint: Shell, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_bytes(b"from transformers import pipeline\n\xff\xfe\x00")
    ecolint("estimate", "app.py")
    assert (ecolint.code, ecolint.out) == (2, "")
    assert "app.py" in ecolint.err
    assert "internal error" not in ecolint.err


def test_a_deployment_number_needs_a_file(ecolint: Shell) -> None:
    assert ecolint("estimate", "Qwen/Qwen2-7B", "--deployment", "1").code == 2
    assert "--deployment" in ecolint.err


def test_errors_of_a_file_s_question_are_told_at_once(ecolint: Shell) -> None:
    ecolint("optimize", ecolint.put("app.py", CODE), "--precision", "int4", "--max-vram", "x", "--deployment", "1")
    assert ecolint.code == 2
    assert "try: ecolint optimize app.py --precision nf4 --max-vram 24 --deployment 1" in ecolint.err
    ecolint("estimate", "app.py", "--params", "70")
    assert (ecolint.code, "7.24B" in ecolint.err) == (2, True)
