"""The life of a statement: approved by a second person, issued onto the ledger, disputed, revised, never changed."""

import json
from datetime import date
from decimal import Decimal

import pytest
from django.db import DatabaseError, connections, transaction

from ledger.core.errors import LedgerError
from ledger.selectors.entries import entry_by_id, list_entries
from ledger.services.sequence_pending import sequence_pending
from lode.parties.actor import Actor
from lode.parties.errors import PartiesError
from lode.parties.models import HostedKey
from lode.settlement import selectors
from lode.settlement.errors import SettlementsCode, SettlementsError
from lode.settlement.models import SettlementRun, Statement, StatementLine
from lode.settlement.services import (
    approve_statement,
    dispute_statement,
    finalise_statement,
    issue_statement,
    plan_due,
    resolve_dispute,
    settle_due,
    settle_period,
    settle_run,
)
from tests.settlement.world import APPROVER, AUDITOR, LESSEE, LESSOR, PAYER, PREPARER, STRANGER, at, publish_price

JANUARY = {"start": date(2024, 1, 1), "end": date(2024, 2, 1)}


@pytest.fixture
def draft(world):
    (outcome,) = settle_period(contract_ref=world.ref, **JANUARY, actor=PREPARER, now=at(2, 3))
    return outcome.statement


@pytest.fixture
def issued(draft):
    approve_statement(ref=draft, actor=APPROVER, now=at(2, 4))
    issue_statement(ref=draft, actor=APPROVER, now=at(2, 4))
    sequence_pending()
    return draft


def refused(code, call, **arguments):
    with pytest.raises(SettlementsError) as error:
        call(**arguments)
    assert error.value.code == code
    return error.value.sentence


def test_a_second_person_approves(draft):
    sentence = refused("second-person", approve_statement, ref=draft, actor=PREPARER, now=at(2, 4))
    assert "a second person in finance" in sentence
    assert approve_statement(ref=draft, actor=APPROVER, now=at(2, 4)) == "approved"
    assert approve_statement(ref=draft, actor=APPROVER, now=at(2, 5)) == "approved", "twice is once"
    row = Statement.objects.get()
    assert (row.approved_by, row.approved_by_person, row.approved_at) == ("meridian", 11, at(2, 4))
    assert [event.event for event in selectors.statement_detail(ref=draft, party="voltaic").events] == [
        "prepared",
        "approved",
    ]


@pytest.mark.parametrize("actor", [LESSOR, LESSEE, Actor("meridian", "auditor", 7)])
def test_only_finance_approves_and_issues(draft, actor):
    for call in (approve_statement, issue_statement):
        refused("not-allowed", call, ref=draft, actor=actor, now=at(2, 4))
    assert Statement.objects.get().status == "draft"


@pytest.mark.parametrize("actor", [STRANGER, AUDITOR])
def test_an_outsider_learns_nothing_from_any_door(draft, actor):
    calls = (
        (approve_statement, {}),
        (issue_statement, {}),
        (dispute_statement, {"reason": "x"}),
        (resolve_dispute, {"note": "x"}),
        (finalise_statement, {}),
    )
    for call, more in calls:
        there = refused("unknown-statement", call, ref=draft, actor=actor, now=at(2, 4), **more)
        nowhere = refused("unknown-statement", call, ref="ST-NONE", actor=actor, now=at(2, 4), **more)
        assert there.replace(draft, "ST-NONE") == nowhere


def test_an_outsider_reads_nothing_and_the_auditor_reads_all(draft):
    plan_due(as_of=date(2024, 3, 2), now=at(3, 2))
    assert selectors.list_statements(party="stranger").rows == ()
    assert selectors.runs(party="stranger") == ()
    assert selectors.due(party="stranger").to_approve == ()
    refused("unknown-statement", selectors.statement_detail, ref=draft, party="stranger")
    run_id = SettlementRun.objects.earliest("period_start").pk
    refused("unknown-run", selectors.run_detail, run_id=run_id, party="stranger")
    for party in ("meridian", "voltaic", None):
        assert [row.ref for row in selectors.list_statements(party=party).rows] == [draft]
        assert len(selectors.runs(party=party)) == 2
        assert selectors.run_detail(run_id=run_id, party=party).statement_ref == draft


def test_a_draft_is_not_issued_before_it_is_approved(draft):
    refused("wrong-state", issue_statement, ref=draft, actor=APPROVER, now=at(2, 4))


