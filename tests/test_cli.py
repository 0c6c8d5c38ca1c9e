"""The command line: options, exit codes, what goes to which stream, and how fast it is out of the way."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ecolint import cli, engine, fixes, readers, terminal
from ecolint.model import Deployment, Edit, Fact, Finding, Fix, Invocation, Level, Place, Problem, Source, Span
from ecolint.ruleset import Rule
from ecolint.settings import Settings
from ecolint.verify import Outcome, edited

WORDS: dict[str, tuple[Level, str]] = {
    "load_in_8bit=True": ("red", "ECO101"),
    "load_in_4bit=True": ("yellow", "ECO102"),
    "torch-nightly": ("gray", "ECO107"),
    "load_in_8bit=maybe": ("red", "ECO101"),
}
"""What the engine of these tests finds, so that they depend on no rule, stack or reader."""


def judge(source: Source, project: object, rules: Sequence[Rule], settings: Settings) -> Outcome:
    """An engine that finds words."""
    if "crash" in source.text:
        raise KeyError("crash")
    found, groups = [], []
    for word, (level, code) in WORDS.items():
        for match in re.finditer(re.escape(word), source.text):
            place = Place(source.path, Span(*match.span()))
            facts = {"gpu": Fact("known", settings.gpu), "context": Fact("known", settings.context, (place,))}
            deployment = Deployment("fake", place, facts, Invocation("python", place))
            edits = (Edit(source.path, place.span, "dtype=half"),)
            applicability: Any = "safe" if level == "red" else "unsafe"
            fix = Fix("Use half precision", applicability, {}, edits=edits)
            certainty: Any = "likely" if "maybe" in word else "certain"
            groups.append((deployment,))
            if any(rule.code == code for rule in rules):
                name = "int8-outlier-decomposition"
                found.append(Finding(code, name, level, certainty, f"{word} wastes.", place, deployment, None, (fix,)))
    problems = [Problem(source.path, 1, "cannot parse")] if "broken" in source.text else []
    if "{{" in source.text:
        problems.append(Problem(source.path, 1, "template", templated=True))
    return Outcome(tuple(found), tuple(groups), problems=tuple(problems))


def mend(source: Source, outcome: Outcome, unsafe: bool, recheck: Callable[[Source], Any]) -> fixes.Fixed:
    """Every allowed fix at once."""
    pairs = [(one, fix) for one in outcome.findings if (fix := fixes.applicable(one, unsafe)) is not None]
    text = edited(source.text, [edit for _, fix in pairs for edit in fix.edits])
    return fixes.Fixed(text, tuple(pairs))


@dataclass
class Shell:
    """Runs the command line in the working folder."""

    capture: Any
    code: int = -1
    out: str = ""
    err: str = ""
    files: list[str] = field(default_factory=list)

    def __call__(self, *argv: str) -> Shell:
        self.code = cli.run(argv)
        self.out, self.err = self.capture.readouterr()
        return self

    def put(self, name: str, text: str) -> None:
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())


@pytest.fixture
def ecolint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """The command line over the engine above, in an empty repository."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(readers, "shelf", lambda: readers.Shelf({f".{one}": one for one in ("py", "yaml", "toml")}, {}))
    monkeypatch.setattr(engine, "check", judge)
    monkeypatch.setattr(fixes, "apply", mend)
    return Shell(capsys)


RED = "x = f(load_in_8bit=True)\n"
YELLOW = "x = f(load_in_4bit=True)\n"


# --- exit codes


