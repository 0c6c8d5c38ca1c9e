"""`ecolint facts --table`: one line a deployment, with what is not said, hidden and likely told apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from ecolint import cli

POD = """
apiVersion: v1
kind: Pod
spec:
  nodeSelector: {nvidia.com/gpu.product: NVIDIA-L40S}
  containers:
  - name: chat
    image: vllm/vllm-openai:v0.11.0
    args: [--model, Qwen/Qwen3-30B-A3B, --tensor-parallel-size, "2", --max-num-seqs, "64"]
"""
HIDDEN = POD.replace("Qwen/Qwen3-30B-A3B", "$(MODEL)").replace("NVIDIA-L40S", "'{{ .Values.card }}'")
CODE = """
from transformers import AutoModelForCausalLM, Trainer

chat = AutoModelForCausalLM.from_pretrained("Qwen/Qwen2.5-1.5B-Instruct", torch_dtype="bfloat16")
"""
TRAINING = "\ntrained = AutoModelForCausalLM.from_pretrained('Qwen/Qwen2.5-0.5B')\nTrainer(model=trained).train()\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def table(here: Path, capsys: pytest.CaptureFixture[str], **files: str) -> list[list[str]]:
    """The cells of every line behind the heading."""
    for name, text in files.items():
        (here / name.replace("_", ".")).write_text(text, encoding="utf-8")
    assert cli.run(["facts", "--table", "."]) == 0
    heading, *lines = capsys.readouterr().out.splitlines()
    starts = [heading.index(word) for word in ("where", "stack", "model", "size", "precision", "gpu", "batch")]
    cuts = list(zip(starts, [*starts[1:], None], strict=True))
    return [[line[start:end].strip() for start, end in cuts] for line in lines]


def test_a_deployment_is_one_line(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (row,) = table(here, capsys, pod_yaml=POD)
    assert row == ["pod.yaml:7:5", "vllm", "Qwen/Qwen3-30B-A3B", "30.5B-A3.35B", row[4], "2 x L40S", "up to 64"]


def test_what_cannot_be_told_is_no_gap(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (row,) = table(here, capsys, pod_yaml=HIDDEN)
    assert (row[2], row[3], row[5]) == ("?", "?", "2 x ?")


def test_training_and_pins_are_left_out(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = table(here, capsys, app_py=CODE + TRAINING, requirements_txt="torch==2.9.0.dev20250901\n")
    assert [row[2] for row in rows] == ["Qwen/Qwen2.5-1.5B-Instruct"]
    assert rows[0][4:] == ["bf16", "-", "-"]
    cli.run(["facts", "--table", "."])
    assert "1 training run left out of the table" in capsys.readouterr().err


def test_nothing_read_is_said_and_formats_do_not_mix(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["facts", "--table", "."]) == 0
    assert capsys.readouterr().out == "No deployment was read.\n"
    assert cli.run(["facts", "--table", "--format", "json", "."]) == 2
    assert "--table is a format of its own" in capsys.readouterr().err


def test_weights_in_a_folder_are_listed_where_they_are_loaded(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = '{"architectures": ["X"], "model_type": "x", "quantization_config": {"quant_method": "awq"}}'
    code = "from vllm import LLM\nLLM('./')\n"
    rows = table(here, capsys, config_json=told, serve_py=code)
    assert [(row[0].partition(":")[0], row[4]) for row in rows] == [("serve.py", "~awq")]
