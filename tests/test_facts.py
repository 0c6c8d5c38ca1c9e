"""`ecolint facts`: every way in which a fact can be resolved is named, with the place where the value was written."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from ecolint import cli

HEAD = """\
import argparse
import os
from dataclasses import dataclass

import click
import modal
from common import MODEL_ID, Defaults
from transformers import AutoModelForCausalLM, BitsAndBytesConfig, pipeline
from vllm import LLM

parser = argparse.ArgumentParser()
parser.add_argument("--model", default="Qwen/Qwen2.5-3B")
args = parser.parse_args()
NAME = "Qwen/Qwen2.5-1.5B"
app = modal.App("x")
"""
COMMON = 'ORG = "Qwen"\nMODEL_ID = "Qwen/Qwen2.5-7B"\n\nclass Defaults:\n    SMALL = "Qwen/Qwen2.5-0.5B"\n'
LOAD = "AutoModelForCausalLM.from_pretrained({})\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "common.py").write_text(COMMON, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def facts(capsys: pytest.CaptureFixture[str], text: str, *options: str) -> dict[str, Any]:
    """The facts of the only deployment of a text, as JSON."""
    Path("app.py").write_text(HEAD + text, encoding="utf-8")
    assert cli.run(["facts", "--format", "json", *options, "app.py"]) == 0
    (one,) = json.loads(capsys.readouterr().out)["deployments"]
    found: dict[str, Any] = one["facts"]
    return found


def written(fact: dict[str, Any]) -> str:
    """What stands at the place of a fact, to the end of the word."""
    line = Path(fact["path"]).read_text(encoding="utf-8").splitlines()[fact["line"] - 1]
    return re.split(r"[,)\n]", line[fact["column"] - 1 :])[0]


@pytest.mark.parametrize(
    ("text", "path", "place", "how"),
    [
        (LOAD.format('"Qwen/Qwen2.5-14B"'), "app.py", '"Qwen/Qwen2.5-14B"', "literal"),
        (LOAD.format("NAME"), "app.py", '"Qwen/Qwen2.5-1.5B"', "constant"),
        (LOAD.format("MODEL_ID"), "common.py", '"Qwen/Qwen2.5-7B"', "constant"),
        (LOAD.format("Defaults.SMALL"), "common.py", '"Qwen/Qwen2.5-0.5B"', "constant"),
        (LOAD.format("args.model"), "app.py", '"Qwen/Qwen2.5-3B"', "default"),
        (LOAD.format('os.environ.get("M", "Qwen/Qwen2.5-32B")'), "app.py", '"Qwen/Qwen2.5-32B"', "default"),
        ('def f(n="Qwen/Qwen2.5-3B"):\n    ' + LOAD.format("n"), "app.py", '"Qwen/Qwen2.5-3B"', "default"),
        (
            'class A:\n    M = "a/b-7b"\n    def f(self):\n        ' + LOAD.format("self.M"),
            "app.py",
            '"a/b-7b"',
            "default",
        ),
        ('def f():\n    return "a/b-7b"\n' + LOAD.format("f()"), "app.py", '"a/b-7b"', "literal"),
        ('@dataclass\nclass O:\n    m: str = "a/b-7b"\n' + LOAD.format("O().m"), "app.py", '"a/b-7b"', "default"),
        (
            '@click.command()\n@click.option("--m", default="a/b-7b")\ndef f(m):\n    ' + LOAD.format("m"),
            "app.py",
            '"a/b-7b"',
            "default",
        ),
    ],
)
def test_the_name_of_a_model(
    project: Path, capsys: pytest.CaptureFixture[str], text: str, path: str, place: str, how: str
) -> None:
    model = facts(capsys, text)["model"]
    assert (model["path"], written(model), model["resolved_by"]) == (path, place, how)


INT8 = "AutoModelForCausalLM.from_pretrained(NAME, load_in_8bit={})\n"


@pytest.mark.parametrize(
    ("text", "how", "place"),
    [
        (INT8.format("True"), "literal", "True"),
        ("EIGHT = True\n" + INT8.format("EIGHT"), "constant", "True"),
        ("def f(eight=True):\n    " + INT8.format("eight"), "default", "True"),
        (INT8.format("False"), "default", None),
    ],
)
def test_a_conclusion_is_resolved_as_what_it_rests_on(
    project: Path, capsys: pytest.CaptureFixture[str], text: str, how: str, place: str | None
) -> None:
    found = facts(capsys, text)["quantization"]
    assert found["resolved_by"] == how
    assert (written(found) if place is not None else found["path"]) == place


def test_what_follows_from_elsewhere(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = facts(capsys, LOAD.format("NAME, load_in_8bit=True"), "--gpu", "L4")
    ways = {name: found[name]["resolved_by"] for name in ("framework", "params_b", "gpu", "gpu_memory_gb", "precision")}
    assert ways == {
        "framework": "name",
        "params_b": "catalog",
        "gpu": "setting",
        "gpu_memory_gb": "catalog",
        "precision": "derived",
    }
    assert written(found["params_b"]) == '"Qwen/Qwen2.5-1.5B"'
    assert found["gpu"]["path"] is None
    assert written(found["precision"]) == "True"
    sized = facts(capsys, LOAD.format('"/models/some-chat-7b"'))
    assert (sized["params_b"]["value"], sized["params_b"]["resolved_by"]) == (7.0, "name")


def test_the_platform(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = facts(capsys, '@app.function(gpu="L4")\ndef f():\n    ' + LOAD.format("NAME"))["gpu"]
    assert (found["value"], found["resolved_by"], written(found)) == ("L4", "platform", '"L4"')


def test_what_is_not_known_was_not_resolved(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = facts(capsys, LOAD.format("args.other, load_in_8bit=args.eight"))
    assert (found["model"]["value"], found["model"]["resolved_by"]) == ("?", None)
    assert (found["attention"]["value"], found["attention"]["resolved_by"]) == (None, None)


def test_text_says_the_same(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("app.py").write_text(HEAD + LOAD.format("MODEL_ID, load_in_8bit=args.eight"), encoding="utf-8")
    assert cli.run(["facts", "app.py"]) == 0
    text = capsys.readouterr().out
    assert re.search(r"model +Qwen/Qwen2.5-7B +a constant, common.py:2:12\n", text)
    assert re.search(r"quantization +\? +cannot be told\b", text)
