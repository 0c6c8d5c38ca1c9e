"""What the Python reader bounds: native parsers are guarded, work grows with the text, nothing raises."""

from __future__ import annotations

import subprocess
import sys
from ast import PyCF_ONLY_AST
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecolint.model import Invocation, Items, Reading, Source, Table, Value, Wanted
from ecolint.readers import Nowhere
from ecolint.readers.python import reading as python_reading
from ecolint.readers.python.command_words import MAX_VISITS
from ecolint.readers.python.extent import MAX_PARTS
from ecolint.readers.python.lines import scan
from ecolint.readers.python.parsing import MAX_STATEMENT, MAX_WEIGHT, Stats, _at_most, _weight, guard
from ecolint.readers.python.reading import _parts, read_file

WANTED = Wanted(
    calls=("transformers.AutoModel*.from_pretrained", "transformers.pipeline"),
    likely_calls=("*.from_pretrained",),
    objects=("transformers.BitsAndBytesConfig",),
    methods=("generate", "__call__"),
    functions=("torch.compile", "*Trainer", "peft.*"),
    triggers=("pipeline",),
)


def reading(text: str, stats: Stats | None = None) -> Reading:
    return read_file(Source("app.py", text), WANTED, Nowhere(), stats)


def commands(text: str) -> tuple[Invocation, ...]:
    """What a text runs, where a server's command is wanted."""
    return read_file(Source("app.py", text), replace(WANTED, commands=("vllm",)), Nowhere(), None).invocations


BOMBS: dict[str, Callable[[int], str]] = {
    "brackets": lambda n: "(" * n + ")" * n,
    "lists": lambda n: "[" * n + "]" * n,
    "mixed": lambda n: "f([{" * n + "}])" * n,
    "terms": lambda n: "+".join(["a"] * n),
    "strings": lambda n: "+".join(["'a'"] * n),
    "methods": lambda n: "a" + ".b()" * n,
    "attributes": lambda n: "a" + ".b" * n,
    "subscripts": lambda n: "a" + "[0]" * n,
    "calls": lambda n: "a" + "()" * n,
    "implicit": lambda n: "(" + "'a'\n" * n + ")",
    "not": lambda n: "not " * n + "a",
    "minus": lambda n: "-" * n + "a",
    "tilde": lambda n: "~" * n + "a",
    "lambda": lambda n: "lambda: " * n + "a",
    "ternary": lambda n: "a if b else " * n + "c",
    "and": lambda n: " and ".join(["a"] * n),
    "power": lambda n: "**".join(["a"] * n),
    "compare": lambda n: "<".join(["a"] * n),
    "chained": lambda n: "b = " * n + "a",
    "await": lambda n: "await " * n + "a",
    "loops": lambda n: "[a" + " for a in b" * n + "]",
    "f-string": lambda n: "f'{" + "(" * n + "a" + ")" * n + "}'",
    "f-string terms": lambda n: "f'{" + "+".join(["a"] * n) + "}'",
    "f-string attributes": lambda n: "f'{a" + ".b" * n + "}'",
}


@pytest.mark.parametrize("bomb", BOMBS)
@pytest.mark.parametrize("size", [MAX_WEIGHT + 20, 1_500, 10_000])
def test_a_bomb_never_reaches_the_native_parser(bomb: str, size: int) -> None:
    assert guard(f"x = {BOMBS[bomb](size)}") is not None


@pytest.mark.parametrize(
    "statement",
    [
        "x = f(" + ", ".join(f"a{i}=b.c({i})" for i in range(500)) + ")",
        "x = [" + ", ".join(f"'{i}' + y" for i in range(1000)) + "]",
        "x = " + "{'a': " * 20 + "1" + "}" * 20,
        "x = '" + "((((" * 2000 + "'",
        "x = f'" + "-" * 3000 + "{a}'",
        "x = 1  # " + "(" * 5000,
        "x = model.to('cuda').eval().half().train().to('cpu').to('cuda').generate(a)[0].tolist()",
    ],
)
def test_ordinary_statements_pass_the_guard(statement: str) -> None:
    assert guard(statement) is None


