"""Kinds whose statements build on each other: a lot's provisional and final settlement, a warranty's quarters."""

from datetime import date
from decimal import Decimal

import pytest

from contracts.selectors import contract_detail
from contracts.services import NewFact, agree, create_draft, propose, record_facts, sign_version
from lode.market.services import PriceRow, record_prices
from lode.parties.actor import Actor
from lode.settlement.models import SettlementRun, Statement
from lode.settlement.selectors import recompute_statement, statement_detail
from lode.settlement.services import approve_statement, issue_statement, plan_due, settle_due, settle_period, sweep
from tests.settlement.world import LESSEE, LESSOR, PREPARER, at

SELLER, BUYER = LESSOR, LESSEE
OFFTAKE = {
    "elements": [
        {
            "element": "Ni",
            "price": {"series": "nickel", "unit": "t", "anchor": "ARRIVAL", "offset_months": "0"},
            "payable_mode": "PCT",
            "payable_pct": "70",
            "splitting_limit": "0.5",
        }
    ],
    "penalties": [],
    "treatment_charge": "0",
    "freight_per_lot": "0",
    "provisional_pct": "90",
    "commencement": "2024-01-01",
    "maturity": "2026-01-01",
}
WARRANTY = {
    "assets": [{"asset": "PACK-1", "nominal_kwh": "100"}],
    "start": "2024-01-01",
    "end_age_months": "24",
    "curve": [{"axis": "AGE_MONTHS", "at": "0", "pct": "90"}],
    "interpolation": "STEP",
    "deadband_pct": "0",
    "uncertainty_pct": "0",
    "ld_rate": "40",
    "ld_basis": "CUMULATIVE",
    "settlement_months": "3",
    "limits": {"aggregate_cap": "250.00"},
}


def signed(kind, terms):
    now = at(1, 1)
    ref = create_draft(actor=LESSOR, kind=kind, counterparty="voltaic", terms=terms, now=now)
    propose(actor=LESSOR, ref=ref, now=now)
    agree(actor=LESSEE, ref=ref, number=1, now=now)
    for actor in (LESSOR, LESSEE):
        version = contract_detail(ref=ref, party=actor.organisation, as_of=now.date()).versions[-1]
        sign_version(actor=actor, ref=ref, number=1, text_sha256=version.text_sha256, now=now)
    return ref


def record(actor, ref, now, *facts):
    new = [NewFact(kind, subject, day, "test", value) for kind, subject, day, value in facts]
    return record_facts(actor=actor, ref=ref, facts=new, now=now)


def assay(party, value, day=25):
    said = {"element": "Ni", "party": party, "value": value, "unit": "%"}
    return ("assay", "LOT-3", date(2024, 2, day), said)


@pytest.fixture
def offtake(world):
    """A lot shipped on 20 January and arrived on 5 February: 10 t wet, 2 % moisture, 20 % nickel by the seller."""
    ref = signed("offtake", OFFTAKE)
    december = [PriceRow(date(2023, 12, 1), Decimal("17500.00"))]
    record_prices(series="nickel", rows=december, actor=PREPARER, now=at(1, 3))
    shipped, arrived = date(2024, 1, 20), date(2024, 2, 5)
    record(
        SELLER,
        ref,
        at(1, 20),
        ("milestone", "LOT-3", shipped, {"event": "shipment"}),
        ("weight", "LOT-3", shipped, {"net_wet_kg": "10000"}),
        ("moisture", "LOT-3", shipped, {"moisture_pct": "2"}),
    )
    record(SELLER, ref, at(1, 21), assay("seller", "20.0"))
    record(BUYER, ref, at(2, 5), ("milestone", "LOT-3", arrived, {"event": "arrival"}))
    return ref


def issue(statement, month, day):
    issuer = Actor(statement_detail(ref=statement, party=None).summary.issuer, "finance", 11)
    approve_statement(ref=statement, actor=issuer, now=at(month, day))
    issue_statement(ref=statement, actor=issuer, now=at(month, day))


def runs(ref):
    return {
        run.purpose: (run.state, run.error_code)
        for run in SettlementRun.objects.filter(contract_ref=ref).order_by("-purpose")
    }


