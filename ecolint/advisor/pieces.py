"""The room for the parts that every answer has: rows before advice, confidence, risks, questions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import log

from ecolint import catalog
from ecolint.advisor.answer import Bar, Block, Chart, Grid, Listing, Text
from ecolint.advisor.considered import Considered, Situation
from ecolint.advisor.figures import difference, held, named, number, span, stars
from ecolint.advisor.formats import PLAIN
from ecolint.advisor.words import DAYS
from ecolint.evidence import how_to_measure, why_measure
from ecolint.evidence.drift import drift
from ecolint.evidence.rows import describe
from ecolint.evidence.subject import DENSE
from ecolint.model import RED_ABOVE, Finding, Mood
from ecolint.report._figures import assumption
from ecolint.speech import Said, say

QUOTED = 8
"""Rows that an answer quotes in full; the others it names."""
APART = 0.05
"""Part by which joules and a percentage may differ before a page says why."""
SECONDS = DAYS * 86400
"""Seconds of a month."""


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


def quoted(situation: Situation, rows: Iterable[str]) -> Block:
    """The measured rows that an answer rests on, before any advice."""
    names = list(dict.fromkeys(rows))
    if not names:
        return Text(say("rows"), (say("no measured row speaks of it"),))
    shown = [describe(situation.table.by_id[row]) for row in names[:QUOTED]]
    if len(names) > QUOTED:
        shown.append(say("and {more} more: {rows}", more=len(names) - QUOTED, rows=", ".join(names[QUOTED:])))
    return Listing(say("Measured rows"), tuple(shown))


def confidence(stars_of: int | None, reasons: Iterable[str]) -> Block:
    """Stars with every reason."""
    words = (say("no figure"), say("far from what was measured"), say("near what was measured"), say("measured"))
    told = say("{stars} {what}", stars=stars(stars_of), what=words[stars_of or 0])
    return Text(say("confidence"), (told, *dict.fromkeys(reasons)))


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
    if chosen is not None and chosen.precision not in (*PLAIN, "fp32", situation.precision):
        found.append(
            say("quantization changes the numerics, which nobody measured here: check the quality of the answers")
        )
    if chosen is not None and chosen.batch > situation.batch:
        found.append(_gathering(situation, chosen.batch))
    if chosen is not None and chosen.fits is None:
        found.append(say("whether it fits the memory is not known"))
    found.append(say("energy of the GPU board alone: no CPU, no host memory, no power supply"))
    return [Listing(say("Risks and boundaries"), tuple(found))]


def _gathering(situation: Situation, batch: int) -> Said:
    """What a batch asks of the traffic: how long requests that arrive evenly take to fill it."""
    requests = situation.workload.requests_per_month
    return say(
        "a batch of {batch} helps only where so many requests wait at a time, and each may take longer: spread evenly,"
        " {requests:,} requests a month take {seconds} s to bring {batch} together",
        batch=batch,
        requests=requests,
        seconds=number(batch * SECONDS / requests),
    )


def boundaries(situation: Situation) -> Iterable[Said]:
    """Where the measurements end."""
    size, total = (situation.number(name) for name in ("active_params_b", "params_b"))
    largest = max(row.size_b for row in situation.table.rows)
    if size is not None and size > largest:
        yield say(
            "{size:.3g}B is beyond the largest model that was measured ({largest:.3g}B): an extrapolation",
            size=size,
            largest=largest,
        )
    yield from _hardware(situation)
    if situation.setup.gpu_count > 1:
        yield say(
            "measurements are of one GPU: what {count} GPUs tell each other is in no figure",
            count=situation.setup.gpu_count,
        )
    known = catalog.model(situation.setup.model)
    if known is None or known.how != "catalog":
        yield say("official weights were measured: other weights may have other activations")
    if size is not None and total is not None and size < DENSE * total:
        yield say("a mixture of experts is read by its active parameters")
    for text in drift(situation.deployment.versions, frozenset({situation.precision or "fp16"})).newer:
        yield say("the stack is newer than the measurements, which costs a star: {what}", what=text)


def _hardware(situation: Situation) -> Iterable[Said]:
    """Where a GPU was not measured: what stands in."""
    gpu = situation.setup.gpu
    card = catalog.gpu(gpu) if gpu is not None else None
    rows = situation.table.rows
    if gpu is not None and catalog.vendor(gpu) not in (None, "NVIDIA"):
        yield say("nothing was measured on {gpu}: results of NVIDIA's GPUs may not carry over", gpu=gpu)
    elif card is not None and card.evidence_key not in {row.gpu for row in rows}:
        kin = sorted({row.gpu_name for row in rows if row.architecture == card.architecture})
        if kin:
            yield say(
                "{gpu} was not measured: {others} of the same architecture, {architecture}, stand in",
                gpu=gpu,
                others=", ".join(kin),
                architecture=card.architecture,
            )
        else:
            yield say(
                "no GPU of the architecture of {gpu}, {architecture}, was measured: those of others stand in",
                gpu=gpu,
                architecture=card.architecture,
            )


def measure(situation: Situation, accuracy: bool = False) -> list[Block]:
    """When to measure instead, and how."""
    why = why_measure(situation.deployment, situation.workload, accuracy=accuracy, table=situation.table)
    return [Listing(say("Measure it instead"), (*why, *how_to_measure()))] if why else []


def questions(situation: Situation) -> list[Block]:
    """What to answer next, where something was not said."""
    missing = situation.setup.missing
    asked: list[Said] = []
    if "--gpu" in missing:
        asked.append(say("Which GPU does it run on? --gpu"))
    if "--precision" in missing:
        asked.append(say("Which precision is it now? --precision"))
    if "--batch-size" in missing:
        asked.append(say("How many requests arrive together? --batch-size"))
    if "--objective" in missing:
        asked.append(say("Does energy come first, or throughput, or cost? --objective"))
    if "--price-per-hour" in missing:
        asked.append(say("What does an hour of the GPU cost? --price-per-hour"))
    return [Listing(say("To answer more closely"), tuple(asked))] if asked else []


def assumed(situation: Situation) -> Block:
    """What the month's figures assume."""
    return Text(say("assuming"), (assumption(situation.workload),))


