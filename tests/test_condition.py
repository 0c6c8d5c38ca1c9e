"""The condition language: what it means, what it refuses, and what its predicates say."""

from __future__ import annotations

import pickle
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecolint.condition import DEEPEST, LONGEST, Atom, ConditionError, parse
from ecolint.model import FACTS, Deployment, Fact, Invocation, Place, Scalar, Span
from ecolint.predicates import PREDICATES

PLACE = Place("serve.py", Span(0, 1))
UNKNOWN = Fact("unknown")


def deployment(**facts: Scalar | Fact) -> Deployment:
    """A deployment with these facts; a plain value is known, and what is not named is absent."""
    found = {name: value if isinstance(value, Fact) else Fact("known", value) for name, value in facts.items()}
    return Deployment("test", PLACE, found, Invocation("python.call", PLACE))


def holds(text: str, /, **facts: Scalar | Fact) -> bool | None:
    return parse(text).holds(deployment(**facts))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("quantization == 'int8'", True),
        ("quantization != 'int8'", False),
        ("'int8' == quantization", True),
        ("quantization in ['nf4', 'int8']", True),
        ("quantization not in ('nf4', 'int8')", False),
        ("int8_threshold == 6", True),
        ("int8_threshold != 0", True),
        ("0 < int8_threshold <= 6", True),
        ("int8_threshold > -1", True),
        ("int8_threshold >= 6.5", False),
        ("looped", True),
        ("not looped", False),
        ("looped == false", False),
        ("looped == True", True),
        ("batch_size < max_concurrency", True),
        ("(looped or batch_size == 9) and quantization == 'int8'", True),
        ("quantization == 'int8'\nand looped", True),
        # absent
        ("backend == 'none'", True),
        ("backend != 'none'", False),
        ("backend == 'bitsandbytes'", False),
        ("backend in ['none', 'torchao']", True),
        ("context_length == 'none'", True),
        ("context_length != 4", True),
        ("use_cache", False),
        ("use_cache == false", False),
        ("context_length < 4", None),
        # unknown
        ("gpu == 'T4'", None),
        ("gpu != 'T4'", None),
        ("gpu in ['T4']", None),
        ("gpu not in ['T4']", None),
        ("gpu == 'none'", None),
        ("gpu_count >= 1", None),
        ("gpu == 'T4' or looped", True),
        ("gpu == 'T4' and not looped", False),
        ("gpu == 'T4' and looped", None),
    ],
)
def test_meaning(text: str, expected: bool | None) -> None:
    facts: dict[str, Scalar | Fact] = {"quantization": "int8", "int8_threshold": 6.0, "looped": True, "batch_size": 1}
    assert holds(text, gpu=UNKNOWN, gpu_count=UNKNOWN, max_concurrency=4, **facts) is expected


def test_known_none_is_absent_and_a_value_of_another_type_is_unknown() -> None:
    assert holds("quantization == 'none'", quantization="none") is True
    assert holds("quantization == 'none'", quantization=None) is True
    assert holds("int8_threshold == 0", int8_threshold="0") is None
    assert holds("int8_threshold == 0", int8_threshold=False) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("bacth_size == 1", "unknown fact 'bacth_size'; write 'batch_size'"),
        ("int8_threshold == '0'", "int8_threshold is a number and '0' is text; compare int8_threshold with a number"),
        ("looped == 1", "looped is true or false and 1 is a number; compare looped with true or false"),
        (
            "quantization == int8_threshold",
            "quantization is text and int8_threshold is a number; compare quantization with text",
        ),
        ("quantization in ['int8', 8]", "quantization is text and 8 is a number; compare quantization with text"),
        (
            "quantization < 'int8'",
            "quantization is text and has no order; write '==', '!=' or 'in', or compare numbers",
        ),
        ("batch_size", "batch_size is a number, not a condition; compare it: batch_size == …"),
        ("fits_in_vam()", "unknown predicate 'fits_in_vam'; write fits_in_vram(…)"),
        ("fits_in_vram", "'fits_in_vram' is a predicate; write fits_in_vram(…) with parentheses"),
        ("fits_in_vram('nf4')", "fits_in_vram takes no arguments; write fits_in_vram()"),
        ("below_crossover()", "below_crossover takes 1 argument; write below_crossover('nf4')"),
        ("below_crossover('nf5')", "'nf5' is no argument of below_crossover; write 'nf4'"),
        ("known('gpus')", "'gpus' is no argument of known; write 'gpu'"),
        ("looped()", "'looped' is a fact, not a predicate; write it without parentheses"),
        ("gpu is 'T4'", "'is' is not part of the condition language; write '==' or '!='"),
        (
            "gpu == None",
            "None is not a value of the condition language; write 'none' for absent, a number, a text, true or false",
        ),
        (
            "'batch_size' == 1",
            "'batch_size' and 1 are both constants; compare a fact, written without quotes, with a constant",
        ),
        (
            "'int8' in quantization",
            "'in' needs a fact on its left and a list of constants on its right; write quantization in ['int8', 'nf4']",
        ),
        (
            "batch_size + 1 == 2",
            "'batch_size + 1' is not part of the condition language; "
            "write facts, constants, comparisons, 'in', 'and', 'or', 'not' and predicates",
        ),
        ("looped # always", "'#' begins no comment inside a condition; write it as a comment of the file"),
    ],
)
def test_refusals_say_what_to_write_instead(text: str, message: str) -> None:
    with pytest.raises(ConditionError) as error:
        parse(text)
    assert str(error.value) == message


