"""From TOML text to tables with exact places: tomli says what is there, tree-sitter says where."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import field
from typing import TYPE_CHECKING, Any

from ecolint.model import Alternative, Entry, Items, Place, Span, Table, Value
from ecolint.readers.offsets import char_offsets
from ecolint.shaped import dataclass
from ecolint.speech import say

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_DEPTH = 100
MAX_LENGTH = 4_000_000
"""Characters of a file. Longer ones are refused before any parser sees them."""

_TOKEN = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*(?:"""|\Z)|'
    r"'''(?:[^']|'(?!''))*(?:'''|\Z)|"
    r'"(?:[^"\\\n]|\\.)*"?|'
    r"'[^'\n]*'?|#[^\n]*|[][{}.,=\n]",
    re.DOTALL,
)
_LINE = re.compile(r"\(at line (\d+),")


class Unreadable(Exception):
    """A file that is not TOML, or one that no parser should be given."""

    def __init__(self, reason: str, line: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


@dataclass(slots=True, eq=False)
class Pair:
    """`key = value` with its node and what tomli made of it."""

    key: Node
    value: Node
    data: Any


@dataclass(slots=True, eq=False)
class Group:
    """A table as written. `kind` is root, table, element, implicit, dotted or inline; offsets count characters."""

    kind: str
    path: str
    start: int
    end: int
    data: Any
    parts: dict[str, Pair | Group | list[Group]] = field(default_factory=dict)
    pairs: list[tuple[Pair, str]] = field(default_factory=list)
    """The pairs written directly in it, with the text before the key's last part ("a.b." or "")."""


class File:
    """A parsed TOML file. `root` is None where the places are unknown (TOML 1.1), `data` is what tomli read."""

    def __init__(self, path: str, text: str) -> None:
        import tomli

        _guard(text)
        try:
            self.encoded = text.encode()
            self.data: dict[str, Any] = tomli.loads(text)
        except RecursionError:
            raise Unreadable(say("TOML nested too deeply"), 1) from None
        except UnicodeEncodeError as error:
            raise Unreadable(say("invalid TOML: not text"), text.count("\n", 0, error.start) + 1) from error
        except (tomli.TOMLDecodeError, ValueError) as error:
            found = _LINE.search(str(error))
            line = int(found.group(1)) if found else text.count("\n") + 1
            reason = str(error).split(" (at ")[0]
            raise Unreadable(say("invalid TOML: {reason}", reason=reason), line) from error
        if _deep(self.data):
            raise Unreadable(say("TOML nested deeper than {limit} levels", limit=MAX_DEPTH), 1)
        self.path = path
        self.text = text
        self._chars = None if text.isascii() else char_offsets(text)
        self.tree = _parse(self.encoded)
        self.root: Group | None = None
        if not self.tree.has_error:
            tables = (node for node in self.tree.named_children if node.type in ("table", "table_array_element"))
            first = next(tables, None)
            self.root = Group("root", "", 0, self.at(first.start_byte) if first else len(text), self.data)
            self._build(self.root)

    # --- places -------------------------------------------------------------------------------------------------------

    def at(self, byte: int) -> int:
        """A character offset from a byte offset."""
        return byte if self._chars is None else self._chars[byte]

    def span(self, first: Node, last: Node | None = None) -> Span:
        """The characters from one node to another."""
        return Span(self.at(first.start_byte), self.at((last or first).end_byte))

    def place(self, start: int, end: int) -> Place:
        """A place in this file."""
        return Place(self.path, Span(start, end))

    def pair_place(self, pair: Pair) -> Place:
        """`key = value` without what follows."""
        return Place(self.path, self.span(pair.key, pair.value))

    def written(self, node: Node) -> str:
        """A node's own text."""
        return self.encoded[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def comments(self) -> Iterator[Node]:
        """All comment nodes in order."""
        stack = [self.tree]
        while stack:
            node = stack.pop()
            if node.type == "comment":
                yield node
            stack.extend(reversed(node.children))

    # --- tables -------------------------------------------------------------------------------------------------------

    def _build(self, root: Group) -> None:
        for node in self.tree.children:
            if node.type == "pair":
                self._add_pair(root, node)
            elif node.type in ("table", "table_array_element"):
                self._add_table(root, node)

    def _add_table(self, root: Group, node: Node) -> None:
        named = node.named_children
        names = self._names(named[0])
        group = root
        for name in names[:-1]:
            group = self._step(group, name, node)
        pairs = [child for child in named if child.type == "pair"]
        end = self._pair_end(pairs[-1]) if pairs else self.at(node.children[2].end_byte)
        start = self.at(node.start_byte)
        path, name = ".".join(names), names[-1]
        present = group.parts.get(name)
        if node.type == "table_array_element":
            elements = present if isinstance(present, list) else []
            made = Group("element", path, start, end, group.data[name][len(elements)])
            elements.append(made)
            group.parts[name] = elements
        elif isinstance(present, Group):  # its sub-tables came first
            made = present
            made.kind, made.start, made.end = "table", start, end
        else:
            made = group.parts[name] = Group("table", path, start, end, group.data[name])
        for pair in pairs:
            self._add_pair(made, pair)

    def _step(self, group: Group, name: str, node: Node) -> Group:
        present = group.parts.get(name)
        if isinstance(present, list):
            return present[-1]
        if isinstance(present, Group):
            return present
        path = f"{group.path}.{name}" if group.path else name
        start, end = self.at(node.start_byte), self.at(node.end_byte)
        made = group.parts[name] = Group("implicit", path, start, end, group.data[name])
        return made

    def _add_pair(self, group: Group, node: Node) -> None:
        key, value = node.named_children[0], node.named_children[1]
        names = self._names(key)
        written = self.written(key)
        last = _last_key(key)
        prefix = written[: last.start_byte - key.start_byte]
        at = group
        for name in names[:-1]:
            present = at.parts.get(name)
            if not isinstance(present, Group):
                path = f"{at.path}.{name}" if at.path else name
                start = self.at(key.start_byte)
                present = at.parts[name] = Group("dotted", path, start, start, at.data[name])
            at = present
            at.end = max(at.end, self.at(value.end_byte)) if at.kind == "dotted" else at.end
        pair = Pair(key, value, at.data[names[-1]])
        at.pairs.append((pair, prefix))
        if value.type == "inline_table":
            at.parts[names[-1]] = self._inline(at, names[-1], value, pair)
        else:
            at.parts[names[-1]] = pair

    def _inline(self, outer: Group, name: str, node: Node, pair: Pair) -> Group:
        path = f"{outer.path}.{name}" if outer.path else name
        group = Group("inline", path, self.at(node.start_byte), self.at(node.end_byte), pair.data)
        for child in node.named_children:
            if child.type == "pair":
                self._add_pair(group, child)
        return group

    def _pair_end(self, node: Node) -> int:
        return self.at(node.named_children[1].end_byte)

    def _names(self, key: Node) -> list[str]:
        """The parts of a key, unquoted."""
        import tomli

        if key.type == "bare_key":
            return [self.written(key)]
        names: list[str] = []
        at: Any = tomli.loads(f"{self.written(key)} = 0")
        while isinstance(at, dict):
            name = next(iter(at))
            names.append(name)
            at = at[name]
        return names

    # --- values -------------------------------------------------------------------------------------------------------

    def table(self, group: Group) -> Table:
        """A group as a table; what has no text of its own cannot be written."""
        entries: list[Entry] = []
        own = {id(pair): pair for pair, _ in group.pairs}
        places = {self.span(pair.value): pair for pair in own.values()}
        for name, part in group.parts.items():
            if isinstance(part, Pair):
                entries.append(Entry(name, self.value(part.value, part.data), self.pair_place(part)))
            elif isinstance(part, list):
                where = self.place(part[0].start, part[-1].end)
                tables = tuple(self._known(self.table(one), self.place(one.start, one.end)) for one in part)
                entries.append(Entry(name, self._known(Items(tables), where), where))
            else:
                where = self.place(part.start, part.end)
                holder = places.get(where.span)
                outer = self.pair_place(holder) if holder else where
                entries.append(Entry(name, self._known(self.table(part), where), outer))
        place = self.place(group.start, group.end)
        return Table("toml.table", place, tuple(entries), writable=group.kind != "implicit")

    def value(self, node: Node, data: Any) -> Value:
        """What a value node is worth."""
        place = Place(self.path, self.span(node))
        if node.type == "array":
            children = [child for child in node.named_children if child.type != "comment"]
            return self._known(Items(tuple(self.value(*pair) for pair in zip(children, data, strict=True))), place)
        if node.type == "inline_table":
            return self._known(self.table(self.inline(node, data)), place)
        if isinstance(data, (str, int, float, bool)):
            return self._known(data, place)
        return self._known(self.written(node), place)  # dates and times stay text

    def inline(self, node: Node, data: Any) -> Group:
        """An inline table inside an array."""
        holder = Group("implicit", "", 0, 0, {"": data})
        return self._inline(holder, "", node, Pair(node, node, data))

    def _known(self, data: Any, place: Place) -> Value:
        return (Alternative("known", data, place),)

    def groups(self) -> Iterator[Group]:
        """Every table, dotted, inline and array elements included, outer ones first."""
        stack = [self.root] if self.root else []
        while stack:
            group = stack.pop()
            yield group
            inner: list[Group] = []
            for part in group.parts.values():
                if isinstance(part, Pair):
                    inner += self._in_array(part, group)
                else:
                    inner += part if isinstance(part, list) else [part]
            stack.extend(reversed(inner))

    def _in_array(self, pair: Pair, outer: Group) -> Iterator[Group]:
        if pair.value.type != "array":
            return
        stack = [(pair.value, pair.data)]
        name = self._names(pair.key)[-1]
        while stack:
            node, data = stack.pop()
            children = [child for child in node.named_children if child.type != "comment"]
            for child, item in zip(children, data, strict=True):
                if child.type == "array":
                    stack.append((child, item))
                elif child.type == "inline_table":
                    group = self.inline(child, item)
                    group.path = f"{outer.path}.{name}" if outer.path else name
                    yield group


def _last_key(key: Node) -> Node:
    while key.type == "dotted_key":
        key = key.named_children[-1]
    return key


def _guard(text: str) -> None:
    """Refuse what would exhaust a parser: very long files, deep brackets, keys of very many parts."""
    if len(text) > MAX_LENGTH:
        raise Unreadable(say("a TOML file of more than {limit} characters", limit=MAX_LENGTH), 1)
    depth = dots = 0
    for match in _TOKEN.finditer(text):
        token = match.group()
        if token in "[{":
            depth += 1
        elif token in "]}":
            depth = max(0, depth - 1)
        elif token == ".":
            dots += 1
        if token in "[{,=\n":
            dots = 0
        if depth > MAX_DEPTH or dots > MAX_DEPTH:
            raise Unreadable(
                say("TOML nested deeper than {limit} levels", limit=MAX_DEPTH), text.count("\n", 0, match.start()) + 1
            )


def _deep(data: Any) -> bool:
    """Whether tables and arrays are nested beyond MAX_DEPTH."""
    level: list[Any] = [data]
    for _ in range(MAX_DEPTH):
        level = [
            part
            for one in level
            for part in (one.values() if isinstance(one, dict) else one)
            if isinstance(part, (dict, list))
        ]
        if not level:
            return False
    return True


def _parse(encoded: bytes) -> Node:
    import tree_sitter
    import tree_sitter_toml

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_toml.language())).parse(encoded).root_node
