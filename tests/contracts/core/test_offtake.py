"""The offtake beyond its edge cases: stages, weights, charges, payable modes, schedules."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from contracts.core.errors import SettlementError
from contracts.core.facts import resolve
from contracts.core.schema import parse
from contracts.core.terms import KINDS
from tests.contracts.core.building import (
    KNOWN,
    amounts,
    assays,
    daily,
    day,
    fact,
    lot_facts,
    monthly,
    offtake_data,
    settle,
)

D = Decimal
PRICES = [monthly("NI", "2023-12", "16000"), monthly("NI", "2024-01", "99000"), monthly("NI", "2024-02", "15000")]
FACTS = [*lot_facts(), *assays("A", "Ni", "20", "20"), *PRICES]


def lot(facts=FACTS, stage="final", **over):
    return settle("offtake", offtake_data(**over), facts, "2024-01-12..2024-03-01", subject="A", stage=stage)


def test_final_settlement() -> None:
    # 19,000 kg dry x 20 % x 72 % = 2,736 kg at 15,000; 19 t at 900
    settlement = lot()
    assert amounts(settlement) == [("metal-value", "41040.00"), ("treatment-charge", "-17100.00")]
    assert (settlement.total, settlement.stage, settlement.status) == (D("23940.00"), "final", "final")


def test_provisional_settlement_is_a_share_at_the_price_of_the_month_before() -> None:
    settlement = lot(stage="provisional")
    # 2,736 kg at 16,000 = 43,776; less 17,100 = 26,676; 90 % of it
    assert [a for _, a in amounts(settlement)] == ["43776.00", "-17100.00", "-2667.60"]
    assert (settlement.total, settlement.status) == (D("24008.40"), "provisional")


def test_provisional_at_the_last_published_price() -> None:
    price = {"series": "NI", "anchor": "ARRIVAL", "frequency": "DAILY", "calendar": "UK.EXCHANGE"}
    row = {"element": "Ni", "price": price, "payable_pct": "72"}
    facts = [
        *FACTS,
        daily("NI", "2024-01-10", "17000"),
        daily("NI", "2024-01-11", "18000"),
        daily("NI", "2024-01-12", "1"),
    ]
    settlement = lot(facts, "provisional", elements=[row], provisional_price="LAST_PUBLISHED")
    assert settlement.lines[0].unit_price == 18000


def test_provisional_without_the_month_before_uses_the_last_published_and_says_so() -> None:
    facts = [*lot_facts(), *assays("A", "Ni", "20", "20"), monthly("NI", "2023-11", "14000")]
    settlement = lot(facts, "provisional")
    assert settlement.lines[0].unit_price == 14000
    assert [(f.code, f.subject) for f in settlement.flags] == [("fallback", "NI@2023-12")]


def test_stage_left_open_is_final_only_when_everything_is() -> None:
    assert lot(stage="").stage == "final"
    waiting = [f for f in FACTS if f.id != "NI-2024-02"]
    assert lot(waiting, stage="").stage == "provisional"
    early = fact("weight", "A", "2024-01-12", name="A-weight", status="provisional", net_wet_kg="20000")
    assert lot([f for f in FACTS if f.id != "A-weight"] + [early], stage="").stage == "provisional"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        (monthly("NI", "2024-02", "15000", status="provisional"), "not-final"),
        (fact("weight", "A", "2024-01-12", name="A-weight", status="provisional", net_wet_kg="20000"), "not-final"),
        (fact("moisture", "A", "2024-01-12", name="A-moisture", status="provisional", moisture_pct="5"), "not-final"),
        (assays("A", "Ni", "20", "20", status="provisional")[0], "not-final"),
    ],
)
def test_final_needs_final_facts(changed, code: str) -> None:
    with pytest.raises(SettlementError) as caught:
        lot([f for f in FACTS if f.id != changed.id] + [changed])
    assert caught.value.code == code


@pytest.mark.parametrize("gone", ["A-arrived", "A-weight", "A-moisture", "assay", "A-shipped"])
def test_what_a_lot_lacks_is_named(gone: str) -> None:
    with pytest.raises(SettlementError) as caught:
        lot([f for f in FACTS if not f.id.startswith(gone)])
    assert (caught.value.code, caught.value.subject[:2]) == ("missing-fact", "A:")


def test_final_weight_replaces_the_bill_of_lading() -> None:
    outturn = fact("weight", "A", "2024-01-20", name="A-outturn", net_wet_kg="19000")
    assert lot([*FACTS, outturn]).lines[0].quantity == D("2599.2")


def test_moistures_of_both_parties_are_averaged() -> None:
    both = [
        fact("moisture", "A", "2024-01-20", name=f"m-{party}", moisture_pct=pct, party=party)
        for party, pct in (("seller", "4"), ("buyer", "6"))
    ]
    assert lot([f for f in FACTS if f.id != "A-moisture"] + both).total == lot().total


def test_franchise_and_rounding_of_dry_weight() -> None:
    facts = [*lot_facts(wet="20000.7", moisture="5.03"), *assays("A", "Ni", "20", "20"), *PRICES]
    settlement = lot(facts, franchise_pct="0.5")
    dry = next(n for n in settlement.trace if n.id == "A.dry")
    net = next(n for n in settlement.trace if n.id == "A.net-dry")
    assert (str(dry.result), net.result) == ("18995", D("18900.025"))


@pytest.mark.parametrize(
    ("over", "expected"),
    [
        ({"treatment_charge": "900", "treatment_basis": "wmt"}, "-18000.00"),
        ({"treatment_charge": "900", "min_treatment_charge": "20000"}, "-20000.00"),
        ({"treatment_charge": "900", "min_treatment_charge": "1000"}, "-17100.00"),
    ],
)
def test_treatment_charge(over: dict, expected: str) -> None:
    assert dict(amounts(lot(**over)))["treatment-charge"] == expected


@pytest.mark.parametrize(("grade", "pct"), [("3", "0"), ("4", "93"), ("9.99", "93"), ("10", "95"), ("25", "96")])
def test_payable_bands(grade: str, pct: str) -> None:
    bands = [{"content_from": f, "payable_pct": p} for f, p in (("4", "93"), ("10", "95"), ("20", "96"))]
    row = {**offtake_data()["elements"][0], "payable_mode": "BAND", "bands": bands}
    facts = [*lot_facts(), *assays("A", "Ni", grade, grade), *PRICES]
    assert lot(facts, elements=[row]).lines[0].quantity == 190 * D(grade) * D(pct) / 100


@pytest.mark.parametrize(("grade", "kg"), [("1.99", "0"), ("2", "273.6")])
def test_payable_threshold(grade: str, kg: str) -> None:
    row = {**offtake_data()["elements"][0], "payable_mode": "THRESHOLD", "deduction": "2"}
    facts = [*lot_facts(), *assays("A", "Ni", grade, grade), *PRICES]
    assert lot(facts, elements=[row]).lines[0].quantity == D(kg)


def test_relative_splitting_limit_is_of_the_mean() -> None:
    row = {**offtake_data()["elements"][0], "splitting_limit": "1", "splitting_basis": "REL"}
    within = [*lot_facts(), *assays("A", "Ni", "19.90", "20.10"), *PRICES]
    assert lot(within, elements=[row]).flags == ()
    outside = [*lot_facts(), *assays("A", "Ni", "19.89", "20.10"), *PRICES]
    with pytest.raises(SettlementError, match="umpire"):
        lot(outside, elements=[row])


def test_lots_of_a_period_settle_together() -> None:
    other = [*lot_facts("B"), *assays("B", "Ni", "10", "10")]
    settlement = settle("offtake", offtake_data(), [*FACTS, *other], "2024-01-01..2024-02-01")
    assert {line.subject for line in settlement.lines} == {"A", "B"}
    assert settlement.stage == "final"
    assert settle("offtake", offtake_data(), FACTS, "2024-02-01..2024-03-01").lines == ()


def test_payment_in_another_currency_is_refused() -> None:
    paid = fact("payment", "A", "2024-01-13", amount="1", currency="EUR")
    with pytest.raises(SettlementError, match="EUR"):
        lot([*FACTS, paid])


def test_lots_fall_due_on_their_trigger_and_after_their_last_quotational_period() -> None:
    terms = parse(KINDS["offtake"].schema, offtake_data())
    schedule = KINDS["offtake"].schedule
    due = schedule(terms, day("2024-01-01"), day("2025-01-01"), facts=FACTS)
    assert [(str(d.period), d.subject, d.stage) for d in due] == [
        ("2024-01-12..2024-01-13", "A", "provisional"),
        ("2024-01-12..2024-03-01", "A", "final"),
    ]
    afloat = [f for f in FACTS if f.id != "A-arrived"]
    assert [d.stage for d in schedule(terms, day("2024-01-01"), day("2025-01-01"), facts=afloat)] == ["provisional"]
    assert schedule(terms, day("2024-02-01"), day("2025-01-01"), facts=FACTS) == ()


def test_a_fact_is_known_from_the_moment_it_was_recorded() -> None:
    moment = datetime(2024, 2, 1, 12, tzinfo=UTC)
    recorded = fact("milestone", "A", "2024-01-12", event="shipment", recorded=moment)
    assert resolve([recorded], moment) == (recorded,)
    assert resolve([recorded], datetime(2024, 2, 1, 11, 59, 59, tzinfo=UTC)) == ()
    assert resolve([recorded], KNOWN) == (recorded,)
