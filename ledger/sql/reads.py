"""Queries behind the selectors. Visibility is part of every one: a party sees what names it, None sees all."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connections

from ledger.core.entry import Account
from ledger.sql.inbox import APP
from ledger.sql.seen_by import seen_by

MOST = 2**63 - 1
_CHUNK = 2000
# `fetch` for a page or a few rows, `stream` for as many as there are.
Read = Callable[[str, dict[str, Any]], Iterable[tuple[Any, ...]]]

_ENTRY_COLUMNS = (
    "e.index, e.entry_id, e.kind, e.occurred, e.recorded, e.note, e.seal, e.nonce, e.leaf, e.leaf_hash,"
    " e.contract, e.reference, e.corrects, e.public, e.readers"
)


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """A posted entry as stored."""

    index: int
    entry_id: bytes
    kind: str
    occurred: dt.date
    recorded: dt.datetime
    note: bytes
    seal: bytes
    nonce: bytes
    leaf: bytes
    leaf_hash: bytes
    contract: str | None
    reference: str | None
    corrects: bytes | None
    public: bool
    readers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StoredLeg:
    """A leg as stored, its account by name."""

    entry_index: int
    account: Account
    mass_mg: int
    occurred: dt.date
    seq: int
    balance_after_mg: int


class Where:
    """Conditions joined by AND, with their parameters by name."""

    def __init__(self) -> None:
        self.parameters: dict[str, Any] = {}
        self._conditions: list[str] = []

    def add(self, condition: str, **parameters: Any) -> None:
        """Add a condition if its parameters (at most one) say something."""
        if all(value is not None for value in parameters.values()):
            self._conditions.append(condition)
            self.parameters.update(parameters)

    def __str__(self) -> str:
        return " AND ".join(self._conditions) or "true"


def fetch(query: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Run a query as the app; where a parameter `party` stands in it, the database shows what that party may see."""
    with seen_by(connections[APP], parameters.get("party")), connections[APP].cursor() as cursor:
        cursor.execute(query, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def stream(query: str, parameters: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Run a query as `fetch` does and give its rows as they come: the server keeps them, not this process."""
    connection, party = connections[APP], parameters.get("party")
    with connection.chunked_cursor() as cursor:
        with seen_by(connection, party):
            cursor.execute(query, parameters)
        while True:
            with seen_by(connection, party):
                rows = cursor.fetchmany(_CHUNK)
            if not rows:
                return
            yield from rows


def readable(where: Where, party: str | None) -> None:
    """Keep only entries that `party` may read."""
    where.add("(e.public OR e.readers @> ARRAY[%(party)s::text])", party=party)


def entries(where: Where, order: str = "e.index DESC", limit: int = MOST) -> list[StoredEntry]:
    """Return entries."""
    rows = fetch(
        f"SELECT {_ENTRY_COLUMNS} FROM ledger_entry AS e WHERE {where} ORDER BY {order} LIMIT %(limit)s",  # noqa: S608
        {**where.parameters, "limit": limit},
    )
    return [_entry(row) for row in rows]


def _entry(row: Sequence[Any]) -> StoredEntry:
    index, entry_id, kind, occurred, recorded, *blobs, contract, reference, corrects, public, readers = row
    note, seal, nonce, leaf, leaf_hash = map(bytes, blobs)
    return StoredEntry(
        *(index, bytes(entry_id), kind, occurred, recorded, note, seal, nonce, leaf, leaf_hash),
        *(contract, reference, None if corrects is None else bytes(corrects), public, tuple(readers)),
    )


def legs(where: Where) -> list[StoredLeg]:
    """Return legs in the order of recording; conditions speak of `l`, a leg with the names of its account."""
    rows = fetch(
        "SELECT l.entry_index, l.owner, l.holder, l.element, l.state, l.lot,"  # noqa: S608
        " l.mass_mg, l.occurred, l.account_seq, l.balance_after_mg"
        f" FROM ledger_named_leg AS l WHERE {where} ORDER BY l.entry_index, l.leg_no",
        where.parameters,
    )
    return [StoredLeg(row[0], Account(*row[1:6]), *row[6:]) for row in rows]


def keys(where: Where) -> list[tuple[Any, ...]]:
    """Return the members of a RegisteredKey, by index of registration; conditions speak of `k`."""
    return fetch(
        "SELECT k.vkey, k.name, k.party, k.purpose, k.custody, k.valid_from_index, r.revoked_at_index,"  # noqa: S608
        " r.compromised_since_index"
        " FROM ledger_key AS k LEFT JOIN ledger_keyrevocation AS r ON r.vkey = k.vkey"
        f" WHERE {where} ORDER BY k.valid_from_index, k.name",
        where.parameters,
    )
