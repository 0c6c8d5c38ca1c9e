"""A notebook from the command line to its bytes on the disk, through every report."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from ecolint import cli


@dataclass(frozen=True)
class Shown:
    """What one run printed, and its exit code."""

    code: int
    out: str
    err: str


Run = Callable[..., Shown]


@pytest.fixture
def ecolint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ecolint.toml").write_text("", encoding="utf-8")

    def run(*argv: str) -> Shown:
        code = cli.run(argv)
        return Shown(code, *capsys.readouterr())

    return run


def test_a_notebook_from_end_to_end(ecolint: Run) -> None:
    load = "m = AutoModelForCausalLM.from_pretrained('Qwen/Qwen2.5-7B-Instruct', quantization_config=q)"
    cells = [
        {"cell_type": "markdown", "source": ["# Title\n", "load_in_8bit"]},
        {"cell_type": "code", "source": ["from transformers import AutoModelForCausalLM, BitsAndBytesConfig"]},
        {"cell_type": "code", "source": ["%%time\n", "q = BitsAndBytesConfig(load_in_8bit=True)\n", load]},
    ]
    raw = json.dumps({"cells": cells}, indent=1)
    Path("n.ipynb").write_text(raw, encoding="utf-8")
    concise = ecolint("check", "--format", "concise")
    assert concise.out.startswith("n.ipynb:cell 3:2:37: red ECO101 ")
    assert concise.code == 1
    text = ecolint("check", "n.ipynb").out
    assert "--> n.ipynb:cell 3:2:37" in text
    assert "2 | q = BitsAndBytesConfig(load_in_8bit=True)" in text
    assert "\\x1e" not in text
    github = ecolint("check", "--format", "github").out
    assert github.startswith("::error file=n.ipynb,title=ECO101 int8-outlier-decomposition::cell 3:2:37: ")
    (finding,) = json.loads(ecolint("check", "--format", "json").out)["findings"]
    assert (finding["cell"], finding["range"]["start"]) == (3, {"line": 2, "column": 37})
    assert finding["range"]["end"] == {"line": 2, "column": 41}
    assert {edit["cell"] for fix in finding["fixes"] for edit in fix["edits"]} <= {2, 3}
    diff = ecolint("check", "--diff", "--unsafe-fixes").out
    assert '+    "q = BitsAndBytesConfig(' in diff
    assert Path("n.ipynb").read_text(encoding="utf-8") == raw
    assert ecolint("check", "--fix", "--unsafe-fixes").code == 0
    fixed = json.loads(Path("n.ipynb").read_text(encoding="utf-8"))["cells"]
    assert fixed[0] == cells[0]
    assert fixed[2]["source"] != cells[2]["source"]
    assert ecolint("facts").out.startswith("n.ipynb:cell 3:")


def test_a_broken_notebook_is_one_line_if_it_has_an_anchor(ecolint: Run) -> None:
    Path(".ipynb_checkpoints").mkdir()
    Path("a.ipynb").write_text('{"cells": [\n{"cell_type": "code", "source": ["load_in_8bit",\n]}]}')
    Path("b.ipynb").write_text('{"cells": [\n{"cell_type": "code", "source": ["x",\n]}]}')
    Path(".ipynb_checkpoints/c.ipynb").write_text('{"load_in_8bit"')
    shown = ecolint("check", "--quiet")
    assert shown.err == "a.ipynb:3: is not JSON: a comma stands before a closing bracket\n"
    assert shown.code == 0
    assert ecolint("check", "--strict").code == 2
