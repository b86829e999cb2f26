"""What stands open beside balances: shipments on their way, pledges, closed periods, disputed entries.

A pledgee and a receiver read the entry and with it the accounts that it names, of which they are neither owner nor
holder; so whoever may read the entry is asked here, and the queries are run as the app.
"""

from __future__ import annotations

from typing import Any

from ledger.sql.reads import Where, fetch

_ACCOUNT = "a.owner, a.holder, a.element, a.state, a.lot"
_READABLE = "(e.public OR e.readers @> ARRAY[%(reader)s::text])"


def readable(where: Where, party: str | None) -> Where:
    """Keep what belongs to entries that `party` may read."""
    where.add(_READABLE, reader=party)
    return where


def shipments(where: Where, limit: int) -> list[tuple[Any, ...]]:
    """Return (index, entry id, occurred, reference, receiver, expected by, the account's five, its number, and the mg.

    Those are what was shipped, and what of it is left. What is expected first comes first.
    """
    return fetch(
        f"SELECT s.entry_index, e.entry_id, e.occurred, e.reference, s.receiver, s.expected_by, {_ACCOUNT}, a.id,"  # noqa: S608
        " s.shipped_mg, s.left_mg FROM ledger_shipment AS s JOIN ledger_entry AS e ON e.index = s.entry_index"
        f" JOIN ledger_account AS a ON a.id = s.account_id WHERE {where}"
        f" ORDER BY s.expected_by, s.entry_index, {_ACCOUNT} LIMIT %(limit)s",
        {**where.parameters, "limit": limit},
    )


def pledges(where: Where, limit: int) -> list[tuple[Any, ...]]:
    """Return (index, entry id, occurred, pledgee, the account's five, mg pledged, mg left)."""
    return fetch(
        f"SELECT s.entry_index, e.entry_id, e.occurred, s.pledgee, {_ACCOUNT}, s.pledged_mg, s.left_mg"  # noqa: S608
        " FROM ledger_pledge AS s JOIN ledger_entry AS e ON e.index = s.entry_index"
        f" JOIN ledger_account AS a ON a.id = s.account_id WHERE {where}"
        f" ORDER BY s.entry_index DESC, {_ACCOUNT} LIMIT %(limit)s",
        {**where.parameters, "limit": limit},
    )


def periods(party: str | None) -> list[tuple[Any, ...]]:
    """Return (party, the other, closed until, index of the agreed balance) of what `party` has closed; None: all."""
    where = Where()
    where.add("%(party)s IN (p.party, p.other)", party=party)
    return fetch(
        "SELECT p.party, p.other, p.closed_until, p.entry_index FROM ledger_period AS p"  # noqa: S608
        f" WHERE {where} ORDER BY p.closed_until DESC, p.party, p.other",
        where.parameters,
    )


def disputes(indexes: list[int]) -> list[tuple[Any, ...]]:
    """Return (index, party whose key was compromised, index of its reaffirmation) of those entries."""
    return fetch(
        "SELECT d.entry_index, d.party, d.reaffirmed_index FROM ledger_dispute AS d"
        " WHERE d.entry_index = ANY(%(indexes)s) ORDER BY d.entry_index, d.party",
        {"indexes": indexes},
    )
