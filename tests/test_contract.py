"""The catalogue of rules keeps what is promised: codes, names, levels, and examples that lint as their page says."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from test_fixtures import ROOT, Alone

from ecolint import catalog, ruleset
from ecolint.engine import check
from ecolint.evidence import claims
from ecolint.model import Source
from ecolint.ruleset import Example, Rule
from ecolint.settings import Settings

RULES = ruleset.load([ruleset.packaged()], claims())

PROMISED = {
    "ECO101": ("int8-outlier-decomposition", "red", "measured"),
    "ECO102": ("nf4-below-crossover", "yellow", "measured"),
    "ECO103": ("fp8-eager", "red", "measured"),
    "ECO104": ("small-batch", "yellow", "measured"),
    "ECO105": ("int8-below-crossover", "yellow", "measured"),
    "ECO106": ("quantized-with-memory-to-spare", "yellow", "measured"),
    "ECO107": ("nightly-build", "gray", "measured"),
    "ECO201": ("vram-overflow", "yellow", "derived"),
    "ECO202": ("unsupported-precision", "yellow", "derived"),
    "ECO203": ("conflicting-precision", "red", "derived"),
    "ECO204": ("nf4-float32-compute", "yellow", "derived"),
    "ECO205": ("odd-batch-size", "gray", "convention"),
    "ECO206": ("context-overflow", "yellow", "derived"),
    "ECO207": ("float32-weights", "yellow", "derived"),
    "ECO208": ("dead-quantization-setting", "gray", "derived"),
    "ECO209": ("oversized-gpu", "yellow", "convention"),
    "ECO210": ("removed-load-keyword", "gray", "derived"),
    "ECO301": ("eager-attention", "yellow", "convention"),
    "ECO302": ("model-reload-per-request", "yellow", "convention"),
    "ECO303": ("kv-cache-disabled", "yellow", "convention"),
    "ECO304": ("uncompiled-model", "gray", "convention"),
    "ECO305": ("float32-kv-cache", "yellow", "convention"),
    "ECO306": ("cuda-graphs-disabled", "yellow", "convention"),
    "ECO307": ("prefix-caching-disabled", "gray", "convention"),
    "ECO801": ("good-sixteen-bit", "green", "measured"),
    "ECO802": ("good-four-bit", "green", "measured"),
    "ECO803": ("good-batching", "green", "measured"),
    "ECO804": ("good-compiled-fp8", "green", "measured"),
    "ECO805": ("good-attention", "green", "convention"),
    "ECO806": ("good-continuous-batching", "green", "measured"),
}
"""What users build on: names, levels and bases never change. Not every promised rule is built yet."""

BOTH = {"ECO203", "ECO208", "ECO210"}
"""Rules of what is wrong in training too: contradictions, dead settings, removed keywords."""


def test_codes_names_levels_and_bases_are_as_promised() -> None:
    for rule in RULES:
        assert (rule.name, rule.cases[0].level, rule.basis) == PROMISED[rule.code]


def test_a_rule_defers_as_promised() -> None:
    deferring = {r.code: set(r.defers_to) for r in RULES if r.defers_to and not r.praises}
    assert deferring == {"ECO106": {"ECO101", "ECO102", "ECO105"}, "ECO306": {"ECO103"}}


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r.code)
def test_rules_speak_of_inference_and_few_of_training(rule: Rule) -> None:
    everything = {"inference", "training", "conversion"}
    assert set(rule.workloads) == (everything if rule.code in BOTH else {"inference"})


EXAMPLES = [(rule, example) for rule in RULES for example in rule.docs.example]


def levels(example: Example, text: str) -> dict[str, str]:
    settings = Settings(root=ROOT)
    if example.gpu is not None:
        found = catalog.gpu(example.gpu)
        assert found is not None
        settings = replace(settings, gpu=found.name)
    if example.context is not None:
        settings = replace(settings, context=example.context)
    outcome = check(Source(example.file, text.lstrip("\n")), Alone(), RULES, settings)
    assert not outcome.problems
    return {finding.code: finding.level for finding in outcome.findings}


@pytest.mark.parametrize(("rule", "example"), EXAMPLES, ids=lambda v: v.code if isinstance(v, Rule) else v.file)
def test_examples_lint_as_their_page_says(rule: Rule, example: Example) -> None:
    good, bad = levels(example, example.good), levels(example, example.bad)
    assert rule.code in (good if rule.praises else bad)
    assert rule.code not in (bad if rule.praises else good)
    assert set(good.values()) <= {"green"}


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r.code)
def test_pages_say_what_why_and_where_from(rule: Rule) -> None:
    assert rule.docs.what.strip()
    assert rule.docs.why.strip()
    assert all(re.search(r"https://|\d+\.\d+", reference) for reference in rule.docs.references)


def test_the_engine_names_no_rule() -> None:
    for path in (ROOT / "ecolint").rglob("*.py"):
        assert not re.search(r"\bECO\d{3}\b", path.read_text(encoding="utf-8")), f"{path.name} names a rule"
