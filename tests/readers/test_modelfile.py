"""Reading and rewriting Modelfiles: instructions as Ollama reads them, texts in quotes, places, guards, round trips."""

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
    Reading,
    RemoveEntry,
    SetEntry,
    Source,
    Symbol,
    Table,
    Wanted,
)
from ecolint.readers import Nowhere, reader_of
from ecolint.readers import modelfile as reader
from ecolint.readers.modelfile import instructions

WANTED = Wanted(anchors={"modelfile": ("from", "FROM")})


def read(text: str) -> Reading:
    return reader.read(Source("Modelfile", text), WANTED, Nowhere())


def table(text: str) -> Table:
    found = read(text)
    assert found.problems == ()
    (one,) = found.invocations
    assert one.mapping is not None
    return one.mapping


def said(text: str) -> list[tuple[str, object]]:
    return [(e.name, "?" if e.value[0].kind == "unknown" else e.value[0].data) for e in table(text).entries]


def entry(text: str, name: str) -> Entry:
    return next(one for one in table(text).entries if one.name == name)


def rewritten(text: str, *changes: Change) -> str:
    done = 0
    pieces: list[str] = []
    for edit in reader.rewrite(Source("Modelfile", text), table(text), changes):
        assert edit.span.start >= done, "edits overlap"
        pieces += [text[done : edit.span.start], edit.text]
        done = edit.span.end
    return "".join([*pieces, text[done:]])


PARAMETERS = 'FROM x\nPARAMETER stop <|im_end|>\nPARAMETER stop "USER:"\n'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM llama3.2:3b", [("from", "llama3.2:3b")]),
        ("from  x \r\nParameter num_ctx\t4096 \r\n", [("from", "x"), ("parameter.num_ctx", "4096")]),
        ('FROM "x y"\n', [("from", "x y")]),
        ('FROM x\nSYSTEM """a\n# b\n  FROM c """\nADAPTER d\n', [("system", "a\n# b\n  FROM c "), ("adapter", "d")]),
        ('FROM x\nTEMPLATE "{{ .System }}\n{{ .Prompt }}"\n', [("template", "{{ .System }}\n{{ .Prompt }}")]),
        ('FROM x\nTEMPLATE """{{ .Prompt }}"""', [("template", "{{ .Prompt }}")]),
        ('FROM x\nSYSTEM """"""\n', [("system", "")]),
        ("FROM x\nMESSAGE user Hi: there\n", [("message.user", "Hi: there")]),
        ("FROM x # no comment\n", [("from", "x # no comment")]),
        ("FROM ${BASE}\n", [("from", "?")]),
        (PARAMETERS, [("parameter.stop", "<|im_end|>"), ("parameter.stop", "USER:")]),
    ],
)
def test_instructions(text: str, expected: list[tuple[str, object]]) -> None:
    assert said(text)[-len(expected) :] == expected


def test_places_and_comments() -> None:
    text = '# é 🦙\n\nFROM é:🦙  \n  # two\nSYSTEM """a\r\nb"""\n'
    found = read(text)
    entries = table(text).entries
    assert [text[e.place.span.start : e.place.span.end] for e in entries] == ["FROM é:🦙", 'SYSTEM """a\r\nb"""']
    place = entries[0].value[0].place
    assert place is not None
    assert text[place.span.start : place.span.end] == "é:🦙"
    assert [(comment.text, comment.in_head) for comment in found.comments] == [("é 🦙", True), ("two", False)]


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("FROM x\nSYSTEM <<EOF\nYou are\nEOF\n", 3, "'You' is no instruction"),
        ('FROM x\n\nTEMPLATE """{{ .Prompt }}\nPARAMETER a 1\n', 3, 'a text that begins with """ has no end'),
        ('FROM x\nSYSTEM "You\n', 2, 'a text that begins with " has no end'),
        ("FROM x\nRUN pip install y\n", 2, "'RUN' is no instruction"),
        ("FROM x\nPARAMETER num_ctx\n", 2, "PARAMETER names nothing that has a value"),
        ("FROM x\nSYSTEM\n", 2, "'SYSTEM' is no instruction"),
    ],
)
def test_what_ollama_refuses_is_one_clear_line(text: str, line: int, reason: str) -> None:
    found = read(text)
    assert found.invocations == ()
    (problem,) = found.problems
    assert problem.line == line
    assert problem.reason.startswith(reason)


