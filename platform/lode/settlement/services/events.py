"""Write down what happened to a statement."""

from __future__ import annotations

from datetime import datetime

from lode.parties.actor import Actor
from lode.settlement.models import Statement, StatementEvent


def add_event(
    *,
    statement: Statement,
    event: str,
    actor: Actor,
    now: datetime,
    note: str = "",
    line_position: int | None = None,
) -> None:
    """Append one step to the statement's life."""
    StatementEvent.objects.create(
        statement=statement,
        at=now,
        organisation=actor.organisation,
        person_id=actor.person_id,
        event=event,
        note=note,
        line_position=line_position,
    )
