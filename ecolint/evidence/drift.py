"""The room where pinned library versions are held against those of the measurements."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import lru_cache

from ecolint.evidence.rows import FOLDER
from ecolint.shaped import dataclass
from ecolint.speech import quote, say


@dataclass(frozen=True, slots=True)
class Drift:
    """What the pins say: `newer` costs a star, `open` is only named."""

    newer: tuple[str, ...]
    open: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Limit:
    library: str
    version: str
    precisions: frozenset[str]
    what: str


@lru_cache(maxsize=256)
def _standing(specifier: str, limit: str) -> str:
    """`newer` where every allowed version reaches the limit, `older` where none does, else `open`."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet
    from packaging.version import InvalidVersion, Version

    try:
        allowed = SpecifierSet(specifier)
        bounds = [(each.operator, Version(each.version.removesuffix(".*"))) for each in allowed]
    except (InvalidSpecifier, InvalidVersion):
        return "open"
    at = Version(limit)
    lowest = max((v for operator, v in bounds if operator in ("==", "===", "~=", ">=", ">")), default=None)
    if lowest is not None and Version(lowest.base_version) >= at:
        return "newer"
    capped = any(
        operator in ("==", "===") or (operator == "<" and v <= at) or (operator == "<=" and v < at)
        for operator, v in bounds
    )
    if not capped:
        # "~=0.45.1" allows 0.45.x only, "~=0.45" every later 0.x.
        capped = any(operator == "~=" and not allowed.contains(at) for operator, _ in bounds)
    return "older" if capped else "open"


def drift(versions: Mapping[str, str], precisions: frozenset[str]) -> Drift:
    """How the pinned libraries stand to the measurements of these precisions.

    A library that is not pinned is named and costs nothing; one whose every allowed version is newer than the
    measurements counts as newer.
    """
    newer: list[tuple[str, str]] = []
    undecided: dict[str, str] = {}
    for limit in _limits():
        if not limit.precisions & precisions:
            continue
        specifier = versions.get(limit.library)
        standing = _standing(specifier, limit.version) if specifier else "open"
        if standing == "newer":
            told = say(
                "{library} {specifier}: {version} and later {what}",
                library=limit.library,
                specifier=specifier,
                version=limit.version,
                what=quote(limit.what),
            )
            newer.append((limit.library, told))
        elif standing == "open":
            pinned = (
                say("{library} {specifier} is open", library=limit.library, specifier=specifier)
                if specifier
                else say("{library} is not pinned", library=limit.library)
            )
            told = say("{pinned}: {version} and later would cost a star", pinned=pinned, version=limit.version)
            undecided.setdefault(limit.library, told)
    named = {library for library, _ in newer}
    return Drift(
        tuple(text for _, text in newer), tuple(text for library, text in undecided.items() if library not in named)
    )


@lru_cache(maxsize=1)
def _limits() -> tuple[_Limit, ...]:
    with (FOLDER / "drift.csv").open(encoding="utf-8", newline="") as file:
        return tuple(
            _Limit(row["library"], row["from_version"], frozenset(row["precisions"].split()), row["what"])
            for row in csv.DictReader(file)
        )
