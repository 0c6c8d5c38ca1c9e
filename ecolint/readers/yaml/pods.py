"""Kubernetes pods in any workload kind and compose services: one invocation for each command of each container."""

from __future__ import annotations

from dataclasses import dataclass

from ecolint.model import Branches, Entry, Invocation, Place, Table, Value
from ecolint.readers.yaml.nodes import MAX_DEPTH, Node, resolved
from ecolint.readers.yaml.tables import Document
from ecolint.readers.yaml.words import Environment, environment, lines, pairs_environment, text_of


@dataclass(frozen=True, slots=True)
class Pod:
    """A mapping that has a `containers` list, and the mappings around it, outermost first."""

    spec: Node
    around: tuple[Node, ...]


def find_pods(document: Document, root: Node) -> list[Pod]:
    """Pod specs wherever they stand under a node. Shared nodes are visited once."""
    found: list[Pod] = []
    seen: set[Node] = set()
    stack: list[tuple[Node, tuple[Node, ...]]] = [(root, ())]
    while stack:
        node, around = stack.pop()
        node = resolved(node)[0]
        if node in seen or len(around) > MAX_DEPTH:
            continue
        seen.add(node)
        if node.kind == "mapping":
            fields = document.fields(node).by_name
            if "containers" in fields and _containers(document, node):
                found.append(Pod(node, around))
                continue
            stack.extend((one.value, (*around, node)) for one in reversed(fields.values()) if _deep(one.value))
        elif node.kind == "sequence":
            stack.extend((child, around) for child in reversed(node.children) if _deep(child))
    return found


def _deep(node: Node) -> bool:
    return resolved(node)[0].kind != "scalar"


def _containers(document: Document, spec: Node) -> list[Node]:
    one = document.fields(spec).by_name.get("containers")
    listed = resolved(one.value)[0] if one else None
    if listed is None or listed.kind != "sequence":
        return []
    return [child for child in listed.children if resolved(child)[0].kind == "mapping"]


def pod_invocations(document: Document, pod: Pod) -> list[Invocation]:
    """One invocation for every command of every container of a pod."""
    found: list[Invocation] = []
    for item in _containers(document, pod.spec):
        container = resolved(item)[0]
        fields = document.fields(container).by_name
        outer = document.branches(container.start)
        env = environment(document, container, outer)
        lists = [fields[name].value if name in fields else None for name in ("command", "args")]
        named = resolved(fields["name"].value)[0] if "name" in fields else None
        name = named.value if named is not None and not document.templated(named) else ""
        image = image_value(document, fields["image"].value, env) if "image" in fields else ()
        around = _surroundings(document, pod, container, outer)
        for line in lines(document, lists, env, outer):
            place = document.at(container)
            found.append(
                Invocation(
                    "yaml",
                    place,
                    f"container {name}".rstrip(),
                    words=line.words,
                    env=line.env,
                    image=image,
                    surroundings=around,
                    branches=line.branches,
                )
            )
    return found


def image_value(document: Document, node: Node, env: Environment, compose: bool = False) -> Value:
    """A container's image. Where only its tag or digest is unknown, it is known with the tag `?`."""
    text = text_of(document, node, env.texts, compose)
    if text.value is None:
        name, colon, _ = text.lead.rpartition(":")
        if not colon or "/" in text.lead[len(name) :]:
            name, colon, _ = text.lead.rpartition("@")
        if colon and name:
            return document.known(f"{name}:?", text.place, "derived")
    return text.as_value()


# --- surroundings -----------------------------------------------------------------------------------------------------


