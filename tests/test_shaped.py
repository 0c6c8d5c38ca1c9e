"""A dataclass whose methods are written late is what Python's own would be."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from dataclasses import field
from typing import Any

import pytest

from ecolint.model import Place, Span
from ecolint.shaped import dataclass

KINDS: tuple[dict[str, bool], ...] = (
    {"frozen": True},
    {"frozen": True, "slots": True},
    {"frozen": True, "slots": True, "order": True},
    {"slots": True},
    {"slots": True, "eq": False},
    {},
)


def pair(**options: bool) -> tuple[Any, Any]:
    """The same class twice: as Python makes it, and as we do."""

    def made(decorate: Any) -> Any:
        @decorate(**options)
        class Shape:
            """A shape."""

            name: str
            size: int = 3
            parts: list[int] = field(default_factory=list)
            note: str = field(default="", compare=False)
            secret: str = field(default="s", repr=False, hash=False)
            area: int = field(init=False, default=9)

        return Shape

    return made(dataclasses.dataclass), made(dataclass)


@pytest.mark.parametrize("options", KINDS, ids=str)
def test_it_is_made_and_shown_alike(options: dict[str, bool]) -> None:
    theirs, ours = pair(**options)
    for values, named in ((("a",), {}), (("a", 1, [2]), {"note": "n"}), ((), {"name": "b", "secret": "x"})):
        one, other = theirs(*values, **named), ours(*values, **named)
        assert repr(one) == repr(other)
        assert dataclasses.astuple(one) == dataclasses.astuple(other)
        assert dataclasses.asdict(dataclasses.replace(one, size=8)) == dataclasses.asdict(
            dataclasses.replace(other, size=8)
        )
    assert ours("a").parts is not ours("a").parts
    assert theirs.__match_args__ == ours.__match_args__
    assert [one.name for one in dataclasses.fields(theirs)] == [one.name for one in dataclasses.fields(ours)]
    several: tuple[tuple[object, ...], ...] = ((), ("a", 1, [], "", "s", 9))
    for wrong in several:
        for shape in (theirs, ours):
            with pytest.raises(TypeError):
                shape(*wrong)


@pytest.mark.parametrize("options", KINDS, ids=str)
def test_it_is_compared_alike(options: dict[str, bool]) -> None:
    rows: list[dict[str, Any]] = [
        {"name": "a"},
        {"name": "a", "note": "x"},
        {"name": "a", "secret": "t"},
        {"name": "b"},
    ]
    theirs, ours = pair(**options)
    for left in rows:
        for right in rows:
            for method in ("__eq__", "__lt__", "__le__", "__gt__", "__ge__"):
                said = [getattr(shape(**left), method)(shape(**right)) for shape in (theirs, ours)]
                assert said[0] is said[1]
    assert ours("a") != theirs("a")
    assert (theirs.__hash__ is None) == (ours.__hash__ is None)


def test_the_hash_leaves_out_what_it_is_told_to() -> None:
    @dataclass(frozen=True, slots=True)
    class Shape:
        name: str
        note: str = field(default="", hash=False)
        aside: str = field(default="", compare=False)

    assert len({Shape("a"), Shape("a", aside="x"), Shape("b")}) == 2
    assert hash(Shape("a")) == hash(Shape("a", "n")) == hash(("a",))
    assert Shape("a") != Shape("a", "n")


@pytest.mark.parametrize("options", KINDS[:3], ids=str)
def test_what_is_frozen_stays_as_it_is(options: dict[str, bool]) -> None:
    told = []
    for shape in pair(**options):
        one = shape("a")
        with pytest.raises(dataclasses.FrozenInstanceError) as changed:
            one.size = 4
        with pytest.raises(dataclasses.FrozenInstanceError) as removed:
            del one.size
        told.append((str(changed.value), str(removed.value)))
        assert one.size == 3
    assert told[0] == told[1]


def test_it_is_copied_and_pickled() -> None:
    place = Place("a.py", Span(1, 2))
    for again in (copy.copy(place), copy.deepcopy(place), pickle.loads(pickle.dumps(place))):
        assert again == place
        assert hash(again) == hash(place)
        assert again is not place
    assert sorted([Place("b", Span(0, 1)), Place("a", Span(3, 4)), Place("a", Span(1, 9))])[0].span == Span(1, 9)


def test_methods_of_its_own_are_kept() -> None:
    @dataclass(frozen=True)
    class Shape:
        name: str

        def __repr__(self) -> str:
            return "mine"

        def __hash__(self) -> int:
            return 7

    assert (repr(Shape("a")), hash(Shape("a"))) == ("mine", 7)


def test_what_follows_the_fields_is_done_after_them() -> None:
    @dataclass
    class Shape:
        name: str
        length: int = field(init=False)

        def __post_init__(self) -> None:
            self.length = len(self.name)

    assert Shape("abc").length == 3
