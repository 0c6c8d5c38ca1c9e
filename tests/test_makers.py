"""Models that a function of another module loads: the file that generates with them is judged, alone or not."""

from __future__ import annotations

from pathlib import Path

import pytest

from ecolint import cli

BUILDER = """\
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

def load_pretrained(path, half=True):
    tokenizer = AutoTokenizer.from_pretrained(path)
    model = AutoModelForCausalLM.from_pretrained(path, torch_dtype=torch.float16 if half else torch.bfloat16)
    return tokenizer, model, 2048

def load_tokenizer(path):
    return AutoTokenizer.from_pretrained(path)
"""
LOOP = """\
def run(path, questions):
    {call}
    for question in questions:
        ids = tokenizer(question, return_tensors="pt").input_ids
        model.generate(ids, max_new_tokens=length)
"""
UNPACKED = "tokenizer, model, length = {}(path)"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "__init__.py").write_text("from .builder import load_pretrained\n", encoding="utf-8")
    (tmp_path / "pkg" / "builder.py").write_text(BUILDER, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def lint(capsys: pytest.CaptureFixture[str], head: str, call: str) -> list[str]:
    """What is reported about a script of the project, alone on the command line."""
    Path("evaluate.py").write_text(head + LOOP.format(call=call), encoding="utf-8")
    assert cli.run(["check", "--format", "concise", "--exit-zero", "evaluate.py"]) == 0
    return [line.split(": ")[0] + " " + line.split()[2] for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize(
    ("head", "called"),
    [
        ("from pkg.builder import load_pretrained\n", "load_pretrained"),
        ("from pkg import load_pretrained as load\n", "load"),
        ("from pkg import builder\n", "builder.load_pretrained"),
        ("import pkg.builder as builder\n", "builder.load_pretrained"),
    ],
)
def test_a_loader_of_another_module_is_followed(
    project: Path, capsys: pytest.CaptureFixture[str], head: str, called: str
) -> None:
    assert lint(capsys, head, UNPACKED.format(called)) == ["evaluate.py:6:9 ECO104"]


@pytest.mark.parametrize(
    ("head", "call"),
    [
        ("from pkg.builder import load_tokenizer\n", "model = load_tokenizer(path); tokenizer, length = model, 1"),
        ("from pkg.builder import load_pretrained\n", "length, _, model = load_pretrained(path); tokenizer = length"),
        ("from elsewhere import load_pretrained\n", UNPACKED.format("load_pretrained")),
        ("from pkg.builder import load_pretrained\nload_pretrained = print\n", UNPACKED.format("load_pretrained")),
    ],
)
def test_what_is_no_model_is_not(project: Path, capsys: pytest.CaptureFixture[str], head: str, call: str) -> None:
    assert lint(capsys, head, call) == []


def test_modules_that_import_each_other_end(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("pkg/__init__.py").write_text("from evaluate import load_pretrained\n", encoding="utf-8")
    assert lint(capsys, "from pkg import load_pretrained\n", UNPACKED.format("load_pretrained")) == []


def test_whether_the_other_module_keeps_what_it_loads_is_not_asked(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("app.py").write_text(
        "from fastapi import FastAPI\nfrom pkg.builder import load_pretrained\napp = FastAPI()\n\n"
        "@app.post('/')\ndef answer(text: str):\n    tokenizer, model, _ = load_pretrained('x')\n"
        "    return model.generate(tokenizer(text, return_tensors='pt').input_ids)\n",
        encoding="utf-8",
    )
    assert cli.run(["check", "--format", "concise", "--select", "ECO302", "app.py"]) == 0
    assert capsys.readouterr().out == ""
