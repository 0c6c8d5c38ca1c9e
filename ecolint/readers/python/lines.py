"""The scanning room: cuts Python text into logical lines, comments and blocks in one linear pass, without parsing."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import field

from ecolint.model import Comment, Span
from ecolint.shaped import dataclass
from ecolint.speech import say

_TOKEN = re.compile(r"""["'#\\;:()\[\]{}=\r\n]""")
_TOKEN_INSIDE = re.compile(r"""["'#\\()\[\]{}\r\n]""")
"""What ends or begins something, outside brackets and inside; each is one character, which is quick to look for."""
_LAMBDA = re.compile(r"""["'#:()\[\]{}]|\blambda\b""")
_KEYWORD = re.compile(
    r"(?:async[ \t]+)?(if|elif|else|for|while|with|try|except|finally|def|class|match|case)\b(?!\s*[=.,)])|(@)"
)
_BLANK = re.compile(r"(?:[ \t\f]*(?:\r\n?|\n))*")
_INDENT = re.compile(r"[ \t\f]*")
_TO_END = re.compile(r"[^\r\n]*")
_STRING_END = {
    quote: re.compile(r"\\(?:\r\n|.)|" + quote + (r"|[\r\n]" if len(quote) == 1 else ""), re.DOTALL)
    for quote in ('"', "'", '"""', "'''")
}
_NEVER_IN_BRACKETS = re.compile(r"[ \t]*(?:(?:async )?def \w+\(|class \w+[(:]|import \w|return |try:|from \S+ import )")
_CHAINED = {"elif": ("if",), "else": ("if", "for", "while", "try"), "except": ("try",), "finally": ("try",)}
TAB = 8
MAX_BLOCKS = 100
"""Python itself refuses deeper indentation."""


@dataclass(slots=True)
class Line:
    """One logical line, or one piece of it between semicolons, or a header up to and with its colon.

    `kind` is the header's keyword, "@" for a decorator, else empty. `parent` is the header it stands under and `scope`
    the nearest `def` or `class` above it (-1: module). `leader` is the first header of an if or try chain, `arm` its
    place in the chain, `tail` the last line that stands under this one, `equals` the offsets of its own `=` signs.
    """

    index: int
    start: int
    end: int
    column: int
    kind: str = ""
    parent: int = -1
    scope: int = -1
    leader: int = -1
    arm: int = 0
    tail: int = -1
    depth: int = 0
    inline: bool = False
    equals: tuple[int, ...] = ()


@dataclass(slots=True)
class Script:
    """A scanned text. `faults` are (line number, reason) where the scan had to give up on a piece."""

    text: str
    lines: list[Line] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    faults: list[tuple[int, str]] = field(default_factory=list)
    newlines: list[int] = field(default_factory=list)
    children: dict[int, list[int]] = field(default_factory=dict)
    starts: list[int] = field(default_factory=list)

    def number(self, offset: int) -> int:
        """The physical line number, from 1, of a character offset."""
        return bisect_right(self.newlines, offset - 1) + 1

    def at(self, offset: int) -> Line | None:
        """The logical line that covers an offset, or None between lines."""
        found = bisect_right(self.starts, offset) - 1
        if found < 0 or offset > self.lines[found].end:
            return None
        return self.lines[found]

    def body(self, line: Line) -> str:
        """The text of a logical line."""
        return self.text[line.start : line.end]


