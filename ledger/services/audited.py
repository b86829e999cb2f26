"""Remember up to which checkpoint an auditor has audited the ledger: its next export begins there."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from ledger.core.checkpoint import open_checkpoint
from ledger.core.entry import check_identifier
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.merkle import EMPTY_ROOT
from ledger.core.note import VerifierKey
from ledger.selectors.checkpoints import latest_checkpoint
from ledger.selectors.trust import trust_root
from ledger.selectors.values import SignedCheckpoint
from ledger.sql import proofs, tree
from ledger.sql.inbox import APP, SEQUENCER


def keep_audited(*, auditor: str, checkpoint: bytes, now: dt.datetime) -> SignedCheckpoint:
    """Keep the checkpoint that `lode-verify --write-audited` gave the auditor; raises as `own_checkpoint`."""
    name = check_identifier("auditor", auditor)
    own = own_checkpoint(checkpoint)
    with transaction.atomic(using=SEQUENCER):
        proofs.keep_audited(name, own.size, own.note, now)
    return own


def audited_by(*, auditor: str | None) -> SignedCheckpoint | None:
    """Return the largest checkpoint that an auditor has given back, None where there is none or nobody is named."""
    note = None if auditor is None else proofs.last_audited(check_identifier("auditor", auditor))
    return None if note is None else own_checkpoint(note)


def own_checkpoint(note: bytes) -> SignedCheckpoint:
    """Return a signed checkpoint as this ledger's own of its past.

    Raises `fork` where the ledger is not an extension of it, or as `open_checkpoint` where its log did not sign it.
    """
    checkpoint, _ = open_checkpoint(note, VerifierKey.parse(trust_root().log_vkey))
    latest = latest_checkpoint()
    past = None
    if checkpoint.size <= latest.size:
        reader = tree.reader(APP, latest.size, latest.root)
        past = reader.frontier(checkpoint.size).root() if checkpoint.size else EMPTY_ROOT
    if past != checkpoint.root:
        raise LedgerError(
            LedgerCode.FORK,
            f"The checkpoint of {checkpoint.size} entries is signed by this log and is not of its past: keep it, and "
            "find out which of the two was changed.",
        )
    return SignedCheckpoint(checkpoint.origin, checkpoint.size, checkpoint.root, note, latest.created_at)
