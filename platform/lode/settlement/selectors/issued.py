"""The ledger entry by which a statement is issued, as whoever issues it signs it."""

from __future__ import annotations

from django.conf import settings

from ledger.core.entry import Entry, encode
from lode.settlement.core.issuing import issuer_of
from lode.settlement.core.life import StatementState
from lode.settlement.models import Statement


def issued_entry(row: Statement) -> Entry:
    """Return the entry of kind `statement`: the contract, the statement, and the SHA-256 of its body."""
    return Entry(
        kind="statement",
        book=settings.LEDGER_ORIGIN,
        nonce=f"statement/{row.ref}",
        occurred=row.period_end.isoformat(),
        parties=tuple(sorted(row.parties)),
        contract=row.contract_ref,
        reference=row.ref,
        documents={row.ref: row.digest},
        details={
            "amount_due": f"{row.amount_due:f}",
            "currency": row.currency,
            "issuer": issuer_of(row.contract_kind, row.parties),
            "period_end": row.period_end.isoformat(),
            "period_start": row.period_start.isoformat(),
            "total": f"{row.total:f}",
        },
    )


def text_to_issue(row: Statement) -> bytes:
    """Return the text that the issuer signs while the statement is approved and not issued; empty otherwise."""
    return encode(issued_entry(row)) if row.status == StatementState.APPROVED else b""
