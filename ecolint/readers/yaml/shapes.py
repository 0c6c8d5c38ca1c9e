"""Containers by their shape: mappings outside of pods that name an image, what it runs and what it runs on."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace

from ecolint.model import Branches, Invocation, Table, Value
from ecolint.readers.yaml.environments import Environment, environment, pairs_environment
from ecolint.readers.yaml.fallbacks import fallback, overridable
from ecolint.readers.yaml.nodes import MAX_DEPTH, Node, resolved
from ecolint.readers.yaml.pods import image_value
from ecolint.readers.yaml.scripts import Line, script_lines
from ecolint.readers.yaml.surroundings import Surroundings
from ecolint.readers.yaml.tables import Document, Field
from ecolint.readers.yaml.words import lines
from ecolint.shaped import dataclass

IMAGES = ("image", "containerImage", "Image", "image_uri")
ADDRESS = ("repository", "name", "image")
"""Keys of an image's address where the image is a mapping; `registry` stands before it, `tag` or `digest` behind it."""
FILLED = "Fn::Sub"
"""The only key of a mapping that CloudFormation makes a text of, where no tag says so."""
HELD = "environment"
"""Key of a mapping that may hold the image, as of an online deployment of Azure Machine Learning."""
HEADS = ("entrypoint", "entryPoint", "EntryPoint", "command", "cmd", "Command")
SCRIPTS = ("script", "source")
COMMANDS = "commands"
"""Key of a list of commands that one shell runs, one after the other: nothing is added to them."""
_WORDS = re.compile(r"(?!build)\w*?(?:args|arguments|flags)\Z", re.IGNORECASE)
_ENV = re.compile(r"\w*?(?:env|envs|env_?vars|environment|environment_?variables)\Z", re.IGNORECASE)
_OF_PODS = frozenset({"name", "image", "command", "args", "env", "resources", "ports", "volumeMounts", "workingDir"})


_OF_MODELS = frozenset(
    {"Image", "Environment", "ModelDataUrl", "ModelDataSource", "Mode", "ContainerHostname", "ImageConfig"}
)
_OF_TASKS = frozenset(
    {
        *("name", "image", "entryPoint", "command", "environment", "secrets", "essential", "cpu", "memory"),
        *("memoryReservation", "portMappings", "mountPoints", "volumesFrom", "resourceRequirements", "healthCheck"),
        *("logConfiguration", "linuxParameters", "ulimits", "dependsOn", "startTimeout", "stopTimeout", "user"),
        *("workingDirectory", "privileged", "dockerLabels", "links", "hostname", "readonlyRootFilesystem"),
        *("interactive", "pseudoTerminal", "systemControls", "repositoryCredentials", "restartPolicy", "extraHosts"),
    }
)
"""What a container of a pod consists of, one of a hosted model, and one of a task as ECS defines it: where nothing else
stands, nothing is added. Templates of CloudFormation begin the keys of the last with a capital."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A mapping that has the shape of a container, with its image, and the mappings around it, outermost first."""

    node: Node
    image: Node
    around: tuple[Node, ...]


def find_shapes(document: Document, root: Node, closed: Collection[Node]) -> list[Shape]:
    """Container-shaped mappings under a node, outside of those that are `closed`. Shared nodes are visited once."""
    found: list[Shape] = []
    seen: set[Node] = set()
    stack: list[tuple[Node, tuple[Node, ...]]] = [(root, ())]
    while stack:
        node, around = stack.pop()
        node = resolved(node)[0]
        if node in seen or node in closed or len(around) > MAX_DEPTH:
            continue
        seen.add(node)
        if node.kind == "mapping":
            fields = document.fields(node).by_name
            image = _image(document, fields)
            if image is not None and _runs(document, fields, image) and not _of_job(document, node, around):
                found.append(Shape(node, image, around))
            inner = [one.value for one in fields.values() if resolved(one.value)[0].kind != "scalar"]
            stack.extend((child, (*around, node)) for child in reversed(inner))
        elif node.kind == "sequence":
            stack.extend((child, around) for child in reversed(node.children))
    return found


