"""Printed claims against the rows: what is said beside those that the rows contradict, and of which nothing is."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from evidence_samples import against, deployment, of_row

from ecolint import evidence
from ecolint.evidence import claims, estimate, rows
from ecolint.evidence.disputes import dispute
from ecolint.evidence.subject import subject
from ecolint.model import Estimate, Interval, Workload
from ecolint.speech import Said


def quoted(claim: str, precision: str, gpu: str, model: str) -> str | None:
    found = against(precision=precision, gpu=gpu, model=model, batch_size=1, claim=claim).published
    assert found is not None
    return found.note


def by_batch(claim: str, current: int, better: int) -> Estimate:
    one, other = (deployment(precision="fp16", gpu="A800", model="Mistral-7B", batch_size=n) for n in (current, better))
    return estimate(one, other, {"batch_size": better}, Workload(), claim)


@pytest.mark.parametrize(
    ("claim", "precision", "gpu", "model", "note"),
    [
        ("crossover-int8-ampere", "int8_pure", "A800", "Mistral-7B", "the rows say +32 to +44 % on this GPU"),
        ("int8-default", "int8_default", "RTX 5090", "Qwen2.5-0.5B", "the rows say +354 % on this GPU"),
        ("nf4-small", "nf4", "RTX 5090", "Qwen2.5-0.5B", "the rows say +55 % on this GPU"),
        ("int8-default", "int8_default", "RTX 4090D", "Mistral-7B", None),
        ("int8-default", "int8_default", "H100", "Mistral-7B", None),
        ("quant-below", "int8_pure", "A800", "Mistral-7B", None),
        ("fp8-eager", "fp8_eager", "RTX 5090", "Qwen2.5-7B", None),
        ("nf4-small", "int8_pure", "A800", "Mistral-7B", None),  # speaks of another precision
        ("framework", "int8_pure", "A800", "Mistral-7B", None),  # compares nothing that was measured
    ],
)
def test_a_claim_that_the_rows_contradict_has_a_note(
    claim: str, precision: str, gpu: str, model: str, note: str | None
) -> None:
    assert quoted(claim, precision, gpu, model) == note


def test_the_note_of_a_row_is_the_row_itself() -> None:
    """Where one session measured the comparison at this size on this GPU, the note says its ratio."""
    spoken = 0
    for row in rows():
        if not row.usable or row.ratio is None or row.precision != "int8_default" or row.batch != 1:
            continue
        note = against(claim="int8-default", **of_row(row)).published
        assert note is not None
        if note.note is not None:
            spoken += 1
            ends = [int(each.replace("−", "-").replace(",", "")) for each in re.findall(r"[+−][\d,]+", note.note)]
            assert min(ends) - 0.5 <= (row.ratio - 1) * 100 <= max(ends) + 0.5
            assert not 16.5 <= (row.ratio - 1) * 100 <= 147.5
    assert spoken


def test_a_claim_of_the_better_side_is_held_against_the_better_side() -> None:
    fix = estimate(
        deployment(precision="int8_default", gpu="A800", model="Mistral-7B"),
        deployment(precision="int8_pure", gpu="A800", model="Mistral-7B"),
        {"precision": "int8_pure"},
        Workload(),
        "int8-fix",
    )
    assert fix.published is not None
    assert fix.published.note is None  # -42 to -40 % was measured, -34 to -42 % is claimed
    batch = by_batch("dynamic-batching", 1, 8).published
    assert batch is not None
    assert batch.note == "the rows say −86 % on this GPU"


def test_a_claim_without_a_range_is_disputed_by_its_own_note() -> None:
    found = by_batch("batch-8", 1, 8).published
    assert found is not None
    assert found.note == "the rows say −86 % on this GPU"
    other = by_batch("batch-8", 2, 8).published
    assert other is not None
    assert other.note is None


@pytest.mark.parametrize(("low", "high", "apart"), [(1.0, 2.0, True), (30.0, 40.0, False), (32.0, 50.0, False)])
def test_ranges_that_meet_are_no_contradiction(low: float, high: float, apart: bool) -> None:
    """The estimate's interval, and what was measured (+33 %), each of which may contradict."""
    claim = replace(claims()["quant-below"], low=low, high=high)
    one, other = (
        subject(deployment(precision=each, gpu="A800", model="Mistral-7B", batch_size=1)) for each in ("nf4", "fp16")
    )
    one = replace(one, precision="int8_pure")
    note = dispute(claim, evidence.shipped(), one, other, Interval(33.0, 31.0, 45.0))
    assert (note is not None) == apart


def test_changing_the_rows_changes_the_note() -> None:
    """Nothing of a note is written down: halve the energy that a row measured, and the note says so."""
    changed = [replace(row, ratio=row.ratio / 2) if row.ratio and row.gpu == "rtx5090" else row for row in rows()]
    table = evidence.Table(changed)
    found = against(
        precision="int8_default", gpu="RTX 5090", model="Qwen2.5-0.5B", batch_size=1, claim="int8-default", table=table
    )
    assert found.published is not None
    assert found.published.note is None  # +127 % lies in the claim


def test_notes_can_be_said_in_another_language() -> None:
    note = quoted("crossover-int8-ampere", "int8_pure", "A800", "Mistral-7B")
    assert isinstance(note, Said)
    assert isinstance(note.values["where"], Said)


def test_what_is_not_quotable_stays_unquoted() -> None:
    for claim in claims().values():
        found = against(precision="int8_pure", gpu="RTX 4090D", model="Mistral-7B", claim=claim.claim_id).published
        assert (found is not None) == claim.quotable
