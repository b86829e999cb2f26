"""Put keys into the registry and take them out, by public entries that the registry key signs."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings

from ledger.core.entry import Entry, sign_entry
from ledger.core.note import Note, SignatureLine
from ledger.core.rules import REGISTRY
from ledger.selectors.values import Submission
from ledger.services.secret_keys import registry_key
from ledger.services.submit_entry import submit_entry


def register_key(
    *, party: str, vkey: str, purpose: str = "entry", custody: str = "hosted", now: dt.datetime
) -> Submission:
    """Hand in a public `key` entry, in the caller's transaction; the key is valid from the next leaf on.

    `purpose`: entry, registry, log or witness. `custody`: hosted (kept by the operator) or held (kept by the party).
    Raises `duplicate` for a key that is registered, `bad-key`, `bad-field`.
    """
    details = {"action": "register", "vkey": vkey, "party": party, "purpose": purpose, "custody": custody}
    return post_public(kind="key", details=details, reason=None, now=now)


def revoke_key(*, vkey: str, reason: str, compromised_since_index: int | None = None, now: dt.datetime) -> Submission:
    """Hand in the public entry that ends a key: it signs no leaf after that one. Raises `unknown-key`, `key-not-valid`.

    What it signed at the leaf `compromised_since_index` and after is disputed from then on.
    """
    details: dict[str, Any] = {"action": "revoke", "vkey": vkey}
    if compromised_since_index is not None:
        details["compromised_since_index"] = compromised_since_index
    return post_public(kind="key", details=details, reason=reason, now=now)


def post_public(*, kind: str, details: Mapping[str, Any], reason: str | None, now: dt.datetime) -> Submission:
    """Sign a public entry with the registry key and hand it in, in the caller's transaction."""
    return hand_in(entry=public_entry(kind=kind, details=details, reason=reason, now=now), now=now)


def public_entry(*, kind: str, details: Mapping[str, Any], reason: str | None, now: dt.datetime) -> Entry:
    """Return a public entry that nobody has signed yet: its parties may have to sign it before the registry does."""
    return Entry(
        kind=kind,
        book=settings.LEDGER_ORIGIN,
        nonce=secrets.token_hex(16),
        occurred=now.astimezone(dt.UTC).date().isoformat(),
        reason=reason,
        details=details,
    )


def hand_in(*, entry: Entry, lines: Sequence[SignatureLine] = (), now: dt.datetime) -> Submission:
    """Sign a public entry with the registry key beside the parties' lines, and hand it in, in the caller's transaction.

    Raises LedgerError as `submit_entry` does.
    """
    signed = sign_entry(entry, [registry_key()])
    note = Note(signed.text, (*signed.signatures, *lines)).to_bytes()
    return submit_entry(note=note, submitted_by=REGISTRY, now=now)
