"""How a run starts: what it may import for what it has to do, and what is kept for the next one."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import click
import pytest
from test_fixtures import ROOT

from ecolint import cachefolder, cli, compiled, shortcuts, stacks
from ecolint.stacks import reading, shelved
from ecolint.stacks.asking import wanted
from ecolint.stacks.vocabulary import Vocabulary

CLEAN = "print('nothing of ours')\n"
WASTEFUL = """\
from transformers import AutoModelForCausalLM, BitsAndBytesConfig

AutoModelForCausalLM.from_pretrained("gpt2", quantization_config=BitsAndBytesConfig(load_in_8bit=True))
"""

PARSERS = ("libcst", "yaml", "tree_sitter", "tree_sitter_bash", "tree_sitter_hcl", "tree_sitter_json")
SELDOM = ("rich", "importlib.metadata", "multiprocessing", "concurrent.futures", "tempfile", "pathspec", "platformdirs")
JUDGING = ("ecolint.model", "ecolint.judging", "ecolint.engine", "ecolint.ruleset", "ecolint.evidence")


def run(
    *argv: str, cwd: Path, python: tuple[str, ...] = (), cache: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """The program in a process of its own."""
    return subprocess.run(
        [sys.executable, *python, "-m", "ecolint", *argv],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), **({"ECOLINT_CACHE_DIR": str(cache)} if cache else {})},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def imported(*argv: str, cwd: Path) -> frozenset[str]:
    """The modules that a run imports once everything is kept that can be."""
    run(*argv, cwd=cwd)
    done = run(*argv, cwd=cwd, python=("-X", "importtime"))
    rows = [line.split("|") for line in done.stderr.splitlines() if line.startswith("import time:")]
    return frozenset(row[2].strip() for row in rows)


# --- what is imported -------------------------------------------------------------------------------------------------


def test_help_imports_click_alone(tmp_path: Path) -> None:
    found = imported("--help", cwd=tmp_path)
    ours = {name for name in found if name.startswith("ecolint")}
    assert ours == {"ecolint", *(f"ecolint.{name}" for name in ("cli", "ending", "shaped", "speech", "terminal"))}
    assert found.isdisjoint((*PARSERS, *SELDOM, "tomli", "packaging", "pathlib", "difflib"))


def test_a_file_that_holds_nothing_of_ours_imports_nothing_to_judge_with(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(CLEAN, encoding="utf-8")
    found = imported("check", "app.py", cwd=tmp_path)
    assert "ecolint.run" in found
    assert found.isdisjoint((*PARSERS, *SELDOM, *JUDGING, "tomli", "packaging", "csv", "pickle", "difflib"))
    gate = {"ecolint.readers.python", *(f"ecolint.readers.python.{name}" for name in ("gates", "mentions"))}
    knowing = ("ecolint.stacks.", "ecolint.readers.", "ecolint.catalog")
    assert not {name for name in found - gate if name.startswith(knowing)}


def test_a_finding_imports_only_what_it_takes_to_find_it(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(WASTEFUL, encoding="utf-8")
    found = imported("check", "--no-cache", "app.py", cwd=tmp_path)
    assert {"libcst", "ecolint.judging"} <= found
    assert found.isdisjoint(("yaml", "tree_sitter", "tomli", "ecolint.advisor", *SELDOM))
    assert found.isdisjoint(("ecolint.stacks.loading", "ecolint.stacks.reading", "ecolint.readers.yaml"))


def test_a_finding_that_is_kept_imports_no_parser(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(WASTEFUL, encoding="utf-8")
    assert imported("check", "app.py", cwd=tmp_path).isdisjoint((*PARSERS, *SELDOM))


def test_the_list_of_commands_says_what_each_says_of_itself() -> None:
    context = click.Context(cli.ecolint)
    listed = cli.ecolint.commands
    assert list(listed) == cli.ecolint.list_commands(context)
    for name, sketch in listed.items():
        _, command, _ = cli.ecolint.resolve_command(context, [name])
        assert command is not None
        assert command is not sketch
        assert command.name == name
        assert command.get_short_help_str(200) == sketch.get_short_help_str(200)


# --- what is kept -----------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of sources that changed long ago, and a cache that holds nothing."""
    monkeypatch.setenv("ECOLINT_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(compiled, "FRESH_NS", 0)
    made = tmp_path / "sources"
    made.mkdir()
    put(made / "a.toml", "first")
    return made


def put(path: Path, text: str, age: int = 1000) -> None:
    """A file that changed some seconds ago."""
    path.write_text(text, encoding="utf-8")
    then = path.stat().st_mtime_ns - age * 1_000_000_000
    os.utime(path, ns=(then, then))


class Making:
    """Reads a folder, and counts how often it was asked to."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.times = folder, 0

    def __call__(self) -> Mapping[str, str]:
        self.times += 1
        return {path.name: path.read_text(encoding="utf-8") for path in sorted(self.folder.iterdir())}

    def kept(self) -> Mapping[str, str]:
        found: Mapping[str, str] = compiled.kept("texts", [str(self.folder)], self, pickle.dumps, pickle.loads)
        return found


def tables(folder: Path) -> list[Path]:
    return sorted((folder.parent / "cache/tables").iterdir())


def test_what_was_made_is_taken_from_what_was_kept(folder: Path) -> None:
    made = Making(folder)
    assert not compiled.sound("texts", [str(folder)])
    assert made.kept() == made.kept() == {"a.toml": "first"}
    assert made.times == 1
    assert compiled.sound("texts", [str(folder)])
    assert not compiled.sound("others", [str(folder)])


def test_it_is_made_anew_where_a_source_changed_came_or_went(folder: Path) -> None:
    made = Making(folder)
    made.kept()
    put(folder / "a.toml", "later", age=500)
    assert made.kept() == {"a.toml": "later"}
    put(folder / "b.toml", "more")
    assert made.kept() == {"a.toml": "later", "b.toml": "more"}
    (folder / "a.toml").unlink()
    assert made.kept() == made.kept() == {"b.toml": "more"}
    assert made.times == 4
    assert len(tables(folder)) == 1


def test_it_is_made_anew_by_another_ecolint(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Making(folder)
    made.kept()
    monkeypatch.setattr(compiled, "__version__", "99.0")
    made.kept()
    monkeypatch.setattr(compiled, "_package", lambda: (("stacks/loading.py", 1, 2),))
    made.kept()
    assert made.times == 3


def test_no_byte_of_it_may_be_missing_or_other(folder: Path) -> None:
    made = Making(folder)
    made.kept()
    (file,) = tables(folder)
    whole = file.read_bytes()
    places = {0, len(whole) // 2, *range(len(whole) - 40, len(whole))}
    for at in sorted(places):
        for broken in (whole[:at], whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]):
            before = made.times
            file.write_bytes(broken)
            assert not compiled.sound("texts", [str(folder)])
            assert made.kept() == {"a.toml": "first"}
            assert made.times == before + 1
            assert file.read_bytes() == whole


def test_what_raises_keeps_nothing(folder: Path) -> None:
    def broken() -> Mapping[str, str]:
        raise ValueError("a.toml:1: no")

    for _ in range(2):
        with pytest.raises(ValueError, match=r"a\.toml:1: no"):
            compiled.kept("texts", [str(folder)], broken, pickle.dumps, pickle.loads)
    assert not (folder.parent / "cache").exists()


def test_what_changed_only_just_now_is_not_kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "FRESH_NS", 10_000_000_000)
    made = Making(folder)
    put(folder / "a.toml", "first", age=1)
    assert (made.kept(), made.kept(), made.times) == ({"a.toml": "first"}, {"a.toml": "first"}, 2)
    put(folder / "a.toml", "first", age=100)
    assert (made.kept(), made.kept(), made.times) == ({"a.toml": "first"}, {"a.toml": "first"}, 3)


def test_a_folder_that_cannot_be_written_is_no_matter(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(folder.parent / "file", "not a folder")
    monkeypatch.setenv("ECOLINT_CACHE_DIR", str(folder.parent / "file/cache"))
    made = Making(folder)
    assert (made.kept(), made.kept(), made.times) == ({"a.toml": "first"}, {"a.toml": "first"}, 2)


def test_a_disk_that_is_full_leaves_nothing_behind(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert Making(folder).kept() == {"a.toml": "first"}
    assert tables(folder) == []


def test_who_interrupts_while_it_is_written_leaves_nothing_behind(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        Making(folder).kept()
    assert tables(folder) == []


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="files have no owner here")
def test_what_somebody_else_wrote_is_not_unpacked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Making(folder)
    made.kept()
    monkeypatch.setattr(os, "geteuid", lambda: 4242)
    made.kept()
    assert made.times == 2


def test_it_can_be_switched_off(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(shortcuts.VARIABLE, "tables")
    made = Making(folder)
    assert (made.kept(), made.kept(), made.times) == ({"a.toml": "first"}, {"a.toml": "first"}, 2)
    assert not (folder.parent / "cache").exists()


def test_no_more_is_kept_than_so_many_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "MOST", 3)
    for number in range(6):
        compiled.kept(f"kind{number}", [str(folder)], Making(folder), pickle.dumps, pickle.loads)
        time = (number + 1) * 1_000_000_000
        os.utime(next(one for one in tables(folder) if one.name.startswith(f"kind{number}")), ns=(time, time))
    assert [one.name[:5] for one in tables(folder)] == ["kind3", "kind4", "kind5"]


# --- vocabularies and rules -------------------------------------------------------------------------------------------


def test_a_vocabulary_is_the_same_packed_and_unpacked() -> None:
    shipped = reading.read([str(Path(stacks.__file__).parent)])
    asked = wanted(shipped)
    back, asks = shelved.unpack(shelved.pack((shipped, asked)))
    assert asks == asked
    assert list(map(pickle.dumps, map(told, back))) == list(map(pickle.dumps, map(told, shipped)))
    assert not hasattr(back[0], "nothing")


def told(vocabulary: Vocabulary) -> list[object]:
    return [repr(getattr(vocabulary, name)) for name in sorted(vocabulary.__dataclass_fields__)]


VOCABULARY = """
name = "ours"
[recognise]
calls = ["ours.{name}"]
[keys.load_in_8bit]
type = "bool"
[facts]
workload = [{{ is = "inference" }}]
"""
CODE = "import ours\n\nours.serve(load_in_8bit=True)\n"


def test_a_changed_vocabulary_counts_at_once(tmp_path: Path) -> None:
    (tmp_path / "stacks").mkdir()
    (tmp_path / "ecolint.toml").write_text('stacks = ["stacks"]\n', encoding="utf-8")
    (tmp_path / "app.py").write_text(CODE, encoding="utf-8")
    found = []
    for name, age in (("serve", 3000), ("serve", 3000), ("other", 2000), ("serve", 1000)):
        put(tmp_path / "stacks/ours.toml", VOCABULARY.format(name=name), age)
        found.append(run("facts", "app.py", cwd=tmp_path).stdout.splitlines()[0])
    assert found == [found[0], found[0], "No deployment was read.", found[0]]
    assert "app.py:3:1" in found[0]


def test_a_broken_rule_is_told_each_time(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "ecolint.toml").write_text('rules = ["rules"]\n', encoding="utf-8")
    put(tmp_path / "rules/ABC001_mine.toml", "code = 1\n")
    (tmp_path / "app.py").write_text(CLEAN, encoding="utf-8")
    first, second = (run("check", "app.py", cwd=tmp_path) for _ in range(2))
    assert (first.returncode, first.stderr) == (second.returncode, second.stderr)
    assert first.returncode == 2
    assert "ABC001_mine.toml:1: " in first.stderr


def test_a_broken_table_is_as_good_as_none(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(WASTEFUL, encoding="utf-8")
    cache = tmp_path / "cache"
    first = run("check", "--format", "json", "app.py", cwd=tmp_path, cache=cache)
    assert first.returncode == 1
    for file in (cache / "tables").iterdir():
        file.write_bytes(file.read_bytes()[:-7])
    assert run("check", "--format", "json", "app.py", cwd=tmp_path, cache=cache).stdout == first.stdout


# --- where it is kept -------------------------------------------------------------------------------------------------


def test_the_folder_is_the_platforms_or_the_environments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import platformdirs

    monkeypatch.delenv("ECOLINT_CACHE_DIR")
    for named in (None, "", " ", str(tmp_path)):
        if named is None:
            monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
        else:
            monkeypatch.setenv("XDG_CACHE_HOME", named)
        assert cachefolder.folder() == platformdirs.user_cache_dir("ecolint", appauthor=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ECOLINT_CACHE_DIR", "here")
    assert cachefolder.folder() == str(tmp_path / "here")
