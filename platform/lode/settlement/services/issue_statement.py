"""Issue a statement: its digest goes onto the ledger, signed by whoever issues it and readable by both parties."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from lode.parties.actor import Actor
from lode.parties.services import post_entry
from lode.settlement.core.life import RunState, StatementState
from lode.settlement.errors import SettlementsCode
from lode.settlement.models import SettlementRun, Statement
from lode.settlement.selectors.carried import CARRIES_FORWARD, later_runs
from lode.settlement.selectors.issued import issued_entry
from lode.settlement.services.approve_statement import (
    move,
    own_statement,
    refuse_unless_finance,
    refuse_unless_issuer,
)
from lode.settlement.services.events import add_event


def issue_statement(
    *, ref: str, actor: Actor, now: datetime, idempotency_key: str | None = None, given: str = ""
) -> str:
    """Issue an approved statement and return the hex id of its ledger entry. Issuing again returns the same id.

    The entry of kind `statement` names the contract and the statement and carries the SHA-256 of its body. The actor's
    organisation issues it and signs it, both parties read it: nobody signs for the other side. An organisation that
    keeps its key itself gives its signature line over the entry's text in `given`.
    From here on the statement is only revised. Raises SettlementsError
    `unknown-statement`, `not-allowed`, `wrong-state`; LedgerError or PartiesError where the entry cannot be posted:
    then nothing was issued.
    """
    with transaction.atomic():
        row = own_statement(ref=ref, actor=actor)
        refuse_unless_finance(actor, "issue")
        refuse_unless_issuer(row, actor, "issue")
        if row.entry_id:
            return row.entry_id
        move(row, StatementState.ISSUED)
        submission = post_entry(
            entry=issued_entry(row),
            signers=(actor.organisation,),
            actor=actor,
            now=now,
            idempotency_key=idempotency_key or f"statement/{ref}",
            given=given,
        )
        row.entry_id = submission.entry_id
        row.issued_at = now
        row.save(update_fields=["status", "entry_id", "issued_at"])
        add_event(statement=row, event="issued", actor=actor, now=now)
        _tell_later_runs(row)
        return row.entry_id


def _tell_later_runs(row: Statement) -> None:
    """Wake the runs that waited for this statement, and have those settled again that built on an earlier revision."""
    if row.contract_kind not in CARRIES_FORWARD:
        return
    later = later_runs(SettlementRun.objects.get(pk=row.run_id))
    waiting = later.filter(state=RunState.BLOCKED, error_code=SettlementsCode.EARLIER_PERIOD_OPEN)
    waiting.update(state=RunState.DUE, attempts=0, nudged_at=None, retry_at=None)
    if row.previous_id is not None:
        later.filter(state=RunState.DONE).update(state=RunState.DUE, attempts=0, nudged_at=None, retry_at=None)
