"""Speed: ecolint against other tools on the same files in the same run, as ratios of medians.

    python benchmarks/speed.py FOLDER                  # downloads the wheels and writes the manifests into FOLDER
    python benchmarks/speed.py FOLDER --runs 5         # every tool in turn, five times
    python benchmarks/speed.py FOLDER --only corpus    # corpus, small, manifests, start; may be repeated

The corpus are the Python files of the wheels below, unpacked; the manifests are generated: of 10,000 one in a hundred
describes an LLM server. Tools that are not installed are left out, and said to be. Times are of one machine and of
this run alone: only their ratios mean something.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

WHEELS = (
    *("transformers", "sglang", "diffusers", "datasets", "langchain-community", "llama-index-core", "mlflow"),
    *("torchtune", "sentence-transformers", "dspy", "haystack-ai", "litellm"),
)
SMALL = ("diffusers", "sentence_transformers", "torchtune")
"""The wheels that slow tools are measured on."""
MANIFESTS = 10_000
SERVERS = 100
"""One manifest in so many describes an LLM server."""
SEMGREP = """\
rules:
  - id: int8
    languages: [python]
    severity: WARNING
    message: bitsandbytes INT8 with its outlier threshold on
    pattern: BitsAndBytesConfig(..., load_in_8bit=True, ...)
  - id: batch
    languages: [python]
    severity: WARNING
    message: a batch size of 1
    pattern: $F(..., batch_size=1, ...)
"""
"""Two rules that look for what ecolint's own first and fourth look for."""


@dataclass(frozen=True)
class Tool:
    """A command that is measured. `ends` are the exit codes with which it has done its work."""

    name: str
    argv: tuple[str, ...]
    ends: tuple[int, ...] = (0, 1)

    @property
    def there(self) -> bool:
        """Whether it is installed."""
        return shutil.which(self.argv[0]) is not None


@dataclass(frozen=True)
class Race:
    """ecolint and what it is held against, in one folder; `bound` is the ratio that must be reached."""

    name: str
    folder: Path
    ours: Tool
    theirs: Tool
    bound: float


# --- what is measured on ----------------------------------------------------------------------------------------------


def corpus(folder: Path) -> Path:
    """The wheels, downloaded and unpacked once."""
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
    port, release, copies = 8000 + number % 1000, f"1.{number % 40}", number % 5 + 1
    if number % 3 == 0 and not serves:
        return VALUES.format(number=number, port=port, release=release, copies=copies)
    image = "vllm/vllm-openai:v0.9.1" if serves else f"registry.example/app{number}:{release}"
    args = '"--model=Qwen/Qwen2.5-7B-Instruct", "--max-num-seqs=1"' if serves else f'"--port={port}"'
    limits = "nvidia.com/gpu: 1" if serves else "cpu: 2"
    return DEPLOYMENT.format(number=number, copies=copies, image=image, args=args, limits=limits)


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


def program() -> str:
    """The console script of this environment."""
    return str(Path(sys.executable).with_name("ecolint"))


# --- measuring --------------------------------------------------------------------------------------------------------


