"""Signed tree heads and proofs."""

from __future__ import annotations

from collections.abc import Sequence

from ledger.core.checkpoint import Checkpoint
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.leaf import decode
from ledger.core.merkle import consistency_proof, inclusion_proof
from ledger.core.note import Note
from ledger.core.proof import make_proof
from ledger.core.tiles import TileReader
from ledger.selectors.entries import readable_entry
from ledger.selectors.trust import witness_policy
from ledger.selectors.values import EntryProof, SignedCheckpoint
from ledger.sql import chain, cosignatures, tree
from ledger.sql.chain import CheckpointRow
from ledger.sql.inbox import APP
from ledger.sql.reads import StoredEntry

# How many cosigned heads are looked at for one that meets the quorum.
_COSIGNED = 100


def ledger_size() -> int:
    """Return how many entries stand in the ledger: the tree size that `known_at` means by default."""
    return chain.tip(APP).size


def known_size(*, known_at: int | None) -> int:
    """Return the tree size that a question means: the newest for None. Raises `bad-field` for one not yet reached.

    What was known at a size is the same for ever; of a size to come nobody knows.
    """
    size = ledger_size()
    if known_at is None:
        return size
    if known_at > size:
        raise LedgerError(LedgerCode.BAD_FIELD, f"The ledger has {size} entries, fewer than {known_at}.")
    return known_at


def latest_checkpoint() -> SignedCheckpoint:
    """Return the latest signed tree head; raises `not-open` before the first."""
    row = chain.last_checkpoint(APP)
    if row is None:
        raise LedgerError(LedgerCode.NOT_OPEN, "The ledger has no checkpoint yet: open it first.")
    return _values([row])[0]


def latest_cosigned_checkpoint() -> SignedCheckpoint:
    """Return the latest tree head whose witnesses meet the quorum; raises `unknown-checkpoint` where none does."""
    policy = witness_policy()
    for size in cosignatures.newest_sizes(APP, _COSIGNED):
        found = checkpoint_at(size=size)
        if policy.is_met_by(policy.cosigned_by(Note.parse(found.note))):
            return found
    raise LedgerError(
        LedgerCode.UNKNOWN_CHECKPOINT, "No checkpoint is cosigned as the quorum of this ledger asks: ask again later."
    )


def checkpoint_at(*, size: int) -> SignedCheckpoint:
    """Return the signed tree head of exactly `size` entries; raises `unknown-checkpoint` where none was signed."""
    row = chain.checkpoint_of(size, APP)
    if row is None:
        raise LedgerError(LedgerCode.UNKNOWN_CHECKPOINT, f"No checkpoint of exactly {size} entries was signed.")
    return _values([row])[0]


def list_checkpoints(*, limit: int = 20) -> tuple[SignedCheckpoint, ...]:
    """Return the latest signed tree heads, newest first."""
    return tuple(_values(chain.last_checkpoints(limit, APP)))


def proof_of(*, index: int, party: str | None, size: int | None = None) -> EntryProof:
    """Return an entry's inclusion proof under the checkpoint of `size`, else the latest.

    Raises `unknown-entry`, or `unknown-checkpoint` where no such tree head covers the entry (yet).
    """
    entry = readable_entry(index=index, party=party)
    checkpoint = latest_checkpoint() if size is None else checkpoint_at(size=size)
    return make_entry_proof(entry, checkpoint, tree.reader(APP, checkpoint.size, checkpoint.root))


def make_entry_proof(entry: StoredEntry, checkpoint: SignedCheckpoint, reader: TileReader) -> EntryProof:
    """Return the proof of a stored entry under a checkpoint whose tree `reader` reads."""
    if entry.index >= checkpoint.size:
        raise LedgerError(
            LedgerCode.UNKNOWN_CHECKPOINT,
            f"The checkpoint of {checkpoint.size} entries does not cover entry {entry.index}: ask for a later one.",
        )
    hashes = inclusion_proof(entry.index, checkpoint.size, reader.get_hash)
    proof = make_proof(entry.index, hashes, checkpoint.note, time=decode(entry.leaf).time, nonce=entry.nonce or None)
    return EntryProof(
        index=entry.index,
        size=checkpoint.size,
        root=checkpoint.root,
        leaf=entry.leaf,
        leaf_hash=entry.leaf_hash,
        hashes=tuple(hashes),
        checkpoint=checkpoint.note,
        text=proof.to_bytes(),
    )


def consistency_of(*, old_size: int, new_size: int) -> tuple[bytes, ...]:
    """Return the proof that the signed tree of `new_size` extends that of `old_size`; raises `unknown-checkpoint`."""
    new = checkpoint_at(size=new_size)
    return tuple(consistency_proof(old_size, new_size, tree.reader(APP, new.size, new.root).get_hash))


def _values(rows: Sequence[CheckpointRow]) -> list[SignedCheckpoint]:
    found = []
    for row, data in zip(rows, cosignatures.notes(APP, rows), strict=True):
        note = Note.parse(data)
        origin = Checkpoint.parse(note.text).origin
        by = tuple(sorted({line.name for line in note.signatures} - {origin}))
        found.append(SignedCheckpoint(origin, row.size, row.root, data, row.created_at, by))
    return found
