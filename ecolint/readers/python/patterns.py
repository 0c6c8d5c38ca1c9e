"""The pattern room: which words of a text can be a wanted name, and which qualified names are wanted."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator

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


@dataclass(frozen=True, slots=True)
class Candidates:
    """The words of a text that can be a wanted name, or an alias that an import gives it: as plain names, and as what
    follows a dot."""

    names: frozenset[str]
    attributes: frozenset[str]
    whole: bool
    """Whether whatever belongs to some of them is wanted too."""

    def ends(self, words: Words) -> Iterator[int]:
        """Where they end in the text."""
        for group, wanted in ((words.names, self.names), (words.attributes, self.attributes)):
            for word in wanted:
                for place in group.get(word, ()):
                    yield place + len(word)


def candidates(words: Words, scopes: Scopes, patterns: tuple[str, ...], extra: Iterable[str] = ()) -> Candidates:
    """The words of a text that can be a wanted name; `extra` are plain names that can be, too."""
    ends = tails(patterns)
    plain = set(extra)
    for names in scopes.names.values():
        for name, bindings in names.bindings.items():
            if any(binding.kind == "import" and _leads(ends, binding.origin) for binding in bindings):
                plain.add(name)
    return Candidates(
        frozenset(word for word in words.names if word in plain or ends.fits(word)),
        frozenset(word for word in words.attributes if ends.fits(word)),
        bool(ends.modules),
    )


def _leads(ends: Tails, origin: str) -> bool:
    """True where an imported thing is wanted itself, or is a module of which everything is."""
    if ends.fits(origin.rpartition(".")[2]) or ends.whole.match(origin):
        return True
    return any(module == origin or module.startswith(origin + ".") for module in ends.modules)


def said(text: str, word: str) -> bool:
    """Whether a word stands in a text, other than to be switched off (`word=False`)."""
    return word in text and re.search(rf"\b{re.escape(word)}\b(?!['\"]?\s*[=:]\s*(?:False|None|1)\b)", text) is not None
