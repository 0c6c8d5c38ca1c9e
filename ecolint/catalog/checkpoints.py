"""The room where the names of repositories tell the format that their weights were saved in."""

from __future__ import annotations

import re
from functools import lru_cache

from ecolint.catalog.models import named, published
from ecolint.catalog.tables import number, records
from ecolint.shaped import dataclass

LONGEST = 500
"""Characters of a name. Longer ones name no model."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The format that weights were saved in: what they are loaded as where nothing else is said.

    `quantization` is None where the name says no more than that they are quantized. `catalogued` is True where it is
    the published format of a model of the catalogue, rather than what a name tells.
    """

    word: str
    quantization: str | None
    backend: str | None = None
    int8_threshold: float | None = None
    catalogued: bool = False


def checkpoint(name: str) -> Checkpoint | None:
    """The format that a hub id, a tag or a path tells of; None where it tells of none.

    A word counts where it stands between dashes, dots, underscores or colons, in any case; of several the first one of
    checkpoints.csv. Where the name holds none, a published model may itself be quantized (DeepSeek-V3, gpt-oss).
    """
    found = _told(name)
    if found is not None:
        return found
    entry = published(name)
    if entry is None or entry.checkpoint is None:
        return None
    return Checkpoint(entry.checkpoint, entry.checkpoint, catalogued=True)


def requantized(name: str) -> bool:
    """Whether a name says that the weights were given another number format after they were published."""
    return _told(name) is not None


def _told(name: str) -> Checkpoint | None:
    if not name.strip() or len(name) > LONGEST:
        return None
    for text in named(name):
        words = {match[1] for match in _between().finditer(text)}
        found = next((one for one in _checkpoints() if one.word in words), None)
        if found is not None:
            return found
    return None


@lru_cache(maxsize=1)
def _checkpoints() -> tuple[Checkpoint, ...]:
    return tuple(
        Checkpoint(row["word"], row["quantization"] or None, row["backend"] or None, number(row["int8_threshold"]))
        for row in records("checkpoints.csv")
    )


@lru_cache(maxsize=1)
def _between() -> re.Pattern[str]:
    """Every word wherever it stands alone, those that overlap too."""
    words = sorted((re.escape(one.word) for one in _checkpoints()), key=len, reverse=True)
    return re.compile(rf"(?=(?:^|(?<=[-.]))({'|'.join(words)})(?:$|[-.]))")
