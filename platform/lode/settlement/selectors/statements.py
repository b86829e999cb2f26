"""Statements and runs, as one party may see them: those of its own contracts. `party` None is the auditor."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, localcontext
from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery

from contracts.core.numbers import CONTEXT, ZERO
from contracts.core.terms import KINDS
from contracts.core.trace import node_from_json
from lode.settlement.core.issuing import issuer_position
from lode.settlement.core.life import RunState, StatementState
from lode.settlement.errors import SettlementsCode, SettlementsError, UnknownStatementError
from lode.settlement.models import SettlementRun, Statement, StatementLine
from lode.settlement.selectors.issued import text_to_issue
from lode.settlement.selectors.values import (
    DueView,
    EventView,
    LineView,
    RunView,
    StatementDetail,
    StatementPage,
    StatementRow,
    Step,
)

MAX_LIMIT = 200


def list_statements(
    *,
    party: str | None,
    contract: str | None = None,
    kind: str | None = None,
    status: str | None = None,
    start: date | None = None,
    end: date | None = None,
    void: bool = False,
    cursor: str | None = None,
    limit: int = 50,
) -> StatementPage:
    """Return a page of statements, latest period first, then latest prepared.

    `start` and `end` keep the periods that overlap [start, end); void drafts are left out unless `void`. `limit` is 200
    at most. Raises SettlementsError `bad-cursor` for a cursor that this function did not give.
    """
    rows = _visible(party)
    if contract:
        rows = rows.filter(contract_ref=contract)
    if kind:
        rows = rows.filter(contract_kind=kind)
    if status:
        rows = rows.filter(status=status)
    elif not void:
        rows = rows.exclude(status=StatementState.VOID)
    if start:
        rows = rows.filter(period_end__gt=start)
    if end:
        rows = rows.filter(period_start__lt=end)
    if cursor:
        last_end, last_id = _read_cursor(cursor)
        rows = rows.filter(Q(period_end__lt=last_end) | Q(period_end=last_end, id__lt=last_id))
    wanted = max(1, min(limit, MAX_LIMIT))
    page = list(rows.defer("body", "facts").order_by("-period_end", "-id")[: wanted + 1])
    more = len(page) > wanted
    page = page[:wanted]
    return StatementPage(tuple(_row(row) for row in page), _cursor(page[-1]) if more else None)


def statement_detail(*, ref: str, party: str | None) -> StatementDetail:
    """Return one statement; raises SettlementsError `unknown-statement` where there is none or it is a stranger's."""
    row = _visible(party).filter(ref=ref).first()
    if row is None:
        raise UnknownStatementError(ref)
    body = bytes(row.body)
    content = json.loads(body)
    siblings = Statement.objects.filter(run_id=row.run_id).defer("body", "facts").order_by("revision")
    return StatementDetail(
        summary=_row(row),
        lines=tuple(_line(line) for line in row.lines.order_by("position")),
        trace=tuple(node_from_json(node) for node in content["settlement"]["trace"]),
        steps=waterfall(content),
        revisions=tuple(_row(sibling) for sibling in siblings),
        events=tuple(
            EventView(event.at, event.organisation, event.person_id, event.event, event.line_position, event.note)
            for event in row.events.order_by("id")
        ),
        facts=tuple(row.facts),
        ledger_size=row.ledger_size,
        engine_version=row.engine_version,
        terms_sha256=row.terms_sha256,
        body=body,
        content=content,
        run_id=row.run_id,
        signing_text=text_to_issue(row),
    )


def waterfall(content: Mapping[str, Any]) -> tuple[Step, ...]:
    """Return the bars from nothing to the amount due: each component, the total, what was issued, what is due.

    `content` is a statement's body, parsed. The last bar ends at the amount due, or the statement would not have been
    stored: the database holds amount due = total - issued.
    """
    steps: list[Step] = []
    level = ZERO
    with localcontext(CONTEXT):
        for code, text in sorted(content["settlement"]["components"].items()):
            amount = Decimal(text)
            steps.append(Step(code, "component", amount, level, level + amount))
            level += amount
        steps.append(Step("total", "total", level, ZERO, level))
        issued = Decimal(content["already_issued"])
        if content["issued_before"]:
            steps.append(Step("already-issued", "issued", -issued, level, level - issued))
            level -= issued
        steps.append(Step("amount-due", "due", level, ZERO, level))
    return tuple(steps)


def runs(
    *,
    party: str | None,
    state: str | None = None,
    contract: str | None = None,
    start: date | None = None,
    end: date | None = None,
    limit: int = MAX_LIMIT,
) -> tuple[RunView, ...]:
    """Return runs, the latest period first; `start` and `end` keep the periods that overlap [start, end)."""
    rows = _visible_runs(party)
    if state:
        rows = rows.filter(state=state)
    if contract:
        rows = rows.filter(contract_ref=contract)
    if start:
        rows = rows.filter(period_end__gt=start)
    if end:
        rows = rows.filter(period_start__lt=end)
    return tuple(_run(row) for row in rows.order_by("-period_end", "contract_ref", "subject", "purpose")[:limit])


