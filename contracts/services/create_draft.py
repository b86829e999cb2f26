"""Start a contract."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from contracts.core.lifecycle import State
from contracts.errors import ContractCode, ContractError
from contracts.models import Contract, Draft
from contracts.selectors.agreement import draft_terms, ref_prefix, role_is_first
from contracts.services.desk import refuse_readers
from contracts.services.requests import lock, once
from lode.parties.actor import Actor
from lode.parties.errors import PartiesError
from lode.parties.selectors import get_party


def create_draft(
    *,
    actor: Actor,
    kind: str,
    counterparty: str,
    now: datetime,
    terms: Mapping[str, Any] | None = None,
    role: str | None = None,
    effective_from: date | None = None,
    idempotency_key: str | None = None,
) -> str:
    """Start a contract of a kind with a counterparty and return its reference, such as `ML-2023-001`.

    `terms` are laid over the template's ("Start from demo terms" where None) and need not be complete yet. `role` is
    the role of the actor's organisation in the kind (`lessor`, `lessee`); the kind's first where None. `effective_from`
    is the day on which the contract comes into force, the first that its terms name where None. Only the author sees it
    until it is proposed.

    Raises ContractError `not-allowed`, `unknown-party`, `idempotency-key-reused`; SettlementError `unknown-kind`;
    TermsError for a term that is not of its kind.
    """
    refuse_readers(actor)
    starting = draft_terms(kind=kind, terms=terms or {})
    first = role_is_first(kind=kind, role=role)
    _require_counterparty(actor, counterparty)
    request = {
        "create_draft": kind,
        "counterparty": counterparty,
        "terms": starting,
        "first": first,
        "effective_from": effective_from.isoformat() if effective_from else "",
    }

    roles = (actor.organisation, counterparty) if first else (counterparty, actor.organisation)
    row = Contract(
        kind=kind,
        party_a=roles[0],
        party_b=roles[1],
        author=actor.organisation,
        prevailing_language=starting.get("prevailing_language", "en"),
        state=State.DRAFT,
        waits_for_a=first,
        waits_for_b=not first,
        created_at=now,
        changed_at=now,
    )
    draft = Draft(
        holder=actor.organisation,
        terms=starting,
        effective_from=effective_from,
        revision=1,
        saved_by=actor.person_id,
        saved_at=now,
    )
    return _once(row, draft, request, idempotency_key)


def _once(row: Contract, draft: Draft, request: Mapping[str, Any], key: str | None) -> str:
    with transaction.atomic():
        ref: str = once(
            organisation=row.author, key=key, request=request, now=row.created_at, do=lambda: _keep(row, draft)
        )
    return ref


def _keep(row: Contract, draft: Draft) -> str:
    row.ref = _next_ref(ref_prefix(row.kind), row.created_at.year)
    row.save()
    draft.contract = row
    draft.save()
    return row.ref


def _require_counterparty(actor: Actor, counterparty: str) -> None:
    if counterparty == actor.organisation:
        raise ContractError(ContractCode.UNKNOWN_PARTY, "A contract needs two parties: choose another counterparty.")
    for identifier in (actor.organisation, counterparty):
        try:
            get_party(identifier)
        except PartiesError as error:
            raise ContractError(ContractCode.UNKNOWN_PARTY, error.sentence) from error


def _next_ref(prefix: str, year: int) -> str:
    # Numbers of one kind and year are given out one at a time, so that none is given twice and none is left out.
    lock(f"contracts/ref/{prefix}/{year}")
    last = Contract.objects.filter(ref__startswith=f"{prefix}-{year}-").aggregate(last=Max("ref"))["last"]
    number = int(last.rsplit("-", 1)[1]) + 1 if last else 1
    return f"{prefix}-{year}-{number:03d}"
