"""Dataclasses that are quick to define: the same as Python's own, with every method written when it is first called.

Python writes and compiles up to nine methods for each class while its module is imported, most of which a run never
calls. A run that judges one file imports a hundred and fifty such classes, which then take a third of the time.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(
        cls: type | None = None, /, *, frozen: bool = False, slots: bool = False, eq: bool = True, order: bool = False
    ) -> Any:
        """What `dataclasses.dataclass` makes of a class with these options; no class may inherit from another."""

        def make(cls: type) -> type:
            own = {name for name in _METHODS if cls.__dict__.get(name) is not None}
            made = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots)(cls)
            made.__dataclass_params__.frozen = frozen
            names = ["__init__", "__repr__"]
            names += ["__eq__"] if eq else []
            names += ["__hash__"] if eq and frozen else []
            names += ["__lt__", "__le__", "__gt__", "__ge__"] if order else []
            for name in names:
                if name not in own:
                    setattr(made, name, _unwritten(made, name))
            if eq and not frozen and "__hash__" not in own:
                made.__hash__ = None
            if frozen:
                _freeze(made, slots)
            return made

        return make if cls is None else make(cls)


def _unwritten(made: type, name: str) -> Callable[..., Any]:
    """A method that writes the one which is to take its place, and calls it."""

    def first(self: Any, *values: Any, **named: Any) -> Any:
        method = _METHODS[name](made)
        method.__name__, method.__qualname__ = name, f"{made.__qualname__}.{name}"
        setattr(made, name, method)
        return method(self, *values, **named)

    first.__name__ = name
    return first


# --- the methods ------------------------------------------------------------------------------------------------------


def _written(head: str, body: list[str], names: dict[str, Any]) -> Callable[..., Any]:
    """The method that a text describes."""
    exec("\n ".join((f"def method({head}):", *(body or ["pass"]))), names)
    method: Callable[..., Any] = names["method"]
    return method


def _init(made: Any) -> Callable[..., Any]:
    names: dict[str, Any] = {"_set": object.__setattr__, "_none": object()}
    taken, body = ["self"], []
    for each in dataclasses.fields(made):
        value, name = each.name, each.name
        if each.default_factory is not dataclasses.MISSING:
            names[f"_make_{name}"] = each.default_factory
            value = f"_make_{name}() if {name} is _none else {name}" if each.init else f"_make_{name}()"
        elif not each.init:
            if each.default is dataclasses.MISSING:
                continue
            names[f"_default_{name}"] = each.default
            value = f"_default_{name}"
        if each.init:
            given = f"{name}=_none" if each.default_factory is not dataclasses.MISSING else name
            if each.default is not dataclasses.MISSING:
                names[f"_default_{name}"] = each.default
                given = f"{name}=_default_{name}"
            taken.append(given)
        frozen = made.__dataclass_params__.frozen
        body.append(f"_set(self, {name!r}, {value})" if frozen else f"self.{name} = {value}")
    if hasattr(made, "__post_init__"):
        body.append("self.__post_init__()")
    return _written(", ".join(taken), body, names)


def _row(made: Any, whose: str, asked: Callable[[Any], bool]) -> str:
    """A tuple of the fields of somebody, written out."""
    return "(" + "".join(f"{whose}.{each.name}," for each in dataclasses.fields(made) if asked(each)) + ")"


def _compared(operator: str) -> Callable[[Any], Callable[..., Any]]:
    def write(made: Any) -> Callable[..., Any]:
        def asked(each: Any) -> bool:
            return bool(each.compare)

        sides = f"{_row(made, 'self', asked)} {operator} {_row(made, 'other', asked)}"
        body = [f"if other.__class__ is self.__class__: return {sides}", "return NotImplemented"]
        return _written("self, other", body, {})

    return write


def _hash(made: Any) -> Callable[..., Any]:
    row = _row(made, "self", lambda each: bool(each.compare if each.hash is None else each.hash))
    return _written("self", [f"return hash({row})"], {})


def _repr(made: Any) -> Callable[..., Any]:
    names = [each.name for each in dataclasses.fields(made) if each.repr]
    shown = ", ".join(f"{name}={{self.{name}!r}}" for name in names)
    return _written("self", [f"return self.__class__.__qualname__ + f'({shown})'"], {})


_METHODS: dict[str, Callable[[Any], Callable[..., Any]]] = {
    "__init__": _init,
    "__repr__": _repr,
    "__eq__": _compared("=="),
    "__hash__": _hash,
    "__lt__": _compared("<"),
    "__le__": _compared("<="),
    "__gt__": _compared(">"),
    "__ge__": _compared(">="),
}


def _freeze(made: Any, slots: bool) -> None:
    """Refuse changes, and let a copy or a pickle be made all the same."""
    order = [each.name for each in dataclasses.fields(made)]
    names = frozenset(order)

    def set_(self: Any, name: str, value: object) -> None:
        if type(self) is made or name in names:
            raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")
        super(made, self).__setattr__(name, value)

    def delete(self: Any, name: str) -> None:
        if type(self) is made or name in names:
            raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")
        super(made, self).__delattr__(name)

    made.__setattr__, made.__delattr__ = set_, delete
    if slots:

        def state(self: Any) -> list[Any]:
            return [getattr(self, name) for name in order]

        def restore(self: Any, state: list[Any]) -> None:
            for name, value in zip(order, state, strict=True):
                object.__setattr__(self, name, value)

        made.__getstate__, made.__setstate__ = state, restore
