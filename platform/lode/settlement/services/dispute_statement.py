"""Dispute an issued statement, settle the dispute, and close a statement for good."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from lode.parties.actor import Actor
from lode.settlement.core.life import StatementState
from lode.settlement.errors import SettlementsCode, SettlementsError
from lode.settlement.services.approve_statement import move, own_statement, refuse_unless_finance
from lode.settlement.services.events import add_event


def dispute_statement(*, ref: str, actor: Actor, now: datetime, reason: str, line_position: int | None = None) -> str:
    """Dispute an issued statement, or one line of it; return its status.

    The figures stand: where they are wrong, a revision changes what is due. Raises SettlementsError
    `unknown-statement`, `not-allowed` for auditors, `wrong-state`, `reason-missing`.
    """
    with transaction.atomic():
        row = own_statement(ref=ref, actor=actor)
        if actor.sees_all:
            raise SettlementsError(
                SettlementsCode.NOT_ALLOWED, "An auditor reads statements and does not dispute them."
            )
        if not reason.strip():
            raise SettlementsError(SettlementsCode.REASON_MISSING, f"Say what is wrong with {ref}, and it is disputed.")
        if line_position is not None and not row.lines.filter(position=line_position).exists():
            raise SettlementsError(
                SettlementsCode.REASON_MISSING, f"{ref} has no line {line_position}: name one of its lines."
            )
        if row.status != StatementState.DISPUTED:
            move(row, StatementState.DISPUTED)
            row.save(update_fields=["status"])
        add_event(
            statement=row, event="disputed", actor=actor, now=now, note=reason.strip(), line_position=line_position
        )
        return row.status


def resolve_dispute(*, ref: str, actor: Actor, now: datetime, note: str) -> str:
    """Withdraw the dispute: the statement is issued as it was. Where it was right, settle the period again instead.

    Raises SettlementsError `unknown-statement`, `not-allowed`, `wrong-state`, `reason-missing`.
    """
    return _close(ref, actor, now, note, StatementState.ISSUED, "resolved")


def finalise_statement(*, ref: str, actor: Actor, now: datetime, note: str = "Paid.") -> str:
    """Close an issued statement: it is paid, or its dispute window is over. Raises as `resolve_dispute` does."""
    return _close(ref, actor, now, note, StatementState.FINAL, "final")


def _close(ref: str, actor: Actor, now: datetime, note: str, target: StatementState, event: str) -> str:
    with transaction.atomic():
        row = own_statement(ref=ref, actor=actor)
        refuse_unless_finance(actor, "close")
        if not note.strip():
            raise SettlementsError(SettlementsCode.REASON_MISSING, f"Say how {ref} was resolved.")
        move(row, target)
        row.save(update_fields=["status"])
        add_event(statement=row, event=event, actor=actor, now=now, note=note.strip())
        return row.status
