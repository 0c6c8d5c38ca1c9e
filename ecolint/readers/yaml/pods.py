"""Kubernetes pods in any workload kind: one invocation for each command of each container."""

from __future__ import annotations

import re
from dataclasses import replace

from ecolint.model import Branches, Entry, Invocation, Table, Value
from ecolint.readers.yaml.environments import Environment, environment
from ecolint.readers.yaml.nodes import MAX_DEPTH, Node, resolved
from ecolint.readers.yaml.surroundings import Surroundings
from ecolint.readers.yaml.tables import Document
from ecolint.readers.yaml.texts import text_of
from ecolint.readers.yaml.words import lines
from ecolint.shaped import dataclass

_FILLED = re.compile(r"\$\{[^{}]*\}")
"""A part of a text that something fills in before it is used: a shell, a variable of the environment, a stack."""
LEADER, WORKER = "leaderTemplate", "workerTemplate"
"""Keys of a group of pods: where both stand, the leader starts what the workers join."""

WRAPPER = "properties"
"""Key under which an item of a container group holds what a container of a pod holds itself."""

RUNTIMES = frozenset({"ServingRuntime", "ClusterServingRuntime", "LLMInferenceServiceConfig"})
"""Kinds whose containers are templates: the objects that refer to one add words, variables and resources."""


@dataclass(frozen=True, slots=True)
class Pod:
    """A mapping that has a `containers` list, and the mappings around it, outermost first.

    `worker` is the template of the pods that it leads: they are part of the same deployment. `path` are the keys that
    lead to it.
    """

    spec: Node
    around: tuple[Node, ...]
    worker: Node | None = None
    path: tuple[str, ...] = ()


def find_pods(document: Document, root: Node) -> list[Pod]:
    """Pod specs wherever they stand under a node. Shared nodes are visited once."""
    found: list[Pod] = []
    seen: set[Node] = set()
    stack: list[tuple[Node, tuple[Node, ...], Node | None, tuple[str, ...]]] = [(root, (), None, ())]
    while stack:
        node, around, worker, path = stack.pop()
        node = resolved(node)[0]
        if node in seen or len(around) > MAX_DEPTH:
            continue
        seen.add(node)
        if node.kind == "mapping":
            fields = document.fields(node).by_name
            if any(not _wrapped(document, one) for one in _containers(document, node)):
                found.append(Pod(node, around, worker, path))
                continue
            for name, one in reversed(fields.items()):
                led = LEADER in fields and WORKER in fields
                if _deep(one.value) and not (led and name == WORKER):
                    beside = fields[WORKER].value if led and name == LEADER else worker
                    stack.append((one.value, (*around, node), beside, (*path, name)))
        elif node.kind == "sequence":
            stack.extend((child, around, worker, path) for child in reversed(node.children) if _deep(child))
    return found


def _deep(node: Node) -> bool:
    return resolved(node)[0].kind != "scalar"


def _containers(document: Document, spec: Node) -> list[Node]:
    one = document.fields(spec).by_name.get("containers")
    listed = resolved(one.value)[0] if one else None
    if listed is None or listed.kind != "sequence":
        return []
    return [child for child in listed.children if resolved(child)[0].kind == "mapping"]


def _wrapped(document: Document, item: Node) -> bool:
    """Whether a container stands in the properties of a named item, as in a container group of Azure."""
    fields = document.fields(resolved(item)[0]).by_name
    inner = resolved(fields[WRAPPER].value)[0] if WRAPPER in fields and "image" not in fields else None
    return inner is not None and inner.kind == "mapping" and "image" in document.fields(inner).by_name


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
        around = surroundings(document, pod, container, outer)
        made = [
            Invocation(
                "yaml",
                document.at(container),
                f"container {name}".rstrip(),
                words=_led(document, line.words, pod.worker) if pod.worker is not None else line.words,
                env=line.env,
                image=image,
                surroundings=around,
                branches=line.branches,
                joined=document.joined(env.files),
            )
            for line in lines(document, lists, env, outer)
        ]
        found += map(template, made) if _kind(document, pod) in RUNTIMES else made
    return found


def _kind(document: Document, pod: Pod) -> str:
    """The kind of the object that a pod stands in."""
    for node in reversed((*pod.around, pod.spec)):
        one = document.fields(node).by_name.get("kind")
        if one is not None:
            return resolved(one.value)[0].value
    return ""


def template(one: Invocation) -> Invocation:
    """A container to which others add words, and hardly ever variables that matter; whether its own words were seen to
    the end is told with it."""
    words = one.words or Table("yaml.words", one.place, (), writable=False)
    around = one.surroundings
    if words.open and around is not None:
        around = replace(around, entries=(*around.entries, Entry("words.open", (), one.place)))
    return replace(one, words=replace(words, open=True), surroundings=around)


def _led(document: Document, words: Table | None, worker: Node) -> Table | None:
    """The leader's words: where its workers are given the same flags, changing the leader alone would part them."""
    if words is None:
        return None
    text = document.text[worker.start : worker.end]
    flags = (one.data for entry in words.entries for one in entry.value if isinstance(one.data, str))
    both = any(flag.startswith("--") and flag.partition("=")[0] in text for flag in flags)
    return replace(words, writable=False) if both else words


def image_value(document: Document, node: Node, env: Environment, compose: bool = False) -> Value:
    """A container's image. Where its tag, its digest or where it is kept is unknown, it is known with a `?` there."""
    text = text_of(document, node, env.texts, compose)
    if text.value is None:
        name, colon, _ = text.lead.rpartition(":")
        if not colon or "/" in text.lead[len(name) :]:
            name, colon, _ = text.lead.rpartition("@")
        if colon and name:
            return document.known(f"{name}:?", text.place, "derived")
        bare = resolved(node)[0]
        kept = _FILLED.sub("?", bare.value) if bare.kind == "scalar" and not document.templated(bare) else ""
        if "?" in kept and not {"?", "$"} & set(kept.rpartition("/")[2].partition(":")[0]):
            return document.known(kept, text.place, "derived")
    return text.as_value()


def surroundings(document: Document, pod: Pod, container: Node, outer: Branches) -> Table:
    """Resources of the container; node selection and labels of the pod; kind and replicas of its owner."""
    made = Surroundings(document, outer)
    made.resources(container)
    made.nodes(pod.spec)
    template = pod.around[-1] if pod.around else None
    made.scalars("labels", template, "metadata", "labels")
    made.scalars("annotations", template, "metadata", "annotations")
    made.owner((pod.spec, *reversed(pod.around)))
    place = document.at(container)
    made.put("path", document.known(".".join(pod.path), place, "derived"), place)
    return made.table(document.at(container))
