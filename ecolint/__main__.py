"""The way in: `python -m ecolint` and the console script."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and end the process with its exit code (0, 1 or 2)."""
    from ecolint.cli import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
