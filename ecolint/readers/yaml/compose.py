"""Compose services: one invocation for each command of each service."""

from __future__ import annotations

from ecolint.model import Invocation, Table
from ecolint.readers.yaml.environments import Environment, pairs_environment
from ecolint.readers.yaml.nodes import Node, resolved
from ecolint.readers.yaml.pods import image_value
from ecolint.readers.yaml.surroundings import Surroundings
from ecolint.readers.yaml.tables import Document
from ecolint.readers.yaml.words import lines


def compose_services(document: Document, root: Node) -> list[Node]:
    """The names and mappings of a compose file's services, alternating; empty where it is something else."""
    if root.kind != "mapping":
        return []
    services = document.fields(root).by_name.get("services")
    listed = resolved(services.value)[0] if services else None
    if listed is None or listed.kind != "mapping":
        return []
    found: list[Node] = []
    for one in document.fields(listed).by_name.values():
        service = resolved(one.value)[0]
        keys = document.fields(service).by_name
        if service.kind != "mapping" or not ("image" in keys or "build" in keys):
            continue
        if keys.keys() & {"command", "environment", "entrypoint", "deploy", "image"}:
            found += [one.key, service]
    return found


def service_invocations(document: Document, key: Node, service: Node) -> list[Invocation]:
    """One invocation for every command of a compose service."""
    fields = document.fields(service).by_name
    outer = document.branches(service.start)
    if "environment" in fields:
        env = pairs_environment(document, fields["environment"].value, outer)
    else:
        env = Environment(None)
    if "env_file" in fields and env.table is not None:
        env.table = Table("yaml.env", env.table.place, env.table.entries, open=True, writable=env.table.writable)
    elif "env_file" in fields:
        env.table = Table("yaml.env", document.at(service), (), open=True, writable=False)
    made = Surroundings(document, outer)
    for name in ("deploy", "runtime", "gpus", "shm_size", "labels"):
        if name in fields:
            made.everything(name, fields[name].value)
    lists = [fields[name].value if name in fields else None for name in ("entrypoint", "command")]
    image = image_value(document, fields["image"].value, env, compose=True) if "image" in fields else ()
    around = made.table(document.at(service))
    return [
        Invocation(
            "yaml",
            document.at(service),
            f"service {key.value}",
            words=line.words,
            env=line.env,
            image=image,
            surroundings=around,
            branches=line.branches,
        )
        for line in lines(document, lists, env, outer, compose=True)
    ]
