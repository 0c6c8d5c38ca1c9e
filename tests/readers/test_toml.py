"""Reading and rewriting TOML: tables, places, pins, comments, guards and round trips."""

from __future__ import annotations

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecolint.model import (
    AddEntry,
    CannotEdit,
    Change,
    Entry,
    Invocation,
    Items,
    Reading,
    RemoveEntry,
    Scalar,
    SetEntry,
    Source,
    Symbol,
    Table,
    Value,
    Wanted,
)
from ecolint.readers import Nowhere
from ecolint.readers import toml as reader

WANTED = Wanted(triggers=("vllm", "load_in_8bit"))


def read(text: str) -> Reading:
    return reader.read(Source("a.toml", text), WANTED, Nowhere())


def one(text: str) -> Invocation:
    found = read(text)
    assert found.problems == ()
    assert len(found.invocations) == 1
    return found.invocations[0]


def plain(value: Value) -> object:
    content = value[0].data
    if isinstance(content, Table):
        return {entry.name: plain(entry.value) for entry in content.entries}
    if isinstance(content, Items):
        return [plain(item) for item in content.items]
    return content


def data(table: Table | None) -> dict[str, object]:
    assert table is not None
    return {entry.name: plain(entry.value) for entry in table.entries}


def entry(table: Table | None, name: str) -> Entry:
    assert table is not None
    return next(one for one in table.entries if one.name == name)


def rewritten(text: str, table: Table | None, *changes: Change) -> str:
    assert table is not None
    done = 0
    pieces: list[str] = []
    for edit in reader.rewrite(Source("a.toml", text), table, changes):
        assert edit.span.start >= done, "edits overlap"
        pieces += [text[done : edit.span.start], edit.text]
        done = edit.span.end
    return "".join([*pieces, text[done:]])


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("true", True),
        ("1_000", 1000),
        ("0xff", 255),
        ("6.0", 6.0),
        ("1e5", 1e5),
        ("inf", float("inf")),
        ('"a # b"  # c', "a # b"),
        ("'l'", "l"),
        ('"""\nm\nn"""', "m\nn"),
        ("'''\nm'''", "m"),
        ("2020-01-01", "2020-01-01"),
        ("1979-05-27T07:32:00Z", "1979-05-27T07:32:00Z"),
        ("[1, 2, # c\n 3,]", [1, 2, 3]),
        ("[[1], [{a = 'é'}]]", [[1], [{"a": "é"}]]),
        ("{a = 1, b.c = 2}", {"a": 1, "b": {"c": 2}}),
        ('"é 🦙"', "é 🦙"),
    ],
)
def test_value(written: str, expected: object) -> None:
    assert data(one(f"load_in_8bit = 1\nkey = {written}\n").mapping)["key"] == expected


def test_places_count_characters() -> None:
    text = "# é 🦙\nload_in_8bit = 'é'  # c\n\"k 🦙\" = { a = 1 }\n"
    table = one(text).mapping
    assert table is not None
    assert [text[e.place.span.start : e.place.span.end] for e in table.entries] == [
        "load_in_8bit = 'é'",
        '"k 🦙" = { a = 1 }',
    ]
    place = table.entries[0].value[0].place
    assert place is not None
    assert text[place.span.start : place.span.end] == "'é'"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("load_in_8bit = 1\n", ["table"]),
        ("[a.b]\nload_in_8bit = 1\n[c]\nx = 1\n", ["table a.b"]),
        ("[tool.x]\na.b.load_in_8bit = 1\n", ["table tool.x.a.b"]),
        ("x = { y = { load_in_8bit = 1 } }\n", ["table x.y"]),
        (
            "[[a]]\nload_in_8bit = 1\n[[a]]\nload_in_8bit = 2\n[a.b]\nload_in_8bit = 3\n",
            ["table a", "table a", "table a.b"],
        ),
        ("a = [{load_in_8bit = 1}, {x = 1}, [{load_in_8bit = 2}]]\n", ["table a", "table a"]),
        ("[vllm]\nx = 1\n", ["table"]),
        ("[a.b]\nx = 1\n[a]\nload_in_8bit = 1\n", ["table a"]),
        ('["a.b"."c d"]\nload_in_8bit = 1\n', ["table a.b.c d"]),
        ("x = 'load_in_8bit'\n", []),
        ("# load_in_8bit\n", []),
    ],
)
def test_tables_that_hold_a_trigger(text: str, names: list[str]) -> None:
    found = read(text)
    assert found.problems == ()
    assert [i.name for i in found.invocations] == names


