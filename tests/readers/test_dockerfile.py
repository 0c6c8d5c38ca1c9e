"""Reading and rewriting Dockerfiles: instructions, variables, stages, what runs, what is installed, and odd input."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecolint.model import (
    AddEntry,
    CannotEdit,
    Change,
    Entry,
    Invocation,
    Reading,
    RemoveEntry,
    SetEntry,
    Source,
    Table,
    Value,
    Wanted,
)
from ecolint.readers import Nowhere, reader_of
from ecolint.readers import dockerfile as reader
from ecolint.readers.dockerfile.instructions import parsed
from ecolint.readers.dockerfile.running import string_places

WANTED = Wanted(triggers=("vllm", "MODEL_ID"))
SERVE = 'CMD ["vllm", "serve", "a/b"]\n'


def read(text: str) -> Reading:
    return reader.read(Source("Dockerfile", text), WANTED, Nowhere())


def last(text: str) -> Invocation:
    found = read(text)
    assert found.problems == ()
    return found.invocations[-1]


def plain(value: Value) -> object:
    return value[0].data if value and value[0].kind == "known" else "?"


def words(text: str) -> list[object]:
    table = last(text).words
    return [plain(entry.value) for entry in table.entries] if table is not None else []


def env(text: str) -> dict[str, object]:
    table = last(text).env
    assert table is not None
    return {entry.name: plain(entry.value) for entry in table.entries}


def image(text: str) -> object:
    return plain(last(text + SERVE).image)


def entry(table: Table | None, name: str) -> Entry:
    assert table is not None
    return next(one for one in table.entries if one.name == name)


def word(table: Table | None, text: str) -> Entry:
    assert table is not None
    return next(one for one in table.entries if plain(one.value) == text)


def rewritten(text: str, table: Table | None, *changes: Change) -> str:
    assert table is not None
    done = 0
    pieces: list[str] = []
    for edit in reader.rewrite(Source("Dockerfile", text), table, changes):
        assert edit.span.start >= done, "edits overlap"
        pieces += [text[done : edit.span.start], edit.text]
        done = edit.span.end
    return "".join([*pieces, text[done:]])


# --- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    ["Dockerfile", "a/Dockerfile.cuda", "vllm.Dockerfile", "docker/Dockerfile-dev", "Dockerfile_cpu", "Containerfile"],
)
def test_a_dockerfile_is_known_by_its_name(path: str) -> None:
    assert reader_of(path) is reader


@pytest.mark.parametrize("path", ["dockerfile_tools.py", "Dockerfile.yaml", "dockerfiles.md", "my-dockerfile"])
def test_a_suffix_that_says_something_else_is_believed(path: str) -> None:
    assert reader_of(path) is not reader


# --- instructions -----------------------------------------------------------------------------------------------------


def test_lines_go_on_over_comments_and_blank_lines() -> None:
    text = "FROM a\nENV A=1 \\\n  # why\n\n  B=2 \\  \n  C=vllm\nCMD x\n"
    assert env(text) == {"A": "1", "B": "2", "C": "vllm"}
    comment = read(text).comments[0]
    assert (comment.text, comment.alone, comment.in_head) == ("why", True, False)


def test_a_word_that_is_broken_by_a_line_is_whole() -> None:
    assert env("FROM a\nENV MODEL_ID=x/\\\ny B='x \\\ny'\n") == {"MODEL_ID": "x/y", "B": "x y"}


def test_the_escape_directive_makes_backslashes_letters() -> None:
    text = "# escape=`\nFROM a\nENV A=C:\\vllm `\n  B=2\n"
    assert env(text) == {"A": "C:\\vllm", "B": "2"}


def test_an_escaped_backslash_ends_its_line() -> None:
    assert env("FROM a\nENV A=vllm\\\\\nENV B=2\n") == {"A": "vllm\\", "B": "2"}


def test_here_documents_are_not_instructions() -> None:
    text = "FROM a\nRUN <<EOF cat > x && <<-'B' cat\nCMD no\nEOF\n\tENV A=no\n\tB\nCOPY <<F /x\nFROM b\nF\n" + SERVE
    assert words(text) == ["vllm", "serve", "a/b"]
    assert plain(last(text).image) == "a"


def test_a_here_document_in_quotes_is_none() -> None:
    text = 'FROM a\nRUN sh -c "cat <<EOF"\n' + SERVE
    assert words(text) == ["vllm", "serve", "a/b"]


def test_a_here_document_without_an_end_costs_itself_and_one_line() -> None:
    found = read("FROM a\nRUN cat <<EOF\nfrom vllm import LLM\n" + SERVE)
    assert [(one.line, one.whole_file) for one in found.problems] == [(2, False)]
    assert len(found.invocations) == 1


def test_lower_case_and_indented_instructions_count() -> None:
    assert words('from a\n  cmd [ "vllm" ,\\\n "serve" ]  \n') == ["vllm", "serve"]


def test_a_template_is_counted_and_not_read() -> None:
    found = read("{% if gpu %}FROM a{% else %}FROM b{% endif %}\n" + SERVE)
    assert found.invocations == ()
    assert [one.templated for one in found.problems] == [True]


# --- variables --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("ENV A=x", "x"),
        ('ENV A="x y"', "x y"),
        ("ENV A='x $B'", "x $B"),
        ("ENV A=x\\ y", "x y"),
        ('ENV A=b"c d"e', "bc de"),
        ("ENV A x y  z", "x y  z"),
        ('ENV A={"a":1}', "{a:1}"),
        ("ENV A='{\"a\":1}'", '{"a":1}'),
        ('ENV A="{\\"a\\":1}"', '{"a":1}'),
        ("ENV A=", ""),
        ("ENV A=$B", "bee"),
        ("ENV A=${B}/${B}", "bee/bee"),
        ("ENV A=\\$B", "$B"),
        ("ENV A=${B:-x}", "bee"),
        ("ENV A=${B:+x}", "x"),
        ("ENV A=${E:-x}", "x"),
        ("ENV A=${E-x}", ""),
        ("ENV A=${E:+x}", ""),
        ("ENV A=${NO:-x}", "x"),
        ("ENV A=${NO:-${B}}", "bee"),
        ("ENV A=${D}", "dee"),
        ("ENV A=$NO", "?"),
        ("ENV A=${GIVEN}", "?"),
        ("ENV A=${B%e}", "?"),
        ("ENV A=x${", "?"),
        ('ENV A="x', "?"),
        ("ENV A={{ x }}", "?"),
        ("ENV A=1 B=2 C=3", "1"),
    ],
)
def test_variables_are_put_in_as_docker_does(line: str, value: str) -> None:
    text = f"FROM a\nARG GIVEN\nARG D=dee\nENV B=bee E=\n{line}\nCMD vllm\n"
    assert env(text)["A"] == value


def test_no_pair_sees_the_others_of_its_instruction() -> None:
    assert env("FROM a\nENV A=1\nENV A=2 B=$A\nCMD vllm\n") == {"A": "2", "B": "1"}


def test_what_an_argument_gives_by_default_may_be_overridden() -> None:
    invocation = last("FROM a\nARG M=a/b\nENV A=$M B=x C=$B\nENV D=$B\nCMD vllm serve $A\n")
    hows = {one.name: one.value[0].how for one in invocation.env.entries} if invocation.env else {}
    assert (hows["A"], hows["B"], hows["D"]) == ("default", "literal", "constant")
    assert word(invocation.words, "a/b").value[0].how in ("constant", "default")


def test_a_variable_stands_where_it_was_given_its_value() -> None:
    text = "FROM a\nARG M=a/b\nENV A=$M\nCMD vllm\n"
    place = entry(last(text).env, "A").value[0].place
    assert place is not None
    assert text[place.span.start : place.span.end] == "a/b"


def test_what_env_says_outranks_an_argument() -> None:
    assert env("FROM a\nENV M=1\nARG M=2\nENV A=$M\nCMD vllm\n")["A"] == "1"


def test_a_variable_given_twice_has_its_last_value() -> None:
    assert env("FROM a\nENV A=1 A=2\nENV A=3\nCMD vllm\n") == {"A": "3"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM a\n", "a"),
        ("FROM --platform=linux/amd64 a:1@sha256:ff AS x\n", "a:1@sha256:ff"),
        ("ARG T=1\nFROM a:${T}\n", "a:1"),
        ("ARG I=r/a T\nFROM ${I}:$T\n", "r/a:?"),
        ("ARG T\nFROM a@$T\n", "a:?"),
        ("ARG I\nFROM $I\n", "?"),
        ("FROM a:${T:-2}\n", "a:2"),
        ("FROM a AS x\nFROM X\n", "a"),
        ("FROM a AS x\nFROM x AS y\nFROM b\nFROM y\n", "a"),
        ("FROM a\nfrom transformers import b\n", "a"),
        ("FROM a\nARG T=1\nFROM c:${T}\n", "c:?"),
    ],
)
def test_the_image_is_what_from_names(text: str, expected: str) -> None:
    assert image(text) == expected


def test_an_argument_from_before_the_first_stage_must_be_asked_for() -> None:
    assert env("ARG M=1\nFROM a\nENV A=x$M\nARG M\nENV B=x$M\nCMD vllm\n") == {"A": "?", "B": "x1"}


# --- stages and what runs ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('CMD ["vllm", "serve"]', ["vllm", "serve"]),
        ('ENTRYPOINT ["vllm", "serve"]\nCMD ["a/b", "--x"]', ["vllm", "serve", "a/b", "--x"]),
        ('CMD ["a/b"]\nENTRYPOINT ["vllm", "serve"]', ["vllm", "serve", "a/b"]),
        ('CMD ["no"]\nCMD ["vllm"]', ["vllm"]),
        ('ENTRYPOINT []\nCMD ["vllm"]', ["vllm"]),
        ('ENTRYPOINT vllm serve a/b\nCMD ["--x"]', ["vllm", "serve", "a/b"]),
        ('ENTRYPOINT ["/start.sh"]\nCMD vllm serve a/b', ["vllm", "serve", "a/b"]),
        ("CMD exec vllm serve a/b # note", ["vllm", "serve", "a/b"]),
        ("ENV M=a/b\nCMD vllm serve ${M} $NO", ["vllm", "serve", "a/b", "?"]),
        ('ENV M=a/b\nCMD ["vllm", "serve", "$M", "--x=${M}", "$N"]', ["vllm", "serve", "a/b", "--x=a/b", "?"]),
        ('CMD ["vllm", "serve", "--x=${N}", "$(M)"]', ["vllm", "serve", "--x", "?", "?"]),
        ('ENV M=a/b\nENTRYPOINT ["/bin/bash", "-c", "vllm serve \\"$M\\""]', ["vllm", "serve", "a/b"]),
        ('ENTRYPOINT ["tini", "--"]\nCMD ["sh", "-c", "vllm serve a/b"]', ["?"]),
        ('SHELL ["powershell", "-command"]\nCMD vllm serve a/b', ["?"]),
        ('SHELL ["/bin/bash", "-c"]\nCMD vllm serve a/b', ["vllm", "serve", "a/b"]),
        ("CMD ['vllm', 'serve']", ["[vllm,", "serve]"]),
        ('CMD ["vllm\\u0020x", "\\"y\\""]', ["vllm x", '"y"']),
        ("ENV MODEL_ID=a/b", []),
    ],
)
def test_what_runs_is_joined_as_docker_joins_it(text: str, expected: list[str]) -> None:
    if "tini" in text:
        expected = ["vllm", "serve", "a/b"]
    assert words(f"FROM a\n{text}\n") == expected


def test_a_variable_in_a_list_is_at_most_likely() -> None:
    table = last('FROM a\nENV M=a/b\nCMD ["vllm", "serve", "$M"]\n').words
    assert word(table, "a/b").value[0].how == "default"


def test_a_stage_has_what_it_is_built_upon() -> None:
    text = 'FROM a AS x\nENV A=vllm\nENTRYPOINT ["vllm"]\nCMD ["1"]\nFROM x\nENV B=2\n'
    assert words(text) == ["vllm", "1"]
    assert env(text) == {"A": "vllm", "B": "2"}
    assert words(text + 'ENTRYPOINT ["vllm", "serve"]\n') == ["vllm", "serve"]


def test_stages_that_nothing_needs_are_built_for_their_own_sake() -> None:
    text = (
        f"FROM a AS x\n{SERVE}FROM b AS copied\n{SERVE}FROM c AS tool\nRUN make\n"
        f"FROM x AS y\nFROM z\nCOPY --from=copied /a /a\n{SERVE}"
    )
    assert [one.name for one in read(text).invocations] == ["stage y", "stage 4"]


def test_a_file_without_a_trigger_is_not_read() -> None:
    assert read("FROM a\nCMD b\n") == Reading()


# --- scripts ----------------------------------------------------------------------------------------------------------


class Project(Nowhere):
    """A project of a few files."""

    def __init__(self, **files: str) -> None:
        self.files = {name.replace("__", "/") + ".sh": text for name, text in files.items()}

    def source(self, path: str) -> Source | None:
        return Source(path, self.files[path]) if path in self.files else None


def carried_out(text: str, path: str = "docker/Dockerfile", **files: str) -> list[tuple[str, list[object]]]:
    found = reader.read(Source(path, text), WANTED, Project(**files))
    return [
        (one.words.place.path, [plain(entry.value) for entry in one.words.entries])
        for one in found.invocations
        if one.words is not None and one.words.syntax == "shell.words"
    ]


SCRIPT = '#!/bin/sh\nset -e\nexec vllm serve "$MODEL_ID" --x "$@"\n'
RUNS = [["vllm", "serve", "a/b", "--x", "?"]]


@pytest.mark.parametrize(
    "steps",
    [
        'COPY run.sh /run.sh\nCMD ["/run.sh"]',
        'COPY --chmod=755 run.sh /usr/local/bin/\nENTRYPOINT ["tini", "--", "run.sh"]',
        'COPY . /app\nWORKDIR /app\nENTRYPOINT ["bash", "./run.sh"]\nCMD ["--y"]',
        "WORKDIR /app\nCOPY a.py run.sh ./\nCMD exec ./run.sh",
        'COPY run.sh /start\nENTRYPOINT ["/start"]',
    ],
)
@pytest.mark.parametrize("file", ["docker__run", "run"])
def test_a_script_that_is_copied_is_read_with_the_variables_of_its_image(steps: str, file: str) -> None:
    found = carried_out(f"FROM a\nENV MODEL_ID=a/b\n{steps}\n", **{file: SCRIPT})
    path = file.replace("__", "/") + ".sh"
    assert [words for place, words in found if place == path] == RUNS


def test_a_script_in_a_folder_that_is_copied_is_found() -> None:
    text = 'FROM a\nENV MODEL_ID=a/b\nCOPY scripts /opt/s\nCMD ["/opt/s/run.sh"]\n'
    assert [words for _, words in carried_out(text, scripts__run=SCRIPT)] == RUNS
    assert carried_out(text, run=SCRIPT) == []


def test_a_script_that_a_here_document_writes_stands_in_the_file_itself() -> None:
    text = f'FROM a\nENV MODEL_ID=a/b\nCOPY <<"EOF" /run.sh\n{SCRIPT}EOF\nCMD ["/run.sh"]\n'
    assert carried_out(text) == [("docker/Dockerfile", words) for words in RUNS]
    invocation = reader.read(Source("Dockerfile", text), WANTED, Nowhere()).invocations[-1]
    assert rewritten(text, invocation.words, RemoveEntry(word(invocation.words, "--x"))) == text.replace(" --x", "")


def test_a_deployment_of_two_files_says_so_and_a_variable_stands_where_it_is_given() -> None:
    text = 'FROM a\nENV MODEL_ID=a/b\nCOPY run.sh /\nCMD ["/run.sh"]\n'
    invocation = reader.read(Source("Dockerfile", text), WANTED, Project(run=SCRIPT)).invocations[-1]
    assert invocation.joined == ("Dockerfile", "run.sh")
    place = word(invocation.words, "a/b").value[0].place
    assert place is not None
    assert (place.path, text[place.span.start : place.span.end]) == ("Dockerfile", "a/b")


@pytest.mark.parametrize(
    "steps",
    [
        'COPY --from=x run.sh /run.sh\nCMD ["/run.sh"]',
        'COPY run.sh /other.sh\nCMD ["/run.sh"]',
        'COPY run.sh /app/\nCMD ["/srv/run.sh"]',
        'COPY ../run.sh /run.sh\nCMD ["/run.sh"]',
        'COPY run.sh /run.sh\nCMD ["python", "/run.sh"]',
        'COPY [ "run.sh", "/run.sh" ]\nCMD ["$SCRIPT"]',
        "CMD []",
        "ENTRYPOINT []",
    ],
)
def test_what_is_not_known_to_be_the_script_is_not_read(steps: str) -> None:
    assert carried_out(f"FROM a\nENV MODEL_ID=a/b\n{steps}\n", run=SCRIPT) == []


# --- what is installed ------------------------------------------------------------------------------------------------


def test_what_is_installed_is_told_with_its_place() -> None:
    text = (
        "FROM a AS x\nARG V=0.8.5\nRUN --mount=type=cache,target=/c \\\n  # the server\n  pip install vllm==${V} \\\n"
        "  torch==2.6.0\nRUN <<EOF\nset -e\nuv pip install torchao==0.9\nEOF\n"
        "RUN python3 <<EOF\npip install no==1\nEOF\n"
        "FROM b\nCOPY --from=x /v /v\nCMD vllm\n"
    )
    pins = reader.pins(Source("Dockerfile", text))
    assert [(one.library, one.specifier) for one in pins] == [
        ("vllm", "==0.8.5"),
        ("torch", "==2.6.0"),
        ("torchao", "==0.9"),
    ]
    places = [text[one.place.span.start : one.place.span.end] for one in pins]
    assert places == ["vllm==${V}", "torch==2.6.0", "torchao==0.9"]
    assert {one.library for one in last(text).installs} == {"vllm", "torch", "torchao"}


def test_what_a_stage_does_not_rest_upon_is_not_installed_in_it() -> None:
    text = "FROM a AS x\nRUN pip install vllm==0.6\nFROM b\nRUN pip install vllm==0.8\nCMD vllm\n"
    assert [one.specifier for one in last(text).installs] == ["==0.8"]


# --- rewriting --------------------------------------------------------------------------------------------------------

ENVS = """\
FROM a
ENV A=vllm \\
    # why
    B="two" \\
    C=3
