"""The pipeline from one file's text to its deployments and findings: pure, and the same whatever else is linted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ecolint import suppress
from ecolint.deployments import Circumstances, deployments
from ecolint.judge import Court, judge
from ecolint.model import (
    ALWAYS,
    Alternative,
    CannotEdit,
    Change,
    Deployment,
    Edit,
    Entry,
    Finding,
    Invocation,
    Pin,
    Problem,
    Reading,
    Source,
    Table,
)
from ecolint.readers import Lookup, Reader, readers
from ecolint.ruleset import Rule
from ecolint.settings import Settings
from ecolint.stacks import Vocabulary, vocabularies, wanted


class Summaries(Lookup, Protocol):
    """What the rest of the project says: constants for readers, pinned libraries for defaults."""

    def pins(self, path: str) -> Mapping[str, str]:
        """Library name → PEP 440 specifier, as pinned for this file."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one file holds. Suppressed findings are in `findings`, marked."""

    findings: tuple[Finding, ...] = ()
    groups: tuple[tuple[Deployment, ...], ...] = ()
    """The deployments, those of one invocation together: one for each variant."""
    problems: tuple[Problem, ...] = ()
    unused: tuple[suppress.Unused, ...] = ()

    @property
    def deployments(self) -> tuple[Deployment, ...]:
        """Every deployment of the file in every variant."""
        return tuple(deployment for group in self.groups for deployment in group)


def reader_of(path: str) -> Reader | None:
    """The reader that handles a file of this name."""
    dot = path.rfind(".")
    return readers().get(path[dot:].lower()) if dot >= 0 else None


def check(source: Source, project: Summaries, rules: Sequence[Rule], settings: Settings) -> Outcome:
    """Read, understand and judge one file."""
    reader = reader_of(source.path)
    if reader is None:
        return Outcome()
    stacks = vocabularies(settings.stacks)
    reading = reader.read(source, wanted(stacks), project)
    variants = _variants(reader, source, reading, stacks, project, settings)

    def rewrite(table: Table, todo: Sequence[Change]) -> tuple[Edit, ...]:
        if table.place.path != source.path:
            raise CannotEdit(f"it is written in {table.place.path}")
        return reader.rewrite(source, table, todo)

    court = Court(
        tuple(rules),
        stacks,
        _circumstances(source, project, settings),
        settings.workload,
        rewrite,
        settings.extend_safe_fixes,
        settings.extend_unsafe_fixes,
    )
    findings = _once(finding for group in variants for finding in judge(group, court))
    names = [word for rule in rules for word in (rule.code, rule.name)]
    verdicts = suppress.apply(findings, reading.comments, source.text, source.path, settings.per_file_ignores, names)
    return Outcome(
        tuple(sorted(verdicts.findings, key=lambda f: (f.place, f.code))),
        tuple(variants),
        (*reading.problems, *verdicts.problems),
        verdicts.unused,
    )


def _variants(
    reader: Reader,
    source: Source,
    reading: Reading,
    stacks: tuple[Vocabulary, ...],
    project: Summaries,
    settings: Settings,
) -> list[tuple[Deployment, ...]]:
    circumstances = _circumstances(source, project, settings)
    invocations = (*reading.invocations, *map(requirement, reader.pins(source)))
    groups = (deployments(invocation, stacks, circumstances) for invocation in invocations)
    return [group for group in groups if group]


def _circumstances(source: Source, project: Summaries, settings: Settings) -> Circumstances:
    return Circumstances(settings.gpu, settings.context, project.pins(source.path))


def requirement(pin: Pin) -> Invocation:
    """A pinned library, as an invocation that a vocabulary of packages can recognise."""
    value = (Alternative("known", f"{pin.library}{pin.specifier}", pin.place),)
    table = Table("requirement", pin.place, (Entry("requirement", value, pin.place),), pin.library, writable=False)
    return Invocation("requirement", pin.place, f"requirement {pin.library}", mapping=table, branches=ALWAYS)


def _once(findings: Iterable[Finding]) -> list[Finding]:
    """One finding for one culprit: deployments that share a configuration share its finding."""
    found: dict[tuple[str, object], Finding] = {}
    for finding in findings:
        key = (finding.code, finding.place)
        present = found.get(key)
        if present is None or (present.certainty == "likely" and finding.certainty == "certain"):
            found[key] = finding
    return list(found.values())
