"""Fixes mend one thing and nothing else: what cannot be mended by one right edit is left to a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from test_fixtures import ROOT, Alone

from ecolint import fixes, ruleset
from ecolint.engine import check
from ecolint.model import Finding, Source, Value
from ecolint.readers.python import constants
from ecolint.settings import Settings
from ecolint.verify import Outcome

RULES = ruleset.load([ruleset.packaged()])
HEAD = "import torch\nfrom transformers import AutoModelForCausalLM as M, BitsAndBytesConfig as Q\n\n"


def lint(source: Source, gpu: str | None) -> Outcome:
    return check(source, Alone(), RULES, replace(Settings(root=ROOT), gpu=gpu))


def fixed(text: str, path: str = "app.py", gpu: str | None = None, *, unsafe: bool = True) -> str:
    def recheck(source: Source) -> Outcome:
        return lint(source, gpu)

    source = Source(path, text)
    done = fixes.apply(source, recheck(source), unsafe, recheck)
    again = replace(source, text=done.text)
    assert fixes.apply(again, recheck(again), unsafe, recheck).text == done.text, "fixing twice changes nothing more"
    assert not done.refused, "what is offered was proven"
    return done.text


def findings(text: str, path: str = "app.py", gpu: str | None = None) -> tuple[Finding, ...]:
    return lint(Source(path, text), gpu).findings


TERNARY = """
def f(q8):
    cfg = Q(load_in_8bit=True) if q8 else None
    return M.from_pretrained("Qwen/Qwen2.5-7B", quantization_config=cfg)
"""
CHAIN = """
def f(bits):
    if bits == 8:
        cfg = Q(load_in_8bit=True)
    elif bits == 4:
        cfg = Q(load_in_4bit=True)
    else:
        cfg = None
    return M.from_pretrained("Qwen/Qwen2.5-7B", quantization_config=cfg)
"""
VALUE = """
def f(q):
    return M.from_pretrained("Qwen/Qwen2.5-7B", load_in_8bit=True if q else False)
