"""From YAML nodes to values and tables: aliases and merge keys resolved, templated text unknown, expansion bounded."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import field
from typing import TYPE_CHECKING

from ecolint.model import (
    ALWAYS,
    Alternative,
    Branches,
    Entry,
    How,
    Items,
    Place,
    Scalar,
    Source,
    Span,
    Table,
    Value,
)
from ecolint.readers.yaml.nodes import MAX_DEPTH, Node, resolved, scalar_data
from ecolint.readers.yaml.templates import Templates
from ecolint.shaped import dataclass

if TYPE_CHECKING:
    from ecolint.readers.yaml.configmaps import Maps
    from ecolint.readers.yaml.texts import Text

_BLANK = re.compile(r"\s*")
SUBSTITUTED = re.compile(r"\$\{[A-Za-z_]|^\$[A-Za-z_]\w*\Z")
"""`${NAME}` in text that no shell reads: something fills it in before the file is used."""

MAX_EXPANDED = 100_000
"""Nodes turned into values in one document, those behind aliases counted each time; the rest is unknown."""


@dataclass(frozen=True, slots=True)
class Field:
    """One key of a mapping. `merged` where it came through a merge key; `shared` where its text is read twice."""

    key: Node
    value: Node
    shared: bool = False
    merged: bool = False


@dataclass(slots=True)
class Fields:
    """A mapping's effective keys. `open` where templates or odd keys may hide further ones."""

    by_name: dict[str, Field] = field(default_factory=dict)
    open: bool = False


