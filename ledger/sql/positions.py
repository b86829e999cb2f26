"""What stands in accounts on any day, as known at any tree size, and the lines that made it so.

Nothing here adds up an account's legs: a balance takes two look-ups, and the sums of late legs that lie between them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ledger.core.entry import Account
from ledger.sql.reads import MOST, Read, Where, fetch

AXES = ("owner", "holder", "state", "lot")
FOREVER = "infinity"

# What stands in an account up to a day, as known at a tree size. `occurred_max` never falls along the chain, so the
# legs up to the last with occurred_max <= day are a prefix, whose end carries its sum. What is known ends with the last
# leg below the tree size. Where that comes first it carries the whole; else the late legs in between are missing.
_AT = """
    LEFT JOIN LATERAL (
        SELECT l.account_seq, l.balance_after_mg FROM ledger_leg AS l
        WHERE l.account_id = a.id AND l.entry_index < %({size})s ORDER BY l.entry_index DESC LIMIT 1
    ) AS {size} ON true
"""
_BY_DAY = """
    LEFT JOIN LATERAL (
        SELECT l.account_seq, l.balance_after_mg FROM ledger_leg AS l
        WHERE l.account_id = a.id AND l.occurred_max <= %(as_of)s::date
        ORDER BY l.occurred_max DESC, l.entry_index DESC LIMIT 1
    ) AS by_day ON true
"""
_MASS = """CASE
    WHEN {size}.account_seq IS NULL OR {size}.account_seq <= by_day.account_seq
        THEN coalesce({size}.balance_after_mg, 0)
    WHEN b.late_days = 0 THEN coalesce(by_day.balance_after_mg, 0)
    ELSE coalesce(by_day.balance_after_mg, 0) + ledger_late_sum(
        a.id, coalesce(by_day.account_seq + 1, 0), {size}.account_seq + 1, %(as_of)s::date)
END"""
_ACCOUNTS = "ledger_account AS a JOIN ledger_balance AS b ON b.account_id = a.id"
_ACCOUNTS_AT = f"{_ACCOUNTS}{_BY_DAY}{_AT.format(size='known_at')}"
_KNOWN_AT = _MASS.format(size="known_at")
_KNOWN_SINCE = _MASS.format(size="since")

_LINE = (
    "l.entry_index, e.entry_id, e.kind, e.occurred, e.recorded, e.contract, e.reference,"
    " l.occurred < l.occurred_max, ARRAY(SELECT d.party FROM ledger_dispute AS d"
    " WHERE d.entry_index = l.entry_index AND d.reaffirmed_index IS NULL ORDER BY d.party),"
    " l.account_seq, l.mass_mg, l.balance_after_mg"
)


@dataclass(frozen=True, slots=True)
class StoredLine:
    """One leg of an account with its entry; `after_mg` is the balance after it in the order that was asked for."""

    index: int
    entry_id: bytes
    kind: str
    occurred: dt.date
    recorded: dt.datetime
    contract: str | None
    reference: str | None
    late: bool
    disputed_by: list[str]
    seq: int
    mass_mg: int
    sealed_mg: int
    after_mg: int


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account's row: its number, and the most days by which one of its legs came late."""

    number: int
    late_days: int


def account_row(account: Account) -> AccountRow | None:
    """Return an account's row, None for an account that was never used."""
    rows = fetch(
        "SELECT a.id, b.late_days FROM ledger_account AS a JOIN ledger_balance AS b ON b.account_id = a.id"
        " WHERE a.owner = %(owner)s AND a.holder = %(holder)s AND a.element = %(element)s AND a.state = %(state)s"
        " AND a.lot = %(lot)s",
        account._asdict(),
    )
    return AccountRow(*rows[0]) if rows else None


def positions(
    where: Where,
    axes: Sequence[str],
    as_of: dt.date | None,
    known_at: int | None,
    *,
    offset: int = 0,
    limit: int = MOST,
    read: Read = fetch,
) -> Iterator[tuple[tuple[str, ...], int]]:
    """Give (element and the values of `axes`, mass in mg), sorted, zeros left out; conditions speak of `a`."""
    columns = ", ".join(f"a.{axis}" for axis in ("element", *axes))
    now = as_of is None and known_at is None
    mass, accounts = ("b.mass_mg", _ACCOUNTS) if now else (_KNOWN_AT, _ACCOUNTS_AT)
    rows = read(
        f"WITH p AS MATERIALIZED (SELECT {columns}, sum({mass}) AS mass_mg"  # noqa: S608
        f" FROM {accounts} WHERE {where} GROUP BY {columns})"
        f" SELECT * FROM p AS a WHERE mass_mg <> 0 ORDER BY {columns} OFFSET %(offset)s LIMIT %(limit)s",
        {
            **where.parameters,
            "as_of": as_of or FOREVER,
            "known_at": MOST if known_at is None else known_at,
            "offset": offset,
            "limit": limit,
        },
    )
    return ((tuple(row[:-1]), int(row[-1])) for row in rows)


