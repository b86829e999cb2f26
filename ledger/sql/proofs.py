"""Queries behind proofs: balances at a tree size, one account's chain, and who holds which disclosure or checkpoint."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db import connections

from ledger.core.entry import Account
from ledger.sql import reads
from ledger.sql.inbox import APP, SEQUENCER

# The last leg of every account that was ever used by then, also of those that are at zero again.
_BALANCES = """
    SELECT a.owner, a.holder, a.element, a.state, a.lot, last.balance_after_mg
    FROM ledger_account AS a CROSS JOIN LATERAL (
        SELECT l.balance_after_mg FROM ledger_leg AS l
        WHERE l.account_id = a.id AND l.entry_index < %(size)s ORDER BY l.entry_index DESC LIMIT 1
    ) AS last
    WHERE %(elements)s::text[] IS NULL OR a.element = ANY(%(elements)s)
"""


def balances_at(size: int, elements: Sequence[str] | None = None) -> dict[Account, int]:
    """Return the balance in mg, at a tree size, of every account used by then (of these elements, else of all)."""
    with connections[APP].cursor() as cursor:
        cursor.execute(_BALANCES, {"size": size, "elements": None if elements is None else list(elements)})
        return {Account(*row[:5]): int(row[5]) for row in cursor.fetchall()}


def moved_since(size: int) -> bool:
    """Say whether any mineral moved by an entry from index `size` on."""
    with connections[APP].cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM ledger_leg WHERE entry_index >= %s)", [size])
        return bool(cursor.fetchone()[0])


def chain_of(account: Account, size: int, limit: int) -> list[int]:
    """Return the indexes of the last `limit` entries of an account's chain at a tree size, in order."""
    with connections[APP].cursor() as cursor:
        cursor.execute(
            "SELECT l.entry_index FROM ledger_leg AS l JOIN ledger_account AS a ON a.id = l.account_id"
            " WHERE (a.owner, a.holder, a.element, a.state, a.lot) = (%s, %s, %s, %s, %s) AND l.entry_index < %s"
            " ORDER BY l.entry_index DESC LIMIT %s",
            [*account, size, limit],
        )
        return [row[0] for row in cursor.fetchall()][::-1]


def key_entries_of(key_names: Sequence[str], size: int) -> list[int]:
    """Return the indexes of the entries that say whose keys these are: all `key` entries about their parties.

    Those about the registry's own keys are among them, as far as they stand below the tree size.
    """
    with connections[APP].cursor() as cursor:
        cursor.execute(
            """
            WITH wanted AS (
                SELECT vkey, valid_from_index FROM ledger_key WHERE party = 'registry'
                    OR party IN (SELECT party FROM ledger_key WHERE name = ANY(%(names)s))
            ), said AS (
                SELECT valid_from_index - 1 AS index FROM wanted
                UNION SELECT r.revoked_at_index FROM ledger_keyrevocation AS r JOIN wanted USING (vkey)
            )
            SELECT e.index FROM ledger_entry AS e JOIN said USING (index)
            WHERE e.kind = 'key' AND e.index < %(size)s ORDER BY e.index
            """,
            {"names": list(key_names), "size": size},
        )
        return [row[0] for row in cursor.fetchall()]


def keep_disclosures(
    entry_id: bytes, given_by: str, kept_at: dt.datetime, lines: Sequence[tuple[str, str, str]]
) -> int:
    """Keep (reader, digest, disclosure) beside an entry, each once; answer how many were new."""
    with connections[SEQUENCER].cursor() as cursor:
        cursor.execute(
            "INSERT INTO ledger_disclosure (entry_id, reader, digest, disclosure, given_by, kept_at)"
            " SELECT %s, reader, digest, disclosure, %s, %s"
            " FROM unnest(%s::text[], %s::text[], %s::text[]) AS l (reader, digest, disclosure)"
            " ON CONFLICT DO NOTHING",
            [entry_id, given_by, kept_at, *([line[at] for line in lines] for at in range(3))],
        )
        return int(cursor.rowcount)


def disclosures_of(entry_ids: Sequence[bytes], reader: str | None) -> dict[bytes, tuple[str, ...]]:
    """Return the disclosures that a reader holds (None: all that are kept) of these entries, sorted."""
    rows = reads.fetch(
        "SELECT DISTINCT entry_id, disclosure FROM ledger_disclosure WHERE entry_id = ANY(%(ids)s)"
        " AND (%(party)s::text IS NULL OR reader = %(party)s) ORDER BY entry_id, disclosure",
        {"ids": list(entry_ids), "party": reader},
    )
    found: dict[bytes, list[str]] = {}
    for entry_id, text in rows:
        found.setdefault(bytes(entry_id), []).append(text)
    return {entry_id: tuple(texts) for entry_id, texts in found.items()}


def keep_audited(auditor: str, size: int, checkpoint: bytes, kept_at: dt.datetime) -> None:
    """Remember a checkpoint up to which somebody has audited the ledger."""
    with connections[SEQUENCER].cursor() as cursor:
        cursor.execute(
            "INSERT INTO ledger_audited (auditor, size, checkpoint, kept_at) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT DO NOTHING",
            [auditor, size, checkpoint, kept_at],
        )


def last_audited(auditor: str) -> bytes | None:
    """Return the largest checkpoint up to which somebody has audited the ledger."""
    with connections[APP].cursor() as cursor:
        cursor.execute("SELECT checkpoint FROM ledger_audited WHERE auditor = %s ORDER BY size DESC LIMIT 1", [auditor])
        row = cursor.fetchone()
    return bytes(row[0]) if row else None
