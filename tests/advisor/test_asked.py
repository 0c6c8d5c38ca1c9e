"""What was asked is checked: every error at once, a command that works, defaults that are said, warnings that warn."""

from __future__ import annotations

import shlex
from typing import Any

import pytest
from advisor_samples import COMMANDS, SETTINGS, asked, page, situation, told
from conftest import Shell
from hypothesis import given
from hypothesis import strategies as st

from ecolint.advisor.asked import checked
from ecolint.advisor.formats import precisions
from ecolint.advisor.parameters import Refused, Trouble
from ecolint.evidence import shipped

MODEL = "Qwen/Qwen2.5-7B"


def refused(command: str, model: str | None, **options: str) -> Refused:
    written = {f"--{name.replace('_', '-')}": value for name, value in options.items()}
    with pytest.raises(Refused) as caught:
        checked(asked(command, model, written), SETTINGS.workload, shipped())
    return caught.value


def trouble(option: str, command: str = "estimate", model: str | None = MODEL, **options: str) -> Trouble:
    (one,) = refused(command, model, **options).troubles
    assert one.option == option
    return one


# --- errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "value", "nearest"),
    [
        ("precision", "int4", "nf4"),
        ("precision", "int8", "int8_default"),
        ("precision", "NF-4", "nf4"),
        ("precision", "int8_pur", "int8_pure"),
        ("precision", "awq", None),
        ("precision", "fp4", None),
        ("dtype", "float31", "fp32"),
        ("batch_size", "128", "64"),
        ("batch_size", "0", "1"),
        ("prompt_tokens", "-1", "128"),
        ("prompt_tokens", "8192", "4096"),
        ("generated_tokens", "0", "1"),
        ("gpu", "RTX 509", "RTX 5090"),
        ("gpu", "gtx1080", None),
        ("framework", "vlm", "vllm"),
        ("region", "Frnace", "France"),
        ("objective", "troughput", "throughput"),
    ],
)
def test_an_error_names_the_value_and_what_may_be_meant(option: str, value: str, nearest: str | None) -> None:
    one = trouble(f"--{option.replace('_', '-')}", "optimize", **{option: value})
    assert one.value == value
    assert one.nearest == nearest or (option == "dtype" and one.nearest is None)
    assert one.valid
    assert one.example.startswith(one.option)


def test_a_precision_lists_those_that_are_valid() -> None:
    assert trouble("--precision", precision="int4").valid == "fp16, bf16, fp32, nf4, int8_default, int8_pure, fp8"


def test_a_batch_above_the_measured_ones_is_told_what_to_do() -> None:
    assert "batches continuously" in trouble("--batch-size", batch_size="128").wrong


def test_a_quantization_is_no_number_format() -> None:
    assert "--precision int8_default" in trouble("--dtype", dtype="int8").wrong


def test_two_number_formats_contradict_each_other() -> None:
    assert "fp16" in trouble("--dtype", precision="fp16", dtype="fp32").wrong


def test_a_size_that_contradicts_the_catalogue_is_an_error() -> None:
    assert "7.24B" in trouble("--params", model="mistralai/Mistral-7B-v0.1", params="70").wrong
    assert situation("estimate", "mistralai/Mistral-7B-v0.1", params="7.2B").number("params_b") == pytest.approx(
        7.24, 0.01
    )


def test_a_model_that_nobody_knows_needs_a_size() -> None:
    assert "--params" in trouble("MODEL", model="our-model").valid
    assert situation("estimate", "our-model", params="494M").number("params_b") == pytest.approx(0.494)
    assert trouble("MODEL", model="mistralai/Mistral-7x-v0.1").nearest == "mistralai/Mistral-7B-v0.1"


def test_requests_are_said_once() -> None:
    assert "write one" in trouble("--workload", workload="10 users/day", requests_per_month="5").wrong
    assert trouble("--workload", workload="9" * 30 + " users/day").valid


def test_a_diagnosis_needs_an_observation() -> None:
    assert trouble("--observed-throughput", "diagnose").example == "--observed-throughput 9.9"


