"""Entries, as a party may see them."""

from __future__ import annotations

import datetime as dt

from ledger.core.entry import Account
from ledger.selectors.values import EntryDetail, EntrySummary, Submission


def list_entries(
    *,
    party: str | None,
    kind: str | None = None,
    contract: str | None = None,
    element: str | None = None,
    account: Account | None = None,
    occurred_from: dt.date | None = None,
    occurred_to: dt.date | None = None,
    before_index: int | None = None,
    limit: int = 50,
) -> tuple[EntrySummary, ...]:
    """Return entries, newest first, that `party` may see (None sees all); `before_index` continues a page."""
    raise NotImplementedError


def entry_detail(*, index: int, party: str | None) -> EntryDetail:
    """Return one entry; raises `unknown-entry` where there is none or the party may not see it."""
    raise NotImplementedError


def entry_by_id(*, entry_id: str, party: str | None) -> EntryDetail:
    """Return one entry by the hex SHA-256 of its signed text; raises `unknown-entry`."""
    raise NotImplementedError


def submission(*, entry_id: str, party: str | None) -> Submission:
    """Return what became of an entry that `party` handed in or may read; raises `unknown-entry`."""
    raise NotImplementedError
