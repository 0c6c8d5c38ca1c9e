"""Deployments as the tests describe them: facts by name, None for what is unknown."""

from __future__ import annotations

from typing import Any

from ecolint import catalog
from ecolint.evidence import Row, Table, estimate
from ecolint.model import Deployment, Estimate, Fact, Invocation, Place, Scalar, Span, Workload

HERE = Place("app.py", Span(0, 0))


def deployment(versions: dict[str, str] | None = None, **facts: Scalar) -> Deployment:
    """A deployment with these facts and the sizes that the catalogue gives its model."""
    model = facts.get("model")
    known = catalog.model(model) if isinstance(model, str) else None
    if known is not None:
        facts = {"params_b": known.total_b, "active_params_b": known.active_b, **facts}
    read = {name: Fact("known", value) if value is not None else Fact("unknown") for name, value in facts.items()}
    return Deployment("transformers", HERE, read, Invocation("python.call", HERE), versions=versions or {})


def against(
    better: str = "fp16",
    *,
    table: Table | None = None,
    workload: Workload | None = None,
    versions: dict[str, str] | None = None,
    claim: str | None = None,
    **facts: Any,
) -> Estimate:
    """The estimate of a deployment against the same one in another precision."""
    return estimate(
        deployment(versions, **facts),
        deployment(versions, **{**facts, "precision": better}),
        {"precision": better},
        workload or Workload(),
        claim,
        table=table,
    )


def batched(current: int, better: int, *, table: Table | None = None, **facts: Any) -> Estimate:
    """The estimate of a deployment against the same one at another batch size."""
    return estimate(
        deployment(batch_size=current, **facts),
        deployment(batch_size=better, **facts),
        {"batch_size": better},
        Workload(),
        table=table,
    )


def of_row(row: Row) -> dict[str, Any]:
    """The facts of the deployment that a row describes."""
    return {
        "model": row.record["model"],
        "gpu": row.gpu_name,
        "precision": row.precision,
        "batch_size": row.batch,
        "framework": "transformers",
    }
