"""The workshop: fixes are applied one at a time, read again, and kept only when nothing else in the file changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from ecolint.engine import Outcome
from ecolint.model import Deployment, Edit, Fact, Finding, Fix, Scalar, Source

Recheck = Callable[[Source], Outcome]

GIVE_UP = 200
"""Fixes tried in one file before the rest is left for another run."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """A file after fixing: its new text, the findings that were mended, and those whose fix was rolled back and why."""

    text: str
    applied: tuple[tuple[Finding, Fix], ...] = ()
    refused: tuple[tuple[Finding, str], ...] = ()


def edited(text: str, edits: Sequence[Edit]) -> str:
    """The text after all edits, which must not overlap; insertions at one point keep their order."""
    parts, position = [], 0
    for edit in sorted(edits, key=lambda e: (e.span.start, e.span.end)):
        parts += [text[position : edit.span.start], edit.text]
        position = edit.span.end
    parts.append(text[position:])
    return "".join(parts)


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


def objection(finding: Finding, fix: Fix, before: Outcome, after: Outcome) -> str | None:
    """Why a fix must be rolled back: the file no longer reads, the finding stands, or something else changed."""
    if len(after.problems) > len(before.problems):
        return f"the file would no longer read ({after.problems[-1].reason})"
    if len(after.groups) != len(before.groups):
        return "another deployment would appear or vanish"
    index = _index(before, finding)
    changed = {name for name, fact in fix.expected.items() if _said(fact) != _said(finding.deployment.facts.get(name))}
    for number, (old, new) in enumerate(zip(before.groups, after.groups, strict=True)):
        ours = number == index or any(_shares(deployment, finding) for deployment in old)
        reason = _difference(old, new, changed if ours else set())
        if reason is not None:
            return reason
    reached = any(
        all(_said(deployment.facts.get(name)) == value for name, value in fix.set.items())
        for deployment in after.groups[index]
    )
    if not reached:
        return "the better deployment would not be read back"
    lingering = [f for f in after.findings if f.code == finding.code and f.suppressed is None]
    standing = [f for f in before.findings if f.code == finding.code and f.suppressed is None]
    return None if len(lingering) < len(standing) else "the finding would stand"


def _index(outcome: Outcome, finding: Finding) -> int:
    return next(n for n, group in enumerate(outcome.groups) if any(d is finding.deployment for d in group))


def _shares(deployment: Deployment, finding: Finding) -> bool:
    return any(finding.place in fact.sources for fact in deployment.facts.values())


def _difference(old: Sequence[Deployment], new: Sequence[Deployment], changed: set[str]) -> str | None:
    """The first fact that differs between two readings of an invocation though the fix does not speak of it."""
    if not changed and len(old) != len(new):
        return "another deployment's variants would change"
    for before, after in zip(old, new, strict=False):
        for name in before.facts.keys() | after.facts.keys():
            if name not in changed and _said(before.facts.get(name)) != _said(after.facts.get(name)):
                return f"{name} would change too"
    return None


def _said(fact: Fact | None) -> Scalar | tuple[str, ...]:
    if fact is None or fact.kind == "absent":
        return None
    return ("?",) if fact.kind == "unknown" else fact.value
