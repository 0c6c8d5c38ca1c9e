"""Outcomes as bytes and back: pickles that may hold the shapes of ecolint's vocabulary and nothing else."""

from __future__ import annotations

import io
import pickle
from typing import TYPE_CHECKING, Any

from ecolint.model import Place

if TYPE_CHECKING:
    from ecolint.verify import Outcome

_ROOMS = frozenset({"ecolint.model", "ecolint.frame", "ecolint.verify", "ecolint.suppress", "ecolint.speech"})
_BUILT_IN = frozenset({"frozenset", "set", "complex", "bytearray"})


class _Packer(pickle.Pickler):
    """A pickler that remembers the files of which it meets places."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file, 5)
        self.paths: set[str] = set()

    def reducer_override(self, what: Any) -> Any:
        """Nothing is packed in another way: it is only looked at."""
        if isinstance(what, Place):
            self.paths.add(what.path)
        return NotImplemented


class _Unpacker(pickle.Unpickler):
    """An unpickler that makes nothing but shapes of the vocabulary, whoever wrote what it reads."""

    def find_class(self, module: str, name: str) -> Any:
        """A class by its name. Raises UnpicklingError where it is none of an outcome's."""
        if module in _ROOMS or (module == "builtins" and name in _BUILT_IN):
            found = super().find_class(module, name)
            if isinstance(found, type) and "." not in name:
                return found
        raise pickle.UnpicklingError(f"{module}.{name} is no part of an outcome")


def packed(outcome: Outcome) -> tuple[bytes, set[str]] | None:
    """An outcome as bytes, and the files of which it tells places; None where it is nested too deeply."""
    into = io.BytesIO()
    packer = _Packer(into)
    try:
        packer.dump(outcome)
    except RecursionError:
        return None
    return into.getvalue(), packer.paths


def unpacked(data: bytes) -> Outcome | None:
    """The outcome again; None where the bytes are not one."""
    try:
        found = _Unpacker(io.BytesIO(data)).load()
    except Exception:  # a pickle that somebody else wrote may fail in any way
        return None
    from ecolint.verify import Outcome

    return found if isinstance(found, Outcome) else None
