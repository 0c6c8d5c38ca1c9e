"""Platform files by vocabulary alone: dotted keys, values that tell whose file it is, paths of the whole document."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_fixtures import ROOT, Alone, rules

from ecolint.engine import check, judged
from ecolint.model import Deployment, Scalar, Source
from ecolint.settings import Settings

OBJECT = """
name = "example-object"

[recognise.mapping]
any = ["spec.serve.engine"]
where = { kind = "Served", "spec.serve.engine" = ["Fast*"] }

[flags]
keys = ["spec.serve.args"]

[keys.model]
mapping = ["spec.serve.model"]

[keys.slots]
type = "int"
mapping = ["spec.serve.slots"]
flag = ["--slots"]
env = ["SLOTS"]
default = 16

[keys.first_gpu]
type = "int"
mapping = ["spec.pools.0.gpus"]

[keys.only_pool]
type = "int"
mapping = ["spec.pools.*.window"]

[facts]
model = "model"
max_concurrency = "slots"
gpu_count = "first_gpu"
context_length = "only_pool"
dtype = [{ is = "float16" }]
quantization = [{ is = "none" }]
workload = [{ is = "inference" }]
"""
PLATFORM = """
name = "example-cloud"
kind = "platform"

[keys.card]
type = "gpu"
surroundings = ["document.machine.card", "document.machines.*.card"]

[keys.names]
type = "int"
surroundings = ["document.machines.#"]

[facts]
gpu = "card"
gpu_count = "names"
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "object.toml").write_text(OBJECT, encoding="utf-8")
    (tmp_path / "cloud.toml").write_text(PLATFORM, encoding="utf-8")
    return Settings(root=ROOT, stacks=(str(tmp_path),))


def deployments(text: str, settings: Settings, path: str = "served.yaml") -> list[Deployment]:
    return [one for one in judged(Source(path, text), Alone(), (), settings).deployments if one.stack != "services"]


def fact(one: Deployment, name: str) -> Scalar:
    found = one.facts.get(name)
    return None if found is None or found.kind == "absent" else "?" if found.kind == "unknown" else found.value


SERVED = """apiVersion: example.com/v1
kind: Served
metadata: {name: chat}
spec:
  serve:
    engine: FastServer
    model: Qwen/Qwen2.5-7B-Instruct
"""


def served(settings: Settings, more: str = "", text: str = SERVED) -> Deployment:
    (found,) = deployments(text + more, settings)
    return found


def test_dotted_keys_lead_into_mappings_of_mappings(settings: Settings) -> None:
    found = served(settings, "    slots: 4\n")
    assert (fact(found, "framework"), fact(found, "model")) == ("example-object", "Qwen/Qwen2.5-7B-Instruct")
    assert fact(found, "max_concurrency") == 4
    assert fact(served(settings), "max_concurrency") == 16


def test_items_of_lists_are_reached_by_position_or_as_the_only_one(settings: Settings) -> None:
    one = served(settings, "  pools:\n  - {gpus: 2, window: 512}\n")
    assert (fact(one, "gpu_count"), fact(one, "context_length")) == (2, 512)
    two = served(settings, "  pools:\n  - {gpus: 2, window: 512}\n  - {gpus: 4, window: 512}\n")
    assert (fact(two, "gpu_count"), fact(two, "context_length")) == (2, "?")


@pytest.mark.parametrize("more", ["    args: ['--slots=2']\n", "    args: [--slots, '2']\n", "    args: --slots 2\n"])
def test_flags_stand_under_dotted_keys_too(settings: Settings, more: str) -> None:
    assert fact(served(settings, more), "max_concurrency") == 2


@pytest.mark.parametrize("told", ["kind: Other", "kind: '{{ .Values.kind }}'"])
def test_a_file_whose_values_do_not_tell_is_somebody_elses(settings: Settings, told: str) -> None:
    assert not deployments(SERVED.replace("kind: Served", told), settings)
    assert not deployments(SERVED.replace("FastServer", "SlowServer"), settings)


def test_what_a_template_writes_on_the_way_is_unknown(settings: Settings) -> None:
    found = served(settings, text=SERVED.replace("    model: Qwen/Qwen2.5-7B-Instruct\n", "    model: '{{ .m }}'\n"))
    assert fact(found, "model") == "?"


def test_a_mapping_carries_the_variables_and_the_hardware_around_it(settings: Settings) -> None:
    inner = "model_loading_config: {model_id: Qwen/Qwen2.5-7B-Instruct}\nengine_kwargs: {max_num_seqs: 1}\n"
    nested = "spec:\n  resources: {limits: {nvidia.com/gpu: 2}}\n  configs:\n  - " + inner.replace("\n", "\n    ")
    (found,) = deployments(nested.rstrip() + "\n", settings)
    assert (fact(found, "framework"), fact(found, "gpu_count"), fact(found, "device")) == ("vllm", 2, "cuda")


PATHS = """
machine: {{card: L4}}
run: |
  vllm serve Qwen/Qwen2.5-7B-Instruct {flags}
"""


def test_paths_of_the_document_surround_what_runs_in_it(settings: Settings) -> None:
    (found,) = deployments(PATHS.format(flags=""), settings)
    assert (fact(found, "framework"), fact(found, "gpu")) == ("vllm", "L4")
    listed = "machines: [{card: L40S}, {card: L40S}]\nrun: vllm serve Qwen/Qwen2.5-7B-Instruct\n"
    (found,) = deployments(listed, settings)
    assert fact(found, "gpu_count") == 2
    hidden = "machine: '{{ .Values.machine }}'\nrun: vllm serve Qwen/Qwen2.5-7B-Instruct\n"
    (found,) = deployments(hidden, settings)
    assert fact(found, "gpu") == "?"


@pytest.mark.parametrize("more", ["    slots: 1\n", "    args: ['--slots=1']\n"])
def test_a_fix_edits_the_key_where_it_really_stands(settings: Settings, more: str) -> None:
    source = Source("served.yaml", SERVED + more)
    findings = check(source, Alone(), rules(), settings).findings
    (found,) = [one for one in findings if one.code == "ECO104"]
    assert found.fixes
    assert found.fixes[0].edits
    text = source.text
    for edit in sorted(found.fixes[0].edits, reverse=True):
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    assert fact(served(settings, text=text), "max_concurrency") != 1
