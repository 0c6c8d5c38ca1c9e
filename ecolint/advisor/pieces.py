"""The room for the parts that every answer has: rows before advice, confidence, risks, questions, JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ecolint import catalog
from ecolint.advisor.answer import Bar, Block, Chart, Grid, Listing, Mood, Text, plain
from ecolint.advisor.considered import Considered, Situation
from ecolint.advisor.figures import difference, joules, named, number, span, stars
from ecolint.evidence import DATASET, DOI, describe_row, how_to_measure, why_measure
from ecolint.evidence.drift import drift
from ecolint.model import Estimate, Finding
from ecolint.report._figures import assumption
from ecolint.speech import Said, say

LARGEST_B = 14.8
"""The largest model that was measured, Qwen2.5-14B, in billions."""
QUOTED = 8
"""Rows that an answer quotes in full; the others it names."""
TRAP = 30.0
"""Percent above which an overhead is a trap."""


def heading(situation: Situation) -> str:
    """What is advised on, in a line."""
    setup = situation.setup
    size = catalog.model(setup.model)
    billions = setup.params_b if setup.params_b is not None else size.active_b if size is not None else None
    model = say("{model} ({size:.3g}B)", model=setup.model, size=billions) if billions else setup.model
    gpus = f"{setup.gpu_count} x " if setup.gpu_count > 1 else ""
    return say("{model} on {gpu}", model=model, gpu=f"{gpus}{setup.gpu or '?'}")


def given(situation: Situation) -> list[Block]:
    """What the answer starts from: where it was read, what was filled in, how words became numbers."""
    setup = situation.setup
    lines: list[str] = []
    if situation.where is not None:
        lines.append(say("read from {where}", where=situation.where))
    lines.append(
        say(
            "{precision}, batch {batch}, {prompt} prompt and {generated} generated tokens",
            precision=named(situation.precision) if situation.precision else say("a precision that is not known"),
            batch=situation.batch,
            prompt=situation.workload.prompt_tokens,
            generated=situation.workload.generated_tokens,
        )
    )
    blocks: list[Block] = [Text(say("configuration"), tuple(lines))]
    if setup.defaults:
        blocks.append(Text(say("filled in"), setup.defaults))
    if setup.shown:
        blocks.append(Text(say("conversion"), setup.shown))
    return blocks


def quoted(rows: Sequence[str]) -> Block:
    """The measured rows that an answer rests on, before any advice."""
    if not rows:
        return Text(say("rows"), (say("no measured row speaks of it"),))
    shown = [_described(row) for row in rows[:QUOTED]]
    if len(rows) > QUOTED:
        shown.append(say("and {more} more: {rows}", more=len(rows) - QUOTED, rows=", ".join(rows[QUOTED:])))
    return Listing(say("Measured rows"), tuple(shown))


def _described(row: str) -> str:
    try:
        return describe_row(row)
    except KeyError:
        return row


def confidence(stars_of: int | None, reasons: Iterable[str]) -> Block:
    """Stars with every reason."""
    words: tuple[Said, ...] = (say("no figure"), say("other hardware"), say("same architecture"), say("measured"))
    return Text(say("confidence"), (say("{stars} {what}", stars=stars(stars_of), what=words[stars_of or 0]), *reasons))


def warnings(findings: Sequence[Finding]) -> list[Block]:
    """What the rules say of the configuration: a warning each, never an error."""
    told = [
        say("{code} {name}: {message}", code=one.code, name=one.name, message=one.message)
        for one in findings
        if one.level in ("red", "yellow", "gray")
    ]
    return [Listing(say("Warnings"), tuple(told))] if told else []


def risks(situation: Situation, chosen: Considered | None) -> list[Block]:
    """Boundary notes, and what a change may cost beside energy."""
    found = list(boundaries(situation))
    if (
        chosen is not None
        and chosen.precision not in ("fp16", "bf16", "fp32")
        and chosen.precision != situation.precision
    ):
        found.append(
            say("quantization changes the numerics, which nobody measured here: check the quality of the answers")
        )
    if chosen is not None and chosen.batch > situation.batch:
        found.append(
            say(
                "a batch of {batch} helps only where so many requests wait at a time, and each may take longer",
                batch=chosen.batch,
            )
        )
    found.append(say("energy of the GPU board alone: no CPU, no host memory, no power supply"))
    return [Listing(say("Risks and boundaries"), tuple(found))]


def boundaries(situation: Situation) -> Iterable[Said]:
    """Where the measurements end."""
    size, total = (_number(situation, name) for name in ("active_params_b", "params_b"))
    if size is not None and size > LARGEST_B:
        yield say(
            "{size:.3g}B is beyond the largest model that was measured ({largest:g}B): an extrapolation",
            size=size,
            largest=LARGEST_B,
        )
    gpu = situation.setup.gpu
    if gpu is not None and catalog.vendor(gpu) not in (None, "NVIDIA"):
        yield say("nothing was measured on {gpu}: results of NVIDIA's GPUs may not carry over", gpu=gpu)
    if situation.setup.gpu_count > 1:
        yield say(
            "measurements are of one GPU: what {count} GPUs tell each other is in no figure",
            count=situation.setup.gpu_count,
        )
    known = catalog.model(situation.setup.model)
    if known is None or known.how != "catalog":
        yield say("official weights were measured: other weights may have other activations")
    if size is not None and total is not None and size < 0.9 * total:
        yield say("a mixture of experts is read by its active parameters")
    for text in drift(situation.deployment.versions, frozenset({situation.precision or "fp16"})).newer:
        yield say("the stack is newer than the measurements, which costs a star: {what}", what=text)


def measure(situation: Situation, accuracy: bool = False) -> list[Block]:
    """When to measure instead, and how."""
    why = why_measure(situation.deployment, situation.workload, accuracy=accuracy, table=situation.table)
    return [Listing(say("Measure it instead"), (*why, *how_to_measure()))] if why else []


def questions(situation: Situation) -> list[Block]:
    """What to answer next, where something was not said."""
    setup = situation.setup
    asked: list[Said] = []
    if setup.unnamed_gpu:
        asked.append(say("Which GPU does it run on? --gpu"))
    if situation.where is None and any("--precision" in one for one in setup.defaults):
        asked.append(say("Which precision is it now? --precision"))
    if situation.batch == 1 and (situation.open_batch or any("--batch-size" in one for one in setup.defaults)):
        asked.append(say("How many requests arrive together? --batch-size"))
    return [Listing(say("To answer more closely"), tuple(asked))] if asked else []


def assumed(situation: Situation) -> Block:
    """What the month's figures assume."""
    return Text(say("assuming"), (assumption(situation.workload),))


