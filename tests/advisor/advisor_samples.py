"""Questions as the tests ask them: a command with its options, answered without a shell."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from ecolint.advisor import hours, reading
from ecolint.advisor.answer import Answer
from ecolint.advisor.comparing import compare
from ecolint.advisor.considered import Situation
from ecolint.advisor.costing import estimate
from ecolint.advisor.diagnosing import diagnose
from ecolint.advisor.explaining import explain
from ecolint.advisor.optimizing import optimize
from ecolint.advisor.pages import Paper, as_json, as_markdown, as_text
from ecolint.advisor.parameters import Asked
from ecolint.advisor.recommending import recommend
from ecolint.decisions import rules_of
from ecolint.evidence import shipped
from ecolint.ruleset import Rule
from ecolint.settings import Settings
from ecolint.speech import Voice

COMMANDS: Mapping[str, Callable[[Situation], Answer]] = {
    "estimate": estimate,
    "compare": compare,
    "optimize": optimize,
    "recommend": recommend,
    "diagnose": diagnose,
    "explain": explain,
}
SETTINGS = Settings(root=Path.cwd())
PAPER = Paper(Voice())
MEASURED = sorted({(row.gpu_name, row.model) for row in shipped().rows})
"""Every GPU and model that a usable row measured together."""


@lru_cache(maxsize=1)
def rules() -> tuple[Rule, ...]:
    """The rules that are on by default."""
    return rules_of(SETTINGS)


def asked(command: str, model: str | None, options: Mapping[str, str], several: bool | None = None) -> Asked:
    """A question as the command line would ask it."""
    return Asked(command, model, options, command == "compare" if several is None else several)


def situation(command: str, model: str, **options: object) -> Situation:
    """What is advised on; `gpu_count=2` is `--gpu-count 2`. Raises `Refused`."""
    told = {f"--{name.replace('_', '-')}": str(value) for name, value in options.items() if value is not None}
    return reading.situation(asked(command, model, told), SETTINGS, shipped(), rules())


def answer(command: str, model: str, **options: object) -> Answer:
    """What a command answers."""
    return COMMANDS[command](hours.timed(situation(command, model, **options)))


def told(command: str, model: str, **options: object) -> dict[str, Any]:
    """The object that `--format json` prints."""
    found: dict[str, Any] = json.loads(as_json(answer(command, model, **options), PAPER))
    return found


def page(command: str, model: str, **options: object) -> str:
    """The text for a terminal, without line breaks of its own."""
    return flat(as_text(answer(command, model, **options), PAPER))


def forms(found: Answer) -> tuple[str, str, str]:
    """Text, Markdown and JSON of an answer."""
    return as_text(found, PAPER), as_markdown(found, PAPER), as_json(found, PAPER)


def flat(text: str) -> str:
    """A text in one line."""
    return " ".join(text.split())


def column(found: Mapping[str, Any], precision: str) -> dict[str, Any]:
    """The column of a precision in a comparison."""
    (one,) = (each for each in found["columns"] if each["precision"] == precision)
    assert isinstance(one, dict)
    return one


def intervals(data: object, path: str = "") -> Iterator[tuple[str, dict[str, float]]]:
    """Every interval of an object, by its path."""
    if isinstance(data, dict):
        if set(data) == {"central", "low", "high"}:
            yield path, data
            return
        for key, value in data.items():
            yield from intervals(value, f"{path}.{key}")
    elif isinstance(data, list):
        for place, value in enumerate(data):
            yield from intervals(value, f"{path}[{place}]")


def columns(data: object) -> Iterator[dict[str, Any]]:
    """Every configuration of an object, wherever it stands: columns, current, best, pareto, options, matches."""
    if isinstance(data, dict):
        if "energy_j_per_1k_tokens" in data and "throughput_tok_s" in data and "precision" in data:
            yield data
        for value in data.values():
            yield from columns(value)
    elif isinstance(data, list):
        for value in data:
            yield from columns(value)


def estimates(data: object) -> Iterator[dict[str, Any]]:
    """Everything that compares two configurations."""
    if isinstance(data, dict):
        if "overhead_percent" in data and "verdict" in data:
            yield data
        for value in data.values():
            yield from estimates(value)
    elif isinstance(data, list):
        for value in data:
            yield from estimates(value)