def test_a_lot_is_paid_provisionally_and_then_finally_less_what_was_paid(offtake):
    settle_due(as_of=date(2024, 2, 3), now=at(2, 3))
    provisional = Statement.objects.get(contract_ref=offtake)
    # 10,000 kg x 98 % x 20 % x 70 % = 1,372 kg at December's 17,500 USD/t, of which 90 % is paid.
    assert (provisional.ref, provisional.total) == (f"ST-{offtake}-LOT-3-provisional-r1", Decimal("21609.00"))
    issue(provisional.ref, 2, 4)

    record(BUYER, offtake, at(2, 26), assay("buyer", "20.2"))
    settle_due(as_of=date(2024, 3, 3), now=at(3, 3))
    final = Statement.objects.get(contract_ref=offtake, purpose="final")
    # The mean of both assays, 20.1 %: 1,378.86 kg at February's 18,600 USD/t, less what was paid.
    assert final.ref == f"ST-{offtake}-LOT-3-final-r1"
    assert final.total == Decimal("25646.80") - Decimal("21609.00")
    assert {line.component: line.amount for line in final.lines.all()}["earlier-payment"] == Decimal("-21609.00")
    assert recompute_statement(ref=final.ref, party=None).same
    issue(final.ref, 3, 4)
    assert sum(row.amount_due for row in Statement.objects.filter(contract_ref=offtake)) == Decimal("25646.80")


def test_what_was_paid_is_taken_off_whatever_moment_is_asked_for(offtake):
    record(BUYER, offtake, at(2, 6), assay("buyer", "20.2"))
    settle_due(as_of=date(2024, 2, 3), now=at(3, 20))
    issue(Statement.objects.get(contract_ref=offtake).ref, 3, 20)
    final = {"start": date(2024, 1, 20), "end": date(2024, 3, 1)}
    (outcome,) = settle_period(contract_ref=offtake, **final, actor=PREPARER, now=at(3, 21), known_at=at(3, 3))
    statement = Statement.objects.get(ref=outcome.statement)
    assert statement.total < Decimal("5000.00")
    assert sum(row.amount_due for row in Statement.objects.filter(contract_ref=offtake)) == Decimal("25646.80")
    assert recompute_statement(ref=statement.ref, party=None).same


def test_the_final_settlement_waits_until_the_provisional_one_is_issued(offtake):
    record(BUYER, offtake, at(2, 26), assay("buyer", "20.2"))
    settle_due(as_of=date(2024, 3, 3), now=at(3, 3))
    assert runs(offtake) == {"provisional": ("done", ""), "final": ("blocked", "earlier-period-open")}
    issue(Statement.objects.get(contract_ref=offtake).ref, 3, 4)
    assert runs(offtake)["final"][0] == "due"
    final = SettlementRun.objects.get(contract_ref=offtake, purpose="final")
    assert final.pk in sweep(now=at(3, 4)).run_ids
    settle_due(as_of=date(2024, 3, 4), now=at(3, 4))
    assert runs(offtake) == {"provisional": ("done", ""), "final": ("done", "")}


def test_a_final_settlement_asked_for_first_still_waits(offtake):
    record(BUYER, offtake, at(2, 26), assay("buyer", "20.2"))
    final = {"start": date(2024, 1, 20), "end": date(2024, 3, 1)}
    (outcome,) = settle_period(contract_ref=offtake, **final, actor=PREPARER, now=at(3, 3))
    assert (outcome.state, outcome.code) == ("blocked", "earlier-period-open")
    assert runs(offtake)["provisional"][0] == "due"


def test_an_assay_that_is_missing_blocks_and_its_arrival_wakes(offtake):
    settle_due(as_of=date(2024, 2, 3), now=at(2, 3))
    issue(Statement.objects.get(contract_ref=offtake).ref, 2, 4)
    settle_due(as_of=date(2024, 3, 3), now=at(3, 3))
    run = SettlementRun.objects.get(contract_ref=offtake, purpose="final")
    assert run.state == "blocked"
    assert "LOT-3" in run.error_sentence
    assert not run.statements.exists()
    record(BUYER, offtake, at(3, 5), assay("buyer", "20.2"))
    assert plan_due(as_of=date(2024, 3, 6), now=at(3, 6)).reopened == (run.pk,)


def test_a_corrected_assay_revises_the_final_statement_by_the_difference(offtake):
    settle_due(as_of=date(2024, 2, 3), now=at(2, 3))
    issue(Statement.objects.get(contract_ref=offtake).ref, 2, 4)
    (kept,) = record(BUYER, offtake, at(2, 26), assay("buyer", "20.2"))
    settle_due(as_of=date(2024, 3, 3), now=at(3, 3))
    issue(f"ST-{offtake}-LOT-3-final-r1", 3, 4)
    corrected = NewFact("assay", "LOT-3", date(2024, 2, 25), "test", assay("buyer", "20.4")[3], corrects=kept.id)
    record_facts(actor=BUYER, ref=offtake, facts=[corrected], now=at(3, 9))
    settle_due(as_of=date(2024, 3, 10), now=at(3, 10))
    second = Statement.objects.get(contract_ref=offtake, purpose="final", revision=2)
    # 20.2 %: 1,385.72 kg x 18.6 = 25,774.392, rounded once, less 25,646.80 that both statements came to.
    assert second.amount_due == Decimal("25774.39") - Decimal("25646.80")
    assert runs(offtake) == {"provisional": ("done", ""), "final": ("done", "")}
    assert Statement.objects.filter(contract_ref=offtake, purpose="provisional").count() == 1


