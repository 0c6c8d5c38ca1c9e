"""The machines that clouds' own files ask for: SkyPilot, dstack, Truss and others, each with its spellings."""

from __future__ import annotations

import pytest
from test_fixtures import ROOT, Alone

from ecolint.engine import judged
from ecolint.model import Fact, Scalar, Source
from ecolint.settings import Settings


def hardware(text: str, path: str = "task.yaml") -> tuple[Scalar, Scalar]:
    """GPU and count of the only deployment; "?" is unknown, None absent."""
    outcome = judged(Source(path, text), Alone(), (), Settings(root=ROOT))
    (deployment,) = [one for one in outcome.deployments if one.stack not in ("services", "packages")]
    states = [deployment.facts.get(name, Fact("absent")) for name in ("gpu", "gpu_count")]
    gpu, count = ("?" if one.kind == "unknown" else one.value for one in states)
    return gpu, count


SKYPILOT = """
{resources}
envs: {{MODEL: Qwen/Qwen2.5-7B-Instruct}}
run: |
  vllm serve $MODEL --tensor-parallel-size $SKYPILOT_NUM_GPUS_PER_NODE
"""


@pytest.mark.parametrize(
    ("resources", "gpu", "count"),
    [
        ("resources: {accelerators: 'A100:8'}", "A100 40GB SXM4", 8),
        ("resources: {accelerators: A100-80GB}", "A100 80GB SXM4", 1),
        ("resources: {accelerators: {H100: 8}}", "H100 SXM5", 8),
        ("resources:\n  accelerators:\n    L40S: 4", "L40S", 4),
        ("resources: {accelerators: [L4]}", "L4", 1),
        ("resources: {accelerators: {L4, A10G}}", "?", 1),
        ("resources: {accelerators: [L4, A10G]}", "?", 1),
        ("resources: {accelerators: ['A100-80GB:4', 'H100:4']}", "?", 4),
        ("resources: {accelerators: 'L4:0.5'}", "?", "?"),
        ("resources: {accelerators: $CARD}", "?", "?"),
        ("resources: {accelerators: 'H100:8'}\nnum_nodes: 2", "H100 SXM5", 16),
        ("resources: {instance_type: g5.12xlarge}", "A10G", 4),
        ("resources: {any_of: [{accelerators: L4}, {accelerators: A10G}]}", "?", "?"),
        ("resources: {ordered: [{accelerators: 'H100:8'}, {accelerators: 'H200:8'}]}", "?", "?"),
        ("resources: {accelerators: 'L4:2', any_of: [{use_spot: true}, {use_spot: false}]}", "L4", 2),
        ("resources: {infra: k8s, gpus: 'H100:8'}", "H100 SXM5", 8),
        ("resources: {accelerators: tpu-v6e-8}", "TPU v6e", "?"),
        ("resources: {cpus: 8+}", None, "?"),
        ("name: x", None, "?"),
    ],
)
def test_a_task_of_skypilot(resources: str, gpu: Scalar, count: Scalar) -> None:
    assert hardware(SKYPILOT.format(resources=resources)) == (gpu, count)


def test_the_documents_of_a_pipeline_have_machines_of_their_own() -> None:
    one = SKYPILOT.format(resources="resources: {accelerators: 'L4:2'}")
    two = SKYPILOT.format(resources="resources: {accelerators: 'H100:8'}")
    outcome = judged(Source("task.yaml", f"{one}---{two}"), Alone(), (), Settings(root=ROOT))
    assert [found.facts["gpu"].value for found in outcome.deployments] == ["L4", "H100 SXM5"]


DSTACK = """
type: {kind}
{image}
env: [HF_TOKEN, MODEL=Qwen/Qwen2.5-7B-Instruct]
commands:
- pip install vllm
- vllm serve $MODEL --tensor-parallel-size $DSTACK_GPUS_NUM
resources: {resources}
"""


