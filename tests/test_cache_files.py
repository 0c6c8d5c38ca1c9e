"""The files of the cache: whole or not there, never trusted when they are not ours, and never too many."""

from __future__ import annotations

import marshal
import multiprocessing
import os
import pickle
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ecolint import cachefolder
from ecolint.cache import NOTHING, Cache, filing, index, packing, store
from ecolint.cache.index import Index
from ecolint.cache.store import Store
from ecolint.consulted import digest
from ecolint.settings import Settings
from ecolint.verify import Outcome

SETTINGS = Settings(Path.cwd())
KEY = digest(b"key")
KEPT: store.Kept = ({("source", "/a"): b"x"}, {}, {}, ["b.py"], b"packed")


class Answers:
    """A project in which everything is as it was."""

    root = Path("/root")
    limit = 1_000_000
    changes = 0

    def answer(self, consultation: tuple[str, ...]) -> bytes:
        """The same for all."""
        return b"x"

    def source(self, path: str) -> None:
        """None is needed."""


def old(path: Path, text: str) -> os.stat_result:
    """Write a file that has not been changed for a while, as far as its times tell."""
    path.write_text(text, encoding="utf-8")
    os.utime(path, (1_000_000_000, 1_000_000_000))
    return aged(path)


def aged(path: Path) -> os.stat_result:
    """The status of a file as if its inode had been left alone too."""
    found = os.stat(path)
    values: dict[str, Any] = {"st_ctime_ns": 1_000_000_000 * 10**9, "st_mtime_ns": found.st_mtime_ns}
    return os.stat_result(
        tuple(found), {**{name: getattr(found, name) for name in dir(found) if name[:3] == "st_"}, **values}
    )


# --- one file ---------------------------------------------------------------------------------------------------------


def entry(folder: Path) -> Path:
    """The one entry of a cache."""
    (found,) = (path for path in (folder / "results").rglob("*") if path.is_file())
    return found


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: b"",
        lambda data: data[:10],
        lambda data: data[:-1],
        lambda data: data + b"\0",
        lambda data: data[:-5] + bytes([data[-5] ^ 1]) + data[-4:],
        lambda data: b"something else\n" + data,
        lambda data: bytes(len(data)),
    ],
    ids=["empty", "cut early", "cut late", "longer", "one bit", "foreign", "zeros"],
)
def test_what_is_not_whole_is_not_there_and_is_written_again(tmp_path: Path, spoil: Any) -> None:
    Store(str(tmp_path)).write(KEY, KEPT)
    assert Store(str(tmp_path)).read(KEY) == KEPT
    path = entry(tmp_path)
    path.write_bytes(spoil(path.read_bytes()))
    assert Store(str(tmp_path)).read(KEY) is None
    Store(str(tmp_path)).write(KEY, KEPT)
    assert Store(str(tmp_path)).read(KEY) == KEPT


def test_an_entry_under_another_key_is_not_there(tmp_path: Path) -> None:
    Store(str(tmp_path)).write(KEY, KEPT)
    other = digest(b"other")
    place = tmp_path / "results" / other.hex()[:2] / other.hex()
    place.parent.mkdir(parents=True)
    entry(tmp_path).rename(place)
    assert Store(str(tmp_path)).read(other) is None


@pytest.mark.parametrize("what", [os.system, subprocess.Popen, eval, "os.path", Path("/tmp")], ids=str)
def test_nothing_but_an_outcome_is_unpacked(what: object) -> None:
    assert packing.unpacked(pickle.dumps(what)) is None
    assert packing.unpacked(pickle.dumps(Outcome())) == Outcome()


def test_a_folder_that_cannot_be_written_is_no_cache(tmp_path: Path) -> None:
    """A file stands where the folder would be: whoever runs as root may write everywhere else."""
    place = tmp_path / "file"
    place.write_text("mine", encoding="utf-8")
    cache = Cache(str(place / "cache"), str(tmp_path))
    status = old(tmp_path / "a.py", "x")
    cache.note(str(tmp_path / "a.py"), status, NOTHING, SETTINGS)
    key = cache.key("a.py", str(tmp_path / "a.py"), b"", SETTINGS, Answers())
    Store(str(place / "cache")).write(key, KEPT)
    assert cache.outcome(key, Answers()) is None
    cache.close([str(tmp_path)])
    assert place.read_text(encoding="utf-8") == "mine"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="needs a user who may not write")
def test_a_folder_that_is_read_only_is_read(tmp_path: Path) -> None:
    Store(str(tmp_path)).write(KEY, KEPT)
    for folder in (tmp_path, *(one for one in tmp_path.rglob("*") if one.is_dir())):
        folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    assert Store(str(tmp_path)).read(KEY) == KEPT
    Store(str(tmp_path)).write(digest(b"other"), KEPT)


