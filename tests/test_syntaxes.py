"""The same deployment in every syntax that people ship it in reads as the same facts, and every fix in it reads back.

One table of deployments, one writer for each syntax; a writer returns None where its syntax cannot carry a deployment.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from textwrap import indent

import pytest
import yaml
from test_fixtures import ROOT, Alone, gpu, rules

from ecolint.engine import check
from ecolint.model import Deployment, Fact, Scalar, Source
from ecolint.settings import Settings
from ecolint.verify import Outcome, edited

Option = str | bool
"""The value of a flag; True where the flag takes none."""


@dataclass(frozen=True)
class Server:
    """How a serving stack is started: its image, its program, and how a Python call or a variable spells a flag."""

    name: str
    image: str
    program: tuple[str, ...]
    module: tuple[str, ...] = ()
    """Another program that takes the model as a flag."""
    enters: bool = True
    """The image starts the server by itself."""
    call: str = ""
    model: str = "--model"
    mapping: bool = False
    variables: bool = False


VLLM = Server(
    "vllm",
    "vllm/vllm-openai:v0.11.2",
    ("vllm", "serve"),
    ("python3", "-m", "vllm.entrypoints.openai.api_server"),
    call="vllm.LLM",
    mapping=True,
)
TGI = Server(
    "tgi",
    "ghcr.io/huggingface/text-generation-inference:3.3.5",
    ("text-generation-launcher",),
    model="--model-id",
    variables=True,
)
SGLANG = Server(
    "sglang",
    "lmsysorg/sglang:v0.5.5",
    ("python3", "-m", "sglang.launch_server"),
    enters=False,
    call="sglang.Engine",
    model="--model-path",
)
LLAMA_CPP = Server("llama.cpp", "ghcr.io/ggml-org/llama.cpp:server-cuda", ("llama-server",), model="-m")
TENSORRT_LLM = Server(
    "tensorrt-llm",
    "nvcr.io/nvidia/ai-dynamo/tensorrtllm-runtime:1.0.0",
    ("python3", "-m", "dynamo.trtllm"),
    enters=False,
    model="--model-path",
)


@dataclass(frozen=True)
class Shipped:
    """A deployment of the table: what is written, what it means, and what is to be said about it."""

    server: Server
    model: str
    options: Mapping[str, Option]
    facts: Mapping[str, Scalar]
    fixed: tuple[str, ...] = ()
    """The codes of findings that every syntax must raise and mend by an edit."""
    gpus: int = 1
    raised: tuple[str, ...] = ()
    """The codes of findings that every syntax must raise, and that nothing need mend."""
    card: str = "A100-80GB"
    """Named in the settings, as only some syntaxes can say it."""


LLAMA = "meta-llama/Llama-3.1-8B-Instruct"
SMALL = "Qwen/Qwen2.5-1.5B-Instruct"

TABLE: Mapping[str, Shipped] = {
    "vllm one at a time": Shipped(
        VLLM,
        LLAMA,
        {"--max-num-seqs": "1", "--max-model-len": "8192"},
        {"max_concurrency": 1, "context_length": 8192, "quantization": "none", "execution": "cuda_graphs"},
        ("ECO104",),
    ),
    "vllm eager": Shipped(
        VLLM,
        LLAMA,
        {"--dtype": "bfloat16", "--enforce-eager": True},
        {"execution": "eager", "dtype": "bfloat16", "quantization": "none"},
        ("ECO306",),
    ),
    "vllm in four bits": Shipped(
        VLLM,
        SMALL,
        {"--quantization": "bitsandbytes", "--gpu-memory-utilization": "0.85"},
        {"quantization": "nf4", "backend": "bitsandbytes"},
        ("ECO102",),
    ),
    "vllm fp8 eager": Shipped(
        VLLM,
        LLAMA,
        {"--quantization": "fp8", "--enforce-eager": True, "--kv-cache-dtype": "fp8"},
        {"quantization": "fp8", "execution": "eager", "kv_cache_dtype": "fp8"},
        ("ECO103",),
    ),
    "vllm without prefix cache": Shipped(
        VLLM, LLAMA, {"--no-enable-prefix-caching": True, "--port": "8080"}, {"quantization": "none"}, ("ECO307",)
    ),
    "vllm on two cards": Shipped(
        VLLM,
        LLAMA,
        {"--tensor-parallel-size": "2", "--max-num-seqs": "64"},
        {"max_concurrency": 64, "gpu_count": 2, "execution": "cuda_graphs"},
        gpus=2,
    ),
    "vllm beyond the window": Shipped(
        VLLM, LLAMA, {"--max-model-len": "262144"}, {"context_length": 262144, "dtype": "auto"}, ("ECO206",)
    ),
    "vllm beyond the memory": Shipped(
        VLLM,
        "meta-llama/Llama-3.1-70B-Instruct",
        {"--max-model-len": "8192", "--enable-chunked-prefill": True},
        {"context_length": 8192, "quantization": "none"},
        raised=("ECO201",),
    ),
    "vllm in bfloat16 on an old card": Shipped(
        VLLM, LLAMA, {"--dtype": "bfloat16", "--max-num-seqs": "32"}, {"dtype": "bfloat16"}, ("ECO202",), card="T4"
    ),
    "tgi beyond the window": Shipped(
        TGI, LLAMA, {"--max-total-tokens": "262144"}, {"context_length": 262144}, ("ECO206",)
    ),
    "sglang beyond the window": Shipped(
        SGLANG, LLAMA, {"--context-length": "262144"}, {"context_length": 262144}, ("ECO206",)
    ),
    "sglang without prefix cache": Shipped(
        SGLANG, LLAMA, {"--disable-radix-cache": True}, {"prefix_caching": False}, ("ECO307",)
    ),
    "sglang fp8 eager": Shipped(
        SGLANG,
        LLAMA,
        {"--quantization": "fp8", "--disable-cuda-graph": True},
        {"quantization": "fp8", "execution": "eager"},
        ("ECO103",),
    ),
    "tgi in eight bits": Shipped(
        TGI,
        LLAMA,
        {"--quantize": "bitsandbytes", "--max-total-tokens": "4096"},
        {"quantization": "int8", "backend": "bitsandbytes", "int8_threshold": 6.0, "context_length": 4096},
        ("ECO101",),
    ),
    "tgi four at a time": Shipped(
        TGI,
        LLAMA,
        {"--max-concurrent-requests": "4", "--num-shard": "1"},
        {"max_concurrency": 4, "quantization": "none", "gpu_count": 1},
        ("ECO104",),
    ),
    "tgi without graphs": Shipped(
        TGI,
        LLAMA,
        {"--dtype": "bfloat16", "--cuda-graphs": "0"},
        {"execution": "eager", "dtype": "bfloat16"},
        ("ECO306",),
    ),
    "sglang one at a time": Shipped(
        SGLANG,
        LLAMA,
        {"--max-running-requests": "1", "--context-length": "8192"},
        {"max_concurrency": 1, "context_length": 8192, "quantization": "none"},
        ("ECO104",),
    ),
    "sglang without graphs": Shipped(
        SGLANG,
        LLAMA,
        {"--disable-cuda-graph": True, "--dtype": "bfloat16"},
        {"execution": "eager", "dtype": "bfloat16"},
        ("ECO306",),
    ),
    "sglang in four bits": Shipped(
        SGLANG,
        SMALL,
        {"--quantization": "bitsandbytes", "--mem-fraction-static": "0.8"},
        {"quantization": "nf4", "backend": "bitsandbytes"},
        ("ECO102",),
    ),
    "llama.cpp one at a time": Shipped(
        LLAMA_CPP,
        "/models/Llama-3.1-8B-Instruct-Q4_K_M.gguf",
        {"-np": "1", "-c": "8192", "-fa": True, "-ngl": "99"},
        {"max_concurrency": 1, "context_length": 8192, "quantization": "gguf"},
        ("ECO104",),
    ),
    "llama.cpp with a cache in 32 bits": Shipped(
        LLAMA_CPP,
        "/models/Llama-3.1-8B-Instruct-Q4_K_M.gguf",
        {"--cache-type-k": "f32", "--jinja": True},
        {"kv_cache_dtype": "float32", "quantization": "gguf"},
        ("ECO305",),
    ),
    "tensorrt-llm four at a time": Shipped(
        TENSORRT_LLM,
        LLAMA,
        {"--tensor-parallel-size": "2", "--max-batch-size": "4", "--max-seq-len": "8192"},
        {"max_concurrency": 4, "context_length": 8192, "gpu_count": 2},
        ("ECO104",),
        gpus=2,
    ),
}


# --- one writer for each syntax ---------------------------------------------------------------------------------------

File = tuple[str, str]
"""Path and text."""


def apart(one: Shipped, model: bool = True) -> list[str]:
    """Flags and values as words of their own."""
    words = [one.server.model, one.model] if model else []
    for name, value in one.options.items():
        words += [name] if value is True else [name, str(value)]
    return words


def joined(one: Shipped) -> list[str]:
    """Flags with their values in one word."""
    named = {one.server.model: one.model, **one.options}
    return [name if value is True else f"{name}={value}" for name, value in named.items()]


def started(one: Shipped) -> list[str]:
    """The whole command line."""
    if one.server is VLLM:
        return [*one.server.program, one.model, *apart(one, model=False)]
    return [*one.server.program, *apart(one)]


def pod(one: Shipped, container: Mapping[str, object], style: bool | None = False) -> File:
    """A Kubernetes Deployment with one container."""
    limits = {"limits": {"nvidia.com/gpu": str(one.gpus)}}
    spec = {"containers": [{"name": "server", **container, "resources": limits}]}
    whole = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "chat"},
        "spec": {"replicas": 1, "template": {"spec": spec}},
    }
    return "deployment.yaml", yaml.safe_dump(whole, sort_keys=False, default_flow_style=style)


def arguments(one: Shipped, words: list[str]) -> list[str]:
    """What a container is given behind its image."""
    return words if one.server.enters else [*one.server.program, *words]


def pod_words_apart(one: Shipped) -> File:
    return pod(one, {"image": one.server.image, "args": arguments(one, apart(one))})


def pod_words_joined(one: Shipped) -> File:
    return pod(one, {"image": one.server.image, "args": arguments(one, joined(one))})


def pod_flow(one: Shipped) -> File:
    return pod(one, {"image": one.server.image, "args": arguments(one, apart(one))}, style=None)


def pod_command(one: Shipped) -> File:
    return pod(one, {"image": "registry.example.com/team/llm:1.4", "command": started(one)})


def pod_script(one: Shipped) -> File:
    """`sh -c` with a block scalar, one flag a line."""
    path, text = pod(one, {"image": one.server.image, "command": ["/bin/sh", "-c"], "args": ["SCRIPT"]})
    words = started(one)
    lines = ["set -e", "exec " + " \\\n  ".join(grouped(words))]
    block = "|\n" + indent("\n".join(lines), " " * 12)
    return path, text.replace("SCRIPT", block)


def pod_line(one: Shipped) -> File:
    """`bash -c` with the whole command in one quoted string."""
    line = " ".join(started(one))
    path, text = pod(one, {"image": one.server.image, "command": ["bash", "-c", "LINE"]})
    return path, text.replace("LINE", f'"{line}"')


def pod_variables(one: Shipped) -> File | None:
    """An environment variable for each flag."""
    if not one.server.variables:
        return None
    env = [{"name": name, "value": value} for name, value in variables(one).items()]
    return pod(one, {"image": one.server.image, "env": env})


def pod_reference(one: Shipped) -> File:
    """The model in a variable that the arguments refer to."""
    words = [one.server.model, "$(MODEL)", *apart(one, model=False)]
    return pod(
        one, {"image": one.server.image, "env": [{"name": "MODEL", "value": one.model}], "args": arguments(one, words)}
    )


def grouped(words: Sequence[str]) -> list[str]:
    """Words in lines: a flag with its value; the program alone."""
    lines: list[str] = []
    for word in words:
        if word.startswith("--") or not lines:
            lines.append(word)
        else:
            lines[-1] += f" {word}"
    return lines


def variables(one: Shipped) -> dict[str, str]:
    named = {one.server.model: one.model, **one.options}
    return {name[2:].replace("-", "_").upper(): str(value) for name, value in named.items()}


def compose(one: Shipped, service: Mapping[str, object]) -> File:
    """A compose file with one service that reserves its GPUs."""
    devices = [{"driver": "nvidia", "count": one.gpus, "capabilities": ["gpu"]}]
    whole = {"services": {"llm": {**service, "deploy": {"resources": {"reservations": {"devices": devices}}}}}}
    return "compose.yaml", yaml.safe_dump(whole, sort_keys=False)


def compose_words(one: Shipped) -> File:
    return compose(one, {"image": one.server.image, "command": arguments(one, apart(one))})


def compose_line(one: Shipped) -> File:
    return compose(one, {"image": one.server.image, "command": " ".join(arguments(one, apart(one)))})


def compose_folded(one: Shipped) -> File:
    path, text = compose(one, {"image": one.server.image, "command": "FOLDED"})
    return path, text.replace("FOLDED", ">-\n" + indent("\n".join(grouped(arguments(one, apart(one)))), " " * 6))


def compose_mapping(one: Shipped) -> File | None:
    if not one.server.variables:
        return None
    return compose(one, {"image": one.server.image, "environment": variables(one)})


def compose_pairs(one: Shipped) -> File | None:
    if not one.server.variables:
        return None
    pairs = [f"{name}={value}" for name, value in variables(one).items()]
    return compose(one, {"image": one.server.image, "environment": pairs})


def script_lines(one: Shipped) -> File:
    """A shell script with a flag a line."""
    head = "#!/usr/bin/env bash\nset -euo pipefail\n\n# the chat model\n"
    return "serve.sh", head + " \\\n    ".join(grouped(started(one))) + "\n"


def script_variables(one: Shipped) -> File:
    """A shell script that keeps the model in a variable."""
    words = [*one.server.program, *([] if one.server is VLLM else [one.server.model]), '"$MODEL"']
    line = " ".join([*words, *apart(one, model=False)])
    return "serve.sh", f"MODEL={one.model}\nPORT=8000\nexec {line} 2>&1 | tee server.log\n"


def script_environment(one: Shipped) -> File | None:
    """Variables in front of the program."""
    if not one.server.variables:
        return None
    exports = "".join(f"export {name}={value}\n" for name, value in variables(one).items())
    return "serve.sh", f"#!/bin/sh\n{exports}\n{' '.join(one.server.program)}\n"


def script_container(one: Shipped) -> File:
    """`docker run` with the arguments behind the image."""
    gpus = f"--gpus {one.gpus}"
    lines = [
        "docker run --rm -d",
        gpus,
        "-p 8000:8000",
        "-v $HOME/models:/models",
        one.server.image,
        *grouped(arguments(one, apart(one))),
    ]
    return "start.sh", "#!/bin/bash\n" + " \\\n  ".join(lines) + "\n"


def script_container_variables(one: Shipped) -> File | None:
    if not one.server.variables:
        return None
    env = [f"-e {name}={value}" for name, value in variables(one).items()]
    return "start.sh", " \\\n  ".join([f"docker run --gpus {one.gpus}", *env, one.server.image]) + "\n"


def dockerfile(one: Shipped, tail: str) -> File:
    return "Dockerfile", f"FROM {one.server.image}\nWORKDIR /srv\n{tail}\n"


def dockerfile_words(one: Shipped) -> File:
    words = ", ".join(f'"{word}"' for word in arguments(one, apart(one)))
    return dockerfile(one, f"CMD [{words}]")


def dockerfile_entry(one: Shipped) -> File:
    words = ", ".join(f'"{word}"' for word in (one.server.module or one.server.program))
    rest = ", \\\n     ".join(f'"{word}"' for word in joined(one))
    return dockerfile(one, f"ENTRYPOINT [{words}]\nCMD [{rest}]")


def dockerfile_line(one: Shipped) -> File:
    words = [*(one.server.module or one.server.program), *apart(one)]
    return dockerfile(one, "CMD " + " \\\n    ".join(grouped(words)))


def dockerfile_variables(one: Shipped) -> File | None:
    if not one.server.variables:
        return None
    pairs = " \\\n    ".join(f"{name}={value}" for name, value in variables(one).items())
    return dockerfile(one, f"ENV {pairs}")


def workflow(one: Shipped) -> File:
    """A step of a GitHub workflow."""
    words = [*(one.server.module or one.server.program), *apart(one)]
    run = indent(" \\\n  ".join(grouped(words)), " " * 10)
    return ".github/workflows/serve.yml", (
        f"name: serve\non: push\njobs:\n  serve:\n    runs-on: gpu\n    steps:\n      - run: |\n{run}\n"
    )


def quoted(words: Sequence[str]) -> str:
    return ", ".join(f'"{word}"' for word in words)


def terraform_words(one: Shipped) -> File:
    """A deployment of Terraform's Kubernetes provider, a flag a line."""
    lines = ",\n".join(f"          {quoted(line.split(' '))}" for line in grouped(arguments(one, apart(one))))
    return "main.tf", (
        f'resource "kubernetes_deployment" "llm" {{\n  spec {{\n    template {{\n      spec {{\n        container {{\n'
        f'          name = "server"\n          image = "{one.server.image}"\n          args = [\n{lines}\n          ]\n'
        f'          resources {{\n            limits = {{ "nvidia.com/gpu" = {one.gpus} }}\n          }}\n'
        "        }\n      }\n    }\n  }\n}\n"
    )


