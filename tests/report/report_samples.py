"""Findings made by hand, as the reports get them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ecolint.model import (
    Deployment,
    Edit,
    Estimate,
    Fact,
    Finding,
    Fix,
    Interval,
    Invocation,
    Monthly,
    Place,
    Published,
    Report,
    Span,
    Workload,
)

PATH = "app/service.py"
TEXT = 'import x\n\nmodel = load("m", load_in_8bit=True)\nprint(model)\n'
CULPRIT = "load_in_8bit=True"


def place(text: str = TEXT, culprit: str = CULPRIT, path: str = PATH) -> Place:
    """Where `culprit` stands in `text`."""
    start = text.index(culprit)
    return Place(path, Span(start, start + len(culprit)))


def estimate(**changes: Any) -> Estimate:
    """INT8 against FP16, fully quantified."""
    whole = Estimate(
        compared_with={"precision": "fp16"},
        overhead_percent=Interval(34.2, -2.4, 180.0),
        verdict="undetermined",
        confidence=2,
        confidence_reasons=("the GPU is taken for its architecture",),
        rows=("A2-01", "A2-02"),
        published=Published("+17 to +147 %", "skill-v3.0.8"),
        current_j_per_1k=Interval(900.0, 700.0, 1200.0),
        better_j_per_1k=Interval(670.0, 600.0, 750.0),
        monthly=Monthly(
            Interval(64.1, -2.0, 140.0), Interval(7.69, -0.24, 16.8), Interval(25.0, -0.78, 54.6), "102 km by car"
        ),
    )
    return replace(whole, **changes)


def fix(text: str = TEXT, at: Place | None = None, **changes: Any) -> Fix:
    """The fix that writes FP16."""
    at = at or place(text)
    whole = Fix(
        title="Load the weights in FP16",
        applicability="unsafe",
        set={"quantization": "none", "dtype": "float16"},
        advice="Needs twice the memory.",
        estimate=estimate(),
        edits=(Edit(at.path, at.span, "dtype=torch.float16"),),
    )
    return replace(whole, **changes)


def finding(text: str = TEXT, at: Place | None = None, **changes: Any) -> Finding:
    """One red finding with everything on it."""
    at = at or place(text)
    deployment = Deployment(
        "transformers",
        at,
        {
            "model": Fact("known", "m", (at,)),
            "gpu": Fact("unknown"),
            "batch_size": Fact("absent"),
            "quantization": Fact("known", "int8", (at,)),
        },
        Invocation("python", at),
    )
    whole = Finding(
        code="ECO101",
        name="int8-outlier-decomposition",
        level="red",
        certainty="certain",
        message="bitsandbytes INT8 keeps its outlier threshold.",
        place=at,
        deployment=deployment,
        estimate=estimate(),
        fixes=(fix(text, at),),
    )
    return replace(whole, **changes)


def report(*findings: Finding, text: str = TEXT, path: str = PATH, **changes: Any) -> Report:
    """A report on one file."""
    whole = Report(findings, 3, (), Workload(), {path: text})
    return replace(whole, **changes)
