"""Every way a server's flags are written reads as the same facts: words, items, variables, settings."""

from __future__ import annotations

import json

import pytest
from test_fixtures import ROOT, Alone

from ecolint.engine import check
from ecolint.model import Deployment, Scalar, Source
from ecolint.settings import Settings
from ecolint.stacks import vocabularies
from ecolint.stacks.vocabulary import Key, Vocabulary

VLLM = "vllm/vllm-openai:v0.11.2"
TGI = "ghcr.io/huggingface/text-generation-inference:3.3.5"
SGLANG = "lmsysorg/sglang:v0.5.3"


def read(path: str, text: str) -> list[Deployment]:
    """The deployments of a file."""
    return list(check(Source(path, text), Alone(), (), Settings(root=ROOT)).deployments)


def pod(image: str, *, args: list[str] | None = None, command: list[str] | None = None, **env: str) -> str:
    """A pod with one container."""
    lines = ["kind: Pod", "spec:", "  containers:", "    - name: server", f"      image: {image}"]
    lines += [f"      command: {json.dumps(command)}"] if command else []
    lines += [f"      args: {json.dumps(args)}"] if args else []
    if env:
        lines.append("      env:")
        lines += [f"        - name: {name}\n          value: {json.dumps(value)}" for name, value in env.items()]
    return "\n".join(lines) + "\n"


def facts(text: str) -> dict[str, Scalar]:
    """The known facts of the one deployment of a manifest; "?" where nobody can tell."""
    (found,) = read("pod.yaml", text)
    return {n: f.value if f.kind == "known" else "?" for n, f in found.facts.items() if f.kind != "absent"}


def words(line: str) -> list[str]:
    """A command line as its words: quotes hold one together."""
    import shlex

    return shlex.split(line)


M = "Qwen/Qwen2.5-7B-Instruct"


@pytest.mark.parametrize(
    "line",
    [
        f"vllm serve {M} --port 8000",
        f"vllm serve --port 8000 {M}",
        f"vllm serve --enforce-eager {M}",
        f"vllm serve --enable-auto-tool-choice --no-enable-log-requests {M}",
        f"vllm serve --model {M}",
        f"vllm serve --model={M} --port=8000",
        f"vllm serve {M} --served-model-name one two --port 8000",
        f"vllm serve --allowed-origins a b --port 8000 {M}",
        f"vllm serve --hf-token --port 8000 {M}",
        f"vllm serve -tp 2 --trust-remote-code {M}",
        f"vllm serve -O3 {M}",
        f"vllm serve --compilation-config.level 3 {M}",
        f"python3 -m vllm.entrypoints.openai.api_server --host 0.0.0.0 --model {M}",
        f"python3 -O -m vllm.entrypoints.openai.api_server --model {M}",
        f"python -m vllm.entrypoints.cli.main serve {M}",
        f"uv run vllm serve {M}",
        f"conda run -n inference --no-capture-output vllm serve {M}",
        f"/opt/venv/bin/vllm serve {M}",
        f"numactl --cpunodebind=0 --membind=0 env A=1 B=2 C=3 vllm serve {M}",
        f"nsys profile -o report --trace=cuda --force-overwrite=true poetry run vllm serve {M}",
        f"vllm serve other/model-1B --model {M}",
    ],
)
def test_the_model_is_found_wherever_it_stands(line: str) -> None:
    found = facts(pod("registry.example/team/app:1", command=words(line)))
    assert (found["framework"], found["model"]) == ("vllm", M)


@pytest.mark.parametrize(
    "line",
    [
        "echo vllm serve m/x-7B",
        "pkill -f vllm serve",
        f"vllm bench serve --model {M}",
        f"vllm chat --model-name {M}",
        "vllm collect-env",
        "ray start --head --block",
        "sleep infinity",
        f"python benchmark_serving.py --model {M} --max-num-seqs 1",
        "/workspace/start.sh",
        "pytest -q tests",
        "bash",
    ],
)
def test_what_serves_nothing_is_no_deployment(line: str) -> None:
    assert read("pod.yaml", pod(VLLM, command=words(line))) == []


@pytest.mark.parametrize(
    "image",
    [
        *("vllm/vllm-openai:latest", "docker.io/vllm/vllm-openai:v0.8.5", "public.ecr.aws/x/vllm-openai@sha256:12"),
        *("nvcr.io/nvidia/vllm:25.09-py3", "ghcr.io/team/vllm:1", "registry.example/llm/qwen-vllm:1", "opea/vllm:1.2"),
    ],
)
def test_an_image_names_the_stack(image: str) -> None:
    found = facts(pod(image, args=["--model", M, "--max-num-seqs", "2"]))
    assert (found["framework"], found["max_concurrency"]) == ("vllm", 2)