@pytest.mark.parametrize(
    ("text", "options", "code"),
    [
        (RED, "", 1),
        (YELLOW, "", 0),
        ("torch-nightly load_in_8bit\n", "", 0),
        ("x = f(load_in_8bit=maybe)\n", "", 0),
        ("x = f(load_in_8bit=maybe)\n", "--fail-on-likely", 1),
        (YELLOW, "--fail-on yellow", 1),
        (RED, "--fail-on yellow", 1),
        (RED, "--fail-on never", 0),
        (RED, "--exit-zero", 0),
        (RED, "--ignore ECO101", 0),
        (RED, "--select ECO102", 0),
        (RED, "--fix", 0),
        (RED, "--diff", 1),
        (YELLOW, "--diff", 0),
        (YELLOW, "--diff --unsafe-fixes", 1),
        (RED, "--diff --exit-zero", 0),
        ("x = 1\n", "", 0),
        ("load_in_8bit broken\n", "", 0),
        ("load_in_8bit broken\n", "--strict", 2),
        ("load_in_8bit broken\n", "--strict --exit-zero", 2),
        ("load_in_8bit: {{ x }}\n", "--strict", 0),
        ("load_in_8bit crash\n", "", 2),
        ("load_in_8bit crash\n", "--exit-zero", 2),
    ],
)
def test_exit_codes(ecolint: Shell, text: str, options: str, code: int) -> None:
    ecolint.put("a.py", text)
    assert ecolint("check", *options.split()).code == code


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ("check nothere.py", "nothere.py: no such file"),
        ("check --gpu H1000", "unknown GPU `H1000`; the nearest is H100"),
        ("check --select ECO999", "ECO999"),
        ("check --select int8-outlier-decompositoin", "int8-outlier-decomposition"),
        ("check --format xml", "concise, github, json, markdown, text"),
        ("check --output json", "FORMAT=FILE"),
        ("check --output xml=x", "xml"),
        ("check --format text --output json=-", "standard output"),
        ("check --output json=nothere/x.json", "nothere/x.json: cannot be written"),
        ("check --fix --diff", "choose one"),
        ("check --unsafe-fixes", "--fix or --diff"),
        ("check --context prod", "production"),
        ("check --requests-per-month 0", "0"),
        ("check --fail-on gray", "yellow"),
        ("check --nope", "No such option"),
        ("rule", "--all"),
        ("rule ECO101 --all", "--all"),
        ("rule ECO1010", "ECO101"),
        ("facts nothere.py", "nothere.py"),
        ("chek", "No such command"),
        ("", "Usage"),
    ],
)
def test_wrong_usage_exits_2_and_says_what_is_meant(ecolint: Shell, argv: str, said: str) -> None:
    ecolint.put("a.py", RED)
    assert ecolint(*argv.split()).code == 2
    assert said in ecolint.err
    assert ecolint.out == ""


@pytest.mark.parametrize("command", ["settings", "lsp"])
def test_a_command_that_is_not_built_exits_2_and_is_not_in_the_help(ecolint: Shell, command: str) -> None:
    assert ecolint(command).code == 2
    assert not re.search(rf"^  {command}\b", ecolint("--help").out, re.MULTILINE)


UNBUILT = "baseline=x write-baseline since=HEAD stdin-filename=x.py force-exclude statistics"


@pytest.mark.parametrize("option", [f"--{name}" for name in UNBUILT.split()])
def test_an_option_that_is_not_built_exits_2_and_is_not_in_the_help(ecolint: Shell, option: str) -> None:
    assert ecolint("check", option).code == 2
    assert option.split("=")[0] not in ecolint("check", "--help").out


def test_an_unknown_setting_exits_2_with_one_line(ecolint: Shell) -> None:
    ecolint.put("pyproject.toml", '[tool.ecolint]\n\nselct = ["ECO1"]\n')
    assert ecolint("check").code == 2
    assert ecolint.err == "ecolint: pyproject.toml:3: unknown setting `selct`; the nearest is `select`\n"


def test_a_rule_selected_in_the_settings_that_does_not_exist_is_placed(ecolint: Shell) -> None:
    ecolint.put("ecolint.toml", '\nselect = ["ECO999"]\n')
    assert ecolint("check").code == 2
    assert ecolint.err.startswith("ecolint: ecolint.toml:2: ")


def test_a_gpu_in_the_settings_that_does_not_exist_is_placed(ecolint: Shell) -> None:
    ecolint.put("ecolint.toml", 'gpu = "RTX 9999"\n')
    assert ecolint("check").code == 2
    assert ecolint.err.startswith("ecolint: ecolint.toml:1: unknown GPU")


def test_broken_rules_exit_2(ecolint: Shell) -> None:
    ecolint.put("ecolint.toml", 'rules = ["mine"]\n')
    ecolint.put("mine/ECO999_x.toml", "code = 3\n")
    assert ecolint("check").code == 2
    assert "ECO999_x.toml:1: " in ecolint.err


# --- streams


def test_standard_output_carries_the_report_and_nothing_else(ecolint: Shell) -> None:
    ecolint.put("a.py", RED)
    ecolint.put("b.py", "load_in_8bit broken")
    ecolint.put("c.py", "load_in_8bit\0")
    ecolint.put("d.yaml", "load_in_8bit: {{ x }}")
    ecolint.put("e.yaml", "load_in_8bit: {{ y }}")
    document = json.loads(ecolint("check", "--format", "json").out)
    assert document["summary"]["files"] == 5
    assert document["summary"]["skipped"] == 2
    assert document["summary"]["templated"] == 2
    assert ecolint.err.splitlines() == [
        "b.py:1: cannot parse",
        "c.py:1: holds NUL bytes: not text",
        "2 templated files were not read: what they hold is known only once they are rendered",
    ]


