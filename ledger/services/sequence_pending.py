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

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Protocol

from django.db import OperationalError, connections, transaction

from ledger.core.book import Candidate, read
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.merkle import Frontier
from ledger.core.note import VerifierKey
from ledger.core.registry import KeyRegistry, verifies
from ledger.services.desk import Desk, sit_down
from ledger.services.failpoints import failpoint
from ledger.services.uncollected import uncollected
from ledger.sql import chain, inbox, leading
from ledger.sql.chain import EntryRow
from ledger.sql.inbox import APP, SEQUENCER, Answer, InboxRow
from ledger.sql.leading import Standing

WAIT_MS = 10_000
BATCH = 500
_TURN_SECONDS = 1 / 3000


@dataclass(frozen=True, slots=True)
class SequenceReport:
    """What one run did. `leader` is False when another sequencer was at work for as long as we waited."""

    leader: bool
    posted: int
    refused: int
    size: int


@dataclass
class Order:
    """An entry to be posted without a stay in the inbox, and what became of it: its `row`, or an `error`.

    Neither: what it spends is promised to a transaction that is still open, and it has to queue in the inbox.
    `verified` are the (public key, signature) pairs of the note that are known to hold.
    """

    candidate: Candidate
    submitted_by: str
    received_at: datetime
    verified: frozenset[tuple[bytes, bytes]] = frozenset()
    row: EntryRow | None = None
    error: Exception | None = None

    @cached_property
    def names(self) -> list[int]:
        """The numbers under which the database locks what the entry spends or answers."""
        return inbox.lock_numbers(self.candidate.locked)

    def verify(self, key: VerifierKey, text: bytes, signature: bytes) -> bool:
        """Say whether a signature holds, without working out again what is known."""
        return (key.public_key, signature) in self.verified or verifies(key, text, signature)


class Queue(Protocol):
    """Orders of callers who come at the same time."""

    def prepare(self) -> None:
        """Do what can be done ahead for those who have come, while others are served."""

    def close(self) -> Sequence[Order]:
        """Return the orders to serve now, all prepared; who comes later is in the next queue."""

    def answer(self, signed_size: int) -> None:
        """Tell them that they are served, under a checkpoint of that size."""


@dataclass(slots=True)
class _Done:
    """What one turn did. `desk` is None where somebody else led, or where the ledger is not open (then `leader`).

    `leads` says that nobody else does yet, so that files may be published, and that it has to be let go.
    """

    leader: bool
    leads: bool = True
    desk: Desk | None = None
    full: bool = False  # more may wait
    answers: list[Answer] = field(default_factory=list)

    @property
    def posted(self) -> int:
        return sum(answer.entry_index is not None for answer in self.answers)


# One thread of a process leads at a time, at the one desk that the process has.
_turn = threading.Lock()
_desk: Desk | None = None
# The keys as this process saw them last, for a look ahead; whether a key is valid is seen in the turn.
_keys: KeyRegistry | None = None


def sequence_pending(*, limit: int | None = None) -> SequenceReport:
    """Post everything pending (at most `limit` entries), sign the new checkpoint and publish its files.

    Raises `not-open` where the key files are gone, `fork` where the signer refuses (then nothing is posted or signed).
    """
    posted = answered = 0
    with _turn:
        try:
            while limit is None or answered < limit:
                done = _lead((), BATCH if limit is None else min(BATCH, limit - answered), WAIT_MS, alone=True)
                if done.desk is None:
                    return SequenceReport(done.leader, posted, answered - posted, chain.tip().size)
                done.desk.publish()
                posted += done.posted
                answered += len(done.answers)
                if not done.full:
                    break
        finally:
            leading.let_go()
    return SequenceReport(leader=True, posted=posted, refused=answered - posted, size=chain.tip().size)


def post_at_once(orders: Sequence[Order], *, answer: Callable[[int], None], wait_ms: int = WAIT_MS) -> bool:
    """Post what waits in the inbox and then `orders`, in one batch; False where somebody else led for `wait_ms`.

    What became of each order stands in it when `answer` is told the size of the checkpoint that covers them all; files
    are published after that. Raises as `sequence_pending`, and `not-open`; then the orders are not posted, or posted
    and not signed yet, and can be handed in again.
    """
    with _turn:
        return _post(orders, answer, wait_ms)


def post_in_turn(queue: Queue, *, wait_ms: int) -> bool:
    """Do as `post_at_once` with what is in the queue when it is our turn to lead."""
    while not _turn.acquire(timeout=_TURN_SECONDS):
        queue.prepare()
    try:
        return _post(queue.close(), queue.answer, wait_ms)
    finally:
        _turn.release()


