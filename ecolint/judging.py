"""The inner pipeline of a run: one file's text through the engine, its fixes applied or shown."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from ecolint import engine, files
from ecolint.cache import NOTHING, Cache
from ecolint.decisions import fails, rules_of
from ecolint.model import Finding, Problem, Source
from ecolint.settings import Settings
from ecolint.shaped import dataclass
from ecolint.speech import say
from ecolint.verify import Outcome

if TYPE_CHECKING:
    from ecolint.project import Projects
    from ecolint.ruleset import Rule


@dataclass(frozen=True)
class Judged:
    """What came of one file: its text as it stands now, what it holds, and what was done about it.

    `failing` where a finding fails the run; `unmeasured` why rows do not answer for what it holds; `problems` why it
    could not be written.
    """

    path: str
    text: str
    outcome: Outcome
    failing: bool
    unmeasured: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    fixed: tuple[Finding, ...] = ()
    refused: tuple[tuple[Finding, str], ...] = ()
    diff: str = ""

    @property
    def tells(self) -> bool:
        """Whether there is anything to say of the file."""
        return self.outcome.tells or bool(self.problems or self.fixed or self.refused or self.diff)


class Judging:
    """Judges one file after the other, and keeps what they have in common: projects and rules.

    Without `judge` a file is only read. With `fix` fixes are written, with `diff` shown; the `unsafe` ones too. What
    the `cache` has of a file that is only judged is taken from it.
    """

    def __init__(
        self,
        projects: Projects,
        cache: Cache,
        *,
        judge: bool = True,
        fix: bool = False,
        diff: bool = False,
        unsafe: bool = False,
    ) -> None:
        self.judge, self.fix, self.diff, self.unsafe = judge, fix, diff, unsafe
        self._cache = cache
        self.projects = projects
        self._rules: dict[tuple[object, ...], tuple[Rule, ...]] = {}

    def known(self, file: files.File, content: bytes, settings: Settings) -> Judged | None:
        """What the cache has of a file with this content; None where it has nothing that still holds."""
        project = self.projects.of(file.location, settings.max_file_size)
        key = self._cache.key(file.path, file.location, content, settings, project, judged=self.judge)
        outcome = self._cache.outcome(key, project)
        if outcome is None:
            return None
        source = project.source(file.path) if outcome.tells else None
        return self._judged(source or Source(file.path, ""), outcome, settings)

    def file(
        self,
        file: files.File,
        loaded: files.Loaded,
        settings: Settings,
        content: bytes = b"",
        status: os.stat_result | None = None,
    ) -> Judged:
        """Judge one file, and with --fix or --diff mend it.

        With a cache, `content` is the digest of its bytes, and `status` what the disk said of it before it was opened.
        """
        source = loaded.source
        if self._cache.enabled:
            return self._cached(source, file, settings, content, status)
        outcome = self._outcome(source, file, settings)
        if not (self.fix or self.diff):
            return self._judged(source, outcome, settings)
        from ecolint import fixes

        done = fixes.apply(source, outcome, self.unsafe, lambda again: self._outcome(again, file, settings))
        fixed = () if self.diff else tuple(finding for finding, _ in done.applied)
        problem, diff = None, ""
        if done.text != source.text:
            problem, diff = self._written(file, loaded, done.text)
            if problem is None and self.fix:
                source = replace(source, text=done.text)
                self.projects.of(file.location, settings.max_file_size).changed(source.path)
                outcome = self._outcome(source, file, settings)
        return replace(
            self._judged(source, outcome, settings),
            problems=(problem,) if problem is not None else (),
            fixed=tuple(one for one in fixed if problem is None or one.place.path != file.path),
            refused=tuple(done.refused),
            diff=diff,
        )

    def _cached(
        self, source: Source, file: files.File, settings: Settings, content: bytes, status: os.stat_result | None
    ) -> Judged:
        """Judge a file, or take what was found in it before; and remember what was found."""
        cache, project = self._cache, self.projects.of(file.location, settings.max_file_size)
        key = cache.key(file.path, file.location, content, settings, project, judged=self.judge)
        outcome, empty = cache.outcome(key, project), False
        if outcome is None:
            project.watch()
            outcome = self._outcome(source, file, settings)
            empty = cache.keep(key, file.path, project.consulted(), outcome)
        if status is not None and empty:
            cache.note(file.location, status, NOTHING, settings, judged=self.judge)
        elif status is not None:
            cache.note(file.location, status, content, settings)
        return self._judged(source, outcome, settings)

    def _judged(self, source: Source, outcome: Outcome, settings: Settings) -> Judged:
        failing = any(fails(finding, settings) for finding in outcome.findings)
        return Judged(source.path, source.text, outcome, failing, tuple(self._reasons(outcome, settings)))

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

    def _outcome(self, source: Source, file: files.File, settings: Settings) -> Outcome:
        project = self.projects.of(file.location, settings.max_file_size)
        rules = self._rules_of(settings) if self.judge else ()
        return engine.check(source, project, rules, settings)

    def _written(self, file: files.File, loaded: files.Loaded, text: str) -> tuple[Problem | None, str]:
        """Write a mended file, or make what --diff shows of it; where neither can be done, say why."""
        from ecolint.report._diff import unified

        try:
            if self.diff:
                return None, unified(file.path, loaded.text, loaded.rewritten(text))
            files.write(file, loaded, text)
        except files.CannotWrite as error:
            return Problem(file.path, 1, say("not fixed: {error}", error=str(error)), whole_file=False), ""
        return None, ""

    def _rules_of(self, settings: Settings) -> tuple[Rule, ...]:
        key = (
            *(settings.rules, settings.select, settings.extend_select, settings.ignore, settings.conventions),
            settings.locale,
        )
        if key not in self._rules:
            self._rules[key] = rules_of(settings)
        return self._rules[key]
