"""How measures of speed are shown: a line for each as text or Markdown, and what they were measured with and on."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import NamedTuple


class Row(NamedTuple):
    """One measure: what ecolint took and what the other did, as told; the figure that has a bound, and the bound."""

    name: str
    ours: str
    theirs: str
    figure: float
    bound: float
    against: str

    @property
    def missed(self) -> bool:
        """Whether the figure is beyond its bound."""
        return self.figure > self.bound


def as_text(row: Row | None) -> str:
    """A line of the table; its head for None."""
    if row is None:
        return f"{'measure':<24}{'ecolint':>24}{'other':>11}{'figure':>9}{'at most':>9}"
    told = f"{row.name:<24}{row.ours:>24}{row.theirs:>11}{_short(row.figure):>9}{_short(row.bound):>9}  {row.against}"
    return f"{told}  MISSED" if row.missed else told


def as_markdown(row: Row | None) -> str:
    """A line of the table; its head for None."""
    if row is None:
        return "| measure | ecolint | other | figure | at most | against |\n|---|--:|--:|--:|--:|---|"
    figure = f"**{_short(row.figure)}** (missed)" if row.missed else _short(row.figure)
    return f"| {row.name} | {row.ours} | {row.theirs} | {figure} | {_short(row.bound)} | {row.against} |"


def _short(number: float) -> str:
    """A number with two or three digits that count."""
    return f"{number:.0f}" if number >= 10 else f"{number:.2f}" if number >= 0.1 else f"{number:.4f}"


@cache
def versions(argv: tuple[str, ...]) -> tuple[str, ...]:
    """The name and version of a command, as it tells them itself; of Python, those of the modules that it imports."""
    name = Path(argv[0]).stem
    if argv[0] == sys.executable:
        modules = argv[-1].removeprefix("import ").split(", ")
        return tuple(f"{module} {metadata.version(module)}" for module in modules)
    done = subprocess.run([argv[0], "--version"], capture_output=True, text=True, check=False)
    words = (done.stdout.strip() or done.stderr.strip()).split()
    return (f"{name} {words[-1]}" if words else name,)


def machine() -> str:
    """Python, the number of processors that may be used, and what they are called."""
    count = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count()
    return f"Python {platform.python_version()}, {platform.system()}, {count} processors, {_processor()}"


def _processor() -> str:
    if sys.platform == "linux":
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
        return named[0] if named else platform.machine()
    if sys.platform == "darwin":
        asked = ["sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip() or platform.machine()
    return platform.processor() or platform.machine()
