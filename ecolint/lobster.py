"""EcoLobster's voice: a mood and one line of character around numbers that it leaves alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ecolint.speech import Said, say

if TYPE_CHECKING:
    from ecolint.model import Mood

_LINES: Mapping[Mood, Said] = {
    "green": say("[green] EcoLobster swims in cool waters: nothing here heats them."),
    "yellow": say("[yellow] EcoLobster feels the water get warm: energy is left on the table."),
    "orange": say("[orange] EcoLobster's shell turns orange: this is an energy trap."),
    "red": say("[red] EcoLobster is being cooked: this burns energy for nothing."),
    "gray": say("[gray] EcoLobster peers into murky water: nobody measured this here."),
}
"""The moods of the EcoCompute skill v2.5.0 ("EcoLobster Mood System"), in ecolint's own words."""


def greeting(mood: Mood) -> Said:
    """The lobster's line for a mood."""
    return _LINES[mood]
