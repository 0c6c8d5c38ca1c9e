"""Reads YAML: Kubernetes pods, compose services and plain mappings, with exact places; and rewrites them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ecolint.model import Change, Edit, Invocation, Pin, Problem, Reading, Source, Table, Value, Wanted
from ecolint.speech import say

if TYPE_CHECKING:
    from ecolint.readers import Lookup
    from ecolint.readers.yaml.nodes import Node
    from ecolint.readers.yaml.tables import Document

SUFFIXES = (".yaml", ".yml")
NAMES = ("kustomization", *(f"*{suffix}.{template}" for suffix in SUFFIXES for template in ("tpl", "tmpl", "template")))


def read(source: Source, wanted: Wanted, project: Lookup) -> Reading:
    """Everything in a YAML file that may start or configure a model, and what other files make of it.

    Only documents that hold one of the triggers are parsed. A document that cannot be read becomes one Problem; the
    others are read all the same. A file of templates that leaves nothing to conclude from is one Problem as well.
    """
    triggers = [trigger for trigger in wanted.triggers if trigger in source.text]
    from ecolint.readers.yaml.embedded import words
    from ecolint.readers.yaml.joining import joined
    from ecolint.readers.yaml.runtimes import with_runtimes
    from ecolint.readers.yaml.spoken import BUILD, builds

    triggers += words(source, wanted)
    if not triggers and builds(source.text):
        triggers = [BUILD]
    alone = _alone(source, triggers, wanted, project) if triggers else Reading()
    if triggers == [BUILD]:
        alone = replace(alone, problems=())  # nothing says that it serves a model
    return with_runtimes(joined(source, wanted, project).of(alone), source, wanted, project)


def spoken_of(path: str, text: str | None, project: Lookup) -> bool:
    """Whether a file is worth reading though it holds no trigger; without a `text`, whatever it holds."""
    from ecolint.readers.yaml import spoken

    return spoken.spoken_of(path, text, project)


def _alone(source: Source, triggers: Sequence[str], wanted: Wanted, project: Lookup) -> Reading:
    """What a file says by itself, with the ConfigMaps that its containers refer to."""
    from ecolint.readers.yaml.comments import Comments
    from ecolint.readers.yaml.configmaps import maps_of
    from ecolint.readers.yaml.embedded import embedded
    from ecolint.readers.yaml.envfiles import beside, variables_of
    from ecolint.readers.yaml.fallbacks import without_switched_off
    from ecolint.readers.yaml.nodes import Unreadable, documents
    from ecolint.readers.yaml.objects import objects_for
    from ecolint.readers.yaml.unseen import concluded, hidden_at

    invocations: list[Invocation] = []
    problems: list[Problem] = []
    comments = Comments(source.text)
    chunks = documents(source.text)
    maps = maps_of(source, source, project, open_document)
    given = beside(source, project)
    variables = variables_of(source, given)
    objects = objects_for(source, project, open_document)
    hidden: int | None = None
    further = 0
    for base, text in chunks:
        if not any(trigger in text for trigger in triggers):
            continue
        try:
            document, roots = open_document(source, base, text)
        except Unreadable as error:
            templated = "{{" in text and "}}" in text
            if any(problem.templated == templated for problem in problems):
                further += not templated
            else:
                line = source.text.count("\n", 0, base + error.offset) + 1
                problems.append(Problem(source.path, line, error.reason, templated, whole_file=len(chunks) == 1))
            comments.add_lines(base, base + len(text))
            continue
        document.maps = maps
        document.given = given
        document.variables = variables
        document.objects = objects
        comments.add_document(base, document.templates.masked, roots)
        found = [one for root in roots for one in invocations_of(document, root, triggers, wanted)]
        found += [one for root in roots for one in embedded(document, root, wanted)]
        found = without_switched_off(document, roots, found)
        invocations += found
        comments.add_places(document.remarks)
        if hidden is None:
            hidden = hidden_at(document, roots, found)
    told = any(problem.templated for problem in problems) or any(concluded(one, triggers) for one in invocations)
    if hidden is not None and not told:
        line = source.text.count("\n", 0, hidden) + 1
        problems.append(Problem(source.path, line, say("its containers are written by a template"), templated=True))
    return Reading(tuple(invocations), comments.found(), tuple(_counted(problems, further)))


def _counted(problems: Sequence[Problem], further: int) -> list[Problem]:
    """One line tells of all documents of a file that cannot be read: where the first one is, and how many follow."""

    def told(reason: str) -> str:
        if further > 1:
            return say("{reason} (and in {further} further documents)", reason=reason, further=further)
        return say("{reason} (and in one further document)", reason=reason)

    return [one if one.templated or not further else replace(one, reason=told(one.reason)) for one in problems]


def open_document(source: Source, base: int, text: str) -> tuple[Document, list[Node]]:
    """Compose one document's text, with templates masked where it has any. Raises Unreadable."""
    from ecolint.readers.yaml.nodes import Unreadable, compose
    from ecolint.readers.yaml.tables import Document
    from ecolint.readers.yaml.templates import find
    from ecolint.readers.yaml.unfolding import unfold

    templates = find(text, f"{source.path}:{base}")
    try:
        roots = compose(templates.masked, base)
    except Unreadable as error:
        if not templates.spans:
            raise
        try:
            roots = compose(text, base)
        except Unreadable:
            raise error from None
    unfold(roots, templates.masked, base)
    return Document(source.path, source.text, base, templates), roots