def test_every_error_is_told_at_once_with_a_command_that_works(ecolint: Shell) -> None:
    ecolint(
        *("optimize", "", "--gpu", "gtx1080", "--precision", "int4", "--dtype", "int8", "--batch-size", "128"),
        *("--prompt-tokens", "-1", "--generated-tokens", "x", "--gpu-count", "0", "--params", "many"),
        *("--framework", "vlm", "--requests-per-month", "1.5", "--region", "Atlantis", "--price-per-kwh", "nan"),
        *("--carbon-intensity", "-3", "--pue", "0.5", "--max-vram", "0", "--max-latency", "soon"),
        *("--min-throughput", "inf", "--price-per-hour", "free", "--objective", "fame", "--context", "production"),
    )
    assert (ecolint.code, ecolint.out) == (2, "")
    *lines, last = ecolint.err.splitlines()
    named = [line.split()[1].rstrip(":") for line in lines]
    assert named == [
        *("--params", "MODEL", "--gpu", "--gpu-count", "--precision", "--dtype", "--batch-size", "--framework"),
        *("--objective", "--max-vram", "--max-latency", "--min-throughput", "--price-per-hour"),
        *("--prompt-tokens", "--generated-tokens", "--price-per-kwh", "--carbon-intensity", "--pue", "--region"),
        "--requests-per-month",
    ]
    assert last.startswith("try: ecolint optimize ")
    assert last.endswith("--context production")
    assert ecolint(*shlex.split(last.removeprefix("try: ecolint "))).code == 0


WRONG: dict[str, tuple[str, ...]] = {
    "gpu": ("gtx1080", "", "RTX 509", "H100", "potato"),
    "precision": ("int4", "fp17", "nf4", "awq", ""),
    "dtype": ("fp16", "int8", "bf16", "?"),
    "batch_size": ("0", "65", "8", "x", "-0", "1e9"),
    "prompt_tokens": ("127", "4096", "no"),
    "params": ("7B", "0", "-1", "nan"),
    "framework": ("vllm", "keras"),
    "workload": ("10 users/day", "lots"),
    "max_vram": ("24", "-1"),
    "objective": ("energy", "speed"),
}


@given(
    command=st.sampled_from(sorted(COMMANDS)),
    model=st.sampled_from((MODEL, "", "nobody/knows", "no body/knows", "someone/custom-13b")),
    options=st.fixed_dictionaries({}, optional={name: st.sampled_from(values) for name, values in WRONG.items()}),
)
def test_a_corrected_command_is_accepted(command: str, model: str, options: dict[str, str]) -> None:
    written = {f"--{name.replace('_', '-')}": value for name, value in options.items()}
    try:
        checked(asked(command, model, written), SETTINGS.workload, shipped())
    except Refused as error:
        words = shlex.split(error.corrected)
        again = dict(zip(words[3::2], words[4::2], strict=True))
        assert words[:2] == ["ecolint", command]
        checked(asked(command, words[2], again), SETTINGS.workload, shipped())


@pytest.mark.parametrize(
    ("option", "low", "high"),
    [("batch_size", 1, 64), ("prompt_tokens", 128, 4096), ("generated_tokens", 1, 2048)],
)
def test_the_ends_of_a_range_are_valid(option: str, low: int, high: int) -> None:
    for value in (low, high):
        assert situation("estimate", MODEL, gpu="A800", **{option: value})
    for value in (low - 1, high + 1):
        trouble(f"--{option.replace('_', '-')}", **{option: str(value)})


@pytest.mark.parametrize("precision", sorted(precisions()))
def test_every_precision_can_be_asked_for(precision: str) -> None:
    found = situation("explain", MODEL, gpu="RTX 5090", precision=precision)
    assert found.precision == precisions()[precision].key


# --- defaults ---------------------------------------------------------------------------------------------------------


