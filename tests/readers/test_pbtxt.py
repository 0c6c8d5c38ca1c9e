"""Reading and rewriting protocol buffers in text format: values, maps, places, guards and round trips."""

from __future__ import annotations

import string
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecolint.model import (
    AddEntry,
    CannotEdit,
    Change,
    Entry,
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
from ecolint.readers import Nowhere, reader_of
from ecolint.readers import pbtxt as reader
from ecolint.readers.pbtxt import tree

WANTED = Wanted(anchors={"pbtxt": ("backend",)})
HEAD = 'backend: "x"\n'


def read(text: str) -> Reading:
    return reader.read(Source("config.pbtxt", text), WANTED, Nowhere())


def table(text: str) -> Table:
    found = read(text)
    assert found.problems == ()
    (one,) = found.invocations
    assert one.mapping is not None
    return one.mapping


def plain(value: Value) -> object:
    told = value[0]
    if told.kind == "unknown":
        return "?"
    if isinstance(told.data, Table):
        return data(told.data)
    if isinstance(told.data, Items):
        return [plain(item) for item in told.data.items]
    return told.data


def data(one: Table) -> dict[str, object]:
    return {entry.name: plain(entry.value) for entry in one.entries}


def entry(one: Table, name: str) -> Entry:
    return next(each for each in one.entries if each.name == name)


def rewritten(text: str, one: Table, *changes: Change) -> str:
    done = 0
    pieces: list[str] = []
    for edit in reader.rewrite(Source("config.pbtxt", text), one, changes):
        assert edit.span.start >= done, "edits overlap"
        pieces += [text[done : edit.span.start], edit.text]
        done = edit.span.end
    return "".join([*pieces, text[done:]])


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("k: 1", 1),
        ("k: -1", -1),
        ("k: 0.9", 0.9),
        ("k: 1.5f", 1.5),
        ("k: 1e-3", 0.001),
        ("k:true", True),
        ("k: False", False),
        ("k: KIND_GPU", "KIND_GPU"),
        ("k: 0x10", "0x10"),
        ("k: 'a \"b\"'", 'a "b"'),
        ('k: "a\\n\\"b\\x41\\101"', 'a\n"bAA'),
        ('k: "a" # c\n  "b"', "ab"),
        ("k: [1, 2 # c\n, 3]", [1, 2, 3]),
        ("k [ { a: 1 }, { a: 2; b: 3 } ]", [{"a": 1}, {"a": 2, "b": 3}]),
        ("k: [ ]", []),
        ("k { a { b: 1 } }", {"a": {"b": 1}}),
        ("k: < a: 1, >", {"a": 1}),
        ("k {}", {}),
        ("k: ${max_batch}", "?"),
        ("k: {{ max_batch }}", "?"),
        ('k: "${engine_dir}"', "?"),
        ('k: "{{ dir }}"', "?"),
        ("[com.example.k]: 1, k: 2", 2),
    ],
)
def test_value(written: str, expected: object) -> None:
    assert data(table(f"{HEAD}{written}\n"))["k"] == expected


@pytest.mark.parametrize(
    ("written", "name", "value"),
    [
        ('p { key: "a" value { string_value: "b" } }', "p.a", "b"),
        ("p: {\n  key: 'a.b'\n  value: {\n    string_value: 'c'\n  }\n}", "p.a.b", "c"),
        ('p { value: { int64_param: 3 } key: "a" }', "p.a", 3),
        ('p { key: "a" value: "b" }', "p.a", "b"),
        ('p { key: "a" value { x: 1 y: 2 } }', "p.a", {"x": 1, "y": 2}),
        ('p { key: "a" value { string_value: "${b}" } }', "p.a", "?"),
        ('p { key: "a" }', "p", {"key": "a"}),
    ],
)
def test_what_a_map_holds_goes_by_its_keys(written: str, name: str, value: object) -> None:
    assert data(table(f"{HEAD}{written}\n"))[name] == value


def test_places_and_comments() -> None:
    text = '# é 🦙\nbackend: "é"\r\np { key: "a"\n value { s: "🦙" } } # c\n'
    one = table(text)
    assert [text[e.place.span.start : e.place.span.end] for e in one.entries] == [
        'backend: "é"',
        'p { key: "a"\n value { s: "🦙" } }',
    ]
    place = entry(one, "p.a").value[0].place
    assert place is not None
    assert text[place.span.start : place.span.end] == '"🦙"'
    assert [(comment.text, comment.in_head) for comment in read(text).comments] == [("é 🦙", True), ("c", False)]


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("a: 1\nb {\n c: 1\n", 3, "what opens here is never closed: '}' is missing"),
        ("b [ 1, 2\n", 2, "what opens here is never closed: ']' is missing"),
        ("b: 1\n}\n", 3, "a field's name is missing before '}'"),
        ("b: [ 1 }\n", 2, "'}' stands where a value should"),
        ('b: "c\n', 2, "a text that has no end on its line"),
        ("b: ?\n", 2, "'?' stands for nothing"),
        ("b: \n", 2, "b has no value"),
        ("b 1\n", 2, "b has no value"),
        ("b {" * 200, 2, "blocks nested deeper than 100 levels"),
        ("b: [" + "[" * 200, 2, "blocks nested deeper than 100 levels"),
    ],
)
def test_what_is_no_text_format_is_one_clear_line(text: str, line: int, reason: str) -> None:
    found = read(HEAD + text)
    assert found.invocations == ()
    (problem,) = found.problems
    assert (problem.line, problem.reason) == (line, reason)


