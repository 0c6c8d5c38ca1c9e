"""Containers by their shape, groups of pods, and commands that workflows run."""

from __future__ import annotations

import pytest
from test_yaml import data, read, words

from ecolint.model import AddEntry, Change, Invocation, SetEntry, Source, Wanted
from ecolint.readers import Nowhere
from ecolint.readers import yaml as reader

WANTED = Wanted(triggers=("vllm", "QUANTIZE", "max-model-len"), commands=("vllm", "vllm.entrypoints.openai.api_server"))


def found(text: str, path: str = "a.yaml") -> list[Invocation]:
    reading = reader.read(Source(path, text), WANTED, Nowhere())
    assert reading.problems == ()
    return [one for one in reading.invocations if one.mapping is None or one.image]


def alone(text: str, path: str = "a.yaml") -> Invocation:
    (one,) = found(text, path)
    return one


# --- shapes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("image", "address"),
    [
        ("image: vllm/vllm-openai:v0.8.5", "vllm/vllm-openai:v0.8.5"),
        ("image: {repository: vllm/vllm-openai, tag: v0.8.5}", "vllm/vllm-openai:v0.8.5"),
        ("image: {registry: ghcr.io, repository: vllm/vllm-openai, tag: 1.0}", "ghcr.io/vllm/vllm-openai:1.0"),
        ("image: {repository: vllm/vllm-openai, tag: ''}", "vllm/vllm-openai"),
        ("image: {name: vllm/vllm-openai, digest: 'sha256:0'}", "vllm/vllm-openai@sha256:0"),
        ("image: {repository: vllm/vllm-openai, tag: '{{ .Values.tag }}'}", "vllm/vllm-openai:?"),
        ("image: {repository: '{{ .Values.r }}', tag: v1}  # vllm", "?"),
        ("containerImage: vllm/vllm-openai", "vllm/vllm-openai"),
    ],
)
def test_the_address_of_an_image_in_all_its_spellings(image: str, address: str) -> None:
    one = alone(f"{image}\nextraArgs: [--max-model-len, '8192']\n")
    assert [a.data if a.kind == "known" else "?" for a in one.image] == [address]


TASK = """
ContainerDefinitions:
  - Name: llm
    Image: vllm/vllm-openai
    Command: [--max-model-len, "8192"]
    Environment:
      - Name: QUANTIZE
        Value: awq
    ResourceRequirements:
      - Type: GPU
        Value: "2"
      - Type: GPU
        Value: "2"
        Note: not one of the two
"""


def test_a_task_is_a_container_with_nothing_added_to_it() -> None:
    one = alone(TASK)
    assert words(one) == ["--max-model-len", "8192"]
    assert data(one.env) == {"QUANTIZE": "awq"}
    assert one.words is not None
    assert not one.words.open
    around = {entry.name: entry.value[0].data for entry in one.surroundings.entries} if one.surroundings else {}
    assert around["settings.ResourceRequirements.GPU"] == "2"
    other = alone(TASK.replace("    Environment:", "    EnvironmentFiles: []\n    Environment:"))
    assert other.words is not None
    assert other.words.open


def test_variables_keep_the_capitals_of_their_template() -> None:
    source = Source("a.yaml", TASK)
    (env,) = [one.env for one in found(TASK)]
    assert env is not None
    changes: list[Change] = [SetEntry(env.entries[0], "fp8"), AddEntry("MAX_BATCH_SIZE", "8")]
    text = TASK
    for edit in reversed(reader.rewrite(source, env, changes)):
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    assert '        Value: fp8\n      - Name: MAX_BATCH_SIZE\n        Value: "8"\n' in text


def test_words_and_variables_of_a_values_file_are_defaults_that_may_be_added_to() -> None:
    text = "image: vllm/vllm-openai\nextraArgs:\n- --max-model-len=8192\nextraEnv:\n- {name: QUANTIZE, value: awq}\n"
    one = alone(text, "chart/values-prod.yaml")
    assert words(one) == ["--max-model-len=8192"]
    assert data(one.env) == {"QUANTIZE": "awq"}
    assert one.words is not None
    assert one.words.open
    assert one.env is not None
    assert one.env.open
    assert {a.how for table in (one.words, one.env) for e in table.entries for a in e.value} == {"fallback"}
    other = alone(text, "service.yaml")
    assert other.words is not None
    assert {a.how for e in other.words.entries for a in e.value} == {"literal"}


def test_arguments_as_a_mapping_stand_beside_the_image() -> None:
    one = alone("server:\n  image: vllm/vllm-openai\n  engineArgs:\n    enforce-eager: ''\n    max-model-len: 4096\n")
    assert one.mapping is not None
    assert data(one.mapping) == {"enforce-eager": "", "max-model-len": 4096}
    assert one.words is not None
    assert one.words.entries == ()
    assert one.words.open


@pytest.mark.parametrize(
    "text",
    [
        "image: vllm/vllm-openai\ncommand: [vllm, serve]\nargs: [m, --max-model-len, 1]",
        "image:\n  repository: vllm/vllm-openai\n  command: [vllm, serve, m, --max-model-len, 1]",
        "image: vllm/vllm-openai\nenv: {A: b}\ncommand: vllm serve m --max-model-len 1",
        "x:\n- image: vllm/vllm-openai\n  command: vllm serve\n  vllm_args: m --max-model-len 1",
        "a:\n- script:\n    image: vllm/vllm-openai\n    source: |\n      vllm serve m \\\n        --max-model-len 1\n",
        "steps:\n- image: vllm/vllm-openai\n  script: |\n    #!/bin/sh\n    vllm serve m --max-model-len 1\n",
        "a:\n  mainContainer:\n    image: vllm/x\n    command: [sh, -c]\n    args: [vllm serve m --max-model-len 1]",
    ],
)
def test_what_a_shape_runs(text: str) -> None:
    assert [str(word) for word in words(alone(text))] == ["vllm", "serve", "m", "--max-model-len", "1"]


