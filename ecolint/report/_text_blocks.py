"""The blocks of the text report, one for each finding."""

from __future__ import annotations

from collections.abc import Iterator

from ecolint.columns import width
from ecolint.model import Estimate, Finding, Fix, Level, Report
from ecolint.report._diff import by_path, small
from ecolint.report._figures import against, assumption, monthly, percent_interval, rests_on, stars
from ecolint.report._places import Range, Sources
from ecolint.report._printable import one_line, shown_source
from ecolint.report._text_page import BOLD, COLOURS, FAINT, LABEL, MINUS, PLUS, WRAP, Page
from ecolint.speech import SEMICOLON, joined, say
from ecolint.verify import edited


def write(page: Page, finding: Finding, report: Report, sources: Sources) -> None:
    """One finding: its place, what it says, what it costs and how it is mended."""
    level: Level = finding.level
    page.add(page.paint(f"{level} {finding.code}", COLOURS[level]) + " " + page.paint(finding.name, BOLD))
    place = sources.range(finding.place)
    page.add(f"  {page.paint('-->', FAINT)} {one_line(finding.place.path)}:{place}")
    _excerpt(page, finding, place, sources)
    for line in page.wrapped(finding.message, WRAP - 2):
        page.add(f"  {line}")
    _detail(page, finding)
    if finding.estimate is not None:
        _estimate(page, finding.estimate, report)
    if finding.certainty == "likely":
        page.field(
            say("likely"),
            say("rests on a branch, a heuristic, an assumed version or a default that may be overridden"),
        )
    for number, fix in enumerate(finding.fixes):
        _fix(page, fix, number == 0, report)
    if finding.suppressed is not None:
        reason = f": {finding.suppressed.reason}" if finding.suppressed.reason else ""
        page.field(say("suppressed"), f" {finding.suppressed.by}{reason}")


def _detail(page: Page, finding: Finding) -> None:
    """The small table that shows how the finding was reckoned."""
    labels = max((width(label) for label, _ in finding.detail), default=0)
    values = max((width(value) for _, value in finding.detail), default=0)
    for number, (label, value) in enumerate(finding.detail):
        head = page.head(say("in detail") if number == 0 else "")
        page.add(f"  {head}{label}{' ' * (labels - width(label) + 2 + values - width(value))}{value}")


def _excerpt(page: Page, finding: Finding, place: Range, sources: Sources) -> None:
    """The source lines, at most three of them, with what is meant underlined."""
    lines = sources.lines(finding.place.path, place.cell)
    last = place.end_line if place.end_column > 1 or place.end_line == place.line else place.end_line - 1
    gutter = len(str(min(last, place.line + 2)))
    bar = page.paint("|", FAINT)
    page.add(f"  {' ' * gutter} {bar}")
    for number in range(place.line, min(last, place.line + 2) + 1):
        text = lines.line(number)
        indent = len(text) - len(text.lstrip())
        start = place.column - 1 if number == place.line else indent
        end = place.end_column - 1 if number == place.end_line else len(text.rstrip())
        before, culprit = shown_source(text[:start]), shown_source(text[start : max(end, start)])
        shown = before + culprit + shown_source(text[max(end, start) :])
        mark = page.paint("^" * max(1, width(culprit)), COLOURS[finding.level])
        page.add(f"  {page.paint(str(number).rjust(gutter), FAINT)} {bar} {_cut(shown)}")
        if width(before) < _SHOWN:
            page.add(f"  {' ' * gutter} {bar} {' ' * width(before)}{mark if width(culprit) < _SHOWN else ''}")
    if last > place.line + 2:
        rest = page.voice.say("… {count} more lines", count=last - place.line - 2)
        page.add(f"  {' ' * gutter} {bar} {page.paint(rest, FAINT)}")


_SHOWN = 400


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _estimate(page: Page, estimate: Estimate, report: Report) -> None:
    compared = against(estimate.compared_with)
    if estimate.overhead_percent is not None:
        said = say(
            "{figure} {stars} against {compared}, resting on {rows}",
            figure=percent_interval(estimate.overhead_percent),
            stars=stars(estimate.confidence),
            compared=compared,
            rows=rests_on(estimate),
        )
        doubt = [say("the sign is not settled: measure it")] if estimate.verdict == "undetermined" else []
        page.field(say("energy"), joined([said, *doubt], SEMICOLON))
    else:
        page.field(say("energy"), say("no figure against {compared}", compared=compared))
    if estimate.confidence_reasons:
        page.field(say("because"), joined(estimate.confidence_reasons, SEMICOLON))
    if estimate.published is not None:
        claim, source = estimate.published.text, estimate.published.source
        said = say("{claim} ({source}; quoted, not computed with)", claim=claim, source=source)
        note = [estimate.published.note] if estimate.published.note else []
        page.field(say("published"), joined([said, *note], SEMICOLON))
    if estimate.monthly is not None:
        page.field(say("a month"), monthly(estimate.monthly))
        page.field(say("assuming"), assumption(report.workload))


def _fix(page: Page, fix: Fix, first: bool, report: Report) -> None:
    told: list[str] = [say("({applicability}) {title}", applicability=fix.applicability, title=fix.title)]
    if not first and fix.estimate is not None and fix.estimate.overhead_percent is not None:
        figure, sure = percent_interval(fix.estimate.overhead_percent), stars(fix.estimate.confidence)
        told.append(say("now {figure} {stars} against it", figure=figure, stars=sure))
    page.field(say("fix") if first else say("or"), joined(told, SEMICOLON))
    if fix.advice:
        page.field("", fix.advice)
    if report.verbose or first:
        for row in _diff(page, fix, report):
            page.add(f"  {' ' * LABEL}{row}")


def _diff(page: Page, fix: Fix, report: Report) -> Iterator[str]:
    files = by_path(fix.edits)
    for path, edits in files.items():
        text = report.sources.get(path)
        if text is None:
            continue
        if len(files) > 1:
            yield page.paint(one_line(path), FAINT)
        for row in small(text, edited(text, edits)):
            colour = {"-": MINUS, "+": PLUS}.get(row[:1], FAINT)
            yield page.paint(row[:1] + _cut(shown_source(row[1:])), colour)
