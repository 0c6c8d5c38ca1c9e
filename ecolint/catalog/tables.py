"""The room where the catalogue's data files are read, each once and only when first asked for."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).parent


def records(name: str) -> Iterator[dict[str, str]]:
    """Yield the records of one of this package's CSV files, in file order, as column → text."""
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def number(text: str) -> float | None:
    """A cell's number, or None where it is blank: blank means not verified."""
    return float(text) if text else None


def whole(text: str) -> int | None:
    """A cell's whole number, or None where it is blank."""
    return int(text) if text else None


def several(text: str) -> tuple[str, ...]:
    """The parts of a cell that lists several spellings, separated by semicolons."""
    return tuple(part.strip() for part in text.split(";") if part.strip())
