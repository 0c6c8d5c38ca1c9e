"""Text for a person: the line with the culprit underlined, one sentence, its cost, the evidence and the fix."""

from __future__ import annotations

from collections.abc import Iterator

from ecolint.columns import padded, width
from ecolint.lobster import greeting
from ecolint.model import Estimate, Finding, Fix, Level, Report
from ecolint.report import Look, listed
from ecolint.report._diff import by_path, small
from ecolint.report._figures import against, assumption, monthly, percent_interval, rests_on, stars
from ecolint.report._paragraphs import wrapped
from ecolint.report._places import Range, Sources, one_line, shown_source
from ecolint.report._summary import MOODS, is_safely_fixable, summarise
from ecolint.speech import SEMICOLON, Said, joined, say
from ecolint.verify import edited

_COLOURS = {"red": "1;31", "yellow": "1;33", "green": "1;32", "gray": "1;90", "orange": "1;38;5;208"}
_BOLD, _FAINT, _MINUS, _PLUS = "1", "2", "31", "32"
_LABEL = 10
_WRAP = 100


class _Page:
    """Rows of output, coloured where the look allows."""

    def __init__(self, look: Look) -> None:
        self.look, self.voice = look, look.voice
        self.rows: list[str] = []

    def paint(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.look.colour and text else text

    def add(self, row: str = "") -> None:
        self.rows.append(row)

    def field(self, label: str, text: str) -> None:
        """A labelled paragraph, wrapped under its own start."""
        for number, line in enumerate(self.wrapped(text, _WRAP - _LABEL - 2)):
            self.add(f"  {self.head(label if number == 0 else '')}{line}")

    def head(self, label: str) -> str:
        """What stands before a line: a label in its column, or nothing."""
        return self.paint(padded(self.voice(label), _LABEL), _BOLD) if label else " " * _LABEL

    def wrapped(self, text: str, columns: int) -> list[str]:
        """The lines of a sentence."""
        return wrapped(one_line(self.voice(text)), columns, self.voice)


def render(report: Report, look: Look) -> str:
    """Every finding as a block, then the summary."""
    page = _Page(look)
    sources = Sources(report.sources)
    findings = listed(report)
    if look.lobster:
        mood = summarise(report).mood
        page.add(page.paint(look.voice(greeting(mood)), _COLOURS[mood]))
        page.add()
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
    for line in page.wrapped(finding.message, _WRAP - 2):
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


def _detail(page: _Page, finding: Finding) -> None:
    """The small table that shows how the finding was reckoned."""
    labels = max((width(label) for label, _ in finding.detail), default=0)
    values = max((width(value) for _, value in finding.detail), default=0)
    for number, (label, value) in enumerate(finding.detail):
        head = page.head(say("in detail") if number == 0 else "")
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
        rest = page.voice.say("… {count} more lines", count=last - place.line - 2)
        page.add(f"  {' ' * gutter} {bar} {page.paint(rest, _FAINT)}")


_SHOWN = 400


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _estimate(page: _Page, estimate: Estimate, report: Report) -> None:
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


def _fix(page: _Page, fix: Fix, first: bool, report: Report) -> None:
    told: list[str] = [say("({applicability}) {title}", applicability=fix.applicability, title=fix.title)]
    if not first and fix.estimate is not None and fix.estimate.overhead_percent is not None:
        figure, sure = percent_interval(fix.estimate.overhead_percent), stars(fix.estimate.confidence)
        told.append(say("now {figure} {stars} against it", figure=figure, stars=sure))
    page.field(say("fix") if first else say("or"), joined(told, SEMICOLON))
    if fix.advice:
        page.field("", fix.advice)
    if report.verbose or first:
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
    found = joined(said) if said else say("No findings")
    files = (
        say("{count:,} file", count=summary.files)
        if summary.files == 1
        else say("{count:,} files", count=summary.files)
    )
    told = [say("{found} in {files}", found=found, files=files), *_fixable(report, summary.fixable)]
    if summary.green and not report.show_green:
        told.append(say("{count} green with --show-green", count=summary.green))
    page.add(page.voice.say("{summary}.", summary=joined(told, SEMICOLON)))
    mood = page.paint(summary.mood, _COLOURS[summary.mood])
    page.add(page.voice.say("Mood: {mood}, {means}.", mood=mood, means=MOODS[summary.mood]))
    from ecolint.evidence import dataset_line, own_line  # not needed with --quiet, and not quick to import

    own = {file: len(rows) for file, rows in report.measurements.items()}
    for whence in (*([own_line(own)] if own else []), dataset_line()):
        for line in page.wrapped(whence, _WRAP):
            page.add(page.paint(line, _FAINT))


def _fixable(report: Report, fixable: int) -> list[Said]:
    """`1 fixable with --fix, 2 more with --fix --unsafe-fixes`, or nothing."""
    safe = sum(is_safely_fixable(finding) for finding in report.findings if finding.suppressed is None)
    parts = [say("{count} fixable with --fix", count=safe)] if safe else []
    if fixable > safe:
        rest = fixable - safe
        parts.append(
            say("{count} more with --fix --unsafe-fixes", count=rest)
            if safe
            else say("{count} fixable with --fix --unsafe-fixes", count=rest)
        )
    return [joined(parts)] if parts else []
