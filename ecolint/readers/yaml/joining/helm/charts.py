"""Charts: which one a file belongs to, which values it may be rendered with, and its templates filled in with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING

from ecolint.model import Source
from ecolint.readers.yaml.joining.helm.rendering import Renderer, Template, TooMuch, defined
from ecolint.readers.yaml.joining.helm.syntax import Action, Malformed, Part, parse
from ecolint.readers.yaml.joining.helm.values import Printer, Worth, made
from ecolint.readers.yaml.joining.patching import merged
from ecolint.readers.yaml.joining.sheaf import Sheaf
from ecolint.readers.yaml.joining.walking import below
from ecolint.readers.yaml.nodes import Node
from ecolint.readers.yaml.spoken import CHART, chart_above
from ecolint.shaped import dataclass

if TYPE_CHECKING:
    from ecolint.readers import Lookup

MAX_CHARTS = 64
"""Charts inside a chart that its values are given to."""
MAX_TEMPLATES = 300
"""Templates of one chart that are rendered."""
MAX_VALUES = 16
"""Files of values beside a chart's own with which it is rendered as well."""
RELEASE = "release-name"
"""The name that Helm gives a release when it only renders."""
_SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart's folder, its own values, those of the chart that holds it, and further files of values beside."""

    folder: str
    about: str
    values: str
    further: tuple[str, ...]
    templates: tuple[str, ...]
    parent: str = ""

    @property
    def files(self) -> tuple[str, ...]:
        """Every file that has a part in it."""
        return (self.about, self.values, self.parent, *self.further, *self.templates)

    def variants(self, path: str) -> tuple[str, ...]:
        """The files of values with which a file of the chart is looked at; empty for the chart's own alone."""
        if path in self.further:
            return (path,)
        return ("", *self.further)


@dataclass(slots=True)
class Rendering:
    """A chart with one set of values: a sheaf, and the documents that each template became."""

    sheaf: Sheaf = field(default_factory=Sheaf)
    documents: dict[str, list[Node]] = field(default_factory=dict)


def charts_of(path: str, project: Lookup) -> list[Chart]:
    """The charts that a file has a part in: the one it stands in, and those that its values are given to."""
    about = chart_above(path, project)
    if about is None:
        return []
    found = _kept(about, project)
    mine = [found] if found is not None and path in found.files else []
    if found is not None and path == found.values:
        inner = project.under(project.path("charts", about))
        held = [one for one in inner if one.rpartition("/")[2] == CHART][:MAX_CHARTS]
        charts = (_kept(one, project) for one in held)
        mine += [chart for chart in charts if chart is not None and chart.parent == path]
    return mine


def _kept(about: str, project: Lookup) -> Chart | None:
    return project.kept(("chart", about), lambda: _chart(about, project))


def _chart(about: str, project: Lookup) -> Chart | None:
    """A chart that gives values of its own, or that a chart with values holds."""
    values = project.path("values.yaml", about)
    above = project.path("../../values.yaml", about) if "/charts/" in f"/{about}" else ""
    parent = above if above and project.source(project.path("../../" + CHART, about)) and project.source(above) else ""
    if project.source(values) is None and not parent:
        return None
    templates = [one for one in project.under(project.path("templates", about)) if one.endswith((*_SUFFIXES, ".tpl"))]
    aside = [one for one in project.beside(about) if _named_values(one) and one != values]
    aside += [one for one in project.beside(project.path("ci/x", about)) if one.endswith(_SUFFIXES)]
    folder = about.rpartition("/")[0]
    return Chart(folder, about, values, tuple(aside[:MAX_VALUES]), tuple(templates[:MAX_TEMPLATES]), parent)


def _named_values(path: str) -> bool:
    name = path.rpartition("/")[2]
    return "values" in name and name.endswith(_SUFFIXES)


def rendered(chart: Chart, further: str, read: Callable[[str], Source | None]) -> Rendering:
    """A chart rendered with its values, and those of one further file over them."""
    rendering = Rendering()
    sheaf = rendering.sheaf
    values: Node | None = None
    for path, within in ((chart.values, ""), (chart.parent, chart.folder.rpartition("/")[2]), (further, "")):
        source = read(path) if path else None
        roots = sheaf.load(source) if source is not None else []
        root = below(roots[0], within) if roots and within else roots[0] if roots else None
        if root is not None and root.kind == "mapping":
            values = root if values is None else merged(values, root, False)
    about = read(chart.about)
    described = sheaf.load(about) if about is not None else []
    templates: dict[str, Template] = {}
    for path in chart.templates:
        source = read(path)
        if source is None:
            continue
        base = sheaf.add(path, source.text)
        try:
            templates[path] = Template(base, source.text, parse(source.text))
        except Malformed:
            continue
    named: dict[str, tuple[Template, Action, Sequence[Part]]] = {}
    for template in templates.values():
        named.update(defined(template))
    renderer = Renderer(Printer(sheaf.text), named, _root(values, described[0] if described else None))
    for path, template in templates.items():
        if not path.endswith(_SUFFIXES):
            continue
        try:
            found = renderer.render(template)
        except (TooMuch, RecursionError):
            continue
        rendering.documents[path] = sheaf.load(Source(path, found.text), found.where)
    return rendering


def _root(values: Node | None, about: Node | None) -> Mapping[str, Worth]:
    """What the dot is in a template."""
    described: dict[str, Worth] = {}
    for name in ("name", "version", "appVersion"):
        node = below(about, name)
        if node is not None:
            described[name[0].upper() + name[1:]] = made(node.value, node.start)
    release: dict[str, Worth] = {
        "Name": made(RELEASE, 0),
        "Service": made("Helm", 0),
        "IsInstall": True,
        "IsUpgrade": False,
    }
    return {"Values": values, "Chart": described, "Release": release}