class _Scanner:
    """The state of one scan."""

    def __init__(self, text: str) -> None:
        self.script = Script(text, newlines=[match.end() - 1 for match in re.finditer(r"\r\n?|\n", text)])
        self.text = text
        self.current: Line | None = None
        self.depth = 0
        self.opened = 0
        self.headers: list[Line] = []
        self.chains: dict[int, Line] = {}
        self.statements = 0

    def run(self) -> Script:
        text, outside, inside = self.text, _TOKEN.search, _TOKEN_INSIDE.search
        position = self.begin(0)
        while (match := (inside if self.depth else outside)(text, position)) is not None:
            token, at, position = match.group(), match.start(), match.end()
            if token in "([{":
                self.open(at)
            elif token in ")]}":
                self.close(at)
            elif token in "\"'":
                position = self.string(at)
            elif token == "\n":
                position = self.newline(at, position)
            elif token == "=":
                self.equal(at)
            elif token == "#":
                position = self.comment(at, alone=self.first(at))
            elif token == ":":
                position = self.colon(position)
            elif token == "\\":
                position = self.continuation(position)
            elif token == ";":
                position = self.semicolon(position)
            else:
                position = self.newline(at, position + text.startswith("\n", position))
        if self.depth:
            self.fault(self.opened, say("a bracket is never closed"))
        self.finish(len(text))
        return self.settle()

    def equal(self, at: int) -> None:
        text, line = self.text, self.current
        if line is None or (at and text[at - 1] in "=<>!:") or text.startswith("=", at + 1) or self.in_lambda(at):
            return
        line.equals += (at,)

    def in_lambda(self, at: int) -> bool:
        """Whether a place outside brackets is among the parameters of a lambda of its line."""
        line = self.current
        if line is None or self.text.find("lambda", line.start, at) < 0:
            return False
        open_ones = depth = 0
        position = line.start
        while (match := _LAMBDA.search(self.text, position, at)) is not None:
            token, position = match.group(), match.end()
            if token in "\"'":
                position = self.string_end(match.start())[0]
            elif token == "#":
                position = _TO_END.match(self.text, position).end()  # type: ignore[union-attr]
            elif token in "([{":
                depth += 1
            elif token in ")]}":
                depth -= 1
            elif depth == 0:
                open_ones += 1 if token == "lambda" else -1 if open_ones else 0
        return open_ones > 0

    def fault(self, offset: int, reason: str) -> None:
        self.script.faults.append((self.script.number(offset), reason))

    def open(self, at: int) -> None:
        if self.depth == 0:
            self.opened = at
        self.depth += 1
        if self.current is not None and self.depth > self.current.depth:
            self.current.depth = self.depth

    def close(self, at: int) -> None:
        if self.depth == 0:
            self.fault(at, say("a closing bracket without an opening one"))
        else:
            self.depth -= 1

    def string(self, at: int) -> int:
        position, closed = self.string_end(at)
        if not closed:
            self.fault(at, say("a string is never closed"))
        return position

    def string_end(self, at: int) -> tuple[int, bool]:
        """Where a string ends that begins somewhere, and whether it is closed there."""
        quote = self.text[at]
        if self.text.startswith(quote * 3, at):
            quote *= 3
        position = at + len(quote)
        ends = _STRING_END[quote].search
        while (match := ends(self.text, position)) is not None:
            position = match.end()
            found = match.group()
            if found == quote:
                return position, True
            if found in "\r\n":
                return match.start(), False
        return len(self.text), False

    def first(self, at: int) -> bool:
        """True where nothing but white space stands before an offset on its physical line."""
        before = bisect_right(self.script.newlines, at) - 1
        return not self.text[self.script.newlines[before] + 1 if before >= 0 else 0 : at].strip()

    def comment(self, at: int, alone: bool) -> int:
        end = _TO_END.match(self.text, at).end()  # type: ignore[union-attr]
        head = alone and self.statements == 0
        self.script.comments.append(Comment(self.text[at + 1 : end].strip(), Span(at, end), alone, head))
        return end

    def continuation(self, position: int) -> int:
        if self.text.startswith("\r\n", position):
            return position + 2
        return position + 1 if self.text[position : position + 1] in ("\n", "\r") else position

    def colon(self, position: int) -> int:
        line = self.current
        if self.depth or line is None:
            return position
        if not line.kind or line.kind == "@" or self.text.startswith("=", position) or self.in_lambda(position - 1):
            return position
        if line.kind in ("match", "case") and not self.soft_header(line, position):
            line.kind = ""
            return position
        line.end = position
        if len(self.headers) < MAX_BLOCKS:
            self.headers.append(line)
        else:
            self.fault(line.start, say("blocks are nested too deeply"))
        self.current = None
        after = _INDENT.match(self.text, position).end()  # type: ignore[union-attr]
        if after < len(self.text) and self.text[after] not in "#\r\n\\":
            self.start(after, line.column, inline=line)
        return after

    def soft_header(self, line: Line, position: int) -> bool:
        if not self.text[line.start + len(line.kind) : position - 1].strip():
            return False
        rest = _TO_END.match(self.text, position).group().strip()  # type: ignore[union-attr]
        return line.kind == "case" or not rest or rest.startswith("#")

    def semicolon(self, position: int) -> int:
        line = self.current
        if self.depth or line is None:
            return position
        self.finish(position - 1)
        after = _INDENT.match(self.text, position).end()  # type: ignore[union-attr]
        if after < len(self.text) and self.text[after] not in "#\r\n;":
            inline = self.headers[-1] if line.inline else None
            self.start(after, line.column, inline=inline)
        return after

    def newline(self, at: int, position: int) -> int:
        if self.depth:
            if not _NEVER_IN_BRACKETS.match(self.text, position):
                return position
            self.fault(self.opened, say("a bracket is never closed"))
            self.depth = 0
        self.finish(at)
        return self.begin(position)

    def begin(self, position: int) -> int:
        """Skip blank lines and comments, then start the next logical line."""
        text = self.text
        while True:
            position = _BLANK.match(text, position).end()  # type: ignore[union-attr]
            first = _INDENT.match(text, position).end()  # type: ignore[union-attr]
            if first >= len(text):
                return first
            if text[first] != "#":
                break
            position = self.comment(first, alone=True)
        column = 0
        for char in text[position:first]:
            column = (column // TAB + 1) * TAB if char == "\t" else 0 if char == "\f" else column + 1
        self.start(first, column, inline=None)
        return first

    def start(self, at: int, column: int, inline: Line | None) -> None:
        lines = self.script.lines
        keyword = _KEYWORD.match(self.text, at)
        kind = (keyword.group(1) or keyword.group(2)) if keyword else ""
        line = Line(len(lines), at, at, column, kind, inline=inline is not None)
        if inline is not None:
            line.parent = inline.index
        else:
            while self.headers and self.headers[-1].column >= column:
                self.headers.pop()
            line.parent = self.headers[-1].index if self.headers else -1
        lines.append(line)
        self.current = line
        if not (self.statements == 0 and self.text[at] in "\"'rRuU"):
            self.statements += 1

    def finish(self, at: int) -> None:
        line = self.current
        if line is None:
            return
        end = at
        comments = self.script.comments
        if comments and line.start < comments[-1].span.start < end and comments[-1].span.end == at and not self.depth:
            end = comments[-1].span.start
        line.end = line.start + len(self.text[line.start : end].rstrip())
        if line.kind not in ("", "@"):
            line.kind = ""  # a header without a colon is no header
        self.current = None

    def settle(self) -> Script:
        """Fill in scopes, chains, children and tails."""
        lines = self.script.lines
        last: dict[int, Line] = {}
        for line in lines:
            parent = lines[line.parent] if line.parent >= 0 else None
            if parent is not None:
                line.scope = parent.index if parent.kind in ("def", "class") else parent.scope
            self.script.children.setdefault(line.parent, []).append(line.index)
            before = last.get(line.parent)
            line.leader = line.index
            if before is not None and line.kind in _CHAINED and before.kind:
                leader = lines[before.leader]
                if leader.kind in _CHAINED[line.kind]:
                    line.leader, line.arm = leader.index, before.arm + 1
            elif line.kind == "case" and before is not None and before.kind == "case":
                line.leader, line.arm = before.leader, before.arm + 1
            last[line.parent] = line
            line.tail = line.index
        for line in reversed(lines):
            if line.parent >= 0 and lines[line.parent].tail < line.tail:
                lines[line.parent].tail = line.tail
        self.script.starts = [line.start for line in lines]
        return self.script


def scan(text: str) -> Script:
    """Cut `text` into logical lines; never raises, whatever the text is."""
    return _Scanner(text).run()
