"""The room where a deployment's facts become what the rows can be asked: size, GPU, precision, batch, stack."""

from __future__ import annotations

from ecolint import catalog
from ecolint.evidence.points import Target
from ecolint.evidence.table import BASE
from ecolint.model import GENERATION, Deployment, Scalar
from ecolint.shaped import dataclass

DENSE = 0.9
"""Where less than this share of a model is active per token, it is a mixture of experts."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One side of a comparison. `precision` and `batch` are None where they are not known."""

    target: Target
    precision: str | None
    batch: int | None
    gpu_name: str | None
    measurable: bool
    """False on hardware that is known not to be NVIDIA's."""
    weights: str | None
    """How the catalogue knows the model (`catalog.Model.how`), "name" for one it lacks; None where none is named."""
    mixture: bool
    gpus: int
    brain_float: bool
    task: str | None
    """What the model does; None where that is not known."""


def subject(deployment: Deployment) -> Subject:
    """Read the facts that matter to the evidence."""
    written = _text(deployment, "gpu")
    candidates = catalog.gpus(written) if written else ()
    card = catalog.canonical(candidates)
    architectures = {each.architecture for each in candidates}
    architecture = next(iter(architectures)) if len(architectures) == 1 else _text(deployment, "architecture")
    name = _text(deployment, "model")
    known = catalog.model(name) if name else None
    total, active = number(deployment, "params_b"), number(deployment, "active_params_b")
    if total is None and known is not None:
        total = known.total_b
    if active is None:
        active = known.active_b if known is not None else total
    precision = _text(deployment, "precision")
    batch = _batch(deployment)
    return Subject(
        target=Target(
            gpu=card.evidence_key if card else None,
            architecture=architecture,
            model=known.name if known is not None else None,
            size_b=active,
            bandwidth_gbs=card.bandwidth_gbs if card else None,
        ),
        precision=BASE if precision == "bf16" else precision,
        batch=batch,
        gpu_name=card.name if card else written,
        measurable=written is None or catalog.vendor(written) in (None, "NVIDIA"),
        weights=known.how if known is not None else "name" if name is not None else None,
        mixture=bool(active is not None and total is not None and active < DENSE * total),
        gpus=int(number(deployment, "gpu_count") or 1),
        brain_float=precision == "bf16",
        task=_task(deployment),
    )


def _task(deployment: Deployment) -> str | None:
    found = deployment.facts.get("task")
    return GENERATION if found is None or found.kind == "absent" else _text(deployment, "task")


def value(deployment: Deployment, fact: str) -> Scalar:
    """A fact's value where it is known, else None."""
    found = deployment.facts.get(fact)
    return found.value if found is not None and found.kind == "known" else None


def _batch(deployment: Deployment) -> int | None:
    """Sequences that share a reading of the weights: 1 in a per-item loop or where nothing is written."""
    if value(deployment, "looped") is True:
        return 1
    fact = _batch_fact(deployment)
    if fact is not None:
        return max(1, int(fact))
    kinds = {deployment.facts[name].kind for name in ("batch_size", "max_concurrency") if name in deployment.facts}
    return None if "unknown" in kinds else 1


def _batch_fact(deployment: Deployment) -> float | None:
    static = number(deployment, "batch_size")
    return static if static is not None else number(deployment, "max_concurrency")


def _text(deployment: Deployment, fact: str) -> str | None:
    found = value(deployment, fact)
    return found if isinstance(found, str) else None


def number(deployment: Deployment, fact: str) -> float | None:
    """A fact's value where it is known and a number, else None."""
    found = value(deployment, fact)
    return float(found) if isinstance(found, (int, float)) and not isinstance(found, bool) else None
