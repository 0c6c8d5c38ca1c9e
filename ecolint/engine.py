"""The pipeline from one file's text to its deployments and findings: pure, and the same whatever else is linted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from ecolint import suppress
from ecolint.deployments import deployments
from ecolint.derived import Circumstances
from ecolint.judge import Court, judge
from ecolint.measurements import table_of
from ecolint.model import (
    Alternative,
    CannotEdit,
    Change,
    Deployment,
    Edit,
    Entry,
    Finding,
    Fix,
    Invocation,
    Pin,
    Place,
    Source,
    Table,
)
from ecolint.readers import Lookup, reader_of
from ecolint.ruleset import Rule
from ecolint.saved import Saved
from ecolint.settings import Settings
from ecolint.speech import say
from ecolint.stacks import asked, vocabularies
from ecolint.verify import Outcome, edited, objection
from ecolint.write import by_hand


class Summaries(Lookup, Protocol):
    """What the rest of the project says: constants for readers, pinned libraries for defaults."""

    def pins(self, path: str) -> Mapping[str, str]:
        """Library name → PEP 440 specifier, as pinned for this file."""
        ...


MAX_PROVEN = 10_000
"""Deployments that are read again to prove the fixes of one file; what is left then is left to whoever makes it."""


def check(source: Source, project: Summaries, rules: Sequence[Rule], settings: Settings) -> Outcome:
    """Read, understand and judge one file. A fix has edits only where the edited file was read again and proven."""
    outcome = judged(source, project, rules, settings)
    left = MAX_PROVEN

    def proven(finding: Finding, fix: Fix) -> Fix:
        nonlocal left
        if not fix.edits or finding.suppressed is not None:
            return fix
        left -= len(outcome.groups)
        if left < 0:
            advice = by_hand(fix.text, say("the file has too many deployments for every edit to be proven"))
            return replace(fix, applicability="manual", advice=advice, edits=(), expected={})
        text = edited(source.text, fix.edits)
        after = judged(replace(source, text=text), project, rules, settings, mending=False)
        reason = objection(finding, fix, outcome, after)
        if reason is None:
            return fix
        advice = by_hand(fix.text, say("no single edit does only this ({reason})", reason=reason))
        return replace(fix, applicability="manual", advice=advice, edits=(), expected={})

    findings = (replace(f, fixes=tuple(proven(f, fix) for fix in f.fixes)) for f in outcome.findings)
    return replace(outcome, findings=tuple(findings))


def judged(
    source: Source, project: Summaries, rules: Sequence[Rule], settings: Settings, *, mending: bool = True
) -> Outcome:
    """The outcome of one file with its fixes as planned, not yet proven; without fixes where none is `mending`."""
    reader = reader_of(source.path)
    if reader is None:
        return Outcome()
    stacks = vocabularies(settings.stacks)
    reading = reader.read(source, asked(settings.stacks), project)
    pins = reader.pins(source)
    # What is done to another invocation's object is part of that deployment, not one of its own.
    used = {use.place for one in reading.invocations for use in one.uses}
    own = (one for one in reading.invocations if one.place not in used)
    invocations = (*own, *map(requirement, pins))
    # A file that deploys nothing rests on nothing that the project says.
    versions = pinned(project.pins(source.path), pins) if invocations else {}
    saved = Saved(source.path, project, stacks)
    circumstances = Circumstances(stacks, settings.gpu, settings.context, versions, saved.facts)
    groups = tuple(whole(group for one in invocations if (group := deployments(one, circumstances))))

    def rewrite(table: Table, todo: Sequence[Change]) -> tuple[Edit, ...]:
        if table.place.path != source.path:
            raise CannotEdit("it is written in {path}", path=table.place.path)
        return reader.rewrite(source, table, todo)

    safer, riskier = settings.extend_safe_fixes, settings.extend_unsafe_fixes
    table = table_of(settings) if rules else None
    court = Court(tuple(rules), circumstances, settings.workload, rewrite, safer, riskier, mending, table)
    everyone = [deployment for group in groups for deployment in group]
    found = [_told(judge(group, court, everyone), source.path) for group in groups]
    names = [word for rule in rules for word in (rule.code, rule.name)]
    once = _once(finding for findings in found for finding in findings)
    verdicts = suppress.apply(once, reading.comments, source.text, source.path, settings.per_file_ignores, names)
    return Outcome(
        tuple(sorted(verdicts.findings, key=lambda f: (f.place, f.code))),
        groups,
        tuple(tuple(finding.code for finding in findings) for findings in found),
        (*reading.problems, *verdicts.problems),
        verdicts.unused,
    )


def whole(groups: Iterable[tuple[Deployment, ...]]) -> list[tuple[Deployment, ...]]:
    """Without the settings in a mapping of which all are read as settings of the mapping around it, and more with them:
    the arguments of an engine are part of the file that configures it."""
    found = list(groups)
    order = [index for index, group in enumerate(found) if _settings(group) is not None]
    order.sort(key=lambda index: (found[index][0].place.span.start, -found[index][0].place.span.end))
    parts: set[int] = set()
    around: list[int] = []
    for index in order:
        place = found[index][0].place
        while around and found[around[-1]][0].place.span.end < place.span.end:
            around.pop()
        read = _read(found[index])
        if any(found[one][0].place != place and read < _read(found[one]) for one in around):
            parts.add(index)
        around.append(index)
    return [group for index, group in enumerate(found) if index not in parts]


def _settings(group: tuple[Deployment, ...]) -> Table | None:
    """The mapping that settings are read from, where no container has it."""
    invocation = group[0].invocation
    return None if invocation.image or invocation.joined else invocation.mapping


def _read(group: tuple[Deployment, ...]) -> frozenset[Place]:
    return frozenset(place for one in group for place in one.entries)


def pinned(project: Mapping[str, str], own: Sequence[Pin]) -> Mapping[str, str]:
    """Library → specifier: what the file itself requires outranks the project; two unlike requirements are none."""
    stated: dict[str, set[str]] = {}
    for pin in own:
        if pin.branches:
            continue  # one of several ways to install
        stated.setdefault(pin.library, set()).add(pin.specifier)
    versions = {library: specifier for library, specifier in project.items() if library not in stated}
    single = {library: next(iter(found)) for library, found in stated.items() if len(found) == 1}
    return {**versions, **{library: specifier for library, specifier in single.items() if specifier}}


def requirement(pin: Pin) -> Invocation:
    """A pinned library, as an invocation that a vocabulary of packages can recognise."""
    value = (Alternative("known", pin.text or f"{pin.library}{pin.specifier}", pin.place),)
    table = Table("requirement", pin.place, (Entry("requirement", value, pin.place),), pin.library, writable=False)
    return Invocation("requirement", pin.place, f"requirement {pin.library}", mapping=table, branches=pin.branches)


def _told(findings: Sequence[Finding], path: str) -> tuple[Finding, ...]:
    """The findings that a file tells: of a deployment that is joined from several, those whose culprits stand in it."""
    return tuple(one for one in findings if one.place.path == path or not one.deployment.invocation.joined)


def _once(findings: Iterable[Finding]) -> list[Finding]:
    """One finding for one culprit: deployments that share a configuration share its finding."""
    found: dict[tuple[str, object], Finding] = {}
    for finding in findings:
        key = (finding.code, finding.place)
        present = found.get(key)
        if present is None or (present.certainty == "likely" and finding.certainty == "certain"):
            found[key] = finding
    return list(found.values())
