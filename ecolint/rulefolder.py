"""The room that knows where ecolint's own rules stand."""

from __future__ import annotations

import os


def packaged() -> str:
    """The folder of ecolint's own rules: the checkout's, beside the package, else the one inside the package."""
    package = os.path.dirname(os.path.abspath(__file__))
    checkout = os.path.dirname(package)
    beside = os.path.join(checkout, "rules")
    # An editable install leaves a stale copy inside the package; "rules" beside it in site-packages is a stranger's.
    if os.path.isfile(os.path.join(checkout, "pyproject.toml")) and os.path.isdir(beside):
        return beside
    return os.path.join(package, "rules")
