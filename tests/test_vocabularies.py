"""Vocabularies are checked when they are loaded, and are all that a stack needs."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_fixtures import ROOT, Alone, rules

from ecolint.engine import check
from ecolint.model import (
    HOLE,
    AddEntry,
    CannotEdit,
    Place,
    RemoveEntry,
    Scalar,
    SetEntry,
    Source,
    Span,
    Symbol,
    Template,
)
from ecolint.settings import Settings
from ecolint.stacks import StackError, packed, vocabularies
from ecolint.stacks.asking import wanted
from ecolint.stacks.loading import load
from ecolint.stacks.vocabulary import Vocabulary

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


BASE = """
name = "base"

[recognise]
calls = ["base.load"]
nested = ["options"]

[objects.config]
calls = ["base.Config"]
needed_by = ["int8"]

[spelling]
keyword = "{snake}"

[keys.model]
positional = 0

[keys.int8]
type = "bool"
in = "config"
default = false

[[uses]]
call = "{}.generate"

[facts]
model = "model"
quantization = [{ is = "int8", when = { int8 = true } }, { is = "none" }]
workload = [{ is = "inference" }]
"""

WRAPPER = """
name = "wrapper"
extends = "base"
wraps = ["base"]

[recognise]
calls = ["wrapper.Model"]

[objects.config]
calls = ["wrapper.Config"]
arguments = ["settings"]

[keys.model]
keyword = ["name"]

[[uses]]
call = "{}.run"
only = ["wrapper.*"]

[facts]
workload = [{ is = "training" }]
"""


def both(folder: Path, wrapper: str = WRAPPER) -> dict[str, Vocabulary]:
    (folder / "a_wrapper.toml").write_text(wrapper, encoding="utf-8")
    (folder / "base.toml").write_text(BASE, encoding="utf-8")
    return {v.name: v for v in vocabularies((str(folder),))}


def facts(tmp_path: Path, text: str) -> list[dict[str, Scalar]]:
    both(tmp_path)
    found = check(Source("app.py", text), Alone(), (), Settings(root=ROOT, stacks=(str(tmp_path),))).deployments
    return [{name: fact.value for name, fact in one.facts.items()} for one in found]


def test_a_vocabulary_may_extend_another_and_says_only_what_differs(tmp_path: Path) -> None:
    wrapper = both(tmp_path)["wrapper"]
    assert wrapper.calls == ("wrapper.Model",)
    assert wrapper.nested == ("options",)
    assert wrapper.keys["model"].keyword == ("name",)
    assert wrapper.keys["model"].positional == 0
    assert wrapper.keys["int8"].in_object == "config"
    assert [use.calls for use in wrapper.uses] == [("{}.generate",), ("{}.run",)]
    assert {choice.value for choice in wrapper.facts["workload"]} == {"training"}
    assert [choice.value for choice in wrapper.facts["quantization"]] == ["int8", "none"]


def test_a_wrapper_takes_the_configurations_of_what_it_wraps_and_leaves_them_their_name(tmp_path: Path) -> None:
    text = (
        "import base, wrapper\nm = wrapper.Model('x', settings=base.Config(int8=True))\nprint(base.Config(int8=True))\n"
    )
    one, other = facts(tmp_path, text)
    assert (one["framework"], one["quantization"], one["workload"]) == ("wrapper", "int8", "training")
    assert (other["framework"], other["quantization"], other["workload"]) == ("base", "int8", "inference")


def test_uses_of_a_wrapper_are_uses_of_what_it_wraps(tmp_path: Path) -> None:
    found = both(tmp_path)
    assert [use.calls for use in found["base"].uses] == [("{}.generate",), ("{}.run",)]


@pytest.mark.parametrize("name", ["nobody", "wrapper"])
def test_what_cannot_be_extended_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(StackError, match="it may be one of:"):
        both(tmp_path, WRAPPER.replace('extends = "base"', f'extends = "{name}"'))


def test_an_unknown_packing_is_told() -> None:
    with pytest.raises(StackError, match="unknown syntax 'xml'"):
        load("name = 'x'\n[recognise]\npacked = { args = 'xml' }\n", "x.toml")


def test_every_vocabulary_that_extends_transformers_reads_its_facts() -> None:
    stacks = {v.name: v for v in vocabularies()}
    for stack in stacks.values():
        clashes = [key for key in stack.keys if key in stack.facts and key not in stacks["transformers"].keys]
        if "load_in_8bit" in stack.keys:
            assert clashes == [], f"{stack.name}: a key hides the fact of its name"


@pytest.mark.parametrize(
    ("data", "pairs", "hidden"),
    [
        ("pretrained=m/x, load_in_8bit=True", {"pretrained": "m/x", "load_in_8bit": "True"}, False),
        (Template(f"pretrained={HOLE},load_in_8bit=True"), {"pretrained": None, "load_in_8bit": "True"}, False),
        (Template(f"{HOLE},load_in_8bit=True"), {"load_in_8bit": "True"}, True),
        ("", {}, False),
    ],
)
def test_packed_settings_are_a_table(data: str | Template, pairs: dict[str, str | None], hidden: bool) -> None:
    place = Place("a.py", Span(0, 1))
    table = packed.table(data, "pairs", place)
    assert table is not None
    assert {entry.name: entry.value[0].data for entry in table.entries} == pairs
    assert table.open is hidden


def test_packed_settings_are_written_anew() -> None:
    table = packed.table("pretrained=m/x,load_in_8bit=True", "pairs", Place("a.py", Span(0, 1)))
    assert table is not None
    changes = (RemoveEntry(table.entries[1]), AddEntry("dtype", "float16"), SetEntry(table.entries[0], "m/y"))
    assert packed.rewritten(table, changes) == "pretrained=m/y,dtype=float16"
    with pytest.raises(CannotEdit):
        packed.rewritten(table, (AddEntry("dtype", Symbol("torch.float16")),))


def deployed(text: str) -> list[dict[str, Scalar]]:
    found = check(Source("app.py", text), Alone(), (), Settings(root=ROOT)).deployments
    return [{name: fact.value for name, fact in one.facts.items()} for one in found]


WRAPPED = """
from langchain_huggingface import HuggingFacePipeline
from peft import PeftModel
from transformers import AutoModelForCausalLM, pipeline
model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained("m/x-7B"), "m/adapter")
pipe = pipeline("text-generation", model=model, batch_size=4)
llm = HuggingFacePipeline(pipeline=pipe, batch_size=2)
"""


def test_a_wrapped_object_keeps_its_one_deployment() -> None:
    (one,) = deployed(WRAPPED)
    assert (one["framework"], one["model"], one["batch_size"]) == ("transformers", "m/x-7B", 2)


def test_calling_a_model_is_not_calling_the_pipeline_around_it() -> None:
    loop = "for prompt in prompts:\n    print({}(prompt))\n"
    assert deployed(WRAPPED + loop.format("pipe"))[0]["looped"] is True
    assert deployed(WRAPPED + loop.format("model"))[0]["looped"] is False
    assert deployed(WRAPPED + loop.format("llm.invoke"))[0]["looped"] is True


def test_a_method_that_has_a_wrappers_name_is_no_wrapper() -> None:
    text = WRAPPED + "class Job:\n    def __init__(self):\n        self.pipeline = pipe\n    def run(self, texts):\n"
    text += "        return [self.pipeline(text) for text in texts]\n"
    assert deployed(text)[0]["looped"] is True


@pytest.mark.parametrize(
    ("call", "task"),
    [
        ('transformers.pipeline("text-generation", model="m/x")', "generation"),
        ('transformers.pipeline("sentiment-analysis", model="m/x")', "classification"),
        ('transformers.pipeline(model="m/x")', None),
        ('diffusers.DiffusionPipeline.from_pretrained("m/x")', "image"),
        ('sentence_transformers.SentenceTransformer("m/x")', "embedding"),
        ('sentence_transformers.CrossEncoder("m/x")', "classification"),
    ],
)
def test_what_a_model_does_is_a_fact(call: str, task: str | None) -> None:
    (one,) = deployed(f"import diffusers, sentence_transformers, transformers\nx = {call}\n")
    assert one["task"] == task


def test_no_figure_of_text_generation_stands_beside_images() -> None:
    call = "d.FluxPipeline.from_pretrained('m/x-7B', quantization_config={'load_in_8bit': True})"
    text = f"import diffusers as d\nx = {call}\n"
    (finding,) = check(Source("app.py", text), Alone(), rules(), Settings(root=ROOT)).findings
    assert finding.estimate is not None
    assert finding.estimate.overhead_percent is None
    assert finding.estimate.published is None
    assert "text generation was measured, not image" in finding.estimate.confidence_reasons


OWN_SYNTAX = """
name = "own"

