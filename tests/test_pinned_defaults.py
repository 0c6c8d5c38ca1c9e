"""Defaults that depend on the version that a project pins."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from test_fixtures import ROOT, rules

from ecolint.engine import check
from ecolint.model import Source
from ecolint.readers import Nowhere
from ecolint.settings import Settings

KNOWN = 'M.from_pretrained("Qwen/Qwen2.5-7B-Instruct").to("cuda")'
UNKNOWN = 'M.from_pretrained(args.model).to("cuda")'


class Pinned(Nowhere):
    """A project in which a file stands alone, and which pins transformers."""

    def __init__(self, specifier: str) -> None:
        self.specifier = specifier

    def pins(self, path: str) -> Mapping[str, str]:
        return {"transformers": self.specifier} if self.specifier else {}


@pytest.mark.parametrize(
    ("specifier", "load", "codes"),
    [
        ("==4.44.2", KNOWN, {"ECO207"}),
        (">=4.40,<5", KNOWN, {"ECO207"}),
        ("", KNOWN, set()),
        (">=4.40", KNOWN, set()),
        ("==5.2.0", KNOWN, set()),
        ("==4.44.2", UNKNOWN, set()),
        ("==4.44.2", KNOWN.replace(').to("cuda")', ', torch_dtype="auto").to("cuda")'), set()),
        ("==4.44.2", KNOWN.replace('.to("cuda")', ""), set()),
    ],
)
def test_float32_by_default_is_reported_where_the_pin_and_the_checkpoint_are_known(
    specifier: str, load: str, codes: set[str]
) -> None:
    text = f"from transformers import AutoModelForCausalLM as M\nmodel = {load}\n"
    outcome = check(Source("a.py", text), Pinned(specifier), rules(), Settings(root=ROOT))
    assert {finding.code for finding in outcome.findings} == codes


POD = """
apiVersion: v1
kind: Pod
spec:
  containers:
    - name: server
      image: {image}
      args: ["--model", "Qwen/Qwen2.5-7B-Instruct"]
"""
SERVE = 'CMD ["vllm", "serve", "Qwen/Qwen2.5-7B-Instruct"]\n'


@pytest.mark.parametrize(
    ("name", "text", "versions"),
    [
        ("pod.yaml", POD.format(image="vllm/vllm-openai:v0.6.3"), {"vllm": "==0.6.3"}),
        ("pod.yaml", POD.format(image="vllm/vllm-openai:latest"), {}),
        ("Dockerfile", "FROM vllm/vllm-openai:v0.6.3\nRUN pip install transformers==4.44.2\n" + SERVE, None),
        ("Dockerfile", "FROM vllm/vllm-openai:v0.6.3\nRUN pip install vllm==0.8.5\n" + SERVE, {"vllm": "==0.8.5"}),
        ("Dockerfile", "FROM a\nRUN if x; then pip install vllm==0.8.5; fi\n" + SERVE, {}),
    ],
)
def test_a_container_has_the_versions_that_it_brings_with_it(
    name: str, text: str, versions: dict[str, str] | None
) -> None:
    """The project's pins say nothing about it."""
    outcome = check(Source(name, text), Pinned("==4.40"), rules(), Settings(root=ROOT))
    served = next(one for one in outcome.deployments if one.stack == "vllm")
    both = {"vllm": "==0.6.3", "transformers": "==4.44.2"}
    assert served.versions == (both if versions is None else versions)


@pytest.mark.parametrize(("tag", "share"), [("v0.6.3", 0.9), ("v0.33.0", 0.92), ("latest", 0.92)])
def test_a_default_is_that_of_the_version_or_of_the_newest(tag: str, share: float) -> None:
    text = POD.format(image=f"vllm/vllm-openai:{tag}")
    outcome = check(Source("pod.yaml", text), Pinned(""), rules(), Settings(root=ROOT))
    assert [one.facts["memory_share"].value for one in outcome.deployments] == [share]


class Copied(Pinned):
    """A project that holds a file of requirements beside its Dockerfile."""

    def source(self, path: str) -> Source | None:
        return Source(path, "vllm==0.8.5\n") if path == "requirements.txt" else None


@pytest.mark.parametrize(
    ("steps", "versions"),
    [
        ("COPY requirements.txt .\nRUN pip install -r requirements.txt", {"vllm": "==0.8.5"}),
        ("WORKDIR /app\nCOPY . .\nRUN pip install -r ./requirements.txt", {"vllm": "==0.8.5"}),
        ("COPY requirements.txt .\nRUN pip install vllm", {}),
        ("RUN pip install -r requirements.txt", {}),
    ],
)
def test_what_an_image_installs_from_a_file_of_the_project_counts(steps: str, versions: dict[str, str]) -> None:
    outcome = check(Source("Dockerfile", f"FROM a\n{steps}\n{SERVE}"), Copied(""), rules(), Settings(root=ROOT))
    assert [one.versions for one in outcome.deployments if one.stack == "vllm"] == [versions]
