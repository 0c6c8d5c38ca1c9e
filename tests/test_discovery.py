"""Discovery: the walk held against git and against ripgrep's walker, what it costs, and what it hands down."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import FrameType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecolint import files
from ecolint.discovery import Discovery
from ecolint.globs import covers, rules
from ecolint.model import Problem
from ecolint.roots import display_path
from ecolint.settings import Finder

ODD = ("a*", "b\\") if os.name == "posix" else ()
NAMES = ("a", "b", "ab", "aab", "a.py", "b.py", "x1", "-", "[", "]", "!a", "#a", "a b", *ODD)
FOLDERS = ("", "a", "a/b", "ab", "x1/a/ab", "#a/a.py", "!a", "[/-/a b", "b/a/a")
HOLDERS = ("", "a", "a/b", "b")
"""Where ignore files may stand; `.git/info/exclude` besides."""


@pytest.fixture(scope="module")
def forest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository in which every folder holds a file of every name that no folder has."""
    top = tmp_path_factory.mktemp("forest")
    subprocess.run(["git", "init", "-q", str(top)], check=True)
    for folder in FOLDERS:
        (top / folder).mkdir(parents=True, exist_ok=True)
    for place in [top / one for one in FOLDERS]:
        for name in NAMES:
            if not (place / name).exists():
                (place / name).write_text("", encoding="utf-8")
    return top


def ours(top: Path, root: Path | None = None, **overrides: object) -> set[str]:
    """The files that a walk finds, relative to the repository."""
    given = {"exclude": (".git", ".gitignore"), "include-tests": True}
    given |= {name.replace("_", "-"): value for name, value in overrides.items()}
    found = Discovery(Finder(given), lambda path: True).files([str(top)])
    return {Path(file.location).relative_to(root or top).as_posix() for file in found}


