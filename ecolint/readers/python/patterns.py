"""The pattern room: which words of a text can be a wanted name, and which qualified names are wanted."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable

from ecolint.readers.python.scopes import Scopes
from ecolint.readers.python.words import Words
from ecolint.shaped import dataclass
from ecolint.wildcards import Patterns

_WILD = re.compile(r"[*?\[]")


@functools.lru_cache(maxsize=64)
def matcher(patterns: tuple[str, ...]) -> Patterns:
    """`fnmatch` patterns whose `*` spans dots."""
    return Patterns(patterns)


@dataclass(frozen=True, slots=True)
class Tails:
    """The last parts of wanted names: `exact` words, `shapes` with wildcards, and whole `modules` (`peft.*`)."""

    exact: frozenset[str]
    shapes: Patterns
    whole: Patterns
    modules: tuple[str, ...]

    def fits(self, word: str) -> bool:
        """True where a wanted name can end in the word."""
        return word in self.exact or self.shapes.match(word)


@functools.lru_cache(maxsize=256)
def tails(patterns: tuple[str, ...]) -> Tails:
    """The tails of patterns."""
    exact, shapes, modules = set(), [], []
    for pattern in patterns:
        head, _, tail = pattern.rpartition(".")
        if not _WILD.search(tail):
            exact.add(tail)
        elif tail == "*":
            modules.append(head)
        else:
            shapes.append(tail)
    return Tails(frozenset(exact), matcher(tuple(shapes)), matcher(patterns), tuple(modules))


def live(patterns: tuple[str, ...], text: str) -> tuple[str, ...]:
    """The patterns of libraries that a text mentions: what it imports from others is known by another name."""
    found = []
    there: dict[str, bool] = {"": True}
    for pattern in patterns:
        library = _WILD.split(pattern.partition(".")[0])[0]
        if library not in there:
            there[library] = library in text
        if there[library]:
            found.append(pattern)
    return tuple(found)


@functools.lru_cache(maxsize=256)
def _mention(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """Finds the last part of any wanted name as a word."""
    words = []
    for pattern in patterns:
        tail = pattern.rpartition(".")[2]
        words.append(re.escape(pattern.split(".")[-2]) if tail == "*" else r"\w*".join(map(re.escape, tail.split("*"))))
    return re.compile(rf"\b(?:{'|'.join(dict.fromkeys(words))})\b" if words else r"(?!)")


def mentioned(text: str, patterns: tuple[str, ...]) -> bool:
    """False where wanted names stand only in prose and doctests: a gate on each mention's own line, before any scan.

    In code a name is called, follows a dot, or is imported, alone on its line where an import list is split. Backquotes
    and doctest prompts are never code.
    """
    for match in _mention(patterns).finditer(text):
        start = text.rfind("\n", 0, match.start()) + 1
        end = text.find("\n", match.end())
        line = text[start : end if end >= 0 else len(text)].strip()
        if line.startswith((">>>", "... ", "#")) or text[match.end() : match.end() + 1] == "`":
            continue
        after = text[match.end() : match.end() + 80].lstrip(" \t\\\r\n")
        alone = line.rstrip(",").split(" as ")[0].strip() == match.group()
        if text[match.start() - 1 : match.start()] == "." or after[:1] == "(" or "import" in line or alone:
            return True
    return False


def possible(words: Words, patterns: tuple[str, ...]) -> bool:
    """False where no word outside strings and comments can be, or be imported as, a wanted name."""
    ends = tails(patterns)
    roots = {module.partition(".")[0] for module in ends.modules}
    return any(ends.fits(word) or word in roots for group in (words.names, words.attributes) for word in group)


def offsets(words: Words, scopes: Scopes, patterns: tuple[str, ...], extra: Iterable[str] = ()) -> list[int]:
    """Where a wanted name, or an alias that an import gives it, can stand in a text."""
    ends = tails(patterns)
    plain = set(extra)
    for names in scopes.names.values():
        for name, bindings in names.bindings.items():
            if any(binding.kind == "import" and _leads(ends, binding.origin) for binding in bindings):
                plain.add(name)
    found: list[int] = []
    for group in (words.names, words.attributes):
        for word, places in group.items():
            if ends.fits(word) or (word in plain and group is words.names):
                found += places
    return sorted(found)


def _leads(ends: Tails, origin: str) -> bool:
    """True where an imported thing is wanted itself, or is a module of which everything is."""
    if ends.fits(origin.rpartition(".")[2]) or ends.whole.match(origin):
        return True
    return any(module == origin or module.startswith(origin + ".") for module in ends.modules)


def said(text: str, word: str) -> bool:
    """Whether a word stands in a text, other than to be switched off (`word=False`)."""
    return word in text and re.search(rf"\b{re.escape(word)}\b(?!['\"]?\s*[=:]\s*(?:False|None|1)\b)", text) is not None
