"""The room that knows the folder in which ecolint keeps what it can make again."""

from __future__ import annotations

import os
import sys

RESULTS, INDEX, TABLES = "results", "index", "tables"
"""Its folders: outcomes by the first two letters of their key, indexes of files, compiled tables."""
TEMPORARY = ".tmp"
"""How the name of a file ends that is not whole yet."""


def folder() -> str:
    """The folder, which may not exist yet: $ECOLINT_CACHE_DIR, else where the platform keeps caches."""
    named = os.environ.get("ECOLINT_CACHE_DIR")
    if named:
        return os.path.abspath(named)
    if sys.platform == "linux":  # what platformdirs would say, without the time that it takes to import
        base = os.environ.get("XDG_CACHE_HOME", "")
        return os.path.join(base if base.strip() else os.path.expanduser("~/.cache"), "ecolint")
    from platformdirs import user_cache_dir

    return user_cache_dir("ecolint", appauthor=False)