class _Surroundings:
    """Collects dotted paths."""

    def __init__(self, document: Document, outer: Branches) -> None:
        self.document = document
        self.outer = outer
        self.entries: dict[str, Entry] = {}
        self.open = False

    def put(self, name: str, value: Value, place: Place) -> None:
        """Add one path."""
        self.entries[name] = Entry(name, value, place, self.document.branches(place.span.start, self.outer))

    def node(self, start: Node | None, *path: str) -> Node | None:
        """The node under a path of keys."""
        node = resolved(start)[0] if start is not None else None
        for name in path:
            if node is None or node.kind != "mapping":
                return None
            one = self.document.fields(node).by_name.get(name)
            node = resolved(one.value)[0] if one else None
        return node

    def scalar(self, name: str, start: Node | None, *path: str) -> bool:
        """Add the scalar under a path of keys, if it is there."""
        parent = self.node(start, *path[:-1])
        if parent is None or parent.kind != "mapping":
            return False
        one = self.document.fields(parent).by_name.get(path[-1])
        if one is None or resolved(one.value)[0].kind != "scalar":
            return False
        self.put(name, self.document.value(one.value, one.shared), self.document.pair_place(one))
        return True

    def scalars(self, prefix: str, start: Node | None, *path: str) -> None:
        """Add every scalar of the mapping under a path of keys."""
        node = self.node(start, *path)
        if node is None:
            return
        if node.kind != "mapping":
            self.open = self.open or self.document.value(node)[0].kind == "unknown"
            return
        fields = self.document.fields(node)
        self.open = self.open or fields.open
        for name, one in fields.by_name.items():
            if resolved(one.value)[0].kind == "scalar":
                value = self.document.value(one.value, one.shared)
                self.put(f"{prefix}.{name}", value, self.document.pair_place(one))

    def everything(self, prefix: str, node: Node, depth: int = 0) -> None:
        """Add all scalars below a node by dotted path; list items by position."""
        node = resolved(node)[0]
        if depth > MAX_DEPTH or self.document.left < 0:
            self.open = True
        elif node.kind == "mapping":
            fields = self.document.fields(node)
            self.open = self.open or fields.open
            for name, one in fields.by_name.items():
                self.everything(f"{prefix}.{name}", one.value, depth + 1)
        elif node.kind == "sequence":
            for index, child in enumerate(node.children):
                self.everything(f"{prefix}.{index}", child, depth + 1)
        else:
            self.put(prefix, self.document.value(node), self.document.at(node))

    def table(self, place: Place) -> Table:
        """What was collected."""
        return Table("yaml.mapping", place, tuple(self.entries.values()), open=self.open, writable=False)


def _surroundings(document: Document, pod: Pod, container: Node, outer: Branches) -> Table:
    """Resources of the container; node selection and labels of the pod; kind and replicas of its owner."""
    made = _Surroundings(document, outer)
    made.scalars("resources.limits", container, "resources", "limits")
    made.scalars("resources.requests", container, "resources", "requests")
    resources = made.node(container, "resources")
    if resources is not None:
        made.open = made.open or document.value(resources)[0].kind == "unknown"
    made.scalars("nodeSelector", pod.spec, "nodeSelector")
    made.scalar("runtimeClassName", pod.spec, "runtimeClassName")
    _affinity(made, pod.spec)
    template = pod.around[-1] if pod.around else None
    made.scalars("labels", template, "metadata", "labels")
    made.scalars("annotations", template, "metadata", "annotations")
    wanted = {"kind": ("kind",), "replicas": ("replicas",), "metadata.namespace": ("metadata", "namespace")}
    for node in (pod.spec, *reversed(pod.around)):
        wanted = {name: path for name, path in wanted.items() if not made.scalar(name, node, *path)}
        if "kind" in made.entries:
            break
    return made.table(document.at(container))


def _affinity(made: _Surroundings, spec: Node) -> None:
    """Required node affinity: a key with one value is known, anything else about it unknown."""
    required = "requiredDuringSchedulingIgnoredDuringExecution"
    terms = made.node(spec, "affinity", "nodeAffinity", required, "nodeSelectorTerms")
    if terms is None or terms.kind != "sequence":
        return
    for term in terms.children:
        expressions = made.node(term, "matchExpressions")
        for item in expressions.children if expressions is not None and expressions.kind == "sequence" else ():
            key, operator, values = (made.node(item, name) for name in ("key", "operator", "values"))
            if key is None or key.kind != "scalar":
                continue
            name = f"nodeAffinity.{key.value}"
            single = (
                operator is not None
                and operator.value == "In"
                and values is not None
                and values.kind == "sequence"
                and len(values.children) == 1
                and len(terms.children) == 1
                and name not in made.entries
            )
            bare = resolved(item)[0]
            value = made.document.value(values.children[0]) if single and values else made.document.unknown(bare)
            made.put(name, value, made.document.at(bare))


# --- compose ----------------------------------------------------------------------------------------------------------


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
    made = _Surroundings(document, outer)
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
