"""Deployments that stand in several files, as seen from one of them: what the file says once it is joined."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from ecolint.model import Alternative, Entry, Invocation, Items, Place, Reading, Source, Span, Table, Wanted
from ecolint.readers.yaml.configmaps import ConfigMap, Maps, config_map, maps_of, splatted, users_of
from ecolint.readers.yaml.envfiles import assigned, beside, variables_of
from ecolint.readers.yaml.joining.composes import Laid, Overlay, laid, overlays
from ecolint.readers.yaml.joining.helm.charts import Chart, Rendering, charts_of, rendered
from ecolint.readers.yaml.joining.kustomization import graph, is_kustomization
from ecolint.readers.yaml.joining.kustomize import Build, Generated
from ecolint.readers.yaml.joining.sheaf import Bound
from ecolint.readers.yaml.joining.walking import below, members, word
from ecolint.readers.yaml.nodes import Unreadable, documents
from ecolint.readers.yaml.runtimes import SERVING, paired
from ecolint.readers.yaml.spoken import may_be_kustomized
from ecolint.readers.yaml.texts import Text
from ecolint.shaped import dataclass

if TYPE_CHECKING:
    from ecolint.readers import Lookup


@dataclass(frozen=True, slots=True)
class Joined:
    """What a file says in company, and where it stands there, so that it does not count alone."""

    invocations: tuple[Invocation, ...] = ()
    covered: tuple[Span, ...] = ()
    used: tuple[Span, ...] = ()
    """The values of the file that its charts give to what they deploy."""

    def of(self, alone: Reading) -> Reading:
        """The reading of the file: what stands alone, then what is joined."""
        built = [one.place for one in self.invocations if one.mapping is not None]
        kept = [
            one
            for one in alone.invocations
            if not self._counts_elsewhere(one)
            and (one.mapping is None or one.image or not any(_meet(one.place, place) for place in built))
        ]
        problems = tuple(one for one in alone.problems if not (one.templated and self.covered))
        return replace(alone, invocations=(*kept, *self.invocations), problems=problems)

    def _counts_elsewhere(self, one: Invocation) -> bool:
        span = one.place.span
        if (one.mapping is None or one.image) and any(
            each.start <= span.start and span.end <= each.end for each in self.covered
        ):
            return True
        if not any(span.start <= each.start and each.end <= span.end for each in self.used):
            return False
        # What the chart was not seen to use of a container-shaped part still counts as it stands.
        told = () if one.mapping is not None else (place.span for place in places_in(replace(one, surroundings=None)))
        return all(any(each.start < place.end and place.start < each.end for each in self.used) for place in told)


def _meet(one: Place, other: Place) -> bool:
    """Whether two places have a part in common."""
    return one.path == other.path and one.span.start < other.span.end and other.span.start < one.span.end


def joined(source: Source, wanted: Wanted, project: Lookup) -> Joined:
    """The deployments of the project in which this file takes part together with others."""
    found = list(_with_config_maps(source, wanted, project))
    covered: list[Span] = []
    plain: set[Place] = set()
    for root in graph(project).roots(source.path) if may_be_kustomized(source.text) else ():
        build = _built(root, source, project)
        view = build.sheaf.view(source.path)
        places = (view.at(node) for node in build.covered)
        covered += [place.span for place in places if place.path == source.path]
        built = [one for one in _built_invocations(build, view, wanted) if one.joined or one.place not in plain]
        found += built
        plain |= {one.place for one in built if not one.joined}
    for overlay in overlays(source.path, project):
        both = laid(overlay, lambda path: source if path == source.path else project.source(path))
        if both is not None:
            view = both.sheaf.view(source.path)
            found += _laid_invocations(overlay, both, view, wanted, project)
            places = (view.at(node) for node in both.both if overlay.always)
            covered += [place.span for place in places if place.path == source.path]
    used: list[Span] = []
    for chart in charts_of(source.path, project):
        for further in chart.variants(source.path):
            rendering = _rendered(chart, further, source, project)
            if rendering.documents.get(source.path):
                covered.append(Span(0, len(source.text)))
            for one in _rendered_invocations(rendering, source, wanted):
                spans = [place.span for place in places_in(one) if place.path == source.path]
                if source.path not in (chart.about, *chart.templates):
                    used += spans
                    one = replace(one, place=Place(source.path, spans[0])) if spans else one
                if one not in found:
                    found.append(one)
    return Joined(tuple(found), tuple(dict.fromkeys(covered)), tuple(dict.fromkeys(used)))


def places_in(one: Invocation) -> Iterator[Place]:
    """Where the values of an invocation are told."""
    values = [one.image]
    settings = one.mapping if not one.image else None
    tables = [table for table in (one.words, one.env, one.surroundings, settings) if table is not None]
    while tables:
        values += [entry.value for entry in tables.pop().entries]
        while values:
            for alternative in values.pop():
                if isinstance(alternative.data, Table):
                    tables.append(alternative.data)
                elif isinstance(alternative.data, Items):
                    values += alternative.data.items
                elif alternative.kind == "known" and alternative.place is not None:
                    yield alternative.place


# --- compose files ---------------------------------------------------------------------------------------------------


def _laid_invocations(
    overlay: Overlay, both: Laid, view: Bound, wanted: Wanted, project: Lookup
) -> Iterator[Invocation]:
    """The services that two compose files say together."""
    from ecolint.readers.yaml import containers_of

    triggers = view.sheaf.holding(wanted.triggers)
    base = project.source(overlay.base)
    if not triggers or base is None:
        return
    view.given = beside(base, project)
    view.variables = variables_of(Source(overlay.base, view.text), view.given)
    places = {view.at(node) for node in both.both}
    for one in containers_of(view, both.root, triggers, wanted)[0]:
        if one.place in places:
            yield replace(one, joined=tuple(sorted((overlay.base, overlay.over))))


# --- charts -----------------------------------------------------------------------------------------------------------


def _rendered(chart: Chart, further: str, source: Source, project: Lookup) -> Rendering:
    """A chart rendered with the file as it reads now; kept where that is as it stands in the project."""
    on_disk = project.source(source.path)
    if on_disk is not None and on_disk.text == source.text:
        key = ("helm", chart.folder, further)
        return project.kept(key, lambda: rendered(chart, further, project.source))
    return rendered(chart, further, lambda path: source if path == source.path else project.source(path))


def _rendered_invocations(rendering: Rendering, source: Source, wanted: Wanted) -> Iterator[Invocation]:
    """The invocations of a rendered chart in which a file takes part."""
    from ecolint.readers.yaml import objects_of

    view = rendering.sheaf.view(source.path)
    triggers = view.sheaf.holding(wanted.triggers)
    if not triggers:
        return
    maps: dict[str, list[ConfigMap]] = {}

    def named(name: str) -> tuple[ConfigMap, ...]:
        if not maps:
            maps.update(_chart_maps(rendering, view))
        return tuple(maps.get(name, ()))

    view.maps = Maps((named,))
    own = rendering.documents.get(source.path)
    # What a template writes is told by it alone, unless others take variables from it.
    alone = own is not None and not any(word(below(root, "kind")) == "ConfigMap" for root in own)
    for path, roots in {source.path: own}.items() if alone and own is not None else rendering.documents.items():
        for root in roots:
            for one in objects_of(view, root, triggers, wanted):
                told = {place.path for place in places_in(one)} | {path}
                files = tuple(sorted(each for each in told if each.endswith((".yaml", ".yml"))))
                if source.path in files:
                    yield replace(one, joined=files if len(files) > 1 else ())


def _chart_maps(rendering: Rendering, view: Bound) -> Mapping[str, list[ConfigMap]]:
    found: dict[str, list[ConfigMap]] = {}
    for roots in rendering.documents.values():
        for root in roots:
            read = config_map(view, root)
            if read is not None:
                found.setdefault(read[0], []).append(read[1])
    return found


# --- kustomizations ---------------------------------------------------------------------------------------------------


def _built(root: str, source: Source, project: Lookup) -> Build:
    """What a kustomization builds with the file as it reads now; kept where that is as it stands in the project."""
    on_disk = project.source(source.path)
    if on_disk is not None and on_disk.text == source.text:
        return project.kept(("kustomize", root), lambda: Build(project, project.source).run(root))
    return Build(project, lambda path: source if path == source.path else project.source(path)).run(root)


def _built_invocations(build: Build, view: Bound, wanted: Wanted) -> Iterator[Invocation]:
    """The invocations of a build in which the file that it is looked at from takes part."""
    from ecolint.readers.yaml import objects_of

    triggers = view.sheaf.holding(wanted.triggers)
    if not triggers:
        return
    maps = _maps(build, view)
    holds_maps = any(view.path in one.files for found in maps.values() for one in found)
    view.maps = Maps((lambda name: maps.get(name, ()),))
    told: list[Invocation] = []
    for resource in build.resources:
        if view.path not in resource.files and not holds_maps and resource.kind not in SERVING:
            continue
        view.files = frozenset(path for path in resource.files if _told(path))
        for one in objects_of(view, resource.node, triggers, wanted):
            files = one.joined or view.joined(())
            if view.path in (files or view.files) or resource.kind in SERVING:
                told.append(replace(one, joined=files))
    for one in paired(told, wanted):
        if view.path in (one.joined or (one.place.path,)):
            yield one


def _told(path: str) -> bool:
    """Whether a file is one that findings can be told of."""
    return path.endswith((".yaml", ".yml")) or is_kustomization(path)


def _maps(build: Build, view: Bound) -> Mapping[str, tuple[ConfigMap, ...]]:
    found: dict[str, tuple[ConfigMap, ...]] = {}
    for resource in build.resources:
        read = config_map(view, resource.node) if resource.kind == "ConfigMap" else None
        for name in resource.names if read is not None else ():
            made = ConfigMap(frozenset(filter(_told, resource.files)), read[1].table, read[1].texts) if read else None
            found[name] = (*found.get(name, ()), *([made] if made is not None else []))
    for each in build.generated:
        for name in each.names:
            found[name] = (*found.get(name, ()), _generated(each, view))
    return found


def _generated(each: Generated, view: Bound) -> ConfigMap:
    """A ConfigMap that a kustomization makes of literals and files of variables."""
    tables: list[Table] = []
    texts: dict[str, Text] = {}
    for source in each.files:
        entries = tuple(_assigned(source, texts))
        tables.append(Table("yaml.env", Place(source.path, Span(0, len(source.text))), entries, writable=False))
    for listed in each.literals:
        entries = tuple(_literals(listed, view, texts))
        tables.append(Table("yaml.env", view.at(listed), entries, writable=not listed.shared))
    place = tables[0].place if tables else Place(view.path, Span(0, 0))
    files = frozenset(one.place.path for one in tables if _told(one.place.path))
    if len(tables) == 1:
        return ConfigMap(files, tables[0], texts)
    parts = tuple(splatted(ConfigMap(files, one, {})) for one in tables)
    return ConfigMap(files, Table("yaml.env", place, parts, writable=False), texts)


def _literals(listed: object, view: Bound, texts: dict[str, Text]) -> Iterator[Entry]:
    from ecolint.readers.yaml.nodes import Node

    for item in members(listed if isinstance(listed, Node) else None):
        name, equals, value = item.value.partition("=")
        if item.kind != "scalar" or not equals:
            continue
        if value[:1] in "'\"" and value[:1] == value[-1:] and len(value) > 1:
            value = value[1:-1]
        place = view.at(item)
        texts[name] = Text(value, value, place)
        yield Entry(name, (Alternative("known", value, place),), place)


def _assigned(source: Source, texts: dict[str, Text]) -> Iterator[Entry]:
    """The variables of a file of `NAME=value` lines."""
    for name, value, place in assigned(source):
        texts[name] = Text(value, value or "", place)
        yield Entry(name, texts[name].as_value(), place)


# --- ConfigMaps beside a file -----------------------------------------------------------------------------------------


def _with_config_maps(source: Source, wanted: Wanted, project: Lookup) -> Iterator[Invocation]:
    """The containers of files beside this one that take variables from its ConfigMaps."""
    from ecolint.readers.yaml import containers_of, open_document

    for user in users_of(source, project, open_document):
        if graph(project).roots(user.path):
            continue  # told with its kustomization
        maps = maps_of(user, source, project, open_document)
        for base, text in documents(user.text):
            triggers = [trigger for trigger in wanted.triggers if trigger in text]
            if not triggers or "onfigMap" not in text:
                continue
            try:
                document, roots = open_document(user, base, text)
            except Unreadable:
                continue  # told where that file is read
            document.maps = maps
            for root in roots:
                for one in containers_of(document, root, triggers, wanted)[0]:
                    if source.path in one.joined:
                        yield one
