"""The public figures of the demo world, read from `data/`: each file names its source and licence at its head."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "data"
POUND_KG = Decimal("0.45359237")  # international avoirdupois pound, exact
NASA_RATED_AH = Decimal(2)


def _rows(name: str) -> Iterator[Mapping[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(line for line in file if not line.startswith("#"))


def source_of(name: str) -> str:
    """Return the comment lines at the head of a file: what it is, source, licence."""
    with (FOLDER / name).open(encoding="utf-8") as file:
        return " ".join(line[1:].strip() for line in file if line.startswith("#"))


@dataclass(frozen=True)
class MonthlyPrice:
    """One published average: a series, the first day of its month, and US dollars a tonne."""

    series: str
    month: date
    value: Decimal


@cache
def monthly_prices() -> tuple[MonthlyPrice, ...]:
    """Return nickel and copper by month; cobalt and lithium carbonate with the year's average for each month."""
    prices = [
        MonthlyPrice(row["series"], date.fromisoformat(row["month"] + "-01"), Decimal(row["value"]))
        for row in _rows("metal_prices_monthly.csv")
    ]
    for row in _rows("metal_prices_annual.csv"):
        value = Decimal(row["value"])
        if row["unit"] == "USD/lb":
            value = (value * 1000 / POUND_KG).quantize(Decimal("0.01"))
        prices += [MonthlyPrice(row["series"], date(int(row["year"]), month, 1), value) for month in range(1, 13)]
    return tuple(prices)


@cache
def kg_per_kwh(chemistry: str) -> Mapping[str, Decimal]:
    """Return kilograms of each contained element in a pack of the chemistry, per kilowatt-hour."""
    rows = _rows("element_mass_per_energy.csv")
    return {row["element"]: Decimal(row["kg_per_kwh"]) for row in rows if row["chemistry"] == chemistry}


@cache
def cell_health(cell: str) -> tuple[Decimal, ...]:
    """Return state of health by discharge cycle: measured capacity over the rated 2 Ah, as a fraction."""
    rows = _rows("cell_capacity_by_cycle.csv")
    return tuple(Decimal(row["capacity_ah"]) / NASA_RATED_AH for row in rows if row["cell"] == cell)


@dataclass(frozen=True)
class RetiredPack:
    """A battery measured at its retirement; the serial is the maker's, as printed."""

    chemistry: str
    serial: str
    nominal_ah: Decimal
    measured_ah: Decimal

    @property
    def health(self) -> Decimal:
        """State of health as a fraction of the nominal capacity, four decimals."""
        return (self.measured_ah / self.nominal_ah).quantize(Decimal("0.0001"))


@cache
def retired_packs(chemistry: str) -> tuple[RetiredPack, ...]:
    """Return the retired packs of a chemistry in the order of the data set."""
    return tuple(
        RetiredPack(row["chemistry"], row["serial"], Decimal(row["nominal_ah"]), Decimal(row["measured_ah"]))
        for row in _rows("retired_pack_capacity.csv")
        if row["chemistry"] == chemistry
    )
