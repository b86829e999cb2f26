"""Save the terms that an organisation is working on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db import transaction

from contracts.core.lifecycle import Move
from contracts.errors import ContractCode, ContractError
from contracts.models import Draft
from contracts.selectors.agreement import draft_terms
from contracts.services.desk import Desk, open_desk
from lode.parties.actor import Actor


def save_draft(
    *,
    actor: Actor,
    ref: str,
    terms: Mapping[str, Any],
    expected_revision: int,
    now: datetime,
    effective_from: date | None = None,
) -> int:
    """Replace the draft's terms and return its new revision. Terms that are not complete yet are kept as they are.

    Only the party that the contract waits for can save; the other sees nothing before it is handed over.
    Raises ContractError `stale-revision` when somebody else has saved since the revision that was read, `wrong-state`,
    `not-your-turn`, `unknown-contract`, `not-allowed`; TermsError for a term that is not of its kind.
    """
    with transaction.atomic():
        desk = open_desk(actor=actor, ref=ref)
        desk.require(Move.SAVE)
        draft = draft_at(desk, expected_revision)
        draft.terms = draft_terms(kind=desk.contract.kind, terms=terms, template=False)
        draft.effective_from = effective_from or draft.effective_from
        draft.revision += 1
        draft.saved_by = actor.person_id
        draft.saved_at = now
        draft.save()
        return draft.revision


def draft_at(desk: Desk, expected_revision: int | None) -> Draft:
    """Return the draft of a locked contract; raises `stale-revision` unless it stands at the revision expected."""
    draft = Draft.objects.get(contract=desk.contract)
    if expected_revision is not None and draft.revision != expected_revision:
        raise ContractError(
            ContractCode.STALE_REVISION,
            f"{desk.contract.ref} was saved by somebody else (revision {draft.revision}, yours is "
            f"{expected_revision}): compare the two and save again. Nothing was overwritten.",
        )
    return draft
