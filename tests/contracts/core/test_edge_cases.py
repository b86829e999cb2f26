"""The table of edge cases that the terms of settlement require: one test a row, named after it."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from contracts.core.commingling import allocate_batch
from contracts.core.errors import SettlementError
from contracts.core.kind import TermsVersion
from contracts.core.rounding import largest_remainder, round_money
from contracts.core.schema import parse
from contracts.core.statement import revision
from contracts.core.terms import KINDS
from contracts.core.trace import Tracer, const
from tests.contracts.core.building import (
    KNOWN,
    amounts,
    assays,
    change,
    daily,
    day,
    fact,
    lease_data,
    lot_facts,
    monthly,
    offtake_data,
    settle,
    soh,
    warranty_data,
)

D = Decimal
LEASED = [monthly("NI", "2024-01", "16000"), change("L", "2024-01-01", "Ni", "10000", 1)]
FINAL = [monthly("NI", "2024-02", "15000"), monthly("NI", "2023-12", "16000")]


def lease(facts: list, period: str = "2024-01-01..2024-02-01", **rest):
    over = rest.pop("data", {})
    return settle("material-lease", lease_data(**over), facts, period, contract_ref="L", **rest)


def lot(facts: list, stage: str = "final", **over):
    return settle("offtake", offtake_data(**over), facts, "2024-01-12..2024-03-01", subject="A", stage=stage)


def version(number: int, effective: str, data: dict, recorded: datetime = datetime(2023, 1, 1, tzinfo=UTC)):
    return TermsVersion(number, day(effective), recorded, parse(KINDS["material-lease"].schema, data))


def test_partial_first_period_is_charged_by_its_days() -> None:
    whole, part = lease(LEASED), lease(LEASED, "2024-01-01..2024-01-16")
    assert (whole.total, part.total) == (D("496.00"), D("240.00"))


def test_two_halves_of_a_split_period_sum_to_the_whole() -> None:
    facts = [monthly("NI", "2024-01", "16103.77"), change("L", "2024-01-01", "Ni", "10000.123", 1)]
    whole = lease(facts)
    parts = [lease(facts, p) for p in ("2024-01-01..2024-01-16", "2024-01-16..2024-02-01")]
    # Two statements round twice; the exact fees add up, and a split of the whole by them loses no cent.
    raw = [next(n for n in s.trace if ".fee." in n.id).raw for s in (whole, *parts)]
    assert raw[0] == raw[1] + raw[2]
    assert sum(largest_remainder(whole.total, raw[1:], 2)) == whole.total


def test_amendment_mid_period_splits_at_its_effective_date_and_names_both_versions() -> None:
    versions = (version(1, "2024-01-01", lease_data()), version(2, "2024-01-16", lease_data(rate_pct="7.2")))
    settlement = lease(LEASED, versions=versions)
    assert amounts(settlement) == [("lease-fee", "240.00"), ("lease-fee", "512.00")]
    assert settlement.versions == (1, 2)


def test_amendment_that_changes_nothing_changes_no_cent() -> None:
    versions = (version(1, "2024-01-01", lease_data()), version(2, "2024-01-16", lease_data(payment_days="60")))
    settlement = lease(LEASED, versions=versions)
    assert amounts(settlement) == [("lease-fee", "496.00")]
    assert settlement.versions == (1, 2)


def test_back_dated_amendment_bills_the_delta_only() -> None:
    recorded_late = datetime(2024, 3, 1, tzinfo=UTC)
    versions = (
        version(1, "2024-01-01", lease_data()),
        version(2, "2024-01-16", lease_data(rate_pct="7.2"), recorded_late),
    )
    before = lease(LEASED, versions=versions, known_at=datetime(2024, 2, 1, tzinfo=UTC))
    after = lease(LEASED, versions=versions, known_at=datetime(2024, 3, 2, tzinfo=UTC))
    assert before.total == D("496.00")
    assert revision(after.components(), [before.components()]) == {"lease-fee.Ni": D("256.00")}


def test_missing_fixing_blocks_and_is_named() -> None:
    with pytest.raises(SettlementError, match="record the published") as caught:
        lease(LEASED[1:])
    assert (caught.value.code, caught.value.subject) == ("missing-price", "NI@2024-01")


def test_missing_fixing_is_estimated_and_flagged_where_the_contract_says_so() -> None:
    facts = [monthly("NI", "2023-12", "15500"), LEASED[1]]
    settlement = lease(facts, data={"missing_price": "ESTIMATE"})
    assert settlement.total == D("480.50")
    assert (settlement.status, [f.code for f in settlement.flags]) == ("estimated", ["estimated"])


def daily_lot(fixings: dict[str, str], **price):
    given = {"series": "NI", "anchor": "ARRIVAL", "frequency": "DAILY", "calendar": "UK.EXCHANGE", **price}
    facts = [*lot_facts(), *assays("A", "Ni", "20", "20"), *(daily("NI", d, v) for d, v in fixings.items())]
    return lot(facts, elements=[{"element": "Ni", "price": given}])


def january(*left_out: str) -> dict[str, str]:
    from contracts.core.calendars import get_calendar
    from contracts.core.period import parse_period

    days = get_calendar("UK.EXCHANGE").business_days(parse_period("2024-01-01..2024-02-01"))
    return {d.isoformat(): "16000" for d in days if d.isoformat() not in left_out}


def test_publication_holiday_is_not_a_missing_fixing() -> None:
    fixings = january()
    assert "2024-01-01" not in fixings
    assert daily_lot(fixings).flags == ()


def test_missing_on_a_publication_day_takes_the_fallbacks_in_order() -> None:
    fixings = january("2024-01-10") | {"2024-01-09": "18200"}
    settlement = daily_lot(fixings, fallback=[{"method": "ALTERNATIVE_SERIES"}, {"method": "PRIOR_PUBLISHED"}])
    average = next(n for n in settlement.trace if n.id.endswith("price.average"))
    assert average.result == D("16200.00")  # 22 days: 20 x 16000 and 2 x 18200
    assert [f.code for f in settlement.flags] == ["fallback"]


def test_day_left_out_where_the_fallback_says_so() -> None:
    settlement = daily_lot(january("2024-01-10"), fallback=[{"method": "SKIP_DAY"}])
    assert len(next(n for n in settlement.trace if n.id.endswith("price.average")).inputs) == 21


def test_more_missing_than_agreed_is_a_disruption_and_blocks_the_final() -> None:
    gone = ("2024-01-10", "2024-01-11")
    with pytest.raises(SettlementError) as caught:
        daily_lot(january(*gone), fallback=[{"method": "PRIOR_PUBLISHED"}], max_missing_days="1")
    assert caught.value.code == "missing-price"


def test_restated_fixing_is_a_new_version_and_resettles_from_when_it_was_known() -> None:
    restated = monthly("NI", "2024-01", "17000", version=2, recorded=datetime(2024, 3, 1, tzinfo=UTC))
    facts = [*LEASED, restated]
    before = lease(facts, known_at=datetime(2024, 2, 2, tzinfo=UTC))
    after = lease(facts, known_at=datetime(2024, 3, 2, tzinfo=UTC))
    assert (before.total, after.total) == (D("496.00"), D("527.00"))


def test_whole_quotational_period_unpublished_takes_the_alternative_series_with_its_spread() -> None:
    price = {
        "series": "NI",
        "fallback": [{"method": "ALTERNATIVE_SERIES"}],
        "alternative_series": "NI2",
        "alternative_spread": "-100",
    }
    facts = [monthly("NI2", "2024-01", "16100"), LEASED[1]]
    assert lease(facts, data={"elements": [{"element": "Ni", "price": price}]}).total == D("496.00")


def test_negative_price_passes_through_and_is_floored_only_where_termed() -> None:
    facts = [monthly("NI", "2024-01", "-100"), LEASED[1]]
    assert lease(facts).total == D("-3.10")
    floored = [{"element": "Ni", "price": {"series": "NI", "floor_zero": "yes"}}]
    assert lease(facts, data={"elements": floored}).total == D("0.00")


def test_negative_line_turns_payer_and_payee_round() -> None:
    line = lease([monthly("NI", "2024-01", "-100"), LEASED[1]]).lines[0]
    assert (line.payer, line.payee) == ("lessor", "lessee")


def test_assay_late_uses_the_binding_party_after_the_deadline_and_not_before() -> None:
    facts = [*lot_facts(), *FINAL, *assays("A", "Ni", "20", "")]
    terms = {"default_binding": "seller", "exchange_deadline_days": "45"}
    early = datetime(2024, 3, 4, tzinfo=UTC)  # 45 days after delivery on 19 January: not over yet
    data = offtake_data(**terms)
    with pytest.raises(SettlementError) as caught:
        settle("offtake", data, facts, "2024-01-12..2024-03-01", subject="A", stage="final", known_at=early)
    assert caught.value.code == "not-final"
    late = datetime(2024, 3, 5, tzinfo=UTC)
    final = settle("offtake", data, facts, "2024-01-12..2024-03-01", subject="A", stage="final", known_at=late)
    assert final.lines[0].quantity == D("2736")  # 19,000 kg x 20 % x 72 %


def test_assay_late_without_a_binding_party_stays_provisional() -> None:
    facts = [*lot_facts(), *FINAL, *assays("A", "Ni", "20", "")]
    assert lot(facts, stage="").stage == "provisional"


def test_no_umpire_before_both_results() -> None:
    facts = [*lot_facts(), *FINAL, *assays("A", "Ni", "20", "", "21")]
    assert lot(facts, stage="").stage == "provisional"


@pytest.mark.parametrize(
    ("rule", "umpire", "agreed", "payer"),
    [
        ("UMPIRE", "20.2", "20.2", "buyer"),
        ("MEAN_CLOSER", "20.2", "20.1", "buyer"),
        ("MIDDLE", "20.2", "20.2", "buyer"),
        ("MIDDLE", "22", "21", "seller"),
        ("MEAN_ALL", "20.5", "20.5", "both"),
        ("MEAN_NEAREST_TWO", "20.9", "20.95", "seller"),
        ("MEAN_CLOSER", "20.5", "20.5", "both"),
    ],
)
def test_umpire_rules_and_who_bears_the_fee(rule: str, umpire: str, agreed: str, payer: str) -> None:
    facts = [*lot_facts(), *FINAL, *assays("A", "Ni", "20", "21", umpire)]
    settlement = lot(facts, umpire_rule=rule)
    quantity = next(n for n in settlement.trace if n.id == "A.Ni.quantity")
    assert quantity.result == 19000 * D(agreed) / 100 * D("0.72")
    words = {"seller": "the seller", "buyer": "the buyer", "both": "both parties, half each"}[payer]
    assert words in next(f for f in settlement.flags if f.code == "umpire").message_en


def test_assays_equal_distance_from_the_umpire_take_its_result() -> None:
    facts = [*lot_facts(), *FINAL, *assays("A", "Ni", "20", "21", "20.5")]
    for rule in ("UMPIRE", "MEAN_CLOSER", "MEAN_NEAREST_TWO"):
        assert lot(facts, umpire_rule=rule).lines[0].quantity == 19000 * D("0.205") * D("0.72")


def test_difference_exactly_the_splitting_limit_is_within() -> None:
    facts = [*lot_facts(), *FINAL]
    within = lot([*facts, *assays("A", "Ni", "20", "20.3")])
    assert within.flags == ()
    with pytest.raises(SettlementError) as caught:
        lot([*facts, *assays("A", "Ni", "20", "20.31")])
    assert caught.value.code == "not-final"


def test_splitting_limit_is_held_against_reported_figures() -> None:
    facts = [*lot_facts(), *FINAL, *assays("A", "Ni", "20.004", "20.304")]
    assert lot(facts).flags == ()  # 20.00 and 20.30 as reported
    tight = [{**offtake_data()["elements"][0], "reporting_dp": "3", "splitting_limit": "0.299"}]
    with pytest.raises(SettlementError):
        lot(facts, elements=tight)


def test_metal_below_the_minimum_deduction_pays_nothing_and_never_less() -> None:
    row = {**offtake_data()["elements"][0], "payable_mode": "PCT_DED", "deduction": "3"}
    settlement = lot([*lot_facts(), *FINAL, *assays("A", "Ni", "2", "2")], elements=[row], treatment_charge="0")
    assert (settlement.lines[0].quantity, settlement.total) == (0, D("0.00"))


@pytest.mark.parametrize("moisture", ["100", "120", "-1"])
def test_moisture_that_leaves_nothing_is_refused(moisture: str) -> None:
    with pytest.raises(SettlementError) as caught:
        lot([*lot_facts(moisture=moisture), *FINAL, *assays("A", "Ni", "20", "20")])
    assert caught.value.code == "bad-fact"


def test_lot_without_weight_is_refused() -> None:
    with pytest.raises(SettlementError) as caught:
        lot([*lot_facts(wet="0"), *FINAL, *assays("A", "Ni", "20", "20")])
    assert caught.value.code == "bad-fact"


def test_lot_above_the_rejection_limit_pays_nothing_and_gives_back_what_was_paid() -> None:
    penalties = [{"element": "F", "threshold": "3", "step": "0.1", "rate_per_step": "5", "reject_above": "5"}]
    paid = fact("payment", "A", "2024-01-13", amount="20000.00", currency="USD", statement="S1")
    facts = [*lot_facts(), *FINAL, *assays("A", "Ni", "20", "20"), *assays("A", "F", "5.2", "5.0"), paid]
    settlement = lot(facts, penalties=penalties)
    assert amounts(settlement) == [("earlier-payment", "-20000.00")]
    assert [f.code for f in settlement.flags] == ["rejected", "refund"]


def test_penalty_unit_must_be_the_assays_unit() -> None:
    penalties = [{"element": "F", "unit": "ppm", "threshold": "300", "step": "100", "rate_per_step": "5"}]
    facts = [*lot_facts(), *FINAL, *assays("A", "Ni", "20", "20"), *assays("A", "F", "0.05", "0.05")]
    with pytest.raises(SettlementError, match="ppm"):
        lot(facts, penalties=penalties)


@pytest.mark.parametrize(("pro_rata", "expected"), [("yes", "-237.50"), ("no", "-190.00")])
def test_penalty_fractions(pro_rata: str, expected: str) -> None:
    penalties = [{"element": "F", "threshold": "3", "step": "0.1", "rate_per_step": "5", "pro_rata": pro_rata}]
    facts = [*lot_facts(), *FINAL, *assays("A", "Ni", "20", "20"), *assays("A", "F", "3.2", "3.3")]
    assert dict(amounts(lot(facts, penalties=penalties)))["penalty"] == expected


def test_nothing_on_lease_charges_nothing_not_even_the_least_fee() -> None:
    settlement = lease([LEASED[0]], data={"min_fee": "500"})
    assert (settlement.lines, settlement.total) == ((), D("0.00"))


def test_same_fact_twice_is_one_fact() -> None:
    assert lease([*LEASED, *LEASED]).canonical_bytes() == lease(LEASED).canonical_bytes()


def test_two_contents_under_one_version_are_refused() -> None:
    with pytest.raises(SettlementError) as caught:
        lease([*LEASED, monthly("NI", "2024-01", "99999")])
    assert caught.value.code == "bad-fact"


def test_leap_day_is_counted_on_360_days() -> None:
    facts = [monthly("NI", "2024-02", "16000"), change("L", "2024-01-01", "Ni", "10000", 1)]
    assert lease(facts, "2024-02-01..2024-03-01").total == D("464.00")  # 29 days


def test_warranty_that_starts_on_29_february_ends_on_28() -> None:
    data = warranty_data(start="2024-02-29", end_age_months="12")
    facts = [soh("P1", "2024-02-29", "60")]
    settlement = settle("performance-warranty", data, facts, "2025-02-01..2025-03-01")
    assert settlement.lines[0].description_en == "Damages, P1: 27 days below guarantee"


def test_month_end_schedule_steps_from_the_anchor() -> None:
    terms = parse(KINDS["performance-warranty"].schema, warranty_data(start="2024-01-31", settlement_months="1"))
    due = KINDS["performance-warranty"].schedule(terms, day("2024-01-01"), day("2024-05-01"))
    assert [str(d.period) for d in due] == [
        "2024-01-31..2024-02-29",
        "2024-02-29..2024-03-31",
        "2024-03-31..2024-04-30",
        "2024-04-30..2024-05-31",
    ]


def test_payment_on_a_holiday_moves_and_the_accrual_does_not() -> None:
    terms = parse(KINDS["material-lease"].schema, lease_data(payment_days="25"))
    january_due = KINDS["material-lease"].schedule(terms, day("2024-01-01"), day("2024-12-31"))[10]
    assert str(january_due.period) == "2024-11-01..2024-12-01"
    assert january_due.payment_date.isoformat() == "2024-12-27"  # 26 December is closed in TARGET


def test_cap_exhausted_pays_in_order_of_occurrence_and_records_the_rest() -> None:
    data = warranty_data(
        assets=[{"asset": a, "nominal_kwh": "60"} for a in ("P1", "P2")], limits={"per_period_cap": "100.00"}
    )
    # P2 falls short first: 10 % of 60 kWh for 31 days; P1 from the 11th.
    facts = [soh("P1", "2024-01-11", "70"), soh("P2", "2024-01-01", "50")]
    settlement = settle("performance-warranty", data, facts, "2024-01-01..2024-02-01")
    assert [(line.subject, str(line.amount)) for line in settlement.lines] == [("P2", "55.80"), ("P1", "12.60")]
    data["limits"] = {"per_period_cap": "60.00"}
    capped = settle("performance-warranty", data, facts, "2024-01-01..2024-02-01")
    assert [(line.subject, str(line.amount)) for line in capped.lines] == [("P2", "55.80"), ("P1", "4.20")]
    assert next(f for f in capped.flags if f.code == "capped").subject == "P1"


def test_two_claims_for_one_shortfall_are_netted() -> None:
    data = warranty_data(ld_basis="CUMULATIVE")
    facts = [soh("P1", "2024-01-01", "70")]
    first = settle("performance-warranty", data, facts, "2024-01-01..2024-04-01")
    paid = fact("payment", "P1", "2024-04-01", amount=str(first.total), currency="USD", statement="S1")
    second = settle("performance-warranty", data, [*facts, paid], "2024-04-01..2024-07-01")
    both = settle("performance-warranty", data, facts, "2024-01-01..2024-07-01")
    assert first.total + second.total == both.total


def test_final_below_provisional_is_a_refund() -> None:
    facts = [*lot_facts(), *FINAL, *assays("A", "Ni", "20", "20")]
    paid = fact("payment", "A", "2024-01-13", amount="99999.00", currency="USD", statement="S1")
    settlement = lot([*facts, paid])
    assert settlement.total < 0
    last = settlement.lines[-1]
    assert (last.code, last.payer, last.payee) == ("earlier-payment", "seller", "buyer")
    assert "refund" in [f.code for f in settlement.flags]


def test_final_above_the_first_estimate_is_not_cut_to_it() -> None:
    facts = [*lot_facts(), monthly("NI", "2023-12", "16000"), monthly("NI", "2024-02", "32000")]
    facts += assays("A", "Ni", "20", "20")
    provisional = lot(facts, stage="provisional")
    paid = fact("payment", "A", "2024-01-13", amount=str(provisional.total), currency="USD", statement="S1")
    final = lot([*facts, paid])
    assert final.total > provisional.total
    assert final.total + provisional.total == lot(facts).total


def test_asset_sold_mid_period_is_split_by_day() -> None:
    whole = lease(LEASED)
    out = lease(LEASED, "2024-01-01..2024-01-12")
    into = lease(LEASED, "2024-01-12..2024-02-01")
    assert (out.total, into.total) == (D("176.00"), D("320.00"))
    assert out.total + into.total == whole.total


def test_asset_destroyed_with_leased_metal_stops_the_fee_that_day_and_charges_its_value() -> None:
    lost = change("L", "2024-01-16", "Ni", "-10000", 2, cause="casualty")
    settlement = lease([*LEASED, lost])
    assert amounts(settlement) == [("lease-fee", "240.00"), ("casualty", "160000.00")]
    assert settlement.closing == {"Ni": 0}


def test_casualty_that_the_lessor_bears_is_flagged_and_not_charged() -> None:
    lost = change("L", "2024-01-16", "Ni", "-10000", 2, cause="casualty")
    settlement = lease([*LEASED, lost], data={"casualty_bearer": "LESSOR"})
    assert amounts(settlement) == [("lease-fee", "240.00")]
    assert [f.code for f in settlement.flags] == ["casualty-borne-by-lessor"]


def recovery(contained: str):
    return fact("recovery", "L", "2024-01-20", element="Ni", leased_kg="1000", contained_kg=contained)


def test_recovery_above_what_was_leased_is_allowed_within_tolerance_and_held_above() -> None:
    data = {"surplus_share_pct": "50", "over_recovery_tolerance_pct": "2"}
    within = lease([*LEASED, recovery("1020")], data=data)
    assert ("return-surplus", "-160.00") in amounts(within)  # half of 20 kg at 16 USD
    above = lease([*LEASED, recovery("1020.001")], data=data)
    assert [f.code for f in above.flags] == ["over-recovery"]
    assert "return-surplus" not in dict(amounts(above))


def test_recovery_below_what_is_due_is_charged() -> None:
    row = {
        "element": "Ni",
        "price": {"series": "NI"},
        "process_loss_pct": "2",
        "use_loss_pct": "1",
        "accountability_pct": "98",
    }
    settlement = lease([*LEASED, recovery("900")], data={"elements": [row], "shortfall_price_pct": "110"})
    # due 1000 x 0.98 x 0.99 = 970.2; credited 900 x 0.98 = 882; short 88.2 kg x 16 USD x 1.1
    assert dict(amounts(settlement))["return-shortfall"] == "1552.32"


def test_commingled_lot_of_several_lessors_is_shared_out_to_the_last_gram() -> None:
    put_in = {"C": const("c", D("1"), "kg"), "A": const("a", D("1"), "kg"), "B": const("b", D("1"), "kg")}
    shares = allocate_batch(Tracer(), const("batch", D("100.000"), "kg"), put_in)
    assert {k: str(n.result) for k, n in shares.items()} == {"A": "33.334", "B": "33.333", "C": "33.333"}


def test_fx_missing_is_named_like_a_price() -> None:
    price = {"series": "NI", "currency": "EUR", "fx_series": "EURUSD"}
    facts = [monthly("NI", "2024-01", "15000", currency="EUR"), LEASED[1]]
    with pytest.raises(SettlementError) as caught:
        lease(facts, data={"elements": [{"element": "Ni", "price": price}]})
    assert (caught.value.code, caught.value.subject) == ("missing-fx", "EURUSD@2024-01")


@pytest.mark.parametrize("mode", ["DAILY", "AVG_OF_AVG"])
def test_foreign_price_is_converted(mode: str) -> None:
    price = {"series": "NI", "currency": "EUR", "fx_series": "EURUSD", "fx_mode": mode}
    rate = fact("fx", "EURUSD", "2024-01-01", rate="1.10", period="2024-01")
    facts = [monthly("NI", "2024-01", "15000", currency="EUR"), rate, LEASED[1]]
    assert lease(facts, data={"elements": [{"element": "Ni", "price": price}]}).lines[0].unit_price == 16500


def test_foreign_price_is_divided_by_an_inverse_rate() -> None:
    price = {"series": "NI", "currency": "EUR", "fx_series": "USDEUR"}
    rate = fact("fx", "USDEUR", "2024-01-01", rate="0.8", period="2024-01")
    facts = [monthly("NI", "2024-01", "12000", currency="EUR"), rate, LEASED[1]]
    assert lease(facts, data={"elements": [{"element": "Ni", "price": price}]}).lines[0].unit_price == 15000


@pytest.mark.parametrize(("currency", "expected"), [("JPY", "496"), ("KWD", "496.000"), ("USD", "496.00")])
def test_minor_unit_of_the_currency(currency: str, expected: str) -> None:
    facts = [monthly("NI", "2024-01", "16000", currency=currency), LEASED[1]]
    settlement = lease(facts, data={"currency": currency})
    assert (str(settlement.lines[0].amount), str(settlement.total)) == (expected, expected)


def test_half_a_cent_goes_away_from_zero_on_both_signs() -> None:
    assert (str(round_money(D("10.005"), "USD")), str(round_money(D("-10.005"), "USD"))) == ("10.01", "-10.01")


@pytest.mark.parametrize("kind", ["material-lease", "offtake", "performance-warranty"])
def test_zero_day_period_has_no_statement(kind: str) -> None:
    data = {"material-lease": lease_data, "offtake": offtake_data, "performance-warranty": warranty_data}[kind]()
    with pytest.raises(SettlementError) as caught:
        settle(kind, data, [], "2024-01-01..2024-01-01")
    assert caught.value.code == "bad-period"


def test_return_on_the_first_day_is_not_charged_and_on_the_last_is_excluded() -> None:
    back_at_once = [LEASED[0], *LEASED[1:], change("L", "2024-01-01", "Ni", "-10000", 2)]
    assert lease(back_at_once).lines == ()
    back_at_end = [*LEASED, change("L", "2024-01-31", "Ni", "-10000", 2)]
    assert lease(back_at_end).total == D("480.00")  # 30 days


def test_more_returned_than_delivered_is_refused() -> None:
    with pytest.raises(SettlementError) as caught:
        lease([*LEASED, change("L", "2024-01-16", "Ni", "-10000.001", 2)])
    assert (caught.value.code, caught.value.subject) == ("negative-balance", "Ni")


def test_order_of_facts_and_time_of_asking_leave_the_bytes_alone() -> None:
    facts = [*LEASED, change("L", "2024-01-16", "Ni", "-2500.5", 2)]
    assert lease(facts).canonical_bytes() == lease(facts[::-1]).canonical_bytes()


def test_known_at_is_part_of_the_statement() -> None:
    assert lease(LEASED, known_at=KNOWN).sha256() != lease(LEASED, known_at=datetime(2031, 1, 1, tzinfo=UTC)).sha256()
