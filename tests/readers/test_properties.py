"""Reading and rewriting properties files: lines as Java reads them, places, objects in values, guards, round trips."""

from __future__ import annotations

import re
import string
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ecolint import files
from ecolint.model import (
    AddEntry,
    CannotEdit,
    Change,
    Entry,
    Invocation,
    Items,
    Problem,
    Reading,
    RemoveEntry,
    SetEntry,
    Source,
    Symbol,
    Table,
    Value,
    Wanted,
)
from ecolint.readers import Nowhere, reader_of, syntax_of
from ecolint.readers import properties as reader
from ecolint.readers.properties import lines

WANTED = Wanted(triggers=("option.model_id", "batchSize"))


def read(text: str, wanted: Wanted = WANTED) -> Reading:
    return reader.read(Source("serving.properties", text), wanted, Nowhere())


def one(text: str) -> Invocation:
    found = read(text)
    assert found.problems == ()
    assert len(found.invocations) == 1
    return found.invocations[0]


def plain(value: Value) -> object:
    told = value[0]
    if told.kind == "unknown":
        return "?"
    if isinstance(told.data, Table):
        return {entry.name: plain(entry.value) for entry in told.data.entries}
    if isinstance(told.data, Items):
        return [plain(item) for item in told.data.items]
    return told.data


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
    for edit in reader.rewrite(Source("serving.properties", text), table, changes):
        assert edit.span.start >= done, "edits overlap"
        pieces += [text[done : edit.span.start], edit.text]
        done = edit.span.end
    return "".join([*pieces, text[done:]])


@pytest.mark.parametrize(
    ("written", "name", "value"),
    [
        ("a=b", "a", "b"),
        ("a = b", "a", "b"),
        ("a: b", "a", "b"),
        ("a b", "a", "b"),
        ("a\tb c ", "a", "b c"),
        ("  a\f=\tb", "a", "b"),
        ("a==b", "a", "=b"),
        ("a : = b", "a", "= b"),
        ("a", "a", ""),
        ("a=", "a", ""),
        ("a\\ b\\=c=d", "a b=c", "d"),
        ("a=b\\\n   c", "a", "bc"),
        ("a=b\\\r\n\tc\\\r\nd", "a", "bcd"),
        ("a=b\\\\", "a", "b\\"),
        ("a=\\u00e9\\t\\x\\\\", "a", "é\tx\\"),
        ("a=b #c", "a", "b #c"),
        ("a=b # c", "a", "?"),
        ("a\\\n=b", "a", "b"),
        ("a=\\\n  b", "a", "b"),
        ("a=b\\", "a", "b"),
    ],
)
def test_lines_are_read_as_java_reads_them(written: str, name: str, value: str) -> None:
    table = one(f"option.model_id=x\n{written}\n").mapping
    assert data(table)[name] == value


def test_comments_and_blank_lines() -> None:
    text = "# one\n! two\n\n  # three\noption.model_id=x\n#a=b\\\nc=d\n"
    found = read(text)
    assert [comment.text for comment in found.comments] == ["one", "two", "three", "a=b\\"]
    assert [comment.in_head for comment in found.comments] == [True, True, False, False]
    assert data(found.invocations[0].mapping) == {"option.model_id": "x", "c": "d"}


def test_places_count_characters() -> None:
    text = "# é 🦙\r\noption.model_id = é🦙\r\n  k=a\\\r\n    b\r\n"
    table = one(text).mapping
    assert table is not None
    assert [text[e.place.span.start : e.place.span.end] for e in table.entries] == [
        "option.model_id = é🦙",
        "k=a\\\r\n    b",
    ]
    place = table.entries[0].value[0].place
    assert place is not None
    assert text[place.span.start : place.span.end] == "é🦙"


def test_the_last_of_two_counts_and_stands_last() -> None:
    table = one("option.model_id=a\noption.model_id=b\n").mapping
    assert table is not None
    assert [plain(entry.value) for entry in table.entries] == ["a", "b"]


