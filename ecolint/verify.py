"""The proof: whether an edited file still says what it said, but for the one thing that was to be mended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ecolint.model import Deployment, Edit, Fact, Finding, Fix, Problem, Scalar
from ecolint.shaped import dataclass
from ecolint.speech import say
from ecolint.suppress import Unused


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one file holds. Suppressed findings are in `findings`, marked."""

    findings: tuple[Finding, ...] = ()
    groups: tuple[tuple[Deployment, ...], ...] = ()
    """The deployments, those of one invocation together: one for each variant."""
    codes: tuple[tuple[str, ...], ...] = ()
    """The code of each finding about each group."""
    problems: tuple[Problem, ...] = ()
    unused: tuple[Unused, ...] = ()

    @property
    def tells(self) -> bool:
        """Whether there is anything in it."""
        return bool(self.findings or self.groups or self.problems or self.unused)

    @property
    def deployments(self) -> tuple[Deployment, ...]:
        """Every deployment of the file in every variant."""
        return tuple(deployment for group in self.groups for deployment in group)


Said = frozenset[tuple[str, Scalar | tuple[str, ...]]]


def edited(text: str, edits: Sequence[Edit]) -> str:
    """The text after all edits, which must not overlap; insertions at one point keep their order."""
    parts, position = [], 0
    for edit in sorted(edits, key=lambda e: (e.span.start, e.span.end)):
        parts += [text[position : edit.span.start], edit.text]
        position = edit.span.end
    parts.append(text[position:])
    return "".join(parts)


def objection(finding: Finding, fix: Fix, before: Outcome, after: Outcome) -> str | None:
    """Why a fix must not be made: the file no longer reads, the finding stands, or something else changes."""
    if len(after.problems) > len(before.problems):
        return say("the file would no longer read ({reason})", reason=after.problems[-1].reason)
    if len(after.groups) != len(before.groups):
        return say("another deployment would appear or vanish")
    index = next(n for n, group in enumerate(before.groups) if any(d is finding.deployment for d in group))
    present = finding.deployment.facts
    changed = {name for name, fact in fix.expected.items() if said(fact) != said(present.get(name))}
    for number, (old, new) in enumerate(zip(before.groups, after.groups, strict=True)):
        reason = _difference(old, new, finding, fix, changed, ours=number == index)
        if reason is not None:
            return reason
    reached = (all(said(d.facts.get(name)) == value for name, value in fix.set.items()) for d in after.groups[index])
    if not any(reached):
        return say("the better deployment would not be read back")
    stands = after.codes[index].count(finding.code) >= before.codes[index].count(finding.code)
    return say("the finding would stand") if stands else None


def _difference(
    old: Sequence[Deployment], new: Sequence[Deployment], finding: Finding, fix: Fix, changed: set[str], *, ours: bool
) -> str | None:
    """What differs between two readings of an invocation though the fix does not speak of it.

    Variants are compared as a set, because an edit moves the lines that name their branches. Those that do not share
    the finding's culprit must read as before; those that do, as before or as the fix means them to.
    """
    sharing = [d for d in old if d is finding.deployment or _shares(d, finding)]
    kept = {_all(d.facts) for d in old if d not in sharing}
    meant = {_all({**d.facts, **{name: fix.expected[name] for name in changed}}) for d in sharing}
    found = {_all(d.facts) for d in new}
    if not kept <= found:
        return say("another branch or deployment would change")
    strangers = found - kept - meant - ({_all(d.facts) for d in sharing} if not ours else set())
    if not strangers:
        return None
    near = max(meant | kept, key=lambda one: len(one & next(iter(strangers))))
    names = sorted({name for name, _ in next(iter(strangers)) ^ near})
    return say("{facts} would change too", facts=", ".join(names[:3]))


def _shares(deployment: Deployment, finding: Finding) -> bool:
    return any(finding.place in fact.sources for fact in deployment.facts.values())


def _all(facts: Mapping[str, Fact]) -> Said:
    return frozenset((name, said(fact)) for name, fact in facts.items() if fact.kind != "absent")


def said(fact: Fact | None) -> Scalar | tuple[str, ...]:
    """What a fact says, without where it was read: its value, None where it is absent, a mark where it is unknown."""
    if fact is None or fact.kind == "absent":
        return None
    return ("?",) if fact.kind == "unknown" else fact.value
