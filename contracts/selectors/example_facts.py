"""Facts that a worked example is settled on: plainly invented, except for the prices that the reader gives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from contracts.core.facts import Fact, FactKind, FactStatus
from contracts.core.numbers import HUNDRED, ZERO, text_of
from contracts.core.period import add_months, first_of_month, last_of_month
from contracts.core.prices import Anchor, Frequency, PriceBlock
from contracts.core.terms.material_lease_terms import MaterialLeaseTerms
from contracts.core.terms.offtake_terms import OfftakeTerms
from contracts.core.terms.performance_warranty_terms import PerformanceWarrantyTerms

MONTHS_BEFORE, MONTHS_AFTER = 3, 18
SATURDAY = 5
LOT = "EXAMPLE-LOT-1"


@dataclass(frozen=True)
class Scenario:
    """What an example assumes. `prices` by series, in the unit and currency of the terms; `fx` by pair.

    `mass_kg` is the contained mass leased of each element. Health starts at 100 % and falls by a fixed figure a year.
    The lot of an offtake has a wet weight, a moisture, and the assays given by element (% of dry mass).
    """

    prices: Mapping[str, Decimal] = field(default_factory=dict)
    fx: Mapping[str, Decimal] = field(default_factory=dict)
    mass_kg: Decimal = Decimal(1000)
    health_loss_pct_per_year: Decimal = Decimal(6)
    net_wet_kg: Decimal = Decimal(20000)
    moisture_pct: Decimal = Decimal(8)
    assays_pct: Mapping[str, Decimal] = field(
        default_factory=lambda: MappingProxyType(
            {
                "Ni": Decimal(18),
                "Co": Decimal(6),
                "Li": Decimal(4),
                "Mn": Decimal(5),
                "Cu": Decimal(2),
                "C": Decimal(30),
            }
        )
    )


def example_facts(terms: Any, scenario: Scenario) -> tuple[Fact, ...]:
    """Return the facts on which the first periods of parsed terms settle, all recorded at `example_known_at`."""
    if isinstance(terms, MaterialLeaseTerms):
        drafts = [*_prices(terms, scenario), *_deliveries(terms, scenario)]
    elif isinstance(terms, PerformanceWarrantyTerms):
        drafts = [*_readings(terms, scenario)]
    elif isinstance(terms, OfftakeTerms):
        drafts = [*_prices(terms, scenario), *_lot(terms, scenario)]
    else:
        drafts = []
    known_at = example_known_at(terms)
    return tuple(
        Fact(
            id=f"example-{number}",
            version=1,
            kind=kind,
            subject=subject,
            effective=day,
            recorded=known_at,
            status=FactStatus.FINAL,
            source="example",
            value=value,
        )
        for number, (kind, subject, day, value) in enumerate(drafts)
    )


def example_known_at(terms: Any) -> datetime:
    """Return the moment at which an example is worked: after everything that it assumes."""
    return datetime.combine(add_months(_start(terms), MONTHS_AFTER + 1), time(), UTC)


_Draft = tuple[FactKind, str, date, dict[str, str]]


def _start(terms: Any) -> date:
    start: date = terms.start if isinstance(terms, PerformanceWarrantyTerms) else terms.commencement
    return start


def _prices(terms: MaterialLeaseTerms | OfftakeTerms, scenario: Scenario) -> Iterator[_Draft]:
    months = [add_months(first_of_month(_start(terms)), n) for n in range(-MONTHS_BEFORE, MONTHS_AFTER)]
    blocks = {row.price.series: row.price for row in terms.elements if row.price.anchor is not Anchor.FIXED}
    for series, block in blocks.items():
        price = scenario.prices.get(series)
        if price is not None:
            yield from _published(block, price, terms.currency, months)
    for pair, rate in scenario.fx.items():
        for month in months:
            for day in _weekdays(month):
                yield FactKind.FX, pair, day, {"rate": text_of(rate)}


def _published(block: PriceBlock, price: Decimal, currency: str, months: list[date]) -> Iterator[_Draft]:
    value = {"value": text_of(price), "unit": block.unit, "currency": block.currency or currency}
    if block.field != "settlement":
        value[block.field.value] = text_of(price)
    for month in months:
        if block.frequency is Frequency.MONTHLY:
            yield FactKind.PRICE, block.series, last_of_month(month), {**value, "period": f"{month:%Y-%m}"}
            continue
        for day in _weekdays(month):
            yield FactKind.PRICE, block.series, day, value


def _weekdays(month: date) -> Iterator[date]:
    days = (month + timedelta(days=n) for n in range(last_of_month(month).day))
    return (day for day in days if day.weekday() < SATURDAY)


def _deliveries(terms: MaterialLeaseTerms, scenario: Scenario) -> Iterator[_Draft]:
    for row in terms.elements:
        value = {"element": row.element.value, "delta_kg": text_of(scenario.mass_kg), "entry_index": "0"}
        yield FactKind.BALANCE_CHANGE, "", terms.commencement, {**value, "cause": "delivered"}


def _readings(terms: PerformanceWarrantyTerms, scenario: Scenario) -> Iterator[_Draft]:
    for asset in terms.assets:
        for month in range(MONTHS_AFTER):
            lost = scenario.health_loss_pct_per_year * month / 12
            value = {"metric": terms.metric.value, "value": text_of(max(ZERO, HUNDRED - lost))}
            yield FactKind.TELEMETRY, asset.asset, add_months(asset.started_on or terms.start, month), value


def _lot(terms: OfftakeTerms, scenario: Scenario) -> Iterator[_Draft]:
    start = terms.commencement
    for days, event in ((7, "shipment"), (28, "arrival"), (30, "delivery")):
        yield FactKind.MILESTONE, LOT, start + timedelta(days=days), {"event": event}
    weighed = start + timedelta(days=30)
    yield FactKind.WEIGHT, LOT, weighed, {"net_wet_kg": text_of(scenario.net_wet_kg)}
    yield FactKind.MOISTURE, LOT, weighed, {"moisture_pct": text_of(scenario.moisture_pct)}
    for element in [*(row.element.value for row in terms.elements), *(row.element for row in terms.penalties)]:
        content = scenario.assays_pct.get(element, ZERO)
        for party in ("seller", "buyer"):
            value = {"element": element, "party": party, "value": text_of(content), "unit": "%"}
            yield FactKind.ASSAY, LOT, weighed + timedelta(days=14), value
