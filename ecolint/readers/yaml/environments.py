"""Environments of containers as tables: `env` lists of Kubernetes, mappings and `NAME=value` lists of compose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ecolint.model import Branches, Entry, Place, Table
from ecolint.readers.yaml.nodes import Node, resolved
from ecolint.readers.yaml.tables import Document
from ecolint.readers.yaml.texts import Text, text_of


@dataclass(slots=True)
class Environment:
    """A container's variables: the table to report, and each variable's text for references."""

    table: Table | None
    texts: dict[str, Text] = field(default_factory=dict)

    def plain(self) -> dict[str, str | None]:
        """Variables with their values, None where unknown."""
        return {name: text.value for name, text in self.texts.items()}


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
