"""Rule files: loading, the complaints about malformed ones, selection, and the rules that ecolint ships."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from ecolint import evidence
from ecolint.computed import Computed
from ecolint.message import MessageError, parse
from ecolint.model import Deployment, Fact, Invocation, Place, Scalar, Span
from ecolint.ruleset import Rule, RuleError, SelectorError, find, load, packaged, select

PLACE = Place("serve.py", Span(0, 1))
UNKNOWN = Fact("unknown")
CHECKOUT = Path(__file__).parent.parent

RULE = '''\
code = "ECO999"
name = "some-trap"
basis = "derived"
summary = "a trap"
compare = { execution = "compiled" }
defers_to = []

[[case]]
when = "execution == 'eager'"
level = "yellow"
message = "a trap[ on {model}]"
underline = ["execution"]

[[better]]
set = { execution = ["compiled", "cuda_graphs"], gpu_count = 1 }
applicability = "unsafe"
needs = "fits_in_vram()"

[docs]
what = """
Finds a trap.
with = "this"
"""
why = "It wastes energy."
fix_safety = "It changes speed."
references = ["a paper"]

[[docs.example]]
file = "serve.py"
bad = "model = load(1)"
good = "model = load(2)"
'''.replace("defers_to = []\n", "")


def deployment(**facts: Scalar | Fact) -> Deployment:
    found = {name: value if isinstance(value, Fact) else Fact("known", value) for name, value in facts.items()}
    return Deployment("test", PLACE, found, Invocation("python.call", PLACE))


def write(folder: Path, text: str = RULE, name: str = "ECO999_some_trap.toml") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def test_a_rule_is_read_whole(tmp_path: Path) -> None:
    write(tmp_path)
    (rule,) = load([tmp_path])
    assert (rule.code, rule.name, rule.slug) == ("ECO999", "some-trap", "ECO999_some_trap")
    assert (rule.basis, rule.rises, rule.workloads, rule.claim) == ("derived", True, ("inference",), None)
    assert rule.compare == {"execution": "compiled"}
    (case,), (better,) = rule.cases, rule.betters
    assert (case.level, case.underline, case.quantify, case.likely) == ("yellow", ("execution",), True, False)
    assert case.when.holds(deployment(execution="eager")) is True
    assert better.set == {"execution": ("compiled", "cuda_graphs"), "gpu_count": 1}
    assert better.needs is not None
    assert rule.docs.what == 'Finds a trap.\nwith = "this"'
    assert rule.docs.example[0].bad == "model = load(1)\n"
    assert pickle.loads(pickle.dumps(rule)) == rule


def test_a_better_value_may_be_computed(tmp_path: Path) -> None:
    write(tmp_path, RULE.replace("gpu_count = 1", 'gpu_count = { value = "cards_needed()" }'))
    (rule,) = load([tmp_path])
    value = rule.betters[0].set["gpu_count"]
    assert isinstance(value, Computed)
    assert value.of(deployment(memory_needed_gib=61.0, memory_available_gib=22.0, sharding=1)) == 4
    assert isinstance(value.of(deployment(memory_needed_gib=61.0, memory_available_gib=22.0, sharding=1)), int)
    assert value.of(deployment(memory_needed_gib=UNKNOWN)) is None
    assert pickle.loads(pickle.dumps(rule)) == rule


def test_a_rule_may_show_how_it_reckons(tmp_path: Path) -> None:
    rows = '[[detail]]\nlabel = "cards[ of {gpu}]"\nvalue = "{gpu_count}"\n\n[[better]]'
    write(tmp_path, RULE.replace("[[better]]", rows))
    (rule,) = load([tmp_path])
    ((label, value),) = rule.detail
    assert label.render(deployment(gpu_count=2)) == "cards"
    assert (value.known(deployment(gpu_count=2)), value.known(deployment(gpu="L4"))) == (True, False)


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ('level = "yellow"', 'lvel = "yellow"', 9, "unknown key 'lvel' in [[case]]; write 'level'"),
        ('level = "yellow"', 'level = "yelow"', 9, "unknown level 'yelow'; write 'yellow'"),
        ('level = "yellow"\n', "", 7, '[[case]] has no \'level\'; write level = "red" | "yellow" | "green" | "gray"'),
        ("'eager'\"", "1\"", 8, "execution is text and 1 is a number; compare execution with text"),
        ("execution == 'eager'", "exection == 'eager'", 8, "unknown fact 'exection'; write 'execution'"),
        ("fits_in_vram()", "fits()", 16, "unknown predicate 'fits'; write fits_in_vram(…)"),
        ("on {model}", "on {modl}", 10, "unknown fact '{modl}' in the message; write '{model}'"),
        ('["execution"]', '["exec"]', 11, "unknown fact 'exec' in 'underline'; write 'execution'"),
        ('["execution"]', "[]", 11, '[[case]] needs \'underline\', a list of texts; write underline = ["…"]'),
        ("gpu_count = 1", "gpus = 1", 14, "unknown fact 'gpus' in 'set'; write 'gpu'"),
        ("gpu_count = 1", 'gpu_count = "one"', 14, "'gpu_count' is a number; write gpu_count = 1.0"),
        ("gpu_count = 1", "gpu_count = true", 14, "'gpu_count' is a number; write gpu_count = 1.0"),
        ("gpu_count = 1", 'precision = "fp16"', 14,
         "'precision' follows from other facts; write those: quantization, dtype, …"),
        ("gpu_count = 1", 'gpu_count = { value = "gpu_memroy_gb" }', 14,
         "unknown fact 'gpu_memroy_gb'; write 'gpu_memory_gb'"),
        ("gpu_count = 1", 'gpu_count = { value = "gpu" }', 14, "'gpu_count' is a number; gpu is text"),
        ("gpu_count = 1", 'gpu_count = { value = "1 + 1" }', 14,
         "'1 + 1' computes nothing; write a fact, or a predicate with parentheses"),
        ("compare = { execution =", "compare = { gpu_count = { value = 'gpu_count' }, execution =", 5,
         "'gpu_count' in 'compare' has a computed value; write the one to compare with"),
        ('"unsafe"', '"usafe"', 15, "unknown applicability 'usafe'; write 'unsafe'"),
        ('"unsafe"', '"manual"', 15, "a manual fix has no 'advice'; write advice = \"what to do by hand\""),
        ('"derived"', '"guess"', 3, "unknown basis 'guess'; write one of measured, derived, convention"),
        ('summary = "a trap"\n', "", 1, "the rule has no 'summary'; write summary = \"…\""),
        ("{ execution = \"compiled\" }\n", "{ execution = [\"compiled\", \"eager\"] }\n", 5,
         "'execution' in 'compare' has several values; write the one to compare with"),
        ("[docs]", "rises = 1\n[docs]", 18, "unknown key 'rises' in [[better]]; write one of set, when, needs, "
         "applicability, title, caveat, advice"),
        ('why = "It wastes energy."\n', "", 18, "[docs] has no 'why'; write why = \"…\""),
        ('why = "It', 'wy = "It', 23, "unknown key 'wy' in [docs]; write 'why'"),
        ('fix_safety = "It changes speed."\n', "", 18, "[docs] has no 'fix_safety'; write fix_safety = \"…\""),
        ('["a paper"]', "[]", 25, "[docs] needs 'references', a list of texts; write references = [\"…\"]"),
        ('good = "model = load(2)"\n', "", 27, "[[docs.example]] has no 'good'; write good = \"…\""),
        ('"serve.py"', '"serve"', 28, "'serve' is not a file name with a suffix; write file = \"serve.py\""),
        ("[[docs.example]]", "[docs.example]", 27, "'example' is a list of tables; write [[docs.example]]"),
        ('"ECO999"', '"E1"', 1, "'E1' is not a code; write ECO and three digits, in capitals"),
        ('"some-trap"', '"Some trap"', 2,
         "'Some trap' is not a name; write small letters and dashes: name = \"small-batch\""),
        ('"some-trap"', '"other-trap"', 1,
         "code and name do not match the file 'ECO999_some_trap.toml'; call it ECO999_other_trap.toml"),
        ('basis = "derived"', 'basis = "derived', 3, "not TOML: illegal character '\\n'; see https://toml.io"),
        ("a trap[", "a\\ntrap[", 10, "a message is one sentence on one line; write it without line breaks"),
    ],
)  # fmt: skip
def test_a_malformed_rule_is_told_where_and_what_to_write(
    tmp_path: Path, old: str, new: str, line: int, message: str
) -> None:
    assert RULE.count(old) == 1, "the sample must be broken in one place"
    file = write(tmp_path, RULE.replace(old, new))
    with pytest.raises(RuleError) as error:
        load([tmp_path])
    assert str(error.value) == f"{file.as_posix()}:{line}: {message}"
    assert (error.value.path, error.value.line) == (file.as_posix(), line)


def test_a_rule_without_cases_or_docs(tmp_path: Path) -> None:
    head, _, rest = RULE.partition("[[case]]")
    file = write(tmp_path, head)
    with pytest.raises(RuleError, match=r"the rule has no case; write \[\[case\]\]"):
        load([tmp_path])
    file.write_text(f"{head}[[case]]{rest.partition('[docs]')[0]}", encoding="utf-8")
    with pytest.raises(RuleError, match=r"the rule has no \[docs\]; write \[docs\] with what, why"):
        load([tmp_path])


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match="no such folder of rules"):
        load([tmp_path / "absent"])
    write(tmp_path).write_bytes(RULE.encode().replace(b"energy", b"en\xffergy"))
    with pytest.raises(RuleError, match="not UTF-8; save the file as UTF-8") as error:
        load([tmp_path])
    assert error.value.line == 23
    (tmp_path / "ECO999_some_trap.toml").unlink()
    assert load([tmp_path]) == ()


def test_windows_line_ends_and_byte_order_marks_are_fine(tmp_path: Path) -> None:
    write(tmp_path).write_bytes(b"\xef\xbb\xbf" + RULE.replace("\n", "\r\n").encode())
    assert load([tmp_path])[0].docs.what == 'Finds a trap.\nwith = "this"'


def linked(code: str, name: str, defers_to: str = "") -> str:
    text = RULE.replace("ECO999", code).replace("some-trap", name)
    return text.replace("[[case]]", f"defers_to = [{defers_to}]\n\n[[case]]", 1) if defers_to else text


def test_rules_are_checked_against_each_other(tmp_path: Path) -> None:
    write(tmp_path, linked("ECO998", "one", '"ECO999"'), "ECO998_one.toml")
    with pytest.raises(RuleError, match=r"ECO998_one.toml:7: unknown rule 'ECO999' in 'defers_to'; write the code"):
        load([tmp_path])
    write(tmp_path, linked("ECO999", "two", '"ECO998"'), "ECO999_two.toml")
    with pytest.raises(RuleError, match=r"ECO998 and ECO999 defer to each other, so neither would ever be reported"):
        load([tmp_path])
    write(tmp_path, linked("ECO999", "two"), "ECO999_two.toml")
    assert [rule.code for rule in load([tmp_path])] == ["ECO998", "ECO999"]
    write(tmp_path, linked("ECO998", "one", '"eco999"'), "ECO998_one.toml")
    with pytest.raises(RuleError, match="unknown rule 'eco999' in 'defers_to'; write 'ECO999'"):
        load([tmp_path])


def test_codes_and_names_are_unique_over_folders(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    write(one)
    write(two)
    with pytest.raises(RuleError, match=r"two/ECO999_some_trap.toml:1: code stands in .*one/ECO999_some_trap.toml too"):
        load([one, two])


def test_claims_are_checked_where_they_are_known(tmp_path: Path) -> None:
    write(tmp_path, 'claim = "int8-defalt"\n' + RULE)
    assert load([tmp_path])[0].claim == "int8-defalt"
    with pytest.raises(RuleError, match=r":1: unknown claim 'int8-defalt'; write 'int8-default'"):
        load([tmp_path], claims=["int8-default", "nf4-small"])


# --- messages ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"int8_threshold": 6.0, "model": "m"}, "threshold 6.0 on m"),
        ({"int8_threshold": 0.5}, "threshold 0.5"),
        ({"int8_threshold": 7.6156, "model": UNKNOWN}, "threshold 7.62"),
        ({"int8_threshold": 6, "model": Fact("absent")}, "threshold 6"),
        ({}, "threshold none"),
        ({"int8_threshold": UNKNOWN}, "threshold an unknown int8 threshold"),
        ({"int8_threshold": 6.0, "model": "/data/hub/org/m-7B"}, "threshold 6.0 on org/m-7B"),
        ({"int8_threshold": 6.0, "model": "D:\\models\\own\\m-7B"}, "threshold 6.0 on own/m-7B"),
        ({"int8_threshold": 6.0, "model": "models/own/m-7B"}, "threshold 6.0 on models/own/m-7B"),
        ({"int8_threshold": 6.0, "model": "your model here!"}, "threshold 6.0"),
        ({"int8_threshold": 6.0, "model": "<model>"}, "threshold 6.0"),
        ({"int8_threshold": 6.0, "model": "模型"}, "threshold 6.0"),
        ({"int8_threshold": 6.0, "model": "True"}, "threshold 6.0"),
    ],
)
def test_messages(facts: dict[str, Scalar | Fact], expected: str) -> None:
    message = parse("threshold {int8_threshold}[ on {model}]")
    assert message.facts == {"int8_threshold", "model"}
    assert message.render(deployment(**facts)) == expected


@pytest.mark.parametrize(
    "text", ["", "a {", "a }", "a [b", "a b]", "a [b [{gpu}]]", "a [b]", "a {}", "a {x}", "a.", "a\nb"]
)
def test_malformed_messages(text: str) -> None:
    with pytest.raises(MessageError):
        parse(text)


# --- selection --------------------------------------------------------------------------------------------------------


@pytest.fixture
def rules(tmp_path: Path) -> tuple[Rule, ...]:
    for code, name, basis in [
        ("ECO101", "one", "measured"),
        ("ECO104", "two", "measured"),
        ("ECO210", "three", "derived"),
        ("ECO301", "four", "convention"),
    ]:
        text = RULE.replace("ECO999", code).replace("some-trap", name).replace('"derived"', f'"{basis}"')
        write(tmp_path, text, f"{code}_{name}.toml")
    return load([tmp_path])


@pytest.mark.parametrize(
    ("chosen", "extended", "ignored", "conventions", "expected"),
    [
        ([], [], [], False, "101 104 210"),
        ([], [], [], True, "101 104 210 301"),
        (["ECO1"], [], [], False, "101 104"),
        (["ECO301"], [], [], False, "301"),
        (["four"], [], [], False, "301"),
        (["ECO3"], [], [], False, "301"),
        (["ECO1"], [], [], True, "101 104"),
        ([], ["ECO3"], [], False, "101 104 210 301"),
        ([], [], ["ECO1"], False, "210"),
        ([], [], ["two"], False, "101 210"),
        (["ECO101"], [], ["ECO1"], False, "101"),
        (["ECO1"], [], ["ECO101"], False, "104"),
        (["ECO101"], [], ["one"], False, ""),
    ],
)
def test_selection(
    rules: tuple[Rule, ...],
    chosen: list[str],
    extended: list[str],
    ignored: list[str],
    conventions: bool,
    expected: str,
) -> None:
    found = select(rules, chosen, extended, ignored, conventions)
    assert [rule.code.removeprefix("ECO") for rule in found] == expected.split()


@pytest.mark.parametrize(
    ("selector", "message"),
    [
        ("ECO999", "no rule or prefix 'ECO999'; `ecolint rule --all` lists them"),
        ("ECO110", "no rule or prefix 'ECO110'; write 'ECO210'"),
        ("eco101", "no rule or prefix 'eco101'; write 'ECO101'"),
        ("thre", "no rule or prefix 'thre'; write 'three'"),
        ("", "no rule or prefix ''; `ecolint rule --all` lists them"),
    ],
)
def test_unknown_selectors(rules: tuple[Rule, ...], selector: str, message: str) -> None:
    for place in range(3):
        lists: list[list[str]] = [[], [], []]
        lists[place] = [selector]
        with pytest.raises(SelectorError) as error:
            select(rules, lists[0], lists[1], lists[2])
        assert str(error.value).startswith(message)


def test_find(rules: tuple[Rule, ...]) -> None:
    assert find(rules, "ECO104") is find(rules, "two")
    with pytest.raises(SelectorError, match="no rule 'tow'; write 'two'"):
        find(rules, "tow")


# --- the rules that ecolint ships -------------------------------------------------------------------------------------

BNB8: dict[str, Scalar | Fact] = {"backend": "bitsandbytes", "quantization": "int8", "int8_threshold": 6.0}
NF4: dict[str, Scalar | Fact] = {"backend": "bitsandbytes", "quantization": "nf4"}
FP8: dict[str, Scalar | Fact] = {"quantization": "fp8", "execution": "eager"}
BIG: dict[str, Scalar | Fact] = {
    "gpu": "A100 SXM 80GB",
    "architecture": "Ampere",
    "gpu_memory_gb": 80.0,
    "params_b": 7.2,
}


@pytest.fixture(scope="module")
def shipped() -> tuple[Rule, ...]:
    return load([packaged()])


def test_the_checkouts_rules_are_preferred() -> None:
    assert packaged() == CHECKOUT / "rules"


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (BNB8, "101"),
        ({**BNB8, "int8_threshold": 0.5}, "101"),
        ({**BNB8, "int8_threshold": 0.0}, ""),
        ({**BNB8, "int8_threshold": UNKNOWN}, ""),
        ({**BNB8, "quantization": UNKNOWN}, ""),
        ({**BNB8, "quantization": "none"}, ""),
        ({**BNB8, "backend": "quanto"}, ""),
        ({**NF4, "params_b": 1.1}, "102"),
        ({**NF4, "params_b": 1.1, "quantization": "fp4"}, "102"),
        ({**NF4, "params_b": 7.6}, ""),
        ({**NF4, "params_b": 5.0, "architecture": "Blackwell"}, "102"),
        ({**NF4, "params_b": UNKNOWN}, ""),
        (NF4, ""),
        ({**FP8, "backend": "torchao", "framework": "transformers"}, "103"),
        ({**FP8, "backend": "torchao", "execution": "compiled"}, ""),
        ({**FP8, "backend": "torchao", "execution": UNKNOWN}, ""),
        ({**FP8, "framework": "vllm"}, "103"),
        ({**FP8, "framework": "transformers"}, ""),
        ({"looped": True}, "104"),
        ({"looped": True, "context": "interactive"}, ""),
        ({"looped": UNKNOWN}, ""),
        ({"batch_size": 1}, "104"),
        ({"batch_size": Fact("known", 1, how="default")}, ""),
        ({"batch_size": 8}, ""),
        ({"max_concurrency": 1}, "104"),
        ({"max_concurrency": 8}, ""),
        ({"max_concurrency": Fact("known", 1, how="default")}, ""),
        ({"max_concurrency": Fact("known", 1, how="default"), "context": "production"}, "104"),
        ({"max_concurrency": 1, "context": "interactive"}, ""),
        ({**BNB8, "int8_threshold": 0.0, "params_b": 1.1}, "105"),
        ({**BNB8, "int8_threshold": 0.0, "params_b": 4.2, "architecture": "Ampere"}, "105"),
        ({**BNB8, "int8_threshold": 0.0, "params_b": 7.2}, ""),
        ({**BNB8, "int8_threshold": 0.0, **BIG}, "106"),
        ({**NF4, **BIG}, "106"),
        ({**NF4, **BIG, "gpu_memory_gb": 24.0, "params_b": 2.9}, "102"),
        ({**NF4, **BIG, "params_b": 13.0}, ""),
        ({"nightly": "torch==2.9.0.dev20260101"}, "107"),
        ({"nightly": UNKNOWN}, ""),
        ({**BNB8, "removed_keyword": "load_in_8bit"}, "101 210"),
        ({"removed_keyword": UNKNOWN, "quantization": UNKNOWN, "backend": UNKNOWN}, ""),
        ({"removed_keyword": "none", "quantization": "none"}, ""),
        ({"removed_keyword": "load_in_8bit", "quantization": "none"}, "210"),
        ({}, ""),
        ({"quantization": UNKNOWN, "backend": UNKNOWN, "execution": UNKNOWN, "batch_size": UNKNOWN}, ""),
    ],
)
def test_what_the_rules_fire_on(shipped: tuple[Rule, ...], facts: dict[str, Scalar | Fact], expected: str) -> None:
    described = deployment(**facts)
    wasteful = [rule for rule in shipped if not rule.praises]
    fired = {rule.code: rule for rule in wasteful if any(case.when.holds(described) for case in rule.cases)}
    reported = [code for code, rule in fired.items() if not set(rule.defers_to) & fired.keys()]
    assert [code.removeprefix("ECO") for code in reported] == expected.split()


def test_levels_and_messages_of_a_known_deployment(shipped: tuple[Rule, ...]) -> None:
    facts = deployment(**BNB8, model="mistralai/Mistral-7B-v0.1")
    (case,) = find(shipped, "ECO101").cases
    assert case.level == "red"
    assert case.message.render(facts) == (
        "bitsandbytes INT8 keeps its outlier threshold at 6.0, so every linear layer of mistralai/Mistral-7B-v0.1"
        " pays for outlier decomposition"
    )


def offers(rule: Rule, facts: dict[str, Scalar | Fact]) -> list[int]:
    """The positions of the better deployments that hold, with the precision derived as the pipeline does."""
    found = []
    precisions = {"none": "fp16", "nf4": "nf4", "int8": "int8_pure"}
    for position, better in enumerate(rule.betters):
        changed: dict[str, Scalar | Fact] = {
            name: value[0] if isinstance(value, tuple) else UNKNOWN if isinstance(value, Computed) else value
            for name, value in better.set.items()
        }
        after = deployment(**{**facts, **changed, "precision": precisions[str(changed.get("quantization", "int8"))]})
        wanted = better.when is None or better.when.holds(deployment(**facts)) is True
        if wanted and (better.needs is None or better.needs.holds(after) is True):
            found.append(position)
    return found


@pytest.mark.parametrize(
    ("code", "facts", "expected"),
    [
        ("ECO101", {}, [2]),  # neither GPU nor model known: the one-liner
        ("ECO101", {"params_b": 7.2}, [1, 2]),
        ("ECO101", {"params_b": 1.1}, [2, 3]),
        ("ECO101", {"params_b": 7.2, "gpu_memory_gb": 24.0}, [0, 1, 2]),
        ("ECO101", {"params_b": 7.2, "gpu_memory_gb": 16.0}, [1, 2]),
        ("ECO102", {"params_b": 1.1}, [0]),
        ("ECO102", {"params_b": 1.1, "gpu_memory_gb": 16.0}, [0]),
        ("ECO102", {"params_b": 2.9, "gpu_memory_gb": 6.0}, []),
        ("ECO103", {**FP8, "backend": "torchao", "framework": "transformers"}, [2]),
        ("ECO103", {**FP8, "framework": "vllm", "params_b": 7.2, "gpu_memory_gb": 80.0}, [1]),
        ("ECO104", {"looped": True}, [0]),
        ("ECO104", {"batch_size": 1}, [2]),
        ("ECO104", {"batch_size": 1, "served": "single"}, [1]),
        ("ECO104", {"batch_size": 1, "looped": True}, [0]),
        ("ECO104", {"max_concurrency": 1}, [3]),
    ],
)
def test_better_deployments(
    shipped: tuple[Rule, ...], code: str, facts: dict[str, Scalar | Fact], expected: list[int]
) -> None:
    assert offers(find(shipped, code), facts) == expected


def test_the_house_rules_of_shipped_rules(shipped: tuple[Rule, ...]) -> None:
    for rule in shipped:
        trains = "training" in rule.workloads
        assert not (rule.code.startswith("ECO1") and trains), "no ECO1xx rule fires on training"
        assert all(case.level != "gray" or not case.quantify for case in rule.cases), "gray has no known energy effect"
    assert find(shipped, "ECO104").rises is False


def test_shipped_claims_are_published_ones() -> None:
    assert load([packaged()], claims=evidence.claims())