def test_without_trigger_nothing_is_read() -> None:
    assert read("a = ?") == Reading()


@pytest.mark.parametrize(
    ("text", "line"),
    [("a = 1\nload_in_8bit = ?\n", 2), ("load_in_8bit = 1\nload_in_8bit = 2\n", 2), ("load_in_8bit = '", 1)],
)
def test_invalid(text: str, line: int) -> None:
    problems = read(text).problems
    assert [p.line for p in problems] == [line]
    assert problems[0].reason.startswith("invalid TOML: ")


def test_newer_toml_is_read_without_places() -> None:
    text = "[x]\nload_in_8bit = { a = 1,\n  b = [{vllm = 1}] }\n"
    first, second = read(text).invocations
    assert (first.name, second.name) == ("table x", "table x.load_in_8bit.b")
    assert first.mapping is not None
    assert not first.mapping.writable
    assert (first.place.span.start, first.place.span.end) == (0, len(text))
    assert data(first.mapping) == {"load_in_8bit": {"a": 1, "b": [{"vllm": 1}]}}


def test_comments() -> None:
    found = read("# head\n# two\n\n# é\nload_in_8bit = '#' # c\na = [ # d\n 1]\n[x] # e\n").comments
    assert [(c.text, c.alone, c.in_head) for c in found] == [
        ("head", True, True),
        ("two", True, True),
        ("é", True, False),
        ("c", False, False),
        ("d", False, False),
        ("e", False, False),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "vllm = " + "[" * 200_000,
        "vllm = " + "{a=" * 200_000,
        "vllm = 1\n" + ".".join("a" * 200_000) + " = 1",
        "vllm = 1\n[" + ".".join(['"a"'] * 200_000) + "]",
        "vllm = " + "[" * 101 + "]" * 101,
        "vllm = '\ud800'",
        "vllm = 1\n" + "# comment\n" * 500_000,
    ],
)
def test_what_cannot_be_read_is_one_problem(text: str) -> None:
    assert len(read(text).problems) == 1
    assert reader.pins(Source("pyproject.toml", text)) == ()


def test_brackets_in_strings_do_not_count() -> None:
    text = "load_in_8bit = 1\na = '" + "[" * 1000 + "'\nb = '''" + "{" * 1000 + "'''\n"
    assert len(read(text).invocations) == 1


# --- rewriting --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("load_in_8bit = 1 # c\n", 0.0, "load_in_8bit = 0.0 # c\n"),
        ("load_in_8bit = 'a'\r\nb = 1\r\n", "b", "load_in_8bit = 'b'\r\nb = 1\r\n"),
        ("load_in_8bit = 'a'\n", "it's", 'load_in_8bit = "it\'s"\n'),
        ("[x]\nload_in_8bit=true", False, "[x]\nload_in_8bit=false"),
        ("x = {load_in_8bit = 1,b = 2}", "é", 'x = {load_in_8bit = "é",b = 2}'),
        ("x.load_in_8bit = [1,\n 2] # c\n", 5, "x.load_in_8bit = 5 # c\n"),
    ],
)
def test_set(text: str, value: Scalar, expected: str) -> None:
    table = read(text).invocations[-1].mapping
    assert rewritten(text, table, SetEntry(entry(table, "load_in_8bit"), value)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("load_in_8bit = 1\n", "load_in_8bit = 1\nnew = 5\n"),
        ("load_in_8bit = 1", "load_in_8bit = 1\nnew = 5"),
        ("load_in_8bit = 1 # c\r\n\r\n[x]\r\n", "load_in_8bit = 1 # c\r\nnew = 5\r\n\r\n[x]\r\n"),
        ("[x]\n  load_in_8bit = 1\n[y]\n", "[x]\n  load_in_8bit = 1\n  new = 5\n[y]\n"),
        ("[x]\na.load_in_8bit = 1\nb = 1\n", "[x]\na.load_in_8bit = 1\na.new = 5\nb = 1\n"),
        ("x = { load_in_8bit = 1 }", "x = { load_in_8bit = 1, new = 5 }"),
        ("x = {load_in_8bit = 1}", "x = {load_in_8bit = 1, new = 5}"),
    ],
)
def test_add(text: str, expected: str) -> None:
    table = read(text).invocations[-1].mapping
    assert rewritten(text, table, AddEntry("new", 5)) == expected


