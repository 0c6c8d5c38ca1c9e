"""The word room for commands: lists of words, followed to the expressions and additions that they are built of."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from ecolint.model import Entry, Place
from ecolint.readers.python.bindings import assigned
from ecolint.readers.python.calls import held_names, returns
from ecolint.readers.python.command_texts import (
    FLAG,
    MAX_DEPTH,
    MAX_WORDS,
    Line,
    as_word,
    line_of,
    plain_text,
    text_of,
    word_of,
)
from ecolint.readers.python.context import Context
from ecolint.readers.python.names import class_member, dotted, enclosing_class, find, local_definition, shadowed
from ecolint.readers.python.parsing import Statement
from ecolint.readers.python.scopes import Binding
from ecolint.readers.shell.script import split

MAX_VISITS = 2_000
"""Lists that one command line is followed through: a list added to itself twelve times is 4,096 of them."""


class Words:
    """Follows the words of one command line."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx
        self.depth = 0
        self.visits = 0

    def of(self, node: cst.CSTNode, statement: Statement) -> Line | None:
        """The words of an expression that is a list of words; None where it is none, or nobody can tell."""
        self.visits += 1
        if self.depth > MAX_DEPTH or self.visits > MAX_VISITS:
            return None
        self.depth += 1
        try:
            return self._find(node, statement)
        finally:
            self.depth -= 1

    def _find(self, node: cst.CSTNode, statement: Statement) -> Line | None:
        if isinstance(node, cst.List | cst.Tuple):
            return self.elements(node.elements, statement)
        if isinstance(node, cst.Name | cst.Attribute):
            return self._named(node, statement)
        if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Add):
            left, right = self.of(node.left, statement), self.of(node.right, statement)
            if left is None and right is None:
                return None
            line = Line()
            line.add(left or Line(open=True))
            line.add(right or Line(open=True))
            return line
        if isinstance(node, cst.Call):
            return self._called(node, statement)
        return None

    def elements(self, elements: Sequence[cst.BaseElement], statement: Statement) -> Line:
        """The words of a list display."""
        line = Line()
        for element in elements:
            if isinstance(element, cst.StarredElement):
                line.add(self.of(element.value, statement) or Line(open=True))
                continue
            place = self.ctx.place(statement, element.value)
            value = tuple(as_word(one, place) for one in self.ctx.evaluate(element.value, statement))
            if plain_text(value) is None and (flag := self._flag(element.value, statement)) is not None:
                line.entries.append(word_of(flag, place))
            line.entries.append(Entry("", value, place))
        return line

    def _flag(self, node: cst.CSTNode, statement: Statement) -> str | None:
        """The flag in a word such as `f"--port={port}"`."""
        text = text_of(self.ctx, node, statement)
        match = FLAG.match(text[0]) if text is not None else None
        return match.group(1) if match else None

    def _named(self, node: cst.Name | cst.Attribute, statement: Statement) -> Line | None:
        """The words under a name: what it was bound to, and what was added to it since."""
        ctx, parts = self.ctx, dotted(node)
        if parts is None or shadowed(statement, node, parts[0]):
            return None
        path, line = ".".join(parts), statement.line
        base = self._base(path, statement, 0)
        start = ctx.statement(base.line) if base is not None else None
        written = assigned(start, path) if start is not None and base is not None else None
        if start is None or written is None or written[1]:
            return None
        first = self.of(written[0], start)
        if first is None:
            return None
        found = Line(list(first.entries), first.open)
        scope = start.line.scope
        if "." in path and line.scope != scope:
            # other methods may have added to an attribute in the meantime
            found.open = found.open or any(
                path in names.mutations for other, names in ctx.scopes.names.items() if other != scope
            )
        end = line if line.scope == scope else ctx.flow.end(scope)
        added = [one.line for one in ctx.scopes.changes(scope, path, start.line.index, end.index)]
        bound = ctx.scopes.of(scope).bindings.get(path, ())
        added += [one.line for one in bound if one.kind == "aug" and start.line.index < one.line < end.index]
        for index in sorted(added)[:MAX_WORDS]:
            arms = ctx.flow.between(ctx.script.lines[index], end)
            if arms is not None:
                found.add(self._appended(index), ctx.flow.name(arms))
        return found

    def _base(self, path: str, statement: Statement, depth: int) -> Binding | None:
        """The one assignment that a name's words start from; what `+=` adds comes later."""
        ctx, line = self.ctx, statement.line
        if "." in path:
            reaches = tuple(ctx.flow.reaching(path, line, line.scope) or ())
            if not reaches and path.startswith("self.") and path.count(".") == 1:
                members = class_member(ctx, enclosing_class(ctx, line), path[len("self.") :])
                return members[0] if len(members) == 1 and members[0].kind == "assign" else None
        else:
            found = find(ctx, path, line)
            reaches = () if found.rivals else found.reaches
        bases: set[Binding | None] = set()
        for reach in reaches:
            if reach.binding.kind == "aug" and depth < MAX_DEPTH:
                before = ctx.statement(reach.binding.line)
                bases.add(self._base(path, before, depth + 1) if before is not None else None)
            else:
                bases.add(reach.binding if reach.binding.kind == "assign" else None)
        return bases.pop() if len(bases) == 1 else None

    def _appended(self, index: int) -> Line:
        """What `words += y`, `words.append(x)` and `words.extend(y)` add; anything else may change everything."""
        statement = self.ctx.statement(index)
        root = statement.root if statement is not None else None
        if statement is not None and isinstance(root, cst.AugAssign) and isinstance(root.operator, cst.AddAssign):
            return self.of(root.value, statement) or Line(open=True)
        call = root.value if isinstance(root, cst.Expr) else None
        if statement is None or not isinstance(call, cst.Call) or not isinstance(call.func, cst.Attribute):
            return Line(open=True)
        if len(call.args) == 1 and call.func.attr.value == "append":
            return self.elements([cst.Element(call.args[0].value)], statement)
        if len(call.args) == 1 and call.func.attr.value == "extend":
            return self.of(call.args[0].value, statement) or Line(open=True)
        return Line(open=True)

    def _called(self, call: cst.Call, statement: Statement) -> Line | None:
        """`"…".split()`, `shlex.split("…")`, `list(words)`, `words.copy()`, or a function that returns words."""
        ctx, parts = self.ctx, dotted(call.func)
        if isinstance(call.func, cst.Attribute):
            method, holder = call.func.attr.value, call.func.value
            if method == "split" and parts != ("shlex", "split") and not call.args:
                return self._single(text_of(self.ctx, holder, statement))
            if method == "copy" and not call.args:
                return self.of(holder, statement)
        if parts is None:
            return None
        if (
            parts[-1] == "split"
            and len(call.args)
            and any(name == "shlex.split" for name, _ in held_names(ctx, call.func, statement, call))
        ):
            return self._single(text_of(self.ctx, call.args[0].value, statement))
        if parts in (("list",), ("tuple",)) and len(call.args) == 1:
            return self.of(call.args[0].value, statement)
        local = local_definition(ctx, parts, statement)
        if local is None or ctx.script.lines[local].kind != "def":
            return None
        found = [one for one in returns(ctx, local) if isinstance(one.root, cst.Return)]
        if len(found) == 1 and isinstance(found[0].root, cst.Return) and found[0].root.value is not None:
            return self.of(found[0].root.value, found[0])
        return None

    def _single(self, text: tuple[str, Place] | None) -> Line | None:
        """A text that is split at its spaces, as one command."""
        if text is None:
            return None
        commands = split(text[0], {}).commands
        if len(commands) != 1:
            return None
        return line_of(self.ctx, commands[0].words, *text)
