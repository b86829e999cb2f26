"""The book as it stands in the database: loaded in a few sets, and what a batch changed about it written back."""

from __future__ import annotations

from collections.abc import Sequence

from ledger.core.book import Book, Candidate, Changes, read
from ledger.sql import chain, registry, write


def load(alias: str, origin: str) -> Book:
    """Return the book of `origin` as it stands; raises `not-open` where the ledger was never opened."""
    return Book(origin, registry.load(alias))


def load_named(alias: str, book: Book, candidates: Sequence[Candidate]) -> None:
    """Make known to `book` what `candidates` name and it does not know yet; what does not stand is left out."""
    names = {name for candidate in candidates for name in candidate.names if not book.knows(name)}
    if not names:
        return
    notes = chain.notes_by_entry_id(alias, sorted(names))
    taken_back = chain.reversed_among(alias, list(notes))
    for entry_id, note in notes.items():
        book.know(read(note), taken_back=entry_id in taken_back)


def write_changes(changes: Changes) -> None:
    """Bring the tables beside the entries up to what a batch changed, in the transaction that writes its entries."""
    for record in changes.keys:
        write.key(record)
    for record in changes.revoked:
        write.revocation(record)
