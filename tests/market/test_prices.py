"""Prices: what was known when, and that nothing is ever changed."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, connections, transaction

from lode.market import selectors
from lode.market.errors import MarketCode, MarketError
from lode.market.models import PricePoint
from lode.market.services import PriceRow, SeriesTerms, hold_prices, publish_series, record_prices
from lode.parties.actor import Actor

FINANCE = Actor("northvolt-lessor", "finance")
FEBRUARY = datetime(2024, 2, 2, tzinfo=UTC)
MARCH = datetime(2024, 3, 5, tzinfo=UTC)
MAY = datetime(2024, 5, 6, tzinfo=UTC)
NICKEL = SeriesTerms("ni-lme", "LME nickel", "LME 镍", "t", "USD", "month", "World Bank Pink Sheet", "CC BY 4.0")
COBALT = SeriesTerms("co-usgs", "Cobalt", "钴", "kg", "USD", "year", "USGS", "public domain")


@pytest.fixture
def nickel(db):
    publish_series(series=NICKEL, actor=FINANCE, now=FEBRUARY)
    record_prices(
        series="ni-lme",
        rows=[PriceRow(date(2024, 1, 1), Decimal("16103.80")), PriceRow(date(2024, 2, 1), Decimal("16310.14"))],
        actor=FINANCE,
        now=MARCH,
    )


def values(known_at):
    return [(f.effective.month, str(f.value), f.edition) for f in selectors.prices(series="ni-lme", known_at=known_at)]


def test_a_price_keeps_the_digits_it_was_published_with(nickel):
    assert values(MARCH) == [(1, "16103.80", 1), (2, "16310.14", 1)]


def test_a_price_is_not_known_before_it_was_recorded(nickel):
    assert values(FEBRUARY) == []
    assert selectors.price_at(series="ni-lme", month=date(2024, 1, 31), known_at=FEBRUARY) is None


def test_the_same_file_twice_says_nothing_new(nickel):
    again = record_prices(
        series="ni-lme", rows=[PriceRow(date(2024, 1, 1), Decimal("16103.8"))], actor=FINANCE, now=MAY
    )
    assert (again.added, again.corrected, again.unchanged) == (0, 0, 1)
    assert PricePoint.objects.count() == 2


def test_a_correction_is_a_new_edition_and_the_old_one_stays_known_as_it_was(nickel):
    done = record_prices(series="ni-lme", rows=[PriceRow(date(2024, 1, 1), Decimal(16104))], actor=FINANCE, now=MAY)
    assert (done.added, done.corrected, done.unchanged) == (0, 1, 0)
    assert values(MARCH) == [(1, "16103.80", 1), (2, "16310.14", 1)]
    assert values(MAY) == [(1, "16104", 2), (2, "16310.14", 1)]
    history = selectors.editions(series="ni-lme")
    assert [(f.edition, f.superseded) for f in history if f.effective.month == 1] == [(1, True), (2, False)]


def test_a_price_of_the_year_answers_for_each_of_its_months(db):
    publish_series(series=COBALT, actor=FINANCE, now=FEBRUARY)
    record_prices(series="co-usgs", rows=[PriceRow(date(2024, 1, 1), Decimal("26.5"))], actor=FINANCE, now=MARCH)
    fixing = selectors.price_at(series="co-usgs", month=date(2024, 9, 17), known_at=MARCH)
    assert (fixing.value, fixing.effective, fixing.until) == (Decimal("26.5"), date(2024, 1, 1), date(2025, 1, 1))
    overlapping = selectors.prices(series="co-usgs", known_at=MARCH, start=date(2024, 9, 1), end=date(2024, 10, 1))
    assert overlapping == (fixing,)


def test_gaps_are_named(nickel):
    missing = selectors.gaps(series="ni-lme", start=date(2023, 12, 1), end=date(2024, 4, 1), known_at=MARCH)
    assert missing == (date(2023, 12, 1), date(2024, 3, 1))


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([PriceRow(date(2024, 1, 2), Decimal(1))], MarketCode.BAD_PERIOD),
        ([PriceRow(date(2024, 3, 1), Decimal(1)), PriceRow(date(2024, 3, 1), Decimal(2))], MarketCode.BAD_VALUE),
        ([PriceRow(date(2024, 3, 1), Decimal("NaN"))], MarketCode.BAD_VALUE),
    ],
)
def test_a_bad_row_refuses_the_whole_file(nickel, rows, code):
    good = PriceRow(date(2024, 4, 1), Decimal(3))
    with pytest.raises(MarketError) as refused:
        record_prices(series="ni-lme", rows=[good, *rows], actor=FINANCE, now=MAY)
    assert refused.value.code is code
    assert PricePoint.objects.count() == 2


def test_a_negative_price_is_a_price(nickel):
    record_prices(series="ni-lme", rows=[PriceRow(date(2024, 4, 1), Decimal("-12.5"))], actor=FINANCE, now=MAY)
    fixing = selectors.price_at(series="ni-lme", month=date(2024, 4, 1), known_at=MAY)
    assert fixing.value == Decimal("-12.5")


def test_an_unknown_series_and_a_redefined_one_are_refused(nickel):
    with pytest.raises(MarketError) as unknown:
        record_prices(series="unobtainium", rows=[], actor=FINANCE, now=MAY)
    assert unknown.value.code is MarketCode.UNKNOWN_SERIES
    publish_series(series=NICKEL, actor=FINANCE, now=MAY)
    with pytest.raises(MarketError) as exists:
        publish_series(series=SeriesTerms(**{**vars(NICKEL), "unit": "kg"}), actor=FINANCE, now=MAY)
    assert exists.value.code is MarketCode.SERIES_EXISTS


@pytest.mark.parametrize("actor", [Actor("audit", "auditor", sees_all=True), Actor("cellco", "partner")])
def test_who_does_not_enter_prices_is_told(nickel, actor):
    with pytest.raises(MarketError) as refused:
        record_prices(series="ni-lme", rows=[PriceRow(date(2024, 3, 1), Decimal(1))], actor=actor, now=MAY)
    assert refused.value.code is MarketCode.NOT_ALLOWED


@pytest.mark.parametrize("role", ["default", "owner"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE market_pricepoint SET value = 1",
        "DELETE FROM market_pricepoint",
        "TRUNCATE market_pricepoint CASCADE",
    ],
)
def test_sql_cannot_change_a_fixing(own_database, role, statement):
    publish_series(series=NICKEL, actor=FINANCE, now=FEBRUARY)
    record_prices(series="ni-lme", rows=[PriceRow(date(2024, 1, 1), Decimal(7))], actor=FINANCE, now=MARCH)
    with pytest.raises(DatabaseError, match=r"never changed|permission denied"), transaction.atomic(role):
        connections[role].cursor().execute(statement)
    assert PricePoint.objects.get().value == Decimal(7)


def test_what_a_settlement_was_told_to_know_is_never_added_to(nickel):
    hold_prices(known_at=MAY)
    record_prices(series="ni-lme", rows=[PriceRow(date(2024, 3, 1), Decimal(9))], actor=FINANCE, now=MARCH)
    assert [month for month, _, _ in values(MAY)] == [1, 2]
    assert [month for month, _, _ in values(MAY + timedelta(microseconds=1))] == [1, 2, 3]
