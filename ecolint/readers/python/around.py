"""The surroundings room: the decorators around a line, and what else is called on the things that they decorate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import field, replace

import libcst as cst

from ecolint.model import ALWAYS, Alternative, Branches, Entry, Table, Value
from ecolint.readers.python.calls import held_names
from ecolint.readers.python.context import Context
from ecolint.readers.python.lines import Line
from ecolint.readers.python.names import local_definition
from ecolint.readers.python.parsing import Statement
from ecolint.readers.python.scopes import MODULE
from ecolint.readers.python.sites import call_sites
from ecolint.readers.python.tables import call_table
from ecolint.shaped import dataclass

MAX_DEPTH = 4
"""How deep dictionaries and objects among a decorator's arguments are looked into."""
MAX_READS = 8
"""How many lines that name a decorated thing are looked at for further calls on it."""

UNSEEN = "*"
"""The name, below a path, of whatever may stand there that nobody can see."""


@dataclass(slots=True)
class Surroundings:
    """The calls around the lines of one text, as dotted paths: qualified callee, keyword, keys. The nearest stand last.

    `@app.function(gpu="L4")` below `app = modal.App()` is the entry `modal.App.function.gpu`.
    """

    ctx: Context
    known: dict[int, tuple[Entry, ...]] = field(default_factory=dict)

    def of(self, line: Line) -> Table | None:
        """What stands around a line: its own functions and classes, or else those that call its function."""
        entries = self._around(line) or self._of_callers(line)
        return Table("python.around", self.ctx.line_place(line), entries, writable=False) if entries else None

    def _around(self, line: Line) -> tuple[Entry, ...]:
        found: tuple[Entry, ...] = ()
        scope = line.scope
        while scope != MODULE:
            found = (*self._decorations(scope), *found)
            scope = self.ctx.script.lines[scope].scope
        return found

    def _of_callers(self, line: Line) -> tuple[Entry, ...]:
        """What stands around every call of the function around a line; where that differs, nobody can tell."""
        ctx, scope = self.ctx, line.scope
        if scope == MODULE or ctx.script.lines[scope].kind != "def":
            return ()
        every = list(dict.fromkeys(self._around(site.statement.line) for site in call_sites(ctx, scope)))
        if len(every) < 2:
            return every[0] if every else ()
        return tuple(_rivals(entry for one in every for entry in one))

    def _decorations(self, scope: int) -> tuple[Entry, ...]:
        if scope not in self.known:
            self.known[scope] = tuple(self._read(scope))
        return self.known[scope]

    def _read(self, scope: int) -> Iterator[Entry]:
        """The entries of the decorators of a `def` or `class`, the nearest last, then of later calls on it."""
        ctx, lines = self.ctx, self.ctx.script.lines
        names: list[str] = []
        index = scope - 1
        decorators = []
        while index >= 0 and lines[index].kind == "@" and lines[index].parent == lines[scope].parent:
            decorators.append(index)
            index -= 1
        for index in reversed(decorators):
            statement = ctx.statement(index)
            root = statement.root if statement is not None else None
            if statement is None or not isinstance(root, cst.Expr):
                continue
            callee = root.value.func if isinstance(root.value, cst.Call) else root.value
            name = qualified(ctx, callee, statement)
            if name is not None:
                names.append(name)
                if isinstance(root.value, cst.Call):
                    yield from _entries(name, call_table(ctx, statement, root.value, name))
        yield from self._later(scope, names)

    def _later(self, scope: int, names: list[str]) -> Iterator[Entry]:
        """Calls that decorate a thing without `@`, that are given it, or are of methods that its decorators gave it."""
        ctx = self.ctx
        statement = ctx.statement(scope)
        root = statement.root if statement is not None else None
        if not isinstance(root, cst.FunctionDef | cst.ClassDef):
            return
        made: dict[str, list[Table]] = {}
        for offset in ctx.words.names.get(root.name.value, ())[:MAX_READS]:
            line = ctx.script.at(offset)
            used = ctx.parser.parse(line) if line is not None and line.index != scope else None
            for node in used.nodes if used is not None else ():
                if isinstance(node, cst.Call) and used is not None:
                    for name, call in self._on(scope, node, names, used):
                        made.setdefault(name, []).append(call_table(ctx, used, call, name))
        for name, tables in made.items():
            if len(tables) == 1:
                yield from _entries(name, tables[0])
            else:
                yield from _rivals(one for table in tables for one in _entries(name, table))

    def _on(self, scope: int, call: cst.Call, names: list[str], used: Statement) -> Iterator[tuple[str, cst.Call]]:
        callee = call.func
        if isinstance(callee, cst.Call) and call.args and self._means(call.args[0].value, scope, used):
            name = qualified(self.ctx, callee.func, used)
            if name is not None:
                yield name, callee
        elif isinstance(callee, cst.Attribute) and self._means(callee.value, scope, used):
            for name in names:
                yield f"{name}.{callee.attr.value}", call
        elif any(self._means(argument.value, scope, used) for argument in call.args):
            name = qualified(self.ctx, callee, used)
            if name is not None:
                yield name, call

    def _means(self, node: cst.CSTNode, scope: int, statement: Statement) -> bool:
        return isinstance(node, cst.Name) and local_definition(self.ctx, (node.value,), statement) == scope


def qualified(ctx: Context, callee: cst.CSTNode, statement: Statement) -> str | None:
    """The qualified name of a callee; a method of what a known call made is named behind that call's callee."""
    for name, _ in held_names(ctx, callee, statement, callee):
        return name
    if isinstance(callee, cst.Attribute):
        for one in ctx.evaluate(callee.value, statement):
            if isinstance(one.data, Table) and one.data.syntax == "python.call" and one.data.name[:1] not in ("", "."):
                return f"{one.data.name}.{callee.attr.value}"
    return None


def _entries(prefix: str, table: Table, branches: Branches = ALWAYS, depth: int = 0) -> Iterator[Entry]:
    """The entries of a table and of the tables in it, by their paths."""
    if table.open or any(entry.name == "**" and not _seen(entry.value) for entry in table.entries):
        yield _unseen(prefix, table)
    for entry in table.entries:
        arms = branches | entry.branches
        path = prefix if entry.name == "**" else f"{prefix}.{entry.name}"
        if entry.name != "**":
            yield replace(entry, name=path, branches=arms)
        for one in entry.value:
            if isinstance(one.data, Table) and depth < MAX_DEPTH:
                yield from _entries(path, one.data, arms | one.branches, depth + 1)
            elif one.kind == "unknown" and entry.name != "**":
                yield _unseen(path, table)


def _rivals(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Entries of which nobody can tell whether they are the ones that hold."""
    for entry in entries:
        yield Entry(entry.name, (Alternative("unknown", None, entry.place),), entry.place)


def _seen(value: Value) -> bool:
    return all(isinstance(one.data, Table) for one in value)


def _unseen(path: str, table: Table) -> Entry:
    value: Value = (Alternative("unknown", None, table.place),)
    return Entry(f"{path}.{UNSEEN}", value, table.place)
