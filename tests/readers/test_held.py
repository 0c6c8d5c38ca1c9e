"""Files that stand inside others: what is read of them, where it stands, and what an edit leaves alone."""

from __future__ import annotations

import pytest

from ecolint.model import AddEntry, CannotEdit, Invocation, SetEntry, Source, Wanted
from ecolint.readers import Nowhere, held, shell, yaml
from ecolint.readers.held import Held

WANTED = Wanted(triggers=("serving",), anchors={"properties": ("option.model_id",), "modelfile": ("FROM",)})

SCRIPT = """#!/bin/sh
# serving
cat <<EOF > /srv/serving.properties
option.model_id=a
EOF
tee -a Modelfile <<'EOF'
FROM b
PARAMETER num_ctx 1
EOF
cat > notes.md <<EOF
option.model_id=c
EOF
"""

MAP = """kind: ConfigMap
data:
  serving.properties: |
    option.model_id=a
    k=1
  Modelfile: "FROM b"
  folded.properties: >
    option.model_id=c
  made.properties: |
    option.model_id={{ .Values.model }}
"""


def settings(found: tuple[Invocation, ...]) -> list[Invocation]:
    return [one for one in found if one.syntax in ("properties", "modelfile", "pbtxt")]


def test_here_documents_that_a_script_writes() -> None:
    source = Source("setup.sh", SCRIPT)
    first, second = settings(shell.read(source, WANTED, Nowhere()).invocations)
    assert (first.syntax, second.syntax) == ("properties", "modelfile")
    assert SCRIPT[first.place.span.start : first.place.span.end] == "option.model_id=a"
    assert second.mapping is not None
    (edit,) = shell.rewrite(source, second.mapping, [SetEntry(second.mapping.entries[1], 4096)])
    assert SCRIPT[edit.span.start : edit.span.end] == "1"
    assert edit.text == "4096"


def test_block_scalars_of_a_configmap() -> None:
    source = Source("map.yaml", MAP)
    (found,) = settings(yaml.read(source, WANTED, Nowhere()).invocations)
    assert found.mapping is not None
    (edit,) = yaml.rewrite(source, found.mapping, [AddEntry("new", True)])
    changed = MAP[: edit.span.start] + edit.text + MAP[edit.span.end :]
    assert changed == MAP.replace("    k=1\n", "    k=1\n    new=true\n")


def test_what_stands_in_no_held_file_is_refused() -> None:
    source = Source("setup.sh", SCRIPT)
    (first, _) = settings(shell.read(source, WANTED, Nowhere()).invocations)
    assert first.mapping is not None
    with pytest.raises(CannotEdit):
        held.rewrite(source, [Held("Modelfile", 0, 5), Held("notes.md", 0, len(SCRIPT))], first.mapping, ())
    with pytest.raises(CannotEdit):
        yaml.rewrite(Source("map.yaml", "a: 1\n"), first.mapping, ())


@pytest.mark.parametrize(
    ("name", "known"), [("a/serving.properties", True), ("x.sh", False), ("x.yaml", False), ("", False)]
)
def test_which_files_may_stand_inside_others(name: str, known: bool) -> None:
    assert (held.reader_of(name) is not None) is known