@pytest.mark.parametrize(
    "text",
    [
        *("", "# Model files\n\n> FROM here on\n", "---\ntitle: FROM\n---\n", "<p>FROM</p>"),
        *("PARAMETER num_ctx 4096\n", "model FROM x\n"),
    ],
)
def test_other_files_of_the_name_are_left(text: str) -> None:
    assert read(text) == Reading()


@pytest.mark.parametrize(
    ("path", "handled"),
    [
        ("Modelfile", True),
        ("a/modelfile.chat", True),
        ("Modelfile-qwen", True),
        ("chat.Modelfile", True),
        ("modelfile.py", False),
        ("Modelfiles/README", False),
        ("modelfile.yaml", False),
    ],
)
def test_names(path: str, handled: bool) -> None:
    assert (reader_of(path) is reader) is handled


TEXT = 'FROM x:7b\nPARAMETER num_ctx 2048\r\n  SYSTEM """a\nb"""\n# end\n'


def test_rewrite() -> None:
    assert rewritten(TEXT, SetEntry(entry(TEXT, "parameter.num_ctx"), 4096)) == TEXT.replace("2048", "4096")
    assert rewritten(TEXT, RemoveEntry(entry(TEXT, "system"))) == TEXT.replace('  SYSTEM """a\nb"""\n', "")
    assert rewritten(TEXT, RemoveEntry(entry(TEXT, "parameter.num_ctx"))) == TEXT.replace(
        "PARAMETER num_ctx 2048\r\n", ""
    )
    added = rewritten(TEXT, AddEntry("parameter.num_gpu", 0))
    assert added == TEXT.replace("# end", "  PARAMETER num_gpu 0\r\n# end")
    assert rewritten("FROM x", AddEntry("adapter", "y z")) == "FROM x\nADAPTER y z"


def test_what_has_no_spelling_is_refused() -> None:
    for name, value in (
        ("parameter", 1),
        ("num_ctx", 1),
        ("parameter.a b", 1),
        ("system", ""),
        ("from", Symbol("a.b")),
    ):
        with pytest.raises(CannotEdit):
            rewritten(TEXT, AddEntry(name, value))
    with pytest.raises(CannotEdit):
        reader.rewrite(Source("Modelfile", "FROM y\n"), table(TEXT), ())


def test_reading_grows_with_the_text() -> None:
    started = time.perf_counter()
    assert len(table("FROM x\n" + "PARAMETER stop a\n" * 50_000).entries) == 50_001
    assert len(table('FROM x\nSYSTEM """' + "a\n" * 200_000 + '"""\n').entries) == 2
    read("FROM x\n" + 'SYSTEM "' * 20_000 + "\n" + " " * 200_000 + "\n" + '"""\n' * 50_000)
    read("#\n" * 200_000 + "FROM")
    read(" " * 400_000 + "FROM")
    assert time.perf_counter() - started < 10
    (problem,) = read("FROM x\n" + "#" * instructions.MAX_LENGTH).problems
    assert "more than" in problem.reason


VALUES = st.text(st.sampled_from(string.printable.replace("$", "").replace("{", "").replace("<", "") + "é"), min_size=1)


@settings(max_examples=200, deadline=None)
@given(st.lists(VALUES, max_size=4))
def test_what_is_written_reads_back(values: list[str]) -> None:
    text, written = "FROM x\n", []
    for value in values:
        try:
            text = rewritten(text, AddEntry("parameter.stop", value))
        except CannotEdit:
            continue
        written.append(("parameter.stop", value))
    assert said(text)[1:] == written


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_nothing_that_a_file_holds_raises(text: str) -> None:
    read(f"FROM x\n{text}")
    read(text + "FROM x")


@pytest.mark.parametrize(
    ("text", "line", "templated"),
    [
        ("FROM x\nTEMPLATE <<EOF\n{{ .Prompt }}\nEOF\n", 3, False),
        ('FROM x\nSYSTEM """never closed\n{{ .System }}\n', 2, False),
        ("FROM {{ model }}\nTEMPLATE <<EOF\nx\nEOF\n", 3, True),
    ],
)
def test_a_file_that_cannot_be_read_is_one_line_whatever_its_templates_hold(
    text: str, line: int, templated: bool
) -> None:
    (problem,) = read(text).problems
    assert (problem.line, problem.templated) == (line, templated)
    assert problem.reason
