"""Signed tree heads and proofs."""

from __future__ import annotations

from ledger.selectors.values import EntryProof, SignedCheckpoint


def ledger_size() -> int:
    """Return how many entries stand in the ledger: the tree size that `known_at` means by default."""
    raise NotImplementedError


def latest_checkpoint() -> SignedCheckpoint:
    """Return the latest signed tree head; raises `not-open` before the first."""
    raise NotImplementedError


def checkpoint_at(*, size: int) -> SignedCheckpoint:
    """Return the signed tree head of exactly `size` entries; raises `bad-checkpoint` where none was signed."""
    raise NotImplementedError


def proof_of(*, index: int, party: str | None, size: int | None = None) -> EntryProof:
    """Return an entry's inclusion proof under the checkpoint of `size`, else the latest; raises `unknown-entry`."""
    raise NotImplementedError
