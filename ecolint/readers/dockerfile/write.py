"""Rewrites a Dockerfile in place: ENV pairs, the words of exec forms, the words of scripts; comments stay."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import partial
from itertools import pairwise

from ecolint.model import (
    AddEntry,
    CannotEdit,
    Change,
    Edit,
    Entry,
    RemoveEntry,
    SetEntry,
    Source,
    Span,
    Table,
)
from ecolint.readers.dockerfile.instructions import File, Instruction, parsed
from ecolint.readers.dockerfile.stages import exec_words, pairs
from ecolint.readers.shell.write import script_edits, text_of

_SAFE = re.compile(r"[A-Za-z0-9_./:@%+,=-]*\Z")
_QUOTABLE = re.compile(r"[^\x00-\x1f\x7f'\"\\$`]*\Z")
_FLAG_WITH_VALUE = re.compile(r"--[A-Za-z][\w.-]*=")


def edits(source: Source, table: Table, changes: Sequence[Change]) -> tuple[Edit, ...]:
    """Non-overlapping edits for all changes of one table, in order. Raises CannotEdit."""
    if not table.writable:
        raise CannotEdit("the text is generated or not written out here")
    file = parsed(source.text)
    if table.syntax == "docker.env":
        made = _Environment(source, file, table).edits(changes)
    elif table.syntax == "docker.words":
        made = _List(source, file, table).edits(changes)
    elif table.syntax == "shell.words":
        at = table.place.span.start
        one = next((one for one in file.instructions if one.at <= at < one.end), None)
        in_string = one is not None and exec_words(one) is not None
        made = script_edits(source, lambda word: not in_string or not re.search(r"[\"\\]", word), table, changes)
    else:
        raise CannotEdit("the text does not stand where it was read")
    return tuple(sorted(made))


class _Row:
    """Things that stand one behind the other in one instruction, by their spans in the file."""

    def __init__(self, source: Source, spans: Sequence[Span]) -> None:
        self.source, self.text, self.spans = source, source.text, spans

    def edit(self, start: int, end: int, text: str) -> Edit:
        return Edit(self.source.path, Span(start, end), text)

    def commented(self, start: int, end: int) -> bool:
        """Whether comment lines stand in a range between two of the things."""
        return any(line.lstrip().startswith("#") for line in self.text[start:end].split("\n")[1:])

    def removed(self, gone: set[int]) -> list[Edit]:
        """Some, but not all, taken away, each with what separates it from the one before it."""
        spans, made = self.spans, []
        first = next(index for index in range(len(spans)) if index not in gone)
        if first:
            if self.commented(spans[0].start, spans[first].start):
                raise CannotEdit("a comment stands between the settings")
            made.append(self.edit(spans[0].start, spans[first].start, ""))
        for index in sorted(gone):
            if index < first:
                continue
            if not self.commented(spans[index - 1].end, spans[index].start):
                made.append(self.edit(spans[index - 1].end, spans[index].end, ""))
            else:
                made += self.line_removed(index)
        return made

    def line_removed(self, index: int) -> list[Edit]:
        """One that stands alone on its line taken away with it, and comments above it left."""
        span = self.spans[index]
        start = self.text.rfind("\n", 0, span.start) + 1
        end = self.text.find("\n", span.end)
        end = end + 1 if end >= 0 else len(self.text)
        last = index == len(self.spans) - 1
        tail = self.text[span.end : end]
        if self.text[start : span.start].strip() or tail.strip(" \t\r\n\\,`") or (last and tail.strip()):
            raise CannotEdit("a comment stands between the settings")
        made = [self.edit(start, end, "")]
        if last:
            before = self.spans[index - 1].end
            line_end = self.text.find("\n", before)
            made.append(self.edit(before, line_end, self.text[before:line_end].rstrip().rstrip("\\`").strip()))
        return made

    def separator(self) -> str:
        """What separates the last two, where nothing but blanks, a mark and a line break does."""
        gap = self.text[self.spans[-2].end : self.spans[-1].start]
        return " " if gap.strip(" \t\r\n\\`") else gap


class _Environment:
    """The variables of a stage, over all its ENV instructions."""

    def __init__(self, source: Source, file: File, table: Table) -> None:
        self.source, self.table = source, table
        self.instructions = [one for one in file.instructions if one.keyword == "ENV"]
        self.pairs = {one: list(pairs(one, file.escape)) for one in self.instructions}

    def edits(self, changes: Sequence[Change]) -> list[Edit]:
        made: list[Edit] = []
        gone: dict[Instruction, set[int]] = {}
        added = [change for change in changes if isinstance(change, AddEntry)]
        for change in changes:
            if isinstance(change, AddEntry):
                continue
            one, index = self.found(change.entry)
            if isinstance(change, RemoveEntry):
                gone.setdefault(one, set()).add(index)
            else:
                made.append(self.changed(one, index, change))
        for one, indexes in gone.items():
            row = self.row(one)
            if len(indexes) == len(row.spans):
                if added and self.last() is one:
                    raise CannotEdit("the instruction goes that it would be added to")
                made.append(self.without(one))
            else:
                made += row.removed(indexes)
        return made + self.added(added, gone)

    def row(self, one: Instruction) -> _Row:
        return _Row(self.source, [Span(*one.span(start, end)) for _, start, _, end in self.pairs[one]])

    def found(self, entry: Entry) -> tuple[Instruction, int]:
        for one in self.instructions:
            if one.start <= entry.place.span.start < one.end:
                for index, (_, start, _, _) in enumerate(self.pairs[one]):
                    if one.at + start == entry.place.span.start:
                        return one, index
        raise CannotEdit("the variable is not set by an ENV instruction")

    def changed(self, one: Instruction, index: int, change: SetEntry) -> Edit:
        _, _, at, end = self.pairs[one][index]
        start, stop = one.span(at, end)
        text = _quoted(text_of(change.value), self.source.text[start:stop])
        return Edit(self.source.path, Span(start, stop), text)

    def without(self, one: Instruction) -> Edit:
        """A whole instruction taken away with its line; the comments inside it stay."""
        text = self.source.text
        start = text.rfind("\n", 0, one.start) + 1
        end = text.find("\n", one.end)
        end = end + 1 if end >= 0 else len(text)
        kept = [line for line in text[start:end].splitlines(keepends=True)[1:] if line.lstrip().startswith("#")]
        if end == len(text) and not text.endswith("\n") and not kept and start:
            start -= 2 if text[:start].endswith("\r\n") else 1
        return Edit(self.source.path, Span(start, end), "".join(kept))

    def last(self) -> Instruction:
        """The instruction that the table stands at: the last one of the stage."""
        for one in self.instructions:
            if one.start == self.table.place.span.start:
                return one
        raise CannotEdit("the stage sets no variable")

    def added(self, added: Sequence[AddEntry], gone: dict[Instruction, set[int]]) -> list[Edit]:
        """New variables: beside the others of the last instruction where it sets several, else in one of their own."""
        if not added:
            return []
        one, text = self.last(), self.source.text
        words = [f"{change.name}={_quoted(text_of(change.value), '')}" for change in added]
        row = self.row(one)
        if len(row.spans) > 1 and len(row.spans) - 1 not in gone.get(one, ()):
            separator = row.separator()
            return [row.edit(row.spans[-1].end, row.spans[-1].end, "".join(separator + word for word in words))]
        newline = "\r\n" if "\r\n" in text else "\n"
        indent = text[text.rfind("\n", 0, one.start) + 1 : one.start]
        keyword = text[one.start : one.start + 3]
        return [row.edit(one.end, one.end, "".join(f"{newline}{indent}{keyword} {word}" for word in words))]


def _quoted(word: str, present: str) -> str:
    """A value as Docker reads it, in the quotes it had."""
    quote = present[:1] if present[:1] in ("'", '"') and present[-1:] == present[:1] and len(present) > 1 else ""
    if not quote and word and _SAFE.match(word):
        return word
    if not _QUOTABLE.match(word):
        raise CannotEdit("the value cannot be quoted there")
    return f"{quote or chr(34)}{word}{quote or chr(34)}"


class _List:
    """The words of exec forms: those of CMD, and those of ENTRYPOINT before them."""

    def __init__(self, source: Source, file: File, table: Table) -> None:
        self.source, self.table = source, table
        self.rows: dict[Instruction, _Row] = {}
        for one in file.instructions:
            words = exec_words(one) if one.keyword in ("CMD", "ENTRYPOINT") else None
            if words is not None:
                self.rows[one] = _Row(source, [Span(word.start, word.end) for word in words])

    def edits(self, changes: Sequence[Change]) -> list[Edit]:
        made: list[Edit] = []
        gone: dict[Instruction, set[int]] = {}
        added = [change for change in changes if isinstance(change, AddEntry)]
        for change in changes:
            if isinstance(change, AddEntry):
                continue
            one, index = self.found(change.entry)
            span = change.entry.place.span
            siblings = [entry for entry in self.table.entries if entry.place.span == span]
            if isinstance(change, RemoveEntry):
                if not all(any(isinstance(c, RemoveEntry) and c.entry == each for c in changes) for each in siblings):
                    raise CannotEdit("the word says more than what is to be removed")
                gone.setdefault(one, set()).add(index)
                continue
            if len(siblings) > 1:
                raise CannotEdit("the word is only partly known")
            made.append(Edit(self.source.path, span, json.dumps(text_of(change.value), ensure_ascii=False)))
        for one, indexes in gone.items():
            row = self.rows[one]
            if len(indexes) < len(row.spans):
                made += row.removed(indexes)
            else:
                made.append(row.edit(row.spans[0].start, row.spans[-1].end, ""))
        return made + self.added(added, gone)

    def found(self, entry: Entry) -> tuple[Instruction, int]:
        for one, row in self.rows.items():
            if entry.place.span in row.spans:
                return one, row.spans.index(entry.place.span)
        raise CannotEdit("the word does not stand in the list itself")

    def added(self, added: Sequence[AddEntry], gone: dict[Instruction, set[int]]) -> list[Edit]:
        """New words behind the last one, on lines of their own where the last flag has one."""
        if not added:
            return []
        one = next((one for one in self.rows if one.at == self.table.place.span.start), None)
        if one is None:
            raise CannotEdit("the text does not stand where it was read")
        row, text = self.rows[one], self.source.text
        if not row.spans or len(gone.get(one, ())) == len(row.spans):
            raise CannotEdit("the list is empty")
        separator = self.separator(row)
        last = row.spans[-1].end
        if text[last - 1] != '"':
            raise CannotEdit("the text does not stand where it was read")
        groups = (map(partial(json.dumps, ensure_ascii=False), self.words(change)) for change in added)
        return [row.edit(last, last, "".join(separator + ", ".join(group) for group in groups))]

    def separator(self, row: _Row) -> str:
        """What stands before the last flag, where that is blanks and a line break."""
        for one, two in list(pairwise(row.spans))[::-1][:2]:
            gap = self.source.text[one.end : two.start]
            if "\n" in gap:
                return ", " if gap.strip(" \t\r\n\\`,") else gap
            if self.source.text.startswith('"-', two.start):
                break
        return ", "

    def words(self, change: AddEntry) -> list[str]:
        """A flag and its value, in one word where most flags of the line are written so."""
        if change.value is None:
            return [change.name]
        written = [str(entry.value[0].data) for entry in self.table.entries]
        flags = [word for word in written if word.startswith("--")]
        joined = sum(1 for word in flags if _FLAG_WITH_VALUE.match(word))
        if change.name.startswith("-") and joined and joined * 2 >= len(flags):
            return [f"{change.name}={text_of(change.value)}"]
        return [change.name, text_of(change.value)]
