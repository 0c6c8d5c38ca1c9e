"""The documentation of rules: the generated pages are fresh, and every form of it says what the rule file says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ecolint.rulebook import MEND, main, pages, render, render_all
from ecolint.ruleset import Rule, find, load, packaged

PAGES = Path(__file__).parent.parent / "docs" / "rules"


@pytest.fixture(scope="module")
def rules() -> tuple[Rule, ...]:
    return load([packaged()])


def test_generated_pages_are_fresh(rules: tuple[Rule, ...]) -> None:
    on_disk = {file.name: file.read_text(encoding="utf-8") for file in PAGES.glob("*.md")}
    assert on_disk == dict(pages(rules)), f"docs/rules is out of date; run: {MEND}"


def test_text_has_every_section_without_markup(rules: tuple[Rule, ...]) -> None:
    for rule in rules:
        text = render(rule)
        assert text.startswith(f"{rule.code} {rule.name}\n")
        mended = () if rule.praises else ("BETTER DEPLOYMENTS", "FIX SAFETY")
        for heading in ("WHAT IT FINDS", "WHY IT MATTERS", "EXAMPLE", *mended, "REFERENCES"):
            assert f"\n{heading}\n" in text
        assert "```" not in text
        assert "**" not in text.replace("(**", "").replace(", **", "")


def test_code_in_text_keeps_its_blank_lines(rules: tuple[Rule, ...]) -> None:
    assert '", dtype=torch.bfloat16)\n\n\n    def answer(prompts):\n' in render(find(rules, "ECO104"))


def test_markdown_is_the_generated_page(rules: tuple[Rule, ...]) -> None:
    rule = find(rules, "small-batch")
    assert pages(rules)["ECO104_small_batch.md"].endswith(render(rule, "markdown"))
    assert "```py\n" in render(rule, "markdown")


def test_json_names_things_as_the_file_does(rules: tuple[Rule, ...]) -> None:
    found = json.loads(render(find(rules, "ECO101"), "json"))
    assert (found["code"], found["levels"], found["claim"]) == ("ECO101", ["red"], "int8-default")
    assert found["better"][0]["set"] == {"quantization": "none", "dtype": ["float16", "bfloat16"]}
    assert found["better"][0]["needs"] == "fits_in_vram()"
    assert found["docs"]["example"][0]["file"] == "serve.py"


def test_all_rules_as_a_table(rules: tuple[Rule, ...]) -> None:
    lines = render_all(rules).splitlines()
    assert len(lines) == len(rules) + 1
    assert all(line.startswith(rule.code) for line, rule in zip(lines[1:], rules, strict=True))
    assert len(render_all(rules, "markdown").splitlines()) == len(rules) + 2
    assert [one["code"] for one in json.loads(render_all(rules, "json"))] == [rule.code for rule in rules]


def test_a_new_rule_loads_as_it_stands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "rules"
    folder.mkdir()
    assert main(["--rules", str(folder), "--new", "ECO999", "some-name"]) == 0
    (rule,) = load([folder])
    assert rule.slug == "ECO999_some_name"
    assert main(["--rules", str(folder), "--new", "ECO999", "some-name"]) == 2
    assert main(["--rules", str(folder), "--new", "ECO9", "some-name"]) == 2
    assert "is not a code" in capsys.readouterr().err
    assert [file.name for file in folder.iterdir()] == ["ECO999_some_name.toml"]


def test_pages_are_written_and_stale_ones_removed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "ECO000_gone.md").write_text("old", encoding="utf-8")
    assert main(["--write-docs", "--docs", str(tmp_path)]) == 0
    assert {file.name for file in tmp_path.iterdir()} == set(pages(load([packaged()])))
    assert main(["ECO101"]) == 0
    assert "ECO101 int8-outlier-decomposition" in capsys.readouterr().out
    assert main(["ECO11"]) == 2
    assert "no rule 'ECO11'; write 'ECO10" in capsys.readouterr().err