def test_issuing_puts_the_digest_on_the_ledger_signed_by_the_issuer_alone(issued):
    row = Statement.objects.get()
    assert (row.status, row.issued_at) == ("issued", at(2, 4))
    entry = entry_by_id(entry_id=row.entry_id, party="voltaic")
    assert (entry.summary.kind, entry.summary.reference) == ("statement", issued)
    assert entry.summary.contract == row.contract_ref
    assert entry.body["documents"] == {issued: row.digest}
    assert entry.body["details"]["total"] == "3348.00"
    assert set(entry.readers) == {"meridian", "voltaic"}
    assert {signature.party for signature in entry.summary.signatures} == {"meridian"}
    assert entry.body["details"]["issuer"] == "meridian"
    with pytest.raises(LedgerError):
        entry_by_id(entry_id=row.entry_id, party="stranger")


def test_issuing_twice_posts_once(issued):
    before = Statement.objects.get().entry_id
    assert issue_statement(ref=issued, actor=APPROVER, now=at(2, 9)) == before
    sequence_pending()
    assert len(list_entries(party=None, kind="statement")) == 1


def test_a_statement_that_its_issuer_cannot_sign_is_not_issued(draft):
    approve_statement(ref=draft, actor=APPROVER, now=at(2, 4))
    HostedKey.objects.filter(organisation="meridian").update(retired_at=at(2, 1))
    with pytest.raises(PartiesError, match="no signing key for meridian"):
        issue_statement(ref=draft, actor=APPROVER, now=at(2, 4))
    row = Statement.objects.get()
    assert (row.status, row.entry_id, row.issued_at) == ("approved", "", None)


def test_a_dispute_names_a_line_and_changes_no_figure(issued):
    before = bytes(Statement.objects.get().body)
    refused("reason-missing", dispute_statement, ref=issued, actor=PAYER, now=at(2, 5), reason=" ")
    refused("reason-missing", dispute_statement, ref=issued, actor=PAYER, now=at(2, 5), reason="no", line_position=9)
    assert (
        dispute_statement(ref=issued, actor=PAYER, now=at(2, 5), reason="We had 35 t.", line_position=1) == "disputed"
    )
    detail = selectors.statement_detail(ref=issued, party="meridian")
    assert (detail.events[-1].note, detail.events[-1].line_position) == ("We had 35 t.", 1)
    assert detail.body == before
    assert resolve_dispute(ref=issued, actor=APPROVER, now=at(2, 6), note="36 t by entry 6.") == "issued"
    assert finalise_statement(ref=issued, actor=APPROVER, now=at(3, 6)) == "final"
    refused("wrong-state", dispute_statement, ref=issued, actor=PAYER, now=at(3, 7), reason="Late.")


def test_a_restated_price_is_a_revision_that_bills_only_the_difference(issued, world):
    publish_price(1, Decimal("18500.00"), at(2, 20))
    assert plan_due(as_of=date(2024, 2, 21), now=at(2, 21)).reopened == (Statement.objects.get().run_id,)
    (outcome,) = settle_due(as_of=date(2024, 2, 21), now=at(2, 21))
    assert outcome.statement == f"ST-{world.ref}-2024-01-r2"
    second = Statement.objects.get(revision=2)
    # 36 x 18,500 x 6 % x 31/360 = 3,441.00, of which 3,348.00 was issued.
    assert (second.total, second.already_issued, second.amount_due) == tuple(
        map(Decimal, ("3441.00", "3348.00", "93.00"))
    )
    assert (second.previous.ref, second.payer) == (issued, "voltaic")
    content = json.loads(bytes(second.body))
    assert content["issued_before"] == [{"ref": issued, "due": {"lease-fee.Ni": "3348.00"}}]
    assert content["due"] == {"lease-fee.Ni": "93.00"}


def test_a_price_restated_downwards_is_a_credit_note(issued):
    publish_price(1, Decimal("17500.00"), at(2, 20))
    settle_period(contract_ref=Statement.objects.get().contract_ref, **JANUARY, actor=PREPARER, now=at(2, 21))
    second = Statement.objects.get(revision=2)
    assert (second.amount_due, second.payer, second.payee) == (Decimal("-93.00"), "meridian", "voltaic")


