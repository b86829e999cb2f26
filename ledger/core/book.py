"""The book before its next entry: everything that an entry is checked against but the balances themselves.

Whoever puts entries in order, checks one before it is kept, replays the ledger or audits an export does the same, entry
by entry:

1. `signed = book.check(candidate, index, time)`: signatures, the kind's rule, sums, and what earlier entries forbid;
2. the caller works out `after`, the balance in mg of each account in `candidate.accounts` once the entry stands;
3. `book.check_after(candidate, signed, after)`: what those balances forbid;
4. `book.take_in(candidate, index, after)`: from here on the entry is part of what the next one is checked against.

Nothing is refused after step 3 but a key that cannot be taken. `drain()` tells what the tables beside the entries must
learn. What an entry names (`candidate.names`) has to be made known first, by `know`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from ledger.core import entry as entries
from ledger.core.entry import Account, Entry, State
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.kinds import kind_of
from ledger.core.note import Note
from ledger.core.posting import check_balanced
from ledger.core.registry import KeyRecord, KeyRegistry, Verify, verifies
from ledger.core.rules import Kind

# Balances are kept in signed 64-bit columns.
_MOST_MG = 2**63 - 1


@dataclass(frozen=True)
class Candidate:
    """An entry as handed in: its bytes, and what they say."""

    note: bytes
    parsed: Note
    entry: Entry
    entry_id: bytes
    kind: Kind

    @cached_property
    def corrects(self) -> bytes | None:
        """The id of the entry that this one puts right."""
        return bytes.fromhex(self.entry.corrects) if self.entry.corrects else None

    @cached_property
    def names(self) -> frozenset[bytes]:
        """The ids of the entries that this one names: the book must know them before it can check it."""
        return frozenset() if self.corrects is None else frozenset({self.corrects})

    @property
    def accounts(self) -> Iterable[Account]:
        """The accounts whose balances after the entry decide whether it may stand."""
        return (leg.account for leg in self.entry.legs)

    @property
    def spent(self) -> Iterable[Account]:
        """The accounts that this entry takes from and that must not go below zero."""
        return (leg.account for leg in self.entry.legs if leg.mass_mg < 0 and leg.state != State.SOURCE)


def read(note: bytes) -> Candidate:
    """Read a signed note as an entry; raises as `core.note` and `core.entry` do, or `unknown-kind`."""
    return candidate_of(note, Note.parse(note))


def candidate_of(note: bytes, parsed: Note) -> Candidate:
    """Return the entry in a note that is read already; raises as `read` does."""
    entry = entries.decode(parsed.text)
    return Candidate(note, parsed, entry, entries.entry_id(parsed.text), kind_of(entry))


@dataclass(slots=True)
class Changes:
    """What the tables beside the entries must learn, in the order in which it happened."""

    keys: list[KeyRecord] = field(default_factory=list)
    revoked: list[KeyRecord] = field(default_factory=list)


class Book:
    """What is known before the next entry.

    `whole` is False where not every entry is at hand (a party's export): then what cannot be known is not refused.
    `verify` tells whether a signature holds; a caller who has verified many at once puts its own in its place.
    """

    __slots__ = ("_changes", "_known", "_taken_back", "origin", "registry", "verify", "whole")

    def __init__(self, origin: str, registry: KeyRegistry, *, whole: bool = True, verify: Verify = verifies) -> None:
        self.origin = origin
        self.registry = registry
        self.whole = whole
        self.verify = verify
        self._known: dict[bytes, Candidate] = {}
        self._taken_back: set[bytes] = set()
        self._changes = Changes()

    def knows(self, entry_id: bytes) -> bool:
        """Whether the entry of that id was made known or taken in."""
        return entry_id in self._known

    def know(self, candidate: Candidate, *, taken_back: bool = False) -> None:
        """Make an entry known that stands in the ledger and that a candidate names; `taken_back`: by a reversal."""
        self._known[candidate.entry_id] = candidate
        if taken_back:
            self._taken_back.add(candidate.entry_id)

    def forget_known(self) -> None:
        """Forget the entries that were made known or taken in, so that a long replay does not keep them all."""
        self._known.clear()

    def check(self, candidate: Candidate, index: int, time: str) -> frozenset[str]:
        """Return the parties that signed; raises LedgerError unless the entry may stand at leaf `index`.

        `time` is when it was received (UTC, YYYY-MM-DDTHH:MM:SSZ), as its seal says. Balances are not looked at.
        """
        signed = self.signed(candidate.parsed, index, public=candidate.kind.public)
        return self.check_signed(candidate, signed, index, time)

    def signed(self, note: Note, index: int, *, public: bool) -> tuple[KeyRecord, ...]:
        """Return the keys that signed; the first half of `check`, before anything of the text is believed."""
        return self.registry.signed(note, index, public=public, verify=self.verify)

    def check_signed(
        self,
        candidate: Candidate,
        signed: tuple[KeyRecord, ...],
        index: int,  # noqa: ARG002
        time: str,  # noqa: ARG002
    ) -> frozenset[str]:
        """Do the second half of `check`, with the keys that `signed` answered."""
        entry = candidate.entry
        if entry.book != self.origin:
            raise LedgerError(
                LedgerCode.WRONG_BOOK, f"The entry was signed for the book {entry.book}; this one is {self.origin}."
            )
        original = self._original(candidate)
        parties = frozenset(record.party for record in signed)
        candidate.kind.check_signers(entry, parties, original)
        candidate.kind.check(entry, original)
        check_balanced(entry)
        return parties

    def check_after(self, candidate: Candidate, signed: frozenset[str], after: Mapping[Account, int]) -> None:  # noqa: ARG002
        """Raise `bad-leg` where a balance would outgrow its column.

        `after` gives the balance in mg of every account in `candidate.accounts` once the entry stands.
        """
        for mass in after.values():
            if not -_MOST_MG <= mass <= _MOST_MG:
                raise LedgerError(
                    LedgerCode.BAD_LEG, f"A balance would be beyond {_MOST_MG} mg, more than any book can hold."
                )

    def take_in(self, candidate: Candidate, index: int, after: Mapping[Account, int]) -> None:  # noqa: ARG002
        """Let the book know of the entry at `index`; raises `duplicate` or `unknown-key` for keys it cannot take."""
        kind = candidate.kind.name
        if kind == "key":
            self._take_key(candidate.entry, index)
        elif kind == "reversal" and candidate.corrects is not None:
            self._taken_back.add(candidate.corrects)
        self._known[candidate.entry_id] = candidate

    def drain(self) -> Changes:
        """Return what changed since the last call."""
        changes, self._changes = self._changes, Changes()
        return changes

    def _take_key(self, entry: Entry, index: int) -> None:
        record = self.registry.apply(entry, index)
        (self._changes.keys if record.revoked_at_index is None else self._changes.revoked).append(record)

    def _original(self, candidate: Candidate) -> Entry | None:
        if candidate.corrects is None:
            return None
        known = self._known.get(candidate.corrects)
        if known is None:
            if self.whole or candidate.entry.kind == "reversal":
                raise LedgerError(
                    LedgerCode.BAD_CORRECTION,
                    f"The entry {candidate.entry.corrects} that is to be corrected is not in this book.",
                )
            return None
        if candidate.entry.kind == "reversal" and candidate.corrects in self._taken_back:
            raise LedgerError(LedgerCode.BAD_CORRECTION, f"The entry {candidate.entry.corrects} was taken back before.")
        return known.entry
