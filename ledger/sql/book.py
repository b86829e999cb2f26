"""The book as it stands in the database: loaded in a few sets, and what a batch changed about it written back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connections

from ledger.core.book import Book, Candidate, Changes, Reaffirmed, read
from ledger.core.entry import Account, State
from ledger.core.liens import Lien
from ledger.core.note import Note
from ledger.core.periods import Closed
from ledger.core.registry import KeyRecord
from ledger.core.shipments import Shipment
from ledger.sql import chain, registry, write
from ledger.sql.inbox import SEQUENCER

_ACCOUNT = "a.owner, a.holder, a.element, a.state, a.lot"
_PAGE = 1000


def load(alias: str, origin: str) -> Book:
    """Return the book of `origin` as it stands, with all open pledges and closed periods.

    Raises `not-open` where the ledger was never opened.
    """
    book = Book(origin, registry.load(alias))
    for lien in liens(alias):
        book.liens.open(lien)
    for closed in periods(alias):
        book.periods.close(closed)
    return book


def load_named(alias: str, book: Book, candidates: Sequence[Candidate]) -> None:
    """Make known to `book` what `candidates` name and take from; what does not stand is left out.

    That is the shipments on their way that they may end, and the entries that they name.
    """
    in_transit = {
        leg.account for item in candidates for leg in item.entry.legs if leg.state == State.TRANSIT and leg.mass_mg < 0
    }
    names = book.missing(candidates)
    if names or in_transit:
        for shipment in shipments(alias, names, in_transit):
            book.shipments.open(shipment)
    load_notes(alias, book, candidates)


def load_notes(alias: str, book: Book, candidates: Sequence[Candidate]) -> None:
    """Make known to `book` the entries that `candidates` name, from their notes alone."""
    asked: set[bytes] = set()
    while names := book.missing(candidates) - asked:
        asked |= names
        notes = chain.notes_by_entry_id(alias, sorted(names))
        taken_back = chain.reversed_among(alias, list(notes))
        for entry_id, (index, note) in notes.items():
            book.know(read(note), index, taken_back=entry_id in taken_back)


def liens(alias: str) -> list[Lien]:
    """Return the pledges of which something is left, in the order in which they were made."""
    found: dict[int, Lien] = {}
    for index, entry_id, pledgee, *axes, pledged, left in _fetch(
        alias,
        f"SELECT p.entry_index, e.entry_id, p.pledgee, {_ACCOUNT}, p.pledged_mg, p.left_mg FROM ledger_pledge AS p"  # noqa: S608
        " JOIN ledger_entry AS e ON e.index = p.entry_index JOIN ledger_account AS a ON a.id = p.account_id"
        " WHERE p.left_mg > 0 ORDER BY p.entry_index",
        [],
    ):
        lien = found.setdefault(index, Lien(index, bytes(entry_id), pledgee, {}, {}))
        account = Account(*axes)
        lien.pledged[account], lien.left[account] = pledged, left
    return list(found.values())


def periods(alias: str) -> list[Closed]:
    """Return up to when which two parties have closed their accounts."""
    rows = _fetch(alias, "SELECT party, other, closed_until, entry_index FROM ledger_period", [])
    return [Closed((party, other), until.isoformat(), index) for party, other, until, index in rows]


def shipments(alias: str, entry_ids: Iterable[bytes], accounts: Iterable[Account]) -> list[Shipment]:
    """Return the shipments of those entries, and those on their way on those accounts, as far as anything is left."""
    axes = [list(axis) for axis in zip(*accounts, strict=True)] or [[]] * len(Account._fields)
    found: dict[int, Shipment] = {}
    for index, entry_id, receiver, expected_by, *row, shipped, left in _fetch(
        alias,
        f"""
        SELECT s.entry_index, e.entry_id, s.receiver, s.expected_by, {_ACCOUNT}, s.shipped_mg, s.left_mg
        FROM ledger_shipment AS s
        JOIN ledger_entry AS e ON e.index = s.entry_index
        JOIN ledger_account AS a ON a.id = s.account_id
        WHERE s.entry_index IN (
            SELECT index FROM ledger_entry WHERE entry_id = ANY(%s)
            UNION
            SELECT o.entry_index
            FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[])
                AS w (owner, holder, element, state, lot)
            JOIN ledger_account USING (owner, holder, element, state, lot)
            JOIN ledger_shipment AS o ON o.account_id = ledger_account.id AND o.left_mg > 0
        )
        ORDER BY s.entry_index
        """,  # noqa: S608
        [list(entry_ids), *axes],
    ):
        until = None if expected_by is None else expected_by.isoformat()
        shipment = found.setdefault(index, Shipment(index, bytes(entry_id), receiver, until, {}, {}))
        account = Account(*row)
        shipment.shipped[account] = shipped
        if left:
            shipment.left[account] = left
    return [shipment for shipment in found.values() if shipment.left]


def write_changes(changes: Changes) -> None:
    """Bring the tables beside the entries up to what a batch changed, in the transaction that writes its entries."""
    for record in changes.keys:
        write.key(record)
    for record in changes.revoked:
        write.revocation(record)
    if changes.liens:
        _write_liens(changes.liens)
    if changes.shipments:
        _write_shipments(changes.shipments)
    if changes.closed:
        _write_periods(changes.closed)
    for record in changes.revoked:
        if record.compromised_since is not None:
            _write_disputes(record)
    for reaffirmed in changes.reaffirmed:
        _write_reaffirmed(reaffirmed)


def _write_liens(changed: Sequence[tuple[Lien, Account]]) -> None:
    _execute(
        """
        INSERT INTO ledger_pledge (entry_index, account_id, pledgee, pledged_mg, left_mg)
        SELECT c.entry_index, a.id, c.pledgee, c.pledged_mg, c.left_mg
        FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
                %s::bigint[], %s::text[], %s::bigint[], %s::bigint[])
            AS c (owner, holder, element, state, lot, entry_index, pledgee, pledged_mg, left_mg)
        JOIN ledger_account AS a USING (owner, holder, element, state, lot)
        ON CONFLICT (entry_index, account_id) DO UPDATE SET left_mg = excluded.left_mg
        """,
        [
            (*account, lien.index, lien.pledgee, lien.pledged[account], lien.left.get(account, 0))
            for lien, account in changed
        ],
    )


def _write_shipments(changed: Sequence[tuple[Shipment, Account]]) -> None:
    _execute(
        """
        INSERT INTO ledger_shipment (entry_index, account_id, receiver, expected_by, shipped_mg, left_mg)
        SELECT c.entry_index, a.id, c.receiver, c.expected_by, c.shipped_mg, c.left_mg
        FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
                %s::bigint[], %s::text[], %s::date[], %s::bigint[], %s::bigint[])
            AS c (owner, holder, element, state, lot, entry_index, receiver, expected_by, shipped_mg, left_mg)
        JOIN ledger_account AS a USING (owner, holder, element, state, lot)
        ON CONFLICT (entry_index, account_id) DO UPDATE SET left_mg = excluded.left_mg
        """,
        [
            (
                *(*account, item.index, item.receiver, item.expected_by),
                *(item.shipped[account], item.left.get(account, 0)),
            )
            for item, account in changed
        ],
    )


def _write_periods(closed: Sequence[Closed]) -> None:
    _execute(
        """
        INSERT INTO ledger_period (party, other, closed_until, entry_index)
        SELECT * FROM unnest(%s::text[], %s::text[], %s::date[], %s::bigint[])
        ON CONFLICT (party, other)
            DO UPDATE SET closed_until = excluded.closed_until, entry_index = excluded.entry_index
        """,
        [(*item.parties, item.until, item.index) for item in closed],
    )


def _write_disputes(record: KeyRecord) -> None:
    """Dispute what a compromised key signed, and what was reaffirmed by what is disputed now."""
    disputed = signed_by(SEQUENCER, record)
    _execute(
        "INSERT INTO ledger_dispute (entry_index, party) SELECT * FROM unnest(%s::bigint[], %s::text[])"
        " ON CONFLICT DO NOTHING",
        [(index, record.party) for index in disputed],
    )
    _execute(
        "UPDATE ledger_dispute AS d SET reaffirmed_index = NULL"
        " FROM unnest(%s::bigint[], %s::text[]) AS c (index, party)"
        " WHERE d.reaffirmed_index = c.index AND d.party = c.party",
        [(index, record.party) for index in disputed],
    )


def _write_reaffirmed(reaffirmed: Reaffirmed) -> None:
    with connections[SEQUENCER].cursor() as cursor:
        cursor.execute(
            "UPDATE ledger_dispute AS d SET reaffirmed_index = %s FROM ledger_entry AS e"
            " WHERE e.index = d.entry_index AND e.entry_id = ANY(%s) AND d.party = ANY(%s)",
            [reaffirmed.index, list(reaffirmed.entry_ids), sorted(reaffirmed.parties)],
        )


def signed_by(alias: str, record: KeyRecord) -> list[int]:
    """Return the indexes of the entries that a compromised key signed while it may have been somebody else's."""
    found: list[int] = []
    first, last = record.compromised_since, record.revoked_at_index
    while True:
        rows = _fetch(
            alias,
            "SELECT index, note FROM ledger_entry WHERE index >= %s AND index < %s"
            " AND (readers @> ARRAY[%s] OR kind = 'key') ORDER BY index LIMIT %s",
            [first, last, record.party, _PAGE],
        )
        if not rows:
            return found
        for index, note in rows:
            lines = Note.parse(bytes(note)).signatures
            if any((line.name, line.key_id) == (record.vkey.name, record.vkey.key_id) for line in lines):
                found.append(index)
        first = rows[-1][0] + 1


def _fetch(alias: str, query: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    with connections[alias].cursor() as cursor:
        cursor.execute(query, parameters)
        return list(cursor.fetchall())


def _execute(statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Run a statement over the columns of `rows`; nothing where there are none."""
    if rows:
        with connections[SEQUENCER].cursor() as cursor:
            cursor.execute(statement, [list(column) for column in zip(*rows, strict=True)])