def test_a_crash_in_one_file_hides_no_other(ecolint: Shell) -> None:
    ecolint.put("a.py", "load_in_8bit crash")
    ecolint.put("b.py", RED)
    ecolint("check", "--format", "concise")
    assert (ecolint.code, ecolint.out.count("\n")) == (2, 1)
    assert ecolint.err == "a.py: internal error: KeyError: 'crash'; --verbose shows where\n"
    assert "Traceback" in ecolint("check", "--verbose").err


def test_anchor_free_files_are_never_reported(ecolint: Shell) -> None:
    ecolint.put("a.py", "\0\xff")
    ecolint.put("b.py", "x" * 2_000_000)
    Path("c.yaml").write_bytes(b"\xff\xfe: [")
    assert ecolint("check", "--format", "concise", "--strict").code == 0
    assert (ecolint.out, ecolint.err) == ("", "")


def test_several_formats_from_one_run(ecolint: Shell) -> None:
    ecolint.put("a.py", RED)
    ecolint("check", "--output", "json=r.json", "--output", "github=g.txt", "--output", "concise=-")
    assert ecolint.out == "a.py:1:7: red ECO101 load_in_8bit=True wastes.\n"
    assert json.loads(Path("r.json").read_text(encoding="utf-8"))["summary"]["red"] == 1
    assert Path("g.txt").read_text(encoding="utf-8").startswith("::error file=a.py,line=1,col=7,")