def test_settings_inside_the_mapping_of_a_chart_s_only_image_are_its_own() -> None:
    text = "image: {repository: vllm/vllm-openai}\nserver:\n  max-model-len: 4096\nresources: {limits: {cpu: 1}}\n"
    one = alone(text, "values.yaml")
    assert data(one.mapping) == {"max-model-len": 4096}
    apart = reader.read(Source("values.yaml", "a:\n  image: vllm/x\n  env: {A: b}\n" + text[38:]), WANTED, Nowhere())
    assert [bool(one.image) for one in apart.invocations] == [True, False]


def test_resources_and_node_selection_come_from_the_nearest_mapping() -> None:
    text = (
        "nodeSelector: {a: outer}\nresources: {limits: {nvidia.com/gpu: 8}}\n"
        "decode:\n  resources: {limits: {gpu: 2}}\n  replicas: 3\n  main: {image: vllm/x, args: [--max-model-len, 1]}\n"
    )
    around = data(alone(text).surroundings)
    assert around["resources.limits.gpu"] == 2
    assert around["nodeSelector.a"] == "outer"
    assert around["replicas"] == 3
    assert "resources.limits.nvidia.com/gpu" not in around


def test_a_mapping_that_only_names_an_image_is_no_container() -> None:
    assert found("image: vllm/vllm-openai\npullPolicy: Always\n") == []
    assert found("image: {pullPolicy: Always}\nargs: [vllm]\n") == []
    assert found("build:\n  image: vllm/x\n  buildArgs: {A: b}\n") == []


def test_pods_and_services_are_not_read_twice() -> None:
    pod = "spec:\n  containers:\n  - {name: a, image: vllm/x, args: [--max-model-len, 1]}\n"
    assert len(found(pod)) == 1
    assert len(found("services:\n  a:\n    image: vllm/x\n    command: --max-model-len 1\n")) == 1


# --- groups of pods ---------------------------------------------------------------------------------------------------

GROUP = """
kind: LeaderWorkerSet
spec:
  leaderWorkerTemplate:
    size: 2
    leaderTemplate:
      spec:
        containers:
        - {name: leader, image: vllm/x, args: [--max-model-len, 1]}
    workerTemplate:
      spec:
        containers:
        - {name: worker, image: vllm/x, args: [WORKER]}
"""


def test_the_workers_of_a_group_belong_to_its_leader() -> None:
    one = alone(GROUP.replace("WORKER", "ray"))
    assert one.name == "container leader"
    assert data(one.surroundings)["leaderWorkerTemplate.size"] == 2
    assert one.words is not None
    assert one.words.writable
    both = alone(GROUP.replace("WORKER", "--max-model-len, 1"))
    assert both.words is not None
    assert not both.words.writable


# --- what is run ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "steps:\n- run: |\n    pip install vllm\n    vllm serve m --max-model-len 1 &\n    pytest\n",
        "serve:\n  script:\n  - pip install vllm\n  - vllm serve m --max-model-len 1\n",
        "steps:\n- commands:\n  - |\n    nohup vllm serve m --max-model-len 1\n",
        "start_command: vllm serve m --max-model-len 1\n",
        "command: [vllm, serve, m]\nargs: [--max-model-len, 1]\n",
        "run: env A=b vllm serve m --max-model-len ${LENGTH:-1}\n",
        "env: {LENGTH: 1}\nsteps:\n- run: vllm serve m --max-model-len $LENGTH\n",
        "env: {LENGTH: 2}\nsteps:\n- run: vllm serve m --max-model-len $LENGTH\n  env:\n    LENGTH: '1'\n",
    ],
)
def test_commands_that_are_run(text: str) -> None:
    served = [one for one in found(text) if words(one)[0] == "vllm"]
    assert [words(one) for one in served] == [["vllm", "serve", "m", "--max-model-len", "1"]]


def test_what_an_expression_fills_in_is_unknown() -> None:
    one = alone("steps:\n- run: vllm serve ${{ inputs.model }} --max-model-len ${{ inputs.length }} --enforce-eager\n")
    assert words(one) == ["vllm", "serve", "?", "--max-model-len", "?", "--enforce-eager"]


@pytest.mark.parametrize(
    "text",
    [
        "run: pytest tests/vllm\n",
        "description: run vllm serve m --enforce-eager\n",
        "run: echo start with vllm-serve\n",
        "on: {push: {branches: [vllm]}}\nname: vllm\n",
    ],
)
def test_what_starts_no_server_is_left_out(text: str) -> None:
    assert found(text) == []


def test_every_command_of_a_document_is_read_in_linear_time() -> None:
    text = "steps:\n" + "- run: vllm serve m --max-model-len 1\n" * 300
    assert len(found(text)) == 300
    assert len(read("steps:\n" + "- run: vllm serve m\n" * 5000).invocations) <= 2002
