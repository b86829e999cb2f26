"""The proof of a balance against an operator who seals, signs and proves whatever it likes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from ledger.core import seal as seals
from ledger.core.balance_proof import BalanceProof, BalanceReport, Proven, decode, encode, verify
from ledger.core.errors import LedgerCode, LedgerError
from ledger.core.proof import Proof
from tests.ledger.builder import DIGEST, Book, account, moved, signer

OWN = account("lessor", "lessor")
LENT = account("lessor", "maker")
SOURCE = OWN._replace(state="source")


def book() -> Book:
    """Return a book of six entries: 0 and 1 keys, 2 a receipt of 9 kg, 3 to 5 leases of 1, 2 and 3 kg."""
    made = Book()
    for party in ("lessor", "maker"):
        made.register(party)
    made.append(made.entry("receive", moved(SOURCE, OWN, 9_000_000), documents={"origin": DIGEST}))
    for kilograms in (1, 2, 3):
        made.append(made.entry("lease-out", moved(OWN, LENT, kilograms * 1_000_000), contract="L-1"))
    return made


def prove(of: Book, balance_mg: int = 3_000_000, **changes: Any) -> BalanceReport:
    def proven(*indexes: int) -> tuple[Proven, ...]:
        return tuple(Proven(of.notes[index], of.seals[index], of.proof(index)) for index in indexes)

    parts: dict[str, Any] = {"keys": proven(0, 1), "named": (), "entries": proven(2, 3, 4, 5), **changes}
    proof = BalanceProof(of.origin, OWN, balance_mg, of.checkpoint(), **parts)
    return verify(decode(encode(proof)), of.policy, of.registry_key.vkey)


def test_an_honest_book_proves_its_balances() -> None:
    report = prove(book())
    assert (report.balance_mg, report.entries, report.first_seq, report.last_index) == (3_000_000, 4, 0, 5)
    assert (report.signatures, report.size, report.conserved_at) == (9, 6, None)


def resealed(index: int, change: Callable[[seals.SealLine], seals.SealLine], of: Book | None = None) -> Book:
    """Return the book with another line for the account in one seal, committed to as if it were the right one."""
    made = of or book()
    seal = seals.decode(made.seals[index])
    lines = tuple(change(line) if line.account == OWN else line for line in seal.accounts)
    made.seals[index] = seals.encode(seals.Seal(seal.index, seal.time, lines))
    made.reseal(index)
    return made


@pytest.mark.parametrize(
    ("index", "change", "says"),
    [
        (3, {"balance_mg": 7_000_000}, "Entry 3 breaks the chain: its seal leaves 7000000 mg, its leg 8000000 mg"),
        (2, {"balance_mg": 9_000_001}, "Entry 2 breaks the chain: it begins"),
        (4, {"prev": "00" * 32}, "Entry 4 breaks the chain: it does not follow the entry before it"),
        (4, {"seq": 3}, "Entry 4 breaks the chain: it does not follow the entry before it"),
        (4, {"account": OWN._replace(lot="lot-0")}, "It has a seal over other accounts than it moves"),
    ],
    ids=["balance", "first-balance", "another-before", "one-left-out", "another-account"],
)
def test_a_seal_that_does_not_follow_is_found(index: int, change: dict[str, Any], says: str) -> None:
    def lie(line: seals.SealLine) -> seals.SealLine:
        return type(line)(
            **{**{name: getattr(line, name) for name in ("account", "seq", "prev", "balance_mg")}, **change}
        )

    with pytest.raises(LedgerError, match=says):
        prove(resealed(index, lie))


def test_an_account_below_zero_is_found() -> None:
    made = book()
    made.append(made.entry("lease-out", moved(OWN, LENT, 3_000_000), contract="L-1"))

    def debt(line: seals.SealLine) -> seals.SealLine:
        return seals.SealLine(line.account, line.seq, line.prev, line.balance_mg - 9_000_000)

    for index in range(2, 7):
        resealed(index, debt, made)
    entries = tuple(Proven(made.notes[index], made.seals[index], made.proof(index)) for index in range(3, 7))
    with pytest.raises(LedgerError, match="below zero") as refusal:
        prove(made, -9_000_000, entries=entries)
    assert refusal.value.code is LedgerCode.BROKEN_CHAIN


def test_an_entry_that_its_parties_did_not_sign_proves_nothing() -> None:
    made = book()
    index = made.append(made.entry("lease-out", moved(OWN, LENT, 1_000), contract="L-1"), parties=["maker"])
    entries = tuple(Proven(made.notes[at], made.seals[at], made.proof(at)) for at in (2, 3, 4, 5, index))
    with pytest.raises(LedgerError, match=r"Entry 6: .*needs the signature of lessor"):
        prove(made, 2_999_000, entries=entries)


def test_a_key_that_was_revoked_signs_nothing_after_it() -> None:
    made = book()
    made.revoke(made.signers["lessor"])
    index = made.append(made.entry("lease-out", moved(OWN, LENT, 1_000), contract="L-1"))
    entries = tuple(Proven(made.notes[at], made.seals[at], made.proof(at)) for at in (2, 3, 4, 5, index))
    keys = tuple(Proven(made.notes[at], made.seals[at], made.proof(at)) for at in (0, 1, 6))
    with pytest.raises(LedgerError, match="Entry 7") as refusal:
        prove(made, 2_999_000, entries=entries, keys=keys)
    assert refusal.value.code is LedgerCode.KEY_NOT_VALID


def test_another_tree_head_another_log_or_another_book_is_refused() -> None:
    made, other = book(), book()
    other.append(other.entry("notice", reason="One more."))
    foreign = tuple(Proven(other.notes[at], other.seals[at], other.proof(at)) for at in (2, 3, 4, 5))
    with pytest.raises(LedgerError, match="leads to another checkpoint"):
        prove(made, entries=foreign)
    stranger = book()
    stranger.log = signer("other.example/book")
    with pytest.raises(LedgerError):
        prove(stranger)


def test_an_entry_that_is_not_under_the_tree_head_is_refused() -> None:
    made = book()
    proof = Proof.parse(made.proof(5))
    moved_up = dataclasses.replace(proof, hashes=(bytes(32), *proof.hashes[1:]))
    entries = [Proven(made.notes[at], made.seals[at], made.proof(at)) for at in (2, 3, 4)]
    last = Proven(made.notes[5], made.seals[5], moved_up.to_bytes())
    with pytest.raises(LedgerError, match="does not lead to the root of 6 leaves") as refusal:
        prove(made, entries=(*entries, last))
    assert (refusal.value.code, refusal.value.index) == (LedgerCode.BAD_PROOF, 5)


def test_a_public_entry_in_the_chain_is_refused() -> None:
    made = book()
    entries = tuple(Proven(made.notes[at], made.seals[at], made.proof(at)) for at in (1, 2, 3, 4, 5))
    keys = (Proven(made.notes[0], made.seals[0], made.proof(0)),)
    with pytest.raises(LedgerError, match="public entry in the place of another"):
        prove(made, entries=entries, keys=keys)
