"""What the Python reader finds: calls, values, branches, objects and their later life."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from ecolint.model import Alternative, Invocation, Items, Reading, Scalar, Service, Source, Symbol, Table, Value, Wanted
from ecolint.readers import Nowhere, reader_of
from ecolint.readers.python import constants, read

WANTED = Wanted(
    calls=("transformers.AutoModel*.from_pretrained", "transformers.pipeline", "vllm.LLM"),
    likely_calls=("*.from_pretrained",),
    objects=("transformers.BitsAndBytesConfig",),
    methods=("generate", "__call__"),
    functions=("torch.compile", "*Trainer", "peft.*", "torchao.quantization.quantize_"),
    triggers=("from_pretrained", "BitsAndBytesConfig", "LLM(", "pipeline"),
    services=(Service("cache", once=("*cache",)),),
)
HEAD = "import torch\nfrom transformers import AutoModelForCausalLM as Auto, BitsAndBytesConfig, pipeline\n"


class Project(Nowhere):
    """A project whose only other module is given as text."""

    def __init__(self, modules: Mapping[str, str] | None = None) -> None:
        self.modules = modules or {}

    def constants(self, module: str, from_path: str) -> Mapping[str, Value]:
        text = self.modules.get(module)
        return constants(Source(module.strip(".") + ".py", text)) if text is not None else {}


def reading(text: str, project: Project | None = None) -> Reading:
    return read(Source("app.py", text), WANTED, project or Project())


def invocations(text: str, project: Project | None = None) -> tuple[Invocation, ...]:
    return reading(HEAD + text, project).invocations


def plain(value: Value) -> object:
    """A value in a form that tests can write down: one datum, or a dict by branches; "?" is unknown."""
    if len(value) == 1 and not value[0].branches:
        return _datum(value[0])
    return {tuple(sorted(one.branches)): _datum(one) for one in value}


def _datum(one: Alternative) -> object:
    if one.kind == "unknown":
        return "?"
    if isinstance(one.data, Symbol):
        return f"<{one.data.name}>"
    if isinstance(one.data, Items):
        return [plain(item) for item in one.data.items]
    if isinstance(one.data, Table):
        return entries(one.data)
    return one.data


def entries(table: Table) -> dict[str, object]:
    found: dict[str, object] = {}
    for entry in table.entries:
        value = plain(entry.value)
        if entry.name == "**" and isinstance(value, dict) and len(entry.value) == 1:
            found.update(value)
        elif entry.branches:
            held = found.get(entry.name)
            before = held if isinstance(held, dict) else {}
            found[entry.name] = {**before, tuple(sorted(entry.branches)): value}
        else:
            found[entry.name] = value
    return found


def arguments(text: str, project: Project | None = None) -> dict[str, object]:
    found = invocations(text, project)
    assert found, "no invocation"
    call = found[-1].call
    assert call is not None
    return entries(call)


def loaded(value: str, before: str = "") -> object:
    return arguments(f"{before}\nAuto.from_pretrained(x={value})")["x"]


def test_the_reader_is_found_by_suffix() -> None:
    assert reader_of("app/main.py") is not None


def test_text_without_a_trigger_is_not_read_at_all() -> None:
    assert reading("print 'old' ((((") == Reading()


# --- values -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("'a'", "a"),
        ("'a' 'b'", "ab"),
        ("'a' + 'b'", "ab"),
        ("b'a'", "?"),
        ("1_000", 1000),
        ("4 * 1024", 4096),
        ("-1", -1),
        ("6.0", 6.0),
        ("1 / 0", "?"),
        ("10 ** 1000", 0),
        ("None", None),
        ("not True", False),
        ("[1, 'a']", [1, "a"]),
        ("(1, y)", [1, "?"]),
        ("torch.float16", "<torch.float16>"),
        ("int('8')", 8),
        ("'a' if True else 'b'", "a"),
        ("True and False", False),
        ("None or 'x'", "x"),
        ("unknown_name", "?"),
        ("int", "?"),
        ("f(3)", "?"),
        ("[i for i in y]", "?"),
        ("{'a': {'b': True}}['a']['b']", True),
        ("(y := 5)", 5),
        ("os.environ['A']", "?"),
    ],
)
def test_expressions(expression: str, expected: object) -> None:
    assert loaded(expression) == expected


@pytest.mark.parametrize(
    ("before", "expression", "expected"),
    [
        ("NAME = 'a'", "NAME", "a"),
        ("NAME = 'a'\nPATH = f'org/{NAME}-{7}b'", "PATH", "org/a-7b"),
        ("a = b = 'x'", "b", "x"),
        ("a, (b, c) = 1, (2, 3)", "c", 3),
        ("a: int = 3", "a", 3),
        ("a = 3\na += 1", "a", "?"),
        ("for a in range(3): pass", "a", "?"),
        ("with open('f') as a: pass", "a", "?"),
        ("a = 1\ndel a", "a", "?"),
        ("a = 1\na = 2", "a", 2),
        ("import os\na = os.environ.get('A', 'x')", "a", "x"),
        ("from os import getenv\na = getenv('A', 'x')", "a", "x"),
        ("import os\na = os.environ.get('A')", "a", "?"),
        ("import torch as t", "t.bfloat16", "<torch.bfloat16>"),
        ("from torch import float16 as half", "half", "<torch.float16>"),
        ("class C:\n    X = 'm'", "C.X", "m"),
        ("class C:\n    X: str = 'm'\nc = C()", "c.X", "m"),
        ("class C:\n    def __init__(self):\n        self.x = 4\nc = C()", "c.x", 4),
        ("def f():\n    return 'r'", "f()", "r"),
        ("def f(a, b=2):\n    return b", "f(1, b=3)", 3),
        ("def f(a, b=2):\n    return b", "f(1)", 2),
        ("def f(n):\n    return f(n)", "f(1)", "?"),
        ("a = b\nb = a", "a", "?"),
        ("d = {'k': 'v'}", "d.get('k')", "v"),
        ("d = {'k': 'v'}", "d.get('z', 9)", 9),
        ("M = ['a', 'b']", "M[1]", "b"),
        ("from .conf import NAME", "NAME", "?"),
        (
            "import argparse\np = argparse.ArgumentParser()\np.add_argument('--model-id', default='gpt2')\n"
            "a = p.parse_args()",
            "a.model_id",
            "gpt2",
        ),
        (
            "import argparse\np = argparse.ArgumentParser()\np.add_argument('--q', action='store_true')\n"
            "a = p.parse_args()",
            "a.q",
            False,
        ),
        ("import sys\nM = sys.argv[1]", "M", "?"),
    ],
)
def test_names(before: str, expression: str, expected: object) -> None:
    assert loaded(expression, before) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("def f(m='a'):\n    Auto.from_pretrained(x=m)", "a"),
        ("def f(m):\n    Auto.from_pretrained(x=m)\nf('b')", "b"),
        ("def f(m='a'):\n    Auto.from_pretrained(x=m)\nf('b')\nf('b')", "b"),
        ("def f(m='a'):\n    Auto.from_pretrained(x=m)\nf(**kw)", "a"),
        ("def f(*m):\n    Auto.from_pretrained(x=m)", "?"),
        ("import click\n@click.option('--m', default='a')\ndef f(m):\n    Auto.from_pretrained(x=m)", "a"),
        ("import typer\ndef f(m: str = typer.Option('a', '--m')):\n    Auto.from_pretrained(x=m)", "a"),
        ("M = 'a'\ndef f():\n    Auto.from_pretrained(x=M)", "a"),
        ("M = 'a'\nM = 'b'\ndef f():\n    Auto.from_pretrained(x=M)", "?"),
        ("M = 'a'\ndef g(v):\n    global M\n    M = v\ndef f():\n    Auto.from_pretrained(x=M)", "?"),
        ("def f():\n    M = 'a'\n    def g():\n        Auto.from_pretrained(x=M)", "a"),
        ("class C:\n    M = 'a'\n    def f(self):\n        Auto.from_pretrained(x=self.M)", "a"),
        ("class C:\n    M = 'a'\n    def f(self):\n        Auto.from_pretrained(x=M)", "?"),
        ("class B:\n    M = 'a'\nclass C(B):\n    def f(self):\n        Auto.from_pretrained(x=self.M)", "a"),
        ("if use_int8:\n    Auto.from_pretrained(x=0, load_in_8bit=use_int8)", 0),
        ("y = [Auto.from_pretrained(x=M) for M in z]", "?"),
        ("y = lambda M: Auto.from_pretrained(x=M)", "?"),
    ],
)
def test_scopes(text: str, expected: object) -> None:
    assert arguments(text)["x"] == expected


@pytest.mark.parametrize(
    ("text", "how"),
    [
        ("Auto.from_pretrained(x='a')", "literal"),
        ("M = 'a'\nAuto.from_pretrained(x=M)", "constant"),
        ("def f(m='a'):\n    Auto.from_pretrained(x=m)", "default"),
        ("import os\nAuto.from_pretrained(x=os.getenv('M', 'a'))", "default"),
        ("import os\nM = os.getenv('M', 'a')\nAuto.from_pretrained(x=M + 'b')", "default"),
        (
            "from dataclasses import dataclass\n@dataclass\nclass C:\n    m: str = 'a'\nc = C()\n"
            "Auto.from_pretrained(x=c.m)",
            "default",
        ),
    ],
)
def test_how_a_value_was_resolved(text: str, how: str) -> None:
    call = invocations(text)[0].call
    assert call is not None
    assert call.entries[0].value[0].how == how


def test_a_value_is_its_own_guard_for_flags_only() -> None:
    text = (
        "def f(use_int8, path):\n    if use_int8 and path:\n        Auto.from_pretrained(path, load_in_8bit=use_int8)"
    )
    found = arguments(text)
    assert found["load_in_8bit"] is True
    assert found["0"] == "?"
    assert arguments("if a.q == 'nf4':\n    Auto.from_pretrained(x=a.q)")["x"] == "nf4"
    assert arguments("if f:\n    pass\nelse:\n    Auto.from_pretrained(use_cache=f)")["use_cache"] is False
    assert arguments("if use_x:\n    use_x = g()\n    Auto.from_pretrained(use_x=use_x)")["use_x"] == "?"


def test_the_place_is_where_the_literal_stands() -> None:
    text = HEAD + "NAME = 'gpt2'  # é\nAuto.from_pretrained(NAME)"
    call = reading(text).invocations[0].call
    assert call is not None
    place = call.entries[0].value[0].place
    assert place is not None
    assert text[place.span.start : place.span.end] == "'gpt2'"
    assert text[call.place.span.start : call.place.span.end] == "Auto.from_pretrained(NAME)"


def test_data_read_twice_is_shared() -> None:
    once = invocations("N = 'a'\nAuto.from_pretrained(N)")[0].call
    twice = invocations("N = 'a'\nAuto.from_pretrained(N)\nprint(N)")[0].call
    assert once is not None
    assert twice is not None
    assert not once.entries[0].value[0].shared
    assert twice.entries[0].value[0].shared


def test_constants_of_sibling_modules() -> None:
    project = Project({".conf": "MODEL = 'gpt2'\nclass S:\n    N = 'opt'\nKW = dict(a=1)\n", "conf": "M = 1"})
    assert arguments("from .conf import MODEL\nAuto.from_pretrained(x=MODEL)", project)["x"] == "gpt2"
    assert arguments("from .conf import S\nAuto.from_pretrained(x=S.N)", project)["x"] == "opt"
    assert arguments("import conf\nAuto.from_pretrained(x=conf.M)", project)["x"] == 1
    assert arguments("from .conf import KW\nAuto.from_pretrained(**KW)", project) == {"a": 1}
    assert arguments("from .conf import NO\nAuto.from_pretrained(x=NO)", project)["x"] == "?"


def test_exported_constants() -> None:
    text = (
        "A = 1\nb = 'x'\nD = {'a': A}\nw = f()\nif x:\n    E = 1\nelse:\n    E = 2\nfrom t import C\nbnb = C(q=True)\n"
    )
    found = constants(Source("conf.py", text))
    assert plain(found["A"]) == 1
    assert plain(found["D"]) == {"a": 1}
    assert plain(found["bnb"]) == {"q": True}
    assert sorted(map(str, (one.data for one in found["E"]))) == ["1", "2"]
    assert "w" not in found
    assert constants(Source("bad.py", "a = (((\n\0")) == {}


# --- tables -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "call", "expected"),
    [
        ("kw = {'a': 1}", "**kw", {"a": 1}),
        ("kw = dict(a=1)", "**kw", {"a": 1}),
        ("kw = dict({'a': 1}, b=2)", "**kw", {"a": 1, "b": 2}),
        ("kw = {'a': 1}\nkw['b'] = True", "**kw", {"a": 1, "b": True}),
        ("kw = {'a': 1}\nkw['a'] = 2", "**kw", {"a": 2}),
        ("kw = {'a': 1}\nkw.update(b=2)", "**kw", {"a": 1, "b": 2}),
        ("kw = {'a': 1}\nkw.update({'b': 2})", "**kw", {"a": 1, "b": 2}),
        ("kw = {'a': 1}\nkw |= {'b': 2}", "**kw", {"a": 1, "b": 2}),
        ("kw = {'a': 1, 'b': 2}\ndel kw['a']", "**kw", {"b": 2}),
        ("kw = {'a': 1, 'b': 2}\nkw.pop('b')", "**kw", {"a": 1}),
        ("base = {'a': 1}\nkw = {**base, 'b': 2}", "**kw", {"a": 1, "b": 2}),
        ("kw = {'a': 1}.copy()", "b=2", {"b": 2}),
        ("c = BitsAndBytesConfig(a=1)\nc.b = 0.0", "x=c", {"x": {"a": 1, "b": 0.0}}),
        ("kw = {}\nif q:\n    kw['a'] = 1", "**kw", {"a": {(("L4", 0),): 1}}),
        (
            "kw = {'a': 0}\nif q:\n    kw['a'] = 1",
            "**kw",
            {"a": {(("L4", 0),): 1, (("L4", 1),): 0}},
        ),
    ],
)
def test_dictionaries_and_configurations(before: str, call: str, expected: object) -> None:
    assert arguments(f"{before}\nAuto.from_pretrained({call})") == expected


@pytest.mark.parametrize(
    ("text", "is_open"),
    [
        ("Auto.from_pretrained(a=1)", False),
        ("Auto.from_pretrained(**kw)", True),
        ("Auto.from_pretrained(*a)", True),
        ("kw = {}\nkw[key] = 1\nAuto.from_pretrained(**kw)", True),
        ("kw = {}\nkw.update(other)\nAuto.from_pretrained(**kw)", True),
        ("kw = {}\nkw['a']['b'] = 1\nAuto.from_pretrained(**kw)", False),
        ("kw = {'a': 1, **other}\nAuto.from_pretrained(**kw)", True),
        ("def f(**kw):\n    kw['a'] = 1\n    Auto.from_pretrained(**kw)", True),
    ],
)
def test_unknown_is_not_absent(text: str, is_open: bool) -> None:
    call = invocations(text)[0].call
    assert call is not None
    assert call.open is is_open


def test_what_is_set_on_an_unknown_dictionary_is_seen() -> None:
    assert arguments("def f(**kw):\n    kw['a'] = 1\n    Auto.from_pretrained(**kw)") == {"a": 1}


# --- branches ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("if q:\n    a = 1\nelse:\n    a = 2", {(("L3", 0),): 1, (("L3", 1),): 2}),
        ("a = 0\nif q:\n    a = 1", {(("L4", 0),): 1, (("L4", 1),): 0}),
        ("if q:\n    a = 1\nelif r:\n    a = 2\nelse:\n    a = 3", {(("L3", 0),): 1, (("L3", 1),): 2, (("L3", 2),): 3}),
        ("try:\n    a = 1\nexcept E:\n    a = 2", {(("L3", 0),): 1, (("L3", 1),): 2}),
        ("match q:\n    case 1:\n        a = 1\n    case _:\n        a = 2", {(("L4", 0),): 1, (("L4", 1),): 2}),
        ("if False:\n    a = 1\nelse:\n    a = 2", 2),
        ("a = 0\nif True:\n    a = 1", 1),
        ("USE = True\na = 0\nif USE:\n    a = 1", 1),
        ("MODE = 'x'\na = 0\nif MODE == 'x':\n    a = 1", 1),
        ("a = 0\nif __name__ == '__main__':\n    a = 1", 1),
        ("for i in y:\n    a = 1", 1),
        ("with y:\n    a = 1", 1),
        ("if q: a = 1\nelse: a = 2", {(("L3", 0),): 1, (("L3", 1),): 2}),
        ("a = 0\nif q:\n    a = 1\n    raise E", 0),
        ("a = 1 if q else 2", {(("L3c4", 0),): 1, (("L3c4", 1),): 2}),
        ("if q:\n    a = 1\nelse:\n    b = 1", {(("L3", 0),): 1}),
    ],
)
def test_alternatives(before: str, expected: object) -> None:
    assert loaded("a", before) == expected


def test_a_binding_of_the_same_block_has_no_branch() -> None:
    assert arguments("if q:\n    a = 1\n    Auto.from_pretrained(x=a)")["x"] == 1


def test_exclusive_arms_never_mix() -> None:
    text = "if q:\n    a = 1\nelse:\n    a = 2\n    Auto.from_pretrained(x=a)"
    assert arguments(text)["x"] == 2


def test_equal_tests_are_one_decision() -> None:
    found = arguments("kw = {}\nif args.int8:\n    kw['a'] = 1\nif args.int8:\n    Auto.from_pretrained(**kw)")
    assert found == {"a": 1}
    found = arguments("kw = {}\nif args.int8:\n    kw['a'] = 1\nif not args.int8:\n    Auto.from_pretrained(**kw)")
    assert found == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Auto.from_pretrained(1)", [set()]),
        ("if q:\n    Auto.from_pretrained(1)", [{("L3", 0)}]),
        ("if q:\n    pass\nelse:\n    Auto.from_pretrained(1)", [{("L3", 1)}]),
        ("def f(q):\n    if q:\n        return 1\n    Auto.from_pretrained(1)", [{("L4", 1)}]),
        ("def f(q):\n    if q:\n        raise E\n    Auto.from_pretrained(1)", [set()]),
        ("m = None\ndef f():\n    global m\n    if m is None:\n        m = Auto.from_pretrained(1)", [set()]),
        ("if False:\n    Auto.from_pretrained(1)", []),
        ("if __name__ == '__main__':\n    Auto.from_pretrained(1)", [set()]),
        ("x = Auto.from_pretrained(1) if q else None", [{("L3c4", 0)}]),
        (
            "def f(q):\n    if q == 8:\n        return Auto.from_pretrained(8)\n    elif q == 4:\n"
            "        return Auto.from_pretrained(4)\n    return Auto.from_pretrained(16)",
            [{("L4", 0)}, {("L4", 1)}, {("L4", 2)}],
        ),
    ],
)
def test_what_must_be_taken_for_a_call(text: str, expected: list[set[tuple[str, int]]]) -> None:
    assert [set(one.branches) for one in invocations(text)] == expected


# --- invocations ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Auto.from_pretrained('a')", [("transformers.AutoModelForCausalLM.from_pretrained", False)]),
        ("import transformers as t\nt.pipeline('x')", [("transformers.pipeline", False)]),
        ("def f():\n    from vllm import LLM as Engine\n    Engine('x')", [("vllm.LLM", False)]),
        ("try:\n    from vllm import LLM\nexcept ImportError:\n    LLM = None\nLLM('x')", [("vllm.LLM", False)]),
        ("from vllm import *\nLLM('x')", [("vllm.LLM", True)]),
        ("LLM('x')", []),
        ("from .vllm import LLM\nLLM('x')", []),
        ("from mine import LLM\nLLM('x')", []),
        ("class LLM: pass\nLLM('x')", []),
        (
            "cls_ = Auto if q else Other\ncls_.from_pretrained('x')",
            [("transformers.AutoModelForCausalLM.from_pretrained", True)],
        ),
        ("def f(k):\n    k.from_pretrained('x')", []),
        (
            "from transformers import BitsAndBytesConfig as B\ndef f(k):\n    k.from_pretrained('x', q=B())",
            [("k.from_pretrained", True)],
        ),
        (
            "from transformers import BitsAndBytesConfig as B\ngetattr(hf, n).from_pretrained('x', **{'q': B()})",
            [("?.from_pretrained", True)],
        ),
        (
            "class M(Auto): pass\nM.from_pretrained('x')",
            [("transformers.AutoModelForCausalLM.from_pretrained", True)],
        ),
        ("class M(Other): pass\nM.from_pretrained('x')", []),
        ("from .mine import M\nM.from_pretrained('x')", []),
        ("from transformers import AutoTokenizer\nAutoTokenizer.from_pretrained('x')", []),
        ("load = Auto.from_pretrained\nload('x')", [("transformers.AutoModelForCausalLM.from_pretrained", True)]),
        (
            "from functools import partial\nload = partial(Auto.from_pretrained, a=1)\nload('x')",
            [("transformers.AutoModelForCausalLM.from_pretrained", False)],
        ),
        ("x = f'{pipeline(1)}'", [("transformers.pipeline", False)]),
        ("x = lambda: pipeline(1)", [("transformers.pipeline", False)]),
        ("@deco(pipeline(1))\ndef f(x=pipeline(2)): pass", [("transformers.pipeline", False)] * 2),
        ("async def f():\n    async with y:\n        return await pipeline(1)", [("transformers.pipeline", False)]),
        ("'''pipeline(1)'''\n# pipeline(2)\nx = 'pipeline(3)'", []),
        ("a = 1; pipeline(1); b = 2", [("transformers.pipeline", False)]),
    ],
)
def test_callees(text: str, expected: list[tuple[str, bool]]) -> None:
    assert [(one.name, one.likely) for one in invocations(text)] == expected


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("c = BitsAndBytesConfig(a=1)", 0),
        ("c = BitsAndBytesConfig(a=1)\nc.b = 2", 0),
        ("c = BitsAndBytesConfig(a=1)\nprint(c)", 0),
        ("c = BitsAndBytesConfig(a=1)\nload(c)", 1),
        ("def f():\n    return BitsAndBytesConfig(a=1)", 1),
        ("self.c = BitsAndBytesConfig(a=1)", 1),
        ("kw = {'q': BitsAndBytesConfig(a=1)}", 1),
    ],
)
def test_configurations_that_escape(text: str, count: int) -> None:
    found = invocations(text)
    assert len(found) == count
    assert all(one.likely for one in found)


@pytest.mark.parametrize(
    "text",
    [
        "c = BitsAndBytesConfig(a=1)\nAuto.from_pretrained(1, q=c)",
        "kw = {'q': BitsAndBytesConfig(a=1)}\nAuto.from_pretrained(1, **kw)",
        "def f():\n    return BitsAndBytesConfig(a=1)\nAuto.from_pretrained(1, q=f())",
        "def g(c):\n    return Auto.from_pretrained(1, q=c)\ng(BitsAndBytesConfig(a=1))",
        "class S:\n    def __init__(self):\n        self.c = BitsAndBytesConfig(a=1)\n"
        "        Auto.from_pretrained(1, q=self.c)",
    ],
)
def test_a_consumed_configuration_is_part_of_its_load(text: str) -> None:
    found = invocations(text)
    assert [one.name.rpartition(".")[2] for one in found] == ["from_pretrained"]
    assert found[0].call is not None
    assert entries(found[0].call)["q"] == {"a": 1}


# --- uses -------------------------------------------------------------------------------------------------------------

LOAD = "m = Auto.from_pretrained('x')\n"


def uses(text: str) -> list[list[str]]:
    return [[use.name for use in one.uses] for one in invocations(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (LOAD + "m.generate(1)", [["{}.generate"]]),
        ("Auto.from_pretrained('x').to('cuda').eval().generate(1)", [["{}.generate"]]),
        (LOAD + "n = m\nn.generate(1)", [["{}.generate"]]),
        (LOAD + "m = torch.compile(m)\nm.generate(1)", [["torch.compile", "{}.generate"]]),
        (
            LOAD + "from peft import get_peft_model\nm = get_peft_model(m, c)\nm.generate(1)",
            [["peft.get_peft_model", "{}.generate"]],
        ),
        (LOAD + "t = MyTrainer(model=m)", [["MyTrainer"]]),
        (LOAD + "m = accelerator.prepare(m)\nm.generate(1)", [["{}.generate"]]),
        ("p = pipeline('x')\np('hi')", [["{}.__call__"]]),
        ("pipeline('x')('hi')", [["{}.__call__"]]),
        ("def f():\n    m = Auto.from_pretrained(1)\n    return m, 2\nm, t = f()\nm.generate(1)", [["{}.generate"]]),
        ("def f():\n    m = Auto.from_pretrained(1)\n    return m, 2\nm, t = f()\nt.generate(1)", [[]]),
        (LOAD + "def g(q, x):\n    return q.generate(x)\ng(m, 1)", [["{}.generate"]]),
        (LOAD + "def g(x):\n    return m.generate(x)", [["{}.generate"]]),
        (
            "m = None\ndef f():\n    global m\n    m = Auto.from_pretrained(1)\ndef g():\n    m.generate(1)",
            [["{}.generate"]],
        ),
        (
            "class S:\n    def __init__(self):\n        self.m = Auto.from_pretrained(1)\n"
            "    def f(self):\n        self.m.generate(1)",
            [["{}.generate"]],
        ),
        (
            "class S:\n    def __init__(self):\n        self.m = Auto.from_pretrained(1)\ns = S()\ns.m.generate(1)",
            [["{}.generate"]],
        ),
        ("def f():\n    m = Auto.from_pretrained(1)\ndef g(m):\n    m.generate(1)", [[]]),
        (LOAD + "qrcode.generate(1)", [[]]),
        (LOAD + "m = other()\nm.generate(1)", [[]]),
        (
            "if q:\n    m = Auto.from_pretrained(1)\nelse:\n    m = Auto.from_pretrained(2)\nm.generate(1)",
            [["{}.generate"]] * 2,
        ),
        ("a = Auto.from_pretrained(1)\nb = Auto.from_pretrained(2)\nb.generate(1)", [[], ["{}.generate"]]),
        ("with torch.device('x'):\n    m = Auto.from_pretrained(1)\nm.generate(1)", [["{}.generate"]]),
        ("M = {}\nM['a'] = Auto.from_pretrained(1)\nM['a'].generate(1)", [["{}.generate"]]),
    ],
)
def test_the_later_life_of_an_object(text: str, expected: list[list[str]]) -> None:
    assert uses(text) == expected


CHAIN = "if k == 'a':\n    {}\nelif k == 'b':\n    {}\nelse:\n    {}\n"
LOADS = CHAIN.format("m = Auto.from_pretrained(1)", "m = Auto.from_pretrained(2)", "m = Auto.from_pretrained(3)")


@pytest.mark.parametrize(
    "text",
    [
        LOADS + CHAIN.format("m.generate(1)", "m.generate(2)", "m.generate(3)"),
        LOADS
        + "for q in qs:\n    "
        + CHAIN.format("m.generate(1)", "m.generate(2)", "m.generate(3)").replace("\n", "\n    "),
        "match k:\n    case 'a':\n        m = Auto.from_pretrained(1)\n"
        "    case 'b':\n        m = Auto.from_pretrained(2)\n    case _:\n        m = Auto.from_pretrained(3)\n"
        "match k:\n    case 'a':\n        m.generate(1)\n"
        "    case 'b':\n        m.generate(2)\n    case _:\n        m.generate(3)\n",
        "class S:\n    def __init__(self, k):\n        self.k = k\n        if self.k == 1:\n"
        "            self.m = Auto.from_pretrained(1)\n        elif self.k == 2:\n"
        "            self.m = Auto.from_pretrained(2)\n"
        "        else:\n            self.m = Auto.from_pretrained(3)\n    def f(self):\n        if self.k == 1:\n"
        "            self.m.generate(1)\n        elif self.k == 2:\n            self.m.generate(2)\n        else:\n"
        "            self.m.generate(3)\n",
        "k = input()\ndef f():\n    "
        + LOADS.replace("\n", "\n    ")
        + "return m\ndef g():\n    m = f()\n    "
        + CHAIN.format("m.generate(1)", "m.generate(2)", "m.generate(3)").replace("\n", "\n    "),
    ],
)
def test_equal_chains_are_one_decision(text: str) -> None:
    found = invocations(text)
    assert [[plain(use.table.entries[0].value) for use in one.uses if use.table] for one in found] == [[1], [2], [3]]


def test_a_use_without_its_starts_arm_knows_how_the_object_came() -> None:
    (found,) = invocations("m = Auto.from_pretrained(1)\nif q:\n    m = other()\nm.generate(1)")
    assert [set(use.branches) for use in found.uses] == [{("L4", 1)}]
    (found,) = invocations("m = Auto.from_pretrained(1)\nif q:\n    m = m.half()\nm.generate(1)")
    assert [set(use.branches) for use in found.uses] == [set()]


@pytest.mark.parametrize("decorator", ["property", "cached_property", "functools.cached_property"])
def test_a_property_stands_for_what_it_returns(decorator: str) -> None:
    text = (
        "class S:\n    def __init__(self):\n        self._m = Auto.from_pretrained(1)\n"
        f"    @{decorator}\n    def model(self):\n        return self._m\n"
        "    def f(self, qs):\n        for q in qs:\n            self.model.generate(q)\n"
    )
    (found,) = invocations(text)
    assert [(use.name, use.per_item) for use in found.uses] == [("{}.generate", True)]
    (called,) = invocations(text.replace("self.model.generate(q)", "self.model(q)"))
    assert [use.name for use in called.uses] == ["{}.__call__"]
    (bare,) = invocations(text.replace(f"    @{decorator}\n", ""))
    assert bare.uses == ()


@pytest.mark.parametrize("part", ["forward", "generate", "model"])
def test_a_function_that_takes_a_method_takes_the_object(part: str) -> None:
    assert uses(LOAD + f"m.{part} = torch.compile(m.{part})\nm.generate(1)") == [["torch.compile", "{}.generate"]]
    assert uses(LOAD + "x = torch.compile(m.config)") == [[]]


def test_a_class_attribute_may_be_overridden_by_a_subclass() -> None:
    text = "class C:\n    M = 'a'\n    def __init__(self):\n        self.n = 'b'\n    def f(self):\n        "
    call = invocations(text + "Auto.from_pretrained(self.M, self.n, C.M)")[0].call
    assert call is not None
    assert [one.value[0].how for one in call.entries] == ["default", "constant", "constant"]


def test_positional_arguments_of_configurations_are_numbered() -> None:
    assert arguments("Auto.from_pretrained(x=BitsAndBytesConfig(True))")["x"] == {"0": True}


def test_a_use_keeps_its_arguments_and_branches() -> None:
    (found,) = invocations(LOAD + "if q:\n    m.generate(1, use_cache=False)")
    (use,) = found.uses
    assert use.table is not None
    assert entries(use.table)["use_cache"] is False
    assert set(use.branches) == {("L4", 0)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("for q in questions:\n    m.generate(q)", True),
        ("for q in questions:\n    x = tok(q)\n    y = m.generate(**x)", True),
        ("for i in range(len(p)):\n    m.generate(p[i])", True),
        ("for i, q in enumerate(tqdm(qs)):\n    m.generate(q)", True),
        ("for a, b in zip(x, y):\n    m.generate(a)", True),
        ("for _, row in df.iterrows():\n    msg = [{'c': row['t']}]\n    m.generate(tok(msg))", True),
        ("y = [m.generate(q) for q in qs]", True),
        ("def p(q):\n    return m.generate(tok(q))\nfor q in qs:\n    p(q)", True),
        ("def p(q):\n    return m.generate(tok(q))\ndf['a'].apply(p)", True),
        ("i = 0\nwhile i < len(qs):\n    m.generate(qs[i])\n    i += 1", True),
        ("for batch in qs:\n    m.generate(batch)", False),
        ("for b in loader:\n    m.generate(**b)", False),
        ("for i in range(0, len(p), 8):\n    m.generate(p[i:i + 8])", False),
        ("for i in range(n):\n    part = p[i * 8:(i + 1) * 8]\n    m.generate(part)", False),
        ("while True:\n    q = input()\n    m.generate(q)", False),
        ("for _ in range(3):\n    m.generate(prompt)", False),
        ("for t in [0.1, 0.7]:\n    m.generate(prompt, temperature=t)", False),
        ("for c in cats:\n    ps = [f'{c} {i}' for i in z]\n    m.generate(ps)", False),
        ("for c in cats:\n    m.generate([c + 'a', c + 'b'])", False),
        ("m.generate(prompt)", False),
        ("def p(q):\n    return m.generate(tok(q))\np('one')", False),
    ],
)
def test_one_item_at_a_time(text: str, expected: bool) -> None:
    (found,) = invocations(LOAD + text)
    assert [use.per_item for use in found.uses] == [expected]


FASTCHAT = (
    "for question in questions:\n    for i in range(choices):\n        conv = get_template()\n"
    "        for j in range(len(question['turns'])):\n            qs = question['turns'][j]\n"
    "            conv.append_message(conv.roles[0], qs)\n            prompt = conv.get_prompt()\n"
    "            ids = tok([prompt]).input_ids\n            out = m.generate(torch.as_tensor(ids))\n"
    "            conv.update_last_message(out)\n"
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("for q in qs:\n    m.generate(q)", (True, False)),
        ("for q in qs:\n    x = tokenizer(q, return_tensors='pt').to('cuda')\n    m.generate(**x)", (True, False)),
        (
            "for q in qs:\n    ms = [{'role': 'user', 'content': q}]\n    t = tok.apply_chat_template(ms)\n"
            "    x = tok([t]).to(m.device)\n    m.generate(**x)",
            (True, False),
        ),
        ("for q in qs:\n    x = build(q)\n    m.generate(x)", (True, True)),
        ("for q in qs:\n    m.generate(build(q))", (True, True)),
        (
            "for q in qs:\n    c = make()\n    c.append_message(r, q)\n    p = c.get_prompt()\n    m.generate(p)",
            (True, True),
        ),
        (FASTCHAT, (True, True)),
        ("for q in qs:\n    x = tok([q], padding=True)\n    m.generate(**x)", (True, False)),
        ("y = list(map(lambda p: m.generate(p), prompts))", (True, False)),
        ("y = list(map(lambda batch: m.generate(batch), batches))", (False, False)),
        ("for group in groups:\n    m.generate(**tok(group, padding=True))", (False, False)),
        ("for i in items:\n    x = tok(i['questions'], padding=True)\n    m.generate(**x)", (False, False)),
        ("for i in items:\n    ls = i.splitlines()\n    m.generate(**tok(ls, padding=True))", (False, False)),
        ("for i in items:\n    ps = [i.a, i.b]\n    m.generate(**tok(ps, padding=True))", (False, False)),
        ("for q in qs:\n    m.generate(q, num_return_sequences=4)", (False, False)),
        ("g = {'num_return_sequences': 4}\nfor q in qs:\n    m.generate(q, **g)", (False, False)),
        ("for q in qs:\n    m.generate(q, num_return_sequences=1)", (True, False)),
        ("for q in qs:\n    m.generate(q, streamer=s)", (False, False)),
        ("for q in qs:\n    m.generate(q, streamer=None)", (True, False)),
        ("async def f():\n    async for q in websocket:\n        m.generate(q)", (False, False)),
        ("for line in sys.stdin:\n    m.generate(line)", (False, False)),
        ("for c in response.stream:\n    m.generate(c)", (False, False)),
        ("p = ''\nfor q in qs:\n    p = p + q\n    m.generate(p)", (False, False)),
        ("h = []\nfor q in qs:\n    h.append(q)\n    m.generate(tok(h))", (False, False)),
        ("h = None\nfor q in qs:\n    r, h = m.generate(q, history=h)", (False, False)),
        ("h = []\nfor q in qs:\n    p = make(h, q)\n    o = m.generate(p)\n    h.append((q, o))", (False, False)),
        ("c = None\nfor q in qs:\n    o = m.generate(q, cache=c)\n    c = o.cache", (False, False)),
        ("out = []\nfor q in qs:\n    x = tok(q)\n    x = m.generate(**x)\n    out.append(x)", (True, False)),
    ],
)
def test_what_a_call_in_a_loop_is_given(text: str, expected: tuple[bool, bool]) -> None:
    (found,) = invocations(LOAD + text)
    assert [(use.per_item, use.likely) for use in found.uses] == [expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("for t in texts:\n    p(t)", True),
        ("y = [p(t) for t in texts]", True),
        ("y = list(map(lambda t: p(t), texts))", True),
        ("for batch in texts:\n    p(batch)", False),
        ("p(texts)", False),
    ],
)
def test_a_called_object_in_a_loop(text: str, expected: bool) -> None:
    (found,) = invocations("p = pipeline('x')\n" + text)
    assert [(use.name, use.per_item) for use in found.uses] == [("{}.__call__", expected)]


def test_a_loop_over_models_is_no_loop_over_items() -> None:
    (found,) = invocations("for n in names:\n    m = Auto.from_pretrained(n)\n    m.generate(n)")
    assert found.uses[0].per_item is False
    assert not found.in_loop


@pytest.mark.parametrize(
    ("text", "in_loop"),
    [
        ("for q in qs:\n    m = Auto.from_pretrained('x')\n    m.generate(q)", True),
        ("def f():\n    return Auto.from_pretrained('x')\nfor q in qs:\n    f().generate(q)", True),
        (
            "for i in range(3):\n    try:\n        m = Auto.from_pretrained('x')\n        break\n"
            "    except E:\n        pass",
            False,
        ),
        ("m = None\nfor q in qs:\n    if m is None:\n        m = Auto.from_pretrained('x')", False),
        ("@cache\ndef f():\n    return Auto.from_pretrained('x')\nfor q in qs:\n    f().generate(q)", False),
    ],
)
def test_loads_in_loops(text: str, in_loop: bool) -> None:
    assert [one.in_loop for one in invocations(text)] == [in_loop]


# --- comments and problems --------------------------------------------------------------------------------------------


def test_comments() -> None:
    text = '# head\n\nx = transformers.pipeline("# no")  # beside\n# alone: pipeline\n'
    found = [(one.text, one.alone, one.in_head) for one in reading(text).comments]
    assert found == [("head", True, True), ("beside", False, False), ("alone: pipeline", True, False)]


@pytest.mark.parametrize(
    ("text", "read_on"),
    [
        ("x = 'see `Auto.from_pretrained`'\n", False),
        ('def f():\n    """\n    >>> pipeline(\'x\')\n    """\n', False),
        ("# pipeline(1)\n", False),
        ("'the pipeline of today'\n", False),
        ("from transformers import (\n    pipeline,\n)\nrun = pipeline\nrun(1)\n", True),
        ("from transformers import (\n    pipeline as p\n)\np(1)\n", True),
        ("import transformers as t\nt.pipeline(1)\n", True),
        ("import transformers as t\nx = t.pipeline \\\n  (1)\n", True),
    ],
)
def test_prose_and_doctests_are_passed_over_before_any_scan(text: str, read_on: bool) -> None:
    from ecolint.readers.python.gates import gate

    told = gate(WANTED).told(text.encode())
    assert (told is not None and told.starts) is read_on
    assert bool(reading(text).invocations) is read_on


