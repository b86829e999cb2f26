"""Fixings as facts, the way the settlement core reads them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from contracts.core.facts import Fact, FactKind, FactStatus
from contracts.core.numbers import text_of
from contracts.core.period import add_months
from contracts.core.rounding import MINOR_UNITS


@dataclass(frozen=True)
class PublishedPrice:
    """One price as the market has it: for [effective, until), `value` in `currency` per `unit`, in one edition."""

    series: str
    effective: date
    until: date
    value: Decimal
    unit: str
    currency: str
    edition: int
    recorded_at: datetime
    source: str


def price_facts(prices: Iterable[PublishedPrice]) -> tuple[Fact, ...]:
    """Return the facts of published prices: one a day or month; a year's value is the value of each of its months.

    A series whose unit is itself a currency is an exchange rate: units of `currency` for one of `unit`.
    """
    return tuple(fact for price in prices for fact in _facts_of(price))


def fact_refs(series: str, effective: date, until: date, edition: int) -> tuple[str, ...]:
    """Return the names and versions under which statements have used an edition of a price."""
    return tuple(f"{_name(series, label)}@{edition}" for label, _ in _labels(effective, until))


def series_named(terms: Any) -> frozenset[str]:
    """Return every price or exchange-rate series that terms name, wherever in them: all members called `…series`."""
    return frozenset(_walk(terms))


def _walk(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, member in value.items():
            if str(name).endswith("series") and isinstance(member, str) and member:
                yield member
            else:
                yield from _walk(member)
    elif isinstance(value, list | tuple):
        for member in value:
            yield from _walk(member)


def _labels(effective: date, until: date) -> list[tuple[str, date]]:
    months = (until.year - effective.year) * 12 + until.month - effective.month
    if effective.day != 1 or until.day != 1 or months < 1:
        return [(effective.isoformat(), effective)]
    days = [add_months(effective, step) for step in range(months)]
    return [(f"{day:%Y-%m}", day) for day in days]


def _name(series: str, label: str) -> str:
    return f"price:{series}:{label}"


def _facts_of(price: PublishedPrice) -> Iterator[Fact]:
    is_rate = price.unit in MINOR_UNITS
    for label, day in _labels(price.effective, price.until):
        value = {"rate" if is_rate else "value": text_of(price.value), "unit": price.unit, "currency": price.currency}
        if len(label) == len("2024-03"):
            value["period"] = label
        yield Fact(
            id=_name(price.series, label),
            version=price.edition,
            kind=FactKind.FX if is_rate else FactKind.PRICE,
            subject=price.series,
            effective=day,
            recorded=price.recorded_at,
            status=FactStatus.FINAL,
            source=price.source,
            value=value,
        )
