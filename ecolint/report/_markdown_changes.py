"""The Markdown report's recommended changes: by effect, with the changed lines and what is to be expected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ecolint.model import Applicability, Finding, Fix
from ecolint.report._changes import Change, changes
from ecolint.report._diff import around, by_path
from ecolint.report._figures import monthly, percent_interval, stars
from ecolint.report._markdown_page import Page, cut
from ecolint.report._markup import fenced
from ecolint.report._printable import shown_source
from ecolint.speech import Said, say

MOST_PLACES, MOST_LINES = 20, 40
"""Where the places of a change and the lines of its diff end and a count begins."""

_HOW: Mapping[Applicability, Said] = {
    "safe": say("safe: --fix makes it"),
    "unsafe": say("unsafe: --fix --unsafe-fixes makes it"),
    "manual": say("to be made by hand"),
}


def recommended(page: Page) -> None:
    """The section: an order, a warning, and each change."""
    page.heading(say("Recommended changes"))
    found = changes(page.bad)
    if not found:
        page.block(page.say("None."))
    if len(found) > 1:
        page.block(
            page.say(
                "Each figure is of one change alone, against what is written now. The effects of several changes do"
                " not add up: run ecolint again after each of them."
            )
        )
    for number, one in enumerate(found, 1):
        _change(page, number, one)


def _change(page: Page, number: int, change: Change) -> None:
    fix, first = change.fix, change.first
    title = page.text(fix.title)
    page.block(f"### {number}. {title[:1].upper()}{title[1:]}")
    count = len(change.findings)
    many = page.say("at {count:,} places", count=count)
    where = page.place(first) if count == 1 else many
    page.block(f"**{first.code}** {where} ({page.text(_HOW[fix.applicability])})")
    label = page.say("expected impact")
    if count == 1:
        lines = [f"- **{label}:** {_impact(page, fix, first)}"]
    else:
        shown = change.findings[:MOST_PLACES]
        lines = [f"- {page.place(one)}: **{label}:** {_impact(page, one.fixes[0], one)}" for one in shown]
        lines += page.more(count - MOST_PLACES)
    if fix.estimate is not None and fix.estimate.monthly is not None:
        which = say("a month") if count == 1 else say("a month, at the first of these")
        lines.append(page.field(which, monthly(fix.estimate.monthly)))
    if fix.advice:
        lines.append(page.field(say("mind"), fix.advice))
    for other in first.fixes[1:]:
        how = page.text(_HOW[other.applicability])
        lines.append(f"- **{page.say('or')}:** {page.text(other.title)} ({how}): {_impact(page, other, first)}")
    page.block(*lines)
    snippet = list(_snippet(page, fix))
    if snippet:
        rest = len(snippet) - MOST_LINES
        more = [f"@@ {page.voice.say('… {count:,} more lines', count=rest)} @@"] if rest > 0 else []
        page.block(*fenced([*snippet[:MOST_LINES], *more], "diff" if fix.edits else ""))


def _impact(page: Page, fix: Fix, finding: Finding) -> str:
    """What is written against what the fix writes."""
    estimate = fix.estimate
    if estimate is None or estimate.overhead_percent is None:
        return page.say("no figure")
    figure, confidence = percent_interval(estimate.overhead_percent), stars(estimate.confidence)
    if finding.by_traffic:
        return page.say(
            "now {figure} {stars} against it, as far as requests arrive together", figure=figure, stars=confidence
        )
    return page.say("now {figure} {stars} against it", figure=figure, stars=confidence)


def _snippet(page: Page, fix: Fix) -> Iterator[str]:
    """The changed lines as a diff, or what is to be written by hand."""
    files = by_path(fix.edits)
    for path, edits in files.items():
        text = page.report.sources.get(path)
        if text is None:
            continue
        if len(files) > 1:
            yield f"--- {path}"
        yield from (row[:1] + cut(shown_source(row[1:])) for row in around(text, page.whole(path), edits))
    if not fix.edits and fix.text:
        yield from (cut(shown_source(row)) for row in fix.text.splitlines())
