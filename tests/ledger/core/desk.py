"""A desk that posts entries by the book, in memory: it keeps balances and notes, and asks the book everything else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ledger.core.book import Book, Candidate, read
from ledger.core.entry import Account, Entry, Leg, sign_entry
from ledger.core.kinds import kind_of
from ledger.core.note import SignerKey
from ledger.core.posting import apply
from ledger.core.registry import KeyRegistry
from ledger.core.rules import REGISTRY
from tests.ledger import builder
from tests.ledger.builder import BOOK, signer


class SealedBook(builder.Book):
    """A ledger in memory that seals at the time it is told."""

    at = ""

    def time(self) -> str:
        return self.at


class Desk:
    """Posts what holds; `day` is the day of recording, and the day in the world where an entry does not say another."""

    def __init__(self, parties: Sequence[str] = (), *, seen_by: str | None = None, **more: Any) -> None:
        self.root = signer(f"{BOOK}/registry")
        self.book = Book(BOOK, KeyRegistry(self.root.vkey), seen_by=seen_by, **more)
        self.keys: dict[str, SignerKey] = {REGISTRY: self.root}
        self.balances: dict[Account, int] = {}
        self.posted: dict[bytes, Candidate] = {}
        self.times: list[str] = []
        self.day = "2024-01-02"
        self.size = 0
        self._count = 0
        for party in parties:
            self.register(party)

    def register(
        self, party: str, label: str = "2024a", *, purpose: str = "entry", by: Iterable[SignerKey] = ()
    ) -> SignerKey:
        """Register a key of `party`, consented to by the keys `by`; an entry key signs for it from now on."""
        key = signer(f"{party}.example/{purpose}/{label}")
        details = {"action": "register", "vkey": str(key.vkey), "party": party, "purpose": purpose, "custody": "held"}
        self.post(self.entry("key", details=details), [self.root, *by])
        if purpose == "entry":
            self.keys[party] = key
        return key

    def revoke(self, key: SignerKey, *, by: Iterable[SignerKey] = (), **details: int) -> int:
        more = {"action": "revoke", "vkey": str(key.vkey), **details}
        return self.post(self.entry("key", details=more, reason="It was lost."), [self.root, *by])

    def entry(self, kind: str, legs: Iterable[Leg] = (), **fields: Any) -> Entry:
        self._count += 1
        return Entry(kind, BOOK, f"n-{self._count}", fields.pop("occurred", self.day), tuple(legs), **fields)

    def candidate(self, entry: Entry, signers: Iterable[str | SignerKey] | None = None) -> Candidate:
        """Sign an entry, by default by whom its kind asks for."""
        if signers is None:
            original = self.posted[bytes.fromhex(entry.corrects)].entry if entry.corrects else None
            signers = sorted(kind_of(entry).required_signers(entry, original))
        keys = [self.keys[item] if isinstance(item, str) else item for item in signers]
        return read(sign_entry(entry, keys).to_bytes())

    def post(self, entry: Entry, signers: Iterable[str | SignerKey] | None = None) -> int:
        """Post an entry, or raise why not, with nothing changed; return its index."""
        candidate = self.candidate(entry, signers)
        # One look tells what is named, a second one what that names.
        for _ in range(2):
            for entry_id in self.book.missing([candidate]) & self.posted.keys():
                known = self.posted[entry_id]
                self.book.know(known, list(self.posted).index(entry_id))
        time = f"{self.day}T12:00:00Z"
        signed = self.book.check(candidate, self.size, time)
        moved = apply(self.balances, entry)
        after = {account: moved.get(account, self.balances.get(account, 0)) for account in candidate.accounts}
        self.book.check_after(candidate, signed, after)
        self.book.take_in(candidate, self.size, after)
        self.book.forget_known()
        self.balances |= moved
        self.posted[candidate.entry_id] = candidate
        self.times.append(time)
        self.size += 1
        return self.size - 1

    def ledger(self) -> SealedBook:
        """Return what was posted as a ledger, sealed and ready to be exported."""
        sealed = SealedBook()
        for candidate, sealed.at in zip(self.posted.values(), self.times, strict=True):
            sealed.append_note(candidate.note)
        return sealed

    def id_of(self, index: int) -> str:
        return list(self.posted)[index].hex()

    def balance(self, account: Account) -> int:
        return self.balances.get(account, 0)
