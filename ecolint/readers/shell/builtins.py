"""The commands of a shell itself that change its variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecolint.readers.shell.expanding import NAME
from ecolint.readers.shell.variables import defaulted, unknown

if TYPE_CHECKING:
    from ecolint.readers.shell.commands import Word
    from ecolint.readers.shell.walking import Walker

MAX_SOURCED = 8
"""Files read into a script of which it counts that they may change its variables."""

_READS = frozenset({"read", "mapfile", "readarray", "getopts"})
_SOURCES = frozenset({"source", "."})
_HARMLESS = (
    "activate",
    "conda.sh",
    ".bashrc",
    ".profile",
    "/etc/profile",
    "cargo/env",
    "setvars.sh",
    "set_env.sh",
    "init/bash",
    "/lmod.sh",
    "modules.sh",
)
"""Ends of files that are read for tools, and that set nothing a script of this kind would."""


def run(walker: Walker, words: list[Word]) -> bool:
    """What a builtin does to the variables; True where that is all there is to the command."""
    first = words[0].text
    if first in _READS:
        for word in words[1:]:
            if word.text is not None and NAME.fullmatch(word.text):
                walker.variables.put(word.text, unknown(word.start, word.end))
        return True
    if first in _SOURCES and len(words) > 1:
        text = words[1].text
        if (text is None or not text.endswith(_HARMLESS)) and walker.sourced < MAX_SOURCED:
            walker.sourced += 1
            for name, held in list(walker.variables.held.items()):
                if held is not None:
                    walker.variables.put(name, defaulted(held))
        return True
    if first == "set":
        texts = [word.text for word in words[1:3]]
        if texts[:1] == ["-a"] or texts == ["-o", "allexport"]:
            walker.exports_all = True
        elif texts[:1] == ["+a"]:
            walker.exports_all = False
        return True
    return first == ":"
