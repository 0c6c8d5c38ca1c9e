"""Simple commands of a shell script: words with their places, assignments, and variables as far as they are known."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ecolint.readers.shell.commands import Script, Word
from ecolint.readers.shell.pieces import Piece, made
from ecolint.readers.shell.running import Running

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(slots=True)
class _State:
    words: list[Word] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)
    start: int = -1
    quoted: bool = False
    redirect: bool = False


def split(
    script: str,
    env: Mapping[str, str | None],
    unknown: Callable[[int, int], bool] = lambda start, end: False,
    joined: frozenset[int] = frozenset(),
    label: str = "",
) -> Script:
    """The simple commands of a script in order, in time linear in it.

    `env` are the variables that stand outside (None: unknown). `unknown` says that a template writes part of a range.
    `joined` are the offsets of newlines that a template swallows. `label` makes the ids of decisions unique.
    """
    return _Splitter(script, dict(env), unknown, joined, label).run()


class _Splitter:
    def __init__(
        self,
        script: str,
        variables: dict[str, str | None],
        unknown: Callable[[int, int], bool],
        joined: frozenset[int],
        label: str,
    ) -> None:
        self.script = script
        self.running = Running(script, variables, label, frozenset(variables))
        self.unknown = unknown
        self.joined = joined
        self.state = _State()
        self.comments: list[tuple[int, int]] = []
        self.heredocs: list[str] = []

    def run(self) -> Script:
        """Walk the script once."""
        at = 0
        while at < len(self.script):
            at = self.step(at)
        self.end_command(len(self.script))
        return Script(tuple(self.running.commands), tuple(self.comments))

    def step(self, at: int) -> int:
        """Read what begins at an offset; returns where to go on."""
        script, state = self.script, self.state
        char = script[at]
        if char == "\\":
            return self.backslash(at)
        if char in " \t\r" or (char == "\n" and at in self.joined):
            self.end_word(at)
            return at + 1
        if char == "\n":
            self.end_command(at)
            return self.skip_heredocs(at + 1)
        if char == "#" and state.start < 0:
            end = script.find("\n", at)
            end = end if end >= 0 else len(script)
            self.comments.append((at, end))
            return end
        if char in ";&|()":
            return self.operator(at)
        if char in "<>":
            return self.redirection(at)
        if state.start < 0:
            state.start = at
        if char == "'":
            close = script.find("'", at + 1)
            close = close if close >= 0 else len(script)
            self.add(script[at + 1 : close], quoted=True)
            return close + 1
        if char == '"':
            return self.double_quoted(at + 1)
        if char == "$":
            return self.dollar(at, quoted=False)
        if char == "`":
            close = script.find("`", at + 1)
            state.pieces.append(Piece(None, breaks=True))
            return close + 1 if close >= 0 else len(script)
        end = at + 1
        while end < len(script) and script[end] not in " \t\r\n\\#;&|()<>'\"$`":
            end += 1
        if script[at] != "#" and end < len(script) and script[end] == "#":
            end += 1
        self.add(script[at:end])
        return end

    def add(self, text: str, quoted: bool = False) -> None:
        """Put literal text into the word at hand."""
        self.state.pieces.append(Piece(text))
        self.state.quoted = self.state.quoted or quoted

    def backslash(self, at: int) -> int:
        """An escaped character, or a line that goes on."""
        following = self.script[at + 1 : at + 3]
        if following.startswith("\n"):
            return at + 2
        if following == "\r\n":
            return at + 3
        if self.state.start < 0:
            self.state.start = at
        self.add(following[:1], quoted=True)
        return at + 2

    def double_quoted(self, at: int) -> int:
        """The inside of double quotes up to the closing one."""
        script = self.script
        self.state.quoted = True
        self.add("")
        while at < len(script) and script[at] != '"':
            char = script[at]
            if char == "\\" and at + 1 < len(script):
                if script[at + 1] in '$`"\\':
                    self.add(script[at + 1])
                elif script[at + 1] != "\n":
                    self.add(script[at : at + 2])
                at += 2
            elif char == "$":
                at = self.dollar(at, quoted=True)
            elif char == "`":
                close = script.find("`", at + 1)
                self.state.pieces.append(Piece(None))
                at = close + 1 if close >= 0 else len(script)
            else:
                end = at + 1
                while end < len(script) and script[end] not in '"\\$`':
                    end += 1
                self.add(script[at:end])
                at = end
        return at + 1

    def dollar(self, at: int, quoted: bool) -> int:
        """A variable, `${…}`, `$(…)` or a lone dollar."""
        script = self.script
        after = script[at + 1 : at + 2]
        if after == "{":
            close = self.closing(at + 1, "{", "}")
            self.expand(script[at + 2 : close - 1], quoted)
            return close
        if after == "(":
            close = self.closing(at + 1, "(", ")")
            name = script[at + 2 : close - 1]
            known = _NAME.fullmatch(name) and name in self.running.environment
            self.variable(name, quoted) if known else self.state.pieces.append(Piece(None, not quoted))
            return close
        if after == "'" and not quoted:
            close = script.find("'", at + 2)
            self.state.pieces.append(Piece(None))
            return close + 1 if close >= 0 else len(script)
        name_match = _NAME.match(script, at + 1)
        if name_match:
            self.variable(name_match.group(), quoted)
            return name_match.end()
        if after and (after.isdigit() or after in "@*?$!#-"):
            self.state.pieces.append(Piece(None, not quoted or after == "@"))
            return at + 2
        self.add("$")
        return at + 1

    def closing(self, at: int, opener: str, closer: str) -> int:
        """The offset behind the bracket that closes the one at `at`; the end of the script if none does."""
        depth = 0
        for index in range(at, len(self.script)):
            char = self.script[index]
            if char == opener:
                depth += 1
            elif char == closer:
                depth -= 1
                if not depth:
                    return index + 1
        return len(self.script) + 1

    def variable(self, name: str, quoted: bool) -> None:
        """The value of a variable."""
        value = self.running.variables.get(name)
        self.state.pieces.append(Piece(value, not quoted, "constant"))
        if quoted:
            self.state.quoted = True

    def expand(self, inner: str, quoted: bool) -> None:
        """`NAME`, `NAME:-default` or something that is not understood."""
        name = _NAME.match(inner)
        rest = inner[name.end() :] if name else inner
        if name and not rest:
            self.variable(name.group(), quoted)
        elif name and rest[:2] in (":-", ":=") and "$" not in rest and "`" not in rest:
            if name.group() in self.running.variables:
                value = self.running.variables[name.group()]
                self.state.pieces.append(Piece(value or (rest[2:] if value == "" else None), not quoted, "constant"))
            else:
                self.state.pieces.append(Piece(rest[2:].strip("\"'"), not quoted, "default"))
        else:
            self.state.pieces.append(Piece(None, not quoted))

    # --- ends ---------------------------------------------------------------------------------------------------------

    def end_word(self, at: int) -> None:
        """Close the word at hand, if any."""
        state = self.state
        start, pieces, quoted = state.start, state.pieces, state.quoted
        state.start, state.pieces, state.quoted = -1, [], False
        if start < 0:
            return
        if state.redirect:
            state.redirect = False
            if self.heredocs and self.heredocs[-1] == "":
                self.heredocs[-1] = "".join(piece.text or "" for piece in pieces)
            return
        state.words.extend(made(self.script, start, at, pieces, quoted, self.unknown))

    def operator(self, at: int) -> int:
        """`;`, `&&`, `|`, brackets: each ends a command."""
        script = self.script
        if script.startswith("&>", at):
            self.end_word(at)
            self.state.redirect = True
            return at + (3 if script.startswith("&>>", at) else 2)
        self.end_command(at)
        pair = script[at : at + 2]
        if pair == ";;":
            self.running.next_arm()
            return at + 2
        return at + (2 if pair in ("&&", "||", "|&") else 1)

    def redirection(self, at: int) -> int:
        """`<` and `>` with their target, and here-documents."""
        state, script = self.state, self.script
        if state.start >= 0 and script[state.start : at].isdigit():
            state.start, state.pieces, state.quoted = -1, [], False
        self.end_word(at)
        state.redirect = True
        if script.startswith("<<<", at):
            return at + 3
        if script.startswith("<<", at):
            self.heredocs.append("")
            return at + (3 if script.startswith("<<-", at) else 2)
        end = at + 1
        while end < len(script) and script[end] in ">&|" and end < at + 2:
            end += 1
        return end

    def skip_heredocs(self, at: int) -> int:
        """Go behind the here-documents that the line just read has announced."""
        for delimiter in self.heredocs:
            while at < len(self.script):
                end = self.script.find("\n", at)
                end = end if end >= 0 else len(self.script)
                line = self.script[at:end]
                at = end + 1
                if line.strip() == delimiter:
                    break
        self.heredocs = []
        return min(at, len(self.script))

    def end_command(self, at: int) -> None:
        """Close the command at hand, if any."""
        self.end_word(at)
        words, self.state.words, self.state.redirect = self.state.words, [], False
        self.running.command(words)
