"""Take one decision back."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from lode.parties.actor import Actor
from lode.reconciliation.core.errors import Code, ReconciliationError
from lode.reconciliation.core.values import Text
from lode.reconciliation.models import Match
from lode.reconciliation.services.writing import end, locked_period


def undo_match(*, period_id: int, match_id: int, actor: Actor, now: datetime) -> None:
    """Undo a decision: the row is open again. A dispute is taken back only by the side that raised it.

    Undoing what is undone changes nothing. Raises ReconciliationError `row-not-found`, `forbidden`, `not-found`,
    `period-closed`.
    """
    with transaction.atomic():
        period = locked_period(actor, period_id)
        item = period.matches.filter(pk=match_id).first()
        if item is None:
            raise ReconciliationError(
                Code.ROW_NOT_FOUND,
                Text("There is no such decision in this period. Load the page again.", "本期没有该处理，请重新载入。"),
            )
        if item.undone_at is not None:
            return
        if item.state == Match.State.DISPUTED and item.decided_by != actor.organisation:
            raise ReconciliationError(
                Code.FORBIDDEN,
                Text(
                    f"{item.decided_by} disputes this row; only they can take that back.",
                    f"{item.decided_by} 对该行提出了异议，只有对方可以撤回。",
                ),
            )
        end(item, actor=actor, now=now)
