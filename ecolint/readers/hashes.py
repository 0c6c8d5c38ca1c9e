"""Comments that begin with a mark such as `#`: their text, and whether they stand alone and at the head of a file."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ecolint.model import Comment, Span

_BLANK_LINES = re.compile(r"(?:[ \t]*\r?\n)*")


def comments(text: str, spans: Iterable[tuple[int, int]], marks: str = "#") -> tuple[Comment, ...]:
    """The comments that stand at these spans of a file, in order; they begin with one or two of the `marks`."""
    blank = _BLANK_LINES.match(text)
    head = blank.end() if blank else 0
    result: list[Comment] = []
    for start, end in spans:
        line = text.rfind("\n", 0, start) + 1
        alone = not text[line:start].strip()
        in_head = alone and line == head
        if in_head:
            following = text.find("\n", end)
            head = following + 1 if following >= 0 else len(text) + 1
        words = text[start + 1 : end].strip(marks if len(marks) > 1 else None).strip()
        result.append(Comment(words, Span(start, end), alone, in_head))
    return tuple(result)
