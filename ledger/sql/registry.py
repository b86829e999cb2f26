"""The key registry, replayed from the public `key` entries."""

from __future__ import annotations

from ledger.core import entry as entries
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
        registry.apply(entries.decode(Note.parse(note).text), index)
    return registry
