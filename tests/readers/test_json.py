"""The JSON reader: what it finds and where, what it passes over, what it says of broken files, and its edits."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from ecolint import engine, files
from ecolint.model import (
    AddEntry,
    CannotEdit,
    Change,
    Invocation,
    Items,
    Reading,
    RemoveEntry,
    Scalar,
    SetEntry,
    Source,
    Table,
)
from ecolint.readers import Nowhere, anchors, reader_of
from ecolint.readers.json import read, rewrite
from ecolint.settings import Settings
from ecolint.stacks import vocabularies
from ecolint.stacks.asking import wanted


class Alone(Nowhere):
    """A project that pins nothing."""

    def pins(self, path: str) -> Mapping[str, str]:
        return {}


ALONE = Alone()
WANTED = wanted(vocabularies())

ENGINE = """{
  "model": "Qwen/Qwen2.5-7B-Instruct",
  "max_num_seqs": 4,
  "compilation_config": {"mode": 0, "splitting_ops": []},
  "gpu_memory_utilization": 0.9
}
"""


def reading(text: str, path: str = "engine.json") -> Reading:
    return read(Source(path, text), WANTED, Nowhere())


def mapping(text: str, path: str = "engine.json") -> Table:
    (found,) = [one for one in reading(text, path).invocations if one.mapping is not None]
    assert found.mapping is not None
    return found.mapping


def value(table: Table, name: str) -> object:
    (entry,) = [entry for entry in table.entries if entry.name == name]
    return entry.value[0].data


def edited(text: str, changes: list[Change], path: str = "engine.json") -> str:
    edits = rewrite(Source(path, text), mapping(text, path), changes)
    for edit in reversed(edits):
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    return text


def words(invocation: Invocation) -> list[object]:
    assert invocation.words is not None
    return [entry.value[0].data for entry in invocation.words.entries]


def problem(text: str, path: str = "engine.json") -> tuple[int, str]:
    found = reading(text, path)
    assert not found.invocations
    (one,) = found.problems
    return one.line, one.reason


def test_an_object_with_a_wanted_key_is_a_table_with_exact_places() -> None:
    table = mapping(ENGINE)
    assert value(table, "max_num_seqs") == 4
    assert value(table, "gpu_memory_utilization") == 0.9
    entry = next(one for one in table.entries if one.name == "max_num_seqs")
    assert ENGINE[entry.place.span.start : entry.place.span.end] == '"max_num_seqs": 4'
    place = entry.value[0].place
    assert place is not None
    assert ENGINE[place.span.start : place.span.end] == "4"
    inner = value(table, "compilation_config")
    assert isinstance(inner, Table)
    assert isinstance(value(inner, "splitting_ops"), Items)


def test_places_count_characters_beyond_ascii() -> None:
    text = '{"note": "d\u00e9ploy\u00e9 \U0001f680", "max_num_seqs": 2}'
    (entry,) = [one for one in mapping(text).entries if one.name == "max_num_seqs"]
    assert text[entry.place.span.start : entry.place.span.end] == '"max_num_seqs": 2'


@pytest.mark.parametrize(
    ("written", "data"),
    [
        ("true", True),
        ("null", None),
        ("-1", -1),
        ("1e-3", 0.001),
        ("2.50", 2.5),
        (r'"a\"\u00e9\/"', 'a"\u00e9/'),
        ("Infinity", float("inf")),
    ],
)
def test_scalars_keep_their_type(written: str, data: Scalar) -> None:
    assert value(mapping(f'{{"max_num_seqs": 1, "x": {written}}}'), "x") == data


def test_half_a_surrogate_pair_is_no_character() -> None:
    assert value(mapping('{"max_num_seqs": 1, "x": "\\ud800"}'), "x") == "?"


def test_settings_deeper_in_the_file_know_their_key_and_the_keys_beside() -> None:
    (_, found) = reading('{"engines": {"chat": {"max_num_seqs": 2}}, "port": 1}').invocations
    assert found.surroundings is not None
    assert found.surroundings.entries[0].value[0].data == "chat"
    assert "port" in found.beside
    assert found.syntax == "json"


def test_containers_are_read_as_in_yaml() -> None:
    pod = {
        "kind": "Pod",
        "spec": {"containers": [{"name": "llm", "image": "vllm/vllm-openai:v0.8.5", "args": ["--max-num-seqs", "2"]}]},
    }
    (found,) = reading(json.dumps(pod), "pod.json").invocations
    assert found.image[0].data == "vllm/vllm-openai:v0.8.5"
    assert words(found) == ["--max-num-seqs", "2"]


def test_a_command_line_is_read_word_by_word() -> None:
    text = '{"tasks": [{"label": "serve", "command": "exec vllm serve Qwen/Qwen3-8B --max-num-seqs 2"}]}'
    (found,) = [one for one in reading(text, "tasks.json").invocations if one.words is not None]
    assert words(found)[-2:] == ["--max-num-seqs", "2"]


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "web", "dependencies": {"langchain": "^0.3", "vllm-client": "1"}}',
        '[{"instruction": "explain vllm and max_num_seqs", "output": "…"}]',
        '{"prompt": "vllm"}\n{"prompt": "transformers"}\n',
        '{"max_num_seqs": 1}\n{"max_num_seqs": 2}\n',
        '{"$schema": "https://json-schema.org/draft/2020-12/schema", "default": {"max_num_seqs": 1}}',
        '{"openapi": "3.1.0", "components": {"example": {"max_num_seqs": 1, "model": "x"}}}',
        '"max_num_seqs"',
        "",
    ],
)
def test_data_and_descriptions_say_nothing(text: str) -> None:
    found = reading(text, "data.json")
    assert not found.problems
    assert not any(
        one.mapping is not None and any(e.name == "max_num_seqs" for e in one.mapping.entries)
        for one in found.invocations
    )


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ('{\n "max_num_seqs": 1,\n}', 2, "invalid JSON: take out the comma behind the last item"),
        ('{\n "max_num_seqs": 1,\n "args": [1, 2\n', 3, "invalid JSON: `[` is never closed"),
        ('{\n "max_num_seqs": [1}\n', 2, "invalid JSON: `}` closes the `[` of line 2"),
        ('{"max_num_seqs": 1}\n}', 2, "invalid JSON: `}` closes nothing"),
        ('{"max_num_seqs": 1,\n"x": "never\nended"}', 2, "invalid JSON: a string that does not end on its line"),
        ('{\n"max_num_seqs": 1\n"x": 2}', 3, "invalid JSON: a comma is missing before this"),
        ("{\n\"max_num_seqs\": 'x'}", 2, "invalid JSON: strings stand in double quotes"),
        ('{\n"max_num_seqs": 0x1}', 2, "invalid JSON: no value, comma or bracket can stand here"),
        ('{"max_num_seqs":\n"\\u12"}', 2, "invalid JSON: a backslash that escapes nothing"),
        ('{"max_num_seqs":\n"\\x12"}', 2, "invalid JSON: no value, comma or bracket can stand here"),
        ('{"max_num_seqs": \ud800}', 1, "invalid JSON: not text"),
        ('{"max_num_seqs": ' + "[" * 5000 + "]" * 5000 + "}", 1, "JSON nested deeper than 100 levels"),
        ('{"max_num_seqs": [' + "1," * 300_001 + "1]}", 1, "a JSON file of more than 300000 values"),
    ],
)
def test_a_broken_file_with_a_wanted_key_is_one_line(text: str, line: int, reason: str) -> None:
    assert problem(text) == (line, reason)


def test_a_broken_file_without_one_says_nothing() -> None:
    assert reading('{"text": "about vllm and transformers", "image": "x",') == Reading()


def test_a_key_that_stands_twice_is_told_and_the_last_one_counts() -> None:
    found = reading('{\n"max_num_seqs": 1,\n"max_num_seqs": 64}')
    assert [(one.line, one.reason) for one in found.problems] == [
        (3, "the key 'max_num_seqs' stands twice in one object, and the last one counts: take one out")
    ]
    table = found.invocations[0].mapping
    assert table is not None
    assert value(table, "max_num_seqs") == 64


def test_comments_are_read_and_a_last_comma_is_right_in_jsonc() -> None:
    text = '// engine\n{\n "max_num_seqs": 1, // ecolint: ignore[ECO104] quota\n /* none */ "x": [1, 2,],\n}'
    found = reading(text, "engine.jsonc")
    assert [one.text for one in found.comments] == ["engine", "ecolint: ignore[ECO104] quota", "none"]
    assert not found.problems
    assert reader_of("conf/engine.jsonc") is reader_of("engine.json")


def test_a_byte_order_mark_and_carriage_returns_do_no_harm() -> None:
    loaded = files.decode("engine.json", b"\xef\xbb\xbf" + ENGINE.replace("\n", "\r\n").encode())
    assert isinstance(loaded, files.Loaded)
    assert loaded.source.bom
    assert value(mapping(loaded.source.text), "max_num_seqs") == 4


def test_a_byte_order_mark_is_told_where_settings_are_read() -> None:
    found = read(Source("engine.json", ENGINE, bom=True), WANTED, Nowhere())
    (problem,) = found.problems
    assert (problem.line, problem.whole_file) == (1, False)
    assert "byte order mark" in problem.reason
    assert found.invocations
    assert read(Source("package.json", '{"name": "x"}', bom=True), WANTED, Nowhere()).problems == ()


# --- edits ------------------------------------------------------------------------------------------------------------


def entry_of(text: str, name: str, path: str = "engine.json") -> RemoveEntry:
    return RemoveEntry(next(one for one in mapping(text, path).entries if one.name == name))


def test_a_value_is_set_in_place() -> None:
    entry = entry_of(ENGINE, "max_num_seqs").entry
    assert edited(ENGINE, [SetEntry(entry, 8)]) == ENGINE.replace('"max_num_seqs": 4', '"max_num_seqs": 8')
    model = entry_of(ENGINE, "model").entry
    assert '"model": "a \\"b\\""' in edited(ENGINE, [SetEntry(model, 'a "b"')])


def test_a_pair_is_added_on_a_line_of_its_own() -> None:
    assert edited(ENGINE, [AddEntry("dtype", "float16")]) == ENGINE.replace("0.9\n", '0.9,\n  "dtype": "float16"\n')
    assert edited('{"max_num_seqs": 1}', [AddEntry("x", True)]) == '{"max_num_seqs": 1, "x": true}'


@pytest.mark.parametrize("name", ["model", "max_num_seqs", "gpu_memory_utilization"])
def test_a_pair_is_removed_with_its_comma(name: str) -> None:
    after = edited(ENGINE, [entry_of(ENGINE, name)])
    assert json.loads(after) == {key: one for key, one in json.loads(ENGINE).items() if key != name}
    assert after.count("\n") == ENGINE.count("\n") - 1


def test_an_edit_there_and_back_leaves_every_byte() -> None:
    text = ENGINE.replace("\n", "\r\n")
    there = edited(text, [AddEntry("dtype", "float16")])
    assert there.count("\r\n") == text.count("\r\n") + 1
    assert edited(there, [entry_of(there, "dtype")]) == text


def test_what_json_cannot_say_is_refused() -> None:
    with pytest.raises(CannotEdit):
        edited(ENGINE, [AddEntry("x", float("nan"))])


# --- bounds -----------------------------------------------------------------------------------------------------------


def test_a_file_that_is_too_long_is_told_of_by_its_keys_alone(tmp_path) -> None:  # type: ignore[no-untyped-def]
    triggers = files.Triggers(WANTED.triggers, WANTED.keys)
    prose = tmp_path / "data.json"
    prose.write_text(json.dumps([{"text": "vllm with transformers and max_num_seqs", "tags": ["vllm"]}] * 200))
    settings = tmp_path / "engine.json"
    settings.write_text(json.dumps({"note": "x" * 9000, "max_num_seqs": 1}))
    assert files.load(files.File("data.json", str(prose), False), 1000, triggers) is None
    told = files.load(files.File("engine.json", str(settings), False), 1000, triggers)
    assert getattr(told, "reason", "") == "is larger than 1,000 bytes (setting max-file-size)"
    assert anchors("engine.yaml", ("a",)) is None
    padding = '"' + "x" * files.ENDS + '"'
    for text, is_told in (
        ('{"max_num_seqs": 1, "data": %s}', True),
        ('{"data": %s, "max_num_seqs": 1}', True),
        ('{"a": %s, "max_num_seqs": 1, "b": %s}', False),
    ):
        settings.write_text(text.replace("%s", padding))
        told = files.load(files.File("engine.json", str(settings), False), 1000, triggers)
        assert (told is not None) == is_told


def test_reading_grows_with_the_text() -> None:
    def seconds(times: int) -> float:
        text = json.dumps(
            {f"engine{index}": {"model": "m", "max_num_seqs": index, "stop": ['"', "{"] * 4} for index in range(times)}
        )
        start = time.perf_counter()
        assert len(reading(text).invocations) == times + 1
        return time.perf_counter() - start

    seconds(10)
    assert seconds(2000) < 10 * seconds(400) + 0.5


def test_what_is_no_number_is_no_setting() -> None:
    for number in ("NaN", "Infinity", "-Infinity"):
        found = engine.judged(
            Source("engine.json", f'{{"model": "m/x-7B", "max_num_seqs": {number}}}'), ALONE, (), Settings(root=Path())
        )
        ((deployment,),) = found.groups
        assert deployment.facts["max_concurrency"].kind == "unknown"


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        (".vscode/launch.json", True),
        ("app/.vscode/tasks.json", True),
        (".devcontainer/devcontainer.json", True),
        ("engine.json", False),
    ],
)
def test_editors_allow_a_comma_behind_the_last_item(path: str, allowed: bool) -> None:
    found = reader_of(path).read(Source(path, '{"max_num_seqs": 1,}\n'), WANTED, Nowhere())  # type: ignore[union-attr]
    assert bool(found.problems) != allowed
    assert bool(found.invocations) == allowed
