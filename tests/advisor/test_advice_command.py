"""The advisor on the command line: settings, streams, exit codes, encodings, and what is imported for it alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Shell

MISTRAL = "mistralai/Mistral-7B-Instruct-v0.2"
COMMANDS = ("estimate", "compare", "optimize", "recommend", "diagnose", "explain")


def seen(command: str) -> tuple[str, ...]:
    return ("--observed-throughput", "9.9", "--observed-power", "95") if command == "diagnose" else ()


def python(*argv: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR", "PYTHONUTF8")}
    return subprocess.run(
        [sys.executable, *argv], cwd=cwd, env={**kept, **environment}, capture_output=True, check=False, timeout=60
    )


@pytest.mark.parametrize("form", ["text", "markdown", "json"])
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_prints_every_form(ecolint: Shell, command: str, form: str) -> None:
    ecolint(command, MISTRAL, "--gpu", "A800", *seen(command), "--format", form)
    assert (ecolint.code, ecolint.err) == (0, "")
    assert "Mistral" in ecolint.out
    if form == "json":
        assert json.loads(ecolint.out)["protocol"] == command


def test_the_settings_of_the_project_are_taken(ecolint: Shell) -> None:
    ecolint.put(
        "pyproject.toml",
        '[tool.ecolint]\ngpu = "RTX 4090D"\nrequests-per-month = 5000\nregion = "EU"\nprompt-tokens = 256\npue = 1.0\n',
    )
    found = ecolint.json("estimate", MISTRAL)
    assert found["gpu"] == "RTX 4090D"
    assert found["settings"]["requests_per_month"] == 5000
    assert (found["settings"]["region"], found["settings"]["carbon_intensity"]) == ("EU", 230)
    assert (found["settings"]["prompt_tokens"], found["settings"]["pue"]) == (256, 1.0)
    assert not any("--gpu" in text for text in found["defaults"])
    told = ecolint.json("estimate", MISTRAL, "--gpu", "A800", "--requests-per-month", "7", "--region", "Norway")
    assert (told["gpu"], told["settings"]["requests_per_month"]) == ("A800 80GB SXM", 7)
    assert told["settings"]["carbon_intensity"] == 8


def test_a_gpu_of_the_settings_that_nobody_knows_is_told_with_its_place(ecolint: Shell) -> None:
    ecolint.put("pyproject.toml", '[tool.ecolint]\ngpu = "potato"\n')
    ecolint("estimate", MISTRAL)
    assert ecolint.code == 2
    assert "pyproject.toml:2" in ecolint.err
    assert "potato" in ecolint.err


def test_the_settings_fill_a_file_s_gpu_and_the_file_outranks_them(ecolint: Shell) -> None:
    ecolint.put("pyproject.toml", '[tool.ecolint]\ngpu = "RTX 4090D"\n')
    ecolint.put("serve.sh", f"vllm serve {MISTRAL} --dtype float16 --max-num-seqs 8\n")
    assert ecolint.json("estimate", "serve.sh")["gpu"] == "RTX 4090D"
    kubernetes = (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec:\n"
        "  nodeSelector: {cloud.google.com/gke-accelerator: nvidia-tesla-t4}\n"
        "  containers:\n    - name: x\n      image: vllm/vllm-openai:v0.6.3\n"
        f'      args: ["--model", "{MISTRAL}", "--max-num-seqs", "8"]\n'
        "      resources: {limits: {nvidia.com/gpu: 1}}\n"
    )
    assert ecolint.json("estimate", ecolint.put("pod.yaml", kubernetes))["gpu"] == "T4"


def test_own_measurements_are_rows_of_answers(ecolint: Shell) -> None:
    ecolint.put("pyproject.toml", '[tool.ecolint]\nevidence = ["ours.csv"]\n')
    head = "row_id,session,gpu,model,precision,batch_size,prompt_tokens,new_tokens,energy_j_per_1k_tokens,status"
    ecolint.put("ours.csv", f"{head},baseline_row_id\nours-1,us,a800,{MISTRAL},fp16,1,512,256,5000,absolute,\n")
    found = ecolint.json("explain", MISTRAL, "--gpu", "A800", "--precision", "fp16", "--batch-size", "1")
    assert found["current"]["rows"][0] == "ours-1"
    assert found["current"]["energy_j_per_1k_tokens"]["central"] == pytest.approx(5000)
    assert found["evidence"]["own"] == [{"path": "ours.csv", "rows": 1}]
    assert "ours-1: A800" in ecolint("explain", MISTRAL, "--gpu", "A800", "--precision", "fp16").out


def test_the_context_changes_what_is_warned_of(ecolint: Shell) -> None:
    told = {
        context: [
            one["code"] for one in ecolint.json("estimate", MISTRAL, "--gpu", "A800", "--context", context)["warnings"]
        ]
        for context in ("production", "interactive")
    }
    assert "ECO104" in told["production"]


def test_help_names_what_there_is(ecolint: Shell) -> None:
    for command in COMMANDS:
        assert ecolint(command, "--help").code == 0
        assert "--workload" in ecolint.out
        assert "--format" in ecolint.out
    assert "--max-vram" in ecolint("optimize", "--help").out
    assert "--observed-power" in ecolint("diagnose", "--help").out


def test_an_unknown_option_is_wrong_usage(ecolint: Shell) -> None:
    assert ecolint("estimate", MISTRAL, "--colour").code == 2
    assert ecolint.out == ""


def test_the_locale_is_spoken_and_no_number_changes(ecolint: Shell) -> None:
    english, chinese = (
        ecolint.json("estimate", MISTRAL, "--gpu", "A800", "--locale", locale)["current"] for locale in ("en", "zh")
    )
    for figures in (english, chinese):
        figures.pop("confidence_reasons")
        figures["monthly"].pop("equivalent")
    assert english == chinese


def test_the_same_bytes_twice(ecolint: Shell) -> None:
    for form in ("text", "markdown", "json"):
        one = ecolint("optimize", MISTRAL, "--gpu", "A800", "--format", form).out
        assert ecolint("optimize", MISTRAL, "--gpu", "A800", "--format", form).out == one


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8", "cp1252"])
def test_any_terminal_gets_an_answer(tmp_path: Path, encoding: str) -> None:
    found = python("-m", "ecolint", "compare", MISTRAL, "--gpu", "A800", cwd=tmp_path, PYTHONIOENCODING=encoding)
    assert (found.returncode, found.stderr) == (0, b"")
    assert "Mistral" in found.stdout.decode(encoding)


def test_colours_are_forced_or_forbidden(tmp_path: Path) -> None:
    argv = ("-m", "ecolint", "compare", MISTRAL, "--gpu", "A800")
    assert b"\x1b[" not in python(*argv, cwd=tmp_path).stdout
    assert b"\x1b[" in python(*argv, cwd=tmp_path, FORCE_COLOR="1").stdout
    assert b"\x1b[" not in python(*argv, cwd=tmp_path, FORCE_COLOR="1", NO_COLOR="1").stdout
    assert b"\x1b[" not in python(*argv, "--format", "json", cwd=tmp_path, FORCE_COLOR="1").stdout


@pytest.mark.parametrize("argv", [["--help"], ["check", "app.py"], ["check", "--help"], ["estimate", "--help"]])
def test_the_advisor_and_rich_are_imported_for_answers_alone(tmp_path: Path, argv: list[str]) -> None:
    (tmp_path / "app.py").write_text("from transformers import pipeline\npipeline('text-generation', model='gpt2')\n")
    program = (
        "import sys\nfrom ecolint.cli import run\nrun(sys.argv[1:])\n"
        "print([name for name in sys.modules if name.split('.')[0] == 'rich' or name.startswith('ecolint.advisor')],"
        " file=sys.stderr)\n"
    )
    found = python("-c", program, *argv, cwd=tmp_path)
    assert found.stderr.decode().splitlines()[-1] == "[]"


def test_rich_is_imported_for_text_alone(tmp_path: Path) -> None:
    program = (
        "import sys\nfrom ecolint.cli import run\nrun(sys.argv[1:])\n"
        "print([name for name in sys.modules if name.split('.')[0] == 'rich'][:1], file=sys.stderr)\n"
    )
    argv = ("-c", program, "compare", MISTRAL, "--gpu", "A800", "--format")
    assert python(*argv, "json", cwd=tmp_path).stderr.decode().strip() == "[]"
    assert python(*argv, "markdown", cwd=tmp_path).stderr.decode().strip() == "[]"
    assert "rich" in python(*argv, "text", cwd=tmp_path).stderr.decode()


def test_an_odd_batch_is_a_warning_and_no_error(ecolint: Shell) -> None:
    told = ecolint.json("compare", "mistral-7b", "--gpu", "A800", "--batch-size", "5")
    assert "ECO205" in [one["code"] for one in told["warnings"]]
    ecolint.put("ecolint.toml", 'ignore = ["ECO205"]\n')
    told = ecolint.json("compare", "mistral-7b", "--gpu", "A800", "--batch-size", "5")
    assert "ECO205" not in [one["code"] for one in told["warnings"]]