def git(top: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    command = ["git", "-c", "core.ignorecase=false", "-c", "core.excludesFile=", "-C", str(top), *argv]
    return subprocess.run(command, capture_output=True, encoding="utf-8", check=False)


def gits(top: Path) -> set[str]:
    """The files that git would add."""
    listed = git(top, "ls-files", "--others", "--exclude-standard", "-z").stdout.split("\0")
    return {name for name in listed if name and name.rpartition("/")[2] != ".gitignore"}


def plant(top: Path, ignores: Mapping[str, Sequence[str]], exclude: Sequence[str] = ()) -> None:
    for holder in HOLDERS:
        file = top / holder / ".gitignore"
        if lines := ignores.get(holder, ()):
            file.write_text("".join(line + "\n" for line in lines), encoding="utf-8", newline="")
        else:
            file.unlink(missing_ok=True)
    (top / ".git/info").mkdir(exist_ok=True)
    (top / ".git/info/exclude").write_text("".join(line + "\n" for line in exclude), encoding="utf-8", newline="")


SIMPLE = (
    "a",
    "b",
    "ab",
    "a.py",
    "x1",
    "-",
    "a b",
    "*",
    "?",
    "*.py",
    "a*",
    "*b",
    "?b",
    "[ab]",
    "[!a]",
    "[a-c]*",
    "\\#a",
)
HARD = (
    *(
        "[^b]",
        "[]a]",
        "[a-]",
        "[[:alpha:]]",
        "[[:digit:]x]",
        "[[:no:]]",
        "[a",
        "[",
        "]",
        "\\",
        "\\*",
        "\\a",
        "\\ ",
        " ",
    ),
    *("!", "#", "\\!", "**", "***", "/", "//", "[b-a]", "[\\]a]", "[!]]", "[[:alpha]", "[-a]", "[a-\\c]", "[*]", "\t"),
    *(" ", "\\#a", "[a/b]", "\\/", "\r", "a\\", "**/", "/**"),
)


def lines(parts: st.SearchStrategy[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(parts, min_size=1, max_size=4)


WHOLE = st.lists(st.sampled_from((*SIMPLE, "**")), min_size=1, max_size=3).map("/".join)
"""Patterns as people write them: whole names between slashes."""
ORDINARY = lines(
    st.tuples(st.sampled_from(("", "", "!", "/", "!/")), WHOLE, st.sampled_from(("", "", "/"))).map("".join)
)
ANY = lines(st.lists(st.sampled_from((*SIMPLE, *HARD)), min_size=1, max_size=5).map("".join))
"""Any text: git reads every line somehow."""

many = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


@many
@given(
    ignores=st.dictionaries(st.sampled_from(HOLDERS), ORDINARY | ANY, max_size=3),
    exclude=ORDINARY | ANY,
    named=st.sampled_from(("a", "a/b", "x1/a")),
)
def test_the_walk_finds_what_git_would_add(
    forest: Path, ignores: dict[str, list[str]], exclude: list[str], named: str
) -> None:
    plant(forest, ignores, exclude)
    found = gits(forest)
    assert ours(forest) == found
    if git(forest, "check-ignore", "-q", f"{named}/").returncode == 1:
        assert ours(forest / named, forest) == {name for name in found if name.startswith(f"{named}/")}


@many
@given(patterns=ORDINARY | ANY)
def test_excludes_are_patterns_of_the_same_kind(forest: Path, patterns: list[str]) -> None:
    plant(forest, {}, patterns)
    assert ours(forest, extend_exclude=(*patterns, ".git", ".gitignore")) == gits(forest)


@many
@given(ignores=st.dictionaries(st.sampled_from(HOLDERS), ORDINARY, min_size=1, max_size=3))
def test_ripgrep_walks_the_same_files_where_patterns_are_ordinary(forest: Path, ignores: dict[str, list[str]]) -> None:
    """`ORDINARY` leaves out what ripgrep reads otherwise than git: see the next test."""
    walker = pytest.importorskip("ignore")
    plant(forest, ignores)
    assert ours(forest) == ripgreps(walker, forest)


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(["["], id="an open bracket is itself to ripgrep, and matches nothing to git"),
        pytest.param(["[b-a]", "x1"], id="a range that goes backward is an error to ripgrep, its first sign to git"),
        pytest.param(["[[:alpha:]]"], id="ripgrep knows no classes by name"),
        pytest.param(["[a-\\c]"], id="a backslash in a class is itself to ripgrep"),
        pytest.param(["a\\/"], id="a backslash before the slash at the end matches nothing to git"),
        pytest.param(["/a**/a"], id="git reads what follows a plain beginning as a pattern of its own"),
    ],
)
def test_where_git_and_ripgrep_differ_git_is_right(forest: Path, lines: list[str]) -> None:
    plant(forest, {"": lines})
    assert ours(forest) == gits(forest)


def ripgreps(walker: object, top: Path) -> set[str]:
    build = getattr(walker, "WalkBuilder")(str(top)).hidden(False).git_global(False).build()  # noqa: B009
    found = (Path(str(entry.path())) for entry in build)
    names = {path.relative_to(top).as_posix() for path in found if path.is_file()}
    return {name for name in names if name.rpartition("/")[2] != ".gitignore" and not name.startswith(".git/")}


def test_a_pattern_of_many_stars_is_no_trap() -> None:
    many = rules(["*a" * 30 + "*b", "/x/" + "*a" * 30 + "*b"])
    name = "a" * 250
    assert many.says(name, f"x/{name}") is None
    assert many.says(f"{name}b", f"x/{name}b") is True


@pytest.mark.parametrize(
    ("pattern", "path", "said"),
    [
        ("legacy/*", "legacy/a.py", True),
        ("legacy/*", "legacy/deep/a.py", True),
        ("legacy/", "src/legacy/a.py", True),
        ("*.yaml", "deep/er/a.yaml", True),
        ("/a.py", "deep/a.py", False),
        ("a.py/", "a.py", False),
        ("!a.py", "a.py", False),
        ("[b-a", "a.py", False),
    ],
)
def test_a_pattern_covers_what_lies_below_what_it_matches(pattern: str, path: str, said: bool) -> None:
    assert covers(pattern, path) is said


# --- what is handed down


def touch(root: Path, names: Iterable[str]) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("[tool.ecolint]\n" if name.endswith("pyproject.toml") else "", encoding="utf-8")


MARKED = ("one/ecolint.toml", "one/b/pyproject.toml", "two/c/.git/HEAD", "pack/__init__.py", "pack/sub/__init__.py")
PLAIN = ("a.py", "one/a.py", "one/b/c/a.py", "two/c/d/e/a.py", "two/a.py", "pack/sub/a.py", "pack/plain/a.py")


@pytest.mark.parametrize("marks", [(), (".git/HEAD",), ("pyproject.toml",), ("ecolint.toml",)])
@pytest.mark.parametrize("here", [".", "one", "two/c/d", "pack/sub", "elsewhere"])
def test_settings_and_names_are_those_that_each_file_would_have_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, marks: Sequence[str], here: str
) -> None:
    root = tmp_path / "tree"
    touch(root, (*MARKED, *PLAIN, *marks))
    start = root / here if here != "elsewhere" else tmp_path / here
    start.mkdir(parents=True, exist_ok=True)
    monkeypatch.chdir(start)
    finder = Finder({"include-tests": True})
    found = list(Discovery(finder, lambda path: path.endswith(".py")).files([os.path.relpath(root)]))
    assert len(found) == len(PLAIN) + 2
    for file in found:
        assert file.path == display_path(file.location)
        assert finder.for_file(file.location) == Finder({"include-tests": True}).for_file(file.location)


