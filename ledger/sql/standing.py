"""What stands open beside balances: shipments on their way, pledges, closed periods, disputed entries."""

from __future__ import annotations

from typing import Any

from ledger.sql.reads import Where, fetch

_ACCOUNT = "s.owner, s.holder, s.element, s.state, s.lot"


def shipments(where: Where, limit: int) -> list[tuple[Any, ...]]:
    """Return (index, entry id, occurred, reference, receiver, expected by, the account's five, its number, and the mg.

    Those are what was shipped, and what of it is left. What is expected first comes first.
    """
    return fetch(
        f"SELECT s.entry_index, e.entry_id, e.occurred, e.reference, s.receiver, s.expected_by, {_ACCOUNT},"  # noqa: S608
        " s.account_id, s.shipped_mg, s.left_mg"
        f" FROM ledger_named_shipment AS s JOIN ledger_entry AS e ON e.index = s.entry_index WHERE {where}"
        f" ORDER BY s.expected_by, s.entry_index, {_ACCOUNT} LIMIT %(limit)s",
        {**where.parameters, "limit": limit},
    )


def pledges(where: Where, limit: int) -> list[tuple[Any, ...]]:
    """Return (index, entry id, occurred, pledgee, the account's five, mg pledged, mg left)."""
    return fetch(
        f"SELECT s.entry_index, e.entry_id, e.occurred, s.pledgee, {_ACCOUNT}, s.pledged_mg, s.left_mg"  # noqa: S608
        " FROM ledger_named_pledge AS s JOIN ledger_entry AS e ON e.index = s.entry_index"
        f" WHERE {where}"
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


def disputed_by(indexes: list[int]) -> dict[int, tuple[str, ...]]:
    """Return, for those entries that are disputed now, the parties whose key was compromised."""
    return {
        index: tuple(parties)
        for index, parties in fetch(
            "SELECT d.entry_index, array_agg(d.party ORDER BY d.party) FROM ledger_dispute AS d"
            " WHERE d.entry_index = ANY(%(indexes)s) AND d.reaffirmed_index IS NULL GROUP BY d.entry_index",
            {"indexes": indexes},
        )
    }
