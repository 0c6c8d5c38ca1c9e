"""The court: rules are held against the variants of a deployment, and become findings with estimates and fixes."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace

from ecolint import evidence
from ecolint.computed import Computed
from ecolint.derived import Circumstances, derive
from ecolint.ineffective import readings
from ecolint.model import (
    RED_ABOVE,
    CannotEdit,
    Certainty,
    Change,
    Deployment,
    Edit,
    Estimate,
    Fact,
    Finding,
    Fix,
    Level,
    Place,
    Scalar,
    Table,
    Workload,
)
from ecolint.plan import NoWay, Plan, plan
from ecolint.rulefile import WORKLOADS
from ecolint.ruleset import Better, Case, Rule
from ecolint.shaped import dataclass
from ecolint.speech import joined, say
from ecolint.write import by_hand, changes, spelled

RANK: Mapping[Level, int] = {"green": 0, "gray": 1, "yellow": 2, "red": 3}
GPU_DEVICES = ("cuda", "rocm")
"""Devices that the rules speak of; on CPUs and other accelerators they say nothing."""
Rewrite = Callable[[Table, Sequence[Change]], tuple[Edit, ...]]


@dataclass(frozen=True, slots=True)
class Court:
    """What judging needs besides the deployments: rules, assumptions, and a way to write edits."""

    rules: tuple[Rule, ...]
    circumstances: Circumstances
    workload: Workload
    rewrite: Rewrite
    safer: tuple[str, ...] = ()
    """Rules whose fixes the user declares safe (`extend-safe-fixes`), by code, name or prefix."""
    riskier: tuple[str, ...] = ()
    mending: bool = True
    """False where only the verdicts are asked for: a proof looks at no fix of the edited text."""
    table: evidence.Table | None = None
    """The measured rows that estimates rest on: those shipped unless given."""
    _fired: dict[int, tuple[Deployment, tuple[_Hit, ...]]] = field(default_factory=dict, compare=False, repr=False)

    def fired(self, deployment: Deployment) -> tuple[_Hit, ...]:
        """The hits of all rules on one deployment, this very one: worked out once."""
        if id(deployment) not in self._fired:
            hits = tuple(hit for rule in self.rules for hit in _verdicts(rule, deployment, self))
            self._fired[id(deployment)] = deployment, hits  # it is kept, so that no other one gets its id
        return self._fired[id(deployment)][1]


@dataclass(frozen=True, slots=True)
class _Hit:
    rule: Rule
    case: Case
    deployment: Deployment
    estimate: Estimate | None
    level: Level
    place: Place
    reading: Deployment
    """The deployment with the one fact, of several of its kind, that the hit is about."""


def judge(
    variants: Sequence[Deployment], court: Court, everyone: Sequence[Deployment] | None = None
) -> tuple[Finding, ...]:
    """The findings about one invocation, given all its variants; `everyone` are all deployments of the file."""
    hits: dict[tuple[str, Place], list[_Hit]] = {}
    variants = [deployment for deployment in variants if not _elsewhere(deployment)]
    for deployment in variants:
        for hit in verdicts(deployment, court):
            for place in places_of(hit.case, hit.reading):
                hits.setdefault((hit.rule.code, place), []).append(replace(hit, place=place))
    every = variants if everyone is None else everyone
    agreed = (found for found in hits.values() if not found[0].rule.unanimous or _agreed(found[0], every, court))
    stands = (found for found in agreed if not found[0].rule.settled or _settled(found, variants))
    return tuple(_finding(found, variants, court) for found in stands)


def _settled(hits: Sequence[_Hit], variants: Sequence[Deployment]) -> bool:
    """Whether no branch decides that the rule fires."""
    everywhere = len({hit.deployment.variant for hit in hits}) == len(variants)
    return everywhere and not any(hit.deployment.invocation.branches for hit in hits)


def _agreed(hit: _Hit, everyone: Iterable[Deployment], court: Court) -> bool:
    """Whether the rule fires on the hit's culprit in every deployment and variant that reads it."""
    reading = (d for d in everyone if hit.place in d.entries and not _elsewhere(d))
    return all(any(one.rule is hit.rule and one.place == hit.place for one in court.fired(d)) for d in reading)


def verdicts(deployment: Deployment, court: Court) -> list[_Hit]:
    """The rules that fire on one deployment, after deferring and after the evidence had its say."""
    if _elsewhere(deployment):
        return []
    hits = court.fired(deployment)
    codes = {hit.rule.code for hit in hits}
    return [hit for hit in hits if codes.isdisjoint(hit.rule.defers_to)]


def _elsewhere(deployment: Deployment) -> bool:
    """Whether a variant runs on something that the rules do not speak of: others are judged without it."""
    device = deployment.facts.get("device")
    return device is not None and device.kind == "known" and device.value not in GPU_DEVICES


