"""Ask the other side about a row, answer, or dispute it: the thread beside the row."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from lode.parties.actor import Actor
from lode.reconciliation.models import Match, Question, ReconciledPeriod
from lode.reconciliation.services.writing import (
    MAX_QUESTION,
    check_open,
    checked_text,
    locked_period,
    record,
    row_of,
)


def ask(*, period_id: int, ours_key: str, theirs_key: str, text: str, actor: Actor, now: datetime) -> int:
    """Write into a row's thread; an open row becomes asked. Answers are the same. Return the message's number.

    Raises ReconciliationError `text-empty`, `text-too-long`, `row-not-found`, `not-found`, `forbidden`,
    `period-closed`.
    """
    with transaction.atomic():
        period = locked_period(actor, period_id)
        row = row_of(period, ours_key=ours_key, theirs_key=theirs_key, actor=actor, now=now)
        said = checked_text(text, MAX_QUESTION)
        if row.decision is None:
            record(period, row, state=Match.State.ASKED, actor=actor, now=now)
        return _message(period, ours_key, theirs_key, said, actor, now)


def dispute(*, period_id: int, ours_key: str, theirs_key: str, text: str, actor: Actor, now: datetime) -> int:
    """Dispute a row, saying why; it blocks signing until the same side takes that back. Return the decision's number.

    Raises ReconciliationError `text-empty`, `text-too-long`, `row-not-found`, `row-decided`, `not-found`, `forbidden`,
    `period-closed`.
    """
    with transaction.atomic():
        period = locked_period(actor, period_id)
        row = row_of(period, ours_key=ours_key, theirs_key=theirs_key, actor=actor, now=now)
        said = checked_text(text, MAX_QUESTION)
        check_open(row, actor)
        decided = record(period, row, state=Match.State.DISPUTED, actor=actor, now=now)
        _message(period, ours_key, theirs_key, said, actor, now)
        return decided.pk


def _message(period: ReconciledPeriod, ours_key: str, theirs_key: str, text: str, actor: Actor, now: datetime) -> int:
    return Question.objects.create(
        period=period,
        ours_key=ours_key,
        theirs_key=theirs_key,
        text=text,
        asked_by=actor.organisation,
        asked_person=actor.person_id,
        asked_at=now,
    ).pk
