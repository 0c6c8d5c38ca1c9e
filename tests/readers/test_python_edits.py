"""What the Python reader writes: keywords, keys, values, imports, in the layout of the file."""

from __future__ import annotations

import ast
from collections.abc import Callable

import pytest

from ecolint.model import (
    AddEntry,
    CannotEdit,
    Change,
    Construct,
    Entry,
    RemoveEntry,
    SetEntry,
    Source,
    Symbol,
    Table,
    Wanted,
)
from ecolint.readers import Nowhere
from ecolint.readers.python import read, rewrite

WANTED = Wanted(
    calls=("transformers.AutoModel*.from_pretrained",),
    objects=("transformers.BitsAndBytesConfig",),
    triggers=("from_pretrained",),
)
CONFIG = Construct("transformers.BitsAndBytesConfig", (("load_in_8bit", True), ("llm_int8_threshold", 0.0)))

Make = Callable[[Table], Change]


def entry(table: Table, name: str) -> Entry:
    return next(one for one in table.entries if one.name == name)


def add(name: str, value: object) -> Make:
    return lambda table: AddEntry(name, value)  # type: ignore[arg-type]


def put(name: str, value: object) -> Make:
    return lambda table: SetEntry(entry(table, name), value)  # type: ignore[arg-type]


def drop(name: str) -> Make:
    return lambda table: RemoveEntry(entry(table, name))


def edited(text: str, *makes: Make, inside: str | None = None) -> str:
    """The text after changes to its last load, or to the table under one of the load's arguments."""
    source = Source("app.py", text)
    call = read(source, WANTED, Nowhere()).invocations[-1].call
    assert call is not None
    if inside is not None:
        held = entry(call, inside).value[0].data
        assert isinstance(held, Table)
        call = held
    edits = rewrite(source, call, [make(call) for make in makes])
    result = text
    for edit in sorted(edits, reverse=True):
        result = result[: edit.span.start] + edit.text + result[edit.span.end :]
    ast.parse(result)
    return result


HEAD = "from transformers import AutoModelForCausalLM as Auto\n"