class Document:
    """One composed document: its text, its templates and what was made of it so far."""

    def __init__(self, path: str, text: str, base: int, templates: Templates) -> None:
        self.path = path
        self.text = text
        self.base = base
        self.templates = templates
        self.left = MAX_EXPANDED
        self.remarks: set[tuple[int, int]] = set()
        """Comments inside scripts, found on the way."""
        self.maps: Maps | None = None
        """The ConfigMaps that its containers may refer to."""
        self.files = frozenset({path})
        """The files that what is read here is put together from."""
        self.variables: Mapping[str, Text] = {}
        """What stands for `${NAME}` in a compose file."""
        self.given: Callable[[str], Source | None] = lambda reference: None
        """A file that this one refers to."""
        self.objects: Callable[[str, str], tuple[Document, Node] | None] = lambda kind, name: None
        """The object of a kind and a name, that this one may refer to."""
        self._fields: dict[Node, Fields] = {}

    # --- places -------------------------------------------------------------------------------------------------------

    def place(self, start: int, end: int) -> Place:
        """A place in this file."""
        return Place(self.path, Span(start, max(start, end)))

    def at(self, node: Node) -> Place:
        """Where a node stands."""
        return self.place(node.start, node.end)

    def templated(self, node: Node) -> bool:
        """Whether a template takes part in writing the node's own text."""
        return self.touched(node.start, max(node.end, node.reach if node.start == node.end else node.end))

    def touched(self, start: int, end: int) -> bool:
        """Whether a template action overlaps a range of the file."""
        return self.templates.touch(start - self.base, end - self.base)

    def generated(self, start: int, end: int) -> bool:
        """Whether a template writes a part of a range, so that nobody may edit it as it is read."""
        return self.touched(start, end)

    def how(self, start: int, end: int) -> How:
        """How what stands in a range is known where it is written out."""
        return "literal"

    @property
    def overridable(self) -> bool:
        """Whether the file holds settings that whoever installs a chart may override."""
        from ecolint.readers.yaml.fallbacks import overridable

        return overridable(self.path)

    def word_place(self, start: int, end: int) -> Place:
        """A place in the file that says what stands in a range."""
        return self.place(start, end)

    def branches(self, position: int, outer: Branches = ALWAYS) -> Branches:
        """Template decisions around a position beyond those of `outer`."""
        return self.templates.branches(position - self.base) - outer

    def branches_of(self, place: Place, outer: Branches = ALWAYS) -> Branches:
        """Template decisions around a place of this document."""
        return self.branches(place.span.start, outer)

    def joined(self, others: Collection[str]) -> tuple[str, ...]:
        """The files that something is put together from, where further ones take part in it."""
        files = self.files.union(others)
        return tuple(sorted(files)) if len(files) > 1 else ()

    # --- mappings -----------------------------------------------------------------------------------------------------

    def fields(self, node: Node) -> Fields:
        """The effective keys of a mapping: the last of duplicates, its own before merged ones."""
        node = resolved(node)[0]
        known = self._fields.get(node)
        if known is not None:
            return known
        result = self._fields[node] = Fields()  # stands while merging, so that a mapping that merges itself ends
        if node.kind != "mapping":
            return result
        merges: list[Node] = []
        for key, value in node.pairs():
            self.left -= 1
            bare, key_shared = resolved(key)
            if bare.kind != "scalar" or self.templated(bare):
                result.open = True
            elif bare.value == "<<" and not bare.style:
                merges.append(value)
            else:
                result.by_name.pop(bare.value, None)
                result.by_name[bare.value] = Field(key, value, key_shared or resolved(value)[1])
        for value in merges:
            self._merge(result, value)
        if node.style == "block" and self._made_directly(node):
            result.open = True
        return result

    def _merge(self, result: Fields, value: Node) -> None:
        source = resolved(value)[0]
        if self.templated(source):
            result.open = True
            return
        for mapping in source.children if source.kind == "sequence" else [source]:
            merged = self.fields(mapping)
            result.open = result.open or merged.open
            for name, entry in merged.by_name.items():
                self.left -= 1
                if self.left < 0:
                    result.open = True
                    return
                if name not in result.by_name:
                    result.by_name[name] = Field(entry.key, entry.value, shared=True, merged=True)

    def _made_directly(self, node: Node) -> bool:
        """Whether a line that may write further keys stands between the node's children or behind the last one."""
        templates, base = self.templates, self.base
        if not templates.making or not templates.made_in(node.start - base, node.reach - base):
            return False
        inner = [child for child in node.children if child.end > child.start or child.reach > child.end]
        cursor = node.start
        for child in inner:
            if templates.made_in(cursor - base, child.start - base):
                return True
            empty = child.kind == "scalar" and child.start == child.end
            cursor = child.reach if empty else child.end
        return templates.made_in(cursor - base, node.reach - base)

    # --- values -------------------------------------------------------------------------------------------------------

    def unknown(self, node: Node) -> Value:
        """A value that nobody can see, where it stands."""
        return (Alternative("unknown", None, self.at(node)),)

    def value(self, node: Node, shared: bool = False, depth: int = 0) -> Value:
        """What a node is worth."""
        alias = node.kind == "alias"
        bare, twice = resolved(node)
        shared = shared or twice or alias
        self.left -= 1
        if self.left < 0 or depth > MAX_DEPTH:
            return self.unknown(node)
        if bare.kind == "scalar":
            return self._scalar(bare, shared)
        if bare.kind == "mapping":
            if bare.style == "flow" and self._within(bare):
                return self.unknown(bare)
            return (Alternative("known", self.table(bare, shared, depth), self.at(bare), shared=shared),)
        return (Alternative("known", self.items(bare, shared, depth), self.at(bare), shared=shared),)

    def _within(self, node: Node) -> bool:
        """Whether a flow mapping is itself a template (`{{ x }}` that composed as a mapping)."""
        return any(span[0] == node.start - self.base for span in self.templates.spans)

    def _scalar(self, node: Node, shared: bool) -> Value:
        data = scalar_data(node)[1]
        if not self.readable(node) or (isinstance(data, str) and SUBSTITUTED.search(data) and "\n" not in data):
            return self.unknown(node)
        return (Alternative("known", data, self.at(node), self.how(node.start, node.end), shared=shared),)

    def readable(self, node: Node) -> bool:
        """Whether a scalar's type is known and no template writes it."""
        return scalar_data(node)[0] and not self.templated(node) and not self._filled_below(node)

    def _filled_below(self, node: Node) -> bool:
        """Whether an empty value is really written by a template on the following line."""
        if node.start != node.end or not self.templates.making:
            return False
        blank = _BLANK.match(self.text, node.end)
        at = blank.end() if blank else node.end
        return self.templates.made_in(at - self.base, at - self.base + 1)

    def items(self, node: Node, shared: bool = False, depth: int = 0) -> Items:
        """A sequence's items."""
        values: list[Value] = []
        for child in node.children:
            if self.left < 0:
                return Items(tuple(values), open=True)
            values.append(self.value(child, shared, depth + 1))
        return Items(tuple(values), open=self._made_directly(node))

    def table(self, node: Node, shared: bool = False, depth: int = 0, outer: Branches = ALWAYS) -> Table:
        """A mapping as a table; merged entries keep the place where they were written."""
        fields = self.fields(node)
        entries: list[Entry] = []
        open_ = fields.open
        for name, one in fields.by_name.items():
            if self.left < 0:
                open_ = True
                break
            value = self.value(one.value, shared or one.shared or one.merged, depth + 1)
            entries.append(Entry(name, value, self.pair_place(one), self.branches(one.key.start, outer)))
        writable = not shared and not self.generated(node.start, node.end)
        return Table("yaml.mapping", self.at(node), tuple(entries), open=open_, writable=writable)

    def pair_place(self, one: Field) -> Place:
        """From a key to the end of its value."""
        end = one.value.end if one.value.end > one.key.end else one.key.end + 1
        return self.place(one.key.start, end)

    def known(self, data: Scalar, place: Place, how: How = "literal", shared: bool = False) -> Value:
        """A known scalar."""
        return (Alternative("known", data, place, how, shared=shared),)
