"""Suppressions: ignore comments and per-file ignores, matched to findings without touching a file."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from ecolint.cells import where
from ecolint.lines import Lines
from ecolint.model import Comment, Finding, Problem, Span, Suppressed
from ecolint.shaped import dataclass
from ecolint.speech import say

_MARK = re.compile(r"(?:^|#|;|//)\s*ecolint:\s*(?P<rest>[^#]*)")
_FORM = re.compile(r"(?P<scope>ignore-file|ignore)\s*\[(?P<codes>[^\]]*)\]\s*(?P<reason>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Suppression:
    """One ignore comment. `codes` are codes or names as written; `line` is its own line, `alone` on it or not."""

    codes: tuple[str, ...]
    scope: Literal["line", "file"]
    reason: str
    span: Span
    line: int
    alone: bool


@dataclass(frozen=True, slots=True)
class Unused:
    """A suppression and those of its codes that suppressed nothing although their rules were on."""

    suppression: Suppression
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdicts:
    """The findings with `suppressed` set where something suppresses them, and what the comments were worth."""

    findings: tuple[Finding, ...]
    unused: tuple[Unused, ...] = ()
    problems: tuple[Problem, ...] = ()


def apply(
    findings: Sequence[Finding],
    comments: Sequence[Comment],
    text: str,
    path: str,
    per_file: Mapping[str, tuple[str, ...]] | None = None,
    active: Collection[str] = (),
) -> Verdicts:
    """Suppress the findings of one file.

    `per_file` has the patterns of `per-file-ignores` that match the file, `active` the codes and names of the rules
    that are on: a suppression of any other rule is never called unused.
    """
    lines = Lines(text)
    suppressions, problems = parse(comments, lines, path)
    used: set[tuple[Suppression, str]] = set()
    judged = [_judge(finding, suppressions, lines, path, per_file or {}, used) for finding in findings]
    on = {name.lower() for name in active}
    unused = [
        Unused(one, idle)
        for one in suppressions
        if (idle := tuple(code for code in one.codes if code.lower() in on and (one, code) not in used))
    ]
    return Verdicts(tuple(judged), tuple(unused), tuple(problems))


def parse(comments: Iterable[Comment], lines: Lines, path: str) -> tuple[tuple[Suppression, ...], list[Problem]]:
    """The suppressions among a file's comments, and a problem for each that has the mark but not the form."""
    found: list[Suppression] = []
    problems: list[Problem] = []
    for comment in comments:
        mark = _MARK.search(comment.text)
        if mark is None:
            continue
        line = lines.line_of(comment.span.start)
        form = _FORM.match(mark["rest"].strip())
        codes = tuple(code.strip() for code in form["codes"].split(",") if code.strip()) if form else ()
        if form is None or not codes:
            reason = say("suppression not understood; write `ecolint: ignore[CODE] reason`")
        elif form["scope"] == "ignore-file" and not comment.in_head:
            reason = say("ignore-file counts only in the first comment block of the file")
        else:
            scope: Literal["line", "file"] = "file" if form["scope"] == "ignore-file" else "line"
            found.append(Suppression(codes, scope, form["reason"].strip(), comment.span, line, comment.alone))
            continue
        shown, cell = where(lines.text, comment.span.start)
        problems.append(Problem(path, shown, reason, whole_file=False, cell=cell))
    return tuple(found), problems


def _judge(
    finding: Finding,
    suppressions: Sequence[Suppression],
    lines: Lines,
    path: str,
    per_file: Mapping[str, tuple[str, ...]],
    used: set[tuple[Suppression, str]],
) -> Finding:
    matching = [
        (one, code)
        for one in suppressions
        if _covers(one, finding, lines, path, suppressions)
        for code in one.codes
        if _means(code, finding)
    ]
    used.update(matching)
    if matching:
        return replace(finding, suppressed=Suppressed("inline", matching[0][0].reason))
    for pattern, codes in per_file.items():
        if any(_means(code, finding) or _is_prefix(code, finding) for code in codes):
            return replace(finding, suppressed=Suppressed("settings", f"per-file-ignores {pattern}"))
    return finding


def _covers(one: Suppression, finding: Finding, lines: Lines, path: str, suppressions: Sequence[Suppression]) -> bool:
    """Whether a comment reaches a finding: on a line of it, or alone above it, other ignore comments between."""
    if one.scope == "file":
        return True
    if finding.place.path != path:
        return False
    first = lines.line_of(finding.place.span.start)
    last = lines.line_of(max(finding.place.span.start, finding.place.span.end - 1))
    if first <= one.line <= last:
        return True
    between = {other.line for other in suppressions if other.alone and other.scope == "line"}
    return one.alone and one.line < first and all(line in between for line in range(one.line + 1, first))


def _means(code: str, finding: Finding) -> bool:
    return code.lower() in (finding.code.lower(), finding.name.lower())


def _is_prefix(code: str, finding: Finding) -> bool:
    return finding.code.lower().startswith(code.lower())
