"""Files that hold no trigger: which are read for the sake of others, and that passing by the rest changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from ecolint import engine, files
from ecolint.cache import index
from ecolint.model import Source
from ecolint.project import Project
from ecolint.readers import Nowhere, programs
from ecolint.readers.json import read as read_json
from ecolint.readers.json import tree
from ecolint.readers.yaml import spoken_of
from ecolint.run import FEW, Request, Run, check, facts
from ecolint.stacks import asked

PLAIN = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{port: 80}]}\n"
CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {MODEL: Qwen/Qwen2.5-7B-Instruct}\n"
TEMPLATE = """\
apiVersion: v1
kind: Pod
spec:
  containers:
    - image: vllm/vllm-openai:v0.9.2
      args: ["--model={{ .Values.name }}", "--max-num-seqs=1"]
"""
VALUES = "name: Qwen/Qwen2.5-7B-Instruct\n"
ENVIRONMENT = "dependencies:\n  - python\n  - pip: [torch==2.9.0.dev20250101]\n"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put(written: Mapping[str, str]) -> None:
    for name, text in written.items():
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("written", "speaks"),
    [
        ({"a.yaml": PLAIN}, False),
        ({"a.yaml": PLAIN, "b/Chart.yaml": "name: b\n", "b/values.yaml": VALUES}, False),
        ({"c/values.yaml": VALUES, "c/Chart.yaml": "name: c\n"}, True),
        ({"c/values-prod.yaml": VALUES, "c/Chart.yaml": "name: c\n", "c/values.yaml": VALUES}, True),
        ({"c/templates/deep/a.yaml": PLAIN, "c/Chart.yaml": "name: c\n", "c/values.yaml": VALUES}, True),
        ({"c/notes.yaml": VALUES, "c/Chart.yaml": "name: c\n", "c/values.yaml": VALUES}, False),
        ({"k/a.yaml": PLAIN, "k/kustomization.yaml": "resources: [a.yaml]\n"}, True),
        ({"k/b.yaml": PLAIN, "k/kustomization.yaml": "resources: [a.yaml]\n"}, False),
        ({"k/kustomization.yaml": "resources: [a.yaml]\n"}, True),
        ({"compose.gpu.yaml": "services: {a: {tty: true}}\n", "compose.yaml": "services: {a: {image: b}}\n"}, True),
        ({"compose.gpu.yaml": "services: {a: {tty: true}}\n"}, False),
        ({"compose.yaml": "services:\n  a: {build: .}\n"}, True),
        ({"map.yaml": CONFIG_MAP}, True),
        ({"inside.yaml": "data:\n  run.sh: |\n    exec true\n"}, True),
        ({"environment.yaml": ENVIRONMENT}, True),
        ({"job.yaml": "steps:\n  - run: pip install torch\n"}, True),
    ],
)
def test_a_file_is_read_where_it_says_something_or_others_speak_of_it(
    root: Path, written: dict[str, str], speaks: bool
) -> None:
    put(written)
    first = next(iter(written))
    project = Project(root)
    assert spoken_of(first, written[first], project) is speaks
    assert spoken_of(first, None, project) <= speaks, "whatever it holds, others speak of it or not"


class Count:
    """How often something is called, by what it is called with."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, place: object, name: str) -> None:
        self.paths: list[str] = []
        function = getattr(place, name)

        def counted(first: object, *values: object, **named: object) -> object:
            self.paths.append(first.path if isinstance(first, Source) else str(first)[:20])
            return function(first, *values, **named)

        monkeypatch.setattr(place, name, counted)


