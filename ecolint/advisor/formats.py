"""The room where precisions are known by name: the facts that each of them stands for, and how people write it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import tomli

from ecolint.model import Scalar
from ecolint.shaped import dataclass

PLAIN = ("fp16", "bf16")
"""Precisions that change no numerics of a published checkpoint of 16 bits."""


@dataclass(frozen=True, slots=True)
class Precision:
    """A precision that can be asked for. `key` is its evidence key, `facts` what a deployment that has it says."""

    name: str
    key: str
    facts: Mapping[str, Scalar]
    also: tuple[str, ...]


@lru_cache(maxsize=1)
def precisions() -> Mapping[str, Precision]:
    """The precisions by name, in the order in which they are offered."""
    data = tomli.loads((Path(__file__).parent / "precisions.toml").read_text(encoding="utf-8"))
    return {
        name: Precision(name, spec.get("key", name), spec["facts"], tuple(spec["also"])) for name, spec in data.items()
    }


def precision(written: str) -> Precision | None:
    """The precision of this name or evidence key, without regard to case."""
    word = written.strip().lower()
    return next((one for one in precisions().values() if word in (one.name, one.key)), None)


def meant(written: str) -> str | None:
    """The name of the precision that another word stands for (int4: nf4), else None."""
    word = written.strip().lower()
    return next((one.name for one in precisions().values() if word in one.also), None)


def of_key(key: str) -> Precision | None:
    """The precision with this evidence key."""
    return next((one for one in precisions().values() if one.key == key), None)
