"""Rewrites words and variables of containers in a Terraform file, and keeps every other byte."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from itertools import pairwise

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
    Written,
)
from ecolint.readers.terraform.containers import ENV
from ecolint.readers.terraform.tree import File, Node, Unreadable, parse

_NAME = re.compile(r"[A-Za-z_][\w-]*\Z")
_JOINED = re.compile(r"--[A-Za-z][\w.-]*=")


def edits(source: Source, table: Table, changes: Sequence[Change]) -> tuple[Edit, ...]:
    """Non-overlapping edits for all changes of one table, in order. Raises CannotEdit."""
    if not table.writable:
        raise CannotEdit("the text is not written out in one place")
    try:
        file = parse(source.text)
    except Unreadable as error:
        raise CannotEdit(error.reason) from error
    writer = _Writer(source, file)
    made = writer.words(table, changes) if table.syntax == "terraform.words" else writer.variables(table, changes)
    return tuple(sorted(made))


class _Writer:
    def __init__(self, source: Source, file: File) -> None:
        self.source, self.text, self.file = source, source.text, file
        self.newline = "\r\n" if "\r\n" in source.text else "\n"

    def edit(self, start: int, end: int, text: str) -> Edit:
        return Edit(self.source.path, Span(start, end), text)

    def node(self, span: Span) -> Node:
        """The node that stands exactly there."""
        for node in self.file.nodes():
            if (node.start, node.end) == (span.start, span.end):
                return node
        raise CannotEdit("the text does not stand where it was read")

    # --- lists

    def words(self, table: Table, changes: Sequence[Change]) -> list[Edit]:
        """Set, remove and append words, each in the list in which it stands."""
        made: list[Edit] = []
        gone: list[Span] = []
        new: list[str] = []
        for change in changes:
            if isinstance(change, AddEntry):
                new += self.new_words(table, change)
                continue
            siblings = [entry for entry in table.entries if entry.place == change.entry.place]
            if len(siblings) > 1:
                raise CannotEdit("the word is only partly known")
            if isinstance(change, RemoveEntry):
                gone.append(change.entry.place.span)
            else:
                made.append(self.literal(self.node(change.entry.place.span), change.value))
        lists = [node for node in self.file.nodes() if node.kind == "list"]
        for node in lists:
            inside = [item for item in node.items if Span(item.start, item.end) in gone]
            here = (node.start, node.end) == (table.place.span.start, table.place.span.end)
            if inside or (here and new):
                made += self.listed(node, [node.items.index(item) for item in inside], new if here else [])
        return made

    def new_words(self, table: Table, change: AddEntry) -> list[str]:
        if change.value is None:
            return [_quoted(change.name)]
        said = [str(e.value[0].data) for e in table.entries if isinstance(e.value[0].data, str)]
        joined = sum(1 for word in said if _JOINED.match(word))
        apart = sum(1 for one, two in pairwise(said) if one.startswith("--") and "=" not in one and two[:1] != "-")
        if change.name.startswith("-") and joined and joined >= apart:
            return [_quoted(f"{change.name}={_plain(change.value)}")]
        return [_quoted(change.name), _quoted(_plain(change.value))]

    def listed(self, node: Node, gone: Sequence[int], new: Sequence[str]) -> list[Edit]:
        """Take items out of a list, and put new ones behind the last that stays."""
        items = node.items
        kept = [index for index in range(len(items)) if index not in gone]
        if not items or not kept:
            start, end = (items[0].start, items[-1].end) if items else (node.start + 1, node.end - 1)
            return [self.edit(start, end, ", ".join(new))]
        made: list[Edit] = []
        for index in sorted(gone):
            if index < kept[-1]:
                made.append(self.edit(items[index].start, items[index + 1].start, ""))
            else:
                made.append(self.edit(items[index - 1].end, items[index].end, ""))
        if new:
            last = items[kept[-1]]
            made.append(self.edit(last.end, last.end, "".join(f",{self.gap(last)}{one}" for one in new)))
        return made

    def gap(self, last: Node) -> str:
        """What stands before an item: a blank, or a new line where each has its own."""
        line = self.text.rfind("\n", 0, last.start) + 1
        indent = self.text[line : last.start]
        return " " if indent.strip() else self.newline + indent

    # --- variables

    def variables(self, table: Table, changes: Sequence[Change]) -> list[Edit]:
        """Set, remove and add variables of a container."""
        home = self.node(table.place.span)
        blocks = [pair for pair in home.pairs if ENV.match(pair.name)]
        repeated = home.block and (not blocks or _named(blocks[-1].value))
        if home.block and not repeated:
            home = blocks[-1].value
        made: list[Edit] = []
        gone: list[Entry] = []
        new: list[AddEntry] = []
        for change in changes:
            if isinstance(change, AddEntry):
                new.append(change)
            elif isinstance(change, RemoveEntry):
                gone.append(change.entry)
            else:
                made.append(self.variable(change))
        if repeated:
            made += [self.without_line(entry.place.span) for entry in gone]
            return made + self.new_blocks(home, [(one.name, _plain(one.value)) for one in new])
        if home.kind == "list":
            spans = [entry.place.span for entry in gone]
            indexes = [i for i, item in enumerate(home.items) if Span(item.start, item.end) in spans]
            if len(indexes) != len(gone):
                raise CannotEdit("the variable does not stand in the list")
            pairs = not home.items or home.items[-1].kind == "object"
            return made + self.listed(home, indexes, [_listed(one, pairs) for one in new]) if gone or new else made
        return made + self.object(home, gone, new)

    def variable(self, change: SetEntry) -> Edit:
        span = change.entry.place.span
        for node in self.file.nodes():
            for pair in node.pairs:
                if (pair.start, pair.end) == (span.start, span.end):
                    inner = pair.value.get("value") if pair.value.block else pair.value
                    if inner is None:
                        raise CannotEdit("the variable's value comes from elsewhere")
                    return self.literal(inner, change.value)
            if (node.start, node.end) == (span.start, span.end):
                if node.kind != "object":
                    return self.edit(node.start, node.end, _quoted(f"{change.entry.name}={_plain(change.value)}"))
                inner = node.get("value")
                if inner is not None:
                    return self.literal(inner, change.value)
        raise CannotEdit("the variable's value comes from elsewhere")

    def literal(self, node: Node, value: Written) -> Edit:
        """A literal in the place of another; a number stays one where it can."""
        if node.kind != "scalar":
            raise CannotEdit("the value is no literal")
        said = _plain(value)
        bare = not node.quoted and re.fullmatch(r"-?\d+(\.\d+)?|true|false", said) is not None
        return self.edit(node.start, node.end, said if bare else _quoted(said))

    def without_line(self, span: Span) -> Edit:
        """Take a block or an attribute away with its lines."""
        begin = self.text.rfind("\n", 0, span.start) + 1
        stop = self.text.find("\n", span.end)
        stop = stop + 1 if stop >= 0 else len(self.text)
        alone = not self.text[begin : span.start].strip() and not self.text[span.end : stop].strip(" \t\r\n,")
        return self.edit(begin, stop, "") if alone else self.edit(span.start, span.end, "")

    def new_blocks(self, home: Node, new: Sequence[tuple[str, str]]) -> list[Edit]:
        """Further `env` blocks behind the last one, or at the end of the container."""
        if not new:
            return []
        blocks = [pair for pair in home.pairs if ENV.match(pair.name)]
        last = blocks[-1] if blocks else home.pairs[-1]
        begin = self.text.rfind("\n", 0, last.start) + 1
        indent = self.text[begin : last.start]
        if indent.strip():
            raise CannotEdit("the block stands on one line")
        name = blocks[-1].name if blocks else "env"
        lines = "".join(
            self.newline
            + self.newline.join(
                [
                    f"{indent}{name} {{",
                    f"{indent}  name  = {_quoted(k)}",
                    f"{indent}  value = {_quoted(v)}",
                    f"{indent}}}",
                ]
            )
            for k, v in new
        )
        return [self.edit(last.end, last.end, lines)]

    def object(self, home: Node, gone: Sequence[Entry], new: Sequence[AddEntry]) -> list[Edit]:
        """Take elements out of an object, and put new ones behind the last."""
        spans = {entry.place.span for entry in gone}
        out = [index for index, pair in enumerate(home.pairs) if Span(pair.start, pair.end) in spans]
        if len(out) != len(gone):
            raise CannotEdit("the variable does not stand in the object")
        made: list[Edit] = []
        one_line = "\n" not in self.text[home.start : home.end]
        kept = [index for index in range(len(home.pairs)) if index not in out]
        lines = [_element(one) for one in new]
        if not kept:
            start, end = (home.pairs[0].start, home.pairs[-1].end) if home.pairs else (home.start + 1, home.end - 1)
            gap = "" if home.pairs or not lines else " "
            return [self.edit(start, end, gap + ", ".join(lines) + gap)] if lines or out else []
        for index in out:
            pair = home.pairs[index]
            if not one_line:
                made.append(self.without_line(Span(pair.start, pair.end)))
            elif index < kept[-1]:
                made.append(self.edit(pair.start, home.pairs[index + 1].start, ""))
            else:
                made.append(self.edit(home.pairs[index - 1].end, pair.end, ""))
        if lines:
            last = home.pairs[kept[-1]]
            begin = self.text.rfind("\n", 0, last.start) + 1
            indent = self.text[begin : last.start]
            gap = self.newline + indent if not one_line and not indent.strip() else ", "
            comma = "," if gap != ", " and self.text[last.end : last.end + 1] == "," else ""
            at = last.end + len(comma)
            made.append(self.edit(at, at, "".join(gap + one + comma for one in lines)))
        return made


def _named(node: Node) -> bool:
    """Whether a block is one variable, with its name."""
    return node.block and node.get("name") is not None


def _element(change: AddEntry) -> str:
    name = change.name if _NAME.match(change.name) else _quoted(change.name)
    return f"{name} = {_quoted(_plain(change.value))}"


def _listed(change: AddEntry, pairs: bool) -> str:
    said = _plain(change.value)
    if pairs:
        return f"{{ name = {_quoted(change.name)}, value = {_quoted(said)} }}"
    return _quoted(f"{change.name}={said}")


def _plain(value: Written) -> str:
    if isinstance(value, (Symbol, Construct)) or value is None:
        raise CannotEdit("Terraform has no way to write that")
    return str(value).lower() if isinstance(value, bool) else str(value)


def _quoted(text: str) -> str:
    """A text in quotes, with nothing that Terraform would fill in."""
    return json.dumps(text, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")
