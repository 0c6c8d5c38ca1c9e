"""The room for users' own measurements: files that went through the doctor, as rows that outrank the shipped ones."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from ecolint.evidence.doctor import Diagnosis, Examination, examine
from ecolint.evidence.rows import STATUSES, Row, describe, rows
from ecolint.evidence.sheet import MAX_BYTES, Complaint, SheetError, read
from ecolint.evidence.table import BASE, Table
from ecolint.roots import display_path
from ecolint.shaped import dataclass
from ecolint.speech import say

MAX_ROWS = 2_000
"""Rows of all files together: each is predicted from the others, and the work grows with their square."""


@dataclass(frozen=True)
class Own:
    """The rows of the user's files that can be used, with those that the user rejected, and what is wrong with others.

    `told` is what each usable row says in one line, by file as it is shown and by row.
    """

    rows: tuple[Row, ...]
    complaints: tuple[Complaint, ...]
    told: Mapping[str, Mapping[str, str]]
    table: Table


class BadFile(SheetError):
    """A file of measurements that cannot be used at all; `name` is how it is shown."""

    def __init__(self, name: str, error: SheetError) -> None:
        super().__init__(error.said, error.line)
        self.name = name

    def __str__(self) -> str:
        return f"{self.name}:{self.line}: {self.said}" if self.line is not None else f"{self.name}: {self.said}"


def own(paths: Sequence[str]) -> Own:
    """The measurements in these files, read again only where one has changed. Raises BadFile."""
    return _own(tuple(_stamp(path) for path in paths))


def examined(path: str) -> Examination:
    """One file with the diagnosis of every row. Raises BadFile."""
    name, location, *_ = _stamp(path)
    return _examined(name, location)


def _stamp(path: str) -> tuple[str, str, int, int]:
    """How a file is shown, where it is, and what changes when it does."""
    name = display_path(path)
    try:
        location = os.path.realpath(path)
        found = os.stat(location)
    except FileNotFoundError as error:
        raise BadFile(name, SheetError(say("does not exist"))) from error
    except (OSError, ValueError) as error:
        raise BadFile(name, _unreadable(error)) from error
    return name, location, found.st_mtime_ns, found.st_size


def _unreadable(error: OSError | ValueError) -> SheetError:
    return SheetError(say("cannot be read: {error}", error=getattr(error, "strerror", None) or str(error)))


def _examined(name: str, location: str, most: int | None = None) -> Examination:
    try:
        if Path(location).is_dir():
            raise SheetError(say("is a folder: name a CSV file"))
        with open(location, "rb") as file:
            data = file.read(MAX_BYTES + 1)
        sheet = read(name, data)
        if most is not None and len(sheet.records) > most:
            raise SheetError(say("brings more than {most:,} rows: give fewer", most=MAX_ROWS))
        return examine(sheet)
    except SheetError as error:
        raise BadFile(name, error) from error
    except OSError as error:
        raise BadFile(name, _unreadable(error)) from error


@lru_cache(maxsize=8)
def _own(stamps: tuple[tuple[str, str, int, int], ...]) -> Own:
    taken = {row.row_id: say("a shipped row") for row in rows()}
    found: list[Row] = []
    complaints: list[Complaint] = []
    told: dict[str, Mapping[str, str]] = {}
    for name, location, *_ in dict.fromkeys(stamps):
        examination = _examined(name, location, MAX_ROWS - sum(map(len, told.values())))
        bad = {one.line: one for one in examination.bad}
        bad |= _by_line(_complaint(name, each, taken) for each in examination.diagnoses if each.row.line not in bad)
        bad |= _by_line(_without_base(name, each, bad) for each in examination.diagnoses if each.row.line not in bad)
        complaints += bad.values()
        kept = [_row(name, each, bad) for each in examination.diagnoses if each.row.line not in bad]
        for one in kept:
            taken[one.row_id] = say("a row of {file}", file=name)
        found += kept
        told[name] = {one.row_id: describe(one) for one in kept if one.usable}
    ordered = sorted(complaints, key=lambda one: (one.file, one.line))
    return Own(tuple(found), tuple(ordered), told, Table((*rows(), *found)))


def _by_line(complaints: Iterable[Complaint | None]) -> dict[int, Complaint]:
    return {one.line: one for one in complaints if one is not None}


def _complaint(name: str, each: Diagnosis, taken: Mapping[str, str]) -> Complaint | None:
    """Why a row that passed its checks cannot be used after all."""
    row = each.row
    if row.row_id in taken:
        said = say("{who} has this id: choose another", who=taken[row.row_id])
        return Complaint(name, row.line, row.row_id, "row_id", said)
    return None


def _without_base(name: str, each: Diagnosis, bad: Mapping[int, Complaint]) -> Complaint | None:
    """A ratio, or a row that names its baseline, does not stand where the baseline falls."""
    row, base = each.row, each.base
    if base is None or base.line not in bad or not (row.baseline or row.ratio is not None):
        return None
    said = say("{base} is left out itself: mend that row first", base=base.row_id)
    return Complaint(name, row.line, row.row_id, "baseline_row_id", said)


def _row(name: str, each: Diagnosis, bad: Mapping[int, Complaint]) -> Row:
    """A row of the user's as estimates use it: BF16 counts as FP16, the ratio is recomputed where it is not given."""
    row, base = each.row, each.base
    if base is not None and base.line in bad:
        base = None
    ratio = None
    if not row.base and base is not None and base.status != "rejected":
        ratio = row.ratio
        if ratio is None and row.gross is not None and base.gross is not None:
            ratio = row.gross / base.gross
    status = next(known for known in STATUSES if known == each.status)
    card = row.cards[0]
    session = f"{Path(name).stem}/{row.session}" if row.session else Path(name).stem
    energy = row.gross if status == "absolute" else row.energy
    computed = {
        "source": name,
        "session": session,
        "energy_j_per_1k_tokens": "" if energy is None else f"{energy:.6g}",
        "batch_size": str(row.batch),
        "baseline_row_id": base.row_id if ratio is not None and base is not None else "",
        "ratio_vs_fp16": "" if ratio is None else f"{ratio:.6g}",
        "status": status,
    }
    return Row(
        row_id=row.row_id,
        source=name,
        session=session,
        gpu=row.gpu,
        gpu_name=card.name if len(row.cards) == 1 else row.gpu.upper(),
        architecture=card.architecture,
        bandwidth_gbs=card.bandwidth_gbs,
        model=row.model,
        size_b=row.size_b,
        precision=BASE if row.base else row.precision,
        batch=row.batch,
        energy=energy,
        baseline=base.row_id if ratio is not None and base is not None else None,
        ratio=ratio,
        status=status,
        reason=row.reason,
        record={**row.cells, **computed},
        file=name,
    )
