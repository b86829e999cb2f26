"""Queries behind the selectors. Visibility is part of every one: a party sees what names it, None sees all."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connections

from ledger.core.entry import Account
from ledger.sql.inbox import APP

MOST = 2**63 - 1
AXES = ("owner", "holder", "state", "lot")

_ENTRY_COLUMNS = (
    "e.index, e.entry_id, e.kind, e.occurred, e.recorded, e.note, e.seal, e.nonce, e.leaf, e.leaf_hash,"
    " e.contract, e.reference, e.corrects, e.public, e.readers"
)

# What stands in an account up to a day, as known at a tree size. `occurred_max` never falls along the chain, so the
# legs up to the last with occurred_max <= day are a prefix, whose end carries its sum; what is missing are late legs.
_BALANCE_AT = """
    coalesce((
        SELECT l.balance_after_mg FROM ledger_leg AS l
        WHERE l.account_id = a.id AND l.entry_index <= least(%(known_at)s - 1, coalesce((
            SELECT d.entry_index FROM ledger_leg AS d
            WHERE d.account_id = a.id AND d.occurred_max <= %(as_of)s::date
            ORDER BY d.occurred_max DESC, d.entry_index DESC LIMIT 1), -1))
        ORDER BY l.entry_index DESC LIMIT 1
    ), 0) + coalesce((
        SELECT sum(l.mass_mg) FROM ledger_leg AS l
        WHERE l.account_id = a.id AND l.occurred < l.occurred_max
            AND l.occurred_max > %(as_of)s::date AND l.occurred_max <= %(as_of)s::date + b.late_days
            AND l.occurred <= %(as_of)s::date AND l.entry_index < %(known_at)s
    ), 0)
"""


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
    """Run a query as the app."""
    with connections[APP].cursor() as cursor:
        cursor.execute(query, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


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
    """Return legs in the order of recording; conditions may speak of `l` (leg), `a` (account) and `e` (entry)."""
    rows = fetch(
        "SELECT l.entry_index, a.owner, a.holder, a.element, a.state, a.lot,"  # noqa: S608
        " l.mass_mg, l.occurred, l.account_seq, l.balance_after_mg"
        " FROM ledger_leg AS l JOIN ledger_account AS a ON a.id = l.account_id"
        f" JOIN ledger_entry AS e ON e.index = l.entry_index WHERE {where} ORDER BY l.entry_index, l.leg_no",
        where.parameters,
    )
    return [StoredLeg(row[0], Account(*row[1:6]), *row[6:]) for row in rows]


def account_id(account: Account) -> int | None:
    """Return the number of an account's row."""
    rows = fetch(
        "SELECT id FROM ledger_account WHERE owner = %(owner)s AND holder = %(holder)s AND element = %(element)s"
        " AND state = %(state)s AND lot = %(lot)s",
        account._asdict(),
    )
    return rows[0][0] if rows else None


def balances(
    where: Where, axes: Sequence[str], as_of: dt.date | None, known_at: int | None
) -> list[tuple[tuple[str, ...], int]]:
    """Return (element and the values of `axes`, mass in mg), sorted, zeros left out; conditions speak of `a`."""
    columns = ", ".join(f"a.{axis}" for axis in ("element", *axes))
    now = as_of is None and known_at is None
    rows = fetch(
        f"SELECT {columns}, sum({'b.mass_mg' if now else _BALANCE_AT}) AS mass_mg"  # noqa: S608
        f" FROM ledger_account AS a JOIN ledger_balance AS b ON b.account_id = a.id WHERE {where}"
        f" GROUP BY {columns} HAVING sum({'b.mass_mg' if now else _BALANCE_AT}) <> 0 ORDER BY {columns}",
        {**where.parameters, "as_of": as_of or "infinity", "known_at": MOST if known_at is None else known_at},
    )
    return [(tuple(row[:-1]), int(row[-1])) for row in rows]


def keys(where: Where) -> list[tuple[Any, ...]]:
    """Return (vkey, name, party, purpose, custody, valid_from_index, revoked_at_index); conditions speak of `k`."""
    return fetch(
        "SELECT k.vkey, k.name, k.party, k.purpose, k.custody, k.valid_from_index, r.revoked_at_index"  # noqa: S608
        " FROM ledger_key AS k LEFT JOIN ledger_keyrevocation AS r ON r.vkey = k.vkey"
        f" WHERE {where} ORDER BY k.valid_from_index, k.name",
        where.parameters,
    )