def terraform_task(one: Shipped) -> File:
    """A task definition of Amazon ECS."""
    words = quoted(arguments(one, joined(one)))
    return "task.tf", (
        'resource "aws_ecs_task_definition" "llm" {\n  family = "llm"\n  container_definitions = jsonencode([{\n'
        f'    name = "server", image = "{one.server.image}", command = [{words}]\n'
        f'    resourceRequirements = [{{ type = "GPU", value = "{one.gpus}" }}]\n  }}])\n}}\n'
    )


def terraform_script(one: Shipped) -> File:
    """What an instance runs when it starts."""
    line = " \\\n      ".join(grouped(started(one)))
    return "instance.tf", (
        'resource "aws_instance" "llm" {\n  ami = var.ami\n  user_data = <<-EOF\n    #!/bin/bash\n    set -e\n'
        f"    exec {line}\n  EOF\n}}\n"
    )


def terraform_variables(one: Shipped) -> File | None:
    """A hosted model: an object of variables."""
    if not one.server.variables:
        return None
    lines = "".join(f'      {name} = "{value}"\n' for name, value in variables(one).items())
    return "endpoint.tf", (
        'resource "aws_sagemaker_model" "llm" {\n  primary_container {\n'
        f'    image = "{one.server.image}"\n    environment = {{\n{lines}    }}\n  }}\n}}\n'
    )


