"""Balances at any day and any tree size."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from ledger.core.entry import Account
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.rules import INSIDE
from ledger.selectors.checkpoints import ledger_size
from ledger.selectors.entries import posted_leg
from ledger.selectors.values import AccountStatement, BalanceRow, ElementClosing, StatementLine
from ledger.sql import reads
from ledger.sql.reads import AXES, StoredEntry, Where


def balances(
    *,
    party: str | None,
    owner: str | None = None,
    holder: str | None = None,
    element: str | None = None,
    state: str | None = None,
    lot: str | None = None,
    as_of: dt.date | None = None,
    known_at: int | None = None,
    group_by: Sequence[str] = AXES,
) -> tuple[BalanceRow, ...]:
    """Return balances by element and the axes of `group_by`, sorted, zeros left out.

    `as_of` counts what occurred up to and with that day; `known_at` what stood in the ledger at that tree size. A party
    sees accounts where it is owner or holder; None sees all. Raises `bad-field` for an axis that is not one.
    """
    axes = [axis for axis in group_by if axis != "element"]
    if unknown := set(axes) - set(AXES):
        raise LedgerError(LedgerCode.BAD_FIELD, f"Balances are not grouped by {min(unknown)!r}: use {', '.join(AXES)}.")
    where = _accounts(party=party, owner=owner, holder=holder, element=element, state=state, lot=lot)
    rows = []
    for values, mass_mg in reads.balances(where, axes, as_of, known_at):
        named = dict(zip(axes, values[1:], strict=True))
        owner, holder, state, lot = (named.get(axis) for axis in AXES)
        rows.append(BalanceRow(values[0], owner, holder, state, lot, mass_mg))
    return tuple(rows)


def account_balance(
    *, account: Account, party: str | None, as_of: dt.date | None = None, known_at: int | None = None
) -> int:
    """Return what stands in one account, in mg; 0 for one that was never used or that the party may not see."""
    where = _accounts(party=party, **account._asdict())
    return sum(mass_mg for _, mass_mg in reads.balances(where, (), as_of, known_at))


def account_statement(
    *,
    account: Account,
    party: str | None,
    start: dt.date | None = None,
    end: dt.date | None = None,
    known_at: int | None = None,
) -> AccountStatement:
    """Return an account's movements from `start` to `end`, both included; raises `unknown-account`."""
    number = reads.account_id(account)
    if number is None or (party is not None and party not in (account.owner, account.holder)):
        raise LedgerError(LedgerCode.UNKNOWN_ACCOUNT, f"There is no account {account}, or it is not yours to see.")
    size = ledger_size() if known_at is None else known_at
    lines = _lines(number, start, end, size)
    opening = 0
    if start is not None:
        day_before = start - dt.timedelta(days=1)
        opening = account_balance(account=account, party=party, as_of=day_before, known_at=size)
    closing_mg = opening + sum(line.leg.mass_mg for line in lines)
    return AccountStatement(account, start, end, size, opening, lines, closing_mg)


def closing(
    *, element: str | None = None, as_of: dt.date | None = None, known_at: int | None = None
) -> tuple[ElementClosing, ...]:
    """Return, for each element, whether it closes. Shows every party's masses: for the operator and the auditor."""
    rows = balances(party=None, element=element, as_of=as_of, known_at=known_at, group_by=("owner", "holder", "state"))
    return tuple(
        _closing(name, [row for row in rows if row.element == name]) for name in sorted({r.element for r in rows})
    )


def _closing(element: str, rows: Sequence[BalanceRow]) -> ElementClosing:
    owners: dict[str, int] = {}
    holders: dict[str, int] = {}
    states: dict[str, int] = {}
    outside: dict[str, int] = {}
    for row in rows:
        if row.state in INSIDE:
            for totals, key in ((owners, row.owner), (holders, row.holder), (states, row.state)):
                totals[str(key)] = totals.get(str(key), 0) + row.mass_mg
        else:
            outside[str(row.state)] = outside.get(str(row.state), 0) + row.mass_mg
    return ElementClosing(
        element=element,
        owners=_sorted(owners),
        holders=_sorted(holders),
        states=_sorted(states),
        outside=_sorted(outside),
        owned_mg=sum(owners.values()),
        held_mg=sum(holders.values()),
        states_mg=sum(states.values()),
        outside_mg=sum(outside.values()),
    )


def _sorted(totals: dict[str, int]) -> dict[str, int]:
    return {key: totals[key] for key in sorted(totals) if totals[key]}


def _accounts(*, party: str | None, **axes: str | None) -> Where:
    where = Where()
    where.add("(a.owner = %(party)s OR a.holder = %(party)s)", party=party)
    for axis, value in axes.items():
        where.add(f"a.{axis} = %({axis})s", **{axis: value})
    return where


def _lines(number: int, start: dt.date | None, end: dt.date | None, size: int) -> tuple[StatementLine, ...]:
    where = Where()
    where.add("l.account_id = %(number)s", number=number)
    where.add("l.entry_index < %(size)s", size=size)
    where.add("l.occurred >= %(start)s", start=start)
    where.add("l.occurred <= %(end)s", end=end)
    legs = [posted_leg(leg) for leg in reads.legs(where)]
    chosen = Where()
    chosen.add("e.index = ANY(%(indexes)s)", indexes=[leg.entry_index for leg in legs])
    stored: dict[int, StoredEntry] = {entry.index: entry for entry in reads.entries(chosen)}
    lines = []
    for leg in legs:
        entry = stored[leg.entry_index]
        lines.append(
            StatementLine(
                index=entry.index,
                entry_id=entry.entry_id.hex(),
                kind=entry.kind,
                occurred=entry.occurred,
                recorded=entry.recorded,
                contract=entry.contract,
                reference=entry.reference,
                leg=leg,
            )
        )
    return tuple(lines)
