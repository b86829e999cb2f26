"""The ledger entry that carries a version that both have signed: the same text whoever signs it, and whenever."""

from __future__ import annotations

from django.conf import settings

from contracts.core.lifecycle import Move
from contracts.models import ContractVersion
from ledger.core.entry import Entry


def ledger_entry(version: ContractVersion) -> Entry | None:
    """Return the entry of kind `contract` with the version's digest, dated the day on which both had agreed to it.

    None before that. Nothing in it depends on who signs first or on what day.
    """
    agreed = [turn.recorded_at for turn in version.turns.all() if turn.move == Move.AGREE]
    if not agreed:
        return None
    contract = version.contract
    return Entry(
        kind="contract",
        book=settings.LEDGER_ORIGIN,
        nonce=f"contract/{contract.ref}/{version.number}",
        occurred=max(agreed).date().isoformat(),
        parties=tuple(sorted((contract.party_a, contract.party_b))),
        contract=contract.ref,
        documents={"contract": version.digest, "text": version.text_sha256, "terms": version.terms_sha256},
        details={"version": str(version.number), "effective_from": version.effective_from.isoformat()},
    )
