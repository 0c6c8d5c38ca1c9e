"""Comments of a YAML file, told apart from `#` in strings and block scalars by the places of the scalars."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ecolint.model import Comment, Span
from ecolint.readers.yaml.nodes import Node

_COMMENT = re.compile(r"(?:^|(?<=[ \t]))#[^\n]*", re.MULTILINE)
_LINE_COMMENT = re.compile(r"^[ \t]*(#[^\n]*)", re.MULTILINE)
_HEAD = re.compile(r"(?:[ \t]*\r?\n|%[^\n]*\n|---[ \t]*\r?\n)*")


class Comments:
    """Gathers the comments of the parsed documents and of the file's head."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.starts: dict[int, int] = {}
        self.head_end = self._head()

    def _head(self) -> int:
        """The end of the first comment block: lines of comments from the first line that is not blank."""
        blank = _HEAD.match(self.text)
        at = blank.end() if blank else 0
        while True:
            line = _LINE_COMMENT.match(self.text, at)
            if not line:
                return at
            self._put(line.start(1), line.end(1))
            if line.end() >= len(self.text):
                return line.end()
            at = line.end() + 1

    def _put(self, start: int, end: int) -> None:
        while end > start and self.text[end - 1] in " \t\r":
            end -= 1
        self.starts[start] = end

    def add_lines(self, start: int, end: int) -> None:
        """Comments that have a line of their own, in a document that could not be parsed."""
        for match in _LINE_COMMENT.finditer(self.text, start, end):
            self._put(match.start(1), match.end(1))

    def add_document(self, base: int, masked: str, roots: list[Node]) -> None:
        """Comments of a parsed document."""
        spans = _scalar_spans(roots)
        at = 0
        match = _COMMENT.search(masked)
        while match:
            start = base + match.start()
            while at < len(spans) and spans[at][1] <= start:
                at += 1
            if at == len(spans) or start < spans[at][0]:
                self._put(start, base + match.end())
                match = _COMMENT.search(masked, match.end())
            else:
                match = _COMMENT.search(masked, max(spans[at][1] - base, match.start() + 1))

    def add_places(self, places: Iterable[tuple[int, int]]) -> None:
        """Comments found elsewhere, by their places."""
        for start, end in places:
            self._put(start, end)

    def found(self) -> tuple[Comment, ...]:
        """All comments in order."""
        text = self.text
        result: list[Comment] = []
        for start, end in sorted(self.starts.items()):
            alone = not text[text.rfind("\n", 0, start) + 1 : start].strip()
            words = text[start + 1 : end].strip()
            result.append(Comment(words, Span(start, end), alone, alone and start < self.head_end))
        return tuple(result)


def _scalar_spans(roots: list[Node]) -> list[tuple[int, int]]:
    """Ranges of scalars in which `#` is text; of a block scalar all but its header line is such a range."""
    spans: list[tuple[int, int]] = []
    stack = list(reversed(roots))
    while stack:
        node = stack.pop()
        stack.extend(reversed(node.children))
        if node.kind == "scalar" and node.end > node.start:
            spans.append((node.start, max(node.end, node.reach if node.style in ("|", ">") else node.end)))
    return spans
