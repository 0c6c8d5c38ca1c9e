"""The editing room for commands: words that are literals of a list, or stand in a literal text, where they stand."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import field

import libcst as cst

from ecolint.model import AddEntry, CannotEdit, Change, Edit, Entry, SetEntry, Source, Span, Table, Wanted, Written
from ecolint.readers import Nowhere
from ecolint.readers.python.context import prepare
from ecolint.readers.python.layout import Listing, Patch, line_end, line_start, rearrange
from ecolint.readers.python.parsing import Statement
from ecolint.readers.python.sharing import Readers
from ecolint.readers.python.values import attach
from ecolint.shaped import dataclass
from ecolint.speech import say

_PLAIN = re.compile(r"[\w./:=,+-]+\Z")
"""Words that no shell and no string literal reads otherwise."""


@dataclass(slots=True)
class _Todo:
    """What happens to one list of words."""

    statement: Statement
    node: cst.List | cst.Tuple
    replaced: dict[int, str] = field(default_factory=dict)
    removed: list[int] = field(default_factory=list)
    added: list[str] = field(default_factory=list)


def rewrite_words(source: Source, table: Table, changes: Sequence[Change]) -> tuple[Edit, ...]:
    """Edits for all changes of one command line of this file. Raises `CannotEdit` where no single right edit exists."""
    editor = _Editor(source, table)
    for change in changes:
        editor.change(change)
    return editor.edits()


class _Editor:
    def __init__(self, source: Source, table: Table) -> None:
        self.ctx = attach(prepare(source, Wanted(), Nowhere()))
        self.source, self.table, self.text = source, table, source.text
        self.lists: dict[cst.CSTNode, _Todo] = {}
        self.patches: list[Patch] = []

    def change(self, change: Change) -> None:
        """Note one change where its word stands."""
        if isinstance(change, AddEntry):
            self.add(change)
            return
        entry = change.entry
        appended = self.appended(entry)
        if appended is not None and isinstance(change, SetEntry):
            self.patches.append((entry.place.span, self.quoted(_word(change.value), entry)))
            return
        if appended is not None:
            self.patches.append(self.without(appended))
            return
        todo, index = self.element(entry)
        if todo is not None and isinstance(change, SetEntry):
            todo.replaced[index] = self.quoted(_word(change.value), entry)
        elif todo is not None:
            todo.removed.append(index)
        elif isinstance(change, SetEntry):
            self.patches.append((entry.place.span, _word(change.value)))
        else:
            start = entry.place.span.start
            while self.text[start - 1] in " \t":
                start -= 1
            self.patches.append((Span(start, entry.place.span.end), ""))

    def add(self, change: AddEntry) -> None:
        """New words go behind the last word that is written out in place."""
        words = [change.name] if change.value is None else [change.name, _word(change.value)]
        for entry in reversed(self.table.entries):
            if entry.branches:
                continue
            try:
                todo, index = self.element(entry)
            except CannotEdit:
                continue
            if todo is None:
                end = entry.place.span.end
                self.patches.append((Span(end, end), "".join(f" {word}" for word in words)))
                return
            if index == len(todo.node.elements) - 1:
                todo.added += [self.quoted(word, entry) for word in words]
                return
        raise CannotEdit("no word of the command is written out in place")

    def appended(self, entry: Entry) -> Statement | None:
        """The statement `words.append("…")` that adds just this word."""
        line = self.ctx.script.at(entry.place.span.start) if entry.place.path == self.source.path else None
        statement = self.ctx.parser.parse(line) if line is not None else None
        call = statement.root.value if statement is not None and isinstance(statement.root, cst.Expr) else None
        if statement is None or not isinstance(call, cst.Call) or len(call.args) != 1:
            return None
        word = call.args[0].value
        literal = isinstance(word, cst.SimpleString) and statement.span(word) == entry.place.span
        return statement if literal and isinstance(call.func, cst.Attribute) else None

    def element(self, entry: Entry) -> tuple[_Todo | None, int]:
        """The list that holds a word as a literal of its own and the word's position; None where a text holds it."""
        span = entry.place.span
        line = self.ctx.script.at(span.start) if entry.place.path == self.source.path else None
        statement = self.ctx.parser.parse(line) if line is not None else None
        word = entry.value[0].data if len(entry.value) == 1 else None
        if statement is None or not isinstance(word, str):
            raise CannotEdit("the word is not written out in place")
        for node in statement.nodes:
            if not isinstance(node, cst.SimpleString):
                continue
            at = statement.span(node)
            if at == span and node.evaluated_value == word:
                element = statement.parents[node]
                home = statement.parents.get(element)
                if isinstance(element, cst.Element) and isinstance(home, cst.List | cst.Tuple):
                    if self.table.name:  # what a call is handed, another call may be handed as well
                        Readers(self.ctx).alone(statement, home, say("list"))
                    todo = self.lists.setdefault(home, _Todo(statement, home))
                    return todo, list(home.elements).index(element)
            elif at.start < span.start and span.end < at.end and self.text[span.start : span.end] == word:
                return None, 0
        raise CannotEdit("the word is not written out in place")

    def quoted(self, word: str, like: Entry) -> str:
        """A word as a literal with the quotes of another."""
        quote = self.text[like.place.span.end - 1]
        return f"{quote}{word}{quote}"

    def edits(self) -> tuple[Edit, ...]:
        """The edits, in order."""
        newline = "\r\n" if "\r\n" in self.text else "\n"
        patches = list(self.patches)
        for todo in self.lists.values():
            if len(todo.removed) == len(todo.node.elements) and not todo.added:
                patches.append(self.without(todo.statement))
                continue
            whole = todo.statement.span(todo.node)
            spans = tuple(todo.statement.span(element) for element in todo.node.elements)
            bare = self.text[whole.start] not in "[("
            opened, closed = (whole.start, whole.end) if bare else (whole.start + 1, whole.end - 1)
            listing = Listing(self.text, newline, opened, closed, spans)
            patches += rearrange(listing, todo.replaced, todo.removed, todo.added, last=True)
        return tuple(Edit(self.source.path, span, text) for span, text in sorted(patches))

    def without(self, statement: Statement) -> Patch:
        """The removal of a statement that does nothing but add the removed words."""
        line = statement.line
        grows = isinstance(statement.root, cst.AugAssign | cst.Expr)
        start, stop = line_start(self.text, line.start), line_end(self.text, line.end)
        alone = not self.text[start : line.start].strip() and not self.text[line.end : stop].partition("#")[0].strip()
        if not grows or not alone or len(self.ctx.script.children[line.parent]) == 1:
            raise CannotEdit("the words are all that the list holds")
        ending = 2 if self.text.startswith("\r\n", stop) else 1 if stop < len(self.text) else 0
        return Span(start, stop + ending), ""


def _word(value: Written) -> str:
    if not isinstance(value, str) or not _PLAIN.match(value):
        raise CannotEdit("the word would need quotes of its own")
    return value
