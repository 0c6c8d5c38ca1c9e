"""What is read of engines that a command line, an image or an environment starts: framework, model, GPUs, format."""

from __future__ import annotations

from textwrap import dedent

import pytest
from test_fixtures import ROOT, Alone, rules

from ecolint.engine import check
from ecolint.model import Deployment, Fact, Source
from ecolint.settings import Settings


def deployments(path: str, text: str) -> tuple[Deployment, ...]:
    """Every deployment of one file."""
    outcome = check(Source(path, dedent(text)), Alone(), rules(), Settings(root=ROOT))
    assert not outcome.problems
    return outcome.deployments


def told(one: Deployment, *names: str) -> list[object]:
    """The values of facts: None where they are absent, "?" where they are unknown."""
    facts = [one.facts.get(name, Fact("absent")) for name in names]
    return [None if f.kind == "absent" else "?" if f.kind == "unknown" else f.value for f in facts]


COMMANDS = [
    # the format stands behind the colon, or is the usual one
    (
        "llama-server -hf ggml-org/gemma-3-4b-it-GGUF:Q8_0 -ngl 99",
        "llama.cpp",
        "ggml-org/gemma-3-4b-it-GGUF:Q8_0",
        "gguf",
    ),
    ("llama-server -hf unsloth/Qwen3-8B-GGUF:BF16 -fa on", "llama.cpp", "unsloth/Qwen3-8B-GGUF:BF16", "none"),
    ("./bin/llama-server -m /m/Phi-4-IQ4_XS.gguf -fa -ctk q8_0", "llama.cpp", "/m/Phi-4-IQ4_XS.gguf", "gguf"),
    ("llama-server -hf a/b-GGUF -hff b-f16.gguf", "llama.cpp", "a/b-GGUF", "none"),
    ("llama-server --models-dir /models", "llama.cpp", "?", "?"),
    ("python -m llama_cpp.server --model /m/a.Q5_K_M.gguf --n_gpu_layers -1", "llama.cpp", "/m/a.Q5_K_M.gguf", "gguf"),
    ("ollama run qwen2.5:7b-instruct-q4_K_M 'Hello'", "ollama", "qwen2.5:7b-instruct-q4_K_M", "gguf"),
    ("ollama run --verbose llama3.1:8b-instruct-fp16", "ollama", "llama3.1:8b-instruct-fp16", "none"),
    ("docker run --gpus all nvcr.io/nim/meta/llama-3.1-8b-instruct:1.8.5", "nim", "meta/llama-3.1-8b-instruct", "?"),
    (
        "docker run -e NIM_MODEL_PATH=hf://Qwen/Qwen3-8B nvcr.io/nim/nvidia/vllm:2.0.4",
        "nim",
        "Qwen/Qwen3-8B",
        "?",
    ),
    ("trtllm-serve serve Qwen/Qwen3-8B --tp_size 2 --trust_remote_code", "tensorrt-llm", "Qwen/Qwen3-8B", "?"),
    ("lmdeploy serve api_server --tp 2 Qwen/Qwen3-8B --model-format awq", "lmdeploy", "Qwen/Qwen3-8B", "awq"),
    ("lm_eval --model hf -a pretrained=Qwen/Qwen3-8B,load_in_8bit=True", "lm-eval", "Qwen/Qwen3-8B", "int8"),
    ("xinference launch -n qwen3 --model-format awq --n-gpu 2", "xinference", "qwen3", "awq"),
    ("aphrodite run Qwen/Qwen3-8B -q fp8 -tp 2", "aphrodite", "Qwen/Qwen3-8B", "fp8"),
    ("transformers serve Qwen/Qwen3-8B --quantization bnb-4bit", "transformers", "Qwen/Qwen3-8B", "nf4"),
    ("text-embeddings-router --model-id BAAI/bge-m3", "tei", "BAAI/bge-m3", None),
    ("mlx_lm.server --model mlx-community/Qwen3-8B-4bit", "mlx", "mlx-community/Qwen3-8B-4bit", "mlx"),
    ("python server.py --model Qwen3-8B --load-in-8bit", "text-generation-webui", "Qwen3-8B", "int8"),
]


@pytest.mark.parametrize(("command", "framework", "model", "quantization"), COMMANDS)
def test_a_command_line_says_what_it_serves(command: str, framework: str, model: str, quantization: str | None) -> None:
    (one,) = deployments("serve.sh", f"{command}\n")
    assert told(one, "framework", "model", "quantization") == [framework, model, quantization]


SILENT = [
    "ollama pull llama3.1:8b",
    "ollama create mario -f Modelfile",
    "ollama list",
    "llama-cli -m /m/a.Q5_K_M.gguf -p Hello",
    "llama-bench -m /m/a.Q5_K_M.gguf",
    "llama-server --version",
    "torchserve --stop",
    "lmdeploy serve proxy --server-port 8000",
    "trtllm-bench --model Qwen/Qwen3-8B throughput",
    "transformers chat Qwen/Qwen3-8B http://localhost:8000",
    "python -m fastchat.serve.controller",
    "python server.py --model Qwen3-8B --port 8000",
    "docker run nvcr.io/nim/nvidia/llama-3.2-nv-rerankqa-1b-v2:1.3.1",
]


