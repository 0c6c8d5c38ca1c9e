"""What was measured is answered: every usable row lies within the figure of its own deployment, and is named there."""

from __future__ import annotations

import pytest
from advisor_samples import column, told

from ecolint.evidence import Row, shipped

USABLE = shipped().rows
FORMATS = {"fp8_eager": "fp8"}


def compared(row: Row) -> dict[str, object]:
    precisions = f"fp16,{FORMATS.get(row.precision, row.precision)}" if row.precision != "fp16" else "fp16,nf4"
    found = told("compare", row.record["model"], gpu=row.gpu_name, precision=precisions, batch_size=row.batch)
    return column(found, row.precision)


@pytest.mark.parametrize("row", USABLE, ids=lambda row: row.row_id)
def test_a_row_is_reproduced_and_named(row: Row) -> None:
    found = compared(row)
    if row.status == "absolute":
        energy = found["energy_j_per_1k_tokens"]
        assert isinstance(energy, dict)
        assert energy["low"] <= row.energy <= energy["high"]
        assert row.row_id in found["rows"]  # type: ignore[operator]
        assert found["measured"]
    if row.ratio is not None:
        overhead = found["overhead_percent"]
        assert isinstance(overhead, dict)
        assert overhead["low"] <= (row.ratio - 1) * 100 <= overhead["high"]
        assert row.row_id in found["rows"]  # type: ignore[operator]


@pytest.mark.parametrize(
    "row",
    [row for row in USABLE if row.record["throughput_tok_s"] and row.status == "absolute"],
    ids=lambda r: r.row_id,
)
def test_a_throughput_is_reproduced(row: Row) -> None:
    speed, power = compared(row)["throughput_tok_s"], compared(row)["power_w"]
    assert isinstance(speed, dict)
    assert isinstance(power, dict)
    measured = float(row.record["throughput_tok_s"])
    assert speed["low"] <= measured <= speed["high"]
    assert power["low"] <= (row.energy or 0.0) * measured / 1000 <= power["high"]


def test_the_raw_sweep_is_what_batches_are_read_from() -> None:
    sweep = {row.batch: row.energy for row in USABLE if row.row_id.startswith("C5-")}
    for batch, energy in sweep.items():
        if batch in (1, 4, 8):
            continue  # another session measured these too: the mean of both
        found = told("explain", "mistral-7b", gpu="A800", precision="int8_pure", batch_size=batch)["current"]
        assert found["energy_j_per_1k_tokens"]["central"] == pytest.approx(energy)
