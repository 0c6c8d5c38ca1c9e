"""The progress bar: only on a terminal, only after a second, and gone at the end."""

from __future__ import annotations

import io
import time

import pytest

from ecolint.progress import Progress


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def drawn(stream: io.StringIO, seconds: float, monkeypatch: pytest.MonkeyPatch) -> str:
    """What ten steps write, each of which takes `seconds`."""
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    with Progress(10, stream) as bar:
        for _ in range(10):
            now += seconds
            bar.step()
    return stream.getvalue()


def test_a_long_run_on_a_terminal_has_a_bar_that_is_cleared(monkeypatch: pytest.MonkeyPatch) -> None:
    said = drawn(Terminal(), 0.3, monkeypatch)
    assert "4 of 10 files" in said
    assert "3 of 10 files" not in said
    assert said.endswith("\r\x1b[K")


def test_a_short_run_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert drawn(Terminal(), 0.05, monkeypatch) == ""


def test_a_pipe_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert drawn(io.StringIO(), 9.0, monkeypatch) == ""
