"""From shell text to a syntax tree whose offsets count characters; the one door to the native parser."""

from __future__ import annotations

import functools
import re
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ecolint.speech import say

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

MAX_LENGTH = 4_000_000
"""Characters of a script. Longer ones are refused before any parser sees them."""
MAX_SECONDS = 3.0
SECONDS = 0.25
SECONDS_EACH = 4e-6
"""Processor time that a script may take, at most, at least and for each character: some twenty times what one does
take. The parser's recovery can be very long over text that is no shell at all."""

_CHUNK = 1 << 16
_FOREIGN = re.compile(r"[^\t\n\r\x20-\x7e]")
_DANGLING = re.compile(r"\\[ \t\r]*\n?[ \t\r\n]*\Z")
_SPACED = re.compile(r"\\(?=[ \t]+\r?\n)|(?<![^\s;&|(])\[(?=['\"])")
"""An escaped blank is a word, and no line goes on behind it; a bracket before a quote is no test."""
_REMARK = re.compile(r"(?<=[ \t])`#[^`\n]*`|(?<!`)``(?!`)")
"""Substitutions that give nothing, such as a comment between continuation lines."""
PLACEHOLDER = re.compile(r"(?<![<\w$])<[A-Za-z][\w &./-]*>(?=[\s\"':/;]|\Z)(?![ \t]*\()")
"""`<your-token>` in a script that was published with a gap: it stands for a word."""


class Unreadable(Exception):
    """A script that no parser should be given, or that one could not finish."""


def parse(text: str, swallowed: Iterable[int] = ()) -> Node:
    """The tree of a script. `swallowed` are offsets of newlines that are not there when the shell reads it.

    The parser counts bytes: whatever is not ASCII, and so has no meaning to a shell, is a letter to it. Raises
    Unreadable.
    """
    if len(text) > MAX_LENGTH:
        raise Unreadable(say("a script of more than {limit} characters", limit=MAX_LENGTH))
    plain = _FOREIGN.sub("x", text)
    plain = _SPACED.sub("x", plain)
    plain = _REMARK.sub(lambda match: " " * len(match.group()), plain)
    plain = PLACEHOLDER.sub(lambda match: "x" * len(match.group()), plain)
    dangling = _DANGLING.search(plain)
    if dangling:
        plain = plain[: dangling.start()] + " " * len(dangling.group())
    encoded = bytearray(plain, "ascii")
    for at in swallowed:
        encoded[at] = 0x20
    whole = bytes(encoded)
    deadline = time.thread_time() + min(MAX_SECONDS, SECONDS + SECONDS_EACH * len(text))
    try:
        tree = _parser().parse(
            lambda offset, point: whole[offset : offset + _CHUNK],
            progress_callback=lambda offset, failing: time.thread_time() > deadline,
        )
    except ValueError:
        _parser().reset()
        raise Unreadable(say("it cannot be told apart into commands")) from None
    return tree.root_node


@functools.cache
def _parser() -> Parser:
    import tree_sitter
    import tree_sitter_bash

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_bash.language()))
