"""Deployments that stand in several files: kustomizations and ConfigMaps, whatever files are named, in bounded time."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

import pytest

from ecolint.model import Deployment
from ecolint.run import Request, Run, check

SERVER = """\
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: server
    spec:
      template:
        spec:
          containers:
            - name: vllm
              image: vllm/vllm-openai:v0.9.2
              args: [--model=Qwen/Qwen2.5-1.5B-Instruct, --quantization=bitsandbytes]
    """
L4 = """\
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: server
    spec:
      template:
        spec:
          nodeSelector:
            cloud.google.com/gke-accelerator: nvidia-l4
    """


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "ecolint.toml").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(root: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))


def lint(*paths: str) -> Run:
    return check(Request(paths=paths))


def told(run: Run) -> set[tuple[str, str, str]]:
    found = (one for one in run.report.findings if one.level != "green")
    return {(one.code, one.place.path, one.certainty) for one in found}


def facts(deployment: Deployment, *names: str) -> list[object]:
    return [deployment.facts[name].value if name in deployment.facts else None for name in names]


def overlay(base: str = "../base", more: str = "") -> str:
    return f"resources: [{base}]\n{dedent(more)}"


def test_a_file_says_the_same_whatever_files_are_named(root: Path) -> None:
    write(
        root,
        {
            "base/kustomization.yaml": "resources: [server.yaml]\n",
            "base/server.yaml": SERVER,
            "l4/kustomization.yaml": overlay(more="patches: [{path: l4.yaml}]"),
            "l4/l4.yaml": L4,
        },
    )
    whole = lint(".")
    assert told(whole) == {("ECO102", "base/server.yaml", "certain")}
    assert told(lint("base/server.yaml")) == told(whole)
    assert told(lint("l4")) == set()
    assert [facts(one, "gpu", "model") for one in whole.deployments] == [["L4", "Qwen/Qwen2.5-1.5B-Instruct"]]
    for path in ("base/server.yaml", "l4/l4.yaml"):
        assert [facts(one, "gpu") for one in lint(path).deployments] == [["L4"]]


def test_every_fact_keeps_the_file_it_was_read_from(root: Path) -> None:
    write(
        root,
        {
            "base/kustomization.yaml": "resources: [server.yaml]\n",
            "base/server.yaml": SERVER,
            "l4/kustomization.yaml": overlay(more="patches: [{path: l4.yaml}]"),
            "l4/l4.yaml": L4,
        },
    )
    (deployment,) = lint(".").deployments
    assert [deployment.facts[name].sources[0].path for name in ("gpu", "model")] == ["l4/l4.yaml", "base/server.yaml"]


def test_a_base_with_two_overlays_is_two_deployments(root: Path) -> None:
    write(root, {"base/kustomization.yaml": "resources: [server.yaml]\n", "base/server.yaml": SERVER})
    for name, gpu in (("a", "nvidia-l4"), ("b", "nvidia-h100-80gb")):
        write(
            root,
            {
                f"{name}/kustomization.yaml": overlay(more="patches: [{path: gpu.yaml}]"),
                f"{name}/gpu.yaml": L4.replace("nvidia-l4", gpu),
            },
        )
    assert sorted(str(facts(one, "gpu")[0])[:2] for one in lint(".").deployments) == ["H1", "L4"]


def test_what_stands_outside_the_project_is_not_read(root: Path) -> None:
    write(root, {"secret/kustomization.yaml": "resources: [server.yaml]\n", "secret/server.yaml": SERVER})
    inner = root / "inner"
    write(inner, {".git/HEAD": "", "kustomization.yaml": overlay("../secret"), "more.yaml": L4})
    assert not lint("inner").deployments


@pytest.mark.parametrize(
    "files",
    [
        {"kustomization.yaml": "resources: [., server.yaml]\n", "server.yaml": SERVER},
        {
            "a/kustomization.yaml": "resources: [../b, server.yaml]\n",
            "a/server.yaml": SERVER,
            "b/kustomization.yaml": "resources: [../a]\n",
        },
        {
            "kustomization.yaml": "resources: [server.yaml, gone.yaml]\npatches: [{path: none.yaml}]\n",
            "server.yaml": SERVER,
        },
        {
            "kustomization.yaml": "resources: [server.yaml]\npatches: [{path: bad.yaml}]\n",
            "server.yaml": SERVER,
            "bad.yaml": "a: [\n",
        },
        {"kustomization.yaml": "resources: {server.yaml: [1]}\npatches: 3\nimages: [[]]\n", "server.yaml": SERVER},
        {"kustomization.yaml": "- server.yaml\n", "server.yaml": SERVER},
        {"kustomization.yaml": "\tx: [\n", "server.yaml": SERVER},
    ],
)
def test_circles_and_broken_files_end(root: Path, files: Mapping[str, str]) -> None:
    write(root, files)
    (deployment,) = lint(next(name for name in files if name.endswith("server.yaml"))).deployments
    assert facts(deployment, "model") == ["Qwen/Qwen2.5-1.5B-Instruct"]


def test_a_broken_file_is_told_once(root: Path) -> None:
    write(root, {"kustomization.yaml": "resources: [server.yaml, bad.yaml]\n", "server.yaml": SERVER})
    write(root, {"bad.yaml": "vllm: [\n"})
    assert [problem.path for problem in lint(".").report.problems] == ["bad.yaml"]


def test_a_thousand_overlays_are_read_in_bounded_time(root: Path) -> None:
    write(root, {"base/kustomization.yaml": "resources: [server.yaml]\n", "base/server.yaml": SERVER})
    for number in range(1_000):
        name = f"overlays/o{number:04}"
        write(
            root,
            {
                f"{name}/kustomization.yaml": overlay("../../base", "patches: [{path: gpu.yaml}]"),
                f"{name}/gpu.yaml": L4,
            },
        )
    begun = time.process_time()
    found = told(lint("base/server.yaml"))
    assert found == {("ECO102", "base/server.yaml", "certain")}
    assert time.process_time() - begun < 20


def test_bases_that_double_at_every_level_are_bounded(root: Path) -> None:
    write(root, {"k0/kustomization.yaml": "resources: [server.yaml]\n", "k0/server.yaml": SERVER})
    for level in range(1, 25):
        write(root, {f"k{level}/kustomization.yaml": f"resources: [../k{level - 1}, ../k{level - 1}/]\n"})
    begun = time.process_time()
    lint("k0/server.yaml")
    assert time.process_time() - begun < 20


def test_a_fix_is_made_in_the_file_that_says_it(root: Path) -> None:
    write(
        root,
        {
            "base/kustomization.yaml": "resources: [server.yaml]\n",
            "base/server.yaml": SERVER,
            "l4/kustomization.yaml": overlay(more="patches: [{path: l4.yaml}]"),
            "l4/l4.yaml": L4,
        },
    )
    check(Request(paths=(".",), fix=True, unsafe=True))
    assert "bitsandbytes" not in (root / "base/server.yaml").read_text()
    assert (root / "l4/l4.yaml").read_text() == dedent(L4)


def test_two_config_maps_of_one_name_that_disagree_are_unknown(root: Path) -> None:
    user = """\
        kind: Pod
        spec:
          containers:
            - name: tgi
              image: ghcr.io/huggingface/text-generation-inference:3.3.7
              envFrom: [{configMapRef: {name: settings}}]
        """
    settings = "kind: ConfigMap\nmetadata: {name: settings}\ndata: {MODEL_ID: %s, QUANTIZE: bitsandbytes}\n"
    write(root, {"user.yaml": user, "a.yaml": settings % "a/b-7b"})
    assert {one[:2] for one in told(lint("."))} == {("ECO101", "a.yaml")}
    write(root, {"b.yaml": settings % "a/b-70b"})
    assert not told(lint("."))


def test_a_field_that_is_replaced_from_elsewhere_is_unknown(root: Path) -> None:
    path = "spec.template.spec.containers.[name=vllm].args.1"
    targets = f"[{{select: {{kind: Deployment}}, fieldPaths: ['{path}']}}]"
    replacements = f"replacements: [{{source: {{kind: ConfigMap, name: x}}, targets: {targets}}}]"
    write(root, {"kustomization.yaml": f"resources: [server.yaml]\n{replacements}\n", "server.yaml": SERVER})
    (deployment,) = lint(".").deployments
    assert facts(deployment, "model") == ["Qwen/Qwen2.5-1.5B-Instruct"]
    assert deployment.facts["quantization"].kind == "unknown"


# --- charts -----------------------------------------------------------------------------------------------------------

CHART = {
    "chart/Chart.yaml": "apiVersion: v2\nname: chat\nversion: 1.0.0\nappVersion: v0.9.2\n",
    "chart/values.yaml": """\
        model: Qwen/Qwen2.5-1.5B-Instruct
        quantization: bitsandbytes
        args: [--max-model-len=4096]
        gpu: {nodeSelector: {cloud.google.com/gke-accelerator: nvidia-l4}}
        """,
    "chart/templates/server.yaml": """\
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: {{ .Release.Name }}
        spec:
          template:
            spec:
              {{- with .Values.gpu.nodeSelector }}
              nodeSelector:
                {{- toYaml . | nindent 8 }}
              {{- end }}
              containers:
                - name: vllm
                  image: vllm/vllm-openai:{{ .Values.tag | default .Chart.AppVersion }}
                  args:
                    - --model={{ .Values.model }}
                    {{- if .Values.quantization }}
                    - --quantization={{ .Values.quantization }}
                    {{- end }}
                    {{- range .Values.args }}
                    - {{ . }}
                    {{- end }}
        """,
}


def test_a_template_and_its_values_say_the_same(root: Path) -> None:
    write(root, CHART)
    whole = lint(".")
    assert told(whole) == {("ECO102", "chart/values.yaml", "likely")}
    assert told(lint("chart/values.yaml")) == told(whole)
    assert not told(lint("chart/templates/server.yaml"))
    (deployment,) = whole.deployments
    assert facts(deployment, "model", "gpu", "context_length") == ["Qwen/Qwen2.5-1.5B-Instruct", "L4", 4096]
    assert {deployment.facts[name].sources[0].path for name in ("model", "gpu", "context_length")} == {
        "chart/values.yaml"
    }
    assert [facts(one, "gpu") for one in lint("chart/templates").deployments] == [["L4"]]


def test_what_a_template_does_not_tell_is_unknown(root: Path) -> None:
    write(root, CHART)
    server = CHART["chart/templates/server.yaml"]
    for action in (
        "{{ .Values.nothing }}",
        "{{ lookup 1 }}",
        '{{ include "gone" . }}',
        "{{ .Values.model | sha256sum }}",
    ):
        write(root, {"chart/templates/server.yaml": server.replace("{{ .Values.quantization }}", action)})
        (deployment,) = lint("chart").deployments
        assert deployment.facts["quantization"].kind == "unknown"
        assert facts(deployment, "model") == ["Qwen/Qwen2.5-1.5B-Instruct"]


def test_a_subchart_takes_values_of_the_chart_that_holds_it(root: Path) -> None:
    write(root, {name.replace("chart/", "all/charts/chat/"): text for name, text in CHART.items()})
    write(root, {"all/Chart.yaml": "name: all\n", "all/values.yaml": "chat:\n  model: Qwen/Qwen2.5-7B-Instruct\n"})
    (deployment,) = lint("all").deployments
    assert facts(deployment, "model", "gpu") == ["Qwen/Qwen2.5-7B-Instruct", "L4"]
    assert deployment.facts["model"].sources[0].path == "all/values.yaml"


@pytest.mark.parametrize(
    "helper",
    [
        '{{ define "x" }}{{ include "x" . }}{{ end }}',
        '{{ define "x" }}' + "{{ range $.Values.many }}" * 3 + "text" + "{{ end }}" * 4,
        '{{ define "x" }}' + "{{ if .Values.model }}" * 100,
        '{{ define "x" }}{{ ' + "(" * 500 + " }}{{ end }}",
        '{{ define "x" }}{{ "',
    ],
)
def test_templates_that_do_not_end_are_bounded(root: Path, helper: str) -> None:
    write(root, CHART)
    values = dedent(CHART["chart/values.yaml"]) + f"many: [{', '.join(map(str, range(200)))}]\n"
    server = CHART["chart/templates/server.yaml"].replace("name: {{ .Release.Name }}", 'name: {{ include "x" . }}')
    write(root, {"chart/templates/_x.tpl": helper, "chart/templates/server.yaml": server, "chart/values.yaml": values})
    begun = time.process_time()
    lint("chart")
    assert time.process_time() - begun < 20


def test_a_fix_in_a_template_names_the_file_that_says_it(root: Path) -> None:
    write(root, CHART)
    (finding,) = (one for one in lint("chart/values.yaml").report.findings if one.code == "ECO102")
    assert not any(fix.edits for fix in finding.fixes)
    assert any(fix.advice for fix in finding.fixes)


def test_a_compose_file_whose_services_lean_on_another_is_laid_over_it(root: Path) -> None:
    write(
        root,
        {
            "docker-compose.yml": """\
                services:
                  vllm:
                    image: vllm/vllm-openai:v0.9.2
                    command: --model Qwen/Qwen2.5-1.5B-Instruct
                """,
            "docker-compose.small.yml": """\
                services:
                  vllm:
                    command: --model Qwen/Qwen2.5-1.5B-Instruct --max-num-seqs 2
                  vllm-two:
                    image: vllm/vllm-openai:v0.9.2
                """,
        },
    )
    assert told(lint(".")) == {("ECO104", "docker-compose.small.yml", "certain")}
    assert told(lint("docker-compose.small.yml")) == told(lint("."))
    found = [facts(one, "model", "max_concurrency") for one in lint("docker-compose.yml").deployments]
    assert ["Qwen/Qwen2.5-1.5B-Instruct", 2] in found
    assert len(found) == 2
