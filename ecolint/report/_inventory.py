"""The deployments of a run as a table: the cells that `ecolint facts --table` and the Markdown report print."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ecolint.model import Deployment, Fact
from ecolint.report._places import Sources
from ecolint.report._printable import one_line
from ecolint.speech import ENGLISH, Voice, say

HEADINGS = (
    *(say("where"), say("stack"), say("model"), say("size")),
    *(say("precision"), say("gpu"), say("batch")),
)
MISSING, HIDDEN, LIKELY = "-", "?", "~"
"""What is not said anywhere, what cannot be told, and what stands before a value that is only likely."""

_ABSENT = Fact("absent")


def rows(deployments: Sequence[Deployment], texts: Mapping[str, str], voice: Voice = ENGLISH) -> list[tuple[str, ...]]:
    """The cells of each deployment, by `HEADINGS`; variants that differ in nothing shown are one row.

    Sizes are in billions of parameters, those active for a token behind `-A`.
    """
    sources = Sources(texts)
    found: dict[tuple[str, ...], None] = {}
    for one in shown(deployments):
        where = f"{one_line(one.place.path)}:{sources.range(one.place)}"
        found[(where, *(one_line(voice(cell)) for cell in _cells(one)))] = None
    return list(found)


def shown(deployments: Iterable[Deployment]) -> Iterator[Deployment]:
    """Without what is known to be training, pinned libraries, which no model is in sight of, and weights in a folder,
    which nobody is seen to load."""
    return (one for one in deployments if not (trains(one) or _pins(one) or _lies_there(one)))


def trains(deployment: Deployment) -> bool:
    """Whether a deployment is known to be no inference."""
    workload = deployment.facts.get("workload", _ABSENT)
    return workload.kind == "known" and workload.value == "training"


def _pins(deployment: Deployment) -> bool:
    mapping = deployment.invocation.mapping
    return mapping is not None and bool(mapping.name)


def _lies_there(deployment: Deployment) -> bool:
    """Whether it is a file of which nobody can tell what it is for, such as the configuration of weights."""
    unknown = deployment.facts.get("workload", _ABSENT).kind == "unknown"
    return unknown and deployment.invocation.mapping is not None and not deployment.invocation.image


def _cells(one: Deployment) -> tuple[str, ...]:
    facts = one.facts
    stack = facts.get("framework", _ABSENT)
    return (
        str(stack.value) if stack.kind == "known" else one.stack,
        _said(facts, "model"),
        _size(facts),
        _said(facts, "precision"),
        _gpus(facts),
        _batch(facts),
    )


def _said(facts: Mapping[str, Fact], name: str, form: str = "{}") -> str:
    fact = facts.get(name, _ABSENT)
    if fact.kind != "known" or fact.value is None:
        return HIDDEN if fact.kind == "unknown" else MISSING
    value = f"{fact.value:.3g}" if isinstance(fact.value, float) else str(fact.value)
    return ("" if fact.assured else LIKELY) + form.format(value)


def _size(facts: Mapping[str, Fact]) -> str:
    whole, active = _said(facts, "params_b", "{}B"), facts.get("active_params_b", _ABSENT)
    sparse = active.kind == "known" and isinstance(active.value, float) and active.value != facts["params_b"].value
    return f"{whole}-A{active.value:.3g}B" if sparse else whole


def _gpus(facts: Mapping[str, Fact]) -> str:
    """Count and card: `2 x L4`. A deployment that runs on something else than a GPU of NVIDIA names that."""
    device = facts.get("device", _ABSENT)
    if device.kind == "known" and device.value not in ("cuda", None):
        return _said(facts, "device")
    card, count = _said(facts, "gpu"), _said(facts, "gpu_count")
    if count == MISSING or (card == MISSING and count.lstrip(LIKELY) in ("1", HIDDEN)):
        return HIDDEN if card == MISSING and count == HIDDEN else card
    return f"{count} x {card}"


def _batch(facts: Mapping[str, Fact]) -> str:
    """The static batch, else how many sequences the engine runs at a time at most."""
    static = _said(facts, "batch_size")
    if static != MISSING:
        return static
    most = _said(facts, "max_concurrency")
    if most in (MISSING, HIDDEN):
        return most
    return say("{likely}up to {count}", likely=LIKELY if most.startswith(LIKELY) else "", count=most.lstrip(LIKELY))
