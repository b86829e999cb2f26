"""Every statement that adds to the ledger's guarded tables; runs as the sequencer, in its transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from django.db import connections

from ledger.core.entry import Account, State
from ledger.core.registry import KeyRecord
from ledger.sql import direct
from ledger.sql.chain import ChainEnd, CheckpointRow, EntryRow, LegRow, TileRow
from ledger.sql.inbox import SEQUENCER

_END = LegRow._fields.index("end")


def _moments(values: Iterable[dt.datetime]) -> str:
    return direct.plain([f'"{value.isoformat()}"' for value in values])


def _names(values: Iterable[Sequence[str]]) -> str:
    return direct.texts([" ".join(names) for names in values])  # identifiers hold no space


# How each value of an entry's row is written, in their order.
_WRITERS: dict[str, Callable[[Any], str]] = {
    **dict.fromkeys(("index", "occurred", "public"), direct.plain),
    **dict.fromkeys(("kind", "contract", "reference", "submitted_by"), direct.texts),
    **dict.fromkeys(("entry_id", "note", "seal", "nonce", "leaf", "leaf_hash", "corrects"), direct.digests),
    "recorded": _moments,
    "readers": _names,
}
_ENTRY_COLUMNS = [_WRITERS[name] for name in EntryRow._fields]


def post(entries: Sequence[EntryRow], legs: Sequence[LegRow], ends: Mapping[Account, ChainEnd]) -> None:
    """Add entries and their legs, and move the ends of the chains: one message, whatever their number.

    Every account has a row already.
    """
    columns: list[Sequence[Any]] = list(zip(*legs, strict=True)) or [()] * len(LegRow._fields)
    columns[_END] = [end.account_id for end in columns[_END]]
    moved = list(ends.values())
    direct.call(
        "ledger_post",
        [
            *(write(column) for write, column in zip(_ENTRY_COLUMNS, zip(*entries, strict=True), strict=True)),
            *map(direct.plain, columns),
            direct.plain([end.account_id for end in moved]),
            direct.plain([end.head.seq for end in moved]),
            direct.digests([bytes.fromhex(end.head.entry_id) for end in moved]),
            direct.plain([end.head.balance_mg for end in moved]),
            direct.plain([end.occurred_max for end in moved]),
            direct.plain([end.late_days for end in moved]),
            direct.plain([account.state != State.SOURCE for account in ends]),
        ],
    )


def accounts(ends: Mapping[Account, ChainEnd]) -> None:
    """Give a row to every account that has none, and its id to its chain end."""
    new = [account for account, end in ends.items() if end.account_id is None]
    if not new:
        return
    with connections[SEQUENCER].cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO ledger_account (owner, holder, element, state, lot)
            SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[])
            RETURNING owner, holder, element, state, lot, id
            """,
            [list(axis) for axis in zip(*new, strict=True)],
        )
        for row in cursor.fetchall():
            ends[Account(*row[:5])].account_id = row[5]


def tiles(rows: Sequence[TileRow]) -> None:
    """Add full tiles."""
    if rows:
        with connections[SEQUENCER].cursor() as cursor:
            cursor.executemany("INSERT INTO ledger_tile (level, number, hashes, root) VALUES (%s, %s, %s, %s)", rows)


def checkpoint(row: CheckpointRow, *, let_go: bool) -> None:
    """Keep a signed tree head, outside of any transaction, without waiting for the disk; `let_go`: and lead no more."""
    direct.call(
        "ledger_keep_checkpoint",
        [
            *(str(row.size), f"\\x{row.root.hex()}", f"\\x{row.note.hex()}", f"\\x{row.frontier.hex()}"),
            *(row.created_at.isoformat(), str(let_go)),
        ],
    )


def key(record: KeyRecord) -> None:
    """Add a registered key."""
    with connections[SEQUENCER].cursor() as cursor:
        cursor.execute(
            "INSERT INTO ledger_key (vkey, name, party, purpose, custody, valid_from_index)"
            " VALUES (%s, %s, %s, %s, %s, %s)",
            [str(record.vkey), record.name, record.party, record.purpose, record.custody, record.valid_from_index],
        )


def revocation(record: KeyRecord) -> None:
    """Add the end of a key that was revoked."""
    with connections[SEQUENCER].cursor() as cursor:
        cursor.execute(
            "INSERT INTO ledger_keyrevocation (vkey, revoked_at_index, compromised_since_index) VALUES (%s, %s, %s)",
            [str(record.vkey), record.revoked_at_index, record.compromised_since],
        )
