"""The room where answers become objects for JSON: the same names for the same things as `ecolint check` has."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence

from ecolint import __version__
from ecolint.advisor.answer import Answer, Block, plain
from ecolint.advisor.considered import Considered, Situation
from ecolint.advisor.limits import Limits
from ecolint.advisor.pieces import boundaries, heading
from ecolint.evidence.rows import describe
from ecolint.model import Estimate, Finding, Monthly, Mood
from ecolint.report._summary import mood as mood_of_findings
from ecolint.report.json import SCHEMA, evidence
from ecolint.speech import Said


def answered(
    situation: Situation,
    protocol: str,
    conclusion: Said,
    findings: Sequence[Finding],
    blocks: Sequence[Block],
    data: Mapping[str, object],
    mood: Mood | None = None,
) -> Answer:
    """An answer with what every one has around its own `blocks` and `data`; without a `mood` it has the findings'."""
    return Answer(
        protocol=protocol,
        title=heading(situation),
        conclusion=conclusion,
        mood=mood or mood_of_findings(list(findings)),
        blocks=tuple(blocks),
        data={**around(situation), **data, "warnings": warnings(findings)},
    )


def around(situation: Situation) -> dict[str, object]:
    """What every answer's object begins with."""
    setup = situation.setup
    return {
        "schema": SCHEMA,
        "tool": {"name": "ecolint", "version": __version__},
        "model": setup.model,
        "params_b": situation.number("params_b"),
        "gpu": setup.gpu,
        "gpu_count": setup.gpu_count,
        "precision": situation.precision,
        "batch_size": situation.batch,
        "source": situation.where,
        "settings": dataclasses.asdict(situation.workload),
        "defaults": list(setup.defaults),
        "conversions": list(setup.shown),
        "boundaries": list(boundaries(situation)),
        "evidence": evidence(_own(situation)),
    }


def _own(situation: Situation) -> Mapping[str, Mapping[str, str]]:
    """The user's own rows by file, as a report names them."""
    found: dict[str, dict[str, str]] = {}
    for row in situation.table.rows:
        if row.file is not None:
            found.setdefault(row.file, {})[row.row_id] = describe(row)
    return found


def column(one: Considered, rank: int | None = None) -> dict[str, object]:
    """A configuration: its own figures, and its energy against FP16 at its batch."""
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
    """One configuration against another, as a finding's estimate has it."""
    current, better = estimate.current_j_per_1k, estimate.better_j_per_1k
    known = current is not None or better is not None
    return {
        "overhead_percent": plain(estimate.overhead_percent),
        "compared_with": dict(estimate.compared_with),
        "verdict": estimate.verdict,
        "confidence": estimate.confidence,
        "confidence_reasons": list(estimate.confidence_reasons),
        "rows": list(estimate.rows),
        "published": dataclasses.asdict(estimate.published) if estimate.published else None,
        "energy_j_per_1k_tokens": {"current": plain(current), "better": plain(better)} if known else None,
        "monthly": monthly(estimate.monthly),
    }


def monthly(figures: Monthly | None) -> dict[str, object] | None:
    """A month's figures."""
    if figures is None:
        return None
    return {
        "kwh": plain(figures.kwh),
        "usd": plain(figures.usd),
        "kg_co2": plain(figures.kg_co2),
        "equivalent": figures.equivalent,
    }


def warnings(findings: Iterable[Finding]) -> list[dict[str, object]]:
    """What the rules say."""
    return [
        {"code": one.code, "name": one.name, "level": one.level, "message": one.message}
        for one in findings
        if one.level != "green"
    ]


def limits(asked: Limits) -> dict[str, float | None]:
    """What was asked to be kept to."""
    return {
        "max_vram_gb": asked.vram_gb,
        "max_latency_s": asked.latency_s,
        "min_throughput_tok_s": asked.throughput,
        "price_per_hour": asked.price_per_hour,
    }
