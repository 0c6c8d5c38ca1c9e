"""From bytes, which native parsers count, to characters, which everything else here counts."""

from __future__ import annotations


def char_offsets(text: str) -> list[int]:
    """For every byte of the encoded text (and its end) the index of the character it belongs to."""
    result: list[int] = []
    for index, char in enumerate(text):
        result.extend([index] * len(char.encode()))
    result.append(len(text))
    return result