"""


@pytest.mark.parametrize("body", [TERNARY, CHAIN, VALUE])
def test_a_choice_of_the_user_is_never_taken_away(body: str) -> None:
    """With the GPU known FP16 would be best, but the code also has a branch without INT8."""
    text = HEAD + body
    assert {f.code for f in findings(text, gpu="L4")} >= {"ECO101"}
    made = fixed(text, gpu="L4")
    assert "if " in made
    assert "torch_dtype" not in made, "an edit of the shared call would reach the other branch"
    assert "quantization_config=cfg" in made or "load_in_8bit=True if q" in made


@pytest.mark.parametrize(
    "body",
    [
        'def g(int8=True):\n    return M.from_pretrained("m/x-7B", load_in_8bit=int8)\n',
        'INT8 = True\nM.from_pretrained("m/x-7B", load_in_8bit=INT8)\n',
        'KW = {"load_in_8bit": True}\nM.from_pretrained("m/x-7B", **KW)\nprint(KW["load_in_8bit"])\n',
        'def g(q):\n    return M.from_pretrained("m/x-7B", load_in_8bit=True if q else None)\n',
        'def g(flags):\n    return M.from_pretrained("m/x-7B", load_in_8bit=True, llm_int8_skip_modules=flags)\n',
    ],
)
def test_a_safe_fix_leaves_what_is_not_written_in_place(body: str) -> None:
    assert "ECO210" in {f.code for f in findings(HEAD + body)}
    assert fixed(HEAD + body, unsafe=False) == HEAD + body


def test_everything_that_belongs_to_the_object_moves_with_it() -> None:
    call = 'load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, device_map="auto"'
    made = fixed(f'{HEAD}m = M.from_pretrained("mistralai/Mistral-7B-v0.1", {call})\n', unsafe=False)
    inside = made[made.index("=Q(") :]
    assert all(key in inside for key in ("load_in_4bit=True", 'bnb_4bit_quant_type="nf4"', "bnb_4bit_use_double_quant"))
    assert 'device_map="auto"' in made


def test_a_keyword_beside_a_configuration_is_reported() -> None:
    text = f'{HEAD}M.from_pretrained("m/x-7B", load_in_4bit=True, quantization_config=Q(load_in_4bit=True))\n'
    assert "ECO210" in {f.code for f in findings(text)}


def test_a_pipeline_takes_its_configuration_in_model_kwargs() -> None:
    text = (
        "from transformers import pipeline, BitsAndBytesConfig\n"
        'p = pipeline("text-generation", model="mistralai/Mistral-7B-v0.1", model_kwargs={"load_in_8bit": True})\n'
    )
    assert 'model_kwargs={"quantization_config": BitsAndBytesConfig(' in fixed(text)


@pytest.mark.parametrize(
    ("path", "text", "made"),
    [
        ("vllm.yaml", "model: m/x-7B\nmax-num-seqs: 1\n", "max-num-seqs: 8\n"),
        ("a.yaml", "model_id: x\nload_in_8bit: true\n", "llm_int8_threshold: 0.0\n"),
        ("a.toml", '[m]\nmodel_id = "x"\nload_in_8bit = true\n', "llm_int8_threshold = 0.0\n"),
    ],
)
def test_numbers_are_written_as_numbers(path: str, text: str, made: str) -> None:
    assert fixed(text, path).endswith(made)


def test_two_loads_of_one_configuration_are_both_mended() -> None:
    text = (
        f"{HEAD}cfg = Q(load_in_8bit=True)\n"
        "a = M.from_pretrained(path_a, quantization_config=cfg)\n"
        "b = M.from_pretrained(path_b, quantization_config=cfg)\n"
    )
    made = fixed(text)
    assert "Q(load_in_8bit=True, llm_int8_threshold=0.0)" in made
    assert not [f for f in findings(made) if f.code == "ECO101"]


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_line_endings_stay(ending: str) -> None:
    text = (HEAD + "m = M.from_pretrained(path, quantization_config=Q(\n    load_in_8bit=True,\n))\n").replace(
        "\n", ending
    )
    made = fixed(text)
    assert made.count("\n") == made.count(ending)
    assert "llm_int8_threshold=0.0" in made


def test_a_constant_of_another_module_is_reported_where_it_is_used() -> None:
    class Beside(Alone):
        def constants(self, module: str, from_path: str) -> Mapping[str, Value]:
            return constants(Source("consts.py", "\n\nLOAD8 = True\n"))

    text = f'{HEAD}from consts import LOAD8\nM.from_pretrained("m/x-7B", load_in_8bit=LOAD8)\n'
    outcome = check(Source("app.py", text), Beside(), RULES, Settings(root=ROOT))
    assert outcome.findings
    assert {finding.place.path for finding in outcome.findings} == {"app.py"}


def test_a_small_model_without_a_known_gpu_has_a_way_out() -> None:
    text = f'{HEAD}M.from_pretrained("Qwen/Qwen2.5-0.5B", quantization_config=Q(load_in_8bit=True))\n'
    red = next(f for f in findings(text) if f.code == "ECO101")
    assert red.fixes
    assert red.fixes[0].edits


def test_an_open_call_is_switched_off_not_emptied() -> None:
    text = 'from vllm import LLM\nm = LLM("Qwen/Qwen2.5-7B", quantization="fp8", enforce_eager=True, **extra)\n'
    assert "enforce_eager=False" in fixed(text)


SWITCHES = """
def load(path, int8=False, int4=False):
    options = {"device_map": "auto"}
    if int8:
        options["load_in_8bit"] = True
    elif int4:
        options["load_in_4bit"] = True
        options["quantization_config"] = Q(load_in_4bit=True, bnb_4bit_compute_dtype=torch.float16)
    else:
        options["torch_dtype"] = torch.float16
    return M.from_pretrained(path, **options)
"""


def test_a_keyword_set_under_a_switch_is_mended_under_that_switch() -> None:
    made = fixed(HEAD + SWITCHES, unsafe=False)
    want = (
        SWITCHES.replace(
            'options["load_in_8bit"] = True', 'options["quantization_config"] = Q(load_in_8bit=True)'
        ).replace('        options["load_in_4bit"] = True\n', "")
    )  # fmt: skip
    assert made == HEAD + want


def test_a_configuration_set_under_a_switch_is_mended_in_place() -> None:
    body = (
        'def load(path, int8=False):\n    kw = {"device_map": "auto"}\n    if int8:\n'
        '        kw["quantization_config"] = Q(load_in_8bit=True)\n    return M.from_pretrained(path, **kw)\n'
    )
    assert fixed(HEAD + body) == HEAD + body.replace("=True)", "=True, llm_int8_threshold=0.0)")
