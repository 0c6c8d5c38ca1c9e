"""YAML inside a block scalar: read as a part of its document, with every place and every edit in the file."""

from __future__ import annotations

import pytest

from ecolint.model import AddEntry, SetEntry, Source, Table, Wanted
from ecolint.readers import Nowhere
from ecolint.readers.yaml import read, rewrite

HEAD = """\
kind: RayService
spec:
  serveConfigV2: |
"""
ARGS = "    # why\n    args:\n      engine_kwargs:\n"


def tables(text: str) -> list[Table]:
    """The mappings that are settings, with the engine's arguments inside them."""
    reading = read(Source("a.yaml", text), Wanted(triggers=("engine_kwargs",)), Nowhere())
    return [one.mapping for one in reading.invocations if one.mapping is not None]


def inner(text: str) -> Table:
    """The engine's arguments of the only application."""
    found = [entry for table in tables(text) for entry in table.entries if entry.name == "engine_kwargs"]
    data = found[0].value[0].data
    assert isinstance(data, Table)
    return data


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_places_are_those_of_the_file(newline: str) -> None:
    text = (HEAD + ARGS + "        max_num_seqs: 2  # few\n        name: 'x'\n").replace("\n", newline)
    table = inner(text)
    said = {entry.name: text[entry.place.span.start : entry.place.span.end] for entry in table.entries}
    assert said == {"max_num_seqs": "max_num_seqs: 2", "name": "name: 'x'"}


def test_edits_are_made_in_the_scalar() -> None:
    text = HEAD + ARGS + "        max_num_seqs: 2  # few\n    last: 1\n  other: 1\n"
    table = inner(text)
    changes = (SetEntry(table.entries[0], 8), AddEntry("dtype", "auto"))
    for edit in reversed(rewrite(Source("a.yaml", text), table, changes)):
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    assert text == HEAD + ARGS + "        max_num_seqs: 8  # few\n        dtype: auto\n    last: 1\n  other: 1\n"


def test_the_data_of_a_config_map_are_files() -> None:
    text = "kind: ConfigMap\ndata:\n  serve.yaml: |-\n    engine_kwargs: {max_num_seqs: 2}\n"
    text += "  notes: |\n    engine_kwargs: {a: 1}\n"
    assert [entry.name for table in tables(text) for entry in table.entries if entry.name == "engine_kwargs"] == [
        "engine_kwargs"
    ]


@pytest.mark.parametrize(
    "content",
    [
        "    engine_kwargs: [\n",
        "    engine_kwargs, a text\n",
        "    a: 1\n    ---\n    engine_kwargs: {}\n",
    ],
)
def test_what_is_no_single_document_stays_text(content: str) -> None:
    assert not any(entry.name == "engine_kwargs" for table in tables(HEAD + content) for entry in table.entries)


def test_what_a_template_writes_inside_it_is_unknown() -> None:
    table = inner(HEAD + ARGS + "        max_num_seqs: {{ .Values.seqs }}\n        dtype: auto\n")
    assert [one.kind for entry in table.entries for one in entry.value] == ["unknown", "known"]
