"""The shell lines and cells of a notebook: commands that may start a server, and the libraries they install."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ecolint.model import Comment, Invocation, Pin, Source, Span
from ecolint.readers.notebook.view import Shell, View
from ecolint.readers.shell.commands import Script
from ecolint.readers.shell.installing import installed
from ecolint.readers.shell.script import split
from ecolint.readers.shell.words import tables

_FILLED = re.compile(r"\{[^{}\r\n]*\}")


def scripts(source: Source, seen: View) -> Iterator[tuple[Shell, Script]]:
    """Every piece that a shell runs, taken apart. What Python fills in beforehand is unknown."""
    for shell in seen.shells:
        text = source.text[shell.span.start : shell.span.end]
        spans = [match.span() for match in _FILLED.finditer(text)] if shell.filled else []
        made = [index for start, end in spans for index in range(start, end)]
        inside = frozenset(made)

        def unknown(start: int, end: int, inside: frozenset[int] = inside) -> bool:
            return bool(inside) and any(index in inside for index in range(start, end))

        yield shell, split(text, {}, unknown, label=f"{source.path}:{shell.span.start}")


def invocations(source: Source, seen: View, triggers: tuple[str, ...]) -> tuple[list[Invocation], list[Comment]]:
    """The commands that hold a trigger, and all comments."""
    found: list[Invocation] = []
    comments: list[Comment] = []
    for shell, script in scripts(source, seen):
        base = shell.span.start
        for start, end in script.comments:
            span = Span(base + start, base + end)
            alone = not source.text[source.text.rfind("\n", 0, span.start) + 1 : span.start].strip()
            comments.append(Comment(source.text[span.start + 1 : span.end].strip(), span, alone))
        text = source.text[base : shell.span.end]
        if not any(trigger in text for trigger in triggers):
            continue
        for command in script.commands:
            words, env = tables(command, source.path, base)
            found.append(Invocation("shell", words.place, "command", words=words, env=env, branches=command.branches))
    return found, comments


def pins(source: Source, seen: View) -> tuple[Pin, ...]:
    """What the notebook installs, in order."""
    found: list[Pin] = []
    for shell, script in scripts(source, seen):
        text = source.text[shell.span.start : shell.span.end]
        for command in script.commands:
            found += installed(command.words, text, source.path, shell.span.start, command.branches)
    return tuple(found)
