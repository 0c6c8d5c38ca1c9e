"""The cache of outcomes: what comes out of it is what would be found anew, and anything it rests on makes it void."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from ecolint import engine, files
from ecolint.cache import NOTHING, Cache, keys
from ecolint.consulted import Consulted, digest
from ecolint.decisions import rules_of
from ecolint.model import Report
from ecolint.project import Project
from ecolint.report import Look, render
from ecolint.settings import Settings
from ecolint.speech import Voice
from ecolint.verify import Outcome

FIXTURES = Path(__file__).parent.parent / "fixtures"

APP = """\
from transformers import AutoModelForCausalLM, BitsAndBytesConfig
from config import EIGHT

AutoModelForCausalLM.from_pretrained(
    "Qwen/Qwen2.5-1.5B-Instruct", quantization_config=BitsAndBytesConfig(load_in_8bit=EIGHT)
)
"""
LOADS = """\
from transformers import AutoModelForCausalLM

AutoModelForCausalLM.from_pretrained("weights")
"""
USES = "from models import load\n\nmodel = load()\nmodel.generate(use_cache=False)\n"
MODELS = """\
from transformers import AutoModelForCausalLM


def load():
    return AutoModelForCausalLM.from_pretrained("Qwen/Qwen2.5-1.5B-Instruct")
"""
CONTAINER = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: a}
spec:
  template:
    spec:
      containers:
        - name: vllm
          image: vllm/vllm-openai:v0.6.0
          args: ["--model", "Qwen/Qwen2.5-1.5B-Instruct", "--enforce-eager"]
          envFrom: [{configMapRef: {name: settings}}]
"""
PATCH = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: a}
spec: {template: {spec: {containers: [{name: vllm, args: ["--model", "Qwen/Qwen2.5-1.5B-Instruct"]}]}}}
"""
OVERLAY = "resources: [../base]\npatches: [{path: patch.yaml}]\n"
CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {VLLM_ATTENTION_BACKEND: FLASHINFER}\n"
CHART = {"Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n", "values.yaml": "args: [--enforce-eager]\n"}
TEMPLATE = """\
apiVersion: v1
kind: Pod
metadata: {name: a}
spec:
  containers:
    - name: vllm
      image: vllm/vllm-openai:v0.6.0
      args:
        {{- toYaml .Values.args | nindent 8 }}