def test_of_many_manifests_those_are_judged_that_hold_a_word(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put({f"{team}/{number}.yaml": PLAIN for team in "abc" for number in range(20)})
    put({"a/server.yaml": TEMPLATE.replace("{{ .Values.name }}", "Qwen/Qwen2.5-7B-Instruct")})
    judged = Count(monkeypatch, engine, "check")
    found = check(Request(paths=(".",), no_cache=True, jobs=1))
    assert judged.paths == ["a/server.yaml"]
    assert found.report.files == 61
    assert found.report.findings


TREE = {
    "chart/Chart.yaml": "apiVersion: v2\nname: chart\nversion: 1.0.0\n",
    "chart/values.yaml": VALUES,
    "chart/templates/pod.yaml": TEMPLATE,
    "base/kustomization.yaml": "resources: [pod.yaml]\n",
    "base/pod.yaml": TEMPLATE.replace("kind: Pod", "kind: Pod\nmetadata: {name: a}").replace("{{ .Values.name }}", "m"),
    "over/kustomization.yaml": "resources: [../base]\npatches: [{path: patch.yaml}]\n",
    "over/patch.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {nodeSelector: {pool: l4}}\n",
    "maps/map.yaml": CONFIG_MAP,
    "maps/pod.yaml": TEMPLATE.replace('"--model={{ .Values.name }}"', '"--model=$(MODEL)"')
    + "      envFrom: [{configMapRef: {name: settings}}]\n",
    "compose/compose.yaml": "services:\n  a: {image: vllm/vllm-openai:v0.9.2, command: [--max-num-seqs=1]}\n",
    "compose/compose.override.yaml": "services:\n  a: {shm_size: 1g}\n",
    "conda/environment.yaml": ENVIRONMENT,
    "plain/a.yaml": PLAIN,
    "plain/package.json": '{"name": "vllm", "scripts": {"docs": "process"}}\n',
    "plain/server.json": '{"containers": [{"image": "vllm/vllm-openai:v0.9.2", "command": ["vllm", "serve", "m"]}]}\n',
}


def test_passing_files_by_changes_nothing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def told(found: Run) -> tuple[object, ...]:
        return found.report.findings, found.report.problems, found.deployments

    put(TREE)
    request = Request(paths=(".",), no_cache=True, jobs=1)
    quick = told(check(request)), told(facts(request))
    monkeypatch.setenv("ECOLINT_WITHOUT", "scan")
    assert quick == (told(check(request)), told(facts(request)))
    assert quick[0][0]
    assert quick[0][2]


def test_what_held_nothing_is_read_once_others_speak_of_it(
    root: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ECOLINT_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.setattr(index, "RACY", -10_000_000_000)
    put({f"plain/{number}.yaml": PLAIN for number in range(FEW)})
    put({"chart/values.yaml": VALUES, "chart/templates/pod.yaml": PLAIN})
    request = Request(paths=(".",), jobs=1)
    loads = Count(monkeypatch, files, "load")
    assert not check(request).deployments
    assert len(loads.paths) == FEW + 2
    loads.paths.clear()
    assert not check(request).deployments
    assert loads.paths == [], "nobody speaks of them, so they are not opened again"
    put({"chart/Chart.yaml": "name: chart\n", "chart/templates/pod.yaml": TEMPLATE})
    judged = Count(monkeypatch, engine, "check")
    (found,) = check(request).deployments
    assert set(judged.paths) == {"chart/Chart.yaml", "chart/templates/pod.yaml", "chart/values.yaml"}
    assert {place.path for place in found.facts["model"].sources} == {"chart/values.yaml"}


# --- JSON -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ('{"backend": "x"}', True),
        ('{"vllm": {"title": "a provider"}}', False),
        ('{"vllm": {"image": "some/thing"}}', True),
        ('{"vllm": 1} // ecolint: ignore[ECO101]', True),
        ('{"image": "process", "args": ["local"]}', False),
        ('{"image": "a", "args": ["/usr/bin/vllm"]}', True),
        ('{"script": "cd /app\\nvllm serve m"}', True),
        ('{"script": "cd /app;\\u0020vllm serve m"}', True),
        ('{"script": "vllm-proxy run"}', False),
        ('{"title": "vllm"}', False),
    ],
)
def test_json_is_parsed_where_settings_stand_or_something_runs(
    monkeypatch: pytest.MonkeyPatch, text: str, parsed: bool
) -> None:
    count = Count(monkeypatch, tree, "parse")
    read_json(Source("a.json", text), asked(), Nowhere())
    assert bool(count.paths) is parsed


def test_a_script_that_puts_the_name_of_a_program_together_may_run_it() -> None:
    wanted = programs.programs(("oc", "vllm"))
    assert wanted.may_be_run_by("oc new-app image")
    assert wanted.may_be_run_by("$PREFIX-vllm serve")
    assert not wanted.may_be_run_by("docker run process")
    assert not wanted.may_be_run_by("$PREFIX serve")
