"""The README shows what the program prints, and the demo holds what the README says."""

from __future__ import annotations

import json
import re
import subprocess
import sys

from test_fixtures import ROOT

from ecolint import ruleset

README = (ROOT / "README.md").read_text(encoding="utf-8")


def run(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "ecolint", "check", "fixtures/demo", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    return done.stdout


def test_the_shown_output_is_the_real_one() -> None:
    shown = re.search(r"<!-- demo -->\n```text\n(.*?)```\n<!-- /demo -->", README, re.DOTALL)
    assert shown is not None
    real = run().split("\n\n")[0]
    mend = "paste the first finding of `ecolint check fixtures/demo` between the demo marks of README.md"
    assert shown[1].rstrip() == real.rstrip(), mend


def test_the_shown_inventory_is_the_real_one() -> None:
    shown = re.search(r"<!-- inventory -->\n```text\n(.*?)```\n<!-- /inventory -->", README, re.DOTALL)
    assert shown is not None
    command = [sys.executable, "-m", "ecolint", "facts", "--table", "fixtures/demo"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert shown[1] == done.stdout, (
        "paste `ecolint facts --table fixtures/demo` between the inventory marks of README.md"
    )


def test_the_table_of_rules_is_complete() -> None:
    rules = ruleset.load([ruleset.packaged()])
    assert re.findall(r"^\| (ECO\d{3}) \| (\S+) \| (\w+) \|", README, re.MULTILINE) == [
        (rule.code, rule.name, rule.cases[0].level) for rule in rules
    ]


def test_the_demo_holds_its_findings_with_the_figures_of_their_rows() -> None:
    report = json.loads(run("--format", "json"))
    found = [
        (f["code"], f["path"].removeprefix("fixtures/demo/"), f["range"]["start"]["line"]) for f in report["findings"]
    ]
    assert found == [
        ("ECO101", "app/main.py", 20),
        ("ECO102", "app/main.py", 26),
        ("ECO104", "app/main.py", 45),
        ("ECO104", "app/main.py", 52),
        ("ECO104", "app/main.py", 61),
        ("ECO107", "deploy/vllm.yaml", 21),
        ("ECO102", "deploy/vllm.yaml", 26),
        ("ECO104", "deploy/vllm.yaml", 28),
        ("ECO107", "pyproject.toml", 12),
    ]
    int8, nf4, _, _, looped = report["findings"][:5]
    # D1-13q / D1-07f: 6177.88 J against 2200.67 J; D1-06q / D1-06f; A5-01 / A5-07
    assert round(int8["estimate"]["overhead_percent"]["central"]) == round((6177.88 / 2200.67 - 1) * 100)
    assert {"D1-13q", "D1-07f"} <= set(int8["estimate"]["rows"])
    assert round(nf4["estimate"]["overhead_percent"]["central"]) == round((1883.91 / 1619.68 - 1) * 100)
    assert nf4["estimate"]["verdict"] == "undetermined"
    assert round(looped["estimate"]["overhead_percent"]["central"]) == round((4334 / 628 - 1) * 100)
    joules = 6177.88 - 2200.67
    kwh = joules / 1000 * 256 * 400_000 / 3.6e6 * 1.1
    assert abs(int8["estimate"]["monthly"]["kwh"]["central"] - kwh) < 0.01 * kwh
    assert abs(int8["estimate"]["monthly"]["usd"]["central"] - kwh * 0.12) < 0.01 * kwh * 0.12
