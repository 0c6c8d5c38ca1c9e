"""What is to be changed: the best fix of each finding, the same one at many places once, by its effect."""

from __future__ import annotations

from collections.abc import Iterable

from ecolint.model import Finding, Fix, Level
from ecolint.shaped import dataclass

_RANK: dict[Level, int] = {"red": 0, "yellow": 1, "gray": 2, "green": 3}
_NO_FIGURE = float("-inf")


@dataclass(frozen=True)
class Change:
    """One fix and the findings that it mends, those of the largest effect first. `fix` is that of the first one."""

    fix: Fix
    findings: tuple[Finding, ...]

    @property
    def first(self) -> Finding:
        """The finding of the largest effect."""
        return self.findings[0]


def changes(findings: Iterable[Finding]) -> list[Change]:
    """The changes that findings ask for, the largest effect first and those without a figure last, by level."""
    groups: dict[object, list[Finding]] = {}
    for finding in findings:
        if finding.fixes:
            groups.setdefault(_key(finding), []).append(finding)
    found = [sorted(each, key=_order) for each in groups.values()]
    return [Change(each[0].fixes[0], tuple(each)) for each in sorted(found, key=lambda each: _order(each[0]))]


def effect(finding: Finding) -> float | None:
    """What is written takes so many percent more than the best fix; None where that was not measured."""
    estimate = finding.fixes[0].estimate
    return estimate.overhead_percent.central if estimate is not None and estimate.overhead_percent else None


def _key(finding: Finding) -> object:
    fix = finding.fixes[0]
    target = tuple(sorted((name, repr(value)) for name, value in fix.set.items()))
    return finding.code, fix.title, fix.applicability, target, fix.advice


def _order(finding: Finding) -> tuple[object, ...]:
    size = effect(finding)
    return (
        -(_NO_FIGURE if size is None else size),
        _RANK[finding.level],
        *(finding.place.path, finding.place.span.start, finding.code),
    )