def table(columns: Sequence[Considered]) -> Grid:
    """Figures side by side: a column a configuration, a row a dimension."""
    order = ranked(columns)
    head = ("", *(named(one.precision) for one in columns))
    rows = (
        (say("J / 1k tokens"), *(span(one.outlook.energy) for one in columns)),
        (say("energy against FP16"), *(held(one.against) for one in columns)),
        (say("tokens / J"), *(number(1000 / one.joules if one.joules else None) for one in columns)),
        (say("throughput, tok/s"), *(span(one.outlook.throughput) for one in columns)),
        (say("latency, s"), *(span(one.outlook.latency) for one in columns)),
        (say("power, W"), *(span(one.outlook.power) for one in columns)),
        (say("memory, GB at least"), *(memory(one) for one in columns)),
        (say("rank by energy"), *(str(order.index(one) + 1) if one in order else "–" for one in columns)),
        (say("confidence"), *(stars(one.stars) for one in columns)),
    )
    return Grid(say("Side by side"), head, rows)


def memory(one: Considered) -> str:
    """The memory that a configuration takes, and whether that is too much."""
    if one.fits is False:
        return say("{memory}, too much", memory=number(one.memory_gb))
    return number(one.memory_gb)


def sessions(columns: Sequence[Considered]) -> list[Block]:
    """Why joules and percentages differ, where they do."""
    plain = {one.batch: one for one in columns if one.precision in PLAIN}
    if not any(one.batch in plain and _apart(one, plain[one.batch]) for one in columns):
        return []
    text = say(
        "a percentage is of rows that one session measured, joules are of all sessions:"
        " where they differ, the percentage is the surer"
    )
    return [Text(say("reading"), (text,))]


def _apart(one: Considered, plain: Considered) -> bool:
    overhead = one.against.overhead_percent
    if overhead is None or not one.joules or not plain.joules:
        return False
    return abs(log(one.joules / plain.joules) - log(1 + overhead.central / 100)) > APART


def ranked(columns: Sequence[Considered]) -> list[Considered]:
    """Those that fit and whose joules are known, least first."""
    fitting = (one for one in columns if one.joules is not None and one.fits is not False)
    return sorted(fitting, key=lambda one: (one.joules, one.precision))


def chart(columns: Sequence[Considered]) -> list[Block]:
    """Joules as bars, each in the mood of its overhead."""
    bars = [
        Bar(named(one.precision), one.joules or 0.0, _note(one), mood_of(one))
        for one in columns
        if one.joules is not None
    ]
    return (
        [Chart(say("Joules per 1,000 generated tokens, and energy against FP16 at the same batch"), tuple(bars))]
        if bars
        else []
    )


def _note(one: Considered) -> str:
    overhead = one.against.overhead_percent
    if overhead is None or one.precision in PLAIN:
        return number(one.joules)
    return f"{number(one.joules)}  {difference(overhead)}"


def mood_of(one: Considered) -> Mood:
    """The mood of a configuration, by its energy against FP16."""
    overhead = one.against.overhead_percent
    if overhead is None:
        return "gray"
    if overhead.low >= RED_ABOVE:
        return "red"
    if one.against.verdict == "costs":
        return "orange"
    return "yellow" if overhead.central > 0 else "green"
