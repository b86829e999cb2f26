"""Give a signer that lost its memory the newest checkpoint that anybody holds, so that it can go on from there."""

from __future__ import annotations

from ledger.core.checkpoint import open_checkpoint
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.merkle import consistency_proof
from ledger.services.head_memory import NOTHING
from ledger.services.signer import open_backend
from ledger.sql import chain, leading, tree
from ledger.sql.inbox import SEQUENCER

WAIT_MS = 10_000


def adopt_checkpoint(*, note: bytes) -> int:
    """Let the signer remember the signed checkpoint `note`; return its size.

    It must be the newest that any partner, witness or auditor holds: what was signed after it and is not in the
    database would be signed over. Raises `fork` unless it grows what the signer remembers and the database extends it,
    `busy` while a sequencer is at work, and as `open_checkpoint` does.
    """
    backend = open_backend()
    state = backend.state()
    checkpoint, _ = open_checkpoint(note, state.vkeys[0])
    with leading.leadership(WAIT_MS) as leader:
        if not leader:
            raise LedgerError(LedgerCode.BUSY, "A sequencer is at work: try again later.")
        head = state.head or NOTHING
        signed = chain.last_checkpoint()
        if signed is None or signed.size < checkpoint.size or checkpoint.size < head.size:
            raise LedgerError(
                LedgerCode.FORK,
                f"The checkpoint of {checkpoint.size} entries cannot be adopted: the database has signed heads up to "
                f"{0 if signed is None else signed.size} entries, and the signer remembers {head.size}.",
            )
        reader = tree.reader(SEQUENCER, signed.size, signed.root)
        if reader.frontier(checkpoint.size).root() != checkpoint.root:
            raise LedgerError(
                LedgerCode.FORK,
                f"The first {checkpoint.size} entries in the database are not those under the checkpoint that is to be "
                "adopted: bring the database back from a good copy.",
            )
        backend.adopt(note, consistency_proof(head.size, checkpoint.size, reader.get_hash))
    return checkpoint.size
