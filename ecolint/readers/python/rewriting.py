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
    RemoveEntry,
    SetEntry,
    Source,
    Span,
    Symbol,
    Table,
    Wanted,
    Written,
)
from ecolint.readers import Nowhere
from ecolint.readers.python.context import Context, prepare
from ecolint.readers.python.importing import Imports
from ecolint.readers.python.layout import Listing, Patch, line_end, line_start, rearrange
from ecolint.readers.python.lines import Line
from ecolint.readers.python.names import find
from ecolint.readers.python.parsing import Statement
from ecolint.readers.python.scopes import MODULE
from ecolint.readers.python.sharing import Readers
from ecolint.readers.python.values import attach

_OPEN = re.compile(r"[\s)\\]*\(")
_EQUALS = re.compile(r"\s*=\s*")
_IDENTIFIER = re.compile(r"[^\W\d]\w*\Z")

Holder = tuple[Statement, cst.CSTNode, Listing, tuple[cst.CSTNode, ...]]


def rewrite_table(source: Source, table: Table, changes: Sequence[Change]) -> tuple[Edit, ...]:
    """Edits for all changes of one table of this file. Raises `CannotEdit` where no single right edit exists."""
    if table.place.path != source.path:
        raise CannotEdit("this is written in another file")
    if not table.writable:
        raise CannotEdit("this has no one place where it is written")
    if "\0" in source.text:
        raise CannotEdit("binary data")
    return _Editor(attach(prepare(source, Wanted(), Nowhere())), table).edits(changes)


class _Editor:
    """The edits of one table."""

    def __init__(self, ctx: Context, table: Table) -> None:
        self.ctx = ctx
        self.table = table
        self.text = ctx.source.text
        self.newline = "\r\n" if "\r\n" in self.text else "\n"
        self.quote = "'" if self.text.count("'") > self.text.count('"') else '"'
        self.holder = self._holder(table.place.span)
        self.imports = Imports(ctx, self.holder[0].line, self.newline, table.name.partition(".")[0])
        self.alone = Readers(ctx)

    def edits(self, changes: Sequence[Change]) -> tuple[Edit, ...]:
        self.alone.check(self.holder[0], self.holder[1])
        replaced: dict[int, str] = {}
        removed: list[int] = []
        added: list[AddEntry] = []
        patches: list[Patch] = []
        elsewhere: dict[Span, SetEntry | RemoveEntry] = {}
        inside = {self.holder[0].span(node): index for index, node in enumerate(self.holder[3])}
        for change in changes:
            if isinstance(change, AddEntry):
                added.append(change)
            elif (index := inside.get(change.entry.place.span)) is None:
                elsewhere[change.entry.place.span] = change
            elif isinstance(change, SetEntry):
                replaced[index] = self._with_value(self.holder, index, change.value)
            else:
                removed.append(index)
                patches += self._unused(self.holder[3][index])
        if added and not removed and (heir := self._heir(elsewhere)) is not None:
            patches += self._in_its_place(elsewhere.pop(heir), added)
            added = []
        for one in elsewhere.values():
            patches += self._elsewhere(one)
        items = [self._item(one.name, one.value) for one in added]
        patches += rearrange(self.holder[2], replaced, removed, items, last=self._must_be_last(removed))
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
        """The call or dictionary that stands at a span, with its items; an attribute's assignment has none."""
        statement = self._statement(span)
        if self.table.syntax == "python.attribute":
            nothing = Listing(self.text, self.newline, span.start, span.start, ())
            return statement, statement.root, nothing, ()
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

    def _item(self, name: str, value: Written, holder: Holder | None = None) -> str:
        holder = holder or self.holder
        if isinstance(holder[1], cst.Dict):
            return f"{self._text(name)}: {self._text(value)}"
        if not _IDENTIFIER.match(name):
            raise CannotEdit("{name} cannot be a keyword", name=name)
        for node in holder[3]:
            if isinstance(node, cst.Arg) and node.keyword is not None and node.keyword.value == name:
                raise CannotEdit("{name} is already there", name=name)
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
            if isinstance(root, cst.Expr) and isinstance(root.value, cst.Call) and len(root.value.args) > 1:
                last = root.value.args[-1].value  # setdefault(key, value), setattr(object, name, value)
                return [(statement.span(last), self._text(change.value))]
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

    def _heir(self, elsewhere: Mapping[Span, SetEntry | RemoveEntry]) -> Span | None:
        """The removed entry of another line in whose place the new entries go, so that they stand in its branch."""
        if any(change.entry.place.path != self.ctx.source.path for change in elsewhere.values()):
            raise CannotEdit("this is written in another file")
        spans = [span for span, change in elsewhere.items() if isinstance(change, RemoveEntry)]
        lines = [self._statement(span).line for span in spans]
        if len({line.parent for line in lines}) > 1:
            raise CannotEdit("what is replaced stands in several branches")
        return min(spans, default=None)

    def _in_its_place(self, change: SetEntry | RemoveEntry, added: Sequence[AddEntry]) -> list[Patch]:
        """Patches that write new entries in the very statement that wrote a removed one."""
        span = change.entry.place.span
        statement = self._statement(span)
        line, text = statement.line, self.text
        self.imports.use = line
        if Span(line.start, line.end) != span:
            for node in statement.nodes:
                if isinstance(node, cst.Arg | cst.DictElement) and statement.span(node) == span:
                    holder = self._listing(statement, statement.parents[node])
                    items = [self._item(one.name, one.value, holder) for one in added]
                    return rearrange(holder[2], {}, (holder[3].index(node),), items)
            raise CannotEdit("the text has changed since it was read")
        root = statement.root
        if len(added) == 1 and isinstance(root, cst.Expr) and isinstance(root.value, cst.Call):
            func = statement.code(root.value.func)
            if func.endswith(".setdefault"):
                return [(span, f"{func}({self._text(added[0].name)}, {self._text(added[0].value)})")]
        target = root.targets[0].target if isinstance(root, cst.Assign) and len(root.targets) == 1 else None
        if not isinstance(target, cst.Subscript | cst.Attribute):
            raise CannotEdit("the assignment cannot be changed in place")
        base, written = statement.code(target.value), []
        for one in added:
            subscript = isinstance(target, cst.Subscript)
            place = f"{base}[{self._text(one.name)}]" if subscript else f"{base}.{one.name}"
            written.append(f"{place} = {self._text(one.value)}")
        before = text[line_start(text, line.start) : line.start]
        joint = self.newline + before if not before.strip() else "; "
        return [(span, joint.join(written))]

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

    def _unused(self, node: cst.CSTNode) -> list[Patch]:
        """The removal of the assignment of a variable that held a configuration for the removed item alone."""
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
        if line.scope != MODULE and ctx.script.lines[line.scope].kind == "class" and ctx.words.attributes.get(name):
            return []
        if re.search(rf"""__all__[^\]]*['"]{name}['"]""", self.text):
            return []
        if not isinstance(made, cst.Call) or not _is_class(made.func) or line.inline:
            return []
        if len(ctx.script.children[line.parent]) == 1:
            return []
        return self._without_line(line)


def _is_class(callee: cst.CSTNode) -> bool:
    """True for a callee that is a class by its name; making one has no effect beyond the object."""
    name = callee.attr.value if isinstance(callee, cst.Attribute) else getattr(callee, "value", "")
    return isinstance(name, str) and name[:1].isupper()


def _outer_start(statement: Statement, node: cst.CSTNode, text: str) -> int:
    """Where an expression begins with the parentheses around it."""
    start = statement.span(node).start
    for _ in getattr(node, "lpar", ()):
        start = text.rindex("(", 0, start)
    return start
