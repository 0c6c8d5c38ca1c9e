"""What `ecolint evidence` prints: the measured rows behind the numbers, as a table, JSON, CSV or Markdown."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from ecolint import catalog
from ecolint.columns import aligned
from ecolint.condition import nearest
from ecolint.dataset import DATASET, DOIS, SOURCES, VERSION, dataset_line, own_line
from ecolint.evidence import Row, rows
from ecolint.shaped import dataclass
from ecolint.speech import Told, Voice, quote, say


def shipped_rows() -> tuple[Row, ...]:
    """Every shipped row, rejected ones included."""
    return rows()


class NoSuchRows(Told):
    """A filter names nothing that was measured; the message says which, and what there is."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Which rows are asked for; an empty text asks for all. Rejected rows are shown only with `rejected`."""

    gpu: str = ""
    model: str = ""
    precision: str = ""
    rejected: bool = False


def asked(filters: Filters, every: Sequence[Row] | None = None) -> list[Row]:
    """The rows that the filters let through, in file order. Raises `NoSuchRows` for a filter that fits none at all."""
    every = rows() if every is None else every
    tests: list[Callable[[Row], bool]] = [lambda row: filters.rejected or row.usable]
    if filters.gpu:
        cards = {card.name for card in catalog.gpus(filters.gpu)}
        keys = {card.evidence for card in catalog.gpus(filters.gpu) if card.evidence}
        tests.append(_measured("gpu", filters.gpu, every, lambda row: row.gpu in keys or row.gpu_name in cards, _gpu))
    if filters.model:
        known = catalog.model(filters.model)
        name = known.name if known is not None else filters.model
        test = _measured("model", filters.model, every, lambda row: row.model == name, _model)
        tests.append(test)
    if filters.precision:
        wanted = filters.precision.lower()
        test = _measured("precision", filters.precision, every, lambda row: row.precision == wanted, _precision)
        tests.append(test)
    return [row for row in every if all(test(row) for test in tests)]


def _gpu(row: Row) -> str:
    return row.gpu_name


def _model(row: Row) -> str:
    return row.model


def _precision(row: Row) -> str:
    return row.precision


def _measured(
    name: str, value: str, every: Sequence[Row], test: Callable[[Row], bool], shown: Callable[[Row], str]
) -> Callable[[Row], bool]:
    if any(map(test, every)):
        return test
    there = sorted({shown(row) for row in every})
    close = nearest(value, there)
    names = ", ".join(there)
    if close:
        raise NoSuchRows(
            "--{name} {value}: nothing was measured with it; did you mean {close}? measured: {names}",
            name=name,
            value=value,
            close=close,
            names=names,
        )
    raise NoSuchRows(
        "--{name} {value}: nothing was measured with it; measured: {names}", name=name, value=value, names=names
    )


# --- the forms ------------------------------------------------------------------------------------------------------

COLUMNS = (
    *(say("row"), say("gpu"), say("model"), say("precision"), say("batch"), say("J/1k tokens"), say("x FP16")),
    *(say("runs"), say("session"), say("source"), say("status")),
)


def as_text(found: Sequence[Row], voice: Voice) -> str:
    """Columns, then the reason of each rejected row, then where all of it comes from."""
    if not found:
        return f"{voice.say('No row passes these filters.')}\n{voice(dataset_line())}\n"
    lines = aligned([tuple(map(voice, COLUMNS)), *map(_cells, found)])
    reasons = [f"{row.row_id}: {voice(quote(row.reason))}" for row in found if not row.usable]
    lines += ["", voice.say("Rejected, and never used:"), *reasons] if reasons else []
    behind = [f"{row}: {', '.join(own)}" for row, own in outranked(found).items()]
    lines += ["", voice.say("Not used, because rows of your own measured the same:"), *behind] if behind else []
    counts = Counter(row.file for row in found if row.file is not None and row.usable)
    return "\n".join([*lines, "", *([voice(own_line(counts))] if counts else []), voice(dataset_line())]) + "\n"


def outranked(found: Sequence[Row]) -> Mapping[str, list[str]]:
    """The shipped rows of a GPU, model, precision and batch that the user measured too, with the rows that did."""
    own: dict[tuple[object, ...], list[str]] = {}
    for row in found:
        if row.file is not None and row.usable:
            own.setdefault((row.gpu, row.model, row.precision, row.batch), []).append(row.row_id)
    places = {
        row.row_id: (row.gpu, row.model, row.precision, row.batch) for row in found if row.file is None and row.usable
    }
    return {row: own[place] for row, place in places.items() if place in own}


def as_markdown(found: Sequence[Row], voice: Voice) -> str:
    """A table, with the reason in a column of its own."""
    heads = tuple(map(voice, (*COLUMNS, say("reason"))))
    lines = [_cell_line(heads), _cell_line(["---"] * len(heads))]
    lines += [_cell_line((*_cells(row), voice(quote(row.reason)))) for row in found]
    return "\n".join([*lines, "", voice(dataset_line())]) + "\n"


def as_csv(found: Sequence[Row], voice: Voice) -> str:
    """The columns of the shipped file, in its order, as they are shipped."""
    fields = list(rows()[0].record)
    text = io.StringIO()
    writer = csv.DictWriter(text, fields, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(row.record for row in found)
    return text.getvalue()


def as_json(found: Sequence[Row], voice: Voice) -> str:
    """One object: `{dataset, version, doi, rows}`; energies in joules per 1,000 generated tokens."""
    behind = outranked(found)
    rows = [{**_object(row, voice), "outranked_by": behind.get(row.row_id, [])} for row in found]
    told = {"dataset": DATASET, "version": VERSION, "doi": list(DOIS), "rows": rows}
    return json.dumps(told, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


FORMS: Mapping[str, Callable[[Sequence[Row], Voice], str]] = {
    "text": as_text,
    "json": as_json,
    "csv": as_csv,
    "markdown": as_markdown,
}


def _cells(row: Row) -> tuple[str, ...]:
    """A rejected row shows its place and its reason, and none of its figures."""
    energy = f"{row.energy:.0f}" if row.energy is not None and row.status == "absolute" else "-"
    ratio = f"{row.ratio:.2f}" if row.ratio is not None and row.usable else "-"
    runs = row.record.get("n_runs") or "-"
    source = SOURCES.get(row.source, row.source).partition(", doi:")[0]
    return (
        *(row.row_id, row.gpu_name, row.model, row.precision, str(row.batch)),
        *(energy, ratio, runs, row.session, source, row.status),
    )


def _cell_line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _object(row: Row, voice: Voice) -> dict[str, object]:
    return {
        "row_id": row.row_id,
        "gpu": row.gpu_name,
        "architecture": row.architecture,
        "model": row.model,
        "params_b": row.size_b,
        "precision": row.precision,
        "batch_size": row.batch,
        "energy_j_per_1k_tokens": row.energy,
        "ratio_vs_fp16": row.ratio,
        "baseline_row_id": row.baseline,
        "n_runs": int(runs) if (runs := row.record.get("n_runs", "")).isdigit() else None,
        "software": row.record.get("software") or None,
        "session": row.session,
        "source": SOURCES.get(row.source, row.source),
        "status": row.status,
        "reason": voice(quote(row.reason)) or None,
    }
