"""What tests stand on: a cache of their own, and a shell in an empty project with nothing of the environment in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ecolint import cli


@pytest.fixture(scope="session", autouse=True)
def _cache_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or writes what the user's own runs have kept."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ECOLINT_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield


class Shell:
    """Runs the command line in the working folder."""

    def __init__(self, capture: pytest.CaptureFixture[str]) -> None:
        self.capture = capture
        self.code, self.out, self.err = -1, "", ""

    def __call__(self, *argv: str) -> Shell:
        self.code = cli.run(argv)
        self.out, self.err = self.capture.readouterr()
        return self

    def json(self, *argv: str) -> dict[str, Any]:
        """What a command prints with --format json; it must succeed."""
        assert self(*argv, "--format", "json").code == 0, self.err
        found: dict[str, Any] = json.loads(self.out)
        return found

    def put(self, name: str, text: str) -> str:
        """Write a file and say its name."""
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
        return name


@pytest.fixture
def ecolint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """The command line in an empty repository."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    return Shell(capsys)
