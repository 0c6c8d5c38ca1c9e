"""The doctor: every check that a file of measurements allows, and what explains the status of each row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from ecolint.evidence.checks import CHECKS, Check
from ecolint.evidence.comparing import against_baseline, alike, among
from ecolint.evidence.energies import energies
from ecolint.evidence.hardware import bounds
from ecolint.evidence.measured import Measured, measured
from ecolint.evidence.rows import FOLDER
from ecolint.evidence.sheet import Complaint, Record, Sheet, read
from ecolint.evidence.table import BASE
from ecolint.shaped import dataclass
from ecolint.speech import Said, quote, say

SHIPPED = "measurements.csv"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One row with its checks. `status` is the stated one, else what the checks leave."""

    row: Measured
    base: Measured | None
    checks: tuple[Check, ...]
    status: str
    explained: Said

    @property
    def failed(self) -> tuple[Check, ...]:
        """The checks that show the row to be wrong."""
        return tuple(check for check in self.checks if check.result == "failed")

    @property
    def doubtful(self) -> tuple[Check, ...]:
        """The checks that give cause for doubt, and no more."""
        return tuple(check for check in self.checks if check.result == "doubtful")

    @property
    def wrong(self) -> bool:
        """Whether the row is wrong and passes for usable: one that is stated to be rejected is what it says."""
        return self.row.status != "rejected" and bool(self.failed)


@dataclass(frozen=True, slots=True)
class Examination:
    """A file, row by row: `complaints` are about what cannot be read, in file order."""

    name: str
    diagnoses: tuple[Diagnosis, ...]
    complaints: tuple[Complaint, ...]

    @property
    def bad(self) -> tuple[Complaint, ...]:
        """Every row that cannot be used, with what is wrong first, in file order; headings that are not read too."""
        found = [*self.complaints]
        for each in self.diagnoses:
            if each.wrong:
                first, more = each.failed[0], len(each.failed) - 1
                said = first.said if not more else say("{said} (and {more} more)", said=first.said, more=more)
                found.append(Complaint(self.name, each.row.line, each.row.row_id, first.column, said))
        return tuple(sorted(found, key=lambda one: one.line))

    @property
    def counts(self) -> Mapping[str, Mapping[str, int]]:
        """By check: how many passed, failed and were doubtful. Rows that a check says nothing about are not in it."""
        found: dict[str, Counter[str]] = {name: Counter() for name in CHECKS}
        for each in self.diagnoses:
            for check in each.checks:
                found[check.name][check.result] += 1
        return found


def examine(sheet: Sheet, reference: Sequence[Measured] | None = None) -> Examination:
    """Every check of every row. Pure: `reference` are the rows that are held against these, else the shipped ones.

    The work grows with the rows, not with their pairs.
    """
    rows: list[Measured] = []
    complaints = [*sheet.complaints]
    seen: set[str] = set()
    for record in sheet.records:
        found = measured(sheet.name, record)
        if isinstance(found, Measured) and found.row_id in seen:
            said = say("stands in this file before: give every row an id of its own")
            found = Complaint(sheet.name, record.line, found.row_id, "row_id", said)
        if isinstance(found, Complaint):
            complaints.append(found)
            continue
        seen.add(found.row_id)
        rows.append(found)
    by_id = {row.row_id: row for row in rows}
    bases = _bases(rows)
    peers = _by_place(shipped() if reference is None else reference)
    diagnoses = []
    for row in rows:
        base = by_id.get(row.baseline) if row.baseline else bases.get(_scene(row))
        others = [one for one in peers.get(_place(row), ()) if alike(row, one)]
        status = row.status or _status(row, base)
        checks = (
            *_usable(row, status),
            *energies(row),
            *bounds(row),
            *against_baseline(row, base),
            *among(row, others),
        )
        diagnoses.append(Diagnosis(row, base, checks, status, _explained(row, status, checks)))
    return Examination(sheet.name, tuple(diagnoses), tuple(complaints))


