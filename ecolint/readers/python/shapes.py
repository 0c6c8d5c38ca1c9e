"""The shape room: whether an expression holds one input or several, and which loops and parameters it hangs on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import field, replace
from typing import Literal, TypeAlias

import libcst as cst

from ecolint.readers.python import plurals
from ecolint.readers.python.context import Context
from ecolint.readers.python.parsing import Statement
from ecolint.shaped import dataclass

Count = Literal["one", "likely", "some", "many"]
"""One input; one by what its name or its making says; nobody can tell; several."""

Loop: TypeAlias = "int | cst.CSTNode"
"""A loop by the index of its header, or a clause of a comprehension, or a lambda that is mapped."""

Tell: TypeAlias = "Callable[[Shapes, cst.CSTNode, Statement], Shape]"
"""How the shape of an expression is found that was not asked for before."""

ORDER: tuple[Count, ...] = ("one", "likely", "some", "many")
MAX_DEPTH = 40
"""Steps from name to name within which an input is followed to where it comes from."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What an expression holds. `counted` are the parameters of which it holds as many as they do, `grows` the loops of
    which every round adds to it."""

    count: Count = "one"
    loops: frozenset[Loop] = frozenset()
    params: frozenset[str] = frozenset()
    counted: frozenset[str] = frozenset()
    grows: frozenset[Loop] = frozenset()

    @property
    def tied(self) -> bool:
        """True where it changes with a loop or a parameter."""
        return bool(self.loops or self.params)


CONSTANT = Shape()


def joined(shapes: Iterable[Shape], count: Count | None = None) -> Shape:
    """What is made of all of these; `count` where the making decides how many it is, else what hangs on something."""
    every = list(shapes)
    told = [one.count for one in every if one.tied] or [one.count for one in every]
    most: Count = max(told, key=ORDER.index, default="one")
    return Shape(
        count or most,
        frozenset().union(*(one.loops for one in every)),
        frozenset().union(*(one.params for one in every)),
        frozenset().union(*(one.counted for one in every)) if count is None else frozenset(),
        frozenset().union(*(one.grows for one in every)),
    )


@dataclass(slots=True)
class Shapes:
    """Answers about expressions, remembering what was asked before."""

    ctx: Context
    tell: Tell
    known: dict[cst.CSTNode, Shape] = field(default_factory=dict)
    active: set[cst.CSTNode] = field(default_factory=set)
    depth: int = 0
    methods: dict[tuple[int, str], list[int]] = field(default_factory=dict)
    scanned: bool = False

    def of(self, node: cst.CSTNode, statement: Statement) -> Shape:
        """The shape of an expression at its statement."""
        if node in self.known:
            return self.known[node]
        if node in self.active or self.depth > MAX_DEPTH:
            return CONSTANT
        self.active.add(node)
        self.depth += 1
        self.ctx.stats.steps += 1
        found = self.tell(self, node, statement)
        self.depth -= 1
        self.active.discard(node)
        self.known[node] = found
        return found

    def given(self, inputs: Sequence[tuple[str, cst.CSTNode]], statement: Statement) -> list[Shape]:
        """The shapes of what goes into one call, by names: pictures and sounds belong to the text beside
        them, however many they are."""
        shapes = [self.of(node, statement) for _, node in inputs]
        seen = [plurals.SEEN.search(name) is not None for name, _ in inputs]
        if not any(shape.tied and not one for shape, one in zip(shapes, seen, strict=True)):
            return shapes
        return [
            replace(shape, count="one", counted=frozenset()) if one else shape
            for shape, one in zip(shapes, seen, strict=True)
        ]


def either(shape: Shape) -> Shape:
    """What may be one or a list already. Of what was passed in the caller decides."""
    return shape if shape.params and not shape.loops else replace(shape, count="many")


def named(shape: Shape, name: str) -> Shape:
    """What a name says of what nobody could tell."""
    if shape.count != "some":
        return shape
    if plurals.several(name):
        return replace(shape, count="many")
    return replace(shape, count="likely") if plurals.ONE.search(name) else shape
