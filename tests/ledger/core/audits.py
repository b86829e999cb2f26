"""Audit a ledger in memory as a whole, or what one party is given of it."""

from __future__ import annotations

from ledger.core.audit import Audit, Depth, Report, Trust
from tests.ledger.builder import Book


def audited(book: Book, party: str | None = None) -> Report:
    """Return what held; raises LedgerError at the first thing that does not."""
    depth = Depth.FULL if party is None else Depth.PARTY
    run = Audit(book.export(party).get, Trust(book.policy, book.registry_key.vkey), depth, party)
    for _ in run.run():
        pass
    return run.report
