"""The outer pipeline of a run: files in, those that may say something judged, a report out.

Nothing is imported here but what a run needs that finds nothing to judge: `ecolint.judging` is, for the first file that
holds a word of some vocabulary.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ecolint import shortcuts
from ecolint.cache import Cache
from ecolint.decisions import check_gpu, check_rules
from ecolint.discovery import Discovery
from ecolint.ending import Stopped
from ecolint.frame import Problem, Report
from ecolint.looking import Looking, Seen, Task
from ecolint.progress import Progress
from ecolint.readers import syntax_of
from ecolint.settings import Finder, Settings
from ecolint.shaped import dataclass
from ecolint.speech import ENGLISH, Voice, say

if TYPE_CHECKING:
    from ecolint.model import Deployment, Finding
    from ecolint.workers import Result


@dataclass(frozen=True)
class Request:
    """What the command line asks of one run. `overrides` has the keys of the settings."""

    paths: tuple[str, ...]
    overrides: Mapping[str, object] = field(default_factory=dict)
    fix: bool = False
    unsafe: bool = False
    diff: bool = False
    show_green: bool = False
    quiet: bool = False
    verbose: bool = False
    lobster: bool = False
    no_cache: bool = False
    jobs: int = 0
    """Processes that look at files; 0 for as many as can run at once."""


FEW = 20
"""Files from which on it is worth to know which of them have not changed."""
MANY = 400
"""Files of which nothing is known from which on several processes look at once."""
PATIENCE = 0.2
"""Seconds after which they do though there are fewer."""


@dataclass
class Run:
    """What a run found. `failing` where a finding fails it, `crashed` where a file met an internal error."""

    report: Report
    deployments: tuple[Deployment, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)
    locale: str = "en"
    diff: str = ""
    failing: bool = False
    crashed: bool = False
    fixed: tuple[Finding, ...] = ()
    refused: tuple[tuple[Finding, str], ...] = ()
    left_out: tuple[str, ...] = ()


# --- check ------------------------------------------------------------------------------------------------------------


def check(request: Request) -> Run:
    """Lint the named paths. Raises one of `expected()` for what the user has to mend first."""
    return _Linting(request).go()


class _Linting:
    """One run: what it has gathered so far."""

    def __init__(self, request: Request, judge: bool = True) -> None:
        self.request, self.judge = request, judge
        self.finder = Finder(request.overrides)
        self.measured: set[tuple[str, ...]] = set()
        self.measurements: dict[str, Mapping[str, str]] = {}
        self.unmeasured: dict[str, None] = {}
        self.sources: dict[str, str] = {}
        self.findings: list[Finding] = []
        self.deployments: list[Deployment] = []
        self.problems: list[Problem] = []
        self.fixed: list[Finding] = []
        self.refused: list[tuple[Finding, str]] = []
        self.diffs: list[str] = []
        self.failing = self.crashed = False
        self.told: set[Hashable] = set()

    def go(self) -> Run:
        settings = self._run_settings()
        discovery = Discovery(self.finder, lambda path: syntax_of(path) != "")
        found = list(discovery.files(self.request.paths))
        self.problems += discovery.problems
        cache = self._cache(settings, len(found))
        asked = self.request
        looking = Looking(
            self.finder,
            cache,
            judge=self.judge,
            fix=asked.fix,
            diff=asked.diff,
            unsafe=asked.unsafe,
            verbose=asked.verbose,
        )
        try:
            self._look(looking, looking.tasks(found), len(found))
        finally:
            cache.close([os.path.abspath(path) for path in asked.paths if os.path.isdir(path)])
        texts = {**looking.texts(), **self.sources}
        report = Report(
            findings=tuple(self.findings),
            files=len(found),
            problems=tuple(self.problems),
            workload=settings.workload,
            sources=texts,
            show_green=self.request.show_green,
            verbose=self.request.verbose,
            deployments=tuple(self.deployments),
            measurements=self.measurements,
            unmeasured=tuple(self.unmeasured),
        )
        return Run(
            report=report,
            deployments=report.deployments,
            texts=texts,
            locale=settings.locale,
            diff="".join(self.diffs),
            failing=self.failing,
            crashed=self.crashed,
            fixed=tuple(self.fixed),
            refused=tuple(self.refused),
            left_out=tuple(discovery.left_out),
        )

    def _run_settings(self) -> Settings:
        """The settings of the run itself: those of the first path. Read early, so that broken ones stop it early."""
        first = Path(self.request.paths[0]).absolute() if self.request.paths else Path.cwd()
        settings = self.finder.for_folder(first if first.is_dir() else first.parent)
        check_rules(settings)
        check_gpu(settings)
        self._measure(settings)
        return settings

    def _cache(self, settings: Settings, count: int) -> Cache:
        """The cache of the run: none where files are mended, and of a few files only what takes long to find."""
        asked = self.request
        enabled = not (asked.fix or asked.diff or asked.no_cache) and shortcuts.taken("cache")
        return Cache.open(str(settings.root), enabled, indexed=count >= FEW)

    def _look(self, looking: Looking, tasks: Sequence[Task], count: int) -> None:
        """Look at the files and gather what they hold, in their order whoever looked at them."""
        with Progress(count, sys.stderr) as progress:
            progress.step(count - len(tasks))
            done = self._alone(looking, tasks, progress)
            if done == len(tasks):
                return
            from ecolint.workers import Workers

            rest = tasks[done:]
            found: dict[int, Result] = {}
            with Workers(looking, rest, self._jobs()) as workers:
                for result in workers.results(progress.step):
                    found[result.number] = result
                looking.cache.take(workers.notes)
            for number in sorted(found):
                self._result(looking, rest[number], found[number])

    def _alone(self, looking: Looking, tasks: Sequence[Task], progress: Progress) -> int:
        """Look at files here as long as that is quick; how many were looked at."""
        patient = self.request.fix or self.request.diff
        started = time.monotonic()
        unknown = sum(task.content is None for task in tasks)
        for number, task in enumerate(tasks):
            last = number == len(tasks) - 1
            if not (patient or last) and (unknown >= MANY or time.monotonic() - started > PATIENCE):
                if self._jobs() > 1:
                    return number
                patient = True
            self._gather(task, looking.look(task))
            progress.step()
        return len(tasks)

    def _jobs(self) -> int:
        if not shortcuts.taken("workers"):
            return 1
        if self.request.jobs:
            return self.request.jobs
        from ecolint.workers import available

        return available()

    def _result(self, looking: Looking, task: Task, result: Result) -> None:
        """Gather what a worker saw."""
        if result.stopped is not None:
            raise Stopped(result.stopped)
        sys.stderr.write(result.complaints)
        if result.died:
            self.crashed = True
            self.problems.append(Problem(task.file.path, 1, say("the process that read it died")))
        elif result.again:
            self._gather(task, looking.look(task))
        else:
            self.sources.update(result.texts)
            self._gather(task, result.seen)

    def _gather(self, task: Task, seen: Seen | None) -> None:
        if seen is None:
            return
        self.crashed |= seen.crashed
        if seen.problem is not None:
            self.problems.append(seen.problem)
        if seen.judged is None:
            return
        self._measure(self.finder.for_file(task.file.location))
        judged, outcome = seen.judged, seen.judged.outcome
        self.problems += (*judged.problems, *outcome.problems)
        self.findings += outcome.findings
        self.deployments += self._new(outcome.deployments)
        if outcome.findings or outcome.deployments:
            self.sources[judged.path] = judged.text
        self.failing |= judged.failing
        self.unmeasured |= dict.fromkeys(judged.unmeasured)
        self.fixed += judged.fixed
        self.refused += judged.refused
        self.diffs.append(judged.diff)

    def _new(self, deployments: Iterable[Deployment]) -> Iterator[Deployment]:
        """The deployments that no other file has told: what is joined from several files is read with each of them."""
        for one in deployments:
            if one.invocation.joined:
                facts = frozenset((name, fact.kind, fact.value, fact.sources) for name, fact in one.facts.items())
                if (one.invocation.joined, facts) in self.told:
                    continue
                self.told.add((one.invocation.joined, facts))
            yield one

    def _measure(self, settings: Settings) -> None:
        """Read the user's own measurements once, and tell of every row that cannot be used."""
        if not self.judge or not settings.evidence or settings.evidence in self.measured:
            return
        from ecolint import measurements

        self.measured.add(settings.evidence)
        found = measurements.own(settings)
        if found is not None:
            self.measurements |= found.told
            self.problems += (Problem(one.file, one.line, one.reason, whole_file=False) for one in found.complaints)