@lru_cache(maxsize=1)
def shipped_sheet() -> Sheet:
    """The shipped measurements as a file like any other."""
    return read(SHIPPED, (FOLDER / SHIPPED).read_bytes())


@lru_cache(maxsize=1)
def shipped() -> tuple[Measured, ...]:
    """The shipped rows that are used, where their energy was confirmed: others say nothing of what a GPU does."""
    found = (measured(SHIPPED, Record(one.line, one.cells)) for one in shipped_sheet().records)
    return tuple(row for row in found if isinstance(row, Measured) and row.status != "rejected" and row.energy)


def _bases(rows: Iterable[Measured]) -> Mapping[tuple[str, str, str, int], Measured]:
    """The 16-bit row of each scene that has just one of them: what a row without a baseline is held against."""
    found: dict[tuple[str, str, str, int], list[Measured]] = {}
    for row in rows:
        if row.base:
            found.setdefault(_scene(row), []).append(row)
    return {scene: each[0] for scene, each in found.items() if len(each) == 1}


def _scene(row: Measured) -> tuple[str, str, str, int]:
    return (row.session, row.gpu, row.model, row.batch)


def _by_place(rows: Iterable[Measured]) -> Mapping[tuple[str, str, int], Sequence[Measured]]:
    found: dict[tuple[str, str, int], list[Measured]] = {}
    for row in rows:
        found.setdefault(_place(row), []).append(row)
    return found


def _place(row: Measured) -> tuple[str, str, int]:
    return (row.gpu, BASE if row.base else row.precision, row.batch)


def _status(row: Measured, base: Measured | None) -> str:
    """What a row without a status can be used for."""
    if row.gross is not None:
        return "absolute"
    return "ratio-only" if row.base or (row.ratio is not None and base is not None) else "rejected"


def _usable(row: Measured, status: str) -> Iterator[Check]:
    """A row that is not rejected has something to compute with."""
    if row.status == "absolute" and row.gross is None:
        yield Check("energy", "failed", "status", 0, 0, None, say("is absolute, and there is no gross energy"))
    elif not row.status and status == "rejected":
        said = say(
            "is empty, and nothing else gives it: write the gross energy, or power_w with throughput_tok_s, or a"
            " printed energy net of idle power with throughput_tok_s and idle_power_w"
        )
        yield Check("energy", "failed", "energy_j_per_1k_tokens", 0, 0, None, said)


def _explained(row: Measured, status: str, checks: Sequence[Check]) -> Said:
    """Why the row has its status: the arithmetic that shows it, or the judgement that nothing but its reason shows."""
    failed = _names(check for check in checks if check.result == "failed")
    doubtful = _names(check for check in checks if check.result == "doubtful")
    told = {"reason": quote(row.reason) or "-", "failed": failed, "doubtful": doubtful, "status": status}
    if not row.status and status == "rejected":
        return say("nothing can be computed from it: it has neither a gross energy nor a ratio to a row of 16 bits")
    if status == "rejected":
        if failed:
            return say("rejected, and the arithmetic shows it ({failed}): {reason}", **told)
        if doubtful:
            return say("rejected by judgement, which other figures support ({doubtful}): {reason}", **told)
        return say("rejected by judgement, which no arithmetic shows: {reason}", **told)
    if failed:
        return say("{status}, and yet checks fail ({failed})", **told)
    if not checks:
        return say("{status}, with nothing that it could be held against: {reason}", **told)
    if doubtful:
        return say("{status}, with cause for doubt ({doubtful}): {reason}", **told)
    if status == "ratio-only":
        return say("ratio-only by judgement, which no arithmetic shows: {reason}", **told)
    return say("{status}: every check that could be made holds ({count})", count=len(checks), **told)


def _names(checks: Iterable[Check]) -> str:
    return ", ".join(dict.fromkeys(check.name for check in checks))
