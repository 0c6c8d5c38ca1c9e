"""Unified diffs of what edits change: small ones for reading, whole ones for `patch`."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence

from ecolint.cells import MARK
from ecolint.model import Edit

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
