"""From the nodes of a shell word to the pieces that it is made of, with variables as far as they are known."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ecolint.model import ALWAYS, How
from ecolint.readers.shell.commands import Choice, Word
from ecolint.readers.shell.ropes import MAX_PIECES, Option, Piece, product
from ecolint.readers.shell.variables import Held, Variables, defaulted

if TYPE_CHECKING:
    from tree_sitter import Node

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_USE = re.compile(r"\$\{?[!#]?([A-Za-z_][A-Za-z0-9_]*|\d+)")
_OWN_USE = re.compile(r"\b([A-Za-z_][A-Za-z0-9_]*)=[\"']?\$\{?\1\b")
_PLURAL = re.compile(r"ARG|OPT|FLAG|PARAM|EXTRA|CMD|COMMAND|SETTINGS|S\Z", re.IGNORECASE)
_ESCAPE = re.compile(r"\\(\r?\n|.)", re.DOTALL)
_QUOTED_ESCAPE = re.compile(r"\\(\r?\n|[$`\"\\])")
_WHOLE = frozenset({"@", "*"})


def gathered(nodes: Sequence[Node], text: str) -> list[list[Node]]:
    """Nodes that stand side by side, and so are one word, together."""
    groups: list[list[Node]] = []
    end = -1
    for node in nodes:
        start = node.start_byte
        if start == end or (
            groups and end < start and not _ESCAPE.sub("", text[end:start]) and "\n" in text[end:start]
        ):
            groups[-1].append(node)
        else:
            groups.append([node])
        end = node.end_byte
    return groups


class Expander:
    """Knows the variables of a script at one point of it."""

    def __init__(self, text: str, variables: Variables, environment: frozenset[str]) -> None:
        self.text, self.variables, self.environment = text, variables, environment
        self.arguments: tuple[Word, ...] | None = None
        """The words that the function at hand was called with."""
        self.substituted: Callable[[Node], None] = lambda node: None
        """What to do with the commands of `$(…)`."""
        self.uses = Counter(_USE.findall(text))
        self.uses.subtract(Counter(_OWN_USE.findall(text)))

    def options(self, group: Sequence[Node], quoted: bool = False) -> list[Option] | None:
        """Every way in which a word reads."""
        parts: list[Sequence[Option]] = []
        for node in group:
            self._node(node, quoted, parts)
        return product(parts) if len(parts) <= MAX_PIECES else None

    def array(self, group: Sequence[Node]) -> list[Word] | None:
        """The words of `"${NAME[@]}"` and `"$@"`; None where a word is something else, or the array is not known."""
        node = group[0] if len(group) == 1 else None
        quoted = node is not None and node.type == "string"
        if node is not None and quoted:
            inner = [child for child in node.children if child.type not in ('"', "string_content")]
            bare = len(inner) == 1 and inner[0].start_byte == node.start_byte + 1
            node = inner[0] if bare and inner[0].end_byte == node.end_byte - 1 else None
        if node is None or node.type not in ("expansion", "simple_expansion"):
            return None
        children = node.named_children
        first = children[0] if children else None
        if first is None:
            return None
        if first.type == "special_variable_name" and self.source(first) in _WHOLE and len(node.children) <= 3:
            return self._placed(self.arguments, group, 1) if self.arguments is not None else None
        if first.type != "subscript" or self.source(first.named_children[-1]) not in _WHOLE:
            return None
        operator = node.children[2].type
        if operator not in ("}", "+", ":+", "-", ":-"):
            return None
        if operator in ("+", ":+") and not (len(children) == 2 and self.source(first) in self.source(children[1])):
            return None
        name = self.source(first.named_children[0])
        held = self.variables.get(name)
        return self._placed(held.words, group, self.uses[name]) if held is not None and held.words is not None else None

    def _placed(self, words: Sequence[Word], group: Sequence[Node], uses: int) -> list[Word]:
        """The words of an array where they are used, each knowing where it was written."""
        start, end = group[0].start_byte, group[-1].end_byte
        found = []
        for word in words:
            shared = uses > 1
            choices = tuple(
                replace(
                    choice, how="constant" if choice.how == "literal" else choice.how, shared=choice.shared or shared
                )
                for choice in word.all()
            )
            how = "constant" if word.how == "literal" else word.how
            found.append(
                replace(word, start=start, end=end, how=how, choices=choices if word.text or word.choices else ())
            )
        return found

    def source(self, node: Node) -> str:
        """A node's own text."""
        return self.text[node.start_byte : node.end_byte]

    # --- nodes --------------------------------------------------------------------------------------------------------

    def _node(self, node: Node, quoted: bool, into: list[Sequence[Option]]) -> None:
        kind = node.type
        if node.has_error:
            into.append(_unknown(node, True))
        elif kind == "raw_string":
            into.append(
                _plain(
                    Piece(
                        self.text[node.start_byte + 1 : node.end_byte - 1],
                        node.start_byte + 1,
                        node.end_byte - 1,
                        exact=True,
                    )
                )
            )
        elif kind in ("string", "translated_string"):
            self._between(node, node.start_byte + (2 if kind == "translated_string" else 1), node.end_byte - 1, into)
        elif kind == "concatenation":
            for child in node.children:
                self._node(child, quoted, into)
        elif kind == "simple_expansion":
            into.append(self._variable(node.children[-1], node, quoted))
        elif kind == "expansion":
            into.append(self._expansion(node, quoted))
        elif kind in ("command_substitution", "process_substitution"):
            into.append(self._substitution(node, quoted))
        elif kind in ("arithmetic_expansion", "ERROR", "array"):
            into.append(_unknown(node, not quoted and kind != "arithmetic_expansion"))
        elif kind == "brace_expression":
            into.append(_unknown(node, True))
        elif kind == "ansi_c_string":
            inner = self.text[node.start_byte + 2 : node.end_byte - 1]
            piece = Piece(inner, node.start_byte + 2, node.end_byte - 1, exact=True)
            into.append(_plain(piece) if "\\" not in inner else _unknown(node, False))
        elif kind == "$":
            into.append(_plain(Piece("", node.start_byte, node.end_byte)))  # `$"…"`
        else:
            into += map(_plain, self._literal(node.start_byte, node.end_byte, _QUOTED_ESCAPE if quoted else _ESCAPE))

    def _literal(self, start: int, end: int, escape: re.Pattern[str]) -> Iterator[Piece]:
        """Text with its escapes taken off; every piece stands in the script as it is."""
        at = start
        for match in escape.finditer(self.text, start, end):
            if match.start() > at:
                yield Piece(self.text[at : match.start()], at, match.start(), exact=True)
            if match.group(1)[-1] != "\n":
                yield Piece(match.group(1), match.start(), match.end())
            at = match.end()
        if at < end or at == start:
            yield Piece(self.text[at:end], at, end, exact=True)

    def _between(self, node: Node, start: int, end: int, into: list[Sequence[Option]]) -> None:
        """Text in which only expansions mean something: the inside of double quotes, the body of a here-document."""
        at = start
        for child in node.children:
            if (
                child.type in ('"', "string_content", "heredoc_content", '$"')
                or child.start_byte < at
                or child.end_byte > end
            ):
                continue
            first = child.start_byte
            while first < child.end_byte and self.text[first] in " \t\r\n":
                first += 1  # the parser counts blanks before `$(` to it
            if first > at:
                into += map(_plain, self._literal(at, first, _QUOTED_ESCAPE))
            self._node(child, True, into)
            at = child.end_byte
        if at < end or at == start:
            into += map(_plain, self._literal(at, max(at, end), _QUOTED_ESCAPE))

    def body(self, node: Node, start: int, end: int) -> list[Option] | None:
        """The text of a here-document in which variables are filled in."""
        parts: list[Sequence[Option]] = []
        self._between(node, start, end, parts)
        return product(parts) if len(parts) <= MAX_PIECES else None

    def _substitution(self, node: Node, quoted: bool) -> list[Option]:
        inner = self.source(node).strip()[2:-1].strip()
        if NAME.fullmatch(inner) and inner in self.environment:
            return self._named(inner, node, quoted)  # a container's `$(NAME)` is filled in before any shell runs
        self.substituted(node)
        return _unknown(node, not quoted)

    def _variable(self, name: Node, node: Node, quoted: bool) -> list[Option]:
        text = self.source(name)
        if name.type == "special_variable_name" or text.isdigit():
            if text.isdigit() and self.arguments is not None and int(text) > 0:
                index = int(text) - 1
                return self._argument(index, node, quoted)
            return _unknown(node, text in _WHOLE)
        return self._named(text, node, quoted)

    def _argument(self, index: int, node: Node, quoted: bool) -> list[Option]:
        """What a function was given at one position."""
        assert self.arguments is not None
        words = self.arguments[: index + 1]
        if any(word.several or word.branches for word in words):
            return _unknown(node, False)
        if index >= len(words):
            return _plain(Piece("", node.start_byte, node.end_byte, "constant", splits=not quoted))
        shared = self.uses[str(index + 1)] > 1
        return [(choice.branches, (_given(choice, node, self.text, quoted, shared),)) for choice in words[index].all()]

    def _named(self, name: str, node: Node, quoted: bool) -> list[Option]:
        held = self.variables.get(name)
        if held is None or held.words is not None:
            return _unknown(node, not quoted and bool(_PLURAL.search(name)))
        shared = self.uses[name] > 1
        nothing = Piece("", node.start_byte, node.end_byte, "constant", splits=not quoted)
        return [
            (branches, tuple(_used(piece, node, quoted, shared) for piece in rope) or (nothing,))
            for branches, rope in held.options
        ]

    def _expansion(self, node: Node, quoted: bool) -> list[Option]:
        children = node.children
        name = children[1] if len(children) > 2 else None
        if name is None or name.type not in ("variable_name", "special_variable_name"):
            return _unknown(node, not quoted and name is not None and name.type == "subscript")
        if len(children) == 3:
            return self._variable(name, node, quoted)
        operator = children[2].type
        if operator in (":?", "?"):
            return self._variable(name, node, quoted)
        if operator in (":-", "-", ":=", "="):
            return self._default(name, node, quoted)
        if operator in (":+", "+"):
            held = self.variables.get(self.source(name))
            if held is not None and all(rope and not branches for branches, rope in held.options):
                return self._rest(node, quoted) or _unknown(node, not quoted)
        return _unknown(node, not quoted)

    def _default(self, name: Node, node: Node, quoted: bool) -> list[Option]:
        """`${NAME:-text}`: what the script has assigned, or else the text, which whoever runs it may override."""
        text = self.source(name)
        held = self.variables.get(text)
        if held is not None and held.words is None and any(rope for _, rope in held.options):
            return self._named(text, node, quoted)
        given: list[Option] = []
        if text.isdigit() and self.arguments is not None and 0 < int(text) <= len(self.arguments):
            given = self._variable(name, node, quoted)
            if all(rope[0].text != "" for _, rope in given):
                return given
        if text in self.environment:
            return _unknown(node, not quoted)
        rest = self._rest(node, quoted)
        if rest is None:
            return _unknown(node, not quoted)
        default = defaulted(Held(tuple(rest)))
        if node.children[2].type in (":=", "="):
            self.variables.put(text, default)
        site = (node.start_byte, node.end_byte)
        options = [
            (branches, tuple(replace(piece, splits=not quoted, site=site) for piece in rope))
            for branches, rope in default.options
        ]
        if not given or len(options) != 1:
            return options
        # Some calls of the function leave the argument out.
        return [(branches, rope if rope[0].text != "" else options[0][1]) for branches, rope in given]

    def _rest(self, node: Node, quoted: bool) -> list[Option] | None:
        """The word behind the operator of an expansion."""
        operator, closing = node.children[2], node.children[-1]
        nodes = node.children[3:-1]
        if not nodes:
            return _plain(Piece("", operator.end_byte, operator.end_byte))
        if nodes[0].start_byte != operator.end_byte or nodes[-1].end_byte != closing.start_byte:
            return None
        return self.options(nodes, quoted)


def _plain(piece: Piece) -> list[Option]:
    return [(ALWAYS, (piece,))]


def _unknown(node: Node, several: bool) -> list[Option]:
    return _plain(Piece(None, node.start_byte, node.end_byte, splits=several, several=several))


def _given(choice: Choice, node: Node, text: str, quoted: bool, shared: bool) -> Piece:
    """What a function is called with, where that is written."""
    start, end = choice.start, choice.end
    if end - start > 1 and text[start] in "'\"" and text[end - 1] == text[start]:
        start, end = start + 1, end - 1
    exact = text[start:end] == choice.text
    piece = Piece(choice.text, start, end, "constant", exact, shared=choice.shared)
    return _used(piece, node, quoted, shared)


def _used(piece: Piece, node: Node, quoted: bool, shared: bool) -> Piece:
    how: How = "default" if piece.how == "default" else "constant"
    several = piece.several and not quoted
    site = node.start_byte, node.end_byte
    return Piece(
        piece.text,
        piece.start,
        piece.end,
        how,
        piece.exact,
        not quoted,
        several,
        piece.shared or shared,
        piece.branches,
        site,
    )