def test_a_chain_of_revisions_bills_what_one_late_run_would(issued, world):
    prices = {2: ("18500.00", "r2"), 3: ("17900.00", "r3"), 4: ("18123.45", "r4")}
    for month, (price, _) in prices.items():
        publish_price(1, Decimal(price), at(month, 20))
        settle_period(contract_ref=world.ref, **JANUARY, actor=PREPARER, now=at(month, 21))
        ref = f"ST-{world.ref}-2024-01-{prices[month][1]}"
        approve_statement(ref=ref, actor=APPROVER, now=at(month, 22))
        issue_statement(ref=ref, actor=APPROVER, now=at(month, 22))
    rows = Statement.objects.order_by("revision")
    late = (Decimal("18123.45") * 36 * 6 * 31 / 36000).quantize(Decimal("0.01"))
    assert rows.last().total == late
    assert sum(row.amount_due for row in rows) == late
    assert [row.ref for row in selectors.statement_detail(ref=rows[1].ref, party="voltaic").revisions] == [
        row.ref for row in rows
    ]


def test_a_draft_that_new_facts_overtake_is_void_and_bills_nothing(draft, world):
    publish_price(1, Decimal("18500.00"), at(2, 20))
    settle_period(contract_ref=world.ref, **JANUARY, actor=PREPARER, now=at(2, 21))
    first, second = Statement.objects.order_by("revision")
    assert (first.status, second.status) == ("void", "draft")
    assert (second.already_issued, second.amount_due) == (Decimal(0), Decimal("3441.00"))
    assert [row.ref for row in selectors.list_statements(party="voltaic").rows] == [second.ref]
    refused("wrong-state", approve_statement, ref=first.ref, actor=APPROVER, now=at(2, 22))


def test_equal_facts_after_issue_change_nothing(issued, world):
    (again,) = settle_period(contract_ref=world.ref, **JANUARY, actor=PREPARER, now=at(3, 1))
    assert (again.statement, again.created, Statement.objects.count()) == (issued, False, 1)


CHANGES = (
    "UPDATE settlement_statement SET total = 1, amount_due = 1",
    "UPDATE settlement_statement SET body = 'x'::bytea, digest = encode(sha256('x'::bytea), 'hex')",
    "UPDATE settlement_statement SET digest = repeat('0', 64)",
    "UPDATE settlement_statement SET due_date = due_date + 30",
    "UPDATE settlement_statement SET payee = 'stranger'",
    "UPDATE settlement_statement SET entry_id = repeat('0', 64)",
    "UPDATE settlement_statement SET approved_by = 'stranger'",
    "UPDATE settlement_statement SET status = 'draft'",
    "UPDATE settlement_statement SET status = 'void'",
    "DELETE FROM settlement_statement",
    "TRUNCATE settlement_statement CASCADE",
    "UPDATE settlement_statementline SET amount = 1",
    "DELETE FROM settlement_statementline",
    (
        "INSERT INTO settlement_statementline SELECT id + 1000, 1, code, component, subject, clause_ref,"
        " description_en, description_zh, quantity, quantity_unit, unit_price, unit_price_unit, amount, currency,"
        " payer, payee, status, trace_ref, statement_id FROM settlement_statementline"
    ),
    "UPDATE settlement_statementevent SET note = 'never happened'",
    "DELETE FROM settlement_statementevent",
    "DELETE FROM settlement_settlementrun",
)


@pytest.mark.parametrize("role", ["default", "owner"])
@pytest.mark.parametrize("statement", CHANGES)
def test_what_was_issued_cannot_be_changed_in_sql(issued, role, statement):
    before = (Statement.objects.values().get(), StatementLine.objects.values().get())
    said = r"never changed|permission denied|cannot become|takes no further line|digest_of_body|violates"
    with pytest.raises(DatabaseError, match=said), transaction.atomic(role):
        connections[role].cursor().execute(statement)
    assert (Statement.objects.values().get(), StatementLine.objects.values().get()) == before


def test_a_statement_is_not_stored_with_a_digest_of_something_else(draft):
    columns = [field.column for field in Statement._meta.fields if field.column != "id"]
    chosen = ", ".join(
        {"ref": "'ST-X'", "idempotency_key": "'k'", "revision": "2", "body": "'x'::bytea"}.get(c, c) for c in columns
    )
    sql = f"INSERT INTO settlement_statement ({', '.join(columns)}) SELECT {chosen} FROM settlement_statement"
    with pytest.raises(DatabaseError, match="digest_of_body"), transaction.atomic():
        connections["default"].cursor().execute(sql)


