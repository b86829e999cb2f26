"""Balances at any day and any tree size."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from ledger.core.entry import Account
from ledger.selectors.values import AccountStatement, BalanceRow, ElementClosing


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
    group_by: Sequence[str] = ("owner", "holder", "state", "lot"),
) -> tuple[BalanceRow, ...]:
    """Return balances by element and the axes of `group_by`, sorted, zeros left out.

    `as_of` counts what occurred up to and with that day; `known_at` what stood in the ledger at that tree size. A party
    sees accounts where it is owner or holder; None sees all. Raises `bad-field` for an axis that is not one.
    """
    raise NotImplementedError


def account_statement(
    *,
    account: Account,
    party: str | None,
    start: dt.date | None = None,
    end: dt.date | None = None,
    known_at: int | None = None,
) -> AccountStatement:
    """Return an account's movements from `start` to `end`, both included; raises `unknown-account`."""
    raise NotImplementedError


def closing(
    *, element: str | None = None, as_of: dt.date | None = None, known_at: int | None = None
) -> tuple[ElementClosing, ...]:
    """Return, for each element, whether it closes. Shows every party's masses: for the operator and the auditor."""
    raise NotImplementedError