def differences(
    where: Where,
    axes: Sequence[str],
    as_of: dt.date,
    since: int,
    known_at: int,
    *,
    offset: int = 0,
    limit: int = MOST,
    read: Read = fetch,
) -> Iterator[tuple[tuple[str, ...], int, int]]:
    """Give (element and the values of `axes`, mg as known at `since`, mg as known at `known_at`) where they differ."""
    columns = ", ".join(f"a.{axis}" for axis in ("element", *axes))
    rows = read(
        f"WITH p AS MATERIALIZED (SELECT {columns}, sum({_KNOWN_SINCE}) AS before_mg, sum({_KNOWN_AT}) AS after_mg"  # noqa: S608
        f" FROM {_ACCOUNTS_AT}{_AT.format(size='since')} WHERE {where} GROUP BY {columns})"
        f" SELECT * FROM p AS a WHERE before_mg <> after_mg ORDER BY {columns} OFFSET %(offset)s LIMIT %(limit)s",
        {
            **where.parameters,
            "as_of": as_of,
            "since": since,
            "known_at": known_at,
            "offset": offset,
            "limit": limit,
        },
    )
    return ((tuple(row[:-2]), int(row[-2]), int(row[-1])) for row in rows)


def lines_as_recorded(
    row: AccountRow, known_at: int, *, after: int = -1, limit: int = MOST, read: Read = fetch
) -> Iterator[StoredLine]:
    """Give an account's lines by leaf index, from the one after `after`, with the balances that were sealed."""
    found = read(
        f"SELECT {_LINE}, l.balance_after_mg FROM ledger_leg AS l JOIN ledger_entry AS e ON e.index = l.entry_index"  # noqa: S608
        " WHERE l.account_id = %(number)s AND l.entry_index > %(after)s AND l.entry_index < %(known_at)s"
        " ORDER BY l.entry_index LIMIT %(limit)s",
        {"number": row.number, "after": after, "known_at": known_at, "limit": limit},
    )
    return map(_line, found)


def lines_as_occurred(
    row: AccountRow,
    known_at: int,
    start: dt.date | None,
    end: dt.date | None,
    opening_mg: int,
    *,
    after: tuple[dt.date, int] | None = None,
    limit: int = MOST,
    read: Read = fetch,
) -> Iterator[StoredLine]:
    """Give an account's lines of days by day and leaf index, with what stood there after each as is now known.

    A leg that occurred in the days was recorded when the latest day was at least that day, and at most so many days
    later as a leg of the account ever came late: that bounds the range of the index that is read.
    """
    where = Where()
    where.add("l.account_id = %(number)s", number=row.number)
    where.add("l.entry_index < %(known_at)s", known_at=known_at)
    where.add("l.occurred_max >= %(start)s AND l.occurred >= %(start)s", start=start)
    where.add("l.occurred_max <= %(end)s + %(late_days)s::int AND l.occurred <= %(end)s::date", end=end)
    day, index = after or ("-infinity", -1)
    found = read(
        f"SELECT {_LINE}, l.after_mg FROM (SELECT l.*, %(opening_mg)s + sum(l.mass_mg)"  # noqa: S608
        " OVER (ORDER BY l.occurred, l.entry_index ROWS UNBOUNDED PRECEDING) AS after_mg"
        f" FROM ledger_leg AS l WHERE {where}) AS l JOIN ledger_entry AS e ON e.index = l.entry_index"
        " WHERE (l.occurred, l.entry_index) > (%(day)s::date, %(after)s)"
        " ORDER BY l.occurred, l.entry_index LIMIT %(limit)s",
        {
            **where.parameters,
            "late_days": row.late_days,
            "opening_mg": opening_mg,
            "day": day,
            "after": index,
            "limit": limit,
        },
    )
    return map(_line, found)


def _line(row: Sequence[Any]) -> StoredLine:
    values = [row[0], bytes(row[1]), *row[2:-1], int(row[-1])]
    return StoredLine(*values)


def lines_learned(
    where: Where, as_of: dt.date, since: int, known_at: int, *, after: tuple[int, int], limit: int
) -> list[tuple[Account, int, StoredLine]]:
    """Return (account, leg number, line) of what was recorded from `since` on and occurred by a day; by leaf and leg.

    Conditions speak of `a`; the balance after a line is the sealed one.
    """
    rows = fetch(
        f"SELECT a.owner, a.holder, a.element, a.state, a.lot, l.leg_no, {_LINE}, l.balance_after_mg"  # noqa: S608
        " FROM ledger_leg AS l JOIN ledger_account AS a ON a.id = l.account_id"
        " JOIN ledger_entry AS e ON e.index = l.entry_index"
        f" WHERE {where} AND l.entry_index >= %(since)s AND l.entry_index < %(known_at)s"
        " AND (l.entry_index, l.leg_no) > (%(after_index)s, %(after_leg)s) AND l.occurred <= %(as_of)s"
        " ORDER BY l.entry_index, l.leg_no LIMIT %(limit)s",
        {
            **where.parameters,
            "as_of": as_of,
            "since": since,
            "known_at": known_at,
            "after_index": after[0],
            "after_leg": after[1],
            "limit": limit,
        },
    )
    return [(Account(*row[:5]), row[5], _line(row[6:])) for row in rows]
