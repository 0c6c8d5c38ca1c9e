"""One line a finding, `path:line:column: level CODE message`, for editors and for eyes that know the rules.

In a notebook it is `path:cell N:line:column:`.
"""

from __future__ import annotations

from ecolint.frame import Report
from ecolint.report import Look, listed
from ecolint.report._places import Sources
from ecolint.report._printable import one_line


def render(report: Report, look: Look) -> str:
    """One line for each finding, and nothing else."""
    sources = Sources(report.sources)
    rows = []
    for finding in listed(report):
        place = sources.range(finding.place)
        where = f"{one_line(finding.place.path)}:{place}"
        rows.append(f"{where}: {finding.level} {finding.code} {one_line(look.voice(finding.message))}\n")
    return "".join(rows)
