"""Settle one period of one contract on request, and everything that is due."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction

from lode.parties.actor import Actor
from lode.settlement.core.life import RunState
from lode.settlement.errors import SettlementsCode, SettlementsError
from lode.settlement.models import SettlementRun
from lode.settlement.selectors.inputs import gather
from lode.settlement.services.plan_due import add_runs, due_of, plan_due, run_row
from lode.settlement.services.prepare_statement import SYSTEM
from lode.settlement.services.settle_run import Outcome, settle_run

MAY_SETTLE = frozenset({"finance", "commercial", "system"})


def settle_period(
    *,
    contract_ref: str,
    start: date,
    end: date,
    actor: Actor,
    now: datetime,
    known_at: datetime | None = None,
    subject: str | None = None,
    purpose: str | None = None,
) -> tuple[Outcome, ...]:
    """Settle what the contract's schedule has for [start, end); again if it was settled, as a revision if facts differ.

    `subject` and `purpose` narrow it down to one lot and stage. Raises SettlementsError `not-a-period` where the
    schedule has no such period, `period-not-over`, `not-allowed`; a stranger's contract is as good as none.
    """
    known = known_at or now
    runs = _runs(contract_ref, start, end, actor, now, known)
    wanted = [
        run
        for run in runs
        if (subject is None or run.subject == subject) and (purpose is None or run.purpose == purpose)
    ]
    if not wanted:
        raise SettlementsError(
            SettlementsCode.NOT_A_PERIOD,
            f"{contract_ref} has no settlement over {start}..{end}: ask for a period of its schedule.",
            subject=contract_ref,
        )
    return tuple(settle_run(run_id=run.pk, now=now, known_at=known, actor=actor, again=True) for run in wanted)


def settle_due(*, as_of: date, now: datetime, known_at: datetime | None = None) -> tuple[Outcome, ...]:
    """Plan everything that is due on a day and settle it here and now, in order: what the jobs do, without the jobs."""
    plan_due(as_of=as_of, now=known_at or now)
    due = SettlementRun.objects.filter(state=RunState.DUE).order_by("period_end", "contract_ref", "-purpose", "id")
    return tuple(settle_run(run_id=run_id, now=now, known_at=known_at) for run_id in due.values_list("pk", flat=True))


def retry_run(*, run_id: int, actor: Actor, now: datetime, known_at: datetime | None = None) -> Outcome:
    """Try a run again that is blocked, failed or done. Safe to press twice: equal facts give the statement that stands.

    Raises SettlementsError `unknown-run` where there is none or it is a stranger's, `not-allowed`.
    """
    run = SettlementRun.objects.filter(pk=run_id).first()
    if run is None or actor.organisation not in run.parties:
        raise SettlementsError(
            SettlementsCode.UNKNOWN_RUN, f"There is no settlement run {run_id} among yours.", subject=str(run_id)
        )
    refuse_unless_may_settle(actor)
    return settle_run(run_id=run_id, now=now, known_at=known_at, actor=actor, again=True)


def refuse_unless_may_settle(actor: Actor) -> None:
    """Raise SettlementsError `not-allowed` unless the actor's role settles."""
    if actor.sees_all or actor.role not in MAY_SETTLE:
        raise SettlementsError(
            SettlementsCode.NOT_ALLOWED,
            f"The role {actor.role} does not settle: ask a colleague in finance. Nothing was changed.",
        )


def _runs(
    contract_ref: str, start: date, end: date, actor: Actor, now: datetime, known_at: datetime
) -> list[SettlementRun]:
    inputs = gather(ref=contract_ref, known_at=known_at)
    agreement = inputs.agreement
    if actor != SYSTEM and actor.organisation not in agreement.parties.values():
        raise SettlementsError(
            SettlementsCode.NOT_A_PERIOD, f"There is no contract {contract_ref} among yours: check the reference."
        )
    refuse_unless_may_settle(actor)
    if end > now.date():
        raise SettlementsError(
            SettlementsCode.PERIOD_NOT_OVER, f"The period {start}..{end} of {contract_ref} is not over: wait for {end}."
        )
    planned = due_of(inputs, as_of=end)
    asked_for = {item.subject for item in planned if (item.period_start, item.period_end) == (start, end)}
    # A lot's final settlement builds on its provisional one, so both stages are there from now on.
    rows = [
        run_row(agreement, item)
        for item in planned
        if (item.period_start, item.period_end) == (start, end) or (item.subject and item.subject in asked_for)
    ]
    with transaction.atomic():
        add_runs(rows, now)
    return list(
        SettlementRun.objects.filter(contract_ref=contract_ref, period_start=start, period_end=end).order_by("-purpose")
    )
