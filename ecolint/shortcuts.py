"""The switch room: which shortcuts a run takes. Each may only skip work; without it every result is the same."""

from __future__ import annotations

import os

VARIABLE = "ECOLINT_WITHOUT"
"""The environment variable that names shortcuts not to take, separated by commas; `all` for every one. For tests."""

SHORTCUTS = ("scan", "gates", "makers", "constants", "tables", "cache", "workers")


def taken(shortcut: str) -> bool:
    """Whether one of `SHORTCUTS` is taken."""
    assert shortcut in SHORTCUTS, shortcut
    without = os.environ.get(VARIABLE)
    return not without or not {"all", shortcut} & set(without.split(","))
