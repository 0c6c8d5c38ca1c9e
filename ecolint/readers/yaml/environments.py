"""Environments of containers as tables: `env` lists of Kubernetes, mappings and `NAME=value` lists of compose."""

from __future__ import annotations

from dataclasses import field, replace

from ecolint.model import Branches, Entry, Place, Table
from ecolint.readers.yaml.configmaps import ConfigMap, splatted
from ecolint.readers.yaml.nodes import Node, resolved
from ecolint.readers.yaml.tables import Document
from ecolint.readers.yaml.texts import Text, text_of
from ecolint.shaped import dataclass


@dataclass(slots=True)
class Environment:
    """A container's variables: the table to report, and each variable's text for references."""

    table: Table | None
    texts: dict[str, Text] = field(default_factory=dict)
    files: set[str] = field(default_factory=set)
    """The files of the ConfigMaps that variables were taken from."""

    def plain(self) -> dict[str, str | None]:
        """Variables with their values, None where unknown."""
        return {name: text.value for name, text in self.texts.items()}


def environment(document: Document, container: Node, outer: Branches, key: str = "env") -> Environment:
    """`env` and `envFrom` of a Kubernetes container. Without `env` the table stands at the container."""
    fields = document.fields(container).by_name
    env = Environment(None)
    given: list[Entry] = []
    open_ = "envFrom" in fields and not _given(document, fields["envFrom"].value, env, given)
    listed = fields.get(key)
    if listed is None:
        writable = not container.shared and not document.generated(container.start, container.end)
        open_ = open_ or document.fields(container).open
        env.table = Table("yaml.env", document.at(container), tuple(given), open=open_, writable=writable)
        return env
    bare, shared = resolved(listed.value)
    shared = shared or listed.shared or listed.merged or container.shared
    entries: dict[str, Entry] = {}
    if bare.kind != "sequence":
        open_ = open_ or bare.kind != "scalar" or document.value(bare)[0].kind == "unknown"
    else:
        open_ = open_ or document.items(bare).open
    for item in bare.children if bare.kind == "sequence" else ():
        one = _variable(document, item, env, shared)
        if one is None:
            open_ = True
            continue
        name, text, place = one
        env.texts[name] = text
        entries.pop(name, None)
        entries[name] = Entry(name, text.as_value(), place, document.branches(item.start, outer))
    writable = not shared and bare.kind == "sequence" and not document.generated(bare.start, bare.end)
    env.table = Table("yaml.env", document.at(bare), (*given, *entries.values()), open=open_, writable=writable)
    return env


def _given(document: Document, node: Node, env: Environment, given: list[Entry]) -> bool:
    """Take over what `envFrom` gives; False where there may be more than can be seen (a Secret, a prefix)."""
    bare = resolved(node)[0]
    whole = bare.kind == "sequence" and not document.items(bare).open
    for item in bare.children if bare.kind == "sequence" else ():
        keys = document.fields(item)
        found = _map_of(document, keys.by_name["configMapRef"].value) if "configMapRef" in keys.by_name else None
        if found is None or "prefix" in keys.by_name:
            whole = False
            continue
        given.append(splatted(found))
        env.texts.update(found.texts)
        env.files.update(found.files)
        whole = whole and not keys.open and not found.table.open
    return whole


def _map_of(document: Document, reference: Node) -> ConfigMap | None:
    """The ConfigMap that a reference names."""
    named = document.fields(reference).by_name.get("name")
    name = resolved(named.value)[0] if named is not None else None
    if document.maps is None or name is None or name.kind != "scalar" or not document.readable(name):
        return None
    return document.maps.find(name.value)


def _variable(document: Document, item: Node, env: Environment, shared: bool) -> tuple[str, Text, Place] | None:
    """One item of an `env` list: name, text and place; None where its name cannot be read."""
    bare, twice = resolved(item)
    fields = document.fields(bare).by_name
    if "Name" in fields:  # as templates of CloudFormation write it
        fields = {key.lower(): one for key, one in fields.items()}
    name = resolved(fields["name"].value)[0] if "name" in fields else None
    if name is None or name.kind != "scalar" or document.templated(name):
        return None
    place = document.at(bare)
    if "valueFrom" in fields:
        return name.value, _referred(document, resolved(fields["valueFrom"].value)[0], env), place
    if "value" not in fields:
        return name.value, Text("" if not document.fields(bare).open else None, "", place), place
    value = fields["value"]
    text = text_of(document, value.value, env.texts)
    if shared or twice or value.shared or value.merged:
        text = replace(text, shared=True)
    return name.value, text, place


def _referred(document: Document, source: Node, env: Environment) -> Text:
    """What `valueFrom` gives: the key of a ConfigMap; unknown of anything else."""
    reference = document.fields(source).by_name.get("configMapKeyRef")
    found = _map_of(document, reference.value) if reference is not None else None
    if reference is None or found is None:
        return Text(None, "", document.at(source))
    named = document.fields(reference.value).by_name.get("key")
    key = resolved(named.value)[0] if named is not None else None
    text = found.texts.get(key.value) if key is not None and document.readable(key) else None
    if text is None or text.value is None:
        return Text(None, "", document.at(source))
    env.files.update(found.files)
    return replace(text, how="constant", shared=True)


def pairs_environment(document: Document, node: Node, outer: Branches) -> Environment:
    """`environment` of a compose service: a mapping or a list of `NAME=value`."""
    bare, shared = resolved(node)
    entries: dict[str, Entry] = {}
    texts: dict[str, Text] = {}
    open_ = False

    def put(name: str, text: Text, place: Place) -> None:
        texts[name] = text
        entries[name] = Entry(name, text.as_value(), place, document.branches_of(place, outer))

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
    writable = not shared and bare.kind != "scalar" and not document.generated(bare.start, bare.end)
    table = Table("yaml.env", document.at(bare), tuple(entries.values()), open=open_, writable=writable)
    return Environment(table, texts)
