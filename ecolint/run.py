"""The outer pipeline of a run: files in, engine over each, fixes applied or shown, reports out, an exit code."""

from __future__ import annotations

import sys
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ecolint import files
from ecolint.discovery import Discovery
from ecolint.ending import LastResort
from ecolint.model import Deployment, Finding, Problem, Report, Source
from ecolint.progress import Progress
from ecolint.project import Projects
from ecolint.settings import Finder, Settings, SettingsError
from ecolint.speech import ENGLISH, Voice, say

if TYPE_CHECKING:
    from ecolint.ruleset import Rule
    from ecolint.verify import Outcome

_FAILS: Mapping[str, frozenset[str]] = {
    "red": frozenset({"red"}),
    "yellow": frozenset({"red", "yellow"}),
    "never": frozenset(),
}


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
        self.projects = Projects(self.finder.roots)
        self.rules: dict[tuple[object, ...], tuple[Rule, ...]] = {}
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

    def go(self) -> Run:
        from ecolint.readers import reader_of

        settings = self._run_settings()
        discovery = Discovery(self.finder, lambda path: reader_of(path) is not None)
        found = list(discovery.files(self.request.paths))
        self.problems += discovery.problems
        with Progress(len(found), sys.stderr) as progress:
            for file in found:
                with LastResort(file.path, self.request.verbose) as boundary:
                    self._file(file)
                self.crashed |= boundary.caught
                progress.step()
        texts = {**self.projects.texts, **self.sources}
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
        self._rules_of(settings)
        self._check_gpu(settings)
        self._measure(settings)
        return settings

    def _file(self, file: files.File) -> None:
        settings = self.finder.for_file(file.location)
        words = self._triggers_of(settings, file.path)
        loaded = files.load(file, settings.max_file_size, words) or self._linked(file, settings)
        if loaded is None:
            return
        if isinstance(loaded, Problem):
            self.problems.append(loaded)
            return
        self._check_gpu(settings)
        self._measure(settings)
        if file.test:
            settings = replace(settings, context="test")
        self._judge(file, loaded, settings)

    def _linked(self, file: files.File, settings: Settings) -> files.Loaded | None:
        """A file that holds no trigger, where others may speak of it; what cannot be read of it is no matter."""
        from ecolint.readers import linking

        words = linking(file.path)
        loaded = files.load(file, settings.max_file_size, files.Triggers(words)) if words else None
        return loaded if isinstance(loaded, files.Loaded) else None

    def _judge(self, file: files.File, loaded: files.Loaded, settings: Settings) -> None:
        source = loaded.source
        outcome = self._outcome(source, file, settings)
        if self.request.fix or self.request.diff:
            text = self._fixes(source, file, settings, outcome)
            if text != source.text and self._written(file, loaded, text) and self.request.fix:
                source = replace(source, text=text)
                self.projects.of(file.location, settings.max_file_size).changed(source.path)
                outcome = self._outcome(source, file, settings)
        self.problems += outcome.problems
        self.findings += outcome.findings
        self.deployments += self._new(outcome.deployments)
        if outcome.findings or outcome.deployments:
            self.sources[source.path] = source.text
        self.failing |= any(fails(finding, settings) for finding in outcome.findings)
        self.unmeasured |= dict.fromkeys(self._reasons(outcome, settings))

    def _reasons(self, outcome: Outcome, settings: Settings) -> Iterator[str]:
        """Why the rows, the user's own among them, do not answer for what a file holds."""
        if not (self.judge and outcome.deployments):
            return
        from ecolint.evidence import doubts, why_measure
        from ecolint.measurements import table_of
        from ecolint.report._inventory import shown

        table = table_of(settings)
        for deployment in shown(outcome.deployments):
            yield from why_measure(deployment, settings.workload, table=table)
        for finding in outcome.findings:
            if finding.suppressed is None:
                yield from doubts(finding)

    def _new(self, deployments: Iterable[Deployment]) -> Iterator[Deployment]:
        """The deployments that no other file has told: what is joined from several files is read with each of them."""
        for one in deployments:
            if one.invocation.joined:
                facts = frozenset((name, fact.kind, fact.value, fact.sources) for name, fact in one.facts.items())
                if (one.invocation.joined, facts) in self.told:
                    continue
                self.told.add((one.invocation.joined, facts))
            yield one

    def _outcome(self, source: Source, file: files.File, settings: Settings) -> Outcome:
        from ecolint import engine

        project = self.projects.of(file.location, settings.max_file_size)
        rules = self._rules_of(settings) if self.judge else ()
        return engine.check(source, project, rules, settings)

    def _fixes(self, source: Source, file: files.File, settings: Settings, outcome: Outcome) -> str:
        """The text after every fix that may be applied; what was refused is remembered with its reason."""
        from ecolint import fixes

        done = fixes.apply(source, outcome, self.request.unsafe, lambda again: self._outcome(again, file, settings))
        self.refused += done.refused
        if not self.request.diff:
            self.fixed += [finding for finding, _ in done.applied]
        return done.text

    def _written(self, file: files.File, loaded: files.Loaded, text: str) -> bool:
        """Write a mended file, or keep what --diff shows of it; where neither can be done, say why."""
        from ecolint.report._diff import unified

        try:
            if self.request.diff:
                self.diffs.append(unified(file.path, loaded.text, loaded.rewritten(text)))
            else:
                files.write(file, loaded, text)
        except files.CannotWrite as error:
            self.problems.append(Problem(file.path, 1, say("not fixed: {error}", error=str(error)), whole_file=False))
            self.fixed = [finding for finding in self.fixed if finding.place.path != file.path]
            return False
        return True

    def _rules_of(self, settings: Settings) -> tuple[Rule, ...]:
        key = (
            *(settings.rules, settings.select, settings.extend_select, settings.ignore, settings.conventions),
            settings.locale,
        )
        if key not in self.rules:
            self.rules[key] = rules_of(settings)
        return self.rules[key]

    def _triggers_of(self, settings: Settings, path: str) -> files.Triggers:
        from ecolint.readers import sieve, syntax_of
        from ecolint.stacks import asked

        key = (settings.stacks, syntax_of(path))
        if key not in self.triggers:
            wanted = asked(settings.stacks)
            self.triggers[key] = files.Triggers(wanted.words_of(key[1]), wanted.keys, sieve(path, wanted))
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


