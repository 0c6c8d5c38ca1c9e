"""GitHub Actions workflow commands: one annotation a finding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecolint.frame import Report
from ecolint.report import Look, listed
from ecolint.report._places import Sources
from ecolint.speech import Voice, say

if TYPE_CHECKING:
    from ecolint.model import Finding, Level

_COMMANDS: dict[Level, str] = {"red": "error", "yellow": "warning", "gray": "notice", "green": "notice"}


def render(report: Report, look: Look) -> str:
    """One workflow command for each finding."""
    sources = Sources(report.sources)
    return "".join(_command(finding, sources, look.voice) + "\n" for finding in listed(report))


def _command(finding: Finding, sources: Sources, voice: Voice) -> str:
    """Columns are left out of a range over several lines: GitHub refuses an annotation that has them.

    The lines of a notebook's cell are not those of its file, so its annotations stand at the file and say the place.
    """
    place = sources.range(finding.place)
    properties = {"file": finding.place.path}
    if place.cell is None:
        properties["line"] = str(place.line)
        if place.line == place.end_line:
            properties |= {"col": str(place.column), "endColumn": str(place.end_column)}
        else:
            properties["endLine"] = str(place.end_line)
    properties["title"] = f"{finding.code} {finding.name}"
    said = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    message = finding.message
    if finding.certainty != "certain":
        message = say("{message} (likely)", message=message)
    where = f"{place}: " if place.cell is not None else ""
    return f"::{_COMMANDS[finding.level]} {said}::{_data(where + voice(message))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
