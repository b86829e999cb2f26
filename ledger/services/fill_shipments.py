"""Let the table of shipments know what left before there was such a table."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction

from ledger.core import seal as seals
from ledger.core.book import Book, Changes, read
from ledger.core.errors import LedgerCode, LedgerError
from ledger.sql import book as books
from ledger.sql import leading, reads, registry
from ledger.sql.inbox import APP, SEQUENCER

WAIT_MS = 10_000
_PAGE = 256
_IS_BEHIND = "SELECT EXISTS (SELECT FROM ledger_entry WHERE kind = 'ship') AND NOT EXISTS (SELECT FROM ledger_shipment)"


def fill_shipments() -> bool:
    """Replay all entries into the table if it is empty and there are shipments; say whether it was. Raises `busy`.

    Entries of earlier versions could not pledge and close nothing, so no other table is behind.
    """
    if not reads.fetch(_IS_BEHIND, {})[0][0]:
        return False
    with leading.leadership(WAIT_MS) as leader:
        if not leader:
            raise LedgerError(LedgerCode.BUSY, "A sequencer is at work: try again later.")
        book = _replayed()
        with transaction.atomic(using=SEQUENCER):
            books.write_changes(Changes(shipments=book.drain().shipments))
    return True


def _replayed() -> Book:
    book = Book(settings.LEDGER_ORIGIN, registry.load(APP))
    first = 0
    while page := _entries(first):
        for stored in page:
            candidate = read(stored.note)
            if not candidate.kind.moves or (candidate.plain and not book.shipments):
                continue
            books.load_notes(APP, book, [candidate])
            after = {line.account: line.balance_mg for line in seals.decode(stored.seal).accounts}
            book.take_in(candidate, stored.index, after)
            book.forget_known()
        first = page[-1].index + 1
    return book


def _entries(first: int) -> list[reads.StoredEntry]:
    where = reads.Where()
    where.add("e.index >= %(first)s", first=first)
    return reads.entries(where, order="e.index", limit=_PAGE)
