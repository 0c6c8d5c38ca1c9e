"""The editing room: changes to one call or dictionary, written where they stand."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence

import libcst as cst

from ecolint.model import (
    AddEntry,
    CannotEdit,
    Change,
    Construct,
    Edit,
    Entry,
    RemoveEntry,
    SetEntry,
    Source,
    Span,
    Symbol,
    Table,
    Value,
    Wanted,
    Written,
)
from ecolint.readers.python.context import Context, prepare
from ecolint.readers.python.importing import Imports
from ecolint.readers.python.layout import Listing, Patch, line_end, line_start, rearrange
from ecolint.readers.python.lines import Line
from ecolint.readers.python.names import find
from ecolint.readers.python.parsing import Statement
from ecolint.readers.python.scopes import MODULE
from ecolint.readers.python.values import attach

_OPEN = re.compile(r"[\s)\\]*\(")
_EQUALS = re.compile(r"\s*=\s*")
_IDENTIFIER = re.compile(r"[^\W\d]\w*\Z")
_REMOVABLE = (cst.Dict, cst.SimpleString, cst.Integer, cst.Float, cst.ConcatenatedString, cst.Name)

Holder = tuple[Statement, cst.CSTNode, Listing, tuple[cst.CSTNode, ...]]


class _Nobody:
    """A project without files; an edit looks at its own file alone."""

    def constants(self, module: str, from_path: str) -> Mapping[str, Value]:
        return {}

    def holds(self, module: str, from_path: str) -> bool:
        return False


def rewrite_table(source: Source, table: Table, changes: Sequence[Change]) -> tuple[Edit, ...]:
    """Edits for all changes of one table of this file. Raises `CannotEdit` where no single right edit exists."""
    if table.place.path != source.path:
        raise CannotEdit("this is written in another file")
    if not table.writable:
        raise CannotEdit("this has no one place where it is written")
    if "\0" in source.text:
        raise CannotEdit("binary data")
    return _Editor(attach(prepare(source, Wanted(), _Nobody())), table).edits(changes)


class _Editor:
    """The edits of one table."""

    def __init__(self, ctx: Context, table: Table) -> None:
        self.ctx = ctx
        self.table = table
        self.text = ctx.source.text
        self.newline = "\r\n" if "\r\n" in self.text else "\n"
        self.quote = "'" if self.text.count("'") > self.text.count('"') else '"'
        self.holder = self._holder(table.place.span)
        self.imports = Imports(ctx, self.holder[0].line, self.newline)

    def edits(self, changes: Sequence[Change]) -> tuple[Edit, ...]:
        replaced: dict[int, str] = {}
        removed: list[int] = []
        added: list[str] = []
        patches: list[Patch] = []
        elsewhere: dict[Span, list[SetEntry | RemoveEntry]] = {}
        inside = {self.holder[0].span(node): index for index, node in enumerate(self.holder[3])}
        for change in changes:
            if isinstance(change, AddEntry):
                added.append(self._item(change.name, change.value))
            elif (index := inside.get(change.entry.place.span)) is None:
                elsewhere.setdefault(change.entry.place.span, []).append(change)
            elif isinstance(change, SetEntry):
                replaced[index] = self._with_value(self.holder, index, change.value)
            else:
                removed.append(index)
                patches += self._unused(change.entry, self.holder[3][index])
        for group in elsewhere.values():
            patches += self._elsewhere(group[-1])
        patches += rearrange(self.holder[2], replaced, removed, added, last=self._must_be_last(removed))
        patches += self.imports.finish()
        return self._checked(patches)

    def _checked(self, patches: list[Patch]) -> tuple[Edit, ...]:
        found: dict[Span, str] = {}
        for span, text in patches:
            if span.start == span.end and span in found:
                found[span] += text
            else:
                found[span] = text
        ordered = sorted(found.items())
        for (one, _), (other, _) in itertools.pairwise(ordered):
            if other.start < one.end:
                raise CannotEdit("the changes overlap")
        return tuple(Edit(self.ctx.source.path, span, text) for span, text in ordered)

    # --- finding what is written -------------------------------------------------------------------------------------

    def _holder(self, span: Span) -> Holder:
        """The call or dictionary that stands at a span, with its items."""
        statement = self._statement(span)
        kind = cst.Dict if self.table.syntax == "python.dict" else cst.Call
        for node in statement.nodes:
            if isinstance(node, kind) and statement.span(node) == span:
                return self._listing(statement, node)
        raise CannotEdit("the text has changed since it was read")

    def _statement(self, span: Span) -> Statement:
        line = self.ctx.script.at(span.start)
        statement = self.ctx.parser.parse(line) if line is not None else None
        if statement is None:
            raise CannotEdit("the statement cannot be parsed")
        return statement

    def _listing(self, statement: Statement, node: cst.CSTNode) -> Holder:
        span = statement.span(node)
        items: tuple[cst.CSTNode, ...]
        if isinstance(node, cst.Call):
            match = _OPEN.match(self.text, statement.span(node.func).end)
            if match is None:
                raise CannotEdit("the call cannot be taken apart")
            opened, items = match.end(), tuple(node.args)
        else:
            assert isinstance(node, cst.Dict)
            opened, items = span.start + 1, tuple(node.elements)
        spans = tuple(statement.span(item) for item in items)
        return statement, node, Listing(self.text, self.newline, opened, span.end - 1, spans), items

    def _must_be_last(self, removed: Sequence[int]) -> bool:
        """True where a keyword cannot stand in the place of a removed item: positional ones follow."""
        items = self.holder[3]
        first = min(removed, default=0)
        later = [item for index, item in enumerate(items) if index > first and index not in removed]
        return any(isinstance(item, cst.Arg) and item.keyword is None and item.star != "**" for item in later)

    # --- writing -----------------------------------------------------------------------------------------------------

    def _item(self, name: str, value: Written) -> str:
        if isinstance(self.holder[1], cst.Dict):
            return f"{self._text(name)}: {self._text(value)}"
        if not _IDENTIFIER.match(name):
            raise CannotEdit(f"{name} cannot be a keyword")
        for node in self.holder[3]:
            if isinstance(node, cst.Arg) and node.keyword is not None and node.keyword.value == name:
                raise CannotEdit(f"{name} is already there")
        return f"{name}={self._text(value)}"

    def _text(self, value: Written) -> str:
        if isinstance(value, Symbol):
            return self.imports.name(value.name, construct=False)
        if isinstance(value, Construct):
            arguments = ", ".join(f"{name}={self._text(inner)}" for name, inner in value.arguments)
            return f"{self.imports.name(value.name, construct=True)}({arguments})"
        if isinstance(value, str):
            plain = value.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
            return self.quote + plain.replace(self.quote, "\\" + self.quote) + self.quote
        return repr(value)

    def _with_value(self, holder: Holder, index: int, value: Written) -> str:
        """The text of an item with another value."""
        span = holder[2].items[index]
        return self.text[span.start : self._value_start(holder, index)] + self._text(value)

    def _value_start(self, holder: Holder, index: int) -> int:
        statement, node = holder[0], holder[3][index]
        if isinstance(node, cst.Arg):
            if node.star:
                raise CannotEdit("a splatted argument has no value of its own")
            if node.keyword is None:
                return holder[2].items[index].start
            match = _EQUALS.match(self.text, statement.span(node.keyword).end)
            assert match is not None
            return match.end()
        if not isinstance(node, cst.DictElement):
            raise CannotEdit("a splatted dictionary has no value of its own")
        return _outer_start(statement, node.value, self.text)

    # --- entries that other lines wrote ------------------------------------------------------------------------------

    def _elsewhere(self, change: SetEntry | RemoveEntry) -> list[Patch]:
        """Patches for an entry outside the brackets: `d["k"] = v`, `c.k = v`, `d.update(k=v)`, `d.update({"k": v})`."""
        span = change.entry.place.span
        if change.entry.place.path != self.ctx.source.path:
            raise CannotEdit("this is written in another file")
        statement = self._statement(span)
        line = statement.line
        if Span(line.start, line.end) == span:
            if isinstance(change, RemoveEntry):
                return [*self._without_line(line)]
            root = statement.root
            if isinstance(root, cst.Assign | cst.AnnAssign) and root.value is not None:
                return [(Span(_outer_start(statement, root.value, self.text), line.end), self._text(change.value))]
            raise CannotEdit("the assignment cannot be changed in place")
        for node in statement.nodes:
            if isinstance(node, cst.Arg | cst.DictElement) and statement.span(node) == span:
                parent = statement.parents[node]
                holder = self._listing(statement, parent)
                index = holder[3].index(node)
                if isinstance(change, SetEntry):
                    return [(span, self._with_value(holder, index, change.value))]
                if len(holder[3]) == 1 and isinstance(statement.root, cst.Expr):
                    return self._without_line(line)
                return rearrange(holder[2], {}, (index,), ())
        raise CannotEdit("the text has changed since it was read")

    def _without_line(self, line: Line) -> list[Patch]:
        """Patches that remove a whole statement and its line, or leave `pass` where it is the only one of its block."""
        text = self.text
        siblings = self.ctx.script.children[line.parent]
        alone = not text[line_start(text, line.start) : line.start].strip()
        stop = line_end(text, line.end)
        rest = text[line.end : stop].strip()
        if len(siblings) == 1 and line.parent != MODULE:
            return [(Span(line.start, line.end), "pass")]
        if not alone or (rest and not rest.startswith("#")):
            if rest.startswith(";"):
                after = line.end + text[line.end : stop].index(";") + 1
                while after < stop and text[after] in " \t":
                    after += 1
                return [(Span(line.start, after), "")]
            before = text.rindex(";", 0, line.start)
            return [(Span(before, line.end), "")]
        ending = 2 if text.startswith("\r\n", stop) else 1 if stop < len(text) else 0
        return [(Span(line_start(text, line.start), stop + ending), "")]

    def _unused(self, entry: Entry, node: cst.CSTNode) -> list[Patch]:
        """The removal of the assignment of a variable that only the removed item read."""
        value = node.value if isinstance(node, cst.Arg | cst.DictElement | cst.StarredDictElement) else None
        if not isinstance(value, cst.Name):
            return []
        ctx, name = self.ctx, value.value
        found = find(ctx, name, self.holder[0].line)
        everywhere = [one for names in ctx.scopes.names.values() for one in names.bindings.get(name, ())]
        changes = [one for names in ctx.scopes.names.values() for one in names.mutations.get(name, ())]
        if len(found.reaches) != 1 or len(everywhere) != 1 or changes or len(ctx.words.names.get(name, ())) != 1:
            return []
        line = ctx.script.lines[everywhere[0].line]
        statement = ctx.parser.parse(line)
        root = statement.root if statement is not None else None
        if (
            not isinstance(root, cst.Assign)
            or len(root.targets) != 1
            or not isinstance(root.targets[0].target, cst.Name)
        ):
            return []
        made = root.value
        harmless = isinstance(made, _REMOVABLE) or (isinstance(made, cst.Call) and _is_class(made.func))
        if not harmless or len(ctx.script.children[line.parent]) == 1 or line.inline:
            return []
        return self._without_line(line)


def _is_class(callee: cst.CSTNode) -> bool:
    """True for a callee that is a class by its name; making one has no effect beyond the object."""
    name = callee.attr.value if isinstance(callee, cst.Attribute) else getattr(callee, "value", "")
    return isinstance(name, str) and (name[:1].isupper() or name == "dict")


def _outer_start(statement: Statement, node: cst.CSTNode, text: str) -> int:
    """Where an expression begins with the parentheses around it."""
    start = statement.span(node).start
    for _ in getattr(node, "lpar", ()):
        start = text.rindex("(", 0, start)
    return start
