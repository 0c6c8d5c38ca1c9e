"""The condition room: what must hold for an arm of a decision to be taken, as far as its test says so plainly."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

from ecolint.model import Condition, Scalar
from ecolint.readers.python.decisions import Arm
from ecolint.readers.python.flow import Flow
from ecolint.readers.python.lines import Line
from ecolint.readers.python.scopes import MODULE

MAX_TERMS = 8
MAX_ARMS = 16
MAX_DEPTH = 4
HANDLER = "except"
"""The subject of the arms of a `try` that handle what went wrong in it."""

_SUBJECT = r"[^\W\d][\w.]*(?:\(\))?"
_LITERAL = r"'[^'\\]*'|\"[^\"\\]*\"|-?(?:0|[1-9]\d{0,9})"
_TEXT = re.compile(r"'[^'\\\n]*'|\"[^\"\\\n]*\"")
_BARE = re.compile(rf"{_SUBJECT}")
_COMPARED = re.compile(rf"({_SUBJECT})\s*(==|!=)\s*(?:[\w.]+\(\s*)?({_LITERAL})\s*\)?")  # also torch.device("cpu")
_HELD = re.compile(rf"({_LITERAL})\s+(not\s+)?in\s+({_SUBJECT})")
_STARTS = re.compile(rf"([^\W\d][\w.]*)\.startswith\(\s*({_LITERAL})\s*\)")
_TRUTH = re.compile(r"(?<!\s)\s*(?:is|==)\s*(True|False)$")
_WORD = re.compile(r"[^\W\d]\w*")

Told = tuple[str, Scalar, bool]
"""A subject as written, a value, and whether the subject has it."""


def conditions(flow: Flow) -> Mapping[tuple[str, int], tuple[Condition, ...]]:
    """What is told by every arm of the decisions that the flow named: nothing, where a test is not plain."""
    found: dict[tuple[str, int], tuple[Condition, ...]] = {}
    for leader in {arm[0] for arm in flow.named}:
        for number in range(min(flow.width(leader), MAX_ARMS)):
            ((decision, _),) = flow.name([(leader, number)])
            found[decision, number] = tuple(Condition(*one) for one in _of_chain(flow, (leader, number)))
    for decision, (test, line) in flow.expressions.items():
        for number in (0, 1):
            told = _traced(flow, line, _told(test, holds=number == 0))
            found[decision, number] = tuple(Condition(*one) for one in told)
    return found


def _of_chain(flow: Flow, arm: Arm, depth: int = 0) -> Iterator[Told]:
    """What an arm of an `if` chain says: its own test holds, those before it do not; and which arms handle errors."""
    chain = flow.chain(arm[0])
    if chain[0].kind == "try" and arm[1] > 0:
        yield HANDLER, True, True
    if chain[0].kind != "if":
        return
    for line in chain[: min(arm[1], MAX_TERMS)]:
        if line.kind != "else":
            yield from _traced(flow, line, _told(flow.test(line), holds=False))
    if arm[1] < len(chain) and chain[arm[1]].kind != "else":
        told = tuple(_traced(flow, chain[arm[1]], _told(flow.test(chain[arm[1]]), holds=True)))
        yield from told
        for subject, value, holds in told if depth < MAX_DEPTH else ():
            if holds and isinstance(value, str):
                for other in _giving(flow, chain[arm[1]], subject, value):
                    yield from _of_chain(flow, other, depth + 1)


def _told(test: str, holds: bool) -> Iterator[Told]:
    """What follows from a test that holds, or does not. A part of which only one of several must hold says nothing;
    of several that hold together the whole is told too, in parentheses; it alone where not all of them do."""
    joint, single = (" and ", " or ") if holds else (" or ", " and ")
    if single in test:
        if not holds:
            yield f"({' '.join(test.split())})", True, False
        return
    if holds and joint in test:
        yield f"({' '.join(test.split())})", True, True
    for term in test.split(joint)[:MAX_TERMS]:
        text, positive = term.strip(), holds
        while text.startswith("("):
            text = text[1:].strip()
        while text.endswith(")") and text.count(")") > text.count("("):
            text = text[:-1].strip()
        if text.startswith("not "):
            text, positive = text[4:].strip(), not positive
        if match := _TRUTH.search(text):
            text, positive = text[: match.start()], positive is (match[1] == "True")
        if _BARE.fullmatch(text):
            yield text, True, positive
        elif match := _COMPARED.fullmatch(text):
            yield match[1], ast.literal_eval(match[3]), positive is (match[2] == "==")
        elif match := _HELD.fullmatch(text):
            yield match[3], ast.literal_eval(match[1]), positive is (match[2] is None)
        elif match := _STARTS.fullmatch(text):
            yield match[1], ast.literal_eval(match[2]), positive


def _traced(flow: Flow, line: Line, told: Iterator[Told]) -> Iterator[Told]:
    """The same, also of what a plain name was assigned once: `use_cuda = torch.cuda.is_available()`."""
    for subject, value, holds in told:
        yield subject, value, holds
        if value is not True or not _WORD.fullmatch(subject):
            continue
        text = _assigned(flow, line, subject)
        if text is not None and text != subject:
            yield from _told(text, holds)


def _giving(flow: Flow, line: Line, name: str, value: str) -> frozenset[Arm]:
    """The arms under which a name was given a text, where every assignment that reaches a line gives it a plain one:
    `if quantization == "bnb":` runs only where `quantization = "bnb"` did."""
    reaches = flow.reaching(name, line, line.scope) if _WORD.fullmatch(name) else None
    given: list[frozenset[Arm]] = []
    for reach in reaches or ():
        source = flow.script.lines[reach.binding.line]
        written = flow.script.text[source.equals[0] + 1 : source.end].strip() if len(source.equals) == 1 else ""
        if reach.binding.kind != "assign" or not (written == "None" or _TEXT.fullmatch(written)):
            return frozenset()
        if written != "None" and ast.literal_eval(written) == value:
            given.append(reach.arms)
    return frozenset.intersection(*given) if given else frozenset()


def _assigned(flow: Flow, line: Line, name: str) -> str | None:
    """The text that a name was assigned, where one assignment alone can reach a line."""
    for scope in (line.scope, MODULE):
        every = flow.scopes.of(scope).bindings.get(name, [])
        if every:
            source = flow.script.lines[every[0].line]
            if len(every) != 1 or every[0].kind != "assign" or len(source.equals) != 1:
                return None
            return flow.script.text[source.equals[0] + 1 : source.end].strip()
    return None
