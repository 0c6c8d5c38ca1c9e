"""A notebook's script as plain Python of the same length: magics and shell lines stand in as something harmless."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import field
from functools import lru_cache

from ecolint.cells import MARK
from ecolint.model import Span
from ecolint.readers.held import Held
from ecolint.shaped import dataclass
from ecolint.speech import say

# The magics of IPython whose cell is Python and runs in the notebook's own namespace.
_PYTHON_CELLS = frozenset({"capture", "debug", "prun", "time", "timeit"})
# Those whose cell a shell runs; `shell` is Colab's, `%sh` (one percent sign) that of Databricks.
_SHELL_CELLS = frozenset({"!", "bash", "sh", "shell", "sx", "system"})
_SHELLS = frozenset({"bash", "sh", "dash", "zsh"})
# Those whose cell is written to a file.
_FILE_CELLS = frozenset({"writefile", "file"})
# Line magics that run the Python statement behind them.
_PYTHON_LINES = frozenset({"prun", "time", "timeit"})
_SHELL_LINES = frozenset({"sx", "system"})
_INSTALLERS = frozenset({"pip", "uv", "conda", "mamba", "micromamba"})

_CELL = re.compile(r"%%(!|[A-Za-z_][\w.]*)([^\r\n]*)")
_OTHER_CELL = re.compile(r"%(md|sh|scala|fs)\b[^\r\n]*")
_MAGIC = re.compile(r"%([A-Za-z_][\w.]*)?[ \t]*")
_OPTIONS = re.compile(r"(?:-[A-Za-z](?:[ \t]*\d+)?[ \t]+)*")
_ASSIGNED = re.compile(r"[\w.,*\[\]'\" \t]+?=[ \t]*(?=[!%])")
_HELP = re.compile(r"(?:\?{1,2}[^\r\n]*|%{0,2}[^\W\d][\w.*]*(?:\[-?\d+\])?\?{1,2}[ \t]*(?=[\r\n]|\Z))")
_AUTOMAGIC = re.compile(
    r"(?:(pip|uv|conda|mamba|micromamba)|cd|ls|mkdir|cp|mv|rm|cat)[ \t]+"
    r"(?!(?:in|is|not|and|or|if|else|for)\b)(?:[A-Za-z~.$]|/\w)"
)
_COMPOUND = re.compile(r"(?:async|for|while|if|with|try|def|class|@)\b|@")
_INDENT = re.compile(r"[ \t\f]*")
_REST = re.compile(r"[^\r\n]*")
_NEWLINE = re.compile(r"\r\n?|\n")
_VISIBLE = re.compile(r"[^\r\n]")
_TOKEN = re.compile(r"""["'#\\()\[\]{}]|\r\n?|\n""")
_STRING_END = {
    quote: re.compile(r"\\(?:\r\n|.)|" + quote + (r"|[\r\n]" if len(quote) == 1 else ""), re.DOTALL)
    for quote in ('"', "'", '"""', "'''")
}


@dataclass(frozen=True, slots=True)
class Shell:
    """What a shell runs. `filled` where the notebook first replaces `{…}` and `$name` in it by Python's values."""

    span: Span
    filled: bool


@dataclass(frozen=True, slots=True)
class View:
    """The Python of a script. `changed` are the spans that read otherwise there, cells' marks among them."""

    python: str
    changed: tuple[Span, ...]
    shells: tuple[Shell, ...]
    faults: tuple[tuple[int, str], ...]
    """Offset and reason of what keeps a cell from being read."""
    written: tuple[Held, ...] = ()
    """The files that cells are written to."""

    def touched(self, start: int, end: int) -> bool:
        """Whether an edit would reach into something that is no Python: insertions at its edges do not."""
        index = bisect_right(self.changed, start, key=lambda span: span.end)
        return index < len(self.changed) and self.changed[index].start < (end if end > start else start)


