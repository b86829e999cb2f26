"""The lines of witnesses under checkpoints: kept by the sequencer's role, read by everybody."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from django.db import connections

from ledger.core.note import SignatureLine, VerifierKey
from ledger.core.witness import cosigned_at
from ledger.sql.chain import CheckpointRow
from ledger.sql.inbox import SEQUENCER


def keep(size: int, lines: Iterable[tuple[VerifierKey, SignatureLine]]) -> int:
    """Keep verified lines under the checkpoint of `size`; return how many were new. The first of a key stays."""
    added = 0
    with connections[SEQUENCER].cursor() as cursor:
        for key, line in lines:
            time = dt.datetime.fromtimestamp(cosigned_at(line), dt.UTC)
            cursor.execute(
                "INSERT INTO ledger_cosignature (size, key_name, key_id, vkey, signature, cosigned_at)"
                " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
                [size, line.name, line.key_id, str(key), line.signature, time],
            )
            added += cursor.rowcount
    return added


def lines(alias: str, size: int) -> list[SignatureLine]:
    """Return the lines under the checkpoint of `size`, in one order."""
    return _lines(alias, [size]).get(size, [])


def newest_size(alias: str, vkeys: Sequence[str]) -> int:
    """Return the largest size that one of the keys has cosigned, 0 where none has."""
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT max(size) FROM ledger_cosignature WHERE vkey = ANY(%s)", [list(vkeys)])
        row = cursor.fetchone()
    return int(row[0] or 0)


def newest_sizes(alias: str, limit: int) -> list[int]:
    """Return the largest sizes that anybody has cosigned, the largest first."""
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT DISTINCT size FROM ledger_cosignature ORDER BY size DESC LIMIT %s", [limit])
        return [row[0] for row in cursor.fetchall()]


def notes(alias: str, rows: Sequence[CheckpointRow]) -> list[bytes]:
    """Return the checkpoints as published: the log's own lines first, the witnesses' lines after them."""
    found = _lines(alias, [row.size for row in rows])
    return [row.note + "".join(f"{line}\n" for line in found.get(row.size, [])).encode() for row in rows]


def _lines(alias: str, sizes: Sequence[int]) -> dict[int, list[SignatureLine]]:
    found: dict[int, list[SignatureLine]] = {}
    with connections[alias].cursor() as cursor:
        cursor.execute(
            "SELECT size, key_name, key_id, signature FROM ledger_cosignature WHERE size = ANY(%s)"
            " ORDER BY size, key_name, key_id",
            [list(sizes)],
        )
        for size, name, key_id, signature in cursor.fetchall():
            found.setdefault(size, []).append(SignatureLine(name, bytes(key_id), bytes(signature)))
    return found