@pytest.mark.parametrize(
    ("call", "makes", "expected"),
    [
        ("f('x')", [add("a", 1)], "f('x', a=1)"),
        ("f()", [add("a", 1)], "f(a=1)"),
        ("f( )", [add("a", 1)], "f(a=1 )"),
        ("f('x',)", [add("a", 1)], "f('x', a=1,)"),
        ("f(x=1)", [add("a", 1), add("b", 0.0)], "f(x=1, a=1, b=0.0)"),
        ("f(**kw)", [add("a", True)], "f(**kw, a=True)"),
        ("f(a=1, b=2, c=3)", [drop("a")], "f(b=2, c=3)"),
        ("f(a=1, b=2, c=3)", [drop("b")], "f(a=1, c=3)"),
        ("f(a=1, b=2, c=3)", [drop("c")], "f(a=1, b=2)"),
        ("f(a=1, b=2, c=3,)", [drop("c")], "f(a=1, b=2,)"),
        ("f(a=1, b=2, c=3)", [drop("a"), drop("b")], "f(c=3)"),
        ("f(a=1, b=2, c=3)", [drop("b"), drop("c")], "f(a=1)"),
        ("f(a=1, b=2, c=3)", [drop("a"), drop("c")], "f(b=2)"),
        ("f(a=1, b=2)", [drop("a"), drop("b")], "f()"),
        ("f(a=1)", [drop("a")], "f()"),
        ("f(a=1,)", [drop("a")], "f()"),
        ("f(a=1)", [put("a", 2)], "f(a=2)"),
        ("f(a = (1))", [put("a", 2)], "f(a = 2)"),
        ("f('x', a=1)", [put("0", "y")], "f('y', a=1)"),
        ("f(a=1, b=2)", [drop("a"), add("c", 3)], "f(c=3, b=2)"),
        ("f(a=1, *z)", [drop("a"), add("c", 3)], "f(*z, c=3)"),
        ("f(a=1, b=2)", [put("a", False), drop("b"), add("c", None)], "f(a=False, c=None)"),
        ("f(\n    a=1,\n    b=2,\n)", [add("c", 3)], "f(\n    a=1,\n    b=2,\n    c=3,\n)"),
        ("f(\n    a=1,\n    b=2\n)", [add("c", 3)], "f(\n    a=1,\n    b=2,\n    c=3\n)"),
        ("f(\n    a=1,\n    b=2)", [add("c", 3)], "f(\n    a=1,\n    b=2,\n    c=3)"),
        ("f(\n    a=1,  # why\n    b=2  # so\n)", [add("c", 3)], "f(\n    a=1,  # why\n    b=2,  # so\n    c=3\n)"),
        ("f(\n    a=1,  # why\n    b=2,  # so\n)", [add("c", 3)], "f(\n    a=1,  # why\n    b=2,  # so\n    c=3,\n)"),
        ("f(\n    a=1,  # why\n    # of b\n    b=2,\n)", [drop("a")], "f(\n    # of b\n    b=2,\n)"),
        ("f(\n    a=1,\n    b=2,\n    c=3\n)", [drop("b")], "f(\n    a=1,\n    c=3\n)"),
        ("f(\n    a=1,\n    b=2\n)", [drop("b")], "f(\n    a=1,\n)"),
        ("f(a=1,\n  b=2)", [drop("b")], "f(a=1)"),
        ("f(a=1,\n  b=2)", [drop("a")], "f(b=2)"),
        ("f(a=1, b=2,\n  c=3)", [drop("b")], "f(a=1,\n  c=3)"),
        ("f(\n    a=1,\n    b=2,\n)", [drop("a"), add("c", 3), add("d", 4)], "f(\n    c=3,\n    d=4,\n    b=2,\n)"),
        ("f(a=g(1, 2), b=[1, 2])", [drop("a")], "f(b=[1, 2])"),
        ("(f)(a=1)", [add("b", 2)], "(f)(a=1, b=2)"),
        ("f (a=1)", [add("b", 2)], "f (a=1, b=2)"),
        ("f(a=1) .eval()", [add("b", 2)], "f(a=1, b=2) .eval()"),
        ("f(a='é', b='ü')", [put("b", "ö"), drop("a")], "f(b='ö')"),
        ("f(a=1)", [put("a", "it's")], 'f(a="it\'s")'),
    ],
)
def test_calls(call: str, makes: list[Make], expected: str) -> None:
    real = "Auto.from_pretrained"
    call, expected = (text.replace("f", real, 1) for text in (call, expected))
    assert edited(HEAD + f"m = {call}  # end\n", *makes) == HEAD + f"m = {expected}  # end\n"


@pytest.mark.parametrize(
    ("written", "makes", "expected"),
    [
        ("kw = {}", [add("a", 1)], "kw = {'a': 1}"),
        ("kw = {'a': 1}", [add("b", 0.0)], "kw = {'a': 1, 'b': 0.0}"),
        ("kw = {'a': 1, 'b': 2}", [drop("a")], "kw = {'b': 2}"),
        ("kw = {'a': (1)}", [put("a", False)], "kw = {'a': False}"),
        ("kw = {\n    'a': 1,\n}", [add("b", 2)], "kw = {\n    'a': 1,\n    'b': 2,\n}"),
        ("kw = {**z, 'a': 1}", [drop("a")], "kw = {**z}"),
        ("kw = dict(a=1)", [add("b", 2)], "kw = dict(a=1, b=2)"),
        ("kw = {}\nkw['a'] = True", [put("a", False)], "kw = {}\nkw['a'] = False"),
        ("kw = {}\nkw['a'] = True\ny = 1", [drop("a")], "kw = {}\ny = 1"),
        ("kw = {}\nif q:\n    kw['a'] = True", [drop("a")], "kw = {}\nif q:\n    pass"),
        ("kw = {}\nkw.update(a=1, b=2)", [drop("a")], "kw = {}\nkw.update(b=2)"),
        ("kw = {}\nkw.update(a=1)", [drop("a")], "kw = {}"),
        ("kw = {}\nkw.update({'a': 1, 'b': 2})", [put("b", 3)], "kw = {}\nkw.update({'a': 1, 'b': 3})"),
        ("kw = {}\nkw['a'] = 1; y = 2", [drop("a")], "kw = {}\ny = 2"),
    ],
)
def test_dictionaries(written: str, makes: list[Make], expected: str) -> None:
    end = "\nm = Auto.from_pretrained('x', **kw)\n"
    assert edited(HEAD + written + end, *makes, inside="**") == HEAD + expected + end


