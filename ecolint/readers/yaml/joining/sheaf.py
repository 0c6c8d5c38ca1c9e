"""Several texts bound into one, so that a tree may hold nodes of many files and each node still knows its place."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from ecolint.model import ALWAYS, Branches, Place, Source, Span
from ecolint.readers.yaml.nodes import Node, Unreadable, compose, documents
from ecolint.readers.yaml.tables import Document
from ecolint.readers.yaml.templates import Templates, bound, find


@dataclass(frozen=True, slots=True)
class _Leaf:
    """One text: where it begins in the sheaf, and where its characters stand in its file, if not one to one."""

    start: int
    path: str
    where: Sequence[int] | None = None


class Sheaf:
    """The bound texts. Offsets of its nodes are offsets into the whole."""

    def __init__(self) -> None:
        self._leaves: list[_Leaf] = []
        self._starts: list[int] = []
        self._texts: list[str] = []
        self._masked: list[str] = []
        self._templates: list[tuple[int, Templates]] = []
        self._by_path: dict[str, int] = {}
        self._length = 0

    def add(self, path: str, text: str, where: Sequence[int] | None = None) -> int:
        """Bind a text in; where it begins."""
        start = self._length
        self._leaves.append(_Leaf(start, path, where))
        self._starts.append(start)
        self._texts += [text, "\n"]
        self._masked += [text, "\n"]
        self._length += len(text) + 1
        if where is None:
            self._by_path.setdefault(path, start)
        return start

    def load(self, source: Source, where: Sequence[int] | None = None) -> list[Node]:
        """The root nodes of every document of a YAML text; those that cannot be read are told where the file is."""
        start = self.add(source.path, source.text, where)
        roots: list[Node] = []
        for base, text in documents(source.text):
            templates = find(text, f"{source.path}:{base}")
            try:
                roots += compose(templates.masked, start + base)
            except Unreadable:
                continue
            if templates.spans:
                whole = self._masked[-2]
                self._masked[-2] = whole[:base] + templates.masked + whole[base + len(text) :]
                self._templates.append((start + base, templates))
        return roots

    def place(self, start: int, end: int) -> Place:
        """Where a range of the whole stands."""
        leaf = self._leaves[max(0, bisect_right(self._starts, start) - 1)]
        first, last = start - leaf.start, max(start, end) - leaf.start
        if leaf.where is None:
            return Place(leaf.path, Span(first, last))
        if first >= len(leaf.where):
            at = leaf.where[-1] + 1 if leaf.where else 0
            return Place(leaf.path, Span(at, at))
        stop = leaf.where[min(last, len(leaf.where)) - 1] + 1 if last > first else leaf.where[first]
        return Place(leaf.path, Span(leaf.where[first], max(stop, leaf.where[first])))

    def start_of(self, path: str) -> int | None:
        """Where the text of a file begins."""
        return self._by_path.get(path)

    def view(self, path: str) -> Bound:
        """The sheaf as a document, looked at from one of its files."""
        text = "".join(self._texts)
        return Bound(self, path, text, bound(self._templates, "".join(self._masked)))

    @property
    def text(self) -> str:
        """All that is bound in."""
        return "".join(self._texts)


class Bound(Document):
    """A sheaf as one document. What was merged from several files stands where the file looked from says it."""

    def __init__(self, sheaf: Sheaf, path: str, text: str, templates: Templates) -> None:
        super().__init__(path, text, 0, templates)
        self.sheaf = sheaf

    def place(self, start: int, end: int) -> Place:
        """A place in the file that a range stands in."""
        return self.sheaf.place(start, max(start, end))

    def at(self, node: Node) -> Place:
        """Where a node stands: of its pieces, the one in the file looked from, else the first."""
        places = [self.place(piece.start, piece.end) for piece in node.pieces or (node,)]
        return next((place for place in reversed(places) if place.path == self.path), places[0])

    def branches_of(self, place: Place, outer: Branches = ALWAYS) -> Branches:
        """Template decisions around a place of one of the files."""
        start = self.sheaf.start_of(place.path)
        return self.branches(start + place.span.start, outer) if start is not None else ALWAYS
