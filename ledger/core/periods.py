"""Closed periods, and the rule that keeps them closed."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.core.entry import Entry
from ledger.core.errors import LedgerCode, LedgerError


@dataclass(frozen=True, slots=True)
class Closed:
    """The accounts of which one party is owner and the other holder are closed up to and with the day `until`."""

    parties: tuple[str, str]
    until: str
    index: int


class Periods:
    """Two parties close a period by agreement; afterwards a correction is booked in the open one.

    A statement that both sign and that gives `closes_until` closes, up to and with that day, every account of which one
    of them is the owner and the other the holder. No entry that happened on such a day moves such an account any more,
    whatever its kind. The day never lies after the day of recording, and only grows: an earlier one changes nothing.
    """

    __slots__ = ("_by_pair", "_changed", "_latest")

    def __init__(self) -> None:
        # By owner and holder, either way round.
        self._by_pair: dict[tuple[str, str], Closed] = {}
        self._latest = ""
        self._changed: dict[tuple[str, str], Closed] = {}

    def close(self, closed: Closed) -> None:
        """Let a closing that stands be kept from now on."""
        one, other = closed.parties
        self._by_pair[one, other] = self._by_pair[other, one] = closed
        self._latest = max(self._latest, closed.until)

    def reach(self, day: str) -> bool:
        """Whether `day` is closed for anybody."""
        return day <= self._latest

    def closed(self, owner: str, holder: str, day: str) -> Closed | None:
        """Return the closing by which `day` is closed for what one of the two owns and the other holds."""
        closed = self._by_pair.get((owner, holder)) if self.reach(day) else None
        return closed if closed is not None and day <= closed.until else None

    def check(self, entry: Entry) -> None:
        """Raise `closed-period` where the entry moves a closed account on a closed day."""
        if not self.reach(entry.occurred):
            return
        for leg in entry.legs:
            closed = self.closed(leg.owner, leg.holder, entry.occurred)
            if closed is not None:
                raise LedgerError(
                    LedgerCode.CLOSED_PERIOD,
                    f"{closed.parties[0]} and {closed.parties[1]} have closed {leg.account} up to and with "
                    f"{closed.until}, and the entry happened on {entry.occurred}: book it, or an adjustment of what "
                    "was booked, dated after that day.",
                )

    def check_closing(self, entry: Entry, day: str) -> None:
        """Raise `bad-field` where a statement received on `day` closes days that are not over yet."""
        until = entry.details.get("closes_until")
        if until is not None and until > day:
            raise LedgerError(
                LedgerCode.BAD_FIELD, f"A period is closed when it is over: {until} lies after {day}, when it came in."
            )

    def take_in(self, entry: Entry, index: int) -> None:
        """Take in a statement that may close a period."""
        until = entry.details.get("closes_until")
        if until is None:
            return
        one, other = entry.parties
        before = self._by_pair.get((one, other))
        if before is None or before.until < until:
            closed = self._changed[one, other] = Closed((one, other), until, index)
            self.close(closed)

    def drain(self) -> tuple[Closed, ...]:
        """Return what was closed since the last call."""
        changed, self._changed = self._changed, {}
        return tuple(changed.values())
