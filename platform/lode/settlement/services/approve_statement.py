"""Approve a statement: a second person says that it may go out."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from lode.parties.actor import Actor
from lode.settlement.core.issuing import issuer_of
from lode.settlement.core.life import IllegalMoveError, StatementState, check_move
from lode.settlement.errors import SettlementsCode, SettlementsError, UnknownStatementError
from lode.settlement.models import Statement
from lode.settlement.services.events import add_event

MAY_APPROVE = frozenset({"finance"})


def approve_statement(*, ref: str, actor: Actor, now: datetime) -> str:
    """Approve a draft; return its status. Approving what the same person approved already changes nothing.

    Raises SettlementsError `unknown-statement` alike for a wrong reference and for a stranger, `not-allowed` for a role
    other than finance and for the party that does not issue it, `second-person` for whoever prepared it, `wrong-state`.
    """
    with transaction.atomic():
        row = own_statement(ref=ref, actor=actor)
        refuse_unless_finance(actor, "approve")
        refuse_unless_issuer(row, actor, "approve")
        if row.status == StatementState.APPROVED and _is(row.approved_by, row.approved_by_person, actor):
            return row.status
        move(row, StatementState.APPROVED)
        if _is(row.prepared_by, row.prepared_by_person, actor):
            raise SettlementsError(
                SettlementsCode.SECOND_PERSON,
                f"You prepared {ref}: a second person in finance has to approve it.",
                subject=ref,
            )
        row.approved_by = actor.organisation
        row.approved_by_person = actor.person_id
        row.approved_at = now
        row.save(update_fields=["status", "approved_by", "approved_by_person", "approved_at"])
        add_event(statement=row, event="approved", actor=actor, now=now)
        return row.status


def own_statement(*, ref: str, actor: Actor) -> Statement:
    """Lock a statement of the actor's organisation; raises SettlementsError `unknown-statement`."""
    row = Statement.objects.select_for_update().filter(ref=ref).first()
    if row is None or actor.organisation not in row.parties:
        raise UnknownStatementError(ref)
    return row


def refuse_unless_issuer(row: Statement, actor: Actor, verb: str) -> None:
    """Raise SettlementsError `not-allowed` unless the statement is the actor's organisation's to issue."""
    issuer = issuer_of(row.contract_kind, row.parties)
    if actor.organisation != issuer:
        raise SettlementsError(
            SettlementsCode.NOT_ALLOWED,
            f"{row.ref} is issued by {issuer}, so {issuer} has to {verb} it: you may dispute it. Nothing was changed.",
            subject=row.ref,
        )


def refuse_unless_finance(actor: Actor, verb: str) -> None:
    """Raise SettlementsError `not-allowed` unless the actor's role is finance."""
    if actor.role not in MAY_APPROVE or actor.sees_all:
        raise SettlementsError(
            SettlementsCode.NOT_ALLOWED,
            f"The role {actor.role} does not {verb} statements: ask a colleague in finance. Nothing was changed.",
        )


def move(row: Statement, target: StatementState) -> None:
    """Set the state on the row; raises SettlementsError `wrong-state` where the table of moves has no such move."""
    try:
        check_move(StatementState(row.status), target)
    except IllegalMoveError as error:
        raise SettlementsError(SettlementsCode.WRONG_STATE, f"{row.ref}: {error.sentence}", subject=row.ref) from error
    row.status = target


def _is(organisation: str, person_id: int | None, actor: Actor) -> bool:
    return (organisation, person_id) == (actor.organisation, actor.person_id)
