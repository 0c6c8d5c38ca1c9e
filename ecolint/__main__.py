"""The way in: `python -m ecolint` and the console script."""

from __future__ import annotations

import gc
import sys

SELDOM = 100_000
"""Objects that are made before the collector looks for cycles among them: a start makes tens of thousands that stay."""


def main() -> None:
    """Run the command line and end the process with its exit code (0, 1 or 2)."""
    gc.set_threshold(SELDOM)
    from ecolint.cli import run

    code = run(sys.argv[1:])
    gc.freeze()  # nothing is searched for cycles any more: the process ends
    sys.exit(code)


if __name__ == "__main__":
    main()
