"""Hand a signed entry in: checked in full, kept in the inbox, in the caller's transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from ledger.selectors.values import Submission


def submit_entry(*, note: bytes, submitted_by: str, now: dt.datetime, idempotency_key: str | None = None) -> Submission:
    """Check the entry against what is posted and pending, and keep it; the sequencer takes it up after the commit.

    The same entry again answers the same submission with `existed`. Raises LedgerError with a stable code when it could
    not be posted (then nothing is kept), `conflict` when the idempotency key belongs to another entry.
    """
    raise NotImplementedError


def submit_entries(*, notes: Sequence[bytes], submitted_by: str, now: dt.datetime) -> tuple[Submission, ...]:
    """Hand several entries in, in this order, locking all their accounts at once; all or none."""
    raise NotImplementedError


def dry_run(*, note: bytes) -> None:
    """Raise what `submit_entry` would raise; keep nothing."""
    raise NotImplementedError
