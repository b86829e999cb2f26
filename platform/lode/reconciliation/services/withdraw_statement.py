"""The partner takes its statement back."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from lode.parties.actor import Actor
from lode.reconciliation.core.errors import Code, ReconciliationError
from lode.reconciliation.core.values import Text
from lode.reconciliation.models import PartnerStatement
from lode.reconciliation.selectors.their_side import live_statement
from lode.reconciliation.services.writing import locked_period


def withdraw_statement(*, period_id: int, actor: Actor, now: datetime) -> None:
    """Take back the live statement of a period; its bytes stay on record.

    Raises ReconciliationError `not-found`, `forbidden` to all but the partner, `period-closed`, `no-statement`.
    """
    with transaction.atomic():
        period = locked_period(actor, period_id)
        if actor.organisation != period.partner:
            raise ReconciliationError(
                Code.FORBIDDEN,
                Text(
                    f"Only {period.partner} may take back its own statement. Ask them.",
                    f"只有 {period.partner} 可以撤回自己的对账单，请联系对方。",
                ),
            )
        live = live_statement(period)
        if live is None:
            raise ReconciliationError(
                Code.NO_STATEMENT, Text("There is no statement to take back.", "没有可撤回的对账单。")
            )
        live.state = PartnerStatement.State.WITHDRAWN
        live.ended_at = now
        live.save(update_fields=["state", "ended_at"])
