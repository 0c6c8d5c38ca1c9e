"""Words and environments of containers: `command` and `args` lists, `sh -c` scripts, `env`, references between them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from ecolint.model import ALWAYS, Alternative, Branches, Entry, How, Place, Table, Value
from ecolint.readers.shell.commands import Command, Word
from ecolint.readers.shell.script import split
from ecolint.readers.yaml.nodes import Node, resolved
from ecolint.readers.yaml.scalars import offsets
from ecolint.readers.yaml.tables import SUBSTITUTED, Document

_REFERENCE = re.compile(r"\$\$|\$\(([A-Za-z_][\w.-]*)\)")
_COMPOSE_REFERENCE = re.compile(r"\$\$|\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?:(:?-)([^${}]*))?([^{}]*)\})")
_FLAG = re.compile(r"(--?[A-Za-z][\w.-]*)=")
_SHELLS = frozenset({"sh", "bash", "dash", "ash", "zsh"})
_RUN_OPTION = re.compile(r"-[a-z]*c\Z")


@dataclass(frozen=True, slots=True)
class Text:
    """A string with references resolved: None where unknown, and `lead`, what is known of it from the start."""

    value: str | None
    lead: str
    place: Place
    how: How = "literal"
    shared: bool = False

    def as_value(self) -> Value:
        """The text as a value."""
        if self.value is None:
            return (Alternative("unknown", None, self.place),)
        return (Alternative("known", self.value, self.place, self.how, shared=self.shared),)


@dataclass(slots=True)
class Environment:
    """A container's variables: the table to report, and each variable's text for references."""

    table: Table | None
    texts: dict[str, Text] = field(default_factory=dict)

    def plain(self) -> dict[str, str | None]:
        """Variables with their values, None where unknown."""
        return {name: text.value for name, text in self.texts.items()}


def text_of(document: Document, node: Node, texts: Mapping[str, Text], compose: bool = False) -> Text:
    """A scalar as the container gets it: always a string, with `$(VAR)` (compose: `${VAR:-default}`) resolved."""
    bare, shared = resolved(node)
    place = document.at(bare)
    if bare.kind != "scalar":
        return Text(None, "", place)
    if not document.readable(bare):
        return Text(None, _known_start(document, bare), place)
    if "$" not in bare.value:
        return Text(bare.value, bare.value, place, shared=shared)
    resolve = _resolve_compose if compose else _resolve
    return resolve(bare.value, texts, place, shared)


def _known_start(document: Document, node: Node) -> str:
    """The text of a partly templated scalar up to its first template."""
    where = offsets(document.templates.masked, node, document.base)
    if where is None:
        return ""
    for index, at in enumerate(where):
        if document.touched(at, at + 1):
            return node.value[:index]
    return ""


def _resolve(raw: str, texts: Mapping[str, Text], place: Place, shared: bool) -> Text:
    """`$(VAR)` as Kubernetes replaces it; `$$` escapes; a variable that nobody defines is unknown."""
    whole = _REFERENCE.fullmatch(raw)
    if whole and whole.group(1) in texts:
        source = texts[whole.group(1)]
        if source.value is None:
            return Text(None, "", place)
        return Text(source.value, source.value, source.place, "constant", shared or source.shared)
    parts: list[str] = []
    at, how = 0, "literal"
    for match in _REFERENCE.finditer(raw):
        parts.append(raw[at : match.start()])
        at = match.end()
        name = match.group(1)
        if name is None:
            parts.append("$")
            continue
        known = texts.get(name)
        if known is None or known.value is None:
            return Text(None, "".join(parts), place)
        parts.append(known.value)
        how = "constant"
    text = "".join([*parts, raw[at:]])
    filled = SUBSTITUTED.search(text)
    if filled and "\n" not in text:
        return Text(None, text[: filled.start()], place)
    return Text(text, text, place, "constant" if how == "constant" else "literal", shared)


def _resolve_compose(raw: str, texts: Mapping[str, Text], place: Place, shared: bool) -> Text:
    """`${VAR:-default}` as compose replaces it: the default where there is one, else unknown (a `.env` may exist)."""
    parts: list[str] = []
    at, how = 0, "literal"
    for match in _COMPOSE_REFERENCE.finditer(raw):
        parts.append(raw[at : match.start()])
        at = match.end()
        if match.group() == "$$":
            parts.append("$")
        elif match.group(3) and not match.group(5):
            parts.append(match.group(4))
            how = "default"
        else:
            return Text(None, "".join(parts), place)
    text = "".join([*parts, raw[at:]])
    return Text(text, text, place, "default" if how == "default" else "literal", shared)


# --- environment ------------------------------------------------------------------------------------------------------


def environment(document: Document, container: Node, outer: Branches) -> Environment:
    """`env` of a Kubernetes container; `envFrom` makes it open. Without `env` the table stands at the container."""
    fields = document.fields(container).by_name
    listed = fields.get("env")
    open_ = "envFrom" in fields
    if listed is None:
        writable = not container.shared and not document.touched(container.start, container.end)
        open_ = open_ or document.fields(container).open
        return Environment(Table("yaml.env", document.at(container), (), open=open_, writable=writable))
    bare, shared = resolved(listed.value)
    shared = shared or listed.shared or listed.merged or container.shared
    entries: dict[str, Entry] = {}
    texts: dict[str, Text] = {}
    if bare.kind != "sequence":
        open_ = open_ or bare.kind != "scalar" or document.value(bare)[0].kind == "unknown"
    else:
        open_ = open_ or document.items(bare).open
    for item in bare.children if bare.kind == "sequence" else ():
        one = _variable(document, item, texts, shared)
        if one is None:
            open_ = True
            continue
        name, text, place = one
        texts[name] = text
        entries.pop(name, None)
        entries[name] = Entry(name, text.as_value(), place, document.branches(place.span.start, outer))
    writable = not shared and bare.kind == "sequence" and not document.touched(bare.start, bare.end)
    table = Table("yaml.env", document.at(bare), tuple(entries.values()), open=open_, writable=writable)
    return Environment(table, texts)


def _variable(
    document: Document, item: Node, texts: Mapping[str, Text], shared: bool
) -> tuple[str, Text, Place] | None:
    """One item of an `env` list: name, text and place; None where its name cannot be read."""
    bare, twice = resolved(item)
    fields = document.fields(bare).by_name
    name = resolved(fields["name"].value)[0] if "name" in fields else None
    if name is None or name.kind != "scalar" or document.templated(name):
        return None
    place = document.at(bare)
    if "valueFrom" in fields:
        return name.value, Text(None, "", document.at(resolved(fields["valueFrom"].value)[0])), place
    if "value" not in fields:
        return name.value, Text("" if not document.fields(bare).open else None, "", place), place
    value = fields["value"]
    text = text_of(document, value.value, texts)
    if shared or twice or value.shared or value.merged:
        text = replace(text, shared=True)
    return name.value, text, place


def pairs_environment(document: Document, node: Node, outer: Branches) -> Environment:
    """`environment` of a compose service: a mapping or a list of `NAME=value`."""
    bare, shared = resolved(node)
    entries: dict[str, Entry] = {}
    texts: dict[str, Text] = {}
    open_ = False

    def put(name: str, text: Text, place: Place) -> None:
        texts[name] = text
        entries[name] = Entry(name, text.as_value(), place, document.branches(place.span.start, outer))

    if bare.kind == "mapping":
        fields = document.fields(bare)
        open_ = fields.open
        for name, one in fields.by_name.items():
            text = text_of(document, one.value, {}, compose=True)
            empty = resolved(one.value)[0]
            if empty.kind == "scalar" and not empty.value and not empty.style:
                text = replace(text, value=None)  # taken from the environment of whoever starts it
            put(
                name,
                replace(text, shared=True) if shared or one.shared or one.merged else text,
                document.pair_place(one),
            )
    elif bare.kind == "sequence":
        open_ = document.items(bare).open
        for item in bare.children:
            text = text_of(document, item, {}, compose=True)
            name, equals, value = (text.value if text.value is not None else text.lead).partition("=")
            if not name or (text.value is None and not equals):
                open_ = True
                continue
            known = value if equals and text.value is not None else None
            put(
                name,
                replace(text, value=known, lead=value, shared=text.shared or shared),
                document.at(resolved(item)[0]),
            )
    else:
        open_ = True
    writable = not shared and bare.kind != "scalar" and not document.touched(bare.start, bare.end)
    table = Table("yaml.env", document.at(bare), tuple(entries.values()), open=open_, writable=writable)
    return Environment(table, texts)


# --- words ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """One command of a container: its words, the variables it runs with, and the branches it stands in."""

    words: Table | None
    env: Table | None
    branches: Branches = ALWAYS


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
        return _script_lines(document, resolved(items[found])[0], env, outer, shared or resolved(items[found])[1])
    if any(node.kind == "scalar" and (node.value or document.templated(node)) for node in present):
        scalars = [node for node in present if node.kind == "scalar"]
        if len(present) == 1:
            return _script_lines(document, scalars[0], env, outer, shared, compose)
        words = Table("yaml.words", document.at(present[-1]), _mixed(document, present, env, compose), writable=False)
        return [Line(words, env.table)]
    entries = _numbered(_list_entries(document, items, texts, shared, outer))
    last = present[-1]
    open_ = any(node.kind == "sequence" and document.items(node).open for node in present)
    open_ = open_ or any(document.value(node)[0].kind == "unknown" for node in present)
    touched = any(document.touched(node.start, node.end) for node in present)
    table = Table("yaml.words", document.at(last), entries, open=open_, writable=not shared and not touched)
    return [Line(table, env.table)]


def _script_item(texts: list[Text]) -> int | None:
    """The position of the script in `sh -c SCRIPT`; a lone `-c SCRIPT` leaves the shell to the image."""
    values = [text.value or "" for text in texts]
    if len(values) < 2:
        return None
    shell = values[0].rsplit("/", 1)[-1] in _SHELLS
    if not shell and not (_RUN_OPTION.match(values[0]) and len(values) == 2 and " " in texts[1].lead):
        return None
    for index, value in enumerate(values[:-1]):
        if index and shell and not value.startswith("-"):
            return None
        if _RUN_OPTION.match(value):
            return index + 1
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
            for line in _script_lines(document, node, env, ALWAYS, False, compose):
                entries += line.words.entries if line.words else ()
    return _numbered(entries)


def _script_lines(
    document: Document, node: Node, env: Environment, outer: Branches, shared: bool, compose: bool = False
) -> list[Line]:
    """Each simple command of a script scalar with exact places where the text maps to the file one to one."""
    where = offsets(document.templates.masked, node, document.base)
    templated = document.touched(node.start, node.end)
    place = document.at(node)
    if node.kind != "scalar" or (where is None and templated):
        words = Table("yaml.words", place, (Entry("0", document.unknown(node), place),), open=True, writable=False)
        return [Line(words, env.table)]

    def unknown(start: int, end: int) -> bool:
        return templated and where is not None and document.touched(where[start], where[end - 1] + 1)

    joined = _swallowed(document, node.value, where) if templated and where is not None else frozenset()
    label = f"{document.path}:{node.start}"
    variables = {} if compose else env.plain()
    made: list[Line] = []
    script = split(node.value, variables, unknown, joined, label)
    if where is not None:
        document.remarks.update((where[start], where[end - 1] + 1) for start, end in script.comments)
    for command in script.commands:
        words = _command_words(document, node, command, where, outer, shared)
        branches = command.branches
        if where is not None:
            branches |= document.branches(where[command.words[0].start], outer)
        made.append(Line(words, _command_env(document, env.table, command, where, place), branches))
    return made or [Line(None, env.table)]


def _swallowed(document: Document, script: str, where: list[int]) -> frozenset[int]:
    """Newlines of lines that consist of template actions alone: the template, not the shell, has the last word."""
    joined: set[int] = set()
    start = 0
    while start < len(script):
        end = script.find("\n", start)
        if end < 0:
            break
        if not script[start:end].strip():
            line_start = document.text.rfind("\n", 0, where[end]) + 1
            if document.touched(line_start, where[end]):
                joined.add(end)
        start = end + 1
    return frozenset(joined)


def _command_words(
    document: Document,
    node: Node,
    command: Command,
    where: list[int] | None,
    outer: Branches,
    shared: bool,
) -> Table:
    whole = document.at(node)
    entries: list[Entry] = []
    for index, word in enumerate(command.words):
        place = _word_place(document, word, where, whole)
        branches = document.branches(place.span.start, outer) if where is not None else ALWAYS
        entries.append(Entry(str(index), _word_value(word, place, shared), place, branches))
    open_ = any(word.several for word in command.words)
    writable = where is not None and not shared
    if where is not None:
        first, last = entries[0].place.span.start, entries[-1].place.span.end
        writable = writable and not document.touched(first, last)
        whole = document.place(first, last)
    return Table("yaml.words", whole, tuple(entries), open=open_, writable=writable)


def _word_place(document: Document, word: Word, where: list[int] | None, whole: Place) -> Place:
    if where is None or word.end <= word.start:
        return whole
    end = min(word.end, len(where))
    return document.place(where[word.start], where[end - 1] + 1)


def _word_value(word: Word, place: Place, shared: bool) -> Value:
    if word.text is None:
        return (Alternative("unknown", None, place),)
    return (Alternative("known", word.text, place, word.how, shared=shared),)


def _command_env(
    document: Document, table: Table | None, command: Command, where: list[int] | None, whole: Place
) -> Table | None:
    """The container's environment with what the script adds to it."""
    if not command.env:
        return table
    added: dict[str, Entry] = {}
    for one in command.env:
        place = _word_place(document, one.value, where, whole)
        added[one.name] = Entry(one.name, _word_value(one.value, place, False), place)
    if table is None:
        return Table("yaml.env", whole, tuple(added.values()), writable=False)
    kept = [entry for entry in table.entries if entry.name not in added]
    return replace(table, entries=(*kept, *added.values()))
