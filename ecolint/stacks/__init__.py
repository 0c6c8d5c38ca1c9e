"""The serving stacks and platforms ecolint can read, one TOML vocabulary each, discovered from this folder."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

from ecolint.model import Wanted
from ecolint.stacks.vocabulary import StackError, Vocabulary, load

__all__ = ["StackError", "Vocabulary", "vocabularies", "wanted"]


def vocabularies(folders: Sequence[str] = ()) -> tuple[Vocabulary, ...]:
    """Every shipped vocabulary and those of the user's folders (setting `stacks`), by file name. Raises StackError."""
    return _load(tuple(folders))


@lru_cache(maxsize=8)
def _load(folders: tuple[str, ...]) -> tuple[Vocabulary, ...]:
    found: dict[str, Vocabulary] = {}
    for folder in (Path(__file__).parent, *map(Path, folders)):
        if not folder.is_dir():
            raise StackError(str(folder), 1, "no such folder; the setting 'stacks' names folders of vocabulary files")
        for path in sorted(folder.glob("*.toml")):
            vocabulary = load(path.read_text(encoding="utf-8"), path.name)
            found[vocabulary.name] = vocabulary
    return tuple(found.values())


def wanted(stacks: Iterable[Vocabulary]) -> Wanted:
    """What these vocabularies ask of readers. Triggers are derived from how each stack is recognised."""
    stacks = tuple(stacks)
    objects = [o for stack in stacks for o in stack.objects.values()]
    uses = [call for stack in stacks for use in (*stack.uses, *stack.beside) for call in use.calls]
    triggers: dict[str, None] = {}
    for stack in stacks:
        started = [call for launch in stack.launches for call in launch.calls]
        for pattern in (*stack.calls, *stack.likely_calls, *stack.local_calls, *started):
            triggers[_literal(pattern.rsplit(".", 1)[-1])] = None
        for command in stack.commands:
            triggers[command[-1] if len(command) > 1 and "." in command[-1] else command[0]] = None
        for image in stack.images:
            triggers[_literal(image)] = None
        for word in (*stack.mapping_any, *stack.triggers):
            triggers[word] = None
    for spec in objects:
        for call in spec.calls:
            triggers[_literal(call.rsplit(".", 1)[-1])] = None
    return Wanted(
        calls=tuple(c for stack in stacks for c in (*stack.calls, *(c for one in stack.launches for c in one.calls))),
        likely_calls=tuple(c for stack in stacks for c in stack.likely_calls),
        local_calls=tuple(c for stack in stacks for c in stack.local_calls),
        objects=tuple(c for spec in objects for c in spec.calls),
        methods=tuple(dict.fromkeys(c.removeprefix("{}.") for c in uses if c.startswith("{}.") and c[-1] != "=")),
        parts=tuple(dict.fromkeys(c.removeprefix("{}.")[:-1] for c in uses if c.startswith("{}.") and c[-1] == "=")),
        functions=tuple(dict.fromkeys(c for c in uses if not c.startswith("{}."))),
        commands=tuple(dict.fromkeys(command[0] for stack in stacks for command in stack.commands)),
        runners=tuple(runner for stack in stacks for runner in stack.runners),
        words=tuple(dict.fromkeys(word for stack in stacks for use in stack.beside for word in use.words)),
        triggers=tuple(t for t in triggers if t),
        services=tuple(one for stack in stacks for one in stack.services),
    )


def _literal(pattern: str) -> str:
    """The longest stretch of a pattern that holds no wildcard."""
    return max(re.split(r"[*?]", pattern), key=len)
