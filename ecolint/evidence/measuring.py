"""The room for what the rows cannot answer: why to measure it, how, and how to bring the result back."""

from __future__ import annotations

from ecolint.evidence.estimating import shipped
from ecolint.evidence.subject import Subject, subject
from ecolint.evidence.table import BASE, Table
from ecolint.model import Deployment, Estimate, Fact, Finding, Fix, Workload
from ecolint.shaped import dataclass
from ecolint.speech import Said, say

LONG = 4096
"""Tokens of prompt and answer together up to which energy is taken to grow evenly (EcoCompute skill v2.5.0)."""


@dataclass(frozen=True, slots=True)
class Protocol:
    """How the rows were measured, and how further ones must be (EcoCompute skill v2.5.0, hardware profiles).

    `hertz` is the rate at which NVML is asked for the board's power; `cv_throughput` and `cv_power` are the largest
    coefficients of variation over the runs, in percent; `pause_s` lies between the loads of two models.
    """

    hertz: int = 10
    warm_ups: int = 3
    runs: int = 10
    cv_throughput: int = 2
    cv_power: int = 5
    pause_s: int = 30


PROTOCOL = Protocol()

COLUMNS = (
    *("row_id", "session", "gpu", "model", "precision", "batch_size", "prompt_tokens", "new_tokens"),
    *("energy_j_per_1k_tokens", "baseline_row_id", "ratio_vs_fp16", "software"),
)
"""What a file of measurements says of each row; docs/evidence.md tells what stands in them."""

_NO_CARDS = ("cuda", "cpu")
_OWN = ("default", "platform", "derived")
"""How facts come about that nobody wrote."""


def why_measure(
    deployment: Deployment,
    workload: Workload,
    *,
    estimate: Estimate | None = None,
    accuracy: bool = False,
    table: Table | None = None,
) -> tuple[Said, ...]:
    """Why the rows are no answer for this deployment and workload; empty where they are.

    `estimate` is one that was made of it; `accuracy` says that its answers matter and that their numerics are, or are
    to be, quantized. Pure.
    """
    table = table or shipped()
    one = subject(deployment)
    found = (
        _card(deployment, one, table),
        _batch(deployment, table),
        _length(workload),
        _precision(one, table),
        _sign(estimate),
        _answers() if accuracy else None,
    )
    return tuple(each for each in found if each is not None)


def doubts(finding: Finding) -> tuple[Said, ...]:
    """Why a finding, whatever its deployment, calls for a measurement: a sign that is open, numerics that change."""
    best = finding.fixes[0] if finding.fixes and finding.level != "green" else None
    found = (_sign(finding.estimate), _answers() if best is not None and _quantizes(best) else None)
    return tuple(each for each in found if each is not None)


def how_to_measure() -> tuple[Said, Said]:
    """The protocol, and how its result becomes rows that estimates rest on."""
    how = say(
        "Ask NVML for the board's power at {hertz} Hz (cards of other makers have a counter of their own), idle power"
        " first; then {warm_ups} warm-up runs that are thrown away and {runs} runs that count, with a coefficient of"
        " variation below {cv_throughput} % in throughput and {cv_power} % in power, {pause_s} s between the loads of"
        " two models, FP16 and the other precision in one session on one host.",
        hertz=PROTOCOL.hertz,
        warm_ups=PROTOCOL.warm_ups,
        runs=PROTOCOL.runs,
        cv_throughput=PROTOCOL.cv_throughput,
        cv_power=PROTOCOL.cv_power,
        pause_s=PROTOCOL.pause_s,
    )
    back = say(
        "Write the result as CSV, a row for FP16 and one for the other precision, with the columns {columns}, and name"
        " the file in the settings: {setting}.",
        columns=", ".join(COLUMNS),
        setting='[tool.ecolint] evidence = ["ours.csv"]',
    )
    return how, back


def _card(deployment: Deployment, one: Subject, table: Table) -> Said | None:
    device = deployment.facts.get("device", Fact("absent"))
    if one.gpu_name is None and device.kind == "known" and device.value not in (None, *_NO_CARDS):
        return say("nothing was measured on other hardware than NVIDIA's ({gpu})", gpu=str(device.value))
    if one.gpu_name is None or one.target.gpu in {row.gpu for row in table.rows}:
        return None
    if not one.measurable:
        return say("nothing was measured on other hardware than NVIDIA's ({gpu})", gpu=one.gpu_name)
    architecture = one.target.architecture
    if architecture is None or architecture in {row.architecture for row in table.rows}:
        return None
    return say(
        "neither {gpu} nor another card of its architecture ({architecture}) was measured",
        gpu=one.gpu_name,
        architecture=architecture,
    )


def _batch(deployment: Deployment, table: Table) -> Said | None:
    """A batch that somebody wrote; what an engine takes at most by itself says little about what it runs."""
    largest = table.curves[table.longest].largest if table.longest is not None else 1
    for name in ("batch_size", "max_concurrency"):
        fact = deployment.facts.get(name, Fact("absent"))
        written = fact.kind == "known" and fact.how not in _OWN
        if written and isinstance(fact.value, (int, float)) and fact.value > largest:
            return say("batches of {batch:,.0f}: none above {largest} was measured", batch=fact.value, largest=largest)
    return None


def _length(workload: Workload) -> Said | None:
    tokens = workload.prompt_tokens + workload.generated_tokens
    if tokens <= LONG:
        return None
    return say(
        "{tokens:,} tokens a request: how energy grows beyond {most:,} was not measured", tokens=tokens, most=LONG
    )


def _precision(one: Subject, table: Table) -> Said | None:
    if one.precision in (None, BASE, "fp32") or one.precision in table.precisions:
        return None
    return say("nothing was measured for {precision}", precision=one.precision)


def _sign(estimate: Estimate | None) -> Said | None:
    if estimate is None or estimate.overhead_percent is None or estimate.verdict != "undetermined":
        return None
    return say("the rows do not settle whether a setting costs or saves energy")


def _quantizes(fix: Fix) -> bool:
    """Whether weights are quantized once a fix is made that speaks of how."""
    return fix.set.get("quantization", "none") not in ("none", None) or fix.set.get("int8_threshold") is not None


def _answers() -> Said:
    return say(
        "quantization changes what a model answers, and neither perplexity nor MMLU was measured here: where accuracy"
        " counts, hold the answers against those of FP16"
    )