def test_add_to_an_empty_inline_table_and_an_empty_root() -> None:
    text = "load_in_8bit = {}\n"
    inner = entry(one(text).mapping, "load_in_8bit").value[0].data
    assert isinstance(inner, Table)
    assert rewritten(text, inner, AddEntry("a b", "x")) == 'load_in_8bit = { "a b" = "x" }\n'
    text = "# c\n[load_in_8bit]\n[x]\n"
    table = one(text).mapping
    assert rewritten(text, table, AddEntry("a", 1)) in (
        "a = 1\n# c\n[load_in_8bit]\n[x]\n",
        "# c\na = 1\n[load_in_8bit]\n[x]\n",
    )
    inner = entry(table, "load_in_8bit").value[0].data
    assert isinstance(inner, Table)
    assert rewritten(text, inner, AddEntry("a", 1)) == "# c\n[load_in_8bit]\na = 1\n[x]\n"


@pytest.mark.parametrize(
    ("text", "names", "expected"),
    [
        ("a = 1\nload_in_8bit = 1 # c\nb = 2\n", ["load_in_8bit"], "a = 1\nb = 2\n"),
        ("a = 1\nload_in_8bit = 1", ["load_in_8bit"], "a = 1"),
        ("a = 1\r\nload_in_8bit = 1", ["load_in_8bit"], "a = 1"),
        ("load_in_8bit = [\n1,\n]\nb = 1\n", ["load_in_8bit"], "b = 1\n"),
        ("[x]\nload_in_8bit = 1\n", ["load_in_8bit"], "[x]\n"),
        ("x = {load_in_8bit = 1, b = 2}", ["load_in_8bit"], "x = {b = 2}"),
        ("x = { a = 1, load_in_8bit = 1 }", ["load_in_8bit"], "x = { a = 1 }"),
        ("x = {a = 1, load_in_8bit = 1, b = 2}", ["a", "load_in_8bit"], "x = {b = 2}"),
        ("x = {a = 1, load_in_8bit = 1, b = 2}", ["b", "load_in_8bit"], "x = {a = 1}"),
        ("x = {load_in_8bit = 1}", ["load_in_8bit"], "x = {}"),
        ("a.load_in_8bit = 1\na.b = 1\n", ["load_in_8bit"], "a.b = 1\n"),
    ],
)
def test_remove(text: str, names: list[str], expected: str) -> None:
    table = read(text).invocations[-1].mapping
    assert rewritten(text, table, *(RemoveEntry(entry(table, name)) for name in names)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a = 1\nload_in_8bit = 1 # c\nb = 2\n", "a = 3\nload_in_8bit = 1 # c\nnew = true\n"),
        ("a = 1\nload_in_8bit = 1\nb = 2", "a = 3\nload_in_8bit = 1\nnew = true"),
        ("x = {a = 1, load_in_8bit = 1, b = 2}", "x = {a = 3, load_in_8bit = 1, new = true}"),
    ],
)
def test_all_kinds_of_changes_at_once(text: str, expected: str) -> None:
    table = read(text).invocations[-1].mapping
    changes: list[Change] = [RemoveEntry(entry(table, "b")), SetEntry(entry(table, "a"), 3), AddEntry("new", True)]
    assert rewritten(text, table, *changes) == expected


