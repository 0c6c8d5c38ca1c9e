"""The room where a deployment is considered: as it is, with another precision or batch, and what each comes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from functools import cached_property

from ecolint import catalog
from ecolint.advisor.asked import Setup
from ecolint.advisor.formats import Precision, of_key, precisions
from ecolint.derived import Circumstances, derive
from ecolint.evidence import estimate
from ecolint.evidence.outlook import Outlook, outlook
from ecolint.evidence.subject import number, subject
from ecolint.evidence.table import BASE, Table
from ecolint.judge import Court, judge
from ecolint.memory import GIB, SPARE
from ecolint.model import (
    ALWAYS,
    DESCRIBED,
    CannotEdit,
    Change,
    Deployment,
    Edit,
    Estimate,
    Fact,
    Finding,
    Interval,
    Invocation,
    Place,
    Scalar,
    Span,
    Workload,
)
from ecolint.model import Table as Entries
from ecolint.ruleset import Rule
from ecolint.shaped import dataclass
from ecolint.speech import Said, say

BATCHES = (1, 2, 4, 8, 16, 32, 64)
"""The batches that are tried: powers of two up to the largest that was measured."""
HERE = Place("", Span(0, 0))
_WEIGHTS = {"bf16": BASE, "int8_pure": "int8", "int8_default": "int8"}
"""Precisions whose weights take the same memory."""
_FORMAT = ("dtype", "quantization", "backend", "int8_threshold", "compute_dtype", "precision")
_BATCH = ("batch_size", "max_concurrency", "usual_concurrency", "looped", "served")


@dataclass(frozen=True)
class Considered:
    """One configuration of the deployment and its figures. `against` is its energy held against FP16 at its batch."""

    precision: str
    """The evidence key."""
    batch: int
    deployment: Deployment
    outlook: Outlook
    against: Estimate
    memory_gb: float | None
    """Weights and KV cache of the workload at least, in decimal gigabytes, and no less than what rows saw."""
    fits: bool | None
    """Whether that leaves a tenth of the memory of its GPUs; None where something of it is not known."""

    @property
    def key(self) -> tuple[str, int]:
        """What distinguishes it from the others: precision and batch."""
        return self.precision, self.batch

    @property
    def joules(self) -> float | None:
        """Joules per 1,000 generated tokens, the central value."""
        return self.outlook.energy.central if self.outlook.energy else None

    @property
    def stars(self) -> int | None:
        """The fewer of the stars of its joules and of its ratio to FP16."""
        given = [one for one in (self.outlook.stars, self.against.confidence) if one is not None]
        return min(given) if given and self.outlook.energy is not None else None


@dataclass(frozen=True)
class Situation:
    """The deployment that is advised on, with everything that its advice depends on."""

    setup: Setup
    deployment: Deployment
    table: Table
    rules: tuple[Rule, ...]
    circumstances: Circumstances = field(default_factory=Circumstances)
    where: str | None = None
    """Where it was read, "app.py:12"; None where the command line describes it."""
    open_batch: bool = False
    """Nobody says how many requests run together: no advice is given on it."""

    @property
    def workload(self) -> Workload:
        """The workload that the figures assume."""
        return self.setup.workload

    @cached_property
    def precision(self) -> str | None:
        """The evidence key of what the deployment says; None where nobody can tell."""
        fact = self.deployment.facts.get("precision")
        return str(fact.value) if fact is not None and fact.kind == "known" else None

    def number(self, fact: str) -> float | None:
        """A fact of the deployment that is a number, where it is known."""
        return number(self.deployment, fact)

    @cached_property
    def batch(self) -> int:
        """Sequences that share a reading of the weights: 1 unless something says more."""
        return subject(self.deployment).batch or 1

    @cached_property
    def now(self) -> Considered:
        """The deployment as it is."""
        return self._considered(self.deployment, self.precision or BASE, self.batch)

    @cached_property
    def _tried(self) -> dict[tuple[str, int], Considered]:
        return {}

    def tried(self, key: str, batch: int) -> Considered:
        """The deployment with another precision, by evidence key, and another batch."""
        if (key, batch) not in self._tried:
            self._tried[key, batch] = self._considered(self.varied(of_key(key), batch), key, batch)
        return self._tried[key, batch]

    @cached_property
    def plain(self) -> str:
        """The 16-bit format that stands for no quantization: the deployment's own, FP16 where it has none."""
        card = catalog.gpu(self.setup.gpu or "")
        lacks = card is not None and card.native_bf16 is False
        return "bf16" if self.precision == "bf16" and not lacks else BASE

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The precisions that are tried: those that were measured, 16 bits first, in the deployment's own format."""
        return tuple(self.plain if key == BASE else key for key in measured_keys(self.table))

    def grid(self, batches: Sequence[int] = BATCHES) -> list[Considered]:
        """Every configuration of the small grid, exhaustively: each precision at each batch."""
        tried = (self.batch,) if self.open_batch else batches
        return [self.tried(key, batch) for key in self.keys for batch in tried]

    def varied(self, precision: Precision | None, batch: int | None) -> Deployment:
        """The deployment with the facts of a precision and a batch, everything else as it is."""
        facts = dict(self.deployment.facts)
        if precision is not None:
            facts = _without(facts, _FORMAT)
            if self.precision == "fp8_eager":
                facts.pop("execution", None)
            facts |= known(precision.facts)
        if batch is not None:
            facts = _without(facts, _BATCH) | known({"batch_size": batch})
        facts = derive(facts, self.circumstances)
        # What is tried is written nowhere: no plan may read the invocation for it.
        told = Invocation(DESCRIBED, self.deployment.place)
        return replace(self.deployment, facts=facts, parts=(), stack=DESCRIBED, invocation=told, variant=ALWAYS)

    def versus(self, current: Considered, better: Considered) -> Estimate:
        """The energy of one configuration against another's."""
        if current.key == better.key:
            return _same(current)
        told: dict[str, Scalar] = {}
        if current.precision != better.precision:
            told["precision"] = better.precision
        if current.batch != better.batch:
            told["batch_size"] = better.batch
        return self._capped(estimate(current.deployment, better.deployment, told, self.workload, table=self.table))

    def findings(self, deployment: Deployment) -> tuple[Finding, ...]:
        """What the rules say of a deployment, with what to do by hand."""
        court = Court(self.rules, self.circumstances, self.workload, _by_hand, table=self.table)
        return judge((deployment,), court)

    def _considered(self, deployment: Deployment, key: str, batch: int) -> Considered:
        found = outlook(deployment, self.workload, self.table)
        if self.setup.unnamed_gpu and found.stars is not None:
            found = replace(found, stars=1, reasons=(*found.reasons, _UNNAMED))
        base = self.varied(precisions()["fp16"], batch) if key != BASE else deployment
        held = estimate(deployment, base, {"precision": BASE}, self.workload, table=self.table)
        memory = memory_gb(deployment, key, batch, self.workload, self.table)
        return Considered(key, batch, deployment, found, self._capped(held), memory, fits(deployment, memory))

    def _capped(self, held: Estimate) -> Estimate:
        """With one star at most where nobody said which GPU."""
        if not self.setup.unnamed_gpu or held.confidence is None:
            return held
        return replace(held, confidence=1, confidence_reasons=(*held.confidence_reasons, _UNNAMED))


