"""The command room: the command lines that a Python text runs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

import libcst as cst

from ecolint.model import Place, Table
from ecolint.readers.python import patterns
from ecolint.readers.python.bindings import assigned
from ecolint.readers.python.calls import held_names
from ecolint.readers.python.command_texts import Line, line_of, plain_text, text_of
from ecolint.readers.python.command_words import Words
from ecolint.readers.python.context import Context
from ecolint.readers.python.names import dotted, find
from ecolint.readers.python.parsing import Statement
from ecolint.readers.python.sites import call_sites
from ecolint.readers.python.starts import candidate_lines
from ecolint.readers.shell.script import split
from ecolint.shaped import dataclass

RUNNERS = (
    *("subprocess.run", "subprocess.Popen", "subprocess.call", "subprocess.check_call", "subprocess.check_output"),
    *("os.system", "os.popen", "asyncio.create_subprocess_shell", "asyncio.subprocess.create_subprocess_shell"),
    *("asyncio.create_subprocess_exec", "asyncio.subprocess.create_subprocess_exec"),
)
"""Functions of the standard library that run a command line, their first argument, or all of them (`…_exec`)."""

_ARGUMENTS = ("args", "cmd", "command")
_SHELLS = frozenset({"sh", "bash", "dash", "zsh"})
_RUN_OPTION = re.compile(r"-[a-z]*c\Z")
START = 12
"""How many words may stand before the end of a program's name."""


@dataclass(frozen=True, slots=True)
class Run:
    """A command line and the statement that runs it."""

    words: Table
    statement: Statement


def find_runs(ctx: Context) -> list[Run]:
    """The wanted commands that a text runs, in order."""
    found: dict[Place, Run] = {}
    runners = patterns.candidates(ctx.words, ctx.scopes, (*RUNNERS, *ctx.wanted.runners))
    for line in candidate_lines(ctx, runners):
        statement = ctx.parser.parse(line)
        for node in statement.nodes if statement is not None else ():
            if isinstance(node, cst.Call) and statement is not None:
                for words in _Reader(ctx).run(node, statement):
                    if _wanted(words, ctx.wanted.commands):
                        found.setdefault(words.place, Run(words, statement))
    return list(found.values())


def _wanted(words: Table, commands: Sequence[str]) -> bool:
    texts = [entry.value[0].data for entry in words.entries[:START] if len(entry.value) == 1]
    names = [text.rpartition("/")[2] for text in texts if isinstance(text, str)]
    return any(name in commands for name in names)


class _Reader:
    """Follows one command line to the expressions that it is built of."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx
        self.runners = frozenset((*RUNNERS, *ctx.wanted.runners))
        self.words = Words(ctx)

    def run(self, call: cst.Call, statement: Statement) -> Iterator[Table]:
        """The command lines that a call of a runner starts."""
        names = [name for name, _ in held_names(self.ctx, call.func, statement, call)]
        if not any(name in self.runners for name in names):
            return
        if names[0].endswith("_exec"):
            elements = [cst.Element(arg.value) if not arg.star else cst.StarredElement(arg.value) for arg in call.args]
            line = self.words.elements(elements, statement)
            yield from self._commands(line, self.ctx.place(statement, call))
            return
        for position, argument in enumerate(call.args):
            keyword = argument.keyword.value if argument.keyword is not None else ""
            if (position == 0 and not argument.star and not keyword) or keyword in _ARGUMENTS:
                for node, where in self._given(argument.value, statement):
                    found = self.words.of(node, where)
                    if found is not None:
                        yield from self._commands(found, self.ctx.place(where, node))
                    else:
                        yield from self._script(node, where)
                return

    def _given(self, node: cst.BaseExpression, statement: Statement) -> list[tuple[cst.BaseExpression, Statement]]:
        """What an expression stands for: the arguments of every call, where it is a parameter of its function."""
        if isinstance(node, cst.Name):
            reaches = find(self.ctx, node.value, statement.line).reaches
            if len(reaches) == 1 and reaches[0].binding.kind == "param":
                sites = call_sites(self.ctx, reaches[0].binding.line)
                return [site.arguments[node.value] for site in sites if node.value in site.arguments]
        return [(node, statement)]

    def _commands(self, line: Line, place: Place) -> Iterator[Table]:
        """A list of words as a command; `bash -c SCRIPT` is what the script runs."""
        texts = [plain_text(entry.value) for entry in line.entries[:6]]
        if texts and (texts[0] or "").rpartition("/")[2] in _SHELLS:
            for index, option in enumerate(texts[1:4], 1):
                if option and _RUN_OPTION.match(option) and index + 1 < len(line.entries):
                    script = line.entries[index + 1]
                    text = texts[index + 1] if index + 1 < len(texts) else None
                    if text is not None:
                        yield from self._split(text, script.place)
                    return
        yield _table(line, place)

    def _script(self, node: cst.CSTNode, statement: Statement) -> Iterator[Table]:
        """The commands of a text that a shell runs; `" ".join(words)` is those words."""
        joined = self._joined(node, statement)
        if joined is not None:
            yield from self._commands(joined, self.ctx.place(statement, node))
            return
        text = text_of(self.ctx, node, statement)
        if text is not None:
            yield from self._split(*text)

    def _joined(self, node: cst.CSTNode, statement: Statement) -> Line | None:
        """`" ".join(words)` and `shlex.join(words)`, also by way of a name."""
        if isinstance(node, cst.Name):
            found = find(self.ctx, node.value, statement.line)
            bound = self.ctx.statement(found.reaches[0].binding.line) if len(found.reaches) == 1 else None
            written = assigned(bound, node.value) if bound is not None else None
            if bound is None or written is None or written[1] or not isinstance(written[0], cst.Call):
                return None
            node, statement = written[0], bound
        if not isinstance(node, cst.Call) or len(node.args) != 1 or not isinstance(node.func, cst.Attribute):
            return None
        parts = dotted(node.func)
        spaced = isinstance(node.func.value, cst.SimpleString) and node.func.value.raw_value == " "
        if node.func.attr.value == "join" and (spaced or parts == ("shlex", "join")):
            return self.words.of(node.args[0].value, statement)
        return None

    def _split(self, text: str, place: Place) -> Iterator[Table]:
        for command in split(text, {}).commands:
            if command.words:
                yield _table(line_of(self.ctx, command.words, text, place), place)


def _table(line: Line, place: Place) -> Table:
    entries = tuple(replace(entry, name=str(index)) for index, entry in enumerate(line.entries))
    return Table("python.words", entries[0].place if entries else place, entries, open=line.open)
