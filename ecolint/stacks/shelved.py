"""Vocabularies as bytes, and back: what only a stack that was recognised needs is unpacked when it is asked for."""

from __future__ import annotations

import io
import pickle
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from typing import Any

from ecolint.model import Wanted
from ecolint.stacks.vocabulary import Vocabulary

_LATER = ("keys", "facts")
"""The fields that take nearly all of the time: what settings and facts of a stack mean, of which a file has few."""
_AT_ONCE = tuple(one.name for one in fields(Vocabulary) if one.name not in _LATER)


class Shelved(Vocabulary):
    """A vocabulary some of whose fields are still packed."""

    __slots__ = ("_packed",)

    def __getattr__(self, name: str) -> Any:
        if name not in _LATER:
            raise AttributeError(name)
        found: tuple[Any, ...] = pickle.loads(self._packed)
        for each, value in zip(_LATER, found, strict=True):
            object.__setattr__(self, each, value)
        return getattr(self, name)


def _shelved(at_once: Iterable[Any], packed: bytes) -> Shelved:
    one = object.__new__(Shelved)
    for name, value in zip(_AT_ONCE, at_once, strict=True):
        object.__setattr__(one, name, value)
    object.__setattr__(one, "_packed", packed)
    return one


class _Packer(pickle.Pickler):
    """Packs a dataclass as the call that makes it, which is several times as quick to undo as what Python does."""

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, Vocabulary):
            return _shelved, (tuple(getattr(obj, name) for name in _AT_ONCE), _bytes(obj, _LATER))
        if is_dataclass(obj) and not isinstance(obj, type):
            return type(obj), tuple(getattr(obj, one.name) for one in fields(obj))
        return NotImplemented


def _bytes(vocabulary: Vocabulary, names: Iterable[str]) -> bytes:
    return _packed(tuple(getattr(vocabulary, name) for name in names))


def _packed(data: object) -> bytes:
    into = io.BytesIO()
    _Packer(into, pickle.HIGHEST_PROTOCOL).dump(data)
    return into.getvalue()


def pack(made: tuple[tuple[Vocabulary, ...], Wanted]) -> bytes:
    """Vocabularies, and what they ask of readers, as bytes."""
    return _packed(made)


def unpack(data: bytes) -> tuple[tuple[Vocabulary, ...], Wanted]:
    """What was packed."""
    made: tuple[tuple[Vocabulary, ...], Wanted] = pickle.loads(data)
    return made
