"""Open an amendment of a contract in force."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db import transaction

from contracts.core.lifecycle import Move
from contracts.errors import ContractCode, ContractError
from contracts.models import Draft
from contracts.selectors.agreement import draft_terms, terms_of
from contracts.services.desk import Desk, open_desk
from contracts.services.requests import once
from lode.parties.actor import Actor


def amend(
    *,
    actor: Actor,
    ref: str,
    changes: Mapping[str, Any],
    effective_from: date,
    now: datetime,
    idempotency_key: str | None = None,
) -> int:
    """Draft an amendment: the terms in force with `changes` laid over them, from a day on; return the draft's revision.

    From here it is negotiated like a contract (`save_draft`, `propose`, `counter`, `agree`, `sign_version`) while the
    contract stays active. The day may lie in the past: what was settled for it is then settled again as a revision.
    Raises ContractError `wrong-state` (not active, or an amendment is open), `bad-date` before the contract's first
    day, `unknown-contract`, `not-allowed`, `idempotency-key-reused`; TermsError for a term that is not of its kind.
    """
    request = {"amend": ref, "changes": dict(changes), "effective_from": effective_from.isoformat()}
    with transaction.atomic():
        desk = open_desk(actor=actor, ref=ref)
        revision: int = once(
            organisation=actor.organisation,
            key=idempotency_key,
            request=request,
            now=now,
            do=lambda: _open_amendment(desk, changes, effective_from, now),
        )
    return revision


def _open_amendment(desk: Desk, changes: Mapping[str, Any], effective_from: date, now: datetime) -> int:
    desk.require(Move.AMEND)
    signed = desk.contract.versions.filter(ledger_reference__isnull=False)
    first, in_force = signed.first(), signed.last()
    assert first is not None  # an active contract has been signed by both
    assert in_force is not None
    if effective_from < first.effective_from:
        raise ContractError(
            ContractCode.BAD_DATE,
            f"{desk.contract.ref} began on {first.effective_from}: an amendment cannot hold before that day.",
        )
    desk.make(Move.AMEND, now=now, version=in_force, effective_on=effective_from)
    draft = Draft.objects.get(contract=desk.contract)
    draft.holder = desk.actor.organisation
    draft.terms = draft_terms(kind=desk.contract.kind, terms={**terms_of(in_force.terms), **changes}, template=False)
    draft.effective_from = effective_from
    draft.revision += 1
    draft.saved_by = desk.actor.person_id
    draft.saved_at = now
    draft.save()
    return draft.revision
