"""The reports: one module per output format, found by its name; each has `render(report, look) -> str`."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Protocol, cast

from ecolint.frame import Report
from ecolint.shaped import dataclass
from ecolint.speech import ENGLISH, Voice

if TYPE_CHECKING:
    from ecolint.model import Finding


@dataclass(frozen=True)
class Look:
    """How a report may look where it is going: `colour` only on a terminal, `quiet` without the closing summary.

    `voice` is the language that it is written in; with `lobster` EcoLobster has a line to say in reports for people.
    """

    colour: bool = False
    quiet: bool = False
    voice: Voice = ENGLISH
    lobster: bool = False


class Format(Protocol):
    """What every format module offers."""

    def render(self, report: Report, look: Look) -> str:
        """The whole output, ending in a newline where it is not empty."""
        ...


def names() -> tuple[str, ...]:
    """The formats there are, without importing them. Modules that begin with `_` are not formats."""
    import pkgutil

    return tuple(sorted(info.name for info in pkgutil.iter_modules(__path__) if not info.name.startswith("_")))


def render(name: str, report: Report, look: Look | None = None) -> str:
    """A report in one of `names()`."""
    if name == "text" and look is not None and look.quiet and not (look.lobster or listed(report)):
        return ""  # what has nothing to say need not be imported
    module = cast(Format, importlib.import_module(f"{__name__}.{name}"))
    return module.render(report, look or Look())


def listed(report: Report) -> tuple[Finding, ...]:
    """The findings a report lists: green ones only if asked for, suppressed ones only with --verbose; by place."""
    kept = [
        finding
        for finding in report.findings
        if (finding.level != "green" or report.show_green) and (finding.suppressed is None or report.verbose)
    ]
    return tuple(sorted(kept, key=lambda one: (one.place.path, one.place.span, one.code)))
