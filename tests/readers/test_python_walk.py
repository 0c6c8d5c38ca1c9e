"""Every node of a statement is met in the order, and under the parent, that LibCST's own visitor has."""

from __future__ import annotations

from pathlib import Path

import libcst as cst
import pytest

from ecolint.readers.python.lines import scan
from ecolint.readers.python.parsing import Parser, Stats

SEEN_APART = (cst.BaseParenthesizableWhitespace, cst.TrailingWhitespace, cst.EmptyLine, cst.Comma)


class Visitor(cst.CSTVisitor):
    def __init__(self) -> None:
        super().__init__()
        self.nodes: list[cst.CSTNode] = []
        self.parents: dict[cst.CSTNode, cst.CSTNode] = {}
        self.stack: list[cst.CSTNode] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        apart = isinstance(node, SEEN_APART)
        if not apart:
            if self.stack:
                self.parents[node] = self.stack[-1]
            self.nodes.append(node)
        self.stack.append(node)
        return not apart

    def on_leave(self, original_node: cst.CSTNode) -> None:
        self.stack.pop()


STATEMENTS = (
    "x: int = a if b else c\n",
    "a, (b, *c), d[1:2, ::3], e.f = await g(h, *i, j=k, **l), (yield m), not -n, o @ p\n",
    "x = [a async for b in c if d for e in f], {g: h for i in j}, {*k}, {**l, 'm': n}, (o for p in q)\n",
    "x = lambda a, /, b=1, *c, d, e=2, **f: a < b <= c != d is not e not in f\n",
    "x = f'{a!r:>{b}} {c=}' 'd' r'e', b'f', 1j, 2.0, ..., (f := g)\n",
    "def f[T: int](a: b, /, c: d = 1, *e: g, h, **i: j) -> k: return a\n",
    "class A(B, *C, d=E, **F): a = 1; b = 2\n",
    "with (a as b, c as (d, e)): pass\n",
    "for a, b in c: pass\n",
    "from .a import (b as c, d)\n",
    "import a.b as c, d\n",
    "assert a, b\n",
    "raise A from b\n",
    "global a, b\n",
    "del a, b[0]\n",
    "a += 1\n",
    "@a.b(c)\ndef f(): pass\n",
)


def compared(text: str) -> int:
    script = scan(text)
    parser, count = Parser(script, Stats()), 0
    for line in script.lines:
        statement = parser.parse(line)
        if statement is not None:
            walk = Visitor()
            statement.module.visit(walk)
            assert list(map(id, statement.nodes)) == list(map(id, walk.nodes))
            assert statement.parents == walk.parents
            count += 1
    return count


@pytest.mark.parametrize("text", STATEMENTS)
def test_a_statement_is_walked_as_the_visitor_walks_it(text: str) -> None:
    assert compared(text)


def test_a_module_is() -> None:
    text = Path(__file__).parents[2].joinpath("ecolint/readers/python/uses.py").read_text(encoding="utf-8")
    assert compared(text) > 200
