"""What the Markdown report rests on: deployments, evidence, assumptions, what to measure, what was not read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import zip_longest

from ecolint.dataset import dataset_line, own_line
from ecolint.evidence import describe_row, how_to_measure
from ecolint.model import Estimate, Finding, Problem
from ecolint.report._figures import assumption
from ecolint.report._inventory import HEADINGS, rows
from ecolint.report._markdown_page import Page, files
from ecolint.report._markup import cell_code, code, inline, plain, table
from ecolint.report._summary import summarise
from ecolint.speech import SEMICOLON, Said, joined, say

MOST_ROWS, MOST_DEPLOYMENTS, MOST_UNREAD, MOST_REASONS = 40, 100, 20, 4
"""Where lists end and a count begins."""


def write(page: Page) -> None:
    """The sections below what was found and what to change, and the line that says where the figures come from."""
    _deployments(page)
    _evidence(page)
    _assumptions(page)
    _measuring(page)
    _unread(page)
    own = page.report.measurements
    first = [page.text(own_line({file: len(rows) for file, rows in own.items()})), ""] if own else []
    page.lines += ["---", "", *first, page.text(dataset_line())]


def _deployments(page: Page) -> None:
    found = rows(page.report.deployments, page.report.sources)
    if not found:
        return
    page.heading(say("Deployments"))
    lines = table(
        [page.text(heading) for heading in HEADINGS],
        ([cell_code(where), *map(inline, rest)] for where, *rest in found[:MOST_DEPLOYMENTS]),
    )
    rest = len(found) - MOST_DEPLOYMENTS
    hint = say("… and {count:,} more; ecolint facts --table prints them", count=rest)
    page.block(*lines, *page.more(rest, hint))
    page.block(page.say("- is not said, ? cannot be told, ~ is likely"))


def _evidence(page: Page) -> None:
    estimates = list(_estimates(page.open))
    used = list(dict.fromkeys(row for estimate in estimates for row in estimate.rows))
    quoted = _claims(estimates)
    if not (used or quoted):
        return
    page.heading(say("Evidence"))
    if used:
        page.block(page.say("The rows that the figures rest on:"))
        own = {row: told for rows in page.report.measurements.values() for row, told in rows.items()}
        lines = [f"- {page.text(own.get(row) or _described(row))}" for row in used[:MOST_ROWS]]
        rest = len(used) - MOST_ROWS
        hint = say("… and {count:,} more; ecolint evidence prints them", count=rest)
        page.block(*lines, *page.more(rest, hint))
    if quoted:
        page.block(page.say("What the sources claim, quoted and not computed with:"))
        page.block(*(f"- {page.text(each)}" for each in quoted))


def _claims(estimates: Iterable[Estimate]) -> list[Said]:
    """Each claim once, with every note that stands beside it."""
    notes: dict[tuple[str, str], dict[str, None]] = {}
    for estimate in estimates:
        if estimate.published is not None:
            found = notes.setdefault((estimate.published.text, estimate.published.source), {})
            if estimate.published.note:
                found[estimate.published.note] = None
    claims = {say("{claim} ({source})", claim=text, source=source): found for (text, source), found in notes.items()}
    return [joined([claim, *found], SEMICOLON) for claim, found in claims.items()]


def _assumptions(page: Page) -> None:
    if any(estimate.monthly is not None for estimate in _estimates(page.bad)):
        page.heading(say("Assumptions"))
        page.block(page.text(assumption(page.report.workload)))


def _measuring(page: Page) -> None:
    reasons = _kinds_first(page.report.unmeasured)
    if not reasons:
        return
    page.heading(say("When to measure instead"))
    rest = len(reasons) - MOST_REASONS
    told = reasons[:MOST_REASONS] + ([say("and {count:,} more", count=rest)] if rest > 0 else [])
    why = page.voice.say("{sentence}.", sentence=joined(told, SEMICOLON))
    lines = [f"{why[:1].upper()}{why[1:]}", *map(page.voice, how_to_measure())]
    page.block(*(f"- {plain(line)}" for line in lines))


def _kinds_first(reasons: Iterable[str]) -> list[str]:
    """One of each kind of reason before a second of any."""
    kinds: dict[str, list[str]] = {}
    for reason in reasons:
        kinds.setdefault(reason.template if isinstance(reason, Said) else "", []).append(reason)
    return [one for row in zip_longest(*kinds.values()) for one in row if one is not None]


def _unread(page: Page) -> None:
    summary = summarise(page.report)
    found = list(dict.fromkeys(one for one in page.report.problems if not one.templated))
    if not (found or summary.templated):
        return
    page.heading(say("What was not read"))
    if summary.skipped:
        page.block(page.say("{files} could not be read.", files=page.voice(files(summary.skipped))))
    if summary.templated:
        count = page.voice(files(summary.templated))
        page.block(page.say("{files} not read: templates are known only once they are rendered.", files=count))
    lines = [f"- {code(_where(one))}: {page.text(one.reason)}" for one in found[:MOST_UNREAD]]
    if lines:
        page.block(*lines, *page.more(len(found) - MOST_UNREAD))


def _estimates(findings: Iterable[Finding]) -> Iterator[Estimate]:
    """Every estimate that is printed: of findings and of their fixes."""
    for finding in findings:
        if finding.estimate is not None:
            yield finding.estimate
        yield from (fix.estimate for fix in finding.fixes if fix.estimate is not None)


def _described(row: str) -> str:
    try:
        return describe_row(row)
    except KeyError:
        return row


def _where(problem: Problem) -> str:
    cell = f"cell {problem.cell}:" if problem.cell is not None else ""
    return f"{problem.path}:{cell}{problem.line}"
