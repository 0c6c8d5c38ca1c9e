"""The mention room: what stands around a word in the bytes of a Python file, as far as bytes can tell."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

from ecolint.late import late

Hit = tuple[int, int, int]
"""A word's number, where it begins and where it ends, in bytes."""

BEFORE = 200
"""Bytes before a word in which what it is part of begins."""
MAX_LINE = 2_000
"""Bytes of a line before a word that are looked at."""
MAX_IMPORTS = 2_000
"""Imports of a file that are looked at; one that has more may import everything."""
_LITERAL = late(
    rb"""#[^\n]*"""
    rb"""|\"{3}[^\\"]*(?:(?:\\.|"(?!""))[^\\"]*)*\"{3}|'{3}[^\\']*(?:(?:\\.|'(?!''))[^\\']*)*'{3}"""
    rb"""|"[^"\\\n]*(?:\\.[^"\\\n]*)*"|'[^'\\\n]*(?:\\.[^'\\\n]*)*'""",
    re.DOTALL,
)
_LISTED = late(rb"(?:[ \t]|\\\n)*(?:\((?:[^)#]|#[^\n]*\n)*\)|(?:\\\n|[^\n;])*)")
_IMPORTED = late(rb"[\w*]+")
_ITSELF = late(rb"(?<![\w.])(?:self|cls)\s*\.\Z")
_HASH = ord("#")


class Text:
    """A file's bytes with the words in them, and what of it was cut up so far."""

    def __init__(self, data: bytes, hits: list[Hit]) -> None:
        self.data, self.hits = data, hits
        self._literals = _LITERAL.finditer(data)
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._imported: frozenset[bytes] | None = None
        self._mentioned: dict[bytes, bool] = {}
        self._brought: dict[bytes, bool] = {}
        self._bound: dict[bytes, bool] = {}
        self._assigned: dict[bytes, bool] = {}
        self._renamed: dict[bytes, bool] = {}

    def hidden(self, at: int) -> bool:
        """Whether a place is in a comment or a string: in an f-string, outside its braces."""
        start = self._literal(at)
        if start is None:
            return False
        return self.data[start] == _HASH or not self._formatted(start) or not self._in_braces(start, at)

    def quoted(self, at: int) -> bool:
        """Whether a place is in a string."""
        start = self._literal(at)
        return start is not None and self.data[start] != _HASH

    def _literal(self, at: int) -> int | None:
        """Where the comment or the string begins that a place is in."""
        while not self._starts or self._starts[-1] <= at:  # as far as anybody has asked
            match = next(self._literals, None)
            self._starts.append(match.start() if match else len(self.data) + 1)
            self._ends.append(match.end() if match else len(self.data) + 1)
        found = bisect_right(self._starts, at) - 1
        return None if found < 0 or at >= self._ends[found] else self._starts[found]

    def _formatted(self, start: int) -> bool:
        prefix = self.data[max(0, start - 2) : start].lower()
        return b"f" in prefix or b"t" in prefix

    def _in_braces(self, start: int, at: int) -> bool:
        before = self.data[start:at].replace(b"{{", b"").replace(b"}}", b"")
        return before.count(b"{") > before.count(b"}")

    def mentions(self, word: bytes) -> bool:
        """Whether a word stands in the file."""
        if word not in self._mentioned:
            self._mentioned[word] = word in self.data
        return self._mentioned[word]

    def brings(self, word: bytes) -> bool:
        """Whether a file imports a name, or takes it from something other than `self`."""
        if word not in self._brought:
            whole = word in self.imported or b"*" in self.imported
            self._brought[word] = whole or any(self._is_taken(start) for start in words(self.data, word))
        return self._brought[word]

    def _is_taken(self, start: int) -> bool:
        """Whether the word at a place is an attribute of something other than `self`."""
        char = self.data[start - 1 : start]
        if char != b"." and not char.isspace():
            return False
        before = self.data[max(0, start - BEFORE) : start].rstrip(b" \t\n\\")
        return before[-1:] == b"." and not _ITSELF.search(before)

    def assigns(self, name: bytes) -> bool:
        """Whether a name may be that of a variable, a parameter among them."""
        if name not in self._assigned:
            data = self.data
            self._assigned[name] = any(_binds(data, at, at + len(name), plain=True) for at in words(data, name))
        return self._assigned[name]

    def renames(self, name: bytes) -> bool:
        """Whether a name is imported as another, or held by one."""
        if name not in self._renamed:
            held = rb"\b%b\s+as\b|=[\s(]*(?:\w+\s*\.\s*)*%b\b(?!\s*\()" % (name, name)
            self._renamed[name] = re.search(held, self.data) is not None
        return self._renamed[name]

    def imports(self, name: bytes) -> bool:
        """Whether a name can only be what an import of the file makes it: nothing else binds it."""
        if name not in self._bound:
            found = name in self.imported and b"*" not in self.imported
            data = self.data
            self._bound[name] = found and not any(_binds(data, at, at + len(name)) for at in words(data, name))
        return self._bound[name]

    @property
    def imported(self) -> frozenset[bytes]:
        """The words behind every `import`; `*` where everything of a module is imported."""
        if self._imported is None:
            found: set[bytes] = set()
            for number, start in enumerate(words(self.data, b"import")):
                listed = _LISTED.match(self.data, start + len(b"import"))
                found.update(_IMPORTED.findall(listed.group()) if listed else ())
                if number == MAX_IMPORTS:
                    found.add(b"*")
                    break
            self._imported = frozenset(found)
        return self._imported


