"""Fixings as facts."""

from datetime import UTC, date, datetime
from decimal import Decimal

from contracts.core.facts import FactKind
from lode.settlement.core.prices import PublishedPrice, fact_refs, price_facts, series_named

NOW = datetime(2024, 4, 2, tzinfo=UTC)


def published(effective, until, unit="t", series="nickel", edition=2):
    return PublishedPrice(series, effective, until, Decimal("16103.80"), unit, "USD", edition, NOW, "somebody")


def test_a_months_value():
    (fact,) = price_facts([published(date(2024, 3, 1), date(2024, 4, 1))])
    assert (fact.kind, fact.subject, fact.effective) == (FactKind.PRICE, "nickel", date(2024, 3, 1))
    assert fact.value == {"value": "16103.80", "unit": "t", "currency": "USD", "period": "2024-03"}
    assert fact.ref == "fact:price:nickel:2024-03@2"
    assert fact_refs("nickel", date(2024, 3, 1), date(2024, 4, 1), 2) == (fact.ref.removeprefix("fact:"),)


def test_a_days_value():
    (fact,) = price_facts([published(date(2024, 3, 1), date(2024, 3, 2))])
    assert "period" not in fact.value
    assert fact.id == "price:nickel:2024-03-01"


def test_a_years_value_stands_for_each_of_its_months():
    year = date(2024, 1, 1), date(2025, 1, 1)
    facts = price_facts([published(*year)])
    assert [fact.value["period"] for fact in facts] == [f"2024-{month:02}" for month in range(1, 13)]
    assert tuple(fact.ref.removeprefix("fact:") for fact in facts) == fact_refs("nickel", *year, 2)


def test_a_series_of_a_currency_is_an_exchange_rate():
    (fact,) = price_facts([published(date(2024, 3, 1), date(2024, 3, 2), unit="EUR", series="eurusd")])
    assert (fact.kind, fact.subject, fact.value["rate"]) == (FactKind.FX, "eurusd", "16103.80")


def test_every_series_that_terms_name_is_found():
    terms = {
        "benchmark_series": None,
        "elements": [
            {"price": {"series": "nickel", "alternative_series": "nickel-2", "fx_series": ""}},
            {"price": {"series": "cobalt"}},
        ],
        "series_note": "not one",
    }
    assert series_named(terms) == {"nickel", "nickel-2", "cobalt"}
