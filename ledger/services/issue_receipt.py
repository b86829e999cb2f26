"""A COSE receipt of an entry: the log's signature, made on demand by whoever holds its key."""

from __future__ import annotations

from ledger.core.receipt import make_receipt
from ledger.selectors.checkpoints import proof_of
from ledger.services.head_memory import Head
from ledger.services.signer import open_signer
from ledger.sql import tree
from ledger.sql.inbox import APP


def issue_receipt(*, index: int, party: str | None, size: int | None = None) -> bytes:
    """Return the receipt of the entry at `index` under the checkpoint of `size`, else the latest.

    The same question with a size gives the same bytes for ever. Raises `unknown-entry`, `unknown-checkpoint`, `busy`
    where the signer cannot be reached, `fork` where it has not signed what stands here.
    """
    proof = proof_of(index=index, party=party, size=size)
    signer = open_signer(proof.size)
    signed = tree.reader(APP, signer.head.size, signer.head.root)
    signature = signer.sign_root(Head(proof.size, proof.root), signed.get_hash)
    return make_receipt(signer.vkeys[0], proof.size, index, proof.hashes, signature).to_bytes()
