"""Text for a person: the line with the culprit underlined, one sentence, its cost, the evidence and the fix."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from ecolint.model import Estimate, Finding, Fix, Level, Report
from ecolint.report import Look, listed
from ecolint.report._diff import by_path, small
from ecolint.report._figures import against, assumption, monthly, percent_interval, rests_on, stars
from ecolint.report._places import Range, Sources, one_line, shown_source, width
from ecolint.report._summary import MOODS, is_safely_fixable, summarise
from ecolint.verify import edited

_COLOURS = {"red": "1;31", "yellow": "1;33", "green": "1;32", "gray": "1;90", "orange": "1;38;5;208"}
_BOLD, _FAINT, _MINUS, _PLUS = "1", "2", "31", "32"
_LABEL = 10
_WRAP = 100


class _Page:
    """Rows of output, coloured where the look allows."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self.rows: list[str] = []

    def paint(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.look.colour and text else text

    def add(self, row: str = "") -> None:
        self.rows.append(row)

    def field(self, label: str, text: str) -> None:
        """A labelled paragraph, wrapped under its own start."""
        lines = textwrap.wrap(one_line(text), _WRAP - _LABEL - 2, break_long_words=False, break_on_hyphens=False)
        for number, line in enumerate(lines or [""]):
            head = self.paint(label.ljust(_LABEL), _BOLD) if number == 0 else " " * _LABEL
            self.add(f"  {head}{line}")


def render(report: Report, look: Look) -> str:
    """Every finding as a block, then the summary."""
    page = _Page(look)
    sources = Sources(report.sources)
    findings = listed(report)
    for finding in findings:
        _finding(page, finding, report, sources)
        page.add()
    if not look.quiet:
        _summary(page, report)
    return "".join(row.rstrip() + "\n" for row in page.rows)


def _finding(page: _Page, finding: Finding, report: Report, sources: Sources) -> None:
    level: Level = finding.level
    page.add(page.paint(f"{level} {finding.code}", _COLOURS[level]) + " " + page.paint(finding.name, _BOLD))
    place = sources.range(finding.place)
    page.add(f"  {page.paint('-->', _FAINT)} {one_line(finding.place.path)}:{place}")
    _excerpt(page, finding, place, sources)
    for line in textwrap.wrap(one_line(finding.message), _WRAP - 2, break_long_words=False, break_on_hyphens=False):
        page.add(f"  {line}")
    _detail(page, finding)
    if finding.estimate is not None:
        _estimate(page, finding.estimate, report)
    if finding.certainty == "likely":
        page.field("likely", "rests on a branch, a heuristic, an assumed version or a default that may be overridden")
    for number, fix in enumerate(finding.fixes):
        _fix(page, fix, "fix" if number == 0 else "or", report, report.verbose or number == 0)
    if finding.suppressed is not None:
        reason = f": {finding.suppressed.reason}" if finding.suppressed.reason else ""
        page.field("suppressed", f" {finding.suppressed.by}{reason}")


def _detail(page: _Page, finding: Finding) -> None:
    """The small table that shows how the finding was reckoned."""
    labels = max((width(label) for label, _ in finding.detail), default=0)
    values = max((width(value) for _, value in finding.detail), default=0)
    for number, (label, value) in enumerate(finding.detail):
        head = page.paint("in detail".ljust(_LABEL), _BOLD) if number == 0 else " " * _LABEL
        page.add(f"  {head}{label}{' ' * (labels - width(label) + 2 + values - width(value))}{value}")


def _excerpt(page: _Page, finding: Finding, place: Range, sources: Sources) -> None:
    """The source lines, at most three of them, with what is meant underlined."""
    lines = sources.lines(finding.place.path, place.cell)
    last = place.end_line if place.end_column > 1 or place.end_line == place.line else place.end_line - 1
    gutter = len(str(min(last, place.line + 2)))
    bar = page.paint("|", _FAINT)
    page.add(f"  {' ' * gutter} {bar}")
    for number in range(place.line, min(last, place.line + 2) + 1):
        text = lines.line(number)
        indent = len(text) - len(text.lstrip())
        start = place.column - 1 if number == place.line else indent
        end = place.end_column - 1 if number == place.end_line else len(text.rstrip())
        before, culprit = shown_source(text[:start]), shown_source(text[start : max(end, start)])
        shown = before + culprit + shown_source(text[max(end, start) :])
        mark = page.paint("^" * max(1, width(culprit)), _COLOURS[finding.level])
        page.add(f"  {page.paint(str(number).rjust(gutter), _FAINT)} {bar} {_cut(shown)}")
        if width(before) < _SHOWN:
            page.add(f"  {' ' * gutter} {bar} {' ' * width(before)}{mark if width(culprit) < _SHOWN else ''}")
    if last > place.line + 2:
        page.add(f"  {' ' * gutter} {bar} {page.paint(f'… {last - place.line - 2} more lines', _FAINT)}")


_SHOWN = 400


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _estimate(page: _Page, estimate: Estimate, report: Report) -> None:
    compared = against(estimate.compared_with)
    if estimate.overhead_percent is not None:
        said = f"{percent_interval(estimate.overhead_percent)} {stars(estimate.confidence)} against {compared}"
        rest = f", resting on {rests_on(estimate)}"
        doubt = "; the sign is not settled: measure it" if estimate.verdict == "undetermined" else ""
        page.field("energy", said + rest + doubt)
    else:
        page.field("energy", f"no figure against {compared}")
    if estimate.confidence_reasons:
        page.field("because", "; ".join(estimate.confidence_reasons))
    if estimate.published is not None:
        note = f"; {page.look.voice(estimate.published.note)}" if estimate.published.note else ""
        said = f"{estimate.published.text} ({estimate.published.source}; quoted, not computed with){note}"
        page.field("published", said)
    if estimate.monthly is not None:
        page.field("a month", monthly(estimate.monthly))
        page.field("assuming", assumption(report.workload))


def _fix(page: _Page, fix: Fix, label: str, report: Report, in_full: bool) -> None:
    saving = ""
    if fix.estimate is not None and fix.estimate.overhead_percent is not None:
        saving = f"; now {percent_interval(fix.estimate.overhead_percent)} {stars(fix.estimate.confidence)} against it"
    page.field(label, f"({fix.applicability}) {fix.title}{saving if label == 'or' else ''}")
    if fix.advice:
        page.field("", fix.advice)
    if in_full:
        for row in _diff(page, fix, report):
            page.add(f"  {' ' * _LABEL}{row}")


def _diff(page: _Page, fix: Fix, report: Report) -> Iterator[str]:
    files = by_path(fix.edits)
    for path, edits in files.items():
        text = report.sources.get(path)
        if text is None:
            continue
        if len(files) > 1:
            yield page.paint(one_line(path), _FAINT)
        for row in small(text, edited(text, edits)):
            colour = {"-": _MINUS, "+": _PLUS}.get(row[:1], _FAINT)
            yield page.paint(row[:1] + _cut(shown_source(row[1:])), colour)


def _summary(page: _Page, report: Report) -> None:
    summary = summarise(report)
    levels: tuple[Level, ...] = ("red", "yellow", "gray", "green") if report.show_green else ("red", "yellow", "gray")
    counts = {"red": summary.red, "yellow": summary.yellow, "gray": summary.gray, "green": summary.green}
    said = [page.paint(f"{counts[level]} {level}", _COLOURS[level]) for level in levels if counts[level]]
    files = f"{summary.files:,} {'file' if summary.files == 1 else 'files'}"
    unseen = f"; {summary.green} green with --show-green" if summary.green and not report.show_green else ""
    page.add(f"{', '.join(said) or 'No findings'} in {files}{_fixable(report, summary.fixable)}{unseen}.")
    mood = page.paint(summary.mood, _COLOURS[summary.mood])
    page.add(f"Mood: {mood}, {MOODS[summary.mood]}.")
    from ecolint.evidence import dataset_line  # not needed with --quiet, and not quick to import

    for line in textwrap.wrap(page.look.voice(dataset_line()), _WRAP, break_long_words=False, break_on_hyphens=False):
        page.add(page.paint(line, _FAINT))


def _fixable(report: Report, fixable: int) -> str:
    """`; 1 fixable with --fix, 2 more with --fix --unsafe-fixes`."""
    safe = sum(is_safely_fixable(finding) for finding in report.findings if finding.suppressed is None)
    parts = [f"{safe} fixable with --fix"] if safe else []
    if fixable > safe:
        parts.append(f"{fixable - safe} {'more' if safe else 'fixable'} with --fix --unsafe-fixes")
    return "; " + ", ".join(parts) if parts else ""
