"""YAML that is made to be too much: it costs what its text costs, one line tells of it, and nothing else is lost."""

from __future__ import annotations

import sys
from types import FrameType

import pytest
from test_yaml import data, words

from ecolint.model import Reading, Source, Wanted
from ecolint.readers import Nowhere
from ecolint.readers import yaml as reader
from ecolint.readers.yaml.texts import MAX_TEXT

WANTED = Wanted(triggers=("vllm", "max-num-seqs"), commands=("vllm",))
POD = """apiVersion: v1
kind: Pod
spec:
  containers:
  - image: vllm/vllm-openai:v0.8.5
    args: ["--model", "Qwen/Qwen2.5-7B-Instruct", "--max-num-seqs", "1"]
"""


def read(text: str) -> Reading:
    return reader.read(Source("a.yaml", text), WANTED, Nowhere())


def calls(text: str) -> int:
    """The calls of functions that reading a text takes."""
    count = 0

    def seen(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event == "call"

    before = sys.getprofile()
    sys.setprofile(seen)
    try:
        read(text)
    finally:
        sys.setprofile(before)
    return count


ENV = "env:\n{}steps:\n{}"


@pytest.mark.parametrize(
    "sample",
    [
        pytest.param(lambda n: "---\n".join([POD] * n), id="documents"),
        pytest.param(lambda n: "---\n".join(["image: vllm\n a: [b\n"] * n), id="broken documents"),
        pytest.param(lambda n: "x:\n" + "- {image: vllm/x, args: [--max-num-seqs, 1]}\n" * n, id="shapes"),
        pytest.param(lambda n: "steps:\n" + "- run: vllm serve m\n" * n, id="steps"),
        pytest.param(lambda n: "run: |\n" + "  vllm serve m --max-num-seqs 1\n" * n, id="commands"),
        pytest.param(lambda n: "a: &a [vllm]\n" + "".join(f"k{i}: *a\n" for i in range(n)), id="aliases"),
        pytest.param(lambda n: "{}vllm: 1\n".format("".join(f"a{i}: &a{i}\n  k: v\n" for i in range(n))), id="anchors"),
    ],
)
def test_reading_costs_in_proportion_to_the_text(sample: object) -> None:
    assert callable(sample)
    few, many = calls(sample(100)), calls(sample(400))
    assert many < 4.5 * few


def test_ten_thousand_documents_are_all_read() -> None:
    reading = read("---\n".join(["max-num-seqs: 1\n"] * 10_000))
    assert len(reading.invocations) == 10_000
    assert reading.problems == ()


def test_one_line_tells_of_all_documents_that_cannot_be_read() -> None:
    reading = read("---\n".join([POD, "vllm: [\n", "vllm: {\n", POD, "vllm:\n\t- x\n"]))
    (problem,) = reading.problems
    assert (problem.line, problem.whole_file) == (9, False)
    assert problem.reason.endswith("(and in 2 further documents)")
    assert len(reading.invocations) == 2


@pytest.mark.parametrize(
    "broken",
    [
        "a: vllm\n\tb: c\n",
        "vllm: " + "[" * 5000 + "]" * 5000 + "\n",
        "vllm: *nobody\n",
        "vllm: \x07\n",
        "- vllm\nb: 1\n",
    ],
)
def test_what_cannot_be_read_hides_no_other_document(broken: str) -> None:
    reading = read(f"{broken}---\n{POD}")
    assert len(reading.problems) == 1
    assert words(reading.invocations[0])[-1] == "1"


def test_a_bomb_of_aliases_is_not_expanded() -> None:
    bomb = 'a: &a ["vllm", "vllm"]\n'
    for one, following in zip("abcdefghijklmnopqrstuvwx", "bcdefghijklmnopqrstuvwxy", strict=True):
        bomb += f"{following}: &{following} [{', '.join([f'*{one}'] * 9)}]\n"
    assert read(bomb + f"max-num-seqs: *y\n---\n{POD}").invocations[-1].words is not None


def test_a_bomb_of_merge_keys_is_not_expanded() -> None:
    bomb = "a0: &a0 {max-num-seqs: 1}\n"
    bomb += "".join(f"a{i}: &a{i}\n  <<: [*a{i - 1}, *a{i - 1}]\n  k{i}: v\n" for i in range(1, 300))
    assert calls(bomb) < 1_000_000


def test_a_bomb_of_references_is_unknown() -> None:
    doubled = "".join(f'    - {{name: V{i}, value: "$(V{i - 1})$(V{i - 1})"}}\n' for i in range(1, 300))
    text = POD.replace('"Qwen/Qwen2.5-7B-Instruct"', '"$(V299)"') + "    env:\n    - {name: V0, value: ab}\n" + doubled
    (one,) = read(text).invocations
    assert words(one) == ["--model", "?", "--max-num-seqs", "1"]
    known = [str(value) for value in data(one.env).values() if value != "?"]
    assert max(map(len, known)) <= 2 * MAX_TEXT


def test_many_variables_around_many_steps_have_a_bound() -> None:
    text = ENV.format("".join(f"  V{i}: x\n" for i in range(3000)), "- run: vllm serve m --max-num-seqs $V1\n" * 60)
    found = read(text).invocations
    assert len(found) == 60
    assert words(found[0])[-1] == "x"
    assert words(found[-1])[-1] == "?"
    assert sum(len(one.env.entries) for one in found if one.env) < 200_000


def test_the_last_of_two_keys_counts_and_unknown_tags_are_opaque() -> None:
    (twice,) = read(POD.replace("    args", "    args: [a]\n    args")).invocations
    assert words(twice)[-1] == "1"
    text = POD.replace('"Qwen/Qwen2.5-7B-Instruct"', "!secret model").replace('"1"', "!Ref Count")
    assert words(read(text).invocations[0]) == ["--model", "?", "--max-num-seqs", "?"]
    text = POD.replace("vllm/vllm-openai:v0.8.5", '!Sub "${Registry}/${Name}"')
    assert [one.kind for one in read(text).invocations[0].image] == ["unknown"]
