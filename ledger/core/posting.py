"""What an entry does to balances: sums to zero by element, and no account but `source` goes below zero."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

from ledger.core.entry import Account, Entry, State
from ledger.core.errors import LedgerCode, LedgerError


def check_balanced(entry: Entry) -> None:
    """Raise `unbalanced`, naming the first element whose legs do not sum to zero and by how many milligrams."""
    totals: dict[str, int] = {}
    for leg in entry.legs:
        totals[leg.element] = totals.get(leg.element, 0) + leg.mass_mg
    for element in sorted(totals):
        if totals[element]:
            raise LedgerError(
                LedgerCode.UNBALANCED,
                f"The legs of {element} do not sum to zero: {totals[element]:+d} mg is left over.",
            )


def apply(balances: Mapping[Account, int], entry: Entry) -> dict[Account, int]:
    """Return the balance in mg, after `entry`, of every account that it touches; an unknown account counts as 0.

    Raises `unbalanced`, or `insufficient` naming the account, its balance and what was wanted.
    """
    check_balanced(entry)
    after: dict[Account, int] = {}
    for leg in entry.legs:
        account = leg.account
        balance = after[account] if account in after else balances.get(account, 0)
        after[account] = balance + leg.mass_mg
    for account in sorted(after):
        if after[account] < 0 and account.state != State.SOURCE:
            before = balances.get(account, 0)
            refuse_overdraft(account, before, before - after[account])
    return after


def refuse_overdraft(account: Account, balance_mg: int, wanted_mg: int) -> NoReturn:
    """Raise `insufficient`, saying what stands in the account and what was wanted, in mg."""
    raise LedgerError(
        LedgerCode.INSUFFICIENT,
        f"There is not enough {account}: {balance_mg} mg stand there and {wanted_mg} mg are wanted.",
    )
