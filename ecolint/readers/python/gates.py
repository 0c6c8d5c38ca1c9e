"""The gate room: whether a Python file can hold anything that is wanted, told from its bytes without cutting them up.

One pass finds every word; what is left looks at the words' own lines. Each gate lets through more than the reader will
find, never less, so that a file that it keeps out reads the same as one that was never there.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Hashable, Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple, cast

from ecolint.late import late
from ecolint.readers.python.mentions import BEFORE, Text, line_before, of_word

if TYPE_CHECKING:
    from ecolint.readers import Asked

_RUN = ("subprocess", "popen", "system")
_WILD = re.compile(r"[*?\[]")
_CLASSES = re.compile(r"\[[^\]]*\]|[*?]")


MAX_MENTIONS = 1_000
"""Mentions of one file that are looked at; a file that has more may hold anything."""


class Told(NamedTuple):
    """What may stand in a file: wanted calls, wanted command lines, work of imported objects, comments for ecolint."""

    starts: bool
    runs: bool
    works: bool
    notes: bool


class Gate:
    """The words of one set of vocabularies, compiled once."""

    def __init__(self, wanted: Asked) -> None:
        from ahocorasick_rs import BytesAhoCorasick, Implementation

        every = (*wanted.calls, *wanted.likely_calls, *wanted.local_calls, *wanted.objects)
        pairs = {(_library(one), _literal(one.rpartition(".")[2])) for one in every}
        free = {tail for library, tail in pairs if not library}
        pairs = {(library, tail) for library, tail in pairs if not library or tail not in free}
        runners = {*_RUN, *(name.rpartition(".")[2] for name in wanted.runners)}
        works = set(wanted.works)
        commands = {one if one.endswith(".py") else one.partition(".")[0] for one in wanted.commands}
        short = {one for one in commands if len(one) < 3}
        words = sorted(
            {word for pair in pairs for word in pair if word} | (commands - short) | runners | works | {_NOTE}
        )
        at = {word: number for number, word in enumerate(words)}
        self._automaton = BytesAhoCorasick([word.encode() for word in words], implementation=Implementation.DFA)
        self._libraries: dict[int, list[int]] = {}
        """By the last word of wanted calls, the libraries of which one must be mentioned too; -1 for none."""
        for library, tail in pairs:
            self._libraries.setdefault(at[tail], []).append(at.get(library, -1))
        self._runners = {at[one] for one in runners}
        self._plain_runners = self._runners - {at["system"], at["popen"]}
        self._commands = {at[one] for one in commands - short}
        self._short = tuple(re.compile(rb"%b(?![\w\-])" % one.encode()) for one in short)
        self._programs = tuple(one.encode() for one in wanted.commands)
        self._works, self._note = {at[one] for one in works}, at[_NOTE]
        tails = {one.rpartition(".")[2] for one in every}
        self._spelled = re.compile(
            "|".join(sorted(r"\w*".join(map(re.escape, one.split("*"))) for one in tails)).encode()
        )
        self._owners: dict[bytes, list[tuple[bytes, str]]] = {}
        """By the last word of wanted calls, the libraries and the patterns of what the call is made on."""
        for one in (*wanted.calls, *wanted.local_calls):
            owner, _, tail = one.rpartition(".")
            self._owners.setdefault(tail.encode(), []).append((_library(one).encode(), owner.rpartition(".")[2]))
        self._methods = {tail for tail, owners in self._owners.items() if all(map(_is_class, owners))}
        self._last: tuple[bytes, Told | None] | None = None
        self._owner = functools.lru_cache(maxsize=512)(_owner)

    def told(self, data: bytes) -> Told | None:
        """What may stand in a file; None where nothing may. The last answer is remembered: a file is asked of twice."""
        if self._last is None or self._last[0] != data:
            self._last = data, self._tell(data)
        return self._last[1]

    def _tell(self, data: bytes) -> Told | None:
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        hits = self._automaton.find_matches_as_indexes(data, overlapping=True)
        if not hits:
            return None
        there = {number for number, _, _ in hits}
        text, tails = Text(data, hits), self._tails(there)
        told = Told(
            starts=bool(tails) and self._starts(text, tails),
            runs=not there.isdisjoint(self._runners) and self._runs(text, there),
            works=not there.isdisjoint(self._works) and self._works_on(text),
            notes=self._note in there,
        )
        return told if any(told) else None

    def starting(self, data: bytes) -> list[int]:
        """Where wanted calls may stand, in bytes of the text with its line ends made plain; in order."""
        text = Text(data, self._automaton.find_matches_as_indexes(data, overlapping=True))
        return list(self._alive(text, self._tails({number for number, _, _ in text.hits})))

    def _tails(self, there: set[int]) -> set[int]:
        """The last words of wanted calls of which a library is mentioned too."""
        return {
            tail
            for tail in there & self._libraries.keys()
            if any(library < 0 or library in there for library in self._libraries[tail])
        }

    # --- calls

    def _starts(self, text: Text, tails: set[int]) -> bool:
        return next(self._alive(text, tails), None) is not None

    def _alive(self, text: Text, tails: set[int]) -> Iterator[int]:
        """Where a mention may lead to a wanted call: it is called, renamed or held, in code."""
        looked_at = 0
        for number, start, end in text.hits if tails else ():
            if number not in self._libraries:
                continue
            looked_at += 1
            if looked_at > MAX_MENTIONS:
                yield start  # to look at each costs as much as the file is long: it is read instead
                return
            if self._is_alive(text, start, end, number not in tails) and not text.hidden(start):
                yield start

    def _is_alive(self, text: Text, start: int, end: int, loose: bool) -> bool:
        data = text.data
        before, after = data[start - 1 : start], data[end : end + 1]
        if before == b"`" or after == b"`":
            return False  # backquotes are prose
        if of_word(before) or of_word(after):
            least = start - BEFORE
            while start and of_word(data[start - 1 : start]):
                start -= 1
                if start < least:
                    return True  # too long a word to tell
            end = _WORD_END.match(data, end).end()  # type: ignore[union-attr]
            if not self._spelled.fullmatch(data, start, end):
                return False
        word = data[start:end]
        if not loose and (word in self._methods or text.brings(word)) and self._is_used(text, start, end):
            return True
        # A variable may have this name, and hold something else that is wanted.
        before = data[max(0, start - BEFORE) : start]
        if before.rstrip(b" \t\n\\")[-1:] == b"." or _DEFINES.search(before):
            return False
        return _CALLED.match(data, end) is not None and text.assigns(word)

    def _is_used(self, text: Text, start: int, end: int) -> bool:
        data = text.data
        before = line_before(data, start)
        if before is None:
            return True
        line = start - len(before)
        code = before.lstrip()
        if code.startswith(_PROSE) or _DEFINES.search(code):
            return False
        if _CALLED.match(data, end):
            return self._has_owner(text, start, end, before)
        if renamed := _RENAMED.match(data, end):
            return renamed[1] != data[start:end] and data.find(renamed[1], renamed.end()) >= 0
        if data[max(0, line - 2) : line - 1] == b"\\":
            return True
        if text.mentions(b"partial"):
            first = _FIRST_ARGUMENT.search(data, max(0, start - BEFORE), start)
            if first is not None and (first[1] == b"partial" or text.renames(b"partial")):
                return True
        if _NEXT.match(data, end):
            return False  # one of several, on lines of their own
        if code.startswith((b"import ", b"from ")) or not _ASSIGNS.search(code) or _ATTRIBUTE.match(data, end):
            return False
        # Held in a variable: no call stands in such a statement.
        statement = code[max(code.rfind(b";"), code.rfind(b":")) + 1 :]
        return b"(" not in statement and not (_RETURNS.search(statement) or _CALLS.match(data, end))

    def _has_owner(self, text: Text, start: int, end: int, before: bytes) -> bool:
        """Whether what a call is made on may be what is wanted; a class that was imported must have the right name."""
        word = text.data[start:end]
        if word not in self._owners or not (owner := _OWNER.search(before)):
            return _SUPER.search(before) is None
        name = owner[1]
        if owner[2]:
            return True
        if name in (b"cls", b"self"):
            return word not in self._methods
        return not text.imports(name) or self._wanted_owner(word, name, text)

    def _wanted_owner(self, word: bytes, name: bytes, text: Text) -> bool:
        """Whether a class has a name under which the libraries that a file mentions have what is wanted."""
        libraries = tuple(sorted({one for one, _ in self._owners[word] if one and text.mentions(one)}))
        return self._owner(tuple(self._owners[word]), libraries).match(name.decode("utf-8", "replace")) is not None

    # --- commands

    def _runs(self, text: Text, there: set[int]) -> bool:
        """Whether a runner and a wanted command stand there, the command at the beginning of a word in a string."""
        if there.isdisjoint(self._plain_runners) and not self._runs_by_os(text):
            return False
        return any(text.quoted(start) for start in self._programs_in(text))

    def _runs_by_os(self, text: Text) -> bool:
        """Whether `system` or `popen` is the one of the module `os`."""
        if _FROM_OS.search(text.data):
            return True
        starts = (start for number, start, _ in text.hits if number in self._runners)
        return any(_OF_OS.search(text.data, max(0, start - 20), start) for start in starts)

    def _programs_in(self, text: Text) -> Iterator[int]:
        for number, start, _ in text.hits:
            if number in self._commands and self._begins(text.data, start):
                yield start
        for one in self._short:
            for match in one.finditer(text.data):
                if self._begins(text.data, match.start()):
                    yield match.start()

    def _begins(self, data: bytes, start: int) -> bool:
        """Whether a program's name, or the beginning of one that is put together, begins a word here."""
        before = data[start - 1 : start]
        if data[max(0, start - 2) : start] in _ESCAPED:
            before = b" "
        if of_word(before) or before in (b".", b"-"):
            return False
        written = _SHELL_WORD.match(data, start).group()  # type: ignore[union-attr]
        if data[start + len(written) : start + len(written) + 1] in _GOES_ON:
            return False
        return any(one.startswith(written) for one in self._programs)

    # --- work

    def _works_on(self, text: Text) -> bool:
        """Whether an object that another module made may do its work here."""
        if b"import" not in text.data:
            return False
        data = text.data
        return any(
            _WORKS.match(data, end)
            and _is_attribute(data, start)
            and not (_is_prose(data, start) or text.hidden(start))
            for number, start, end in text.hits
            if number in self._works
        )