def run_detail(*, run_id: int, party: str | None) -> RunView:
    """Return one run; raises SettlementsError `unknown-run` where there is none or it is a stranger's."""
    row = _visible_runs(party).filter(pk=run_id).first()
    if row is None:
        raise SettlementsError(
            SettlementsCode.UNKNOWN_RUN, f"There is no settlement run {run_id} among yours.", subject=str(run_id)
        )
    return _run(row)


def due(*, party: str | None, limit: int = 50) -> DueView:
    """Return what waits for a party, the earliest due date first."""
    rows = _visible(party).defer("body", "facts").order_by("due_date", "id")

    ours, owed = (Q(), Q()) if party is None else (_issued_by(party), Q(payer=party))

    def at(status: StatementState, whose: Q) -> tuple[StatementRow, ...]:
        return tuple(_row(row) for row in rows.filter(whose, status=status)[:limit])

    return DueView(
        to_approve=at(StatementState.DRAFT, ours),
        to_issue=at(StatementState.APPROVED, ours),
        to_pay=at(StatementState.ISSUED, owed),
        disputed=at(StatementState.DISPUTED, Q()),
        blocked=runs(party=party, state=RunState.BLOCKED, limit=limit),
    )


def _issued_by(party: str) -> Q:
    found = Q(pk=None)
    for kind in KINDS:
        found |= Q(contract_kind=kind, **{f"parties__{issuer_position(kind)}": party})
    return found


def _visible(party: str | None) -> QuerySet[Statement]:
    return Statement.objects.all() if party is None else Statement.objects.filter(parties__contains=[party])


def _visible_runs(party: str | None) -> QuerySet[SettlementRun]:
    rows = SettlementRun.objects.all() if party is None else SettlementRun.objects.filter(parties__contains=[party])
    newest = Statement.objects.filter(run_id=OuterRef("pk")).exclude(status=StatementState.VOID).order_by("-revision")
    return rows.annotate(statement_ref=Subquery(newest.values("ref")[:1]))


def _row(row: Statement) -> StatementRow:
    return StatementRow(
        ref=row.ref,
        contract_ref=row.contract_ref,
        contract_kind=row.contract_kind,
        parties=tuple(row.parties),
        subject=row.subject,
        purpose=row.purpose,
        period_start=row.period_start,
        period_end=row.period_end,
        revision=row.revision,
        currency=row.currency,
        total=row.total,
        already_issued=row.already_issued,
        amount_due=row.amount_due,
        payer=row.payer,
        payee=row.payee,
        due_date=row.due_date,
        status=row.status,
        known_at=row.known_at,
        digest=row.digest,
        prepared_by=row.prepared_by,
        prepared_at=row.prepared_at,
        approved_at=row.approved_at,
        issued_at=row.issued_at,
        entry_id=row.entry_id,
    )


def _line(row: StatementLine) -> LineView:
    return LineView(
        position=row.position,
        code=row.code,
        component=row.component,
        subject=row.subject,
        clause_ref=row.clause_ref,
        description_en=row.description_en,
        description_zh=row.description_zh,
        quantity=row.quantity,
        quantity_unit=row.quantity_unit,
        unit_price=row.unit_price,
        unit_price_unit=row.unit_price_unit,
        amount=row.amount,
        currency=row.currency,
        payer=row.payer,
        payee=row.payee,
        status=row.status,
        trace_ref=row.trace_ref,
    )


def _run(row: SettlementRun) -> RunView:
    return RunView(
        id=row.pk,
        contract_ref=row.contract_ref,
        contract_kind=row.contract_kind,
        subject=row.subject,
        purpose=row.purpose,
        period_start=row.period_start,
        period_end=row.period_end,
        due_date=row.due_date,
        state=row.state,
        attempts=row.attempts,
        error_code=row.error_code,
        error_subject=row.error_subject,
        error_sentence=row.error_sentence,
        retry_at=row.retry_at,
        lease_until=row.lease_until,
        created_at=row.created_at,
        finished_at=row.finished_at,
        statement_ref=getattr(row, "statement_ref", None),
    )


def _cursor(row: Statement) -> str:
    return base64.urlsafe_b64encode(f"{row.period_end.isoformat()}|{row.pk}".encode()).decode()


def _read_cursor(cursor: str) -> tuple[date, int]:
    try:
        day, _, row_id = base64.urlsafe_b64decode(cursor.encode()).decode().partition("|")
        return date.fromisoformat(day), int(row_id)
    except (ValueError, binascii.Error) as error:
        raise SettlementsError(
            SettlementsCode.BAD_CURSOR, "This page of the list cannot be found: start again from the first page."
        ) from error
