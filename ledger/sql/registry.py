"""The key registry, replayed from the public `key` entries."""

from __future__ import annotations

from functools import lru_cache

from ledger.core import entry as entries
from ledger.core.entry import Entry
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.note import Note, VerifierKey
from ledger.core.registry import KeyRegistry
from ledger.sql import chain


def load(alias: str) -> KeyRegistry:
    """Return the registry as it stands; raises `not-open` where the ledger was never opened."""
    root = chain.root_key(alias)
    if root is None:
        raise LedgerError(
            LedgerCode.NOT_OPEN, "The ledger is not open yet: no registry key stands in it. Open it first."
        )
    registry = KeyRegistry(VerifierKey.parse(root))
    for index, note in chain.key_notes(alias):
        registry.apply(_entry(note), index)
    return registry


@lru_cache(maxsize=4096)
def _entry(note: bytes) -> Entry:
    # The same bytes always mean the same; the registry itself is made anew for each reader, who may add to it.
    return entries.decode(Note.parse(note).text)