@pytest.mark.parametrize("image", ["vllm/vllm-router:v0.1", "team/vllm-bench:1", "lmcache/vllm-proxy:2"])
def test_an_image_that_only_speaks_to_a_server_is_none(image: str) -> None:
    assert read("pod.yaml", pod(image, args=["--model", M, "--max-num-seqs", "2"])) == []


@pytest.mark.parametrize("image", ["registry.example/team/inference:4", "${IMAGE}"])
def test_flags_that_only_one_stack_has_tell_it_where_the_image_does_not(image: str) -> None:
    assert facts(pod(image, args=["--model", M, "--max-model-len=4096"]))["framework"] == "vllm"
    assert facts(pod(image, args=["--model-path", M, "--mem-fraction-static=0.8"]))["framework"] == "sglang"
    assert read("pod.yaml", pod(image, args=["--model", M, "--port", "80"])) == []
    assert read("pod.yaml", pod(image, args=["/bin/curl", "--model", M, "--max-model-len=4096"])) == []


@pytest.mark.parametrize(
    "args", [["serve", M], [M], ["serve", "--model", M], ["/models/qwen2.5-7b", "--max-model-len", "4096"]]
)
def test_arguments_of_the_image_s_own_server(args: list[str]) -> None:
    assert facts(pod(VLLM, args=args))["model"] == (M if M in args else "/models/qwen2.5-7b")


@pytest.mark.parametrize(
    ("image", "device"),
    [
        *(
            ("vllm/vllm-openai:v0.11.0", "cuda"),
            ("vllm/vllm-openai-rocm:v0.14.0", "rocm"),
            ("rocm/vllm:latest", "rocm"),
        ),
        *(("opea/vllm-gaudi:1.2", "hpu"), ("public.ecr.aws/q9t5s3a7/vllm-cpu-release-repo:v0.9.0", "cpu")),
        *(("quay.io/ascend/vllm-ascend:v0.9.1", "npu"), ("vllm/vllm-tpu:nightly", "tpu"), ("intel/vllm:xpu", "xpu")),
        *(("public.ecr.aws/neuron/pytorch-inference-vllm-neuronx:0.7", "neuron"), ("vllm-cpu-env", "cpu")),
    ],
)
def test_an_image_says_what_it_is_built_for(image: str, device: str) -> None:
    assert facts(pod(image, args=["--model", M]))["device"] == device


EAGER = [
    *(["--enforce-eager"], ["--enforce_eager"], ["--enforce-eager", "true"], ["--enforce-eager=True"], ["-O0"]),
    *(["-O", "0"], ["-O=0"], ["-O.mode=0"], ["-O.level=0"], ["-cc.mode=none"], ["-cc.cudagraph_mode=NONE"]),
    *(["--compilation-config.mode", "0"], ["--compilation-config.cudagraph_mode", "NONE"]),
    *(["--compilation-config", '{"mode": 0}'], ["--compilation_config", '{"cudagraph_mode": "NONE"}']),
    *(['--compilation-config={"level": 0, "cudagraph_mode": "PIECEWISE"}'], ["--optimization-level", "0"]),
    *(["--no-enforce-eager", "--enforce-eager"], ["--enforce-eager=false", "--enforce-eager"]),
]
GRAPHS = [
    *([], ["--no-enforce-eager"], ["--enforce-eager", "False"], ["--enforce-eager", "--no-enforce-eager"], ["-O3"]),
    *(["--compilation-config", '{"cudagraph_capture_sizes": [1, 2]}'], ["-O", "3"], ["--compilation-config", "3"]),
    *(["-cc.cudagraph_mode=FULL"], ['--compilation-config={"mode": 3}']),
]


@pytest.mark.parametrize(("args", "execution"), [*((a, "eager") for a in EAGER), *((a, "cuda_graphs") for a in GRAPHS)])
def test_the_ways_to_run_eagerly(args: list[str], execution: str) -> None:
    assert facts(pod(VLLM, args=["--model", M, *args]))["execution"] == execution
    assert facts(pod("x", command=["vllm", "serve", *args, M]))["execution"] == execution


