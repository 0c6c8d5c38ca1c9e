"""EXPLAIN: why a deployment is slow or hot: bandwidth, launches, dequantization, decomposition, as rows show it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ecolint import catalog
from ecolint.advisor import objects, pieces
from ecolint.advisor.answer import Answer, Block, Grid, Listing
from ecolint.advisor.considered import Considered, Situation
from ecolint.advisor.figures import amount, difference, named, number
from ecolint.advisor.snippets import code
from ecolint.model import Interval
from ecolint.shaped import dataclass
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
        (value for name in ("active_params_b", "params_b") if (value := situation.number(name)) is not None), None
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
    now, plain = situation.now, situation.tried(situation.plain, situation.batch)
    found = roofline(situation, now)
    findings = situation.findings(situation.deployment)
    reasons, rows = _reasons(situation, now, plain, found)
    better = next((fix for one in findings for fix in one.fixes), None)
    blocks: list[Block] = [*pieces.given(situation), _table(situation, now, plain)]
    blocks.append(pieces.quoted(situation, [*now.outlook.rows, *plain.outlook.rows, *rows]))
    blocks += [Listing(say("What bounds it"), tuple(reasons))] if reasons else []
    blocks.append(pieces.confidence(now.stars, (*now.outlook.reasons, *now.against.confidence_reasons)))
    blocks += pieces.warnings(findings)
    if better is not None and plain.precision != now.precision:
        blocks.append(code(plain.precision, situation.setup.framework, situation.setup.model, situation.batch))
    blocks += [*pieces.risks(situation, None), *pieces.measure(situation), *pieces.questions(situation)]
    data = {
        "current": objects.column(now),
        "fp16": objects.column(plain),
        "roofline": _roofline(found),
        "roofline_fp16": _roofline(roofline(situation, plain)),
        "reasons": reasons,
        "reason_rows": list(dict.fromkeys(rows)),
    }
    return objects.answered(situation, "explain", _conclusion(now, reasons), findings, blocks, data)


def _conclusion(now: Considered, reasons: Sequence[Said]) -> Said:
    if now.outlook.energy is None and now.outlook.throughput is None:
        return say("no row backs a figure for this deployment: measure it")
    if now.outlook.throughput is None and reasons:
        return say("nobody measured its throughput, so what bounds it is not known; {reason}", reason=reasons[0])
    if now.outlook.throughput is None:
        return say("nobody measured its throughput, so what bounds it is not known: measure it")
    return reasons[0]


def _roofline(found: Roofline | None) -> dict[str, object] | None:
    if found is None:
        return None
    return {
        "weights_gb": found.bytes_gb,
        "read_gb_s": found.read_gbs,
        "bandwidth_share": found.share,
        "ceiling_tok_s": found.ceiling_tok_s,
    }


def _reasons(
    situation: Situation, now: Considered, plain: Considered, found: Roofline | None
) -> tuple[list[Said], list[str]]:
    """What takes the time and the power, and the rows that it rests on beside those of both configurations."""
    told: list[Said] = []
    rows: list[str] = list(now.against.rows)
    if found is not None and found.share is not None:
        told.append(_bound(found))
    if now.precision != plain.precision:
        told += _format(now, plain)
        told += _without_outliers(situation, now)
        rows += situation.tried("int8_pure", now.batch).outlook.rows if now.precision == "int8_default" else ()
    if situation.batch == 1 and not situation.open_batch and now.outlook.energy is not None:
        held = situation.versus(now, situation.tried(now.precision, 8))
        if held.overhead_percent is not None:
            rows += held.rows
            told.append(
                say(
                    "one sequence reads all weights by itself: a request takes {overhead} energy against batch 8",
                    overhead=difference(held.overhead_percent),
                )
            )
    power = now.outlook.power
    card = catalog.gpu(situation.setup.gpu or "")
    if power is not None and card is not None and card.tdp_w:
        told.append(_heat(power, card.tdp_w))
    return told, rows


def _bound(found: Roofline) -> Said:
    told = {"read": amount(found.read_gbs or 0.0), "share": (found.share or 0.0) * 100}
    if (found.share or 0.0) >= BOUND:
        return say(
            "memory bandwidth bounds it: the weights are read at {read} GB/s, {share:.0f} % of what the GPU has"
            " ({bound:.0f} % and more is taken for that, a convention)",
            bound=BOUND * 100,
            **told,
        )
    if (found.share or 0.0) < IDLE:
        return say(
            "memory bandwidth does not bound it: the weights are read at {read} GB/s, {share:.0f} % of what the GPU has"
            " (less than {idle:.0f} % is taken for that, a convention); the rows do not tell launches of kernels,"
            " arithmetic and conversions apart",
            idle=IDLE * 100,
            **told,
        )
    return say(
        "reading weights is a part of it: they are read at {read} GB/s, {share:.0f} % of what the GPU has"
        " (between {idle:.0f} % and {bound:.0f} % neither is said, a convention)",
        idle=IDLE * 100,
        bound=BOUND * 100,
        **told,
    )


def _format(now: Considered, plain: Considered) -> list[Said]:
    """What the number format adds to every token, as the throughputs tell."""
    fast, slow = plain.outlook.throughput, now.outlook.throughput
    told: list[Said] = []
    if fast is not None and slow is not None:
        now_ms, plain_ms = _step(now, slow), _step(plain, fast)
        step = say("a step takes {now} ms instead of FP16's {plain} ms", now=amount(now_ms), plain=amount(plain_ms))
        cause = _CAUSES.get(now.precision) if now_ms > plain_ms else None
        told.append(say("{step}: {cause}", step=step, cause=cause) if cause is not None else step)
    overhead = now.against.overhead_percent
    if overhead is not None:
        text = say(
            "{precision} takes {overhead} energy against FP16",
            precision=named(now.precision),
            overhead=difference(overhead),
        )
        told.append(text if now.against.verdict != "undetermined" else say("{text}, which is not settled", text=text))
    return told


def _without_outliers(situation: Situation, now: Considered) -> list[Said]:
    """INT8 beside the same weights with threshold 0: what is between them is the outliers' part."""
    if now.precision != "int8_default" or now.outlook.throughput is None:
        return []
    other = situation.tried("int8_pure", now.batch)
    if other.outlook.throughput is None:
        return []
    return [
        say(
            "the same weights with threshold 0 take {other} ms a step: the rest of {now} ms is decomposition's",
            other=amount(_step(other, other.outlook.throughput)),
            now=amount(_step(now, now.outlook.throughput)),
        )
    ]


def _step(one: Considered, throughput: Interval) -> float:
    """Milliseconds of a step, in which each sequence of the batch gets a token."""
    return 1000 * one.batch / throughput.central


_CAUSES: Mapping[str, Said] = {
    "nf4": say("dequantization, though about a quarter of the bytes is read"),
    "int8_default": say("outlier decomposition, though half of the bytes is read"),
    "int8_pure": say("conversion between 8 and 16 bits, though half of the bytes is read"),
    "fp8_eager": say("weights that are dequantized whole at every call, from Python"),
}
"""What takes longer in a number format than in FP16."""


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
