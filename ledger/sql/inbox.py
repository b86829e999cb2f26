"""The inbox: what was handed in, and what became of it."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import connections

from ledger.core.entry import Account, Leg

APP = "default"
SEQUENCER = "sequencer"


@dataclass(frozen=True, slots=True)
class InboxRow:
    """A row of the inbox; `code` and `message` say why it was refused."""

    id: int
    entry_id: bytes
    note: bytes
    received_at: dt.datetime
    submitted_by: str
    state: str
    code: str | None
    message: str | None
    entry_index: int | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a row: posted at `entry_index`, or refused with `code` and `message`."""

    inbox_id: int
    entry_index: int | None = None
    code: str | None = None
    message: str | None = None


_COLUMNS = "id, entry_id, note, received_at, submitted_by, state, code, message, entry_index"


def _rows(alias: str, query: str, parameters: Sequence[bytes | int | str]) -> list[InboxRow]:
    with connections[alias].cursor() as cursor:
        cursor.execute(query, parameters)
        return [InboxRow(row[0], bytes(row[1]), bytes(row[2]), *row[3:]) for row in cursor.fetchall()]


def lock_numbers(names: Iterable[bytes]) -> list[int]:
    """Return the numbers by which the database locks names, in the one order in which everybody locks."""
    hashed = hashlib.blake2b
    return sorted({int.from_bytes(hashed(name, digest_size=8).digest(), "big", signed=True) for name in names})


def lock(names: Iterable[bytes]) -> None:
    """Take a lock on each name until the caller's transaction ends, in one order for everybody."""
    with connections[APP].cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_advisory_xact_lock(key)) FROM (SELECT unnest(%s::bigint[]) AS key ORDER BY 1) AS sorted",
            [lock_numbers(names)],
        )


def find_by_entry_id(entry_id: bytes) -> InboxRow | None:
    """Return the row of an entry: the one that is not refused, else as it was posted at once, else the last refused."""
    rows = _rows(
        APP,
        f"SELECT {_COLUMNS} FROM ledger_inbox WHERE entry_id = %s ORDER BY (state = 'refused'), id DESC LIMIT 1",  # noqa: S608
        [entry_id],
    )
    if not rows or rows[0].state == "refused":
        posted = "SELECT 0, entry_id, note, recorded, submitted_by, 'posted', NULL, NULL, index FROM ledger_entry"
        rows = _rows(APP, f"{posted} WHERE entry_id = %s", [entry_id]) or rows
    return rows[0] if rows else None


def find_by_idempotency_key(submitted_by: str, key: str) -> InboxRow | None:
    """Return the row that holds a submitter's key; a refused one holds it no more."""
    rows = _rows(
        APP,
        f"SELECT {_COLUMNS} FROM ledger_inbox"  # noqa: S608
        " WHERE submitted_by = %s AND idempotency_key = %s AND state <> 'refused'",
        [submitted_by, key],
    )
    return rows[0] if rows else None


def insert(
    *,
    entry_id: bytes,
    note: bytes,
    received_at: dt.datetime,
    submitted_by: str,
    idempotency_key: str | None,
    kind: str,
    legs: Sequence[Leg],
) -> bool:
    """Add a pending row; False when the entry or the idempotency key stands there already."""
    with connections[APP].cursor() as cursor:
        cursor.execute(
            "INSERT INTO ledger_inbox (entry_id, note, received_at, submitted_by, idempotency_key, kind, legs)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s::jsonb) ON CONFLICT DO NOTHING",
            [
                entry_id,
                note,
                received_at,
                submitted_by,
                idempotency_key,
                kind,
                json.dumps([[*leg[:5], str(leg.mass_mg)] for leg in legs]),
            ],
        )
        return bool(cursor.rowcount == 1)


def pending_notes(kinds: Sequence[str]) -> list[bytes]:
    """Return the pending entries of some kinds, in order."""
    with connections[APP].cursor() as cursor:
        cursor.execute(
            "SELECT note FROM ledger_inbox WHERE state = 'pending' AND kind = ANY(%s) ORDER BY id", [list(kinds)]
        )
        return [bytes(row[0]) for row in cursor.fetchall()]


def pending_count() -> int:
    """Return how many entries wait, as the caller's transaction sees it."""
    with connections[APP].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM ledger_inbox WHERE state = 'pending'")
        return int(cursor.fetchone()[0])


def expected_balances(accounts: Sequence[Account]) -> dict[Account, int]:
    """Return what stands in each account once everything pending is posted, from one snapshot."""
    if not accounts:
        return {}
    with connections[APP].cursor() as cursor:
        cursor.execute(
            """
            WITH wanted AS (
                SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[])
                    AS w (owner, holder, element, state, lot)
            ), waiting AS (
                SELECT leg->>0 AS owner, leg->>1 AS holder, leg->>2 AS element, leg->>3 AS state, leg->>4 AS lot,
                       (leg->>5)::bigint AS mass_mg
                FROM ledger_inbox AS i, jsonb_array_elements(i.legs) AS leg WHERE i.state = 'pending'
            )
            SELECT owner, holder, element, state, lot, sum(mass_mg) FROM (
                SELECT wanted.*, b.mass_mg FROM wanted
                    JOIN ledger_account USING (owner, holder, element, state, lot)
                    JOIN ledger_balance AS b ON b.account_id = ledger_account.id
                UNION ALL
                SELECT wanted.*, waiting.mass_mg FROM wanted JOIN waiting USING (owner, holder, element, state, lot)
            ) AS expected GROUP BY owner, holder, element, state, lot
            """,
            [list(axis) for axis in zip(*accounts, strict=True)],
        )
        return {Account(*row[:5]): int(row[5]) for row in cursor.fetchall()}


def pending(limit: int) -> list[InboxRow]:
    """Return the rows to sequence next, in the order of handing in."""
    return _rows(
        SEQUENCER,
        f"SELECT {_COLUMNS} FROM ledger_inbox WHERE state = 'pending' ORDER BY id LIMIT %s",  # noqa: S608
        [limit],
    )


def answer(answers: Sequence[Answer]) -> None:
    """Say what became of rows."""
    with connections[SEQUENCER].cursor() as cursor:
        cursor.execute(
            """
            UPDATE ledger_inbox AS i
            SET state = CASE WHEN a.entry_index IS NULL THEN 'refused' ELSE 'posted' END,
                code = a.code, message = a.message, entry_index = a.entry_index
            FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[]) AS a (id, entry_index, code, message)
            WHERE i.id = a.id
            """,
            [
                [item.inbox_id for item in answers],
                [item.entry_index for item in answers],
                [item.code for item in answers],
                [item.message for item in answers],
            ],
        )
