"""The header room: the names of a function's parameters, read off its header without parsing it."""

from __future__ import annotations

import re

_PIECE = re.compile(
    r"""\"{3}[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*\"{3}|'{3}[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*'{3}"""
    r"""|"[^"\\\r\n]*(?:\\.[^"\\\r\n]*)*"|'[^'\\\r\n]*(?:\\.[^'\\\r\n]*)*'"""
    r"""|(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<comma>,)|(?P<name>[^\W\d]\w*)|(?P<star>\*+)|(?P<remark>\#[^\r\n]*)|(?P<other>[^\s\\])""",
    re.DOTALL,
)
_NAMED = re.compile(r"(?:async\s+)?def\s+\w+\s*")


def parameters(header: str) -> dict[str, str]:
    """The parameters that a `def` header names, in order, each with the stars before it."""
    named = _NAMED.match(header)
    found: dict[str, str] = {}
    if named is None:
        return found
    depth, expecting, stars, inside, lambdas = 0, False, "", False, 0
    for piece in _PIECE.finditer(header, named.end()):
        kind = piece.lastgroup
        if kind == "open":
            # What stands in square brackets before the parameters are those of types.
            depth += 1
            inside = inside or (depth == 1 and piece.group() == "(")
            expecting, stars = inside and depth == 1, ""
        elif kind == "close":
            depth -= 1
            if depth == 0 and inside:
                break
            expecting = False
        elif depth != 1 or not inside or kind == "remark":
            continue
        elif piece.group() == "lambda":
            lambdas += 1
        elif lambdas:
            lambdas -= piece.group() == ":"
        elif kind == "comma":
            expecting, stars = True, ""
        elif kind == "star" and expecting:
            stars = piece.group()
        elif kind == "name" and expecting:
            found[piece.group()] = stars
            expecting = False
        else:
            expecting = False
    return found