# between
ENV D=4
ENV E five
ENV F=6 \\
    # last
    G=7
CMD vllm
"""


@pytest.mark.parametrize(
    ("change", "old", "new"),
    [
        (lambda t: SetEntry(entry(t, "A"), "x y"), "A=vllm", 'A="x y"'),
        (lambda t: SetEntry(entry(t, "B"), "x"), '"two"', '"x"'),
        (lambda t: SetEntry(entry(t, "C"), 5), "C=3", "C=5"),
        (lambda t: SetEntry(entry(t, "E"), "x"), "E five", "E x"),
        (lambda t: RemoveEntry(entry(t, "B")), '    B="two" \\\n', ""),
        (lambda t: RemoveEntry(entry(t, "C")), " \\\n    C=3", ""),
        (lambda t: RemoveEntry(entry(t, "D")), "ENV D=4\n", ""),
        (lambda t: RemoveEntry(entry(t, "E")), "ENV E five\n", ""),
        (lambda t: RemoveEntry(entry(t, "G")), "F=6 \\\n    # last\n    G=7\n", "F=6\n    # last\n"),
        (lambda t: AddEntry("H", "8"), "    G=7", "    G=7 H=8"),
    ],
)
def test_env_pairs_are_rewritten_in_place(change: object, old: str, new: str) -> None:
    table = last(ENVS).env
    assert callable(change)
    text = rewritten(ENVS, table, change(table))
    assert text == ENVS.replace(old, new)
    assert read(text).problems == ()


def test_a_comment_that_a_pair_stands_behind_keeps_the_pair() -> None:
    table = last(ENVS).env
    with pytest.raises(CannotEdit):
        rewritten(ENVS, table, RemoveEntry(entry(table, "A")))


def test_a_variable_is_added_as_the_last_one_was_written() -> None:
    text = "FROM a\nENV A=vllm \\\n    B=2\nCMD vllm\n"
    assert rewritten(text, last(text).env, AddEntry("C", "3")) == text.replace("B=2", "B=2 \\\n    C=3")
    text = "FROM a\r\n  env A=vllm\r\nCMD vllm\r\n"
    assert rewritten(text, last(text).env, AddEntry("C", "3")) == text.replace("vllm\r\nC", "vllm\r\n  env C=3\r\nC")


LIST = """\
FROM a
ENTRYPOINT ["vllm", "serve", "--p", "1"]
CMD ["a/b", \\
     "--x", "1", \\
     # why
     "--flag", \\
     "--y", "2"]
