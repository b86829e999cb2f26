"""UN GTR 22's minimum performance as a guarantee curve: 80 % to 5 years or 100,000 km, then 70 % to 8 or 160,000."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from tests.contracts.core.building import settle, soh, warranty_data
from tests.shared_vectors import shared


def requirements() -> tuple[list[dict[str, str]], dict[str, str]]:
    rows = json.loads(shared("vectors/contracts/gtr22.json").read_text())["mpr"]
    first, second = (str(r["min_pct"]) for r in rows[:2])
    assert ("5 years or 100,000 km" in rows[0]["window"], "8 years or 160,000 km" in rows[1]["window"]) == (True, True)
    curve = [
        {"axis": "AGE_MONTHS", "at": "0", "pct": first},
        {"axis": "AGE_MONTHS", "at": "60", "pct": second},
        {"axis": "KM", "at": "0", "pct": first},
        {"axis": "KM", "at": "100000", "pct": second},
    ]
    return curve, {"end_age_months": "96", "end_km": "160000"}


@pytest.mark.parametrize(
    ("on", "km", "soce", "short"),
    [
        ("2025-01-01", "20000", "79", "1"),
        ("2025-01-01", "20000", "80", "0"),
        ("2025-01-01", "100000", "79", "0"),  # the distance is reached first
        ("2028-12-31", "99999", "79.5", "0.5"),
        ("2029-01-01", "99999", "79.5", "0"),  # five years are over
        ("2029-01-01", "99999", "69", "1"),
    ],
)
def test_minimum_performance(on: str, km: str, soce: str, short: str) -> None:
    curve, ends = requirements()
    data = warranty_data(metric="SOCE", curve=curve, assets=[{"asset": "P1", "nominal_kwh": "100"}], **ends)
    reading = soh("P1", on, soce, km=km)
    object.__setattr__(reading, "value", dict(reading.value) | {"metric": "SOCE"})
    end = f"{on[:4]}-12-31" if on < "2028-12-31" else "2029-01-02"
    settlement = settle("performance-warranty", data, [reading], f"{on}..{end}")
    kwh = next(n for n in settlement.trace if ".short-kwh." in n.id).result
    assert kwh == Decimal(short)


def test_cover_ends_with_the_first_reading_of_160000_km() -> None:
    curve, ends = requirements()
    data = warranty_data(metric="SOCE", curve=curve, **ends)
    reading = soh("P1", "2025-01-01", "50", km="160000")
    object.__setattr__(reading, "value", dict(reading.value) | {"metric": "SOCE"})
    assert settle("performance-warranty", data, [reading], "2025-01-01..2025-04-01").lines == ()