@pytest.mark.parametrize("value", [None, Symbol("torch.float16")])
def test_what_toml_cannot_say(value: Symbol | None) -> None:
    table = one("load_in_8bit = 1\n").mapping
    with pytest.raises(CannotEdit):
        rewritten("load_in_8bit = 1\n", table, SetEntry(entry(table, "load_in_8bit"), value))


def test_a_table_is_not_set_like_a_value() -> None:
    text = "load_in_8bit = 1\n[x]\na = 1\n"
    table = one(text).mapping
    with pytest.raises(CannotEdit):
        rewritten(text, table, SetEntry(entry(table, "x"), 1))


@settings(max_examples=300, deadline=None)
@given(
    value=st.one_of(
        st.booleans(),
        st.integers(-(2**60), 2**60),
        st.floats(allow_nan=False),
        st.text(alphabet=string.printable + "éß中🦙\u0085\u2028\x7f\ufeff", max_size=12),
    ),
    layout=st.sampled_from(
        ["# é\na = 1\nload_in_8bit = %s # c\nb = 2\n", "x = {a = 1, load_in_8bit = %s}", "load_in_8bit=%s"]
    ),
)
def test_any_scalar_reads_back(value: Scalar, layout: str) -> None:
    for old in ("1", "'x'", '"x"'):
        text = layout % old
        table = one(text).mapping
        made = rewritten(text, table, SetEntry(entry(table, "load_in_8bit"), value))
        again = entry(one(made).mapping, "load_in_8bit").value[0]
        assert again.data == value
        assert type(again.data) is type(value)
        assert again.place is not None
        start = layout.index("%s")
        assert made[:start] == text[:start]
        assert made[again.place.span.end :] == text[start + len(old) :]


# --- pins -------------------------------------------------------------------------------------------------------------

PROJECT = """\
[build-system]
requires = ["hatchling"]
[project]
dependencies = [
  "torch==2.12.0.dev20260315",  # nightly
  "Transformers[torch]>=4.40,<5; python_version > '3.9'",
  "bits_and.bytes",
  "vllm @ https://x.org/vllm-0.6.3%2Bcu121-cp38-abi3-linux_x86_64.whl",
  "not a requirement",
]
[project.optional-dependencies]
a = ["numpy~=1.0"]
[dependency-groups]
dev = ["pytest", {include-group = "a"}]
[[tool.uv.index]]
name = "x"
url = "https://download.pytorch.org/whl/nightly/cu121"
[[tool.uv.index]]
url = "https://pypi.org/simple"
"""


def test_pins() -> None:
    found = reader.pins(Source("sub/pyproject.toml", PROJECT))
    assert [(p.library, p.specifier) for p in found] == [
        ("torch", "==2.12.0.dev20260315"),
        ("transformers", "<5,>=4.40"),
        ("bits-and-bytes", ""),
        ("vllm", "==0.6.3+cu121"),
        ("numpy", "~=1.0"),
        ("pytest", ""),
        ("index", "https://download.pytorch.org/whl/nightly/cu121"),
    ]
    place = found[0].place
    assert PROJECT[place.span.start : place.span.end] == '"torch==2.12.0.dev20260315"'


@pytest.mark.parametrize(
    ("written", "specifier"),
    [
        ("'^1.2.3'", ">=1.2.3,<2"),
        ("'^0.2.3'", ">=0.2.3,<0.3"),
        ("'^0.0.3'", ">=0.0.3,<0.0.4"),
        ("'^0'", ">=0,<1"),
        ("'~2.1.3'", ">=2.1.3,<2.2"),
        ("'~2'", ">=2,<3"),
        ("'*'", ""),
        ("'2.1'", "==2.1"),
        ("'2.*'", "==2.*"),
        ("'>=2,<3'", ">=2,<3"),
        ("'^1 || ^2'", ""),
        ("{version = '^2', extras = ['a']}", ">=2,<3"),
        ("{git = 'https://x'}", ""),
        ("{url = 'https://x.org/vllm_x-0.6.3-cp38-abi3-linux_x86_64.whl'}", "==0.6.3"),
        ("{url = 'https://x.org/nightly/x.whl'}", "https://x.org/nightly/x.whl"),
        ("'nonsense!'", ""),
    ],
)
def test_poetry_pins(written: str, specifier: str) -> None:
    text = f"[tool.poetry.dependencies]\npython = '^3.10'\nVllm_x = {written}\n"
    assert [(p.library, p.specifier) for p in reader.pins(Source("pyproject.toml", text))] == [("vllm-x", specifier)]