def _of_job(document: Document, node: Node, around: tuple[Node, ...]) -> bool:
    """Whether it is the container that the steps of a workflow's job run in: it starts nothing by itself."""
    job = document.fields(around[-1]).by_name if around else {}
    return "steps" in job and "container" in job and resolved(job["container"].value)[0] is node


def _runs(document: Document, fields: dict[str, Field], image: Node) -> bool:
    """Whether a mapping says what its image runs, with what, or on what."""
    heads = (*HEADS, COMMANDS, "resources")
    runs = any(name in heads or _WORDS.match(name) or _ENV.match(name) for name in fields)
    return runs or (image.kind == "mapping" and "command" in document.fields(image).by_name)


def _image(document: Document, fields: dict[str, Field]) -> Node | None:
    for name in IMAGES:
        node = resolved(fields[name].value)[0] if name in fields else None
        if node is None:
            continue
        if node.kind == "mapping" and document.fields(node).by_name.keys() == {FILLED}:
            node = resolved(document.fields(node).by_name[FILLED].value)[0]
        if node.kind == "scalar" and (node.value or document.templated(node)):
            return node
        if node.kind == "mapping" and any(key in document.fields(node).by_name for key in ADDRESS):
            return node
    held = _held(document, fields)
    return _image(document, held) if held else None


def _held(document: Document, fields: dict[str, Field]) -> dict[str, Field]:
    """What stands in an environment that is no list of variables: one that names an image."""
    node = resolved(fields[HELD].value)[0] if HELD in fields and "endpoint_name" in fields else None
    inside = document.fields(node).by_name if node is not None and node.kind == "mapping" else {}
    return inside if "image" in inside else {}


def shape_invocations(document: Document, shape: Shape, triggers: Collection[str] = ()) -> list[Invocation]:
    """One invocation for every command of a container-shaped mapping; what a template may add to it stays open.

    Where keys of the mapping itself are among the `triggers`, it holds settings beside the image.
    """
    fields = document.fields(shape.node).by_name
    outer = document.branches(shape.node.start)
    image = shape.image
    inside = document.fields(image).by_name if image.kind == "mapping" else {}
    env = environment_of(document, shape.node, outer)
    if env is None:  # its template may give it some
        env = Environment(Table("yaml.env", document.at(shape.node), (), open=True, writable=False))
    given = {**{name: one for name, one in inside.items() if name == "command"}, **fields}
    listed = [resolved(given[name].value)[0] for name in HEADS if name in given]
    named = [resolved(one.value)[0] for name, one in fields.items() if _WORDS.match(name)]
    mapping = next((node for node in named if node.kind == "mapping" and node.children), None)
    listed += [node for node in named if node.kind != "mapping"]
    listed += [resolved(fields[name].value)[0] for name in SCRIPTS if name in fields and "command" not in fields]
    name = resolved(fields["name"].value)[0] if "name" in fields else None
    label = name.value if name is not None and name.kind == "scalar" and not document.templated(name) else ""
    resource = "apiVersion" in document.fields((*shape.around, shape.node)[0]).by_name
    commands = _commands(fields)
    small = {name[:1].lower() + name[1:] for name in fields}
    alone = fields.keys() <= _OF_PODS or fields.keys() <= _OF_MODELS or small <= _OF_TASKS
    alone = alone or bool(_held(document, fields))
    whole = (image.kind == "scalar" and alone) or (mapping is not None and resource)
    whole = whole or bool(commands)
    found = [line for one in commands for line in script_lines(document, one, env, outer, shape.node.shared)]
    settings = document.table(mapping, outer=outer) if mapping is not None else None
    own = settings is None and not fields.keys().isdisjoint(triggers)
    if own:
        settings = _plain(document.table(shape.node, shape.node.shared, outer=outer))
    made = [
        Invocation(
            "yaml",
            document.at(shape.node),
            f"container {label}".rstrip(),
            words=line.words if whole else _open(document, shape.node, line.words),
            env=line.env if whole or line.env is None else replace(line.env, open=True),
            image=_address(document, image, env),
            mapping=settings,
            surroundings=_surroundings(document, shape, outer),
            branches=line.branches,
            likely=own,  # who reads such settings is not known
        )
        for line in found or _lines(document, listed, env, outer)
    ]
    return [fallback(one) for one in made] if document.overridable else made


