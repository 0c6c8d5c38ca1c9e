"""Command lines that start a container: what its image, its environment and its own words are."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

from ecolint.model import Entry, Invocation
from ecolint.stacks.command import PROGRAM_DEPTH, TALKING
from ecolint.stacks.launching import Reader
from ecolint.stacks.named import Named
from ecolint.stacks.strands import text
from ecolint.stacks.vocabulary import LaunchSpec, Vocabulary

REACH = 8
"""Words that may stand between the program and its verb."""


def contained(invocation: Invocation, vocabularies: Sequence[Vocabulary]) -> Invocation:
    """A command line that starts a container, as that container; any other invocation as it is."""
    words = invocation.words
    if words is None or invocation.image:
        return invocation
    for vocabulary in vocabularies:
        for spec in vocabulary.launches:
            start = _start(words.entries, spec) if spec.commands else None
            if start is not None:
                reader = Named if spec.image_options else Reader
                return reader(words, spec, vocabularies).read(invocation, start)
    return invocation


def _start(words: Sequence[Entry], spec: LaunchSpec) -> int | None:
    """The index behind the verb that starts a container."""
    names = [text(word) for word in words[: PROGRAM_DEPTH + REACH]]
    if not names or posixpath.basename(names[0] or "") in TALKING:
        return None
    for program, *verbs in spec.commands:
        for index, name in enumerate(names[:PROGRAM_DEPTH]):
            if name is None or posixpath.basename(name) != program:
                continue
            at: int | None = index
            for verb in verbs:
                at = _verb(names, at, verb, spec) if at is not None else None
            if at is not None:
                return at + 1
    return None


def _verb(names: Sequence[str | None], program: int, verb: str, spec: LaunchSpec) -> int | None:
    """Where the verb of a program stands, behind options of its own."""
    for at in range(program + 1, min(program + REACH, len(names))):
        if names[at] == verb:
            return at
        before = names[at - 1] or ""
        option = (names[at] or "-").startswith("-") or (before.startswith("-") and "=" not in before)
        if not option and names[at] not in spec.groups:
            break
    return None
