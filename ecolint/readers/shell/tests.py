"""Tests of a script whose outcome can be told: comparisons of variables that the script itself gives their values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ecolint.readers.shell.commands import Word

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_TESTS = 8
"""Expressions inside one another in one test; what lies deeper is not told."""

_PATTERNS = frozenset({"extglob_pattern", "regex"})
_ALWAYS = {"true": True, ":": True, "false": False}
"""Programs that succeed, or fail, whatever happens: a switch may hold the name of one."""
_EQUAL = {"=": True, "==": True, "-eq": True, "!=": False, "-ne": False}

Words = Callable[[Sequence["Node"]], list[Word]]
"""The words that nodes stand for."""


def outcome(node: Node, words: Words, depth: int = 0) -> bool | None:
    """Whether a test holds as the script is written, defaults included; None where nobody can tell."""
    if depth > MAX_TESTS:
        return None
    named = node.named_children
    if node.type in ("test_command", "parenthesized_expression") and len(named) == 1:
        return outcome(named[0], words, depth + 1)
    if node.type == "command" and len(node.children) == 1:
        return (
            _ALWAYS.get(_value(named[0].named_children[0], words) or "") if named and named[0].named_children else None
        )
    operators = [child.type if child.type != "test_operator" else _text(child) for child in node.children]
    if node.type == "unary_expression" and operators and len(named) >= 1:
        if operators[0] == "!":
            inner = outcome(named[-1], words, depth + 1)
            return None if inner is None else not inner
        found = _value(named[-1], words) if operators[0] in ("-z", "-n") else None
        return None if found is None else (found == "") == (operators[0] == "-z")
    if node.type == "binary_expression" and len(node.children) == 3:
        return _binary(node, operators[1], words, depth)
    return None


def _binary(node: Node, operator: str, words: Words, depth: int) -> bool | None:
    left, right = node.children[0], node.children[2]
    if operator in ("&&", "||"):
        parts = (outcome(left, words, depth + 1), outcome(right, words, depth + 1))
        deciding = operator == "||"
        return deciding if deciding in parts else None if None in parts else not deciding
    if operator not in _EQUAL or right.type in _PATTERNS:
        return None
    texts = (_value(left, words), _value(right, words))
    if None in texts or any(char in (texts[1] or "") for char in "*?["):
        return None
    return (texts[0] == texts[1]) == _EQUAL[operator]


def _text(node: Node) -> str:
    return node.text.decode() if node.text is not None else ""


def _value(node: Node, words: Words) -> str | None:
    """The one text that a part of a test is."""
    found = words([node])
    if not found:
        return ""
    choices = found[0].all()
    if len(found) > 1 or found[0].branches or len(choices) > 1 or choices[0].branches or found[0].several:
        return None
    return choices[0].text
