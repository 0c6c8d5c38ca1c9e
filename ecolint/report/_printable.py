"""Text made safe for a line of a terminal."""

from __future__ import annotations

import unicodedata


def one_line(text: str) -> str:
    """Text that stays on its line and does nothing to a terminal: control characters are written as escapes."""
    return text if text.isprintable() else "".join(_visible(character) for character in text)


def _visible(character: str) -> str:
    if character == "\t":
        return "\\t"
    if character == "\n":
        return "\\n"
    if character == "\r":
        return "\\r"
    if unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp", "Cs"):
        return character.encode("unicode_escape", "surrogatepass").decode("ascii")
    return character


def shown_source(text: str) -> str:
    """A piece of a source line as a terminal shows it: tabs as four spaces, control characters as escapes."""
    return one_line(text.replace("\t", "    "))
