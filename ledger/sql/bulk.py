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
    index: int | None
    code: str | None
    message: str | None


def fates(entry_ids: Sequence[bytes]) -> dict[bytes, Fate]:
    """Return the fate of those that were handed in: of the row that is not refused, else of the last refused."""
    with connections[APP].cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT ON (entry_id) entry_id, state, entry_index, code, message FROM ledger_inbox"
            " WHERE entry_id = ANY(%s) ORDER BY entry_id, (state = 'refused'), id DESC",
            [list(entry_ids)],
        )
        return {bytes(row[0]): Fate(*row[1:]) for row in cursor.fetchall()}