def terraform_blocks(one: Shipped) -> File | None:
    """A block for each variable."""
    if not one.server.variables:
        return None
    blocks = "".join(
        f'      env {{\n        name  = "{name}"\n        value = "{value}"\n      }}\n'
        for name, value in variables(one).items()
    )
    return "service.tf", (
        'resource "google_cloud_run_v2_service" "llm" {\n  template {\n    containers {\n'
        f'      image = "{one.server.image}"\n{blocks}'
        f'      resources {{\n        limits = {{ "nvidia.com/gpu" = "{one.gpus}" }}\n      }}\n    }}\n  }}\n}}\n'
    )


def settings_file(one: Shipped) -> File | None:
    """A file for `--config`."""
    if not one.server.mapping:
        return None
    rows = [f"model: {one.model}"]
    for name, value in one.options.items():
        negated = name.startswith("--no-")
        rows.append(f"{name[5:] if negated else name[2:]}: {str(not negated).lower() if value is True else value}")
    # a second name of vLLM's own tells the file from others
    return "vllm.yaml", "\n".join([*rows, "served-model-name: chat", "max-num-batched-tokens: 8192"]) + "\n"


def python_call(one: Shipped) -> File | None:
    if not one.server.call:
        return None
    words = [f"{one.server.model[2:].replace('-', '_')}={one.model!r}"]
    for name, value in one.options.items():
        if name == "--port":
            continue
        negated = name.startswith("--no-")
        keyword = (name[5:] if negated else name[2:]).replace("-", "_")
        keyword = "tp_size" if keyword == "tp" else keyword
        plain = str(not negated) if value is True else value if str(value).replace(".", "").isdigit() else repr(value)
        words.append(f"{keyword}={plain}")
    package, _, name = one.server.call.rpartition(".")
    arguments = "".join(f"    {word},\n" for word in words)
    return "offline.py", f"import {package}\n\nengine = {package}.{name}(\n{arguments})\n"


