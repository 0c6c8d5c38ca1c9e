"""Several texts bound into one, so that a tree may hold nodes of many files and each node still knows its place."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

from ecolint.model import ALWAYS, Branches, How, Place, Source, Span
from ecolint.readers.yaml.nodes import Node, Unreadable, compose, documents
from ecolint.readers.yaml.tables import Document
from ecolint.readers.yaml.templates import Templates, bound, find
from ecolint.readers.yaml.unfolding import unfold
from ecolint.shaped import dataclass


@dataclass(frozen=True, slots=True)
class _Leaf:
    """One text: where it begins in the sheaf, and where in it its characters come from, if it was made of others.

    The complement of an offset marks what another installation may have otherwise.
    """

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
        self._bound: tuple[int, str, Templates] | None = None
        self._holds: dict[tuple[str, ...], tuple[str, ...]] = {}

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
                found = compose(templates.masked, start + base)
            except Unreadable:
                continue
            unfold(found, templates.masked, start + base)
            roots += found
            if templates.spans:
                whole = self._masked[-2]
                self._masked[-2] = whole[:base] + templates.masked + whole[base + len(text) :]
                self._templates.append((start + base, templates))
        return roots

    def start_of(self, path: str) -> int | None:
        """Where the text of a file begins."""
        return self._by_path.get(path)

    def view(self, path: str) -> Bound:
        """The sheaf as a document, looked at from one of its files."""
        return Bound(self, path, *self._whole())

    @property
    def text(self) -> str:
        """All that is bound in."""
        return self._whole()[0]

    def holding(self, words: tuple[str, ...]) -> tuple[str, ...]:
        """Those of the words that stand in it, once all texts are bound in."""
        if words not in self._holds:
            self._holds[words] = tuple(word for word in words if word in self.text)
        return self._holds[words]

    def _whole(self) -> tuple[str, Templates]:
        """The texts and templates as one, made anew only where a text came in."""
        if self._bound is None or self._bound[0] != self._length:
            self._bound = (self._length, "".join(self._texts), bound(self._templates, "".join(self._masked)))
        return self._bound[1:]

    # --- where things come from ---------------------------------------------------------------------------------------

    def _leaf(self, at: int) -> _Leaf:
        return self._leaves[max(0, bisect_right(self._starts, at) - 1)]

    def _origin(self, leaf: _Leaf, at: int) -> int:
        """Where a character comes from, as an offset into the whole."""
        if not leaf.where:
            return at
        found = leaf.where[min(at - leaf.start, len(leaf.where) - 1)]
        return found if found >= 0 else ~found

    def _in_file(self, start: int, end: int) -> Place:
        leaf = self._leaf(start)
        return Place(leaf.path, Span(start - leaf.start, max(start, end) - leaf.start))

    def place(self, start: int, end: int) -> Place:
        """Where a range stands; of one that comes from several files, the part in the file that it begins in."""
        leaf = self._leaf(start)
        if leaf.where is None:
            return self._in_file(start, end)
        first = self._origin(leaf, start)
        home = self._leaf(first)
        for at in range(end - 1, start, -1):
            origin = self._origin(leaf, at)
            if origin >= first and self._leaf(origin) is home:
                return self._in_file(first, origin + 1)
        return self._in_file(first, first + (end > start))

    def told(self, start: int, end: int) -> Place:
        """Where a text is told: of what comes from several files, the last part that another one than its own gives."""
        leaf = self._leaf(start)
        for at in range(end - 1, start - 1, -1) if leaf.where is not None else ():
            origin = self._origin(leaf, at)
            other = self._leaf(origin)
            if other.path == leaf.path or (not other.path.endswith(".yaml") and not other.path.endswith(".yml")):
                continue
            first = origin
            while at > start and self._origin(leaf, at - 1) == first - 1:
                at, first = at - 1, first - 1
            return self._in_file(first, origin + 1)
        return self.place(start, end)

    def doubtful(self, start: int, end: int) -> bool:
        """Whether another installation may have a range otherwise."""
        leaf = self._leaf(start)
        return leaf.where is not None and any(one < 0 for one in leaf.where[start - leaf.start : end - leaf.start])

    def exact(self, start: int, end: int) -> bool:
        """Whether a range stands in its file just as it is read here."""
        leaf = self._leaf(start)
        if leaf.where is None:
            return True
        part = leaf.where[start - leaf.start : end - leaf.start]
        return all(one >= 0 for one in part) and all(after == before + 1 for before, after in pairwise(part))


class Bound(Document):
    """A sheaf as one document. What was merged from several files stands where the file looked from says it."""

    def __init__(self, sheaf: Sheaf, path: str, text: str, templates: Templates) -> None:
        super().__init__(path, text, 0, templates)
        self.sheaf = sheaf
        self._starts: dict[Place, int] = {}

    def place(self, start: int, end: int) -> Place:
        """A place in the file that a range stands in."""
        place = self.sheaf.place(start, max(start, end))
        self._starts.setdefault(place, start)
        return place

    def word_place(self, start: int, end: int) -> Place:
        """A place in the file that says what stands in a range."""
        place = self.sheaf.told(start, end)
        self._starts.setdefault(place, start)
        return place

    def at(self, node: Node) -> Place:
        """Where a node stands: of its pieces, the one in the file looked from, else the first."""
        placed = self.word_place if node.kind == "scalar" else self.place
        places = [placed(piece.start, piece.end) for piece in node.pieces or (node,)]
        return next((place for place in reversed(places) if place.path == self.path), places[0])

    def generated(self, start: int, end: int) -> bool:
        """Whether a range does not stand in its file as it is read, so that nobody may edit it."""
        return self.touched(start, end) or not self.sheaf.exact(start, end)

    @property
    def overridable(self) -> bool:
        """What may be overridden is told for each range."""
        return False

    def how(self, start: int, end: int) -> How:
        """How what stands in a range is known."""
        return "fallback" if self.sheaf.doubtful(start, end) else "literal"

    def branches_of(self, place: Place, outer: Branches = ALWAYS) -> Branches:
        """Template decisions around a place of one of the files."""
        start = self._starts.get(place)
        return self.branches(start, outer) if start is not None else ALWAYS
