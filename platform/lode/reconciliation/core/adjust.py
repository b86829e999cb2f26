"""The legs of an adjustment: how the ledger is brought to an agreed mass in the partner's custody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

from ledger.core.entry import Account, Leg, State, move
from lode.reconciliation.core.book import IN_CUSTODY
from lode.reconciliation.core.errors import Code, ReconciliationError
from lode.reconciliation.core.sentences import mass_text
from lode.reconciliation.core.values import Text


class Contra(StrEnum):
    """Where an adjusted mass goes to or comes from.

    `unaccounted`: what is missing is booked as unaccounted at the partner, what was found comes out of source there.
    `sender`: our own stock at our own place, where the corrected entry took it from or brought it to.
    """

    UNACCOUNTED = "unaccounted"
    SENDER = "sender"


def custody_account(
    *,
    our_party: str,
    partner: str,
    element: str,
    mass_mg: int,
    legs: Sequence[Leg],
    balances_mg: Mapping[Account, int],
    lot: str = "",
) -> Account:
    """Choose the partner's account that an adjustment moves by `mass_mg`.

    The account of the corrected entry's largest leg, if it still holds enough; else the fullest one that does. `lot`
    narrows the choice, and names a new account where mass is added. Raises `adjustment-does-not-fit`.
    """
    named = [
        leg
        for leg in legs
        if (leg.owner, leg.holder, leg.element) == (our_party, partner, element) and leg.state in IN_CUSTODY
    ]
    candidates = [leg.account for leg in sorted(named, key=lambda leg: (-abs(leg.mass_mg), leg.account))]
    candidates += sorted(balances_mg, key=lambda account: (-balances_mg[account], account))
    for account in candidates:
        if lot and account.lot != lot:
            continue
        if mass_mg > 0 or balances_mg.get(account, 0) >= -mass_mg:
            return account
    if mass_mg > 0 and lot:
        return Account(our_party, partner, element, State.STOCK.value, lot)
    if mass_mg > 0:
        raise _unfit(
            f"No lot of {element} is known at {partner}. Name the lot that the mass belongs to.",
            f"{partner} 处没有 {element} 的批次，请注明批次。",
        )
    raise _unfit(
        f"No lot of {element} at {partner} still holds {mass_text(-mass_mg)}; it has moved on. "
        "Take back the later entry, or adjust less.",
        f"{partner} 处没有任何 {element} 批次仍有 {mass_text(-mass_mg)}，请先冲销后续分录或减少调整量。",
    )


def adjusting_legs(account: Account, mass_mg: int, *, contra: Contra, our_party: str) -> tuple[Leg, Leg]:
    """Return the two legs that add `mass_mg` (negative: take away) to the partner's account, and their counterpart."""
    other = _contra_account(account, mass_mg, contra, our_party)
    if mass_mg > 0:
        return move(other, account, mass_mg)
    return move(account, other, -mass_mg)


def _contra_account(account: Account, mass_mg: int, contra: Contra, our_party: str) -> Account:
    if contra is Contra.SENDER:
        return account._replace(holder=our_party, state=State.STOCK.value)
    return account._replace(state=(State.SOURCE if mass_mg > 0 else State.UNACCOUNTED).value)


def _unfit(en: str, zh: str) -> ReconciliationError:
    return ReconciliationError(Code.ADJUSTMENT_DOES_NOT_FIT, Text(en, zh))