@pytest.mark.parametrize(
    ("resources", "gpu", "count"),
    [
        ("{gpu: 'A100:80GB:2'}", "A100 80GB SXM4", 2),
        ("{gpu: 'H100:1..8'}", "H100 SXM5", "?"),
        ("{gpu: 24GB}", "?", 1),
        ("{gpu: '24GB..40GB:2'}", "?", 2),
        ("{gpu: 'L4,A10G:2'}", "?", 2),
        ("{gpu: 2}", "?", 2),
        ("{gpu: {name: [L4, A10G], count: 1}}", "?", "?"),
        ("{gpu: {name: A100, memory: 40GB, count: 4}}", "A100 40GB SXM4", 4),
        ("{gpu: {vendor: nvidia, name: L40S}}", "L40S", 1),
        ("{memory: 32GB}", None, "?"),
    ],
)
@pytest.mark.parametrize("image", ["image: vllm/vllm-openai:v0.8.5", "python: '3.12'"])
def test_a_service_of_dstack(resources: str, gpu: Scalar, count: Scalar, image: str) -> None:
    assert hardware(DSTACK.format(kind="service", image=image, resources=resources)) == (gpu, count)
    assert hardware(DSTACK.format(kind="chart", image=image, resources=resources))[0] is None


TRUSS = """
model_name: assistant
base_image: {{image: vllm/vllm-openai:v0.8.5}}
docker_server:
  start_command: vllm serve Qwen/Qwen2.5-7B-Instruct --tensor-parallel-size {shards}
  server_port: 8000
resources:
  {resources}
"""


@pytest.mark.parametrize(
    ("resources", "gpu", "count"),
    [
        ("accelerator: A100", "A100 80GB SXM4", 1),
        ("accelerator: A100:2", "A100 80GB SXM4", 2),
        ("accelerator: A100_40GB", "A100 40GB SXM4", 1),
        ("accelerator: H100_40GB", "?", 1),
        ("accelerator: A10G:4", "A10G", 4),
        ("cpu: '4'", None, 1),
    ],
)
def test_a_truss(resources: str, gpu: Scalar, count: Scalar) -> None:
    assert hardware(TRUSS.format(shards=1, resources=resources), "config.yaml") == (gpu, count)


def test_the_words_behind_a_program_are_no_instance_type() -> None:
    text = SKYPILOT.format(resources="resources: {accelerators: L4}").replace(
        "vllm serve $MODEL", "ollama run phi3 hi ;"
    )
    assert hardware(text) == ("L4", 1)


def test_a_stack_that_uses_more_is_believed() -> None:
    assert hardware(TRUSS.format(shards=8, resources="accelerator: H100:4"), "config.yaml") == ("H100 SXM5", 8)


ENGINE = """
model_name: assistant
resources: {{accelerator: "H100:2", use_gpu: true}}
trt_llm:
{stack}
"""


@pytest.mark.parametrize(
    ("stack", "model", "quantization", "slots"),
    [
        (
            "  build: {base_model: llama, checkpoint_repository: {source: HF, repo: org/chat-8b}, max_batch_size: 32}",
            "org/chat-8b",
            "?",
            32,
        ),
        (
            "  inference_stack: v2\n"
            "  build: {checkpoint_repository: {source: HF, repo: org/chat-8b}, quantization_type: fp8_kv}\n"
            "  runtime: {max_batch_size: 16, tensor_parallel_size: 2}",
            "org/chat-8b",
            "fp8",
            16,
        ),
        (
            "  build: {checkpoint_repository: {source: GCS, repo: 'gs://weights/chat'}, quantization_type: no_quant}",
            "?",
            "none",
            256,
        ),
    ],
)
def test_an_engine_that_truss_builds(stack: str, model: Scalar, quantization: Scalar, slots: Scalar) -> None:
    source = Source("config.yaml", ENGINE.format(stack=stack))
    (found,) = judged(source, Alone(), (), Settings(root=ROOT)).deployments
    states = [found.facts.get(name, Fact("absent")) for name in ("model", "quantization", "max_concurrency")]
    assert [("?" if one.kind == "unknown" else one.value) for one in states] == [model, quantization, slots]
    assert (found.facts["framework"].value, found.facts["gpu_count"].value) == ("tensorrt-llm", 2)


MODEL = """
Resources:
  Model:
    Type: AWS::SageMaker::Model
    Properties:
      PrimaryContainer:
        Image: !Sub "1.dkr.ecr.${{AWS::Region}}.amazonaws.com/huggingface-pytorch-tgi-inference:2.3-tgi2.2-gpu"
        Environment: {{HF_MODEL_ID: {model}, SM_NUM_GPUS: "{shards}"}}
  Config:
    Type: AWS::SageMaker::EndpointConfig
    Properties:
      ProductionVariants: [{variants}]
"""


