"""From the text of a Dockerfile to its instructions: continued lines, comments between them, here-documents, places."""

from __future__ import annotations

import re
from bisect import bisect_left

from ecolint.shaped import dataclass

KEYWORDS = frozenset(
    {
        *("ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "MAINTAINER"),
        *("ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"),
    }
)
NOTHING = "\0"
"""Stands for every character of a line break that an instruction goes on behind, and of the comments there. No text
that is read holds one."""

_DIRECTIVE = re.compile(r"#[ \t]*([A-Za-z][A-Za-z0-9]*)[ \t]*=[ \t]*(.*?)[ \t]*\Z")
_WORD = re.compile(r"[ \t]*([A-Za-z]+)(?=[ \t\0]|\Z)")
_HEREDOC = re.compile(r"(\d*)<<(-?)([\"']?)([A-Za-z_][A-Za-z0-9_.]*)\3\Z")
_WITH_HEREDOCS = frozenset({"RUN", "COPY", "ADD"})
_BLANK = " \t\0"


@dataclass(frozen=True, slots=True)
class Heredoc:
    """A here-document: its name, and where its text stands."""

    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction: `text[start:end]` of the file, its arguments from `at` on.

    `joined` are the arguments on one line, as long as they stand in the file: what Docker takes away is `NOTHING`.
    """

    keyword: str
    start: int
    at: int
    end: int
    joined: str
    heredocs: tuple[Heredoc, ...] = ()

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where a range of the arguments stands in the file."""
        return self.at + start, self.at + end


@dataclass(frozen=True, slots=True)
class File:
    """A Dockerfile: `comments` are the places of its comment lines, `unclosed` of here-documents that never end."""

    text: str
    instructions: tuple[Instruction, ...]
    comments: tuple[tuple[int, int], ...]
    unclosed: tuple[int, ...]
    escape: str


def parsed(text: str) -> File:
    """The instructions of a file in order, in time linear in it."""
    return _Parser(text).run()


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.escape = _escape(text)
        self.comments: list[tuple[int, int]] = []
        self.unclosed: list[int] = []
        self._lines: dict[str, list[int]] | None = None

    def run(self) -> File:
        """Walk the file once."""
        found: list[Instruction] = []
        at = 0
        while at < len(self.text):
            following = self.next_line(at)
            if not self.passed_over(at, following):
                instruction, following = self.instruction(at)
                if instruction is not None:
                    found.append(instruction)
            at = following
        return File(self.text, tuple(found), tuple(self.comments), tuple(self.unclosed), self.escape)

    def next_line(self, at: int) -> int:
        """Where the next line begins."""
        end = self.text.find("\n", at)
        return end + 1 if end >= 0 else len(self.text)

    def passed_over(self, at: int, following: int) -> bool:
        """Whether a line is blank or a comment, which is remembered."""
        line = self.text[at:following]
        bare = line.strip()
        if bare.startswith("#"):
            start = at + line.index("#")
            self.comments.append((start, start + len(bare)))
        return not bare or bare[0] == "#"

    def instruction(self, at: int) -> tuple[Instruction | None, int]:
        """The instruction that begins on a line (None where it is none), and where to go on."""
        start, parts = at, []
        while True:
            following = self.next_line(at)
            line = self.text[at:following].rstrip("\r\n")
            bare = line.rstrip(" \t")
            if not (bare.endswith(self.escape) and not bare.endswith(self.escape * 2)):
                parts.append(line)
                end = at + len(line)
                break
            parts.append(bare[:-1] + NOTHING * (following - at - len(bare) + 1))
            end = at = following
            while at < len(self.text) and self.passed_over(at, following := self.next_line(at)):
                parts.append(NOTHING * (following - at))
                at = following
            if at >= len(self.text):
                break
        whole = "".join(parts)[: end - start].rstrip(_BLANK)
        word = _WORD.match(whole)
        keyword = word[1].upper() if word else ""
        if word is None or keyword not in KEYWORDS:
            return None, following
        offset = word.end()
        while offset < len(whole) and whole[offset] in _BLANK:
            offset += 1
        joined = whole[offset:]
        heredocs: tuple[Heredoc, ...] = ()
        if keyword in _WITH_HEREDOCS and "<<" in joined:
            heredocs, following = self.heredocs(joined, following)
        begin = start + word.start(1)
        return Instruction(keyword, begin, start + offset, start + len(whole), joined, heredocs), following

    def heredocs(self, joined: str, at: int) -> tuple[tuple[Heredoc, ...], int]:
        """The here-documents that an instruction announces, and where its last one ends; one without end is none."""
        found: list[Heredoc] = []
        for start, end in words(joined, self.escape):
            match = _HEREDOC.match(joined, start, end)
            if match is None:
                continue
            closing = self.closing(match[4], at, tabs=bool(match[2]))
            if closing is None:
                self.unclosed.append(at)
                break
            found.append(Heredoc(match[4], at, closing))
            at = self.next_line(closing)
        return tuple(found), at

    def closing(self, name: str, at: int, tabs: bool) -> int | None:
        """Where the line that closes a here-document begins."""
        if self._lines is None:
            self._lines = {}
            start = 0
            while start < len(self.text):
                following = self.next_line(start)
                line = self.text[start:following].rstrip("\r\n")
                if len(line) < 100 and line.strip():
                    self._lines.setdefault(line.lstrip("\t"), []).append(start)
                start = following
        starts = self._lines.get(name, [])
        for start in starts[bisect_left(starts, at) :]:
            if tabs or not self.text.startswith("\t", start):
                return start
        return None


def _escape(text: str) -> str:
    """The character by which lines go on, as a directive at the top of the file says."""
    for line in text.split("\n", 8)[:8]:
        directive = _DIRECTIVE.match(line.strip())
        if directive is None:
            break
        if directive[1].lower() == "escape" and directive[2] in ("`", "\\"):
            return directive[2]
    return "\\"


def words(joined: str, escape: str) -> list[tuple[int, int]]:
    """The words of arguments with their quotes, split at blanks as Docker does."""
    found: list[tuple[int, int]] = []
    at, size = 0, len(joined)
    while at < size:
        if joined[at].isspace() or joined[at] == NOTHING:
            at += 1
            continue
        start, quote = at, ""
        while at < size:
            char = joined[at]
            if char == escape and quote != "'":
                at += 1
                while at < size - 1 and joined[at] == NOTHING:
                    at += 1
            elif quote:
                quote = "" if char == quote else quote
            elif char in "\"'":
                quote = char
            elif char.isspace():
                break
            at += 1
        at = min(at, size)
        end = at
        while joined[end - 1] == NOTHING:
            end -= 1
        found.append((start, end))
    return found
