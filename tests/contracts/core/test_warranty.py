"""The performance warranty: tests and guarantees, days that count and days that do not."""

from __future__ import annotations

from decimal import Decimal

import pytest

from contracts.core.errors import SettlementError
from contracts.core.schema import parse
from contracts.core.terms import KINDS
from tests.contracts.core.building import day, fact, settle, soh, warranty_data

D = Decimal
QUARTER = "2024-01-01..2024-04-01"  # 91 days; at 36.50 a year each kWh short costs 10 cents a day


def warranty(facts, period=QUARTER, **over):
    return settle("performance-warranty", warranty_data(**over), facts, period)


def test_shortfall_of_a_quarter() -> None:
    # 80 - 70 = 10 % of 60 kWh = 6 kWh for 91 days.
    settlement = warranty([soh("P1", "2024-01-01", "70")])
    assert settlement.total == D("54.60")
    line = settlement.lines[0]
    assert (line.payer, line.payee, str(line.quantity)) == ("warrantor", "beneficiary", "6")


def test_a_test_stands_until_the_next() -> None:
    facts = [soh("P1", "2024-01-01", "70"), soh("P1", "2024-02-01", "85"), soh("P1", "2024-03-01", "75")]
    assert warranty(facts).total == D("27.90")  # 6 kWh x 31 days + 3 kWh x 31 days


@pytest.mark.parametrize(
    ("over", "total"),
    [
        ({"deadband_pct": "2"}, "43.68"),
        ({"uncertainty_pct": "1", "uncertainty_benefit": "SUPPLIER"}, "49.14"),
        ({"uncertainty_pct": "1", "uncertainty_benefit": "OWNER"}, "60.06"),
        ({"uncertainty_pct": "1", "uncertainty_benefit": "NONE"}, "54.60"),
    ],
)
def test_deadband_and_uncertainty(over: dict, total: str) -> None:
    assert warranty([soh("P1", "2024-01-01", "70")], **over).total == D(total)


def test_guarantee_steps_down_on_its_day() -> None:
    facts = [soh("P1", "2024-12-01", "70")]
    settlement = warranty(facts, "2024-12-01..2025-02-01")
    assert settlement.total == D("18.60")  # 31 days at 80 %; from 1 January 70 % is guaranteed


def test_guarantee_on_a_line_is_that_of_the_day_of_the_test() -> None:
    settlement = warranty([soh("P1", "2024-07-01", "70")], "2024-07-01..2024-08-01", interpolation="LINEAR")
    guarantee = next(n for n in settlement.trace if ".guarantee." in n.id)
    assert guarantee.result == 75  # half-way between 80 and 70
    assert settlement.total == D("9.30")


def test_without_a_test_nothing_is_owed_and_the_days_are_unverified() -> None:
    settlement = warranty([])
    assert (settlement.lines, settlement.total) == ((), D("0.00"))
    assert [(f.code, f.subject) for f in settlement.flags] == [("unverified", "P1")]
    assert "91 days" in settlement.flags[0].message_en


def test_an_old_test_no_longer_counts() -> None:
    settlement = warranty([soh("P1", "2024-01-01", "70")], max_test_age_days="31")
    assert settlement.total == D("18.60")
    assert "60 days" in settlement.flags[0].message_en


def test_suppliers_gap_does_not_use_up_the_test() -> None:
    gap = fact("telemetry-gap", "P1", "2024-01-11", until="2024-01-21", cause="supplier")
    settlement = warranty([soh("P1", "2024-01-01", "70"), gap], max_test_age_days="31")
    assert settlement.total == D("24.60")  # 41 days


def test_days_for_which_the_operator_withheld_data_are_not_covered() -> None:
    gap = fact("telemetry-gap", "P1", "2024-01-11", until="2024-01-21", cause="operator")
    settlement = warranty([soh("P1", "2024-01-01", "70"), gap])
    assert settlement.total == D("48.60")  # 81 days
    assert [f.code for f in settlement.flags] == ["excluded"]


def test_use_outside_the_envelope_excludes_its_days_or_ends_cover() -> None:
    facts = [soh("P1", "2024-01-01", "70"), soh("P1", "2024-02-01", "70", temperature_c="55")]
    facts += [soh("P1", "2024-03-01", "70", temperature_c="20")]
    limit = {"envelope_max_temperature_c": "45"}
    assert warranty(facts, **limit).total == D("37.20")  # without February
    assert warranty(facts, **limit, misuse_effect="VOID").total == D("18.60")  # January only


