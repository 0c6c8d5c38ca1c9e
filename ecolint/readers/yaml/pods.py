"""Kubernetes pods in any workload kind: one invocation for each command of each container."""

from __future__ import annotations

from dataclasses import dataclass

from ecolint.model import Branches, Invocation, Table, Value
from ecolint.readers.yaml.environments import Environment, environment
from ecolint.readers.yaml.nodes import MAX_DEPTH, Node, resolved
from ecolint.readers.yaml.surroundings import Surroundings
from ecolint.readers.yaml.tables import Document
from ecolint.readers.yaml.texts import text_of
from ecolint.readers.yaml.words import lines


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
        found += [
            Invocation(
                "yaml",
                document.at(container),
                f"container {name}".rstrip(),
                words=line.words,
                env=line.env,
                image=image,
                surroundings=around,
                branches=line.branches,
                joined=document.joined(env.files),
            )
            for line in lines(document, lists, env, outer)
        ]
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


def _surroundings(document: Document, pod: Pod, container: Node, outer: Branches) -> Table:
    """Resources of the container; node selection and labels of the pod; kind and replicas of its owner."""
    made = Surroundings(document, outer)
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


def _affinity(made: Surroundings, spec: Node) -> None:
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
