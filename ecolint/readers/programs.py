"""Tells whether a text names one of the programs that are looked for, as a word of its own."""

from __future__ import annotations

import re
from functools import lru_cache

_BEFORE = re.compile(r"(?:\A|[^\w.-]|\\[bfnrt]|\\u[0-9A-Fa-f]{4})\Z")
"""What may stand before a word: in JSON the space before it may be written with a backslash."""
_LONGEST = len("\\u0020")
_AFTER = re.compile(r"[\w.-]")


class Programs:
    """Programs by their names: `vllm` is named in `exec vllm serve` and in `/opt/bin/vllm`, not in `vllm-proxy`.

    `parts` are words that tell of one wherever they stand.
    """

    def __init__(self, names: tuple[str, ...], parts: tuple[str, ...]) -> None:
        from ahocorasick_rs import AhoCorasick

        self._automaton = AhoCorasick((*names, *parts))
        self._whole = len(names)

    def named_in(self, text: str) -> bool:
        """Whether a text names one of them."""
        return any(
            number >= self._whole
            or (_BEFORE.search(text[max(0, start - _LONGEST) : start]) and not _AFTER.match(text, end))
            for number, start, end in self._automaton.find_matches_as_indexes(text, overlapping=True)
        )

    def may_be_run_by(self, script: str) -> bool:
        """Whether a script may start one of them: where variables stand in it, it may put a name together."""
        found = self._automaton.find_matches_as_indexes(script)
        return bool(found) and ("$" in script or self.named_in(script))


@lru_cache(maxsize=8)
def programs(names: tuple[str, ...], parts: tuple[str, ...] = ()) -> Programs:
    """These programs, with the words that tell of one wherever they stand."""
    return Programs(names, parts)