def test_a_configuration_in_a_variable() -> None:
    text = (
        HEAD + "import transformers as t\nc = t.BitsAndBytesConfig(load_in_8bit=True)\nc.z = 6.0\n"
        "m = Auto.from_pretrained(q=c)\n"
    )
    assert "(load_in_8bit=True, llm_int8_threshold=0.0)" in edited(text, add("llm_int8_threshold", 0.0), inside="q")
    assert "c.z = 0.0\n" in edited(text, put("z", 0.0), inside="q")


# --- imports ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "name"),
    [
        (
            "from transformers import AutoModel\n",
            "from transformers import AutoModel, BitsAndBytesConfig\n",
            "BitsAndBytesConfig",
        ),
        (
            "from transformers import AutoModel, Trainer\n",
            "from transformers import AutoModel, BitsAndBytesConfig, Trainer\n",
            "BitsAndBytesConfig",
        ),
        (
            "from transformers import (\n    AutoModel,\n    Trainer,  # t\n)\n",
            "from transformers import (\n    AutoModel,\n    Trainer,  # t\n    BitsAndBytesConfig,\n)\n",
            "BitsAndBytesConfig",
        ),
        (
            "from transformers import (\n    AutoModel,\n    Trainer,\n)\n",
            "from transformers import (\n    AutoModel,\n    BitsAndBytesConfig,\n    Trainer,\n)\n",
            "BitsAndBytesConfig",
        ),
        (
            "from transformers import Trainer, \\\n    AutoModel  # c\n",
            "from transformers import Trainer, \\\n    AutoModel, BitsAndBytesConfig  # c\n",
            "BitsAndBytesConfig",
        ),
        ("import transformers\nfrom transformers.auto import AutoModel\n", None, "transformers.BitsAndBytesConfig"),
        (
            "from transformers import AutoModel, BitsAndBytesConfig as B\n",
            None,
            "B",
        ),
    ],
)
def test_a_constructor_is_imported(before: str, after: str | None, name: str) -> None:
    before = before.replace("AutoModel", "AutoModelForCausalLM")
    after = before if after is None else after.replace("AutoModel", "AutoModelForCausalLM")
    call = "m = AutoModelForCausalLM.from_pretrained({})\n"
    if "auto import" in before:
        before = before.replace("from transformers.auto import AutoModelForCausalLM\n", "")
        after, call = before, call.replace("Auto", "transformers.Auto", 1)
    expected = after + call.format(f"q={name}(load_in_8bit=True, llm_int8_threshold=0.0)")
    assert edited(before + call.format("load_in_8bit=True"), drop("load_in_8bit"), add("q", CONFIG)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (HEAD + "import torch\nX\n", HEAD + "import torch\nX\n"),
        (HEAD + "import torch as th\nX\n", HEAD + "import torch as th\nX\n"),
        (HEAD + "from torch import float16\nX\n", HEAD + "from torch import float16\nX\n"),
        (HEAD + "X\n", "import torch\n" + HEAD + "X\n"),
        (
            '"""Doc."""\nfrom __future__ import annotations\n' + HEAD + "\nX\n",
            '"""Doc."""\nfrom __future__ import annotations\n' + HEAD + "import torch\n\nX\n",
        ),
        (HEAD + "def f():\n    import torch\n    X\n", HEAD + "def f():\n    import torch\n    X\n"),
        (HEAD + "def g():\n    import torch\nX\n", "import torch\n" + HEAD + "def g():\n    import torch\nX\n"),
        (HEAD + "if q:\n    import torch\nX\n", None),
        (HEAD + "torch = 1\nX\n", None),
        (HEAD + "def f(torch):\n    X\n", None),
    ],
)
def test_a_symbol_is_spelled_as_imported(text: str, expected: str | None) -> None:
    names = {"as th": "th.float16", "import float16": "float16"}
    spelled = next((name for mark, name in names.items() if mark in text), "torch.float16")
    before = text.replace("X", "m = Auto.from_pretrained('x')")
    if expected is None:
        with pytest.raises(CannotEdit):
            edited(before, add("dtype", Symbol("torch.float16")))
    else:
        after = expected.replace("X", f"m = Auto.from_pretrained('x', dtype={spelled})")
        assert edited(before, add("dtype", Symbol("torch.float16"))) == after


