"""Runs that end early: interrupted, told to end, or killed. Nothing is left but what another run clears away."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from test_fixtures import ROOT
from test_workers import WASTEFUL

from ecolint import cachefolder
from ecolint.cache import filing
from ecolint.cache.store import PRUNED_EVERY, Store

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals are of POSIX")

FILES = 40
MENDING = ("--fix", "--unsafe-fixes")
DRIVER = """
import os, signal, sys, time
from ecolint import files, looking, run, workers
from ecolint.cache import filing

signal.signal(signal.SIGINT, signal.default_int_handler)  # what runs in the background ignores it
long, fork = sys.argv.pop(1) == "long", sys.argv.pop(1) == "fork"
run.MANY, workers.SMALLEST = 1, 2
look, replace = looking.Looking.look, os.replace

def busy(self, task):
    until = time.monotonic() + (60 if long else 0.02)
    while time.monotonic() < until:
        pass
    return look(self, task)

def slowly(*paths):
    time.sleep(0.02)
    replace(*paths)

looking.Looking.look, os.replace = busy, slowly
if not fork:
    workers.forks = lambda: False
from ecolint.__main__ import main
main()
"""
"""A run in which files take their time, and so does every writing, so that it can be met in the middle of either."""

ENDS = {
    "interrupted": (signal.SIGINT, True, 130, "ecolint: interrupted\n"),
    "interrupted alone": (signal.SIGINT, False, 130, "ecolint: interrupted\n"),
    "told to end": (signal.SIGTERM, False, 143, ""),
    "all told to end": (signal.SIGTERM, True, 143, ""),
    "killed": (signal.SIGKILL, False, -9, ""),
}
"""Signals: whether every process gets it that the run has started, the exit code, and what is said of it."""
MOMENTS = (0.0, 0.1, 0.25)
"""Seconds after workers were first seen."""


def processes(group: int) -> set[int]:
    """The processes of a group that have not ended; those that ended may still be listed."""
    found = subprocess.run(["ps", "-A", "-o", "pid=,pgid=,stat="], capture_output=True, text=True, check=True).stdout
    rows = (line.split() for line in found.splitlines())
    return {int(pid) for pid, of, state in rows if int(of) == group and not state.startswith("Z")}


class Running:
    """A run in a process group of its own."""

    def __init__(self, folder: Path, cache: Path, *argv: str, long: bool = False, fork: bool = True) -> None:
        how = ("long" if long else "short", "fork" if fork else "spawn")
        self.process = subprocess.Popen(
            [sys.executable, "-c", DRIVER, *how, "check", "--format", "json", *argv],
            cwd=folder,
            env=environment(cache),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def wait_for(self, count: int) -> None:
        """Until there are so many processes."""
        until = time.monotonic() + 20
        while len(processes(self.process.pid)) < count:
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < until

    def end(self, number: int, everyone: bool) -> tuple[int, str]:
        """Send a signal, and wait for the end of every process; the exit code, and what was complained of."""
        (os.killpg if everyone else os.kill)(self.process.pid, number)
        _, complaints = self.process.communicate(timeout=20)
        until = time.monotonic() + 5
        while left := processes(self.process.pid):
            assert time.monotonic() < until, f"{len(left)} processes go on"
            time.sleep(0.05)
        return self.process.returncode, complaints.lstrip("\n")  # click ends the line in which a terminal shows ^C

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *_: object) -> None:
        if processes(self.process.pid):
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.communicate()


def environment(cache: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "ECOLINT_CACHE_DIR": str(cache)}


def undisturbed(folder: Path, cache: Path, *argv: str) -> tuple[int, str, str]:
    """What a run says that nobody disturbs."""
    done = subprocess.run(
        [sys.executable, "-m", "ecolint", "check", "--format", "json", "--jobs", "2", *argv],
        cwd=folder,
        env=environment(cache),
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with something to find, and to mend, in every file; it is not to be changed."""
    folder = tmp_path_factory.mktemp("project")
    (folder / ".git").mkdir()
    for number in range(FILES):
        (folder / f"load{number:02}.py").write_text(f"# {number}\n{WASTEFUL}", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def said(project: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[int, str, str]:
    """What a run says of it."""
    found = undisturbed(project, tmp_path_factory.mktemp("none"), "--no-cache")
    assert found[0] == 1
    assert found[1].count("load39.py") > 0
    return found


@pytest.fixture(params=ENDS)
def ended(request: pytest.FixtureRequest) -> tuple[int, bool, int, str]:
    """One way to end a run."""
    return ENDS[request.param]


def half_written(cache: Path) -> list[Path]:
    """What a run left in a cache that it was about to write."""
    known = {path for path, _ in filing.files(str(cache))}
    found = [path for path in cache.rglob("*") if path.name.endswith(cachefolder.TEMPORARY)]
    assert {str(path) for path in found} <= known  # the next run to prune the cache knows them, as does `cache clean`
    return found


def test_a_run_that_ends_early_leaves_nothing(
    project: Path, said: tuple[int, str, str], tmp_path: Path, ended: tuple[int, bool, int, str]
) -> None:
    number, everyone, code, line = ended
    for moment in MOMENTS:
        with Running(project, tmp_path, "--jobs", "2") as running:
            running.wait_for(3)
            time.sleep(moment)
            assert running.end(number, everyone) == (code, line)
        left = half_written(tmp_path)
        assert not left or number == signal.SIGKILL
    assert {path.name for path in project.iterdir()} == {".git", *(f"load{each:02}.py" for each in range(FILES))}
    assert undisturbed(project, tmp_path) == said
    assert undisturbed(project, tmp_path) == said


@pytest.mark.parametrize("end", ["interrupted", "interrupted alone", "killed"])
def test_workers_that_begin_anew_end_as_well(project: Path, tmp_path: Path, end: str) -> None:
    number, everyone, code, line = ENDS[end]
    for moment in MOMENTS[1:]:  # they are still importing, or at work
        with Running(project, tmp_path, "--jobs", "2", "--no-cache", fork=False) as running:
            running.wait_for(3)
            time.sleep(moment)
            assert running.end(number, everyone) == (code, line)


def test_a_worker_that_is_busy_notices_that_it_was_left(
    project: Path, tmp_path: Path, ended: tuple[int, bool, int, str]
) -> None:
    number, everyone, code, line = ended
    with Running(project, tmp_path, "--jobs", "2", "--no-cache", long=True) as running:
        running.wait_for(3)
        time.sleep(0.5)
        assert running.end(number, everyone) == (code, line)


@pytest.fixture(scope="module")
def mended(project: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of the project as a run mends them that nobody disturbs."""
    folder = shutil.copytree(project, tmp_path_factory.mktemp("mended") / "project")
    assert undisturbed(folder, folder / "none", "--no-cache", *MENDING)[2].endswith(f"in {FILES} files\n")
    return {path.name: path.read_bytes() for path in folder.glob("*.py")}


def test_a_file_that_is_mended_is_whole(
    project: Path, mended: dict[str, bytes], tmp_path: Path, ended: tuple[int, bool, int, str]
) -> None:
    number, everyone, code, line = ended
    for moment in MOMENTS:
        folder = shutil.copytree(project, tmp_path / f"at {moment}")
        with Running(folder, tmp_path / "cache", *MENDING) as running:
            started = time.monotonic()
            while not any((folder / name).read_bytes() == text for name, text in mended.items()):
                assert time.monotonic() < started + 20
            time.sleep(moment)
            assert running.end(number, everyone) == (code, line)
        found = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
        left = {name for name in found if name.startswith(".ecolint-")}
        assert not left or number == signal.SIGKILL
        assert found.keys() - left == mended.keys()
        assert all(found[name] in ((project / name).read_bytes(), text) for name, text in mended.items())
        assert 0 < sum(found[name] == text for name, text in mended.items()) < FILES


def test_what_a_killed_run_was_writing_is_never_read_and_goes(tmp_path: Path) -> None:
    """The names are those of `filing.write` and `compiled`: a run that is killed cannot take them away itself."""
    places = ("results/ab/" + "ab" * 16, "index/" + "cd" * 16 + ".index", "tables/rules-0123abcd")
    for place in places:
        path = tmp_path / f"{place}.4242-01234567.tmp"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"half")
        os.utime(path, (time.time() - PRUNED_EVERY - 10,) * 2)
    assert len(half_written(tmp_path)) == len(places)
    Store(str(tmp_path)).prune()
    assert half_written(tmp_path) == []