_UNNAMED: Said = say("nobody said which GPU: the one taken is a guess")


def _same(one: Considered) -> Estimate:
    """A configuration held against itself."""
    nothing = Interval(0.0, 0.0, 0.0) if one.outlook.energy is not None else None
    return Estimate(
        compared_with={},
        overhead_percent=nothing,
        verdict="undetermined",
        confidence=one.stars,
        confidence_reasons=one.outlook.reasons,
        rows=one.outlook.rows,
        current_j_per_1k=one.outlook.energy,
        better_j_per_1k=one.outlook.energy,
    )


def measured_keys(table: Table) -> tuple[str, ...]:
    """The precisions that can be asked for and were measured, by evidence key."""
    return tuple(one.key for one in precisions().values() if one.key in table.precisions)


def described(setup: Setup, circumstances: Circumstances) -> Deployment:
    """The deployment that the parameters describe."""
    model = catalog.model(setup.model)
    facts: dict[str, Scalar] = {
        "model": setup.model,
        "framework": setup.framework or "transformers",
        "gpu_count": setup.gpu_count,
        "task": "generation",
        "workload": "inference",
        "device": "cuda" if setup.gpu is None or catalog.vendor(setup.gpu) in (None, "NVIDIA") else None,
        "batch_size": setup.batch,
        "gpu": setup.gpu,
    }
    if setup.params_b is not None and (model is None or model.how == "name"):
        facts |= {"params_b": setup.params_b, "active_params_b": setup.params_b}
    chosen = precisions()[setup.precision] if setup.precision is not None else None
    facts |= chosen.facts if chosen is not None else {"quantization": "none"} if setup.dtype is not None else {}
    if setup.dtype is not None:
        quantized = facts.get("quantization") != "none"
        facts["compute_dtype" if quantized else "dtype"] = setup.dtype
    told = {name: value for name, value in facts.items() if value is not None}
    return Deployment(DESCRIBED, HERE, derive(known(told), circumstances), Invocation(DESCRIBED, HERE))


