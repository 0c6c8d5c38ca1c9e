"""docs/platforms.md names vocabularies and fixtures that are there, and every engine and platform that is read."""

from __future__ import annotations

import re

import pytest
from test_fixtures import ROOT

TABLE = (ROOT / "docs" / "platforms.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
    for line in TABLE.splitlines()
    if line.startswith("| ") and not line.startswith("| platform")
]
ELSEWHERE = frozenset(
    (
        # libraries of Python, and what their own heads tell
        *("accelerate", "awq", "diffusers", "gptq", "intel", "langchain", "langchain_vllm", "lightning", "litgpt"),
        *("llama_index", "llama_index_vllm", "modelscope", "sentence_transformers", "torch", "torchao", "transformers"),
        *("trl", "unsloth", "tgi", "ray", "runpod"),
        # parts of a deployment rather than a platform
        *("accelerators", "charts", "compose", "docker", "halves", "packages", "records", "services", "slurm"),
        *("visible", "workflows"),
    )
)


def named(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_a_row_names_what_is_there(row: list[str]) -> None:
    platform, what, vocabularies, source, fixtures = row
    assert platform
    assert what
    assert source
    assert vocabularies == "any" or "that of" in vocabularies or named(vocabularies)
    for name in named(vocabularies):
        assert list((ROOT / "ecolint").glob(name if "/" in name else f"*/{name}")), name
    assert named(fixtures)
    for pattern in named(fixtures):
        assert list(ROOT.glob(pattern if pattern.startswith("tests/") else f"fixtures/{pattern}")), pattern


KINDS = {"hit": "no hit", "miss": "no miss", "fixed": "no fix"}
"""The kinds of samples, and how a row begins to say why it has none."""


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_a_row_has_a_hit_a_miss_and_a_fix_or_says_why_not(row: list[str]) -> None:
    fixtures = row[4]
    samples = [path.name for pattern in named(fixtures) for path in ROOT.glob(f"fixtures/{pattern}")]
    there = {kind for kind in KINDS if any(re.match(rf"{kind}[._]", name) for name in samples)}
    reasons = re.findall(r"no (?:hit|miss|fix)\b", fixtures)
    assert {KINDS[kind] for kind in KINDS if kind not in there} == set(reasons), "or the reason is out of date"
    assert not reasons or re.search(r"no (?:hit|miss|fix): \S", fixtures), "say why"


def test_no_vocabulary_is_left_out() -> None:
    told = {name.removesuffix(".toml") for row in ROWS for name in named(row[2])}
    there = {path.stem for path in (ROOT / "ecolint" / "stacks").glob("*.toml")}
    assert there - told == ELSEWHERE, "name it in docs/platforms.md"
    names = [row[0] for row in ROWS]
    assert len(names) == len(set(names)), "a platform has one row"
