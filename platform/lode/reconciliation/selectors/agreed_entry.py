"""The ledger entry of an agreed balance: the same text whoever signs it first."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings

from ledger.core.entry import Entry
from lode.reconciliation.core.page import TieLine
from lode.reconciliation.models import ReconciledPeriod
from lode.reconciliation.selectors.ledger_side import period_of


def agreed_entry(period: ReconciledPeriod, digest: str, tie_lines: Sequence[TieLine]) -> Entry:
    """Return the entry of kind `statement` that both sign: the digest (hex SHA-256) of the balance, and its figures.

    It closes the period in the ledger: what is found wrong afterwards is an adjustment dated after it.
    """
    days = period_of(period)
    return Entry(
        kind="statement",
        book=settings.LEDGER_ORIGIN,
        nonce=f"balance/{period.our_party}/{period.partner}/{days.start_date}",
        occurred=days.last_date.isoformat(),
        parties=tuple(sorted((period.our_party, period.partner))),
        reference=f"balance/{period.our_party}/{period.partner}/{days.label}",
        documents={"agreed-balance.json": digest},
        details={
            "closes_until": days.last_date.isoformat(),
            "closing_mg": {line.element: str(line.closing_mg) for line in tie_lines},
            "first_date": days.start_date.isoformat(),
            "last_date": days.last_date.isoformat(),
            "owner": period.our_party,
            "holder": period.partner,
        },
    )
