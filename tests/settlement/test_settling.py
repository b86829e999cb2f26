"""Settling a lease: from facts to a stored statement, once."""

import hashlib
import json
import sys
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection

from contracts.core.trace import check, node_from_json
from ledger.core.entry import Account, move
from lode.settlement.errors import SettlementsCode, SettlementsError
from lode.settlement.models import SettlementRun, Statement
from lode.settlement.selectors import recompute_statement
from lode.settlement.services import plan_due, retry_run, settle_due, settle_period, settle_run, sweep
from lode.settlement.services.claim_run import claim_run
from tests.settlement.world import (
    APPROVER,
    AUDITOR,
    LESSEE,
    PREPARER,
    STRANGER,
    TONNE,
    at,
    post,
    publish_price,
    receive_and_lease_out,
    sign_lease,
)

MODULE = sys.modules["lode.settlement.services.settle_run"]
JANUARY = {"start": date(2024, 1, 1), "end": date(2024, 2, 1)}


def due_run(as_of=date(2024, 2, 2), now=None):
    """Plan, and return the id of the latest run."""
    plan_due(as_of=as_of, now=now or at(as_of.month, as_of.day))
    return SettlementRun.objects.latest("period_end").pk


def test_a_month_of_thirty_six_tonnes(world):
    # 36 t x 18,000 USD/t x 6 % x 31/360
    outcome = settle_run(run_id=due_run(), now=at(2, 3))
    assert (outcome.state, outcome.created) == ("done", True)
    assert outcome.statement == f"ST-{world.ref}-2024-01-r1"
    statement = Statement.objects.get()
    assert (statement.total, statement.amount_due, statement.currency) == (Decimal("3348.00"),) * 2 + ("USD",)
    assert (statement.payer, statement.payee, statement.status) == ("voltaic", "meridian", "draft")
    assert [line.amount for line in statement.lines.all()] == [Decimal("3348.00")]
    assert (statement.prepared_by, statement.known_at) == ("system", at(2, 3))


def test_the_body_is_the_whole_statement_and_its_trace_recomputes(world):
    settle_run(run_id=due_run(), now=at(2, 3))
    statement = Statement.objects.get()
    body = bytes(statement.body)
    assert statement.digest == hashlib.sha256(body).hexdigest()
    content = json.loads(body)
    settlement = content["settlement"]
    trace = [node_from_json(node) for node in settlement["trace"]]
    check(trace, {line["trace_ref"]: Decimal(line["amount"]) for line in settlement["lines"]})
    assert content["amount_due"] == settlement["total"] == "3348.00"
    assert content["parties"] == {"lessor": "meridian", "lessee": "voltaic"}
    assert settlement["facts"] == sorted(settlement["facts"]) == statement.facts
    assert "price:nickel:2024-01@1" in statement.facts
    assert any(fact.startswith("ledger:") for fact in statement.facts)


def test_the_balance_comes_from_the_ledger_to_the_milligram(world):
    receive_and_lease_out(world.ref, date(2024, 1, 17), 2 * TONNE + 1, lot="lot-2")
    settle_run(run_id=due_run(), now=at(2, 3))
    content = json.loads(bytes(Statement.objects.get().body))
    (balance,) = content["settlement"]["balances"]
    assert (balance["opening"], Decimal(balance["closing"])) == ("0", Decimal("38000.000001"))
    # 36 t for 31 days and 2.000000001 t from 17 January, 15 days: the line is rounded once.
    expected = (Decimal(36) * 31 + Decimal("2.000000001") * 15) * 18000 * 6 / 36000
    assert Statement.objects.get().total == expected.quantize(Decimal("0.01"))


def test_what_was_taken_back_on_the_ledger_is_not_charged(world):
    ours = Account("meridian", "meridian", "Ni", "stock", "lot-1")
    theirs = ours._replace(holder="voltaic")
    post("return", date(2024, 1, 11), move(theirs, ours, 36 * TONNE), at(1, 11), reference="RT-1", contract=world.ref)
    settle_run(run_id=due_run(), now=at(2, 3))
    assert Statement.objects.get().total == Decimal("1080.00")  # ten days


