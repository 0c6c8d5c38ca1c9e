"""The shapes around what is found, light enough for a run that finds nothing: problems, assumptions, the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING

from ecolint.shaped import dataclass
from ecolint.speech import say

if TYPE_CHECKING:
    from ecolint.model import Deployment, Finding


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that kept a file, or part of it, from being read. `line` counts from 1, within the `cell` if any."""

    path: str
    line: int
    reason: str
    templated: bool = False
    whole_file: bool = True
    cell: int | None = None


@dataclass(frozen=True, slots=True)
class Workload:
    """What the money and CO2 figures assume."""

    requests_per_month: int = 1_000_000
    prompt_tokens: int = 512
    generated_tokens: int = 256
    price_per_kwh: float = 0.12
    carbon_intensity: float = 390.0
    """gCO2 per kWh"""
    pue: float = 1.1
    region: str = say("US average")


@dataclass(frozen=True, slots=True)
class Report:
    """Everything one run has to say. `sources` gives the text, as it was read, of every file that has a finding."""

    findings: tuple[Finding, ...]
    files: int
    problems: tuple[Problem, ...]
    workload: Workload
    sources: Mapping[str, str]
    show_green: bool = False
    verbose: bool = False
    deployments: tuple[Deployment, ...] = ()
    """Everything that was read, whether or not there is a finding about it."""
    measurements: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """The user's own files of measured rows: what each row that can be used says in one line, by its id."""
    unmeasured: tuple[str, ...] = ()
    """Why the rows are no answer for some of this, a sentence each: what calls for a measurement."""
