"""From the pieces of a shell word, literal or expanded, to the words that a program would get."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from ecolint.model import How
from ecolint.readers.shell.commands import Word

_FLAG = re.compile(r"(--?[A-Za-z][\w.-]*)=")


@dataclass(slots=True)
class Piece:
    """Part of a word: text, or None where unknown; `breaks` where unquoted text is split at spaces."""

    text: str | None
    breaks: bool = False
    how: How = "literal"


def made(
    script: str, start: int, end: int, pieces: list[Piece], quoted: bool, unknown: Callable[[int, int], bool]
) -> list[Word]:
    """The word, or the words that an unquoted variable becomes, or a flag with its unknown value as two words."""
    how: How = next((piece.how for piece in pieces if piece.how != "literal"), "literal")
    texts = [piece.text for piece in pieces]
    lead = ""
    for text in texts:
        if text is None:
            break
        lead += text
    if unknown(start, end):
        lead, texts = script[start:end].lstrip("'\""), [None]
    if None in texts:
        flag = _FLAG.match(lead)
        if flag and not unknown(start, start + flag.end()):
            return [Word(flag.group(1), start, end, "literal", quoted), Word(None, start, end, how, quoted)]
        several = len(pieces) == 1 and pieces[0].breaks
        return [Word(None, start, end, how, quoted, several)]
    return [Word(text, start, end, how, quoted) for text in _broken(pieces)]


def _broken(pieces: list[Piece]) -> list[str]:
    """The texts of the words that pieces become: unquoted text is split at its spaces."""
    if not any(piece.breaks and piece.text and re.search(r"\s", piece.text) for piece in pieces):
        return ["".join(piece.text or "" for piece in pieces)]
    words = [""]
    for piece in pieces:
        text = piece.text or ""
        if not piece.breaks:
            words[-1] += text
            continue
        for index, part in enumerate(re.split(r"\s+", text)):
            if index:
                words.append(part)
            else:
                words[-1] += part
    return [word for word in words if word]
