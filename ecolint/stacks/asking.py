"""From vocabularies to what they ask of readers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from ecolint.model import Wanted
from ecolint.stacks.vocabulary import Vocabulary


def wanted(stacks: Iterable[Vocabulary]) -> Wanted:
    """What these vocabularies ask of readers. Triggers are derived from how each stack is recognised."""
    stacks = tuple(stacks)
    objects = [o for stack in stacks for o in stack.objects.values()]
    every = [use for stack in stacks for use in (*stack.uses, *stack.beside)]
    uses = [call for use in every if not use.gives for call in use.calls]
    asked = {call for use in every if use.per_item or use.request for call in use.calls}
    works = [c for use in every if use.followed for c in use.calls]
    triggers: dict[str, None] = {f".{work.removeprefix('{}.')}(": None for work in works}
    for stack in stacks:
        started = [call for launch in stack.launches for call in launch.calls]
        for pattern in (*stack.calls, *stack.likely_calls, *stack.local_calls, *started):
            triggers[_telling(pattern)] = None
        for command in stack.commands:
            triggers[command[-1] if len(command) > 1 and "." in command[-1] else command[0]] = None
        for image in stack.images:
            triggers[_literal(image)] = None
        keys = () if stack.mapping_syntaxes else map(_telling, stack.mapping_any)
        for word in (*keys, *stack.triggers, *(flag.lstrip("-") for flag in stack.telling)):
            triggers[word] = None
    for spec in objects:
        for call in spec.classes:
            triggers[_telling(call)] = None
    return Wanted(
        calls=tuple(c for stack in stacks for c in (*stack.calls, *(c for one in stack.launches for c in one.calls))),
        likely_calls=tuple(c for stack in stacks for c in stack.likely_calls),
        local_calls=tuple(c for stack in stacks for c in stack.local_calls),
        objects=tuple(dict.fromkeys(c for spec in objects for c in spec.classes)),
        methods=tuple(dict.fromkeys(c.removeprefix("{}.") for c in uses if c.startswith("{}.") and c[-1] != "=")),
        passing=tuple(dict.fromkeys(c for c in uses if c not in asked)),
        works=tuple(dict.fromkeys(work.removeprefix("{}.") for work in works)),
        parts=tuple(dict.fromkeys(c.removeprefix("{}.")[:-1] for c in uses if c.startswith("{}.") and c[-1] == "=")),
        functions=tuple(dict.fromkeys(c for c in uses if not c.startswith("{}."))),
        commands=tuple(
            dict.fromkeys(
                name
                for stack in stacks
                for name in (*(command[0] for command in (*stack.commands, *_started(stack))), *stack.scripts)
            )
        ),
        runners=tuple(runner for stack in stacks for runner in stack.runners),
        words=tuple(dict.fromkeys(word for stack in stacks for use in stack.beside for word in use.words)),
        wrappers=tuple(dict.fromkeys(call for use in every if use.gives for call in use.calls)),
        triggers=tuple(t for t in triggers if t),
        keys=tuple(dict.fromkeys(_telling(key) for s in stacks if not s.mapping_syntaxes for key in s.mapping_any)),
        services=tuple(one for stack in stacks for one in stack.services),
        paths=tuple(dict.fromkeys(path for stack in stacks for path in _paths(stack, "document."))),
        companions=tuple(dict.fromkeys(path for stack in stacks for path in _paths(stack, "beside."))),
        anchors=_anchors(stacks),
    )


def _paths(stack: Vocabulary, beginning: str) -> Iterable[str]:
    """Paths that the vocabulary asks for, of those that begin so."""
    named = (*(path for key in stack.keys.values() for path in key.surroundings), *(n for n, _ in stack.mapping_where))
    named = (*named, *(name for name, _ in stack.unnamed))
    return (path.removesuffix("?") for path in named if path.startswith(beginning))


def _anchors(stacks: Iterable[Vocabulary]) -> Mapping[str, tuple[str, ...]]:
    """The words for which files of one syntax are read: those of the vocabularies whose settings stand in no other."""
    found: dict[str, dict[str, None]] = {}
    for stack in stacks:
        for syntax in stack.mapping_syntaxes:
            found.setdefault(syntax, {}).update(dict.fromkeys(stack.mapping_any))
    return {syntax: tuple(words) for syntax, words in found.items()}


def _started(stack: Vocabulary) -> Iterable[tuple[str, ...]]:
    """The command lines that start a container."""
    return (command for launch in stack.launches for command in launch.commands)


def _telling(pattern: str) -> str:
    """The longest literal part of a dotted name: a file that means it spells every part, in an import or a call."""
    return max(map(_literal, pattern.split(".")), key=len)


def _literal(pattern: str) -> str:
    """The longest stretch of a pattern that holds no wildcard."""
    return max(re.split(r"[*?]", pattern), key=len)