"""
IMAGE = 'FROM vllm/vllm-openai:v0.6.0\nCOPY start.sh /start.sh\nENTRYPOINT ["/start.sh"]\n'
SCRIPT = "#!/bin/sh\nvllm serve Qwen/Qwen2.5-1.5B-Instruct --enforce-eager\n"
INT8 = '{"model_type": "qwen2", "quantization_config": {"quant_method": "bitsandbytes", "load_in_8bit": true}}'


@dataclass
class Bench:
    """A project in the working folder, linted file by file as a run does it; every call of `lint` is another run."""

    cache: Path
    root: Path
    settings: Settings = field(default_factory=lambda: Settings(Path.cwd(), conventions=True))
    hits: list[str] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)

    def lint(self, *paths: str, enabled: bool = True) -> list[Outcome]:
        """The outcomes of some files; `hits` tells which of them came out of the cache."""
        cache = Cache(str(self.cache), str(self.root), enabled)
        project = Project(self.root, content=cache.content if enabled else None)
        rules = rules_of(self.settings)
        found, self.hits, self.texts = [], [], {}
        for path in paths:
            loaded = files.load(files.File(path, os.path.abspath(path), False), self.settings.max_file_size)
            assert isinstance(loaded, files.Loaded)
            key = cache.key(path, os.path.abspath(path), digest(loaded.data), self.settings, project)
            outcome = cache.outcome(key, project)
            if outcome is None:
                project.watch()
                outcome = engine.check(loaded.source, project, rules, self.settings)
                cache.keep(key, path, project.consulted(), outcome)
            else:
                self.hits.append(path)
            self.texts |= {**project.texts, path: loaded.source.text}
            found.append(outcome)
        cache.close()
        return found

    def report(self, outcomes: Sequence[Outcome]) -> Report:
        """The report of some outcomes."""
        return Report(
            findings=tuple(finding for one in outcomes for finding in one.findings),
            files=len(outcomes),
            problems=tuple(problem for one in outcomes for problem in one.problems),
            workload=self.settings.workload,
            sources=self.texts,
            show_green=True,
            verbose=True,
            deployments=tuple(deployment for one in outcomes for deployment in one.deployments),
        )


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """An empty project, with a cache beside it."""
    root = tmp_path / "project"
    (root / ".git").mkdir(parents=True)
    monkeypatch.chdir(root)
    return Bench(tmp_path / "cache", root)


def put(written: Mapping[str, str]) -> None:
    for name, text in written.items():
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


# --- out of the cache as anew -----------------------------------------------------------------------------------------

_HITS = sorted(path for path in FIXTURES.glob("ECO*/hit*.*") if path.is_file())
ROUND = [path.relative_to(FIXTURES.parent).as_posix() for path in {path.suffix: path for path in _HITS}.values()]
"""One file of every syntax."""


def test_what_is_kept_comes_back_equal_and_gives_the_same_reports(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(FIXTURES.parent)
    bench.root = FIXTURES.parent
    forms = ("json", "markdown", "github")

    def rendered(outcomes: Sequence[Outcome]) -> dict[tuple[str, str], str]:
        report = bench.report(outcomes)
        looks = {locale: Look(voice=Voice(locale)) for locale in ("en", "zh")}
        return {(form, locale): render(form, report, look) for form in forms for locale, look in looks.items()}

    kept = bench.lint(*ROUND)
    assert not bench.hits
    told = rendered(kept)
    again = bench.lint(*ROUND)
    assert bench.hits == ROUND
    assert again == kept
    assert rendered(again) == told
    anew = bench.lint(*ROUND[:3], enabled=False)
    assert anew == again[:3]


def test_a_finding_still_speaks_of_a_deployment_of_its_outcome(bench: Bench) -> None:
    put({"app.py": APP, "config.py": "EIGHT = True\n"})
    bench.lint("app.py")
    (outcome,) = bench.lint("app.py")
    assert bench.hits
    assert any(outcome.findings[0].deployment is one for one in outcome.deployments)


def test_the_texts_of_other_files_are_there_for_a_report(bench: Bench) -> None:
    put({"app.py": APP, "config.py": "\n\nEIGHT = True\n"})
    bench.lint("app.py")
    bench.lint("app.py")
    assert bench.hits == ["app.py"]
    assert bench.texts["config.py"] == "\n\nEIGHT = True\n"


# --- what makes it void -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """Files, the one that is looked at, and what is done to another one. `stays` where nothing that counts changes."""

    written: Mapping[str, str]
    looked: str
    then: Mapping[str, str | None]
    stays: bool = False


CASES = {
    "an imported module is edited": Case(
        {"app.py": APP, "config.py": "EIGHT = True\n"}, "app.py", {"config.py": "EIGHT = False\n"}
    ),
    "an imported module goes": Case({"app.py": APP, "config.py": "EIGHT = True\n"}, "app.py", {"config.py": None}),
    "an imported module comes": Case({"app.py": APP}, "app.py", {"config.py": "EIGHT = True\n"}),
    "a nearer module answers": Case(
        {"a/app.py": APP, "config.py": "EIGHT = False\n"}, "a/app.py", {"a/config.py": "EIGHT = True\n"}
    ),
    "a module is renamed": Case(
        {"app.py": APP, "config.py": "EIGHT = True\n"}, "app.py", {"config.py": None, "setup.py": "EIGHT = True\n"}
    ),
    "a function gives back no model any more": Case(
        {"use.py": USES, "models.py": MODELS}, "use.py", {"models.py": "def load():\n    return None\n"}
    ),
    "a library is pinned": Case({"load.py": LOADS}, "load.py", {"requirements.txt": "transformers==4.40.0\n"}),
    "a pin is edited, two folders up": Case(
        {"a/b/load.py": LOADS, "pyproject.toml": '[project]\nname = "x"\ndependencies = ["transformers==4.40.0"]\n'},
        "a/b/load.py",
        {"pyproject.toml": '[project]\nname = "x"\ndependencies = ["transformers==5.0.0"]\n'},
    ),
    "a lock comes": Case(
        {"load.py": LOADS, "pyproject.toml": '[project]\nname = "x"\ndependencies = ["transformers"]\n'},
        "load.py",
        {"uv.lock": '[[package]]\nname = "transformers"\nversion = "4.40.0"\n'},
    ),
    "weights tell what they are": Case({"load.py": LOADS}, "load.py", {"weights/config.json": INT8}),
    "a ConfigMap beside is edited": Case(
        {"a.yaml": CONTAINER, "map.yaml": CONFIG_MAP},
        "a.yaml",
        {"map.yaml": CONFIG_MAP.replace("FLASHINFER", "XFORMERS")},
    ),
    "an overlay comes": Case(
        {"base/a.yaml": CONTAINER, "base/kustomization.yaml": "resources: [a.yaml]\n"},
        "base/a.yaml",
        {"over/kustomization.yaml": OVERLAY, "over/patch.yaml": PATCH},
    ),
    "a patch is edited": Case(
        {
            "base/a.yaml": CONTAINER,
            "base/kustomization.yaml": "resources: [a.yaml]\n",
            "over/kustomization.yaml": OVERLAY,
            "over/patch.yaml": PATCH,
        },
        "base/a.yaml",
        {"over/patch.yaml": PATCH.replace('Instruct"]', 'Instruct", "--enforce-eager"]')},
    ),
    "values beside a chart come": Case(
        {**CHART, "templates/pod.yaml": TEMPLATE},
        "templates/pod.yaml",
        {"values-prod.yaml": "args: [--max-num-seqs=1]\n"},
    ),
    "a chart's values are edited": Case(
        {**CHART, "templates/pod.yaml": TEMPLATE}, "templates/pod.yaml", {"values.yaml": "args: [--max-num-seqs=1]\n"}
    ),
    "a copied script is edited": Case(
        {"Dockerfile": IMAGE, "start.sh": SCRIPT}, "Dockerfile", {"start.sh": SCRIPT.replace(" --enforce-eager", "")}
    ),
    "a stranger is edited": Case(
        {"app.py": APP, "config.py": "EIGHT = True\n", "b/x.py": "X = 1\n"}, "app.py", {"b/x.py": "X = 2\n"}, stays=True
    ),
    "a project is described anew": Case(
        {"load.py": LOADS, "pyproject.toml": '[project]\nname = "x"\ndependencies = ["transformers==4.40.0"]\n'},
        "load.py",
        {"pyproject.toml": '[project]\nname = "renamed"\ndependencies = ["transformers==4.40.0"]\n'},
        stays=True,
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_an_outcome_rests_on_makes_it_void(bench: Bench, case: Case) -> None:
    put(case.written)
    before = bench.lint(case.looked)
    assert bench.lint(case.looked) == before
    assert bench.hits == [case.looked]
    put({name: text for name, text in case.then.items() if text is not None})
    for name in (name for name, text in case.then.items() if text is None):
        Path(name).unlink()
    after = bench.lint(case.looked)
    assert bench.hits == ([case.looked] if case.stays else [])
    assert after == bench.lint(case.looked, enabled=False)
    assert (after == before) is case.stays
    assert bench.lint(case.looked) == after
    assert bench.hits == [case.looked]


def test_a_second_file_rests_on_what_the_first_one_had_made(bench: Bench) -> None:
    """What is made once in a run counts for everybody that uses it."""
    put({"a.py": APP, "b.py": APP, "config.py": "EIGHT = True\n", "use.py": USES, "use2.py": USES, "models.py": MODELS})
    names = ("a.py", "b.py", "use.py", "use2.py")
    bench.lint(*names)
    put({"config.py": "EIGHT = False\n"})
    bench.lint(*names)
    assert bench.hits == ["use.py", "use2.py"]
    put({"models.py": "def load():\n    return None\n"})
    bench.lint(*names)
    assert bench.hits == ["a.py", "b.py"]


def test_what_many_files_rest_on_is_kept_once(bench: Bench) -> None:
    """Every manifest rests on all kustomizations of the project."""
    for n in range(60):
        put({f"o{n}/kustomization.yaml": "resources: [d.yaml]\n", f"o{n}/d.yaml": "kind: Service\n"})
    put({"base/a.yaml": CONTAINER, "base/b.yaml": CONTAINER})
    names = ("base/a.yaml", "base/b.yaml")
    first = bench.lint(*names)
    bundles = [
        one for one in bench.cache.rglob("*") if one.is_file() and one.read_bytes().startswith(b"ecolint bundle")
    ]
    assert len(bundles) == 1
    assert bench.lint(*names) == first
    assert bench.hits == [*names]
    put({"o7/kustomization.yaml": "resources: [../base/a.yaml]\n"})
    bench.lint(*names)
    assert bench.hits == []
    bench.lint(*names)
    assert bench.hits == [*names]
    for one in bench.cache.rglob("*"):
        if one.is_file() and one.read_bytes().startswith(b"ecolint bundle"):
            one.write_bytes(b"lost")
    bench.lint(*names)
    assert bench.hits == []


# --- settings and the tool --------------------------------------------------------------------------------------------


def test_every_setting_is_known_to_matter_or_not() -> None:
    """Whoever adds a setting decides whether it can change what is found in a file."""
    assert {one.name for one in dataclasses.fields(Settings)} == keys.MATTERS | keys.ASIDE
    assert not keys.MATTERS & keys.ASIDE


@pytest.mark.parametrize(
    "change",
    [
        {"gpu": "H100"},
        {"context": "production"},
        {"ignore": ("ECO101",)},
        {"per_file_ignores": {"*.py": ("ECO101",)}},
        {"locale": "zh"},
        {"max_file_size": 999_999},
    ],
    ids=str,
)
def test_other_settings_are_another_outcome(bench: Bench, change: Mapping[str, object]) -> None:
    put({"app.py": APP, "config.py": "EIGHT = True\n"})
    bench.lint("app.py")
    bench.settings = replace(bench.settings, **change)  # type: ignore[arg-type]
    found = bench.lint("app.py")
    assert bench.hits == []
    assert found == bench.lint("app.py", enabled=False)


def test_settings_that_judge_nothing_are_no_other_outcome(bench: Bench) -> None:
    put({"app.py": APP, "config.py": "EIGHT = True\n"})
    bench.lint("app.py")
    bench.settings = replace(bench.settings, fail_on="never", exclude=(), origins={"gpu": "command line"})
    bench.lint("app.py")
    assert bench.hits == ["app.py"]


def test_an_edited_rule_of_the_user_counts(bench: Bench) -> None:
    rule = next(Path(FIXTURES.parent / "rules").glob("ECO306*")).read_text(encoding="utf-8")
    rule = rule.replace("ECO306", "ECO999").replace("cuda-graphs-disabled", "mine")
    put({"app.py": APP, "mine/ECO999_mine.toml": rule})
    bench.settings = replace(bench.settings, rules=(os.path.abspath("mine"),))
    assert keys.Digests().judging(bench.settings) == keys.Digests().judging(replace(bench.settings))
    before = keys.Digests().judging(bench.settings)
    put({"mine/ECO999_mine.toml": rule + "\n# edited\n"})
    assert keys.Digests().judging(bench.settings) != before


def test_another_tool_is_another_outcome(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    put({"app.py": APP})
    bench.lint("app.py")
    monkeypatch.setattr(keys, "tool", lambda: b"another")
    bench.lint("app.py")
    assert bench.hits == []


def test_another_root_or_working_folder_is_another_outcome(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is inside of a project, and how its files are shown, is part of what was found."""
    put({"a/x/app.py": APP, "a/x/config.py": "EIGHT = True\n", "b/keep": ""})
    cache = Cache(str(bench.cache), str(bench.root))
    told = ("app.py", "/app.py", b"", bench.settings)
    keys_of = {cache.key(*told, Project(root)) for root in (bench.root, bench.root / "a")}
    monkeypatch.chdir("b")
    keys_of.add(cache.key(*told, Project(bench.root)))
    assert len(keys_of) == 3


