"""Put what was handed in in order.

One sequencer at a time, in three steps, each of which may be the last before a crash:

1. stage: the batch is written and committed. A crash before the commit leaves the inbox as it was; a crash after it
   leaves entries that no checkpoint covers yet, and the next run begins with step 2.
2. sign: the signer sees that the staged tree extends what it signed before, remembers the new head, and signs; the
   checkpoint is committed. A crash in between leaves a signer that remembers a head which the database can show again.
3. publish: tiles, then the checkpoint, as files. A crash leaves the old checkpoint over tiles that extend it; the next
   run writes them again, byte for byte.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.db import connections, transaction

from ledger.core.book import Book, Candidate, read
from ledger.core.checkpoint import Checkpoint
from ledger.core.entry import Account
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.merkle import Frontier
from ledger.services.failpoints import failpoint
from ledger.services.ordering import Batch, Orderer
from ledger.services.publish_files import publish
from ledger.services.signer import Signer, open_signer
from ledger.sql import book as books
from ledger.sql import chain, inbox, tree, write
from ledger.sql.chain import CheckpointRow
from ledger.sql.inbox import APP, SEQUENCER, InboxRow

WAIT_MS = 10_000
BATCH = 500
_CATCH_UP = 4096


@dataclass(frozen=True, slots=True)
class SequenceReport:
    """What one run did. `leader` is False when another sequencer was at work for as long as we waited."""

    leader: bool
    posted: int
    refused: int
    size: int


def sequence_pending(*, limit: int | None = None) -> SequenceReport:
    """Post everything pending (at most `limit` entries), sign the new checkpoint and publish its files.

    Raises `not-open` where the key files are gone, `fork` where the signer refuses (then nothing is posted or signed).
    """
    with chain.leadership(WAIT_MS) as leader:
        if not leader:
            return SequenceReport(leader=False, posted=0, refused=0, size=chain.tip().size)
        if chain.root_key(SEQUENCER) is None:  # not open yet: nothing can have been handed in
            return SequenceReport(leader=True, posted=0, refused=0, size=0)
        signed = _finish_last_run()
        publish(signed)
        posted = refused = 0
        while limit is None or posted + refused < limit:
            batch = _stage(signed, BATCH if limit is None else min(BATCH, limit - posted - refused))
            if batch is None:
                break
            posted += len(batch.entries)
            refused += len(batch.answers) - len(batch.entries)
            if batch.entries:
                signed = _sign(signed)
                publish(signed)
        return SequenceReport(leader=True, posted=posted, refused=refused, size=chain.tip().size)


def sequence_on_commit() -> None:
    """Run `sequence_pending` once after the caller's transaction commits; a failure there is logged, not raised."""
    connection = connections[APP]
    here = set(connection.savepoint_ids)
    # One run is enough, if what asked for it is rolled back only together with us.
    if not any(item[1] is _run and set(item[0]) <= here for item in connection.run_on_commit):
        transaction.on_commit(_run, using=APP, robust=True)


def _run() -> None:
    sequence_pending()


def _finish_last_run() -> CheckpointRow | None:
    signed = chain.last_checkpoint()
    size = chain.tip().size
    signer = open_signer(0 if signed is None else signed.size)
    signer.check_extends(size, lambda at: _frontier(signed, at).root())
    return signed if size == (0 if signed is None else signed.size) else _sign(signed, signer)


def _frontier(signed: CheckpointRow | None, size: int) -> Frontier:
    """Return the frontier at `size`, grown from the last checkpoint, or from nothing for a size before it."""
    if signed is not None and size < signed.size:
        at_size = chain.checkpoint_of(size)
        if at_size is None:
            return tree.reader(SEQUENCER, signed.size, signed.root).frontier(size)
        signed = at_size
    frontier = Frontier() if signed is None else Frontier.from_bytes(signed.frontier)
    while frontier.size < size:
        for item in tree.hashes(SEQUENCER, 0, frontier.size, min(_CATCH_UP, size - frontier.size)):
            frontier.append(item)
    return frontier


def _sign(signed: CheckpointRow | None, signer: Signer | None = None) -> CheckpointRow:
    """Sign the tree over all staged entries and commit the checkpoint."""
    tip = chain.tip()
    if tip.recorded is None:
        raise LedgerError(LedgerCode.NOT_OPEN, "There is no entry yet that a checkpoint could cover.")
    frontier = _frontier(signed, tip.size)
    root = frontier.root()
    signer = signer or open_signer(0 if signed is None else signed.size)
    note = signer.sign(
        Checkpoint(settings.LEDGER_ORIGIN, tip.size, root), tree.reader(SEQUENCER, tip.size, root).get_hash
    )
    row = CheckpointRow(tip.size, root, note, frontier.to_bytes(), tip.recorded)
    write.checkpoint(row)
    failpoint("committed")
    return row


def _stage(signed: CheckpointRow | None, limit: int) -> Batch | None:
    with transaction.atomic(using=SEQUENCER):
        rows = inbox.pending(limit)
        if not rows:
            return None
        candidates = [_read(row) for row in rows]
        good = [item for item in candidates if isinstance(item, Candidate)]
        book = books.load(SEQUENCER, settings.LEDGER_ORIGIN)
        books.load_named(SEQUENCER, book, good)
        orderer = _orderer(book, signed, good)
        for row, candidate in zip(rows, candidates, strict=True):
            orderer.take(row, candidate)
        _write(orderer, book)
        failpoint("written")
    failpoint("staged")
    return orderer.batch


def _read(row: InboxRow) -> Candidate | LedgerError:
    try:
        return read(row.note)
    except LedgerError as error:
        return error


def _orderer(book: Book, signed: CheckpointRow | None, candidates: list[Candidate]) -> Orderer:
    accounts: set[Account] = {leg.account for item in candidates for leg in item.entry.legs}
    tip = chain.tip()
    return Orderer(
        book=book,
        frontier=_frontier(signed, tip.size),
        recorded=tip.recorded,
        ends=chain.chain_ends(accounts),
        posted=chain.posted_among(SEQUENCER, [item.entry_id for item in candidates]),
        hashes=lambda level, first, count: tree.hashes(SEQUENCER, level, first, count),
    )


def _write(orderer: Orderer, book: Book) -> None:
    batch = orderer.batch
    touched = {row.account: orderer.ends[row.account] for row in batch.legs}
    write.entries(batch.entries)
    write.accounts(touched)
    write.legs(batch.legs, touched)
    write.balances(touched)
    write.tiles(batch.tiles)
    books.write_changes(book.drain())
    inbox.answer(batch.answers)
