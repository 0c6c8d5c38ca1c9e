"""What manifests say of the hardware: resources, node selection, reserved devices, and what the stack adds to it."""

from __future__ import annotations

import pytest
from test_fixtures import ROOT, Alone

from ecolint.engine import judged
from ecolint.model import Fact, Scalar, Source
from ecolint.settings import Settings

POD = """
apiVersion: apps/v1
kind: Deployment
spec:
  template:
    spec:
      {spec}
      containers:
      - name: server
        image: vllm/vllm-openai:v0.8.5
        args: ["--model", "Qwen/Qwen2.5-7B-Instruct", {args}]
        resources: {resources}
"""
SERVICE = """
services:
  server:
    image: vllm/vllm-openai:v0.8.5
    command: --model Qwen/Qwen2.5-7B-Instruct {args}
    {more}
"""


def hardware(text: str, path: str = "deployment.yaml") -> tuple[Scalar, Scalar, Scalar]:
    """GPU, count and device of the only deployment; "?" is unknown, None absent."""
    (deployment,) = judged(Source(path, text), Alone(), (), Settings(root=ROOT)).deployments
    states = [deployment.facts.get(name, Fact("absent")) for name in ("gpu", "gpu_count", "device")]
    gpu, count, device = ("?" if one.kind == "unknown" else one.value for one in states)
    return gpu, count, None if device == "cuda" else device


def pod(spec: str = "restartPolicy: Always", resources: str = "{}", args: str = "") -> tuple[Scalar, Scalar, Scalar]:
    return hardware(POD.format(spec=spec, resources=resources, args=args))


def affinity(expressions: str) -> str:
    required = "requiredDuringSchedulingIgnoredDuringExecution"
    return f"affinity: {{nodeAffinity: {{{required}: {{nodeSelectorTerms: [{expressions}]}}}}}}"


@pytest.mark.parametrize(
    ("resources", "args", "count"),
    [
        ("{limits: {nvidia.com/gpu: 2}}", "", 2),
        ("{limits: {nvidia.com/gpu: '2'}}", "", 2),
        ("{requests: {nvidia.com/gpu: 4}}", "", 4),
        ("{limits: {nvidia.com/gpu: 8}}", "'--tensor-parallel-size=4'", 8),
        ("{limits: {nvidia.com/gpu: 8}}", "'--tensor-parallel-size=16'", 16),
        ("{limits: {nvidia.com/gpu: 8}}", "'--tensor-parallel-size=$(TP)'", 8),
        ("{}", "'--tensor-parallel-size=4'", 4),
        ("{limits: {cpu: 8}}", "", 1),
        ("{limits: {nvidia.com/gpu: '{{ .Values.gpus }}'}}", "", 1),
        ("{limits: {nvidia.com/gpu: '{{ .Values.gpus }}'}}", "'-tp', '2'", 2),
    ],
)
def test_the_count_is_what_is_reserved_unless_the_stack_uses_more(resources: str, args: str, count: Scalar) -> None:
    assert pod(resources=resources, args=args)[:2] == (None, count)


@pytest.mark.parametrize(
    ("env", "resources", "args", "count"),
    [
        ("CUDA_VISIBLE_DEVICES: '0'", "{limits: {nvidia.com/gpu: 8}}", "", 1),
        ("CUDA_VISIBLE_DEVICES: '0,1'", "{limits: {nvidia.com/gpu: 8}}", "'-tp=2'", 2),
        ("CUDA_VISIBLE_DEVICES: '0,1,2,3'", "{}", "'-tp=2'", 2),
        ("CUDA_VISIBLE_DEVICES: '0,1'", "{}", "'--tensor-parallel-size=$(TP)'", 2),
        ("CUDA_VISIBLE_DEVICES: $(CARDS)", "{}", "'--tensor-parallel-size=2'", 2),
        ("CUDA_VISIBLE_DEVICES: $(CARDS)", "{}", "'--tensor-parallel-size=$(TP)'", "?"),
        ("CUDA_VISIBLE_DEVICES: MIG-1234", "{}", "'--tensor-parallel-size=$(TP)'", "?"),
        ("NVIDIA_VISIBLE_DEVICES: all", "{limits: {nvidia.com/gpu: 2}}", "", 2),
        ("NVIDIA_VISIBLE_DEVICES: 'GPU-5f3a91c2-0001,GPU-5f3a91c2-0002'", "{}", "'-tp=$(TP)'", 2),
    ],
)
def test_a_process_uses_no_more_than_it_is_let_see(env: str, resources: str, args: str, count: Scalar) -> None:
    name, value = env.split(": ", 1)
    variable = f"env: [{{name: {name}, value: {value}}}]\n        resources: {resources}"
    text = POD.replace("resources: {resources}", variable.replace("{", "{{").replace("}", "}}"))
    assert hardware(text.format(spec="restartPolicy: Always", args=args))[1] == count


