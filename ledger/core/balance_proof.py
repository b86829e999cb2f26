"""The balance of one account at a signed tree head, in one file that is checked offline without the tree.

What each part proves:

* `entries`, the account's chain: each entry is signed by its parties, stands under the tree head, and its seal follows
  the one before without a gap. So what stands in the account is what those entries brought, and nothing between them is
  left out. That nothing *followed* the last of them, the chain alone cannot show.
* `conservation`: at a tree size the operator committed, to everybody at once, to this balance of this account. An entry
  that touched it between the chain's last before that size and the size itself would make that commitment a lie, which
  the account's parties and every full audit find.
* `keys`: which keys are whose. That none of them was revoked meanwhile, only an export with every leaf shows.

A chain may begin later than at its first entry: then the balance before it is the operator's word alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from ledger.core import leaf as leaves
from ledger.core import seal as seals
from ledger.core.book import Book, Candidate, read
from ledger.core.canonical_json import dumps, loads_canonical
from ledger.core.checkpoint import open_checkpoint
from ledger.core.conservation import DETAIL, declared
from ledger.core.conservation_proof import Opening, check_opening, from_json, to_json
from ledger.core.entry import Account, State
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.note import Note, VerifierKey
from ledger.core.policy import Policy
from ledger.core.proof import Proof, decode_extra
from ledger.core.registry import KeyRegistry

MAX_BYTES = 1 << 28
_MASS = re.compile(r"0|-?[1-9][0-9]{0,18}")
_MEMBERS = {"origin", "account", "balance_mg", "checkpoint", "keys", "named", "entries"}


@dataclass(frozen=True, slots=True)
class Proven:
    """One entry with what proves it: the signed note, the seal, and its C2SP tlog-proof."""

    note: bytes
    seal: bytes
    proof: bytes


@dataclass(frozen=True, slots=True)
class BalanceProof:
    """An account's balance in milligrams at a signed tree head, and all that shows it.

    `keys` are the entries that say whose keys they are, `named` those that entries of the chain take back or refer to,
    `entries` the chain, `notice` the notice of conservation that `opening` opens; each in the order of the log.
    """

    origin: str
    account: Account
    balance_mg: int
    checkpoint: bytes
    keys: tuple[Proven, ...]
    named: tuple[Proven, ...]
    entries: tuple[Proven, ...]
    notice: Proven | None = None
    opening: Opening | None = None


@dataclass(frozen=True, slots=True)
class BalanceReport:
    """What held: the chain from place `first_seq` to the entry at leaf `last_index`, under the tree head of `size`.

    `conserved_at` is the tree size at which a notice of conservation counts the balance then, and `conserved_index`
    that notice's leaf; None where the proof has none. `disputed` are entries of the chain that were signed with a key
    which somebody else may have had by then; whether their parties stand by them is not shown here.
    """

    origin: str
    account: Account
    balance_mg: int
    size: int
    root: str
    entries: int
    first_seq: int
    last_index: int
    signatures: int
    conserved_at: int | None
    conserved_index: int | None
    witnesses: tuple[str, ...]
    disputed: tuple[int, ...]


def encode(proof: BalanceProof) -> bytes:
    """Return the file: one line of RFC 8785 JSON."""
    value: dict[str, Any] = {
        "origin": proof.origin,
        "account": proof.account._asdict(),
        "balance_mg": str(proof.balance_mg),
        "checkpoint": proof.checkpoint.decode(),
        "keys": [_proven_json(item) for item in proof.keys],
        "named": [_proven_json(item) for item in proof.named],
        "entries": [_proven_json(item) for item in proof.entries],
    }
    if proof.notice is not None and proof.opening is not None:
        value["conservation"] = {"notice": _proven_json(proof.notice), "opening": to_json(proof.opening)}
    return dumps(value) + b"\n"


def decode(data: bytes) -> BalanceProof:
    """Read the file strictly; raises `bad-proof`, `not-canonical`, `too-large`. What it says is checked by `verify`."""
    if not data.endswith(b"\n"):
        _refuse("does not end in a newline")
    value: Any = loads_canonical(data[:-1], max_bytes=MAX_BYTES)
    if not isinstance(value, dict) or value.keys() - {"conservation"} != _MEMBERS:
        _refuse(f"does not have exactly {', '.join(sorted(_MEMBERS))}")
    account, balance = value["account"], value["balance_mg"]
    if not isinstance(account, dict) or account.keys() != set(Account._fields) or not _texts(account.values()):
        _refuse("names no account")
    if not _texts([value["origin"], value["checkpoint"], balance]) or not _MASS.fullmatch(balance):
        _refuse("does not give an origin, a checkpoint and a balance")
    notice, opening = None, None
    if "conservation" in value:
        conserved = value["conservation"]
        if not isinstance(conserved, dict) or conserved.keys() != {"notice", "opening"}:
            _refuse("has a conservation that is not a notice and its opening")
        notice, opening = _proven(conserved["notice"]), from_json(conserved["opening"])
    return BalanceProof(
        origin=value["origin"],
        account=Account(*(account[name] for name in Account._fields)),
        balance_mg=int(balance),
        checkpoint=value["checkpoint"].encode(),
        keys=_list(value["keys"]),
        named=_list(value["named"]),
        entries=_list(value["entries"]),
        notice=notice,
        opening=opening,
    )


def verify(proof: BalanceProof, policy: Policy, registry: VerifierKey) -> BalanceReport:
    """Return what the proof shows; raises LedgerError, naming the entry, at the first thing that does not hold."""
    return _Check(proof, policy, registry).run()


class _Check:
    def __init__(self, proof: BalanceProof, policy: Policy, registry: VerifierKey) -> None:
        self._proof = proof
        self._checkpoint, note = open_checkpoint(proof.checkpoint, *policy.logs)
        self._witnesses = policy.check_quorum(note)
        if self._checkpoint.origin != proof.origin:
            _refuse(f"is of {proof.origin} under a checkpoint of {self._checkpoint.origin}")
        self._book = Book(proof.origin, KeyRegistry(registry), seen_by="")
        self._signatures = 0
        self._chain: list[tuple[int, seals.SealLine]] = []
        self._notes: list[tuple[int, Note]] = []
        self._last_id = ""
        self._conserved: tuple[int, int] | None = None

    def run(self) -> BalanceReport:
        proof = self._proof
        for index, role, item in self._in_order():
            candidate, seal = self._entry(index, item, public=role in ("keys", "notice"))
            if role == "entries":
                self._follow(index, candidate, seal)
            elif role == "notice":
                self._conserve(index, candidate)
        if not self._chain or self._chain[-1][1].balance_mg != proof.balance_mg:
            ends = f"at {self._chain[-1][1].balance_mg} mg" if self._chain else "before it begins"
            _refuse(f"gives {proof.balance_mg} mg in {proof.account}, and its chain ends {ends}")
        conserved_index, conserved_at = self._conserved or (None, None)
        return BalanceReport(
            origin=proof.origin,
            account=proof.account,
            balance_mg=proof.balance_mg,
            size=self._checkpoint.size,
            root=self._checkpoint.root.hex(),
            entries=len(self._chain),
            first_seq=self._chain[0][1].seq,
            last_index=self._chain[-1][0],
            signatures=self._signatures,
            conserved_at=conserved_at,
            conserved_index=conserved_index,
            witnesses=tuple(sorted(self._witnesses)),
            disputed=tuple(index for index, note in self._notes if self._book.registry.disputing(note, index)),
        )

    def _in_order(self) -> list[tuple[int, str, Proven]]:
        """Return everything in the order of the log, each leaf once."""
        proof = self._proof
        groups: dict[str, Sequence[Proven]] = {"keys": proof.keys, "named": proof.named, "entries": proof.entries}
        if proof.notice is not None:
            groups["notice"] = (proof.notice,)
        found = []
        for role, items in groups.items():
            indexes = [Proof.parse(item.proof).index for item in items]
            if indexes != sorted(set(indexes)):
                _refuse(f"does not give its {role} in the order of the log, each once")
            found += [(index, role, item) for index, item in zip(indexes, items, strict=True)]
        if len({index for index, _, _ in found}) != len(found):
            _refuse("gives an entry twice")
        return sorted(found, key=lambda each: each[0])

    def _entry(self, index: int, item: Proven, *, public: bool) -> tuple[Candidate, seals.Seal]:
        try:
            candidate = read(item.note)
            seal = seals.decode(item.seal)
            if candidate.kind.public != public:
                _refuse("has a public entry in the place of another, or the other way round")
            self._check_leaf(index, item, seal, public=public)
            signed = self._book.check(candidate, index, seal.time)
            after = {line.account: line.balance_mg for line in seal.accounts}
            _check_accounts(candidate, seal)
            self._book.check_after(candidate, signed, after)
            self._book.take_in(candidate, index, after)
        except LedgerError as error:
            raise LedgerError(error.code, f"Entry {index}: {error.sentence}", index=index) from None
        self._signatures += len(candidate.parsed.signatures)
        return candidate, seal

    def _check_leaf(self, index: int, item: Proven, seal: seals.Seal, *, public: bool) -> None:
        proof = Proof.parse(item.proof)
        if proof.checkpoint != self._proof.checkpoint:
            _refuse("leads to another checkpoint than the one that it is under")
        nonce, time = decode_extra(proof.extra)
        if (nonce is None) != public:
            _refuse("opens its leaf as one of the other kind")
        if nonce is None:
            leaf = leaves.encode_public(time, item.note)
        else:
            leaf = leaves.encode_confidential(leaves.commitment(nonce, item.note, item.seal), time)
        proof.verify_under(leaf, self._checkpoint)
        if (seal.index, seal.time) != (index, time):
            raise LedgerError(LedgerCode.BAD_SEAL, "It carries the seal of another index or time.")

    def _follow(self, index: int, candidate: Candidate, seal: seals.Seal) -> None:
        account = self._proof.account
        moved = next((leg.mass_mg for leg in candidate.entry.legs if leg.account == account), None)
        if moved is None:
            _refuse(f"has entry {index} in the chain of {account}, which it does not touch")
        line = next(line for line in seal.accounts if line.account == account)
        if self._chain:
            before = self._chain[-1][1]
            if (line.seq, line.prev) != (before.seq + 1, self._last_id):
                self._broken(index, f"it does not follow the entry before it of {account}")
            if line.balance_mg != before.balance_mg + moved:
                self._broken(index, f"its seal leaves {line.balance_mg} mg, its leg {before.balance_mg + moved} mg")
        elif line.seq == 0 and line.balance_mg != moved:
            self._broken(index, f"it begins {account} with {moved} mg and its seal leaves {line.balance_mg} mg")
        if line.balance_mg < 0 and account.state != State.SOURCE:
            self._broken(index, f"it leaves {account} at {line.balance_mg} mg, below zero")
        self._chain.append((index, line))
        self._notes.append((index, candidate.parsed))
        self._last_id = candidate.entry_id.hex()

    def _conserve(self, index: int, candidate: Candidate) -> None:
        account, opening = self._proof.account, self._proof.opening
        value = candidate.entry.details.get(DETAIL)
        if value is None or opening is None or (opening.origin, opening.index) != (self._proof.origin, index):
            _refuse(f"opens another notice than that of entry {index}")
        commitments = declared(value)
        size = commitments[0].tree_size
        if size > index:
            _refuse(f"has a notice at entry {index} of a tree of {size} entries, which was yet to come")
        counted = [line.balance_mg for at, line in self._chain if at < size]
        if not counted:
            _refuse(f"has a notice of a tree of {size} entries, which ends before its chain begins")
        if check_opening(opening, commitments) != {account: counted[-1]}:
            _refuse(f"has a notice that does not count {account} at {counted[-1]} mg, and nothing else")
        self._conserved = (index, size)

    def _broken(self, index: int, why: str) -> NoReturn:
        raise LedgerError(LedgerCode.BROKEN_CHAIN, f"Entry {index} breaks the chain: {why}.", index=index)


def _check_accounts(candidate: Candidate, seal: seals.Seal) -> None:
    if sorted(leg.account for leg in candidate.entry.legs) != [line.account for line in seal.accounts]:
        raise LedgerError(LedgerCode.BAD_SEAL, "It has a seal over other accounts than it moves.")


def _proven_json(item: Proven) -> dict[str, str]:
    return {"note": item.note.decode(), "seal": item.seal.decode(), "proof": item.proof.decode()}


def _proven(value: Any) -> Proven:
    if not isinstance(value, dict) or value.keys() != {"note", "seal", "proof"} or not _texts(value.values()):
        _refuse("has an entry that is not a note, a seal and a proof")
    return Proven(value["note"].encode(), value["seal"].encode(), value["proof"].encode())


def _list(value: Any) -> tuple[Proven, ...]:
    if not isinstance(value, list):
        _refuse("has something else where entries are listed")
    return tuple(_proven(item) for item in value)


def _texts(values: Iterable[object]) -> bool:
    return all(isinstance(value, str) for value in values)


def _refuse(why: str) -> NoReturn:
    raise LedgerError(LedgerCode.BAD_PROOF, f"The proof of the balance {why}.")
