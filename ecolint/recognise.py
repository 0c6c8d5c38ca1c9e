"""Who is it: the stack that knows an invocation, by its callee, command, image or the keys of a settings file."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from ecolint.model import Invocation, Table
from ecolint.stacks import command
from ecolint.stacks.vocabulary import ObjectSpec, Vocabulary


@dataclass(frozen=True, slots=True)
class Recognised:
    """An invocation, the vocabulary that knows it, and the parts its keys may stand in."""

    invocation: Invocation
    vocabulary: Vocabulary
    command: command.CommandLine | None = None
    command_table: Table | None = None
    bare_object: ObjectSpec | None = None
    """The invocation is itself the object that carries keys (a configuration that nobody was seen to use)."""
    likely: bool = False


def recognise(invocation: Invocation, vocabularies: tuple[Vocabulary, ...]) -> Recognised | None:
    """The stack whose vocabulary knows this invocation."""
    for vocabulary in vocabularies:
        if vocabulary.platform:
            continue
        found = _recognised(invocation, vocabulary)
        if found is not None:
            return found
    return None


def _recognised(invocation: Invocation, vocabulary: Vocabulary) -> Recognised | None:
    if invocation.call is not None:
        name = invocation.name
        if matches(name, vocabulary.calls):
            return Recognised(invocation, vocabulary, likely=invocation.likely or matches(name, vocabulary.doubtful))
        bare = next((o for o in vocabulary.objects.values() if matches(name, o.calls)), None)
        if bare is not None:
            return Recognised(invocation, vocabulary, bare_object=bare, likely=True)
        if invocation.likely and matches(name, (*vocabulary.likely_calls, *vocabulary.local_calls)):
            return Recognised(invocation, vocabulary, likely=True)
        return None
    if invocation.mapping is not None:
        if invocation.mapping.name:
            known = invocation.mapping.name in vocabulary.requirements
            return Recognised(invocation, vocabulary) if known else None
        keys = {entry.name for entry in invocation.mapping.entries}
        if (
            not vocabulary.requirements
            and keys & set(vocabulary.mapping_any)
            and len(keys & {*vocabulary.mapping_any, *vocabulary.mapping_also}) >= vocabulary.mapping_least
            and not (keys | set(invocation.beside)) & set(vocabulary.mapping_none)
        ):
            return Recognised(invocation, vocabulary, likely=True)
        return None
    return _container(invocation, vocabulary)


def _container(invocation: Invocation, vocabulary: Vocabulary) -> Recognised | None:
    words = invocation.words.entries if invocation.words else ()
    start = command.starts(words, vocabulary)
    if start is None:
        image = invocation.image[0].data if len(invocation.image) == 1 else None
        if not isinstance(image, str) or not matches(image, vocabulary.images):
            return None
        first = command.text(words[0]) if words else "-"
        if first is None or not (first.startswith("-") or ("/" in first and first[0] not in "./" and " " not in first)):
            return None
        start = 0
    table = invocation.words
    line = command.parse(table, start, vocabulary) if table is not None else None
    return Recognised(invocation, vocabulary, line, table)


def matches(name: str, patterns: tuple[str, ...]) -> bool:
    """Whether a qualified name or an image fits one of the patterns, case and dots as written."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)