def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(source: object, target: object) -> None:
        raise OSError(28, "no space left on device")

    monkeypatch.setattr(os, "replace", full)
    Store(str(tmp_path)).write(KEY, KEPT)
    assert not list(filing.files(str(tmp_path)))


def test_the_folder_says_that_it_is_a_cache(tmp_path: Path) -> None:
    Store(str(tmp_path / "new")).write(KEY, KEPT)
    assert (tmp_path / "new" / "CACHEDIR.TAG").read_bytes().startswith(b"Signature: 8a477f597d28d172789f06886806bc55")
    assert (tmp_path / "new" / ".gitignore").read_bytes() == b"*\n"


# --- several processes ------------------------------------------------------------------------------------------------


def _busy(folder: str, number: int) -> None:
    """Write and read the same entries as everybody else. Exits 1 where one of them was wrong."""
    for turn in range(60):
        key = digest(bytes([turn % 7]))
        kept: store.Kept = ({("source", str(turn % 7)): b"x" * 5_000}, {}, {}, [], bytes([turn % 7]) * 10_000)
        found = Store(folder).read(key)
        if found is not None and found != kept:
            raise SystemExit(1)
        Store(folder).write(key, kept)
        files = Index(folder, "/root", b"tool")
        files.take([(f"/{number}/{turn}", bytes(32), NOTHING, b"scan")])
        files.write()


def test_processes_write_and_read_at_once(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=_busy, args=(str(tmp_path), number)) for number in range(3)]
    for one in workers:
        one.start()
    for one in workers:
        one.join(60)
    assert [one.exitcode for one in workers] == [0, 0, 0]
    assert len(list(filing.files(str(tmp_path)))) == 8
    data = filing.read(str(next(tmp_path.glob("index/*"))), index._INDEX)
    assert data is not None
    assert marshal.loads(data)[2]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs a signal that nobody can catch")
def test_a_killed_writer_leaves_nothing_broken(tmp_path: Path) -> None:
    """Entries are written until the process is killed; whatever is there then is whole, or no entry."""
    code = (
        "import sys; from ecolint.cache.store import Store; from ecolint.consulted import digest\n"
        "for turn in range(10**9):\n"
        "    Store(sys.argv[1]).write(digest(bytes([turn % 5])), ({}, {}, {}, [], __import__('os').urandom(10**6)))\n"
        "    print(flush=True)\n"
    )
    writer = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE)
    assert writer.stdout is not None
    with writer.stdout as lines:
        for _ in range(8):
            lines.readline()
        writer.send_signal(signal.SIGKILL)
        writer.wait(30)
    for number in range(5):
        found = Store(str(tmp_path)).read(digest(bytes([number])))
        assert found is None or len(found[4]) == 10**6
    assert sum(Store(str(tmp_path)).read(digest(bytes([number]))) is not None for number in range(5)) == 5
    half = [path for path, _ in filing.files(str(tmp_path)) if path.endswith(cachefolder.TEMPORARY)]
    assert len(half) <= 1
    filing.clean(str(tmp_path))
    assert not tmp_path.exists()


# --- the index --------------------------------------------------------------------------------------------------------


def test_a_file_that_looks_as_it_did_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    status = old(path, "x = 1\n")
    first = Cache(str(tmp_path / "cache"), str(tmp_path))
    assert first.unchanged(str(path), status, SETTINGS) is None
    first.note(str(path), status, NOTHING, SETTINGS)
    first.close()
    second = Cache(str(tmp_path / "cache"), str(tmp_path))
    assert second.unchanged(str(path), status, SETTINGS) == NOTHING
    assert second.unchanged(str(path), aged(path), SETTINGS) == NOTHING
    assert second.unchanged(str(tmp_path / "b.py"), status, SETTINGS) is None


@pytest.mark.parametrize("name", ["st_size", "st_mtime_ns", "st_ctime_ns", "st_ino"])
def test_a_file_that_looks_otherwise_is_opened(tmp_path: Path, name: str) -> None:
    status = old(tmp_path / "a.py", "x = 1\n")
    cache = Cache(str(tmp_path / "cache"), str(tmp_path))
    cache.note("/a.py", status, NOTHING, SETTINGS)
    changed = {one: getattr(status, one) for one in ("st_size", "st_mtime_ns", "st_ctime_ns", "st_ino")}
    changed[name] += 1
    assert cache.unchanged("/a.py", _Status(changed), SETTINGS) is None  # type: ignore[arg-type]


