"""What the commands of a shell script do to those after them: variables, exports, and the branches they stand in."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ecolint.model import Branches
from ecolint.readers.shell.commands import Assigned, Command, Word

_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=")
_PREFIXES = frozenset(
    {"exec", "nohup", "command", "time", "sudo", "then", "do", "else", "elif", "{", "!", "if", "while", "until"}
)
_ENDS = {"fi": "if", "done": "loop", "esac": "case"}
_STARTS = {"if": "if", "while": "loop", "until": "loop"}
MAX_BLOCKS = 16
"""Compound commands around a command of which the branches are told."""


@dataclass(slots=True)
class _Block:
    kind: str
    name: str
    arm: int = 0


@dataclass(slots=True)
class Running:
    """The commands of a script so far, and the variables as far as they are known (None: unknown)."""

    script: str
    variables: dict[str, str | None]
    label: str
    environment: frozenset[str]
    """The variables that stand outside."""
    commands: list[Command] = field(default_factory=list)
    _exported: list[Assigned] = field(default_factory=list)
    _blocks: list[_Block] = field(default_factory=list)

    def command(self, words: list[Word]) -> None:
        """Take the words of one command: it runs, or changes variables, or opens and closes compound commands."""
        words = self.keywords(words)
        if not words:
            return
        own: list[Assigned] = []
        words = self.assignments(words, own)
        first = words[0].text if words else None
        if first == "env" and not words[0].quoted:
            words = self.assignments(words[1:], own)
        elif first in ("export", "declare", "readonly", "local", "typeset") and words:
            own, rest = [], words[1:]
            while rest:
                left = self.assignments(rest, own)
                for word in left[:1]:
                    if word.text is not None and word.text in self.variables:
                        value = Word(self.variables[word.text], word.start, word.end, "constant")
                        own.append(Assigned(word.text, value))
                rest = left[1:]
            self.assign(own, export=first == "export")
            return
        if not words:
            self.assign(own, export=False)
            return
        self.commands.append(Command(tuple(words), (*self._exported, *own), self.arms()))

    def assignments(self, words: list[Word], into: list[Assigned]) -> list[Word]:
        """Take leading `NAME=value` words off."""
        for index, word in enumerate(words):
            match = _ASSIGNMENT.match(self.script, word.start, word.end)
            if not match:
                return words[index:]
            at = match.end()
            known = word.text is not None and word.text.startswith(match.group())
            text = (word.text or "")[match.end() - match.start() :] if known else None
            into.append(Assigned(match.group(1), Word(text, at, word.end, word.how, word.quoted)))
        return []

    def assign(self, made: list[Assigned], export: bool) -> None:
        """Remember variables. What is assigned in a branch or loop is unknown afterwards."""
        for one in made:
            value = one.value if not self._blocks else Word(None, one.value.start, one.value.end)
            self.variables[one.name] = value.text
            if export or one.name in self.environment:
                self._exported.append(Assigned(one.name, value))

    def keywords(self, words: list[Word]) -> list[Word]:
        """Take the words of compound commands off and keep track of them."""
        while words:
            word = words[0]
            text = word.text if not word.quoted else None
            if text in ("for", "case", "select"):
                self.block("case" if text == "case" else "loop", word.start)
                if text == "for" and len(words) > 1 and words[1].text:
                    self.variables[words[1].text] = None
                return []
            if text in _ENDS or text == "}":
                if text in _ENDS and self._blocks:
                    self._blocks.pop()
            elif text in ("else", "elif"):
                if self._blocks:
                    self._blocks[-1].arm += 1
            elif text in _STARTS:
                self.block(_STARTS[text or ""], word.start)
            elif text not in _PREFIXES:
                return words
            words = words[1:]
        return words

    def block(self, kind: str, at: int) -> None:
        """Enter a compound command."""
        self._blocks.append(_Block(kind, f"{self.label}:{at}"))

    def arms(self) -> Branches:
        """The branches that the command at hand stands in."""
        return frozenset((block.name, block.arm) for block in self._blocks[:MAX_BLOCKS] if block.kind != "loop")

    def next_arm(self) -> None:
        """`;;` ends an arm of a `case`."""
        if self._blocks and self._blocks[-1].kind == "case":
            self._blocks[-1].arm += 1
