"""An invocation and a vocabulary: what each key says in one variant of the branches, and where that is written."""

from __future__ import annotations

from ecolint.slots.keys import Slots, choice_of
from ecolint.slots.setting import ABSENT, Setting
from ecolint.slots.silence import speaking
from ecolint.slots.strangers import Stranger, strangers
from ecolint.slots.tables import find, holder, is_open
from ecolint.slots.variant import Assignment, pick

__all__ = [
    "ABSENT",
    "Assignment",
    "Setting",
    "Slots",
    "Stranger",
    "choice_of",
    "find",
    "holder",
    "is_open",
    "pick",
    "speaking",
    "strangers",
]