[recognise.mapping]
syntax = ["properties"]
any = ["own.slots"]

[spelling]
mapping = "own.{snake}"

[keys.slots]
type = "int"

[keys.dtype]
type = "dtype"
spelled = { float16 = "fp16" }

[facts]
max_concurrency = "slots"
dtype = "dtype"
workload = [{ is = "inference" }]
"""


def test_settings_in_a_syntax_of_their_own_are_looked_for_nowhere_else(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(OWN_SYNTAX)
    vocabulary = next(one for one in vocabularies((str(tmp_path),)) if one.name == "own")
    asked = wanted([vocabulary])
    assert asked.triggers == ()
    assert asked.keys == ()
    assert asked.words_of("properties") == ("own.slots",)
    assert asked.words_of("yaml") == ()
    settings = Settings(root=ROOT, stacks=(str(tmp_path),))
    for path, text, known in (
        ("a.properties", "own.slots=4\nown.dtype=fp16\n", True),
        ("a.yaml", "own.slots: 4\n", False),
        ("a.toml", '"own.slots" = 4\n', False),
    ):
        found = check(Source(path, text), Alone(), (), settings).deployments
        assert [one.stack for one in found] == (["own"] if known else []), path
        assert all(one.facts["framework"].assured for one in found), "no other stack has such files"


def test_a_value_is_written_as_the_stack_names_it() -> None:
    text = "option.model_id=Qwen/Qwen2.5-1.5B-Instruct\noption.quantize=bitsandbytes\n"
    (finding,) = check(Source("serving.properties", text), Alone(), rules(), Settings(root=ROOT)).findings
    assert any("option.dtype=fp16" in edit.text for fix in finding.fixes for edit in fix.edits)
