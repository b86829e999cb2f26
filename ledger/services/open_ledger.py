"""Begin the ledger: its keys, and the public notice that says so."""

from __future__ import annotations

import datetime as dt


def open_ledger(*, now: dt.datetime) -> None:
    """Make the log key and the registry key where there are none, and post the first notice where the log is empty.

    Safe to call at every start. Raises LedgerError `fork` when the files beside the database know a longer log.
    """
    raise NotImplementedError
