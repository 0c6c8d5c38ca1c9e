"""Files looked at by several processes: the same is said as by one, whatever becomes of the others."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from conftest import Shell
from test_fixtures import FIXTURES

from ecolint import engine, run, shortcuts, workers
from ecolint.cache import packing
from ecolint.looking import Looking, Seen, Task
from ecolint.model import Source
from ecolint.workers import Result, Workers

needs_fork = pytest.mark.skipif(sys.platform != "linux", reason="a worker is a copy of this process on Linux alone")

WASTEFUL = """\
from transformers import AutoModelForCausalLM, BitsAndBytesConfig

AutoModelForCausalLM.from_pretrained("gpt2", quantization_config=BitsAndBytesConfig(load_in_8bit=True))
"""


class Starts:
    """Counts the processes that are started."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.count = 0
        start = BaseProcess.start

        def counted(process: BaseProcess) -> None:
            self.count += 1
            start(process)

        patch.setattr(BaseProcess, "start", counted)


@pytest.fixture
def starts(monkeypatch: pytest.MonkeyPatch) -> Starts:
    """The processes that a test starts; of few files, too, several look at once, and take them one by one."""
    monkeypatch.setattr(run, "MANY", 1)
    monkeypatch.setattr(workers, "SMALLEST", 1)
    return Starts(monkeypatch)


