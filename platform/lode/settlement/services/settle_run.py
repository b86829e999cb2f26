"""Settle one run: claim it, compute, store, say what came of it. Safe to call twice, and to be killed half-way."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from contracts.core.errors import ContractsError as CoreError
from contracts.errors import ContractError
from lode.market.errors import MarketError
from lode.parties.actor import Actor
from lode.settlement.core.life import RunState
from lode.settlement.errors import SettlementsCode, SettlementsError
from lode.settlement.failpoints import failpoint
from lode.settlement.models import SettlementRun
from lode.settlement.services.claim_run import (
    ANY_AT_REST,
    WAITING,
    Claim,
    block,
    claim_run,
    fail,
    finish,
    held_run,
)
from lode.settlement.services.prepare_statement import SYSTEM, Prepared, prepare_statement

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """What became of a run: its state, and the statement, or the code and sentence of what it waits for."""

    run_id: int
    state: str
    statement: str | None = None
    created: bool = False
    code: str = ""
    sentence: str = ""
    subject: str = ""


def settle_run(
    *, run_id: int, now: datetime, known_at: datetime | None = None, actor: Actor = SYSTEM, again: bool = False
) -> Outcome:
    """Settle a run that is due, as known at `known_at` (else `now`); `again` also takes one at rest in any state.

    A run that somebody else holds, or that is not due, is left alone: its state is returned. Where a fact is missing
    the run is blocked with the code and sentence that name it, and no number is stored. Another failure marks the run
    failed and is raised. Raises SettlementsError `unknown-run`.
    """
    states = ANY_AT_REST if again else WAITING
    claim = claim_run(run_id=run_id, now=now, known_at=known_at or now, states=states)
    if claim is None:
        return _as_it_stands(run_id)
    try:
        prepared = _settle(claim, now, actor)
    except (CoreError, ContractError, MarketError, SettlementsError) as error:
        return _refused(claim, now, error)
    except Exception as error:
        fail(claim=claim, now=now, code="unexpected", sentence=f"{type(error).__name__}: {error}"[:500])
        raise
    return Outcome(run_id, RunState.DONE, statement=prepared.ref, created=prepared.created)


def _settle(claim: Claim, now: datetime, actor: Actor) -> Prepared:
    with transaction.atomic():
        run = held_run(claim)
        failpoint("settlement.claimed")
        prepared = prepare_statement(run=run, known_at=claim.known_at, actor=actor)
        finish(claim=claim, now=now)
        failpoint("settlement.before-commit")
    failpoint("settlement.after-commit")
    return prepared


def _refused(claim: Claim, now: datetime, error: Exception) -> Outcome:
    code = str(getattr(error, "code", "unexpected"))
    subject = str(getattr(error, "subject", ""))
    if code == SettlementsCode.LEASE_LOST:
        log.warning("%s", error)
        return _as_it_stands(claim.run_id)
    block(claim=claim, now=now, code=code, subject=subject, sentence=str(error))
    return Outcome(claim.run_id, RunState.BLOCKED, code=code, sentence=str(error), subject=subject)


def _as_it_stands(run_id: int) -> Outcome:
    run = SettlementRun.objects.filter(pk=run_id).first()
    if run is None:
        raise SettlementsError(
            SettlementsCode.UNKNOWN_RUN, f"There is no settlement run {run_id}: plan what is due.", subject=str(run_id)
        )
    last = run.statements.exclude(status="void").order_by("-revision").first()
    return Outcome(
        run_id,
        run.state,
        statement=last.ref if last else None,
        code=run.error_code,
        sentence=run.error_sentence,
        subject=run.error_subject,
    )
