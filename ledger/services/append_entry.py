"""Hand an entry in and wait until it is posted.

Callers of one process who come at the same time are served together: one of them works for all that wait, in one batch,
one commit and one signature over the tree, and the others sleep until they are answered. While one batch is posted, the
next one is read and verified.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import threading
from collections import deque

from django.db import connections, transaction

from ledger.core.book import Candidate, read
from ledger.core.errors import LedgerCode, LedgerError
from ledger.selectors.entries import submission_of
from ledger.selectors.values import PostedEntry
from ledger.services.sequence_pending import BATCH, Order, post_in_turn, sequence_pending, verified
from ledger.services.submit_entry import submit_entry
from ledger.sql import chain, inbox

# How long another process may lead before an entry is left in the inbox for it.
_PATIENCE_MS = 100
_TRIES = 6


def append_entry(
    *, note: bytes, submitted_by: str, now: dt.datetime, idempotency_key: str | None = None
) -> PostedEntry:
    """Post an entry and answer when it stands under a signed checkpoint, outside of any transaction.

    Raises LedgerError as `submit_entry` does, with the sequencer's code when it refuses, and `busy` when the entry is
    kept but no sequencer took it up in time. The same entry again is answered with `existed`.
    """
    if connections[inbox.APP].in_atomic_block:
        raise RuntimeError("append_entry answers when an entry is committed, so it cannot be called in a transaction.")
    if idempotency_key is None:
        waiting = _Waiting(note, submitted_by, now)
        try:
            size = _counter.serve(waiting)
        except LedgerError as error:
            if error.code is not LedgerCode.BUSY:
                raise
            # The signer is away: what was handed in is kept all the same, and posted when it is back.
        else:
            row, refusal = waiting.order.row, waiting.order.error
            if row is not None:
                return PostedEntry(row.entry_id.hex(), row.index, row.recorded, size, existed=False)
            if refusal is not None and not _stands(refusal):
                raise refusal
    return _through_the_inbox(read(note), submitted_by, now, idempotency_key)


def _stopped() -> LedgerError:
    return LedgerError(LedgerCode.BUSY, "Whoever posted for all who came was told to stop: hand the entry in again.")


def _stands(error: Exception) -> bool:
    return isinstance(error, LedgerError) and error.code is LedgerCode.DUPLICATE


class _Waiting:
    """A caller who sleeps until he is answered, or until he is to work himself."""

    __slots__ = ("_bell", "_handed_in", "done", "failure", "order", "signed_size")

    def __init__(self, note: bytes, submitted_by: str, now: dt.datetime) -> None:
        self._handed_in = (note, submitted_by, now)
        self.order: Order
        self.signed_size = 0
        self.failure: Exception | None = None
        self.done = False
        self._bell = threading.Lock()
        self._bell.acquire()

    def prepare(self) -> Order | None:
        """Read and verify what was handed in; None where it cannot be read, which the caller is told at once."""
        note, submitted_by, now = self._handed_in
        try:
            candidate = read(note)
        except LedgerError as error:
            self.fail(error)
            return None
        self.order = Order(candidate, submitted_by, now, verified(candidate))
        return self.order

    def answer(self, signed_size: int) -> None:
        self.signed_size = signed_size
        self.done = True
        self.wake()

    def fail(self, error: Exception) -> None:
        if not self.done:
            self.failure = error
            self.answer(0)

    def sleep(self) -> None:
        self._bell.acquire()

    def wake(self) -> None:
        with contextlib.suppress(RuntimeError):  # awake already
            self._bell.release()


class _Counter:
    """Where the callers of a process wait. One of them at a time works for all who come, until it is their turn."""

    def __init__(self) -> None:
        self.waiting: deque[_Waiting] = deque()
        self.work = threading.Lock()

    def serve(self, caller: _Waiting) -> int:
        """Return the size of the checkpoint that covers the order; 0 where it was refused or has to queue."""
        self.waiting.append(caller)
        while not caller.done:
            if self.work.acquire(blocking=False):
                _Queue(self).serve()
            else:
                caller.sleep()
        if caller.failure is not None:
            raise caller.failure
        return caller.signed_size

    def open(self) -> None:
        """Let the next one work: whoever came while we did found the work taken, and sleeps."""
        self.work.release()
        with contextlib.suppress(IndexError):
            self.waiting[0].wake()


class _Queue:
    """Those who are served together. While those before them are, their notes are read and verified."""

    def __init__(self, counter: _Counter) -> None:
        self._counter = counter
        self._open = True
        self._served: list[_Waiting] = []
        self._orders: list[Order] = []

    def serve(self) -> None:
        try:
            self.prepare()
            if not post_in_turn(self, wait_ms=_PATIENCE_MS):
                self.answer(0)
        except BaseException as error:
            # Each of those who wait is told, and raises it; who was told to stop while he worked stops alone.
            for caller in self._served:
                caller.fail(error if isinstance(error, Exception) else _stopped())
            if not isinstance(error, Exception):
                raise
        finally:
            if self._open:
                self._counter.open()

    def prepare(self) -> None:
        """Take in those who have come."""
        while self._counter.waiting and len(self._served) < BATCH:
            caller = self._counter.waiting.popleft()
            self._served.append(caller)
            order = caller.prepare()
            if order is not None:
                self._orders.append(order)

    def close(self) -> list[Order]:
        """Take in the last ones, and let the next queue begin."""
        self.prepare()
        self._open = False
        self._counter.open()
        return self._orders

    def answer(self, signed_size: int) -> None:
        """Wake everybody."""
        for caller in self._served:
            if not caller.done:
                caller.answer(signed_size)


_counter = _Counter()


def _through_the_inbox(
    candidate: Candidate, submitted_by: str, now: dt.datetime, idempotency_key: str | None
) -> PostedEntry:
    with transaction.atomic(durable=True):
        submission = submit_entry(
            note=candidate.note, submitted_by=submitted_by, now=now, idempotency_key=idempotency_key
        )
    # The commit has run the sequencer; it is asked again only where another one held the lock for long, or failed.
    for _ in range(_TRIES):
        row = inbox.find_by_entry_id(candidate.entry_id)
        if row is not None and row.state != "pending":
            answer = _answer(row, existed=submission.existed)
            if answer.index < answer.checkpoint_size:  # else it is staged, and the signer was away
                return answer
        sequence_pending()
    raise LedgerError(LedgerCode.BUSY, f"The entry {submission.entry_id} is kept and will be posted; ask for it later.")


def _answer(row: inbox.InboxRow, *, existed: bool) -> PostedEntry:
    answer = submission_of(row)
    if row.state == "refused" or answer.index is None:
        raise LedgerError(LedgerCode(str(answer.code)), f"{answer.message} Nothing was posted.")
    signed = chain.last_checkpoint(inbox.APP)
    posted = chain.recorded_at(inbox.APP, answer.index)
    return PostedEntry(answer.entry_id, answer.index, posted, 0 if signed is None else signed.size, existed)