@pytest.mark.parametrize(
    ("spec", "gpu"),
    [
        ("nodeSelector: {cloud.google.com/gke-accelerator: nvidia-l4}", "L4"),
        ("nodeSelector: {cloud.google.com/gke-accelerator: nvidia-tesla-a100}", "A100 40GB SXM4"),
        ("nodeSelector: {nvidia.com/gpu.product: NVIDIA-A100-SXM4-80GB}", "A100 80GB SXM4"),
        ("nodeSelector: {nvidia.com/gpu.product: NVIDIA-A100-SXM4-80GB-MIG-1g.10gb}", "?"),
        ("nodeSelector: {nvidia.com/gpu.product: NVIDIA-A10G-SHARED}", "A10G"),
        ("nodeSelector: {karpenter.k8s.aws/instance-gpu-name: l40s}", "L40S"),
        ("nodeSelector: {node.kubernetes.io/instance-type: g5.4xlarge}", "A10G"),
        ("nodeSelector: {beta.kubernetes.io/instance-type: Standard_NC24ads_A100_v4}", "A100 80GB PCIe"),
        ("nodeSelector: {accelerator: nvidia-tesla-t4}", "T4"),
        ("nodeSelector: {gpu-type: h100}", "H100 SXM5"),
        ("nodeSelector: {gpu-type: a100}", None),
        ("nodeSelector: {accelerator: nvidia}", None),
        ("nodeSelector: {nvidia.com/gpu: 'true'}", None),
        ("nodeSelector: {cloud.google.com/gke-spot: 'true'}", None),
        ("tolerations: [{key: nvidia.com/gpu, operator: Exists}]", None),
        (affinity("{matchExpressions: [{key: nvidia.com/gpu.product, operator: In, values: [NVIDIA-L40S]}]}"), "L40S"),
        (
            affinity(
                "{matchExpressions: [{key: nvidia.com/gpu.product, operator: In, values: [Tesla-T4, NVIDIA-L4]}]}"
            ),
            "?",
        ),
        (affinity("{matchExpressions: [{key: nvidia.com/gpu.product, operator: Exists}]}"), None),
        (affinity("{matchExpressions: [{key: nvidia.com/gpu.product, operator: NotIn, values: [Tesla-T4]}]}"), None),
    ],
)
def test_the_card_is_what_the_node_is_chosen_by(spec: str, gpu: Scalar) -> None:
    assert pod(spec=spec)[0] == gpu


@pytest.mark.parametrize(
    "resources",
    [
        "{limits: {nvidia.com/mig-1g.5gb: 1}}",
        "{requests: {nvidia.com/mig-3g.40gb: 1}}",
        "{limits: {nvidia.com/gpu.shared: 1}}",
    ],
)
def test_a_slice_or_a_share_is_not_the_card(resources: str) -> None:
    assert pod("nodeSelector: {cloud.google.com/gke-accelerator: nvidia-a100-80gb}", resources)[0] == "?"