def timed(tool: Tool, folder: Path) -> float:
    """Seconds of wall time of one run. Raises CalledProcessError where the tool did not do its work."""
    started = time.perf_counter()
    done = subprocess.run(tool.argv, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    taken = time.perf_counter() - started
    if done.returncode not in tool.ends:
        raise subprocess.CalledProcessError(done.returncode, tool.argv, stderr=done.stderr[-2000:])
    return taken


def medians(tools: Sequence[Tool], folder: Path, runs: int) -> Mapping[str, float]:
    """Every tool in turn, so that what else the machine does meets all of them alike."""
    taken: dict[str, list[float]] = {tool.name: [] for tool in tools}
    for _ in range(runs):
        for tool in tools:
            taken[tool.name].append(timed(tool, folder))
    return {name: statistics.median(each) for name, each in taken.items()}


def races(folder: Path, only: Sequence[str]) -> list[Race]:
    """What is to be run, with the folders that it needs made ready."""
    rules = folder / "semgrep.yaml"
    rules.parent.mkdir(parents=True, exist_ok=True)
    rules.write_text(SEMGREP, encoding="utf-8")
    ours = Tool("ecolint", (program(), "check", "--exit-zero", "--quiet", "."))
    every = Tool("ecolint, all rules", (*ours.argv[:-1], "--conventions", "."))
    ruff = Tool("ruff", ("ruff", "check", "--no-cache", "--select", "F401", "--isolated", "--quiet", "."))
    found: list[Race] = []
    if "corpus" in only:
        tree = corpus(folder)
        semgrep = Tool("semgrep", ("semgrep", "--quiet", "--metrics=off", "--config", str(rules.absolute()), "."))
        found += [
            Race("corpus, default rules", tree, ours, ruff, 0.6),
            Race("corpus, all rules", tree, every, ruff, 0.8),
            Race("corpus, two rules", tree, ours, semgrep, 0.2),
        ]
    if "small" in only:
        tree, few = corpus(folder), folder / "small"
        for name in SMALL:
            if not (few / name).exists():
                shutil.copytree(tree / name, few / name)
        found += [
            Race("three libraries", few, ours, Tool("torchfix", ("torchfix", "--select=ALL", ".")), 1 / 200),
            Race("three libraries", few, ours, Tool("fixit", ("fixit", "--quiet", "lint", ".")), 1 / 200),
        ]
    if "manifests" in only:
        yamllint = Tool("yamllint", ("yamllint", "--no-warnings", "."))
        found.append(Race("manifests", manifests(folder), ours, yamllint, 0.1))
    if "start" in only:
        found += _starts(folder)
    return found


def _starts(folder: Path) -> list[Race]:
    """What a single small file, and no file at all, cost from cold."""
    clean, wasteful = folder / "clean", folder / "wasteful"
    for place, text in (
        (clean, "print('nothing of ours')\n"),
        (wasteful, WASTEFUL),
    ):
        place.mkdir(parents=True, exist_ok=True)
        (place / "app.py").write_text(text, encoding="utf-8")
    ours = Tool("ecolint", (program(), "check", "--exit-zero", "app.py"))

    def imports(modules: str) -> Tool:
        return Tool(f"import {modules}", (sys.executable, "-c", f"import {modules}"))

    usage = Tool("ecolint --help", (program(), "--help"))
    return [
        Race("one clean file", clean, ours, imports("click, tomli"), 1.5),
        Race("one file with findings", wasteful, ours, imports("libcst"), 2.0),
        Race("help", clean, usage, imports("click"), 1.3),
    ]


def main(arguments: Sequence[str] | None = None, say: Callable[[str], None] = print) -> int:
    """Run the races and print a line for each. Exit code 1 where a ratio misses its bound."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where the corpus lies, or is to be put")
    parser.add_argument("--runs", type=int, default=3, help="of every tool, in turn (default: 3)")
    parser.add_argument("--only", action="append", choices=["corpus", "small", "manifests", "start"])
    given = parser.parse_args(arguments)
    missed = 0
    say(f"{'measure':<24}{'ours, s':>10}{'theirs, s':>11}{'ratio':>8}{'must':>8}  against")
    for race in races(given.folder, given.only or ["corpus", "small", "manifests", "start"]):
        if not race.theirs.there:
            say(f"{race.name:<24}{'':>37}  {race.theirs.name} is not installed")
            continue
        found = medians((race.ours, race.theirs), race.folder, given.runs)
        ours, theirs = found[race.ours.name], found[race.theirs.name]
        missed += ours / theirs > race.bound
        say(f"{race.name:<24}{ours:>10.2f}{theirs:>11.2f}{ours / theirs:>8.3f}{race.bound:>8.3f}  {race.theirs.name}")
    say(f"Python {sys.version.split()[0]}, {os.cpu_count()} processors, median of {given.runs} runs")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
