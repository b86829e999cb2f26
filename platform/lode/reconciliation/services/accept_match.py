"""Accept that two rows are one movement, where both have the same mass."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from lode.parties.actor import Actor
from lode.reconciliation.core.errors import Code, ReconciliationError
from lode.reconciliation.core.sentences import signed_mass_text
from lode.reconciliation.core.values import Rule, Text
from lode.reconciliation.models import Match
from lode.reconciliation.selectors.pages import page_of
from lode.reconciliation.services.writing import check_open, locked_period, record, record_matched, row_of


def accept_match(*, period_id: int, ours_key: str, theirs_key: str, actor: Actor, now: datetime) -> int:
    """Match two rows of the same mass and return the decision's number; once more returns the same.

    Raises ReconciliationError `not-exact` where the masses differ, `row-not-found`, `row-decided`, `not-found`,
    `forbidden`, `period-closed`.
    """
    with transaction.atomic():
        period = locked_period(actor, period_id)
        row = row_of(period, ours_key=ours_key, theirs_key=theirs_key, actor=actor, now=now)
        if row.decision and row.state.value == Match.State.MATCHED and not row.stale:
            return row.decision.number
        check_open(row, actor)
        if row.ours is None or row.theirs is None or row.difference_mg:
            raise ReconciliationError(
                Code.NOT_EXACT,
                Text(
                    f"The sides differ by {signed_mass_text(row.difference_mg)}: match with a reason, or ask.",
                    f"双方相差 {signed_mass_text(row.difference_mg)}，请选择差异原因或询问对方。",
                ),
            )
        return record(period, row, state=Match.State.MATCHED, actor=actor, now=now).pk


def accept_exact(*, period_id: int, actor: Actor, now: datetime) -> int:
    """Match every undecided row that agrees in reference, day and mass; return how many were matched now.

    Raises ReconciliationError `not-found`, `forbidden`, `period-closed`.
    """
    with transaction.atomic():
        period = locked_period(actor, period_id)
        exact = [
            row for row in page_of(period, today=now.date()).rows if row.rule is Rule.EXACT and row.decision is None
        ]
        record_matched(period, exact, actor=actor, now=now)
        return len(exact)
