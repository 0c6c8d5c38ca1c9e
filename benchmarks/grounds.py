"""Where speed is measured: a corpus of unpacked wheels, parts and copies of it, generated manifests, single files.

Everything is made below one folder, once; what is there already is left as it is.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

WHEELS = (
    *("transformers", "sglang", "diffusers", "datasets", "langchain-community", "llama-index-core", "mlflow"),
    *("torchtune", "sentence-transformers", "dspy", "haystack-ai", "litellm"),
)
SMALL = ("diffusers", "sentence_transformers", "torchtune")
"""The wheels that slow tools are measured on, and that copies are made of."""
COPIES = 8
MANIFESTS = 10_000
SERVERS = 100
"""One manifest in so many describes an LLM server."""

CLEAN = "print('nothing of ours')\n"
WASTEFUL = """\
from transformers import AutoModelForCausalLM, BitsAndBytesConfig

model = AutoModelForCausalLM.from_pretrained(
    "Qwen/Qwen2.5-1.5B-Instruct",
    quantization_config=BitsAndBytesConfig(load_in_8bit=True),
)
"""
VALUES = """\
replicaCount: {copies}
image:
  repository: registry.example/app{number}
  tag: "{release}"
service:
  type: ClusterIP
  port: {port}
resources:
  limits: {{cpu: 2}}
"""
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: app-{number}
spec:
  replicas: {copies}
  template:
    spec:
      containers:
        - name: main
          image: {image}
          args: [{args}]
          resources:
            limits: {{{limits}}}
"""


def corpus(folder: Path) -> Path:
    """The Python files of the wheels, downloaded and unpacked once."""
    wheels, tree = folder / "wheels", folder / "corpus"
    wheels.mkdir(parents=True, exist_ok=True)
    for name in WHEELS:
        if not any(one.name.lower().startswith(name.replace("-", "_")) for one in wheels.glob("*.whl")):
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(wheels), name]
            subprocess.run(command, check=True)
    for wheel in sorted(wheels.glob("*.whl")):
        place = tree / wheel.name.partition("-")[0]
        if not place.exists():
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(place, [one for one in archive.namelist() if one.endswith(".py")])
    return tree


def few(folder: Path) -> Path:
    """The part of the corpus that slow tools are measured on."""
    return _of_few(folder, folder / "small")


def copies(folder: Path, count: int = COPIES) -> Path:
    """That part over and over, in folders that are named by their numbers from 1 on."""
    for number in range(1, count + 1):
        _of_few(folder, folder / "copies" / str(number))
    return folder / "copies"


def _of_few(folder: Path, place: Path) -> Path:
    for name in SMALL:
        if not (place / name).exists():
            shutil.copytree(corpus(folder) / name, place / name)
    return place


def manifests(folder: Path, count: int = MANIFESTS) -> Path:
    """Kubernetes manifests and values files, written once: every hundredth describes an LLM server."""
    tree = folder / "manifests"
    for number in range(count):
        file = tree / f"team{number % 97}" / f"{'values' if number % 3 == 0 else 'deployment'}-{number}.yaml"
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(manifest(number), encoding="utf-8")
    return tree


def manifest(number: int) -> str:
    """One manifest; it depends on its number alone."""
    serves = number % SERVERS == 0
    port, release, replicas = 8000 + number % 1000, f"1.{number % 40}", number % 5 + 1
    if number % 3 == 0 and not serves:
        return VALUES.format(number=number, port=port, release=release, copies=replicas)
    image = "vllm/vllm-openai:v0.9.1" if serves else f"registry.example/app{number}:{release}"
    args = '"--model=Qwen/Qwen2.5-7B-Instruct", "--max-num-seqs=1"' if serves else f'"--port={port}"'
    limits = "nvidia.com/gpu: 1" if serves else "cpu: 2"
    return DEPLOYMENT.format(number=number, copies=replicas, image=image, args=args, limits=limits)


def single(folder: Path, name: str, text: str) -> Path:
    """A folder of this name that holds one file, `app.py`."""
    place = folder / name
    place.mkdir(parents=True, exist_ok=True)
    (place / "app.py").write_text(text, encoding="utf-8")
    return place
