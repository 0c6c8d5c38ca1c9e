"""KServe: services with the runtimes that they name, in one file or in two, and containers without an image."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_fixtures import ROOT, Together, rules

from ecolint.engine import check, judged
from ecolint.model import Deployment, Scalar, Source
from ecolint.settings import Settings

SERVICE = """\
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: {name: chat}
spec:
  predictor:
    nodeSelector: {cloud.google.com/gke-accelerator: nvidia-l4}
    model:
      modelFormat: {name: vLLM}
      runtime: RUNTIME
      storageUri: hf://Qwen/Qwen2.5-7B-Instruct:abc
      args: [--max-model-len=4096]
      env: [{name: TORCH_COMPILE_DISABLE, value: "1"}]
      resources: {limits: {nvidia.com/gpu: "2"}}
"""
RUNTIME = """\
apiVersion: serving.kserve.io/v1alpha1
kind: ServingRuntime
metadata: {name: NAME}
spec:
  containers:
    - name: kserve-container
      image: quay.io/example/vllm:v1
      args: [--model=/mnt/models, --max-num-seqs=2]
      resources: {limits: {nvidia.com/gpu: "8"}}
"""


def deployments(files: dict[str, str], judged_file: str, folder: Path) -> list[Deployment]:
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    path = (folder / judged_file).as_posix()
    project = Together(folder)
    outcome = judged(Source(path, files[judged_file]), project, (), Settings(root=ROOT))
    return [group[0] for group in outcome.groups]


def told(one: Deployment, *names: str) -> list[Scalar]:
    return [one.facts[name].value if one.facts[name].kind == "known" else "?" for name in names]


FACTS = ("model", "gpu", "gpu_count", "context_length", "max_concurrency", "execution")
WHOLE = ["Qwen/Qwen2.5-7B-Instruct", "L4", 2, 4096, 2, "eager"]


def test_a_service_and_its_runtime_are_one_deployment(tmp_path: Path) -> None:
    text = RUNTIME.replace("NAME", "one") + "---\n" + SERVICE.replace("RUNTIME", "one")
    (found,) = deployments({"all.yaml": text}, "all.yaml", tmp_path)
    assert told(found, *FACTS) == WHOLE
    assert found.stack == "vllm"


@pytest.mark.parametrize("judged_file", ["service.yaml", "runtime.yaml"])
def test_each_of_two_files_tells_the_deployment(tmp_path: Path, judged_file: str) -> None:
    files = {"service.yaml": SERVICE.replace("RUNTIME", "one"), "runtime.yaml": RUNTIME.replace("NAME", "one")}
    (found,) = deployments(files, judged_file, tmp_path)
    assert told(found, *FACTS) == WHOLE
    assert len(found.invocation.joined) == 2


def test_findings_are_told_where_they_stand(tmp_path: Path) -> None:
    files = {"service.yaml": SERVICE.replace("RUNTIME", "one"), "runtime.yaml": RUNTIME.replace("NAME", "one")}
    deployments(files, "service.yaml", tmp_path)
    codes = {}
    for name, text in files.items():
        path = (tmp_path / name).as_posix()
        outcome = check(Source(path, text), Together(tmp_path), rules(), Settings(root=ROOT))
        codes[name] = [finding.code for finding in outcome.findings if finding.level != "green"]
    assert codes == {"service.yaml": ["ECO306"], "runtime.yaml": ["ECO104"]}


def test_a_runtime_that_is_not_here_leaves_everything_open(tmp_path: Path) -> None:
    (found,) = deployments({"service.yaml": SERVICE.replace("RUNTIME", "far")}, "service.yaml", tmp_path)
    assert told(found, *FACTS) == [*WHOLE[:4], "?", "?"]
    assert told(found, "dtype", "quantization") == ["?", "?"]


def test_a_runtime_alone_is_a_template(tmp_path: Path) -> None:
    (found,) = deployments({"runtime.yaml": RUNTIME.replace("NAME", "one")}, "runtime.yaml", tmp_path)
    assert told(found, "max_concurrency", "context_length", "execution") == [2, "?", "?"]


def test_two_runtimes_of_one_name_are_none(tmp_path: Path) -> None:
    files = {
        "service.yaml": SERVICE.replace("RUNTIME", "one"),
        "a.yaml": RUNTIME.replace("NAME", "one"),
        "b.yaml": RUNTIME.replace("NAME", "one").replace("=2", "=4"),
    }
    (found,) = deployments(files, "service.yaml", tmp_path)
    assert told(found, "max_concurrency") == ["?"]


def test_of_two_runtimes_the_one_in_the_namespace_of_the_service(tmp_path: Path) -> None:
    one = RUNTIME.replace("{name: NAME}", "{name: one, namespace: a}")
    other = one.replace("namespace: a", "namespace: b").replace("=2", "=4")
    service = SERVICE.replace("RUNTIME", "one").replace("{name: chat}", "{name: chat, namespace: b}")
    (found,) = deployments({"all.yaml": "---\n".join((one, other, service))}, "all.yaml", tmp_path)
    assert told(found, "max_concurrency") == [4]
    (found,) = deployments({"s.yaml": service, "r.yaml": one + "---\n" + other}, "s.yaml", tmp_path / "two")
    assert told(found, "max_concurrency") == [4]
    (found,) = deployments({"s.yaml": service, "r.yaml": one}, "s.yaml", tmp_path / "far")
    assert told(found, "max_concurrency") == ["?"]


def test_files_that_are_whole_keep_to_themselves(tmp_path: Path) -> None:
    text = RUNTIME.replace("NAME", "one") + "---\n" + SERVICE.replace("RUNTIME", "one")
    files = {"a.yaml": text, "b.yaml": text.replace("Qwen2.5-7B", "Qwen2.5-3B")}
    (found,) = deployments(files, "a.yaml", tmp_path)
    assert told(found, *FACTS) == WHOLE


@pytest.mark.parametrize(
    ("address", "model"),
    [
        ("hf://org/name", "org/name"),
        ("hf://org/name:main", "org/name"),
        ("hf://org/name?rev=a", "org/name"),
        ("pvc://claim/path", "pvc://claim/path"),
        ("s3://bucket/name", "s3://bucket/name"),
        ("/mnt/models/name", "/mnt/models/name"),
    ],
)
def test_addresses_of_models(tmp_path: Path, address: str, model: str) -> None:
    text = SERVICE.replace("RUNTIME", "far").replace("hf://Qwen/Qwen2.5-7B-Instruct:abc", address)
    (found,) = deployments({"service.yaml": text}, "service.yaml", tmp_path)
    assert told(found, "model") == [model]


def test_a_container_without_an_image_is_what_kserve_puts_in(tmp_path: Path) -> None:
    text = """
