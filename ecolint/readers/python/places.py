"""The room of places that are measured when they are looked at: of most values nobody asks where they were written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ecolint.model import Place, Span

if TYPE_CHECKING:
    import libcst as cst

    from ecolint.readers.python.parsing import Statement

_set = object.__setattr__


class LatePlace(Place):
    """A place like any other, equal to the one with its path and span; LibCST measures a statement for the first."""

    __slots__ = ("_measured", "_where")
    _measured: Span | None
    _where: tuple[Statement, cst.CSTNode]

    def __init__(self, path: str, statement: Statement, node: cst.CSTNode) -> None:
        _set(self, "path", path)
        _set(self, "_where", (statement, node))
        _set(self, "_measured", None)

    @property
    def span(self) -> Span:
        """Where the node stands in the whole text."""
        found = self._measured
        if found is None:
            statement, node = self._where
            found = statement.span(node)
            _set(self, "_measured", found)
            _set(self, "_where", None)  # a statement is large
        return found

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Place) and self.path == other.path and self.span == other.span

    def __hash__(self) -> int:
        return hash((self.path, self.span))

    def __lt__(self, other: Place) -> bool:
        return (self.path, self.span) < (other.path, other.span)

    def __le__(self, other: Place) -> bool:
        return (self.path, self.span) <= (other.path, other.span)

    def __gt__(self, other: Place) -> bool:
        return (self.path, self.span) > (other.path, other.span)

    def __ge__(self, other: Place) -> bool:
        return (self.path, self.span) >= (other.path, other.span)

    def __reduce__(self) -> tuple[Any, ...]:
        return Place, (self.path, self.span)
