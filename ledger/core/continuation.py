"""What an export says of what its reader has already: a checkpoint audited before, and that the log extends it.

`audited` is that checkpoint. `audited.growth` is the proof, in the form in which a log asks a C2SP tlog-witness to
follow it (`old <size>`, the hashes, an empty line, the new checkpoint). `continues` is the number of entries of an
earlier export without which this one is not whole.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ledger.core.checkpoint import open_checkpoint
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.merkle import EMPTY_ROOT, verify_consistency
from ledger.core.note import VerifierKey
from ledger.core.witness import RefusedError, Request

AUDITED = "audited"
GROWTH = "audited.growth"
CONTINUES = "continues"
_COUNT = re.compile(rb"[1-9][0-9]{0,18}\n")


def check_growth(audited: bytes, growth: bytes, checkpoint: bytes, log_keys: Sequence[VerifierKey]) -> int:
    """Return the size of the `audited` checkpoint, which `checkpoint` is shown to extend by `growth` alone.

    Raises `bad-proof`, or as `open_checkpoint` for a checkpoint that the log did not sign.
    """
    try:
        request = Request.parse(growth)
    except RefusedError as error:
        raise LedgerError(LedgerCode.BAD_PROOF, f"{GROWTH} cannot be read: {error.sentence}") from None
    old, _ = open_checkpoint(audited, *log_keys)
    new, _ = open_checkpoint(checkpoint, *log_keys)
    if request.note != checkpoint or request.old != old.size or old.origin != new.origin:
        raise LedgerError(LedgerCode.BAD_PROOF, f"{GROWTH} is not of these two checkpoints.")
    if old.size == 0:
        if request.proof or old.root != EMPTY_ROOT:
            raise LedgerError(LedgerCode.BAD_PROOF, f"{GROWTH} proves nothing of an empty log.")
        return 0
    verify_consistency(old.size, new.size, old.root, new.root, request.proof)
    return old.size


def continued_from(data: bytes) -> int:
    """Read `continues`; raises `malformed`."""
    if not _COUNT.fullmatch(data):
        raise LedgerError(LedgerCode.MALFORMED, f"{CONTINUES} is not a number of entries.")
    return int(data)
