"""Compute a run and store the statement: once for equal inputs, as the next revision for others."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import connection
from django.db.models import Max

from contracts.core.numbers import text_of
from contracts.core.statement import ENGINE_VERSION, Settlement
from lode.parties.actor import Actor
from lode.settlement.core.document import Document, Issued, compose
from lode.settlement.core.key import idempotency_key, terms_digest
from lode.settlement.core.life import ISSUED_STATES, OPEN_STATES, StatementState
from lode.settlement.core.naming import statement_ref
from lode.settlement.models import SettlementRun, Statement, StatementLine
from lode.settlement.selectors.carried import carried_facts, refuse_while_earlier_open
from lode.settlement.selectors.inputs import Inputs, gather
from lode.settlement.selectors.recompute import settled
from lode.settlement.services.events import add_event

SYSTEM = Actor(organisation="system", role="system")


@dataclass(frozen=True)
class Prepared:
    """The statement that answers a run; `created` is False where equal inputs had given it before."""

    ref: str
    created: bool


def prepare_statement(*, run: SettlementRun, known_at: datetime, actor: Actor = SYSTEM) -> Prepared:
    """Settle a locked run as known at a moment; to be called in a transaction.

    Raises SettlementError (contracts) naming what is missing, SettlementsError `earlier-period-open`; nothing is kept.
    """
    _lock_period(run)
    refuse_while_earlier_open(run)
    inputs = gather(ref=run.contract_ref, known_at=known_at)
    settlement = settled(run=run, inputs=inputs, carried=carried_facts(run, known_at=known_at), known_at=known_at)
    terms_sha256 = terms_digest((v.number, v.terms_sha256) for v in inputs.agreement.used)
    key = idempotency_key(
        contract=run.contract_ref,
        kind=run.contract_kind,
        period=(run.period_start, run.period_end),
        subject=run.subject,
        purpose=run.purpose,
        terms_sha256=terms_sha256,
        facts=settlement.facts_used,
        engine=ENGINE_VERSION,
    )
    stands = Statement.objects.filter(idempotency_key=key).first()
    if stands is not None:
        return Prepared(stands.ref, created=False)
    _void_what_is_under_way(run, actor, known_at)
    statement = _store(run, inputs, settlement, (key, terms_sha256), actor)
    add_event(statement=statement, event="prepared", actor=actor, now=known_at)
    return Prepared(statement.ref, created=True)


def _lock_period(run: SettlementRun) -> None:
    # Whoever settles the same contract and period, by whichever door, waits here until the transaction ends.
    name = f"settlement {run.contract_ref} {run.period_start}..{run.period_end}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


def _void_what_is_under_way(run: SettlementRun, actor: Actor, at: datetime) -> None:
    for row in Statement.objects.select_for_update().filter(run=run, status__in=[s.value for s in OPEN_STATES]):
        row.status = StatementState.VOID
        row.save(update_fields=["status"])
        add_event(statement=row, event="void", actor=actor, now=at, note="Replaced: other facts are known by now.")


def _store(
    run: SettlementRun, inputs: Inputs, settlement: Settlement, digests: tuple[str, str], actor: Actor
) -> Statement:
    number = (run.statements.aggregate(last=Max("revision"))["last"] or 0) + 1
    issued = list(run.statements.filter(status__in=[s.value for s in ISSUED_STATES]).order_by("revision"))
    ref = statement_ref(
        contract=run.contract_ref,
        start=run.period_start,
        end=run.period_end,
        subject=run.subject,
        purpose=run.purpose,
        revision=number,
    )
    document = compose(
        ref=ref,
        number=number,
        parties=inputs.agreement.parties,
        versions=inputs.agreement.used,
        settlement=settlement,
        issued=[Issued(earlier.ref, earlier.amount_due, due_by_component(bytes(earlier.body))) for earlier in issued],
        due_date=run.due_date,
    )
    statement = Statement.objects.create(
        ref=ref,
        run=run,
        contract_ref=run.contract_ref,
        contract_kind=run.contract_kind,
        parties=run.parties,
        subject=run.subject,
        purpose=run.purpose,
        period_start=run.period_start,
        period_end=run.period_end,
        revision=number,
        previous=issued[-1] if issued else None,
        due_date=run.due_date,
        ledger_size=inputs.ledger_size,
        idempotency_key=digests[0],
        terms_sha256=digests[1],
        prepared_by=actor.organisation,
        prepared_by_person=actor.person_id,
        prepared_at=settlement.known_at,
        status=StatementState.DRAFT,
        **_figures(settlement, document),
    )
    StatementLine.objects.bulk_create(_lines(statement, settlement, inputs))
    return statement


def _figures(settlement: Settlement, document: Document) -> dict[str, object]:
    return {
        "currency": settlement.currency,
        "total": document.total,
        "already_issued": document.already_issued,
        "amount_due": document.amount_due,
        "payer": document.payer,
        "payee": document.payee,
        "known_at": settlement.known_at,
        "facts": list(settlement.facts_used),
        "engine_version": ENGINE_VERSION,
        "body": document.body,
        "digest": document.digest,
        "line_count": len(settlement.lines),
    }


def due_by_component(body: bytes) -> dict[str, Decimal]:
    """Return what a stored statement billed, by component."""
    return {name: Decimal(amount) for name, amount in json.loads(body)["due"].items()}


def _lines(statement: Statement, settlement: Settlement, inputs: Inputs) -> list[StatementLine]:
    parties = inputs.agreement.parties
    return [
        StatementLine(
            statement=statement,
            position=position,
            code=line.code,
            component=line.component or line.code,
            subject=line.subject,
            clause_ref=line.clause_ref,
            description_en=line.description_en,
            description_zh=line.description_zh,
            quantity=line.quantity,
            quantity_unit=line.quantity_unit,
            unit_price=line.unit_price,
            unit_price_unit=line.unit_price_unit,
            amount=Decimal(text_of(line.amount)),
            currency=line.currency,
            payer=parties.get(line.payer, line.payer),
            payee=parties.get(line.payee, line.payee),
            status=line.status.value,
            trace_ref=line.trace_ref,
        )
        for position, line in enumerate(settlement.lines, 1)
    ]
