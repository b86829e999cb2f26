"""What became of many entries at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connections

from ledger.sql.inbox import APP


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of an entry that was handed in; `code` and `message` say why it was refused."""

    state: str
    index: int | None = None
    code: str | None = None
    message: str | None = None


def fates(entry_ids: Sequence[bytes]) -> dict[bytes, Fate]:
    """Return the fate of those that stand in the ledger or wait to; else why they were refused the last time."""
    with connections[APP].cursor() as cursor:
        cursor.execute(
            """
            SELECT DISTINCT ON (entry_id) entry_id, state, index, code, message FROM (
                SELECT entry_id, 'posted' AS state, index, NULL AS code, NULL AS message, 0 AS place, 0 AS id
                FROM ledger_entry WHERE entry_id = ANY(%(ids)s)
                UNION ALL
                SELECT entry_id, state, NULL, code, message, CASE state WHEN 'pending' THEN 1 ELSE 2 END, id
                FROM ledger_inbox WHERE entry_id = ANY(%(ids)s) AND state <> 'posted'
            ) AS found ORDER BY entry_id, place, id DESC
            """,
            {"ids": list(entry_ids)},
        )
        return {bytes(row[0]): Fate(*row[1:]) for row in cursor.fetchall()}
