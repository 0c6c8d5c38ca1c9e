"""Chinese says all that English says: no sentence is missing, and every number is the same, in the same place."""

from __future__ import annotations

import ast
import csv
import itertools
import json
import re
import string
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import tomli

from ecolint import speech
from ecolint.advisor.snippets import caveats
from ecolint.catalog import all_regions
from ecolint.dataset import SOURCES
from ecolint.evidence import claims
from ecolint.evidence.measuring import COLUMNS
from ecolint.evidence.rows import FOLDER
from ecolint.report import Look, render
from ecolint.rulefile import Rule
from ecolint.ruleset import load, packaged, spoken
from ecolint.run import Request, check, problem_lines
from ecolint.speech import LOCALES, Said, Voice, catalogue, joined, quote, say

PACKAGE = Path(speech.__file__).parent
FIXTURES = PACKAGE.parent / "fixtures"
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
"""Whole numbers, decimals, versions, and thousands as they are separated; the one of FP16 and the one of ECO101 too."""
RULES = load([packaged()])


def numbers(text: str) -> list[str]:
    """The numbers of a text, in their order."""
    return NUMBER.findall(text)


# --- the catalogue ----------------------------------------------------------------------------------------------------


def calls() -> Iterator[tuple[str, ast.Call, bool, bool]]:
    """Every call that says a sentence: its place, whether it raises one, and whether it hands on a `say` around it."""
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}
    classes = [node for tree in trees.values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    errors = {"Told"}
    for _ in range(3):  # classes of classes of `Told`
        errors |= {one.name for one in classes for base in one.bases if ast.unparse(base) in errors}
    for path, tree in trees.items():
        if path.name == "speech.py" and path.parent == PACKAGE:
            continue
        wrappers = [one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef) and one.name == "say"]
        inside = {node for one in wrappers for node in ast.walk(one)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and node.args:
                name = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
                if name == "say" or name in errors:
                    place = f"{path.relative_to(PACKAGE).as_posix()}:{node.lineno}"
                    yield place, node, name in errors, node in inside


@cache
def said() -> Mapping[str, str]:
    """Every template that the program says, with the first place where it does."""
    found = dict.fromkeys((speech.COMMA.template, speech.SEMICOLON.template), "speech.py")
    for place, call, _, _ in calls():
        first = call.args[0]
        if isinstance(first, ast.Constant) and isinstance(first.value, str) and first.value:
            found.setdefault(first.value, place)
    return found


@cache
def quoted() -> frozenset[str]:
    """The templates of sentences and names that stand in files of data."""

    def texts(data: object, inside: str = "") -> Iterator[str]:
        if isinstance(data, dict):
            for key, value in data.items():
                yield from texts(value, "conflict" if inside == "conflict" or key == "conflict" else key)
        elif isinstance(data, list):
            for value in data:
                yield from texts(value, inside)
        elif isinstance(data, str) and inside in ("advice", "reason"):
            yield data

    def conflicts(data: Mapping[str, Any]) -> Iterator[str]:
        choices = data.get("facts", {}).get("conflict", [])
        return (one["is"] for one in choices if one["is"] != "none")

    def column(name: str, key: str) -> Iterator[str]:
        with (FOLDER / name).open(encoding="utf-8", newline="") as file:
            yield from (row[key] for row in csv.DictReader(file))

    stacks = [tomli.loads(file.read_text(encoding="utf-8")) for file in sorted((PACKAGE / "stacks").glob("*.toml"))]
    regions = [one.name for one in all_regions() if one.name[0].isupper()]
    every = [
        *(text for data in stacks for text in (*texts(data), *conflicts(data))),
        *(*column("drift.csv", "what"), *column("measurements.csv", "reason"), *regions, *caveats()),
    ]
    return frozenset(quote(text).template for text in every if text)


def parts(template: str) -> list[object]:
    """The values and the numbers of a template, in their order."""
    found: list[object] = []
    for text, name, form, conversion in string.Formatter().parse(template):
        found += numbers(text)
        if name is not None:
            found.append((name, form, conversion))
    return found


def test_every_sentence_is_a_literal() -> None:
    for place, call, raises, handed_on in calls():
        first = call.args[0]
        if raises:
            assert not isinstance(first, (ast.JoinedStr, ast.BinOp)), f"{place}: write a template and its values"
        else:
            literal = isinstance(first, ast.Constant) and isinstance(first.value, str)
            assert literal or handed_on, f"{place}: write the template itself, with its values behind it"


def test_every_sentence_is_given_its_values() -> None:
    for place, call, _, _ in calls():
        first = call.args[0]
        if isinstance(first, ast.Constant) and not any(one.arg is None for one in call.keywords):
            named = {name for _, name, _, _ in string.Formatter().parse(str(first.value)) if name is not None}
            assert {one.arg for one in call.keywords} == named, place


@pytest.mark.parametrize("locale", LOCALES[1:])
def test_the_catalogue_has_every_sentence_and_no_other(locale: str) -> None:
    there = catalogue(locale)
    missing = {template: place for template, place in said().items() if template not in there}
    assert not missing, f"add to locales/{locale}.toml: {json.dumps(missing, ensure_ascii=False, indent=1)}"
    assert not sorted(quoted() - there.keys()), f"sentences of data files: add them to locales/{locale}.toml"
    assert not sorted(there.keys() - said().keys() - quoted()), f"nothing says it: take it out of locales/{locale}.toml"


@pytest.mark.parametrize("locale", LOCALES[1:])
def test_values_and_numbers_stand_in_the_same_order(locale: str) -> None:
    for template, translation in catalogue(locale).items():
        assert parts(translation) == parts(template), template


def test_a_value_that_is_said_needs_no_catalogue_to_be_joined() -> None:
    told = joined([say("likely"), "x.py:1", say("a default")], say("; "))
    assert (told, Voice("zh")(told)) == ("likely; x.py:1; a default", "可能；x.py:1；默认值")
    assert quote("{…}") == "{…}"
    assert str(told) is told
    assert isinstance(str(speech.Told("{count} files", count=2)), Said)


# --- rules ------------------------------------------------------------------------------------------------------------


def texts(rule: Rule) -> Iterator[tuple[str, str | None]]:
    """The texts of a rule for people, by what they are."""
    yield "summary", rule.summary
    for number, case in enumerate(rule.cases):
        yield f"case {number}", case.message.text
    for number, (label, value) in enumerate(rule.detail):
        yield from ((f"label {number}", label.text), (f"value {number}", value.text))
    for number, better in enumerate(rule.betters):
        for name in ("title", "caveat", "advice"):
            yield f"{name} {number}", getattr(better, name)
    yield from (("what", rule.docs.what), ("why", rule.docs.why), ("fix safety", rule.docs.fix_safety))


@pytest.mark.parametrize("rule", RULES, ids=lambda one: one.code)
def test_a_rule_says_the_same_numbers_in_chinese(rule: Rule) -> None:
    assert rule.zh is not None, "write [zh]"
    for (what, english), (_, chinese) in zip(texts(rule), texts(rule.zh), strict=True):
        if what in ("what", "why", "fix safety"):
            assert Counter(numbers(chinese or "")) == Counter(numbers(english or "")), f"{rule.code} {what}"
        else:
            assert _order(chinese or "") == _order(english or ""), f"{rule.code} {what}"
            assert not (chinese or "").endswith(("。", ".")), f"{rule.code} {what}"
        assert not english or re.search(r"[\u4e00-\u9fff]", chinese or "") or english == chinese, f"{rule.code} {what}"


def _order(text: str) -> list[str]:
    """The facts and numbers of a rule's text, in their order."""
    return re.findall(rf"\{{\w+\}}|{NUMBER.pattern}", text)


# --- reports ----------------------------------------------------------------------------------------------------------

FORMATS = ("text", "concise", "github", "json", "markdown")
LEFT = re.compile(r"(?:\b[a-z][a-z'’-]*[ ,;:]+){3,}[a-z][a-z'’-]*\b")
"""A run of English words, four or more."""
MACHINE = re.compile(r"^ *```[\s\S]*?^ *```|^ *\d* \|.*$|^  -->.*$|^ {12}(?: |[-+@]).*$|`[^`\n]*`", re.MULTILINE)
"""Source, places, diffs and code, which are the same in every language."""


@cache
def sampled(rule: str) -> tuple[str, ...]:
    """A few samples of a rule: those that fire, of as many kinds of file as there are."""
    every = sorted((FIXTURES / rule).glob("hit*"))
    kinds = {path.suffix: path for path in reversed(every)}
    chosen = dict.fromkeys((*every[:2], *itertools.islice(kinds.values(), 4)))
    return tuple(path.as_posix() for path in chosen)


@cache
def reports(rule: str, locale: str) -> Mapping[str, str]:
    """What the samples of a rule are reported as, by format."""
    overrides = {"include-tests": True, "select": ("ECO",), "locale": locale}
    found = check(Request(paths=sampled(rule), overrides=overrides, show_green=True, verbose=True))
    return {name: render(name, found.report, Look(voice=Voice(locale))) for name in FORMATS}


def findings(form: str, text: str) -> list[str]:
    """A report, cut where a finding begins."""
    starts = {"text": r"(?m)^(?=\w+ ECO\d)", "json": r'(?m)^(?=      "code": )', "markdown": r"(?m)^(?=#|- )"}
    return re.split(starts[form], text) if form in starts else text.splitlines()


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("rule", RULES, ids=lambda one: one.code)
def test_a_report_has_the_same_numbers_and_no_english_left(rule: Rule, form: str) -> None:
    english, chinese = (reports(rule.slug, locale)[form] for locale in ("en", "zh"))
    pairs = zip(findings(form, english), findings(form, chinese), strict=True)
    for one, other in pairs:
        assert numbers(other) == numbers(one)
    assert f"{rule.code}" in chinese
    assert not list(english_left(_sentences(chinese) if form == "json" else [MACHINE.sub("", chinese)]))


def _sentences(document: str) -> Iterator[str]:
    """The texts of a JSON report that people read."""

    def walk(data: object, key: str = "") -> Iterator[str]:
        if isinstance(data, dict):
            for name, value in data.items():
                if name not in ("deployment", "set", "compared_with", "edits", "evidence", "settings", "range"):
                    yield from walk(value, name)
        elif isinstance(data, list):
            for value in data:
                yield from walk(value, key)
        elif isinstance(data, str):
            yield data

    return walk(json.loads(document))


def english_left(texts: Iterable[str]) -> Iterator[str]:
    """Runs of English words. Claims are quoted as they are printed, works and columns have their names: these stay."""
    printed = [*(claim.sentence for claim in claims().values()), *SOURCES.values(), ", ".join(COLUMNS)]
    for text in texts:
        plain = " ".join(text.split())
        for sentence in printed:
            plain = plain.replace(sentence, "")
        yield from (found.group() for found in LEFT.finditer(plain))


def test_english_is_what_is_written_where_no_language_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(locale: str) -> Mapping[str, str]:
        raise AssertionError(locale)

    asked = reports("ECO103_fp8_eager", "en")
    monkeypatch.setattr(speech, "catalogue", refused)
    paths = sampled("ECO103_fp8_eager")
    overrides = {"include-tests": True, "select": ("ECO",)}
    found = check(Request(paths=paths, overrides=overrides, show_green=True, verbose=True))
    assert {name: render(name, found.report, Look()) for name in FORMATS} == asked
    rules = {rule.code: rule for rule in RULES}
    for finding in found.report.findings:
        assert not re.search(r"[\u4e00-\u9fff]", finding.message)
    assert spoken(RULES, "en") == tuple(rules.values())


CALL = "BitsAndBytesConfig(load_in_8bit=True)\n"


@pytest.mark.parametrize(
    ("locale", "asked", "chinese"), [("zh", None, True), ("zh", "en", False), ("en", "zh", True), (None, None, False)]
)
def test_the_language_is_a_setting_that_the_command_line_outranks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, locale: str | None, asked: str | None, chinese: bool
) -> None:
    table = f'[tool.ecolint]\nlocale = "{locale}"\n' if locale else "[project]\n"
    (tmp_path / "pyproject.toml").write_text(table, encoding="utf-8")
    (tmp_path / "serve.py").write_text(f"from transformers import BitsAndBytesConfig\n{CALL}", encoding="utf-8")
    (tmp_path / "broken.py").write_text(f"from transformers import BitsAndBytesConfig\n{CALL}x = (\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    found = check(Request(paths=(".",), overrides={"locale": asked} if asked else {}))
    voice = Voice(found.locale)
    told = [render("text", found.report, Look(voice=voice)), *problem_lines(found.report.problems, voice)]
    assert [bool(re.search(r"[\u4e00-\u9fff]", text)) for text in told] == [chinese] * len(told)


@pytest.mark.parametrize(
    ("argv", "english", "chinese"),
    [
        (["check", "nothere"], "ecolint: nothere: no such file or folder", "ecolint: nothere：没有这个文件或文件夹"),
        (["check", "--gpu", "zzz"], "ecolint: unknown GPU `zzz`", "ecolint: 未知的 GPU `zzz`"),
        (["rule", "ECO999"], "ecolint: no rule 'ECO999'; write", "ecolint: 没有规则 'ECO999'；请写"),
        (["check", "--select", "QQ"], "ecolint: no rule or prefix 'QQ'; `", "ecolint: 没有规则或前缀 'QQ'；`"),
    ],
)
def test_the_command_line_complains_in_the_language_that_is_asked_for(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    argv: list[str],
    english: str,
    chinese: str,
) -> None:
    from ecolint.cli import run

    monkeypatch.chdir(tmp_path)
    tell: Callable[[list[str]], str] = lambda words: (run(words), capsys.readouterr().err)[1]  # noqa: E731
    assert tell(argv).startswith(english)
    assert tell([argv[0], "--locale", "zh", *argv[1:]]).startswith(chinese)
    (tmp_path / "ecolint.toml").write_text('locale = "zh"\n', encoding="utf-8")
    assert tell(argv).startswith(chinese)
    assert tell([argv[0], "--locale=en", *argv[1:]]).startswith(english)


def test_a_page_of_a_rule_is_in_the_language_that_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from ecolint.cli import run

    monkeypatch.chdir(tmp_path)
    for rule in RULES:
        assert run(["rule", "--locale", "zh", "--format", "markdown", rule.code]) == 0
        page = capsys.readouterr().out
        assert "## 查找什么" in page
        references = page.index("## 参考资料")
        assert not list(english_left([MACHINE.sub("", page[:references])])), rule.code
    assert run(["rule", "--locale", "zh", "--all"]) == 0
    assert "触发条件" in capsys.readouterr().out


@pytest.mark.parametrize(
    "command",
    [
        *("facts fixtures/demo", "facts --table fixtures/demo", "rule --all"),
        *("evidence --all", "evidence --all --format markdown", "evidence --check", "evidence --check --format json"),
    ],
)
def test_a_sheet_has_the_same_numbers_and_no_english_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    from ecolint.cli import run

    monkeypatch.chdir(PACKAGE.parent)
    told = {locale: (run([*command.split(), "--locale", locale]), capsys.readouterr().out)[1] for locale in LOCALES}
    for english, chinese in zip(told["en"].splitlines(), told["zh"].splitlines(), strict=True):
        assert numbers(chinese) == numbers(english)
    cells = re.sub(" {2,}", " | ", told["zh"])
    assert not list(english_left([cells]))
