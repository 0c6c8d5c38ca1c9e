"""Objects that others name: found in the same file, else in the files beside it."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_fixtures import ROOT, Together

from ecolint.engine import judged
from ecolint.model import Deployment, Source
from ecolint.settings import Settings

PLAYGROUND = """\
apiVersion: inference.llmaz.io/v1alpha1
kind: Playground
metadata: {name: chat}
spec:
  modelClaim: {modelName: qwen}
"""
FLAVOR = "{limits: {nvidia.com/gpu: 2}, nodeSelector: {nvidia.com/gpu.product: NVIDIA-L4}}"
MODEL = f"""\
apiVersion: llmaz.io/v1alpha1
kind: OpenModel
metadata: {{name: qwen}}
spec:
  source: {{modelHub: {{modelID: Qwen/Qwen2.5-7B-Instruct}}}}
  inferenceConfig: {{flavors: [{FLAVOR}]}}
"""


def deployed(files: dict[str, str], name: str, folder: Path) -> list[Deployment]:
    for each, text in files.items():
        (folder / each).write_text(text)
    path = (folder / name).as_posix()
    return [group[0] for group in judged(Source(path, files[name]), Together(folder), (), Settings(root=ROOT)).groups]


def told(one: Deployment) -> list[object]:
    facts = (one.facts[name] for name in ("model", "gpu", "gpu_count") if name in one.facts)
    return [fact.value if fact.kind == "known" else "?" for fact in facts]


@pytest.mark.parametrize(
    "files",
    [
        {"a.yaml": MODEL + "---\n" + PLAYGROUND},
        {"a.yaml": PLAYGROUND + "---\n" + MODEL},
        {"a.yaml": PLAYGROUND, "models.yml": MODEL.replace("name: qwen", "name: other") + "---\n" + MODEL},
        {"a.yaml": PLAYGROUND + "---\n" + MODEL, "b.yaml": MODEL.replace("7B", "3B")},
    ],
)
def test_an_object_is_found_by_its_name(files: dict[str, str], tmp_path: Path) -> None:
    (one,) = deployed(files, "a.yaml", tmp_path)
    assert told(one) == ["Qwen/Qwen2.5-7B-Instruct", "L4", 2]


@pytest.mark.parametrize(
    "files",
    [
        {"a.yaml": PLAYGROUND},
        {"a.yaml": PLAYGROUND, "b.yaml": MODEL, "c.yaml": MODEL.replace("7B", "3B")},
        {"a.yaml": PLAYGROUND, "b.yaml": MODEL.replace("OpenModel", "Model")},
        {"a.yaml": PLAYGROUND, "b.yaml": "a: [\n---\n" + MODEL.replace("qwen}", "{{ .Values.name }}}")},
        {"a.yaml": PLAYGROUND.replace("qwen", '"{{ .Values.name }}"') + "---\n" + MODEL},
    ],
)
def test_no_object_or_several_are_none(files: dict[str, str], tmp_path: Path) -> None:
    (one,) = deployed(files, "a.yaml", tmp_path)
    assert told(one) == ["?", "?", 1]


def test_of_several_flavors_nobody_knows_which(tmp_path: Path) -> None:
    files = {"a.yaml": MODEL.replace(FLAVOR, f"{FLAVOR}, {FLAVOR}") + "---\n" + PLAYGROUND}
    (one,) = deployed(files, "a.yaml", tmp_path)
    assert told(one) == ["Qwen/Qwen2.5-7B-Instruct", "?", "?"]