def test_what_happened_later_is_not_known_earlier(world):
    receive_and_lease_out(world.ref, date(2024, 1, 17), 4 * TONNE, lot="lot-2")
    run = due_run()
    early = settle_run(run_id=run, now=at(2, 3), known_at=at(1, 10))
    assert (early.state, early.code) == ("blocked", "missing-price")  # the price of January is of 2 February


def test_planning_twice_creates_nothing_new(world):
    first = plan_due(as_of=date(2024, 4, 1), now=at(4, 1))
    again = plan_due(as_of=date(2024, 4, 1), now=at(4, 1))
    assert (len(first.created), len(again.created), SettlementRun.objects.count()) == (3, 0, 3)
    assert {run.parties == ["meridian", "voltaic"] for run in SettlementRun.objects.all()} == {True}
    assert plan_due(as_of=date(2024, 5, 2), now=at(5, 2)).created != ()
    assert SettlementRun.objects.count() == 4


def test_a_contract_that_has_not_begun_is_not_planned(world):
    assert plan_due(as_of=date(2023, 12, 31), now=at(1, 1)).created == ()


def test_a_contract_that_cannot_be_planned_keeps_no_other_from_it(world):
    later = sign_lease(at(5, 1), commencement="2024-01-10")  # in March nobody had signed it
    planned = plan_due(as_of=date(2024, 2, 2), now=at(3, 1))
    assert (len(planned.created), [ref for ref, _ in planned.refused]) == (1, [later])
    assert "nobody had signed" in planned.refused[0][1]


def test_an_entry_that_is_back_dated_into_a_settled_month_settles_it_again(world):
    settle_due(as_of=date(2024, 2, 2), now=at(2, 3))
    run = SettlementRun.objects.get()
    assert plan_due(as_of=date(2024, 2, 2), now=at(2, 4)).reopened == ()
    receive_and_lease_out(world.ref, date(2024, 1, 17), TONNE, lot="lot-2", recorded=at(2, 5))
    assert plan_due(as_of=date(2024, 2, 2), now=at(2, 4)).reopened == (), "not known yet"
    assert plan_due(as_of=date(2024, 2, 2), now=at(2, 6)).reopened == (run.pk,)
    settle_run(run_id=run.pk, now=at(2, 6))
    # 36 t for 31 days and 1 t for 15
    assert run.statements.latest("revision").total == Decimal("3393.00")
    assert plan_due(as_of=date(2024, 2, 2), now=at(2, 7)).reopened == (), "looked at once"


def test_the_same_run_twice_gives_one_statement(world):
    run = due_run()
    first = settle_run(run_id=run, now=at(2, 3))
    second = settle_run(run_id=run, now=at(2, 4))
    assert (second.state, second.statement, second.created) == ("done", first.statement, False)
    third = settle_run(run_id=run, now=at(2, 5), again=True)
    assert (third.state, third.statement, third.created) == ("done", first.statement, False)
    assert Statement.objects.count() == 1


def test_a_price_that_is_missing_blocks_with_no_number_and_its_arrival_wakes_the_run(world):
    settle_due(as_of=date(2024, 4, 2), now=at(4, 2))
    march = SettlementRun.objects.get(period_start=date(2024, 3, 1))
    assert (march.state, march.error_code) == ("blocked", "missing-price")
    assert "nickel" in march.error_subject
    assert "2024-03" in march.error_sentence
    assert march.statements.count() == 0

    assert sweep(now=at(4, 2)).run_ids == (), "nothing has changed"
    publish_price(3, Decimal("17000.00"), at(4, 3))
    swept = sweep(now=at(4, 2, 7))
    assert (swept.woken, swept.run_ids) == (1, (march.pk,))
    outcome = settle_run(run_id=march.pk, now=at(4, 3, 8))
    assert (outcome.state, outcome.created) == ("done", True)
    assert march.statements.get().total == Decimal("3162.00")  # 36 x 17,000 x 6 % x 31/360


