"""The room for directions that held in every usable pair, for when no figure can be given."""

from __future__ import annotations

import csv
from functools import lru_cache
from math import inf

from ecolint.evidence.rows import FOLDER
from ecolint.evidence.table import Table
from ecolint.model import Verdict
from ecolint.shaped import dataclass
from ecolint.speech import say


@dataclass(frozen=True, slots=True)
class Sign:
    """Between two precisions and within a range of sizes (billions), every usable pair pointed one way."""

    precision: str
    against: str
    low_b: float
    high_b: float
    verdict: Verdict


@lru_cache(maxsize=1)
def signs() -> tuple[Sign, ...]:
    """The sign rules, as shipped in signs.csv; a test holds them against every usable pair."""
    with (FOLDER / "signs.csv").open(encoding="utf-8", newline="") as file:
        return tuple(
            Sign(
                row["precision"],
                row["against"],
                float(row["min_b"] or 0),
                float(row["max_b"] or inf),
                "costs" if row["sign"] == "costs" else "saves",
            )
            for row in csv.DictReader(file)
        )


def by_sign(table: Table, current: str, better: str, size_b: float | None) -> tuple[Verdict, str] | None:
    """The direction and what it rests on, or None. A size that is not known needs a rule that covers every size."""
    for sign in signs():
        if {sign.precision, sign.against} != {current, better}:
            continue
        covered = (sign.low_b, sign.high_b) == (0, inf) if size_b is None else sign.low_b <= size_b <= sign.high_b
        if not covered:
            continue
        pairs = pairs_of(table, sign)
        if any((pair > 0) != (sign.verdict == "costs") for pair in pairs):
            continue  # the user measured otherwise
        verdict = sign.verdict
        if current == sign.against:
            verdict = "saves" if verdict == "costs" else "costs"
        text = (
            say("{one} took more energy than {other}", one=sign.precision, other=sign.against)
            if sign.verdict == "costs"
            else say("{one} took less energy than {other}", one=sign.precision, other=sign.against)
        )
        if size_b is None:
            return verdict, say("{text} in all {count} measured pairs", text=text, count=len(pairs))
        return verdict, say("{text} in all {count} measured pairs of such sizes", text=text, count=len(pairs))
    return None


def pairs_of(table: Table, sign: Sign) -> tuple[float, ...]:
    """ln ratios of the usable pairs that a sign rule speaks of, duplicates counted once."""
    points = table.points(sign.precision, sign.against)
    return tuple(point.value for point in points if sign.low_b <= point.size_b <= sign.high_b)