# --- decisions --------------------------------------------------------------------------------------------------------


def rules_of(settings: Settings) -> tuple[Rule, ...]:
    """The rules that are on. Raises RuleError for a malformed file, SettingsError for a selector that fits nothing."""
    from ecolint.ruleset import SelectorError, load, packaged, select, spoken

    rules = spoken(load([packaged(), *map(Path, settings.rules)]), settings.locale)
    try:
        return select(rules, settings.select, settings.extend_select, settings.ignore, settings.conventions)
    except SelectorError as error:
        keys = [key for key in ("select", "extend-select", "ignore") if key in settings.origins]
        origin = next((settings.origins[key] for key in keys if ":" in settings.origins[key]), None)
        path, _, line = origin.rpartition(":") if origin else ("", "", "")
        raise SettingsError(str(error), path or None, int(line) if path else None) from error


def check_gpu(settings: Settings) -> None:
    """Raises SettingsError with the nearest name where the GPU of the settings is not in the catalogue."""
    from ecolint import catalog

    if settings.gpu is None or catalog.gpus(settings.gpu):
        return
    from difflib import get_close_matches

    close = get_close_matches(settings.gpu.upper(), [one.name for one in catalog.all_gpus()], n=1, cutoff=0.3)
    path, _, line = settings.origins.get("gpu", "").rpartition(":")
    unknown = say("unknown GPU `{gpu}`", gpu=settings.gpu)
    if close:
        unknown = say("{what}; the nearest is {name}", what=unknown, name=close[0])
    raise SettingsError(unknown, path or None, int(line) if path else None)


def fails(finding: Finding, settings: Settings) -> bool:
    """Whether a finding makes the run exit 1."""
    sure = finding.certainty == "certain" or settings.fail_on_likely
    return finding.suppressed is None and sure and finding.level in _FAILS[settings.fail_on]


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


def known_rules(settings: Settings) -> tuple[Rule, ...]:
    """Every rule there is under these settings, ecolint's own and theirs, in their language."""
    from ecolint.ruleset import load, packaged, spoken

    return spoken(load([packaged(), *map(Path, settings.rules)]), settings.locale)


def settings_for(path: str, overrides: Mapping[str, object]) -> Settings:
    """The settings of a file under those of the command line."""
    return Finder(overrides).for_file(Path(path).absolute())


def here(overrides: Mapping[str, object]) -> Settings:
    """The settings of the working folder under those of the command line."""
    return Finder(overrides).for_folder(Path.cwd())
