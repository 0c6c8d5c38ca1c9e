"""Vocabularies are checked when they are loaded, and are all that a stack needs."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_fixtures import ROOT, Alone

from ecolint.engine import check
from ecolint.model import Source
from ecolint.settings import Settings
from ecolint.stacks import StackError, vocabularies, wanted
from ecolint.stacks.vocabulary import load

NEW = """
name = "example-server"

[recognise]
commands = ["example-server"]
images = ["*example/server*"]

[spelling]
flag = "--{kebab}"
env = "EXAMPLE_{SNAKE}"

[keys.model]
flag = ["--model"]

[keys.slots]
type = "int"
default = 16

[facts]
model = "model"
max_concurrency = "slots"
workload = [{ is = "inference" }]
"""


def test_the_shipped_stacks_are_one_file_each() -> None:
    assert {v.name for v in vocabularies()} >= {"transformers", "torchao", "vllm", "tgi", "kubernetes"}


@pytest.mark.parametrize("args", ['["--model=m/x-7B", "--slots=1"]', '["--model", "m/x-7B", "--slots", "1"]'])
def test_a_new_stack_is_a_file_and_nothing_else(tmp_path: Path, args: str) -> None:
    (tmp_path / "example.toml").write_text(NEW, encoding="utf-8")
    text = f"kind: Pod\nspec:\n  containers:\n    - name: s\n      image: example/server:1\n      args: {args}\n"
    settings = Settings(root=ROOT, stacks=(str(tmp_path),))
    (found,) = check(Source("pod.yaml", text), Alone(), (), settings).deployments
    assert found.facts["framework"].value == "example-server"
    assert found.facts["params_b"].value == 7.0
    assert found.facts["max_concurrency"].value == 1


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("nmae = 'x'\n", 1, "unknown key 'nmae' in the file; did you mean 'name'?"),
        ("name = 'x'\n[keys.a]\ntype = 'intt'\n", 2, "keys.a has the unknown type 'intt'"),
        ("name = 'x'\n[keys.a]\n[facts]\nmodel = 'b'\n", 4, "facts.model names 'b', which is no key"),
        ("name = 'x'\n[facts]\nmodle = 'b'\n", 3, "unknown fact 'modle'; did you mean 'model'?"),
        ("name = 'x'\n[keys.a]\ndefault = [['nonsense', 1]]\n", 3, "'nonsense' names no version"),
        ("name = 'x'\n[recognise]\ncals = ['y']\n", 3, "unknown key 'cals' in [recognise]; did you mean 'calls'?"),
        ("name = \n", 1, "not TOML"),
    ],
)
def test_a_malformed_vocabulary_is_told_where_and_what(text: str, line: int, message: str) -> None:
    with pytest.raises(StackError) as error:
        load(text, "x.toml")
    assert message in error.value.message
    assert (error.value.path, error.value.line) == ("x.toml", line)


def test_every_way_to_recognise_a_stack_has_a_trigger() -> None:
    """A file without a trigger is never read: each way in must bring its own word."""
    for vocabulary in vocabularies():
        triggers = wanted([vocabulary]).triggers
        for call in (*vocabulary.calls, *vocabulary.likely_calls, *vocabulary.local_calls):
            assert any(trigger in call for trigger in triggers), call
        for command in vocabulary.commands:
            assert any(trigger in " ".join(command) for trigger in triggers), command
        for image in vocabulary.images:
            assert any(trigger in image for trigger in triggers), image
