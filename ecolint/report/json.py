"""JSON, schema 1: the shape that the contract with users fixes."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from ecolint import __version__
from ecolint.dataset import DATASET, DOI, DOIS, SOURCES, VERSION
from ecolint.model import FACTS, Deployment, Edit, Estimate, Fact, Finding, Fix, Interval, Published, Report, Scalar
from ecolint.report import Look, listed
from ecolint.report._places import Range, Sources
from ecolint.report._summary import summarise
from ecolint.speech import Voice

SCHEMA = 1


def render(report: Report, look: Look) -> str:
    """The whole report as one object."""
    sources = Sources(report.sources)
    document = {
        "schema": SCHEMA,
        "tool": {"name": "ecolint", "version": __version__},
        "settings": dataclasses.asdict(report.workload),
        "evidence": evidence(report.measurements),
        "summary": dataclasses.asdict(summarise(report)),
        "findings": [finding_object(finding, sources, look.voice) for finding in listed(report)],
    }
    return json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def evidence(own: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """The data behind the figures: name, version, sources, DOI (`dois`: of each part) and how many rows it has.

    `own` are the user's own files of measurements, which are no part of the dataset: path and usable rows of each.
    """
    from ecolint.evidence import rows

    return {
        "dataset": DATASET,
        "version": VERSION,
        "sources": list(SOURCES.values()),
        "doi": DOI,
        "dois": list(DOIS),
        "rows": len(rows()),
        "own": [{"path": file, "rows": len(found)} for file, found in own.items()],
    }


def finding_object(finding: Finding, sources: Sources, voice: Voice) -> dict[str, Any]:
    """One finding, with every key; its sentences in the voice's language."""
    place = sources.range(finding.place)
    return {
        "code": finding.code,
        "name": finding.name,
        "level": finding.level,
        "message": voice(finding.message),
        "path": finding.place.path,
        "cell": place.cell,
        "range": range_object(place),
        "certainty": finding.certainty,
        "deployment": deployment_object(finding.deployment),
        "estimate": _estimate(finding.estimate, voice),
        "detail": [{"label": voice(label), "value": voice(value)} for label, value in finding.detail],
        "fixes": [_fix(fix, sources, voice) for fix in finding.fixes],
        "suppressed": dataclasses.asdict(finding.suppressed) if finding.suppressed else None,
    }


def range_object(place: Range) -> dict[str, Any]:
    """Start and end, 1-based, the end exclusive."""
    return {
        "start": {"line": place.line, "column": place.column},
        "end": {"line": place.end_line, "column": place.end_column},
    }


def deployment_object(deployment: Deployment) -> dict[str, Scalar]:
    """Every fact by name: null where it is absent, "?" where it is unknown."""
    names = (*FACTS, *(name for name in deployment.facts if name not in FACTS))
    return {name: fact_value(deployment.facts.get(name)) for name in names}


def fact_value(fact: Fact | None) -> Scalar:
    """A fact's value, null where absent, "?" where unknown."""
    if fact is None or fact.kind == "absent":
        return None
    return fact.value if fact.kind == "known" else "?"


def _estimate(estimate: Estimate | None, voice: Voice) -> dict[str, Any] | None:
    if estimate is None:
        return None
    current, better, monthly = estimate.current_j_per_1k, estimate.better_j_per_1k, estimate.monthly
    joules = None
    if current is not None or better is not None:
        joules = {"current": _interval(current), "better": _interval(better)}
    return {
        "overhead_percent": _interval(estimate.overhead_percent),
        "compared_with": dict(estimate.compared_with),
        "verdict": estimate.verdict,
        "confidence": estimate.confidence,
        "confidence_reasons": [voice(reason) for reason in estimate.confidence_reasons],
        "rows": list(estimate.rows),
        "published": _published(estimate.published, voice) if estimate.published else None,
        "energy_j_per_1k_tokens": joules,
        "monthly": monthly
        and {
            "kwh": _interval(monthly.kwh),
            "usd": _interval(monthly.usd),
            "kg_co2": _interval(monthly.kg_co2),
            "equivalent": voice(monthly.equivalent),
        },
    }


def _published(published: Published, voice: Voice) -> dict[str, Any]:
    told = dataclasses.asdict(published)
    return {name: voice(value) if isinstance(value, str) else value for name, value in told.items()}


def _interval(interval: Interval | None) -> dict[str, float] | None:
    if interval is None:
        return None
    return {"central": interval.central, "low": interval.low, "high": interval.high}


def _fix(fix: Fix, sources: Sources, voice: Voice) -> dict[str, Any]:
    return {
        "title": voice(fix.title),
        "applicability": fix.applicability,
        "set": dict(fix.set),
        "advice": voice(fix.advice) if fix.advice is not None else None,
        "estimate": _estimate(fix.estimate, voice),
        "edits": [_edit(edit, sources.span(edit.path, edit.span)) for edit in fix.edits],
    }


def _edit(edit: Edit, place: Range) -> dict[str, Any]:
    return {"path": edit.path, "cell": place.cell, "range": range_object(place), "text": edit.text}