def table(columns: Sequence[Considered]) -> Grid:
    """Figures side by side: a column a configuration, a row a dimension."""
    order = ranked(columns)
    head = ("", *(named(one.precision) for one in columns))
    rows = (
        (say("J / 1k tokens"), *(joules(one.outlook.energy) for one in columns)),
        (say("against FP16"), *(difference(one.against.overhead_percent) for one in columns)),
        (say("tokens / J"), *(number(1000 / one.joules if one.joules else None) for one in columns)),
        (say("throughput, tok/s"), *(span(one.outlook.throughput) for one in columns)),
        (say("latency, s"), *(span(one.outlook.latency) for one in columns)),
        (say("power, W"), *(span(one.outlook.power) for one in columns)),
        (say("memory, GB"), *(_memory(one) for one in columns)),
        (say("rank by energy"), *(str(order.index(one) + 1) if one in order else "–" for one in columns)),
        (say("confidence"), *(stars(one.stars) for one in columns)),
    )
    return Grid(say("Side by side"), head, rows)


def _memory(one: Considered) -> str:
    if one.fits is False:
        return say("{memory}, too much", memory=number(one.memory_gb))
    return number(one.memory_gb)


def ranked(columns: Sequence[Considered]) -> list[Considered]:
    """Those that fit and whose joules are known, least first."""
    fitting = (one for one in columns if one.joules is not None and one.fits is not False)
    return sorted(fitting, key=lambda one: (one.joules, one.precision))