def _verdicts(rule: Rule, deployment: Deployment, court: Court) -> Iterator[_Hit]:
    """The rule's hits: one, or one for each of several facts of a kind (dead settings)."""
    if not _speaks(rule, deployment.facts.get("workload")):
        return
    for reading in readings(deployment, rule.reads) if deployment.parts else (deployment,):
        hit = _verdict(rule, reading, court)
        if hit is not None:
            yield replace(hit, deployment=deployment) if deployment.parts else hit


def _speaks(rule: Rule, workload: Fact | None) -> bool:
    """Whether the rule speaks of this workload; one that speaks of every workload need not know it."""
    if workload is None:
        return False
    return (workload.kind == "known" and workload.value in rule.workloads) or set(rule.workloads) == set(WORKLOADS)


def _verdict(rule: Rule, deployment: Deployment, court: Court) -> _Hit | None:
    case = next((case for case in rule.cases if case.when.holds(deployment)), None)
    if case is None:
        return None
    estimate = _estimate(rule, case, deployment, court) if case.quantify else None
    level = case.level
    percent = estimate.overhead_percent if estimate else None
    if level == "green":
        if rule.basis == "measured" and case.quantify and (estimate is None or estimate.verdict != "saves"):
            return None  # praise needs evidence, or a trap that is avoided outright
    elif percent is not None:
        if percent.central <= 0:
            return None  # the evidence outranks the claim
        if percent.low > RED_ABOVE and level == "yellow" and rule.rises:
            level = "red"
    return _Hit(rule, case, deployment, estimate, level, place_of(case, deployment), deployment)


def place_of(case: Case, deployment: Deployment) -> Place:
    """Where the culprit is written: the first underlined fact that has a place, else the whole invocation."""
    return places_of(case, deployment)[0]


def places_of(case: Case, deployment: Deployment) -> tuple[Place, ...]:
    """Where the culprit is written; several places where the case says that each of them is one."""
    for name in case.underline:
        fact = deployment.facts.get(name) or deployment.settings.get(name)
        # A constant of another module is not in the file that is linted: there the call is the culprit.
        told = {deployment.place.path, *deployment.invocation.joined}
        found = [one for one in fact.sources if one.path in told] if fact is not None else []
        if found:
            return tuple(found) if case.every else (found[0],)
    return (deployment.place,)


def _estimate(rule: Rule, case: Case, deployment: Deployment, court: Court) -> Estimate | None:
    wanted = case.compare or rule.compare
    if wanted is None:
        first = next((b for b in rule.betters if b.when is None or b.when.holds(deployment)), None)
        if first is None:
            return None
        wanted = {name: options[0] for name, options in _options(first, deployment)}
    if rule.basis != "measured":
        return None
    better, _ = improved(deployment, {name: (value,) for name, value in wanted.items()}, court)
    told = {name: value for name, value in wanted.items() if not isinstance(value, bool)}
    return evidence.estimate(deployment, better, told, court.workload, rule.claim, court.table)


def _options(better: Better, deployment: Deployment) -> Iterator[tuple[str, tuple[Scalar, ...]]]:
    """The acceptable values of each fact; None is one that the deployment does not tell."""
    for name, value in better.set.items():
        told = value.of(deployment) if isinstance(value, Computed) else value
        yield name, told if isinstance(told, tuple) else (told,)


def improved(
    deployment: Deployment, wanted: Mapping[str, tuple[Scalar, ...]], court: Court
) -> tuple[Deployment, Plan | NoWay]:
    """The deployment with better facts, and the plan that writes them, or why its stack has no way to.

    Of several acceptable values the present one is kept, else the first is taken.
    """
    target: dict[str, Scalar] = {}
    for name, options in wanted.items():
        present = deployment.facts.get(name, Fact("absent"))
        kept = present.kind == "known" and present.value in options
        target[name] = present.value if kept else options[0]
    try:
        found = plan(deployment, target, court.circumstances, dream=False)
    except NoWay as reason:
        return _dreamt(deployment, target, court), reason
    return replace(deployment, facts=found.facts, parts=found.parts), found


def _dreamt(deployment: Deployment, target: Mapping[str, Scalar], court: Court) -> Deployment:
    """A better deployment that its stack cannot write, read through the same vocabulary."""
    try:
        found = plan(deployment, target, court.circumstances, dream=True)
    except NoWay:
        wanted = {name: Fact("known", value, how="derived") for name, value in target.items()}
        parts = tuple(part for part in deployment.parts if part.keys().isdisjoint(target))
        return replace(deployment, facts=derive({**deployment.facts, **wanted}, court.circumstances), parts=parts)
    return replace(deployment, facts=found.facts, parts=found.parts)


# --- from hits to a finding -------------------------------------------------------------------------------------------