@pytest.mark.parametrize(
    "text",
    [
        "",
        "looped and",
        "looped) or (looped",
        "__import__('os').system('x')",
        "looped if looped else looped",
        "[looped for looped in 'x']",
        "(lambda: looped)()",
        "gpu == f'{gpu}'",
        "gpu.name == 'T4'",
        "(x := looped)",
        "gpu == b'T4'",
        "params_b == 1j",
        "quantization in []",
        "quantization in [gpu]",
        "looped\0",
        "(" * (DEEPEST + 2) + "looped" + ")" * (DEEPEST + 2) + " and",
        "not " * (DEEPEST + 2) + "looped",
        "-" * 1900 + "1 < params_b",
        "(" * 900 + "looped" + ")" * 900,
        " " * LONGEST + "looped",
        "looped == " * 60 + "looped(",
    ],
)
def test_everything_else_is_refused_too(text: str) -> None:
    with pytest.raises(ConditionError):
        parse(text)


def test_facts_read_include_those_of_predicates() -> None:
    condition = parse("backend == 'torchao' and fits_in_vram() and known('gpu')")
    assert condition.facts == {"backend", "params_b", "precision", "gpu_memory_gb", "gpu_count", "gpu"}


def test_conditions_cross_to_worker_processes() -> None:
    condition = parse("batch_size == 1")
    copy = pickle.loads(pickle.dumps(condition))
    assert copy == condition
    assert copy.holds(deployment(batch_size=1)) is True


@pytest.mark.parametrize(
    ("text", "required"),
    [
        ("backend == 'bitsandbytes' and int8_threshold != 0", [{Atom("backend", "bitsandbytes")}]),
        ("quantization in ['nf4', 'fp4']", [{Atom("quantization", "nf4"), Atom("quantization", "fp4")}]),
        ("looped or batch_size == 1", [{Atom("looped", True), Atom("batch_size", 1)}]),
        ("max_concurrency < 8", [{Atom("max_concurrency", any_value=True)}]),
        ("nightly != 'none'", [{Atom("nightly", any_value=True)}]),
        ("not (nightly == 'none' or looped)", [{Atom("nightly", any_value=True)}]),
        ("execution == 'none' or looped", []),
        ("not looped", []),
        ("backend in ['none', 'torchao']", []),
        ("fits_in_vram()", []),
    ],
)
def test_what_a_condition_requires(text: str, required: list[set[Atom]]) -> None:
    assert [set(clause) for clause in parse(text).requires] == required


# --- laws of three-valued logic ---------------------------------------------------------------------------------------

TRUTHS = {True: Fact("known", True), False: Fact("known", False), None: UNKNOWN}
NAMES = ("looped", "use_cache")
truths = st.sampled_from([True, False, None])
formulas = st.recursive(
    st.sampled_from([*NAMES, "true", "batch_size == 1", "batch_size > 2", "gpu in ['T4', 'L4']", "gpu != 'none'"]),
    lambda inner: st.one_of(
        st.builds("({} and {})".format, inner, inner),
        st.builds("({} or {})".format, inner, inner),
        st.builds("not ({})".format, inner),
    ),
    max_leaves=8,
)
facts = st.fixed_dictionaries(
    {},
    optional={
        **{name: truths.map(TRUTHS.__getitem__) for name in NAMES},
        "batch_size": st.sampled_from([Fact("known", 1), Fact("known", 4), Fact("absent"), UNKNOWN]),
        "gpu": st.sampled_from([Fact("known", "T4"), Fact("known", "H100"), Fact("absent"), UNKNOWN]),
    },
)


