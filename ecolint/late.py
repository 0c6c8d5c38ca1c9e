"""Regular expressions that are compiled when they are first used: a start that needs none of them pays for none."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:

    def late(pattern: bytes, flags: int = 0) -> re.Pattern[bytes]:
        """The expression."""
        ...

else:

    def late(pattern: bytes, flags: int = 0) -> _Late:
        return _Late(pattern, flags)


class _Late:
    """Stands for an expression until one of its methods is asked for, and keeps that one."""

    def __init__(self, pattern: bytes, flags: int) -> None:
        self._written = pattern, flags

    def __getattr__(self, name: str) -> Any:
        found = getattr(re.compile(*self._written), name)
        setattr(self, name, found)
        return found
