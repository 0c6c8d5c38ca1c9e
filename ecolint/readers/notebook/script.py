"""Between a notebook and its script: cells out of the JSON, and changed cells back into it, other bytes untouched."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from difflib import SequenceMatcher

from ecolint.cells import MARK
from ecolint.model import CannotEdit
from ecolint.readers import Malformed
from ecolint.readers.notebook.document import Cell, Document, Literal, read
from ecolint.speech import say

MAX_COMPARED = 2000
"""Lines of one cell that are paired by what they say; in a longer stretch they are paired by their order."""

_CONTROL = MARK[1]
_PYTHON = ("python", "ipython", "pyspark")
_UNIT = re.compile(r"\\u[dD][89abAB]\w\w\\u[dD][c-fC-F]\w\w|\\u\w{4}|\\.|[^\\]", re.DOTALL)
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")


def unpack(text: str) -> str:
    """The script of a notebook: its Python cells, other cells empty; nothing for another language. Raises Malformed."""
    document = read(text)
    if not _is_python(document.languages):
        return ""
    pieces = []
    for number, cell in enumerate(document.cells, 1):
        source = _script_of(cell)
        if _CONTROL in source or "\0" in source:
            line = text.count("\n", 0, cell.literals[0].start) + 1
            raise Malformed(line, say("holds control characters in cell {number}", number=number))
        pieces.append(source + MARK)
    return "".join(pieces)


def _is_python(languages: Sequence[str]) -> bool:
    return not languages or any(name.lower().startswith(_PYTHON) for name in languages)


def _script_of(cell: Cell) -> str:
    return cell.source if cell.code and _is_python([cell.language] if cell.language else []) else ""


def repack(text: str, script: str) -> str:
    """The notebook with the cells of another script; what did not change keeps its bytes. Raises CannotEdit."""
    document = read(text)
    sources = script.split(MARK)[:-1]
    if len(sources) != len(document.cells):
        raise CannotEdit("a cell would appear or vanish")
    ascii_only = text.isascii() and _escapes(document)
    patches: list[tuple[int, int, str]] = []
    for cell, source in zip(document.cells, sources, strict=True):
        before = _script_of(cell)
        if source == before:
            continue
        if not cell.literals or not before:
            raise CannotEdit("an empty cell would be written to")
        writer = _Writer(text, cell, ascii_only)
        patches += writer.patches(source)
    made, at = [], 0
    for start, end, new in patches:
        made += [text[at:start], new]
        at = end
    result = "".join([*made, text[at:]])
    if unpack(result) != script:
        raise CannotEdit("the notebook would not read back")
    return result


def _escapes(document: Document) -> bool:
    return any(not literal.text.isascii() for cell in document.cells for literal in cell.literals)


class _Writer:
    """The patches of one cell: (start, end, text) in the order of the file."""

    def __init__(self, text: str, cell: Cell, ascii_only: bool) -> None:
        self.text, self.cell, self.ascii_only = text, cell, ascii_only

    def inner(self, value: str) -> str:
        """A string as JSON without its quotes, as the file writes what is not ASCII."""
        return json.dumps(value, ensure_ascii=self.ascii_only or bool(_SURROGATE.search(value)))[1:-1]

    def patches(self, source: str) -> list[tuple[int, int, str]]:
        """What makes the cell say `source`: by lines where its list has one line an item, else as one stretch."""
        literals = self.cell.literals
        by_line = self.cell.listed and all(
            one.text.find("\n") == len(one.text) - 1 or (one is literals[-1] and "\n" not in one.text)
            for one in literals
        )
        return self.lines(source) if by_line else [self.changed(literals, source)]

    def changed(self, literals: Sequence[Literal], value: str) -> tuple[int, int, str]:
        """Some literals with another text; what both texts begin and end with keeps its bytes, and its literals."""
        old = "".join(literal.text for literal in literals)
        limit = min(len(old), len(value))
        head = next((at for at in range(limit) if old[at] != value[at]), limit)
        tail = next((at for at in range(limit - head) if old[-1 - at] != value[-1 - at]), limit - head)
        start = self.offset(literals, head)
        end = max(start, self.offset(literals, len(old) - tail, after=tail > 0))
        return start, end, self.inner(value[head : len(value) - tail])

    def offset(self, literals: Sequence[Literal], at: int, after: bool = False) -> int:
        """Where in the file the character at an index of the literals' text stands.

        Between two literals that is the end of the first, or the start of the second with `after`.
        """
        for literal in literals:
            if at < len(literal.text) or (at == len(literal.text) and (literal is literals[-1] or not after)):
                units = _UNIT.finditer(self.text, literal.start + 1, literal.end - 1)
                ends = [literal.start + 1, *(unit.end() for unit in units)]
                if len(ends) != len(literal.text) + 1:
                    raise CannotEdit("a string is written in an unusual way")
                return ends[at]
            at -= len(literal.text)
        raise CannotEdit("a string is written in an unusual way")

    def lines(self, source: str) -> list[tuple[int, int, str]]:
        """A list of lines with other lines: changed in their literals, added and removed as items of their own."""
        literals = self.cell.literals
        old, new = [one.text for one in literals], _LINE.findall(source)
        head = 0
        while head < min(len(old), len(new)) and old[head] == new[head]:
            head += 1
        tail = 0
        while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
            tail += 1
        first, last = old[head : len(old) - tail], new[head : len(new) - tail]
        patches: list[tuple[int, int, str]] = []
        for start, end, begin, stop in _blocks(first, last):
            patches += self.block(head + start, head + end, new[head + begin : head + stop])
        return patches

    def block(self, start: int, end: int, lines: Sequence[str]) -> list[tuple[int, int, str]]:
        """The literals from `start` to `end` replaced by lines, one by one as far as both go."""
        literals = self.cell.literals
        both = min(end - start, len(lines))
        pairs = zip(literals[start : start + both], lines, strict=False)
        patches = [self.changed([literal], line) for literal, line in pairs if literal.text != line]
        gap = self.gap(start)
        if len(lines) > both:
            added = [f'"{self.inner(line)}"' for line in lines[both:]]
            if start + both == 0:
                patches.append((literals[0].start, literals[0].start, "".join(one + gap for one in added)))
            else:
                at = literals[start + both - 1].end
                patches.append((at, at, "".join(gap + one for one in added)))
        elif end - start > both:
            if start + both > 0:
                patches.append((literals[start + both - 1].end, literals[end - 1].end, ""))
            elif end < len(literals):
                patches.append((literals[0].start, literals[end].start, ""))
            else:
                patches.append((literals[0].start, literals[-1].end, '""'))
        return patches

    def gap(self, near: int) -> str:
        """What stands between two items of the list, or would in its layout."""
        literals = self.cell.literals
        if len(literals) > 1:
            at = max(1, min(near, len(literals) - 1))
            return self.text[literals[at - 1].end : literals[at].start]
        opened = self.text.rindex("[", 0, literals[0].start)
        return "," + self.text[opened + 1 : literals[0].start]


def _blocks(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int, int, int]]:
    """Where two stretches of lines differ: (start, end) in the old one and in the new one, in order."""
    if not old or not new or max(len(old), len(new)) > MAX_COMPARED:
        return [(0, len(old), 0, len(new))] if old or new else []
    matches = SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
    edges = [(0, 0), *((one.a + one.size, one.b + one.size) for one in matches)]
    starts = [(one.a, one.b) for one in matches]
    found = [(a, end_a, b, end_b) for (a, b), (end_a, end_b) in zip(edges, starts, strict=False)]
    return [one for one in found if one[0] < one[1] or one[2] < one[3]]
