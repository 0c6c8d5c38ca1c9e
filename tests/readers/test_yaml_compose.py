"""Compose services: commands and entry points, variables, what they extend, and the parts that they share."""

from __future__ import annotations

import pytest
from test_yaml import data, read, words

from ecolint.model import Invocation


def services(text: str) -> dict[str, Invocation]:
    return {one.name.removeprefix("service "): one for one in read(text).invocations}


BASE = """
services:
  base:
    image: vllm/vllm-openai:v0.8.5
    command: --model a/b --max-num-seqs 1
    environment: {A: "1", B: "2"}
    deploy: {resources: {reservations: {devices: [{count: 2}]}}}
"""


@pytest.mark.parametrize("extends", ["base", "{service: base}"])
def test_a_service_that_extends_another_one(extends: str) -> None:
    text = BASE + f"  own:\n    extends: {extends}\n    command: --model c/d\n    environment:\n    - B=3\n    - C=4\n"
    own = services(text)["own"]
    assert words(own) == ["--model", "c/d"]
    assert data(own.env) == {"A": "1", "B": "3", "C": "4"}
    assert [one.data for one in own.image] == ["vllm/vllm-openai:v0.8.5"]
    assert data(own.surroundings)["deploy.resources.reservations.devices.0.count"] == 2
    assert own.words is not None
    assert own.words.writable


def test_what_is_taken_over_is_not_edited_there() -> None:
    own = services(BASE + "  own:\n    extends: base\n    ports: ['8001:8000']\n")["own"]
    assert words(own)[-1] == "1"
    assert own.words is not None
    assert not own.words.writable
    assert own.env is not None
    assert not own.env.writable


def test_a_service_of_another_file_may_say_anything() -> None:
    text = (
        "services:\n  own:\n    extends: {file: base.yml, service: vllm}\n    image: vllm/x\n    environment: {A: b}\n"
    )
    own = services(text)["own"]
    assert own.words is not None
    assert own.words.open
    assert own.env is not None
    assert own.env.open
    told = services(text + "    command: --model x\n")["own"]
    assert told.words is not None
    assert not told.words.open


def test_services_that_extend_one_another_end() -> None:
    text = "services:\n  a: {extends: b, image: vllm/a, command: x}\n  b: {extends: a, image: vllm/b, command: y}\n"
    assert words(services(text)["a"]) == ["x"]


def test_extension_fields_run_nothing_by_themselves() -> None:
    shared = "x-vllm: &vllm\n  image: vllm/x\n  command: --model a\n"
    text = f"{shared}services:\n  one:\n    <<: *vllm\n  two:\n    <<: *vllm\n"
    found = services(text)
    assert sorted(found) == ["one", "two"]
    assert [words(one) for one in found.values()] == [["--model", "a"]] * 2


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("command: --model a --max-num-seqs 1", ["--model", "a", "--max-num-seqs", "1"]),
        ("command: >\n      --model a\n      --max-num-seqs 1\n", ["--model", "a", "--max-num-seqs", "1"]),
        ("command: >-\n      --model 'a b'\n      --max-num-seqs 1\n", ["--model", "a b", "--max-num-seqs", "1"]),
        ('command: ["--model", "a", "--max-num-seqs", 1]', ["--model", "a", "--max-num-seqs", "1"]),
        ("command:\n    - --model=${M:-a}\n    - --x=${X}", ["--model=a", "--x", "?"]),
        ("entrypoint: [vllm, serve]\n    command: [a]", ["vllm", "serve", "a"]),
        ("entrypoint: vllm serve\n    command: a --x", ["vllm", "serve", "a", "--x"]),
        ("entrypoint: [sh, -c]\n    command: ['vllm serve a && exit']", ["vllm", "serve", "a"]),
        ("profiles: [gpu]\n    command: --model a", ["--model", "a"]),
        ("command: --model $$HOME", ["--model", "?"]),
    ],
)
def test_commands(written: str, expected: list[object]) -> None:
    found = read(f"services:\n  a:\n    image: vllm/x\n    {written}\n").invocations
    assert words(found[0]) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (
            "{A: b, C: 1, D: true, E: '${F:-g}', H: '${I}', J: }",
            {"A": "b", "C": "1", "D": "true", "E": "g", "H": "?", "J": "?"},
        ),
        ("[A=b, 'C=${D:-e f}', F]", {"A": "b", "C": "e f", "F": "?"}),
    ],
)
def test_variables(written: str, expected: dict[str, object]) -> None:
    found = read(f"services:\n  a:\n    image: vllm/x\n    environment: {written}\n").invocations
    assert data(found[0].env) == expected