def test_a_comment_on_its_own_line_inside_brackets_is_alone() -> None:
    text = "transformers.pipeline(\n    1,  # beside\n    # above\n    b=2,\n)\n"
    assert [(one.text, one.alone) for one in reading(text).comments] == [("beside", False), ("above", True)]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("pipeline(1)\nprint 'x'\n", 2),
        ("pipeline(1)\nx = (1,\ndef f():\n    pass\n", 2),
        ("pipeline(1)\nx = 'abc\ny = 2\n", 2),
        ("pipeline(1)\nif x:\ny = 2\n", 3),
        ("pipeline(1)\ntry:\n    pass\nexcept E, e:\n    pass\n", 4),
        ("pipeline(1)\nx = '''abc\n", 2),
    ],
)
def test_a_broken_file_is_read_and_reported(text: str, line: int) -> None:
    found = read(Source("app.py", "from transformers import pipeline; " + text), WANTED, Project())
    assert [one.name for one in found.invocations] == ["transformers.pipeline"]
    assert [one.line for one in found.problems] == [line]


@pytest.mark.parametrize("arguments", ["1 2", "'a' b'b'"])
def test_a_wanted_statement_that_cannot_be_parsed_is_reported(arguments: str) -> None:
    found = reading(f"x = 1\nfrom transformers import pipeline\npipeline({arguments})\n")
    assert [(one.line, one.path) for one in found.problems] == [(3, "app.py")]