def test_facts_are_not_findings(bench: Bench) -> None:
    cache = Cache(str(bench.cache), str(bench.root))
    project = Project(bench.root)
    told = ("a.py", "/a.py", b"", bench.settings, project)
    assert cache.key(*told) != cache.key(*told, judged=False)


# --- what is not kept -------------------------------------------------------------------------------------------------


def test_nobody_keeps_what_rests_on_a_failed_making(bench: Bench) -> None:
    project = Project(bench.root, content=lambda location, status: b"x")
    project.watch()

    def fail() -> None:
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        project.kept("key", fail)
    assert project.consulted() == Consulted({}, (), {})
    project.watch()
    assert project.kept("key", lambda: 1) == 1
    assert project.consulted() is not None


def test_a_file_that_deploys_nothing_rests_on_nothing(bench: Bench) -> None:
    """Such a file needs no entry: a note in the index says that there is nothing in it."""
    put({"a.py": "x = 'from_pretrained'\n", "requirements.txt": "transformers==4.40.0\n"})
    cache = Cache(str(bench.cache), str(bench.root))
    project = Project(bench.root, content=cache.content)
    loaded = files.load(files.File("a.py", os.path.abspath("a.py"), False), 1_000_000)
    assert isinstance(loaded, files.Loaded)
    project.watch()
    outcome = engine.check(loaded.source, project, rules_of(bench.settings), bench.settings)
    key = cache.key("a.py", os.path.abspath("a.py"), digest(loaded.data), bench.settings, project)
    assert cache.keep(key, "a.py", project.consulted(), outcome) is True
    assert cache.outcome(key, project) is None


def test_a_cache_that_is_off_knows_and_keeps_nothing(bench: Bench) -> None:
    put({"app.py": APP})
    bench.lint("app.py", enabled=False)
    bench.lint("app.py", enabled=False)
    assert bench.hits == []
    assert not bench.cache.exists()
    cache = Cache.open(str(bench.root), enabled=False)
    status = os.stat("app.py")
    cache.note(os.path.abspath("app.py"), status, NOTHING, bench.settings)
    assert cache.unchanged(os.path.abspath("app.py"), status, bench.settings) is None
