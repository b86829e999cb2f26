"""The leader's desk: what it remembers of the ledger's end, so that a batch of a few entries need not read it again."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import connections, transaction

from ledger.core.book import Candidate, Changes
from ledger.core.checkpoint import Checkpoint
from ledger.core.merkle import Frontier, GetHash, grown
from ledger.services.failpoints import failpoint
from ledger.services.ordering import Orderer
from ledger.services.publish_files import publish
from ledger.services.signer import Signer, open_signer
from ledger.sql import book as books
from ledger.sql import chain, inbox, tree, write
from ledger.sql.chain import CheckpointRow
from ledger.sql.inbox import SEQUENCER, Answer
from ledger.sql.leading import Standing

PUBLISH_MS = 500
_CATCH_UP = 4096
_MOST_ENDS = 100_000


@dataclass(slots=True)
class Desk:
    """Holds for exactly the ledger at which it was made: for another one, somebody sits down anew."""

    place: tuple[str, str, str]
    orderer: Orderer
    signed: CheckpointRow | None
    signer: Signer
    published_ns: int

    def fits(self, standing: Standing) -> bool:
        """Say whether nobody else has led since, in this ledger."""
        size, root = (0, None) if self.signed is None else (self.signed.size, self.signed.root)
        return (size, size, root) == (standing.size, standing.signed_size, standing.root) and self.place == _place()

    def begin(self, candidates: Sequence[Candidate], posted: Iterable[bytes]) -> Frontier:
        """Lay out what a batch of `candidates` needs, of which `posted` stand already; return where the tree ends."""
        orderer = self.orderer
        orderer.begin(set(posted))
        if len(orderer.ends) > _MOST_ENDS:
            orderer.ends.clear()
        orderer.book.forget_known()
        missing = {account for item in candidates for account in item.accounts if account not in orderer.ends}
        orderer.ends.update(chain.chain_ends(missing))
        books.load_named(SEQUENCER, orderer.book, candidates)
        return orderer.frontier.copy()

    def write(self, answers: Sequence[Answer]) -> None:
        """Write the batch, and what became of rows of the inbox, in one transaction."""
        batch, changes = self.orderer.batch, self.orderer.book.drain()
        if (
            not answers
            and not batch.tiles
            and changes == Changes()
            and all(end.account_id for end in batch.touched.values())
        ):
            failpoint("written")
            write.post(batch.entries, batch.legs, batch.touched)  # one message is a transaction by itself
            return
        with transaction.atomic(using=SEQUENCER):
            if batch.entries:
                write.accounts(batch.touched)
                write.post(batch.entries, batch.legs, batch.touched)
            write.tiles(batch.tiles)
            books.write_changes(changes)
            if answers:
                inbox.answer(answers)
            failpoint("written")

    def sign(self, before: Frontier, *, let_go: bool) -> None:
        """Sign the tree that the batch has made of the one that ended at `before`, and keep the checkpoint.

        `let_go`: and lead no more.
        """
        rows = self.orderer.batch.entries
        if rows:
            get_hash = grown(before, [row.leaf_hash for row in rows])
            self.signed = _sign(self.signer, self.orderer.frontier, rows[-1].recorded, get_hash, let_go=let_go)

    def is_due(self, *, alone: bool) -> bool:
        """Say whether to publish: where many come together (not `alone`), not oftener than twice a second."""
        return alone or time.monotonic_ns() - self.published_ns > PUBLISH_MS * 1_000_000

    def publish(self) -> None:
        """Publish the files of the tree as it is signed; only who leads does."""
        publish(self.signed)
        self.published_ns = time.monotonic_ns()


def sit_down() -> Desk | None:
    """Take over from whoever led before: finish his run, and read where the ledger ends. None before the opening."""
    if chain.root_key(SEQUENCER) is None:
        return None
    signed, tip = chain.last_checkpoint(), chain.tip()
    signer = open_signer(0 if signed is None else signed.size)
    signer.check_extends(tip.size, lambda at: frontier_at(signed, at).root())
    frontier = frontier_at(signed, tip.size)
    if tip.recorded is not None and tip.size != (0 if signed is None else signed.size):
        signed = _sign(
            signer, frontier, tip.recorded, tree.reader(SEQUENCER, tip.size, frontier.root()).get_hash, let_go=False
        )
    publish(signed)
    return lay_desk(signer, signed, frontier, tip.recorded)


def lay_desk(signer: Signer, signed: CheckpointRow | None, frontier: Frontier, recorded: datetime | None) -> Desk:
    """Return a desk at the ledger's end as it stands in the database, of which the signer has not been asked."""
    book = books.load(SEQUENCER, settings.LEDGER_ORIGIN)
    orderer = Orderer(book, frontier, recorded, lambda level, first, count: tree.hashes(SEQUENCER, level, first, count))
    return Desk(_place(), orderer, signed, signer, time.monotonic_ns())


def _place() -> tuple[str, str, str]:
    return connections[SEQUENCER].settings_dict["NAME"], str(settings.LEDGER_DIR), settings.LEDGER_ORIGIN


def frontier_at(signed: CheckpointRow | None, size: int) -> Frontier:
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


def _sign(signer: Signer, frontier: Frontier, recorded: datetime, get_hash: GetHash, *, let_go: bool) -> CheckpointRow:
    root = frontier.root()
    note = signer.sign(Checkpoint(settings.LEDGER_ORIGIN, frontier.size, root), get_hash)
    row = CheckpointRow(frontier.size, root, note, frontier.to_bytes(), recorded)
    write.checkpoint(row, let_go=let_go)
    failpoint("committed")
    return row