def chart(columns: Sequence[Considered]) -> Chart:
    """Joules as bars, each in the mood of its overhead."""
    bars = [
        Bar(named(one.precision), one.joules or 0.0, _note(one), mood_of(one))
        for one in columns
        if one.joules is not None
    ]
    return Chart(say("Joules per 1,000 generated tokens"), tuple(bars))


def _note(one: Considered) -> str:
    if one.against.overhead_percent is None or one.precision == "fp16":
        return number(one.joules)
    return f"{number(one.joules)}  {difference(one.against.overhead_percent)}"


def mood_of(one: Considered) -> Mood:
    """The mood of a configuration, by its energy against FP16."""
    overhead = one.against.overhead_percent
    if overhead is None:
        return "gray"
    if overhead.low >= TRAP:
        return "red"
    if one.against.verdict == "costs":
        return "orange"
    return "yellow" if overhead.central > 0 and one.precision != "fp16" else "green"


# --- JSON -------------------------------------------------------------------------------------------------------------


def around(situation: Situation) -> dict[str, object]:
    """What every answer's object begins with."""
    setup, workload = situation.setup, situation.workload
    return {
        "model": setup.model,
        "params_b": _number(situation, "params_b"),
        "gpu": setup.gpu,
        "gpu_count": setup.gpu_count,
        "precision": situation.precision,
        "batch_size": situation.batch,
        "source": situation.where,
        "workload": {
            "requests_per_month": workload.requests_per_month,
            "prompt_tokens": workload.prompt_tokens,
            "generated_tokens": workload.generated_tokens,
            "price_per_kwh": workload.price_per_kwh,
            "carbon_intensity": workload.carbon_intensity,
            "pue": workload.pue,
            "region": workload.region,
        },
        "defaults": list(setup.defaults),
        "conversions": list(setup.shown),
        "boundaries": list(boundaries(situation)),
        "evidence": {"dataset": DATASET, "doi": DOI},
    }


def column(one: Considered, rank: int | None = None) -> dict[str, object]:
    """A configuration as JSON has it."""
    outlook = one.outlook
    return {
        "precision": one.precision,
        "batch_size": one.batch,
        "overhead_percent": plain(one.against.overhead_percent),
        "verdict": one.against.verdict,
        "confidence": one.stars,
        "confidence_reasons": list(dict.fromkeys((*outlook.reasons, *one.against.confidence_reasons))),
        "rows": list(dict.fromkeys((*outlook.rows, *one.against.rows))),
        "energy_j_per_1k_tokens": plain(outlook.energy),
        "tokens_per_joule": 1000 / one.joules if one.joules else None,
        "throughput_tok_s": plain(outlook.throughput),
        "power_w": plain(outlook.power),
        "latency_s": plain(outlook.latency),
        "memory_gb": one.memory_gb,
        "fits": one.fits,
        "measured": outlook.measured,
        "rank": rank,
    }


def comparison(estimate: Estimate) -> dict[str, object]:
    """One configuration against another as JSON has it."""
    return {
        "overhead_percent": plain(estimate.overhead_percent),
        "verdict": estimate.verdict,
        "confidence": estimate.confidence,
        "rows": list(estimate.rows),
    }


def _number(situation: Situation, name: str) -> float | None:
    fact = situation.deployment.facts.get(name)
    told = fact.value if fact is not None and fact.kind == "known" else None
    return float(told) if isinstance(told, (int, float)) and not isinstance(told, bool) else None
