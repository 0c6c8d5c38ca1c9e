"""The room that knows where everything that ecolint keeps between runs stands."""

from __future__ import annotations

import os


def folder() -> str:
    """The absolute path of the cache's folder, which need not exist: as the environment says, else the platform's."""
    named = os.environ.get("ECOLINT_CACHE_DIR")
    if named:
        return os.path.abspath(named)
    import platformdirs

    return platformdirs.user_cache_dir("ecolint", appauthor=False)
