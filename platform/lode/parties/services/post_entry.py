"""Sign an entry for its parties and hand it to the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ledger.core.entry import Entry, encode
from ledger.core.note import Note
from ledger.selectors.values import Submission
from ledger.services.submit_entry import submit_entry
from lode.parties.actor import Actor
from lode.parties.models import KeptSignature
from lode.parties.services.sign_text import collected_lines, keep_signature


def post_entry(
    *,
    entry: Entry,
    signers: Sequence[str],
    actor: Actor,
    now: datetime,
    idempotency_key: str | None = None,
    given: str = "",
) -> Submission:
    """Encode, sign and submit, in the caller's transaction; the sequencer takes it up after the commit.

    The caller has decided that every signer agrees: a use case that needs two parties asks each of them before this.
    `given` is the signature line of the actor's organisation where it keeps its key itself; the lines of others are
    those that they left by `keep_signature`. Raises PartiesError as `signature_of`, LedgerError with the ledger's code
    when the entry cannot be posted; nothing is kept then.
    """
    text = encode(entry)
    if given:
        keep_signature(text=text, actor=actor, now=now, given=given)
    note = Note(text, collected_lines(text=text, organisations=signers)).to_bytes()
    submission = submit_entry(note=note, submitted_by=actor.organisation, now=now, idempotency_key=idempotency_key)
    KeptSignature.objects.filter(entry_id=submission.entry_id).delete()  # they stand under the entry now
    return submission
