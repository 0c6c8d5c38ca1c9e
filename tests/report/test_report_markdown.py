"""The audit report: sections by level, changes by effect, nothing invented, and text that stays text."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_samples import PATH, estimate, finding, fix, place, report

from ecolint.dataset import dataset_line
from ecolint.evidence import PROTOCOL, claims
from ecolint.lines import Lines
from ecolint.model import (
    Edit,
    Estimate,
    Fact,
    Finding,
    Fix,
    Interval,
    Place,
    Problem,
    Published,
    Report,
    Span,
    Suppressed,
)
from ecolint.report import _diff, names, render
from ecolint.report._changes import changes
from ecolint.report._diff import around, small
from ecolint.report._markdown_grounds import MOST_DEPLOYMENTS, MOST_ROWS
from ecolint.report._markup import cell_code, code, fenced, plain, table
from ecolint.report._printable import one_line
from ecolint.run import Request, check
from ecolint.speech import say
from ecolint.verify import edited

ROOT = Path(__file__).parents[2]
SECTIONS = (
    *("🔴 Critical issues (over 30 %)", "🟡 Warnings (10 to 30 %)", "⚪ Further findings", "✅ Good practices"),
    *("Recommended changes", "Suppressed", "Deployments", "Evidence", "Assumptions", "When to measure instead"),
    "What was not read",
)


def sections(said: str) -> dict[str, str]:
    """The text of each section by its heading, in order; fences are not looked into."""
    found = {"": ""}
    name, fence = "", ""
    for line in said.splitlines():
        ticks = re.match(r"`{3,}", line)
        if fence:
            fence = "" if line == fence else fence
        elif ticks:
            fence = ticks[0]
        elif line.startswith("## "):
            name = line[3:]
            assert name not in found
            found[name] = ""
            continue
        if line == "---" and not fence:
            break
        found[name] += line + "\n"
    assert not fence
    return found


def markdown(*findings: Finding, **changes: Any) -> dict[str, str]:
    return sections(render("markdown", report(*findings, **changes)))


def percent(central: float, low: float | None = None, high: float | None = None, **changes: Any) -> Estimate:
    low, high = low if low is not None else central - 1, high if high is not None else central + 1
    return estimate(overhead_percent=Interval(central, low, high), verdict="costs", **changes)


def yellow(**changes: Any) -> Finding:
    return finding(**{"level": "yellow", "code": "ECO102", "name": "nf4-below-crossover", **changes})


# --- structure --------------------------------------------------------------------------------------------------------


def test_it_is_a_format() -> None:
    assert "markdown" in names()


def test_sections_come_in_their_order() -> None:
    everything = report(
        finding(),
        yellow(),
        finding(level="gray", code="ECO107", estimate=None, fixes=()),
        finding(level="green", code="ECO801", fixes=()),
        finding(code="ECO105", suppressed=Suppressed("inline", "measured here")),
        verbose=True,
        problems=(Problem("a.py", 1, "bad"),),
        deployments=(finding().deployment,),
        unmeasured=("nothing was measured for awq",),
    )
    said = render("markdown", everything)
    assert [each for each in sections(said) if each] == list(SECTIONS)
    assert said.startswith(
        "# Energy audit\n\n**1 critical issue, 1 warning, 1 further finding, 1 good practice in 3 files."
    )
    assert "Mood: orange, an energy trap.**" in said.splitlines()[2]
    assert said == render("markdown", everything)


def test_an_empty_report_says_so() -> None:
    said = render("markdown", report())
    assert said.startswith("# Energy audit\n\n**No findings in 3 files. Mood: green, cool waters.**\n")
    found = sections(said)
    assert list(found) == ["", SECTIONS[0], SECTIONS[1], SECTIONS[3], SECTIONS[4]]
    assert all(found[each].strip().startswith("None.") for each in found if each)


def test_findings_stand_where_their_level_puts_them() -> None:
    unmeasured = estimate(overhead_percent=None, rows=(), published=None, monthly=None, confidence=None)
    found = markdown(
        finding(code="ECO103", estimate=unmeasured, fixes=()),
        yellow(code="ECO102", estimate=percent(16.0)),
        yellow(code="ECO104", estimate=percent(500.0), by_traffic=True),
        yellow(code="ECO201", estimate=None, fixes=()),
        finding(level="gray", code="ECO208", estimate=None, fixes=()),
    )
    codes = {name: re.findall(r"^### (ECO\d+)", text, re.MULTILINE) for name, text in found.items()}
    assert codes[SECTIONS[0]] == ["ECO103"]
    assert codes[SECTIONS[1]] == ["ECO102"]
    assert codes[SECTIONS[2]] == ["ECO104", "ECO201", "ECO208"]
    assert "**energy:** no figure" in found[SECTIONS[0]]


def test_good_practice_is_always_listed() -> None:
    good = finding(level="green", code="ECO802", name="good-four-bit", fixes=(), estimate=percent(-25.0))
    for asked in (False, True):
        found = markdown(good, show_green=asked)
        assert found["✅ Good practices"].strip().startswith("- **ECO802 good-four-bit** `app/service.py:3:19`: ")
        assert "−25 % (−26 % … −24 %) ★★☆ against FP16" in found["✅ Good practices"]


def test_a_finding_says_what_it_costs() -> None:
    found = markdown(finding(certainty="likely", detail=(("weights", "15.0 GiB"),)))[SECTIONS[0]]
    assert '`app/service.py:3:19` (likely): `model = load("m", load_in_8bit=True)`' in found
    for field in (
        "- **energy:** +34 % (−2.4 % … +180 %) ★★☆ against FP16, resting on rows A2-01, A2-02",
        "- **doubt:** the sign is not settled: measure it",
        "- **because:** the GPU is taken for its architecture",
        "- **published:** +17 to +147 % (skill-v3.0.8; quoted, not computed with)",
        "- **a month:** 64.1 kWh (−2 … 140), \\$7.69 (−\\$0.24 … \\$16.80), 25 kg CO2 (−0.78 … 54.6); 102 km by car",
        "- **in detail:** weights: 15.0 GiB",
    ):
        assert field in found


def test_suppressed_findings_are_listed_only_with_verbose() -> None:
    hidden = finding(suppressed=Suppressed("inline", "measured `here`"))
    assert "Suppressed" not in markdown(hidden)
    found = markdown(hidden, verbose=True)
    assert "int8-outlier-decomposition** `app/service.py:3:19`, inline: measured \\`here\\`" in found["Suppressed"]
    assert "None." in found[SECTIONS[0]]
    assert "None." in found["Recommended changes"]


# --- changes ----------------------------------------------------------------------------------------------------------


def test_changes_are_ordered_by_effect() -> None:
    def one(number: int, central: float | None, level: Any = "yellow") -> Finding:
        figure = percent(central) if central is not None else None
        mended = fix(title=f"change {number}", estimate=figure)
        return finding(code=f"ECO{number}", level=level, estimate=figure, fixes=(mended,))

    findings = [one(101, 16.0), one(102, None), one(103, 181.0), one(104, None, "red"), one(105, 40.0, "red")]
    for order in (findings, findings[::-1]):
        said = markdown(*order)["Recommended changes"]
        numbered = re.findall(r"^### (\d)\. Change (\d+)$", said, re.MULTILINE)
        assert numbered == [("1", "103"), ("2", "105"), ("3", "101"), ("4", "104"), ("5", "102")]
    assert "do not add up" in said
    assert "do not add up" not in markdown(findings[0])["Recommended changes"]


def test_the_same_change_at_many_places_is_one() -> None:
    text = "".join(f"load(load_in_8bit=True)  # {number}\n" for number in range(30))
    findings = []
    for number, line in enumerate(text.splitlines()):
        at = place(text, line.partition("(")[2].partition(")")[0])
        start = text.index(f"# {number}\n") - len("load_in_8bit=True)  ")
        at = replace(at, span=Span(start, start + len("load_in_8bit=True")))
        mended = fix(text, at, estimate=percent(10.0 + number))
        findings.append(finding(text, at, estimate=percent(10.0 + number), fixes=(mended,)))
    said = markdown(*findings, text=text)["Recommended changes"]
    assert len(re.findall(r"^### ", said, re.MULTILINE)) == 1
    assert "**ECO101** at 30 places (unsafe: --fix --unsafe-fixes makes it)" in said
    assert "- `app/service.py:30:6`: **expected impact:** now +39 % (+38 % … +40 %) ★★☆ against it" in said
    assert "- … and 10 more" in said
    assert said.count("```diff") == 1
    assert said.count("- **a month, at the first of these:**") == 1


def test_a_change_shows_its_lines_its_impact_and_what_to_mind() -> None:
    other = Fix("Use \\<less\\>", "manual", {"batch_size": 8}, estimate=percent(12.0))
    said = markdown(finding(fixes=(fix(), other)))["Recommended changes"]
    assert "### 1. Load the weights in FP16\n\n**ECO101** `app/service.py:3:19` (unsafe: " in said
    assert "- **expected impact:** now +34 % (−2.4 % … +180 %) ★★☆ against it\n" in said
    assert "- **a month:** 64.1 kWh" in said
    assert "- **mind:** Needs twice the memory." in said
    assert "- **or:** Use \\\\\\<less\\\\> (to be made by hand): now +12 % (+11 % … +13 %) ★★☆ against it" in said
    old, new = 'model = load("m", load_in_8bit=True)', 'model = load("m", dtype=torch.float16)'
    assert f"```diff\n \n-{old}\n+{new}\n print(model)\n```\n" in said


def test_what_depends_on_traffic_says_so() -> None:
    said = markdown(yellow(by_traffic=True))["Recommended changes"]
    assert "★★☆ against it, as far as requests arrive together" in said


def test_what_is_to_be_written_by_hand_is_shown() -> None:
    by_hand = Fix("Serve batches", "manual", {"batch_size": 8}, "Collect them.", text="--max-num-seqs 8")
    said = markdown(finding(fixes=(by_hand,)))["Recommended changes"]
    assert "```\n--max-num-seqs 8\n```\n" in said
    assert "**expected impact:** no figure" in said


# --- text that stays text ---------------------------------------------------------------------------------------------

HOSTILE = "a|b `c` <img src=x> *d* [e](f) ~g~ $h$ &lt; _i_ \\ j_k\n# l"


def test_messages_paths_and_source_hold_no_markup() -> None:
    text = "x = '```'; load_in_8bit=True  # `|<b>\n"
    path = "a|`b/<c>.py"
    at = place(text, path=path)
    deployed = replace(
        finding().deployment, facts={"model": Fact("known", HOSTILE), "gpu": Fact("known", "L|4")}, place=at
    )
    one = finding(text, at, message=HOSTILE, name="na|me", deployment=deployed, fixes=(fix(text, at, title=HOSTILE),))
    said = render("markdown", report(one, text=text, path=path, deployments=(deployed,)))
    found = sections(said)
    for name in (SECTIONS[0], "Recommended changes", "Deployments"):
        assert "<img" not in found[name].replace("\\<img", "")
    rows = [line for line in found["Deployments"].splitlines() if line.startswith("|")]
    assert [len(re.findall(r"(?<!\\)\|", row)) for row in rows] == [8, 8, 8]
    assert "````diff\n" in said
    assert "\n# l" not in said


@given(st.text(max_size=40))
def test_plain_text_is_only_escaped(text: str) -> None:
    shown = plain(text)
    assert "\n" not in shown
    assert re.sub(r"\\([\\`*\[\]<|~$&_#>+=.)-])", r"\1", shown) == one_line(text).strip()
    assert not re.search(r"(?<!\\)(?:\\\\)*[`*\[\]<|~$]", shown)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("# no heading", "\\# no heading"),
        ("- no item", "\\- no item"),
        ("1. no item", "1\\. no item"),
        ("12) no item", "12\\) no item"),
        ("--- ", "\\---"),
        ("> no quote", "\\> no quote"),
        ("4-bit weights", "4-bit weights"),
        ("+34 %", "+34 %"),
        ("1.5 GiB", "1.5 GiB"),
        ("int8_default __init__", "int8_default \\_\\_init\\_\\_"),
        ("    no code", "no code"),
        ("$7.69", "\\$7.69"),
    ],
)
def test_the_beginning_of_a_text_begins_nothing(text: str, shown: str) -> None:
    assert plain(text) == shown


@given(st.text(alphabet="`a |\\", max_size=12))
def test_code_stays_in_its_span(text: str) -> None:
    span = code(text)
    if not text.strip():
        assert span == ""
        return
    ticks = re.match("`+", span)
    assert ticks is not None
    assert span.endswith(ticks[0])
    inner = span[len(ticks[0]) : -len(ticks[0])]
    assert inner in (text, f" {text} ")
    assert ticks[0] not in re.findall("`+", inner)
    (row,) = table(["x"], [[cell_code(text)]])[2:]
    assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", row)) == 2


@given(st.lists(st.text(alphabet="`a~", max_size=8), max_size=4))
def test_no_line_closes_its_fence(rows: list[str]) -> None:
    first, *inner, last = fenced(rows, "diff")
    assert first == f"{last}diff"
    assert inner == rows
    assert not any(last in row for row in rows)


# --- nothing is invented ----------------------------------------------------------------------------------------------


def test_every_percentage_is_a_figure_of_the_run() -> None:
    """Each number before a % sign stands in an estimate, a claim, a rule's text, the protocol or the bands."""
    text = run("--format", "markdown", "--show-green", "fixtures/demo")
    report_text = run("--format", "text", "--verbose", "fixtures/demo")
    numbers = set(re.findall(r"[+−±-]?[\d,.]+(?= %)", report_text))
    numbers |= set(re.findall(r"[+-]?[\d.]+(?= %)", " ".join(claim.text for claim in claims().values())))
    numbers |= {"30", str(PROTOCOL.cv_throughput), str(PROTOCOL.cv_power)}
    assert set(re.findall(r"[+−±-]?[\d,.]+(?= %)", text)) <= numbers


