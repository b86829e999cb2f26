"""The book before its next entry: everything that an entry is checked against but the balances themselves.

Whoever puts entries in order, checks one before it is kept, replays the ledger or audits an export does the same, entry
by entry:

1. what the entry names is made known: `book.know` for each id in `book.missing([candidate])`, as long as there is one;
2. `signed = book.check(candidate, index, time)`: signatures, the kind's rule, sums, and what earlier entries forbid;
3. the caller works out `after`, the balance in mg of each account in `candidate.accounts` once the entry stands;
4. `book.check_after(candidate, signed, after)`: what those balances forbid;
5. `book.take_in(candidate, index, after)`: from here on the entry is part of what the next one is checked against.

Nothing is refused after step 4. `drain()` tells what the tables beside the entries must learn. The rules that look at
more than the entry have a module each: keys (`registry`), pledges (`liens`), `periods`, `shipments`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from ledger.core import entry as entries
from ledger.core.entry import Account, Entry, State
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.kinds import kind_of
from ledger.core.liens import Lien, Liens
from ledger.core.note import Note
from ledger.core.periods import Closed, Periods
from ledger.core.posting import check_balanced
from ledger.core.registry import KeyRecord, KeyRegistry, Verify, verifies
from ledger.core.rules import REGISTRY, Kind, is_id, pledged_by
from ledger.core.shipments import Shipment, Shipments, shipment_of

# Balances are kept in signed 64-bit columns.
MOST_MG = 2**63 - 1
# Kinds that move no mineral, or take back what did, and that bear on entries after them.
LASTING = ("key", "reversal", "pledge", "release", "statement")
# Kinds that move mineral and that the book itself remembers.
_REMEMBERED = frozenset({"ship", "arrive", "reversal"})


@dataclass(frozen=True)
class Candidate:
    """An entry as handed in: its bytes, and what they say. `pledged`: the accounts and mg that a pledge lists."""

    note: bytes
    parsed: Note
    entry: Entry
    entry_id: bytes
    kind: Kind
    pledged: tuple[tuple[Account, int], ...] = ()

    @cached_property
    def corrects(self) -> bytes | None:
        """The id of the entry that this one puts right."""
        return bytes.fromhex(self.entry.corrects) if self.entry.corrects else None

    @cached_property
    def names(self) -> frozenset[bytes]:
        """The ids of the entries that this one names: the book must know them before it can check it."""
        return frozenset(map(bytes.fromhex, self.kind.names(self.entry)))

    @cached_property
    def plain(self) -> bool:
        """Whether it names no other entry, and nothing but balances remembers it once it was taken in."""
        return self.kind.moves and not self.names and self.kind.name not in _REMEMBERED

    @cached_property
    def moved(self) -> tuple[Account, ...]:
        """The accounts of the legs, in their order."""
        return tuple([leg.account for leg in self.entry.legs])

    @property
    def accounts(self) -> tuple[Account, ...]:
        """The accounts whose balances after the entry decide whether it may stand: moved, or pledged where they are."""
        return self.moved + tuple([account for account, _ in self.pledged]) if self.pledged else self.moved

    @cached_property
    def locked(self) -> frozenset[bytes]:
        """What nobody else may spend or answer meanwhile: the bounded accounts taken from, and the entries named."""
        spent = [leg[:5] for leg in self.entry.legs if leg.mass_mg < 0 and leg.state != State.SOURCE]
        spent += [account for account, _ in self.pledged]
        return self.names.union("\n".join(account).encode() for account in spent)


def read(note: bytes) -> Candidate:
    """Read a signed note as an entry; raises as `core.note` and `core.entry` do, or `unknown-kind`."""
    return candidate_of(note, Note.parse(note))


def candidate_of(note: bytes, parsed: Note) -> Candidate:
    """Return the entry in a note that is read already; raises as `read` does."""
    entry = entries.decode(parsed.text)
    kind = kind_of(entry)
    pledged = pledged_by(entry) if kind.name == "pledge" else ()
    return Candidate(note, parsed, entry, entries.entry_id(parsed.text), kind, pledged)


class Signed(frozenset[str]):
    """The parties that signed an entry, and the `day` (YYYY-MM-DD) on which it was received."""

    __slots__ = ("day",)
    day: str


@dataclass(frozen=True, slots=True)
class Reaffirmed:
    """Entries that the parties who signed the entry at `index` stand by."""

    index: int
    parties: frozenset[str]
    entry_ids: tuple[bytes, ...]


@dataclass(slots=True)
class Changes:
    """What the tables beside the entries must learn: of pledges and shipments, what is left of them on an account."""

    keys: list[KeyRecord] = field(default_factory=list)
    revoked: list[KeyRecord] = field(default_factory=list)
    reaffirmed: list[Reaffirmed] = field(default_factory=list)
    liens: tuple[tuple[Lien, Account], ...] = ()
    shipments: tuple[tuple[Shipment, Account], ...] = ()
    closed: tuple[Closed, ...] = ()


class Book:
    """What is known before the next entry.

    `seen_by` is None where every entry is at hand, else the party whose export it is (empty: nobody's): what it cannot
    know is not refused. `verify` tells whether a signature holds; a caller who has verified many at once puts its own
    in its place.
    """

    __slots__ = (
        *("_changes", "_known", "_taken_back", "liens", "origin", "periods", "registry", "seen_by", "shipments"),
        "verify",
    )

    def __init__(
        self, origin: str, registry: KeyRegistry, *, seen_by: str | None = None, verify: Verify = verifies
    ) -> None:
        self.origin = origin
        self.registry = registry
        self.seen_by = seen_by
        self.verify = verify
        self.liens = Liens()
        self.shipments = Shipments()
        self.periods = Periods()
        self._known: dict[bytes, tuple[Candidate, int | None]] = {}
        self._taken_back: set[bytes] = set()
        self._changes = Changes()

    def missing(self, candidates: Iterable[Candidate]) -> set[bytes]:
        """Return the ids of entries that must be made known before the candidates can be checked.

        Ask again when some of them are: what a reversal takes back may itself name an entry.
        """
        wanted: set[bytes] = set()
        for candidate in candidates:
            names = set(candidate.names)
            if candidate.kind.name == "reversal" and candidate.corrects in self._known:
                names |= self._known[candidate.corrects][0].names
            # Of a shipment on its way enough is known, but not to take it back.
            wanted.update(name for name in names if name == candidate.corrects or name not in self.shipments)
        return wanted - self._known.keys()

    def know(self, candidate: Candidate, index: int | None, *, taken_back: bool = False) -> None:
        """Make an entry known that a candidate names; `index` None: not posted yet; `taken_back`: by a reversal."""
        self._known[candidate.entry_id] = (candidate, index)
        if taken_back:
            self._taken_back.add(candidate.entry_id)

    def forget_known(self) -> None:
        """Forget the entries that were made known or taken in, so that a long replay does not keep them all."""
        self._known.clear()

    def check(self, candidate: Candidate, index: int, time: str) -> Signed:
        """Return the parties that signed; raises LedgerError unless the entry may stand at leaf `index`.

        `time` is when it was received (UTC, YYYY-MM-DDTHH:MM:SSZ), as its seal says. Balances are not looked at.
        """
        signed = self.signed(candidate.parsed, index, public=candidate.kind.public)
        return self.check_signed(candidate, signed, index, time)

    def signed(self, note: Note, index: int, *, public: bool) -> tuple[KeyRecord, ...]:
        """Return the keys that signed; the first half of `check`, before anything of the text is believed."""
        return self.registry.signed(note, index, public=public, verify=self.verify)

    def check_signed(self, candidate: Candidate, keys: tuple[KeyRecord, ...], index: int, time: str) -> Signed:
        """Do the second half of `check`, with the keys that `signed` answered."""
        signed = self.check_as(candidate, (record.party for record in keys), time)
        if candidate.kind.public:
            self._check_public(candidate, keys, index)
        return signed

    def check_as(self, candidate: Candidate, parties: Iterable[str], time: str) -> Signed:
        """Check everything but signatures, as if `parties` had signed; what `check` adds to the signatures."""
        entry, kind = candidate.entry, candidate.kind
        if entry.book != self.origin:
            raise LedgerError(
                LedgerCode.WRONG_BOOK, f"The entry was signed for the book {entry.book}; this one is {self.origin}."
            )
        original = self._original(candidate)
        signed = Signed(parties)
        signed.day = time[:10]
        kind.check_signers(entry, signed, original)
        kind.check(entry, original)
        if kind.moves:
            check_balanced(entry)
            self.periods.check(entry)
            self._check_shipment(candidate)
        elif kind.name == "release":
            self.liens.check_release(entry, whole=self._sees_all(entry.details["owner"]))
        elif kind.name == "statement":
            self.periods.check_closing(entry, signed.day)
        elif kind.name == "reaffirm":
            self._check_reaffirmed(candidate, signed)
        return signed

    def bears_on(self, accounts: Sequence[tuple[str, ...]], occurred: str) -> bool:
        """Whether more than the balances of `accounts` may forbid a plain entry of a day that moves them."""
        return (
            (bool(self.liens) and any(map(self.liens.bears_on, accounts)))
            or (bool(self.shipments) and any(map(self.shipments.bears_on, accounts)))
            or any(self.periods.closed(each[0], each[1], occurred) for each in accounts if self.periods.reach(occurred))
        )

    def check_after(self, candidate: Candidate, signed: Signed, after: Mapping[Account, int]) -> None:
        """Raise `insufficient` or `pledged` for pledges, `missing-signature` for shipments, or `bad-leg`.

        `after` gives the balance in mg of every account in `candidate.accounts` once the entry stands, and so of the
        accounts that a pledge lists as well. `bad-leg`: a balance would outgrow its column.
        """
        for mass in after.values():
            if not -MOST_MG <= mass <= MOST_MG:
                raise LedgerError(
                    LedgerCode.BAD_LEG, f"A balance would be beyond {MOST_MG} mg, more than any book can hold."
                )
        if self.liens:
            for account, mass in after.items():
                if self._sees_all(account[0]):
                    self.liens.check_kept(signed, account, mass)
        for account, mass in candidate.pledged:
            if self._sees_all(account[0]):
                self.liens.check_free(account, mass, after.get(account, 0))
        if self.shipments and (missing := self._awaited(candidate, signed.day, after) - signed):
            raise LedgerError(
                LedgerCode.MISSING_SIGNATURE,
                f"What was shipped to {', '.join(sorted(missing))} leaves transit with their signature, unless it is "
                "overdue.",
            )

    def needed(self, candidate: Candidate, time: str, after: Mapping[Account, int]) -> frozenset[str]:
        """Return the parties that have to sign the entry as things stand: by its kind, for pledges, for shipments.

        `time` and `after` as for `check` and `check_after`. Raises `bad-correction` where the kind cannot tell.
        """
        needed = candidate.kind.required_signers(candidate.entry, self._original(candidate))
        for account, mass in after.items():
            needed |= self.liens.needed(account, mass)
        return needed | self._awaited(candidate, time[:10], after)

    def take_in(self, candidate: Candidate, index: int, after: Mapping[Account, int]) -> None:
        """Let the book know of the entry at `index`, which was checked."""
        kind = candidate.kind.name
        if kind in _REMEMBERED:
            self._take_shipment(candidate, index)
        elif not candidate.kind.moves:
            self._take_record(candidate, index)
        self.settle(after)
        if kind == "reversal" and candidate.corrects is not None:
            self._taken_back.add(candidate.corrects)
        self._known[candidate.entry_id] = (candidate, index)

    def settle(self, balances: Mapping[Account, int]) -> None:
        """Cut pledges and shipments to the balances in mg that they have to live on.

        `take_in` does it; by itself it is for who has not taken in every entry that came before.
        """
        if self.liens:
            for account, mass in balances.items():
                self.liens.settle(account, mass)
        if self.shipments:
            for account, mass in balances.items():
                self.shipments.settle(account, mass)

    def drain(self) -> Changes:
        """Return what changed since the last call."""
        changes, self._changes = self._changes, Changes()
        changes.liens = self.liens.drain()
        changes.shipments = self.shipments.drain()
        changes.closed = self.periods.drain()
        return changes

    def _awaited(self, candidate: Candidate, day: str, after: Mapping[Account, int]) -> frozenset[str]:
        seen = [(account, mass) for account, mass in after.items() if self._sees_all(*account[:2])]
        return self.shipments.needed(candidate.entry, day, self._shipment_named(candidate), seen)

    def _sees_all(self, *parties: str) -> bool:
        return self.seen_by is None or self.seen_by in parties

    def _original(self, candidate: Candidate) -> Entry | None:
        if candidate.corrects is None:
            return None
        known = self._known.get(candidate.corrects)
        if known is None:
            if self.seen_by is None or candidate.kind.name == "reversal":
                raise LedgerError(
                    LedgerCode.BAD_CORRECTION,
                    f"The entry {candidate.entry.corrects} that is to be corrected is not in this book.",
                )
            return None
        if candidate.kind.name == "reversal" and candidate.corrects in self._taken_back:
            raise LedgerError(LedgerCode.BAD_CORRECTION, f"The entry {candidate.entry.corrects} was taken back before.")
        return known[0].entry

    def _check_public(self, candidate: Candidate, keys: tuple[KeyRecord, ...], index: int) -> None:
        if candidate.kind.name == "key":
            self.registry.check(candidate.entry, keys, index)
            return
        for record in keys:
            if record.purpose != REGISTRY:
                raise LedgerError(LedgerCode.KEY_NOT_VALID, f"The key {record.name} is not one that signs this kind.")

    def _check_reaffirmed(self, candidate: Candidate, signed: Signed) -> None:
        for entry_id in sorted(candidate.names):
            known, index = self._known.get(entry_id, (None, None))
            if known is None:
                if self.seen_by is None:
                    raise LedgerError(LedgerCode.BAD_FIELD, f"The entry {entry_id.hex()} is not in this book.")
                continue
            disputing = frozenset() if index is None else self.registry.disputing(known.parsed, index)
            if known.kind.name == "reaffirm" or not disputing & signed:
                raise LedgerError(
                    LedgerCode.BAD_FIELD,
                    f"The entry {entry_id.hex()} is not one that is disputed for a party that signs this.",
                )

    def _shipment_named(self, candidate: Candidate) -> bytes | None:
        """Return the shipment that an entry takes from: an arrival names it, a reversal of a shipment takes it back."""
        kind = candidate.kind.name
        if kind == "arrive" and is_id(shipment := candidate.entry.details.get("shipment")):
            return bytes.fromhex(str(shipment))
        if kind == "reversal" and candidate.corrects is not None:
            known = self._known.get(candidate.corrects)
            if known is not None and known[0].kind.name == "ship":
                return candidate.corrects
        return None

    def _check_shipment(self, candidate: Candidate) -> None:
        entry_id = self._shipment_named(candidate)
        if entry_id is None:
            return
        entry, back = candidate.entry, candidate.kind.name == "reversal"
        if entry_id not in self.shipments:
            known = self._known.get(entry_id)
            if known is None or known[0].kind.name != "ship":
                if self.seen_by is None:
                    raise LedgerError(LedgerCode.BAD_FIELD, f"The entry {entry_id.hex()} is no shipment of this book.")
                return
            if back and shipment_of(0, entry_id, known[0].entry) is None:
                return  # all of it was exported
        on_the_way = [leg for leg in entry.legs if leg.mass_mg < 0 and leg.state == State.TRANSIT]
        if all(self._sees_all(leg.owner, leg.holder) for leg in on_the_way):
            self.shipments.check_named(entry, entry_id, everything=back)

    def _take_shipment(self, candidate: Candidate, index: int) -> None:
        if candidate.kind.name == "ship":
            shipment = shipment_of(index, candidate.entry_id, candidate.entry)
            if shipment is not None:
                self.shipments.ship(shipment)
            return
        named = self._shipment_named(candidate)
        if named is not None:
            self.shipments.arrive(candidate.entry, named)
            return
        original = None if candidate.corrects is None else self._known.get(candidate.corrects)
        reopened = None if original is None else self._shipment_named(original[0])
        if reopened is not None:
            shipped, shipped_at = self._known.get(reopened, (None, None))
            again = None if shipped is None else shipment_of(shipped_at or 0, reopened, shipped.entry)
            self.shipments.reopen(candidate.entry, reopened, again)

    def _take_record(self, candidate: Candidate, index: int) -> None:
        entry, kind = candidate.entry, candidate.kind.name
        if kind == "key":
            record = self.registry.apply(entry, index)
            (self._changes.keys if record.revoked_at_index is None else self._changes.revoked).append(record)
        elif kind == "pledge":
            self.liens.pledge(index, candidate.entry_id, entry)
        elif kind == "release":
            self.liens.release(entry)
        elif kind == "statement":
            self.periods.take_in(entry, index)
        elif kind == "reaffirm":
            signed = frozenset(entry.parties)
            self._changes.reaffirmed.append(Reaffirmed(index, signed, tuple(sorted(candidate.names))))