WRITERS: Sequence[Callable[[Shipped], File | None]] = (
    pod_words_apart,
    pod_words_joined,
    pod_flow,
    pod_command,
    pod_script,
    pod_line,
    pod_variables,
    pod_reference,
    compose_words,
    compose_line,
    compose_folded,
    compose_mapping,
    compose_pairs,
    script_lines,
    script_variables,
    script_environment,
    script_container,
    script_container_variables,
    dockerfile_words,
    dockerfile_entry,
    dockerfile_line,
    dockerfile_variables,
    workflow,
    terraform_words,
    terraform_task,
    terraform_script,
    terraform_variables,
    terraform_blocks,
    settings_file,
    python_call,
)

CASES = [
    pytest.param(name, writer, id=f"{name}-{writer.__name__}")
    for name in TABLE
    for writer in WRITERS
    if writer(TABLE[name]) is not None
]


# --- what must hold ---------------------------------------------------------------------------------------------------


def read(path: str, text: str, card: str) -> tuple[Outcome, Deployment]:
    outcome = check(Source(path, text), Alone(), rules(), Settings(root=ROOT, gpu=gpu(card)))
    assert not outcome.problems
    assert len(outcome.deployments) == 1, text
    return outcome, outcome.deployments[0]


def plain(fact: Fact | None) -> object:
    return None if fact is None or fact.kind == "absent" else "?" if fact.kind == "unknown" else fact.value