def test_line_endings_are_kept() -> None:
    text = (HEAD + "m = Auto.from_pretrained(\n    'x',\n    load_in_8bit=True,\n)\n").replace("\n", "\r\n")
    after = edited(
        text, drop("load_in_8bit"), add("quantization_config", CONFIG), add("dtype", Symbol("torch.float16"))
    )
    assert "\n" not in after.replace("\r\n", "")
    assert after.startswith("import torch\r\nfrom transformers")
    assert "as Auto, BitsAndBytesConfig\r\n" in after


# --- what else goes ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "c = BitsAndBytesConfig(a=1)  # int8\nm = Auto.from_pretrained('x', q=c)\n",
            "m = Auto.from_pretrained('x')\n",
        ),
        ("c = BitsAndBytesConfig(a=1)\nm = Auto.from_pretrained('x', q=c)\nprint(c)\n", None),
        ("c = BitsAndBytesConfig(a=1)\nc.b = 2\nm = Auto.from_pretrained('x', q=c)\n", None),
        ("c = BitsAndBytesConfig(a=1)\nc = BitsAndBytesConfig(a=2)\nm = Auto.from_pretrained('x', q=c)\n", None),
        ("c = side_effect()\nm = Auto.from_pretrained('x', q=c)\n", None),
        ("if z:\n    c = BitsAndBytesConfig(a=1)\nm = Auto.from_pretrained('x', q=c)\n", None),
    ],
)
def test_a_variable_that_only_the_removed_argument_read_goes_too(text: str, expected: str | None) -> None:
    head = "from transformers import AutoModelForCausalLM as Auto, BitsAndBytesConfig\n"
    if expected is None:
        expected = text.replace(", q=c", "")
    assert edited(head + text, drop("q")) == head + expected


def test_a_duplicate_keyword_is_refused() -> None:
    with pytest.raises(CannotEdit, match="already"):
        edited(HEAD + "m = Auto.from_pretrained(a=1)\n", add("a", 2))


def test_text_that_changed_is_refused() -> None:
    source = Source("app.py", HEAD + "m = Auto.from_pretrained('x')\n")
    call = read(source, WANTED, Nowhere()).invocations[0].call
    assert call is not None
    with pytest.raises(CannotEdit):
        rewrite(Source("app.py", "x = 1\n" + source.text), call, [AddEntry("a", 1)])
    with pytest.raises(CannotEdit, match="another file"):
        rewrite(Source("other.py", source.text), call, [AddEntry("a", 1)])


# --- what must not be touched, and where new entries go ---------------------------------------------------------------


@pytest.mark.parametrize("value", ["True", "'int8'", "{'a': 1}", "OTHER", "dict(a=1)"])
def test_a_variable_that_holds_no_configuration_stays(value: str) -> None:
    text = HEAD + f"INT8 = {value}\nm = Auto.from_pretrained('x', load_in_8bit=INT8)\n"
    assert edited(text, drop("load_in_8bit")) == text.replace(", load_in_8bit=INT8", "")


def test_a_configuration_that_the_module_exports_stays() -> None:
    text = HEAD + "__all__ = ['c']\nc = Config(a=1)\nm = Auto.from_pretrained('x', q=c)\n"
    assert edited(text, drop("q")) == text.replace(", q=c", "")