_NOTE = "ecolint:"
_PROSE = (b">>>", b"... ", b"#")
"""How a line begins that is no code: an example in a text, or a comment."""
_WORKS = late(rb"(?!\w)(?![ \t]*\.)(?![ \t]+import\b)")
"""What follows a method: it is no part of a longer name, as in `client.chat.completions` or `from api.chat import`."""
_WORD_END = late(rb"\w*")
_DEFINES = late(rb"\b(?:def|class)\s+\Z")
_CALLED = late(rb"(?:[\s)\]\\]|#[^\n]*\n)*\(")
_RENAMED = late(rb"\s+as\s+(\w+)")
_FIRST_ARGUMENT = late(rb"(\w+)\s*\(\s*(?:\w+\s*\.\s*)*\Z")
_NEXT = late(rb"[ \t]*,[ \t]*(?:#[^\n]*)?\n")
_CALLS = late(rb"[^\n;(]*\(")
_RETURNS = late(rb"\)\s*->")
_ATTRIBUTE = late(rb"\s*\.")
_ASSIGNS = late(rb"(?<![=<>!])=(?!=)")
_OWNER = late(rb"(?<![\w.)\]])(\w+)\s*(\.\s*\w+\s*)*\.\s*\Z")
_SUPER = late(rb"\bsuper\([^()]*\)\s*\.\s*\Z")
_FROM_OS = late(rb"from\s+os\s+import\b")
_OF_OS = late(rb"\bos\s*\.\s*\Z")
_ESCAPED = (b"\\n", b"\\t", b"\\r")
"""White space as a string has it."""
_GOES_ON = (b"/", b":", b",", b"=", b"[")
"""What a word of a shell goes on with."""
_SHELL_WORD = late(rb"[^\s\"'\\/{}$:;,=)(\[\]]*")


