"""A progress bar on a terminal, once a run takes longer than a second."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TextIO

_AFTER = 1.0
_EVERY = 0.1
_WIDTH = 30


class Progress:
    """Counts steps towards a total. Draws nothing where the stream is not a terminal, and leaves nothing behind."""

    def __init__(self, total: int, stream: TextIO) -> None:
        self._total, self._stream = total, stream
        self._done = 0
        self._drawn = False
        self._due = time.monotonic() + _AFTER if stream.isatty() else float("inf")

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._drawn:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def step(self, count: int = 1) -> None:
        """So many more are done."""
        self._done += count
        now = time.monotonic()
        if now >= self._due:
            self._due = now + _EVERY
            self._drawn = True
            filled = _WIDTH * self._done // max(1, self._total)
            bar = "#" * filled + "-" * (_WIDTH - filled)
            self._stream.write(f"\r[{bar}] {self._done:,} of {self._total:,} files")
            self._stream.flush()