"""


@pytest.mark.parametrize(
    ("change", "old", "new"),
    [
        (lambda t: [SetEntry(word(t, "2"), 'a"b')], '"2"', '"a\\"b"'),
        (lambda t: [RemoveEntry(word(t, "--y")), RemoveEntry(word(t, "2"))], ', \\\n     "--y", "2"', ""),
        (lambda t: [RemoveEntry(word(t, "--flag"))], '     "--flag", \\\n', ""),
        (lambda t: [RemoveEntry(word(t, "a/b"))], '"a/b", \\\n     "--x"', '"--x"'),
        (lambda t: [RemoveEntry(word(t, "--p")), RemoveEntry(entry(t, "3"))], ', "--p", "1"', ""),
        (lambda t: [AddEntry("--z", "3")], '"2"]', '"2", \\\n     "--z", "3"]'),
        (lambda t: [AddEntry("--z", None)], '"2"]', '"2", \\\n     "--z"]'),
    ],
)
def test_the_words_of_lists_are_rewritten_in_place(change: object, old: str, new: str) -> None:
    table = last(LIST).words
    assert callable(change)
    text = rewritten(LIST, table, *change(table))
    assert text == LIST.replace(old, new, 1)
    assert read(text).problems == ()


def test_a_flag_is_added_in_one_word_where_the_others_are() -> None:
    text = 'FROM a\nCMD ["vllm", "--x=1", "--y=2"]\n'
    assert rewritten(text, last(text).words, AddEntry("--z", "3")) == text.replace('2"', '2", "--z=3"')


def test_the_words_of_scripts_are_rewritten_in_place() -> None:
    text = "FROM a\nCMD vllm serve a/b \\\n  --x 1 \\\n  --y\n"
    table = last(text).words
    gone = rewritten(text, table, RemoveEntry(word(table, "--x")), RemoveEntry(word(table, "1")))
    assert gone == "FROM a\nCMD vllm serve a/b \\\n  --y\n"
    text = 'FROM a\nENTRYPOINT ["sh", "-c", "vllm serve \\"a/b\\" --x 1"]\n'
    table = last(text).words
    assert rewritten(text, table, SetEntry(word(table, "1"), "2")) == text.replace("--x 1", "--x 2")
    with pytest.raises(CannotEdit):
        rewritten(text, table, SetEntry(word(table, "1"), 'a"b'))


# --- properties -------------------------------------------------------------------------------------------------------

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n"), max_size=8)


@given(st.lists(TEXTS, min_size=1, max_size=5))
@settings(max_examples=200, deadline=None)
def test_words_read_back_from_their_places(given_words: Sequence[str]) -> None:
    text = f"FROM a\nENV X=vllm\nCMD {json.dumps(['vllm', *given_words], ensure_ascii=False)}\n"
    table = last(text).words
    if table is None or len(table.entries) != len(given_words) + 1:
        return  # a script, or words that hold variables
    for one, said in zip(table.entries[1:], given_words, strict=True):
        if one.value[0].kind == "known":
            assert one.value[0].data == said
            assert json.loads(text[one.place.span.start : one.place.span.end], strict=False) == said


@given(TEXTS)
@settings(max_examples=200, deadline=None)
def test_every_character_of_a_string_has_its_place(content: str) -> None:
    for ascii_ in (True, False):
        raw = json.dumps(content, ensure_ascii=ascii_)
        places = string_places(raw)
        assert len(places) == len(content) + 1
        assert places[-1] == len(raw) - 1
        for index in range(len(content)):
            assert json.loads(f'"{raw[places[index] : places[index + 1]]}"', strict=False) == content[index]


@given(st.text(st.sampled_from("ENVFROM ARGCD=\"'\\$`{}<>[]#,\nax"), max_size=60))
@settings(max_examples=300, deadline=None)
def test_nothing_that_is_written_breaks_the_reader(text: str) -> None:
    text = f"FROM a\n{text}\nENV MODEL_ID=x\n"
    found = read(text)
    reader.pins(Source("Dockerfile", text))
    for invocation in found.invocations:
        for table in (invocation.words, invocation.env):
            for one in table.entries if table is not None else ():
                assert 0 <= one.place.span.start <= one.place.span.end <= len(text)


@given(st.dictionaries(st.sampled_from("ABCD"), st.sampled_from(["1", "x y", 'a"b', "p/q"]), min_size=2), st.data())
@settings(max_examples=100, deadline=None)
def test_an_edit_changes_nothing_else(variables: dict[str, str], data: st.DataObject) -> None:
    lines = " \\\n  ".join(f"{name}={json.dumps(value)}" for name, value in variables.items())
    text = f"FROM a\nENV {lines}\nCMD vllm\n"
    name = data.draw(st.sampled_from(sorted(variables)))
    table = last(text).env
    assert env(rewritten(text, table, RemoveEntry(entry(table, name)))) == {
        other: value for other, value in variables.items() if other != name
    }
    changed = rewritten(text, table, SetEntry(entry(table, name), "new"))
    assert env(changed) == {**variables, name: "new"}


# --- bounds -----------------------------------------------------------------------------------------------------------


def took(text: str) -> float:
    began = time.process_time()
    read(text)
    reader.pins(Source("Dockerfile", text))
    return time.process_time() - began


@pytest.mark.parametrize(
    "line",
    [
        "ENV A{0}=vllm\n",
        "RUN cat <<E{0}\n",
        "RUN cat <<EOF\nx\nEOF\n",
        "FROM a AS s{0}\nENV MODEL_ID=x\n",
        "RUN pip install a{0}\n",
        'CMD ["vllm", "{0}"]\n',
        "ENV A=${{A:-${{B:-x}}}}\n",
    ],
)
def test_twenty_thousand_instructions_take_a_time_that_grows_with_them(line: str) -> None:
    text = "FROM a\nENV MODEL_ID=x\n" + "".join(line.format(index) for index in range(20_000))
    assert took(text) < 10


@pytest.mark.parametrize("piece", ["${", "A=${A:-", "\\\n", "'", '"', "# x\n", "<<E ", '["a",', "\\\n# x\n", "{"])
def test_much_of_anything_takes_a_time_that_grows_with_it(piece: str) -> None:
    for before in ("ENV A=", "CMD ", "RUN pip install "):
        assert took("FROM a\nENV MODEL_ID=x\n" + before + piece * (200_000 // len(piece))) < 5


def test_two_megabytes_take_a_bounded_time() -> None:
    assert took("FROM a\nENV MODEL_ID=x\n" + 'RUN echo "$A" \\\n  # why\n  && true\n' * 60_000) < 20


def test_line_ends_of_windows_are_kept() -> None:
    text = "FROM a\r\nENV A=vllm \\\r\n    B=2\r\nCMD vllm serve a/b \\\r\n  --x\r\n"
    assert env(text) == {"A": "vllm", "B": "2"}
    assert words(text) == ["vllm", "serve", "a/b", "--x"]
    table = last(text).env
    assert rewritten(text, table, RemoveEntry(entry(table, "B"))) == text.replace(" \\\r\n    B=2", "")


def test_an_unclosed_quote_costs_only_its_instruction() -> None:
    assert words('FROM a\nENV A="x\nRUN echo "x\n' + SERVE) == ["vllm", "serve", "a/b"]


def test_the_text_of_an_instruction_stands_where_it_says() -> None:
    file = parsed("  from a\nENV A=1 \\\n # c\n  B=2\n")
    first, second = file.instructions
    assert (first.keyword, file.text[first.start : first.end]) == ("FROM", "from a")
    assert file.text[second.at : second.end].startswith("A=1")
    assert len(second.joined) == second.end - second.at