@pytest.mark.parametrize(
    ("image", "args", "fact", "value"),
    [
        (VLLM, ["--max-model-len", "32k"], "context_length", 32_000),
        (VLLM, ["--max-model-len", "32K"], "context_length", 32_768),
        (VLLM, ["--max-model-len=25.6k"], "context_length", 25_600),
        (VLLM, ["--max-model-len", "4096", "--max-model-len", "8192"], "context_length", 8192),
        (VLLM, ["--max_model-len", "4096"], "context_length", 4096),
        (VLLM, ["-tp=2", "-dp", "2"], "gpu_count", 4),
        (VLLM, ["-q", "FP8"], "quantization", "fp8"),
        (VLLM, ["--quantization", "bitsandbytes"], "quantization", "nf4"),
        (VLLM, ["--quantization bitsandbytes"], "quantization", "nf4"),
        (VLLM, ["--max-model-len 4096 --quantization bitsandbytes"], "quantization", "nf4"),
        (VLLM, ["--task", "embed"], "task", "embedding"),
        (VLLM, ["--runner", "pooling"], "task", "embedding"),
        (VLLM, ["--task", "score"], "task", "classification"),
        (TGI, ["--quantize", "bitsandbytes"], "quantization", "int8"),
        (TGI, ["--quantize", "bitsandbytes"], "execution", "ungraphed"),
        (TGI, ["--quantize", "bitsandbytes", "--cuda-graphs", "1,2"], "execution", "cuda_graphs"),
        (TGI, ["--quantize", "EETQ"], "quantization", "eetq"),
        (TGI, ["--cuda-graphs", "0"], "execution", "eager"),
        (TGI, ["--num-shard=4"], "gpu_count", 4),
        (SGLANG, ["--tp", "2"], "gpu_count", 2),
        (SGLANG, ["--tp-size", "4", "--dp-size", "4", "--enable-dp-attention"], "gpu_count", 4),
        (SGLANG, ["--tp", "4", "--dp", "2"], "gpu_count", 8),
        (SGLANG, ["--quantization", "bitsandbytes"], "quantization", "nf4"),
        (SGLANG, ["--is-embedding"], "task", "embedding"),
        (SGLANG, ["--disable-cuda-graph"], "execution", "eager"),
        (SGLANG, ["--max-running-requests=4"], "max_concurrency", 4),
    ],
)
def test_a_flag_s_meaning_is_its_stack_s(image: str, args: list[str], fact: str, value: Scalar) -> None:
    assert facts(pod(image, args=args))[fact] == value


@pytest.mark.parametrize(("written", "execution"), [("0", "eager"), ("", "cuda_graphs"), ("1,2,4", "cuda_graphs")])
def test_an_empty_list_of_graphs_is_the_default(written: str, execution: str) -> None:
    assert facts(pod(TGI, MODEL_ID=M, CUDA_GRAPHS=written))["execution"] == execution


@pytest.mark.parametrize("name", ["VLLM_ARGS", "VLLM_EXTRA_ARGS", "EXTRA_ARGS", "VLLM_ADDITIONAL_ARGS", "ENGINE_ARGS"])
def test_flags_in_a_variable_join_the_command_line(name: str) -> None:
    text = pod(VLLM, args=["--model", M], OTHER="--enforce-eager --max-model-len 4096").replace("OTHER", name)
    found = facts(text)
    assert (found["execution"], found["context_length"], found["model"]) == ("eager", 4096, M)


def test_a_variable_of_the_stack_is_enough_to_know_it_by() -> None:
    found = facts(pod("registry.example/inference:3", VLLM_ARGS=f"--model {M} --enforce-eager --max-num-seqs=4"))
    assert (found["framework"], found["model"], found["max_concurrency"]) == ("vllm", M, 4)
    assert read("pod.yaml", pod("registry.example/inference:3", EXTRA_ARGS="--model x/y --verbose")) == []


def test_what_the_command_line_says_comes_last() -> None:
    found = facts(pod(VLLM, args=["--max-model-len", "8192"], EXTRA_ARGS="--max-model-len 4096 --enforce-eager"))
    assert (found["context_length"], found["execution"]) == (8192, "eager")


def test_a_variable_that_is_referred_to_is_read_once_where_it_is_written() -> None:
    text = pod("x", command=["sh", "-c", f"vllm serve {M} $VLLM_ARGS"], VLLM_ARGS="--enforce-eager --max-num-seqs 2")
    (found,) = read("pod.yaml", text)
    place = found.facts["execution"].sources[0]
    assert text[place.span.start : place.span.end] == "--enforce-eager"


@pytest.mark.parametrize("value", ["{{ .Values.args }}", "${VLLM_ARGS}"])
def test_flags_that_nobody_can_read_leave_the_rest_unknown(value: str) -> None:
    text = pod(VLLM, args=["--model", M], VLLM_ARGS=value)
    assert facts(text)["execution"] == "?"


SETTINGS = """
modelSpec:
  - name: chat
    vllmConfig:
      modelName: {model}
      maxModelLen: 8192
      tensorParallelSize: 2
      extraArgs: {args}
"""