@pytest.mark.parametrize(
    "text",
    ["", "item { id: 1 name: 'backend' }", "a {", 'node { attr { key: "backend" ', "# backend\n", "backend_x: {"],
)
def test_other_files_are_left(text: str) -> None:
    assert read(text) == Reading()


def test_names() -> None:
    assert reader_of("models/chat/config.pbtxt") is reader


TEXT = """backend: "x"
a: 1, b: 2
list [
  { c: 1 },
  { c: 2 }
]
p: {
  key: "one"
  value: {
    string_value: 'yes'
  }
}
"""


def test_rewrite() -> None:
    one = table(TEXT)
    assert rewritten(TEXT, one, SetEntry(entry(one, "a"), 8)) == TEXT.replace("a: 1", "a: 8")
    assert rewritten(TEXT, one, SetEntry(entry(one, "p.one"), False)) == TEXT.replace("'yes'", "'false'")
    assert rewritten(TEXT, one, SetEntry(entry(one, "backend"), 'é "y"')) == TEXT.replace('"x"', '"é \\"y\\""')
    assert rewritten(TEXT, one, RemoveEntry(entry(one, "p.one"))) == TEXT[: TEXT.index("p: {")]
    assert rewritten(TEXT, one, RemoveEntry(entry(one, "a"))) == TEXT.replace("a: 1, ", "")
    assert rewritten(TEXT, one, RemoveEntry(entry(one, "backend"))) == TEXT.replace('backend: "x"\n', "")
    added = rewritten(TEXT, one, AddEntry("p.two", True), AddEntry("d", 3))
    assert data(table(added)) == {**data(one), "p.two": "true", "d": 3}


def test_inner_blocks_are_rewritten() -> None:
    items = entry(table(TEXT), "list").value[0].data
    assert isinstance(items, Items)
    second = items.items[1][0].data
    assert isinstance(second, Table)
    assert rewritten(TEXT, second, AddEntry("d", 1)) == TEXT.replace("{ c: 2 }", "{ c: 2 d: 1 }")
    assert rewritten(TEXT, second, RemoveEntry(second.entries[0])) == TEXT.replace("{ c: 2 }", "{ }")
    empty = table(f"{HEAD}e {{}}\n")
    inner = entry(empty, "e").value[0].data
    assert isinstance(inner, Table)
    assert rewritten(f"{HEAD}e {{}}\n", inner, AddEntry("d", 1)) == f"{HEAD}e {{ d: 1 }}\n"


def test_what_has_no_spelling_is_refused() -> None:
    one = table(TEXT)
    changes: list[Change] = [
        SetEntry(entry(one, "list"), 1),
        SetEntry(entry(one, "a"), Symbol("x")),
        SetEntry(entry(one, "a"), "two words"),
        AddEntry("d", float("inf")),
        AddEntry("q.key", 1),
    ]
    for change in changes:
        with pytest.raises(CannotEdit):
            rewritten(TEXT, one, change)
    with pytest.raises(CannotEdit):
        rewritten(HEAD, one, AddEntry("d", 1))


def test_reading_grows_with_the_text() -> None:
    started = time.perf_counter()
    many = "".join(f'p {{ key: "k{n}" value {{ string_value: "v" }} }}\n' for n in range(10_000))
    assert len(table(HEAD + many).entries) == 10_001
    read(HEAD + '"' * 100_000)
    read(HEAD + "b: " + '"a" ' * 100_000)
    read(HEAD + "#" * 300_000 + "\n" + " " * 300_000 + "{")
    read(HEAD + "[" + "a." * 100_000)
    assert time.perf_counter() - started < 15
    (problem,) = read(HEAD + "#" * tree.MAX_LENGTH).problems
    assert "more than" in problem.reason


TEXTS = st.text(
    st.sampled_from(string.printable.replace("$", "").replace("{", "").replace("<", "") + "é🦙"), max_size=10
)
SCALARS: st.SearchStrategy[Scalar] = st.one_of(
    TEXTS, st.booleans(), st.integers(-(10**9), 10**9), st.floats(allow_nan=False, allow_infinity=False, width=32)
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(["a", "b_c", "D1"]), SCALARS, max_size=3), SCALARS)
def test_what_is_written_reads_back(values: dict[str, Scalar], changed: Scalar) -> None:
    text, said = HEAD, {}
    for name, value in values.items():
        try:
            text = rewritten(text, table(text), AddEntry(name, value))
        except CannotEdit:
            continue
        said[name] = value
    assert {name: value for name, value in data(table(text)).items() if name != "backend"} == said
    one = table(text)
    if said and isinstance(changed, str) is isinstance(plain(one.entries[-1].value), str):
        try:
            text = rewritten(text, one, SetEntry(one.entries[-1], changed))
        except CannotEdit:
            return
        assert plain(table(text).entries[-1].value) == changed


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("{}[]<>:,;#\"'\\ \nab1.-$%"), max_size=40), st.text(max_size=20))
def test_nothing_that_a_file_holds_raises(text: str, other: str) -> None:
    read(HEAD + text + other)
