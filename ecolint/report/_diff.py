"""Unified diffs of what edits change: small ones for reading, whole ones for `patch`."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from ecolint.cells import MARK
from ecolint.lines import Lines
from ecolint.model import Edit, Span
from ecolint.verify import edited

_CELL_END = MARK.strip("\n")
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+")


def by_path(edits: Iterable[Edit]) -> Mapping[str, list[Edit]]:
    """Edits of each file, files in order of their names."""
    found: dict[str, list[Edit]] = {}
    for edit in sorted(edits, key=lambda one: (one.path, one.span)):
        found.setdefault(edit.path, []).append(edit)
    return found


def unified(path: str, old: str, new: str, context: int = 3) -> str:
    """A diff that `patch -p1` takes; empty where nothing changes."""
    before, after = _LINE.findall(old), _LINE.findall(new)
    rows = [
        row if row.endswith(("\n", "\r")) else row + "\n\\ No newline at end of file\n"
        for row in hunks(before, after, context)
    ]
    return f"--- a/{path}\n+++ b/{path}\n" + "".join(rows) if rows else ""


def small(old: str, new: str) -> list[str]:
    """The rows of a diff with one line of context, without line ends, file names and the first hunk's header.

    Each cell of a notebook is compared for itself.
    """
    pairs = zip(old.split(MARK), new.split(MARK), strict=True) if MARK in old else ((old, new),)
    rows = [row for one, other in pairs if one != other for row in hunks(_LINE.findall(one), _LINE.findall(other), 1)]
    return [row.rstrip("\r\n") for row in rows[1:]]


def around(text: str, lines: Lines, edits: Iterable[Edit]) -> list[str]:
    """The rows of a diff of what edits of one file change, with one line of context, from the lines around them alone.

    The work depends on the edits and not on the file. Rows that are apart are parted by a row that begins with `@@`.
    """
    rows: list[str] = []
    for first, last, members in _stretches(lines, sorted(edits, key=lambda one: one.span)):
        start = lines.start(first)
        end = lines.start(last + 1) if last < len(lines) else len(text)
        moved = [replace(one, span=Span(one.span.start - start, one.span.end - start)) for one in members]
        old = text[start:end]
        changed = hunks(_LINE.findall(old), _LINE.findall(edited(old, moved)), 1)
        if changed and rows:
            rows.append(f"@@ {first} @@")
        rows += ("@@" if row.startswith("@@") else row.rstrip("\r\n") for row in changed[1:])
    return rows


def _stretches(lines: Lines, edits: Sequence[Edit]) -> list[tuple[int, int, list[Edit]]]:
    """Edits that stand within a line of each other, with the lines around them: first, last, edits.

    What closes a notebook's cell is no context.
    """
    found: list[tuple[int, int, list[Edit]]] = []
    for edit in edits:
        first, last = lines.line_of(edit.span.start), lines.line_of(edit.span.end)
        before = first - 1 if first > 1 and lines.line(first - 1) != _CELL_END else first
        after = last + 1 if last < len(lines) and lines.line(last + 1) != _CELL_END else last
        if found and before <= found[-1][1]:
            start, end, members = found[-1]
            found[-1] = (start, max(end, after), [*members, edit])
        else:
            found.append((before, after, [edit]))
    return found


def hunks(before: Sequence[str], after: Sequence[str], context: int) -> list[str]:
    """The hunks of a unified diff. What is equal at both ends is cut off first: difflib is quadratic on the rest."""
    head = 0
    while head < min(len(before), len(after)) and before[head] == after[head]:
        head += 1
    if head == len(before) == len(after):
        return []
    tail = 0
    while tail < min(len(before), len(after)) - head and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    head, tail = max(0, head - context), max(0, tail - context)
    matcher = difflib.SequenceMatcher(None, before[head : len(before) - tail], after[head : len(after) - tail], False)
    rows: list[str] = []
    for group in matcher.get_grouped_opcodes(context):
        first, last = group[0], group[-1]
        old_range = _range(head + first[1], head + last[2])
        new_range = _range(head + first[3], head + last[4])
        rows.append(f"@@ -{old_range} +{new_range} @@\n")
        for tag, old_from, old_to, new_from, new_to in group:
            if tag == "equal":
                rows += [" " + row for row in before[head + old_from : head + old_to]]
            else:
                rows += ["-" + row for row in before[head + old_from : head + old_to]]
                rows += ["+" + row for row in after[head + new_from : head + new_to]]
    return rows


def _range(start: int, end: int) -> str:
    length = end - start
    if length == 1:
        return str(start + 1)
    return f"{start + 1 if length else start},{length}"
