"""One account over time, and what was learned of a day between two tree sizes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import replace

from ledger.core.entry import Account
from ledger.core.errors import LedgerCode, LedgerError
from ledger.selectors.balances import account_balance, accounts, axes_of, named
from ledger.selectors.checkpoints import ledger_size
from ledger.selectors.values import (
    AccountStatement,
    LearnedLine,
    LearnedRow,
    LinePlace,
    Order,
    PostedLeg,
    StatementLine,
)
from ledger.sql import positions
from ledger.sql.positions import AXES, AccountRow, StoredLine
from ledger.sql.reads import MOST, fetch, stream

_BATCH = 2000


def account_statement(
    *,
    account: Account,
    party: str | None,
    start: dt.date | None = None,
    end: dt.date | None = None,
    known_at: int | None = None,
) -> AccountStatement:
    """Return an account from `start` to `end`, both included: what stood there before and after, in mg.

    Raises `unknown-account` also for an account where the party is neither owner nor holder.
    """
    row = positions.account_row(account)
    if row is None or (party is not None and party not in (account.owner, account.holder)):
        raise LedgerError(LedgerCode.UNKNOWN_ACCOUNT, f"There is no account {account}, or it is not yours to see.")
    size = ledger_size() if known_at is None else known_at
    opening_mg = 0
    if start is not None:
        day_before = start - dt.timedelta(days=1)
        opening_mg = account_balance(account=account, party=None, as_of=day_before, known_at=size)
    closing_mg = account_balance(account=account, party=None, as_of=end, known_at=size)
    return AccountStatement(
        account, row.number, start, end, size, Order.OCCURRED, opening_mg, closing_mg, row.late_days
    )


def account_history(
    *, account: Account, party: str | None, order: Order = Order.RECORDED, known_at: int | None = None
) -> AccountStatement:
    """Return the whole of an account as known at a tree size, its lines in the order of recording, or of days.

    Raises `unknown-account`.
    """
    return replace(account_statement(account=account, party=party, known_at=known_at), order=order)


def account_lines(
    statement: AccountStatement, *, after: LinePlace | None = None, limit: int | None = None
) -> Iterator[StatementLine]:
    """Give a statement's lines from the one after `after` on; without a `limit` as a stream, however many they are."""
    row = AccountRow(statement.number, statement.late_days)
    read, most = (stream, MOST) if limit is None else (fetch, limit)
    if statement.order is Order.RECORDED:
        index = -1 if after is None else after.index
        found = positions.lines_as_recorded(row, statement.known_at, after=index, limit=most, read=read)
    else:
        place = None if after is None else (after.occurred, after.index)
        found = positions.lines_as_occurred(
            row,
            statement.known_at,
            statement.start,
            statement.end,
            statement.opening_mg,
            after=place,
            limit=most,
            read=read,
        )
    for line in found:
        yield StatementLine(
            index=line.index,
            entry_id=line.entry_id.hex(),
            kind=line.kind,
            occurred=line.occurred,
            recorded=line.recorded,
            contract=line.contract,
            reference=line.reference,
            late=line.late,
            disputed_by=tuple(line.disputed_by),
            leg=_leg(statement.account, line),
            balance_before_mg=line.after_mg - line.mass_mg,
            balance_after_mg=line.after_mg,
        )


def learned(
    *,
    party: str | None,
    as_of: dt.date,
    since: int,
    known_at: int,
    group_by: Sequence[str] = AXES,
    offset: int = 0,
    limit: int | None = None,
    **axes: str | None,
) -> Iterator[LearnedRow]:
    """Give the balances in mg of one day that are known otherwise at tree size `known_at` than at `since`, sorted.

    `axes` filter by name. Raises `bad-field` for an axis that is not one, or sizes in the wrong order.
    """
    _check_sizes(since, known_at)
    read, most = (stream, MOST) if limit is None else (fetch, limit)
    kept = axes_of(group_by)
    where = accounts(party=party, **axes)
    found = positions.differences(where, kept, as_of, since, known_at, offset=offset, limit=most, read=read)
    return (LearnedRow(**named(values, kept), before_mg=before, after_mg=after) for values, before, after in found)


def learned_lines(
    *,
    party: str | None,
    as_of: dt.date,
    since: int,
    known_at: int,
    after: tuple[int, int] = (-1, -1),
    limit: int | None = None,
    **axes: str | None,
) -> Iterator[LearnedLine]:
    """Give the legs recorded from tree size `since` up to `known_at` that occurred by a day: why `learned` differs.

    `after` is the leaf index and leg number where a page ended; `axes` filter accounts by name. Raises `bad-field`.
    """
    _check_sizes(since, known_at)
    where = accounts(party=party, **axes)
    left = MOST if limit is None else limit
    while left:
        batch = positions.lines_learned(where, as_of, since, known_at, after=after, limit=min(left, _BATCH))
        for account, leg_no, line in batch:
            yield LearnedLine(
                index=line.index,
                leg_no=leg_no,
                entry_id=line.entry_id.hex(),
                kind=line.kind,
                occurred=line.occurred,
                recorded=line.recorded,
                contract=line.contract,
                reference=line.reference,
                leg=_leg(account, line),
            )
            after = (line.index, leg_no)
        left = left - len(batch) if len(batch) == _BATCH else 0


def _check_sizes(since: int, known_at: int) -> None:
    if since > known_at:
        raise LedgerError(
            LedgerCode.BAD_FIELD, f"At {since} entries nothing was learned since {known_at}: the sizes are in disorder."
        )


def _leg(account: Account, line: StoredLine) -> PostedLeg:
    before_mg = line.sealed_mg - line.mass_mg
    return PostedLeg(line.index, account, line.mass_mg, line.occurred, line.seq, before_mg, line.sealed_mg)
