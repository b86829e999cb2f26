"""Take a run, so that nobody else works on it, and let it go again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from contracts.services import hold_knowledge
from lode.market.services import hold_prices
from lode.settlement.core.life import RunState, back_off_seconds
from lode.settlement.errors import SettlementsCode, SettlementsError
from lode.settlement.models import SettlementRun

LEASE = timedelta(minutes=5)
WAITING = (RunState.DUE,)
ANY_AT_REST = (RunState.DUE, RunState.BLOCKED, RunState.FAILED, RunState.DONE)


@dataclass(frozen=True)
class Claim:
    """A run that is ours until its lease runs out; `attempt` is the number that proves it when we save."""

    run_id: int
    attempt: int
    known_at: datetime


def claim_run(*, run_id: int, now: datetime, known_at: datetime, states: Iterable[RunState] = WAITING) -> Claim | None:
    """Take the run if it stands in one of the states and nobody else holds it; None otherwise.

    Committed before the work begins: where the process dies, the lease runs out and the sweep gives the run back. What
    may be known is fixed here too, so the same moment gives the same facts for ever.
    """
    with transaction.atomic():
        wanted = [state.value for state in states]
        row = SettlementRun.objects.select_for_update(skip_locked=True).filter(pk=run_id, state__in=wanted).first()
        if row is None:
            return None
        row.state = RunState.RUNNING
        row.attempts += 1
        row.lease_until = now + LEASE
        row.save(update_fields=["state", "attempts", "lease_until"])
        hold_knowledge(ref=row.contract_ref, known_at=known_at)
        hold_prices(known_at=known_at)
        return Claim(run_id, row.attempts, known_at)


def held_run(claim: Claim) -> SettlementRun:
    """Lock the claimed run for the rest of the transaction; raises SettlementsError `lease-lost` if it is not ours."""
    row = SettlementRun.objects.select_for_update().get(pk=claim.run_id)
    if row.state != RunState.RUNNING or row.attempts != claim.attempt:
        raise SettlementsError(
            SettlementsCode.LEASE_LOST,
            f"The run {row} took longer than its lease and was given to somebody else: nothing was saved here.",
            subject=str(row.pk),
        )
    return row


def finish(*, claim: Claim, now: datetime) -> None:
    """Say that the claimed run is done."""
    _let_go(claim, RunState.DONE, finished_at=now)


def block(*, claim: Claim, now: datetime, code: str, subject: str, sentence: str) -> None:
    """Say what the claimed run waits for. It is looked at again when a fact arrives, and after a while anyway."""
    wait = timedelta(seconds=back_off_seconds(min(claim.attempt, 4)) or 0)
    _let_go(
        claim, RunState.BLOCKED, retry_at=now + wait, error_code=code, error_subject=subject, error_sentence=sentence
    )


def fail(*, claim: Claim, now: datetime, code: str, sentence: str) -> None:
    """Say that the claimed run failed for a reason of ours: tried again after a while, then a person has to look."""
    seconds = back_off_seconds(claim.attempt)
    retry_at = None if seconds is None else now + timedelta(seconds=seconds)
    _let_go(claim, RunState.FAILED, retry_at=retry_at, error_code=code, error_sentence=sentence)


def _let_go(claim: Claim, state: RunState, **said: object) -> None:
    silent = {"retry_at": None, "error_code": "", "error_subject": "", "error_sentence": "", "finished_at": None}
    ours = SettlementRun.objects.filter(pk=claim.run_id, state=RunState.RUNNING, attempts=claim.attempt)
    ours.update(state=state, lease_until=None, looked_at=claim.known_at, **{**silent, **said})
