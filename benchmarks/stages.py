"""Where the time of a cold run in one process goes, stage by stage: each function's own, as cProfile counts it.

What Python and its library do is time of the room that had it done. The stages do not overlap and add up to the whole.
cProfile makes calls dearer than they are, so the shares tell more than the seconds, and of LibCST they tell too much.
"""

from __future__ import annotations

import cProfile
import os
import pstats
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import ecolint
from ecolint.run import Request, check

Function = tuple[str, int, str]
"""How pstats names one: file, line, name."""

STAGES = {
    "imports": ("<frozen importlib",),
    "walk": ("ecolint/discovery", "ecolint/ignores", "ecolint/globs", "ecolint/roots", "ecolint/settings"),
    "read, scan for words": ("ecolint/files", "ecolint/looking"),
    "gates": ("ecolint/readers/python/gates",),
    "project questions": (
        *("ecolint/project", "ecolint/pinned", "ecolint/disk", "ecolint/saved", "ecolint/consulted"),
        *(f"ecolint/readers/python/{room}." for room in ("passing", "making", "exports", "importing")),
    ),
    "lines, scopes, words": tuple(f"ecolint/readers/python/{room}." for room in ("lines", "layout", "scopes", "words")),
    "LibCST": ("libcst/", "ecolint/readers/python/parsing."),
    "resolving": ("ecolint/readers/python/",),
    "other syntaxes": ("ecolint/readers/", "yaml/", "tree_sitter"),
    "deployments, judging": ("ecolint/",),
}
"""Stage → what the path of its functions' file begins with, below where packages lie. The first that fits counts."""
PACKAGES = (f"{Path(ecolint.__file__).parents[1].as_posix()}/", "site-packages/")
COUNTED = {
    "files looked at": ("ecolint/looking.py", "look"),
    "of which something may be in": ("ecolint/judging.py", "file"),
    "readings of Python files": ("ecolint/readers/python/reading.py", "read_file"),
    "texts cut into lines": ("ecolint/readers/python/lines.py", "scan"),
    "statements parsed": ("ecolint/readers/python/parsing.py", "_parse"),
}
"""What gets how far, as the calls of a function. What a fix makes of a file is read again."""
HOPS = 40
"""Calls up which time is handed until it meets a room of a stage."""


def profile(folder: Path) -> pstats.Stats:
    """A run over a folder without cache, in processor time."""
    profiler, before = cProfile.Profile(time.process_time), Path.cwd()
    os.chdir(folder)
    try:
        request = Request(paths=(".",), overrides={"include-tests": True}, no_cache=True, jobs=1)
        profiler.runcall(check, request)
    finally:
        os.chdir(before)
    return pstats.Stats(profiler)


def shares(stats: pstats.Stats) -> Mapping[str, float]:
    """Stage → seconds, of what was profiled; `rest` is no stage's."""
    table = stats.stats  # type: ignore[attr-defined]
    found = Counter(dict.fromkeys(STAGES, 0.0))
    waiting = Counter({function: own for function, (_, _, own, _, _) in table.items()})
    for _ in range(HOPS):
        handed: Counter[Function] = Counter()
        for function, seconds in waiting.items():
            stage = stage_of(function)
            if stage is not None:
                found[stage] += seconds
            else:
                handed.update({caller: seconds * share for caller, share in _callers(table[function][4])})
                found["rest"] += 0 if table[function][4] else seconds
        waiting = handed
    found["rest"] += sum(waiting.values())
    return found


def stage_of(function: Function) -> str | None:
    """The stage that a function belongs to; None for those of Python and its library."""
    path = _inside(function)
    return next((stage for stage, rooms in STAGES.items() if path.startswith(rooms)), None)


def counts(stats: pstats.Stats) -> Mapping[str, int]:
    """How many of each of `COUNTED` there were."""
    calls: Counter[tuple[str, str]] = Counter()
    for function, (_, every, _, _, _) in stats.stats.items():  # type: ignore[attr-defined]
        calls[_inside(function), function[2]] += every
    return {told: calls[function] for told, function in COUNTED.items()}


def _inside(function: Function) -> str:
    """The path of a function's file below where packages lie."""
    path = function[0].replace(os.sep, "/")
    for packages in PACKAGES:
        path = path.rpartition(packages)[2]
    return path


def _callers(callers: Mapping[Function, tuple[int, int, float, float]]) -> Iterator[tuple[Function, float]]:
    """Who called a function, with the share of its own time that it spent for them."""
    whole = sum(own for _, _, own, _ in callers.values())
    for caller, (_, _, own, _) in callers.items():
        yield caller, own / whole if whole else 1 / len(callers)
