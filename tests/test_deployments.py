"""What is written becomes facts: stacks in every syntax, platforms, variants, and what stays unknown."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from test_fixtures import ROOT, Alone

from ecolint.engine import check
from ecolint.model import Deployment, Fact, Scalar, Source
from ecolint.settings import Settings


class Pinned(Alone):
    """A project that pins libraries."""

    def __init__(self, **versions: str) -> None:
        self.versions = versions

    def pins(self, path: str) -> Mapping[str, str]:
        return self.versions


def deployments(path: str, text: str, **versions: str) -> tuple[Deployment, ...]:
    outcome = check(Source(path, text), Pinned(**versions), (), Settings(root=ROOT))
    assert not outcome.problems
    return outcome.deployments


def facts(deployment: Deployment) -> dict[str, Scalar]:
    return {name: said(fact) for name, fact in deployment.facts.items() if fact.kind != "absent"}


def said(fact: Fact) -> Scalar:
    return "?" if fact.kind == "unknown" else fact.value


def pod(args: str = "", image: str = "vllm/vllm-openai:v0.8.5", env: str = "", around: str = "") -> str:
    text = f"kind: Pod\nspec:\n  containers:\n    - name: server\n      image: {image}\n"
    text += f"      args: {args}\n" if args else ""
    text += f"      env:\n{env}" if env else ""
    return text + around


def one(text: str, path: str = "pod.yaml", **versions: str) -> dict[str, Scalar]:
    found = deployments(path, text, **versions)
    assert len(found) == 1
    return facts(found[0])


def holds(found: Mapping[str, Scalar], wanted: Mapping[str, Scalar]) -> None:
    assert {name: found.get(name) for name in wanted} == wanted


@pytest.mark.parametrize(
    ("args", "wanted"),
    [
        ('["--model", "m/x-7B", "--quantization", "bitsandbytes"]', {"quantization": "nf4", "backend": "bitsandbytes"}),
        ('["--model=m/x-7B", "-q=fp8", "--enforce-eager"]', {"quantization": "fp8", "execution": "eager"}),
        ('["--model=m/x-7B", "--no-enforce-eager"]', {"execution": "cuda_graphs"}),
        ('["--model=m/x-7B", "--max_num_seqs=4"]', {"max_concurrency": 4}),
        ('["--model=m/x-7B", "--max-model-len", "32K"]', {"context_length": 32768}),
        ('["--model=m/x-7B", "--dtype=half"]', {"dtype": "float16", "precision": "fp16"}),
        ('["--model=m/x-7B", "--dtype=auto"]', {"dtype": "auto", "precision": "?"}),
        ('["--model=m/x-7B", "--tensor-parallel-size=4", "-pp", "2"]', {"gpu_count": 8}),
        ('["--model=m/x-7B", "--quantization=$(Q)"]', {"quantization": "?", "precision": "?"}),
        ('["--model=m/x-7B", "--max-num-seqs", "many"]', {"max_concurrency": "?"}),
        ('["--model=m/x-7B", "--unheard-of", "value", "--max-num-seqs=2"]', {"max_concurrency": 2, "params_b": 7.0}),
        ('["m/x-7B", "--max-num-seqs=2"]', {"model": "m/x-7B", "max_concurrency": 2}),
        ('["--model=m/x-7B", "--kv-cache-dtype=fp8"]', {"kv_cache_dtype": "fp8", "quantization": "none"}),
    ],
)
def test_vllm_flags(args: str, wanted: Mapping[str, Scalar]) -> None:
    holds(one(pod(args)), wanted)


@pytest.mark.parametrize(("beside", "wanted"), [("4", "none"), ("8", "load_in_8bit and quantization_config")])
def test_a_keyword_contradicts_a_configuration_that_says_otherwise(beside: str, wanted: str) -> None:
    text = (
        "from transformers import AutoModelForCausalLM as M, BitsAndBytesConfig as Q\n"
        f'model = M.from_pretrained("m/x-7B", load_in_{beside}bit=True, quantization_config=Q(load_in_4bit=True))\n'
    )
    holds(one(text, "app.py"), {"conflict": wanted})


@pytest.mark.parametrize(
    "command",
    [
        '["vllm", "serve", "m/x-7B", "--max-num-seqs", "3"]',
        '["python3", "-m", "vllm.entrypoints.openai.api_server", "--model", "m/x-7B", "--max-num-seqs", "3"]',
        '["/usr/bin/env", "vllm", "serve", "m/x-7B", "--max-num-seqs=3"]',
    ],
)
def test_a_command_names_the_stack_whatever_the_image(command: str) -> None:
    text = pod(image="example/own-image:1").replace("      image:", f"      command: {command}\n      image:")
    holds(one(text), {"framework": "vllm", "model": "m/x-7B", "max_concurrency": 3})


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("m/x-7B-AWQ", {"quantization": "awq", "backend": None}),
        ("m/x-7B-Instruct-GPTQ-Int4", {"quantization": "gptq"}),
        ("m/x-7B-FP8-dynamic", {"quantization": "fp8"}),
        ("m/x-7b-bnb-4bit", {"quantization": "nf4", "backend": "bitsandbytes", "int8_threshold": None}),
        ("m/x-7b-bnb-8bit", {"quantization": "int8", "int8_threshold": 6.0, "precision": "int8_default"}),
        ("m/x-7b-4bit", {"quantization": "?", "precision": "?"}),
    ],
)
def test_names_of_weights_that_were_quantized_before_are_hints(name: str, wanted: Mapping[str, Scalar]) -> None:
    holds(one(pod(f'["--model", "{name}"]')), {"model": name, **wanted})
    load = f"from transformers import AutoModelForCausalLM as M\nM.from_pretrained('{name}', dtype='float16')"
    holds(one(load, "load.py"), {"model": name, **wanted})
    (found,) = deployments("load.py", load)
    assert found.facts["quantization"].kind == "unknown" or not found.facts["quantization"].assured


def test_what_is_written_outranks_the_name() -> None:
    holds(one(pod('["--model", "m/x-7B-AWQ", "--quantization", "gptq"]')), {"quantization": "gptq"})
    load = "from transformers import *\nM = AutoModelForCausalLM\n"
    load += "M.from_pretrained('m/x-7B-AWQ', quantization_config=BitsAndBytesConfig(load_in_8bit=True))"
    holds(one(load, "load.py"), {"quantization": "int8", "backend": "bitsandbytes"})


def test_what_only_says_which_library_saved_them_leaves_the_format_to_the_name() -> None:
    text = pod('["--model", "m/x-7B-FP8-dynamic", "--quantization", "compressed-tensors"]')
    (found,) = deployments("pod.yaml", text)
    told = found.facts["quantization"]
    assert (told.value, told.assured) == ("fp8", False)
    assert text[told.sources[0].span.start :].startswith('"compressed-tensors"')
    holds(
        one(pod('["--model", "m/x-7B-int8", "--quantization", "compressed-tensors"]')),
        {"quantization": "compressed-tensors"},
    )


def test_what_nobody_can_see_changes_nothing_about_the_weights() -> None:
    load = "from transformers import AutoModelForCausalLM as M\nM.from_pretrained('m/x-7B-bnb-4bit', load_in_4bit=four)"
    holds(one(load, "load.py"), {"quantization": "nf4", "backend": "bitsandbytes"})


def test_published_weights_may_be_quantized_without_saying_so() -> None:
    (found,) = deployments("pod.yaml", pod('["--model", "deepseek-ai/DeepSeek-R1"]'))
    assert (found.facts["quantization"].value, found.facts["quantization"].assured) == ("fp8", True)
    holds(one(pod('["--model", "unsloth/DeepSeek-R1-BF16"]')), {"quantization": "none"})


def test_weights_of_their_own_format_have_no_default_dtype() -> None:
    load = "from transformers import AutoModelForCausalLM as M\nM.from_pretrained('m/x-7B-AWQ')"
    holds(one(load, "load.py", transformers="<5"), {"dtype": "?"})


@pytest.mark.parametrize("command", ['["sleep", "infinity"]', '["python3", "serve.py"]', '["bash", "/start.sh"]'])
def test_a_stack_image_that_runs_something_else_is_no_deployment(command: str) -> None:
    text = pod().replace("      image:", f"      command: {command}\n      image:")
    assert deployments("pod.yaml", text) == ()


TGI = "ghcr.io/huggingface/text-generation-inference:3.3.7"


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("QUANTIZE", "bitsandbytes", {"quantization": "int8", "int8_threshold": 6.0, "precision": "int8_default"}),
        ("QUANTIZE", "bitsandbytes-nf4", {"quantization": "nf4", "backend": "bitsandbytes"}),
        ("QUANTIZE", "awq", {"quantization": "awq"}),
        ("CUDA_GRAPHS", '"0"', {"execution": "eager"}),
        ("MAX_BATCH_SIZE", '"4"', {"max_concurrency": 4}),
        ("MAX_CONCURRENT_REQUESTS", '"512"', {"max_concurrency": 512}),
    ],
)
def test_tgi_environment(name: str, value: str, wanted: Mapping[str, Scalar]) -> None:
    env = f"        - name: MODEL_ID\n          value: m/x-7B\n        - name: {name}\n          value: {value}\n"
    holds(one(pod(image=TGI, env=env)), {"framework": "tgi", "model": "m/x-7B", **wanted})


def test_a_lower_cap_of_two_is_the_batch() -> None:
    env = "        - {name: MAX_CONCURRENT_REQUESTS, value: '64'}\n        - {name: MAX_BATCH_SIZE, value: '2'}\n"
    holds(one(pod(image=TGI, env=env)), {"max_concurrency": 2})


def test_a_word_belongs_to_its_stack() -> None:
    """`bitsandbytes` is LLM.int8 under TGI and 4-bit under vLLM."""
    env = "        - {name: QUANTIZE, value: bitsandbytes}\n"
    assert one(pod(image=TGI, env=env))["quantization"] == "int8"
    assert one(pod('["--quantization=bitsandbytes"]'))["quantization"] == "nf4"


@pytest.mark.parametrize(
    ("around", "wanted"),
    [
        ("  nodeSelector:\n    cloud.google.com/gke-accelerator: nvidia-l4\n", {"gpu": "L4", "gpu_memory_gb": 24}),
        ("  nodeSelector:\n    nvidia.com/gpu.product: NVIDIA-A10G\n", {"gpu": "A10G"}),
        ("  nodeSelector:\n    node.kubernetes.io/instance-type: g6e.xlarge\n", {"gpu": "L40S"}),
        ("  nodeSelector:\n    cloud.google.com/gke-accelerator: nvidia-tesla-a100\n", {"gpu_memory_gb": 40}),
        ("  nodeSelector:\n    nvidia.com/gpu.product: NVIDIA-A100-SXM4-80GB-MIG-1g.10gb\n", {"gpu": "?"}),
    ],
)
def test_node_selection_names_the_gpu(around: str, wanted: Mapping[str, Scalar]) -> None:
    holds(one(pod('["--model=m/x-7B"]', around=around)), wanted)


def test_reserved_gpus_outrank_a_default_of_the_stack() -> None:
    text = pod('["--model=m/x-7B"]', around="      resources: {limits: {nvidia.com/gpu: 4}}\n")
    assert one(text)["gpu_count"] == 4


@pytest.mark.parametrize("image", [f"{TGI}-intel-cpu", "vllm/vllm-tpu:latest", "example/vllm-openai-gaudi:1.0"])
def test_other_devices_are_named(image: str) -> None:
    assert "device" in one(pod('["--model-id=m/x-7B"]', image=image))


# --- Python -----------------------------------------------------------------------------------------------------------

HEAD = "import torch\nfrom transformers import AutoModelForCausalLM, BitsAndBytesConfig\n"


def load(arguments: str, before: str = "", after: str = "") -> str:
    return f'{HEAD}{before}model = AutoModelForCausalLM.from_pretrained("m/x-7B", {arguments})\n{after}'


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ("load_in_8bit=True", {"quantization": "int8", "int8_threshold": 6.0, "removed_keyword": "load_in_8bit"}),
        ("load_in_8bit=flag", {"quantization": "?", "removed_keyword": "?"}),
        ("load_in_8bit=True, **extra", {"quantization": "int8", "int8_threshold": 6.0}),
        ("load_in_8bit=True, llm_int8_threshold=0.0", {"int8_threshold": 0.0, "precision": "int8_pure"}),
        ('load_in_4bit=True, bnb_4bit_quant_type="nf4"', {"quantization": "nf4"}),
        ("load_in_4bit=True, **extra", {"quantization": "?", "removed_keyword": "load_in_4bit"}),
        (
            'load_in_4bit=True, quantization_config=BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4")',
            {"quantization": "nf4", "removed_keyword": "load_in_4bit"},
        ),
        ("**extra", {"quantization": "?"}),
        ("quantization_config=BitsAndBytesConfig(load_in_8bit=True, **extra)", {"int8_threshold": "?"}),
        ("quantization_config=BitsAndBytesConfig(load_in_4bit=True)", {"quantization": "fp4"}),
        ("quantization_config=BitsAndBytesConfig(load_in_4bit=True)", {"compute_dtype": "float32"}),
        ("quantization_config=config", {"quantization": "?"}),
        ("quantization_config=None", {"quantization": "none"}),
        ("torch_dtype=torch.half", {"dtype": "float16", "precision": "fp16"}),
        ('dtype="bfloat16"', {"dtype": "bfloat16", "precision": "bf16"}),
        ('device_map="cpu"', {"device": "cpu"}),
    ],
)
def test_transformers_arguments(arguments: str, wanted: Mapping[str, Scalar]) -> None:
    holds(one(load(arguments), "app.py"), wanted)


@pytest.mark.parametrize(
    ("pinned", "dtype", "quantization"), [("==4.57.6", "float32", "int8"), ("==5.1", "auto", "none"), ("", "?", "int8")]
)
def test_pinned_versions_settle_defaults(pinned: str, dtype: str, quantization: str) -> None:
    versions = {"transformers": pinned} if pinned else {}
    assert one(load("device_map=None"), "app.py", **versions)["dtype"] == dtype
    # transformers 5 refuses the keyword, so nothing is loaded in INT8 there
    legacy = one(load("load_in_8bit=True"), "app.py", **versions)
    assert legacy["quantization"] == quantization
    assert legacy["removed_keyword"] == "load_in_8bit"


def test_exclusive_branches_never_mix() -> None:
    text = load(
        "quantization_config=config",
        "if bits == 8:\n    config = BitsAndBytesConfig(load_in_8bit=True)\n"
        "elif bits == 4:\n    config = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type='nf4')\n"
        "else:\n    config = None\n",
    )
    found = [facts(d) for d in deployments("app.py", text)]
    assert {f["quantization"] for f in found} == {"int8", "nf4", "none"}
    assert {f["quantization"] for f in found if "int8_threshold" in f} == {"int8"}


def test_training_belongs_to_one_model_object() -> None:
    text = (
        "from peft import get_peft_model\nfrom transformers import AutoModelForCausalLM\n"
        'trained = AutoModelForCausalLM.from_pretrained("m/x-7B")\n'
        "trained = get_peft_model(trained, config)\n"
        'served = AutoModelForCausalLM.from_pretrained("m/x-7B")\n'
        "served.generate(**inputs)\n"
    )
    assert [facts(d)["workload"] for d in deployments("app.py", text)] == ["training", "inference"]


def test_an_unset_dtype_is_float16_under_bitsandbytes_before_transformers_5() -> None:
    quantized = load("quantization_config=BitsAndBytesConfig(load_in_8bit=True)")
    assert one(quantized, "app.py", transformers="==4.57.6")["dtype"] == "float16"
    assert one(quantized, "app.py", transformers="==5.1")["dtype"] == "auto"


def test_what_carries_configuration_is_judged_in_every_branch_however_many_others_there_are() -> None:
    others = "".join(f"if flags.f{n}:\n    o{n} = 'a'\nelse:\n    o{n} = 'b'\n" for n in range(8))
    arguments = ", ".join(f"option_{n}=o{n}" for n in range(7)) + ", attn_implementation=o7"
    text = load(
        f"{arguments}, quantization_config=config",
        f"{others}if bits == 8:\n    config = BitsAndBytesConfig(load_in_8bit=True)\nelse:\n    config = None\n",
    )
    found = [facts(d) for d in deployments("app.py", text)]
    assert len(found) <= 16
    assert {f["quantization"] for f in found} == {"int8", "none"}


def test_a_part_of_a_repository_is_not_the_model_it_is_named_after() -> None:
    assert one(load('subfolder="text_encoder_2"'), "app.py")["model"] == "?"
    assert one(load("revision=None"), "app.py")["params_b"] == 7.0


def test_one_keyword_is_told_though_a_splat_may_bring_the_other() -> None:
    four = "load_in_4bit=True, quantization_config=BitsAndBytesConfig(load_in_4bit=True), **extra"
    assert one(load(four), "app.py")["removed_keyword"] == "load_in_4bit"
    assert one(load("**extra"), "app.py")["removed_keyword"] == "?"


def test_of_too_many_branches_the_last_ones_in_the_text_stay_open() -> None:
    tests = "".join(f"{'    ' * n}if flags.f{n}:\n" for n in range(10))
    text = f"import torch\noptions = {{}}\n{tests}{'    ' * 10}options['torch_dtype'] = torch.float32\n"
    found = deployments("app.py", text + load("**options"))
    assert {decision for one_of in found for decision, _ in one_of.variant} == {"L3", "L4", "L5", "L6"}


@pytest.mark.parametrize(
    "record", ["output_throughput: 41.0", "test_name: latency", "mean_ttft_ms: 88", "qps_list: [1]"]
)
def test_settings_among_what_was_measured_deploy_nothing(record: str) -> None:
    settings = "model: m/x-7B\nmax_num_seqs: 1\ngpu_memory_utilization: 0.9\n"
    assert len(deployments("engine.yaml", settings)) == 1
    assert deployments("engine.yaml", f"{settings}metrics:\n  {record}\n") == ()
