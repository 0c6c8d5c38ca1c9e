"""Markdown for a pull request, a ticket or a page: the audit, what to change by effect, deployments and evidence."""

from __future__ import annotations

from collections.abc import Sequence

from ecolint.lobster import greeting
from ecolint.model import Finding, Report
from ecolint.report import Look, _markdown_grounds
from ecolint.report._figures import monthly, rests_on
from ecolint.report._markdown_changes import recommended
from ecolint.report._markdown_page import Page, cut, files
from ecolint.report._markup import code, plain
from ecolint.report._printable import shown_source
from ecolint.report._summary import MOODS, summarise
from ecolint.speech import SEMICOLON, joined, say


def render(report: Report, look: Look) -> str:
    """The whole document. Good practice is always in it, suppressed findings with `--verbose`."""
    page = Page(report, look)
    _conclusion(page)
    page.heading(say("Critical issues (over 30 %)"), "🔴")
    _findings(page, list(filter(is_critical, page.bad)))
    page.heading(say("Warnings (10 to 30 %)"), "🟡")
    _findings(page, list(filter(is_warning, page.bad)))
    _further(page)
    page.heading(say("Good practices"), "✅")
    page.block(*([_good_line(page, finding) for finding in page.good] or [page.say("None.")]))
    recommended(page)
    if page.suppressed:
        page.heading(say("Suppressed"))
        page.block(*(_suppressed_line(page, finding) for finding in page.suppressed))
    _markdown_grounds.write(page)
    return "\n".join(page.lines) + "\n"


def is_critical(finding: Finding) -> bool:
    """A trap: red, with or without a figure."""
    return finding.level == "red"


def is_warning(finding: Finding) -> bool:
    """Waste with a figure that does not depend on how many requests arrive together."""
    figure = finding.estimate is not None and finding.estimate.overhead_percent is not None
    return finding.level == "yellow" and figure and not finding.by_traffic


def _conclusion(page: Page) -> None:
    """What was found, how much of it, and the mood."""
    page.block(f"# {page.say('Energy audit')}")
    if page.lobster:
        page.block(f"> {page.text(greeting(summarise(page.report).mood))}")
    critical = sum(map(is_critical, page.bad))
    warnings = sum(map(is_warning, page.bad))
    further, good = len(page.bad) - critical - warnings, len(page.good)
    told = [
        one if count == 1 else many
        for count, one, many in (
            (critical, say("1 critical issue"), say("{count:,} critical issues", count=critical)),
            (warnings, say("1 warning"), say("{count:,} warnings", count=warnings)),
            (further, say("1 further finding"), say("{count:,} further findings", count=further)),
            (good, say("1 good practice"), say("{count:,} good practices", count=good)),
        )
        if count
    ]
    summary = summarise(page.report)
    line = page.say(
        "{found} in {files}. Mood: {mood}, {means}.",
        found=joined(told) if told else say("No findings"),
        files=files(summary.files),
        mood=summary.mood,
        means=MOODS[summary.mood],
    )
    page.block(f"**{line}**")


def _further(page: Page) -> None:
    rest = [finding for finding in page.bad if not (is_critical(finding) or is_warning(finding))]
    if rest:
        page.heading(say("Further findings"), "⚪")
        page.block(
            page.say(
                "What depends on how many requests arrive together, what nothing was measured for, and what costs no"
                " energy by itself."
            )
        )
        _findings(page, rest)


def _good_line(page: Page, finding: Finding) -> str:
    estimate = finding.estimate
    figure = f" ({page.overhead(estimate)})" if estimate is not None and estimate.overhead_percent is not None else ""
    return f"- {_title(finding)} {page.place(finding)}: {page.text(finding.message)}{figure}"


def _suppressed_line(page: Page, finding: Finding) -> str:
    assert finding.suppressed is not None
    reason = f": {page.text(finding.suppressed.reason)}" if finding.suppressed.reason else ""
    return f"- {_title(finding)} {page.place(finding)}, {finding.suppressed.by}{reason}"


def _title(finding: Finding) -> str:
    return f"**{finding.code} {plain(finding.name)}**"


def _findings(page: Page, found: Sequence[Finding]) -> None:
    """Each finding with its place, its line, what is wrong and what it costs."""
    if not found:
        page.block(page.say("None."))
    for finding in found:
        likely = f" ({page.say('likely')})" if finding.certainty == "likely" else ""
        page.block(f"### {finding.code} {plain(finding.name)}")
        page.block(f"{page.place(finding)}{likely}: {_culprit(page, finding)}")
        page.block(page.text(finding.message))
        page.block(*_fields(page, finding))


def _culprit(page: Page, finding: Finding) -> str:
    """The line that a finding begins in."""
    place = page.sources.range(finding.place)
    lines = page.sources.lines(finding.place.path, place.cell)
    return code(cut(shown_source(lines.line(place.line).strip())))


def _fields(page: Page, finding: Finding) -> list[str]:
    """The fields below a finding."""
    found = [
        page.field(say("in detail"), say("{label}: {value}", label=label, value=value))
        for label, value in finding.detail
    ]
    estimate = finding.estimate
    if estimate is None or estimate.overhead_percent is None:
        found.append(page.field(say("energy"), say("no figure")))
    else:
        found.append(
            f"- **{page.say('energy')}:** {page.overhead(estimate)}, {page.say('resting on')}"
            f" {page.text(rests_on(estimate))}"
        )
    if estimate is None:
        return found
    if estimate.verdict == "undetermined" and estimate.overhead_percent is not None:
        found.append(page.field(say("doubt"), say("the sign is not settled: measure it")))
    if estimate.confidence_reasons:
        found.append(page.field(say("because"), joined(estimate.confidence_reasons, SEMICOLON)))
    if estimate.published is not None:
        found.append(page.field(say("published"), page.quoted(estimate)))
    if estimate.monthly is not None:
        found.append(page.field(say("a month"), monthly(estimate.monthly)))
    return found
