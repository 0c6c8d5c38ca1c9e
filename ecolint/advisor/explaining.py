"""EXPLAIN: why a deployment is slow or hot: bandwidth, launches, dequantization, decomposition, as rows show it."""

from __future__ import annotations

from dataclasses import dataclass

from ecolint import catalog
from ecolint.advisor import pieces
from ecolint.advisor.answer import Answer, Block, Grid, Listing
from ecolint.advisor.considered import Considered, Situation
from ecolint.advisor.figures import amount, difference, named, number
from ecolint.advisor.snippets import code
from ecolint.model import Interval
from ecolint.report._summary import mood
from ecolint.speech import Said, say

BOUND = 0.6
"""Share of the memory bandwidth from which reading the weights is what takes the time. A convention."""
IDLE = 0.3
"""Share below which something else does. A convention."""


@dataclass(frozen=True, slots=True)
class Roofline:
    """How near a configuration comes to what its memory could do: gigabytes read a second, and their share of it."""

    bytes_gb: float
    """Weights that are read for every step."""
    read_gbs: float | None
    share: float | None
    ceiling_tok_s: float | None
    """Tokens a second at which the weights alone would fill the bandwidth, at this batch."""


def roofline(situation: Situation, one: Considered) -> Roofline | None:
    """Active weights × steps a second against the GPU's bandwidth; None where the size or the width is not known."""
    size = next(
        (value for name in ("active_params_b", "params_b") if (value := _number(situation, name)) is not None), None
    )
    weights = catalog.weights_gb(size, one.precision) if size is not None else None
    if weights is None:
        return None
    card = catalog.gpu(situation.setup.gpu or "")
    bandwidth = card.bandwidth_gbs if card is not None else None
    speed = one.outlook.throughput.central if one.outlook.throughput else None
    read = weights * speed / one.batch if speed is not None else None
    return Roofline(
        bytes_gb=weights,
        read_gbs=read,
        share=read / bandwidth if read is not None and bandwidth else None,
        ceiling_tok_s=bandwidth / weights * one.batch if bandwidth else None,
    )


def explain(situation: Situation) -> Answer:
    """What bounds the deployment, and what its number format and batch add, each from rows."""
    now = situation.now
    found = roofline(situation, now)
    findings = situation.findings(situation.deployment)
    plain = situation.tried("fp16", situation.batch)
    rows = tuple(dict.fromkeys((*now.outlook.rows, *plain.outlook.rows, *now.against.rows)))
    reasons = tuple(_reasons(situation, now, plain, found))
    blocks: list[Block] = [*pieces.given(situation), _table(situation, now, plain), pieces.quoted(rows)]
    blocks += [Listing(say("What bounds it"), reasons)] if reasons else []
    blocks += [pieces.confidence(now.stars, now.outlook.reasons)]
    blocks += pieces.warnings(findings)
    better = next((fix for one in findings for fix in one.fixes), None)
    if better is not None and plain.precision != now.precision:
        blocks.append(code("fp16", situation.setup.framework, situation.setup.model, situation.batch))
    blocks += [*pieces.risks(situation, None), *pieces.measure(situation), *pieces.questions(situation)]
    return Answer(
        protocol="explain",
        title=pieces.heading(situation),
        conclusion=reasons[0] if reasons else say("no row backs a figure for this deployment: measure it"),
        mood=mood(list(findings)),
        blocks=tuple(blocks),
        data={
            **pieces.around(situation),
            "current": pieces.column(now),
            "fp16": pieces.column(plain),
            "roofline": _roofline(found),
            "roofline_fp16": _roofline(roofline(situation, plain)),
            "reasons": list(reasons),
            "warnings": [{"code": one.code, "message": one.message} for one in findings],
        },
    )


def _roofline(found: Roofline | None) -> dict[str, object] | None:
    if found is None:
        return None
    return {
        "weights_gb": found.bytes_gb,
        "read_gb_s": found.read_gbs,
        "bandwidth_share": found.share,
        "ceiling_tok_s": found.ceiling_tok_s,
    }


def _reasons(situation: Situation, now: Considered, plain: Considered, found: Roofline | None) -> list[Said]:
    told: list[Said] = []
    if found is not None and found.share is not None:
        told.append(_bound(now, found))
    if now.precision != plain.precision:
        told += _format(now, plain)
    if situation.batch == 1 and not situation.open_batch and now.outlook.energy is not None:
        several = situation.tried(now.precision, 8)
        overhead = situation.versus(now, several).overhead_percent
        if overhead is not None:
            told.append(
                say(
                    "one sequence reads all weights by itself: a request takes {overhead} energy against batch 8",
                    overhead=difference(overhead),
                )
            )
    power = now.outlook.power
    card = catalog.gpu(situation.setup.gpu or "")
    if power is not None and card is not None and card.tdp_w:
        told.append(_heat(power, card.tdp_w))
    return told