def test_no_figure_is_given_where_there_is_none() -> None:
    bare = [finding(estimate=None, fixes=(fix(estimate=None),)), yellow(estimate=None, fixes=())]
    said = render("markdown", report(*bare))
    assert [line for line in said.splitlines() if "%" in line] == [f"## {each}" for each in SECTIONS[:2]]
    assert "Evidence" not in sections(said)
    assert "Assumptions" not in sections(said)


def test_the_evidence_is_named_once() -> None:
    noted = estimate(published=Published("+17 to +147 %", "skill-v3.0.8", "the rows say +354 % on this GPU"))
    found = markdown(finding(), yellow(estimate=noted))
    lines = found["Evidence"].splitlines()
    assert len([line for line in lines if line.startswith("- A2-01: RTX 5090, ")]) == 1
    assert "- +17 to +147 % (skill-v3.0.8); the rows say +354 % on this GPU" in lines
    assert "not computed with); the rows say +354 % on this GPU" in found[SECTIONS[1]]
    many = estimate(rows=tuple(f"row-{number}" for number in range(MOST_ROWS + 3)))
    assert "… and 3 more; ecolint evidence prints them" in markdown(finding(estimate=many, fixes=()))["Evidence"]


# --- the rest ---------------------------------------------------------------------------------------------------------


