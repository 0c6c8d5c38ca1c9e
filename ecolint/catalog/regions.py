"""The room for what a kilowatt-hour costs and emits by region, and for everyday equivalents."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from ecolint.catalog.tables import number, records, several
from ecolint.shaped import dataclass


@dataclass(frozen=True, slots=True)
class Region:
    """A grid: price in US dollars per kWh (None where no source gives one) and intensity in gCO2 per kWh."""

    name: str
    price_per_kwh: float | None
    carbon_intensity: float
    source: str


def region(name: str) -> Region | None:
    """The grid of a country or cloud region ("France", "us-east-1", "europe-west4"), case-insensitively, else None."""
    return _regions().get(_key(name))


@lru_cache(maxsize=1)
def all_regions() -> tuple[Region, ...]:
    """Every region of the catalogue, in file order."""
    return tuple(region for region, _ in _rows())


@lru_cache(maxsize=1)
def equivalents() -> Mapping[str, float]:
    """Everyday equivalents by key: `g_co2_per_car_km`, `kwh_per_phone_charge`."""
    return {row["key"]: float(row["value"]) for row in records("equivalents.csv")}


def _key(name: str) -> str:
    return name.strip().lower().replace(" ", "-").replace("_", "-")


def _rows() -> tuple[tuple[Region, tuple[str, ...]], ...]:
    return tuple(
        (
            Region(row["region"], number(row["usd_per_kwh"]), float(row["g_co2_per_kwh"]), row["source"]),
            several(row["aliases"]),
        )
        for row in records("regions.csv")
    )


@lru_cache(maxsize=1)
def _regions() -> Mapping[str, Region]:
    found: dict[str, Region] = {}
    for each, aliases in _rows():
        for spelling in (each.name, *aliases):
            found.setdefault(_key(spelling), each)
    return found