class _Status:
    def __init__(self, values: dict[str, int]) -> None:
        self.__dict__.update(values)


def test_a_file_that_was_just_written_may_change_unseen(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("x = 1\n", encoding="utf-8")
    cache = Cache(str(tmp_path / "cache"), str(tmp_path))
    cache.note(str(path), os.stat(path), NOTHING, SETTINGS)
    assert cache.unchanged(str(path), os.stat(path), SETTINGS) is None


def test_what_holds_nothing_does_so_under_its_settings(tmp_path: Path) -> None:
    status = old(tmp_path / "a.py", "x = 1\n")
    cache = Cache(str(tmp_path / "cache"), str(tmp_path))
    cache.note("/scanned", status, NOTHING, SETTINGS)
    cache.note("/read", status, NOTHING, SETTINGS, judged=True)
    cache.close()
    cache = Cache(str(tmp_path / "cache"), str(tmp_path))
    gpu = Settings(Path.cwd(), gpu="H100")
    small = Settings(Path.cwd(), max_file_size=10)
    assert [cache.unchanged("/scanned", status, one) for one in (SETTINGS, gpu, small)] == [NOTHING, NOTHING, None]
    assert [cache.unchanged("/read", status, one) for one in (SETTINGS, gpu, small)] == [NOTHING, None, None]
    assert cache.unchanged("/read", status, SETTINGS, judged=False) is None


def test_a_content_is_read_once(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    status = old(path, "x = 1\n")
    cache = Cache(str(tmp_path / "cache"), str(tmp_path))
    assert cache.content(str(path), status) == digest(b"x = 1\n")
    cache.note(str(path), status, NOTHING, SETTINGS)
    cache.close()
    path.unlink()
    cache = Cache(str(tmp_path / "cache"), str(tmp_path))
    assert cache.content(str(path), status) == digest(b"x = 1\n")
    assert cache.unchanged(str(path), status, SETTINGS) == NOTHING


def test_another_tool_trusts_no_index(tmp_path: Path) -> None:
    status = old(tmp_path / "a.py", "")
    first = Index(str(tmp_path), "/root", b"tool")
    first.note("/a", status, NOTHING, b"scan")
    first.write()
    assert Index(str(tmp_path), "/root", b"tool").asking([b"scan"])("/a", status) == NOTHING
    assert Index(str(tmp_path), "/root", b"other").asking([b"scan"])("/a", status) is None


def test_notes_of_a_worker_reach_the_index(tmp_path: Path) -> None:
    status = old(tmp_path / "a.py", "")
    worker, parent = (Cache(str(tmp_path / "cache"), str(tmp_path)) for _ in range(2))
    worker.note("/a", status, NOTHING, SETTINGS)
    parent.take(pickle.loads(pickle.dumps(worker.notes())))
    assert worker.notes() == []
    parent.close()
    assert Cache(str(tmp_path / "cache"), str(tmp_path)).unchanged("/a", status, SETTINGS) == NOTHING


def test_files_that_are_gone_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    status = old(tmp_path / "a.py", "")
    here = [str(tmp_path / name) for name in ("a.py", "gone.py", "read.py")]
    aside = str(tmp_path.parent / "aside.py")
    cache = Cache(str(tmp_path / "cache"), str(tmp_path))
    for path in (*here, aside):
        cache.note(path, status, NOTHING, SETTINGS)
    cache.note(here[2], status, b"0" * 16, SETTINGS)
    cache.close()
    cache = Cache(str(tmp_path / "cache"), str(tmp_path))
    cache.unchanged(here[0], status, SETTINGS)
    cache.close([str(tmp_path)])
    cache = Cache(str(tmp_path / "cache"), str(tmp_path))
    assert [cache.unchanged(path, status, SETTINGS) for path in (*here, aside)] == [NOTHING, None, None, NOTHING]
    monkeypatch.setattr(index, "MAX_FILES", 1)
    cache = Cache(str(tmp_path / "cache"), str(tmp_path))
    cache.unchanged(here[0], status, SETTINGS)
    cache.close()
    assert Cache(str(tmp_path / "cache"), str(tmp_path)).unchanged(aside, status, SETTINGS) is None


# --- the bound, and an end --------------------------------------------------------------------------------------------


def fill(folder: Path, count: int) -> Store:
    """A store with entries of about a kilobyte, the first one the oldest."""
    kept = Store(str(folder))
    for number in range(count):
        kept.write(digest(bytes([number])), ({}, {}, {}, [], os.urandom(1_000)))
        name = digest(bytes([number])).hex()
        os.utime(folder / "results" / name[:2] / name, (time.time() - 10_000 + number,) * 2)
    return kept


def left(folder: Path, count: int) -> list[int]:
    return [number for number in range(count) if Store(str(folder)).read(digest(bytes([number]))) is not None]


def test_what_was_used_least_recently_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = fill(tmp_path, 10)
    monkeypatch.setattr(store, "MAX_BYTES", 6_500)
    kept.prune()
    assert left(tmp_path, 10) == [6, 7, 8, 9]
    again = fill(tmp_path, 10)
    again.prune()
    assert left(tmp_path, 10) == list(range(10)), "only once in a while"
    monkeypatch.setattr(store, "MUCH", 5_000)
    fill(tmp_path, 10).prune()
    assert left(tmp_path, 10) == [6, 7, 8, 9], "unless one run writes much"


def test_a_use_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = fill(tmp_path, 10)
    first = next(tmp_path.glob(f"results/*/{digest(bytes([0])).hex()}"))
    os.utime(first, (time.time() - 2 * filing.TOUCHED_EVERY,) * 2)
    Store(str(tmp_path)).read(digest(bytes([0])))
    monkeypatch.setattr(store, "MAX_BYTES", 6_500)
    kept.prune()
    assert left(tmp_path, 10) == [0, 7, 8, 9]


def test_what_a_killed_run_left_goes(tmp_path: Path) -> None:
    kept = fill(tmp_path, 1)
    half = entry(tmp_path).with_name(f"{digest(b'x').hex()}.1234-0123abcd.tmp")
    half.write_bytes(b"half")
    os.utime(half, (time.time() - 2 * store.PRUNED_EVERY,) * 2)
    kept.prune()
    assert not half.exists()
    assert left(tmp_path, 1) == [0]


def test_only_what_is_ours_is_removed(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    fill(folder, 3)
    files = Index(str(folder), "/root", b"tool")
    files.take([("/a", bytes(32), NOTHING, b"scan")])
    files.write()
    (folder / "tables").mkdir()
    (folder / "tables" / "asked-0123abcd").write_bytes(b"12345")
    mine = [folder / "results" / "notes.txt", folder / "tables" / "my table.csv", folder / "mine"]
    for one in mine:
        one.write_bytes(b"mine")
    outside = tmp_path / "outside"
    outside.mkdir()
    target = outside / digest(b"a").hex()
    target.write_bytes(b"precious")
    if hasattr(os, "symlink") and os.name != "nt":
        (folder / "results" / "zz").symlink_to(outside)
        (folder / "results" / "aa").symlink_to(outside)
        (folder / "index" / (digest(b"b").hex() + ".index")).symlink_to(target)
    size = sum(status.st_size for _, status in filing.files(str(folder)))
    assert filing.clean(str(folder)) == (5, size)
    assert all(one.read_bytes() == b"mine" for one in mine)
    assert target.read_bytes() == b"precious"
    assert filing.clean(str(folder)) == (0, 0)


# --- where it is ------------------------------------------------------------------------------------------------------


def test_the_environment_says_where_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ECOLINT_CACHE_DIR", str(tmp_path / "here"))
    assert cachefolder.folder() == str(tmp_path / "here")
    monkeypatch.delenv("ECOLINT_CACHE_DIR")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert os.path.isabs(cachefolder.folder())
    assert "ecolint" in cachefolder.folder()


def test_the_command_empties_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from ecolint.cli import ecolint

    monkeypatch.setenv("ECOLINT_CACHE_DIR", str(tmp_path / "cache"))
    fill(tmp_path / "cache", 3)
    done = CliRunner().invoke(ecolint, ["cache", "clean"])
    assert done.exit_code == 0
    assert done.output == f"removed 3 files, 0.0 MB from {tmp_path / 'cache'}\n"
    again = CliRunner().invoke(ecolint, ["cache", "clean"])
    assert again.exit_code == 0
    assert again.output == f"removed 0 files, 0.0 MB from {tmp_path / 'cache'}\n"


def test_a_look_at_the_index_needs_no_heavy_module(tmp_path: Path) -> None:
    code = (
        "import os, sys; from ecolint.cache import Cache; from ecolint.cache.index import Index\n"
        "Index(sys.argv[1], '/root', b'tool').asking([])('/a', os.stat(sys.argv[1]))\n"
        "print(*sys.modules)\n"
    )
    told = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False)
    heavy = {"hashlib", "pickle", "dataclasses", "tempfile", "platformdirs", "ecolint.model"}
    assert "ecolint.cache" in told.stdout.split(), told.stderr
    assert heavy.isdisjoint(told.stdout.split())
