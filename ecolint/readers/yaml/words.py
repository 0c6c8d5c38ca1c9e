"""Words of containers: `command` and `args` as lists, strings and `sh -c` scripts, each command a line of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from ecolint.model import ALWAYS, Branches, Entry, Table
from ecolint.readers.shells import SHELLS
from ecolint.readers.yaml.environments import Environment
from ecolint.readers.yaml.nodes import Node, resolved
from ecolint.readers.yaml.scripts import Line, script_lines
from ecolint.readers.yaml.tables import Document
from ecolint.readers.yaml.texts import Text, text_of

_FLAG = re.compile(r"(--?[A-Za-z][\w.-]*)=")
_RUN_OPTION = re.compile(r"-[a-z]*c\Z")
_COMMAND = re.compile(r"\s*[\w./]+\s(?:.*\s)?--?[A-Za-z]", re.DOTALL)
"""A whole command line: a program, and somewhere behind it an option."""


def lines(
    document: Document, lists: Iterable[Node | None], env: Environment, outer: Branches, compose: bool = False
) -> list[Line]:
    """The commands of a container from its `command` and `args` (in this order; None where missing)."""
    present = [resolved(node)[0] for node in lists if node is not None]
    shared = any(node is not None and resolved(node)[1] for node in lists)
    if not present:
        return [Line(None, env.table)]
    items = [child for node in present if node.kind == "sequence" for child in node.children]
    texts = [text_of(document, item, env.texts, compose) for item in items]
    found = _script_item(texts)
    if found is not None:
        return script_lines(document, resolved(items[found])[0], env, outer, shared or resolved(items[found])[1])
    if any(node.kind == "scalar" and (node.value or document.templated(node)) for node in present):
        scalars = [node for node in present if node.kind == "scalar"]
        if len(present) == 1:
            return script_lines(document, scalars[0], env, outer, shared, compose)
        words = Table("yaml.words", document.at(present[-1]), _mixed(document, present, env, compose), writable=False)
        return [Line(words, env.table)]
    entries = _numbered(_list_entries(document, items, texts, shared, outer))
    last = present[-1]
    open_ = any(node.kind == "sequence" and document.items(node).open for node in present)
    open_ = open_ or any(document.value(node)[0].kind == "unknown" for node in present)
    touched = any(document.generated(node.start, node.end) for node in present)
    table = Table("yaml.words", document.at(last), entries, open=open_, writable=not shared and not touched)
    return [Line(table, env.table)]


def _script_item(texts: list[Text]) -> int | None:
    """The position of the script in `sh -c SCRIPT`; a lone `-c SCRIPT` or SCRIPT leaves the shell to the image."""
    values = [text.value or "" for text in texts]
    if len(values) == 1 and _COMMAND.match(texts[0].lead):
        return 0
    if len(values) < 2:
        return None
    shell = values[0].rsplit("/", 1)[-1] in SHELLS
    if not shell and not (_RUN_OPTION.match(values[0]) and len(values) == 2 and " " in texts[1].lead):
        return None
    for index, value in enumerate(values[:-1]):
        if index and shell and not value.startswith("-"):
            return None
        if _RUN_OPTION.match(value):
            ended = values[index + 1] == "--" and index + 2 < len(values)  # nothing behind it is an option
            return index + 2 if ended else index + 1
    return None


def _list_entries(
    document: Document, items: list[Node], texts: list[Text], shared: bool, outer: Branches
) -> Iterator[Entry]:
    for item, text in zip(items, texts, strict=True):
        place = document.at(resolved(item)[0])
        branches = document.branches(item.start, outer)
        flag = _FLAG.match(text.lead) if text.value is None else None
        if flag:
            yield Entry("", document.known(flag.group(1), place, shared=shared), place, branches)
        text = replace(text, shared=True) if shared else text
        yield Entry("", text.as_value(), place, branches)


def _numbered(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    return tuple(replace(entry, name=str(index)) for index, entry in enumerate(entries))


def _mixed(document: Document, present: list[Node], env: Environment, compose: bool) -> tuple[Entry, ...]:
    """Words where `entrypoint` is a list and `command` a string or the other way round."""
    entries: list[Entry] = []
    for node in present:
        if node.kind == "sequence":
            texts = [text_of(document, item, env.texts, compose) for item in node.children]
            entries += _list_entries(document, node.children, texts, False, ALWAYS)
        else:
            for line in script_lines(document, node, env, ALWAYS, False, compose):
                entries += line.words.entries if line.words else ()
    return _numbered(entries)
