"""What the tests of branches say: subjects, values, and what they deny."""

from __future__ import annotations

from ecolint.model import Condition, Source, Wanted
from ecolint.readers import Nowhere
from ecolint.readers.python import read

HEAD = "import torch\nfrom transformers import AutoModelForCausalLM as M\n"
WANTED = Wanted(calls=("transformers.AutoModel*.from_pretrained",), triggers=("from_pretrained",))


def told(text: str) -> dict[tuple[int, str], tuple[Condition, ...]]:
    """What is said, by arm and decision, of a text that loads one model."""
    reading = read(Source("a.py", HEAD + text), WANTED, Nowhere())
    (invocation,) = reading.invocations[-1:]
    return {(arm, decision): said for (decision, arm), said in invocation.conditions.items()}


def facts(said: tuple[Condition, ...]) -> set[tuple[str, object, bool]]:
    return {(one.subject, one.value, one.holds) for one in said}


def test_an_arm_says_that_its_test_holds_and_those_before_do_not() -> None:
    text = (
        "def load(device):\n"
        '    if device == "cuda":\n        x = 1\n'
        '    elif device == "mps":\n        x = 2\n'
        "    else:\n        x = 3\n"
        '    return M.from_pretrained("a", revision=x)\n'
    )
    found = told(text)
    assert facts(found[0, "L4"]) == {("device", "cuda", True)}
    assert facts(found[1, "L4"]) == {("device", "cuda", False), ("device", "mps", True)}
    assert facts(found[2, "L4"]) == {("device", "cuda", False), ("device", "mps", False)}


def test_a_conditional_expression_says_it_too() -> None:
    found = told('m = M.from_pretrained("a", x=1 if torch.cuda.is_available() else 2)\n')
    (((_, decision), said),) = [item for item in found.items() if item[0][0] == 1]
    assert decision.startswith("L3c")
    assert facts(said) == {("torch.cuda.is_available()", True, False)}


def test_a_name_stands_for_what_it_was_assigned_once() -> None:
    text = 'ok = torch.cuda.is_available()\nif ok:\n    m = M.from_pretrained("a")\n'
    assert facts(told(text)[0, "L4"]) == {("ok", True, True), ("torch.cuda.is_available()", True, True)}


def test_of_several_of_which_one_holds_nothing_is_said() -> None:
    text = 'def f(a, b):\n    if a or b:\n        return M.from_pretrained("a")\n    return M.from_pretrained("b")\n'
    found = told(text)
    assert found[0, "L4"] == ()
    assert facts(found[1, "L4"]) == {("a", True, False), ("b", True, False)}


def test_a_literal_in_a_call_is_what_is_compared_with() -> None:
    text = 'def f(d):\n    if d == torch.device("cpu"):\n        return M.from_pretrained("a")\n'
    assert facts(told(text)[0, "L4"]) == {("d", "cpu", True)}


def test_negations_and_membership() -> None:
    text = 'def f(d, q):\n    if not q and "cuda" in d:\n        return M.from_pretrained("a")\n'
    assert facts(told(text)[0, "L4"]) == {
        ('(not q and "cuda" in d)', True, True),
        ("q", True, False),
        ("d", "cuda", True),
    }


def test_several_that_hold_or_fail_together_are_told_as_a_whole() -> None:
    text = 'def f(a, b):\n    if a and b:\n        return M.from_pretrained("a")\n    return M.from_pretrained("b")\n'
    found = told(text)
    assert facts(found[0, "L4"]) == {("(a and b)", True, True), ("a", True, True), ("b", True, True)}
    assert facts(found[1, "L4"]) == {("(a and b)", True, False)}
