"""Hand an entry in and wait until it is posted."""

from __future__ import annotations

import datetime as dt

from ledger.selectors.values import PostedEntry


def append_entry(
    *, note: bytes, submitted_by: str, now: dt.datetime, idempotency_key: str | None = None
) -> PostedEntry:
    """Submit, sequence and answer, outside of any transaction. Raises LedgerError when the entry is refused."""
    raise NotImplementedError
