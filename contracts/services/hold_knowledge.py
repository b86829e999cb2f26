"""Fix what a settlement was told to know."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from contracts.errors import UnknownContractError
from contracts.models import Contract


def hold_knowledge(*, ref: str, known_at: datetime) -> None:
    """Make sure that nothing will ever be recorded on the contract at or before `known_at` that is not there now.

    To be called before a settlement reads its facts, in its transaction or before it. It waits for facts and signatures
    that are being recorded at this moment, and lets later ones be recorded after `known_at` (a microsecond at least).
    So the same contract, period and known-at give the same bytes for ever. Raises ContractError `unknown-contract`.
    """
    with transaction.atomic():
        row = Contract.objects.select_for_update().filter(ref=ref).first()
        if row is None:
            raise UnknownContractError(ref)
        if row.known_through is None or row.known_through < known_at:
            row.known_through = known_at
            row.save(update_fields=["known_through"])
