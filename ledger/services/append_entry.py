"""Hand an entry in and wait until it is posted.

Callers of one process who come at the same time are served together: whoever comes first works for all that wait, in
one batch, one commit and one signature over the tree, and the others are woken with their answers.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import threading
import time
from collections import deque

from django.db import connections, transaction

from ledger.core.book import Candidate, read
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.registry import verifies
from ledger.selectors.entries import submission_of
from ledger.selectors.values import PostedEntry
from ledger.services.sequence_pending import BATCH, Order, keys_at_hand, post_at_once, sequence_pending
from ledger.services.submit_entry import submit_entry
from ledger.sql import chain, inbox

# How long another process may lead before an entry is left in the inbox for it.
_PATIENCE_MS = 100
# How long the first of several callers waits for the others, who were served with it a moment ago.
_GATHER_SECONDS = 0.0005
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
    candidate = read(note)
    if idempotency_key is None:
        order = Order(candidate, submitted_by, now, _verified(candidate))
        size = _counter.serve(order)
        if order.row is not None:
            return PostedEntry(candidate.entry_id.hex(), order.row.index, order.row.recorded, size, existed=False)
        if order.error is not None and not _stands(order.error):
            raise order.error
    return _through_the_inbox(candidate, submitted_by, now, idempotency_key)


def _stands(error: Exception) -> bool:
    return isinstance(error, LedgerError) and error.code is LedgerCode.DUPLICATE


def _verified(candidate: Candidate) -> frozenset[tuple[bytes, bytes]]:
    """Verify the signatures here, in the caller's thread, as far as this process knows the keys."""
    registry = keys_at_hand()
    if registry is None:
        return frozenset()
    found = []
    for line in candidate.parsed.signatures:
        record = registry.find(line.name, line.key_id)
        if record is not None and verifies(record.vkey, candidate.parsed.text, line.signature):
            found.append((record.vkey.public_key, line.signature))
    return frozenset(found)


class _Counter:
    """Where the callers of a process wait: the first one there works for all who have come."""

    def __init__(self) -> None:
        self._waiting: deque[_Waiting] = deque()
        self._work = threading.Lock()
        self._last = 1  # how many were served together the last time

    def serve(self, order: Order) -> int:
        """Return the size of the checkpoint that covers the order; 0 where it was refused or has to queue."""
        waiting = _Waiting(order)
        self._waiting.append(waiting)
        while not waiting.done:
            if self._work.acquire(blocking=False):
                try:
                    self._serve_all()
                finally:
                    self._work.release()
                self._call_next()
            else:
                waiting.turn.acquire()
        if waiting.failure is not None:
            raise waiting.failure
        return waiting.signed_size

    def _serve_all(self) -> None:
        self._gather()
        served = [self._waiting.popleft() for _ in range(min(len(self._waiting), BATCH))]
        self._last = len(served)

        def answer(size: int) -> None:
            for item in served:
                item.answer(size)

        try:
            if served and not post_at_once([item.order for item in served], wait_ms=_PATIENCE_MS, answer=answer):
                answer(0)
        except Exception as error:  # noqa: BLE001 - each of those who wait is told, and raises it
            for item in served:
                item.fail(error)

    def _gather(self) -> None:
        until = time.monotonic() + _GATHER_SECONDS
        while len(self._waiting) < self._last and time.monotonic() < until:
            time.sleep(0.00005)

    def _call_next(self) -> None:
        # Whoever came while we worked found the work taken, and sleeps.
        with contextlib.suppress(IndexError):
            self._waiting[0].wake()


class _Waiting:
    """An order whose caller sleeps until it is answered, or until he is to work himself."""

    __slots__ = ("done", "failure", "order", "signed_size", "turn")

    def __init__(self, order: Order) -> None:
        self.order = order
        self.signed_size = 0
        self.failure: Exception | None = None
        self.done = False
        self.turn = threading.Lock()
        self.turn.acquire()

    def answer(self, signed_size: int) -> None:
        self.signed_size = signed_size
        self.done = True
        self.wake()

    def fail(self, error: Exception) -> None:
        if not self.done:
            self.failure = error
            self.answer(0)

    def wake(self) -> None:
        with contextlib.suppress(RuntimeError):  # awake already
            self.turn.release()


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
            return _answer(row, existed=submission.existed)
        sequence_pending()
    raise LedgerError(LedgerCode.BUSY, f"The entry {submission.entry_id} is kept and will be posted; ask for it later.")


def _answer(row: inbox.InboxRow, *, existed: bool) -> PostedEntry:
    answer = submission_of(row)
    if row.state == "refused" or answer.index is None:
        raise LedgerError(LedgerCode(str(answer.code)), f"{answer.message} Nothing was posted.")
    signed = chain.last_checkpoint(inbox.APP)
    posted = chain.recorded_at(inbox.APP, answer.index)
    return PostedEntry(answer.entry_id, answer.index, posted, 0 if signed is None else signed.size, existed)
