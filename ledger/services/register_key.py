"""Put keys into the registry and take them out, by public entries that the registry key signs."""

from __future__ import annotations

import datetime as dt

from ledger.selectors.values import Submission


def register_key(
    *, party: str, vkey: str, purpose: str = "entry", custody: str = "hosted", now: dt.datetime
) -> Submission:
    """Hand in a public `key` entry, in the caller's transaction; the key is valid from the next leaf on."""
    raise NotImplementedError


def revoke_key(*, vkey: str, reason: str, now: dt.datetime) -> Submission:
    """Hand in the public entry that ends a key: it signs no leaf after that one."""
    raise NotImplementedError
