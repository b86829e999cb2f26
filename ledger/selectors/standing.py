"""What stands open beside balances: shipments on their way, pledges, closed periods, disputed entries."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from ledger.core.entry import Account
from ledger.selectors.entries import body_of
from ledger.sql import reads, standing
from ledger.sql.reads import StoredEntry, Where

MOST = 500


@dataclass(frozen=True, slots=True)
class ShipmentRow:
    """What a `ship` entry put into transit on one account, and how much of it is still on its way, in mg.

    `number` is that of the account's row.
    """

    index: int
    entry_id: str
    occurred: dt.date
    reference: str | None
    receiver: str | None
    expected_by: dt.date | None
    account: Account
    number: int
    shipped_mg: int
    left_mg: int

    def overdue(self, day: dt.date) -> bool:
        """Whether the receiver is waited for no longer on that day, and something is still on its way."""
        return self.left_mg > 0 and self.expected_by is not None and day > self.expected_by


@dataclass(frozen=True, slots=True)
class PledgeRow:
    """What a `pledge` entry gave as security on one account, and how much of it still is, in mg."""

    index: int
    entry_id: str
    occurred: dt.date
    pledgee: str
    account: Account
    pledged_mg: int
    left_mg: int


@dataclass(frozen=True, slots=True)
class PeriodRow:
    """Up to and with which day two parties have closed their accounts, by the agreed balance at `index`."""

    party: str
    other: str
    closed_until: dt.date
    index: int


@dataclass(frozen=True, slots=True)
class DisputeRow:
    """An entry that a compromised key of `party` signed; `reaffirmed` is the index of the entry that clears it."""

    index: int
    party: str
    reaffirmed: int | None


def shipments(*, party: str | None, index: int | None = None, limit: int = MOST) -> tuple[ShipmentRow, ...]:
    """Return what is on its way by entries that `party` may read, the first expected first; None sees all.

    `index` asks for the shipment of one entry, whatever has become of it.
    """
    found = []
    for number, entry_id, *facts in standing.shipments(_asked(party, index), limit):
        values = [number, bytes(entry_id).hex(), *facts[:4], Account(*facts[4:9]), *facts[9:]]
        found.append(ShipmentRow(*values))
    return tuple(found)


def pledges(*, party: str | None, index: int | None = None, limit: int = MOST) -> tuple[PledgeRow, ...]:
    """Return what is pledged by entries that `party` may read, the newest first; None sees all.

    `index` asks for the pledge of one entry, whatever has become of it.
    """
    found = []
    for number, entry_id, *facts in standing.pledges(_asked(party, index), limit):
        values = [number, bytes(entry_id).hex(), *facts[:2], Account(*facts[2:7]), *facts[7:]]
        found.append(PledgeRow(*values))
    return tuple(found)


def closed_periods(*, party: str | None) -> tuple[PeriodRow, ...]:
    """Return up to when `party` and each other party have closed their accounts, the latest first; None sees all."""
    return tuple(PeriodRow(*row) for row in standing.periods(party))


def disputes(*, indexes: Sequence[int]) -> tuple[DisputeRow, ...]:
    """Return what is disputed, or was, about entries that the caller may read."""
    return tuple(DisputeRow(*row) for row in standing.disputes(list(indexes)))


def arrivals_of(*, shipment: Sequence[ShipmentRow], party: str | None) -> tuple[int, ...]:
    """Return the indexes of the `arrive` entries that name a shipment, as far as `party` may read them."""
    if not shipment:
        return ()
    where = Where()
    where.add("e.kind = 'arrive'")
    where.add("e.index > %(after)s", after=shipment[0].index)
    where.add(
        "e.index IN (SELECT l.entry_index FROM ledger_leg AS l"
        " WHERE l.mass_mg < 0 AND l.account_id = ANY(%(accounts)s))",
        accounts=[row.number for row in shipment],
    )
    return _naming("shipment", shipment[0].entry_id, where, party)


def releases_of(*, index: int, entry_id: str, party: str | None) -> tuple[int, ...]:
    """Return the indexes of the `release` entries that name a pledge, as far as `party` may read them."""
    where = Where()
    where.add("e.kind = 'release'")
    where.add("e.index > %(after)s", after=index)
    return _naming("pledge", entry_id, where, party)


def _naming(detail: str, entry_id: str, where: Where, party: str | None) -> tuple[int, ...]:
    reads.readable(where, party)
    found: list[StoredEntry] = reads.entries(where, order="e.index", limit=MOST)
    return tuple(entry.index for entry in found if body_of(entry.note).get("details", {}).get(detail) == entry_id)


def _asked(party: str | None, index: int | None) -> Where:
    where = Where()
    reads.readable(where, party)
    if index is None:
        where.add("s.left_mg > 0")
    where.add("s.entry_index = %(index)s", index=index)
    return where
