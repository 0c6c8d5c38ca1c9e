"""What standard output can take: colours or none, and text in whatever encoding it has."""

from __future__ import annotations

import sys
from collections.abc import Mapping


def coloured(environment: Mapping[str, str], terminal: bool) -> bool:
    """Colour on a terminal, or where it is forced; never with NO_COLOR."""
    if environment.get("NO_COLOR"):
        return False
    if any(environment.get(name, "0") not in ("", "0") for name in ("FORCE_COLOR", "CLICOLOR_FORCE")):
        return True
    return terminal and environment.get("TERM") != "dumb" and environment.get("CLICOLOR") != "0"


class Gone(Exception):
    """Whoever read standard output has had enough. No OSError, which click would take for its own to handle."""


def printed(text: str) -> None:
    """Text to standard output with its own line ends; what its encoding lacks is escaped. Raises Gone."""
    try:
        sys.stdout.flush()
        binary = getattr(sys.stdout, "buffer", None)
        if binary is None:
            sys.stdout.write(text)
            return
        binary.write(text.encode(sys.stdout.encoding or "utf-8", "backslashreplace"))
        binary.flush()
    except BrokenPipeError as error:
        raise Gone from error
