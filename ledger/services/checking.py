"""What must hold for an entry before it is kept and again before it is posted: everything but the balances."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ledger.core import entry as entries
from ledger.core.entry import Account, Entry, State
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.kinds import kind_of
from ledger.core.note import Note
from ledger.core.posting import check_balanced
from ledger.core.registry import KeyRegistry
from ledger.core.rules import Kind

# Balances are kept in signed 64-bit columns.
_MOST_MG = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry as handed in: its bytes, and what they say."""

    note: bytes
    parsed: Note
    entry: Entry
    entry_id: bytes
    kind: Kind

    @property
    def corrects(self) -> bytes | None:
        """The id of the entry that this one puts right."""
        return bytes.fromhex(self.entry.corrects) if self.entry.corrects else None

    @property
    def spent(self) -> Iterable[Account]:
        """The accounts that this entry takes from and that must not go below zero."""
        return (leg.account for leg in self.entry.legs if leg.mass_mg < 0 and leg.state != State.SOURCE)


@dataclass(slots=True)
class Book:
    """What is known before the next entry: keys, and the entries that corrections name."""

    origin: str
    registry: KeyRegistry
    originals: dict[bytes, Entry] = field(default_factory=dict)
    taken_back: set[bytes] = field(default_factory=set)


def read(note: bytes) -> Candidate:
    """Read a signed note as an entry; raises as `core.note` and `core.entry` do, or `unknown-kind`."""
    parsed = Note.parse(note)
    entry = entries.decode(parsed.text)
    return Candidate(note, parsed, entry, entries.entry_id(parsed.text), kind_of(entry))


def check(candidate: Candidate, book: Book, index: int) -> None:
    """Raise LedgerError unless the entry may stand at leaf `index`; its balances are not looked at."""
    entry = candidate.entry
    if entry.book != book.origin:
        raise LedgerError(
            LedgerCode.WRONG_BOOK, f"The entry was signed for the book {entry.book}; this one is {book.origin}."
        )
    original = _original(candidate, book)
    book.registry.check_signatures(entry, candidate.parsed, index, original)
    candidate.kind.check(entry, original)
    check_balanced(entry)


def check_masses(after: Iterable[int]) -> None:
    """Raise `bad-leg` where a balance would outgrow its column."""
    if any(abs(mass) > _MOST_MG for mass in after):
        raise LedgerError(LedgerCode.BAD_LEG, f"A balance would be beyond {_MOST_MG} mg, more than any book can hold.")


def take_in(candidate: Candidate, book: Book, index: int) -> None:
    """Let the book know of an entry at `index`; raises `duplicate` or `unknown-key` for keys it cannot take."""
    if candidate.entry.kind == "key":
        book.registry.apply(candidate.entry, index)
    if candidate.entry.kind == "reversal" and candidate.corrects is not None:
        book.taken_back.add(candidate.corrects)
    book.originals[candidate.entry_id] = candidate.entry


def originals(candidates: Iterable[Candidate], find: Callable[[list[bytes]], dict[bytes, bytes]]) -> dict[bytes, Entry]:
    """Return the entries that corrections among `candidates` name; `find` answers notes by entry id."""
    wanted = [candidate.corrects for candidate in candidates if candidate.corrects is not None]
    return {entry_id: read(note).entry for entry_id, note in find(wanted).items()}


def _original(candidate: Candidate, book: Book) -> Entry | None:
    if candidate.corrects is None:
        return None
    original = book.originals.get(candidate.corrects)
    if original is None:
        raise LedgerError(
            LedgerCode.BAD_CORRECTION,
            f"The entry {candidate.entry.corrects} that is to be corrected is not in this book.",
        )
    if candidate.entry.kind == "reversal" and candidate.corrects in book.taken_back:
        raise LedgerError(LedgerCode.BAD_CORRECTION, f"The entry {candidate.entry.corrects} was taken back before.")
    return original
