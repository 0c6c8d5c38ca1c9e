"""The text report: the culprit underlined, figures with their evidence, the fix as a diff."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_samples import TEXT, estimate, finding, place, report

from ecolint.dataset import dataset_line
from ecolint.model import Finding, Fix, Problem
from ecolint.report import Look, render
from ecolint.report._diff import hunks, unified
from ecolint.report._figures import amount, money, percent


def columns(text: str) -> int:
    """Terminal columns, told the slow way."""
    wide = sum(unicodedata.east_asian_width(one) in "WF" for one in text)
    return len(text) - sum(unicodedata.combining(one) != 0 for one in text) + wide


def test_a_finding_reads_like_one() -> None:
    said = render("text", report(finding()))
    assert said.startswith("red ECO101 int8-outlier-decomposition\n  --> app/service.py:3:19\n")
    assert '  3 | model = load("m", load_in_8bit=True)\n' in said
    assert "bitsandbytes INT8 keeps its outlier threshold." in said
    assert "+34 % (−2.4 % … +180 %) ★★☆ against FP16" in said
    assert "rows A2-01, A2-02" in said
    assert "+17 to +147 % (skill-v3.0.8; quoted" in said
    assert "64.1 kWh" in said
    assert "$7.69" in said
    assert "25 kg CO2" in said
    assert "102 km by car" in said
    assert "1,000,000 requests a month" in said
    assert "(unsafe) Load the weights in FP16" in said
    assert '-model = load("m", load_in_8bit=True)\n' in said
    assert '+model = load("m", dtype=torch.float16)\n' in said
    assert "1 red in 3 files; 1 fixable with --fix --unsafe-fixes." in said
    assert "Mood: orange" in said
    assert " ".join(said.split()).endswith(dataset_line())


def test_a_small_table_shows_how_a_finding_was_reckoned() -> None:
    said = render("text", report(finding(detail=(("weights", "15.0 GiB"), ("KV cache 宽", "1.00 GiB")))))
    assert "  in detail weights      15.0 GiB\n            KV cache 宽  1.00 GiB\n" in said


@pytest.mark.parametrize("before", ["", "\t\t", "宽字 = ", "é", "e\u0301\u0301 = ", "x = '\x1b[31m'; ", "\u202e"])
def test_the_underline_stands_below_the_culprit(before: str) -> None:
    text = f"{before}load_in_8bit=True  # 宽\n"
    rows = render("text", report(finding(text, place(text)), text=text)).splitlines()
    number = next(number for number, row in enumerate(rows) if "load_in_8bit" in row)
    source, underline = rows[number], rows[number + 1]
    assert columns(source[: source.index("load_in_8bit")]) == underline.index("^")
    assert underline.count("^") == len("load_in_8bit=True")
    assert "\x1b" not in source
    assert "\t" not in source


def test_a_wide_culprit_is_underlined_in_full() -> None:
    text = 'model("宽字")\n'
    said = render("text", report(finding(text, place(text, '"宽字"'), fixes=()), text=text))
    assert "^" * 6 + "\n" in said


def test_a_culprit_of_many_lines_is_cut() -> None:
    text = "load(\n" + "    a=1,\n" * 20 + ")\n"
    said = render("text", report(finding(text, place(text, text.rstrip()), fixes=()), text=text))
    assert "… 19 more lines" in said


def test_colour_is_only_where_it_is_asked_for() -> None:
    assert "\x1b" not in render("text", report(finding()))
    coloured = render("text", report(finding()), Look(colour=True))
    assert "\x1b[1;31mred ECO101\x1b[0m" in coloured
    plain = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert [row.rstrip() for row in plain.splitlines()] == render("text", report(finding())).splitlines()


def test_what_is_not_settled_is_said() -> None:
    said = render("text", report(finding(certainty="likely")))
    assert "measure it" in said
    assert "\n  likely    rests on a branch" in said
    none = estimate(overhead_percent=None, rows=(), published=None, monthly=None, confidence=None)
    assert "no figure against FP16" in render("text", report(finding(estimate=none)))


def test_a_manual_fix_is_advice() -> None:
    by_hand = Fix("Serve batches", "manual", {"batch_size": 8}, "Collect requests for 20 ms.")
    said = render("text", report(finding(fixes=(by_hand,))))
    assert "(manual) Serve batches" in said
    assert "Collect requests for 20 ms." in said


def test_good_practice_is_counted_and_listed_only_when_asked_for() -> None:
    good = finding(level="green", code="ECO801", fixes=())
    hidden = render("text", report(good))
    assert hidden.startswith("No findings in 3 files; 1 green with --show-green.\n")
    shown = render("text", report(good, show_green=True))
    assert shown.startswith("green ECO801")
    assert "1 green in 3 files.\n" in shown


def test_an_empty_report_says_so() -> None:
    said = render("text", report(problems=(Problem("a.py", 1, "bad"),)))
    assert said.startswith("No findings in 3 files.\n")
    assert "Mood: green" in said
    assert " ".join(said.split()).endswith(dataset_line())
    assert render("text", report(), Look(quiet=True)) == ""


@pytest.mark.parametrize(
    ("changes", "mood"),
    [
        ({"level": "red", "estimate": estimate(verdict="costs")}, "orange"),
        ({"level": "red", "estimate": estimate(overhead_percent=estimate().overhead_percent)}, "orange"),
        ({"level": "yellow", "estimate": estimate(verdict="costs")}, "orange"),
        ({"level": "yellow", "estimate": estimate(verdict="costs", compared_with={"batch_size": 8})}, "yellow"),
        ({"level": "yellow", "estimate": None}, "yellow"),
        ({"level": "gray", "estimate": None}, "gray"),
    ],
)
def test_the_mood_follows_the_worst_finding(changes: dict[str, Any], mood: str) -> None:
    worst: Finding = finding(**changes)
    assert f"Mood: {mood}" in render("text", report(worst, finding(level="gray", estimate=None)))


def test_figures_are_short() -> None:
    assert percent(34.2) == "+34 %"
    assert percent(-2.44) == "−2.4 %"
    assert percent(0.01) == "±0 %"
    assert percent(1234.5) == "+1,234 %"
    assert money(-0.244) == "−$0.24"
    assert money(1234.56) == "$1,235"
    assert amount(0.02) == "0.02"
    assert amount(0.00573) == "0.0057"
    assert amount(-1e-10) == "0"
    assert money(0.00573) == "$0.0057"
    assert amount(64.13) == "64.1"


texts = st.lists(st.sampled_from(["a\n", "b\n", "c\r\n", "\n", "d"]), max_size=12).map("".join)


@given(texts, texts)
def test_a_diff_makes_the_new_text_of_the_old(old: str, new: str) -> None:
    before, after = (re.findall(r"[^\n]*\n|[^\n]+", text) for text in (old, new))
    rebuilt: list[str] = []
    at = 0
    for row in hunks(before, after, 3):
        if row.startswith("@@"):
            start, length = re.match(r"@@ -(\d+)(?:,(\d+))?", row).groups()  # type: ignore[union-attr]
            first = int(start) - (1 if length != "0" else 0)
            rebuilt += before[at:first]
            at = first
        elif row[0] == " ":
            rebuilt.append(row[1:])
            at += 1
        elif row[0] == "-":
            at += 1
        else:
            rebuilt.append(row[1:])
    assert "".join(rebuilt + before[at:]) == new


def test_a_whole_diff_names_the_file_and_a_missing_last_newline() -> None:
    assert unified("a.py", TEXT, TEXT) == ""
    said = unified("a.py", "x\ny", "x\nz")
    assert said.startswith("--- a/a.py\n+++ b/a.py\n@@ -1,2 +1,2 @@\n")
    assert said.count("\\ No newline at end of file\n") == 2


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_the_lobster_speaks_first_and_changes_no_number(form: str) -> None:
    plain, spoken = (render(form, report(finding()), Look(lobster=lobster)) for lobster in (False, True))
    assert "EcoLobster" in spoken
    assert "EcoLobster" not in plain
    assert re.findall(r"\d[\d,.]*", spoken) == re.findall(r"\d[\d,.]*", plain)
