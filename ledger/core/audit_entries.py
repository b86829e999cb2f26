"""The audit of opened entries: signatures, rules, seals, commitments, proofs, and the chain of every account."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from ledger.core import balances as balance_file
from ledger.core import leaf as leaves
from ledger.core import seal as seals
from ledger.core.audit_tree import TreeAudit, failure
from ledger.core.book import Book, Candidate, candidate_of, read
from ledger.core.entry import Account, Entry, State
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.note import Note, VerifierKey
from ledger.core.proof import Proof, decode_extra
from ledger.core.registry import KeyRecord, KeyRegistry
from ledger.core.tiles import Read

T = TypeVar("T")
_CHANGED = {LedgerCode.BAD_SIGNATURE, LedgerCode.UNKNOWN_KEY}


@dataclass(frozen=True, slots=True)
class Files:
    """The files of one opened entry."""

    note: bytes
    seal: bytes
    proof: bytes
    leaf: bytes | None


class EntryAudit:
    """Checks entries in the order of the log; keeps the keys, the accounts' heads and the ids that it has seen.

    `strict_for` is None where every account must be without a gap (full audit), else the party whose accounts must be.
    """

    def __init__(
        self, read: Read, tree: TreeAudit, registry_key: VerifierKey, *, full: bool, party: str | None
    ) -> None:
        self._read = read
        self._tree = tree
        self._full = full
        self._party = party
        # What the next entry is checked against; in a party's export not every entry that it names is at hand.
        self.book = Book(tree.checkpoint.origin, KeyRegistry(registry_key), whole=full)
        self.heads: dict[Account, seals.Head] = {}
        self.last_index: dict[Account, int] = {}
        self.opened = 0
        self.signatures = 0
        self._index_of: dict[bytes, int] = {}

    def check_public(self, index: int, data: bytes, leaf: leaves.PublicLeaf) -> None:
        """Check the public entry at `index`, and the files beside it where there are any."""
        note = _named(index, "cannot be read", lambda: Note.parse(leaf.note))
        candidate, signed = self._check_note(index, leaf.note, note, leaf.time, public=True)
        seal = seals.encode(leaves.public_seal(index, leaf.time))
        for name, expected in (("note", leaf.note), ("seal", seal), ("leaf", data)):
            found = self._file(index, name)
            if found is not None and found != expected:
                raise failure(
                    LedgerCode.BAD_LEAF, f"Entry {index}: {_path(index, name)} is not the one in the log.", index
                )
        proof = self._file(index, "tlog-proof")
        if proof is not None:
            nonce, time = self._check_proof(index, proof, data)
            if nonce is not None or time != leaf.time:
                raise failure(LedgerCode.BAD_PROOF, f"Entry {index}: its proof gives another time.", index)
        self._take_in(index, candidate, signed, {})

    def check_confidential(self, index: int, data: bytes, leaf: leaves.ConfidentialLeaf) -> None:
        """Check the entry at `index` if it is in the export; a full audit demands that it is."""
        files = self._files(index)
        if files is None:
            return
        note = _named(index, "cannot be read", lambda: Note.parse(files.note))
        candidate, signed = self._check_note(index, files.note, note, leaf.time, public=False)
        seal = _named(index, "has a seal that cannot be read", lambda: seals.decode(files.seal))
        if files.leaf is not None and files.leaf != data:
            raise failure(
                LedgerCode.BAD_LEAF, f"Entry {index}: {_path(index, 'leaf')} is not the one in the log.", index
            )
        nonce, time = self._check_proof(index, files.proof, data)
        if nonce is None or leaves.commitment(nonce, files.note, files.seal) != leaf.commitment:
            raise failure(
                LedgerCode.BAD_LEAF,
                f"Entry {index} was changed after it was sealed: its note, its seal and the nonce in its proof do not "
                "give the commitment in the log.",
                index,
            )
        if not seal.index == index or not seal.time == time == leaf.time:
            raise failure(LedgerCode.BAD_SEAL, f"Entry {index} carries the seal of another index or time.", index)
        self._check_chain(index, candidate.entry, seal)
        self._take_in(index, candidate, signed, {line.account: line.balance_mg for line in seal.accounts})
        self.heads.update(seals.heads_after(candidate.entry_id, seal))
        self.last_index.update((line.account, index) for line in seal.accounts)

    def check_balances(self, data: bytes) -> int:
        """Compare the declared balances with those that the entries give; answer how many were declared."""
        origin, size, declared = balance_file.decode(data)
        if (origin, size) != (self._tree.checkpoint.origin, self._tree.checkpoint.size):
            raise failure(LedgerCode.BAD_BALANCE, f"balances.json is of {origin} at {size} leaves, not of this tree.")
        for account in sorted(declared.keys() | (self._nonzero() if self._full else declared.keys())):
            head = self.heads.get(account)
            replayed = 0 if head is None else head.balance_mg
            if replayed != declared.get(account, 0):
                raise self._wrong_balance(account, declared, replayed)
        return len(declared)

    def element_totals(self) -> dict[str, int]:
        """Return by element what stands outside `source`: all the mineral that the opened accounts know of, in mg."""
        totals: dict[str, int] = {}
        for account, head in self.heads.items():
            if account.state != State.SOURCE:
                totals[account.element] = totals.get(account.element, 0) + head.balance_mg
        return dict(sorted(totals.items()))

    def _check_note(
        self, index: int, data: bytes, note: Note, time: str, *, public: bool
    ) -> tuple[Candidate, frozenset[str]]:
        # The signatures come first: nothing of a text is believed before somebody known has signed it.
        try:
            keys = self.book.signed(note, index, public=public)
        except LedgerError as error:
            what = "was changed after signing" if error.code in _CHANGED else "cannot be accepted"
            raise failure(error.code, f"Entry {index} {what}: {error.sentence}", index) from None
        candidate = _named(index, "cannot be read", lambda: candidate_of(data, note))
        signed = _named(
            index, "cannot be accepted", lambda: self._check_rule(index, candidate, keys, time, public=public)
        )
        return candidate, signed

    def _check_rule(
        self, index: int, candidate: Candidate, keys: tuple[KeyRecord, ...], time: str, *, public: bool
    ) -> frozenset[str]:
        if candidate.kind.public is not public:
            stands = "readable in the tree" if public else "behind a commitment"
            raise LedgerError(LedgerCode.BAD_LEAF, f"an entry of kind {candidate.kind.name} does not stand {stands}.")
        if candidate.entry_id in self._index_of:
            raise LedgerError(LedgerCode.DUPLICATE, f"it is entry {self._index_of[candidate.entry_id]} over again.")
        for entry_id in candidate.names:
            self._know(entry_id)
        return self.book.check_signed(candidate, keys, index, time)

    def _know(self, entry_id: bytes) -> None:
        index = self._index_of.get(entry_id)
        if index is None or self.book.knows(entry_id):
            return
        named = read(self._file(index, "note") or b"")
        if named.entry_id != entry_id:
            raise LedgerError(LedgerCode.BAD_CORRECTION, f"entry {index} reads otherwise than it did before.")
        self.book.know(named)

    def _take_in(self, index: int, candidate: Candidate, signed: frozenset[str], after: Mapping[Account, int]) -> None:
        _named(index, "cannot be accepted", lambda: self.book.check_after(candidate, signed, after))
        _named(index, "cannot be accepted", lambda: self.book.take_in(candidate, index, after))
        self.book.forget_known()
        self._index_of[candidate.entry_id] = index
        self.signatures += len(signed)
        self.opened += 1

    def _check_proof(self, index: int, data: bytes, leaf: bytes) -> tuple[bytes | None, str]:
        try:
            proof = Proof.parse(data)
            # The proof of another index does not lead from this leaf to the root: no two leaves are the same.
            proof.verify_under(leaf, self._tree.check_proof_checkpoint(proof.checkpoint))
            return decode_extra(proof.extra)
        except LedgerError as error:
            raise failure(
                error.code, f"Entry {index} has a proof that does not hold: {error.sentence}", index
            ) from None

    def _check_chain(self, index: int, entry: Entry, seal: seals.Seal) -> None:
        legs = sorted(entry.legs)
        if [leg.account for leg in legs] != [line.account for line in seal.accounts]:
            raise failure(LedgerCode.BAD_SEAL, f"Entry {index} has a seal over other accounts than it moves.", index)
        for leg, line in zip(legs, seal.accounts, strict=True):
            self._check_line(index, leg.mass_mg, line)

    def _check_line(self, index: int, mass_mg: int, line: seals.SealLine) -> None:
        account, head = line.account, self.heads.get(line.account)
        expected_seq = 0 if head is None else head.seq + 1
        if line.seq == expected_seq:
            prev, before = (None, 0) if head is None else (head.entry_id, head.balance_mg)
            if line.prev != prev:
                raise failure(
                    LedgerCode.BROKEN_CHAIN, f"Entry {index} does not follow the last entry of {account}.", index
                )
            if line.balance_mg != before + mass_mg:
                raise failure(
                    LedgerCode.BAD_BALANCE,
                    f"Entry {index} leaves {account} at {line.balance_mg} mg by its seal; {before} mg and its leg of "
                    f"{mass_mg:+d} mg give {before + mass_mg} mg.",
                    index,
                )
        elif line.seq < expected_seq or self._must_be_whole(account):
            raise failure(
                LedgerCode.BROKEN_CHAIN,
                f"Entry {index} is number {line.seq} of {account}, where number {expected_seq} comes next: an entry is "
                "missing or out of order.",
                index,
            )
        if line.balance_mg < 0 and account.state != State.SOURCE:
            raise failure(
                LedgerCode.INSUFFICIENT, f"Entry {index} leaves {account} at {line.balance_mg} mg, below zero.", index
            )

    def _must_be_whole(self, account: Account) -> bool:
        return self._full or (self._party is not None and self._party in (account.owner, account.holder))

    def _wrong_balance(self, account: Account, declared: Mapping[Account, int], replayed: int) -> LedgerError:
        said = f"The balance of {account} is given as {declared.get(account, 0)} mg"
        index = self.last_index.get(account)
        if index is None:
            return failure(LedgerCode.BAD_BALANCE, f"{said}, and no entry touches that account.")
        why = f"after entry {index}, the last that touches it, it is {replayed} mg"
        return failure(LedgerCode.BAD_BALANCE, f"{said}; {why}.", index)

    def _nonzero(self) -> set[Account]:
        return {account for account, head in self.heads.items() if head.balance_mg}

    def _files(self, index: int) -> Files | None:
        note = self._file(index, "note")
        if note is None:
            if self._full:
                raise failure(
                    LedgerCode.MISSING_FILE,
                    f"Entry {index} is not in the export: a full audit opens every entry.",
                    index,
                )
            return None
        seal, proof = self._file(index, "seal"), self._file(index, "tlog-proof")
        if seal is None or proof is None:
            raise failure(LedgerCode.MISSING_FILE, f"Entry {index} lacks its seal or its proof in the export.", index)
        return Files(note, seal, proof, self._file(index, "leaf"))

    def _file(self, index: int, name: str) -> bytes | None:
        return self._read(_path(index, name))


def _path(index: int, name: str) -> str:
    return f"entries/{index}.{name}"


def _named(index: int, what: str, action: Callable[[], T]) -> T:
    try:
        return action()
    except LedgerError as error:
        raise failure(error.code, f"Entry {index} {what}: {error.sentence}", index) from None