def test_it_ends_with_the_dataset() -> None:
    assert render("markdown", report()).endswith(f"---\n\n{dataset_line()}\n")


def test_deployments_are_listed_up_to_a_number() -> None:
    text = "load()\n" * (MOST_DEPLOYMENTS + 2)
    one = finding().deployment
    spread = tuple(
        replace(one, place=Place(PATH, Span(7 * number, 7 * number + 6))) for number in range(MOST_DEPLOYMENTS + 2)
    )
    found = markdown(text=text, deployments=spread)["Deployments"]
    assert found.splitlines()[1] == "| where | stack | model | size | precision | gpu | batch |"
    assert found.splitlines()[3] == "| `app/service.py:1:1` | transformers | m | - | - | ? | - |"
    assert found.count("| `app/service.py:") == MOST_DEPLOYMENTS
    assert "… and 2 more; ecolint facts --table prints them" in found


def test_what_was_not_read_is_counted() -> None:
    problems = (
        Problem("a.py", 3, "bad `x`"),
        Problem("n.ipynb", 2, "bad", whole_file=False, cell=4),
        *(Problem(f"chart/{number}.yaml", 1, "Go template", templated=True) for number in range(2)),
    )
    found = markdown(problems=problems)["What was not read"]
    assert "1 file could not be read." in found
    assert "2 files not read: templates" in found
    assert "- `a.py:3`: bad \\`x\\`\n- `n.ipynb:cell 4:2`: bad\n" in found


