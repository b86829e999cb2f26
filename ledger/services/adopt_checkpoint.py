"""Give a signer that lost its memory the newest checkpoint that anybody holds, so that it can go on from there."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from ledger.core.checkpoint import open_checkpoint
from ledger.core.errors import LedgerCode, LedgerError
from ledger.services import secret_keys
from ledger.services.signer import Memory, Signer
from ledger.sql import chain, tree
from ledger.sql.inbox import SEQUENCER

WAIT_MS = 10_000


def adopt_checkpoint(*, note: bytes) -> int:
    """Let the signer remember the signed checkpoint `note`; return its size.

    It must be the newest that any partner, witness or auditor holds: what was signed after it and is not in the
    database would be signed over. Raises `fork` unless it grows what the signer remembers and the database extends it,
    `busy` while a sequencer is at work, and as `open_checkpoint` does.
    """
    key = secret_keys.log_key()
    checkpoint, _ = open_checkpoint(note, key.vkey)
    with chain.leadership(WAIT_MS) as leader:
        if not leader:
            raise LedgerError(LedgerCode.BUSY, "A sequencer is at work: try again later.")
        signer = Signer(key, Path(settings.LEDGER_DIR) / "signer.json")
        signed = chain.last_checkpoint()
        if signed is None or signed.size < checkpoint.size or checkpoint.size < signer.memory.size:
            raise LedgerError(
                LedgerCode.FORK,
                f"The checkpoint of {checkpoint.size} entries cannot be adopted: the database has signed heads up to "
                f"{0 if signed is None else signed.size} entries, and the signer remembers {signer.memory.size}.",
            )
        frontier = tree.reader(SEQUENCER, signed.size, signed.root).frontier(checkpoint.size)
        if frontier.root() != checkpoint.root:
            raise LedgerError(
                LedgerCode.FORK,
                f"The first {checkpoint.size} entries in the database are not those under the checkpoint that is to be "
                "adopted: bring the database back from a good copy.",
            )
        signer.remember(Memory(checkpoint.size, checkpoint.root))
    return checkpoint.size
