"""What `ecolint facts --table` prints: an inventory, one line for each deployment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ecolint.columns import aligned
from ecolint.model import Deployment
from ecolint.report._inventory import HEADINGS, rows, trains

__all__ = ["as_table", "trains"]


def as_table(deployments: Sequence[Deployment], texts: Mapping[str, str]) -> str:
    """A heading, then one line for each deployment, in columns."""
    table = rows(deployments, texts)
    if not table:
        return "No deployment was read.\n"
    table.insert(0, HEADINGS)
    return "".join(f"{line}\n" for line in aligned(table))
