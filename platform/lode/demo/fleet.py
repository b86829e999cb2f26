"""What every part of the story needs: the chemistry, the mass in a pack, the balance of an account."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from ledger.core import manifest
from ledger.core.entry import Account
from ledger.selectors.balances import balances
from lode.demo.figures import kg_per_kwh
from lode.demo.posting import kg

CHEMISTRY = "NMC622"
PACK_KWH = Decimal(50)
PACKS_A_BATCH = 500
METALS = ("Ni", "Co")


@dataclass(frozen=True)
class References:
    """The references of the contracts under which material moves."""

    first_lease: str
    second_lease: str
    offtake: str
    warranty: str

    def with_second_lease(self, ref: str) -> References:
        """Return the references with that of the second lease."""
        return replace(self, second_lease=ref)


def pack_mass_mg(element: str, packs: int) -> int:
    """Contained element in a number of packs: packs × kWh × kg per kWh (BatPaC 5.1)."""
    return kg(packs * PACK_KWH * kg_per_kwh(CHEMISTRY)[element])


def serials(prefix: str, first: int, packs: int) -> bytes:
    """Return the manifest of a batch of packs."""
    return manifest.write(f"{prefix}{number:07d}" for number in range(first, first + packs))


def balance_of(account: Account) -> int:
    """Return an account's balance now, in milligrams."""
    rows = balances(
        party=None, owner=account.owner, holder=account.holder, element=account.element, state=account.state,
        lot=account.lot, group_by=("lot",),
    )  # fmt: skip
    return sum(row.mass_mg for row in rows)
