"""Agree on a row whose sides differ, with the reason."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from lode.parties.actor import Actor
from lode.reconciliation.core.reasons import agreed_mass
from lode.reconciliation.core.values import Reason
from lode.reconciliation.models import Match
from lode.reconciliation.selectors.pages import tolerances_of
from lode.reconciliation.services.writing import (
    MAX_NOTE,
    check_open,
    checked_text,
    locked_period,
    record,
    row_of,
)


def match_with_difference(
    *,
    period_id: int,
    ours_key: str,
    theirs_key: str,
    reason: Reason,
    actor: Actor,
    now: datetime,
    note: str = "",
) -> int:
    """Match two rows, or settle one that stands alone (empty key for the other side); return the decision's number.

    An assay split inside the limit brings the ledger to the mean, by an adjustment that follows; the other reasons
    leave the ledger as it is. Raises ReconciliationError `reason-does-not-fit`, `umpire-needed`, `row-not-found`,
    `row-decided`, `not-found`, `forbidden`, `period-closed`, `text-too-long`.
    """
    with transaction.atomic():
        period = locked_period(actor, period_id)
        row = row_of(period, ours_key=ours_key, theirs_key=theirs_key, actor=actor, now=now)
        if row.decision and row.decision.reason is reason and row.state.value == Match.State.WITH_DIFFERENCE:
            return row.decision.number
        check_open(row, actor)
        agreed_mg = agreed_mass(reason, row.ours, row.theirs, tolerances_of(period))
        return record(
            period,
            row,
            state=Match.State.WITH_DIFFERENCE,
            actor=actor,
            now=now,
            reason=reason,
            note=checked_text(note, MAX_NOTE) if note.strip() else "",
            agreed_mg=agreed_mg,
        ).pk
