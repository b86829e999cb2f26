"""Entries as a verifier takes them: the bytes that their reader may hold, page by page."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.sql import reads
from ledger.sql.reads import Where


@dataclass(frozen=True, slots=True)
class OpenedEntry:
    """What opens one leaf of the tree: the signed note, the seal, and the nonce of the commitment (public: empty)."""

    index: int
    note: bytes
    seal: bytes
    nonce: bytes


def opened_entries(*, party: str | None, first: int, size: int, limit: int) -> tuple[OpenedEntry, ...]:
    """Return up to `limit` entries that `party` may read (None: all), by index, from `first` to below `size`."""
    where = Where()
    reads.readable(where, party)
    where.add("e.index >= %(first)s", first=first)
    where.add("e.index < %(size)s", size=size)
    found = reads.entries(where, order="e.index", limit=limit)
    return tuple(OpenedEntry(entry.index, entry.note, entry.seal, entry.nonce) for entry in found)