def facts(request: Request) -> Run:
    """Read the named paths without judging them."""
    return _Linting(request, judge=False).go()


def problem_lines(problems: Sequence[Problem], voice: Voice = ENGLISH) -> Iterator[str]:
    """One line for each problem, one for a whole file at most, and one that counts templated files."""
    said: set[object] = set()
    for problem in problems:
        key: object = problem.path if problem.whole_file else replace(problem, templated=False)
        if not problem.templated and key not in said:
            said.add(key)
            cell = f"cell {problem.cell}:" if problem.cell is not None else ""
            yield f"{problem.path}:{cell}{problem.line}: {' '.join(voice(problem.reason).split())}"
    templated = len({problem.path for problem in problems if problem.templated})
    if templated == 1:
        yield voice.say("1 templated file was not read: what it holds is known only once it is rendered")
    elif templated:
        yield voice.say(
            "{count} templated files were not read: what they hold is known only once they are rendered",
            count=templated,
        )


def settings_for(path: str, overrides: Mapping[str, object]) -> Settings:
    """The settings of a file under those of the command line."""
    return Finder(overrides).for_file(Path(path).absolute())


def here(overrides: Mapping[str, object]) -> Settings:
    """The settings of the working folder under those of the command line."""
    return Finder(overrides).for_folder(Path.cwd())