@pytest.mark.parametrize("value", ["{{ model_id }}", "${MODEL}", "a-<%= size %>", "$(cat name)"])
def test_what_is_filled_in_later_is_unknown(value: str) -> None:
    assert data(one(f"option.model_id={value}\n").mapping) == {"option.model_id": "?"}


def test_lines_that_a_template_writes_are_told_once() -> None:
    found = read("option.model_id=a\n{% if fast %}\noption.dtype=fp16\n{% endif %}\n")
    assert found.invocations == ()
    assert [(problem.line, problem.templated) for problem in found.problems] == [(2, True)]


MODELS = """model_store=/models
models={\\
  "chat": {\\
    "1.0": {\\
        "marName": "chat.mar",\\
        "batchSize": 4,\\
        "maxBatchDelay": 100\\
    }\\
  }\\
}
"""


def test_an_object_in_a_value_is_a_table_with_places() -> None:
    found = one(MODELS)
    assert data(found.mapping) == {"marName": "chat.mar", "batchSize": 4, "maxBatchDelay": 100}
    place = entry(found.mapping, "batchSize").place
    assert MODELS[place.span.start : place.span.end] == '"batchSize": 4'
    last = entry(found.mapping, "maxBatchDelay").value[0].place
    assert last is not None
    assert MODELS[last.span.start : last.span.end] == "100"
    assert "models" in found.beside


def test_an_object_is_rewritten_in_place() -> None:
    table = one(MODELS).mapping
    changed = rewritten(MODELS, table, SetEntry(entry(table, "batchSize"), 8), AddEntry("minWorkers", 1))
    assert data(one(changed).mapping) == {"marName": "chat.mar", "batchSize": 8, "maxBatchDelay": 100, "minWorkers": 1}
    assert rewritten(MODELS, table, RemoveEntry(entry(table, "batchSize"))) == MODELS.replace(
        '\\\n        "batchSize": 4,', "", 1
    )
    assert data(one(rewritten(MODELS, table, RemoveEntry(entry(table, "maxBatchDelay")))).mapping) == {
        "marName": "chat.mar",
        "batchSize": 4,
    }


@pytest.mark.parametrize(
    "value", ['{"batchSize": 1', '{"batchSize" 1}', "{batchSize: 1}", '{"batchSize": 1} x', '{"a":' * 99]
)
def test_a_value_that_is_no_object_is_text(value: str) -> None:
    found = read(f"option.model_id=x\nmodels={value}\n")
    assert found.problems == ()
    assert data(found.invocations[0].mapping)["models"] == value.rstrip()


@pytest.mark.parametrize("text", ["", "a=b\n", "\\\\\\", "\x00option", "=\n:\n"])
def test_without_trigger_nothing_is_read(text: str) -> None:
    assert read(text) == Reading()


def test_an_escape_that_java_refuses_is_one_clear_line() -> None:
    (problem,) = read("option.model_id=x\npath=C:\\users\\models\n").problems
    assert (problem.line, problem.reason) == (2, "an escape \\u needs four hexadecimal digits")
    assert read("option.model_id=x\npath=C:\\\\users\n").problems == ()


def test_latin_1_is_what_java_reads() -> None:
    loaded = files.decode("serving.properties", b"# caf\xe9\noption.model_id=x\n")
    assert isinstance(loaded, files.Loaded)
    assert loaded.encoding == "latin-1"
    assert loaded.text.startswith("# café")
    assert isinstance(files.decode("serving.toml", b"# caf\xe9\n"), Problem)