def invocations_of(document: Document, root: Node, triggers: Sequence[str], wanted: Wanted) -> list[Invocation]:
    """The invocations of one composed document: its pods, its services, else its mappings and what it runs."""
    from ecolint.readers.yaml.mappings import describes, mapping_invocation, mapping_invocations
    from ecolint.readers.yaml.nodes import resolved
    from ecolint.readers.yaml.shapes import together

    if describes(document, root):
        return []
    found, skip = containers_of(document, root, triggers, wanted)
    if {"on", "jobs"} <= document.fields(root).by_name.keys():
        return found  # the keys of a workflow are its inputs and steps, not settings
    if root.kind == "mapping" and not found:
        found.append(mapping_invocation(document, root, wanted.paths))
        skip.add(root)
    told = {one.mapping.place for one in found if one.mapping is not None}
    nested = mapping_invocations(document, root, frozenset(triggers), skip, wanted.paths)
    found += [one for one in nested if one.place not in told]
    found = together(found)
    keys = _keys(root) if any(one.mapping is not None for one in found) else ()
    # Whole jobs stand under the keys of a pipeline: what tells of a command is what the document says itself.
    said = tuple(name for name, one in document.fields(root).by_name.items() if resolved(one.value)[0].kind == "scalar")
    return [replace(one, beside=keys if one.mapping is not None else () if one.image else said) for one in found]


def containers_of(
    document: Document, root: Node, triggers: Sequence[str], wanted: Wanted
) -> tuple[list[Invocation], set[Node]]:
    """What a composed document runs: pods, services, whatever has the shape of a container; and where that stands."""
    from ecolint.readers.companions import companions
    from ecolint.readers.yaml.compose import compose_services, extensions, service_invocations
    from ecolint.readers.yaml.nodes import resolved
    from ecolint.readers.yaml.pods import find_pods, pod_invocations
    from ecolint.readers.yaml.runs import find_runs, run_invocations
    from ecolint.readers.yaml.shapes import find_shapes, shape_invocations
    from ecolint.readers.yaml.surroundings import in_document

    found: list[Invocation] = []
    skip: set[Node] = set()
    for pod in find_pods(document, root):
        skip.add(pod.spec)
        if pod.worker is not None:
            skip.add(resolved(pod.worker)[0])
        found += pod_invocations(document, pod)
    services = compose_services(document, root) if not found else []
    if services:
        skip.add(resolved(document.fields(root).by_name["services"].value)[0])  # its keys are names, not settings
        skip.update(extensions(document, root))
    for service in services:
        skip.add(service.node)
        found += service_invocations(document, service)
    closed = frozenset(skip)
    shapes = find_shapes(document, root, closed)
    shaped = {node for shape in shapes for node in (shape.node, shape.image)}
    for shape in shapes:
        found += shape_invocations(document, shape, triggers)
    for run in find_runs(document, root, closed, shaped):
        found += run_invocations(document, run, wanted.commands)
    return companions(in_document(document, root, found, wanted.paths), wanted.companions), skip


PLAIN = frozenset({"ConfigMap", "Secret", "CustomResourceDefinition"})
"""Kinds of objects that serve nothing themselves."""


def objects_of(document: Document, root: Node, triggers: Sequence[str], wanted: Wanted) -> list[Invocation]:
    """What an object of a cluster says once it is built or rendered: what it runs, and the settings in it."""
    from ecolint.readers.yaml.mappings import mapping_invocations
    from ecolint.readers.yaml.nodes import resolved

    found, skip = containers_of(document, root, triggers, wanted)
    fields = document.fields(root).by_name
    if not {"apiVersion", "kind"} <= fields.keys() or resolved(fields["kind"].value)[0].value in PLAIN:
        return found
    told = {one.mapping.place for one in found if one.mapping is not None}
    nested = mapping_invocations(document, root, frozenset(triggers), skip, wanted.paths)
    keys = _keys(root) if nested else ()
    return [*found, *(replace(one, beside=keys) for one in nested if one.place not in told)]


def _keys(root: Node) -> tuple[str, ...]:
    """The key of every mapping of a document."""
    found: dict[str, None] = {}
    stack = [root]
    while stack:
        node = stack.pop()
        if node.kind == "mapping":
            found.update((key.value, None) for key, _ in node.pairs() if key.kind == "scalar")
        stack.extend(node.children)
    return tuple(found)


def rewrite(source: Source, table: Table, changes: Sequence[Change]) -> tuple[Edit, ...]:
    """The edits that make all `changes` in one table. Raises CannotEdit where there is no right edit."""
    from ecolint.readers.yaml.write import edits

    return edits(source, table, changes)


def pins(source: Source) -> tuple[Pin, ...]:
    """The libraries that a conda environment requires, or that what runs in a file installs, and nightly indexes."""
    from ecolint.readers.yaml.conda import environment_pins
    from ecolint.readers.yaml.installs import installs

    return environment_pins(source) or installs(source)


def constants(source: Source) -> Mapping[str, Value]:
    """YAML files export no constants."""
    return {}
