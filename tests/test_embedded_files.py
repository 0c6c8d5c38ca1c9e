"""Files that stand in YAML as texts: what they say is told at its place in the document."""

from __future__ import annotations

import time

import pytest
from test_fixes import fixed
from test_fixtures import ROOT, Alone, rules

from ecolint.engine import check, judged
from ecolint.model import Deployment, Source
from ecolint.settings import Settings

MAP = "kind: ConfigMap\ndata:\n  {key}: {style}\n    {text}\n"


def found(text: str) -> list[Deployment]:
    outcome = judged(Source("files.yaml", text), Alone(), (), Settings(root=ROOT))
    return [one for one in outcome.deployments if one.stack not in ("services", "packages")]


@pytest.mark.parametrize(
    ("key", "text", "stack"),
    [
        ("serving.properties", "option.model_id=org/chat-7b", "djl"),
        ("start.sh", "vllm serve org/chat-7b --port 80", "vllm"),
        ("engine.yaml", "{model: org/chat-7b, max-model-len: 4096}", "vllm"),
        ("Modelfile", "FROM llama3:8b", "ollama"),
        ("app.py", "from vllm import LLM; llm = LLM('org/chat-7b')", "vllm"),
    ],
)
def test_a_text_under_the_name_of_a_file_is_read_as_that_file(key: str, text: str, stack: str) -> None:
    source = MAP.format(key=key, style="|", text=text)
    (one,) = found(source)
    assert one.facts["framework"].value == stack
    model = one.facts["model"]
    (place,) = model.sources
    assert source[place.span.start : place.span.end].strip("'\"") in ("org/chat-7b", "llama3:8b")


@pytest.mark.parametrize(
    ("key", "style", "text"),
    [
        ("notes.txt", "|", "vllm serve org/chat-7b"),
        ("start.sh", "|", "vllm serve {{ .Values.model }}"),
        ("README.md", "|", "vllm serve org/chat-7b"),
    ],
)
def test_other_texts_are_texts(key: str, style: str, text: str) -> None:
    assert not found(MAP.format(key=key, style=style, text=text))


@pytest.mark.parametrize(
    ("key", "lines", "mended"),
    [
        ("serving.properties", ("option.model_id=org/chat-7b", "option.max_rolling_batch_size=2"), True),
        ("start.sh", ("exec vllm serve org/chat-7b \\", "--max-num-seqs 2"), True),
        ("app.py", ("from vllm import LLM", "llm = LLM('org/chat-7b', max_num_seqs=2)"), False),
    ],
)
def test_edits_reach_into_scripts_and_files_that_read_the_same_wherever_they_stand(
    key: str, lines: tuple[str, str], mended: bool
) -> None:
    text = MAP.format(key=key, style="|", text=lines[0]) + f"    {lines[1]}\n"
    (finding,) = [
        one
        for one in check(Source("files.yaml", text), Alone(), rules(), Settings(root=ROOT)).findings
        if one.code == "ECO104"
    ]
    assert text[finding.place.span.start : finding.place.span.end] == "2"
    assert any(fix.edits for fix in finding.fixes) is mended


@pytest.mark.parametrize(
    "lines",
    [
        "- path: /opt/start.sh\n  content: |\n    vllm serve org/chat-7b\n",
        "- content: |\n    vllm serve org/chat-7b\n  dest: start.sh\n",
        "- copy:\n    dest: '{{ home }}/start.sh'\n    content: |\n      vllm serve org/chat-7b\n",
        "- owner: root\n  content: |\n    option.model_id=org/chat-7b\n  path: /opt/ml/model/serving.properties\n",
    ],
)
def test_what_is_written_to_a_file_is_read_as_that_file(lines: str) -> None:
    (one,) = found(f"write_files:\n{lines}")
    (place,) = one.facts["model"].sources
    assert f"write_files:\n{lines}"[place.span.start : place.span.end] == "org/chat-7b"


@pytest.mark.parametrize(
    "lines",
    [
        "- path: /etc/motd\n  content: |\n    vllm serve org/chat-7b\n",
        "- path: [start.sh]\n  content: |\n    vllm serve org/chat-7b\n",
        "- content: |\n    vllm serve org/chat-7b\n",
        "- path: start.sh\n  comment: |\n    vllm serve org/chat-7b\n",
    ],
)
def test_what_is_written_elsewhere_is_a_text(lines: str) -> None:
    assert not found(f"write_files:\n{lines}")


@pytest.mark.parametrize(
    "command",
    [
        "- vllm serve org/chat-7b",
        "- [vllm, serve, org/chat-7b]",
        "- [sh, -c, 'vllm serve org/chat-7b']",
        "- |\n    apt-get update\n    vllm serve org/chat-7b",
    ],
)
@pytest.mark.parametrize("key", ["runcmd", "bootcmd"])
def test_every_item_that_cloud_init_runs_is_a_command(key: str, command: str) -> None:
    (one,) = found(f"#cloud-config\n{key}:\n  - apt-get update\n  {command}\n  - [touch, vllm]\n")
    assert one.facts["model"].value == "org/chat-7b"


def test_a_file_of_blanks_takes_no_time() -> None:
    started = time.perf_counter()
    assert not found("# vllm\n" + "\n" * 500_000 + " " * 500_000)
    assert not found("# vllm\n" + "  content:\n" * 10_000)
    assert time.perf_counter() - started < 10


SCRIPT = """\
kind: ConfigMap
data:
  start.sh: {mark}|
    #!/bin/bash
    SLOTS="--max-num-seqs 2"
    exec vllm serve org/chat-7b \\
      --enforce-eager \\
      {words}
  other: {other}
"""


@pytest.mark.parametrize(
    ("words", "after"),
    [
        ("--max-num-seqs 2", "--max-num-seqs 8"),
        ("--max-num-seqs=2 # slots", "--max-num-seqs=8 # slots"),
        ("$SLOTS", "$SLOTS"),
    ],
)
def test_a_script_in_a_block_is_mended_where_it_stands(words: str, after: str) -> None:
    before = SCRIPT.format(mark="", words=words, other="text")
    slots = "8" if words == "$SLOTS" else "2"
    mended = SCRIPT.format(mark="", words=after, other="text").replace('seqs 2"', f'seqs {slots}"')
    assert fixed(before, "files.yaml") == mended.replace("      --enforce-eager \\\n", "")


def test_a_script_that_an_alias_repeats_is_left() -> None:
    text = SCRIPT.format(mark="&script ", words="--max-num-seqs 2", other="*script")
    assert fixed(text, "files.yaml") == text
