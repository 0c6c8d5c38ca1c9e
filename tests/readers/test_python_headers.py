"""The names of parameters, read off headers, are those that Python's own parser finds."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from ecolint.readers.python.headers import parameters
from ecolint.readers.python.lines import scan

HEADERS = (
    "def f():",
    "def f(a):",
    "async def f(a, b=1, *c, d, e=2, **g):",
    "def f(a, /, b, *, c):",
    "def f(self, x: dict[str, int] = {'a': 1}, y: 'list[int]' = [1, 2]) -> dict[str, int]:",
    "def f(a=g(b, c), d=(e, h), i=lambda j, k=1: j):",
    'def f(a="x, y", b=\'(\', c="""z,\n(""", d=f"{e}, {g}"):',
    "def f(  # told, later\n    a,  # (one\n    b=2,  # two)\n    *,\n    c,\n):",
    "def f(\\\n    a,\\\n    b):",
    "def größe(länge, *breite):",
)


def named(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[tuple[str, str]]:
    taken = node.args
    plain = [(one.arg, "") for one in (*taken.posonlyargs, *taken.args)]
    listed = [(taken.vararg.arg, "*")] if taken.vararg else []
    named = [(one.arg, "") for one in taken.kwonlyargs]
    return plain + listed + named + ([(taken.kwarg.arg, "**")] if taken.kwarg else [])


@pytest.mark.parametrize("header", HEADERS)
def test_a_header_names_its_parameters(header: str) -> None:
    (node,) = ast.parse(f"{header}\n    pass\n").body
    assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    assert list(parameters(header).items()) == named(node)


def test_what_stands_in_square_brackets_before_them_are_types() -> None:
    assert parameters("def f[T: (int, str), *U](a: T, *b):") == {"a": "", "b": "*"}


@pytest.mark.parametrize("text", ["", "class A(B):", "def f", "def f(", "def f(a, (b", "lambda a: b"])
def test_what_is_no_header_raises_nothing(text: str) -> None:
    assert set(parameters(text)) <= {"a"}


def test_every_header_of_this_project() -> None:
    count = 0
    for path in Path(__file__).parents[2].joinpath("ecolint").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        script = scan(text)
        bodies = {script.number(line.start): script.body(line) for line in script.lines if line.kind == "def"}
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert list(parameters(bodies[node.lineno]).items()) == named(node)
                count += 1
    assert count > 1_000