def _post(orders: Sequence[Order], answer: Callable[[int], None], wait_ms: int) -> bool:
    let_go = True
    try:
        done = _lead(orders, BATCH, wait_ms, alone=len(orders) == 1)
        if done.desk is None:
            if done.leader:
                raise LedgerError(LedgerCode.NOT_OPEN, "The ledger is not open yet: open it first.")
            return False
        answer(0 if done.desk.signed is None else done.desk.signed.size)
        if done.leads:
            done.desk.publish()
        let_go = done.leads
    finally:
        if let_go:
            leading.let_go()
    return True


def verified(candidate: Candidate) -> frozenset[tuple[bytes, bytes]]:
    """Verify signatures ahead of an order, as far as this process knows the keys: (public key, signature) that hold."""
    keys, found = _keys, []
    if keys is None:
        return frozenset()
    for line in candidate.parsed.signatures:
        record = keys.find(line.name, line.key_id)
        if record is not None and verifies(record.vkey, candidate.parsed.text, line.signature):
            found.append((record.vkey.public_key, line.signature))
    return frozenset(found)


def forget_desk() -> None:
    """Forget what was remembered of the ledger's end: the next run reads it again, as after a restart."""
    global _desk  # noqa: PLW0603 - a process has one
    with _turn:
        _desk = None


def sequence_on_commit() -> None:
    """Run `sequence_pending` once after the caller's transaction commits; a failure there is logged, not raised."""
    connection = connections[APP]
    here = set(connection.savepoint_ids)
    # One run is enough, if what asked for it is rolled back only together with us.
    if not any(item[1] is _run and set(item[0]) <= here for item in connection.run_on_commit):
        transaction.on_commit(_run, using=APP, robust=True)


def _run() -> None:
    sequence_pending()


def _lead(orders: Sequence[Order], limit: int, wait_ms: int, *, alone: bool) -> _Done:
    """Become the leader, and put one batch in order and sign it. Lets go where no files are to be published."""
    global _desk, _keys  # noqa: PLW0603 - a process has one
    desk, _desk = _desk, None  # whatever goes wrong from here on, what is remembered is not believed any more
    names = sorted({number for order in orders for number in order.names})
    ids = [order.candidate.entry_id for order in orders]
    done = _Done(leader=True)
    try:
        standing = leading.lead(wait_ms, names, ids)
        if desk is None or not desk.fits(standing):
            if (desk := sit_down()) is None:
                return done
            standing = leading.lead(wait_ms, names, ids)
        with uncollected():
            before = _stage(desk, standing, orders, limit, done)
    except OperationalError as error:
        if not leading.gave_up(error):
            raise
        return _Done(leader=False)
    failpoint("staged")
    done.leads = desk.is_due(alone=alone) or not desk.orderer.batch.entries
    desk.sign(before, let_go=not done.leads)
    done.desk = _desk = desk
    _keys = desk.orderer.book.registry
    return done


def _stage(desk: Desk, standing: Standing, orders: Sequence[Order], limit: int, done: _Done) -> Frontier:
    """Write a batch: what waits in the inbox, then the orders that nobody stands before."""
    rows = inbox.pending(limit) if standing.waiting else []
    waiting = [_read(row) for row in rows]
    direct = [order for order in orders if standing.promised.isdisjoint(order.names)]
    candidates = [item for item in waiting if isinstance(item, Candidate)]
    posted = standing.known | chain.posted_among(SEQUENCER, [item.entry_id for item in candidates])
    before = desk.begin([*candidates, *(order.candidate for order in direct)], posted)
    book = desk.orderer.book
    for row, item in zip(rows, waiting, strict=True):
        try:
            if isinstance(item, LedgerError):
                raise item
            book.verify = verifies
            entry = desk.orderer.take(item, row.received_at, row.submitted_by)
            done.answers.append(Answer(row.id, entry_index=entry.index))
        except LedgerError as error:
            done.answers.append(Answer(row.id, code=error.code, message=error.sentence))
    for order in direct:
        try:
            book.verify = order.verify
            order.row = desk.orderer.take(order.candidate, order.received_at, order.submitted_by)
        except LedgerError as error:
            order.error = error
    done.full = len(rows) == limit
    if done.answers or desk.orderer.batch.entries:
        desk.write(done.answers)
    return before


def _read(row: InboxRow) -> Candidate | LedgerError:
    try:
        return read(row.note)
    except LedgerError as error:
        return error