@pytest.mark.parametrize(
    ("variants", "gpu", "count"),
    [
        ("{InstanceType: ml.g5.12xlarge}", "A10G", 4),
        ("{InstanceType: !Ref Machine}", "?", 1),
        ("{InstanceType: ml.g5.2xlarge}, {InstanceType: ml.p4d.24xlarge}", "?", 1),
    ],
)
def test_a_stack_that_hosts_a_model(variants: str, gpu: Scalar, count: Scalar) -> None:
    text = MODEL.format(model="org/chat-7b", shards=1, variants=variants)
    assert hardware(text, "template.yaml") == (gpu, count)


def test_a_parameter_of_a_stack_is_no_model() -> None:
    text = MODEL.format(model="!Ref ModelId", shards=1, variants="{InstanceType: ml.g5.xlarge}")
    (found,) = judged(Source("template.yaml", text), Alone(), (), Settings(root=ROOT)).deployments
    assert (found.facts["framework"].value, found.facts["model"].kind) == ("tgi", "unknown")


@pytest.mark.parametrize(
    ("workers", "gpu", "count"),
    [
        ("[{instance_type: g5.12xlarge}]", "A10G", 4),
        ("[{instance_type: g6.xlarge}, {instance_type: p5.48xlarge}]", "?", 1),
    ],
)
def test_a_service_of_anyscale(workers: str, gpu: Scalar, count: Scalar) -> None:
    text = f"""
compute_config: {{worker_nodes: {workers}}}
applications:
- import_path: ray.serve.llm:build_openai_app
  args:
    llm_configs:
    - model_loading_config: {{model_id: org/chat-8b}}
      engine_kwargs: {{max_model_len: 8192}}
"""
    assert hardware(text, "service.yaml") == (gpu, count)


def test_an_instance_type_beside_an_image() -> None:
    text = """
experiments:
- name: tgi
  image_uri: ghcr.io/huggingface/text-generation-inference:3.0.1
  instance_type: ml.g6e.12xlarge
  env: {MODEL_ID: org/chat-8b}
"""
    assert hardware(text, "experiments.yml") == ("L40S", 4)


def test_a_service_of_cloud_run() -> None:
    text = """
apiVersion: serving.knative.dev/v1
kind: Service
spec:
  template:
    spec:
      nodeSelector: {run.googleapis.com/accelerator: nvidia-l4}
      containers:
      - image: vllm/vllm-openai:v0.8.5
        args: [--model, google/gemma-2-2b-it]
        resources: {limits: {nvidia.com/gpu: "1"}}
"""
    assert hardware(text, "service.yaml") == ("L4", 1)


RECIPE = """
policy:
  train_global_batch_size: 512
  generation:
    vllm_cfg: {model: Qwen/Qwen2.5-7B-Instruct, tensor_parallel_size: 1, enforce_eager: true}
"""


def test_an_engine_in_a_recipe_is_the_trainings() -> None:
    (found,) = judged(Source("grpo.yaml", RECIPE), Alone(), (), Settings(root=ROOT)).deployments
    assert (found.facts["framework"].value, found.facts["workload"].value) == ("vllm", "training")
    served = RECIPE.replace("train_global_batch_size: 512", "name: x").replace("vllm_cfg", "engine")
    (found,) = judged(Source("serve.yaml", served), Alone(), (), Settings(root=ROOT)).deployments
    assert found.facts["workload"].value == "inference"


def test_a_container_that_a_task_starts_has_the_tasks_machine() -> None:
    start = "docker run --gpus all vllm/vllm-openai:v0.8.5 --model $MODEL -tp $SKYPILOT_NUM_GPUS_PER_NODE"
    text = SKYPILOT.format(resources="resources: {accelerators: 'A100-80GB:2'}").splitlines()
    assert hardware("\n".join([*text[:-1], f"  {start}"])) == ("A100 80GB SXM4", 2)


