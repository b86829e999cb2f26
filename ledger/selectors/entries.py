"""Entries, as a party may see them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

from ledger.core import entry as entries
from ledger.core.canonical_json import loads
from ledger.core.entry import Account
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.kinds import kind_of
from ledger.core.note import Note, VerifierKey
from ledger.selectors.keys import keys
from ledger.selectors.values import (
    EntryDetail,
    EntrySignature,
    EntrySummary,
    PostedLeg,
    RegisteredKey,
    Submission,
)
from ledger.sql import chain, inbox, positions, reads, standing
from ledger.sql.reads import StoredEntry, StoredLeg, Where

_HAS_LEG = "EXISTS (SELECT FROM ledger_named_leg AS l WHERE l.entry_index = e.index AND l.element = %(element)s)"
_ON_ACCOUNT = "e.index IN (SELECT l.entry_index FROM ledger_leg AS l WHERE l.account_id = %(account)s)"
_FOUND_BY = (
    "(strpos(lower(e.reference), lower(%(search)s)) > 0 OR strpos(lower(e.contract), lower(%(search)s)) > 0"
    " OR length(%(search)s) >= 8 AND lower(%(search)s) IN ("
    "left(encode(e.entry_id, 'hex'), length(%(search)s)), left(encode(e.leaf_hash, 'hex'), length(%(search)s))))"
)
_ENTRY_ID_DIGITS = 64
_BATCH = 500


def list_entries(
    *,
    party: str | None,
    kind: str | None = None,
    contract: str | None = None,
    element: str | None = None,
    account: Account | None = None,
    occurred_from: dt.date | None = None,
    occurred_to: dt.date | None = None,
    search: str | None = None,
    indexes: Sequence[int] | None = None,
    before_index: int | None = None,
    limit: int = 50,
) -> tuple[EntrySummary, ...]:
    """Return entries, newest first, that `party` may see (None sees all); `before_index` continues a page.

    `search` is part of a reference or of a contract's, or eight or more first digits of an entry id or a leaf hash;
    `indexes` are the only ones to be looked at.
    """
    where = Where()
    reads.readable(where, party)
    where.add("e.kind = %(kind)s", kind=kind)
    where.add("e.contract = %(contract)s", contract=contract)
    where.add(_HAS_LEG, element=element)
    where.add("e.occurred >= %(occurred_from)s", occurred_from=occurred_from)
    where.add("e.occurred <= %(occurred_to)s", occurred_to=occurred_to)
    where.add("e.index < %(before_index)s", before_index=before_index)
    where.add(_FOUND_BY, search=search)
    where.add("e.index = ANY(%(indexes)s)", indexes=None if indexes is None else list(indexes))
    if account is not None:
        row = positions.account_row(account)
        if row is None:
            return ()
        where.add(_ON_ACCOUNT, account=row.number)
    return _summaries(reads.entries(where, limit=limit), party)


def stream_entries(*, party: str | None, before_index: int | None = None, **filters: Any) -> Iterator[EntrySummary]:
    """Give every entry of `list_entries` with those filters, newest first, however many."""
    while found := list_entries(party=party, before_index=before_index, limit=_BATCH, **filters):
        yield from found
        before_index = found[-1].index


def entry_detail(*, index: int, party: str | None) -> EntryDetail:
    """Return one entry; raises `unknown-entry` where there is none or the party may not see it."""
    where = Where()
    where.add("e.index = %(index)s", index=index)
    return _detail(where, party, f"There is no entry {index}, or it is not yours to see.")


def entry_by_id(*, entry_id: str, party: str | None) -> EntryDetail:
    """Return one entry by the hex SHA-256 of its signed text; raises `unknown-entry`."""
    where = Where()
    where.add("e.entry_id = %(entry_id)s", entry_id=_id_bytes(entry_id))
    return _detail(where, party, f"There is no entry {entry_id}, or it is not yours to see.")


def indexes_of(*, entry_ids: Iterable[str], party: str | None) -> dict[str, int]:
    """Return the leaf indexes of those entries, by hex entry id, that stand in the ledger and that `party` may read."""
    where = Where()
    where.add("e.entry_id = ANY(%(entry_ids)s)", entry_ids=[_id_bytes(entry_id) for entry_id in entry_ids])
    reads.readable(where, party)
    return {entry.entry_id.hex(): entry.index for entry in reads.entries(where)}


def submission(*, entry_id: str, party: str | None) -> Submission:
    """Return what became of an entry that `party` handed in or may read; raises `unknown-entry`."""
    row = inbox.find_by_entry_id(_id_bytes(entry_id))
    if row is None or not _may_ask(row, party):
        raise LedgerError(LedgerCode.UNKNOWN_ENTRY, f"No entry {entry_id} was handed in, or it is not yours to see.")
    return submission_of(row)


def submission_of(row: inbox.InboxRow) -> Submission:
    """Return an inbox row as the value that callers are given."""
    return Submission(
        entry_id=row.entry_id.hex(),
        state=row.state,
        received_at=row.received_at,
        submitted_by=row.submitted_by,
        index=row.entry_index,
        code=row.code,
        message=row.message,
    )


def readable_entry(*, index: int, party: str | None) -> StoredEntry:
    """Return a stored entry that `party` may see; raises `unknown-entry`."""
    where = Where()
    where.add("e.index = %(index)s", index=index)
    reads.readable(where, party)
    found = reads.entries(where)
    if not found:
        raise LedgerError(LedgerCode.UNKNOWN_ENTRY, f"There is no entry {index}, or it is not yours to see.")
    return found[0]


def posted_leg(leg: StoredLeg) -> PostedLeg:
    """Return a stored leg with the balance before it."""
    before = leg.balance_after_mg - leg.mass_mg
    return PostedLeg(leg.entry_index, leg.account, leg.mass_mg, leg.occurred, leg.seq, before, leg.balance_after_mg)


def legs_of(indexes: Sequence[int], party: str | None) -> dict[int, tuple[PostedLeg, ...]]:
    """Return the legs of entries by index, none of those that `party` may not read (None reads all)."""
    where = Where()
    where.add("l.entry_index = ANY(%(indexes)s)", indexes=list(indexes))
    where.add("true", party=party)  # the database knows which
    found: dict[int, list[PostedLeg]] = {index: [] for index in indexes}
    for leg in reads.legs(where):
        found[leg.entry_index].append(posted_leg(leg))
    return {index: tuple(legs) for index, legs in found.items()}


def _summaries(stored: Sequence[StoredEntry], party: str | None) -> tuple[EntrySummary, ...]:
    indexes = [entry.index for entry in stored]
    legs, disputed = legs_of(indexes, party), standing.disputed_by(indexes)
    registered = {(key.name, VerifierKey.parse(key.vkey).key_id): key for key in keys()}
    return tuple(
        EntrySummary(
            index=entry.index,
            entry_id=entry.entry_id.hex(),
            kind=entry.kind,
            occurred=entry.occurred,
            recorded=entry.recorded,
            contract=entry.contract,
            reference=entry.reference,
            corrects=None if entry.corrects is None else entry.corrects.hex(),
            public=entry.public,
            legs=legs[entry.index],
            signatures=_signatures(entry.note, registered),
            disputed_by=disputed.get(entry.index, ()),
        )
        for entry in stored
    )


def _signatures(note: bytes, registered: Mapping[tuple[str, bytes], RegisteredKey]) -> tuple[EntrySignature, ...]:
    signatures = []
    for line in Note.parse(note).signatures:
        key = registered.get((line.name, line.key_id))
        known = (None, None, None) if key is None else (key.party, key.vkey, key.custody)
        signatures.append(EntrySignature(line.name, line.key_id.hex(), *known))
    return tuple(signatures)


def _detail(where: Where, party: str | None, missing: str) -> EntryDetail:
    reads.readable(where, party)
    found = reads.entries(where)
    if not found:
        raise LedgerError(LedgerCode.UNKNOWN_ENTRY, missing)
    stored = found[0]
    corrections = _corrections(stored.entry_id, party)
    signed = chain.last_checkpoint(inbox.APP)
    covered = signed is not None and signed.size > stored.index
    return EntryDetail(
        summary=_summaries([stored], party)[0],
        body=body_of(stored.note),
        readers=stored.readers,
        note=stored.note,
        seal=stored.seal,
        leaf=stored.leaf,
        leaf_hash=stored.leaf_hash,
        nonce=stored.nonce,
        corrects_index=_index_of(stored.corrects, party),
        reversed_by=next((entry.index for entry in corrections if entry.kind == "reversal"), None),
        corrected_by=tuple(entry.index for entry in corrections if entry.kind != "reversal"),
        checkpoint_size=signed.size if signed is not None and covered else None,
    )


def body_of(note: bytes) -> dict[str, Any]:
    """Return the JSON object of a stored note's signed text."""
    return cast("dict[str, Any]", loads(Note.parse(note).text[len(entries.HEADER) : -1]))


def _corrections(entry_id: bytes, party: str | None) -> list[StoredEntry]:
    where = Where()
    where.add("e.corrects = %(entry_id)s", entry_id=entry_id)
    reads.readable(where, party)
    return reads.entries(where, order="e.index")


def _index_of(entry_id: bytes | None, party: str | None) -> int | None:
    if entry_id is None:
        return None
    where = Where()
    where.add("e.entry_id = %(entry_id)s", entry_id=entry_id)
    reads.readable(where, party)
    return next((entry.index for entry in reads.entries(where)), None)


def _may_ask(row: inbox.InboxRow, party: str | None) -> bool:
    if party is None or row.submitted_by == party:
        return True
    entry = entries.decode(Note.parse(row.note).text)
    return kind_of(entry).public or party in entries.readers(entry)


def _id_bytes(entry_id: str) -> bytes:
    try:
        if len(entry_id) == _ENTRY_ID_DIGITS:
            return bytes.fromhex(entry_id)
    except ValueError:
        pass
    raise LedgerError(LedgerCode.UNKNOWN_ENTRY, f"{entry_id[:80]!r} is not the id of an entry: 64 hexadecimal digits.")