@pytest.mark.parametrize(
    "resource",
    [
        "habana.ai/gaudi",
        "google.com/tpu",
        "amd.com/gpu",
        "aws.amazon.com/neuroncore",
        "huawei.com/Ascend910B",
        "gpu.intel.com/i915",
    ],
)
def test_other_devices_are_none_of_ours(resource: str) -> None:
    assert pod(resources=f"{{limits: {{{resource}: 1}}}}")[2] == "other"


@pytest.mark.parametrize(
    ("text", "device"),
    [
        (POD.format(spec="x: y", args="", resources="{limits: {nvidia.com/gpu: 1}}"), "cuda"),
        (POD.format(spec="x: y", args="", resources="{limits: {nvidia.com/gpu: 0}}"), "cpu"),
        (POD.format(spec="x: y", args="", resources="{limits: {nvidia.com/mig-1g.5gb: 1}}"), "cuda"),
        (SERVICE.format(args="", more="runtime: nvidia"), "cuda"),
        (SERVICE.format(args="", more="gpus: [{driver: nvidia, count: 1}]"), "cuda"),
        (
            SERVICE.format(args="", more="deploy: {resources: {reservations: {devices: [{capabilities: [gpu]}]}}}"),
            "cuda",
        ),
        (SERVICE.format(args="", more="runtime: nvidia").replace("vllm-openai:v", "vllm-openai-rocm:v"), "rocm"),
    ],
)
def test_what_reserves_a_card_runs_on_one(text: str, device: str) -> None:
    (deployment,) = judged(Source("a.yaml", text), Alone(), (), Settings(root=ROOT)).deployments
    found = deployment.facts["device"]
    assert (found.value, found.assured) == (device, True)


@pytest.mark.parametrize(
    ("runner", "device"),
    [
        ("ubuntu-latest", "cpu"),
        ("macos-14", "cpu"),
        ("[self-hosted, gpu]", "cuda"),
        ("gpu-h100", "cuda"),
        ("${{ matrix.os }}", None),
    ],
)
def test_runners_that_are_hosted_have_no_card(runner: str, device: str | None) -> None:
    steps = "    steps:\n    - run: vllm serve Qwen/Qwen3-0.6B --enforce-eager\n"
    text = f"jobs:\n  smoke:\n    runs-on: {runner}\n{steps}"
    (deployment,) = judged(Source("w.yaml", text), Alone(), (), Settings(root=ROOT)).deployments
    assert deployment.facts["device"].value == device


def test_the_container_of_a_job_serves_nothing_by_itself() -> None:
    job = (
        "jobs:\n  a:\n    container: {image: 'vllm/vllm-openai:nightly', env: {A: b}}\n    steps:\n    - run: pytest\n"
    )
    assert judged(Source("w.yaml", job), Alone(), (), Settings(root=ROOT)).deployments == ()


FLAGS = "--model /models/chat --max-model-len 8192 --gpu-memory-utilization 0.9"


@pytest.mark.parametrize(
    ("service", "framework"),
    [
        (f"build: .\n    command: {FLAGS}", "vllm"),
        (f"image: registry.example.com/serving:3\n    command: {FLAGS} --enforce-eager", "vllm"),
        ("build: .\n    command: --model /models/chat --port 8000", None),
        (f"image: example/router:1\n    command: {FLAGS}", None),
        ("build: .\n    command: --model-path m --max-running-requests 8 --mem-fraction-static 0.8", "sglang"),
        (f"build: .\n    command: ./start.sh {FLAGS}", None),
    ],
)
def test_flags_that_only_one_stack_has_tell_an_image_that_nobody_knows(service: str, framework: str | None) -> None:
    text = f"services:\n  chat:\n    {service}\n"
    deployments = judged(Source("compose.yaml", text), Alone(), (), Settings(root=ROOT)).deployments
    assert [one.facts["framework"].value for one in deployments] == ([framework] if framework else [])
    assert not any(one.facts["framework"].assured for one in deployments)