def known(values: Mapping[str, Scalar]) -> dict[str, Fact]:
    """Facts that the user says."""
    return {name: Fact("known", value, how="setting") for name, value in values.items()}


def memory_gb(
    deployment: Deployment, key: str, batch: int, workload: Workload, table: Table | None = None
) -> float | None:
    """Weights and the KV cache of the workload's tokens, at least; None where the size or the width is not known.

    What a row of `table` saw of this model and precision at this batch or a smaller one is no less.
    """
    params = number(deployment, "params_b")
    weights = catalog.weights_gb(params, key) if params is not None else None
    if weights is None:
        return None
    fact = deployment.facts.get("model")
    model = catalog.model(str(fact.value)) if fact is not None and fact.kind == "known" else None
    per_token = (model.kv_bytes_per_token_fp16 if model is not None else None) or 0.0
    reckoned = weights + per_token * (workload.prompt_tokens + workload.generated_tokens) * batch / 1e9
    name = model.name if model is not None else None
    rows = table.rows if table is not None else ()
    seen = [
        float(row.record["gpu_memory_gb"])
        for row in rows
        if (row.model, _WEIGHTS.get(row.precision, row.precision)) == (name, _WEIGHTS.get(key, key))
        and row.batch <= batch
        and row.record.get("gpu_memory_gb")
    ]
    return max([reckoned, *seen])


def fits(deployment: Deployment, needed_gb: float | None) -> bool | None:
    """Whether a tenth of the memory of the GPUs is left; None where one of both is not known."""
    memory, count = number(deployment, "gpu_memory_gb"), number(deployment, "gpu_count") or 1.0
    return None if memory is None else within(needed_gb, memory * count)


def within(needed_gb: float | None, memory: float) -> bool | None:
    """Whether decimal gigabytes leave a tenth of a nominal memory free; None where they are not known."""
    return None if needed_gb is None else needed_gb * 1e9 / GIB <= (1 - SPARE) * memory


def _without(facts: Mapping[str, Fact], names: Sequence[str]) -> dict[str, Fact]:
    return {name: fact for name, fact in facts.items() if name not in names}


def _by_hand(table: Entries, todo: Sequence[Change]) -> tuple[Edit, ...]:
    raise CannotEdit("nothing is written")