@given(st.text("ab1 \n,.()[]{}'\"#-+~=:fnotrilamd", max_size=300))
@settings(max_examples=300, deadline=None)
def test_no_statement_weighs_more_than_its_bound(text: str) -> None:
    assert _weight(text) <= _at_most(text)


@pytest.mark.parametrize("bomb", BOMBS)
def test_no_bomb_weighs_more_than_its_bound(bomb: str) -> None:
    for size in (30, MAX_WEIGHT, 1_500):
        assert _weight(BOMBS[bomb](size)) <= _at_most(BOMBS[bomb](size))


def test_bombs_do_not_end_the_process() -> None:
    """In a process of its own, so that a crash fails this test and nothing else."""
    code = (
        "import sys; sys.path.insert(0, 'tests/readers')\n"
        "from test_python_limits import BOMBS, reading\n"
        "for name, make in BOMBS.items():\n"
        "    for size in (30, 49, 90, 99, 1500, 10000):\n"
        "        for text in (f'x = {make(size)}', f'pipeline({make(size)})', f'if {make(size)}:\\n    pipeline(1)'):\n"
        "            found = reading('from transformers import pipeline\\npipeline(0)\\n' + text)\n"
        "            assert len(found.invocations) >= 1, (name, size)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2], timeout=120)


def test_a_refused_statement_is_reported_with_its_line() -> None:
    deep = "(" * 5000 + "pipeline(1)" + ")" * 5000
    found = reading(f"from transformers import pipeline\npipeline(0)\n\nx = {deep}\n")
    assert len(found.invocations) == 1
    assert [(one.line, "deep" in one.reason) for one in found.problems] == [(4, True)]
    found = reading(f"from transformers import pipeline\npipeline(0)\npipeline('{'x' * MAX_STATEMENT}')\n")
    assert [(one.line, "KB" in one.reason) for one in found.problems] == [(3, True)]


BLOCKS = (
    *("def f(a,\nb):\n    return a\n", "@first\n@second(1)\nclass C:\n    x = 1\n", "x = [\n1,\n]\n", "a = 1; b = 2\n"),
    *("if a:\n    b\nelif c:\n    d\nelse:\n    e\n", "try:\n    a\nexcept E:\n    b\nelse:\n    c\nfinally:\n    d\n"),
    *("for a in b:\n    c\nelse:\n    d\n", "if a: b\nelse: c\n", "t = '''\nat the margin\n'''\n", "x = 1 + \\\n  2\n"),
    *("\n# a comment\n", "async def g():\n    await h()\n", "with a as b:\n    pass\n", "    # deeper\n"),
)


@given(st.lists(st.sampled_from(BLOCKS), min_size=1, max_size=12), st.sampled_from(("\n", "\r\n", "\r")))
@settings(max_examples=200, deadline=None)
def test_a_text_ends_its_parts_between_statements(blocks: list[str], ends: str) -> None:
    text = "".join(blocks).replace("\n", ends)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(python_reading, "PART", 1)
        parts = _parts(scan(text))
    assert (parts[0], parts[-1]) == (0, len(text))
    for start, end in pairwise(parts):
        compile(text[start:end], "part", "exec", PyCF_ONLY_AST)


def test_a_long_text_has_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(python_reading, "PART", 1)
    assert _parts(scan("x = 1\n" * 10)) == [*range(0, 60, 6), 60]


@pytest.mark.parametrize("wrong", ["def f(:\n    pass\n", "x = = 1\n", "if a:\nb = 1\n"])
def test_a_mistake_far_down_is_told_with_its_line(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(python_reading, "PART", 200)
    text = (
        "from transformers import pipeline\npipeline(0)\n" + "def f(a):\n    return a\n" * 50 + wrong + "y = 1\n" * 80
    )
    (problem,) = reading(text).problems
    assert problem.line == 103 + wrong.startswith("if")


@pytest.mark.parametrize(
    "text",
    [
        "x = (",
        "x = )",
        "'''",
        "'",
        '"\\',
        "\\",
        "#",
        "if",
        "if x",
        ":",
        ";;",
        "\t\n \n",
        "else:\n  x",
        "def f(",
        "class",
        "@",
        "match x:",
        "case 1:",
        "for x in",
        "import",
        "from",
        "from x import",
        "x =",
        "= 1",
        "x[",
        "lambda:",
        "\f\r\r\n",
        "if a: if b: c",
        "\n".join(" " * i + "if x:" for i in range(300)),
    ],
)
def test_the_scan_never_raises(text: str) -> None:
    scan(text)
    reading("from transformers import pipeline\npipeline(0)\n" + text)
    reading(text + "\nfrom transformers import pipeline\npipeline(0)\n")


PIECES = (
    *(
        "pipeline(",
        ")",
        "m",
        "=",
        "from_pretrained",
        "Auto.",
        "if",
        "else:",
        "elif x:",
        "for",
        "in",
        "def f(a):",
        "class C:",
    ),
    *(
        "return",
        "\n",
        "\n ",
        "\n\t",
        " ",
        "'",
        '"',
        "'''",
        '"""',
        "# ",
        "\\",
        ":",
        ";",
        ",",
        ".",
        "[",
        "]",
        "{",
        "}",
        "**",
        "*",
    ),
    *(
        "@",
        "lambda",
        "global",
        "with",
        "as",
        "try:",
        "except:",
        "import",
        "from",
        "transformers",
        "BitsAndBytesConfig",
        "|=",
    ),
    *(
        "kw['a']",
        "kw.update(",
        ":=",
        "self.x",
        "generate(",
        "None",
        "True",
        "1",
        "f'",
        "await",
        "match",
        "case",
        "\r",
        "\f",
    ),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=40))
def test_no_text_makes_the_reader_raise(pieces: list[str]) -> None:
    reading("from transformers import pipeline\n" + " ".join(pieces))


def module(lines: int) -> str:
    """A module of about that many lines with loads, rebindings, branches, helpers and loops."""
    names = "AutoModelForCausalLM as A, BitsAndBytesConfig, pipeline"
    head = f"import torch\nfrom transformers import {names}\nkw = {{}}\nm = None\n"
    block = (
        "NAME = 'org/model-{i}b'\n"
        "kw['k{i}'] = {i}\n"
        "if args.flag{i}:\n"
        "    kw['load_in_8bit'] = True\n"
        "def load_{i}(name=NAME, int8=True):\n"
        "    config = BitsAndBytesConfig(load_in_8bit=int8)\n"
        "    m = A.from_pretrained(name, quantization_config=config)\n"
        "    m = torch.compile(m)\n"
        "    return m\n"
        "m = load_{i}('x')\n"
        "for q in questions:\n"
        "    m.generate(q)\n"
        "pipe = pipeline('text', model=m)\n"
        "pipe(NAME)\n"
    )
    block += "# filler\nvalue = compute(value, 'text', [1, 2])\n" * 28
    return head + "".join(block.replace("{i}", str(i)) for i in range(lines // 70))


def test_work_grows_with_the_text_and_no_faster() -> None:
    small, large = Stats(), Stats()
    first = reading(module(2_100), small)
    second = reading(module(21_000), large)
    assert len(second.invocations) == pytest.approx(10 * len(first.invocations), rel=0.02)
    assert large.nodes_visited < 11 * small.nodes_visited
    assert large.lookups < 11 * small.lookups
    assert large.statements < 11 * small.statements


def test_one_name_bound_very_often_stays_cheap() -> None:
    def rebound(count: int) -> str:
        return "from transformers import pipeline\n" + "x = f(x)\nif x:\n    x = pipeline(x)\n" * count

    small, large = Stats(), Stats()
    reading(rebound(50), small)
    reading(rebound(500), large)
    assert large.lookups < 11 * small.lookups
    assert large.nodes_visited < 11 * small.nodes_visited


LOOPS = "from transformers import AutoModelForCausalLM as A, AutoTokenizer\nmodel = A.from_pretrained('org/model-7b')\n"
LOOP = (
    "def ask_{i}(model, question, docs):\n"
    "    parts = []\n"
    "    for doc in docs:\n"
    "        parts.append(doc)\n"
    "    prompt = '\\n'.join(parts) + question\n"
    "    ids = tokenizer(prompt, return_tensors='pt')\n"
    "    return model.generate(**ids)\n"
    "for row{i} in rows:\n"
    "    answers.append(ask_{i}(model, row{i}['question'], row{i}['docs']))\n"
    "    answers = answers + [1]\n"
    "for q in questions:\n"
    "    history = history + q\n"
    "    out = model.generate(tokenizer(history, return_tensors='pt'))\n"
    "    history = history + tokenizer.decode(out)\n"
    "for n in range(len(prompts)):\n"
    "    text = prompts[n]\n"
    "    model.generate(tokenizer(text, return_tensors='pt'))\n"
)


def looping(lines: int) -> str:
    """A module of about that many lines of loops and helpers that all use one object."""
    block = LOOP + "value = compute(value, [1, 2])\n" * 83
    return LOOPS + "".join(block.replace("{i}", str(i)) for i in range(lines // 100))


def in_one_loop(lines: int) -> str:
    """A module with one loop of about that many lines, in which each call's input rests on many lines before it."""
    block = "    text{i} = text{i} + row['a{i}']\n    kept.append(text{i})\n    x = wrap(x, text{i})\n"
    block += "    out{i} = model.generate(x)\n" + "    value = compute(value, [1, 2])\n" * 36
    return LOOPS + "for row in rows:\n" + "".join(block.replace("{i}", str(i)) for i in range(lines // 40))


@pytest.mark.parametrize("made", [looping, in_one_loop])
def test_loops_cost_what_they_are_long(made: Callable[[int], str]) -> None:
    small, large = Stats(), Stats()
    first = reading(made(2_000), small)
    second = reading(made(20_000), large)
    assert len(second.invocations[0].uses) == pytest.approx(10 * len(first.invocations[0].uses), rel=0.02)
    assert large.nodes_visited < 11 * small.nodes_visited
    assert large.lookups < 11 * small.lookups
    assert large.statements < 11 * small.statements
    assert large.steps < 11 * small.steps


LONG = 60_000
HEADS = ("", "x = ", "if ", "for ", "from ", "with a as ", "def f(", "@", "kw['a'", "setattr(", "pipeline(", "a.b")
UNITS = (" ", "a", "(", "'", '"', "=", ".", ",", ":", "a.", "a ", "not ", "( ", "'--a")


@pytest.mark.parametrize("head", HEADS)
def test_long_lines_are_read_in_time(head: str) -> None:
    """Anything that backtracks over the square of such a line takes minutes, not seconds."""
    code = (
        "import sys; sys.path.insert(0, 'tests/readers')\n"
        "from test_python_limits import LONG, UNITS, reading\n"
        f"head = {head!r}\n"
        "for unit in UNITS:\n"
        "    line = head + unit * (LONG // len(unit))\n"
        "    for text in (line + ' in b:\\n    pass', line + ' = 1'):\n"
        "        reading('from transformers import pipeline\\nm = pipeline(0)\\n' + text + '\\nm(1)\\n')\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2], timeout=120)


HEAVY: dict[str, Callable[[int], str]] = {
    "rebindings": lambda n: "kw = {}\n" + "kw = {**kw, 'a': 1}\n" * n + "pipeline(**kw)\n",
    "updates": lambda n: "kw = {}\n" + "kw.update(a=1)\nkw['b'] = 2\nkw.setdefault('c', 3)\n" * n + "pipeline(**kw)\n",
    "fields": lambda n: (
        "class C(BaseModel):\n"
        + "".join(f"    f{i}: int = {i}\n" for i in range(n))
        + "c = C()\n"
        + "".join(f"pipeline(c.f{i})\n" for i in range(n))
    ),
    "imports": lambda n: "".join(f"from .m{i} import name{i}\npipeline(name{i})\n" for i in range(n)),
    "stars": lambda n: "".join(f"from .m{i} import *\n" for i in range(n)) + "pipeline(unknown)\n" * n,
    "elifs": lambda n: (
        "def f(q):\n    if q == -1:\n        x = 0\n"
        + "".join(f"    elif q == {i}:\n        x = {i}\n" for i in range(n))
        + "    return pipeline(x)\n"
    ),
    "cases": lambda n: "match q:\n" + "".join(f"    case {i}:\n        x = {i}\n" for i in range(n)) + "pipeline(x)\n",
    "entries": lambda n: "".join(f"D{i} = {{'a': {i}, 'b': [1, 2]}}\npipeline(D{i}['a'])\n" for i in range(n)),
    "helpers": lambda n: "def f(x, y=1):\n    return pipeline(x, y)\n" + "".join(f"m{i} = f({i})\n" for i in range(n)),
    "conditionals": lambda n: (
        "def f(q):\n" + "".join(f"    x{i} = {i} if q == {i % 7} else 0\n    pipeline(x{i})\n" for i in range(n))
    ),
    "options": lambda n: "".join(f"p.add_argument('--o{i}', default={i})\npipeline(args.o{i})\n" for i in range(n)),
    "returns": lambda n: "def f(q):\n" + "    if q:\n        return 1\n" * n + "    return pipeline(q)\n",
}


@pytest.mark.parametrize("shape", HEAVY)
def test_data_flow_is_linear(shape: str) -> None:
    small, large = Stats(), Stats()
    head = "from transformers import pipeline\n"
    reading(head + HEAVY[shape](60), small)
    reading(head + HEAVY[shape](600), large)
    assert large.nodes_visited < 11 * small.nodes_visited
    assert large.lookups < 11 * small.lookups
    assert large.statements < 11 * small.statements


DOUBLED: dict[str, Callable[[int], str]] = {
    "splats": lambda n: "x0 = {'a': 1}\n" + "".join(f"x{i + 1} = {{**x{i}, **x{i}}}\n" for i in range(n)),
    "unions": lambda n: "x0 = {'a': 1}\n" + "".join(f"x{i + 1} = x{i} | x{i}\n" for i in range(n)),
    "copies": lambda n: (
        "x0 = {'a': 1}\n" + "".join(f"x{i + 1} = dict(x{i})\nx{i + 1}.update(x{i})\n" for i in range(n))
    ),
    "values": lambda n: "x0 = {'a': 1}\n" + "".join(f"x{i + 1} = {{'a': x{i}, 'b': x{i}}}\n" for i in range(n)),
    "lists": lambda n: "x0 = ['a']\n" + "".join(f"x{i + 1} = [x{i}, x{i}]\n" for i in range(n)),
    "branches": lambda n: (
        "x0 = {'a': 1}\n"
        + "".join(f"if a{i}:\n    x{i + 1} = {{**x{i}}}\nelse:\n    x{i + 1} = {{**x{i}, 'b': 1}}\n" for i in range(n))
    ),
}


def walked(value: Value) -> int:
    """How many parts somebody comes to who walks a value."""
    parts = 0
    for one in value:
        inside = one.data.items if isinstance(one.data, Items) else ()
        if isinstance(one.data, Table):
            inside = tuple(entry.value for entry in one.data.entries)
        parts += 1 + sum(map(walked, inside))
    return parts


@pytest.mark.parametrize("shape", DOUBLED)
def test_a_value_that_doubles_line_after_line_is_unknown_before_it_is_huge(shape: str) -> None:
    text = "from transformers import pipeline\n" + DOUBLED[shape](40) + "pipeline('text-generation', **x3, a=x40)\n"
    call = reading(text).invocations[0].call
    assert call is not None
    assert sum(walked(entry.value) for entry in call.entries) < 2 * MAX_PARTS


def test_words_that_are_added_to_themselves_end() -> None:
    text = "import subprocess\nx = ['vllm', 'serve', 'a']\n" + "x.extend(x)\n" * 60 + "subprocess.run(x)\n"
    assert sum(len(one.words.entries) for one in commands(text) if one.words is not None) < 4 * MAX_VISITS