def test_newer_syntax_than_the_host_is_no_problem() -> None:
    text = 'from transformers import pipeline\nx = f"{d["a"]}"\npipeline(1)\n'
    assert reading(text).problems == ()


def test_binary_data_is_one_problem() -> None:
    found = reading("from transformers import pipeline\npipeline()\0\x01\x02")
    assert len(found.problems) == 1
    assert found.invocations == ()


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_line_endings(ending: str) -> None:
    text = (HEAD + "a = 1  # c\nAuto.from_pretrained(x=a)\n").replace("\n", ending)
    found = reading(text)
    assert len(found.invocations) == 1
    assert [one.text for one in found.comments] == ["c"]


def test_discovery_and_quick_exit_import_no_parser() -> None:
    import subprocess
    import sys

    code = (
        "import sys\nfrom ecolint.model import Source, Wanted\nfrom ecolint.readers import python\n"
        "python.read(Source('a.py', 'x = 1'), Wanted(triggers=('zz',)), None)\nassert 'libcst' not in sys.modules"
    )
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", code], check=True, cwd=root)


def scalars(value: Value) -> list[Scalar]:
    return [one.data for one in value if isinstance(one.data, str | int | float | bool | None)]


class Holding(Project):
    """A project that has one module beside the file."""

    def holds(self, module: str, from_path: str) -> bool:
        return module == "ours.modeling"


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("from .modeling import LlamaForCausalLM as M", [".LlamaForCausalLM.from_pretrained"]),
        ("from ours.modeling import LlamaForCausalLM as M", [".LlamaForCausalLM.from_pretrained"]),
        ("from theirs.modeling import LlamaForCausalLM as M", []),
        ("from .modeling import Tokenizer as M", []),
    ],
)
def test_classes_of_the_project_are_named_behind_a_dot(line: str, names: list[str]) -> None:
    wanted = Wanted(local_calls=(".*For*.from_pretrained",), triggers=("from_pretrained",))
    reading = read(Source("a/app.py", f"{line}\nM.from_pretrained('x')\n"), wanted, Holding())
    assert [one.name for one in reading.invocations] == names
    assert all(one.likely for one in reading.invocations)


def test_an_invocation_knows_what_its_module_calls() -> None:
    wanted = Wanted(calls=("lib.load",), functions=("peft.get_peft_model",), triggers=("load",))
    text = "import lib\nfrom peft import get_peft_model\nlib.load('x')\ndef f(m):\n    return get_peft_model(m)\n"
    reading = read(Source("app.py", text), wanted, Holding())
    assert [one.beside for one in reading.invocations] == [("peft.get_peft_model",)]


def test_a_wildcard_case_does_not_part_two_matches_on_one_subject() -> None:
    text = (
        "match args.kind:\n    case 'a':\n        m = Auto.from_pretrained('a')\n"
        "    case 'b':\n        m = Auto.from_pretrained('b')\n    case _:\n        raise SystemExit\n"
        "for q in questions:\n    match args.kind:\n        case 'a':\n            m.generate(q)\n"
        "        case 'b':\n            m.generate(q + '?')\n"
    )
    assert [len(one.uses) for one in invocations(text)] == [1, 1]