# --- what it costs


def calls(top: Path) -> Counter[str]:
    """How often a walk calls each function that is written in C."""
    counted: Counter[str] = Counter()

    def count(frame: FrameType, event: str, called: object) -> None:
        if event == "c_call":
            counted[getattr(called, "__name__", "")] += 1

    discovery = Discovery(Finder(), lambda path: path.endswith(".py"))
    sys.setprofile(count)
    try:
        found = list(discovery.files([str(top)]))
    finally:
        sys.setprofile(None)
    counted["files"] = len(found)
    return counted


DISK = ("stat", "lstat", "open", "read", "realpath", "getcwd", "readlink")


def test_a_walk_lists_each_folder_once_and_asks_the_disk_for_nothing_else(tmp_path: Path) -> None:
    for scale in (1, 4):
        touch(
            tmp_path / str(scale),
            [".git/HEAD", *(f"p{folder}/a{file}.py" for folder in range(10 * scale) for file in range(10))],
        )
    calls(tmp_path / "1")  # what is imported on the way is imported now
    small, large = calls(tmp_path / "1"), calls(tmp_path / "4")
    assert (small["files"], large["files"]) == (100, 400)
    assert large["scandir"] - small["scandir"] == 30
    assert {name: large[name] for name in DISK} == {name: small[name] for name in DISK}
    assert large.total() <= 4 * small.total()


# --- reading


@pytest.mark.skipif(os.name != "posix", reason="pipes with names")
def test_a_named_pipe_is_a_problem_and_nobody_waits(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "p.py")
    told = files.load(files.File("p.py", str(tmp_path / "p.py"), False), 1000)
    assert isinstance(told, Problem)
    assert "not a regular file" in told.reason


def test_a_file_that_comes_in_pieces_is_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.py").write_bytes(b"x = 1\n" * 50)
    whole = os.read
    monkeypatch.setattr(os, "read", lambda opened, size: whole(opened, min(size, 7)))
    loaded = files.load(files.File("a.py", str(tmp_path / "a.py"), False), 1000)
    assert isinstance(loaded, files.Loaded)
    assert loaded.data == b"x = 1\n" * 50