def test_a_file_of_settings_may_say_what_the_command_line_does_not() -> None:
    text = "containers:\n- image: vllm/vllm-openai:v0.8.5\n  args: [--config, /etc/vllm.yaml, --max-num-seqs, 64]\n"
    (deployment,) = judged(Source("a.yaml", text), Alone(), (), Settings(root=ROOT)).deployments
    assert deployment.facts["max_concurrency"].value == 64
    assert [deployment.facts[name].kind for name in ("model", "quantization", "execution")] == ["unknown"] * 3


def test_a_group_of_pods_has_the_cards_of_all() -> None:
    group = """
kind: LeaderWorkerSet
spec:
  leaderWorkerTemplate:
    size: 2
    workerTemplate:
      spec:
        containers:
        - image: vllm/vllm-openai:v0.8.5
          command: [vllm, serve, meta-llama/Llama-3.1-405B-Instruct]
          resources: {limits: {nvidia.com/gpu: 8}}
"""
    assert hardware(group)[1] == 16
    assert hardware(group.replace("          resources: {limits: {nvidia.com/gpu: 8}}\n", ""))[1] == 1


@pytest.mark.parametrize(
    ("more", "args", "count"),
    [
        ("deploy: {resources: {reservations: {devices: [{driver: nvidia, count: 2, capabilities: [gpu]}]}}}", "", 2),
        ("deploy: {resources: {reservations: {devices: [{device_ids: ['0', '1', '2'], capabilities: [gpu]}]}}}", "", 3),
        ("deploy: {resources: {reservations: {devices: [{device_ids: ['1'], capabilities: [gpu]}]}}}", "", 1),
        ("deploy: {resources: {reservations: {devices: [{count: all, capabilities: [gpu]}]}}}", "", 1),
        ("deploy: {resources: {reservations: {devices: [{count: all, capabilities: [gpu]}]}}}", "-tp 4", 4),
        ("deploy: {resources: {reservations: {devices: [{count: 2, capabilities: [gpu]}]}}}", "-tp 1", 2),
        ("gpus: [{count: 2}]", "", 2),
        ('gpus: [{count: "${CARDS:-4}"}]', "", 4),
        ('gpus: [{count: "${CARDS}"}]', "-tp 2", 2),
        ("gpus: all", "", 1),
        ("runtime: nvidia", "-tp 2", 2),
    ],
)
def test_what_a_compose_service_reserves(more: str, args: str, count: Scalar) -> None:
    assert hardware(SERVICE.format(more=more, args=args))[1] == count


@pytest.mark.parametrize(
    ("settings", "model"),
    [
        ("model: Qwen/Qwen2.5-7B-Instruct", "Qwen/Qwen2.5-7B-Instruct"),
        ("modelID: Qwen/Qwen2.5-7B-Instruct", "Qwen/Qwen2.5-7B-Instruct"),
        ("vllm: {model: Qwen/Qwen2.5-7B-Instruct}", "Qwen/Qwen2.5-7B-Instruct"),
        ("model: large", "?"),  # whatever that is a model of
        ("model: '{{ .Values.global.model }}'", "?"),
    ],
)
def test_settings_beside_an_engines_image_name_its_model(settings: str, model: Scalar) -> None:
    text = f"image: {{repository: vllm/vllm-openai, tag: v0.8.5}}\n{settings}\nresources: {{limits: {{cpu: 4}}}}\n"
    (deployment,) = judged(Source("values.yaml", text), Alone(), (), Settings(root=ROOT)).deployments
    found = deployment.facts["model"]
    assert ("?" if found.kind == "unknown" else found.value) == model
    assert found.kind == "unknown" or not found.assured


def test_a_values_file_says_which_model_it_serves_on_what() -> None:
    text = "modelName: Qwen/Qwen3-0.6B\nimage: {repository: x/vllm-openai}\nresources: {limits: {nvidia.com/gpu: 1}}\n"
    (deployment,) = judged(Source("values.yaml", text), Alone(), (), Settings(root=ROOT)).deployments
    assert deployment.facts["model"].value == "Qwen/Qwen3-0.6B"
    assert not deployment.facts["model"].assured
    assert deployment.facts["gpu_count"].value == 1
    assert deployment.facts["quantization"].kind == "unknown"
