"""Every statement that adds to the ledger's guarded tables; runs as the sequencer, in its transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from django.db import connections

from ledger.core.entry import Account, State
from ledger.core.registry import KeyRecord
from ledger.sql.chain import ChainEnd, CheckpointRow, EntryRow, LegRow, TileRow
from ledger.sql.inbox import SEQUENCER


def copy(table: str, columns: Mapping[str, str], rows: Iterable[Sequence[object]]) -> None:
    """Add rows by COPY; `columns` maps each column to its PostgreSQL type."""
    with connections[SEQUENCER].cursor() as cursor:
        statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT BINARY)"
        with cursor.copy(statement) as stream:
            stream.set_types(list(columns.values()))
            for row in rows:
                stream.write_row(row)


def entries(rows: Sequence[EntryRow]) -> None:
    """Add entries."""
    columns = {
        "index": "int8",
        "entry_id": "bytea",
        "kind": "text",
        "occurred": "date",
        "recorded": "timestamptz",
        "note": "bytea",
        "seal": "bytea",
        "nonce": "bytea",
        "leaf": "bytea",
        "leaf_hash": "bytea",
        "contract": "text",
        "reference": "text",
        "corrects": "bytea",
        "public": "bool",
        "readers": "text[]",
    }
    copy("ledger_entry", columns, ([getattr(row, name) for name in columns] for row in rows))


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


def legs(rows: Sequence[LegRow], ends: Mapping[Account, ChainEnd]) -> None:
    """Add legs; every account has a row already."""
    columns = {
        "entry_index": "int8",
        "leg_no": "int2",
        "account_id": "int8",
        "mass_mg": "int8",
        "occurred": "date",
        "occurred_max": "date",
        "account_seq": "int8",
        "balance_after_mg": "int8",
    }
    copy(
        "ledger_leg",
        columns,
        (
            [
                *(row.entry_index, row.leg_no, ends[row.account].account_id, row.mass_mg, row.occurred),
                *(row.occurred_max, row.account_seq, row.balance_after_mg),
            ]
            for row in rows
        ),
    )


def balances(ends: Mapping[Account, ChainEnd]) -> None:
    """Bring the projection of balances up to the ends of the chains."""
    if not ends:
        return
    with connections[SEQUENCER].cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO ledger_balance (account_id, seq, last_entry_id, mass_mg, occurred_max, late_days, bounded)
            SELECT * FROM unnest(
                %s::bigint[], %s::bigint[], %s::bytea[], %s::bigint[], %s::date[], %s::int[], %s::boolean[])
            ON CONFLICT (account_id) DO UPDATE SET seq = excluded.seq, last_entry_id = excluded.last_entry_id,
                mass_mg = excluded.mass_mg, occurred_max = excluded.occurred_max, late_days = excluded.late_days
            """,
            [
                [end.account_id for end in ends.values()],
                [end.head.seq for end in ends.values()],
                [bytes.fromhex(end.head.entry_id) for end in ends.values()],
                [end.head.balance_mg for end in ends.values()],
                [end.occurred_max for end in ends.values()],
                [end.late_days for end in ends.values()],
                [account.state != State.SOURCE for account in ends],
            ],
        )


def tiles(rows: Sequence[TileRow]) -> None:
    """Add full tiles."""
    if rows:
        columns = {"level": "int2", "number": "int8", "hashes": "bytea", "root": "bytea"}
        copy("ledger_tile", columns, ((row.level, row.number, row.hashes, row.root) for row in rows))


def checkpoint(row: CheckpointRow) -> None:
    """Add a signed tree head."""
    with connections[SEQUENCER].cursor() as cursor:
        cursor.execute(
            "INSERT INTO ledger_checkpoint (size, root, note, frontier, created_at) VALUES (%s, %s, %s, %s, %s)",
            [row.size, row.root, row.note, row.frontier, row.created_at],
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
            "INSERT INTO ledger_keyrevocation (vkey, revoked_at_index) VALUES (%s, %s)",
            [str(record.vkey), record.revoked_at_index],
        )
