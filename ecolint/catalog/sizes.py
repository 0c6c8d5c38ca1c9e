"""The room for what sizes mean: crossovers by architecture and the memory that weights take."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from ecolint.catalog.tables import records


def crossover(architecture: str, precision: str, compute_capability: str | None = None) -> float | None:
    """The printed size (billions) from which a quantization is said to pay on an architecture, else None.

    `precision` is nf4 or int8 (int8_pure and int8_default mean int8). A table of claims: it decides when a rule looks,
    never a figure. Ampere's was printed for the server chip (A800, compute capability 8.0): pass a card's compute
    capability to leave out the desktop chips (RTX 3090, A10: 8.6), for which none was printed.
    """
    for size, capability in _crossovers().get((architecture.lower(), _kind(precision)), ()):
        if not capability or compute_capability is None or capability == compute_capability:
            return size
    return None


def weights_gb(params_b: float, precision: str) -> float | None:
    """Memory of the weights in decimal gigabytes, or None for a precision whose width is not known (gptq, awq …).

    Billions of parameters times bytes per parameter (precisions.csv). bitsandbytes leaves embeddings and the output
    layer in 16 bits, so small models take somewhat more.
    """
    width = _widths().get(precision)
    return None if width is None else params_b * width


def least_bytes(number_format: str) -> float | None:
    """The bytes that a parameter takes at the very least in this format, or None where its width is not known.

    Scales, zero points and whatever stays in 16 bits come on top, so this never overstates.
    """
    return _least_widths().get(number_format)


@lru_cache(maxsize=1)
def precisions() -> frozenset[str]:
    """Every precision key that a deployment can have: number formats, and quantizations that names of weights tell."""
    formats = {"float32", "float16", "bfloat16"}  # spelled fp32, fp16 and bf16 as precisions
    told = {row["quantization"] for row in records("checkpoints.csv")}
    return frozenset({*_widths(), *_least_widths(), *told} - formats - {""})


def _kind(precision: str) -> str:
    return "int8" if precision.startswith("int8") else precision


@lru_cache(maxsize=1)
def _crossovers() -> Mapping[tuple[str, str], tuple[tuple[float, str], ...]]:
    table: dict[tuple[str, str], tuple[tuple[float, str], ...]] = {}
    for row in records("crossovers.csv"):
        key = (row["architecture"].lower(), row["precision"])
        table[key] = (*table.get(key, ()), (float(row["size_b"]), row["compute_capability"]))
    return table


@lru_cache(maxsize=1)
def _widths() -> Mapping[str, float]:
    return {row["precision"]: float(row["bytes_per_parameter"]) for row in records("precisions.csv")}


@lru_cache(maxsize=1)
def _least_widths() -> Mapping[str, float]:
    return {row["format"]: float(row["bytes_per_parameter"]) for row in records("least_widths.csv")}