@pytest.fixture(params=[True, pytest.param(False, id="spawn")], ids=["fork", "spawn"])
def both_starts(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers that are copies of this process, and workers that begin anew."""
    if not request.param:
        monkeypatch.setattr(workers, "forks", lambda: False)


def wasteful(count: int = 12) -> None:
    """Files with findings, in two folders."""
    for number in range(count):
        path = Path("ab"[number % 2], f"load{number:02}.py")
        path.parent.mkdir(exist_ok=True)
        path.write_text(WASTEFUL, encoding="utf-8")


def few_fixtures(to: Path) -> None:
    """One fixture in some of every kind, with the folders that are one sample, and files that cannot be read."""
    found = sorted(path for path in FIXTURES.rglob("*") if path.is_file() and path.stat().st_size < 3_000)
    for path in found[::30]:
        place = to / path.relative_to(FIXTURES)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)
    (to / "ECO101_nul.py").write_bytes(WASTEFUL.encode() + b"\0")
    (to / "ECO101_latin.py").write_bytes(WASTEFUL.encode() + b"# \xe4\n")
    (to / "ECO303_broken.py").write_text(WASTEFUL + "def f(:\n", encoding="utf-8")
    (to / "ECO303_broken.yaml").write_text("image: vllm/vllm-openai:v0.9.1\nargs: [\n", encoding="utf-8")


# --- the same as one --------------------------------------------------------------------------------------------------


def everything(ecolint: Shell, *argv: str) -> tuple[int, str, str, bytes]:
    """All that a run says of a folder: its exit code, its two streams, and its findings as JSON."""
    asked = ("--conventions", "--include-tests", "--show-green", "--no-cache", "--output", "json=found.json")
    ecolint("check", "tree", *asked, *argv)
    return ecolint.code, ecolint.out, ecolint.err, Path("found.json").read_bytes()


def test_several_processes_say_what_one_does(ecolint: Shell, starts: Starts, monkeypatch: pytest.MonkeyPatch) -> None:
    few_fixtures(Path("tree"))

    def said(*argv: str) -> tuple[int, str, str, bytes]:
        return everything(ecolint, *argv)

    alone = said("--jobs", "1")
    assert starts.count == 0
    assert alone[3].count(b'"path"') > 50
    assert len(alone[2].splitlines()) == 4
    assert said("--jobs", "2") == alone
    assert starts.count == 2
    assert said("--jobs", "3") == alone
    assert starts.count == 5
    monkeypatch.setenv(shortcuts.VARIABLE, "workers")
    assert said() == alone
    monkeypatch.delenv(shortcuts.VARIABLE)
    assert starts.count == 5
    monkeypatch.setattr(workers, "forks", lambda: False)
    assert said("--jobs", "2") == alone
    assert starts.count == 7


def test_they_say_it_in_every_language(ecolint: Shell, starts: Starts, both_starts: None) -> None:
    few_fixtures(Path("tree"))
    for path in list(Path("tree").glob("ECO*/*"))[5:]:
        path.unlink() if path.is_file() else shutil.rmtree(path)
    alone = everything(ecolint, "--locale", "zh", "--jobs", "1")
    assert everything(ecolint, "--locale", "zh", "--jobs", "2") == alone
    assert starts.count == 2


def test_facts_are_the_same_too(ecolint: Shell, starts: Starts, both_starts: None) -> None:
    few_fixtures(Path("tree"))
    alone = ecolint("facts", "tree", "--format", "json", "--no-cache", "--jobs", "1").out
    assert ecolint("facts", "tree", "--format", "json", "--no-cache", "--jobs", "2").out == alone
    assert starts.count == 2


def test_what_workers_find_is_kept(ecolint: Shell, starts: Starts, both_starts: None) -> None:
    wasteful(30)
    for place in [*Path("a").iterdir(), *Path("b").iterdir()]:
        os.utime(place, (1_000_000_000, 1_000_000_000))
    cold = ecolint("check", "--format", "json", "--jobs", "2")
    told = cold.code, cold.out, cold.err
    assert starts.count == 2
    warm = ecolint("check", "--format", "json", "--jobs", "2")
    assert (warm.code, warm.out, warm.err) == told
    alone = ecolint("check", "--format", "json", "--jobs", "1")
    assert (alone.code, alone.out, alone.err) == told


@pytest.mark.parametrize("option", ["--fix", "--diff"])
def test_who_mends_files_does_so_alone(ecolint: Shell, starts: Starts, option: str) -> None:
    wasteful()
    ecolint("check", option, "--jobs", "3")
    assert (starts.count, ecolint.code in (0, 1)) == (0, True)


def test_what_cannot_be_handed_over_is_looked_at_again(
    ecolint: Shell, starts: Starts, monkeypatch: pytest.MonkeyPatch
) -> None:
    wasteful()
    alone = ecolint("check", "--format", "json", "--no-cache", "--jobs", "1").out
    monkeypatch.setattr(packing, "packed", lambda outcome: None)
    assert ecolint("check", "--format", "json", "--no-cache", "--jobs", "2").out == alone
    assert starts.count == 2


# --- only where there is work for them --------------------------------------------------------------------------------


def test_few_files_start_no_process(ecolint: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    starts = Starts(monkeypatch)
    monkeypatch.setattr(run, "PATIENCE", 3600.0)
    for number in range(100):
        ecolint.put(f"m{number}.py", f"print({number})\n")
    assert ecolint("check", "--jobs", "2").code == 0
    assert starts.count == 0


def test_many_files_start_as_many_as_may_be(ecolint: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    starts = Starts(monkeypatch)
    monkeypatch.setattr(run, "PATIENCE", 3600.0)
    for number in range(run.MANY):
        ecolint.put(f"m{number}.py", f"print({number})\n")
    assert ecolint("check", "--jobs", "2", "--no-cache").code == 0
    assert starts.count == 2


def test_files_that_take_their_time_start_some(ecolint: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    starts = Starts(monkeypatch)
    monkeypatch.setattr(run, "PATIENCE", 0.0)
    wasteful(3)
    ecolint("check", "--jobs", "8", "--no-cache")
    assert starts.count <= 3
    assert starts.count > 0


def test_nobody_is_started_for_the_last_file(ecolint: Shell, starts: Starts) -> None:
    wasteful(1)
    assert ecolint("check", "--jobs", "2", "--no-cache").code == 1
    assert starts.count == 0


def test_there_is_no_more_than_a_process_for_a_file(ecolint: Shell, starts: Starts) -> None:
    wasteful(3)
    ecolint("check", "--jobs", "8", "--no-cache")
    assert starts.count == 3


# --- what goes wrong --------------------------------------------------------------------------------------------------


def dying(patch: pytest.MonkeyPatch, names: tuple[str, ...], end: Callable[[], object]) -> None:
    """Have workers die of files of these names."""
    owner, look = os.getpid(), Looking.look

    def looked(self: Looking, task: Task) -> Seen | None:
        if os.getpid() != owner and task.file.path.endswith(names):
            end()
        return look(self, task)

    patch.setattr(Looking, "look", looked)


@needs_fork
@pytest.mark.parametrize("jobs", ["2", "3"])
@pytest.mark.parametrize("smallest", [1, 8])
def test_a_worker_that_dies_takes_one_file_with_it(
    ecolint: Shell, starts: Starts, monkeypatch: pytest.MonkeyPatch, jobs: str, smallest: int
) -> None:
    monkeypatch.setattr(workers, "SMALLEST", smallest)
    wasteful(18)
    whole = [one for one in ecolint("check", "--format", "concise", "--jobs", "1").out.splitlines() if "b/" in one]
    dying(monkeypatch, ("load05.py", "load06.py"), lambda: os.kill(os.getpid(), signal.SIGKILL))
    ecolint("check", "--format", "concise", "--no-cache", "--jobs", jobs)
    assert ecolint.code == 2
    assert ecolint.err.splitlines() == [
        "a/load06.py:1: the process that read it died",
        "b/load05.py:1: the process that read it died",
    ]
    left = [one for one in ecolint.out.splitlines() if "b/" in one]
    assert left == [one for one in whole if "load05" not in one]
    assert sum("a/load" in one for one in ecolint.out.splitlines()) == 8


@needs_fork
def test_a_worker_that_leaves_dies_as_well(ecolint: Shell, starts: Starts, monkeypatch: pytest.MonkeyPatch) -> None:
    wasteful()
    dying(monkeypatch, ("load05.py",), lambda: os._exit(0))
    ecolint("check", "--no-cache", "--jobs", "2", "--locale", "zh")
    assert (ecolint.code, ecolint.err.splitlines()) == (2, ["b/load05.py:1: 读取它的进程意外结束"])


def test_where_no_process_can_be_started_one_looks_alone(
    ecolint: Shell, starts: Starts, monkeypatch: pytest.MonkeyPatch
) -> None:
    wasteful()
    alone = ecolint("check", "--format", "json", "--no-cache", "--jobs", "1")
    told = alone.code, alone.out, alone.err

    def refused(process: BaseProcess) -> None:
        raise BlockingIOError(11, "no more processes")

    monkeypatch.setattr(BaseProcess, "start", refused)
    found = ecolint("check", "--format", "json", "--no-cache", "--jobs", "2")
    assert (found.code, found.out, found.err) == told


@needs_fork
def test_an_internal_error_is_told_as_by_one_process(
    ecolint: Shell, starts: Starts, monkeypatch: pytest.MonkeyPatch
) -> None:
    wasteful()
    real = engine.check

    def check(source: Source, *more: object) -> object:
        if source.path.endswith(("3.py", "8.py")):
            raise KeyError(source.path)
        return real(source, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(engine, "check", check)
    alone = ecolint("check", "--format", "concise", "--no-cache", "--jobs", "1")
    told = alone.code, alone.out, alone.err
    assert alone.code == 2
    assert alone.err.splitlines() == [
        "a/load08.py: internal error: KeyError: 'a/load08.py'; --verbose shows where",
        "b/load03.py: internal error: KeyError: 'b/load03.py'; --verbose shows where",
    ]
    found = ecolint("check", "--format", "concise", "--no-cache", "--jobs", "3")
    assert (found.code, found.out, found.err) == told
    assert ecolint("check", "--verbose", "--no-cache", "--jobs", "2").err.count("Traceback") == 2


@pytest.mark.parametrize("locale", ["en", "zh"])
def test_broken_settings_end_the_run_as_in_one_process(
    ecolint: Shell, starts: Starts, both_starts: None, locale: str
) -> None:
    wasteful(24)
    for name, gpu in (("a/pyproject.toml", "A100"), ("b/pyproject.toml", "B1000"), ("c/pyproject.toml", "C1000")):
        ecolint.put(name, f'[project]\nname = "x"\n[tool.ecolint]\ngpu = "{gpu}"\n')
    ecolint.put("c/load.py", WASTEFUL)
    ecolint("check", "--no-cache", "--locale", locale, "--jobs", "1")
    told = ecolint.code, ecolint.out, ecolint.err
    assert (ecolint.code, ecolint.out, ecolint.err.count("\n"), "B1000" in ecolint.err) == (2, "", 1, True)
    ecolint("check", "--no-cache", "--locale", locale, "--jobs", "3")
    assert (ecolint.code, ecolint.out, ecolint.err) == told
    assert starts.count == 3


# --- the owner's side -------------------------------------------------------------------------------------------------


def test_nothing_is_looked_at_behind_what_ends_the_run(
    ecolint: Shell, starts: Starts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first of several reasons to end is the one that counts, whoever meets one first."""
    wasteful(24)
    ecolint.put("a/pyproject.toml", '[project]\nname = "x"\n[tool.ecolint]\ngpu = "B1000"\n')
    seen: list[Result] = []
    results = Workers.results

    def watched(self: Workers, step: Callable[[int], None]) -> object:
        for one in results(self, step):
            seen.append(one)
            yield one

    monkeypatch.setattr(Workers, "results", watched)
    assert ecolint("check", "--no-cache", "--jobs", "2").code == 2
    assert {one.number for one in seen if one.stopped is None} <= set(range(12, 24))
    assert len(seen) < 12