def test_two_drafts_of_one_run_cannot_stand_beside_each_other(draft):
    row = Statement.objects.get()
    row.pk, row.ref, row.idempotency_key, row.revision = None, "ST-X", "k", 2
    row._state.adding = True
    with pytest.raises(DatabaseError, match="settlement_one_under_way"), transaction.atomic():
        row.save(force_insert=True)


def test_a_page_at_a_time(world):
    publish_price(3, Decimal("17000.00"), at(4, 3))
    settle_due(as_of=date(2024, 5, 2), now=at(5, 3))
    first = selectors.list_statements(party="voltaic", limit=3)
    second = selectors.list_statements(party="voltaic", limit=3, cursor=first.next_cursor)
    months = [row.period_start.month for row in (*first.rows, *second.rows)]
    assert (months, second.next_cursor) == ([4, 3, 2, 1], None)
    march = selectors.list_statements(party="voltaic", start=date(2024, 3, 5), end=date(2024, 3, 6))
    assert [row.period_start.month for row in march.rows] == [3]
    assert selectors.list_statements(party="voltaic", status="issued").rows == ()
    assert selectors.list_statements(party="voltaic", contract="ML-0").rows == ()
    for bad in ("", "nonsense", "MjAyNC0wMS0wMQ=="):
        if bad:
            refused(SettlementsCode.BAD_CURSOR, selectors.list_statements, party="voltaic", cursor=bad)


def test_the_detail_of_a_statement(issued):
    detail = selectors.statement_detail(ref=issued, party="voltaic")
    (line,) = detail.lines
    assert (line.component, line.amount, line.payer, line.payee) == (
        "lease-fee.Ni",
        Decimal("3348.00"),
        "voltaic",
        "meridian",
    )
    assert line.description("zh-hans") != line.description("en")
    steps = detail.steps_to(line.trace_ref)
    assert steps[-1].id == line.trace_ref
    assert steps[-1].result == Decimal("3348.00")
    assert 1 < len(steps) <= len(detail.trace)
    assert [(step.code, step.amount, step.after) for step in detail.steps] == [
        ("lease-fee.Ni", Decimal("3348.00"), Decimal("3348.00")),
        ("total", Decimal("3348.00"), Decimal("3348.00")),
        ("amount-due", Decimal("3348.00"), Decimal("3348.00")),
    ]
    assert detail.ledger_size > 0
    used = selectors.facts_used(ref=issued, party="voltaic")
    assert [(fact.kind, fact.value.get("value"), fact.value.get("delta_kg")) for fact in used] == [
        ("price", "18000.00", None),
        ("balance-change", None, "36000.000000"),
    ]
    refused("unknown-statement", selectors.facts_used, ref=issued, party="stranger")
    assert selectors.due(party="voltaic").to_pay[0].ref == issued
    assert selectors.due(party="meridian").to_pay == ()


def test_what_waits_for_a_party(draft, world):
    assert [row.ref for row in selectors.due(party="meridian").to_approve] == [draft]
    assert selectors.due(party="voltaic").to_approve == (), "it is not theirs to approve"
    settle_due(as_of=date(2024, 4, 2), now=at(4, 2))
    (blocked,) = selectors.due(party="voltaic").blocked
    assert (blocked.period_start, blocked.error_code) == (date(2024, 3, 1), "missing-price")
    assert "nickel" in blocked.error_sentence


def test_a_run_is_as_it_was_known(world):
    settle_run(run_id=plan_due(as_of=date(2024, 2, 2), now=at(2, 3)).created[0], now=at(2, 3))
    first = Statement.objects.get()
    publish_price(1, Decimal("18500.00"), at(2, 20))
    (again,) = settle_period(contract_ref=world.ref, **JANUARY, actor=PREPARER, now=at(3, 1), known_at=at(2, 3))
    assert (again.statement, again.created) == (first.ref, False)


def test_the_party_that_pays_neither_approves_nor_issues_what_it_is_billed(draft):
    refused("not-allowed", approve_statement, ref=draft, actor=PAYER, now=at(2, 4))
    approve_statement(ref=draft, actor=APPROVER, now=at(2, 4))
    refused("not-allowed", issue_statement, ref=draft, actor=PAYER, now=at(2, 4))
    assert Statement.objects.get().status == "approved"
    assert [row.ref for row in selectors.due(party="meridian").to_issue] == [draft]
    assert selectors.due(party="voltaic").to_issue == ()
    assert selectors.statement_detail(ref=draft, party="voltaic").summary.issuer == "meridian"