@given(truths, truths)
def test_connectives_are_kleenes(one: bool | None, other: bool | None) -> None:
    given_facts: dict[str, Scalar | Fact] = {"looped": TRUTHS[one], "use_cache": TRUTHS[other]}
    order: dict[bool | None, int] = {False: 0, None: 1, True: 2}
    assert order[holds("looped and use_cache", **given_facts)] == min(order[one], order[other])
    assert order[holds("looped or use_cache", **given_facts)] == max(order[one], order[other])
    assert order[holds("not looped", **given_facts)] == 2 - order[one]


@given(formulas, formulas, formulas, facts)
def test_laws(a: str, b: str, c: str, given_facts: dict[str, Scalar | Fact]) -> None:
    for left, right in [
        (f"not (({a}) and ({b}))", f"not ({a}) or not ({b})"),
        (f"not (({a}) or ({b}))", f"not ({a}) and not ({b})"),
        (f"not (not ({a}))", a),
        (f"({a}) and (({b}) or ({c}))", f"({a}) and ({b}) or ({a}) and ({c})"),
        (f"({a}) and ({b})", f"({b}) and ({a})"),
        (f"({a}) or (({a}) and ({b}))", a),
    ]:
        assert holds(left, **given_facts) is holds(right, **given_facts)


@given(formulas, facts)
def test_learning_a_fact_never_overturns_an_answer(text: str, given_facts: dict[str, Scalar | Fact]) -> None:
    before = holds(text, **given_facts)
    if before is None:
        return
    choices = {
        **{name: [Fact("known", True), Fact("known", False), Fact("absent")] for name in NAMES},
        "batch_size": [Fact("known", 1), Fact("known", 4), Fact("absent")],
        "gpu": [Fact("known", "T4"), Fact("known", "H100"), Fact("absent")],
    }
    unknown = [name for name, fact in given_facts.items() if fact == UNKNOWN]
    for values in product(*(choices[name] for name in unknown)):
        after = holds(text, **{**given_facts, **dict(zip(unknown, values, strict=True))})
        assert after is before or after is None  # None: an order against an absent fact


@given(formulas, facts)
def test_requirements_are_necessary(text: str, given_facts: dict[str, Scalar | Fact]) -> None:
    if holds(text, **given_facts) is not True:
        return
    for clause in parse(text).requires:
        assert any(_true(atom, deployment(**given_facts).facts.get(atom.fact)) for atom in clause)


def _true(atom: Atom, fact: Fact | None) -> bool:
    return fact is not None and fact.kind == "known" and (atom.any_value or fact.value == atom.value)


# --- predicates -------------------------------------------------------------------------------------------------------


def test_every_predicate_is_documented_and_reads_facts_that_exist() -> None:
    for predicate in PREDICATES.values():
        assert predicate.doc
        assert set(predicate.reads) <= FACTS.keys()
        assert predicate.reads or predicate.reads_arguments


def test_fits_in_vram() -> None:
    card: dict[str, Scalar | Fact] = {"params_b": 7.0, "precision": "fp16", "gpu_memory_gb": 24.0}
    assert holds("fits_in_vram()", **card) is True
    assert holds("fits_in_vram()", **{**card, "gpu_memory_gb": 17.5}) is True  # 14 GB is exactly 80 %
    assert holds("fits_in_vram()", **{**card, "gpu_memory_gb": 16.0}) is False
    assert holds("fits_in_vram()", **{**card, "gpu_memory_gb": 16.0}, gpu_count=2) is True
    assert holds("fits_in_vram()", **{**card, "gpu_memory_gb": 16.0, "precision": "nf4"}) is True
    for name in card:
        assert holds("fits_in_vram()", **{**card, name: UNKNOWN}) is None
    assert holds("fits_in_vram()", **card, gpu_count=UNKNOWN) is None
    assert holds("fits_in_vram()", **card, gpu_count=0) is None
    assert holds("fits_in_vram()", **{**card, "precision": "no-such"}) is None


def test_crossover_by_architecture() -> None:
    assert holds("below_crossover('nf4')", params_b=2.9) is True
    assert holds("below_crossover('nf4')", params_b=3.0) is False
    assert holds("above_crossover('nf4')", params_b=3.0) is True
    assert holds("below_crossover('nf4')", params_b=3.2, gpu=UNKNOWN, architecture=UNKNOWN) is False
    assert holds("below_crossover('nf4')", params_b=5.0, architecture="Blackwell") is True
    assert holds("below_crossover('int8')", params_b=5.5, architecture="Blackwell") is True
    assert holds("below_crossover('nf4')", params_b=3.2, architecture="Hopper") is False
    assert holds("below_crossover('nf4')") is None
    assert holds("above_crossover('nf4')", params_b=UNKNOWN) is None


