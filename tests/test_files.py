"""Files: discovery, ignore files, encodings, and writing back."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from ecolint import files
from ecolint.discovery import Discovery, NoSuchPath
from ecolint.files import CannotWrite, File, Loaded, Triggers, decode, load, write
from ecolint.model import Problem
from ecolint.settings import Finder


def tree(root: Path, *names: str, **contents: str) -> None:
    """Empty files, by name."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("", encoding="utf-8")


def text(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty repository as the working folder."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def walk(*paths: str, **overrides: object) -> tuple[list[str], Discovery]:
    """The paths found, and the walk."""
    finder = Finder({name.replace("_", "-"): value for name, value in overrides.items()})
    discovery = Discovery(finder, lambda path: path.lower().endswith((".py", ".yaml")))
    return [file.path for file in discovery.files(paths or (".",))], discovery


def test_only_what_a_reader_handles_in_order_of_names(here: Path) -> None:
    tree(here, "b.py", "a.yaml", "c.txt", "sub/z.py", ".hidden/h.py", ".github/w.yaml", "UP.PY")
    assert walk()[0] == [".github/w.yaml", ".hidden/h.py", "UP.PY", "a.yaml", "b.py", "sub/z.py"]


def test_default_excludes_and_the_ones_that_are_set(here: Path) -> None:
    tree(here, "a.py", *(f"{name}/x.py" for name in (".venv", "node_modules", "__pycache__", "build", "sub/dist")))
    tree(here, "gen/x.py", "sub/gen/y.py", "old/z.py")
    assert walk(extend_exclude=("gen", "/old/"))[0] == ["a.py"]
    assert "build/x.py" in walk(exclude=("gen",))[0]


def test_a_named_file_or_folder_is_looked_at_whatever_is_excluded(here: Path) -> None:
    tree(here, "build/x.py", "build/sub/y.py", "build/sub/build/z.py", "ignored/i.py")
    text(here / ".gitignore", "ignored/\n")
    assert walk("build/x.py", "ignored/i.py")[0] == ["build/x.py", "ignored/i.py"]
    assert walk("build")[0] == ["build/sub/y.py", "build/x.py"]
    assert walk("ignored")[0] == ["ignored/i.py"]


def test_a_file_named_twice_is_looked_at_once(here: Path) -> None:
    tree(here, "a.py", "sub/b.py")
    assert walk("sub", "a.py", ".", "./a.py")[0] == ["sub/b.py", "a.py"]


def test_a_path_that_does_not_exist_stops_the_run_first(here: Path) -> None:
    tree(here, "a.py")
    with pytest.raises(NoSuchPath, match=r"nothere\.py"):
        walk("a.py", "nothere.py")


def test_tests_are_left_out_unless_asked_for(here: Path) -> None:
    tree(here, "a.py", "tests/t.yaml", "sub/tests/deep/u.py", "test_x.py", "conftest.py", "contests/c.py", "x_test.py")
    assert walk()[0] == ["a.py", "contests/c.py", "x_test.py"]
    every, _ = walk(include_tests=True)
    assert set(every) > {"tests/t.yaml", "sub/tests/deep/u.py", "test_x.py", "conftest.py"}
    found, discovery = walk("test_x.py", "tests", "a.py")
    assert found == ["a.py"]
    assert discovery.left_out == ["test_x.py", "tests"]


def test_a_project_that_lives_under_a_folder_called_tests_is_no_test(here: Path) -> None:
    tree(here, "tests/project/a.py")
    (here / "tests/project/.git").mkdir()
    os.chdir(here / "tests/project")
    assert walk()[0] == ["a.py"]


IGNORES: Sequence[tuple[dict[str, str], list[str]]] = [
    ({".gitignore": "*.py\n!keep.py\n"}, ["a.py", "keep.py", "sub/b.py", "sub/keep.py"]),
    ({".gitignore": "sub/*.py\n", "sub/.gitignore": "!b.py\n"}, ["sub/b.py", "sub/c.py", "sub/deep/d.py"]),
    ({".gitignore": "sub/\n", "sub/.gitignore": "!b.py\n"}, ["a.py", "sub/b.py"]),
    ({"sub/.gitignore": "/b.py\ndeep/\n"}, ["b.py", "sub/b.py", "sub/deep/d.py", "sub/x/b.py", "sub/x/deep/d.py"]),
    ({".gitignore": "**/gen/*.py\n# note\n\n\\#odd.py\n"}, ["x/gen/a.py", "gen/b.py", "#odd.py", "gen/sub/c.py"]),
    ({".gitignore": "!\n*.yaml  \r\nb?r.py\n[ab].py\n"}, ["a.yaml", "bar.py", "a.py", "c.py"]),
    ({".gitignore": "/sub\n!/sub/b.py\n"}, ["sub/b.py", "a.py"]),
    ({".gitignore": "*\n!*/\n!*.py\n"}, ["a.py", "a.yaml", "sub/b.py", "sub/deep/c.py"]),
    ({".gitignore": "deep\n*.yaml\n!sub/\n"}, ["sub/deep/a.py", "sub/b.py", "sub/c.yaml", "deep/d.py"]),
    ({".gitignore": "sub/**\n!sub/keep/\n!sub/keep/**\n"}, ["sub/a.py", "sub/keep/b.py", "sub/keep/x/c.py"]),
]


@pytest.mark.parametrize(("ignores", "names"), IGNORES)
def test_gitignore_means_what_git_means_by_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ignores: dict[str, str], names: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    subprocess.run(["git", "init", "-q", "."], check=True)
    tree(tmp_path, *names)
    for name, content in ignores.items():
        text(tmp_path / name, content)
    listed = subprocess.run(
        ["git", "ls-files", "--others", "--exclude-standard", "-z"], check=True, capture_output=True, text=True
    )
    kept = {name for name in listed.stdout.split("\0") if name.endswith((".py", ".yaml"))}
    assert set(walk()[0]) == kept


def test_ignore_files_above_a_named_folder_count(here: Path) -> None:
    tree(here, "sub/a.py", "sub/gen.py")
    text(here / ".gitignore", "gen.py\n")
    text(here / ".git/info/exclude", "a.py\n")
    tree(here, "sub/b.py")
    assert walk("sub")[0] == ["sub/b.py"]


@pytest.mark.parametrize("target", [".", "..", "self"])
def test_a_folder_that_links_to_itself_is_one_line_and_no_loop(here: Path, target: str) -> None:
    tree(here, "sub/a.py")
    os.symlink(target, here / "sub/self")
    found, discovery = walk()
    assert found == ["sub/a.py"]
    assert [(one.path, one.line) for one in discovery.problems] == [("sub/self", 1)]


def test_other_links_are_not_followed(here: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    tree(outside, "o.py")
    tree(here, "a.py")
    os.symlink(outside, here / "folder")
    os.symlink(here / "a.py", here / "link.py")
    os.symlink(here / "gone.py", here / "broken.py")
    found, discovery = walk()
    assert (found, discovery.problems) == (["a.py"], [])
    assert walk("link.py")[0] == ["link.py"]


def test_a_pipe_named_like_a_source_is_never_opened(here: Path) -> None:
    os.mkfifo(here / "p.py")
    assert walk()[0] == []


def test_nearer_settings_govern_their_folder(here: Path) -> None:
    tree(here, "a.py", "sub/b.py", "sub/gen/c.py", "gen/d.py")
    text(here / "sub/ecolint.toml", 'extend-exclude = ["gen"]\n')
    assert walk()[0] == ["a.py", "gen/d.py", "sub/b.py"]


# --- reading

ANCHOR = Triggers(["load_in_8bit", "vllm"])


def put(tmp_path: Path, data: bytes, name: str = "a.py") -> File:
    (tmp_path / name).write_bytes(data)
    return File(name, str(tmp_path / name), False)


@pytest.mark.parametrize(
    ("data", "line", "said"),
    [
        (b"load_in_8bit\n\xff\n", 2, "is not utf-8: byte 14"),
        (b"load_in_8bit\n\n\0\n", 3, "NUL"),
        (b"# coding: martian\nload_in_8bit\n", 1, "martian"),
        (b"# coding: hex\nload_in_8bit\n", 1, "hex"),
        (b"load_in_8bit" + b" " * 100, 1, "larger than 100 bytes"),
    ],
)
def test_what_cannot_be_read_is_one_problem_where_an_anchor_stands(
    tmp_path: Path, data: bytes, line: int, said: str
) -> None:
    problem = load(put(tmp_path, data), 100, ANCHOR)
    assert isinstance(problem, Problem)
    assert (problem.line, said in problem.reason) == (line, True)
    assert load(put(tmp_path, data.replace(b"load_in_8bit", b"x")), 50, ANCHOR) is None


def test_a_large_file_is_searched_across_its_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_CHUNK", 300)
    for before in range(285, 305):
        assert isinstance(load(put(tmp_path, b"x" * before + b"load_in_8bit" + b"y" * 700), 100, ANCHOR), Problem)
    assert load(put(tmp_path, b"x" * 2000), 100, ANCHOR) is None


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root reads everything")
def test_a_file_without_permission_is_a_problem(tmp_path: Path) -> None:
    file = put(tmp_path, b"load_in_8bit")
    os.chmod(file.location, 0)
    problem = load(file, 100, ANCHOR)
    assert isinstance(problem, Problem)
    assert "ermission" in problem.reason


def test_no_words_are_no_anchor(tmp_path: Path) -> None:
    assert load(put(tmp_path, b"anything"), 100, Triggers([])) is None


@pytest.mark.parametrize(
    ("data", "text_", "encoding"),
    [
        (b"x = 'caf\xc3\xa9'\r\n", "x = 'café'\r\n", "utf-8"),
        (b"# -*- coding: latin-1 -*-\nx = 'caf\xe9'\n", "# -*- coding: latin-1 -*-\nx = 'café'\n", "latin-1"),
        (b"#!/usr/bin/python\n# vim: set fileencoding=cp1252 :\n\x80", "", "cp1252"),
        (b"x = 1\n# coding: latin-1\n", "x = 1\n# coding: latin-1\n", "utf-8"),
    ],
)
def test_the_encoding_is_what_python_says(data: bytes, text_: str, encoding: str) -> None:
    loaded = decode("a.py", data)
    assert isinstance(loaded, Loaded)
    assert loaded.encoding == encoding
    assert not text_ or loaded.source.text == text_


def test_only_python_has_cookies() -> None:
    loaded = decode("a.yaml", b"# coding: latin-1\nx: caf\xc3\xa9\n")
    assert isinstance(loaded, Loaded)
    assert loaded.encoding == "utf-8"


# --- writing


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbfa = 1\r\nb = 2\r\n",
        b"# coding: latin-1\na = 'caf\xe9'\rb = 2",
        b"a = 1\nb = 2\r\nc = 3",
    ],
)
def test_only_what_changed_changes(tmp_path: Path, data: bytes) -> None:
    file = put(tmp_path, data)
    os.chmod(file.location, 0o751)
    loaded = load(file, 1000)
    assert isinstance(loaded, Loaded)
    write(file, loaded, loaded.source.text.replace("a =", "z ="))
    assert Path(file.location).read_bytes() == data.replace(b"a =", b"z =")
    assert stat.S_IMODE(os.stat(file.location).st_mode) == 0o751
    assert os.listdir(tmp_path) == ["a.py"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    real = put(tmp_path, b"a = 1\n", "real.py")
    os.symlink("real.py", tmp_path / "link.py")
    link = File("link.py", str(tmp_path / "link.py"), False)
    loaded = load(link, 100)
    assert isinstance(loaded, Loaded)
    write(link, loaded, "a = 2\n")
    assert os.path.islink(link.location)
    assert Path(real.location).read_bytes() == b"a = 2\n"


def test_a_file_that_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    file = put(tmp_path, b"a = 1\n")
    loaded = load(file, 100)
    assert isinstance(loaded, Loaded)
    put(tmp_path, b"a = 3\n")
    with pytest.raises(CannotWrite, match="changed"):
        write(file, loaded, "a = 2\n")
    assert Path(file.location).read_bytes() == b"a = 3\n"


def test_text_that_the_encoding_lacks_is_not_written(tmp_path: Path) -> None:
    file = put(tmp_path, b"# coding: latin-1\n")
    loaded = load(file, 100)
    assert isinstance(loaded, Loaded)
    with pytest.raises(CannotWrite, match="latin-1"):
        write(file, loaded, "# coding: latin-1\n# ★\n")


def test_a_failed_write_leaves_the_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = put(tmp_path, b"a = 1\n")
    loaded = load(file, 100)
    assert isinstance(loaded, Loaded)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(CannotWrite, match="No space"):
        write(file, loaded, "a = 2\n")
    assert os.listdir(tmp_path) == ["a.py"]
    assert Path(file.location).read_bytes() == b"a = 1\n"