_TARGET = late(rb"(?:[\w \t)\]*.]|,(?:[ \t]*\n)?){0,200}(?::[^=\n]*)?=(?!=)")
_BINDER = late(rb"\b(?:as|class|def)[ \t]+\Z")
_FOR = late(rb"\bfor\b(?:(?!\bin\b).)*\Z|\blambda\b[^:]*\Z")
_ANNOTATED = late(
    rb"(?:^|[(,])\s*\*{0,2}([\w.]+)\s*:\s*(?:[\w.]+\s*\[\s*|[\w.\[\], \t]*\|\s*|[\w.]+\[[\w., \t]*,\s*)*[\w.]*\Z"
)
_PARAMETER = late(rb"[ \t]*[,:=)]")
_HEADER = late(rb"\bdef\s+\w+\s*\Z")


def _binds(data: bytes, start: int, end: int, plain: bool = False) -> bool:
    """Whether a name may be bound where it stands: as a target, a parameter, by a loop; unless `plain`, by a header."""
    before = line_before(data, start)
    if before is None:
        return True
    if (_TARGET.match(data, end) and not _annotates(before)) or _FOR.search(before):
        return True
    if _BINDER.search(before) and not plain:
        return True
    if not _PARAMETER.match(data, end) or before.rstrip()[-1:] not in (b"", b"(", b",", b"*"):
        return False
    opened = data.rfind(b"(", 0, start)
    return opened >= 0 and _HEADER.search(data, max(0, opened - 200), opened) is not None


def line_before(data: bytes, at: int) -> bytes | None:
    """What stands on the line before a place; None where that is too long to be looked at each time."""
    start = data.rfind(b"\n", max(0, at - MAX_LINE), at) + 1
    return data[start:at] if start or at <= MAX_LINE else None


def _annotates(before: bytes) -> bool:
    """Whether what stands before a name on its line makes it the type of something."""
    found = _ANNOTATED.search(before[-BEFORE:])
    return found is not None and found[1] not in (b"else", b"try", b"finally")


def words(data: bytes, word: bytes) -> Iterator[int]:
    """Where a word stands. Looked for by its letters first: an expression that begins with a border is slow."""
    at = data.find(word)
    while at >= 0:
        end = at + len(word)
        if not (of_word(data[at - 1 : at]) or of_word(data[end : end + 1])):
            yield at
        at = data.find(word, end)


def of_word(char: bytes) -> bool:
    return char.isalnum() or char == b"_" or char > b"\x7f"
