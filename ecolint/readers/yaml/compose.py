"""Compose services: one invocation for each command of each service, with what it extends in the same file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ecolint.model import Branches, Entry, Invocation, Table
from ecolint.readers.yaml.built import built
from ecolint.readers.yaml.carried import Carried
from ecolint.readers.yaml.envfiles import assigned
from ecolint.readers.yaml.environments import Environment, pairs_environment
from ecolint.readers.yaml.nodes import Node, resolved
from ecolint.readers.yaml.pods import image_value
from ecolint.readers.yaml.surroundings import Surroundings
from ecolint.readers.yaml.tables import Document, Field
from ecolint.readers.yaml.texts import Text
from ecolint.readers.yaml.words import lines
from ecolint.shaped import dataclass

TELLING = frozenset({"command", "environment", "entrypoint", "deploy", "image"})
"""Keys of which a service that is worth reading has one."""
MAX_EXTENDED = 16
"""Services that one of them may rest on, one behind the other."""


@dataclass(frozen=True, slots=True)
class Service:
    """A service with its effective keys: its own, then those of what it extends, which also give `environments`."""

    key: Node
    node: Node
    fields: Mapping[str, Field]
    environments: tuple[Field, ...] = ()
    foreign: bool = False
    """It extends a service of another file."""


def compose_services(document: Document, root: Node) -> list[Service]:
    """The services of a compose file; none where it is something else."""
    if root.kind != "mapping":
        return []
    services = document.fields(root).by_name.get("services")
    listed = resolved(services.value)[0] if services else None
    if listed is None or listed.kind != "mapping":
        return []
    named = document.fields(listed).by_name
    found = (_extended(document, one, named) for one in named.values() if resolved(one.value)[0].kind == "mapping")
    return [one for one in found if _served(one.fields)]


def extensions(document: Document, root: Node) -> set[Node]:
    """The parts of a compose file that services may take over, and that run nothing by themselves."""
    fields = document.fields(root).by_name
    return {resolved(one.value)[0] for name, one in fields.items() if name.startswith("x-")}


def _served(fields: Mapping[str, Field]) -> bool:
    return ("image" in fields or "build" in fields) and not fields.keys().isdisjoint(TELLING)


def _extended(document: Document, one: Field, named: Mapping[str, Field]) -> Service:
    """A service on top of the services that it extends."""
    node = resolved(one.value)[0]
    fields = dict(document.fields(node).by_name)
    environments = [fields["environment"]] if "environment" in fields else []
    foreign = False
    for _ in range(MAX_EXTENDED):
        if "extends" not in fields:
            break
        base, foreign = _base(document, fields.pop("extends"), named)
        if base is None:
            break
        beneath = document.fields(base).by_name
        if "environment" in beneath:
            environments.insert(0, replace(beneath["environment"], shared=True))
        taken = {name: replace(field, shared=True) for name, field in beneath.items() if name not in fields}
        fields = {**taken, **fields}
    return Service(one.key, node, fields, tuple(environments), foreign)


def _base(document: Document, extends: Field, named: Mapping[str, Field]) -> tuple[Node | None, bool]:
    """The service that is extended, where it stands in the same file; whether it stands in another one."""
    node = resolved(extends.value)[0]
    if node.kind == "mapping":
        keys = document.fields(node).by_name
        if "file" in keys or "service" not in keys:
            return None, True
        node = resolved(keys["service"].value)[0]
    found = named.get(node.value) if node.kind == "scalar" else None
    base = resolved(found.value)[0] if found is not None else None
    return (base, False) if base is not None and base.kind == "mapping" else (None, True)


def service_invocations(document: Document, service: Service) -> list[Invocation]:
    """One invocation for every command of a compose service."""
    fields = service.fields
    outer = document.branches(service.node.start)
    env = _environment(document, service, outer)
    made = Surroundings(document, outer)
    for name in ("deploy", "runtime", "gpus", "shm_size", "labels"):
        if name in fields:
            made.everything(name, fields[name].value, compose=True)
    place = document.at(service.key)
    made.put("key", document.known(service.key.value, place), place)
    lists = [fields[name].value if name in fields else None for name in ("entrypoint", "command")]
    shared = any(fields[name].shared for name in ("entrypoint", "command") if name in fields)
    image = image_value(document, fields["image"].value, env, compose=True) if "image" in fields else ()
    around = made.table(document.at(service.node))
    found = [
        Invocation(
            "yaml",
            document.at(service.node),
            f"service {service.key.value}",
            words=line.words,
            env=line.env,
            image=image,
            surroundings=around,
            branches=line.branches,
        )
        for line in lines(document, lists, env, outer, compose=True)
    ]
    base = built(document, fields["build"].value) if "build" in fields else None
    if base is not None or "volumes" in fields:
        found = [run for one in found for run in Carried(document, fields, base, env, one).runs(one)]
    if shared:
        found = [replace(one, words=one.words and replace(one.words, writable=False)) for one in found]
    return [_opened(document, service.node, one) for one in found] if service.foreign else found


def _environment(document: Document, service: Service, outer: Branches) -> Environment:
    """The variables of a service; an `env_file` or a service of another file may add to them."""
    whole = Environment(None)
    for one in service.environments:
        env = pairs_environment(document, one.value, outer)
        if whole.table is not None and env.table is not None:
            own = {entry.name for entry in env.table.entries}
            kept = tuple(entry for entry in whole.table.entries if entry.name not in own)
            env.table = replace(env.table, entries=(*kept, *env.table.entries), writable=env.table.writable)
        whole = Environment(env.table, {**whole.texts, **env.texts})
    if len(service.environments) == 1 and service.environments[0].shared and whole.table is not None:
        whole.table = replace(whole.table, writable=False)
    if "env_file" in service.fields:
        whole.table = _with_files(document, service.node, service.fields["env_file"].value, whole.table)
    if service.foreign:
        nothing = Table("yaml.env", document.at(service.node), (), writable=False)
        whole.table = replace(whole.table or nothing, open=True)
    return whole


def _opened(document: Document, node: Node, found: Invocation) -> Invocation:
    """A service that rests on another file: words that stand there are none that anybody can see."""
    nothing = Table("yaml.words", document.at(node), (), writable=False)
    return replace(found, words=replace(found.words or nothing, open=found.words is None or found.words.open))


def _with_files(document: Document, service: Node, listed: Node, table: Table | None) -> Table:
    """A service's environment with what its files of variables say; open where one of them is not in the project."""
    node = resolved(listed)[0]
    open_ = table is not None and table.open
    entries: dict[str, Entry] = {}
    for item in node.children if node.kind == "sequence" else [node]:
        bare = resolved(item)[0]
        path = document.fields(bare).by_name["path"].value if "path" in document.fields(bare).by_name else bare
        source = document.given(path.value) if path.kind == "scalar" and document.readable(path) else None
        open_ = open_ or source is None
        place = document.at(path)
        for name, value, _ in assigned(source) if source is not None else ():
            # A finding is told in the compose file: nobody lints a file of variables by itself.
            entries[name] = Entry(name, Text(value, value or "", place, "constant", True).as_value(), place)
    own = {entry.name: entry for entry in table.entries} if table is not None else {}
    merged = tuple({**entries, **own}.values())
    if table is None:
        return Table("yaml.env", document.at(service), merged, open=open_, writable=False)
    return replace(table, entries=merged, open=open_)
