"""DIAGNOSE: which known trap an observation looks like, how well, why, what to do about it, and how to verify it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from math import hypot, log, sqrt

from ecolint.advisor import objects, pieces
from ecolint.advisor.answer import Answer, Block, Grid, Listing, Text
from ecolint.advisor.considered import Considered, Situation
from ecolint.advisor.figures import called, difference, named, number, span, stars
from ecolint.advisor.limits import Observation
from ecolint.advisor.snippets import code
from ecolint.evidence import how_to_measure
from ecolint.model import Finding, Interval, Mood, Scalar
from ecolint.report._figures import percent
from ecolint.ruleset import Rule
from ecolint.shaped import dataclass
from ecolint.speech import Said, joined, say

CLOSE, FAR = 1.0, 2.0
"""Half-widths of the 90 % interval: nearer than the first an observation fits, beyond the second it does not."""


@dataclass(frozen=True, slots=True)
class Match:
    """A configuration held against the observation: the distance in half-widths, and how well it fits, 0 to 100."""

    one: Considered
    distance: float | None
    findings: tuple[Finding, ...]

    @property
    def fit(self) -> int | None:
        """100 at the centre, 50 at the end of the interval, 0 at three half-widths."""
        if self.distance is None:
            return None
        return max(0, round(100 - 50 * self.distance if self.distance <= 1 else 50 * (3 - self.distance) / 2))


def diagnose(situation: Situation) -> Answer:
    """The configurations that the observation may be of, best fit first, and what to do about the best one."""
    seen = situation.setup.observed
    found = matches(situation, seen)
    best = found[0] if found and found[0].distance is not None and found[0].distance <= FAR else None
    told = next((one for one in found if _is_now(situation, one)), None)
    findings = best.findings if best is not None else situation.findings(situation.deployment)
    traps = [one for one in findings if one.level in ("red", "yellow")] if best is not None else []
    rows = [row for one in found if one.distance is not None for row in one.one.outlook.rows]
    rows += [row for one in traps for fix in one.fixes if fix.estimate is not None for row in fix.estimate.rows]
    blocks: list[Block] = [*pieces.given(situation), _seen(seen, told), _table(found), _scale()]
    blocks.append(pieces.quoted(situation, rows))
    if best is not None:
        blocks.append(pieces.confidence(best.one.stars, best.one.outlook.reasons))
        blocks += [*_causes(situation, traps), *_fixes(traps), _verify(situation, best, traps)]
        blocks += _configuration(situation, best, traps)
    else:
        blocks.append(Listing(say("How to find out"), how_to_measure()))
    blocks += [*pieces.risks(situation, None), *pieces.questions(situation)]
    data = {
        "observed": {
            "throughput_tok_s": seen.throughput,
            "power_w": seen.power,
            "energy_j_per_1k_tokens": seen.joules,
        },
        "pattern": traps[0].code if traps else None,
        "match": _matched(best),
        "rivals": [[one.one.precision, one.one.batch] for one in _rivals(found, best)],
        "matches": [_matched(one) for one in found],
        "root_cause": [{"code": one.code, "why": _cause(situation, one.code)} for one in traps],
        "fixes": [
            {
                "code": one.code,
                "title": fix.title,
                "applicability": fix.applicability,
                "set": dict(fix.set),
                "advice": fix.advice,
                "estimate": objects.comparison(fix.estimate) if fix.estimate is not None else None,
            }
            for one in traps
            for fix in one.fixes
        ],
    }
    said = _conclusion(best, _rivals(found, best), told, traps)
    mood: Mood | None = "gray" if best is None else None
    return objects.answered(situation, "diagnose", said, findings, blocks, data, mood)


def _rivals(found: Sequence[Match], best: Match | None) -> list[Match]:
    """The other configurations within whose 90 % interval the observation lies as well."""
    return [one for one in found if one is not best and one.distance is not None and one.distance <= CLOSE]


def matches(situation: Situation, seen: Observation) -> list[Match]:
    """Every precision that was measured at the batch of the deployment and at 1, best fit first."""
    batches = dict.fromkeys((situation.batch, 1))
    tried = (situation.tried(key, batch) for key in situation.keys for batch in batches)
    found = [Match(one, _distance(one, seen), situation.findings(one.deployment)) for one in tried]
    return sorted(found, key=lambda one: (one.distance is None, one.distance or 0.0, not _is_now(situation, one)))


def _distance(one: Considered, seen: Observation) -> float | None:
    """How far the observation lies from the figures, in half-widths; None where nothing can be held against it."""
    parts = [
        _apart(seen.throughput, one.outlook.throughput),
        _apart(seen.power, one.outlook.power),
    ]
    known = [part for part in parts if part is not None]
    if not known or (seen.throughput is not None and parts[0] is None):
        return None
    return hypot(*known) / sqrt(len(known))


def _apart(value: float | None, figures: Interval | None) -> float | None:
    if value is None or figures is None:
        return None
    off = log(value / figures.central)
    reach = log(figures.high / figures.central) if off > 0 else log(figures.central / figures.low)
    return abs(off) / reach if reach > 0 else None


def _is_now(situation: Situation, match: Match) -> bool:
    return (match.one.precision, match.one.batch) == (situation.precision, situation.batch)


def _matched(match: Match | None) -> dict[str, object] | None:
    if match is None:
        return None
    return {
        **objects.column(match.one),
        "distance": match.distance,
        "fit": match.fit,
        "codes": [one.code for one in match.findings],
    }


def _conclusion(best: Match | None, rivals: Sequence[Match], told: Match | None, traps: Sequence[Finding]) -> Said:
    if best is None:
        return say("no configuration that was measured looks like this: measure where the energy goes")
    names = joined(say("{code} {name}", code=one.code, name=one.name) for one in traps)
    text = say(
        "this looks like {best}, fit {fit} of 100: {names}",
        best=called(*best.one.key),
        fit=best.fit,
        names=names or say("no known trap"),
    )
    if rivals:
        others = joined(called(*one.one.key) for one in rivals)
        text = say("{text}; it may as well be {others}", text=text, others=others)
    if told is not None and told is not best and told.distance is not None and told.distance > FAR:
        return say("{text}; it does not look like {told}, which was said", text=text, told=called(*told.one.key))
    return text


def _scale() -> Block:
    return Text(
        say("fit"),
        (
            say(
                "100 at the centre of the figures, 50 at the end of their 90 % interval, 25 at twice that: a convention"
            ),
        ),
    )


def _seen(seen: Observation, told: Match | None) -> Block:
    head = ("", say("observed"), say("expected of what was said"), say("deviation"))
    outlook = told.one.outlook if told is not None else None
    rows = (
        _line(say("throughput, tok/s"), seen.throughput, outlook.throughput if outlook else None),
        _line(say("power, W"), seen.power, outlook.power if outlook else None),
        _line(say("J / 1k tokens"), seen.joules, outlook.energy if outlook else None),
    )
    return Grid(say("Observed and expected"), head, rows)


def _line(name: Said, value: float | None, figures: Interval | None) -> tuple[str, ...]:
    off = "–"
    if value is not None and figures is not None:
        off = percent((value / figures.central - 1) * 100)
    return name, number(value), span(figures), off


def _table(found: Sequence[Match]) -> Grid:
    head = ("", say("fit"), say("throughput, tok/s"), say("power, W"), say("known as"), say("confidence"))
    rows = tuple(
        (
            called(*one.one.key),
            str(one.fit) if one.fit is not None else "?",
            span(one.one.outlook.throughput),
            span(one.one.outlook.power),
            ", ".join(each.code for each in one.findings) or "–",
            stars(one.one.stars),
        )
        for one in found
    )
    return Grid(say("What it may be, best fit first"), head, rows)


def _rule(situation: Situation, code_: str) -> Rule | None:
    return next((rule for rule in situation.rules if rule.code == code_), None)


def _cause(situation: Situation, code_: str) -> str:
    rule = _rule(situation, code_)
    if rule is None:
        return ""
    # Chinese has no blanks where a line ends.
    return " ".join(re.sub(r"(?<=[\u2e80-\uffef])\n", "", rule.docs.why).split())


def _causes(situation: Situation, traps: Sequence[Finding]) -> list[Block]:
    told = [say("{code}: {why}", code=one.code, why=_cause(situation, one.code)) for one in traps]
    return [Listing(say("Root cause"), tuple(told))] if told else []


def _fixes(traps: Sequence[Finding]) -> list[Block]:
    told: list[Said] = []
    for one in traps:
        for fix in one.fixes:
            overhead = fix.estimate.overhead_percent if fix.estimate is not None else None
            impact = (
                say("as it looks it takes {overhead} against it", overhead=difference(overhead))
                if overhead is not None
                else say("no figure")
            )
            told.append(say("{code}: {title} ({impact})", code=one.code, title=fix.title, impact=impact))
    return [Listing(say("What to do, in this order"), tuple(told), numbered=True)] if told else []


def _configuration(situation: Situation, best: Match, traps: Sequence[Finding]) -> list[Block]:
    """The first fix as a configuration."""
    for one in traps:
        for fix in one.fixes:
            better = _precision_of(fix.set) or best.one.precision
            wanted = fix.set.get("batch_size") or fix.set.get("max_concurrency")
            batch = int(wanted) if isinstance(wanted, (int, float)) else best.one.batch
            if (better, batch) != best.one.key:
                return [code(better, situation.setup.framework, situation.setup.model, batch)]
    return []


def _precision_of(wanted: Mapping[str, Scalar]) -> str | None:
    if wanted.get("quantization") == "nf4":
        return "nf4"
    if wanted.get("int8_threshold") == 0:
        return "int8_pure"
    return "fp16" if wanted.get("quantization") == "none" else None


def _verify(situation: Situation, best: Match, traps: Sequence[Finding]) -> Block:
    """What to expect after the first fix, and how to measure it."""
    protocol = how_to_measure()[0]
    better = next((key for one in traps for fix in one.fixes if (key := _precision_of(fix.set)) is not None), None)
    if better is None or better == best.one.precision:
        return Text(say("verify"), (protocol,))
    after = situation.tried(better, best.one.batch).outlook
    parts = [say("{figure} J per 1,000 tokens", figure=span(after.energy))] if after.energy else []
    parts += [say("{figure} tok/s", figure=span(after.throughput))] if after.throughput else []
    parts += [say("{figure} W", figure=span(after.power))] if after.power else []
    if not parts:
        return Text(say("verify"), (protocol,))
    expected = say("with {precision} expect {figures}", precision=named(better), figures=joined(parts))
    return Text(say("verify"), (expected, protocol))