@pytest.mark.parametrize(("name", "writer"), CASES)
def test_the_facts_are_those_of_the_table(name: str, writer: Callable[[Shipped], File | None]) -> None:
    one = TABLE[name]
    file = writer(one)
    assert file is not None
    _, deployment = read(*file, one.card)
    want = {"framework": one.server.name, "model": one.model, **one.facts}
    assert {fact: plain(deployment.facts.get(fact)) for fact in want} == want, file[1]
    for fact in want.keys() - {"framework"}:
        assert all(place.path == file[0] for place in deployment.facts[fact].sources)


@pytest.mark.parametrize(("name", "writer"), CASES)
def test_every_finding_is_raised_and_every_fix_reads_back(name: str, writer: Callable[[Shipped], File | None]) -> None:
    one = TABLE[name]
    file = writer(one)
    assert file is not None
    path, text = file
    outcome, deployment = read(path, text, one.card)
    codes = {finding.code for finding in outcome.findings if finding.level != "green"}
    assert {*one.fixed, *one.raised} <= codes, text
    for finding in outcome.findings:
        written = [fix for fix in finding.fixes if fix.edits]
        if finding.code in one.fixed:
            assert written, f"{finding.code} has no edit in\n{text}"
        for fix in written:
            after, better = read(path, edited(text, fix.edits), one.card)
            assert finding.code not in {f.code for f in after.findings if f.place.path == path} or any(
                f.place != finding.place for f in outcome.findings if f.code == finding.code
            )
            assert {fact: plain(better.facts.get(fact)) for fact in fix.set} == dict(fix.set)
            for fact in ("framework", "model", "gpu", "gpu_count"):
                assert plain(better.facts.get(fact)) == plain(deployment.facts.get(fact)), fact