def test_crossover_of_a_desktop_chip_is_not_its_server_sisters() -> None:
    assert holds("below_crossover('nf4')", params_b=3.5, architecture="Ampere", gpu="A800 80GB PCIe") is True
    assert holds("below_crossover('nf4')", params_b=3.5, architecture="Ampere", gpu="RTX 3090") is False


def test_crossover_of_mixtures_counts_active_parameters() -> None:
    assert holds("below_crossover('nf4')", params_b=30.0, active_params_b=2.0) is True
    assert holds("below_crossover('nf4')", params_b=30.0, active_params_b=UNKNOWN) is None
    assert holds("below_crossover('nf4')", params_b=2.0, active_params_b=UNKNOWN) is True


def test_fp16_share_of_memory() -> None:
    assert holds("fp16_share_of_memory() <= 0.25", params_b=10.0, gpu_memory_gb=80.0) is True
    assert holds("fp16_share_of_memory() <= 0.25", params_b=10.1, gpu_memory_gb=80.0) is False
    # one card's memory counts, however many are reserved
    assert holds("fp16_share_of_memory() <= 0.25", params_b=10.1, gpu_memory_gb=80.0, gpu_count=8) is False
    assert holds("fp16_share_of_memory() <= 0.25", params_b=10.0) is None


def test_a_card_computes_in_what_its_row_says() -> None:
    assert holds("computes_in('bf16')", gpu="T4") is False
    assert holds("computes_in('bf16')", gpu="A100 80GB SXM4") is True
    assert holds("computes_in('fp8')", gpu="A100 80GB SXM4") is False
    assert holds("computes_in('fp8')", gpu="L4") is True
    assert holds("computes_in('fp8')", gpu="TPU v6e") is None
    assert holds("computes_in('bf16')") is None


def test_known_and_written() -> None:
    assert holds("known('gpu')", gpu="T4") is True
    assert holds("known('gpu')", gpu=UNKNOWN) is False
    assert holds("known('gpu')") is False
    assert holds("written('batch_size')", batch_size=1) is True
    assert holds("written('batch_size')", batch_size=Fact("known", 1, how="default")) is False
    assert holds("written('batch_size')", batch_size=UNKNOWN) is None
    assert holds("written('batch_size')") is False


def test_weights_share_of_reserved() -> None:
    small: dict[str, Scalar | Fact] = {"params_b": 3.0, "precision": UNKNOWN, "dtype": "auto", "quantization": "none"}
    card: dict[str, Scalar | Fact] = {**small, "gpu_memory_gb": 80.0, "reserved_gpus": 1, "sharding": 1}
    share = "weights_share_of_reserved()"
    assert holds(f"{share} <= 0.1", **card) is True
    assert holds(f"{share} <= 0.07", **card) is False
    assert holds(f"{share} <= 0.1", **{**card, "params_b": 32.0, "reserved_gpus": 8}) is True
    assert holds(f"{share} <= 0.1", **{**card, "params_b": 32.0, "reserved_gpus": 8}, data_parallel=8) is False
    assert holds(f"{share} <= 0.1", **{**card, "precision": "fp32"}) is False
    assert holds(f"{share} <= 0.1", **{**card, "dtype": UNKNOWN}) is None
    assert holds(f"{share} <= 0.1", **{**card, "dtype": UNKNOWN, "quantization": "gptq"}) is True
    for name in ("params_b", "gpu_memory_gb", "reserved_gpus", "sharding"):
        assert holds(f"{share} <= 0.1", **{**card, name: UNKNOWN}) is None
    assert holds(f"{share} <= 0.1", **small, gpu_memory_gb=80.0) is None


def test_cards_needed() -> None:
    sum_: dict[str, Scalar | Fact] = {"memory_needed_gib": 61.0, "memory_available_gib": 22.0, "sharding": 1}
    assert holds("cards_needed() == 4", **sum_) is True
    assert holds("cards_needed() == 8", **{**sum_, "sharding": 2}) is True
    assert holds("cards_needed() == 1", **{**sum_, "memory_needed_gib": 10.0}) is True
    assert holds("cards_needed() == 4", **{**sum_, "memory_available_gib": UNKNOWN}) is None


def test_powers_of_two() -> None:
    for batch in (1, 2, 8, 64, 256):
        assert holds("power_of_two()", batch_size=batch) is True
    for batch in (3, 10, 48, 100):
        assert holds("power_of_two()", batch_size=batch) is False
    for unusable in (0, 2.5, UNKNOWN):
        assert holds("power_of_two()", batch_size=unusable) is None
    for batch, lower in ((3, 2), (10, 8), (64, 64), (100, 64), (1000, 64)):
        assert holds(f"lower_power_of_two() == {lower}", batch_size=batch) is True
