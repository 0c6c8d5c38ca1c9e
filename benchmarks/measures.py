"""What is measured of a command: its time against another's, its memory, how both grow; and how it is run for that."""

from __future__ import annotations

import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import log
from pathlib import Path
from typing import NamedTuple, Protocol

import grounds
from tables import Row

PATIENCE = 300.0
"""Seconds after which a tool is not run again, however many runs are asked for."""
LONGEST = 1200.0
"""Seconds after which a slow tool is stopped: what it takes is then known to be more."""
MEGABYTE = 1e6
UNWANTED = ("PYTHONDONTWRITEBYTECODE", "ECOLINT_WITHOUT")
"""Variables of the environment that would have tools do work that they need not do."""


@dataclass(frozen=True)
class Tool:
    """A command that is measured. `ends` are the exit codes with which it has done its work.

    `cache` is where ecolint keeps what it keeps; it is emptied first where the run is to be `fresh`. A `slow` tool is
    not run in its folder only to warm it up, and stopped after `LONGEST`.
    """

    name: str
    argv: tuple[str, ...]
    ends: tuple[int, ...] = (0, 1)
    cache: Path | None = None
    fresh: bool = False
    slow: bool = False

    @property
    def there(self) -> bool:
        """Whether it is installed."""
        return shutil.which(self.argv[0]) is not None


class Taken(NamedTuple):
    """What one run took: seconds of wall time, and bytes of memory of its largest process (0: nobody can say).

    `stopped` where it would have taken longer.
    """

    seconds: float
    peak: int
    stopped: bool = False


class Measure(Protocol):
    """Something that is measured: one line of the table, or several."""

    @property
    def name(self) -> str:
        """What it is called in the table."""
        ...

    @property
    def tools(self) -> tuple[Tool, ...]:
        """The commands that it runs."""
        ...

    @property
    def bound(self) -> float:
        """What its figure may be at most."""
        ...

    def rows(self, runs: int) -> Iterator[Row]:
        """What came out."""
        ...


# --- running ----------------------------------------------------------------------------------------------------------


def run(tool: Tool, folder: Path) -> Taken:
    """Run a command once. Raises CalledProcessError where the tool did not do its work.

    The peak is that of the largest of all processes that were waited for, at whatever depth. It cannot be less than
    what this process takes, which started them.
    """
    environment = {name: value for name, value in os.environ.items() if name not in UNWANTED}
    if tool.cache is not None:
        environment["ECOLINT_CACHE_DIR"] = str(tool.cache)
        if tool.fresh:
            shutil.rmtree(tool.cache, ignore_errors=True)
    with tempfile.TemporaryFile() as errors:
        started = time.perf_counter()
        # A slow tool has a group of its own, so that whatever works for it can be stopped with it.
        process = subprocess.Popen(
            tool.argv,
            cwd=folder,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=tool.slow,
        )
        late = threading.Event()

        def stop() -> None:
            late.set()
            _stop(process)

        watch = threading.Timer(LONGEST, stop)
        watch.daemon = True
        if tool.slow:
            watch.start()
        try:
            peak = _ended(process)
        except BaseException:
            _stop(process)
            process.wait()
            raise
        finally:
            watch.cancel()
        seconds = time.perf_counter() - started
        if late.is_set():
            return Taken(seconds, peak, stopped=True)
        if process.returncode not in tool.ends:
            errors.seek(0)
            said = errors.read()[-2000:].decode(errors="replace")
            raise subprocess.CalledProcessError(process.returncode, tool.argv, stderr=said)
    return Taken(seconds, peak)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Kill a process, and its group where it leads one."""
    with suppress(ProcessLookupError):  # it has just ended
        if sys.platform != "win32" and os.getpgid(process.pid) == process.pid:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


def _ended(process: subprocess.Popen[bytes]) -> int:
    """Wait for the end of a process; the peak memory of the largest one below it, itself included."""
    if sys.platform == "win32":
        process.wait()
        return 0
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def in_turn(tools: Sequence[Tool], folder: Path, runs: int) -> list[list[Taken]]:
    """Every tool in turn, so that what else the machine does meets all of them alike."""
    taken: list[list[Taken]] = [[] for _ in tools]
    for _ in range(runs):
        for tool, before in zip(tools, taken, strict=True):
            if sum(one.seconds for one in before) < PATIENCE:
                before.append(run(tool, folder))
    return taken


def warm_up(tools: Sequence[Tool], folder: Path) -> None:
    """Have files in memory, modules compiled and ecolint's tables kept, so that every run finds the same."""
    for file in folder.rglob("*"):
        if file.is_file():
            file.read_bytes()
    for tool in tools:
        if not tool.slow:
            run(tool, folder)
            continue
        with tempfile.TemporaryDirectory() as place:
            run(tool, grounds.single(Path(place), "clean", grounds.CLEAN))


