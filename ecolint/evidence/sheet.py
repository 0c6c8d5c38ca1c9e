"""The room where a file of measurements becomes records: text by column, each with the line that it stands in."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import lru_cache

from ecolint.evidence.rows import FOLDER
from ecolint.shaped import dataclass
from ecolint.speech import Said, say

REQUIRED = ("row_id", "gpu", "model", "precision", "energy_j_per_1k_tokens")
"""The columns that every file must have; cells of the last one may be empty where other columns give the energy."""
IDLE = "idle_power_w"
"""A column that files of users may have: what the board drew before the run, where the energy is net of it."""
MAX_BYTES = 20_000_000
MAX_SHOWN = 40


class SheetError(Exception):
    """A file that cannot be used at all. `line` is from 1, None where no line is to blame."""

    def __init__(self, said: str, line: int | None = None) -> None:
        super().__init__(said)
        self.said, self.line = said, line


@dataclass(frozen=True, slots=True)
class Record:
    """One row as written: every column of the schema, empty where the file has none of that name."""

    line: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong with one row, or with a heading (without a row)."""

    file: str
    line: int
    row_id: str
    column: str
    said: str

    @property
    def reason(self) -> Said:
        """Row, column, what is wrong and what comes of it."""
        if not self.row_id:
            return say("column {column}: {said}", column=self.column, said=self.said)
        told = {"row": self.row_id, "column": self.column, "said": self.said}
        return say("row {row}, {column}: {said}; the row is left out", **told)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file of measurements: its records, and what is wrong with lines that hold none."""

    name: str
    records: tuple[Record, ...]
    complaints: tuple[Complaint, ...]


@lru_cache(maxsize=1)
def columns() -> tuple[str, ...]:
    """Every column of the schema, in the order of the shipped file, and the one that only users' files have."""
    with (FOLDER / "measurements.csv").open(encoding="utf-8", newline="") as file:
        return (*next(csv.reader(file)), IDLE)


def read(name: str, data: bytes) -> Sheet:
    """The records of a CSV file in UTF-8, with or without a byte order mark, whatever its line ends.

    Raises SheetError where the file is too large, no CSV, or lacks a required column.
    """
    if len(data) > MAX_BYTES:
        raise SheetError(say("is larger than {most:,} bytes: give fewer rows", most=MAX_BYTES))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise SheetError(say("is not UTF-8: save it as CSV in UTF-8"), line) from error
    lines = _lines(text)
    number, heads = next(lines, (1, []))
    if not any(heads):
        raise SheetError(say("is empty: a line of column names is needed"), number)
    heads = [head.strip() for head in heads]
    _check_heads(heads, number)
    complaints = list(_strange_heads(name, heads, number))
    records = []
    for number, cells in lines:
        if len(cells) > len(heads) and any(cell.strip() for cell in cells[len(heads) :]):
            said = say(
                "has {count} cells, the heading {known}: put quotes around a cell that holds a comma",
                count=len(cells),
                known=len(heads),
            )
            written = dict(zip(heads, cells, strict=False))
            complaints.append(Complaint(name, number, shown(written["row_id"]) or "?", say("cells"), said))
            continue
        written = {head: _clean(cell) for head, cell in zip(heads, cells, strict=False)}
        records.append(Record(number, {column: written.get(column, "") for column in columns()}))
    return Sheet(name, tuple(records), tuple(complaints))


def shown(text: str) -> str:
    """A cell as it can stand in a sentence: one line, no control characters, not long."""
    text = _clean(text)
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"


def _clean(text: str) -> str:
    return "".join(one for one in " ".join(text.split()) if one.isprintable())


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not blank, each with the line that it begins in."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    start = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise SheetError(say("is not CSV: {error}", error=str(error)), start) from error
        if any(cell.strip() for cell in cells):
            yield start, cells
        start = reader.line_num + 1


def _check_heads(heads: Sequence[str], line: int) -> None:
    missing = [column for column in REQUIRED if column not in heads]
    if missing and len(heads) == 1 and any(mark in heads[0] for mark in ";\t"):
        raise SheetError(say("has no commas between its columns: save it as CSV with commas"), line)
    if missing:
        told = {"missing": ", ".join(missing), "required": ", ".join(REQUIRED)}
        free = set(heads) - set(columns())
        close = next(((near, column) for column in missing if (near := _nearest(column, free, 0.5))), None)
        if close is None:
            raise SheetError(say("lacks {missing}; the columns {required} are required", **told), line)
        told |= {"near": close[0], "column": close[1]}
        raise SheetError(
            say("lacks {missing} (is {near} meant to be {column}?); the columns {required} are required", **told), line
        )
    twice = sorted({head for head in heads if head and heads.count(head) > 1})
    if twice:
        raise SheetError(say("has two columns of the name {columns}", columns=", ".join(map(shown, twice))), line)


def _strange_heads(name: str, heads: Sequence[str], line: int) -> Iterator[Complaint]:
    """Columns that look like misspelt ones: others are the user's own and nobody's business."""
    free = set(columns()) - set(heads)
    for head in heads:
        if head and head not in columns() and (near := _nearest(head, free, 0.75)):
            yield Complaint(name, line, "", shown(head), say("is not read; is {near} meant?", near=near))


def _nearest(word: str, names: set[str], likeness: float) -> str:
    close = get_close_matches(word.lower().replace("-", "_").replace(" ", "_"), sorted(names), n=1, cutoff=likeness)
    return shown(close[0]) if close else ""