def test_a_replacement_starts_the_curve_again_and_wipes_earlier_tests() -> None:
    replaced = fact("remedy", "P1", "2025-01-11", remedy="REPLACE")
    facts = [soh("P1", "2025-01-01", "60"), replaced, soh("P1", "2025-01-21", "75")]
    settlement = warranty(facts, "2025-01-01..2025-02-01")
    # 10 days at 70 - 60 = 6 kWh; 10 days unverified; 11 days at 80 - 75 = 3 kWh.
    assert settlement.total == D("9.30")
    assert [f.code for f in settlement.flags] == ["unverified"]


def test_cover_ends_with_its_term_even_for_a_replacement() -> None:
    replaced = fact("remedy", "P1", "2025-12-01", remedy="REPLACE")
    facts = [replaced, soh("P1", "2025-12-02", "60")]
    assert warranty(facts, "2026-01-01..2026-04-01").total == 0


def test_throughput_axis_counts_equivalent_full_cycles() -> None:
    curve = [{"axis": "EFC", "at": "0", "pct": "90"}, {"axis": "EFC", "at": "100", "pct": "80"}]
    under = warranty([soh("P1", "2024-01-01", "80", throughput_mwh="5.94")], curve=curve)
    over = warranty([soh("P1", "2024-01-01", "80", throughput_mwh="6")], curve=curve)
    assert (under.total, over.total) == (D("54.60"), D("0.00"))


@pytest.mark.parametrize(("combine", "total"), [("MIN_OF_CURVES", "0.00"), ("BY_AXIS", "54.60")])
def test_two_curves(combine: str, total: str) -> None:
    curve = [
        {"axis": "AGE_MONTHS", "at": "0", "pct": "80"},
        {"axis": "KM", "at": "0", "pct": "80"},
        {"axis": "KM", "at": "1000", "pct": "70"},
    ]
    settlement = warranty([soh("P1", "2024-01-01", "70", km="1000")], curve=curve, combine=combine)
    assert settlement.total == D(total)


def test_a_reading_without_the_axis_of_its_curve_is_refused() -> None:
    curve = [{"axis": "KM", "at": "0", "pct": "80"}]
    with pytest.raises(SettlementError, match="km"):
        warranty([soh("P1", "2024-01-01", "70")], curve=curve)


def test_another_metric_is_not_the_metric() -> None:
    reading = fact("telemetry", "P1", "2024-01-01", metric="POWER", value="10")
    assert warranty([reading]).total == 0


def test_provisional_readings_make_provisional_lines() -> None:
    settlement = warranty([soh("P1", "2024-01-01", "70", status="provisional")])
    assert (settlement.lines[0].status, settlement.status) == ("provisional", "provisional")


def test_earlier_payments_use_up_the_aggregate_cap() -> None:
    paid = fact("payment", "P1", "2024-01-01", amount="90.00", currency="USD", statement="S0")
    settlement = warranty([soh("P1", "2024-01-01", "70"), paid], limits={"aggregate_cap": "100.00"})
    assert settlement.total == D("10.00")


def test_annual_deductible_is_used_once() -> None:
    limits = {"deductible": "60.00", "deductible_kind": "ANNUAL"}
    facts = [soh("P1", "2024-01-01", "70")]
    first = warranty(facts, limits=limits)
    second = warranty(facts, "2024-04-01..2024-07-01", limits=limits)
    assert (first.total, second.total) == (D("0.00"), D("49.20"))


def test_periods_step_from_the_start_and_the_last_is_cut() -> None:
    terms = parse(KINDS["performance-warranty"].schema, warranty_data(end_age_months="7"))
    due = KINDS["performance-warranty"].schedule(terms, day("2024-02-01"), day("2030-01-01"))
    assert [str(d.period) for d in due] == ["2024-04-01..2024-07-01", "2024-07-01..2024-08-01"]


def test_one_asset_may_be_settled_alone() -> None:
    assets = [{"asset": a, "nominal_kwh": "60"} for a in ("P1", "P2")]
    facts = [soh("P1", "2024-01-01", "70"), soh("P2", "2024-01-01", "60")]
    settlement = settle("performance-warranty", warranty_data(assets=assets), facts, QUARTER, subject="P2")
    assert [line.subject for line in settlement.lines] == ["P2"]
