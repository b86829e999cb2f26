"""What becomes known month by month: prices, readings of batteries, weights and assays of lots."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal

from contracts.services import NewFact, record_facts
from lode.demo.agreements import FLEETS, retired_assets
from lode.demo.black_mass import LOTS, BlackMass
from lode.demo.cast import LESSOR, OPERATOR, RECYCLER, REFINER
from lode.demo.clock import START, evening, morning, next_month
from lode.demo.figures import MonthlyPrice, cell_health, monthly_prices, source_of
from lode.market.services import PriceRow, SeriesTerms, publish_series, record_prices
from lode.parties.actor import Actor

WORLD_BANK = "World Bank Commodity Price Data (The Pink Sheet), edition of 2 December 2025"
USGS = "US Geological Survey, Mineral Commodity Summaries 2026; the year's average stands for each of its months"
PRICES = Actor(organisation=LESSOR, role="finance")
SERIES = (
    ("nickel", "LME nickel, monthly average", "LME 镍，月均价", "t", WORLD_BANK, "CC BY 4.0"),
    ("copper", "LME copper, monthly average", "LME 铜，月均价", "t", WORLD_BANK, "CC BY 4.0"),
    ("cobalt", "LME cobalt, annual average", "LME 钴，年均价", "t", USGS, "public domain"),
    ("lithium-carbonate", "Lithium carbonate, annual average", "碳酸锂，年均价", "t", USGS, "public domain"),
)  # fmt: skip
CYCLES_A_MONTH = 7  # 168 discharges of the data set spread over 24 months
FIRST_READING = date(2024, 1, 1)
RETIRED_ON = date(2024, 10, 12)


def publish_all_series() -> None:
    """Make the price series known, and record what was published before the demo begins."""
    now = morning(START - timedelta(days=20))
    for code, name_en, name_zh, unit, source, licence in SERIES:
        terms = SeriesTerms(code, name_en, name_zh, unit, "USD", "month", source, licence)
        publish_series(series=terms, actor=PRICES, now=now)
    _record([price for price in monthly_prices() if price.month < START.replace(day=1)], now)


def publish_prices(month: date) -> None:
    """Record the prices of a month, early on the second day of the next."""
    _record(
        [price for price in monthly_prices() if price.month == month], morning(next_month(month)) - timedelta(hours=1)
    )


def _record(prices: list[MonthlyPrice], now: datetime) -> None:
    rows: dict[str, list[PriceRow]] = defaultdict(list)
    for price in prices:
        rows[price.series].append(PriceRow(effective=price.month, value=price.value))
    for series, found in sorted(rows.items()):
        record_prices(series=series, rows=found, actor=PRICES, now=now)


def read_fleets(ref: str, month: date) -> None:
    """The operator's telemetry: state of health of both fleets, from the capacity of NASA cells B0005 and B0006."""
    if month < FIRST_READING:
        return
    number = (month.year - FIRST_READING.year) * 12 + month.month - FIRST_READING.month
    day = month.replace(day=25)
    facts = []
    for fleet, cell in FLEETS.items():
        health = cell_health(cell)
        cycle = min(number * CYCLES_A_MONTH, len(health) - 1)
        value = {"metric": "SOH_C", "value": _pct(health[cycle]), "efc": str(cycle + 1)}
        facts.append(NewFact("telemetry", fleet, day, f"capacity of NASA cell {cell} at discharge {cycle + 1}", value))
    if month == RETIRED_ON.replace(day=1):
        facts += [
            NewFact(
                "telemetry", serial, RETIRED_ON, "PulseBat, measured at retirement", {"metric": "SOH_C", "value": pct}
            )
            for serial, pct in retired_assets().items()
        ]
    record_facts(actor=Actor(organisation=OPERATOR, role="partner"), ref=ref, facts=facts, now=evening(day))


def _pct(health: Decimal) -> str:
    return f"{min(health, Decimal(1)) * 100:.2f}"


def weigh_and_assay(ref: str, month: date) -> None:
    """Weights and assays of the lot shipped in a month, by both, and the umpire's where they lie too far apart."""
    tag = f"{month:%y%m}"
    lot = LOTS[tag]
    seller, buyer = Actor(organisation=RECYCLER, role="partner"), Actor(organisation=REFINER, role="partner")
    name = f"bm-{tag}"
    shipped, arrived = month.replace(day=12), month.replace(day=19)
    record_facts(actor=seller, ref=ref, facts=_shipping(name, lot, shipped), now=evening(shipped))
    record_facts(actor=buyer, ref=ref, facts=_arrival(name, arrived), now=evening(arrived))
    assayed = month.replace(day=26)
    record_facts(actor=seller, ref=ref, facts=_assays(name, "seller", lot, assayed), now=evening(assayed))
    record_facts(actor=buyer, ref=ref, facts=_assays(name, "buyer", lot, assayed), now=evening(assayed))
    if lot.umpire:
        record_facts(
            actor=buyer, ref=ref, facts=_assays(name, "umpire", lot, month.replace(day=28)), now=evening(assayed)
        )


def _shipping(name: str, lot: BlackMass, day: date) -> list[NewFact]:
    return [
        NewFact("milestone", name, day, "bill of lading", {"event": "shipment"}),
        NewFact("weight", name, day, "bill of lading", {"net_wet_kg": str(lot.wet_kg)}),
        NewFact("moisture", name, day, "seller's laboratory", {"moisture_pct": str(lot.moisture_pct)}),
    ]


def _arrival(name: str, day: date) -> list[NewFact]:
    return [
        NewFact("milestone", name, day, "weighbridge ticket", {"event": "arrival"}),
        NewFact("milestone", name, day, "weighbridge ticket", {"event": "delivery"}),
    ]


def _assays(name: str, party: str, lot: BlackMass, day: date) -> list[NewFact]:
    grades = {"seller": lot.seller, "buyer": lot.buyer, "umpire": lot.umpire}[party]
    return [
        NewFact(
            "assay",
            name,
            day,
            f"{party}'s laboratory",
            {"element": element, "party": party, "value": str(grade), "unit": "%"},
        )
        for element, grade in grades.items()
    ]


def sources() -> tuple[str, ...]:
    """Return what each file of figures is and where it comes from."""
    names = (
        "metal_prices_monthly.csv",
        "metal_prices_annual.csv",
        "element_mass_per_energy.csv",
        "cell_capacity_by_cycle.csv",
        "retired_pack_capacity.csv",
    )
    return tuple(source_of(name) for name in names)
