"""The fixtures carry their expectations: what must fire where, what must stay silent, and what a fix makes of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from ecolint import files, fixes, ruleset
from ecolint.engine import check
from ecolint.model import Source
from ecolint.project import Project
from ecolint.readers import Nowhere
from ecolint.ruleset import Rule
from ecolint.settings import Settings
from ecolint.verify import Outcome

ROOT = Path(__file__).parent.parent
FIXTURES = ROOT / "fixtures"
CODES = r"( below)?:\s*((?:ECO\d{3}(?: certain| likely)?(?:,\s*)?)+)"
EXPECT = re.compile(rf"#\s*expect{CODES}")
"""A code may say how sure the finding must be: `# expect: ECO101 likely, ECO210`. Where a line has no room for a
comment, the one above says `# expect below: ECO101`."""
PRAISE = re.compile(rf"#\s*expect-green{CODES}")
"""Good practice has marks of its own: other samples may be good as well, and need not say so."""
SETTING = re.compile(r"\A\s*#\s*settings:\s*(.*)")


def sample(path: Path) -> Path:
    """What a file of the fixtures is a sample of: itself, or the folder that is the sample."""
    return FIXTURES.joinpath(*path.relative_to(FIXTURES).parts[:2])


def twin(path: Path) -> Path:
    """Where the file stands that the fixes make of one of a hit."""
    whole = sample(path)
    return whole.with_name(whole.name.replace("hit", "fixed", 1)) / path.relative_to(whole)


SAMPLES = sorted(p for p in FIXTURES.glob("ECO*/**/*") if p.is_file())
HITS = [
    p
    for p in SAMPLES
    if (p.name if p == sample(p) else "").startswith("hit")
    or (sample(p).name.startswith("hit") and b"# expect" in p.read_bytes())
]
"""A sample may be a folder: its files speak of one another, and each must report what it expects, be that nothing."""
MISSES = [p for p in SAMPLES if p not in HITS and not sample(p).name.startswith("fixed")]


def text_of(path: Path) -> str:
    """What a reader gets to see of a file: of a notebook its script."""
    loaded = files.decode(path.name, path.read_bytes())
    assert isinstance(loaded, files.Loaded)
    return loaded.source.text


def name_of(path: Path) -> str:
    return path.relative_to(FIXTURES).as_posix()


class Alone(Nowhere):
    """A project in which a file stands alone, and which pins nothing."""

    def pins(self, path: str) -> Mapping[str, str]:
        return {}


class Together(Project):
    """The project of a sample that is a folder: the files beside one another, pinned by nothing further up."""

    def pins(self, path: str) -> Mapping[str, str]:
        return {}


@cache
def rules() -> tuple[Rule, ...]:
    return ruleset.load([ruleset.packaged()])


def lint(path: Path, text: str) -> Outcome:
    settings = Settings(root=ROOT)
    found = SETTING.match(text)
    for pair in found[1].split(" ") if found else ():
        name, _, value = pair.partition("=")
        settings = replace(settings, gpu=gpu(value)) if name == "gpu" else replace(settings, context=value)
    project = Alone() if path == sample(path) else Together(sample(path))
    return check(Source(path.relative_to(ROOT).as_posix(), text), project, rules(), settings)


@pytest.fixture(autouse=True)
def at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths are told from the working folder, also those of the modules that a sample imports."""
    monkeypatch.chdir(ROOT)


def gpu(name: str) -> str:
    from ecolint import catalog

    found = catalog.gpu(name)
    assert found is not None, f"{name} is in no catalogue"
    return found.name


def expected(text: str, mark: re.Pattern[str] = EXPECT) -> set[tuple[int, str]]:
    return {
        (number + bool(match[1]), code.split()[0])
        for number, line in enumerate(text.split("\n"), 1)
        for match in mark.finditer(line)
        for code in match[2].split(",")
    }


def sureness(text: str) -> dict[tuple[int, str], str]:
    """How sure the findings must be for which a fixture says so."""
    return {
        (number + bool(match[1]), said[0]): said[1]
        for number, line in enumerate(text.split("\n"), 1)
        for match in (*EXPECT.finditer(line), *PRAISE.finditer(line))
        for code in match[2].split(",")
        if len(said := code.split()) == 2
    }


def reported(text: str, outcome: Outcome, *, green: bool = False) -> set[tuple[int, str]]:
    return {
        (text.count("\n", 0, finding.place.span.start) + 1, finding.code)
        for finding in outcome.findings
        if (finding.level == "green") == green
    }


def praising(path: Path) -> bool:
    """Whether the file is a sample of a rule that praises: its marks then tell all that is praised in it."""
    slug = sample(path).parent.name
    return any(rule.praises for rule in rules() if rule.slug == slug)


@pytest.mark.parametrize("path", HITS, ids=name_of)
def test_hits_fire_where_they_say(path: Path) -> None:
    text = text_of(path)
    outcome = lint(path, text)
    assert expected(text) | expected(text, PRAISE), "a hit must expect something"
    assert reported(text, outcome) == expected(text)
    if praising(path) or expected(text, PRAISE):
        assert reported(text, outcome, green=True) == expected(text, PRAISE)
    sure = {(text.count("\n", 0, f.place.span.start) + 1, f.code): f.certainty for f in outcome.findings}
    assert {at: sure[at] for at in sureness(text)} == sureness(text)
    assert not outcome.problems


@pytest.mark.parametrize("path", MISSES, ids=name_of)
def test_misses_stay_silent(path: Path) -> None:
    text = text_of(path)
    outcome = lint(path, text)
    assert reported(text, outcome) == set()
    if praising(path):
        assert reported(text, outcome, green=True) == expected(text, PRAISE)
    assert not outcome.problems


@pytest.mark.parametrize(
    "path",
    [p for p in HITS if twin(p).exists()],
    ids=name_of,
)
def test_fixes_make_the_fixed_file_and_it_lints_clean(path: Path) -> None:
    text = text_of(path)
    want = text_of(twin(path))

    def recheck(source: Source) -> Outcome:
        return lint(path, source.text)

    source = Source(path.relative_to(ROOT).as_posix(), text)
    fixed = fixes.apply(source, recheck(source), True, recheck)
    assert fixed.text == want
    assert not fixed.refused
    code = path.relative_to(FIXTURES).parts[0][:6]
    assert not [f for f in recheck(replace(source, text=want)).findings if f.code == code]
    again = fixes.apply(replace(source, text=want), recheck(replace(source, text=want)), True, recheck)
    assert again.text == want, "fixing twice changes nothing more"


@pytest.mark.parametrize("path", [p for p in HITS if p.suffix == ".ipynb"], ids=name_of)
def test_a_fixed_notebook_is_the_fixed_file_byte_for_byte(path: Path) -> None:
    fixed = path.with_name(path.name.replace("hit", "fixed"))
    if fixed.exists():
        loaded = files.decode(path.name, path.read_bytes())
        assert isinstance(loaded, files.Loaded)
        assert loaded.rewritten(text_of(fixed)).encode() == fixed.read_bytes().removeprefix(b"\xef\xbb\xbf")


def test_every_rule_has_its_fixtures() -> None:
    folders = {p.name for p in FIXTURES.glob("ECO*") if p.is_dir()}
    assert {rule.slug for rule in rules()} == folders
    for rule in rules():
        names = {p.name.split(".")[0].split("_")[0] for p in (FIXTURES / rule.slug).iterdir()}
        assert {"hit", "miss"} <= names, rule.slug
