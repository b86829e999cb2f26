"""Hand a signed entry in: checked in full, kept in the inbox, in the caller's transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.conf import settings
from django.db import transaction

from ledger.core.book import LASTING, Book, Candidate, read
from ledger.core.entry import Account
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.posting import apply
from ledger.selectors.entries import submission_of
from ledger.selectors.values import Preview, PreviewLine, Submission
from ledger.services.sequence_pending import sequence_on_commit
from ledger.sql import book as books
from ledger.sql import chain, inbox


def submit_entry(*, note: bytes, submitted_by: str, now: dt.datetime, idempotency_key: str | None = None) -> Submission:
    """Check the entry against what is posted and pending, and keep it; the sequencer takes it up after the commit.

    The same entry again answers the same submission with `existed`. Raises LedgerError with a stable code when it could
    not be posted (then nothing is kept), `conflict` when the idempotency key belongs to another entry.
    """
    candidate = read(note)
    with transaction.atomic():
        answer = _known(candidate, submitted_by, idempotency_key)
        if answer is None:
            _check([candidate], now)
            answer = _keep(candidate, submitted_by, now, idempotency_key)
        sequence_on_commit()
    return answer


def submit_entries(*, notes: Sequence[bytes], submitted_by: str, now: dt.datetime) -> tuple[Submission, ...]:
    """Hand several entries in, in this order, locking all their accounts at once; all or none.

    Raises as `submit_entry`, for the first entry that could not be posted after those before it.
    """
    candidates = {item.entry_id: item for item in map(read, notes)}
    with transaction.atomic():
        answers = {entry_id: _known(item, submitted_by, None) for entry_id, item in candidates.items()}
        _check([item for entry_id, item in candidates.items() if answers[entry_id] is None], now)
        kept = tuple(answers[item.entry_id] or _keep(item, submitted_by, now, None) for item in candidates.values())
        sequence_on_commit()
    return kept


def dry_run(*, note: bytes, now: dt.datetime, as_if_signed: bool = False) -> Preview:
    """Tell exactly what would be posted if the entry came in at `now`, after all that is posted or waits.

    Nothing is kept. Raises what `submit_entry` would raise, for anything but a conflict of idempotency keys.
    `as_if_signed`: signatures that are missing are told and not refused.
    """
    candidate = read(note)
    with transaction.atomic():
        known = _known(candidate, "", None)
        if known is not None:
            return Preview(known.entry_id, candidate.kind.name, known.index, existed=True)
        view = _view([candidate], now)
        keys = view.book.signed(candidate.parsed, view.index, public=candidate.kind.public)
        parties = frozenset(record.party for record in keys)
        missing = view.book.needed(candidate, view.time, {}) - parties if as_if_signed else frozenset()
        if missing:
            view.book.check_as(candidate, parties | missing, view.time)
        else:
            view.book.check_signed(candidate, keys, view.index, view.time)
        after = view.after(candidate)
        if as_if_signed:
            missing = view.book.needed(candidate, view.time, after) - parties
        view.book.check_after(candidate, view.book.check_as(candidate, parties | missing, view.time), after)
    lines = sorted((leg.account, leg.mass_mg) for leg in candidate.entry.legs)
    return Preview(
        entry_id=candidate.entry_id.hex(),
        kind=candidate.kind.name,
        index=view.index,
        lines=tuple(PreviewLine(item, mass, after[item] - mass, after[item]) for item, mass in lines),
        signed=tuple(sorted(parties)),
        missing=tuple(sorted(missing)),
    )


def _known(candidate: Candidate, submitted_by: str, idempotency_key: str | None) -> Submission | None:
    if idempotency_key is not None:
        keyed = inbox.find_by_idempotency_key(submitted_by, idempotency_key)
        if keyed is not None and keyed.entry_id != candidate.entry_id:
            raise LedgerError(
                LedgerCode.CONFLICT,
                f"The idempotency key {idempotency_key!r} of {submitted_by} belongs to another entry, "
                f"{keyed.entry_id.hex()}: nothing was posted.",
            )
    row = inbox.find_by_entry_id(candidate.entry_id)
    return None if row is None or row.state == "refused" else replace(submission_of(row), existed=True)


@dataclass(slots=True)
class _View:
    """The ledger as it will be once everything pending is posted."""

    book: Book
    index: int
    time: str
    balances: dict[Account, int]

    def after(self, candidate: Candidate) -> dict[Account, int]:
        """Return the balances in mg that the entry would leave, of all accounts that decide on it."""
        before = {account: self.balances.get(account, 0) for account in candidate.accounts}
        return before | apply(before, candidate.entry)


def _check(candidates: Sequence[Candidate], now: dt.datetime) -> None:
    view = _view(candidates, now)
    for index, item in enumerate(candidates, view.index):
        signed = view.book.check(item, index, view.time)
        after = view.after(item)
        view.book.check_after(item, signed, after)
        view.balances |= after
        view.book.take_in(item, index, after)


def _view(candidates: Sequence[Candidate], now: dt.datetime) -> _View:
    # All locks first, in one order for everybody: what is decided on below cannot change until the caller commits.
    inbox.lock({name for item in candidates for name in item.locked})
    # What waits is read before what stands: the sequencer may post in between, and then it is seen twice, not never.
    waiting = inbox.pending_notes(LASTING)
    ahead = inbox.pending_count()
    size = chain.tip(inbox.APP).size
    book = books.load(inbox.APP, settings.LEDGER_ORIGIN)
    _take_in_pending(waiting, book, size)
    # Every pending entry may come before this one: keys that wait in the inbox count as registered.
    index = size + ahead
    books.load_named(inbox.APP, book, candidates)
    _know_pending(candidates, book, index)
    time = now.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    balances = inbox.expected_balances(sorted({account for item in candidates for account in item.accounts}))
    book.settle(balances)
    return _View(book, index, time, balances)


def _take_in_pending(notes: Sequence[bytes], book: Book, size: int) -> None:
    for note in notes:
        try:
            item = read(note)
            item.kind.check(item.entry)
            book.take_in(item, size, {})
        except LedgerError:
            continue  # posted meanwhile, or the sequencer will refuse it and say why to whoever handed it in


def _know_pending(candidates: Sequence[Candidate], book: Book, size: int) -> None:
    rows = [inbox.find_by_entry_id(entry_id) for entry_id in sorted(book.missing(candidates))]
    _take_in_pending([row.note for row in rows if row is not None and row.state != "refused"], book, size)


def _keep(candidate: Candidate, submitted_by: str, now: dt.datetime, idempotency_key: str | None) -> Submission:
    inserted = inbox.insert(
        entry_id=candidate.entry_id,
        note=candidate.note,
        received_at=now,
        submitted_by=submitted_by,
        idempotency_key=idempotency_key,
        kind=candidate.entry.kind,
        legs=candidate.entry.legs,
    )
    if inserted:
        return Submission(candidate.entry_id.hex(), "pending", now, submitted_by)
    # Somebody handed in the same at the same time: the insert waited for the commit, so it is seen now.
    known = _known(candidate, submitted_by, idempotency_key)
    if known is None:
        raise LedgerError(LedgerCode.BUSY, "The same entry was handed in and refused just now: hand it in again.")
    return known