def test_a_program_in_a_place_that_nobody_can_see() -> None:
    text = SKYPILOT.format(resources="resources: {accelerators: L4}")
    assert hardware(text.replace("vllm serve", '"$HOME/envs/serve/bin/vllm" serve')) == ("L4", 1)
    assert hardware(text.replace("vllm serve", 'nohup "$HOME/envs/serve/bin/vllm" serve')) == ("L4", 1)


def found(script: str, path: str = "serve.sh") -> dict[str, Scalar]:
    """What is known of the only deployment of a script."""
    outcome = judged(Source(path, script), Alone(), (), Settings(root=ROOT))
    (deployment,) = [one for one in outcome.deployments if one.stack not in ("services", "packages")]
    return {name: "?" if fact.kind == "unknown" else fact.value for name, fact in deployment.facts.items()}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("--gpu 1 --gpu-type nvidia-l4", {"gpu": "L4", "gpu_count": 1}),
        ("--gpu=1 --gpu-type=nvidia-l4 --quiet", {"gpu": "L4", "gpu_count": 1, "device": "cuda"}),
        ("--args=--model=Qwen/Qwen2.5-7B-Instruct,--enforce-eager", {"execution": "eager"}),
        ("--args '^:^--dtype:half:--max-num-seqs:4'", {"dtype": "float16", "max_concurrency": 4}),
        ("--args=--dtype=half,$MORE", {"dtype": "float16", "kv_cache_dtype": "?"}),
        ("--args=--dtype=$DTYPE,--enforce-eager", {"dtype": "?", "execution": "eager", "kv_cache_dtype": None}),
        ("--command=vllm --args=serve,Qwen/Qwen2.5-7B-Instruct", {"model": "Qwen/Qwen2.5-7B-Instruct"}),
        ("--set-secrets=HF_TOKEN=token:latest", {"device": "cuda"}),
        ("--set-env-vars=VLLM_TARGET_DEVICE=cpu,HF_HOME=/models", {"device": "cpu"}),
    ],
)
def test_a_container_that_gcloud_deploys(options: str, expected: dict[str, Scalar]) -> None:
    facts = found(f'gcloud beta run deploy "$NAME" --allow-unauthenticated {options} --image=vllm/vllm-openai:v0.9.1')
    assert facts["framework"] == "vllm"
    assert {name: facts.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    "command",
    [
        "gcloud run deploy web --source . --gpu 1",
        "gcloud deploy releases create one --image vllm/vllm-openai:v0.9.1",
        "gcloud run deploy web --container a --image vllm/vllm-openai:v0.9.1 --container b --image nginx",
        "kubectl run vllm --image=vllm/vllm-openai:v0.9.1 --overrides='{}'",
        "kubectl run probe --image=curlimages/curl -- curl http://vllm:8000/v1/models",
        "kubectl exec vllm -- run --image=vllm/vllm-openai:v0.9.1",
        "runpodctl create network --imageName vllm/vllm-openai:v0.9.1",
    ],
)
def test_command_lines_that_start_no_server_of_a_model(command: str) -> None:
    outcome = judged(Source("serve.sh", command), Alone(), (), Settings(root=ROOT))
    assert not outcome.deployments


def test_a_pod_that_runpod_starts() -> None:
    command = "runpodctl create pod --gpuType 'NVIDIA A100 80GB PCIe' --imageName vllm/vllm-openai:v0.9.1"
    facts = found(f"{command} --gpuCount 2 --args '--model Qwen/Qwen2.5-7B-Instruct -tp 2' --env HF_HOME=/models")
    assert (facts["gpu"], facts["gpu_count"], facts["sharding"]) == ("A100 80GB PCIe", 2, 2)
    assert found(command)["gpu_count"] == 1


def test_a_pod_that_kubectl_starts() -> None:
    command = "kubectl -n llm run vllm --image vllm/vllm-openai:v0.9.1 --env VLLM_TARGET_DEVICE=cpu"
    facts = found(f"{command} -- --model Qwen/Qwen2.5-7B-Instruct --dtype half")
    assert (facts["model"], facts["dtype"], facts["device"]) == ("Qwen/Qwen2.5-7B-Instruct", "float16", "cpu")


