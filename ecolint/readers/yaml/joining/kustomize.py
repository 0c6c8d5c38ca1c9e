"""What a kustomization builds: the resources of its bases and files, patched, with the images that it gives them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import field
from typing import TYPE_CHECKING

from ecolint.model import Source
from ecolint.readers.yaml.joining.images import with_images
from ecolint.readers.yaml.joining.kustomization import folder_file, is_kustomization, is_local, opened
from ecolint.readers.yaml.joining.patching import BUILT_IN, merged, patched
from ecolint.readers.yaml.joining.replacing import targets, with_unknown
from ecolint.readers.yaml.joining.sheaf import Sheaf
from ecolint.readers.yaml.joining.targets import selects
from ecolint.readers.yaml.joining.walking import below, members, word, words
from ecolint.readers.yaml.nodes import Node
from ecolint.readers.yaml.scalars import offsets
from ecolint.shaped import dataclass

if TYPE_CHECKING:
    from ecolint.readers import Lookup

MAX_LOADS = 2_000
"""Files and kustomizations that one build opens, those that are named twice counted twice."""
MAX_BASES = 32
"""How deep kustomizations may build upon one another."""


@dataclass(slots=True)
class Resource:
    """One object of a build: its tree as it stands, the names it has had, and the files that had a part in it."""

    node: Node
    kind: str
    names: set[str]
    files: set[str]

    @property
    def by_item(self) -> bool:
        """Whether a patch merges its lists."""
        return self.kind in BUILT_IN


@dataclass(slots=True)
class Generated:
    """A ConfigMap that a kustomization makes: lists of literals, and files of variables by path."""

    names: set[str]
    literals: list[Node] = field(default_factory=list)
    files: list[Source] = field(default_factory=list)


@dataclass(slots=True)
class Build:
    """One kustomization as it is applied: a sheaf of its files, and the resources that came out."""

    project: Lookup
    read: Callable[[str], Source | None]
    sheaf: Sheaf = field(default_factory=Sheaf)
    resources: list[Resource] = field(default_factory=list)
    generated: list[Generated] = field(default_factory=list)
    covered: list[Node] = field(default_factory=list)
    """The documents that stand in it: what they say by themselves is not what is deployed."""
    _left: int = MAX_LOADS
    _active: list[str] = field(default_factory=list)
    _roots: dict[str, list[Node]] = field(default_factory=dict)

    def run(self, path: str) -> Build:
        """Build a kustomization."""
        source = self.read(path)
        if source is not None:
            self.resources = self.build(source, [])
        return self

    def load(self, source: Source) -> list[Node]:
        """The documents of a file, read once."""
        if source.path not in self._roots:
            self._roots[source.path] = self.sheaf.load(source)
        return self._roots[source.path]

    def build(self, source: Source, given: list[Resource]) -> list[Resource]:
        """The resources of a kustomization; those `given` are what a component works on."""
        self._left -= 1
        if self._left < 0 or source.path in self._active or len(self._active) >= MAX_BASES:
            return given
        root = opened(self.load(source))
        if root is None:
            return [*given, *self.objects(source)]
        self._active.append(source.path)
        made = list(given)
        for key in ("resources", "bases", "components"):
            for reference in words(below(root, key)):
                if is_local(reference):
                    made = self.resource(self.project.path(reference, source.path), made, key == "components")
        self.generate(root, source)
        for patch in self.patches(root, source):
            patch.apply(made)
        made = [one for one in made if one.node.children]
        self.rename(root, made)
        for one in made:
            node = with_images(one.node, members(below(root, "images")))
            if node is not one.node:
                one.node = node
                one.files.add(source.path)
        self.replace(root, source, made)
        self._active.pop()
        return made

    def resource(self, path: str, made: list[Resource], component: bool) -> list[Resource]:
        """The resources so far and those of a file or folder, or what a component makes of them."""
        source = self.read(path) or folder_file(path, self.project)
        if source is None:
            return made
        source = self.read(source.path) or source
        if component:
            return self.build(source, made)
        if is_kustomization(source.path):
            return [*made, *self.build(source, [])]
        self._left -= 1
        return [*made, *self.objects(source)] if self._left >= 0 else made

    def objects(self, source: Source) -> Iterator[Resource]:
        """The objects of a file, those of lists one by one."""
        for root in self.load(source):
            self.covered.append(root)
            listed = members(below(root, "items")) if word(below(root, "kind")) == "List" else [root]
            for node in listed:
                if node.kind == "mapping":
                    name = word(below(node, "metadata", "name"))
                    yield Resource(node, word(below(node, "kind")), {name}, {source.path})

    # --- what a kustomization changes ---------------------------------------------------------------------------------

    def generate(self, root: Node, source: Source) -> None:
        """Take over the ConfigMaps that it makes."""
        for one in members(below(root, "configMapGenerator")):
            name = word(below(one, "name"))
            present = next((each for each in self.generated if name in each.names), None)
            if present is None or word(below(one, "behavior")) not in ("merge", "replace"):
                present = Generated({name})
                self.generated.append(present)
            elif word(below(one, "behavior")) == "replace":
                present.literals, present.files = [], []
            literals = below(one, "literals")
            if literals is not None and literals.kind == "sequence":
                present.literals.append(literals)
            for reference in (*words(below(one, "envs")), word(below(one, "env"))):
                found = self.read(self.project.path(reference, source.path)) if is_local(reference) else None
                if found is not None:
                    present.files.append(found)

    def replace(self, root: Node, source: Source, made: Sequence[Resource]) -> None:
        """Take fields that get a value from another object as unknown."""
        for one in members(below(root, "replacements")):
            reference = word(below(one, "path"))
            found = self.read(self.project.path(reference, source.path)) if reference and is_local(reference) else None
            for replacement in self.load(found) if found is not None else [one]:
                for select, paths in targets(replacement):
                    for each in made:
                        if selects(select, each.kind, each.names, each.node):
                            for steps in paths:
                                each.node = with_unknown(each.node, steps)

    def rename(self, root: Node, made: Sequence[Resource]) -> None:
        """Names as they are with a prefix and suffix; the former ones stay known."""
        prefix, suffix = word(below(root, "namePrefix")), word(below(root, "nameSuffix"))
        if prefix or suffix:
            for names in (*(one.names for one in made), *(one.names for one in self.generated)):
                names |= {f"{prefix}{name}{suffix}" for name in names}

    def patches(self, root: Node, source: Source) -> Iterator[Patch]:
        """The patches of a kustomization in the order in which they are made."""
        listed = [(one, "patch", "path") for one in members(below(root, "patchesStrategicMerge"))]
        listed += [(one, "patch", "path") for one in members(below(root, "patches"))]
        listed += [(one, "patch", "path") for one in members(below(root, "patchesJson6902"))]
        for one, inline, file in listed:
            node = one if one.kind == "scalar" else below(one, inline)
            reference = word(one) if one.kind == "scalar" else word(below(one, file))
            target = below(one, "target")
            if reference and is_local(reference):
                found = self.read(self.project.path(reference, source.path))
                if found is not None:
                    yield Patch(self, self.load(found), target, found.path)
            elif node is not None and word(node):
                yield Patch(self, self.inline(node, source), target, source.path)

    def inline(self, node: Node, source: Source) -> list[Node]:
        """The documents of a patch that is written into the kustomization as text."""
        where = offsets(self.sheaf.text, node)
        return self.sheaf.load(Source(source.path, node.value), where or [node.start] * len(node.value))


@dataclass(slots=True)
class Patch:
    """The documents of one patch, the objects it is meant for, and the file it stands in."""

    build: Build
    roots: list[Node]
    target: Node | None
    path: str

    def apply(self, resources: list[Resource]) -> None:
        """Change the resources that the patch is meant for; one that it deletes is left without children."""
        for root in self.roots:
            for one in resources:
                if not self.meant(root, one):
                    continue
                self.build.covered.append(root)
                listed = root.kind == "sequence"
                node = patched(one.node, members(root)) if listed else merged(one.node, root, one.by_item)
                one.node = node if node is not None else Node("mapping", one.node.start, one.node.end)
                one.files.add(self.path)

    def meant(self, root: Node, one: Resource) -> bool:
        """Whether the patch is for an object: by its target, else by its own kind and name."""
        if self.target is not None:
            return selects(self.target, one.kind, one.names, one.node)
        if root.kind != "mapping":
            return False
        return word(below(root, "kind")) == one.kind and word(below(root, "metadata", "name")) in one.names
