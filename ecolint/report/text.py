"""Text for a person: the line with the culprit underlined, one sentence, its cost, the evidence and the fix."""

from __future__ import annotations

from ecolint.dataset import dataset_line, own_line
from ecolint.frame import Report
from ecolint.lobster import greeting
from ecolint.report import Look, listed
from ecolint.report._summary import MOODS, is_safely_fixable, summarise
from ecolint.report._text_page import COLOURS, FAINT, WRAP, Page
from ecolint.speech import SEMICOLON, Said, joined, say


def render(report: Report, look: Look) -> str:
    """Every finding as a block, then the summary."""
    page = Page(look)
    findings = listed(report)
    if look.lobster:
        mood = summarise(report).mood
        page.add(page.paint(look.voice(greeting(mood)), COLOURS[mood]))
        page.add()
    if findings:
        from ecolint.report import _text_blocks
        from ecolint.report._places import Sources

        sources = Sources(report.sources)
        for finding in findings:
            _text_blocks.write(page, finding, report, sources)
            page.add()
    if not look.quiet:
        _summary(page, report)
    return "".join(row.rstrip() + "\n" for row in page.rows)


def _summary(page: Page, report: Report) -> None:
    summary = summarise(report)
    levels = ("red", "yellow", "gray", "green") if report.show_green else ("red", "yellow", "gray")
    counts = {"red": summary.red, "yellow": summary.yellow, "gray": summary.gray, "green": summary.green}
    said = [page.paint(f"{counts[level]} {level}", COLOURS[level]) for level in levels if counts[level]]
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
    mood = page.paint(summary.mood, COLOURS[summary.mood])
    page.add(page.voice.say("Mood: {mood}, {means}.", mood=mood, means=MOODS[summary.mood]))
    own = {file: len(rows) for file, rows in report.measurements.items()}
    for whence in (*([own_line(own)] if own else []), dataset_line()):
        for line in page.wrapped(whence, WRAP):
            page.add(page.paint(line, FAINT))


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
