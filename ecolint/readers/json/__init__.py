"""Reads JSON: containers, commands and every object that holds a wanted key, with exact places; and rewrites them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from ecolint.model import Change, Edit, Invocation, Pin, Problem, Reading, Source, Table, Value, Wanted
from ecolint.readers.programs import programs
from ecolint.speech import say

if TYPE_CHECKING:
    from ecolint.readers import Lookup
    from ecolint.readers.json.tree import File
    from ecolint.readers.yaml.nodes import Node
    from ecolint.readers.yaml.tables import Document

SUFFIXES = (".json", ".jsonc")

_KEY = re.compile(r'"([^"\\\n]{1,80})"\s*:')
_RUNS = re.compile(
    r"\w*?(?:image|command|commands|cmd|args|arguments|entrypoint|scripts?|run|start|exec|launch)\Z", re.IGNORECASE
)
"""Keys under which something is named that runs, or what is handed to it."""
_HOLDS = re.compile(
    r"containers|source|\w*?(?:image_?uri|env|envs|env_?vars|environment(?:_?variables)?)\Z", re.IGNORECASE
)
"""Further keys of what runs."""
_RELAXED = re.compile(r"\.jsonc\Z|(?:\A|/)(?:\.vscode/[^/]+|\.?devcontainer)\.json\Z")
"""Files of editors: a comma behind the last item is allowed (Visual Studio Code, "JSON with Comments")."""
_RUN = re.compile(r"[/:-]")
"""What stands in words that are looked for in images and commands."""


def read(source: Source, wanted: Wanted, project: Lookup) -> Reading:
    """Everything in a JSON file that may start or configure a model.

    A file that has neither a wanted key nor a wanted word beside a key that runs something is not even parsed, so that
    records, data and the settings of other tools cost a scan. Nor is one whose only wanted words are other keys, which
    name what may run somewhere, while nothing runs in it. Of one that is parsed and cannot be read, its first
    mistake is told.
    """
    keys = frozenset(_KEY.findall(source.text))
    triggers = [trigger for trigger in (*wanted.keys, *wanted.words_of("json")) if trigger in keys]
    settings = not keys.isdisjoint((*wanted.keys, *wanted.anchors.get("json", ())))
    if not (settings or (triggers and _may_run(source.text, keys)) or _runs(source.text, keys, wanted)):
        return Reading()
    from ecolint.readers.hashes import comments
    from ecolint.readers.json.tree import Unreadable, parse

    try:
        file = parse(source.text, relaxed=_RELAXED.search(source.path.lower()) is not None)
    except Unreadable as error:
        if keys.isdisjoint(wanted.keys):
            return Reading()
        line = source.text.count("\n", 0, error.at) + 1
        return Reading(problems=(Problem(source.path, line, error.reason),))
    if len(file.roots) != 1:
        return Reading()  # lines of records
    document = _document(source)
    found = _invocations(document, file.roots[0], triggers, wanted)
    mistakes = _marked(source) if found else ()
    mistakes = mistakes or _twice(source, file, found, wanted)
    return Reading(tuple(found), comments(source.text, file.comments, marks="/*"), mistakes)


def _document(source: Source) -> Document:
    from ecolint.readers.yaml.tables import Document
    from ecolint.readers.yaml.templates import find

    return Document(source.path, source.text, 0, find(source.text, source.path))


def _invocations(document: Document, root: Node, triggers: Sequence[str], wanted: Wanted) -> list[Invocation]:
    from ecolint.readers.yaml import invocations_of
    from ecolint.readers.yaml.fallbacks import without_switched_off

    if root.kind == "scalar":
        return []
    found = without_switched_off(document, [root], invocations_of(document, root, triggers, wanted))
    return [replace(one, syntax="json") for one in found]


def _marked(source: Source) -> tuple[Problem, ...]:
    """That a byte order mark stands before the settings: RFC 8259 (8.1) forbids to write one."""
    if not source.bom:
        return ()
    reason = say(
        "a byte order mark stands before the JSON, and many parsers refuse it: save the file as UTF-8 without one"
    )
    return (Problem(source.path, 1, reason, whole_file=False),)


def _twice(source: Source, file: File, found: Iterable[Invocation], wanted: Wanted) -> tuple[Problem, ...]:
    """Where settings hold a wanted key twice, or keys beside it: the first such place."""
    settings = {one.mapping.place.span.start for one in found if one.mapping is not None}
    wanting = set(wanted.keys)
    for node, key in sorted(file.twice, key=lambda pair: pair[1].start):
        if node.start in settings and any(one.value in wanting for one, _ in node.pairs()):
            line = source.text.count("\n", 0, key.start) + 1
            reason = say(
                "the key {key!r} stands twice in one object, and the last one counts: take one out", key=key.value
            )
            return (Problem(source.path, line, reason, whole_file=False),)
    return ()


def _may_run(text: str, keys: Iterable[str]) -> bool:
    """Whether there is a key of something that runs, or a comment that wants to be answered."""
    return "ecolint:" in text or any(_RUNS.match(key) or _HOLDS.match(key) for key in keys)


def _runs(text: str, keys: Iterable[str], wanted: Wanted) -> bool:
    """Whether there are both a key that names what runs and a word of an image or command that is looked for."""
    if not any(_RUNS.match(key) for key in keys):
        return False
    return programs(wanted.commands, _parts(wanted.triggers)).named_in(text)


@lru_cache(maxsize=8)
def _parts(triggers: tuple[str, ...]) -> tuple[str, ...]:
    """Words that stand in images and in flags alone."""
    return tuple(trigger for trigger in triggers if _RUN.search(trigger))


def anchors(keys: Sequence[str]) -> tuple[str, ...]:
    """The words of which one must stand in a file that is too long to read, for its length to be worth a line."""
    return tuple(f'"{key}"{colon}' for key in keys for colon in (":", " :"))


def rewrite(source: Source, table: Table, changes: Sequence[Change]) -> tuple[Edit, ...]:
    """The edits that make all `changes` in one table. Raises CannotEdit where there is no right edit."""
    from ecolint.readers.json.write import edits

    return edits(source, table, changes)


def pins(source: Source) -> tuple[Pin, ...]:
    """JSON files require no libraries of Python."""
    return ()


def constants(source: Source) -> Mapping[str, Value]:
    """JSON files export no constants."""
    return {}
