"""Day counts, calendars and schedules against published figures."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from contracts.core.calendars import Calendar, adjust, advance, easter_sunday, get_calendar
from contracts.core.daycount import CONVENTIONS, fraction
from contracts.core.errors import SettlementError
from contracts.core.period import Period
from contracts.core.schedules import Rules, generate, parse_tenor
from tests.shared_vectors import shared


def read(name: str) -> dict[str, Any]:
    return json.loads(shared(f"vectors/contracts/{name}.json").read_text())


def day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def days_of(case: dict[str, Any]) -> tuple[date, date]:
    return date.fromisoformat(case["start"]), date.fromisoformat(case["end"])


def cases(name: str) -> Iterator[dict[str, Any]]:
    found = read(name)["cases"]
    assert found
    yield from found


def test_isda_published_day_counts() -> None:
    seen = 0
    for case in cases("daycount_isda_examples"):
        start, end = days_of(case)
        reference = (day(case["reference_start"]), day(case["reference_end"])) if "reference_start" in case else None
        got = fraction(
            case["convention"], start, end, reference=reference, termination=day(case.get("termination_date"))
        )
        if "day_count" in case:
            assert got * 360 == case["day_count"], case
        else:
            difference = abs(got - Fraction(case["year_fraction"]))
            assert difference <= Fraction(Decimal(case["tolerance"])), case
        seen += 1
    assert seen == 141


def test_daml_finance_day_counts() -> None:
    for case in cases("daml-finance-daycount"):
        got = fraction(case["convention"], *days_of(case))
        assert abs(got - Fraction(case["year_fraction"])) <= Fraction(1, 2 * 10**10), case


def test_quantlib_day_counts_are_exact() -> None:
    exact = 0
    for case in cases("quantlib-daycount"):
        start, end = days_of(case)
        reference = (day(case["reference_start"]), day(case["reference_end"])) if "reference_start" in case else None
        got = fraction(
            case["convention"], start, end, reference=reference, termination=day(case.get("termination_date"))
        )
        if "year_fraction_exact" in case:
            assert got == Fraction(case["year_fraction_exact"]), case
            exact += 1
        else:
            assert abs(got - Fraction(case["year_fraction_quantlib"])) < Fraction(1, 10**14), case
    assert exact > 200


def test_every_convention_of_the_figures_is_known() -> None:
    names = {c["convention"] for n in ("quantlib-daycount", "daml-finance-daycount") for c in cases(n)}
    assert names <= set(CONVENTIONS)


def test_an_unknown_convention_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SettlementError, match="ACT/360") as caught:
        fraction("ACT/364", date(2024, 1, 1), date(2024, 2, 1))
    assert caught.value.code == "unknown-convention"


@pytest.mark.parametrize("name", ["TARGET", "UK.EXCHANGE", "TARGET+UK"])
def test_holidays_of_the_published_years(name: str) -> None:
    expected = [date.fromisoformat(d) for d in read("calendars")["holidays_2023_2030"][name]]
    calendar, weekdays = get_calendar(name), get_calendar("WEEKENDS")
    every = weekdays.business_days(Period(date(2023, 1, 1), date(2031, 1, 1)))
    assert [d for d in every if not calendar.is_business_day(d)] == expected


@pytest.mark.parametrize("name", ["UK.EXCHANGE", "TARGET", "WEEKENDS"])
def test_pricing_days_per_month(name: str) -> None:
    calendar = get_calendar(name)
    for month, expected in read("calendars")["pricing_days_per_month"][name].items():
        year, number = (int(x) for x in month.split("-"))
        end = date(year + number // 12, number % 12 + 1, 1)
        assert len(calendar.business_days(Period(date(year, number, 1), end))) == expected, month


def test_business_day_adjustments() -> None:
    for case in cases("quantlib-business-day-adjust"):
        calendar = get_calendar(case["calendar"])
        given = date.fromisoformat(case["date"])
        assert calendar.is_business_day(given) is case["is_business_day"], case
        for rule in ("F", "MF", "P", "MP", "U", "HMMF", "NEAREST"):
            assert adjust(calendar, given, rule) == date.fromisoformat(case[rule]), (rule, case)


def test_calendar_advance() -> None:
    for case in cases("quantlib-calendar-advance"):
        count, unit = int(case["period"][:-1]), case["period"][-1]
        got = advance(
            get_calendar(case["calendar"]),
            date.fromisoformat(case["date"]),
            count,
            unit,
            case["bdc"],
            end_of_month=case["end_of_month"],
        )
        assert got == date.fromisoformat(case["result"]), case


def test_schedules() -> None:
    refused = 0
    for case in cases("quantlib-schedules"):
        rules = Rules(
            tenor=parse_tenor(case["tenor"]),
            calendar=get_calendar(case["calendar"]),
            rule=case["bdc"],
            termination_rule=case["termination_bdc"],
            generation=case["rule"],
            end_of_month=case["end_of_month"],
            first=day(case["first_date"]),
            next_to_last=day(case["next_to_last_date"]),
        )
        start, end = date.fromisoformat(case["effective"]), date.fromisoformat(case["termination"])
        if "error" in case:
            with pytest.raises(SettlementError, match="holds no day"):
                generate(start, end, rules)
            refused += 1
            continue
        got = generate(start, end, rules)
        assert [d.isoformat() for d in got.dates] == case["dates"], case
        assert list(got.regular) == case["regular_periods"], case
    assert refused == 2


@pytest.mark.parametrize(
    ("year", "expected"),
    [(1818, "1818-03-22"), (1943, "1943-04-25"), (2000, "2000-04-23"), (2024, "2024-03-31"), (2038, "2038-04-25")],
)
def test_easter(year: int, expected: str) -> None:
    assert easter_sunday(year).isoformat() == expected


def test_an_unknown_calendar_is_refused() -> None:
    with pytest.raises(SettlementError, match="not a calendar"):
        get_calendar("MOON")


def test_a_calendar_of_another_version_is_refused() -> None:
    assert isinstance(get_calendar("TARGET@1"), Calendar)
    with pytest.raises(SettlementError, match="not a calendar"):
        get_calendar("TARGET@2")