def _bound(now: Considered, found: Roofline) -> Said:
    share = (found.share or 0.0) * 100
    if (found.share or 0.0) >= BOUND:
        return say(
            "memory bandwidth bounds it: the weights are read at {read} GB/s, {share:.0f} % of what the GPU has",
            read=amount(found.read_gbs or 0.0),
            share=share,
        )
    if (found.share or 0.0) < IDLE:
        return say(
            "not the memory bounds it: the weights are read at {read} GB/s, {share:.0f} % of what the GPU has;"
            " kernels that are launched one by one, and work beside the product, take the time",
            read=amount(found.read_gbs or 0.0),
            share=share,
        )
    return say(
        "memory and launches share the time: the weights are read at {read} GB/s, {share:.0f} % of what the GPU has",
        read=amount(found.read_gbs or 0.0),
        share=share,
    )


def _format(now: Considered, plain: Considered) -> list[Said]:
    """What the number format adds to every token, as the throughputs tell."""
    fast, slow = plain.outlook.throughput, now.outlook.throughput
    told: list[Said] = []
    if fast is not None and slow is not None:
        now_ms, plain_ms = 1000 * now.batch / slow.central, 1000 * plain.batch / fast.central
        told.append(_SHARE[now.precision](now_ms, plain_ms) if now.precision in _SHARE else _other(now_ms, plain_ms))
    overhead = now.against.overhead_percent
    if overhead is not None:
        told.append(
            say(
                "{precision} takes {overhead} energy against FP16",
                precision=named(now.precision),
                overhead=difference(overhead),
            )
        )
    return told


def _dequantization(now_ms: float, plain_ms: float) -> Said:
    return say(
        "dequantization: a step takes {now} ms instead of FP16's {plain} ms, though a quarter of the bytes is read",
        now=amount(now_ms),
        plain=amount(plain_ms),
    )


def _decomposition(now_ms: float, plain_ms: float) -> Said:
    return say(
        "outlier decomposition: a step takes {now} ms instead of FP16's {plain} ms, though half of the bytes is read",
        now=amount(now_ms),
        plain=amount(plain_ms),
    )


def _conversion(now_ms: float, plain_ms: float) -> Said:
    return say(
        "conversion between 8 and 16 bits: a step takes {now} ms instead of FP16's {plain} ms",
        now=amount(now_ms),
        plain=amount(plain_ms),
    )


def _dispatch(now_ms: float, plain_ms: float) -> Said:
    return say(
        "weights are dequantized whole at every call, from Python: a step takes {now} ms instead of FP16's {plain} ms",
        now=amount(now_ms),
        plain=amount(plain_ms),
    )


def _other(now_ms: float, plain_ms: float) -> Said:
    return say("a step takes {now} ms instead of FP16's {plain} ms", now=amount(now_ms), plain=amount(plain_ms))


_SHARE = {"nf4": _dequantization, "int8_default": _decomposition, "int8_pure": _conversion, "fp8_eager": _dispatch}


def _heat(power: Interval, tdp: float) -> Said:
    return say(
        "the board draws {power} W, {share:.0f} % of its {tdp:g} W; energy is power times time, so a cool board"
        " that is slow costs more than a hot one that is fast",
        power=amount(power.central),
        share=power.central / tdp * 100,
        tdp=tdp,
    )


def _table(situation: Situation, now: Considered, plain: Considered) -> Grid:
    columns = [now, plain] if now.precision != plain.precision else [now]
    found = [roofline(situation, one) for one in columns]
    rows = (
        (say("weights, GB"), *(number(one.bytes_gb if one else None) for one in found)),
        (say("read, GB/s"), *(number(one.read_gbs if one else None) for one in found)),
        (
            say("of the bandwidth"),
            *(f"{one.share * 100:.0f} %" if one is not None and one.share is not None else "?" for one in found),
        ),
        (
            say("tok/s"),
            *(number(one.outlook.throughput.central if one.outlook.throughput else None) for one in columns),
        ),
        (say("tok/s at full bandwidth"), *(number(one.ceiling_tok_s if one else None) for one in found)),
        (say("power, W"), *(number(one.outlook.power.central if one.outlook.power else None) for one in columns)),
        (say("J / 1k tokens"), *(number(one.joules) for one in columns)),
    )
    return Grid(say("Bandwidth roofline"), ("", *(named(one.precision) for one in columns)), rows)


def _number(situation: Situation, name: str) -> float | None:
    fact = situation.deployment.facts.get(name)
    told = fact.value if fact is not None and fact.kind == "known" else None
    return float(told) if isinstance(told, (int, float)) and not isinstance(told, bool) else None
