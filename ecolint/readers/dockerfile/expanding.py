"""What Docker makes of a word: quotes and escapes taken off, variables put in, as far as they are known."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ecolint.model import Alternative, How, Place, Span, Value
from ecolint.readers.dockerfile.instructions import NOTHING
from ecolint.shaped import dataclass

MAX_NESTING = 8
"""How deep the default of a variable may name further variables."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TEMPLATE = re.compile(r"\{\{|\{%|<%")


@dataclass(frozen=True, slots=True)
class Text:
    """A text with its variables put in: None where unknown, and `lead`, what is known of it from the start."""

    value: str | None
    lead: str
    place: Place
    how: How = "literal"

    def as_value(self) -> Value:
        """The text as a value."""
        if self.value is None:
            return (Alternative("unknown", None, self.place),)
        return (Alternative("known", self.value, self.place, self.how),)


Variables = Mapping[str, Text]

_NOWHERE = Place("", Span(0, 0))
"""Stands for the place of a text that is written inside the word itself."""


def expanded(raw: str, place: Place, variables: Variables, escape: str) -> Text:
    """A word as written, with its quotes. A word that is one variable stands where that was given its value."""
    bare = raw.replace(NOTHING, "")
    template = _TEMPLATE.search(bare)
    if template is not None:
        return Text(None, bare[: template.start()], place)
    made = _Expanding(variables, escape).run(bare)
    if made is None:
        return Text(None, "", place)
    text, lead, how, sole = made
    if sole is not None and text is not None:
        return Text(text, text, sole.place, "default" if how == "default" else "constant")
    return Text(text, lead, place, how)


class _Expanding:
    def __init__(self, variables: Variables, escape: str) -> None:
        self.variables, self.escape = variables, escape
        self.how: How = "literal"

    def run(self, raw: str, depth: int = 0) -> tuple[str | None, str, How, Text | None] | None:
        """The text, what is known of it, how, and the variable that it is as a whole; None where Docker would fail."""
        parts: list[str] = []
        unknown: int | None = None
        seen: list[Text] = []
        at, quote, plain = 0, "", False
        while at < len(raw):
            char = raw[at]
            if char == "'" and quote != '"':
                close = raw.find("'", at + 1)
                if close < 0:
                    return None
                parts.append(raw[at + 1 : close])
                at, plain = close + 1, True
            elif char == '"':
                quote = "" if quote else '"'
                at += 1
            elif char == self.escape:
                following = raw[at + 1 : at + 2]
                kept = quote and following not in ('"', "$", self.escape)
                parts.append(char + following if kept else following)
                at, plain = at + 2, True
            elif char == "$":
                end, text = self.variable(raw, at, depth)
                if text is None or text.value is None:
                    unknown = len(parts) if unknown is None else unknown
                else:
                    parts.append(text.value)
                    seen.append(text)
                at, plain = end, plain or raw[at:end] == "$"
            else:
                parts.append(char)
                at, plain = at + 1, True
        if quote:
            return None
        if unknown is not None:
            return None, "".join(parts[:unknown]), self.how, None
        whole = "".join(parts)
        sole = seen[0] if len(seen) == 1 and not plain and seen[0].place.path else None
        return whole, whole, self.how, sole

    def variable(self, raw: str, at: int, depth: int) -> tuple[int, Text | None]:
        """`$NAME` or `${…}` at an offset: where it ends, and its text; None where nobody knows it."""
        if raw[at + 1 : at + 2] != "{":
            name = _NAME.match(raw, at + 1)
            if name is None:
                return at + 1, Text("$", "$", _NOWHERE)
            return name.end(), self.used(self.variables.get(name[0]))
        close = _closing(raw, at + 1)
        name = _NAME.match(raw, at + 2)
        if name is None or close < 0:
            return (close + 1 if close >= 0 else len(raw)), None
        rest = raw[name.end() : close]
        known = self.variables.get(name[0])
        if not rest:
            return close + 1, self.used(known)
        if rest[0] == ":" and rest[1:2] in ("-", "+"):
            filled = bool(known and known.value)
            return close + 1, self.chosen(known, filled, rest[1], rest[2:], depth)
        if rest[0] in "-+":
            return close + 1, self.chosen(
                known, known is not None and known.value is not None, rest[0], rest[1:], depth
            )
        return close + 1, None

    def chosen(self, known: Text | None, filled: bool, operator: str, word: str, depth: int) -> Text | None:
        """`:-` takes the word where the variable is empty or nobody gave it a value, `:+` where it has one."""
        if operator == "-" and filled:
            return self.used(known)
        if operator == "+":
            if known is None or known.value is None:
                return None
            return self.word(word, depth) if filled else Text("", "", known.place)
        self.how = "default"
        return self.word(word, depth)

    def word(self, raw: str, depth: int) -> Text | None:
        made = self.run(raw, depth + 1) if depth < MAX_NESTING else None
        return Text(made[0], made[1], _NOWHERE) if made is not None and made[0] is not None else None

    def used(self, text: Text | None) -> Text | None:
        """A variable that is put in: what rests on a default is one."""
        if text is not None:
            self.how = "default" if "default" in (text.how, self.how) else "constant"
        return text


def _closing(raw: str, at: int) -> int:
    """The offset of the bracket that closes the one at an offset, or -1."""
    depth = 0
    for index in range(at, len(raw)):
        if raw[index] == "{":
            depth += 1
        elif raw[index] == "}":
            depth -= 1
            if not depth:
                return index
    return -1
