"""Sign an entry with hosted keys and hand it to the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ledger.core.entry import Entry, encode
from ledger.selectors.values import Submission
from ledger.services.submit_entry import submit_entry
from lode.parties.actor import Actor
from lode.parties.services.sign_text import signed_note


def post_entry(
    *, entry: Entry, signers: Sequence[str], actor: Actor, now: datetime, idempotency_key: str | None = None
) -> Submission:
    """Encode, sign and submit, in the caller's transaction; the sequencer takes it up after the commit.

    The caller has decided that every signer agrees: a use case that needs two parties asks each of them before this.
    Raises LedgerError with the ledger's code when the entry cannot be posted; nothing is kept then.
    """
    note = signed_note(text=encode(entry), organisations=signers)
    return submit_entry(note=note, submitted_by=actor.organisation, now=now, idempotency_key=idempotency_key)