def _is_attribute(data: bytes, at: int) -> bool:
    """Whether a word stands behind a dot, as the index of words sees it."""
    if data[at - 1 : at] == b".":
        return True
    return data[at - 1 : at].isspace() and data[max(0, at - BEFORE) : at].rstrip()[-1:] == b"."


def _is_prose(data: bytes, at: int) -> bool:
    """Whether a line is an example in a text or a comment; where no brace stands in it: a text may hold code."""
    before = line_before(data, at)
    return before is not None and before.lstrip().startswith((b">>>", b"#")) and b"{" not in before


def _library(pattern: str) -> str:
    return _WILD.split(pattern.partition(".")[0])[0]


def _literal(pattern: str) -> str:
    return max(_CLASSES.split(pattern), key=len)


def _is_class(owner: tuple[bytes, str]) -> bool:
    """Whether a call is made on a class, by the pattern of its name: `self` and `cls` are then another one."""
    return owner[1][:1].isupper() or owner[1][:1] == "*"


def _owner(owners: Iterable[tuple[bytes, str]], libraries: tuple[bytes, ...]) -> re.Pattern[str]:
    """One expression for the owners of calls of the libraries that a file mentions."""
    from fnmatch import translate

    named = [owner for library, owner in owners if owner and (not library or library in libraries)]
    return re.compile("|".join(map(translate, named)) or r"(?!)")


def gate(wanted: Asked) -> Gate:
    """The gate of what is wanted, made once."""
    return _gate(cast(Hashable, wanted))


@functools.lru_cache(maxsize=8)
def _gate(wanted: Hashable) -> Gate:
    return Gate(cast("Asked", wanted))
