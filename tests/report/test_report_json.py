"""The JSON report keeps to the contract."""

from __future__ import annotations

import json
from typing import Any

from report_samples import estimate, finding, place, report

from ecolint.model import Fix, Problem, Suppressed
from ecolint.report import render

KEYS = {"code", "name", "level", "message", "path", "cell", "range", "certainty"}
KEYS |= {"deployment", "detail", "estimate", "fixes", "suppressed"}


def loaded(*args: Any, **changes: Any) -> Any:
    return json.loads(render("json", report(*args, **changes)))


def test_it_has_the_keys_of_the_contract() -> None:
    document = loaded(finding())
    assert list(document) == ["schema", "tool", "settings", "evidence", "summary", "findings"]
    assert document["schema"] == 1
    assert document["tool"]["name"] == "ecolint"
    assert document["settings"]["requests_per_month"] == 1_000_000
    assert document["settings"]["prompt_tokens"] == 512
    assert document["settings"]["generated_tokens"] == 256
    assert set(document["evidence"]) == {"dataset", "version", "sources", "doi", "dois", "rows", "own"}
    assert {"files", "skipped", "templated", "red", "yellow", "green", "gray", "fixable", "mood"} == set(
        document["summary"]
    )
    (one,) = document["findings"]
    assert set(one) == KEYS
    assert one["estimate"]["overhead_percent"] == {"central": 34.2, "low": -2.4, "high": 180.0}
    assert one["estimate"]["published"] == {"text": "+17 to +147 %", "source": "skill-v3.0.8", "note": None}
    assert one["estimate"]["energy_j_per_1k_tokens"]["better"]["central"] == 670.0
    assert set(one["estimate"]["monthly"]) == {"kwh", "usd", "kg_co2", "equivalent"}
    assert one["detail"] == []
    (fix,) = one["fixes"]
    assert set(fix) == {"title", "applicability", "set", "advice", "estimate", "edits"}
    assert fix["edits"][0]["range"] == one["range"]


def test_columns_are_code_points_from_one_and_the_end_is_exclusive() -> None:
    text = 'x = "宽😀é"; load_in_8bit=True\r\n'
    at = place(text)
    (one,) = loaded(finding(text, at), text=text)["findings"]
    column = text.index("load") + 1
    assert one["range"] == {"start": {"line": 1, "column": column}, "end": {"line": 1, "column": column + 17}}


def test_absent_is_null_and_unknown_is_a_question_mark() -> None:
    (one,) = loaded(finding())["findings"]
    facts = one["deployment"]
    assert facts["batch_size"] is None
    assert facts["gpu"] == "?"
    assert facts["quantization"] == "int8"
    assert facts["precision"] is None


def test_a_finding_without_figures_has_nulls() -> None:
    (bare,) = loaded(finding(estimate=None, fixes=()))["findings"]
    assert bare["estimate"] is None
    unmeasured = estimate(
        overhead_percent=None,
        confidence=None,
        published=None,
        current_j_per_1k=None,
        better_j_per_1k=None,
        monthly=None,
    )
    (one,) = loaded(finding(estimate=unmeasured))["findings"]
    for key in ("overhead_percent", "confidence", "published", "energy_j_per_1k_tokens", "monthly"):
        assert one["estimate"][key] is None


def test_suppressed_findings_are_listed_only_with_verbose() -> None:
    hidden = finding(suppressed=Suppressed("inline", "measured here"))
    assert loaded(hidden)["findings"] == []
    assert loaded(hidden)["summary"]["red"] == 0
    (one,) = loaded(hidden, verbose=True)["findings"]
    assert one["suppressed"] == {"by": "inline", "reason": "measured here"}


def test_green_findings_are_listed_only_when_asked_for() -> None:
    good = finding(level="green", code="ECO801", fixes=())
    assert loaded(good)["findings"] == []
    assert len(loaded(good, show_green=True)["findings"]) == 1


def test_the_summary_counts() -> None:
    manual = finding(level="yellow", fixes=(Fix("Batch", "manual", {"batch_size": 8}, "Batch the requests."),))
    problems = (
        Problem("a.py", 1, "bad"),
        Problem("a.py", 9, "bad", whole_file=False),
        Problem("chart.yaml", 1, "Go template", templated=True),
    )
    summary = loaded(finding(), manual, problems=problems)["summary"]
    assert summary == {
        "files": 3, "skipped": 1, "templated": 1, "red": 1, "yellow": 1, "green": 0, "gray": 0, "fixable": 1,
        "mood": "orange",
    }  # fmt: skip


def test_it_shows_how_a_finding_was_reckoned() -> None:
    (one,) = loaded(finding(detail=(("weights", "15.0 GiB"), ("KV cache", "16.0 GiB"))))["findings"]
    assert one["detail"] == [{"label": "weights", "value": "15.0 GiB"}, {"label": "KV cache", "value": "16.0 GiB"}]