@pytest.mark.parametrize(
    ("text", "change", "result"),
    [
        ("option.model_id=x\nk = 1\n", "set", "option.model_id=x\nk = 8\n"),
        ("option.model_id=x\nk\n", "set", "option.model_id=x\nk=8\n"),
        ("option.model_id=x\nk=1\\\n  2\nz=3", "set", "option.model_id=x\nk=8\nz=3"),
        ("option.model_id=x\nk=1\n", "add", "option.model_id=x\nk=1\nnew\\ key=8\n"),
        ("k: 1\r\noption.model_id : x", "add", "k: 1\r\noption.model_id : x\r\nnew\\ key : 8"),
        ("option.model_id=x\n  k=1\\\n  2\nz=3\n", "remove", "option.model_id=x\nz=3\n"),
        ("k=1\r\noption.model_id=x\r\n", "remove", "option.model_id=x\r\n"),
    ],
)
def test_rewrite(text: str, change: str, result: str) -> None:
    table = one(text).mapping
    made: dict[str, Change] = {
        "set": SetEntry(entry(table, "k"), 8),
        "add": AddEntry("new key", 8),
        "remove": RemoveEntry(entry(table, "k")),
    }
    assert rewritten(text, table, made[change]) == result


def test_what_has_no_spelling_is_refused() -> None:
    table = one("option.model_id=x\n").mapping
    for value in (Symbol("torch.float16"), None, " x"):
        with pytest.raises(CannotEdit):
            rewritten("option.model_id=x\n", table, AddEntry("k", value))
    with pytest.raises(CannotEdit):
        rewritten("option.model_id=other\n", table, AddEntry("k", 1))


def test_switches_are_written_in_small_letters() -> None:
    text = "option.model_id=x\n"
    assert rewritten(text, one(text).mapping, AddEntry("k", True)) == text + "k=true\n"


def test_names() -> None:
    assert reader_of("models/Serving.PROPERTIES") is reader
    assert syntax_of("a/b.properties") == "properties"
    assert syntax_of("a/b.nothing") == ""


def test_a_long_file_is_refused_and_reading_grows_with_the_text() -> None:
    many = "".join(f"k{n}=v\\\n  w\n" for n in range(20_000))
    started = time.perf_counter()
    assert len(data(one(f"option.model_id=x\n{many}").mapping)) == 20_001
    odd = "\\" * 100_000 + "\n" + "a=" + "{" * 50_000 + "\n" + '"' * 50_000
    read(f"option.model_id=x\n{odd}")
    read("option.model_id=x\nmodels=" + '{"batchSize": [' * 20_000)
    assert time.perf_counter() - started < 10
    (problem,) = read("option.model_id=x\n" + "#" * lines.MAX_LENGTH).problems
    assert "more than" in problem.reason


def hidden(value: str) -> bool:
    """Whether a value is left unknown: for what is written, where all blanks but a space are escapes."""
    return bool(reader._FILLED.search(value) or re.search(" [#!] ", value))


KEYS = st.text(st.sampled_from(string.ascii_letters + "._ =:#!\\\té"), min_size=1, max_size=8)
VALUES = st.text(st.sampled_from(string.printable.replace("%", "") + "é🦙"), max_size=12).map(
    lambda text: text.strip(" \t\f")
)


@settings(max_examples=150, deadline=None)
@example([(":", "\r#\r")], "")
@example([("a", "b")], "c # d")
@given(st.lists(st.tuples(KEYS, VALUES), max_size=5), VALUES)
def test_what_is_written_reads_back(pairs: list[tuple[str, str]], changed: str) -> None:
    text = "option.model_id=x\n"
    for name, value in pairs:
        text = rewritten(text, one(text).mapping, AddEntry(name, value))
    table = one(text).mapping
    assert table is not None
    found = [(one.name, plain(one.value)) for one in table.entries[1:]]
    told = [(n, "?" if hidden(v) else v) for n, v in pairs]
    assert found == told
    if pairs:
        text = rewritten(text, table, SetEntry(table.entries[-1], changed))
        again = one(text).mapping
        assert again is not None
        assert plain(again.entries[-1].value) == ("?" if hidden(changed) else changed)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80))
def test_nothing_that_a_file_holds_raises(text: str) -> None:
    reader.read(Source("a.properties", f"{text}\noption.model_id=x\nbatchSize"), WANTED, Nowhere())
