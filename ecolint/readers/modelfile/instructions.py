"""Splits a Modelfile into instructions as Ollama does: names in any case, texts in quotes over several lines."""

from __future__ import annotations

import re

from ecolint.shaped import dataclass
from ecolint.speech import say

MAX_LENGTH = 5_000_000
"""Characters of a file that is read at all."""

INSTRUCTIONS = frozenset(
    {"from", "license", "template", "system", "adapter", "draft", "renderer", "parser", "parameter", "message"}
    | {"requires"}
)

_LINE = re.compile(r"[^\r\n]*")
_BREAK = re.compile(r"\r\n|\r|\n")
_HEAD = re.compile(r"[ \t]*([A-Za-z]*)([ \t]*)")
_FIRST = re.compile(r"(?:[ \t]*(?:#[^\r\n]*)?[\r\n])*[ \t]*([A-Za-z]+)[ \t]")
_SUBJECT = re.compile(r"([A-Za-z0-9_]+)[ \t]+")


class Unreadable(Exception):
    """A file that Ollama would refuse; `at` is where, in characters."""

    def __init__(self, reason: str, at: int) -> None:
        super().__init__(reason)
        self.reason, self.at = reason, at


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction. `start` to `end` is what is written of it, from `value` on what it is given, quotes and all;
    `until` is where the next line begins.

    `name` is in small letters, with what a parameter or a message is about behind a dot.
    """

    name: str
    start: int
    value: int
    end: int
    until: int
    text: str


@dataclass(frozen=True, slots=True)
class Modelfile:
    """A file's instructions in order, and where its comments stand."""

    instructions: tuple[Instruction, ...]
    comments: tuple[tuple[int, int], ...]


def opens(text: str) -> bool:
    """Whether the first thing that a text says is an instruction: other files go by the name too."""
    found = _FIRST.match(text)
    return found is not None and found[1].lower() in INSTRUCTIONS


def parsed(text: str) -> Modelfile:
    """Every instruction of a file. Raises Unreadable."""
    if len(text) > MAX_LENGTH:
        raise Unreadable(say("a Modelfile of more than {limit} characters", limit=MAX_LENGTH), 0)
    found: list[Instruction] = []
    comments: list[tuple[int, int]] = []
    at = 0
    while at < len(text):
        stop = _stop(text, at)
        start = at + len(text[at:stop]) - len(text[at:stop].lstrip(" \t"))
        if start == stop:
            at = _next(text, stop)
        elif text[start] == "#":
            comments.append((start, stop))
            at = _next(text, stop)
        else:
            found.append(_instruction(text, start, stop))
            at = found[-1].until
    return Modelfile(tuple(found), tuple(comments))


def _instruction(text: str, start: int, stop: int) -> Instruction:
    head = _HEAD.match(text, start, stop)
    assert head is not None, "it matches the empty text"
    name, value = head[1].lower(), head.end()
    if name not in INSTRUCTIONS or not head[2]:
        word = text[start : min(stop, start + 20)].partition(" ")[0]
        raise Unreadable(
            say('{word!r} is no instruction (a text of several lines stands between two """)', word=word), start
        )
    if name in ("parameter", "message"):
        subject = _SUBJECT.match(text, value, stop)
        if subject is None:
            raise Unreadable(say("{name} names nothing that has a value", name=head[1]), start)
        name, value = f"{name}.{subject[1]}", subject.end()
    end = _end(text, value, stop)
    written = text[value:end].rstrip(" \t\r\n")
    return Instruction(name, start, value, value + len(written), _next(text, end), unquoted(written))


def _end(text: str, value: int, stop: int) -> int:
    """Where what an instruction is given ends: with its line, or where the quotes that it opens with are closed."""
    mark = next((one for one in ('"""', '"') if text.startswith(one, value)), "")
    while mark and not _closed(text, value, stop, mark):
        if stop >= len(text):
            raise Unreadable(say("a text that begins with {mark} has no end", mark=mark), value)
        stop = _stop(text, _next(text, stop))
    return stop


def _closed(text: str, value: int, stop: int, mark: str) -> bool:
    """Whether the line that ends here closes what a mark opens: it ends with another one, but for blanks."""
    while stop > value and text[stop - 1] in " \t":
        stop -= 1
    return stop - value >= 2 * len(mark) and text.startswith(mark, stop - len(mark))


def unquoted(written: str) -> str:
    """What an instruction is given, without the quotes around it."""
    for mark in ('"""', '"'):
        if written.startswith(mark) and written.endswith(mark) and len(written) >= 2 * len(mark):
            return written[len(mark) : -len(mark)]
    return written


def _stop(text: str, at: int) -> int:
    found = _LINE.match(text, at)
    assert found is not None, "it matches the empty text"
    return found.end()


def _next(text: str, stop: int) -> int:
    found = _BREAK.match(text, stop)
    return found.end() if found is not None else len(text)
