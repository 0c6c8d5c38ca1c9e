"""What the scripts of a YAML file install: libraries that `pip install` names in what a container or a task runs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from fnmatch import fnmatchcase

from ecolint.model import Pin, Place, Source, Span
from ecolint.readers.shell.installing import installed
from ecolint.readers.shell.script import split
from ecolint.readers.yaml.nodes import Node, Unreadable, compose, documents, resolved
from ecolint.readers.yaml.runs import KEYS
from ecolint.readers.yaml.scalars import offsets
from ecolint.readers.yaml.spoken import INSTALL
from ecolint.readers.yaml.templates import find

PIPELINES = (
    *(".github/*", "*/.github/*", ".circleci/*", "*/.circleci/*", ".buildkite/*", "*/.buildkite/*", ".tekton/*"),
    *("*.gitlab-ci.yml", "*.gitlab-ci.yaml", ".gitlab/*", "*azure-pipelines*.yml", "*.travis.yml", "*/action.yml"),
)
"""Files of test pipelines: what they install is tried there and serves nobody."""

_ALSO = re.compile(r"(?:args|setup|\w*install\w*|entrypoint)\Z", re.IGNORECASE)


def installs(source: Source) -> tuple[Pin, ...]:
    """The requirements that a file's scripts install; none of a test pipeline's."""
    if "install " not in source.text or any(fnmatchcase(source.path, pattern) for pattern in PIPELINES):
        return ()
    found: list[Pin] = []
    for base, text in documents(source.text):
        if not INSTALL.search(text):
            continue
        masked = find(text, "").masked
        try:
            roots = compose(masked, base)
        except Unreadable:
            continue  # told where the file is read
        for node in _scripts(roots):
            found += _installed(source.path, masked, base, node)
    return tuple(found)


def _scripts(roots: list[Node]) -> Iterator[Node]:
    """Scalars that a shell runs and that install something."""
    stack: list[tuple[Node, bool]] = [(root, False) for root in reversed(roots)]
    while stack:
        node, runs = stack.pop()
        if node.kind == "mapping":
            for key, value in reversed(list(node.pairs())):
                name = resolved(key)[0].value
                stack.append((value, bool(KEYS.match(name) or _ALSO.match(name))))
        elif node.kind == "sequence":
            stack.extend((child, runs) for child in reversed(node.children))
        elif node.kind == "scalar" and runs and INSTALL.search(node.value):
            yield node


def _installed(path: str, text: str, base: int, node: Node) -> Iterator[Pin]:
    where = offsets(text, node, base)
    for command in split(node.value, {}, label=f"{path}:{node.start}").commands:
        for pin in installed(command.words, node.value, path, 0, command.branches):
            start, end = pin.place.span.start, pin.place.span.end
            told = where is not None and end > start
            span = (
                Span(where[start], where[min(end, len(where)) - 1] + 1)
                if told and where
                else Span(node.start, node.end)
            )
            yield replace(pin, place=Place(path, span))
