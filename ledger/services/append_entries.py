"""Take in a stream of signed entries of any length, and say of each line what became of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

from ledger.core import entry as entries
from ledger.core.book import Candidate, read
from ledger.core.bulk import LineReport, LineState
from ledger.core.errors import LedgerCode, LedgerError
from ledger.selectors.checkpoints import ledger_size
from ledger.services.append_entry import append_entry
from ledger.services.sequence_pending import Order, post_at_once, sequence_pending, verified
from ledger.services.uncollected import uncollected
from ledger.sql.bulk import Fate, fates

_Handed = tuple[int, bytes | LedgerError]
_Line = tuple[int, Order | LedgerError]

# Lines that are held, posted and committed together: what is in memory at once, and what a killed stream does again.
CHUNK = 100


def append_entries(
    *,
    notes: Iterable[bytes | LedgerError],
    submitted_by: str,
    clock: Callable[[], dt.datetime],
    party: str | None = None,
    chunk: int = CHUNK,
    stop_at_first: bool = False,
) -> Iterator[LineReport]:
    """Post the notes in their order, outside of any transaction, `chunk` at a time; answer one report a line.

    Each entry is posted whole or refused whole. A refused line does not keep those after it from being posted, unless
    `stop_at_first`: then its report is the last, and each line is committed before the next is read. A line may stand
    for why it could not be read. `party` None may hand in anything; a party only what it may read itself (else
    `forbidden`). Handing the same in again posts nothing twice, so whoever was cut off begins again. Two chunks are
    held at a time, one that is posted and one that is read meanwhile; `clock` tells when it was received.

    Raises what keeps everything from being posted (`not-open`, `fork`, a database that is gone).
    """
    stream = _Stream(submitted_by, clock, party, ledger_size())
    numbered = enumerate(notes, 1)
    pieces = (stream.read([line]) for line in numbered) if stop_at_first else _ahead(stream, numbered, chunk)
    for lines in pieces:
        reports = stream.take(lines)
        yield from reports
        if stop_at_first and reports[0].state is LineState.REFUSED:
            break
    sequence_pending()  # batches in quick succession are published now and then; the last one is published here


def _ahead(stream: _Stream, numbered: Iterator[_Handed], chunk: int) -> Iterator[list[_Line]]:
    """Give the lines chunk by chunk, each read and verified while the one before it is posted.

    Nobody waits for the next chunk to come before what has come is posted and answered.
    """

    def take() -> list[_Line]:
        return stream.read(list(islice(numbered, chunk)))

    with ThreadPoolExecutor(1) as reader:
        lines = take()
        while lines:
            coming = reader.submit(take)
            yield lines
            lines = coming.result()


@dataclass(frozen=True, slots=True)
class _Stream:
    submitted_by: str
    clock: Callable[[], dt.datetime]
    party: str | None
    since: int  # the size of the ledger when the stream began

    def read(self, piece: Sequence[_Handed]) -> list[_Line]:
        """Read the lines, and verify their signatures as far as the keys are known."""
        with uncollected():
            return [(number, self._read(note)) for number, note in piece]

    def take(self, lines: Sequence[_Line]) -> list[LineReport]:
        """Post a chunk, and report on its lines."""
        wanted = {item.candidate.entry_id: item for _, item in lines if isinstance(item, Order)}
        known = {entry_id for entry_id, fate in fates(list(wanted)).items() if fate.state != "refused"}
        found = self._post([item for entry_id, item in wanted.items() if entry_id not in known])
        found |= _settled(list(known))
        reports = []
        for number, item in lines:
            if isinstance(item, LedgerError):
                reports.append(_refused(number, None, item.code, item.sentence))
            else:
                entry_id = item.candidate.entry_id
                reports.append(self._report(number, item.candidate, found[entry_id], existed=entry_id in known))
                known.add(entry_id)
        return reports

    def _read(self, note: bytes | LedgerError) -> Order | LedgerError:
        if isinstance(note, LedgerError):
            return note
        try:
            candidate = read(note)
        except LedgerError as error:
            return error
        if self.party is not None and self.party not in entries.readers(candidate.entry):
            sentence = f"{self.party} is not a party to this entry. One of its parties hands it in."
            return LedgerError(LedgerCode.FORBIDDEN, sentence)
        return Order(candidate, self.submitted_by, self.clock(), verified(candidate))

    def _post(self, orders: Sequence[Order]) -> dict[bytes, Fate]:
        if orders:
            post_at_once(orders, answer=lambda _size: None)
        return {order.candidate.entry_id: self._fate(order) for order in orders}

    def _fate(self, order: Order) -> Fate:
        if order.row is not None:
            return Fate("posted", order.row.index)
        error = order.error
        if error is None or (isinstance(error, LedgerError) and error.code is LedgerCode.DUPLICATE):
            # Somebody else is at its accounts, or leads, or has posted the same: it queues like a single entry.
            try:
                posted = append_entry(note=order.candidate.note, submitted_by=self.submitted_by, now=order.received_at)
                return Fate("existed" if posted.existed else "posted", posted.index)
            except LedgerError as refusal:
                error = refusal
        if not isinstance(error, LedgerError):
            raise error
        if error.code is LedgerCode.BUSY:
            return Fate("pending")
        return Fate("refused", None, error.code, error.sentence)

    def _report(self, number: int, item: Candidate, fate: Fate, *, existed: bool) -> LineReport:
        entry_id = item.entry_id.hex()
        if fate.state == "refused":
            return _refused(number, item, str(fate.code), str(fate.message))
        if not existed and fate.state != "existed":
            return LineReport(number, LineState(fate.state), entry_id, fate.index)
        if fate.index is None or fate.index < self.since:
            return LineReport(number, LineState.EXISTED, entry_id, fate.index)
        sentence = "The same entry was posted since this stream began: an earlier line holds it, or another caller."
        return LineReport(number, LineState.EXISTED, entry_id, fate.index, LedgerCode.DUPLICATE, sentence)


def _settled(entry_ids: Sequence[bytes]) -> dict[bytes, Fate]:
    """Return what has become of entries that were handed in before, once the sequencer has looked at them."""
    found = fates(entry_ids)
    if any(fate.state == "pending" for fate in found.values()):
        sequence_pending()
        found = fates(entry_ids)
    return found


def _refused(number: int, item: Candidate | None, code: str, sentence: str) -> LineReport:
    entry_id = None if item is None else item.entry_id.hex()
    told = sentence if sentence.endswith("Nothing was posted.") else f"{sentence} Nothing was posted."
    return LineReport(number, LineState.REFUSED, entry_id, None, str(code), told)
