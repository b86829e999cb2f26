"""What is on its way: open shipments, and the rule by which they come to an end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ledger.core.entry import Account, Entry, State
from ledger.core.errors import LedgerCode, LedgerError


@dataclass(slots=True, eq=False)
class Shipment:
    """What the `ship` entry at leaf `index` put into transit, and what of it is still there, in mg by account."""

    index: int
    entry_id: bytes
    receiver: str | None
    expected_by: str | None
    shipped: dict[Account, int]
    left: dict[Account, int]

    def awaited(self, occurred: str, day: str) -> bool:
        """Whether the receiver still has a say: on a day in the world, and on the day of recording, which is a fact."""
        if self.receiver is None:
            return False
        return self.expected_by is None or min(occurred, day) <= self.expected_by


def shipment_of(index: int, entry_id: bytes, entry: Entry) -> Shipment | None:
    """Return what a `ship` entry puts into transit; None where it puts nothing there (all of it is exported)."""
    shipped = {leg.account: leg.mass_mg for leg in entry.legs if leg.mass_mg > 0 and leg.state == State.TRANSIT}
    if not shipped:
        return None
    receiver, expected_by = entry.details.get("receiver"), entry.details.get("expected_by")
    return Shipment(index, entry_id, receiver, expected_by, shipped, dict(shipped))


class Shipments:
    """What was shipped stays on its way until it arrives, is taken back, or is booked as a difference.

    An `arrive` that names a shipment takes no more out of transit than remains of it, from its accounts alone. Where
    the shipment names its receiver, the receiver signs too, also a `reversal` of it, unless it is overdue: the day on
    which the entry happened and the day of recording both lie after `expected_by`. Then the holder in transit alone
    may take the rest back into its own stock or book it as unaccounted. What leaves an account in transit without
    naming a shipment ends the oldest ones there, those without a receiver first; a receiver whose shipment it cuts
    signs. A shipment of which something has left is not reversed; the reversal of an arrival opens it again.
    """

    __slots__ = ("_by_account", "_by_id", "_changed", "_total")

    def __init__(self) -> None:
        self._by_id: dict[bytes, Shipment] = {}
        self._by_account: dict[Account, list[Shipment]] = {}
        self._total: dict[tuple[str, ...], int] = {}
        self._changed: dict[tuple[int, Account], Shipment] = {}

    def __contains__(self, entry_id: bytes) -> bool:
        return entry_id in self._by_id

    def __bool__(self) -> bool:
        return bool(self._total)

    def find(self, entry_id: bytes) -> Shipment | None:
        """Return the shipment of that entry, as far as it is still on its way."""
        return self._by_id.get(entry_id)

    def bears_on(self, account: tuple[str, ...]) -> bool:
        """Whether something on the account is on its way."""
        return account in self._total

    def open(self, shipment: Shipment) -> None:
        """Let a shipment that is on its way be kept from now on; one that is known already stays as it is."""
        if shipment.entry_id in self._by_id:
            return
        self._by_id[shipment.entry_id] = shipment
        for account, mass in shipment.left.items():
            self._by_account.setdefault(account, []).append(shipment)
            self._total[account] = self._total.get(account, 0) + mass

    def check_named(self, entry: Entry, entry_id: bytes, *, everything: bool) -> None:
        """Raise unless the shipment has left what the entry takes out of transit.

        `everything`: the entry takes the shipment back, so that nothing of it may have left (`bad-correction`).
        Otherwise `bad-leg` for what was not in it, `insufficient` for more than remains.
        """
        shipment = self._by_id.get(entry_id)
        if everything:
            if shipment is None or shipment.left != shipment.shipped:
                raise LedgerError(
                    LedgerCode.BAD_CORRECTION,
                    "Of the shipment something has arrived or left transit otherwise: take that back first, or book "
                    "an adjustment.",
                )
            return
        for leg in entry.legs:
            if leg.mass_mg > 0 or leg.state != State.TRANSIT:
                continue
            if shipment is not None and leg.account not in shipment.shipped:
                raise LedgerError(LedgerCode.BAD_LEG, f"The shipment did not put any {leg.account} into transit.")
            left = 0 if shipment is None else shipment.left.get(leg.account, 0)
            if -leg.mass_mg > left:
                raise LedgerError(
                    LedgerCode.INSUFFICIENT,
                    f"Of the shipment, {left} mg of {leg.account} are still on the way and {-leg.mass_mg} mg are "
                    "wanted.",
                )

    def needed(
        self, entry: Entry, day: str, named: bytes | None, after: Iterable[tuple[Account, int]]
    ) -> frozenset[str]:
        """Return the receivers who are awaited, and of whose shipments the entry takes something out of transit.

        `day` is the day of recording, `named` the shipment that the entry takes from, `after` the balances in mg that
        it leaves on its accounts.
        """
        cut = [] if named is None else [self._by_id.get(named)]
        for account, balance in after:
            if account in self._total:
                cut += [item for item, _ in self._cuts(account, balance, self._taken(entry, account, named), named)]
        return frozenset(
            item.receiver
            for item in cut
            if item is not None and item.receiver is not None and item.awaited(entry.occurred, day)
        )

    def ship(self, shipment: Shipment) -> None:
        """Take in a shipment."""
        self.open(shipment)
        self._changed.update({(shipment.index, account): shipment for account in shipment.shipped})

    def arrive(self, entry: Entry, entry_id: bytes) -> None:
        """Take in what leaves transit out of the shipment that the entry names."""
        shipment = self._by_id.get(entry_id)
        if shipment is not None:
            for account in tuple(shipment.left):
                if taken := self._taken(entry, account, entry_id):
                    self._set(shipment, account, max(0, shipment.left[account] - taken))

    def reopen(self, reversal: Entry, entry_id: bytes, shipped: Shipment | None) -> None:
        """Take in the reversal of an arrival: what it puts back into transit is on its way again.

        `shipped` is the shipment as its entry made it, for one that has ended; None where that entry is not at hand.
        """
        kept = self._by_id.get(entry_id)
        if kept is None and shipped is not None:
            kept = shipped
            kept.left = {}
        for leg in reversal.legs:
            if kept is not None and leg.mass_mg > 0 and leg.account in kept.shipped:
                self._by_id[entry_id] = kept
                self._set(kept, leg.account, kept.left.get(leg.account, 0) + leg.mass_mg)

    def settle(self, account: Account, balance: int) -> None:
        """End shipments on an account in transit down to what its balance leaves for them."""
        if account in self._total:
            for shipment, cut in list(self._cuts(account, balance, 0, None)):
                self._set(shipment, account, shipment.left[account] - cut)

    def drain(self) -> tuple[tuple[Shipment, Account], ...]:
        """Return which shipments changed on which accounts since the last call."""
        changed, self._changed = self._changed, {}
        return tuple((shipment, account) for (_, account), shipment in changed.items())

    def _taken(self, entry: Entry, account: Account, named: bytes | None) -> int:
        if named is None:
            return 0
        return sum(-leg.mass_mg for leg in entry.legs if leg.mass_mg < 0 and leg.account == account)

    def _cuts(self, account: Account, balance: int, taken: int, named: bytes | None) -> Iterator[tuple[Shipment, int]]:
        excess = self._total[account] - taken - balance
        if excess <= 0:
            return
        for shipment in sorted(self._by_account[account], key=_first_to_end):
            left = shipment.left[account] - (taken if shipment.entry_id == named else 0)
            cut = min(excess, left)
            if cut > 0:
                excess -= cut
                yield shipment, cut

    def _set(self, shipment: Shipment, account: Account, left: int) -> None:
        before = shipment.left.pop(account, 0)
        if left and not before:
            self._by_account.setdefault(account, []).append(shipment)
        if left:
            shipment.left[account] = left
        elif before:
            self._by_account[account].remove(shipment)
        total = self._total.get(account, 0) + left - before
        if total:
            self._total[account] = total
        else:
            del self._total[account], self._by_account[account]
        if not shipment.left:
            del self._by_id[shipment.entry_id]
        self._changed[shipment.index, account] = shipment


def _first_to_end(shipment: Shipment) -> tuple[bool, int]:
    return shipment.receiver is not None, shipment.index
