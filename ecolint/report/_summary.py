"""What a run comes to: counts, what can be mended, and the mood."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ecolint.frame import Report
from ecolint.shaped import dataclass
from ecolint.speech import say

if TYPE_CHECKING:
    from ecolint.model import Estimate, Finding, Mood

MOODS: Mapping[Mood, str] = {
    "green": say("cool waters"),
    "yellow": say("energy is left on the table"),
    "orange": say("an energy trap"),
    "red": say("overheating"),
    "gray": say("unverified software"),
}
"""What each mood means."""

_NUMBER_FORMAT = frozenset({"precision", "quantization", "dtype", "int8_threshold", "compute_dtype"})


@dataclass(frozen=True)
class Summary:
    """Counts of files and of findings that nothing suppresses."""

    files: int
    skipped: int
    templated: int
    red: int
    yellow: int
    green: int
    gray: int
    fixable: int
    mood: Mood


def summarise(report: Report) -> Summary:
    """The summary of a report."""
    open_findings = [finding for finding in report.findings if finding.suppressed is None]
    levels = [finding.level for finding in open_findings]
    whole = {problem.path for problem in report.problems if problem.whole_file and not problem.templated}
    templated = {problem.path for problem in report.problems if problem.templated}
    return Summary(
        files=report.files,
        skipped=len(whole),
        templated=len(templated),
        red=levels.count("red"),
        yellow=levels.count("yellow"),
        green=levels.count("green"),
        gray=levels.count("gray"),
        fixable=sum(is_fixable(finding) for finding in open_findings),
        mood=mood(open_findings),
    )


def is_fixable(finding: Finding) -> bool:
    """Whether some fix of a finding can be applied, safe or not."""
    return any(fix.applicability != "manual" and fix.edits for fix in finding.fixes)


def is_safely_fixable(finding: Finding) -> bool:
    """Whether --fix alone applies some fix of a finding."""
    return any(fix.applicability == "safe" and fix.edits for fix in finding.fixes)


def mood(findings: list[Finding]) -> Mood:
    """The worst mood of any finding.

    Red is waste of surely 30 % or more; orange any other red finding, or a number format shown to cost; yellow
    any other yellow finding; gray unverified software; green nothing to complain of. The scale is the one of the
    EcoCompute skill (v2.5.0, "EcoLobster Mood System").
    """
    order: tuple[Mood, ...] = ("red", "orange", "yellow", "gray")
    moods = {_mood_of(finding) for finding in findings}
    return next((one for one in order if one in moods), "green")


def _mood_of(finding: Finding) -> Mood:
    estimate = finding.estimate
    if finding.level == "red":
        return "red" if _overheats(estimate) else "orange"
    if finding.level == "yellow":
        return "orange" if estimate and estimate.verdict == "costs" and _about_format(estimate) else "yellow"
    return finding.level


def _overheats(estimate: Estimate | None) -> bool:
    from ecolint.model import RED_ABOVE

    interval = estimate.overhead_percent if estimate else None
    return interval is not None and interval.low >= RED_ABOVE


def _about_format(estimate: Estimate) -> bool:
    return not _NUMBER_FORMAT.isdisjoint(estimate.compared_with)
