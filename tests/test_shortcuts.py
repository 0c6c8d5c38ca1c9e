"""Every shortcut only skips work: with it and without it the same is said, byte for byte."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import equivalence
import pytest
from conftest import Shell
from test_fixtures import FIXTURES

from ecolint import files, run, shortcuts
from ecolint.readers.python import reading

CHECK = ("check", "--format", "json", "--conventions", "--include-tests", "--show-green")
FACTS = ("facts", "--format", "json", "--include-tests")
COMMANDS = pytest.mark.parametrize("command", [CHECK, FACTS], ids=["check", "facts"])
STEP = 24
"""Of so many fixtures that are one file, one is read; all are where that may take its time."""


def samples() -> None:
    """Some of the fixtures, below the working folder."""
    for name, wanted in (("ECO*/*/**/*", STEP // 4), ("ECO*/*", STEP)):
        for path in sorted(one for one in FIXTURES.glob(name) if one.is_file())[::wanted]:
            place = Path(path.relative_to(FIXTURES))
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, place)
    shutil.copytree(FIXTURES / "demo", "demo")


@pytest.fixture
def said(ecolint: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., tuple[int, str, str]]:
    """Says what a command says, without some shortcuts, from a cache of this name."""

    def say(*argv: str, without: str = "", cache: str = "cold") -> tuple[int, str, str]:
        monkeypatch.setenv(shortcuts.VARIABLE, without)
        monkeypatch.setenv("ECOLINT_CACHE_DIR", str(tmp_path.parent / f"{tmp_path.name}-{cache}"))
        ecolint(*argv)
        return ecolint.code, ecolint.out, ecolint.err

    monkeypatch.setattr(run, "MANY", 1)  # workers are a shortcut too
    return say


@COMMANDS
def test_without_any_shortcut_the_same_is_said(
    said: Callable[..., tuple[int, str, str]], command: tuple[str, ...]
) -> None:
    samples()
    full = said(*command, without="all")
    assert full[1].count('"path"') > 50
    assert said(*command, "--jobs", "1", "--no-cache") == full
    assert said(*command, "--jobs", "2") == full
    assert said(*command, "--jobs", "1") == full  # what is kept


@pytest.mark.parametrize("shortcut", shortcuts.SHORTCUTS)
def test_without_one_shortcut_the_same_facts_are_read(said: Callable[..., tuple[int, str, str]], shortcut: str) -> None:
    samples()
    assert said(*FACTS, without=shortcut, cache=shortcut) == said(*FACTS)


@pytest.mark.slow
@pytest.mark.parametrize("command", sorted(equivalence.COMMANDS))
def test_of_all_fixtures_the_same_is_said(command: str) -> None:
    lines: list[str] = []
    assert equivalence.main([str(FIXTURES), "--command", command, "--each"], lines.append) == 0, "\n".join(lines)


# --- a shortcut that is not taken -------------------------------------------------------------------------------------


class Counted:
    """A function that counts how often it is called."""

    def __init__(self, real: Callable[..., object]) -> None:
        self.real, self.times = real, 0

    def __call__(self, *values: object, **named: object) -> object:
        self.times += 1
        return self.real(*values, **named)


def test_without_the_scan_every_file_is_decoded(
    said: Callable[..., tuple[int, str, str]], ecolint: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("a.py", "b.yaml", "c.toml", "d.sh", "Dockerfile", "e.json", "f.tf", "requirements.txt", "g.properties")
    for name in names:
        ecolint.put(name, "\n")
    decoded = Counted(files.decode)
    monkeypatch.setattr(files, "decode", decoded)
    assert said("check", "--jobs", "1", "--no-cache")[0] == 0
    assert decoded.times == 0
    assert said("check", "--jobs", "1", "--no-cache", without="scan")[0] == 0
    assert decoded.times == len(names)


def test_without_the_gates_every_python_file_is_gone_into(
    said: Callable[..., tuple[int, str, str]], ecolint: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:

    ecolint.put("a.py", "print(1)\n")
    ecolint.put("b.py", "from vllm import LLM\n")
    read = Counted(reading.read_file)
    monkeypatch.setattr(reading, "read_file", read)
    said("check", "--jobs", "1", "--no-cache", without="scan")
    assert read.times == 0
    said("check", "--jobs", "1", "--no-cache", without="scan,gates")
    assert read.times == 2


def test_a_name_that_is_no_shortcut_switches_nothing_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(shortcuts.VARIABLE, "scanner")
    assert all(map(shortcuts.taken, shortcuts.SHORTCUTS))
    monkeypatch.setenv(shortcuts.VARIABLE, "all")
    assert not any(map(shortcuts.taken, shortcuts.SHORTCUTS))


# --- the proof on a whole folder --------------------------------------------------------------------------------------


def test_the_benchmark_finds_no_difference_where_there_is_none(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("from vllm import LLM\nLLM('m', enforce_eager=True)\n", encoding="utf-8")
    lines: list[str] = []
    assert equivalence.main([str(tmp_path), "--command", "check"], lines.append) == 0
    assert [line[7:26].strip() for line in lines] == ["all off", "all on, cold", "all on, warm", "no cache"]


def test_the_benchmark_tells_the_first_difference() -> None:
    full = equivalence.Said(1, b'{"findings": [\n{"path": "a.py"},\n{"path": "b.py"}]}', b"")
    other = equivalence.Said(0, b'{"findings": [\n{"path": "a.py"}]}', b"c.py:1: broken\n")
    assert list(equivalence.difference(full, full)) == []
    told = "\n".join(equivalence.difference(full, other))
    assert "exit code 1 without shortcuts, 0 with them" in told
    assert 'only without shortcuts: {"path": "b.py"}' in told
    assert "standard error, line 1, with them: c.py:1: broken" in told
    assert 'standard output, line 2, with them: {"path": "a.py"}]}' in told
