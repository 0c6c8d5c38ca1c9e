"""Tells of which YAML files that hold no trigger others may speak: from words, names and places, nothing is parsed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ecolint.readers import Lookup

BUILD = "build:"
CHART = "Chart.yaml"
KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
MAX_ABOVE = 12
"""Folders upward in which the chart of a file is looked for."""

_NAMED = ("kind:", "op:", '"op"', "resources:", "patches", "bases:")
"""Words of which one stands in a kustomization and in every file that one names."""
_SERVICES = re.compile(r"^services:", re.MULTILINE)
_FILE = re.compile(r"\.(?:properties|pbtxt|json|toml|ya?ml|sh|bash|env|py)[\"']?\s*:|Modelfile\s*:")
_WRITTEN = re.compile(r"^[ \t-]*[\"']?content[\"']?[ \t]*:[ \t]*\|", re.MULTILINE)
CONFIG_MAP = re.compile(r"^kind:[ \t]*[\"']?ConfigMap\b", re.MULTILINE)
INSTALL = re.compile(r"\bpip3? (?:-\S+ ){0,8}install ")
ENVIRONMENT = re.compile(r"^dependencies[ \t]*:[ \t]*(?:#.*)?$", re.MULTILINE)


def builds(text: str) -> bool:
    """Whether a file may be one of compose that builds an image: what is built may say by itself what it serves."""
    return BUILD in text and _SERVICES.search(text) is not None


def may_hold_files(text: str) -> bool:
    """Whether texts may stand in a file under the names of files."""
    return _FILE.search(text) is not None or _WRITTEN.search(text) is not None


def may_be_kustomized(text: str) -> bool:
    """Whether a file may be a kustomization, or one that a kustomization names."""
    return any(word in text for word in _NAMED)


def chart_above(path: str, project: Lookup) -> str | None:
    """The nearest `Chart.yaml` in the folder of a file or above it."""

    def nearest() -> str | None:
        above = (project.path("../" * level + CHART, path) for level in range(MAX_ABOVE))
        return next((one for one in above if project.source(one) is not None), None)

    return project.kept(("chart above", path.rpartition("/")[0]), nearest)


def spoken_of(path: str, text: str | None, project: Lookup) -> bool:
    """Whether a file without triggers is worth reading: it says something all the same, or takes part in what others
    say. Without a `text` it is asked whether it takes part whatever it holds."""
    if text is not None and _speaks(text):
        return True
    if "compose" in path.rpartition("/")[2]:
        from ecolint.readers.yaml.joining.composes import overlays

        if overlays(path, project):
            return True
    if chart_above(path, project) is not None:
        from ecolint.readers.yaml.joining.helm.charts import charts_of

        if charts_of(path, project):
            return True
    if (text is None or may_be_kustomized(text)) and project.named(frozenset(KUSTOMIZATIONS)):
        from ecolint.readers.yaml.joining.kustomization import graph

        return bool(graph(project).roots(path))
    return False


def _speaks(text: str) -> bool:
    """Whether a file may say something by itself: what it builds, installs or requires, files in it, variables."""
    return (
        builds(text)
        or may_hold_files(text)
        or CONFIG_MAP.search(text) is not None
        or INSTALL.search(text) is not None
        or ENVIRONMENT.search(text) is not None
    )
