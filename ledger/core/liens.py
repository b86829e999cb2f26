"""What is pledged: open liens by account, and the rule that keeps them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ledger.core.entry import Account, Entry
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.rules import pledged_by


@dataclass(slots=True, eq=False)
class Lien:
    """A pledge as it stands: what the entry at leaf `index` pledged, and what of it is left, in mg by account."""

    index: int
    entry_id: bytes
    pledgee: str
    pledged: dict[Account, int]
    left: dict[Account, int]


class Liens:
    """Pledged mass stays where it is until the pledgee agrees.

    Only what is not pledged yet can be pledged. An entry that leaves an account with less than is pledged on it is
    signed by the pledgees whose pledges it cuts: those made last are cut first, each to what is left for it. What is
    cut is free; it is not pledged again when the account grows. A release gives up a pledge, or a part of it.
    """

    __slots__ = ("_by_account", "_by_id", "_changed", "_total")

    def __init__(self) -> None:
        self._by_id: dict[bytes, Lien] = {}
        self._by_account: dict[Account, list[Lien]] = {}
        self._total: dict[tuple[str, ...], int] = {}
        self._changed: dict[tuple[int, Account], Lien] = {}

    def __iter__(self) -> Iterator[Lien]:
        return iter(self._by_id.values())

    def __bool__(self) -> bool:
        return bool(self._total)

    def bears_on(self, account: tuple[str, ...]) -> bool:
        """Whether something is pledged on the account."""
        return account in self._total

    def open(self, lien: Lien) -> None:
        """Let a lien that stands be kept from now on, the older ones first; one that is known stays as it is."""
        if lien.entry_id in self._by_id:
            return
        self._by_id[lien.entry_id] = lien
        for account, mass in lien.left.items():
            self._by_account.setdefault(account, []).append(lien)
            self._total[account] = self._total.get(account, 0) + mass

    def check_release(self, entry: Entry, *, whole: bool) -> None:
        """Raise `bad-field` unless the pledge that the release names is open and holds as much as it gives up."""
        lien = self._by_id.get(bytes.fromhex(entry.details["pledge"]))
        if lien is None:
            if whole:
                raise LedgerError(
                    LedgerCode.BAD_FIELD, f"The pledge {entry.details['pledge']} is not open: nothing can be released."
                )
            return
        owner = next(iter(lien.pledged)).owner
        if (entry.details["owner"], entry.details["pledgee"]) != (owner, lien.pledgee):
            raise LedgerError(LedgerCode.BAD_FIELD, f"The pledge is one of {owner} to {lien.pledgee}, not of others.")
        for account, mass in pledged_by(entry):
            left = lien.left.get(account, 0)
            if mass > left:
                raise LedgerError(
                    LedgerCode.BAD_FIELD, f"Of {account}, {left} mg are left in the pledge; {mass} mg are released."
                )

    def check_free(self, account: Account, wanted: int, balance: int) -> None:
        """Raise `insufficient` unless `wanted` mg of an account with that balance are not pledged yet."""
        pledged = self._total.get(account, 0)
        if wanted > balance - pledged:
            raise LedgerError(
                LedgerCode.INSUFFICIENT,
                f"There is not enough {account} to pledge: {balance} mg stand there, {pledged} mg of it are pledged "
                f"already and {wanted} mg are wanted.",
            )

    def needed(self, account: Account, balance: int) -> frozenset[str]:
        """Return the pledgees whose pledges the balance cuts: they sign what leaves no more than that."""
        if account not in self._total or balance >= self._total[account]:
            return frozenset()
        return frozenset(lien.pledgee for lien, _ in self._cuts(account, balance))

    def check_kept(self, signed: frozenset[str], account: Account, balance: int) -> None:
        """Raise `pledged` where the balance cuts a pledge whose pledgee has not signed."""
        missing = self.needed(account, balance) - signed
        if missing:
            raise LedgerError(
                LedgerCode.PLEDGED,
                f"{self._total[account]} mg of {account} are pledged and {balance} mg would be left: the entry needs "
                f"the signature of {', '.join(sorted(missing))}, or a release before it.",
            )

    def settle(self, account: Account, balance: int) -> None:
        """Cut the pledges on an account to what its balance leaves for them, those made last first."""
        if account in self._total:
            for lien, left in list(self._cuts(account, balance)):
                self._set(lien, account, left)

    def pledge(self, index: int, entry_id: bytes, entry: Entry) -> None:
        """Take in a pledge."""
        pledged = dict(pledged_by(entry))
        lien = Lien(index, entry_id, str(entry.details["pledgee"]), pledged, dict(pledged))
        self.open(lien)
        self._changed.update({(index, account): lien for account in pledged})

    def release(self, entry: Entry) -> None:
        """Take in a release, of all that is left or of the part that it lists."""
        lien = self._by_id.get(bytes.fromhex(entry.details["pledge"]))
        if lien is None:  # a pledge that is not at hand
            return
        for account, mass in pledged_by(entry) or tuple(lien.left.items()):
            self._set(lien, account, max(0, lien.left.get(account, 0) - mass))

    def drain(self) -> tuple[tuple[Lien, Account], ...]:
        """Return which pledges changed on which accounts since the last call."""
        changed, self._changed = self._changed, {}
        return tuple((lien, account) for (_, account), lien in changed.items())

    def _cuts(self, account: Account, balance: int) -> Iterator[tuple[Lien, int]]:
        excess = self._total[account] - balance
        for lien in reversed(self._by_account[account]):
            if excess <= 0:
                return
            cut = min(excess, lien.left[account])
            excess -= cut
            yield lien, lien.left[account] - cut

    def _set(self, lien: Lien, account: Account, left: int) -> None:
        self._total[account] += left - lien.left[account]
        self._changed[lien.index, account] = lien
        if left:
            lien.left[account] = left
            return
        del lien.left[account]
        self._by_account[account].remove(lien)
        if not self._by_account[account]:
            del self._by_account[account], self._total[account]
        if not lien.left:
            del self._by_id[lien.entry_id]
