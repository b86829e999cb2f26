"""The material lease beyond its edge cases: several elements, schedules, buy-out, rates."""

from __future__ import annotations

from decimal import Decimal

from contracts.core.schema import parse
from contracts.core.terms import KINDS
from tests.contracts.core.building import amounts, change, daily, day, lease_data, monthly, settle

D = Decimal
TWO = [
    {"element": "Ni", "price": {"series": "NI"}},
    {"element": "Co", "price": {"series": "CO"}, "rate_pct": "5"},
]
FACTS = [
    monthly("NI", "2024-01", "16000"),
    monthly("CO", "2024-01", "30000"),
    change("L", "2024-01-01", "Ni", "10000", 1),
    change("L", "2024-01-01", "Co", "2000", 1),
]


def lease(facts, period="2024-01-01..2024-02-01", **over):
    return settle("material-lease", lease_data(**over), facts, period, contract_ref="L")


def test_one_line_for_each_element() -> None:
    settlement = lease(FACTS, elements=TWO)
    # 160,000 x 3.6 % x 31/360 and 60,000 x 5 % x 31/360
    assert amounts(settlement) == [("lease-fee", "496.00"), ("lease-fee", "258.33")]
    assert settlement.total == D("754.33")
    assert list(settlement.components()) == ["lease-fee.Co", "lease-fee.Ni"]


def test_a_quarter_is_priced_month_by_month() -> None:
    facts = [*FACTS[2:3], *(monthly("NI", f"2024-0{m}", str(15000 + m * 1000)) for m in (1, 2, 3))]
    settlement = lease(facts, "2024-01-01..2024-04-01", fee_frequency_months="3")
    assert [line.unit_price for line in settlement.lines] == [16000, 17000, 18000]
    assert amounts(settlement) == [("lease-fee", "496.00"), ("lease-fee", "493.00"), ("lease-fee", "558.00")]


def test_period_end_price_values_all_days() -> None:
    facts = [*FACTS[2:3], monthly("NI", "2024-03", "18000")]
    settlement = lease(facts, "2024-01-01..2024-04-01", fee_price_basis="PERIOD_END", fee_frequency_months="3")
    assert amounts(settlement) == [("lease-fee", "1638.00")]  # 91 days


def test_another_contracts_material_is_not_charged() -> None:
    assert lease([*FACTS[:1], change("OTHER", "2024-01-01", "Ni", "10000", 1)]).lines == ()


def test_nothing_is_charged_before_commencement() -> None:
    settlement = lease(FACTS[:3], commencement="2024-01-16")
    assert settlement.total == D("256.00")


def test_floating_rate_is_reset_on_its_day() -> None:
    benchmarks = [daily("SOFR", "2023-12-29", "5.0", unit="t"), daily("SOFR", "2024-01-16", "6.2", unit="t")]
    settlement = lease([*FACTS[:3], *benchmarks], rate_type="FLOATING", benchmark_series="SOFR", spread_pct="-1.4")
    # 3.6 % for 15 days, 4.8 % for 16 days
    assert amounts(settlement) == [("lease-fee", "240.00"), ("lease-fee", "341.33")]


def test_fee_per_kilogram_and_month() -> None:
    rows = [{"element": "Ni", "price": {"series": "NI"}, "fee_per_kg_month": "0.31"}]
    settlement = lease([change("L", "2024-01-16", "Ni", "1000", 1)], rate_type="PER_KG_MONTH", elements=rows)
    assert settlement.total == D("160.00")  # 16 of 31 days


def test_buy_out_at_price_and_premium() -> None:
    bought = change("L", "2024-01-16", "Ni", "-1000", 2, cause="bought-out")
    settlement = lease([*FACTS[:1], FACTS[2], bought], buyout_premium_pct="5")
    assert dict(amounts(settlement))["buy-out"] == "16800.00"
    assert settlement.closing == {"Ni": D(9000)}


def test_price_block_in_order() -> None:
    price = {
        "series": "NI",
        "factor": "2",
        "adder": "1000",
        "adder_pct": "10",
        "participation": [{"start": "30000", "share_pct": "50"}],
        "cap": "33000",
        "unit_price_dp": "0",
    }
    settlement = lease(FACTS[:1] + FACTS[2:3], elements=[{"element": "Ni", "price": price}])
    # 16000 x 2 = 32000; + 1000 = 33000; x 1.1 = 36300; above 30000 half counts: 33150; capped
    assert settlement.lines[0].unit_price == 33000


def test_schedule_is_of_calendar_months_with_stubs_at_both_ends() -> None:
    terms = parse(KINDS["material-lease"].schema, lease_data(commencement="2024-01-17", maturity="2024-03-20"))
    due = KINDS["material-lease"].schedule(terms, day("2024-01-01"), day("2025-01-01"))
    assert [str(d.period) for d in due] == [
        "2024-01-17..2024-02-01",
        "2024-02-01..2024-03-01",
        "2024-03-01..2024-03-20",
    ]


def test_what_is_still_on_lease_at_maturity_goes_on_until_returned() -> None:
    terms = parse(KINDS["material-lease"].schema, lease_data(commencement="2024-01-17", maturity="2024-03-20"))
    facts = [change("L", "2024-01-17", "Ni", "5", 1), change("L", "2024-04-10", "Ni", "-5", 2)]
    due = KINDS["material-lease"].schedule(terms, day("2024-03-01"), day("2025-01-01"), facts=facts)
    assert [str(d.period) for d in due] == [
        "2024-03-01..2024-03-20",
        "2024-03-20..2024-04-01",
        "2024-04-01..2024-05-01",
    ]


def test_least_fee_of_a_stub_is_in_proportion() -> None:
    settlement = lease(FACTS[:3], "2024-01-17..2024-02-01", min_fee="1000", commencement="2024-01-17")
    assert settlement.total == D("483.87")  # 15 of 31 days


def test_least_fee_of_what_follows_maturity_is_in_proportion_to_the_whole_period() -> None:
    facts = [change("L", "2024-01-01", "Ni", "1", 1), *(monthly("NI", f"2024-0{m}", "0") for m in range(1, 7))]
    over = {"min_fee": "910", "fee_frequency_months": "3", "maturity": "2024-05-20"}
    before = lease(facts, "2024-04-01..2024-05-20", **over)
    after = lease(facts, "2024-05-20..2024-07-01", **over)
    assert (before.total, after.total) == (D("490.00"), D("420.00"))  # 49 and 42 of 91 days