def test_a_blocked_run_is_looked_at_again_after_a_while_anyway(world):
    settle_due(as_of=date(2024, 4, 2), now=at(4, 2))
    march = SettlementRun.objects.get(period_start=date(2024, 3, 1))
    assert march.retry_at == at(4, 2) + timedelta(seconds=30)
    assert sweep(now=at(4, 2) + timedelta(seconds=31)).woken == 1


def test_pressing_retry_is_safe(world):
    run = due_run()
    first = retry_run(run_id=run, actor=PREPARER, now=at(2, 3))
    assert retry_run(run_id=run, actor=PREPARER, now=at(2, 3)).statement == first.statement
    assert Statement.objects.get().prepared_by_person == PREPARER.person_id
    for outsider in (STRANGER, AUDITOR):
        with pytest.raises(SettlementsError) as unknown:
            retry_run(run_id=run, actor=outsider, now=at(2, 3))
        assert unknown.value.code == SettlementsCode.UNKNOWN_RUN


def test_a_period_on_request(world):
    (outcome,) = settle_period(contract_ref=world.ref, **JANUARY, actor=PREPARER, now=at(2, 3))
    assert (outcome.state, outcome.statement) == ("done", f"ST-{world.ref}-2024-01-r1")
    assert SettlementRun.objects.count() == 1
    (again,) = settle_period(contract_ref=world.ref, **JANUARY, actor=APPROVER, now=at(2, 4))
    assert (again.statement, again.created) == (outcome.statement, False)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"end": date(2024, 1, 31)}, "not-a-period"),
        ({"start": date(2024, 1, 2)}, "not-a-period"),
        ({"start": date(2024, 2, 1), "end": date(2024, 3, 1)}, "period-not-over"),
        ({"actor": STRANGER}, "not-a-period"),
        ({"actor": AUDITOR}, "not-a-period"),
        ({"purpose": "final"}, "not-a-period"),
    ],
)
def test_a_period_that_cannot_be_settled(world, change, code):
    usual = {"contract_ref": world.ref, **JANUARY, "actor": PREPARER, "now": at(2, 3)}
    with pytest.raises(SettlementsError) as refused:
        settle_period(**{**usual, **change})
    assert refused.value.code == code
    assert Statement.objects.count() == 0


def test_a_partner_does_not_settle(world):
    partner = LESSEE.__class__("voltaic", "partner", 3)
    with pytest.raises(SettlementsError) as refused:
        settle_period(contract_ref=world.ref, **JANUARY, actor=partner, now=at(2, 3))
    assert refused.value.code == SettlementsCode.NOT_ALLOWED


def test_a_run_that_dies_is_given_back_when_its_lease_runs_out_and_pays_once(world):
    run = due_run()
    SettlementRun.objects.filter(pk=run).update(state="running", attempts=1, lease_until=at(2, 3, 7))
    assert settle_run(run_id=run, now=at(2, 3, 6)).state == "running", "somebody holds it"
    assert sweep(now=at(2, 3, 6)).run_ids == ()
    swept = sweep(now=at(2, 3, 8))
    assert (swept.requeued, swept.run_ids) == (1, (run,))
    assert settle_run(run_id=run, now=at(2, 3, 8)).created
    assert Statement.objects.count() == 1


