"""The one-line reports: concise and github."""

from __future__ import annotations

import pytest
from report_samples import PATH, finding, place, report

from ecolint.report import names, render


def test_formats_are_found_and_helpers_are_not() -> None:
    assert {"text", "concise", "json", "github", "markdown"} <= set(names())
    assert not any(name.startswith("_") for name in names())


def test_concise_is_one_line_a_finding() -> None:
    said = render("concise", report(finding(message="first\nsecond\x1b[31m")))
    assert said == f"{PATH}:3:19: red ECO101 first\\nsecond\\x1b[31m\n"


def test_nothing_found_prints_nothing() -> None:
    assert render("concise", report()) == ""
    assert render("github", report()) == ""


@pytest.mark.parametrize(
    ("level", "command"), [("red", "error"), ("yellow", "warning"), ("gray", "notice"), ("green", "notice")]
)
def test_github_names_the_level(level: str, command: str) -> None:
    said = render("github", report(finding(level=level), show_green=True))
    assert said.startswith(
        f"::{command} file={PATH},line=3,col=19,endColumn=36,title=ECO101 int8-outlier-decomposition::"
    )


def test_github_escapes_what_would_end_a_value() -> None:
    path = "a,b:c%.py"
    at = place(path=path)
    said = render("github", report(finding(at=at, message="50 %: a, b\r\nnext"), path=path))
    assert "file=a%2Cb%3Ac%25.py," in said
    assert said.endswith("::50 %25: a, b%0D%0Anext\n")
    assert said.count("\n") == 1


def test_github_leaves_columns_out_of_several_lines() -> None:
    text = "load(\n  load_in_8bit=True,\n)\n"
    said = render("github", report(finding(text, place(text, text.rstrip())), text=text))
    assert "line=1,endLine=3,title=" in said
    assert "ol=" not in said.split("::")[1]


def test_findings_come_in_the_order_of_the_files() -> None:
    text = "load_in_8bit=True\nload_in_4bit=True\n"
    first, second = place(text), place(text, "load_in_4bit=True")
    said = render("concise", report(finding(text, second), finding(text, first), text=text))
    assert [line.split(":")[1] for line in said.splitlines()] == ["1", "2"]