@dataclass(slots=True)
class _Builder:
    text: str
    replaced: list[tuple[int, int, str]] = field(default_factory=list)
    shells: list[Shell] = field(default_factory=list)
    faults: list[tuple[int, str]] = field(default_factory=list)
    written: list[Held] = field(default_factory=list)
    started: bool = False
    """True once a statement of Python was passed: comments before it are the notebook's first."""

    def view(self) -> View:
        text, made, at = self.text, [], 0
        for start, end, instead in self.replaced:
            made += [text[at:start], instead]
            at = end
        python = "".join([*made, text[at:]])
        changed = tuple(Span(start, end) for start, end, _ in self.replaced)
        return View(python, changed, tuple(self.shells), tuple(self.faults), tuple(self.written))

    def put(self, start: int, end: int, lead: str = "") -> None:
        """Let a stretch read as `lead` and blanks, line ends kept."""
        if end > start:
            self.replaced.append((start, end, lead + _VISIBLE.sub(" ", self.text[start + len(lead) : end])))

    def cell(self, start: int, end: int) -> None:
        """Read one cell."""
        at = self.head(start, end)
        while at < end:
            at = self.line(at, end)

    def head(self, start: int, end: int) -> int:
        """Deal with cell magics; returns where the cell's Python begins."""
        at = start
        while True:
            while (blank := _NEWLINE.match(self.text, _INDENT.match(self.text, at, end).end(), end)) is not None:  # type: ignore[union-attr]
                at = blank.end()
            magic = _CELL.match(self.text, at, end)
            if magic is None:
                break
            name, body = magic.group(1), self.after(magic.end(), end)
            words = magic.group(2).split()
            if name in _SHELL_CELLS or (name == "script" and words and words[0].rsplit("/", 1)[-1] in _SHELLS):
                self.shells.append(Shell(Span(body, end), False))
            elif name in _PYTHON_CELLS:
                self.put(at, magic.end())
                at = body
                continue
            elif name in _FILE_CELLS and words:
                self.written.append(Held(words[-1].strip("\"'"), body, end))
            self.put(at, end)
            return end
        other = _OTHER_CELL.match(self.text, at, end)
        if other is not None and other.end() < end:
            if other.group(1) == "sh":
                self.shells.append(Shell(Span(self.after(other.end(), end), end), False))
            self.put(at, end)
            return end
        return at

    def after(self, at: int, end: int) -> int:
        """The offset behind the line end that stands at an offset, if one does."""
        newline = _NEWLINE.match(self.text, at, end)
        return newline.end() if newline else at

    def line(self, at: int, end: int) -> int:
        """Read one logical line; returns where the next begins."""
        text = self.text
        first = _INDENT.match(text, at, end).end()  # type: ignore[union-attr]
        if first >= end or text[first] in "\r\n#":
            return self.after(_REST.match(text, first, end).end(), end)  # type: ignore[union-attr]
        self.started = self.started or text[first] not in "\"'rRuU%!"
        if _HELP.match(text, first, end):
            stop = _REST.match(text, first, end).end()  # type: ignore[union-attr]
            self.put(first, stop, "0")
        elif text[first] in "!%":
            stop = self.escaped(first, first, end)
        elif automagic := _AUTOMAGIC.match(text, first, end):
            stop = self.joined(first, end)
            if automagic.group(1):
                self.shells.append(Shell(Span(first, stop), True))
            self.put(first, stop, "0")
        elif assigned := _ASSIGNED.match(text, first, end):
            stop = self.escaped(assigned.end(), assigned.end(), end, value=True)
        else:
            return self.statement(first, end)
        return self.after(stop, end) if stop >= 0 else self.statement(-stop, end)

    def escaped(self, start: int, at: int, end: int, value: bool = False) -> int:
        """A `!` or `%` and what belongs to it; returns its end, or minus the offset where Python goes on."""
        text = self.text
        stop = self.joined(at, end)
        lead = "__"[: stop - start] if value else "0"
        if text[at] == "!":
            command = at + (2 if text.startswith("!!", at) else 1)
            self.shells.append(Shell(Span(command, stop), True))
            self.put(start, stop, lead)
            return stop
        magic = _MAGIC.match(text, at, stop)
        name = magic.group(1) if magic else None
        behind = magic.end() if magic else at + 1
        if name in _PYTHON_LINES and not value:
            behind = _OPTIONS.match(text, behind, stop).end()  # type: ignore[union-attr]
            if behind < stop and not _COMPOUND.match(text, behind):
                self.put(start, behind, "0;")
                return -behind
        elif name in _SHELL_LINES:
            self.shells.append(Shell(Span(behind, stop), True))
        elif name in _INSTALLERS:
            self.shells.append(Shell(Span(at + 1, stop), True))
        self.put(start, stop, lead)
        return stop

    def joined(self, at: int, end: int) -> int:
        """The end of a line and of those that a backslash joins to it."""
        while True:
            at = _REST.match(self.text, at, end).end()  # type: ignore[union-attr]
            following = self.after(at, end)
            if following == at or not self.text.endswith("\\", 0, at):
                return at
            at = following

    def statement(self, start: int, end: int) -> int:
        """Go past one logical line of Python. What is never closed is left out, to the end of the line or the cell."""
        text, opened, at = self.text, [], start
        while (token := _TOKEN.search(text, at, end)) is not None:
            char, at = token.group(), token.end()
            if char in "([{":
                opened.append(token.start())
            elif char in ")]}":
                if opened:
                    opened.pop()
            elif char == "#":
                at = _REST.match(text, at, end).end()  # type: ignore[union-attr]
            elif char == "\\":
                at = self.after(at, end)
            elif char in "\"'":
                closed = self.string(token.start(), end)
                if closed is None:
                    triple = text.startswith(char * 3, token.start())
                    stop = end if triple else _REST.match(text, at, end).end()  # type: ignore[union-attr]
                    return self.fault(token.start(), say("a string is never closed"), start, stop)
                at = closed
            elif not opened:
                return at
        return self.fault(opened[0], say("a bracket is never closed"), start, end) if opened else end

    def fault(self, at: int, reason: str, start: int, stop: int) -> int:
        """Leave a stretch out, so that it does not leak into what follows; returns where that begins."""
        self.faults.append((at, reason))
        self.put(start, stop, "0")
        return self.after(stop, len(self.text))

    def string(self, at: int, end: int) -> int | None:
        """The offset behind a string; None where it is not closed."""
        quote = self.text[at]
        if self.text.startswith(quote * 3, at):
            quote *= 3
        at += len(quote)
        while (match := _STRING_END[quote].search(self.text, at, end)) is not None:
            at = match.end()
            if match.group() == quote:
                return at
            if match.group() in "\r\n":
                return None
        return None


@lru_cache(maxsize=4)
def view(script: str) -> View:
    """The Python of a notebook's script; in time linear in it."""
    builder = _Builder(script)
    at = 0
    for end in _ends(script):
        builder.cell(at, end)
        # Between two cells stands a statement, so that no block reaches from one into the next.
        builder.put(end, end + len(MARK))
        if builder.started:
            builder.replaced[-1] = (end, end + len(MARK), "\n0\n")
        at = end + len(MARK)
    return builder.view()


def _ends(script: str) -> Iterator[int]:
    at = script.find(MARK)
    while at >= 0:
        yield at
        at = script.find(MARK, at + len(MARK))