def test_who_comes_back_after_losing_the_lease_saves_nothing(world, monkeypatch):
    run = due_run()

    def slow_claim(**arguments):
        # Between the claim and the work the lease runs out, the sweep gives the run back, and somebody else settles it.
        claimed = claim_run(**arguments)
        monkeypatch.undo()
        publish_price(1, Decimal("18500.00"), at(2, 4, 5))
        sweep(now=at(2, 4))
        assert settle_run(run_id=run, now=at(2, 4)).created
        return claimed

    monkeypatch.setattr(MODULE, "claim_run", slow_claim)
    late = settle_run(run_id=run, now=at(2, 3))
    assert (late.state, late.created) == ("done", False)
    assert (Statement.objects.get().known_at, Statement.objects.get().total) == (at(2, 4), Decimal("3441.00"))


def test_who_comes_back_while_somebody_else_is_at_work_saves_nothing(world, monkeypatch):
    run = due_run()

    def slow_claim(**arguments):
        claimed = claim_run(**arguments)
        monkeypatch.undo()
        sweep(now=at(2, 4))
        assert claim_run(run_id=run, now=at(2, 4), known_at=at(2, 4)).attempt == 2
        return claimed

    monkeypatch.setattr(MODULE, "claim_run", slow_claim)
    late = settle_run(run_id=run, now=at(2, 3))
    assert (late.state, Statement.objects.count()) == ("running", 0)
    assert SettlementRun.objects.get().attempts == 2


def test_a_price_sent_in_with_an_earlier_time_is_learned_after_what_was_settled(world):
    (outcome,) = settle_due(as_of=date(2024, 2, 2), now=at(2, 3))
    publish_price(1, Decimal("18500.00"), at(2, 2, 12))
    assert recompute_statement(ref=outcome.statement, party=None).same
    assert plan_due(as_of=date(2024, 2, 3), now=at(2, 4)).reopened == (outcome.run_id,)


def test_a_failure_of_ours_is_kept_raised_and_tried_again(world, monkeypatch):
    run = due_run()

    def broken(**_):
        raise ZeroDivisionError("somebody divided by nothing")

    monkeypatch.setattr(MODULE, "prepare_statement", broken)
    for attempt, wait in ((1, 30), (2, 120), (3, 600), (4, 3600), (5, None)):
        with pytest.raises(ZeroDivisionError):
            settle_run(run_id=run, now=at(2, 3))
        row = SettlementRun.objects.get()
        assert (row.state, row.attempts, row.error_code) == ("failed", attempt, "unexpected")
        assert "somebody divided by nothing" in row.error_sentence
        assert row.retry_at == (None if wait is None else at(2, 3) + timedelta(seconds=wait))
        SettlementRun.objects.update(state="due")
    monkeypatch.undo()
    assert retry_run(run_id=run, actor=PREPARER, now=at(2, 4)).created


def test_an_unknown_run_is_said_to_be_unknown(world):
    with pytest.raises(SettlementsError) as unknown:
        settle_run(run_id=987654, now=at(2, 3))
    assert unknown.value.code == SettlementsCode.UNKNOWN_RUN


def test_the_sweep_nudges_a_run_once_a_minute(world):
    run = due_run()
    assert sweep(now=at(2, 3)).run_ids == (run,)
    assert sweep(now=at(2, 3) + timedelta(seconds=30)).run_ids == ()
    assert sweep(now=at(2, 3) + timedelta(seconds=61)).run_ids == (run,)


def test_two_contracts_do_not_wait_for_each_other(world):
    other = sign_lease(at(1, 2), commencement="2024-01-10")
    receive_and_lease_out(other, date(2024, 1, 10), TONNE, lot="other")
    outcomes = settle_due(as_of=date(2024, 2, 2), now=at(2, 3))
    totals = dict(Statement.objects.values_list("contract_ref", "total"))
    assert len(outcomes) == 2
    # A stub from 10 January: 1 t x 18,000 x 6 % x 22/360
    assert totals == {world.ref: Decimal("3348.00"), other: Decimal("66.00")}


def test_settling_asks_a_bounded_number_of_questions(world, django_assert_max_num_queries):
    run = due_run()
    with django_assert_max_num_queries(60, connection=connection):
        settle_run(run_id=run, now=at(2, 3))
