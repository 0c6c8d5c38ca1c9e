"""What is known at one point of a shell script: its variables, its environment, and the words that nodes stand for."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ecolint.model import ALWAYS, Branches, How
from ecolint.readers.shell.commands import Assigned, Word
from ecolint.readers.shell.expanding import Expander, gathered
from ecolint.readers.shell.ropes import MAX_OPTIONS, MAX_PIECES, Option, Piece, Weaver
from ecolint.readers.shell.tree import PLACEHOLDER
from ecolint.readers.shell.variables import Held, Variables, unknown

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_BLOCKS = 16
"""Decisions around a command that are told."""
MAX_EXPORTS = 200
"""Variables that a command's environment gains; earlier ones are forgotten."""

_PLAIN = re.compile(r"[\w./:=@%+,-]+\Z")
"""Words in which nothing means anything to a shell."""
_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=")


class State:
    """One script up to where its commands were read."""

    def __init__(
        self,
        script: str,
        env: Mapping[str, str | None],
        foreign: Callable[[int, int], bool],
        label: str,
        level: int = 0,
    ) -> None:
        self.script, self.label, self.level = script, label, level
        self.foreign = _gaps(script, foreign)
        held = {name: None if text is None else _outside(text) for name, text in env.items()}
        self.variables = Variables(held)
        self.environment = frozenset(env)
        self.expander = Expander(script, self.variables, self.environment)
        self.weaver = Weaver(script, self.foreign)
        self.comments: list[tuple[int, int]] = []
        self.exported: tuple[Assigned, ...] = ()
        self.exports_all = False
        self.blocks: list[tuple[str, int]] = []
        self.steps = 0

    def words(self, nodes: Sequence[Node]) -> list[Word]:
        """The words that nodes stand for."""
        found: list[Word] = []
        for group in gathered(nodes, self.script):
            self.steps += 1
            start, end = group[0].start_byte, group[-1].end_byte
            text = self.script[start:end]
            if _PLAIN.match(text) and not self.foreign(start, end):
                found.append(Word(text, start, end))
                continue
            many = self.expander.array(group)
            if many is not None:
                found += many
                continue
            quoted = "'" in text or '"' in text
            found += self.weaver.words(start, end, self.expander.options(group), quoted)
        return found

    def arms(self) -> Branches:
        """The branches that the command at hand stands in."""
        return frozenset(self.blocks[:MAX_BLOCKS])

    def assign(self, nodes: Sequence[Node], export: bool) -> None:
        """Assignments that stand alone."""
        for node in nodes:
            self.remember(self.assigned(node), export)

    def assigned(self, node: Node) -> list[Assigned]:
        """What `NAME=value` says; an array is remembered at once, being no value of an environment."""
        name = node.child_by_field_name("name")
        value = node.child_by_field_name("value")
        if name is None or name.type != "variable_name":
            if name is not None and name.type == "subscript":
                self.variables.put(
                    self.expander.source(name.named_children[0]), unknown(node.start_byte, node.end_byte)
                )
            return []
        text = self.expander.source(name)
        before = self.variables.get(text)
        adds = any(child.type == "+=" for child in node.children)
        if value is not None and value.type == "array":
            items = [child for child in value.named_children if child.type != "comment"]
            self.comments += [(c.start_byte, c.end_byte) for c in value.named_children if c.type == "comment"]
            words = tuple(self.words(items))
            if adds:
                known = before.words if before is not None and before.words is not None else None
                more = known if known is not None else (Word(None, node.start_byte, node.start_byte, several=True),)
                words = (*more, *words) if before is not None else words
                if len(words) > MAX_PIECES:
                    words = (*words[:MAX_PIECES], Word(None, node.start_byte, node.start_byte, several=True))
            self.variables.put(text, Held(words=words))
            return []
        start = name.end_byte + (2 if adds else 1)
        nodes = node.children[2:]
        empty: list[Option] = [(ALWAYS, (Piece("", start, start),))]
        options = self.expander.options(nodes) if nodes else empty
        if self.foreign(node.start_byte, node.end_byte) or options is None:
            options = list(unknown(start, node.end_byte).options)
        options = [
            (branches, tuple(replace(piece, splits=False) if piece.splits else piece for piece in rope))
            for branches, rope in options
        ]
        if adds:
            old = before.options if before is not None else ((ALWAYS, ()),)
            mixed = [(a | b, left + right) for a, left in old for b, right in options]
            options = mixed if len(mixed) <= MAX_OPTIONS and old else list(unknown(start, node.end_byte).options)
        if any(len(rope) > MAX_PIECES for _, rope in options):
            options = list(unknown(start, node.end_byte).options)
        self.variables.put(text, Held(tuple(options)))
        (word, *_) = self.weaver.words(start, max(start, node.end_byte), options, True) or [Word("", start, start)]
        return [Assigned(text, word)]

    def remember(self, made: Iterable[Assigned], export: bool) -> None:
        """Put variables into the environment of what follows."""
        for one in made:
            if one.name not in self.variables.held:
                self.variables.put(one.name, _of(one.value))
            if export or self.exports_all or one.name in self.environment:
                self.export(one)

    def export(self, one: Assigned) -> None:
        """Put one variable into the environment; what is exported in an arm stands there under it."""
        arms = self.arms()
        if arms:
            one = Assigned(one.name, replace(one.value, branches=one.value.branches | arms))
            self.exported = (*self.exported, one)[-MAX_EXPORTS:]
        else:
            self.exported = (*(each for each in self.exported if each.name != one.name), one)[-MAX_EXPORTS:]

    def declaration(self, node: Node) -> None:
        """`export A=1 B`, `local x=2`, `declare -a L=(…)`."""
        export = node.children[0].type == "export"
        for child in node.named_children:
            if child.type == "variable_assignment":
                self.assign([child], export)
            elif child.type == "variable_name" and export:
                name = self.expander.source(child)
                held = self.variables.get(name)
                if held is not None and held.words is None:
                    options = [(b, tuple(replace(p, how=_constant(p)) for p in rope)) for b, rope in held.options]
                    words = self.weaver.words(child.start_byte, child.end_byte, options, True)
                    self.export(Assigned(name, words[0]))
            elif child.type in ("word", "concatenation"):
                words = self.words([child])
                own: list[Assigned] = []
                self.leading(words, own)
                self.remember(own, export)

    def leading(self, words: list[Word], into: list[Assigned]) -> list[Word]:
        """Take leading `NAME=value` words off; `env` may have options of its own."""
        for index, word in enumerate(words):
            match = _ASSIGNMENT.match(self.script, word.start, word.end)
            if not match:
                if word.text is not None and word.text.startswith("-") and not into and not word.quoted:
                    continue
                return words[index:]
            at = match.end()
            known = word.text is not None and word.text.startswith(match.group())
            text = (word.text or "")[match.end() - match.start() :] if known else None
            into.append(Assigned(match.group(1), Word(text, at, word.end, word.how, word.quoted)))
        return []


def _gaps(script: str, foreign: Callable[[int, int], bool]) -> Callable[[int, int], bool]:
    """Also asks whether part of a range is a placeholder that somebody is to fill in."""
    spans = [match.span() for match in PLACEHOLDER.finditer(script)]
    if not spans:
        return foreign
    starts = [start for start, _ in spans]

    def asked(start: int, end: int) -> bool:
        at = bisect_left(starts, end)
        return (at > 0 and spans[at - 1][1] > start) or foreign(start, end)

    return asked


def _constant(piece: Piece) -> How:
    return "default" if piece.how == "default" else "constant"


def _outside(text: str) -> Held:
    """A variable that stands outside the script: its text is written nowhere in it."""
    return Held(((ALWAYS, (Piece(text, 0, 0, "constant", shared=True),)),))


def _of(word: Word) -> Held:
    return Held(tuple((c.branches, (Piece(c.text, c.start, c.end, c.how, shared=c.shared),)) for c in word.all()))
