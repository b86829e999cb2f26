"""Replay what the rules remember beside balances, and compare the tables that hold it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ledger.core.book import Book, Candidate, Reaffirmed
from ledger.core.entry import Account
from ledger.core.registry import KeyRegistry
from ledger.sql import book as books
from ledger.sql import reads
from ledger.sql.inbox import APP

Rows = dict[tuple[Any, ...], tuple[Any, ...]]
_ACCOUNT = "a.owner, a.holder, a.element, a.state, a.lot"
_TABLES = {
    "pledges": f"SELECT t.entry_index, {_ACCOUNT}, t.pledgee, t.pledged_mg, t.left_mg FROM ledger_pledge AS t"  # noqa: S608
    " JOIN ledger_account AS a ON a.id = t.account_id",
    "shipments": f"SELECT t.entry_index, {_ACCOUNT}, t.receiver, t.expected_by::text, t.shipped_mg, t.left_mg"  # noqa: S608
    " FROM ledger_shipment AS t JOIN ledger_account AS a ON a.id = t.account_id",
    "closed periods": "SELECT party, other, closed_until::text, entry_index FROM ledger_period",
    "disputes": "SELECT entry_index, party, reaffirmed_index FROM ledger_dispute",
}
# How many columns name a row of each table.
_KEYS = {"pledges": 6, "shipments": 6, "closed periods": 2, "disputes": 2}


class RuleReplay:
    """Takes in the entries in order, without checking them again: the audit has done that."""

    def __init__(self, origin: str, registry: KeyRegistry) -> None:
        self.book = Book(origin, registry)
        self._rows: dict[str, Rows] = {name: {} for name in _TABLES}
        self._reaffirmed: list[Reaffirmed] = []

    def take(self, candidate: Candidate, index: int, after: Mapping[Account, int]) -> None:
        """Take in the entry at `index`; `after` are the balances in mg of the accounts that it moved.

        Raises LedgerError for an entry that could not stand.
        """
        book = self.book
        if candidate.plain and not book.liens and not book.shipments:
            return
        candidate.kind.check(candidate.entry)
        books.load_notes(APP, book, [candidate])
        book.take_in(candidate, index, after)
        book.forget_known()
        changes = book.drain()
        for lien, account in changes.liens:
            self._rows["pledges"][lien.index, *account] = (
                *(lien.pledgee, lien.pledged[account]),
                lien.left.get(account, 0),
            )
        for item, account in changes.shipments:
            self._rows["shipments"][item.index, *account] = (
                *(item.receiver, item.expected_by, item.shipped[account]),
                item.left.get(account, 0),
            )
        for closed in changes.closed:
            self._rows["closed periods"][closed.parties] = (closed.until, closed.index)
        self._reaffirmed += changes.reaffirmed

    def compare(self, ids: list[bytes]) -> Iterator[str]:
        """Compare the tables with a finished replay; `ids` are those of all entries, in order."""
        self._rows["disputes"] = self._disputes(ids)
        for name, query in _TABLES.items():
            width, expected = _KEYS[name], self._rows[name]
            stored = {row[:width]: row[width:] for row in reads.fetch(query, {})}
            for key in sorted(stored.keys() | expected.keys()):
                if stored.get(key) != expected.get(key):
                    yield (
                        f"The table of {name} says {_shown(stored.get(key))} of {_shown(key)}; "
                        f"the entries give {_shown(expected.get(key))}."
                    )

    def _disputes(self, ids: list[bytes]) -> Rows:
        disputed = {
            (index, record.party)
            for record in self.book.registry
            if record.compromised_since is not None
            for index in books.signed_by(APP, record)
        }
        last: dict[tuple[bytes, str], int] = {}
        for said in self._reaffirmed:
            last.update({(entry_id, party): said.index for entry_id in said.entry_ids for party in said.parties})
        rows: Rows = {}
        for index, party in disputed:
            by = last.get((ids[index], party))
            # The last word counts, unless it is itself in doubt.
            rows[index, party] = (None if by is None or (by, party) in disputed else by,)
        return rows


def _shown(values: tuple[Any, ...] | None) -> str:
    return "nothing" if values is None else " ".join("none" if value is None else str(value) for value in values)
