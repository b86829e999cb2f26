"""Take in a stream of signed entries of any length, and say of each line what became of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from django.db import transaction

from ledger.core import entry as entries
from ledger.core.book import Candidate, read
from ledger.core.bulk import LineReport, LineState
from ledger.core.errors import LedgerCode, LedgerError
from ledger.selectors.checkpoints import ledger_size
from ledger.services.sequence_pending import sequence_pending
from ledger.services.submit_entry import submit_entries
from ledger.sql.bulk import Fate, fates

# Lines that are held, checked and committed together: what is in memory at once, and what a killed stream does again.
CHUNK = 250
_TRIES = 6

_Line = tuple[int, Candidate | LedgerError]


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
    `stop_at_first`: then its report is the last. A line may stand for why it could not be read. `party` None may hand
    in anything; a party only what it may read itself (else `forbidden`). Handing the same in again posts nothing
    twice, so whoever was cut off begins again. Only one chunk is held at a time; `clock` tells when it was received.

    Raises what keeps everything from being posted (`not-open`, `fork`, a database that is gone).
    """
    stream = _Stream(submitted_by, clock, party, ledger_size(), stop_at_first=stop_at_first)
    numbered = enumerate(notes, 1)
    while piece := list(islice(numbered, chunk)):
        yield from stream.take(piece)
        if stream.stopped:
            return


@dataclass(slots=True)
class _Stream:
    submitted_by: str
    clock: Callable[[], dt.datetime]
    party: str | None
    since: int  # the size of the ledger when the stream began
    stop_at_first: bool
    stopped: bool = False

    def take(self, piece: Sequence[tuple[int, bytes | LedgerError]]) -> list[LineReport]:
        """Post a chunk, and report on its lines up to the one that stops the stream."""
        lines = self._up_to_refused([(number, self._read(note)) for number, note in piece])
        ids = list({item.entry_id for _, item in lines if isinstance(item, Candidate)})
        before = fates(ids)
        known = {entry_id for entry_id, fate in before.items() if fate.state != "refused"}
        wanted = {item.entry_id: item for _, item in lines if isinstance(item, Candidate)}
        answers: dict[bytes, LedgerError | None] = dict.fromkeys(known)
        self._submit([item for entry_id, item in wanted.items() if entry_id not in known], answers)
        after = self._sequenced(ids)
        reports: list[LineReport] = []
        for number, item in lines:
            if isinstance(item, LedgerError):
                reports.append(_refused(number, None, item.code, item.sentence))
            elif item.entry_id not in answers:
                break  # a line before this one has stopped the stream
            elif (error := answers[item.entry_id]) is not None:
                reports.append(_refused(number, item, error.code, error.sentence))
            else:
                reports.append(self._report(number, item, after[item.entry_id], existed=item.entry_id in known))
                known.add(item.entry_id)
            if reports[-1].state is LineState.REFUSED and self.stop_at_first:
                self.stopped = True
                break
        return reports

    def _read(self, note: bytes | LedgerError) -> Candidate | LedgerError:
        if isinstance(note, LedgerError):
            return note
        try:
            candidate = read(note)
        except LedgerError as error:
            return error
        if self.party is not None and self.party not in entries.readers(candidate.entry):
            sentence = f"{self.party} is not a party to this entry. One of its parties hands it in."
            return LedgerError(LedgerCode.FORBIDDEN, sentence)
        return candidate

    def _up_to_refused(self, lines: list[_Line]) -> list[_Line]:
        if self.stop_at_first:
            for at, (_, item) in enumerate(lines):
                if isinstance(item, LedgerError):
                    return lines[: at + 1]
        return lines

    def _submit(self, items: list[Candidate], answers: dict[bytes, LedgerError | None]) -> None:
        """Keep the entries in their order, and put into `answers` which were kept and why others cannot be posted.

        All at once where that goes; else the halves one after the other, down to the entries at fault. Each try is a
        transaction of its own, since locks on accounts are only ever taken in one order.
        """
        if not items:
            return
        try:
            with transaction.atomic(durable=True):
                submit_entries(notes=[item.note for item in items], submitted_by=self.submitted_by, now=self.clock())
        except LedgerError as error:
            if len(items) == 1:
                answers[items[0].entry_id] = error
                return
            middle = len(items) // 2
            self._submit(items[:middle], answers)
            if not (self.stop_at_first and any(answers.values())):
                self._submit(items[middle:], answers)
        else:
            answers.update(dict.fromkeys(item.entry_id for item in items))

    def _sequenced(self, ids: list[bytes]) -> dict[bytes, Fate]:
        """Return what became of the entries, once the sequencer has looked at them."""
        found = fates(ids)
        for _ in range(_TRIES):
            if all(fate.state != "pending" for fate in found.values()):
                break
            sequence_pending()
            found = fates(ids)
        return found

    def _report(self, number: int, item: Candidate, fate: Fate, *, existed: bool) -> LineReport:
        entry_id = item.entry_id.hex()
        if fate.state == "refused":
            return _refused(number, item, str(fate.code), str(fate.message))
        if not existed:
            return LineReport(number, LineState(fate.state), entry_id, fate.index)
        if fate.index is None or fate.index < self.since:
            return LineReport(number, LineState.EXISTED, entry_id, fate.index)
        sentence = "The same entry was posted since this stream began: an earlier line holds it, or another caller."
        return LineReport(number, LineState.EXISTED, entry_id, fate.index, LedgerCode.DUPLICATE, sentence)


def _refused(number: int, item: Candidate | None, code: str, sentence: str) -> LineReport:
    entry_id = None if item is None else item.entry_id.hex()
    return LineReport(number, LineState.REFUSED, entry_id, None, str(code), f"{sentence} Nothing was posted.")
