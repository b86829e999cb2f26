"""Balances at any day and any tree size."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

from ledger.core.entry import Account
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.rules import INSIDE
from ledger.selectors.values import BalanceRow, ElementClosing
from ledger.sql import positions
from ledger.sql.positions import AXES
from ledger.sql.reads import MOST, Where, stream


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
    offset: int = 0,
    limit: int | None = None,
) -> tuple[BalanceRow, ...]:
    """Return balances in mg by element and the axes of `group_by`, sorted, zeros left out.

    `as_of` counts what occurred up to and with that day; `known_at` what stood in the ledger at that tree size. A party
    sees accounts where it is owner or holder; None sees all. With a day and a size the rows never change, so `offset`
    and `limit` give pages that fit together. Raises `bad-field` for an axis that is not one.
    """
    where = accounts(party=party, owner=owner, holder=holder, element=element, state=state, lot=lot)
    page = MOST if limit is None else limit
    return tuple(_rows(where, as_of, known_at, axes_of(group_by), offset=offset, limit=page))


def stream_balances(
    *,
    party: str | None,
    as_of: dt.date | None = None,
    known_at: int | None = None,
    group_by: Sequence[str] = AXES,
    **axes: str | None,
) -> Iterator[BalanceRow]:
    """Give the rows of `balances`, however many, without holding them: `axes` filter by name as there."""
    return _rows(accounts(party=party, **axes), as_of, known_at, axes_of(group_by), read=stream)


def account_balance(
    *, account: Account, party: str | None, as_of: dt.date | None = None, known_at: int | None = None
) -> int:
    """Return what stands in one account, in mg; 0 for one that was never used or that the party may not see."""
    where = accounts(party=party, **account._asdict())
    return sum(row.mass_mg for row in _rows(where, as_of, known_at, ()))


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


def axes_of(group_by: Sequence[str]) -> list[str]:
    """Return the axes to keep, in their fixed order; raises `bad-field`.

    The element is always kept: masses of two elements are never added up.
    """
    if unknown := set(group_by) - {"element", *AXES}:
        raise LedgerError(LedgerCode.BAD_FIELD, f"Balances are not grouped by {min(unknown)!r}: use {', '.join(AXES)}.")
    return [axis for axis in AXES if axis in group_by]


def accounts(*, party: str | None, **axes: str | None) -> Where:
    """Return the condition on accounts: seen by the party, and as each axis says."""
    where = Where()
    where.add("(a.owner = %(party)s OR a.holder = %(party)s)", party=party)
    for axis in Account._fields:
        where.add(f"a.{axis} = %({axis})s", **{axis: axes.pop(axis, None)})
    assert not axes, axes
    return where


def _rows(
    where: Where, as_of: dt.date | None, known_at: int | None, axes: Sequence[str], **more: Any
) -> Iterator[BalanceRow]:
    for values, mass_mg in positions.positions(where, axes, as_of, known_at, **more):
        yield BalanceRow(**named(values, axes), mass_mg=mass_mg)


def named(values: Sequence[str], axes: Sequence[str]) -> dict[str, Any]:
    """Return an element and axis values by name, None for an axis that was summed over."""
    return {**dict.fromkeys(AXES), **dict(zip(("element", *axes), values, strict=True))}
