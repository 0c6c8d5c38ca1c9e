"""What platforms say from Python code: GPUs, how many, and what is no GPU of ours."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from test_fixtures import ROOT, Alone

from ecolint.engine import judged
from ecolint.meaning import evaluate
from ecolint.model import Alternative, Entry, Fact, Invocation, Place, Scalar, Source, Span, Table
from ecolint.recognise import Recognised, recognise
from ecolint.settings import Settings
from ecolint.slots import Slots, speaking
from ecolint.stacks import vocabularies
from ecolint.stacks.hearing import heard
from ecolint.stacks.loading import load
from ecolint.stacks.vocabulary import Heard, Vocabulary

HEAD = """
import bentoml, modal, ray
from beam import endpoint
from modal import gpu
from ray import serve
from ray.serve.llm import LLMConfig
from sagemaker.huggingface import HuggingFaceModel, get_huggingface_llm_image_uri
from vllm import LLM
app = modal.App("x")
"""
LOAD = "def f():\n    return LLM('Qwen/Qwen2.5-7B-Instruct')\n"


def facts(text: str, settings: Settings | None = None) -> dict[str, Fact]:
    """The facts of the only deployment in a text."""
    outcome = judged(Source("app.py", HEAD + text), Alone(), (), settings or Settings(root=ROOT))
    (deployment,) = outcome.deployments
    return dict(deployment.facts)


def hardware(text: str) -> tuple[Scalar, Scalar, Scalar]:
    """GPU, count and device; "?" is unknown, None absent."""
    found = facts(text)
    states = [found.get(name, Fact("absent")) for name in ("gpu", "gpu_count", "device")]
    gpu, count, device = ("?" if one.kind == "unknown" else one.value for one in states)
    return gpu, count, None if device == "cuda" else device


@pytest.mark.parametrize(
    ("decorator", "gpu", "count"),
    [
        ("@app.function(gpu='A100')", "A100 40GB SXM4", 1),
        ("@app.function(gpu='a100-80gb:2')", "A100 80GB SXM4", 2),
        ("@app.function(gpu='H100!')", "H100 SXM5", 1),
        ("@app.function(gpu=['L4'])", "L4", 1),
        ("@app.function(gpu=['L4', 'A10G'])", "?", 1),
        ("@app.function(gpu=['L4:2', 'A10G'])", "?", "?"),
        ("@app.function(gpu='any')", "?", 1),
        ("@app.function(gpu=gpu.A100(size='80GB', count=4))", "A100 80GB SXM4", 4),
        ("@app.function(gpu=gpu.A100(memory=80))", "?", 1),
        ("@app.function(gpu=gpu.T4())", "T4", 1),
        ("@app.function(gpu=None)", None, 1),
        ("@app.function(gpu=choose())", "?", "?"),
        ("@app.function(timeout=60)", None, 1),
        ("@bentoml.service(resources={'gpu': 2, 'gpu_type': 'nvidia-tesla-t4'})", "T4", 2),
        ("@bentoml.service(resources=RESOURCES)", "?", "?"),
        ("@ray.remote(num_gpus=1, accelerator_type='A10')", "A10G", 1),
        ("@ray.remote(num_gpus=0.5)", None, "?"),
        ("@ray.remote(num_gpus=0)", None, "?"),
        ("@serve.deployment(ray_actor_options={'num_gpus': 1, 'accelerator_type': 'A100'})", "?", 1),
        ("@endpoint(gpu='RTX4090')", "RTX 4090", 1),
    ],
)
def test_a_decorator_names_the_card(decorator: str, gpu: Scalar, count: Scalar) -> None:
    assert hardware(f"{decorator}\n{LOAD}")[:2] == (gpu, count)


def test_what_the_engine_is_told_outranks_the_decorator() -> None:
    text = "@app.function(gpu='H100:8')\ndef f():\n    LLM('m', tensor_parallel_size=4)\n"
    assert hardware(text)[:2] == ("H100 SXM5", 4)


@pytest.mark.parametrize(
    ("resources", "device"),
    [
        ("{'cpu': '2'}", "cpu"),
        ("{'memory': '8Gi'}", "cpu"),
        ("{'cpu': '2', 'gpu': 1}", None),
        ("{'cpu': '2', 'gpu_type': 'nvidia-l4'}", None),
        ("{'cpu': '2', **more}", "?"),
        ("resources", "?"),
    ],
)
def test_a_service_that_reserves_no_gpu_has_none(resources: str, device: Scalar) -> None:
    text = f"@bentoml.service(resources={resources})\n" + LOAD
    assert hardware(text)[2] == device


def test_other_accelerators_are_no_gpus() -> None:
    text = "@ray.remote(resources={'TPU': 4}, accelerator_type='TPU-V6E')\n" + LOAD
    assert hardware(text)[2] == "tpu"
    assert (
        hardware("LLMConfig(model_loading_config={'model_id': 'm'}, accelerator_type='aws-neuron-core')")[2] == "neuron"
    )
    image = "image_uri=get_huggingface_llm_image_uri('huggingface-neuronx')"
    model = f"HuggingFaceModel({image}, env={{'HF_MODEL_ID': 'm'}}, role=r).deploy(1, 'ml.inf2.xlarge')"
    assert hardware(model)[2] == "neuron"


@pytest.mark.parametrize(
    ("deploy", "gpu", "count"),
    [
        ("m.deploy(initial_instance_count=1, instance_type='ml.g5.12xlarge')", "A10G", 4),
        ("m.deploy(1, 'ml.p4d.24xlarge')", "A100 40GB SXM4", 8),
        ("m.deploy(1, instance)", "?", "?"),
        ("m.register()", None, None),
    ],
)
def test_an_endpoint_is_the_container_on_its_instance(deploy: str, gpu: Scalar, count: Scalar) -> None:
    env = "{'HF_MODEL_ID': 'mistralai/Mistral-7B-v0.1', 'HF_MODEL_QUANTIZE': 'bitsandbytes'}"
    text = f"image = get_huggingface_llm_image_uri('huggingface')\nm = HuggingFaceModel(env={env}, image_uri=image)\n"
    found = facts(text + deploy)
    assert (found["framework"].value, found["quantization"].value) == ("tgi", "int8")
    assert hardware(text + deploy)[:2] == (gpu, count)


def test_a_platform_is_a_file_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "cloud.toml").write_text(
        'name = "example-cloud"\nkind = "platform"\n[keys.gpu]\ntype = "gpu"\nsurroundings = ["example.App.run.card"]\n'
        '[[launches]]\ncall = ["example.start"]\nimage = "image"\nenv = "variables"\n[facts]\ngpu = "gpu"\n'
    )
    settings = Settings(root=ROOT, stacks=(str(tmp_path),))
    text = "import example\ncloud = example.App()\n@cloud.run(card='L40S')\n"
    assert facts(text + LOAD, settings)["gpu"].value == "L40S"
    start = (
        "example.start(image='ghcr.io/huggingface/text-generation-inference:3.3.7', variables={'QUANTIZE': 'eetq'})\n"
    )
    assert facts("import example\n" + start, settings)["quantization"].value == "eetq"


def test_beam_counts_the_cards_of_what_it_runs() -> None:
    text = "@endpoint(gpu='A10G', gpu_count=2)\ndef f():\n    return LLM('m')\n"
    assert facts(text)["reserved_gpus"].value == 2
    server = (
        "from beam.integrations import VLLM, VLLMArgs\nVLLM(gpu='H100', gpu_count=4, vllm_args=VLLMArgs(model='m'))\n"
    )
    assert hardware(server)[:2] == ("H100 SXM5", 4)
    choice = server.replace("'H100'", "['H100', 'A100-80']")
    assert hardware(choice)[:2] == ("?", 4)


NOTHING = Heard()
"""What a platform hears that speaks of nothing."""
HERE = Place("app.py", Span(0, 1))


def asked(invocation: Invocation) -> tuple[Recognised, list[Vocabulary]]:
    """An invocation as it is recognised, and the platforms that are asked about it."""
    recognised = recognise(invocation, vocabularies())
    assert recognised is not None
    return recognised, list(speaking((one for one in vocabularies() if one.platform), recognised))


def vllm(around: tuple[str, ...] = (), variables: tuple[str, ...] = (), open: bool = False) -> Invocation:
    """A container of vLLM, with what stands around it and its variables."""

    def table(names: tuple[str, ...]) -> Table:
        entries = tuple(Entry(name, (Alternative("known", "1", HERE),), HERE) for name in names)
        return Table("yaml.mapping", HERE, entries, open=open)

    words = Table("yaml.words", HERE, (Entry("", (Alternative("known", "--max-num-seqs=1", HERE),), HERE),))
    image = (Alternative("known", "vllm/vllm-openai:v0.9.2", HERE),)
    return Invocation(
        "yaml", HERE, "container", words=words, env=table(variables), image=image, surroundings=table(around)
    )


@pytest.mark.parametrize(
    "invocation",
    [
        Invocation("python", HERE, "vllm.LLM", call=Table("python.call", HERE, (), "vllm.LLM")),
        vllm(),
        vllm(around=("kind", "path", "labels.app")),
        vllm(variables=("HF_TOKEN",)),
    ],
)
def test_a_platform_that_is_not_asked_would_have_said_nothing(invocation: Invocation) -> None:
    recognised, listening = asked(invocation)
    passed = [one for one in vocabularies() if one.platform and one not in listening]
    assert len(passed) > 30
    several: tuple[dict[str, str], ...] = ({}, {"vllm": "==0.9.1"})
    for platform in passed:
        for versions in several:
            settings = Slots(replace(recognised, vocabulary=platform), {}, versions).settings()
            facts = evaluate(platform, settings, versions)
            assert {fact.kind for fact in facts.values()} <= {"absent"}, platform.name


def test_a_platform_is_asked_where_something_that_it_speaks_of_is_named() -> None:
    def names(invocation: Invocation) -> set[str]:
        return {one.name for one in asked(invocation)[1]}

    assert names(vllm(around=("resources.limits.nvidia.com/gpu",))) == {"kubernetes"}
    assert names(vllm(around=("nodeSelector.any-accelerator",))) == {"kubernetes"}
    assert names(vllm(variables=("CUDA_VISIBLE_DEVICES",))) == {"torch", "visible"}
    assert names(vllm(open=True)) > {"kubernetes", "torch", "slurm"}, "nobody can see what stands there"
    assert names(vllm(around=("document.resources.*",))) > {"skypilot", "kubernetes"}


def test_what_a_platform_says_without_any_key_is_heard_everywhere() -> None:
    text = 'name = "ours"\nkind = "platform"\n[keys.gpus]\nsurroundings = ["ours.gpus"]\n[facts]\ngpu_count = "gpus"\n'
    assert heard(load(text, "ours.toml")) == replace(NOTHING, paths=("ours.gpus",))
    assert heard(load(text + 'gpu = [{ is = "L4" }]\n', "ours.toml")) is None
    assert heard(load(text.replace("[facts]", "default = 1\n[facts]"), "ours.toml")) is None
    assert heard(load(text.replace("[facts]", 'flag = "--gpus"\n[facts]'), "ours.toml")) is None
    said = text.replace("[facts]", 'env = ["GPUS"]\n[facts]')
    assert heard(load(said, "ours.toml")) == Heard(("ours.gpus",), variables=("GPUS",))


def test_of_each_way_to_a_fact_one_key_is_listened_for() -> None:
    text = (
        'name = "ours"\nkind = "platform"\n[keys.gpus]\nsurroundings = ["ours.gpus"]\ndefault = 1\n'
        '[keys.kind]\nsurroundings = ["ours.kind"]\n[facts]\n'
        'gpu_count = [{ from = "gpus", when = { kind = { written = true } } }]\n'
    )
    assert heard(load(text, "ours.toml")) == replace(NOTHING, paths=("ours.kind",))


def test_a_flag_of_the_stack_is_no_key_of_a_platform_that_has_the_same_name() -> None:
    run = "vllm serve Qwen/Qwen2.5-0.5B --runner ubuntu-latest"
    text = f"jobs:\n  serve:\n    runs-on: gpu\n    steps:\n      - run: {run}\n"
    outcome = judged(Source("ci.yaml", text), Alone(), (), Settings(root=ROOT))
    (deployment,) = outcome.deployments
    assert deployment.facts["device"].value == "cuda"
