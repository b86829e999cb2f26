"""What is read from the ledger as rows: the API, the web pages and the command line give these columns and no others.

Units stand in the headings: `_mg` is whole milligrams of the contained element, `_utc` a time in UTC.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ledger.core.entry import Account
from ledger.selectors.values import (
    AccountStatement,
    BalanceRow,
    EntrySummary,
    LearnedLine,
    LearnedRow,
    PostedLeg,
    StatementLine,
)
from lode.exports.core.table import Cell

Rows = Iterator[Mapping[str, Cell]]

_AXES = ("element", "owner", "holder", "state", "lot")
_ENTRY = ("entry", "entry_id", "kind", "occurred", "recorded_utc", "contract", "reference")
POSITIONS = (*_AXES, "mass_mg", "as_of", "known_at_size")
LINES = (
    "line", *_ENTRY, "balance_before_mg", "mass_mg", "balance_after_mg", "sealed_balance_mg", *Account._fields,
    "known_at_size",
)  # fmt: skip
ENTRIES = (
    *_ENTRY, *Account._fields, "mass_mg", "balance_before_mg", "balance_after_mg", "signed_by", "custody", "corrects",
)  # fmt: skip
LEARNED = (*_AXES, "before_mg", "after_mg", "difference_mg", "as_of", "since_size", "known_at_size")
LEARNED_LINES = (*_ENTRY, "days_late", *Account._fields, "mass_mg", "as_of", "since_size", "known_at_size")


def position_rows(rows: Iterable[BalanceRow], as_of: dt.date | None, known_at: int) -> Rows:
    """Give balances as rows; an axis that was summed over is empty."""
    for row in rows:
        axes = {axis: getattr(row, axis) for axis in _AXES}
        yield {**axes, "mass_mg": row.mass_mg, "as_of": as_of, "known_at_size": known_at}


def line_rows(statement: AccountStatement, lines: Iterable[StatementLine]) -> Rows:
    """Give an account's opening, its lines in the statement's order, and its closing."""
    always: dict[str, Cell] = {**statement.account._asdict(), "known_at_size": statement.known_at}
    edge: dict[str, Cell] = {**dict.fromkeys(LINES), **always}
    yield {**edge, "line": "opening", "occurred": statement.start, "balance_after_mg": statement.opening_mg}
    for line in lines:
        yield {
            **always,
            **_entry(line),
            "line": "posting",
            "balance_before_mg": line.balance_before_mg,
            "mass_mg": line.leg.mass_mg,
            "balance_after_mg": line.balance_after_mg,
            "sealed_balance_mg": line.leg.balance_after_mg,
        }
    yield {**edge, "line": "closing", "occurred": statement.end, "balance_after_mg": statement.closing_mg}


def entry_rows(entries: Iterable[EntrySummary]) -> Rows:
    """Give entries a row for each posting, and one for an entry that moves nothing.

    `signed_by` and `custody` (held by the party, or hosted for it) go in step, a word for each signature.
    """
    for entry in entries:
        legs: tuple[PostedLeg | None, ...] = entry.legs or (None,)
        signed_by = " ".join(line.party or line.key_name for line in entry.signatures)
        custody = " ".join(line.custody or "unknown" for line in entry.signatures)
        for leg in legs:
            account: dict[str, Cell] = dict.fromkeys(Account._fields)
            if leg:
                account.update(leg.account._asdict())
            yield {
                **_entry(entry),
                **account,
                "mass_mg": leg.mass_mg if leg else None,
                "balance_before_mg": leg.balance_before_mg if leg else None,
                "balance_after_mg": leg.balance_after_mg if leg else None,
                "signed_by": signed_by,
                "custody": custody,
                "corrects": entry.corrects,
            }


def learned_rows(rows: Iterable[LearnedRow], as_of: dt.date, since: int, known_at: int) -> Rows:
    """Give the balances of one day that are known otherwise now."""
    for row in rows:
        yield {
            **{axis: getattr(row, axis) for axis in _AXES},
            "before_mg": row.before_mg,
            "after_mg": row.after_mg,
            "difference_mg": row.after_mg - row.before_mg,
            "as_of": as_of,
            "since_size": since,
            "known_at_size": known_at,
        }


def learned_line_rows(lines: Iterable[LearnedLine], as_of: dt.date, since: int, known_at: int) -> Rows:
    """Give the legs behind `learned_rows`; `days_late` is from the day in the world to that of the recording."""
    for line in lines:
        yield {
            **_entry(line),
            **line.leg.account._asdict(),
            "days_late": days_late(line),
            "mass_mg": line.leg.mass_mg,
            "as_of": as_of,
            "since_size": since,
            "known_at_size": known_at,
        }


def days_late(line: StatementLine | LearnedLine) -> int:
    """Return how many days after its day (in UTC) an entry was recorded; below zero for one dated ahead."""
    return (line.recorded.astimezone(dt.UTC).date() - line.occurred).days


def _entry(of: StatementLine | LearnedLine | EntrySummary) -> dict[str, Cell]:
    values: Sequence[Cell] = (of.index, of.entry_id, of.kind, of.occurred, of.recorded, of.contract, of.reference)
    return dict(zip(_ENTRY, values, strict=True))