def _commands(fields: dict[str, Field]) -> list[Node]:
    """The commands of a list that a shell runs."""
    held = resolved(fields[COMMANDS].value)[0] if COMMANDS in fields and fields.keys().isdisjoint(HEADS) else None
    listed = [resolved(one)[0] for one in held.children] if held is not None and held.kind == "sequence" else []
    return [one for one in listed if one.kind == "scalar" and one.value]


def together(found: list[Invocation]) -> list[Invocation]:
    """Settings inside the mapping of a chart's only image, which says nothing itself, are what it serves with."""
    holders = [one for one in found if one.image and one.mapping is None and not (one.words and one.words.entries)]
    settings = [one for one in found if not one.image and one.mapping is not None]
    if len(holders) != 1 or len(settings) != 1 or not overridable(holders[0].place.path):
        return found
    around, inside = holders[0].place.span, settings[0].place.span
    if not around.start <= inside.start < inside.end <= around.end:
        return found
    joined = fallback(replace(holders[0], mapping=settings[0].mapping))
    return [joined if one is holders[0] else one for one in found if one is not settings[0]]


def _plain(table: Table) -> Table:
    """A mapping's own settings, without the mappings in it."""
    kept = (one for one in table.entries if not any(isinstance(a.data, Table) for a in one.value))
    return replace(table, entries=tuple(kept))


def _lines(document: Document, listed: list[Node], env: Environment, outer: Branches) -> list[Line]:
    written = [node for node in listed if node.kind != "scalar" or node.value or document.templated(node)]
    return lines(document, written, env, outer)


def _open(document: Document, node: Node, words: Table | None) -> Table:
    if words is None:
        return Table("yaml.words", document.at(node), (), open=True, writable=False)
    return replace(words, open=True)


def environment_of(document: Document, node: Node, outer: Branches) -> Environment | None:
    """The variables that a mapping holds: a list as in pods, a mapping, or `NAME=value`."""
    fields = document.fields(node).by_name
    passed = HELD if _held(document, fields) else ""
    for name in fields:
        if not _ENV.match(name) or name == passed:
            continue
        held = resolved(fields[name].value)[0]
        if held.kind == "sequence" and held.children and resolved(held.children[0])[0].kind == "mapping":
            return environment(document, node, outer, name)
        if held.kind != "scalar" and held.children:
            return pairs_environment(document, fields[name].value, outer)
    return None


def _address(document: Document, image: Node, env: Environment) -> Value:
    """An image's address as one text, put together where its parts stand apart."""
    if image.kind == "scalar":
        return image_value(document, image, env)
    fields = document.fields(image).by_name
    parts: list[str] = []
    place = document.at(image)
    shared = image.shared
    for names, before in ((("registry",), ""), (ADDRESS, "/"), (("tag",), ":"), (("digest",), "@")):
        one = next((fields[name] for name in names if name in fields), None)
        node = resolved(one.value)[0] if one is not None else None
        if node is None or node.kind != "scalar" or not (node.value or document.templated(node)):
            continue
        known = document.readable(node)
        if not known and names == ADDRESS:
            return document.unknown(image)
        if not known and names == ("registry",):
            continue
        parts.append((before if parts else "") + (node.value if known else "?"))
        place = document.at(node)
        shared = shared or node.shared
    return document.known("".join(parts), place, "literal", shared) if parts else document.unknown(image)


def _surroundings(document: Document, shape: Shape, outer: Branches) -> Table:
    """Resources and node selection from the nearest mapping that has any."""
    made = Surroundings(document, outer)
    made.closest((shape.node, *reversed(shape.around)))
    made.settings(shape.node)
    return made.table(document.at(shape.node))
