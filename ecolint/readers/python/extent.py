"""The scales: how much a value unrolls to, what is shared counted wherever it is read; what is too much is unknown."""

from __future__ import annotations

from dataclasses import field

from ecolint.model import Data, Items, Table, Value
from ecolint.shaped import dataclass

MAX_PARTS = 4_000
MAX_NESTING = 24
"""Twelve splats of a dictionary into itself are 4,096 parts, though written in twelve lines, and whoever walks a value
walks all of them: beyond this a value is unknown."""


@dataclass(slots=True)
class Extents:
    """The parts and the nesting of every table and list met so far; each is measured once."""

    _found: dict[int, tuple[Data, int, int]] = field(default_factory=dict)

    def bearable(self, value: Value) -> bool:
        """Whether a value can be walked part by part."""
        parts, nesting = self._of(value)
        return parts <= MAX_PARTS and nesting <= MAX_NESTING

    def _of(self, value: Value) -> tuple[int, int]:
        parts, nesting = 0, 0
        for one in value:
            more, deeper = self._inside(one.data) if isinstance(one.data, Table | Items) else (1, 0)
            parts, nesting = parts + more, max(nesting, deeper)
        return parts, nesting

    def _inside(self, data: Table | Items) -> tuple[int, int]:
        if id(data) not in self._found:
            parts, nesting = 1, 0
            for value in data.items if isinstance(data, Items) else (entry.value for entry in data.entries):
                more, deeper = self._of(value)
                parts, nesting = parts + more, max(nesting, deeper)
            self._found[id(data)] = (data, parts, nesting + 1)  # kept, so that the id stays its own
        return self._found[id(data)][1:]