def test_a_corrected_date_does_not_settle_the_lot_a_second_time(offtake):
    settle_due(as_of=date(2024, 2, 3), now=at(2, 3))
    issue(Statement.objects.get(contract_ref=offtake).ref, 2, 4)
    record(SELLER, offtake, at(2, 6), ("milestone", "LOT-3", date(2024, 1, 22), {"event": "shipment"}))
    settle_due(as_of=date(2024, 2, 7), now=at(2, 7))
    assert SettlementRun.objects.filter(contract_ref=offtake, purpose="provisional").count() == 1
    assert sum(row.amount_due for row in Statement.objects.filter(contract_ref=offtake)) == Decimal("21609.00")


@pytest.fixture
def warranty(world):
    """A pack of 100 kWh, warranted at 90 %, measured at 80 % in February and in May."""
    ref = signed("performance-warranty", WARRANTY)
    operator = Actor("voltaic", "commercial", 2)
    for month in (1, 2, 5, 8):
        reading = {"metric": "SOH_C", "value": "80"}
        record(operator, ref, at(month, 5), ("telemetry", "PACK-1", date(2024, month, 1), reading))
    return ref


def damages(days):
    """10 kWh short at 40 USD a kWh and year, ACT/365F."""
    return (Decimal(10) * 40 * days / 365).quantize(Decimal("0.01"))


def test_damages_so_far_less_what_was_paid_and_never_above_the_cap(warranty):
    quarters = ((date(2024, 4, 2), 91), (date(2024, 7, 2), 182), (date(2024, 10, 2), 274))
    totals = []
    for day, _ in quarters:
        settle_due(as_of=day, now=at(day.month, 3))
        statement = Statement.objects.filter(contract_ref=warranty).latest("period_end")
        totals.append(statement.total)
        assert recompute_statement(ref=statement.ref, party=None).same
        issue(statement.ref, day.month, 4)
    assert totals[0] == damages(91) == Decimal("99.73")
    assert totals[0] + totals[1] == damages(182)
    assert sum(totals) == Decimal("250.00"), "the aggregate cap"
    assert Statement.objects.filter(contract_ref=warranty).latest("period_end").payer == "meridian"


def test_a_quarter_waits_for_the_one_before(warranty):
    settle_due(as_of=date(2024, 7, 2), now=at(7, 3))
    first, second = SettlementRun.objects.filter(contract_ref=warranty).order_by("period_start")
    assert (first.state, second.state, second.error_code) == ("done", "blocked", "earlier-period-open")
    assert first.statements.get().ref.endswith("2024-Q1-r1")
    issue(first.statements.get().ref, 7, 4)
    settle_due(as_of=date(2024, 7, 4), now=at(7, 4))
    second.refresh_from_db()
    assert second.state == "done"


def test_a_revised_quarter_has_the_later_ones_settled_again(warranty):
    for day in (date(2024, 4, 2), date(2024, 7, 2)):
        settle_due(as_of=day, now=at(day.month, 3))
        issue(Statement.objects.filter(contract_ref=warranty).latest("period_end").ref, day.month, 4)
    better = {"metric": "SOH_C", "value": "85"}
    operator = Actor("voltaic", "commercial", 2)
    record(operator, warranty, at(7, 10), ("telemetry", "PACK-1", date(2024, 2, 2), better))
    settle_due(as_of=date(2024, 7, 11), now=at(7, 11))
    revised = Statement.objects.get(contract_ref=warranty, period_start=date(2024, 1, 1), revision=2)
    assert revised.amount_due < 0
    issue(revised.ref, 7, 12)
    settle_due(as_of=date(2024, 7, 13), now=at(7, 13))
    later = Statement.objects.filter(contract_ref=warranty, period_start=date(2024, 4, 1)).latest("revision")
    assert later.revision == 2, "settled again once, after what it builds on was issued"
    billed = [row.amount_due for row in Statement.objects.filter(contract_ref=warranty)]
    # 32 days at 10 kWh, then 5 kWh until the reading of May, then 10 again: as one late run would have it.
    assert sum(billed) == (Decimal(40) * (10 * 32 + 5 * 89 + 10 * 61) / 365).quantize(Decimal("0.01"))
