"""A Markdown document while it is written: sentences, blocks, lists that end somewhere, and the fields of figures."""

from __future__ import annotations

from dataclasses import replace

from ecolint.lines import Lines
from ecolint.model import Estimate, Finding, Report
from ecolint.report import Look, listed
from ecolint.report._figures import against, percent_interval, stars
from ecolint.report._markup import code, plain
from ecolint.report._places import Sources
from ecolint.speech import SEMICOLON, Said, joined, say

_LONGEST = 200


class Page:
    """One document: what it is about, its lines so far, and the ways to write further ones. Blocks end empty.

    `bad` are the findings that nothing suppresses and that are no good practice.
    """

    def __init__(self, report: Report, look: Look) -> None:
        self.report = report
        self.voice, self.lobster = look.voice, look.lobster
        self.sources = Sources(report.sources)
        self._whole: dict[str, Lines] = {}
        every = listed(replace(report, show_green=True))
        self.open = [finding for finding in every if finding.suppressed is None]
        self.suppressed = [finding for finding in every if finding.suppressed is not None]
        self.good = [finding for finding in self.open if finding.level == "green"]
        self.bad = [finding for finding in self.open if finding.level != "green"]
        self.lines: list[str] = []

    def say(self, template: str, /, **values: object) -> str:
        """A sentence of ecolint's own, as text that holds no markup."""
        return plain(self.voice.say(template, **values))

    def text(self, text: str) -> str:
        """A text of a finding, as text that holds no markup."""
        return plain(self.voice(text))

    def block(self, *lines: str) -> None:
        """Lines of Markdown that stand together."""
        self.lines += [*lines, ""]

    def heading(self, text: Said, mark: str = "") -> None:
        """A section begins."""
        self.block(f"## {mark} {self.text(text)}" if mark else f"## {self.text(text)}")

    def more(self, count: int, where: Said | None = None) -> list[str]:
        """The line that ends a list or table which was cut; nothing where none is left."""
        if count <= 0:
            return []
        if where is None:
            return [f"- {self.say('… and {count:,} more', count=count)}"]
        return ["", self.text(where)]

    def place(self, finding: Finding) -> str:
        """Where a finding stands."""
        return code(f"{finding.place.path}:{self.sources.range(finding.place)}")

    def whole(self, path: str) -> Lines:
        """The lines of a file, all cells of a notebook together; worked out once."""
        if path not in self._whole:
            self._whole[path] = Lines(self.report.sources[path])
        return self._whole[path]

    def field(self, label: Said, text: str) -> str:
        """An item of a list that begins with what it is about."""
        return f"- **{self.text(label)}:** {self.text(text)}"

    def overhead(self, estimate: Estimate) -> str:
        """The figure with its interval and stars, and what it is against."""
        assert estimate.overhead_percent is not None
        figure, compared = percent_interval(estimate.overhead_percent), against(estimate.compared_with)
        return self.say(
            "{figure} {stars} against {compared}",
            figure=figure,
            stars=stars(estimate.confidence),
            compared=compared,
        )

    def quoted(self, estimate: Estimate) -> Said:
        """A claim as it is printed, and what the rows say where they contradict it."""
        published = estimate.published
        assert published is not None
        quoted = say("{claim} ({source}; quoted, not computed with)", claim=published.text, source=published.source)
        return joined([quoted, published.note], SEMICOLON) if published.note else quoted


def cut(text: str) -> str:
    """A line of source that is not too long to be shown."""
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def files(count: int) -> Said:
    """So many files."""
    return say("{count:,} file", count=count) if count == 1 else say("{count:,} files", count=count)
