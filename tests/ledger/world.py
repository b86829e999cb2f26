"""A small world for tests of the ledger's services: parties with keys of their own, and entries in one line."""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
from collections.abc import Sequence
from typing import Any

from django.db import transaction

from ledger.core.book import read
from ledger.core.entry import Account, Entry, Leg, move, net_legs, sign_entry
from ledger.core.note import SignerKey
from ledger.selectors.values import PostedEntry
from ledger.services.append_entry import append_entry
from ledger.services.open_ledger import open_ledger
from ledger.services.register_key import register_key
from ledger.sql import inbox

BOOK = "ledger.lode.example/demo"
NOW = dt.datetime(2024, 1, 1, 8, 0, tzinfo=dt.UTC)
PARTIES = ("lessor", "maker", "recycler")
ASSAY = hashlib.sha256(b"assay").hexdigest()
_counter = itertools.count()


def key_of(party: str, label: str = "2024a") -> SignerKey:
    return SignerKey(f"{party}.example/entry/{label}", hashlib.sha256(f"{party}/{label}".encode()).digest())


def account(
    owner: str = "lessor", holder: str | None = None, element: str = "Ni", state: str = "stock", lot: str = "lot-1"
) -> Account:
    return Account(owner, holder or owner, element, state, lot)


def note(kind: str, legs: Sequence[Leg] = (), signers: Sequence[str] = (), **fields: Any) -> bytes:
    """Sign an entry of the book by the parties named."""
    values = {"occurred": "2024-01-01", "nonce": f"n{next(_counter)}", "book": BOOK, **fields}
    entry = Entry(kind=kind, legs=tuple(legs), **values)
    return sign_entry(entry, [key_of(party) for party in signers]).to_bytes()


def receive(mass_mg: int, to: Account | None = None, **fields: Any) -> bytes:
    to = to or account()
    return note(
        "receive",
        net_legs(move(to._replace(state="source"), to, mass_mg)),
        sorted({to.owner, to.holder}),
        **{"reference": "assay 1", **fields},
    )


def lease_out(mass_mg: int, to: str = "maker", of: Account | None = None, **fields: Any) -> bytes:
    of = of or account()
    signers = sorted({of.owner, of.holder, to})
    return note(
        "lease-out", net_legs(move(of, of._replace(holder=to), mass_mg)), signers, **{"contract": "L-1", **fields}
    )


def append(data: bytes, at: dt.datetime = NOW, by: str = "lessor", **more: Any) -> PostedEntry:
    return append_entry(note=data, submitted_by=by, now=at, **more)


def open_world(parties: Sequence[str] = PARTIES) -> None:
    """Open the ledger: leaf 0 is the notice, then one key a party."""
    open_ledger(now=NOW)
    with transaction.atomic():
        for party in parties:
            register_key(party=party, vkey=str(key_of(party).vkey), custody="held", now=NOW)


def force_into_inbox(data: bytes) -> str:
    """Keep an entry unchecked, as if its caller had got past the check; return its id."""
    item = read(data)
    inbox.insert(
        entry_id=item.entry_id,
        note=data,
        received_at=NOW,
        submitted_by="lessor",
        idempotency_key=None,
        kind=item.entry.kind,
        legs=item.entry.legs,
    )
    return item.entry_id.hex()
