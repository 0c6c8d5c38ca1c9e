"""Summaries: pins and constants, the same whatever files were named, and never from outside the project."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ecolint import readers
from ecolint.model import Alternative, Pin, Place, Source, Span, Value
from ecolint.project import Project, Projects
from ecolint.readers import dockerfile, requirements


def constants(source: Source) -> Mapping[str, Value]:
    """`NAME = number` lines."""
    pairs = (line.split(" = ") for line in source.text.splitlines() if " = " in line)
    return {name: (Alternative("known", int(value)),) for name, value in pairs}


def pins(source: Source) -> tuple[Pin, ...]:
    """`name: specifier` comment lines."""
    rows = (line[2:].split(": ") for line in source.text.splitlines() if line.startswith("# "))
    return tuple(Pin(name, specifier, Place(source.path, Span(0, 0))) for name, specifier in rows)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """An empty project with small readers."""
    fake: dict[str, Any] = {"py": SimpleNamespace(constants=constants), "settings": SimpleNamespace(pins=pins)}
    for name, reader in fake.items():
        monkeypatch.setitem(sys.modules, f"ecolint.readers.{name}", reader)
    suffixes = {".py": "py", ".toml": "settings", ".yml": "yaml"}
    named = {"requirements": requirements, "dockerfile": dockerfile}
    names = {pattern: name for name, one in named.items() for pattern in one.NAMES}
    monkeypatch.setattr(readers, "shelf", lambda: readers.Shelf(suffixes, names))
    root = tmp_path / "root"
    (root / ".git").mkdir(parents=True)
    monkeypatch.chdir(root)
    return Project(root)


def put(name: str, text: str) -> None:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def value(found: Mapping[str, Value]) -> object:
    return found["X"][0].data if "X" in found else None


@pytest.mark.parametrize(
    ("file", "module", "from_path"),
    [
        ("a/config.py", ".config", "a/main.py"),
        ("a/config.py", "a.config", "b/main.py"),
        ("a/config.py", "config", "a/main.py"),
        ("src/pkg/config.py", "pkg.config", "scripts/run.py"),
        ("config.py", "..config", "a/main.py"),
        ("a/__init__.py", ".", "a/main.py"),
        ("a/config/__init__.py", "a.config", "main.py"),
    ],
)
def test_an_import_inside_the_project_is_found(project: Project, file: str, module: str, from_path: str) -> None:
    put(file, "X = 7\n")
    assert value(project.constants(module, from_path)) == 7


def test_the_nearest_module_wins(project: Project) -> None:
    put("config.py", "X = 1\n")
    put("a/config.py", "X = 2\n")
    assert value(project.constants("config", "a/main.py")) == 2
    assert value(project.constants("config", "main.py")) == 1


@pytest.mark.parametrize("module", ["...outside", "..outside", "outside", "", "a..b", "../outside", "a/b", "no.such"])
def test_nothing_outside_the_project_is_read(project: Project, module: str) -> None:
    Path("../outside.py").write_text("X = 1\n", encoding="utf-8")
    assert project.constants(module, "a/main.py") == {}


def test_a_link_that_leads_outside_is_not_read(project: Project) -> None:
    Path("../outside.py").write_text("X = 1\n", encoding="utf-8")
    os.symlink("../outside.py", "config.py")
    assert project.constants("config", "main.py") == {}


def test_what_cannot_be_read_gives_nothing(project: Project) -> None:
    Path("config.py").write_bytes(b"X = 1\xff\n")
    assert project.constants("config", "main.py") == {}


def test_texts_are_kept_for_places_in_other_files(project: Project) -> None:
    put("a/config.py", "X = 7\n")
    project.constants("a.config", "main.py")
    assert project.texts == {"a/config.py": "X = 7\n"}


def test_the_text_of_a_file_is_found_whichever_project_read_it(project: Project) -> None:
    put("a/config.py", "X = 7\n")
    put("a/other/.git/config", "")
    put("a/other/config.py", "X = 8\n")
    projects = Projects()
    projects.of(os.path.abspath("main.py")).constants("a.other.config", "main.py")
    assert projects.text("a/other/config.py") == "X = 8\n"
    projects.of(os.path.abspath("a/other/main.py"))
    assert projects.text("a/other/config.py") == "X = 8\n"
    assert projects.text("a/config.py") is None


def test_pins_come_from_the_nearest_folder_that_has_any(project: Project) -> None:
    put("pyproject.toml", "# torch: ==2.4.0\n")
    put("a/pyproject.toml", "[tool.other]\n")
    put("b/pyproject.toml", "# Transformers: >=4.40,<5\n")
    assert project.pins("a/x/main.py") == {"torch": "==2.4.0"}
    assert project.pins("b/main.py") == {"transformers": ">=4.40,<5"}
    assert project.pins("main.py") == {"torch": "==2.4.0"}


def test_requirements_count_and_pyproject_wins(project: Project) -> None:
    put("requirements.txt", "# note\n-r other.txt\ntorch==2.3 \\\n  --hash=x\nbits_and.bytes >= 0.44 # why\nhttp://x\n")
    put("pyproject.toml", "# torch: ==2.4.0\n")
    assert project.pins("main.py") == {"torch": "==2.4.0", "bits-and-bytes": ">=0.44"}


def test_a_library_pinned_in_two_ways_is_not_pinned(project: Project) -> None:
    put("requirements.txt", "torch==2.3\nvllm==0.8\n")
    put("requirements.in", "torch==2.4\nvllm\n")
    assert project.pins("main.py") == {"vllm": "==0.8"}


def test_files_that_requirements_name_count_inside_the_project(project: Project) -> None:
    Path("../outside.txt").write_text("outside==1\n", encoding="utf-8")
    put("a/requirements.txt", "-r ../base.txt\n-r ../../outside.txt\n-r requirements.txt\n-c limits.txt\ntorch>=2\n")
    put("base.txt", "base==1\n-r a/requirements.txt\n")
    put("a/limits.txt", "torch<3\nlimited==1\n")
    assert project.pins("a/main.py") == {"torch": ">=2,<3", "base": "==1", "limited": "==1"}


def test_the_more_telling_file_wins(project: Project) -> None:
    put("Dockerfile", "FROM a\nRUN pip install a==1 b==1 c==1 d==1 e==1\n")
    put("environment.yml", "dependencies:\n  - b=2.0\n  - c=2\n  - d=2\n  - e=2\n")
    put("requirements.txt", "c==3\nd==3\ne==3\n")
    put("pyproject.toml", "# d: >=4\n# e: >=4\n# f: >=4\n")
    put("uv.lock", '[[package]]\nname = "e"\nversion = "5"\n\n[[package]]\nname = "F_g"\nversion = "5"\nsource = 1\n')
    pins = {"a": "==1", "b": "==2.0.*", "c": "==3", "d": ">=4", "e": "==5", "f": ">=4", "f-g": "==5"}
    assert project.pins("main.py") == pins


def test_what_stands_beside_a_project_fills_gaps(project: Project) -> None:
    put("requirements.txt", "torch==2.4\n")
    put("requirements/gpu.txt", "vllm==0.8\n")
    put("requirements/test.txt", "pytest==8\n")
    put("requirements-dev.txt", "ruff==1\n")
    put("docker/Dockerfile", "FROM a\nRUN pip install vllm==0.9\nRUN if x; then pip install torch==2.5; fi\n")
    assert project.pins("main.py") == {"torch": "==2.4", "vllm": "==0.8"}
    assert project.pins("docker/main.py") == {"torch": "==2.4", "vllm": "==0.9"}


def test_an_environment_of_two_versions_says_none(project: Project) -> None:
    put("poetry.lock", '[[package]]\nname = "a"\nversion = "1"\n[[package]]\nname = "a"\nversion = "2"\n')
    put("requirements.txt", "a>=1\n")
    assert project.pins("main.py") == {}


def test_pins_from_above_the_project_do_not_count(project: Project) -> None:
    Path("../pyproject.toml").write_text("# torch: ==2.4.0\n", encoding="utf-8")
    assert project.pins("main.py") == {}


def test_each_file_has_the_project_of_its_own_root(project: Project) -> None:
    Path("vendored/.git").mkdir(parents=True)
    projects = Projects()
    outer, inner = projects.of(os.path.abspath("a.py")), projects.of(os.path.abspath("vendored/a.py"))
    assert outer.root == Path.cwd()
    assert inner.root == Path.cwd() / "vendored"
    assert projects.of(os.path.abspath("sub/b.py")) is outer
