"""Suppressions: what an ignore comment reaches, what it does not, and which ones did nothing."""

from __future__ import annotations

import re

from ecolint.lines import Lines
from ecolint.model import Comment, Deployment, Finding, Invocation, Place, Span
from ecolint.suppress import Verdicts, apply

ON = ("ECO101", "int8-outlier-decomposition", "ECO104", "small-batch")


def finding(text: str, culprit: str = "culprit") -> Finding:
    """A finding of ECO101 where `culprit` stands in `text`."""
    start = text.index(culprit)
    at = Place("a.py", Span(start, start + len(culprit)))
    deployment = Deployment("transformers", at, {}, Invocation("python", at))
    return Finding("ECO101", "int8-outlier-decomposition", "red", "certain", "It wastes.", at, deployment)


def comments(text: str) -> list[Comment]:
    """The `#` comments of a text that has no strings."""
    found = []
    head = True
    for match in re.finditer(r"(?m)^(.*?)(#.*)?$", text):
        if match[2]:
            alone = not match[1].strip()
            head = head and alone
            start = match.start(2)
            found.append(Comment(match[2].lstrip("#"), Span(start, match.end(2)), alone, head))
        elif match[1].strip():
            head = False
    return found


def judged(text: str, *findings: Finding, **more: object) -> Verdicts:
    found = findings or (finding(text),)
    return apply(found, comments(text), text, "a.py", active=ON, **more)  # type: ignore[arg-type]


def suppressed(text: str) -> bool:
    (one,) = judged(text).findings
    return one.suppressed is not None


def test_on_the_line_and_alone_above_it() -> None:
    assert suppressed("culprit  # ecolint: ignore[ECO101] measured\n")
    assert suppressed("x\n# ecolint: ignore[ECO101]\nculprit\n")
    assert suppressed("x\n    # ecolint: ignore[ECO104]\n# ecolint: ignore[ECO101]\nculprit\n")
    assert suppressed("x\n# ecolint: ignore[ECO101]\n# ecolint: ignore[ECO104]\nculprit\n")
    assert suppressed("culprit  # noqa  # ecolint: ignore[ECO101]  # another\n")


def test_not_elsewhere() -> None:
    assert not suppressed("x  # ecolint: ignore[ECO101]\nculprit\n")
    assert not suppressed("# ecolint: ignore[ECO101]\n\nculprit\n")
    assert not suppressed("culprit\n# ecolint: ignore[ECO101]\n")
    assert not suppressed("culprit  # ecolint: ignore[ECO104]\n")
    assert not suppressed("culprit  # see ecolint: ignore[ECO101]\n")


def test_several_codes_names_and_case() -> None:
    assert suppressed("culprit  # ecolint: ignore[ECO104, ECO101]\n")
    assert suppressed("culprit  # ecolint: ignore[int8-outlier-decomposition] reason\n")
    assert suppressed("culprit  #ecolint:ignore[eco101]\n")
    assert not suppressed("culprit  # ecolint: ignore[ECO1]\n")


def test_any_line_of_a_finding_of_several_lines() -> None:
    text = "x\nload(\n  a,  # ecolint: ignore[ECO101]\n)\n"
    (one,) = judged(text, finding(text, text[2:].rstrip())).findings
    assert one.suppressed is not None


def test_the_reason_is_kept() -> None:
    (one,) = judged("culprit  # ecolint: ignore[ECO101] we measured it: 3 % less # x\n").findings
    assert one.suppressed is not None
    assert (one.suppressed.by, one.suppressed.reason) == ("inline", "we measured it: 3 % less")


def test_a_whole_file_from_its_first_comment_block_only() -> None:
    assert suppressed("# licence\n# ecolint: ignore-file[ECO101] generated\nx\n\nculprit\n")
    late = judged("x\n# ecolint: ignore-file[ECO101]\nculprit\n")
    assert late.findings[0].suppressed is None
    assert [(one.line, one.whole_file) for one in late.problems] == [(2, False)]


def test_a_form_that_is_not_understood_is_said_aloud() -> None:
    for written in ("ignore", "ignore[]", "ignore ECO101", "disable[ECO101]"):
        verdicts = judged(f"culprit  # ecolint: {written}\n")
        assert verdicts.findings[0].suppressed is None
        assert len(verdicts.problems) == 1, written


def test_settings_suppress_by_pattern_and_inline_comes_first() -> None:
    per_file = {"legacy/*": ("ECO1",)}
    (one,) = judged("culprit\n", per_file=per_file).findings
    assert one.suppressed is not None
    assert one.suppressed.by == "settings"
    both = judged("culprit  # ecolint: ignore[ECO101]\n", per_file=per_file)
    assert both.findings[0].suppressed is not None
    assert both.findings[0].suppressed.by == "inline"
    assert both.unused == ()


def test_what_suppressed_nothing_is_told_code_by_code() -> None:
    verdicts = judged("culprit  # ecolint: ignore[ECO101, ECO104]\nx  # ecolint: ignore[small-batch]\n")
    assert [one.codes for one in verdicts.unused] == [("ECO104",), ("small-batch",)]


def test_a_suppression_of_a_rule_that_is_off_is_not_unused() -> None:
    assert judged("culprit  # ecolint: ignore[ECO101, ECO999]\n").unused == ()


def test_lines_are_the_ones_editors_count() -> None:
    lines = Lines("a\r\nb\rc\u2028d\x0ce\n")
    assert len(lines) == 4
    assert lines.position(3) == (2, 1)
    assert lines.line(3) == "c\u2028d\x0ce"
    assert lines.position(99) == (4, 1)
