"""The workshop: fixes are applied one at a time, read again, and kept only when nothing else in the file changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from ecolint.model import Finding, Fix, Source
from ecolint.shaped import dataclass
from ecolint.verify import Outcome, edited, objection

Recheck = Callable[[Source], Outcome]

GIVE_UP = 200
"""Fixes tried in one file before the rest is left for another run."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """A file after fixing: its new text, the findings that were mended, and those whose fix was rolled back and why."""

    text: str
    applied: tuple[tuple[Finding, Fix], ...] = ()
    refused: tuple[tuple[Finding, str], ...] = ()


def applicable(finding: Finding, unsafe: bool) -> Fix | None:
    """The fix that would be applied: the best one that is allowed and has edits."""
    allowed = ("safe", "unsafe") if unsafe else ("safe",)
    return next((fix for fix in finding.fixes if fix.edits and fix.applicability in allowed), None)


def apply(source: Source, outcome: Outcome, unsafe: bool, recheck: Recheck) -> Fixed:
    """Mend what can be mended. `recheck` reads and judges a text; `outcome` is its answer for `source`."""
    applied: list[tuple[Finding, Fix]] = []
    refused: list[tuple[Finding, str]] = []
    tried: set[tuple[str, str]] = set()
    for _ in range(GIVE_UP):
        found = next(_candidates(source, outcome, unsafe, tried), None)
        if found is None:
            break
        finding, fix = found
        after_source = replace(source, text=edited(source.text, fix.edits))
        after = recheck(after_source)
        reason = objection(finding, fix, outcome, after)
        if reason is None:
            applied.append(found)
            source, outcome = after_source, after
        else:
            refused.append((finding, reason))
            tried.add(_key(source, finding))
    return Fixed(source.text, tuple(applied), tuple(refused))


def _candidates(
    source: Source, outcome: Outcome, unsafe: bool, tried: set[tuple[str, str]]
) -> Iterator[tuple[Finding, Fix]]:
    ranked = sorted(outcome.findings, key=lambda f: (f.level != "red", f.place))
    for finding in ranked:
        fix = applicable(finding, unsafe)
        if fix is not None and finding.suppressed is None and _key(source, finding) not in tried:
            yield finding, fix


def _key(source: Source, finding: Finding) -> tuple[str, str]:
    """What identifies a finding while the text around it moves: its code and how many such texts stand before it."""
    span = finding.place.span
    text = source.text[span.start : span.end]
    return finding.code, f"{source.text.count(text, 0, span.start) if text else span.start}:{text}"