def test_every_default_is_said_with_what_it_costs() -> None:
    found = told("optimize", "Qwen/Qwen2-7B")
    gpu, precision, batch, objective = found["defaults"]
    assert "--gpu: RTX 5090" in gpu
    assert "one star" in gpu
    assert "fp16 is assumed, which costs no star" in precision
    assert "1 is assumed" in batch
    assert "no star" in batch
    assert "energy per request" in objective
    assert {one["confidence"] for one in (found["current"], found["best"], *found["pareto"])} == {1}
    assert (found["precision"], found["batch_size"], found["objective"]) == ("fp16", 1, "energy")
    asked_for = page("optimize", "Qwen/Qwen2-7B")
    assert all(option in asked_for.partition("To answer more closely")[2] for option in ("--gpu", "--precision"))


def test_nothing_is_asked_where_everything_was_said() -> None:
    found = page("optimize", MODEL, gpu="A800", precision="nf4", batch_size=8, objective="energy")
    assert "filled in" not in found
    assert "To answer more closely" not in found


def test_the_gpu_that_stands_in_measured_the_model_or_one_of_such_a_size() -> None:
    assert situation("estimate", "01-ai/Yi-1.5-9B").setup.gpu == "A800"
    assert situation("estimate", "our-model", params=14).setup.gpu == "A800"
    assert situation("estimate", "TinyLlama/TinyLlama-1.1B-Chat-v1.0").setup.gpu in {
        "RTX 5090",
        "RTX 4090",
        "RTX 4090D",
        "T4",
    }


def test_a_gpu_that_was_not_measured_is_told_what_stands_in() -> None:
    assert any("A800" in text and "Ampere" in text for text in told("compare", MODEL, gpu="A100-80GB")["boundaries"])
    assert any("Hopper" in text for text in told("compare", MODEL, gpu="H100")["boundaries"])
    assert not any("stand in" in text for text in told("compare", MODEL, gpu="A800")["boundaries"])


def test_a_format_that_the_name_says_is_taken() -> None:
    found = told("estimate", "Qwen/Qwen2.5-7B-Instruct-AWQ", gpu="A800")
    assert found["precision"] == "awq"
    assert found["current"]["energy_j_per_1k_tokens"] is None
    assert any("awq" in text for text in found["defaults"])


# --- warnings and boundaries ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"gpu": "A800", "precision": "int8_default"}, "ECO101"),
        ({"gpu": "A800", "precision": "nf4", "model": "Qwen/Qwen2-1.5B"}, "ECO102"),
        ({"gpu": "RTX 5090", "precision": "fp8"}, "ECO103"),
        ({"gpu": "A800", "batch_size": 1}, "ECO104"),
        ({"gpu": "A800", "precision": "int8_pure", "model": "Qwen/Qwen2-1.5B"}, "ECO105"),
        ({"gpu": "V100 SXM2 16GB", "precision": "bf16"}, "ECO202"),
        ({"gpu": "A800", "precision": "nf4", "dtype": "fp32"}, "ECO204"),
        ({"gpu": "A800", "precision": "fp32"}, "ECO207"),
    ],
)
@pytest.mark.parametrize("command", ["estimate", "compare", "optimize", "recommend", "explain"])
def test_a_suboptimal_choice_is_a_warning(command: str, options: dict[str, Any], code: str) -> None:
    model = options.get("model", MODEL)
    found = told(command, model, **{name: value for name, value in options.items() if name != "model"})
    assert code in [one["code"] for one in found["warnings"]]


@pytest.mark.parametrize(
    ("model", "options", "words"),
    [
        ("meta-llama/Llama-3-70B", {"gpu": "A800"}, "beyond the largest model that was measured"),
        (MODEL, {"gpu": "MI300X"}, "nothing was measured on MI300X"),
        (MODEL, {"gpu": "A800", "gpu_count": 2}, "measurements are of one GPU"),
        ("someone/my-finetune-7b", {"gpu": "A800"}, "official weights were measured"),
        ("mistralai/Mixtral-8x7B-v0.1", {"gpu": "A800"}, "mixture of experts"),
    ],
)
@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_the_boundary_is_stated(command: str, model: str, options: dict[str, Any], words: str) -> None:
    seen = {"observed_throughput": 10} if command == "diagnose" else {}
    assert words in page(command, model, **options, **seen)
    assert any(words in text for text in told(command, model, **options, **seen)["boundaries"])