VERTEX = """
from google.cloud import aiplatform

def serve(name, extra=""):
    words = ["--host=0.0.0.0", {words}]
    {later}
    model = aiplatform.Model.upload(
        display_name="x",
        serving_container_image_uri="us-docker.pkg.dev/vertex-ai/vertex-vision-model-garden-dockers/pytorch-vllm-serve:1",
        serving_container_args=words,
        serving_container_environment_variables={{"VLLM_TARGET_DEVICE": "{device}"}},
    )
    model.deploy({machine})

serve("Qwen/Qwen2.5-7B-Instruct")
"""


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({}, {"model": "Qwen/Qwen2.5-7B-Instruct", "dtype": "auto", "device": "cuda"}),
        ({"device": "cpu"}, {"device": "cpu"}),
        ({"words": 'f"--dtype={name.lower()}"'}, {"dtype": "?"}),
        ({"words": '"--dtype=half", "--enforce-eager"'}, {"dtype": "float16", "execution": "eager"}),
        ({"later": "if extra:\n        words.append('--enforce-eager')"}, {"execution": "?"}),
        ({"later": "words += extra"}, {"execution": "?"}),
        ({"later": "words.pop()"}, {"model": "?", "execution": "?"}),
        ({"machine": 'machine_type="g2-standard-24"'}, {"gpu": "L4", "gpu_count": 2}),
        (
            {"machine": 'machine_type="a2-highgpu-1g", accelerator_type="NVIDIA_TESLA_A100", accelerator_count=1'},
            {"gpu": "A100 40GB SXM4", "gpu_count": 1},
        ),
        (
            {"machine": 'machine_type="n1-standard-8", accelerator_type="NVIDIA_TESLA_T4"'},
            {"gpu": "T4", "gpu_count": 1},
        ),
        ({"machine": "machine_type=pick()"}, {"gpu": "?", "gpu_count": "?"}),
    ],
)
def test_a_model_of_vertex_ai(parts: dict[str, str], expected: dict[str, Scalar]) -> None:
    given = {"words": 'f"--model={name}"', "later": "pass", "device": "cuda", "machine": "", **parts}
    facts = found(VERTEX.format(**given), "serve.py")
    assert facts["framework"] == "vllm"
    assert {name: facts.get(name) for name in expected} == expected


def test_what_is_copied_into_a_container_is_its_model() -> None:
    command = "gcloud ai models upload --container-image-uri=vllm/vllm-openai:v0.9.1 --display-name=x"
    facts = found(f"{command} --container-args=--model=Qwen/Qwen2.5-7B-Instruct --container-env-vars=A=1,B=2")
    assert facts["model"] == "Qwen/Qwen2.5-7B-Instruct"
    text = VERTEX.format(words='"--dtype=half"', later="pass", device="cuda", machine="")
    facts = found(text.replace('display_name="x"', 'artifact_uri="gs://models/qwen"'), "serve.py")
    assert facts["model"] == "gs://models/qwen"


ENDPOINT = """
from huggingface_hub import create_inference_endpoint

create_inference_endpoint(
    "x", repository="Qwen/Qwen2.5-7B-Instruct", task="text-generation", accelerator="{accelerator}",
    instance_type="{type}", instance_size="{size}",
    custom_image={{"url": "ghcr.io/huggingface/text-generation-inference:2.4.0", "env": {{"MODEL_ID": "/repository"}}}},
    env={{"CUDA_GRAPHS": "0"}},
)
"""


@pytest.mark.parametrize(
    ("accelerator", "kind", "size", "expected"),
    [
        ("gpu", "nvidia-a10g", "x1", {"gpu": "A10G", "gpu_count": 1}),
        ("gpu", "nvidia-a100", "x4", {"gpu": "A100 80GB SXM4", "gpu_count": 4}),
        ("gpu", "p4de", "2xlarge", {"gpu": "?", "gpu_count": None}),
        ("cpu", "intel-icl", "x2", {"gpu": None, "gpu_count": None, "device": "cpu"}),
    ],
)
def test_an_endpoint_of_hugging_face(accelerator: str, kind: str, size: str, expected: dict[str, Scalar]) -> None:
    facts = found(ENDPOINT.format(accelerator=accelerator, type=kind, size=size), "serve.py")
    assert (facts["framework"], facts["model"], facts["execution"]) == ("tgi", "Qwen/Qwen2.5-7B-Instruct", "eager")
    assert {name: facts.get(name) for name in expected} == expected
