"""Hand an entry in and wait until it is posted."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from ledger.core.errors import LedgerCode, LedgerError
from ledger.selectors.entries import submission_of
from ledger.selectors.values import PostedEntry
from ledger.services.sequence_pending import sequence_pending
from ledger.services.submit_entry import submit_entry
from ledger.sql import chain, inbox

_TRIES = 6


def append_entry(
    *, note: bytes, submitted_by: str, now: dt.datetime, idempotency_key: str | None = None
) -> PostedEntry:
    """Submit, sequence and answer, outside of any transaction.

    Raises LedgerError as `submit_entry` does, with the sequencer's code when it refuses, and `busy` when the entry is
    kept but no sequencer took it up in time.
    """
    with transaction.atomic(durable=True):
        submission = submit_entry(note=note, submitted_by=submitted_by, now=now, idempotency_key=idempotency_key)
    entry_id = bytes.fromhex(submission.entry_id)
    # The commit has run the sequencer; it is asked again only where another one held the lock for long, or failed.
    for _ in range(_TRIES):
        row = inbox.find_by_entry_id(entry_id)
        if row is not None and row.state != "pending":
            return _answer(row, existed=submission.existed)
        sequence_pending()
    raise LedgerError(LedgerCode.BUSY, f"The entry {submission.entry_id} is kept and will be posted; ask for it later.")


def _answer(row: inbox.InboxRow, *, existed: bool) -> PostedEntry:
    answer = submission_of(row)
    if row.state == "refused" or answer.index is None:
        raise LedgerError(LedgerCode(str(answer.code)), f"{answer.message} Nothing was posted.")
    signed = chain.last_checkpoint(inbox.APP)
    posted = chain.recorded_at(inbox.APP, answer.index)
    return PostedEntry(answer.entry_id, answer.index, posted, 0 if signed is None else signed.size, existed)