def test_measuring_is_spoken_of_only_where_it_is_called_for() -> None:
    name = "When to measure instead"
    assert name not in markdown(finding())
    kind, words = "nothing was measured for {precision}", ("awq", "gptq", "fp4", "eetq", "hqq")
    reasons = [*(say(kind, precision=each) for each in words), say("{gpu} was not", gpu="MI300X")]
    lines = markdown(unmeasured=tuple(reasons))[name].strip().splitlines()
    assert 3 <= len(lines) <= 5
    assert lines[0] == (
        "- Nothing was measured for awq; MI300X was not; nothing was measured for gptq; nothing was measured for fp4;"
        " and 2 more."
    )
    assert f"{PROTOCOL.hertz} Hz" in lines[1]
    assert "energy_j_per_1k_tokens" in lines[2]


SERVED = "docker run --gpus all vllm/vllm-openai:v0.11.0 --model Qwen/Qwen2.5-1.5B-Instruct {} --max-num-seqs {}\n"
SETTLED = SERVED.format("--dtype float16", 32)


@pytest.mark.parametrize(
    ("script", "options", "said"),
    [
        (SETTLED, ("--gpu", "A800"), None),
        (SETTLED, ("--gpu", "V100"), "(Volta)"),
        (SETTLED, ("--gpu", "MI300X"), "(MI300X)"),
        (SERVED.format("--quantization fp8", 32), ("--gpu", "A800"), "fp8"),
        (SERVED.format("--dtype float16", 128), ("--gpu", "A800"), "Batches of 128"),
        ("python -c ''\n", (), None),
    ],
)
def test_a_run_knows_when_to_measure(
    script: str, options: tuple[str, ...], said: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "serve.sh").write_text(script, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    gpu = {"gpu": options[1]} if options else {}
    found = check(Request(("serve.sh",), overrides=gpu)).report
    assert bool(found.unmeasured) == (said is not None)
    text = sections(render("markdown", found)).get("When to measure instead", "")
    assert (said or "") in text
    assert bool(text) == (said is not None)


OURS = """row_id,gpu,model,precision,batch_size,energy_j_per_1k_tokens,baseline_row_id
ours-1,A800,Qwen/Qwen2.5-1.5B-Instruct,fp16,1,2000,
ours-2,A800,Qwen/Qwen2.5-1.5B-Instruct,awq,1,1500,ours-1
"""


def test_what_users_measured_needs_no_measurement(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "serve.sh").write_text(SERVED.format("--quantization awq", 32), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    request = Request(("serve.sh",), overrides={"gpu": "A800"})
    assert check(request).report.unmeasured == ("nothing was measured for awq",)
    (tmp_path / "ours.csv").write_text(OURS, encoding="utf-8")
    (tmp_path / "ecolint.toml").write_text('evidence = ["ours.csv"]\n', encoding="utf-8")
    assert check(request).report.unmeasured == ()


def run(*arguments: str) -> str:
    command = [sys.executable, "-m", "ecolint", "check", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 1, done.stderr
    return done.stdout


def test_the_demo_is_audited(tmp_path: Path) -> None:
    file = tmp_path / "audit.md"
    run("--output", f"markdown={file}", "fixtures/demo")
    said = file.read_text(encoding="utf-8")
    found = sections(said)
    assert "### ECO101 int8-outlier-decomposition" in found[SECTIONS[0]]
    assert "ECO102" in found[SECTIONS[1]]
    assert {"ECO104", "ECO107"} <= set(re.findall(r"### (ECO\d+)", found[SECTIONS[2]]))
    assert found["Deployments"].count("| `fixtures/demo/") == 4
    figures = [
        float(re.sub(r"[,+ ]", "", re.findall(r"now (\+[\d,.]+) %", change)[0]))
        for change in re.split(r"^### ", found["Recommended changes"], flags=re.MULTILINE)[1:]
        if "now +" in change
    ]
    assert figures == sorted(figures, reverse=True)
    assert len(figures) >= 3


# --- speed ------------------------------------------------------------------------------------------------------------


def many(count: int) -> Report:
    """So many findings in one file, each with a fix of its own that edits its line and the first one."""
    line = "load(load_in_8bit=True)\n"
    text = "import x\n" + line * count
    findings = []
    for number in range(count):
        start = 9 + number * len(line) + 5
        at = Place(PATH, Span(start, start + len("load_in_8bit=True")))
        edits = (Edit(PATH, Span(8, 8), ", torch"), Edit(PATH, at.span, f"batch={number}"))
        findings.append(finding(text, at, fixes=(fix(text, at, set={"batch_size": number}, edits=edits),)))
    whole = [one.deployment for one in findings]
    return report(*findings, text=text, deployments=tuple(whole))


def test_the_work_grows_with_the_findings_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted: the characters that diffs look at; diffs of whole files would look at 16 times as many here."""
    counts = []
    for count in (250, 1000):
        seen = 0

        def counted(text: str, edits: Any, real: Any = edited) -> str:
            nonlocal seen
            seen += len(text)
            return str(real(text, edits))

        monkeypatch.setattr(_diff, "edited", counted)
        render("markdown", many(count))
        counts.append(seen)
    assert counts[1] <= 5 * counts[0]


def test_ten_thousand_findings_take_seconds() -> None:
    whole = many(10_000)
    start = time.process_time()
    said = render("markdown", whole)
    assert time.process_time() - start < 30
    assert said.count("\n### ECO101 ") == 10_000


pieces = st.lists(st.sampled_from(["a\n", "b\n", "c\r\n", "\n", "dd\n"]), min_size=1, max_size=12).map("".join)


@given(pieces, st.data())
def test_a_diff_of_the_lines_around_says_what_the_whole_one_says(text: str, data: st.DataObject) -> None:
    ends = sorted(data.draw(st.sets(st.integers(0, len(text)), min_size=2, max_size=4)))
    spans = list(zip(ends[::2], ends[1::2], strict=False))
    edits = [Edit("a.py", Span(*span), data.draw(st.sampled_from(["", "X", "Y\n"]))) for span in spans]
    near, whole = around(text, Lines(text), edits), small(text, edited(text, edits))

    def net(rows: list[str], sign: str) -> list[str]:
        return [row[1:] for row in rows if row.startswith(sign) and not row.startswith("@@")]

    old, new = text, edited(text, edits)
    assert bool(near) == bool(whole) == (old != new)
    for rows in (near, whole):
        gone, come = net(rows, "-"), net(rows, "+")
        assert len(come) - len(gone) == len(_diff._LINE.findall(new)) - len(_diff._LINE.findall(old))


def test_groups_keep_every_finding() -> None:
    findings = [finding(), yellow(), finding(fixes=()), finding(code="ECO105")]
    assert sum(len(change.findings) for change in changes(findings)) == 3
