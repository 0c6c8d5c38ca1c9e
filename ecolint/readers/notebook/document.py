"""Finds the cells of a notebook in its JSON, with the span of every string literal of their sources, and no more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from json import JSONDecodeError
from json.decoder import scanstring  # type: ignore[attr-defined]

from ecolint.readers import Malformed
from ecolint.shaped import dataclass
from ecolint.speech import say

_SPACE = re.compile(r"[ \t\r\n]*")
_PLAIN = re.compile(r"[-+.\w]+")
_BRACKET = re.compile(r'["\[\]{}]')


@dataclass(frozen=True, slots=True)
class Literal:
    """A string literal: its span with the quotes, and what it says."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell. `literals` are those of its source: the items of a list, or the one string where it is not `listed`.

    `language` is the cell's own, where it says so.
    """

    code: bool
    language: str
    literals: tuple[Literal, ...]
    listed: bool

    @property
    def source(self) -> str:
        """The text that the cell shows."""
        return "".join(literal.text for literal in self.literals)


@dataclass(frozen=True, slots=True)
class Document:
    """A notebook's cells in the order in which they are shown, and the languages that its metadata name."""

    cells: tuple[Cell, ...]
    languages: tuple[str, ...]


def read(text: str) -> Document:
    """The notebook in a JSON text, in one pass that decodes nothing but sources. Raises Malformed.

    nbformat 4 has `cells` of `source`, nbformat 3 `worksheets` of `cells` of `input`. What stands in outputs and
    metadata is passed over, and only its strings and brackets are looked at.
    """
    cursor = _Cursor(text)
    cells: list[Cell] = []
    languages: list[str] = []
    found = False
    for name in cursor.members():
        if name == "cells":
            found = True
            cells = _cells(cursor)
        elif name == "worksheets":
            found = True
            for _ in cursor.elements():
                for member in cursor.members():
                    if member == "cells":
                        cells += _cells(cursor)
                    else:
                        cursor.skip()
        elif name == "metadata":
            languages = _languages(cursor)
        else:
            cursor.skip()
    if not found:
        raise Malformed(1, say("is no notebook: it has no cells"))
    return Document(tuple(cells), tuple(languages))


def _languages(cursor: _Cursor) -> list[str]:
    """What `kernelspec` and `language_info` call the language."""
    found: list[str] = []
    for name in cursor.members():
        wanted = {"kernelspec": "language", "language_info": "name"}.get(name)
        if wanted is None:
            cursor.skip()
            continue
        for member in cursor.members():
            if member == wanted and cursor.peek() == '"':
                found.append(cursor.literal().text)
            else:
                cursor.skip()
    return found


def _cells(cursor: _Cursor) -> list[Cell]:
    return [_cell(cursor) for _ in cursor.elements()]


def _cell(cursor: _Cursor) -> Cell:
    kind, language = "", ""
    literals: tuple[Literal, ...] = ()
    listed = False
    for name in cursor.members():
        if name in ("cell_type", "language") and cursor.peek() == '"':
            value = cursor.literal().text
            kind, language = (value, language) if name == "cell_type" else (kind, value)
        elif name in ("source", "input") and cursor.peek() in '"[':
            listed = cursor.peek() == "["
            literals = tuple(cursor.literal() for _ in cursor.elements()) if listed else (cursor.literal(),)
        elif name == "metadata":
            language = _language_of(cursor) or language
        else:
            cursor.skip()
    return Cell(kind == "code", language, literals, listed)


def _language_of(cursor: _Cursor) -> str:
    """The language that an editor for notebooks of several languages notes in a cell's metadata."""
    found = ""
    for name in cursor.members():
        if name != "vscode":
            cursor.skip()
            continue
        for member in cursor.members():
            if member == "languageId" and cursor.peek() == '"':
                found = cursor.literal().text
            else:
                cursor.skip()
    return found


class _Cursor:
    """A place in a JSON text. Whoever is given a member or an element must read or skip it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def fail(self, reason: str, at: int | None = None) -> Malformed:
        """What is wrong, and on which line."""
        return Malformed(
            self.text.count("\n", 0, self.at if at is None else at) + 1, say("is not JSON: {reason}", reason=reason)
        )

    def peek(self) -> str:
        """The first character of what comes next."""
        self.at = _SPACE.match(self.text, self.at).end()  # type: ignore[union-attr]
        if self.at >= len(self.text):
            raise self.fail(say("it ends too early"))
        return self.text[self.at]

    def take(self, wanted: str, instead: str) -> str:
        """Go over one of the characters that may come next."""
        char = self.peek()
        if char not in wanted:
            raise self.fail(instead)
        self.at += 1
        return char

    def literal(self) -> Literal:
        """The string that comes next."""
        start = self.at
        self.take('"', say("a string is missing"))
        start = self.at - 1
        try:
            text, self.at = scanstring(self.text, self.at, False)
        except JSONDecodeError as error:
            raise self.fail(say("a string cannot be read"), min(error.pos, len(self.text))) from error
        return Literal(start, self.at, text)

    def members(self) -> Iterator[str]:
        """The keys of the object that comes next; nothing, and past it, where something else comes."""
        if self.peek() != "{":
            self.skip()
            return
        self.at += 1
        if self.peek() == "}":
            self.at += 1
            return
        while True:
            name = self.literal().text
            self.take(":", say("a colon is missing"))
            yield name
            if self.take(",}", say("a comma is missing")) == "}":
                return
            if self.peek() == "}":
                raise self.fail(say("a comma stands before a closing brace"))

    def elements(self) -> Iterator[None]:
        """One step for each item of the list that comes next; none, and past it, where something else comes."""
        if self.peek() != "[":
            self.skip()
            return
        self.at += 1
        if self.peek() == "]":
            self.at += 1
            return
        while True:
            yield
            if self.take(",]", say("a comma is missing")) == "]":
                return
            if self.peek() == "]":
                raise self.fail(say("a comma stands before a closing bracket"))

    def skip(self) -> None:
        """Go past any value, without recursion."""
        char = self.peek()
        if char == '"':
            self.at = self.string_end(self.at + 1)
        elif char in "[{":
            self.nested()
        else:
            plain = _PLAIN.match(self.text, self.at)
            if plain is None:
                raise self.fail(say("a value is missing"))
            self.at = plain.end()

    def nested(self) -> None:
        """Go past a list or an object."""
        depth, at = 0, self.at
        while (match := _BRACKET.search(self.text, at)) is not None:
            at = match.end()
            char = match.group()
            if char == '"':
                at = self.string_end(at)
            elif char in "[{":
                depth += 1
            else:
                depth -= 1
                if not depth:
                    self.at = at
                    return
        self.at = len(self.text)
        raise self.fail(say("it ends too early"))

    def string_end(self, at: int) -> int:
        """The offset behind the quote that closes a string whose text begins at `at`."""
        text, start = self.text, at
        while (quote := text.find('"', at)) >= 0:
            before = quote
            while before > start and text[before - 1] == "\\":
                before -= 1
            if (quote - before) % 2 == 0:
                return quote + 1
            at = quote + 1
        raise self.fail(say("a string is never closed"), start)
