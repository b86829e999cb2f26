"""The audit of entries in the order of the log: what came before bears on what comes next.

Most entries come opened (`audit_open`): what is left of them is that nobody has carried their id, that nothing but
balances bears on them, and that their seal is the one that the accounts' heads give, byte for byte. All others are
looked at closely, from the bytes of their files on, and so is every one that does not pass, to say why.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ledger.core import balances as balance_file
from ledger.core import leaf as leaves
from ledger.core import seal as seals
from ledger.core.audit_conservation import check_disclosures
from ledger.core.audit_disputes import Disputes
from ledger.core.audit_manifests import check_manifest
from ledger.core.audit_open import Found, Left, Movement, Opened, Verified
from ledger.core.audit_tree import TreeAudit, failure
from ledger.core.book import MOST_MG, Book, Candidate, Signed, candidate_of, read
from ledger.core.entry import Account, State
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.id_table import IdTable
from ledger.core.note import Note, VerifierKey
from ledger.core.registry import KeyRecord, KeyRegistry, verifies
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
    """Checks entries in the order of the log; keeps the keys, the accounts' heads, and where each id stands.

    `opens` is whether confidential entries are opened at all. A full audit (`full`) has every account without a gap;
    otherwise those of `party` must be, where one is given.
    """

    def __init__(
        self,
        read: Read,
        tree: TreeAudit,
        registry_key: VerifierKey,
        disputes: Disputes,
        *,
        opens: bool,
        full: bool,
        party: str | None,
    ) -> None:
        self._read = read
        self._tree = tree
        self._opens = opens
        self._full = full
        self._party = party
        # What the next entry is checked against; in a party's export not every entry that it names is at hand.
        self.book = Book(tree.checkpoint.origin, KeyRegistry(registry_key), seen_by=None if full else party or "")
        self.heads: dict[seals.AccountKey, seals.Head] = {}
        self.disputes = disputes
        self.opened = 0
        self.signatures = 0
        self.disclosures = 0
        self.manifests = 0
        self._ids = IdTable(tree.checkpoint.size)

    def take(self, index: int, found: Found) -> None:
        """Check the entry at `index`, of which `found` is known so far; raises LedgerError naming it."""
        if found is Left.CLOSED or (isinstance(found, Opened) and self._take_opened(index, found)):
            return
        data = self._tree.leaf(index)
        try:
            leaf = leaves.decode(data)
        except LedgerError as error:
            raise failure(error.code, f"Entry {index}: {error.sentence}", index) from None
        if isinstance(leaf, leaves.PublicLeaf):
            self._check_public(index, data, leaf)
        elif self._opens:
            self._check_confidential(index, data, leaf, found)

    def _take_opened(self, index: int, found: Opened) -> bool:
        accounts = [account for account, _ in found.movements]
        if self._ids.may_hold(found.entry_id) or self.book.bears_on(accounts, found.occurred):
            return False
        expected: list[seals.Line] = []
        sound = True
        for account, mass_mg in found.movements:
            head = self.heads.get(account)
            if head is None:
                seq, prev, balance_mg = 0, None, mass_mg
            else:
                seq, prev, balance_mg = head[0] + 1, head[1], head[2] + mass_mg
            sound = sound and (balance_mg >= 0 or account[3] == State.SOURCE)
            expected.append((account, seq, prev, balance_mg))
        lines: Sequence[seals.Line] = expected
        if not sound or seals.write(index, found.time, expected) != found.seal:
            # Only somebody else's account in a party's export may have moved without us.
            seal = self._read_seal(index, found.seal)
            self._check_seal(index, found.time, found.movements, seal)
            lines = seal.accounts
        if any(not -MOST_MG <= balance_mg <= MOST_MG for _, _, _, balance_mg in lines):
            return False
        self._count(index, found.entry_id, found.signed, lines)
        self.manifests += found.manifests
        return True

    def _check_public(self, index: int, data: bytes, leaf: leaves.PublicLeaf) -> None:
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
        self.disclosures += check_disclosures(self._read, index, candidate.entry.details)
        self._take_in(index, candidate, signed, ())

    def _check_confidential(self, index: int, data: bytes, leaf: leaves.ConfidentialLeaf, found: Found) -> None:
        """Check the entry at `index` if it is in the export; a full audit demands that it is."""
        files = self._files(index)
        if files is None:
            return
        note = _named(index, "cannot be read", lambda: Note.parse(files.note))
        verified = isinstance(found, Verified) and found.note == hashlib.sha256(files.note).digest()
        self.book.verify = _was_verified if verified else verifies
        candidate, signed = self._check_note(index, files.note, note, leaf.time, public=False)
        self.book.verify = verifies
        seal = self._read_seal(index, files.seal)
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
        if time != leaf.time:
            raise failure(LedgerCode.BAD_SEAL, f"Entry {index} carries the seal of another index or time.", index)
        movements = [(leg.account, leg.mass_mg) for leg in sorted(candidate.entry.legs)]
        self._check_seal(index, leaf.time, movements, seal)
        self.disclosures += check_disclosures(self._read, index, candidate.entry.details)
        self.manifests += check_manifest(self._read, index, candidate.entry)
        self._take_in(index, candidate, signed, seal.accounts)

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
            _, _, element, state, _ = account
            if state != State.SOURCE:
                totals[element] = totals.get(element, 0) + head.balance_mg
        return dict(sorted(totals.items()))

    def _check_note(self, index: int, data: bytes, note: Note, time: str, *, public: bool) -> tuple[Candidate, Signed]:
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
    ) -> Signed:
        if candidate.kind.public is not public:
            stands = "readable in the tree" if public else "behind a commitment"
            raise LedgerError(LedgerCode.BAD_LEAF, f"an entry of kind {candidate.kind.name} does not stand {stands}.")
        if (before := self._index_of(candidate.entry_id)) is not None:
            raise LedgerError(LedgerCode.DUPLICATE, f"it is entry {before} over again.")
        for _ in range(2):  # what a reversal takes back may itself name an entry
            for named in self._named(candidate):
                self.book.know(read(self._note(named)), named)
        return self.book.check_signed(candidate, keys, index, time)

    def _named(self, candidate: Candidate) -> list[int]:
        """Return where those entries stand that the book must know before the candidate, as far as they are here."""
        found = (self._index_of(entry_id) for entry_id in self.book.missing([candidate]))
        return sorted(index for index in found if index is not None)

    def _take_in(self, index: int, candidate: Candidate, signed: Signed, lines: Sequence[seals.SealLine]) -> None:
        after = {line.account: line.balance_mg for line in lines}
        for account, _ in candidate.pledged:
            after[account] = self.heads[account].balance_mg if account in self.heads else 0
        _named(index, "cannot be accepted", lambda: self.book.check_after(candidate, signed, after))
        _named(index, "cannot be accepted", lambda: self.book.take_in(candidate, index, after))
        self.book.forget_known()
        self.disputes.take_in(candidate, index, self.book.drain().reaffirmed)
        self._count(index, candidate.entry_id, len(signed), lines)

    def _count(self, index: int, entry_id: bytes, signed: int, lines: Sequence[seals.Line]) -> None:
        self._ids.add(entry_id, index)
        text = entry_id.hex()
        for account, seq, _, balance_mg in lines:
            self.heads[account] = seals.Head(seq, text, balance_mg)
        self.signatures += signed
        self.opened += 1

    def _index_of(self, entry_id: bytes) -> int | None:
        # The table answers by a part of the id: the entry itself decides.
        return next((at for at in self._ids.find(entry_id) if read(self._note(at)).entry_id == entry_id), None)

    def _note(self, index: int) -> bytes:
        leaf = leaves.decode(self._tree.leaf(index))
        return leaf.note if isinstance(leaf, leaves.PublicLeaf) else self._file(index, "note") or b""

    def _check_proof(self, index: int, data: bytes, leaf: bytes) -> tuple[bytes | None, str]:
        try:
            return self._tree.check_proof(data, leaf)
        except LedgerError as error:
            raise failure(
                error.code, f"Entry {index} has a proof that does not hold: {error.sentence}", index
            ) from None

    def _read_seal(self, index: int, data: bytes) -> seals.Seal:
        return _named(index, "has a seal that cannot be read", lambda: seals.decode(data))

    def _check_seal(self, index: int, time: str, movements: Sequence[Movement], seal: seals.Seal) -> None:
        if (seal.index, seal.time) != (index, time):
            raise failure(LedgerCode.BAD_SEAL, f"Entry {index} carries the seal of another index or time.", index)
        if [account for account, _ in movements] != [line.account for line in seal.accounts]:
            raise failure(LedgerCode.BAD_SEAL, f"Entry {index} has a seal over other accounts than it moves.", index)
        for (_, mass_mg), line in zip(movements, seal.accounts, strict=True):
            self._check_line(index, mass_mg, line)

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
        head = self.heads.get(account)
        index = None if head is None else self._index_of(bytes.fromhex(head.entry_id))
        if index is None:
            return failure(LedgerCode.BAD_BALANCE, f"{said}, and no entry touches that account.")
        why = f"after entry {index}, the last that touches it, it is {replayed} mg"
        return failure(LedgerCode.BAD_BALANCE, f"{said}; {why}.", index)

    def _nonzero(self) -> set[Account]:
        return {Account(*account) for account, head in self.heads.items() if head.balance_mg}

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


def _was_verified(key: VerifierKey, text: bytes, signature: bytes) -> bool:  # noqa: ARG001 - in the place of `verifies`
    return True


def _named(index: int, what: str, action: Callable[[], T]) -> T:
    try:
        return action()
    except LedgerError as error:
        raise failure(error.code, f"Entry {index} {what}: {error.sentence}", index) from None