def test_colour_is_for_terminals_and_for_those_who_force_it(ecolint: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    ecolint.put("a.py", RED)
    assert "\x1b" not in ecolint("check").out
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b" in ecolint("check").out
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in ecolint("check").out
    assert terminal.coloured({}, True)
    assert not terminal.coloured({"NO_COLOR": "1"}, True)
    assert not terminal.coloured({"TERM": "dumb"}, True)
    assert terminal.coloured({"CLICOLOR_FORCE": "1"}, False)


def test_quiet_leaves_out_the_summary(ecolint: Shell) -> None:
    ecolint.put("a.py", RED)
    assert "Mood" in ecolint("check").out
    assert "Mood" not in ecolint("check", "--quiet").out


# --- what is read


def test_paths_are_relative_to_the_working_folder(ecolint: Shell, tmp_path: Path) -> None:
    ecolint.put("sub/deep/a.py", RED)
    os.chdir("sub")
    assert ecolint("check", "--format", "concise").out.startswith("deep/a.py:1:7:")
    assert ecolint("check", "--format", "concise", str(tmp_path / "sub/deep/a.py")).out.startswith("deep/a.py:1:7:")


def test_a_part_gives_a_file_the_findings_of_the_whole(ecolint: Shell) -> None:
    ecolint.put("a.py", RED)
    ecolint.put("tests/t.py", RED)
    ecolint.put("sub/b.py", RED)
    ecolint.put("sub/ecolint.toml", 'gpu = "T4"\n')
    whole = {one["path"]: one for one in json.loads(ecolint("check", "--format", "json").out)["findings"]}
    assert set(whole) == {"a.py", "sub/b.py"}
    for path in (*whole, "tests/t.py"):
        found = json.loads(ecolint("check", "--format", "json", path).out)["findings"]
        assert found == [whole[path]] if path in whole else found == []
    assert ecolint.err == "tests/t.py: left out because it is a test; --include-tests reads it\n"


def test_tests_have_the_context_test(ecolint: Shell) -> None:
    ecolint.put("test_a.py", RED)
    ecolint.put("b.py", RED)
    argv = ("check", "--include-tests", "--context", "production", "--format", "json")
    found = json.loads(ecolint(*argv).out)["findings"]
    assert [one["deployment"]["context"] for one in found] == ["production", "test"]


def test_the_command_line_wins_over_the_settings(ecolint: Shell) -> None:
    ecolint.put("a.py", RED)
    ecolint.put("ecolint.toml", 'gpu = "T4"\nrequests-per-month = 5\nfail-on = "never"\n')
    document = json.loads(ecolint("check", "--format", "json").out)
    assert (ecolint.code, document["settings"]["requests_per_month"]) == (0, 5)
    argv = ("check", "--format", "json", "--gpu", "L4", "--requests-per-month", "7", "--fail-on", "red")
    document = json.loads(ecolint(*argv).out)
    assert (ecolint.code, document["settings"]["requests_per_month"]) == (1, 7)
    assert document["findings"][0]["deployment"]["gpu"] == "L4"


# --- fixes


def test_fix_writes_safe_fixes_and_tells(ecolint: Shell) -> None:
    ecolint.put("a.py", RED + YELLOW)
    ecolint("check", "--fix", "--format", "concise")
    assert Path("a.py").read_text(encoding="utf-8") == RED.replace("load_in_8bit=True", "dtype=half") + YELLOW
    assert ecolint.out == "a.py:2:7: yellow ECO102 load_in_4bit=True wastes.\n"
    assert ecolint.err == "fixed 1 finding in 1 file\n"


def test_unsafe_fixes_are_written_only_when_asked_for(ecolint: Shell) -> None:
    ecolint.put("a.py", YELLOW)
    ecolint("check", "--fix", "--unsafe-fixes", "--format", "concise")
    assert Path("a.py").read_text(encoding="utf-8") == "x = f(dtype=half)\n"
    assert (ecolint.code, ecolint.out) == (0, "")


def test_diff_prints_and_changes_nothing(ecolint: Shell) -> None:
    ecolint.put("sub/a.py", "# 1\r\n" + RED)
    before = Path("sub/a.py").read_bytes()
    ecolint("check", "--diff")
    assert ecolint.out == (
        "--- a/sub/a.py\n+++ b/sub/a.py\n@@ -1,2 +1,2 @@\n # 1\r\n-x = f(load_in_8bit=True)\n+x = f(dtype=half)\n"
    )
    assert Path("sub/a.py").read_bytes() == before
    assert "fixed" not in ecolint.err


def test_a_fix_that_cannot_be_written_is_told(ecolint: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    ecolint.put("a.py", RED)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert ecolint("check", "--fix", "--format", "concise").code == 1
    assert ecolint.out.startswith("a.py:1:7: red")
    assert ecolint.err == "a.py:1: not fixed: cannot be written: No space left on device\n"


# --- the other commands


def test_facts_as_json_and_text(ecolint: Shell) -> None:
    assert json.loads(ecolint("facts", "--format", "json").out) == {"deployments": []}
    assert ecolint("facts").out == "No deployment was read.\n"
    ecolint.put("a.py", "\n" + RED)
    (one,) = json.loads(ecolint("facts", "--format", "json", "--context", "offline").out)["deployments"]
    assert (one["path"], one["range"]["start"]) == ("a.py", {"line": 2, "column": 7})
    assert one["facts"]["context"] == {
        "value": "offline",
        "path": "a.py",
        "cell": None,
        "line": 2,
        "column": 7,
        "resolved_by": "literal",
    }
    assert one["facts"]["gpu"]["path"] is None
    assert re.search(r"context +offline +written, a.py:2:7\n", ecolint("facts", "--context", "offline").out)


def test_rules_are_shown(ecolint: Shell) -> None:
    assert "int8-outlier-decomposition" in ecolint("rule", "--all").out
    assert "ECO101" in ecolint("rule", "int8-outlier-decomposition").out
    assert ecolint("rule", "ECO101", "--format", "markdown").out.startswith("# ")
    assert json.loads(ecolint("rule", "ECO101", "--format", "json").out)["code"] == "ECO101"


# --- in a process of its own


def alone(*argv: str, **more: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ecolint", *argv], capture_output=True, encoding="utf-8", check=False, **more
    )


HEAVY = (
    *("libcst", "yaml", "tree_sitter", "tomli", "packaging", "pathspec", "rich", "pathlib", "tempfile"),
    *("ecolint.engine", "ecolint.run", "ecolint.model", "ecolint.advisor"),
)


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_version_and_help_import_nothing_heavy(option: str) -> None:
    code = (
        "import sys; from ecolint.__main__ import main\n"
        f"sys.argv = ['ecolint', {option!r}]\n"
        "try: main()\n"
        f"finally: print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stderr) == (0, "[]\n")
    assert "ecolint" in done.stdout


def test_a_reader_who_leaves_is_no_error(tmp_path: Path) -> None:
    command = f"{sys.executable} -m ecolint rule --all --format json | head -c 5; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, encoding="utf-8", cwd=tmp_path, check=False)
    assert (done.returncode, done.stderr) == (0, "")
