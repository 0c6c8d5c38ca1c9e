"""The outer pipeline of a run: files in, those that may say something judged, a report out.

Nothing is imported here but what a run needs that finds nothing to judge: `ecolint.judging` is, for the first file that
holds a word of some vocabulary.
"""

from __future__ import annotations

import sys
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ecolint import files
from ecolint.decisions import check_gpu, check_rules
from ecolint.discovery import Discovery
from ecolint.ending import LastResort
from ecolint.frame import Problem, Report
from ecolint.progress import Progress
from ecolint.readers import linking, sieve, syntax_of
from ecolint.settings import Finder, Settings
from ecolint.shaped import dataclass
from ecolint.speech import ENGLISH, Voice
from ecolint.stacks import words

if TYPE_CHECKING:
    from ecolint.judging import Judged, Judging
    from ecolint.model import Deployment, Finding


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
    """One run: what it has read once and what it has gathered so far."""

    def __init__(self, request: Request, judge: bool = True) -> None:
        self.request, self.judge = request, judge
        self.finder = Finder(request.overrides)
        self.triggers: dict[tuple[tuple[str, ...], str], files.Triggers] = {}
        self.known_gpus: set[str] = set()
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
        self._judging: Judging | None = None

    def go(self) -> Run:
        settings = self._run_settings()
        discovery = Discovery(self.finder, lambda path: syntax_of(path) != "")
        found = list(discovery.files(self.request.paths))
        self.problems += discovery.problems
        with Progress(len(found), sys.stderr) as progress:
            for file in found:
                with LastResort(file.path, self.request.verbose) as boundary:
                    self._file(file)
                self.crashed |= boundary.caught
                progress.step()
        texts = {**(self._judging.projects.texts if self._judging is not None else {}), **self.sources}
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
        self._check_gpu(settings)
        self._measure(settings)
        return settings

    def _file(self, file: files.File) -> None:
        settings = self.finder.for_file(file.location)
        wanted = self._triggers_of(settings, file.path)
        loaded = files.load(file, settings.max_file_size, wanted) or self._linked(file, settings)
        if loaded is None:
            return
        if isinstance(loaded, Problem):
            self.problems.append(loaded)
            return
        self._check_gpu(settings)
        self._measure(settings)
        if file.test:
            settings = replace(settings, context="test")
        if self._judging is None:
            from ecolint.judging import Judging

            asked = self.request
            self._judging = Judging(
                self.finder.roots, judge=self.judge, fix=asked.fix, diff=asked.diff, unsafe=asked.unsafe
            )
        self._gather(self._judging.file(file, loaded, settings))

    def _linked(self, file: files.File, settings: Settings) -> files.Loaded | None:
        """A file that holds no trigger, where others may speak of it; what cannot be read of it is no matter."""
        wanted = linking(file.path)
        loaded = files.load(file, settings.max_file_size, files.Triggers(wanted)) if wanted else None
        return loaded if isinstance(loaded, files.Loaded) else None

    def _gather(self, judged: Judged) -> None:
        outcome = judged.outcome
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

    def _triggers_of(self, settings: Settings, path: str) -> files.Triggers:
        key = (settings.stacks, syntax_of(path))
        if key not in self.triggers:
            asked = words(settings.stacks)
            self.triggers[key] = files.Triggers(asked.of(key[1]), asked.keys, sieve(path, asked))
        return self.triggers[key]

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

    def _check_gpu(self, settings: Settings) -> None:
        if settings.gpu is not None and settings.gpu not in self.known_gpus:
            check_gpu(settings)
            self.known_gpus.add(settings.gpu)


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
