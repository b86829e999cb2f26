"""What the sequencer reads before it decides and writes when it has decided: sets and COPY, no object a row."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db import connections

from ledger.core.entry import Account
from ledger.core.seal import Head
from ledger.sql.inbox import SEQUENCER


@dataclass(frozen=True, slots=True)
class Tip:
    """Where the ledger ends: how many entries, and when the last was received."""

    size: int
    recorded: dt.datetime | None


@dataclass(slots=True)
class ChainEnd:
    """The end of one account's chain, its latest day, and the most days by which a leg came late.

    `account_id` is None until the account has a row.
    """

    account_id: int | None
    head: Head
    occurred_max: dt.date
    late_days: int


class EntryRow(NamedTuple):
    """A row of the table of entries, its values in the order in which they are written."""

    index: int  # type: ignore[assignment] # the name of the column; nobody looks for values in a row
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
    readers: list[str]
    submitted_by: str


class LegRow(NamedTuple):
    """A row of the table of legs, its account still by its chain end, which may not have a number yet."""

    entry_index: int
    leg_no: int
    end: ChainEnd
    mass_mg: int
    occurred: dt.date
    occurred_max: dt.date
    account_seq: int
    balance_after_mg: int


class TileRow(NamedTuple):
    """A full tile."""

    level: int
    number: int
    hashes: bytes
    root: bytes


@dataclass(frozen=True, slots=True)
class CheckpointRow:
    """A signed tree head and the frontier from which the tree grows."""

    size: int
    root: bytes
    note: bytes
    frontier: bytes
    created_at: dt.datetime


def tip(alias: str = SEQUENCER) -> Tip:
    """Return where the ledger ends."""
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT index + 1, recorded FROM ledger_entry ORDER BY index DESC LIMIT 1")
        row = cursor.fetchone()
    return Tip(*row) if row else Tip(0, None)


def last_checkpoint(alias: str = SEQUENCER) -> CheckpointRow | None:
    """Return the latest signed tree head."""
    return next(iter(last_checkpoints(1, alias)), None)


def last_checkpoints(limit: int, alias: str = SEQUENCER) -> list[CheckpointRow]:
    """Return the latest signed tree heads, newest first."""
    return _checkpoints(alias, "ORDER BY size DESC LIMIT %s", [limit])


def checkpoint_of(size: int, alias: str = SEQUENCER) -> CheckpointRow | None:
    """Return the signed tree head of exactly `size` entries."""
    return next(iter(_checkpoints(alias, "WHERE size = %s", [size])), None)


def _checkpoints(alias: str, clause: str, parameters: Sequence[bytes | int | str]) -> list[CheckpointRow]:
    with connections[alias].cursor() as cursor:
        cursor.execute(f"SELECT size, root, note, frontier, created_at FROM ledger_checkpoint {clause}", parameters)  # noqa: S608
        rows = cursor.fetchall()
    return [CheckpointRow(row[0], bytes(row[1]), bytes(row[2]), bytes(row[3]), row[4]) for row in rows]


def chain_ends(accounts: Iterable[Account]) -> dict[Account, ChainEnd]:
    """Return the ends of those accounts' chains that have a row."""
    wanted = list(accounts)
    if not wanted:
        return {}
    with connections[SEQUENCER].cursor() as cursor:
        cursor.execute(
            """
            SELECT a.owner, a.holder, a.element, a.state, a.lot, a.id, b.seq, b.last_entry_id, b.mass_mg,
                b.occurred_max, b.late_days
            FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[])
                AS w (owner, holder, element, state, lot)
            JOIN ledger_account AS a USING (owner, holder, element, state, lot)
            JOIN ledger_balance AS b ON b.account_id = a.id
            """,
            [list(axis) for axis in zip(*wanted, strict=True)],
        )
        return {
            Account(*row[:5]): ChainEnd(row[5], Head(row[6], bytes(row[7]).hex(), row[8]), row[9], row[10])
            for row in cursor.fetchall()
        }


def notes_by_entry_id(alias: str, entry_ids: Sequence[bytes]) -> dict[bytes, tuple[int, bytes]]:
    """Return index and note of those entries that are posted."""
    if not entry_ids:
        return {}
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT entry_id, index, note FROM ledger_entry WHERE entry_id = ANY(%s)", [list(entry_ids)])
        return {bytes(row[0]): (row[1], bytes(row[2])) for row in cursor.fetchall()}


def posted_among(alias: str, entry_ids: Sequence[bytes]) -> set[bytes]:
    """Return those of `entry_ids` that are posted."""
    if not entry_ids:
        return set()
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT entry_id FROM ledger_entry WHERE entry_id = ANY(%s)", [list(entry_ids)])
        return {bytes(row[0]) for row in cursor.fetchall()}


def reversed_among(alias: str, entry_ids: Sequence[bytes]) -> set[bytes]:
    """Return those entries that a posted reversal has taken back."""
    if not entry_ids:
        return set()
    with connections[alias].cursor() as cursor:
        cursor.execute(
            "SELECT corrects FROM ledger_entry WHERE kind = 'reversal' AND corrects = ANY(%s)", [list(entry_ids)]
        )
        return {bytes(row[0]) for row in cursor.fetchall()}


def key_notes(alias: str) -> list[tuple[int, bytes]]:
    """Return the index and note of every `key` entry, in order."""
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT index, note FROM ledger_entry WHERE kind = 'key' ORDER BY index")
        return [(row[0], bytes(row[1])) for row in cursor.fetchall()]


def root_key(alias: str, purpose: str = "registry") -> str | None:
    """Return the vkey in which the registry (or, for `log`, the checkpoint) is rooted, None before the opening."""
    with connections[alias].cursor() as cursor:
        cursor.execute(
            "SELECT vkey FROM ledger_key WHERE party = 'registry' AND purpose = %s ORDER BY valid_from_index LIMIT 1",
            [purpose],
        )
        row = cursor.fetchone()
    return row[0] if row else None


def recorded_at(alias: str, index: int) -> dt.datetime:
    """Return when the entry at `index` was received, as its seal says."""
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT recorded FROM ledger_entry WHERE index = %s", [index])
        recorded: dt.datetime = cursor.fetchone()[0]
    return recorded