@pytest.mark.parametrize("args", ['["--enforce-eager", "--max-num-seqs", "4"]', '"--enforce-eager --max-num-seqs=4"'])
def test_flags_under_a_settings_key_join_the_settings(args: str) -> None:
    (found,) = read("values.yaml", SETTINGS.format(model=M, args=args))
    values = {name: fact.value for name, fact in found.facts.items()}
    assert (values["model"], values["gpu_count"], values["context_length"]) == (M, 2, 8192)
    assert (values["execution"], values["max_concurrency"]) == ("eager", 4)


@pytest.mark.parametrize(
    ("written", "execution"),
    [('""', "eager"), ("true", "eager"), ('"true"', "eager"), ("false", "cuda_graphs"), ("null", "eager")],
)
def test_a_switch_in_a_settings_file(written: str, execution: str) -> None:
    (found,) = read("config.yaml", f"model: {M}\nmax-model-len: 4096\nenforce-eager: {written}\n")
    assert found.facts["execution"].value == execution


def test_gaps_in_settings_say_nothing() -> None:
    text = f"model: {M}\nmaxModelLen: -1\nmaxNumSeqs: 0\ntensorParallelSize: 0\nquantization: ''\n"
    (found,) = read("values.yaml", text)
    values = {name: fact.value if fact.kind == "known" else fact.kind for name, fact in found.facts.items()}
    assert (values["context_length"], values["max_concurrency"]) == ("unknown", "unknown")
    assert (values["gpu_count"], values["quantization"]) == ("unknown", "none")


RAY = """
applications:
  - name: chat
    import_path: ray.serve.llm:build_openai_app
    args:
      llm_configs:
        - model_loading_config:
            model_id: chat
            model_source: {model}
          accelerator_type: L4
          engine_kwargs:
            tensor_parallel_size: 2
            max_num_seqs: 4
            enforce_eager: true
"""


def test_a_settings_file_of_ray_is_its_engine_s() -> None:
    (found,) = read("serve.yaml", RAY.format(model=M))
    values = {name: fact.value for name, fact in found.facts.items()}
    assert (values["framework"], values["model"], values["gpu"], values["gpu_count"]) == ("vllm", M, "L4", 2)
    assert (values["max_concurrency"], values["execution"]) == (4, "eager")


def test_variables_in_capitals_are_flags_where_the_worker_says_so() -> None:
    found = facts(pod("runpod/worker-v1-vllm:v2.7.0", MODEL_NAME=M, ENFORCE_EAGER="true", MAX_NUM_SEQS="4", DTYPE=""))
    assert (found["framework"], found["model"], found["max_concurrency"]) == ("vllm", M, 4)
    assert (found["execution"], found["dtype"]) == ("eager", "auto")


# --- every flag in every spelling -------------------------------------------------------------------------------------

SAMPLES: dict[str, tuple[str, Scalar]] = {
    "int": ("7", 7),
    "count": ("7", 7),
    "float": ("0.5", 0.5),
    "str": ("one/two", "one/two"),
    "word": ("Some_Word", "some_word"),
    "choice": ("Other", "other"),
    "dtype": ("half", "float16"),
}


def spellings(vocabulary: Vocabulary, key: Key) -> list[tuple[list[str], Scalar]]:
    """Every way to write a key's flag, and what it then says."""
    found: list[tuple[list[str], Scalar]] = []
    long = [name for name in key.flag if name.startswith("--") and vocabulary.underscores]
    names = [*key.flag, *("--" + name[2:].replace("-", "_") for name in long)]
    if key.present:
        found += [([name], True) for name in names] + [([name, "true"], True) for name in names]
        found += [([name], False) for name in key.off] + [([f"{name}=false"], False) for name in names]
        return found
    written, value = SAMPLES[key.type]
    for name in names:
        found += [([name, written], value), ([f"{name}={written}"], value), ([f"{name} {written}"], value)]
    return found


@pytest.mark.parametrize("name", ["vllm", "sglang", "tgi"])
def test_every_spelling_of_every_flag_says_the_same(name: str) -> None:
    vocabulary = next(one for one in vocabularies() if one.name == name)
    image = {"vllm": VLLM, "sglang": SGLANG, "tgi": TGI}[name]
    for key in vocabulary.keys.values():
        for args, value in spellings(vocabulary, key) if key.flag and key.type != "bool" else ():
            for line in (["--port", "1", *args], [*args, "--port", "1"], [*args, *args]):
                (found,) = read("pod.yaml", pod(image, args=line))
                assert found.settings[key.name].value == value, (key.name, line)
                assert found.settings[key.name].sources, (key.name, line)
