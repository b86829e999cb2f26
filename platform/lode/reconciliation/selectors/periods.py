"""Lists of periods, and the statements behind them."""

from __future__ import annotations

from lode.parties.actor import Actor
from lode.reconciliation.core.errors import Code, ReconciliationError
from lode.reconciliation.core.values import Text
from lode.reconciliation.models import PartnerStatement, ReconciledPeriod
from lode.reconciliation.selectors.access import NOT_FOUND, visible_period, visible_periods
from lode.reconciliation.selectors.ledger_side import period_of
from lode.reconciliation.selectors.their_side import statement_view
from lode.reconciliation.selectors.values import PeriodSummary, StatementView


def summary_of(row: ReconciledPeriod) -> PeriodSummary:
    """Return one line of the list."""
    statements = [item for item in row.statements.all() if item.state == PartnerStatement.State.SUBMITTED]
    return PeriodSummary(
        number=row.pk,
        our_party=row.our_party,
        partner=row.partner,
        period=period_of(row),
        state=row.state,
        statement_revision=statements[0].revision if statements else 0,
        signed_by=tuple(sorted({item.party for item in row.signatures.all()})),
        closed_at=row.closed_at,
        digest=row.digest,
        entry_id=row.entry_id,
    )


def list_periods(*, actor: Actor, state: str | None = None) -> tuple[PeriodSummary, ...]:
    """Return the periods of the actor's organisation, newest first; the auditor's all. `state`: open or closed."""
    rows = visible_periods(actor).prefetch_related("signatures", "statements")
    if state is not None:
        rows = rows.filter(state=state)
    return tuple(summary_of(row) for row in rows.order_by("-start_date", "our_party", "partner"))


def find_period(*, actor: Actor, our_party: str, partner: str, label: str) -> PeriodSummary:
    """Return the period of two parties with that label, e.g. `2025-11`. Raises ReconciliationError `not-found`."""
    for row in visible_periods(actor).filter(our_party=our_party, partner=partner):
        if period_of(row).label == label:
            return summary_of(row)
    raise ReconciliationError(NOT_FOUND.code, NOT_FOUND.text)


def list_statements(*, actor: Actor, period_id: int) -> tuple[StatementView, ...]:
    """Return every revision that the partner submitted, oldest first. Raises ReconciliationError `not-found`."""
    return tuple(statement_view(item) for item in visible_period(actor, period_id).statements.order_by("revision"))


def statement_file(*, actor: Actor, period_id: int, revision: int) -> tuple[str, bytes]:
    """Return the name and the bytes of a file as it was submitted. Raises ReconciliationError `not-found`."""
    row = visible_period(actor, period_id).statements.filter(revision=revision).first()
    if row is None:
        raise ReconciliationError(
            Code.NOT_FOUND, Text(f"There is no revision {revision} of this statement.", f"没有第 {revision} 版对账单。")
        )
    return row.file_name, bytes(row.file_bytes)
