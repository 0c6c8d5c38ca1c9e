"""What `ecolint facts --table` prints: an inventory, one line for each deployment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ecolint.columns import aligned
from ecolint.model import Deployment
from ecolint.report._inventory import HEADINGS, rows, trains
from ecolint.speech import ENGLISH, Voice

__all__ = ["as_table", "trains"]


def as_table(deployments: Sequence[Deployment], texts: Mapping[str, str], voice: Voice = ENGLISH) -> str:
    """A heading, then one line for each deployment, in columns."""
    table = rows(deployments, texts, voice)
    if not table:
        return voice.say("No deployment was read.") + "\n"
    table.insert(0, tuple(map(voice, HEADINGS)))
    return "".join(f"{line}\n" for line in aligned(table))
