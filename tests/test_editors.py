"""The places ecolint is used from: editors read its lines, pre-commit and CI run it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent
MATCHER = ROOT / "docs/editors/ecolint-problem-matcher.json"

SERVICE = """\
import torch
from transformers import AutoModelForCausalLM, BitsAndBytesConfig

model = AutoModelForCausalLM.from_pretrained(
    "Qwen/Qwen2.5-1.5B-Instruct", quantization_config=BitsAndBytesConfig(load_in_8bit=True)
)
"""


def pattern() -> dict[str, Any]:
    """The problem matcher's only pattern."""
    (matcher,) = json.loads(MATCHER.read_text(encoding="utf-8"))["problemMatcher"]
    (found,) = matcher["pattern"]
    return dict(found)


def test_the_page_and_the_file_have_one_regular_expression() -> None:
    page = (ROOT / "docs/editors.md").read_text(encoding="utf-8")
    assert f"```regexp\n{pattern()['regexp']}\n```" in page
    (task,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    assert json.loads(task)["tasks"][0]["problemMatcher"]["pattern"] == pattern()


def test_the_problem_matcher_reads_real_output(tmp_path: Path) -> None:
    folder = tmp_path / "a folder"
    folder.mkdir()
    (folder / "service.py").write_text(SERVICE, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "ecolint", "check", "--format", "concise", "--gpu", "RTX 4090"],
        capture_output=True,
        encoding="utf-8",
        cwd=tmp_path,
        check=False,
    )
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert lines
    groups = pattern()
    for line in lines:
        match = re.fullmatch(groups["regexp"], line)
        assert match is not None, line
        assert match[groups["file"]] == "a folder/service.py"
        assert 1 <= int(match[groups["line"]]) <= SERVICE.count("\n")
        assert int(match[groups["column"]]) >= 1
        assert match[groups["code"]].startswith("ECO")
        assert match[groups["message"]]


def test_a_cell_does_not_hide_the_line() -> None:
    groups = pattern()
    match = re.fullmatch(groups["regexp"], "C:/x/n.ipynb:cell 3:2:9: red ECO101 It wastes: 1:2: red.")
    assert match is not None
    assert (match[groups["file"]], match[groups["line"]], match[groups["column"]]) == ("C:/x/n.ipynb", "2", "9")


def test_the_example_workflow_runs_the_github_format() -> None:
    workflow = yaml.safe_load((ROOT / "docs/ci-github.yml").read_text(encoding="utf-8"))
    runs = [step["run"] for step in workflow["jobs"]["ecolint"]["steps"] if "run" in step]
    assert "ecolint check --format github" in runs


def test_the_hooks_are_there() -> None:
    hooks = {hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))}
    assert hooks["ecolint"]["entry"] == "ecolint check"
    assert hooks["ecolint-fix"]["entry"] == "ecolint check --fix"
    for hook in hooks.values():
        assert hook["types_or"] == ["python", "jupyter", "yaml", "toml", "dockerfile", "shell", "plain-text"]
        assert hook["require_serial"] is True
        assert hook["pass_filenames"] is True


def git(folder: Path, *argv: str) -> None:
    """A git command that needs no configuration of the user's."""
    who = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, *argv], cwd=folder, check=True, capture_output=True)


@pytest.mark.slow
def test_pre_commit_runs_the_hooks_on_another_repository(tmp_path: Path) -> None:
    """The hooks are taken from a committed copy of this tree, as pre-commit takes them from a clone."""
    hooks, scratch = tmp_path / "hooks", tmp_path / "scratch"
    left_out = shutil.ignore_patterns(".git", ".venv", "*_cache", "__pycache__", "*.egg-info", "build", "dist")
    shutil.copytree(ROOT, hooks, ignore=left_out)
    scratch.mkdir()
    for folder in (hooks, scratch):
        git(folder, "init", "-q")
    (scratch / "service.py").write_text(SERVICE, encoding="utf-8")
    (scratch / "clean.yaml").write_text("a: 1\n", encoding="utf-8")
    for folder in (hooks, scratch):
        git(folder, "add", "-A")
        git(folder, "commit", "-q", "-m", "x")

    def hook(name: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pre_commit", "try-repo", str(hooks), name, "--all-files", "--verbose"]
        return subprocess.run(command, cwd=scratch, capture_output=True, encoding="utf-8", check=False)

    found = hook("ecolint")
    assert found.returncode == 1, found.stdout + found.stderr
    assert "red ECO101" in found.stdout
    assert "exit code: 1" in found.stdout
    (scratch / "service.py").write_text("x = 1\n", encoding="utf-8")
    git(scratch, "add", "-A")
    clean = hook("ecolint-fix")
    assert clean.returncode == 0, clean.stdout + clean.stderr