def _finding(hits: Sequence[_Hit], variants: Sequence[Deployment], court: Court) -> Finding:
    worst = max(hits, key=lambda hit: RANK[hit.level])
    return Finding(
        code=worst.rule.code,
        name=worst.rule.name,
        level=worst.level,
        certainty=_certainty(hits, variants),
        message=worst.case.message.render(worst.reading),
        place=worst.place,
        deployment=worst.deployment,
        estimate=worst.estimate,
        fixes=tuple(_fixes(worst, court)) if court.mending else (),
        detail=tuple(
            (label.render(worst.reading), value.render(worst.reading))
            for label, value in worst.rule.detail
            if label.known(worst.reading) and value.known(worst.reading)
        ),
        by_traffic=not worst.rule.rises,
    )


def _certainty(hits: Sequence[_Hit], variants: Sequence[Deployment]) -> Certainty:
    """Certain where every variant has it and every fact it rests on was written out or holds in every version."""
    if len({hit.deployment.variant for hit in hits}) < len(variants):
        return "likely"
    for hit in hits:
        invocation = hit.deployment.invocation
        if hit.case.likely or invocation.likely or invocation.branches:
            return "likely"
        facts = [hit.reading.facts.get(name) for name in (*hit.case.when.facts, "framework")]
        if not all(fact is None or fact.kind != "known" or fact.assured for fact in facts):
            return "likely"
    return "certain"


def _fixes(hit: _Hit, court: Court) -> Iterator[Fix]:
    before = verdicts(hit.deployment, court)
    standing = {other.rule.code for other in before}
    others = {other.place for other in before if other.rule is hit.rule and other.place != hit.place}
    for better in hit.rule.betters:
        if better.when is not None and not better.when.holds(hit.reading):
            continue
        wanted = dict(_options(better, hit.reading))
        if any(None in options for options in wanted.values()):
            continue
        deployment, found = improved(hit.deployment, wanted, court)
        if better.needs is not None and not better.needs.holds(deployment):
            continue
        if (
            isinstance(found, NoWay)
            and found.attempt is not None
            and not (str(found) or spelled(found.attempt) or better.advice)
        ):
            continue  # the stack has nothing to write that would change it
        after = verdicts(deployment, court)
        if any(other.rule is hit.rule and other.place not in others for other in after) or any(
            RANK[other.level] >= RANK[hit.level] for other in after if other.rule.code not in standing
        ):
            continue  # it would trade one waste for another
        target = {name: deployment.facts[name].value for name in wanted if name in deployment.facts}
        quantify = hit.rule.basis == "measured" and hit.case.quantify
        estimate = _held(hit.deployment, deployment, target, court) if quantify else None
        if estimate is not None and estimate.overhead_percent and estimate.overhead_percent.central <= 0:
            continue  # not better by the rows
        yield _fix(hit.rule, better, target, found, estimate, court)


def _held(one: Deployment, other: Deployment, target: Mapping[str, Scalar], court: Court) -> Estimate:
    return evidence.estimate(one, other, target, court.workload, table=court.table)


def _fix(
    rule: Rule,
    better: Better,
    target: Mapping[str, Scalar],
    found: Plan | NoWay,
    estimate: Estimate | None,
    court: Court,
) -> Fix:
    title = better.title or say(
        "set {facts}", facts=joined(say("{fact} to {value}", fact=name, value=value) for name, value in target.items())
    )
    applicability = better.applicability
    if applicability == "safe" and _chosen(rule, court.riskier):
        applicability = "unsafe"
    elif applicability == "unsafe" and _chosen(rule, court.safer):
        applicability = "safe"
    if applicability == "manual" or isinstance(found, NoWay):
        written = str(found) if isinstance(found, NoWay) else ""
        if not (better.advice or written) and isinstance(found, NoWay) and found.attempt is not None:
            written = by_hand(spelled(found.attempt), say("what else is passed cannot be seen"))
        return Fix(title, "manual", target, written or better.advice or better.caveat, estimate)
    text = spelled(found)
    try:
        edits = merged([edit for table, todo in changes(found) for edit in court.rewrite(table, todo)])
    except CannotEdit as reason:
        return Fix(title, "manual", target, better.advice or by_hand(text, str(reason)), estimate)
    return Fix(title, applicability, target, better.caveat, estimate, edits, found.facts, text)


def _chosen(rule: Rule, selectors: Iterable[str]) -> bool:
    return any(rule.code.startswith(selector) or rule.name == selector for selector in selectors)


def merged(edits: Sequence[Edit]) -> tuple[Edit, ...]:
    """Edits in file order without repetition. Raises CannotEdit where two of them overlap."""
    found = sorted(set(edits))
    for first, second in itertools.pairwise(found):
        if first.path == second.path and first.span.end > second.span.start:
            raise CannotEdit("two of its edits overlap")
    return tuple(found)
