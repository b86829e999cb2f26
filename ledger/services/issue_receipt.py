"""A COSE receipt of an entry: the log's signature, made on demand by whoever holds its key."""

from __future__ import annotations

from collections.abc import Callable

from ledger.core.receipt import make_receipt
from ledger.selectors.checkpoints import proof_of
from ledger.selectors.values import EntryProof
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
    return receipts_under(Head(proof.size, proof.root))(proof)


def receipts_under(head: Head) -> Callable[[EntryProof], bytes]:
    """Let the log sign once for all receipts under `head`; return what makes one of an entry's proof under it.

    Raises `busy`, `fork` as `issue_receipt`.
    """
    signer = open_signer(head.size)
    signed = tree.reader(APP, signer.head.size, signer.head.root)
    signature = signer.sign_root(head, signed.get_hash)

    def make(proof: EntryProof) -> bytes:
        return make_receipt(signer.vkeys[0], head.size, proof.index, proof.hashes, signature).to_bytes()

    return make
