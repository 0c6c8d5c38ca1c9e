"""The way in: `python -m ecolint` and the console script."""

from __future__ import annotations

import gc
import signal
import sys

SELDOM = 100_000
"""Objects that are made before the collector looks for cycles among them: a start makes tens of thousands that stay."""


def main() -> None:
    """Run the command line and end the process with its exit code (0, 1 or 2; 128 and more where it was ended)."""
    gc.set_threshold(SELDOM)
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _end)
    try:
        from ecolint.cli import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:  # before the command line could know, or once more
        sys.exit(130)
    gc.freeze()  # nothing is searched for cycles any more: the process ends
    sys.exit(code)


def _end(number: int, *_: object) -> None:
    """End in good order: what is half written is taken away, and whoever works for this process ends too."""
    sys.exit(128 + number)


if __name__ == "__main__":
    main()
