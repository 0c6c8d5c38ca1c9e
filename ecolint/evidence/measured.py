"""The room where a record becomes a measurement: cells become numbers, and names become those of the catalogue."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping
from difflib import SequenceMatcher, get_close_matches
from functools import lru_cache
from math import isfinite

from ecolint import catalog
from ecolint.evidence.rows import FOLDER, STATUSES, cards_of
from ecolint.evidence.sheet import IDLE, Complaint, Record, shown
from ecolint.evidence.table import BASE
from ecolint.shaped import dataclass
from ecolint.speech import say

SIXTEEN_BIT = (BASE, "bf16")
"""Precisions of a baseline: BF16 is taken to cost what FP16 costs."""
_ROW_ID = re.compile(r"[\w.:+/-]{1,64}")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?", re.ASCII)
LARGEST = 1e12
SLIP = 0.9
"""Names that are as like one another may be the same, misspelt."""
ROUNDED = 1.2
"""Sizes in names are rounded by as much: a "7B" model may have 8.0."""


class _BadCell(Exception):
    def __init__(self, column: str, said: str) -> None:
        super().__init__(said)
        self.column, self.said = column, said


@dataclass(frozen=True, slots=True)
class Measured:
    """One row of a file with its cells read. None is what the file does not say.

    Energies are joules per 1,000 generated tokens: `energy` gross, `printed` as its source prints it. `idle_w` is the
    idle power of the row itself or of its GPU; `net` whether it was subtracted from `printed`.
    """

    line: int
    row_id: str
    session: str
    gpu: str
    cards: tuple[catalog.Gpu, ...]
    model: str
    size_b: float
    precision: str
    batch: int
    energy: float | None
    printed: float | None
    per_request: float | None
    net: bool | None
    idle_w: float | None
    power_w: float | None
    tokens_s: float | None
    new_tokens: int | None
    memory_gb: float | None
    baseline: str
    ratio: float | None
    delta: float | None
    status: str
    reason: str
    cells: Mapping[str, str]

    @property
    def base(self) -> bool:
        """Whether others are held against it: 16-bit weights."""
        return self.precision in SIXTEEN_BIT

    @property
    def by_power(self) -> float | None:
        """Gross joules per 1,000 tokens as power and throughput have them."""
        return 1000 * self.power_w / self.tokens_s if self.power_w and self.tokens_s else None

    @property
    def idle_energy(self) -> float | None:
        """Joules that the idle board takes while 1,000 tokens are generated."""
        return 1000 * self.idle_w / self.tokens_s if self.idle_w and self.tokens_s else None

    @property
    def by_request(self) -> float | None:
        """Joules per 1,000 tokens, on the convention of the printed ones, as those of a request have them."""
        return 1000 * self.per_request / self.new_tokens if self.per_request and self.new_tokens else None

    @property
    def gross(self) -> float | None:
        """Joules per 1,000 tokens with idle power: as given, else from what is printed, else from power."""
        if self.energy is not None:
            return self.energy
        printed = self.printed or self.by_request
        if printed is not None and self.net is False:
            return printed
        if printed is not None and self.net and self.idle_energy is not None:
            return printed + self.idle_energy
        return self.by_power

    @property
    def told(self) -> float | None:
        """Joules per 1,000 tokens on whichever convention there are any: gross ones first."""
        return self.gross or self.printed or self.by_request


def measured(file: str, record: Record) -> Measured | Complaint:
    """A record with its cells read, or what is wrong with the first one that cannot be."""
    cells = record.cells
    try:
        return _measured(record.line, cells)
    except _BadCell as bad:
        return Complaint(file, record.line, shown(cells["row_id"]) or "?", bad.column, bad.said)


def _measured(line: int, cells: Mapping[str, str]) -> Measured:
    if not _ROW_ID.fullmatch(cells["row_id"]):
        raise _BadCell("row_id", say("is {text!r}: letters, digits and . : + / - only", text=shown(cells["row_id"])))
    cards = _cards(cells["gpu"])
    known = _model(cells["model"])
    key = cells["gpu"] if cards[0].evidence == cells["gpu"] else cards[0].evidence_key
    net = _word(cells, "idle_subtracted", {"yes": True, "no": False, "unknown": None, "": None})
    if cells["status"] and cells["status"] not in STATUSES:
        raise _BadCell("status", _one_of(cells["status"], STATUSES))
    return Measured(
        line=line,
        row_id=cells["row_id"],
        session=cells["session"],
        gpu=key,
        cards=cards,
        model=known.name,
        size_b=known.active_b or 0.0,
        precision=_precision(cells["precision"]),
        batch=_whole(cells, "batch_size") or 1,
        energy=_positive(cells, "energy_j_per_1k_tokens"),
        printed=_positive(cells, "published_energy_j_per_1k_tokens"),
        per_request=_positive(cells, "published_energy_j_per_request"),
        net=net,
        idle_w=_positive(cells, IDLE) or idle_power().get(key),
        power_w=_positive(cells, "power_w"),
        tokens_s=_positive(cells, "throughput_tok_s"),
        new_tokens=_whole(cells, "new_tokens"),
        memory_gb=_positive(cells, "gpu_memory_gb"),
        baseline=cells["baseline_row_id"],
        ratio=_positive(cells, "ratio_vs_fp16"),
        delta=_number(cells, "published_delta_vs_fp16_pct"),
        status=cells["status"],
        reason=cells["reason"],
        cells=cells,
    )


@lru_cache(maxsize=1)
def idle_power() -> Mapping[str, float]:
    """What boards draw when nothing runs, in watts by evidence key, as far as a source says."""
    with (FOLDER / "idle.csv").open(encoding="utf-8", newline="") as file:
        return {row["gpu"]: float(row["idle_w"]) for row in csv.DictReader(file)}


# --- cells ------------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1024)
def _cards(text: str) -> tuple[catalog.Gpu, ...]:
    cards = cards_of(text)
    if cards:
        return cards
    several = catalog.gpus(text) if text else ()
    if several:
        names = ", ".join(card.name for card in several)
        raise _BadCell("gpu", say("{text!r} can be any of {names}: name one", text=shown(text), names=names))
    close = _close(text, [card.name for card in catalog.all_gpus()], str.upper)
    if close:
        said = say("the catalogue has no GPU {text!r}; the nearest is {near}", text=shown(text), near=close)
        raise _BadCell("gpu", said)
    raise _BadCell("gpu", say("the catalogue has no GPU {text!r}", text=shown(text)))


@lru_cache(maxsize=1024)
def _model(text: str) -> catalog.Model:
    known = catalog.model(text) if text else None
    if known is not None and known.active_b is not None and known.how != "name":
        return known
    close = _close(text, [one.name for one in catalog.all_models()], str.lower)
    if known is not None and known.active_b is not None:
        if close and _misspelt(known, close):
            raise _BadCell(
                "model", say("{text!r} is nearly {near}: write that one's name", text=shown(text), near=close)
            )
        return known
    hint = say("write one of the catalogue's, or a name that states its size, such as acme/support-7b")
    if close:
        said = say(
            "no size is known for {text!r}; the nearest is {near}: {hint}", text=shown(text), near=close, hint=hint
        )
        raise _BadCell("model", said)
    raise _BadCell("model", say("no size is known for {text!r}: {hint}", text=shown(text), hint=hint))


def _misspelt(known: catalog.Model, close: str) -> bool:
    """Whether a name of which nothing but the size is known looks like a slip in that of a model of this size."""
    meant = catalog.model(close)
    if meant is None or meant.active_b is None or known.active_b is None:
        return False
    size = max(meant.active_b / known.active_b, known.active_b / meant.active_b)
    names = (known.name.lower(), close.rpartition("/")[2].lower())
    return size <= ROUNDED and SequenceMatcher(None, *names).ratio() >= SLIP


def _precision(text: str) -> str:
    if text in catalog.precisions():
        return text
    raise _BadCell("precision", _one_of(text, sorted(catalog.precisions())))


def _one_of(text: str, names: tuple[str, ...] | list[str]) -> str:
    close = _close(text, names, str.lower)
    if close:
        return say("{text!r} is not known; the nearest is {near}", text=shown(text), near=close)
    return say("{text!r} is none of {names}", text=shown(text), names=", ".join(names))


def _word(cells: Mapping[str, str], column: str, words: Mapping[str, bool | None]) -> bool | None:
    text = cells[column].lower()
    if text not in words:
        raise _BadCell(column, _one_of(text, [word for word in words if word]))
    return words[text]


def _number(cells: Mapping[str, str], column: str) -> float | None:
    text = cells[column]
    if not text:
        return None
    number = float(text) if _NUMBER.fullmatch(text) else float("nan")
    if not isfinite(number) or abs(number) > LARGEST:
        raise _BadCell(column, say("{text!r} is no number: write it as 1234.5", text=shown(text)))
    return number


def _positive(cells: Mapping[str, str], column: str) -> float | None:
    number = _number(cells, column)
    if number is not None and number < 1 / LARGEST:
        raise _BadCell(column, say("{text} is not above 0: leave it empty where it is not known", text=cells[column]))
    return number


def _whole(cells: Mapping[str, str], column: str) -> int | None:
    number = _positive(cells, column)
    if number is not None and number != int(number):
        raise _BadCell(column, say("{text} is no whole number", text=cells[column]))
    return None if number is None else int(number)


def _close(text: str, names: tuple[str, ...] | list[str], same: Callable[[str], str]) -> str:
    """The name that looks most like it, also without the organisation before it."""
    by_key = {same(name.rpartition("/")[2]): name for name in names}
    close = get_close_matches(same(text.rpartition("/")[2])[:100], by_key, n=1, cutoff=0.5)
    return by_key[close[0]] if close else ""
