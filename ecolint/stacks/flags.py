"""The flags of a vocabulary by name: which set a key, and how many words each of the others takes."""

from __future__ import annotations

import re

from ecolint.stacks.vocabulary import Vocabulary


class Flags:
    """Every flag that a vocabulary knows, as it is looked up."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        keys = vocabulary.keys.values()
        self.on = {folded(spelled, vocabulary): key for key in keys for spelled in key.flag}
        self.off = {folded(spelled, vocabulary): key for key in keys for spelled in key.off}
        negated = (f"--no-{name[2:]}" for name in vocabulary.alone if name.startswith("--"))
        self.alone = frozenset((*vocabulary.alone, *negated))
        self.several = frozenset(vocabulary.several)
        self.optional = frozenset(vocabulary.optional)
        self.every = {*self.on, *self.off, *self.alone, *self.several, *self.optional}


MAX_KEPT = 256
"""Vocabularies whose flags are kept; each word of every command line is looked up in them."""

_kept: dict[int, Flags] = {}


def flags(vocabulary: Vocabulary) -> Flags:
    """The flags of a vocabulary, made once."""
    found = _kept.get(id(vocabulary))
    if found is None or found.vocabulary is not vocabulary:
        if len(_kept) >= MAX_KEPT:
            _kept.clear()
        found = _kept[id(vocabulary)] = Flags(vocabulary)
    return found


def folded(name: str, vocabulary: Vocabulary) -> str:
    """A flag's name as it is looked up: where `_` and `-` are the same, with dashes up to the first dot."""
    if not vocabulary.underscores or not name.startswith("--"):
        return name
    head, dot, rest = name.partition(".")
    return head.replace("_", "-") + dot + rest


def flagged(word: str | None, vocabulary: Vocabulary) -> bool:
    """Whether a word is a flag that the vocabulary knows, with its value or without."""
    if word is None or not word.startswith("-"):
        return False
    return folded(word.partition("=")[0], vocabulary) in flags(vocabulary).every


def told(word: str | None, vocabulary: Vocabulary) -> bool:
    """Whether a word is a flag that no other program has."""
    if word is None or not word.startswith("-"):
        return False
    return folded(re.split(r"[=\s]", word, maxsplit=1)[0], vocabulary) in vocabulary.telling