@pytest.mark.parametrize("command", SILENT)
def test_clients_benchmarks_and_tools_serve_nothing(command: str) -> None:
    assert deployments("client.sh", f"{command}\n") == ()


def test_a_nim_over_several_nodes_counts_the_gpus_of_all() -> None:
    (one,) = deployments(
        "nim.yaml",
        """
        apiVersion: apps.nvidia.com/v1alpha1
        kind: NIMService
        spec:
          image:
            repository: nvcr.io/nim/deepseek-ai/deepseek-r1
            tag: "1.7.3"
          resources:
            limits:
              nvidia.com/gpu: 8
          multiNode:
            parallelism:
              pipeline: 2
              tensor: 8
        """,
    )
    assert told(one, "model", "gpu_count") == ["deepseek-ai/deepseek-r1", 16]


def test_the_values_of_ollamas_chart_name_model_and_gpus() -> None:
    (one,) = deployments(
        "values.yaml",
        """
        image:
          repository: ollama/ollama
        ollama:
          gpu:
            enabled: true
            type: amd
            number: 2
          models:
            pull: [gemma3:27b]
        extraEnv:
          - name: OLLAMA_CONTEXT_LENGTH
            value: "16384"
        """,
    )
    assert told(one, "model", "gpu_count", "device", "context_length") == ["gemma3:27b", 2, "rocm", 16384]


@pytest.mark.parametrize(
    ("script", "model"),
    [
        ("ollama serve & sleep 5; ollama pull llama3.1:8b; wait", "llama3.1:8b"),
        ("ollama serve & sleep 5; ollama pull llama3.1:8b; ollama pull llama3.1:8b; wait", "llama3.1:8b"),
        ("ollama serve & sleep 5; ollama pull llama3.1:8b; ollama pull qwen3:4b; wait", "?"),
        ("ollama serve & sleep 5; ollama pull $MODEL; wait", "?"),
        ("ollama list; ollama serve", None),
    ],
)
def test_what_a_script_pulls_beside_the_server_is_its_model(script: str, model: str | None) -> None:
    container = f"""
        services:
          ollama:
            image: ollama/ollama:0.11.4
            entrypoint: ["/bin/sh", "-c", "{script.replace("$", "$$")}"]
          other:
            image: ollama/ollama:0.11.4
        """
    first, other = deployments("compose.yaml", container)
    assert told(first, "model") == [model]
    assert told(other, "model") == [None]
    (alone,) = deployments("start.sh", script.replace("; ", "\n") + "\n")
    assert told(alone, "model") == [model]


@pytest.mark.parametrize(
    ("text", "want"),
    [
        # what stands behind a variable is read, what stands in one is not taken for a default
        ("pretrained=$1,load_in_8bit=True", ["?", "int8"]),
        ("pretrained=a/b,$EXTRA", ["a/b", "?"]),
        ("$ARGS", ["?", "?"]),
        ("pretrained=a/b,dtype=float16", ["a/b", "none"]),
    ],
)
def test_a_dictionary_behind_a_flag_is_read_as_far_as_it_is_known(text: str, want: list[object]) -> None:
    (one,) = deployments("eval.sh", f'lm_eval --model hf --model_args "{text}" --tasks gsm8k\n')
    assert told(one, "model", "quantization") == want


def test_every_value_of_a_loop_is_a_deployment() -> None:
    found = deployments(
        "eval.sh",
        """
        for m in a/small a/large; do
          lm_eval --model hf --model_args "pretrained=$m,dtype=float16" --tasks gsm8k
        done
        """,
    )
    assert sorted(str(told(one, "model")[0]) for one in found) == ["a/large", "a/small"]


def test_proportions_count_the_gpus_that_get_a_part() -> None:
    found = deployments(
        "serve.sh", "llama-server -m a.gguf -ts 3,1\nllama-server -m a.gguf -ts 0,1\nllama-server -m a.gguf -sm none\n"
    )
    assert [told(one, "gpu_count") for one in found] == [[2], [1], [1]]


def test_slots_of_llama_cpp_share_the_length_that_is_written() -> None:
    first, second = deployments(
        "serve.sh", "llama-server -m a.gguf -c 262144 -np 4\nllama-server -m a.gguf -c 262144 -np 1\n"
    )
    assert told(first, "context_extended") == [True]
    assert told(second, "context_extended") == [False]


def test_the_framework_may_follow_from_what_is_told() -> None:
    """KServe's server runs transformers where it is told to."""
    line = "python -m huggingfaceserver --model_id google/flan-t5-small --model_name t5"
    for told_too, framework in (("", "vllm"), (" --backend vllm", "vllm"), (" --backend huggingface", "transformers")):
        (found,) = deployments("serve.sh", line + told_too + "\n")
        assert told(found, "framework") == [framework]