kind: LLMInferenceService
spec:
  model: {uri: hf://Qwen/Qwen2.5-7B-Instruct}
  router: {scheduler: {template: {containers: [{name: main, args: [--pool-group, x]}]}}}
  template:
    containers:
      - {name: main, args: [--max-num-seqs=2], resources: {limits: {nvidia.com/gpu: "1"}}}
"""
    (found,) = deployments({"llm.yaml": text}, "llm.yaml", tmp_path)
    assert told(found, "framework", "model", "gpu_count", "max_concurrency", "execution") == [
        *("vllm", "Qwen/Qwen2.5-7B-Instruct", 1, 2, "?"),
    ]


def test_the_nodes_of_a_service_are_counted(tmp_path: Path) -> None:
    text = """
kind: DynamoGraphDeployment
spec:
  services:
    worker:
      multinode: {nodeCount: 2}
      resources: {limits: {gpu: "4"}}
      extraPodSpec:
        mainContainer:
          image: nvcr.io/nvidia/ai-dynamo/vllm-runtime:1.0
          command: [python3, -m, dynamo.vllm]
          args: [--model, Qwen/Qwen2.5-72B-Instruct, --tensor-parallel-size, "8"]
"""
    (found,) = deployments({"graph.yaml": text}, "graph.yaml", tmp_path)
    assert told(found, "framework", "model", "gpu_count") == ["vllm", "Qwen/Qwen2.5-72B-Instruct", 8]


@pytest.mark.parametrize("order", [("task", "pretrained_model"), ("pretrained_model", "task")])
def test_the_model_of_a_graph_is_found_among_its_parameters(tmp_path: Path, order: tuple[str, str]) -> None:
    values = {"task": "text-generation", "pretrained_model": "distilgpt2"}
    listed = ", ".join(f"{{name: {name}, type: STRING, value: {values[name]}}}" for name in order)
    text = f"""
kind: SeldonDeployment
spec:
  predictors:
    - graph: {{name: t, implementation: HUGGINGFACE_SERVER, parameters: [{listed}]}}
"""
    (found,) = deployments({"graph.yaml": text}, "graph.yaml", tmp_path)
    assert told(found, "framework", "model") == ["transformers", "distilgpt2"]


PATCHED = {
    "base/kustomization.yaml": "resources: [service.yaml, runtime.yaml]\n",
    "base/service.yaml": SERVICE.replace("RUNTIME", "one"),
    "base/runtime.yaml": RUNTIME.replace("NAME", "one"),
    "large/kustomization.yaml": "resources: [../base]\npatches: [{path: patch.yaml}]\n",
    "large/patch.yaml": """\
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: {name: chat}
spec: {predictor: {model: {storageUri: "hf://Qwen/Qwen2.5-14B-Instruct"}}}
""",
}


@pytest.mark.parametrize("judged_file", ["base/service.yaml", "base/runtime.yaml", "large/patch.yaml"])
def test_a_service_is_read_as_a_kustomization_builds_it(
    tmp_path: Path, judged_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployments(PATCHED, judged_file, tmp_path)
    monkeypatch.chdir(tmp_path)
    outcome = judged(Source(judged_file, PATCHED[judged_file]), Together(tmp_path), (), Settings(root=tmp_path))
    ((found,),) = outcome.groups
    assert told(found, "model", "max_concurrency", "context_length") == ["Qwen/Qwen2.5-14B-Instruct", 2, 4096]