def median(taken: Sequence[Taken]) -> float:
    """Seconds."""
    return statistics.median(one.seconds for one in taken)


# --- measures ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Race:
    """ecolint and what it is held against, in one folder; `bound` is the ratio of their times that must be reached."""

    name: str
    folder: Path
    ours: Tool
    theirs: Tool
    bound: float
    often: int = 1

    @property
    def tools(self) -> tuple[Tool, ...]:
        """Both."""
        return self.ours, self.theirs

    def rows(self, runs: int) -> Iterator[Row]:
        """One line."""
        warm_up(self.tools, self.folder)
        ours, theirs = in_turn(self.tools, self.folder, runs * self.often)
        against = self.theirs.name if len(theirs) == len(ours) else f"{self.theirs.name} ({len(theirs)} of its runs)"
        ratio = median(ours) / median(theirs)
        told = f"{median(theirs):.3f} s"
        if any(one.stopped for one in theirs):
            told, against = f"over {median(theirs):.0f} s", f"{against}, stopped"
        yield Row(self.name, f"{median(ours):.3f} s", told, ratio, self.bound, against)


@dataclass(frozen=True)
class Peak:
    """The memory of the largest process of one command; `bound` in megabytes."""

    name: str
    folder: Path
    ours: Tool
    bound: float

    @property
    def tools(self) -> tuple[Tool, ...]:
        """The command."""
        return (self.ours,)

    def rows(self, runs: int) -> Iterator[Row]:
        """One line: the largest of all runs."""
        warm_up(self.tools, self.folder)
        largest = max(one.peak for one in in_turn(self.tools, self.folder, runs)[0]) / MEGABYTE
        if largest:
            yield Row(self.name, f"{largest:.0f} MB", "", largest, self.bound, "MB in one process")


@dataclass(frozen=True)
class Growth:
    """The same command on more and more; `bound` is the exponent with which time and memory may grow."""

    name: str
    folder: Path
    sizes: tuple[tuple[int, Tool], ...]
    bound: float

    @property
    def tools(self) -> tuple[Tool, ...]:
        """The command for each size."""
        return tuple(tool for _, tool in self.sizes)

    def rows(self, runs: int) -> Iterator[Row]:
        """Two lines: time and memory."""
        warm_up(self.tools[-1:], self.folder)
        sizes, taken = [size for size, _ in self.sizes], in_turn(self.tools, self.folder, runs)
        against = "exponent, at " + ", ".join(f"{size}x" for size in sizes)
        seconds, peaks = [median(one) for one in taken], [max(run.peak for run in one) / MEGABYTE for one in taken]
        told = ", ".join(f"{one:.2f}" for one in seconds) + " s"
        yield Row(f"{self.name}, time", told, "", slope(sizes, seconds), self.bound, against)
        if all(peaks):
            told = ", ".join(f"{one:.0f}" for one in peaks) + " MB"
            yield Row(f"{self.name}, memory", told, "", slope(sizes, peaks), self.bound, against)


def slope(sizes: Sequence[float], values: Sequence[float]) -> float:
    """The exponent of size that fits values best (least squares of the logarithms)."""
    return statistics.linear_regression([log(one) for one in sizes], [log(one) for one in values]).slope