@pytest.mark.parametrize(
    ("path", "text"), [("other.toml", PROJECT), ("pyproject.toml", "a = ?"), ("pyproject.toml", "")]
)
def test_no_pins(path: str, text: str) -> None:
    assert reader.pins(Source(path, text)) == ()


@pytest.mark.parametrize(
    "text",
    [
        "[tool.uv]\nindex-url = '{}'\n",
        "[tool.uv]\nextra-index-url = ['https://pypi.org/simple', '{}']\n",
        "[tool.uv.pip]\nextra-index-url = ['{}']\n",
        "[tool.uv]\nindex = [{{name = 'x', url = '{}'}}]\n",
        "[[tool.uv.index]]\nurl = '{}'\n",
        "[tool.poetry.source]\nname = 'x'\nurl = '{}'\n",
        "[[tool.poetry.source]]\nurl = '{}'\n",
        "[[tool.pdm.source]]\nurl = '{}'\n",
        "[tool.pdm.source]\nurl = '{}'\n",
    ],
)
def test_indexes_of_nightly_builds(text: str) -> None:
    url = "https://example.org/whl/nightly/cu128"
    written = text.format(url)
    found = reader.pins(Source("pyproject.toml", written))
    assert [(pin.library, pin.specifier, pin.text) for pin in found] == [("index", url, url)]
    span = found[0].place.span
    assert written[span.start : span.end] == f"'{url}'"
    assert reader.pins(Source("pyproject.toml", text.format("https://example.org/simple"))) == ()


def test_a_nightly_build_is_pinned_by_its_address() -> None:
    text = "[project]\ndependencies = ['bitsandbytes @ https://example.org/nightly/x.whl']\n"
    (pin,) = reader.pins(Source("pyproject.toml", text))
    assert (pin.library, pin.specifier) == ("bitsandbytes", "https://example.org/nightly/x.whl")
    assert pin.text == "bitsandbytes @ https://example.org/nightly/x.whl"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("[project]\ndependencies = ['Torch >= 2, <3']\n", "Torch >= 2, <3"),
        ("[tool.poetry.dependencies]\ntorch = '^2.1'\n", "torch = '^2.1'"),
        ("[tool.poetry.dependencies]\ntorch = {version = '~2.1'}\n", "torch = {version = '~2.1'}"),
        ("[tool.poetry.dependencies.torch]\nversion = '^2.1'\nextras = []\n", "^2.1"),
    ],
)
def test_a_pin_quotes_what_the_file_says(text: str, written: str) -> None:
    assert [pin.text for pin in reader.pins(Source("pyproject.toml", text))] == [written]


def test_numbers_are_written_plain_and_strings_quoted() -> None:
    text = "load_in_8bit = true\na = '1'\n"
    table = read(text).invocations[0].mapping
    made = rewritten(
        text, table, SetEntry(entry(table, "a"), 0.0), AddEntry("b", 8), AddEntry("c", "8"), AddEntry("d", 1e-9)
    )
    assert made == 'load_in_8bit = true\na = 0.0\nb = 8\nc = "8"\nd = 1e-09\n'
    again = read(made).invocations[0].mapping
    assert again is not None
    found = [each.value[0].data for each in again.entries[1:]]
    assert [(value, type(value)) for value in found] == [(0.0, float), (8, int), ("8", str), (1e-9, float)]
