"""The named predicates of the condition language: questions about a deployment too awkward for plain comparison."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, TypeAlias

from ecolint import catalog
from ecolint.memory import SPARE
from ecolint.model import ABSENT, FACTS, GENERATION, KNOWN, UNKNOWN, Deployment, Fact, FactType
from ecolint.shaped import dataclass

Answer: TypeAlias = "bool | float | None"
"""What a predicate says; None where it cannot know."""

ROOM_FOR_WEIGHTS = 0.8
"""Share of GPU memory that weights may take. A convention: the remaining 20 % is room for KV cache and activations."""

USUAL_CROSSOVER_B = 3.0
"""Crossover in billions of parameters where the GPU is not known, or none is published for its architecture."""

LARGEST_BATCH = 64
"""The largest batch of the published sweeps: beyond it nothing was measured."""

_NOT_THERE = Fact("absent")
_NOT_WRITTEN = frozenset({"default", "catalog", "derived", "platform"})


@dataclass(frozen=True, slots=True)
class Predicate:
    """A question that a condition may ask by name.

    `reads` are the facts it looks at; `arguments` gives, for each argument, the words it may be; `reads_arguments`
    says that the arguments are themselves names of facts it looks at.
    """

    name: str
    run: Callable[..., Answer]
    reads: tuple[str, ...]
    returns: FactType
    arguments: tuple[tuple[str, ...], ...]
    reads_arguments: bool
    doc: str


PREDICATES: dict[str, Predicate] = {}
"""Every predicate by name, filled by the decorator below."""

_Run: TypeAlias = "Callable[..., Answer]"


def predicate(
    *,
    reads: tuple[str, ...] = (),
    returns: Literal["number", "bool"] = "bool",
    arguments: tuple[tuple[str, ...], ...] = (),
    reads_arguments: bool = False,
) -> Callable[[_Run], _Run]:
    """Register a function as the predicate of its own name; its docstring becomes the documentation."""

    def register(run: _Run) -> _Run:
        name = run.__name__
        PREDICATES[name] = Predicate(name, run, reads, returns, arguments, reads_arguments, (run.__doc__ or "").strip())
        return run

    return register


def _fact(deployment: Deployment, name: str) -> Fact:
    return deployment.facts.get(name, _NOT_THERE)


def _number(deployment: Deployment, name: str) -> float | None:
    """The fact as a number, or None where it is not a known number."""
    fact = _fact(deployment, name)
    if fact.kind != KNOWN or isinstance(fact.value, bool) or not isinstance(fact.value, (int, float)):
        return None
    return float(fact.value)


def _text(deployment: Deployment, name: str) -> str | None:
    fact = _fact(deployment, name)
    return fact.value if fact.kind == KNOWN and isinstance(fact.value, str) else None


@predicate(reads=("params_b", "precision", "gpu_memory_gb", "gpu_count"))
def fits_in_vram(deployment: Deployment) -> bool | None:
    """The weights at the deployment's precision take at most 80 % of the memory of its GPUs together.

    The other 20 % is room for KV cache and activations: a convention, not a measurement. A GPU without a count is one
    GPU. Unknown where the size, the precision, the memory or the count is unknown.
    """
    params = _number(deployment, "params_b")
    precision = _text(deployment, "precision")
    memory = _number(deployment, "gpu_memory_gb")
    count = 1.0 if _fact(deployment, "gpu_count").kind == ABSENT else _number(deployment, "gpu_count")
    if params is None or precision is None or memory is None or count is None or memory <= 0 or count <= 0:
        return None
    weights = catalog.weights_gb(params, precision)
    return None if weights is None else weights <= ROOM_FOR_WEIGHTS * memory * count


def _crossover(deployment: Deployment, precision: str) -> float:
    architecture, name = _text(deployment, "architecture"), _text(deployment, "gpu")
    if architecture is None:
        return USUAL_CROSSOVER_B
    # Ampere's crossover was printed for the server chip alone: the card decides, not only its architecture.
    card = catalog.gpu(name) if name is not None else None
    published = catalog.crossover(architecture, precision, card.compute_capability if card else None)
    return USUAL_CROSSOVER_B if published is None else published


@predicate(reads=("params_b", "active_params_b", "architecture", "gpu"), arguments=(("nf4", "int8"),))
def below_crossover(deployment: Deployment, precision: str) -> bool | None:
    """The model is smaller than the size at which this quantization begins to save energy on the GPU's architecture.

    Sizes are active parameters for mixture-of-experts models. The crossover is 3B where the GPU is not known or none
    is published for its architecture. Unknown where the size is; where only the total of a mixture is known, a total
    below the crossover is enough, as the active part is smaller still.
    """
    crossover = _crossover(deployment, precision)
    active = _number(deployment, "active_params_b")
    if active is not None:
        return active < crossover
    total = _number(deployment, "params_b")
    if total is None:
        return None
    if total < crossover:
        return True
    return False if _fact(deployment, "active_params_b").kind == ABSENT else None


@predicate(reads=("params_b", "active_params_b", "architecture", "gpu"), arguments=(("nf4", "int8"),))
def above_crossover(deployment: Deployment, precision: str) -> bool | None:
    """The model is at or above that size: the opposite of `below_crossover`, and unknown where that is."""
    below = below_crossover(deployment, precision)
    return None if below is None else not below


@predicate(reads=("gpu",), arguments=(("bf16", "fp8"),))
def computes_in(deployment: Deployment, precision: str) -> bool | None:
    """The GPU has tensor cores, or units, for this number format. Unknown where the GPU or its row is."""
    name = _text(deployment, "gpu")
    card = catalog.gpu(name) if name is not None else None
    if card is None:
        return None
    return card.native_bf16 if precision == "bf16" else card.native_fp8


@predicate(reads=("params_b", "gpu_memory_gb"), returns="number")
def fp16_share_of_memory(deployment: Deployment) -> float | None:
    """FP16 weights of the whole model as a share of the memory of one GPU of the deployment (0.25 is a quarter).

    One GPU, also where several are reserved: a model that leaves one card mostly empty leaves several emptier still.
    All parameters count, for mixtures too, as all of them are held in memory.
    """
    params = _number(deployment, "params_b")
    memory = _number(deployment, "gpu_memory_gb")
    if params is None or memory is None or memory <= 0:
        return None
    weights = catalog.weights_gb(params, "fp16")
    return None if weights is None else weights / memory


@predicate(
    reads=(
        *("params_b", "precision", "dtype", "quantization", "gpu_memory_gb", "reserved_gpus"),
        *("sharding", "gpu_count", "data_parallel"),
    ),
    returns="number",
)
def weights_share_of_reserved(deployment: Deployment) -> float | None:
    """The weights, all copies of them, as a share of the memory of the GPUs that the platform reserves.

    GPUs that the engine uses beyond one pod count too. Weights in a format whose width is not known count with 16 bits,
    which no quantized format takes. Unknown where nobody is seen to reserve GPUs.
    """
    memory, reserved = _number(deployment, "gpu_memory_gb"), _number(deployment, "reserved_gpus")
    weights = _weights_at_most(deployment)
    spread = next((n for name in ("sharding", "gpu_count") if (n := _number(deployment, name)) is not None), 1.0)
    unsure = any(_fact(deployment, name).kind == UNKNOWN for name in ("sharding", "gpu_count", "data_parallel"))
    copies = _number(deployment, "data_parallel") or 1.0
    if memory is None or reserved is None or weights is None or unsure or memory <= 0 or reserved <= 0:
        return None
    return weights * copies / (memory * max(reserved, spread * copies))


def _weights_at_most(deployment: Deployment) -> float | None:
    """Decimal gigabytes that the weights take at most; None where nothing says that they are no wider than 16 bits."""
    params, precision = _number(deployment, "params_b"), _text(deployment, "precision")
    if params is None:
        return None
    weights = catalog.weights_gb(params, precision) if precision is not None else None
    if weights is not None:
        return weights
    dtype, quantization = _fact(deployment, "dtype"), _fact(deployment, "quantization")
    narrow = quantization.kind == KNOWN and quantization.value != "none"
    return catalog.weights_gb(params, "fp16") if narrow or dtype.kind == ABSENT or dtype.value == "auto" else None


@predicate(reads=("memory_needed_gib", "memory_available_gib", "sharding", "gpu_count"), returns="number")
def cards_needed(deployment: Deployment) -> float | None:
    """The number of GPUs, doubled until they do, that hold the weights and the KV cache with a tenth to spare."""
    needed, available = _number(deployment, "memory_needed_gib"), _number(deployment, "memory_available_gib")
    used = _number(deployment, "sharding") or _number(deployment, "gpu_count")
    if needed is None or not available or not used:
        return None
    times = needed / (available * (1 - SPARE))
    return used * float(2 ** max(0, math.ceil(math.log2(times))))


@predicate(reads=("batch_size",))
def power_of_two(deployment: Deployment) -> bool | None:
    """The batch size is 1, 2, 4, 8, …; unknown where it is not a known whole number."""
    batch = _number(deployment, "batch_size")
    if batch is None or batch < 1 or not batch.is_integer():
        return None
    return int(batch) & (int(batch) - 1) == 0


@predicate(reads=("batch_size",), returns="number")
def lower_power_of_two(deployment: Deployment) -> float | None:
    """The nearest power of two that is not above the batch size, and at most 64."""
    batch = _number(deployment, "batch_size")
    return None if batch is None or batch < 1 else float(1 << (int(min(batch, LARGEST_BATCH)).bit_length() - 1))


@predicate(reads=("task",))
def generates_text(deployment: Deployment) -> bool | None:
    """The model writes text token by token, which is what was measured: false where it is known to do something else.

    Servers whose vocabulary names no task generate text. Unknown where nobody can tell what the model does.
    """
    task = _fact(deployment, "task")
    if task.kind == ABSENT:
        return True
    return task.value == GENERATION if task.kind == KNOWN else None


@predicate(reads=("framework",))
def a_server(deployment: Deployment) -> bool | None:
    """A container, a command line or a settings file starts the framework, rather than code that makes an object of it.

    Unknown where the framework is.
    """
    return deployment.invocation.call is None if _fact(deployment, "framework").kind == KNOWN else None


@predicate(arguments=(tuple(FACTS),), reads_arguments=True)
def known(deployment: Deployment, fact: str) -> bool:
    """The fact has a value that ecolint knows: neither absent nor made at run time. Never unknown itself."""
    return _fact(deployment, fact).kind == KNOWN


@predicate(arguments=(tuple(FACTS),), reads_arguments=True)
def written(deployment: Deployment, fact: str) -> bool | None:
    """The fact's value stands in the file, rather than being a default or following from other facts.

    What a deployment file falls back on (`${SLOTS:-2}`, a build argument, the values of a chart) is written; the
    default of a program's own argument is not. False where the fact is absent, unknown where its value is.
    """
    found = _fact(deployment, fact)
    if found.kind == ABSENT:
        return False
    if found.how == "default" and found.sources and deployment.invocation.syntax != "python":
        return True
    return found.how not in _NOT_WRITTEN if found.kind == KNOWN else None