@pytest.mark.parametrize(
    "text",
    [
        "kw = {'a': 1}\nprint(kw['a'])\nm = Auto.from_pretrained('x', **kw)\n",
        "kw = dict(a=1)\nm = Auto.from_pretrained('x', **kw)\nsave(kw)\n",
        "kw: dict = {'a': 1}\nn = Auto.from_pretrained('y', **kw)\nm = Auto.from_pretrained('x', **kw)\n",
    ],
)
@pytest.mark.parametrize("make", [drop("a"), put("a", 2), add("b", 2)])
def test_a_dictionary_with_another_reader_is_refused(text: str, make: Make) -> None:
    with pytest.raises(CannotEdit, match="reads"):
        edited(HEAD + text, make, inside="**")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("kw = {}\nif q:\n    kw['a'] = True", "kw = {}\nif q:\n    kw['b'] = 1"),
        ("kw = {'z': 1}\nif q:\n    kw.update(a=True)", "kw = {'z': 1}\nif q:\n    kw.update(b=1)"),
        ("kw = {}\nif q:\n    kw.update({'a': True, 'z': 2})", "kw = {}\nif q:\n    kw.update({'b': 1, 'z': 2})"),
        ("kw = {}\nif q: kw['a'] = True; z = 1", "kw = {}\nif q: kw['b'] = 1; z = 1"),
    ],
)
def test_a_new_entry_takes_the_place_of_a_removed_statement(written: str, expected: str) -> None:
    end = "\nm = Auto.from_pretrained('x', **kw)\n"
    assert edited(HEAD + written + end, drop("a"), add("b", 1), inside="**") == HEAD + expected + end


def test_several_new_entries_take_the_place_of_one_statement() -> None:
    text = HEAD + "kw = {}\nif q:\n    kw['a'] = True  # why\nm = Auto.from_pretrained('x', **kw)\n"
    after = edited(text, drop("a"), add("b", 1), add("c", 2), inside="**")
    assert "    kw['b'] = 1\n    kw['c'] = 2  # why\n" in after


# --- imports that are optional, lazy or for type checkers -------------------------------------------------------------

TORCH = add("dtype", Symbol("torch.float16"))
LOAD8 = "Auto.from_pretrained('x', load_in_8bit=True)"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "try:\n    from transformers import AutoModelForCausalLM as Auto\nexcept ImportError:\n    Auto = None\n\n"
            f"def f():\n    return {LOAD8}\n",
            "import AutoModelForCausalLM as Auto, BitsAndBytesConfig\nexcept",
        ),
        (
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from transformers import BitsAndBytesConfig\n\n"
            f"def f():\n    from transformers import AutoModelForCausalLM as Auto\n    return {LOAD8}\n",
            "    from transformers import AutoModelForCausalLM as Auto, BitsAndBytesConfig\n    return",
        ),
        (
            f"def f():\n    from transformers import AutoModelForCausalLM as Auto\n    return {LOAD8}\n",
            "    from transformers import AutoModelForCausalLM as Auto, BitsAndBytesConfig\n    return",
        ),
    ],
)
def test_a_constructor_comes_with_the_import_that_is_there(text: str, expected: str) -> None:
    after = edited(text, drop("load_in_8bit"), add("q", CONFIG))
    assert expected in after
    assert after.count("transformers") == text.count("transformers")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            f"def f():\n    from transformers import AutoModelForCausalLM as Auto\n    return {LOAD8}\n",
            "as Auto\n    import torch\n    return",
        ),
        (
            "try:\n    from transformers import AutoModelForCausalLM as Auto\nexcept ImportError:\n    Auto = None\n\n"
            f"def f():\n    return {LOAD8}\n",
            "as Auto\n    import torch\nexcept",
        ),
        (
            "from transformers import AutoModelForCausalLM as Auto\ntry:\n    import torch\nexcept ImportError:\n"
            f"    torch = None\n\ndef f():\n    return {LOAD8}\n",
            "    return Auto.from_pretrained('x', load_in_8bit=True, dtype=torch.float16)",
        ),
        (
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import torch\n\ndef f():\n"
            f"    from transformers import AutoModelForCausalLM as Auto\n    return {LOAD8}\n",
            "as Auto\n    import torch\n    return",
        ),
        (
            "import os\n\nimport accelerate\nfrom transformers import AutoModelForCausalLM as Auto\n\n"
            f"from .own import a\n\nm = {LOAD8}\n",
            "import os\n\nimport accelerate\nimport torch\nfrom transformers",
        ),
        (
            f"from transformers import AutoModelForCausalLM as Auto  # noqa\nfrom peft import X\n\nm = {LOAD8}\n",
            "import torch\nfrom transformers",
        ),
    ],
)
def test_a_module_is_imported_where_its_library_is(text: str, expected: str) -> None:
    after = edited(text, TORCH)
    assert expected in after
    assert after.count("import torch") - text.count("import torch") in (0, 1)
